"""Arrays as small pictures: blue below zero, white at it, red above; NaN and Inf in magenta."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

_BELOW, _ABOVE = np.array([33, 102, 172.0]), np.array([178, 24, 43.0])
_BAD = (255, 0, 255)
LARGEST = 48  # cells along each side
_TILES = 16  # of an array with more than two axes


def data_uri(array: np.ndarray, largest: int = LARGEST) -> str:
    """The array as an image for `src=`."""
    return "data:image/png;base64," + base64.b64encode(png(colours(grid(array, largest)))).decode()


def grid(array: np.ndarray, largest: int = LARGEST) -> np.ndarray:
    """Two axes of at most `largest` cells each, a cell the mean of what it covers.

    More than two axes are shown as tiles beside each other: images, channels, filters.
    """
    cells = np.asarray(array)
    if cells.ndim > 2:
        cells = _tiled(cells.reshape(-1, *cells.shape[-2:])[:_TILES])
    cells = np.atleast_2d(cells).astype(np.float64)
    for axis in (0, 1):
        length = cells.shape[axis]
        if length > largest:
            starts = np.unique(np.linspace(0, length, largest, endpoint=False).astype(int))
            sizes = np.diff(np.append(starts, length))
            with np.errstate(all="ignore"):
                sums = np.add.reduceat(cells, starts, axis=axis)
            cells = sums / (sizes[:, None] if axis == 0 else sizes)
    return cells


def _tiled(tiles: np.ndarray) -> np.ndarray:
    """Tiles in rows, as square as can be, a cell of zeros between them."""
    count, height, width = tiles.shape
    columns = max(1, int(np.ceil(np.sqrt(count))))
    rows = -(-count // columns)
    spaced = np.zeros((rows * columns, height + 1, width + 1))
    spaced[:count, :height, :width] = tiles
    whole = spaced.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return whole.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]


def colours(cells: np.ndarray) -> np.ndarray:
    """RGB of each cell, white at zero, full colour at the largest magnitude."""
    finite = np.isfinite(cells)
    most = np.abs(cells[finite]).max() if finite.any() else 0.0
    scaled = np.where(finite, cells, 0.0) / (most or 1.0)
    strength = np.sqrt(np.abs(scaled))[..., None]
    full = np.where(scaled[..., None] < 0, _BELOW, _ABOVE)
    rgb = np.rint(255 + (full - 255) * strength).astype(np.uint8)
    rgb[~finite] = _BAD
    return rgb


def png(rgb: np.ndarray) -> bytes:
    """An array (height, width, 3) of bytes as a PNG file."""
    height, width, _ = rgb.shape
    if height == 0 or width == 0:
        rgb, height, width = np.full((1, 1, 3), 255, np.uint8), 1, 1
    lines = np.concatenate(
        [np.zeros((height, 1), np.uint8), np.ascontiguousarray(rgb).reshape(height, -1)], axis=1
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
