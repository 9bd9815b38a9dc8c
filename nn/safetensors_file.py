"""Safetensors files: 8 bytes of length, a JSON header, the arrays' bytes.

What is written is not copied first: a save needs hardly any memory. Of what is read nothing is
believed before it was checked, and no more memory is asked for than the file has bytes.
The file is read, not mapped: a file that somebody shortens meanwhile must not end the process.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

import numpy as np

from autograd.errors import CheckpointError, DTypeError, FileKindError
from autograd.support.files import name_of

__all__ = ["Contents", "buffer", "parts", "read"]

StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# The format's names. bfloat16 is the upper half of a float32, which takes it exactly.
DTYPES = {
    "BOOL": "|b1",
    "F16": "<f2",
    "BF16": "<u2",
    "F32": "<f4",
    "F64": "<f8",
    "I8": "<i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "<u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
}

MAX_HEADER = 100_000_000  # the format's own limit
MAX_DIMENSIONS = 64  # NumPy's


class Contents(NamedTuple):
    """The arrays by name, each in memory of its own, and the metadata."""

    arrays: dict[str, np.ndarray]
    metadata: dict[str, str]


class _Entry(NamedTuple):
    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


class _Malformed(ValueError):
    """What is wrong with the file."""


def parts(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> list[Any]:
    """The file of dense arrays of the dtypes above, as buffers to be written one after the other.

    Larger elements come first, so that all are aligned. Raises `DTypeError` for a name or text
    that is no Unicode.
    """
    names = {np.dtype(dtype): name for name, dtype in DTYPES.items() if name != "BF16"}
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    ordered = sorted(arrays.items(), key=lambda item: (-item[1].itemsize, item[0]))
    end = 0
    for name, array in ordered:
        start, end = end, end + array.nbytes
        kind = names[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [start, end]}
    try:
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeError as error:
        raise DTypeError(f"save: a name or text is no valid Unicode: {error}") from None
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise CheckpointError(
            f"save: names, shapes and all that is no array take {len(text)} bytes; a file holds "
            f"{MAX_HEADER} of them: keep long lists of numbers as arrays"
        )
    return [len(text).to_bytes(8, "little"), text, *(buffer(array) for _, array in ordered)]


def buffer(array: np.ndarray) -> Any:
    """The bytes of an array, little-endian and C-contiguous; its own memory if it is so."""
    little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    return little.reshape(-1).view(np.uint8)


def read(path: StrPath, where: str) -> Contents:
    """The whole file. Raises `CheckpointError` unless every byte of it is accounted for.

    `where` names the caller in errors. Opening may raise the usual `OSError`.
    """
    shown = name_of(path, where)
    kind = os.stat(path).st_mode  # the usual error if it is not there
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):  # a FIFO would keep us waiting
        raise FileKindError(f"{where}: {shown} is a device, a FIFO or a socket, no file")
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            return _read(file, size)
        except MemoryError:
            raise CheckpointError(
                f"{where}: {shown} ({size} bytes) does not fit into memory"
            ) from None
        except (_Malformed, RecursionError) as error:
            file.seek(0)
            raise CheckpointError(
                f"{where}: {shown} ({size} bytes) is no whole safetensors file that can be read: "
                f"{error}. {_guess(file.read(16), size)}"
            ) from None


def _read(file: IO[bytes], size: int) -> Contents:
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or not 2 <= length <= min(MAX_HEADER, size - 8):
        raise _Malformed(f"it claims a header of {length} bytes")
    header = _parsed(file.read(length))
    metadata = _metadata(header.pop("__metadata__", None))
    entries = sorted((_entry(n, e) for n, e in header.items()), key=lambda e: (e.start, e.end))
    position = 0
    for entry in entries:
        if entry.start != position:
            raise _Malformed(f"{entry.name!r} begins at byte {entry.start}, not at {position}")
        position = entry.end
    if position != size - 8 - length:
        raise _Malformed(f"its arrays take {position} bytes, there are {size - 8 - length}")
    arrays = {entry.name: _array(file, entry) for entry in entries}
    return Contents({name: arrays[name] for name in sorted(arrays)}, metadata)


def _parsed(text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            raise _Malformed("its header has a name twice")
        return content

    try:
        header = json.loads(text.decode(), object_pairs_hook=once)
    except _Malformed:
        raise
    except ValueError as error:  # no text or no JSON
        raise _Malformed(f"its header: {str(error)[:200]}") from None
    if not isinstance(header, dict):
        raise _Malformed(f"its header is a {type(header).__name__}, no object")
    return header


def _metadata(found: Any) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise _Malformed("its metadata is not strings by name")
    return found


def _entry(name: str, found: Any) -> _Entry:
    if not isinstance(found, dict) or set(found) != {"dtype", "shape", "data_offsets"}:
        raise _Malformed(f"{name!r} has no dtype, shape and data_offsets")
    dtype, shape, offsets = found["dtype"], found["shape"], found["data_offsets"]
    if not (_counts(shape) and _counts(offsets) and len(offsets) == 2):
        raise _Malformed(f"{name!r} has shape {shape!r:.80} and data_offsets {offsets!r:.80}")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _Malformed(
            f"{name!r} has dtype {dtype!r:.20}, which NumPy has not; convert it where it was "
            f"written. What can be read: {', '.join(DTYPES)}"
        )
    takes = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if len(shape) > MAX_DIMENSIONS or offsets[1] - offsets[0] != takes:
        raise _Malformed(
            f"{name!r} of shape {tuple(shape)!s:.80} and {dtype} takes {takes} bytes, but "
            f"{offsets[1] - offsets[0]} are meant for it"
        )
    return _Entry(name, dtype, tuple(shape), offsets[0], offsets[1])


def _counts(numbers: Any) -> bool:
    """Whether these are whole numbers that can be sizes; True is none."""
    return isinstance(numbers, list) and all(type(n) is int and 0 <= n < 2**63 for n in numbers)


def _array(file: IO[bytes], entry: _Entry) -> np.ndarray:
    dtype = np.dtype(DTYPES[entry.dtype])
    try:
        array = np.empty(entry.shape, dtype)
    except ValueError as error:  # NumPy has no empty array whose other sizes are huge
        raise _Malformed(f"{entry.name!r} of shape {entry.shape!s:.80}: {error}") from None
    if array.size:
        got = file.readinto(array.reshape(-1).view(np.uint8))  # type: ignore[attr-defined]
        if got != array.nbytes:
            raise _Malformed(f"it ends within {entry.name!r}: somebody writes to it?")
    if entry.dtype == "BOOL" and array.size and array.view(np.uint8).max() > 1:
        raise _Malformed(f"{entry.name!r} has booleans that are neither 0 nor 1")
    if entry.dtype == "BF16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(dtype.newbyteorder("="), copy=False)


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
        if header + 8 > size:
            return f"It is cut short: its header alone should take {header + 8} bytes"
        return "It begins like one: it is of another kind, cut short or damaged"
    return f"It begins with {start.hex(' ')}"
