"""Kills, full disks and little memory in a save; many processes at one kernel cache."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import nn
from tests.long.campaign import cases

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills and limits of POSIX")

SAVING = """
    import json, sys, numpy as np, nn
    from autograd.support.files import write_page
    x = np.zeros(1 << 18, np.float32)
    print("ready", flush=True)
    for i in range(1_000_000):
        x[:] = i
        nn.save({"x": x, "i": i}, sys.argv[1], metadata={"i": str(i)})
        write_page(sys.argv[2], json.dumps({"i": i, "again": [i] * 1000}))
"""


def program(text: str, *arguments: object, **settings: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        **settings,
    )


def test_kills_in_a_save(tmp_path, figures):
    weights, history = tmp_path / "weights", tmp_path / "history.json"
    nn.save({"x": np.zeros(1 << 18, np.float32), "i": 0}, weights, metadata={"i": "0"})
    history.write_text(json.dumps({"i": 0, "again": [0] * 1000}))
    draw = random.Random(0)
    for _ in range(cases(2, 150)):
        with program(SAVING, weights, history) as process:
            process.stdout.readline()
            time.sleep(draw.random() / 10)
            process.kill()
        content = nn.load(weights)
        assert (content["x"] == content["i"]).all()
        assert nn.load_metadata(weights) == {"i": str(content["i"])}
        said = json.loads(history.read_text())
        assert said["again"] == [said["i"]] * 1000
        figures["kills"] += 1
    for part in tmp_path.glob(".*.part"):  # a killed process cannot take its own away
        part.unlink()
        figures["left over"] += 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["history.json", "weights"]


def test_full_disks_and_little_memory(tmp_path, figures):
    """At every limit of a file's size and of memory: the new file, or the old and an error."""
    path = tmp_path / "weights"
    text = """
        import os, random, resource, sys, numpy as np, nn
        from autograd.support.files import write_whole
        path, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
        x = np.ones(1 << 20, np.float32)
        nn.save({"x": x, "i": -1}, path)
        nn.load(path)
        draw, last, failed = random.Random(0), -1, 0
        for i in range(count):
            if kind == "RLIMIT_AS":
                pages = int(open("/proc/self/statm").read().split()[0])
                limit = pages * resource.getpagesize() + draw.randrange(10 << 20)
            else:
                limit = draw.randrange(5 << 20)
            hard = resource.getrlimit(getattr(resource, kind))[1]
            resource.setrlimit(getattr(resource, kind), (limit, hard))
            try:
                nn.save({"x": x, "i": i}, path)
                last = i
            except (OSError, MemoryError):
                failed += 1
            finally:
                resource.setrlimit(getattr(resource, kind), (hard, hard))
            assert nn.load(path)["i"] == last and os.listdir(os.path.dirname(path)) == ["weights"]
        print(failed)
    """
    for kind in ("RLIMIT_FSIZE", *(["RLIMIT_AS"] if sys.platform == "linux" else [])):
        count = cases(8, 1000)
        # memory that is freed goes back to the system, so that the limit holds for what comes next
        environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
        with program(text, path, kind, count, env=environment) as process:
            failed = process.stdout.read()
        assert process.returncode == 0, kind
        assert int(failed) > 0 or kind == "RLIMIT_AS"  # a save needs hardly any memory
        figures[f"saves under {kind}"] += count
        figures[f"failed under {kind}"] += int(failed)


def test_many_processes_at_one_kernel_cache(tmp_path, figures):
    """Processes compile, load, damage and remove the same few files; results stay right."""
    pytest.importorskip("numba")
    text = """
        import os, random, sys, warnings, numpy as np
        from pathlib import Path
        from autograd.kernels import runtime
        warnings.simplefilter("ignore")
        draw = random.Random(int(sys.argv[1]))
        def make(more):
            @runtime.jit
            def kernel(x):
                return x + more
            return kernel
        for _ in range(int(sys.argv[2])):
            more = draw.randrange(int(sys.argv[3]))
            assert make(more)(1.0) == 1.0 + more
            files = sorted(Path(os.environ["AUTOGRAD_CACHE_DIR"], "glassgrad").glob("*.kernel"))
            if files and draw.random() < 0.3:
                file = draw.choice(files)
                try:
                    if draw.random() < 0.5:
                        file.unlink()
                    else:
                        file.write_bytes(file.read_bytes()[: draw.randrange(9000)])
                except FileNotFoundError:
                    pass
    """
    tmp_path.chmod(0o755)
    count = cases(2, 300)
    environment = {**os.environ, "AUTOGRAD_CACHE_DIR": str(tmp_path), "AUTOGRAD_QUIET": "1"}
    running = [
        program(text, seed, count, cases(2, 6), env=environment) for seed in range(cases(2, 4))
    ]
    for process in running:
        process.communicate()
        assert process.returncode == 0
        figures["kernels"] += count
    assert not [*(tmp_path / "glassgrad").glob(".*.part")]
