"""Saving and loading: modules, state dictionaries and checkpoints, as safetensors files.

`save` writes a file that any safetensors reader opens. It writes a new file beside the old one and
puts it in its place only when all is on the disk, and it notes a checksum, which `load` compares:
the format itself would load flipped bits without a word. No code is run by loading.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograd.errors import CheckpointError, DTypeError
from nn.module import Module
from nn.structure import flatten, unflatten

__all__ = ["load", "load_metadata", "save"]

StrPath = str | os.PathLike[str]

# Our entries in the file's metadata; the user's have other names.
CHECKSUM, TIED, STRUCTURE = "glassgrad.checksum", "glassgrad.tied", "glassgrad.structure"

DTYPES = (
    *("float16", "float32", "float64", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


def save(obj: Any, path: StrPath, metadata: Mapping[str, str] | None = None) -> None:
    """Write a module's state, or a nest of dicts, lists and tuples, to a safetensors file.

    `obj` is a `Module` (its `state_dict` is saved), or dicts, lists and tuples of Tensors, arrays,
    numbers, strings, booleans and None. What shares its memory is stored once, and is one again
    after `load`. `metadata`: strings by name, for `load_metadata`.

    Either the whole new file is there afterwards, or the old one, untouched. Raises `DTypeError`
    naming what cannot be saved.

    >>> import pathlib, tempfile, nn
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "net.safetensors"
    >>> net, other = nn.Linear(3, 2), nn.Linear(3, 2)
    >>> nn.save(net, path, metadata={"epoch": "7"})
    >>> other.load_state_dict(nn.load(path))
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    >>> bool((other.weight == net.weight).all()), nn.load_metadata(path)
    (True, {'epoch': '7'})
    """
    from safetensors.numpy import save as to_bytes  # late: `import nn` stays cheap

    arrays, structure = flatten(obj.state_dict() if isinstance(obj, Module) else obj)
    stored, tied = _stored_once(arrays)
    info = _checked_metadata(metadata)
    if structure is not None:
        info[STRUCTURE] = json.dumps(structure)
    if tied:
        info[TIED] = json.dumps(tied)
    info[CHECKSUM] = _checksum(stored, info)
    _write(path, to_bytes(stored, info))


def load(path: StrPath, *, verify: bool = True) -> Any:
    """What `save` wrote: of a module its state dictionary, for `load_state_dict`.

    Raises `CheckpointError` for a file that is damaged, cut short or of another kind, and for one
    without our checksum; `verify=False` takes a safetensors file from elsewhere unchecked.
    """
    stored, info = _read(path)
    if verify:
        _verify(path, stored, info)
    arrays = dict(stored)
    try:
        for name, original in json.loads(info.get(TIED, "{}")).items():
            arrays[name] = stored[original]
        structure = json.loads(info[STRUCTURE]) if STRUCTURE in info else None
        return unflatten(arrays, structure)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"load: {path}: its {error!r} does not fit its content") from None


def load_metadata(path: StrPath) -> dict[str, str]:
    """The `metadata` that was given to `save`."""
    _, info = _read(path)
    return {name: text for name, text in info.items() if not name.startswith("glassgrad.")}


def _stored_once(
    arrays: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays to write, and the names that stand for an array under another name."""
    stored: dict[str, np.ndarray] = {}
    tied: dict[str, str] = {}
    names: dict[Any, str] = {}
    for name, array in arrays.items():
        place = array.__array_interface__["data"][0]
        same = (place, array.shape, array.strides, array.dtype.str)
        first = names.setdefault(same, name) if array.size else name
        if first != name:
            tied[name] = first
        else:
            # safetensors reads past strides: it needs dense arrays in this machine's byte order
            native = array.astype(array.dtype.newbyteorder("="), copy=False)
            stored[name] = np.asarray(native, order="C")
            if array.dtype.name not in DTYPES:
                raise DTypeError(
                    f"save: {name} has dtype {array.dtype}; a file can hold {', '.join(DTYPES)}"
                )
    return stored, tied


def _checked_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
    for name, text in (metadata or {}).items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise DTypeError(f"save: metadata must be strings by name, got {name!r}: {text!r}")
        if name.startswith("glassgrad."):
            raise DTypeError(f"save: metadata names must not begin with 'glassgrad.', got {name!r}")
    return dict(metadata or {})


def _checksum(arrays: Mapping[str, np.ndarray], info: Mapping[str, str]) -> str:
    """SHA-256 of all names, dtypes, shapes, values and metadata."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(json.dumps([name, array.dtype.name, array.shape]).encode())
        digest.update(np.asarray(little, order="C").tobytes())
    rest = sorted((name, text) for name, text in info.items() if name != CHECKSUM)
    digest.update(json.dumps(rest).encode())
    return f"sha256:{digest.hexdigest()}"


def _verify(path: StrPath, arrays: Mapping[str, np.ndarray], info: Mapping[str, str]) -> None:
    if CHECKSUM not in info:
        raise CheckpointError(
            f"load: {path} has no checksum: it was not written by nn.save. If you trust it, "
            "nn.load(path, verify=False) reads it unchecked"
        )
    found = _checksum(arrays, info)
    if found != info[CHECKSUM]:
        raise CheckpointError(
            f"load: {path} is damaged: its content has the checksum {found[:23]}..., but "
            f"{info[CHECKSUM][:23]}... was noted when it was saved; take another copy"
        )


def _read(path: StrPath) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a safetensors file, copied into memory of their own, and its metadata."""
    from safetensors import SafetensorError, safe_open

    with open(path, "rb") as file:  # the usual error if it cannot be opened
        start = file.read(16)
    size = os.path.getsize(path)
    try:
        with safe_open(path, framework="np") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except (SafetensorError, ValueError, TypeError, KeyError, OSError, AttributeError) as error:
        raise CheckpointError(
            f"load: {path} ({size} bytes) is no whole safetensors file: {error}. "
            + _guess(start, size)
        ) from None


def _guess(start: bytes, size: int) -> str:
    """What a file that is none of ours seems to be."""
    if not size:
        return "It is empty"
    if start.startswith((b"PK", b"\x80\x02", b"\x80\x04")):
        return (
            "It looks like a pickle or a PyTorch checkpoint, which may run code when loaded: save "
            "its state dictionary with safetensors there"
        )
    if start.startswith(b"\x93NUMPY"):
        return "It looks like a .npy file: use numpy.load"
    header = int.from_bytes(start[:8], "little")
    if start[8:9] == b"{":
        cut = header + 8 > size
        return (
            f"It is cut short: its header alone should take {header + 8} bytes"
            if cut
            else ("It begins like one: it is cut short or damaged")
        )
    return f"It begins with {start.hex(' ')}"


def _write(path: StrPath, content: bytes) -> None:
    """Put `content` at `path` as a whole, or leave what is there."""
    target = Path(os.path.realpath(path))  # a link stays a link
    temporary = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with open(temporary, "xb") as file:  # open() gives it the usual mode
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if hasattr(os, "O_DIRECTORY"):  # the new name, too, must survive a power cut
        directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
