"""Saving and loading: modules, state dictionaries and checkpoints, as safetensors files.

`save` writes a file that any safetensors reader opens. It writes a new file beside the old one and
puts it in its place only when all is on the disk (`write_whole`), and it notes a checksum,
which `load` compares: the format itself would load flipped bits without a word. No code is run by
loading.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.errors import CheckpointError, DTypeError, GlassgradError
from autograd.support.files import StrPath, write_whole
from autograd.support.unknown_names import named_arguments
from nn import safetensors_file
from nn.module import Module
from nn.structure import flatten, unflatten

__all__ = ["load", "load_metadata", "save"]

# Our entries in the file's metadata; the user's have other names.
CHECKSUM, TIED, STRUCTURE = "glassgrad.checksum", "glassgrad.tied", "glassgrad.structure"

DTYPES = (
    *("float16", "float32", "float64", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


@named_arguments
def save(obj: Any, path: StrPath, metadata: Mapping[str, str] | None = None) -> None:
    """Write a module's state, or a nest of dicts, lists and tuples, to a safetensors file.

    `obj` is a `Module` (its `state_dict` is saved), or dicts, lists and tuples, up to 100 within
    each other, of Tensors, arrays, numbers, strings, booleans and None. What shares its memory is
    stored once, and is one again after `load`. `metadata`: strings by name, for `load_metadata`.

    Either the whole new file is there afterwards, or the old one, untouched. An existing file
    keeps its mode and owner, a link stays a link; a FIFO or character device is written to.

    Raises `DTypeError` naming what cannot be saved, `CheckpointError` for a nest that is too deep,
    `ReadOnlyFileError` for a read-only file, `FileKindError` for a directory and its like.

    >>> import pathlib, tempfile, nn
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "net.safetensors"
    >>> net, other = nn.Linear(3, 2), nn.Linear(3, 2)
    >>> nn.save(net, path, metadata={"epoch": "7"})
    >>> other.load_state_dict(nn.load(path))
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    >>> bool((other.weight == net.weight).all()), nn.load_metadata(path)
    (True, {'epoch': '7'})
    """
    content = obj.state_dict() if isinstance(obj, Module) else obj
    try:
        arrays, structure = flatten(content)
        described = None if structure is None else json.dumps(structure)
    except (RecursionError, ValueError) as error:
        if isinstance(error, GlassgradError):
            raise
        raise CheckpointError(f"save: the object cannot be described: {error}") from None
    stored, tied = _stored_once(arrays)
    info = _checked_metadata(metadata)
    if described is not None:
        info[STRUCTURE] = described
    if tied:
        info[TIED] = json.dumps(tied)
    info[CHECKSUM] = _checksum(stored, info)
    write_whole(path, *safetensors_file.parts(stored, info), durable=True)


@named_arguments
def load(path: StrPath, *, verify: bool = True) -> Any:
    """What `save` wrote: of a module its state dictionary, for `load_state_dict`.

    bfloat16, which NumPy has not, comes as float32, with the same values.

    Raises `CheckpointError` for a file that is damaged, cut short or of another kind, and for one
    without our checksum; `verify=False` takes a safetensors file from elsewhere unchecked.
    """
    stored, info = _read("load", path, verify)
    arrays = dict(stored)
    try:
        for name, original in json.loads(info.get(TIED, "{}")).items():
            arrays[name] = stored[original]
        structure = json.loads(info[STRUCTURE]) if STRUCTURE in info else None
        return unflatten(arrays, structure)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"load: {os.fsdecode(path)}: its description does not fit its content "
            f"({type(error).__name__}: {error!s:.200}); take another copy"
        ) from None


@named_arguments
def load_metadata(path: StrPath, *, verify: bool = True) -> dict[str, str]:
    """The `metadata` that was given to `save`, checked like the rest of the file.

    Raises `CheckpointError` as `load` does; `verify=False` takes what is there unchecked.
    """
    _, info = _read("load_metadata", path, verify)
    return {name: text for name, text in info.items() if not name.startswith("glassgrad.")}


def _read(where: str, path: StrPath, verify: bool) -> safetensors_file.Contents:
    contents = safetensors_file.read(path, where)
    if verify:
        _verify(where, os.fsdecode(path), *contents)
    return contents


def _stored_once(
    arrays: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays to write, and the names that stand for an array under another name."""
    stored: dict[str, np.ndarray] = {}
    tied: dict[str, str] = {}
    names: dict[Any, str] = {}
    for name, array in arrays.items():
        if name == "__metadata__":
            raise DTypeError("save: the format keeps the name '__metadata__' to itself; rename it")
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
        digest.update(safetensors_file.buffer(little))
    rest = sorted((name, text) for name, text in info.items() if name != CHECKSUM)
    digest.update(json.dumps(rest).encode())
    return f"sha256:{digest.hexdigest()}"


def _verify(
    where: str, path: str, arrays: Mapping[str, np.ndarray], info: Mapping[str, str]
) -> None:
    if CHECKSUM not in info:
        raise CheckpointError(
            f"{where}: {path} has no checksum: it was not written by nn.save. If you trust it, "
            f"nn.{where}(path, verify=False) reads it unchecked"
        )
    found = _checksum(arrays, info)
    if found != info[CHECKSUM]:
        raise CheckpointError(
            f"{where}: {path} is damaged: its content has the checksum {found[:23]}..., but "
            f"{info[CHECKSUM][:23]}... was noted when it was saved; take another copy"
        )
