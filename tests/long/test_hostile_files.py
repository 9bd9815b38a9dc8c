"""Damaged and hostile files of every format are read right or refused, in little memory."""

from __future__ import annotations

import gzip
import json
import os
import random
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd.errors import GlassgradError
from nn.data import read_cifar10, read_idx
from nn.training.checkpoints import load_run
from tests.long.campaign import cases
from tests.test_training import SMALL, stripes

ROOT = Path(__file__).parents[2]


# -- whole files, and what reads them -----------------------------------------------------------


def weights() -> bytes:
    return saved([dict(nn.Linear(3, 2).state_dict()), {"lr": 0.1, "n": (1, None, "a")}])


def saved(content: Any) -> bytes:
    path = Path(os.environ["PYTEST_TMP"], "whole.safetensors")
    nn.save(content, path, metadata={"epoch": "7"})
    return path.read_bytes()


def foreign() -> bytes:
    arrays = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.zeros((0, 4)), "c": np.True_}
    content = saved({name: np.asarray(value) for name, value in arrays.items()})
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = {"from": "elsewhere"}
    header["h"] = {"dtype": "BF16", "shape": [2], "data_offsets": [13, 17]}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + length :] + b"\x80\x3f\x00\x40"


def idx() -> bytes:
    return bytes([0, 0, 0x0B, 2]) + struct.pack(">2I", 3, 4) + bytes(range(24))


def cifar() -> bytes:
    return b"".join(bytes([label]) + bytes(3072) for label in (0, 9))


def read_trusting(path: Path) -> Any:
    return nn.load(path, verify=False)


def read_metadata(path: Path) -> Any:
    return nn.load_metadata(path, verify=False)


FORMATS: dict[str, tuple[Callable[[], bytes], Callable[[Path], Any], bool]] = {
    # how a whole file is made, how it is read, whether every change must be noticed
    "weights": (weights, nn.load, True),
    "metadata": (weights, nn.load_metadata, True),
    "unverified": (weights, read_trusting, False),
    "foreign": (foreign, read_trusting, False),
    "foreign metadata": (foreign, read_metadata, False),
    "idx": (idx, read_idx, False),
    "idx.gz": (lambda: gzip.compress(idx(), mtime=0), read_idx, True),
    "cifar": (cifar, read_cifar10, False),
    "cifar.gz": (lambda: gzip.compress(cifar(), mtime=0), read_cifar10, True),
}

NUMBERS = (b"0", b"-1", b"1e9", b"9" * 30, b"4294967296", b"18446744073709551616", b"NaN", b"null")
WORDS = (b"BF16", b"F8_E4M3", b"C64", b"[]", b"{}", b'"', b"\\ud800", b"[" * 300, b"__metadata__")


def mutated(content: bytes, draw: random.Random) -> bytes:
    """One to three changes: bits, cuts, insertions, swaps, lengths, numbers and words."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 3))):
        at = draw.randrange(len(data) + 1)
        # most formats are all header, or have one at their beginning
        at = min(at, draw.randrange(600)) if draw.random() < 0.5 else at
        kind = draw.randrange(9)
        if kind <= 1 and at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            data[at:at] = draw.randbytes(draw.choice((1, 4, 100)))
        elif kind == 4:
            to = draw.randrange(len(data) + 1)
            data[at : at + 4], data[to : to + 4] = data[to : to + 4], data[at : at + 4]
        elif kind == 5:
            length = draw.choice((0, 2**31, 2**63, len(data), draw.getrandbits(64)))
            data[0:8] = length.to_bytes(8, "little")
        elif kind == 6:
            data[at : at + 4] = draw.choice((b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"))
        elif kind == 7:
            digits = [i for i, byte in enumerate(data[:600]) if chr(byte).isdigit()] or [0]
            where = draw.choice(digits)
            data[where : where + 1] = draw.choice(NUMBERS)
        else:
            data[at:at] = draw.choice(WORDS)
    return bytes(data)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "shape"):
        a, b = np.asarray(a), np.asarray(b)
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("name", FORMATS)
def test_mutated_files(name, tmp_path, monkeypatch, figures):
    monkeypatch.setenv("PYTEST_TMP", str(tmp_path))
    make, read, noticed = FORMATS[name]
    content, path = make(), tmp_path / "file"
    path.write_bytes(content)
    right = read(path)
    draw = random.Random(name)
    for case in range(cases(150, 20_000)):
        damaged = mutated(content, draw)
        path.write_bytes(damaged)
        start = time.perf_counter()
        try:
            result = read(path)
        except GlassgradError as error:
            assert str(path) in str(error), case
            figures["refused"] += 1
        else:
            figures["read"] += 1
            assert not noticed or same(result, right), (name, case)
        assert time.perf_counter() - start < 10, (name, case)
        figures["files"] += 1


def test_mutated_checkpoints(tmp_path, figures):
    from nn.training import Data, fit, new_run, save_run

    x, y = stripes(40, 0)
    data = Data("stripes", x, x, y, y)
    run = new_run(SMALL, data)
    fit(run, data)
    save_run(run, data, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    content = path.read_bytes()
    draw = random.Random(0)
    for case in range(cases(60, 20_000)):
        path.write_bytes(mutated(content, draw))
        try:
            again = load_run(tmp_path, data)
        except GlassgradError:
            figures["refused"] += 1
        else:
            assert same(again.history, run.history), case
            figures["read"] += 1
        figures["files"] += 1


def test_mutated_kernels(tmp_path, figures):
    """A changed file of compiled code is never used."""
    pytest.importorskip("numba")
    from autograd.kernels import runtime
    from autograd.kernels.code_cache import file_format, kernel_cache

    kernel = runtime.jit(added)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRAD_CACHE_DIR", str(tmp_path))
        tmp_path.chmod(0o755)
        patch.setattr(kernel_cache, "_chosen", {})
        kernel(np.zeros(3))
        ((signature, compiled),) = kernel.overloads.items()
        ((file,)) = [*(tmp_path / "glassgrad").iterdir()]
    content, draw = file.read_bytes(), random.Random(1)
    for case in range(cases(200, 20_000)):
        damaged = mutated(content, draw)
        try:
            file_format.from_bytes(damaged, signature, compiled.target_context)
        except ValueError:
            figures["refused"] += 1
        else:
            assert damaged == content, case
        figures["files"] += 1


def added(x):
    return x.sum()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as Linux has them")
def test_readers_stay_within_memory(tmp_path, monkeypatch, figures):
    """Once more, in a process that may have little more memory than it begins with."""
    monkeypatch.setenv("PYTEST_TMP", str(tmp_path))
    text = """
        import random, resource, sys
        from pathlib import Path
        from autograd.errors import GlassgradError
        from tests.long.test_hostile_files import FORMATS, mutated
        for name in ("weights", "foreign", "idx.gz", "cifar.gz"):
            make, read, _ = FORMATS[name]
            path, draw, content = Path(sys.argv[1]), random.Random(2), make()
            path.write_bytes(content)
            read(path)
            pages = int(open("/proc/self/statm").read().split()[0])
            limit = pages * resource.getpagesize() + (64 << 20)
            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
            for case in range(int(sys.argv[2])):
                path.write_bytes(mutated(content, draw))
                try:
                    read(path)
                except GlassgradError:
                    pass
    """
    count = cases(25, 5_000)
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text), tmp_path / "file", str(count)],
        cwd=ROOT,
        check=True,
    )
    figures["files"] += 4 * count
