"""Readers for the two file formats that classic image sets come in: IDX (MNIST) and CIFAR-10."""

from __future__ import annotations

import contextlib
import gzip
import math
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from autograd.errors import ArgumentError, CheckpointError, DTypeError, ShapeError
from autograd.support.arguments import positive, whole
from autograd.support.unknown_names import named_arguments

__all__ = ["load_cifar10", "load_idx", "read_cifar10", "read_idx"]

StrPath = str | os.PathLike[str]

# The third byte of an IDX file. Values are stored big-endian.
IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

MNIST_MEAN, MNIST_STD = 0.1307, 0.3081
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
CIFAR_RECORD = 1 + 3 * 32 * 32  # a label, then the red, green and blue planes
CIFAR_IMAGES = 60_000  # in all

PIECE = 1 << 20  # bytes that are read at a time


@named_arguments
def read_idx(path: StrPath) -> NDArray[Any]:
    """The array in an IDX file, plain or gzipped, in its own shape and dtype (native byte order).

    The format of MNIST and its relatives: two zero bytes, a dtype code, the number of dimensions,
    the dimensions as 32-bit numbers, the values; all big-endian.

    Raises `CheckpointError` if the file is not IDX, or longer or shorter than its header says.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
    >>> _ = path.write_bytes(bytes([0, 0, 0x08, 1, 0, 0, 0, 3, 7, 2, 1]))
    >>> read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    with _opened(path, "read_idx") as (file, size):
        start = _up_to(file, 4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in IDX_DTYPES:
            codes = " ".join(f"{code:02x}" for code in IDX_DTYPES)
            raise CheckpointError(
                f"read_idx: {path} begins with {start.hex(' ') or 'nothing'}; an IDX file begins "
                f"with 00 00, a dtype code (one of {codes}) and the number of dimensions"
            )
        dtype, ndim = np.dtype(IDX_DTYPES[start[2]]), start[3]
        sizes = _up_to(file, 4 * ndim)
        if ndim > 64 or len(sizes) < 4 * ndim:
            raise CheckpointError(
                f"read_idx: {path} claims {ndim} dimensions and has {4 + len(sizes)} bytes; the "
                f"header alone would take {4 + 4 * ndim}, and an array has at most 64 dimensions"
            )
        shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
        header, body = 4 + 4 * ndim, dtype.itemsize * math.prod(shape)
        claim = f"{_stored(shape, dtype)} takes {header + body} with its header"
        if size is not None and size != header + body:
            raise CheckpointError(
                f"read_idx: {path} has {size} bytes; {claim}, so the file is "
                f"{_how_wrong(size, header + body)}"
            )
        content = _up_to(file, body)
        if len(content) < body:
            raise CheckpointError(
                f"read_idx: {path} has {header + len(content)} bytes; {claim}, so the file is "
                f"{_how_wrong(header + len(content), header + body)}"
            )
        if _up_to(file, 1):  # no more is unpacked than the header speaks of
            raise CheckpointError(f"read_idx: {path} is too long: {claim}, and more follows")
    try:
        values = np.frombuffer(content, dtype).reshape(shape)
    except ValueError as error:  # of size 0, and NumPy has none whose other sizes are huge
        raise CheckpointError(f"read_idx: {path} claims shape {shape}: {error}") from None
    return values.astype(dtype.newbyteorder("="), copy=False)


@named_arguments
def load_idx(
    images: StrPath,
    labels: StrPath,
    *,
    size: int | None = None,
    mean: float = MNIST_MEAN,
    std: float = MNIST_STD,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`(x, y)` from a pair of IDX files of grey images and labels, ready to train.

    Ink is byte / 255, framed with zeros to `size` (the image in the middle, as LeNet-5 takes
    MNIST's 28x28 as 32x32), then x = (ink - mean) / std; the default mean and std are MNIST's.

    Shapes: x (N, 1, size, size) float32, or (N, 1, H, W) if `size` is None; y (N,) int64.

    Raises `CheckpointError` for files that are not IDX or are truncated, `DTypeError` and
    `ShapeError` for arrays that are not images of bytes and whole labels, `ArgumentError` if the
    images are larger than `size` or std is not above 0.

    Example: `x, y = load_idx("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", size=32)`.
    """
    positive("load_idx", "std", std)
    pixels, y = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or y.ndim != 1 or len(pixels) != len(y):
        raise ShapeError(
            f"load_idx: {images} holds shape {pixels.shape} and {labels} {y.shape}; "
            "images must be (N, H, W) and labels (N,), one for each image"
        )
    if pixels.dtype != np.uint8 or y.dtype.kind not in "iu":
        raise DTypeError(
            f"load_idx: {images} holds {pixels.dtype} and {labels} {y.dtype}; images must be uint8 "
            "and labels whole numbers (read_idx gives any IDX file as it is)"
        )
    framed = pixels if size is None else _framed(pixels, size)
    x = _standardised(framed[:, np.newaxis], (mean,), (std,))
    return x, y.astype(np.int64)


@named_arguments
def read_cifar10(
    paths: StrPath | Iterable[StrPath],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """`(images, labels)` from CIFAR-10's binary files (`data_batch_1.bin`, ...), in given order.

    A record is 3,073 bytes: the label, then the red, green and blue plane, row by row.

    Shapes: images (N, 3, 32, 32) uint8, labels (N,) int64 from 0 to 9.

    Raises `CheckpointError` if a file is not a whole number of records or a label exceeds 9.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "data_batch_1.bin"
    >>> _ = path.write_bytes(bytes([6]) + bytes(3072) + bytes([9]) + bytes(3072))
    >>> images, labels = read_cifar10(path)
    >>> images.shape, labels
    ((2, 3, 32, 32), array([6, 9]))
    """
    files = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not files:
        raise ArgumentError("read_cifar10: paths must be one or more (data_batch_1.bin), got none")
    records = np.concatenate([_cifar_records(path) for path in files])
    images = np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32)
    return images, records[:, 0].astype(np.int64)


@named_arguments
def load_cifar10(
    paths: StrPath | Iterable[StrPath],
    *,
    mean: tuple[float, ...] = CIFAR_MEAN,
    std: tuple[float, ...] = CIFAR_STD,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`(x, y)` from CIFAR-10's binary files, ready to train: x = (byte / 255 - mean) / std.

    The default mean and std of the three channels are those of the training set.

    Shapes: x (N, 3, 32, 32) float32, y (N,) int64 from 0 to 9.

    Raises `CheckpointError` as `read_cifar10`, `ArgumentError` unless mean and std have 3 values,
    those of std above 0.

    Example: `x, y = load_cifar10([f"data_batch_{i}.bin" for i in range(1, 6)])`.
    """
    if len(mean) != 3 or len(std) != 3:
        raise ArgumentError(
            f"load_cifar10: mean and std must be three values each, got {mean} and {std}"
        )
    for channel in std:
        positive("load_cifar10", "std", channel)
    images, labels = read_cifar10(paths)
    return _standardised(images, mean, std), labels


@contextlib.contextmanager
def _opened(path: StrPath, where: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """A file to read, and its size: None if that is not known before all is read.

    It is unpacked as it is read if it is gzipped (told by its first bytes, not its name).
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        size = status.st_size if stat.S_ISREG(status.st_mode) else None
        try:
            if file.peek(2)[:2] == b"\x1f\x8b":
                yield cast(IO[bytes], gzip.GzipFile(fileobj=file)), None
            else:
                yield file, size
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise CheckpointError(
                f"{where}: {path} begins as a gzip file that does not unpack ({error}); fetch it "
                "again"
            ) from None
        except MemoryError:
            raise CheckpointError(f"{where}: {path} does not fit into memory") from None


def _up_to(file: IO[bytes], count: int) -> bytearray:
    """The next `count` bytes, or all that are left: memory grows with what comes, not with
    `count`, which the file claims."""
    content = bytearray()
    while len(content) < count:
        piece = file.read(min(count - len(content), PIECE))
        if not piece:
            break
        content += piece
    return content


def _cifar_records(path: StrPath) -> NDArray[np.uint8]:
    with _opened(path, "read_cifar10") as (file, size):
        # The format has no header that would say where unpacking should stop.
        most = CIFAR_RECORD * CIFAR_IMAGES if size is None else size
        content = _up_to(file, most)
        if size is None and _up_to(file, 1):
            raise CheckpointError(
                f"read_cifar10: {path} unpacks to more than the {CIFAR_IMAGES} images of "
                "CIFAR-10; unpack it yourself if that is meant"
            )
    count, rest = divmod(len(content), CIFAR_RECORD)
    if rest or not count:
        raise CheckpointError(
            f"read_cifar10: {path} has {len(content)} bytes; CIFAR-10 files are whole records of "
            f"{CIFAR_RECORD} bytes, and this one is {count} records and {rest} bytes"
        )
    records = np.frombuffer(content, np.uint8).reshape(count, CIFAR_RECORD)
    if records[:, 0].max() > 9:
        first = int(np.flatnonzero(records[:, 0] > 9)[0])
        raise CheckpointError(
            f"read_cifar10: {path} has the label {records[first, 0]} in record {first}; "
            "CIFAR-10 labels run from 0 to 9 (CIFAR-100 is another format)"
        )
    return records


def _framed(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Images (N, H, W) in the middle of (N, size, size) zeros."""
    height, width = pixels.shape[1:]
    why = f"; the images are {height}x{width} (None keeps them as they are)"
    size = whole("load_idx", "size", size, max(height, width), why)
    top, left = (size - height) // 2, (size - width) // 2
    framed = np.zeros((len(pixels), size, size), dtype=np.uint8)
    framed[:, top : top + height, left : left + width] = pixels
    return framed


def _standardised(
    images: NDArray[np.uint8], mean: tuple[float, ...], std: tuple[float, ...]
) -> NDArray[np.float32]:
    """(byte / 255 - mean) / std of images (N, C, H, W), with one mean and std for each channel."""
    # One product and one sum in float32, so that a large set needs no float64 copy.
    scale = np.array([1 / (255 * s) for s in std], dtype=np.float32)[:, np.newaxis, np.newaxis]
    shift = np.array([-m / s for m, s in zip(mean, std, strict=True)], dtype=np.float32)
    x = images.astype(np.float32)
    x *= scale
    x += shift[:, np.newaxis, np.newaxis]
    return x


def _stored(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    return f"an array of shape {shape} and {dtype.newbyteorder('=')}"


def _how_wrong(came: int, wanted: int) -> str:
    if came < wanted:
        return f"truncated by {wanted - came}"
    return f"{came - wanted} too long"
