"""The compiled kernels of Winograd's convolution: weights, tiles, products, outputs.

Those that are launched, here and in `numba_weight_kernels.py`, take the arguments that all kernels
of convolutions do (`conv/numba_kernels.py`); `numbers` holds the kernel's address, a `Tiling`,
and what that kernel alone needs.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numba import from_dtype, int64, types

from autograd.kernels.codegen.memory import (
    address,
    call,
    copy_row,
    fields,
    function_address,
    put,
    value,
)
from autograd.kernels.conv.numba_kernels import NUMBERS, images_of
from autograd.kernels.conv.winograd.transforms import (
    LANES,
    transform_back,
    transform_columns,
    transform_rows,
)
from autograd.kernels.runtime import jit


class Tiling(NamedTuple):
    """How images are cut into tiles, and tiles into blocks (all integers)."""

    images: int
    channels_in: int
    channels_out: int
    height: int  # of a source image
    width: int
    top: int  # zeros before its first row and column
    left: int
    out_height: int
    out_width: int
    tile_rows: int  # of 2x2 outputs
    tile_columns: int
    block: int  # tiles taken together
    pitch: int  # from one channel to the next in a transformed block
    plane: int  # from one of its 16 matrices to the next
    sums: int  # the same for their products
    weights: int  # the same for the weights
    rows: int  # output channels of a register block
    together: int  # register blocks between two transforms back
    lanes: int
    columns: int  # vectors of tiles of a register block
    pos: int  # where the table of vectors starts, after that of the channels


class WeightStep(NamedTuple):
    """What transforming the weights needs beside a `Tiling`."""

    stride_in: int  # from one channel to the next
    stride_out: int
    flip: int


class ImageStep(NamedTuple):
    """What transforming images needs beside a `Tiling`, addresses of other kernels among them."""

    parts: int
    relu: int
    tiles: int  # the loop around the register block
    cut_rows: int
    transform_tiles: int


TILING = types.NamedUniTuple(int64, len(Tiling._fields), Tiling)
STEP = 1 + len(Tiling._fields)  # where in `numbers` the other sizes start


@cache
def cut_address() -> int:
    """Where the machine code of `cut_rows` is."""
    return function_address(cut_rows, (int64, int64, NUMBERS, TILING))


@cache
def tiles_address(dtype: np.dtype) -> int:
    """Where the machine code of `transform_tiles` for this dtype is."""
    images, line = images_of(dtype), types.Array(from_dtype(dtype), 1, "C")
    arguments = images, NUMBERS, int64, int64, int64, line, line, images, TILING
    return function_address(transform_tiles, arguments)


@jit
def transform_weight(  # type: ignore[no-untyped-def]
    lo, hi, source, weight, bias, packed, numbers, tables
):  # fmt: skip
    """packed[f][job][c][m] = (G w Gᵀ)_f of output channel m of the job, for jobs lo..hi."""
    v = fields(Tiling, numbers, 1)
    n = fields(WeightStep, numbers, STEP)
    half = weight.dtype.type(0.5)
    rows = v.rows
    plane = v.weights
    u = np.empty((4, 3), weight.dtype)
    last = 8 if n.flip else 0
    step = -1 if n.flip else 1
    for job in range(lo, hi):
        k0 = min(job * rows, v.channels_out - rows)
        for c in range(v.channels_in):
            for m in range(rows):
                at = (k0 + m) * n.stride_out + c * n.stride_in + last
                for s in range(3):
                    a = value(weight, at + step * s)
                    b = value(weight, at + step * (s + 3))
                    d = value(weight, at + step * (s + 6))
                    u[0, s] = a
                    u[1, s] = half * ((a + d) + b)
                    u[2, s] = half * ((a + d) - b)
                    u[3, s] = d
                to = (job * v.channels_in + c) * rows + m
                for i in range(4):
                    a = u[i, 0]
                    b = u[i, 1]
                    d = u[i, 2]
                    put(packed, to + 4 * i * plane, a)
                    put(packed, to + (4 * i + 1) * plane, half * ((a + d) + b))
                    put(packed, to + (4 * i + 2) * plane, half * ((a + d) - b))
                    put(packed, to + (4 * i + 3) * plane, d)
    return 0


@jit
def cut_rows(first, count, segments, v):  # type: ignore[no-untyped-def]
    """Tiles first..first+count as pieces of tile rows: image, tile row, column, length."""
    n = 0
    t = first
    area = v.tile_rows * v.tile_columns
    while t < first + count:
        image = t // area
        row = (t - image * area) // v.tile_columns
        column = t - image * area - row * v.tile_columns
        length = min(v.tile_columns - column, first + count - t)
        segments[4 * n] = image
        segments[4 * n + 1] = row
        segments[4 * n + 2] = column
        segments[4 * n + 3] = length
        n += 1
        t += length
    return n


@jit
def transform_tiles(  # type: ignore[no-untyped-def]
    source, segments, pieces, c_low, c_high, lines, zeros, target, v
):  # fmt: skip
    """target[f][c][t] = (Bᵀ d B)_f of channels c_low..c_high and every tile of a block."""
    kind = value(source, 0)
    pitch = len(lines) // 4
    for c in range(c_low, c_high):
        t = 0
        for n in range(pieces):
            image = segments[4 * n]
            row0 = 2 * segments[4 * n + 1] - v.top
            column0 = 2 * segments[4 * n + 2] - v.left
            length = segments[4 * n + 3]
            base = (image * v.channels_in + c) * v.height * v.width
            wide = 2 * length + 2
            j0 = min(max(0, -column0), wide)
            j1 = max(min(wide, v.width - column0), j0)
            s = base + row0 * v.width + column0 + j0
            none = address(zeros, 0)
            a = address(source, s) if 0 <= row0 < v.height else none
            b = address(source, s + v.width) if 0 <= row0 + 1 < v.height else none
            d = address(source, s + 2 * v.width) if 0 <= row0 + 2 < v.height else none
            e = address(source, s + 3 * v.width) if 0 <= row0 + 3 < v.height else none
            transform_rows(kind, a, b, d, e, address(lines, j0), pitch, j1 - j0)
            for i in range(4):
                for j in range(j0):
                    lines[i * pitch + j] = 0
                for j in range(j1, wide):
                    lines[i * pitch + j] = 0
            to = address(target, c * v.pitch + t)
            transform_columns(kind, address(lines, 0), pitch, to, v.plane, length)
            t += length
    return 0


@jit
def winograd_kernel(  # type: ignore[no-untyped-def]
    lo, hi, source, weight, bias, out, numbers, tables
):  # fmt: skip
    """Forward and input gradient. A chunk is a block of tiles by a part of the jobs; a job is the
    output channels of one register block."""
    v = fields(Tiling, numbers, 1)
    n = fields(ImageStep, numbers, STEP)
    lowest = out.dtype.type(-np.inf)
    low = out.dtype.type(0.0 if n.relu else -np.inf)
    image = np.zeros((1, 1, 1, 16 * v.plane + LANES), out.dtype)
    sums = np.zeros(16 * v.sums + LANES, out.dtype)
    lines = np.zeros(4 * (2 * v.tile_columns + 4 + 3 * LANES), out.dtype)
    zeros = np.zeros(v.width + LANES, out.dtype)
    rows_out = 2 * v.block + 2 * LANES
    flat = np.zeros(2 * rows_out, out.dtype)
    segments = np.zeros(4 * v.block, np.int64)
    none = np.zeros(v.rows, out.dtype)
    jobs = (v.channels_out + v.rows - 1) // v.rows
    groups = (jobs + v.together - 1) // v.together
    total = v.images * v.tile_rows * v.tile_columns
    out_plane = v.out_height * v.out_width
    laid_out = -1
    pieces = 0
    for chunk in range(lo, hi):
        number = chunk // n.parts
        part = chunk - number * n.parts
        first = number * v.block
        count = min(v.block, total - first)
        vectors = max(v.columns, (count + v.lanes - 1) // v.lanes)
        if laid_out != number:
            pieces = call(n.cut_rows, (first, count, segments, v))
            call(
                n.transform_tiles,
                (source, segments, pieces, 0, v.channels_in, lines, zeros, image, v),
            )
            laid_out = number
        for group in range(groups * part // n.parts, groups * (part + 1) // n.parts):
            job0 = group * v.together
            job1 = min(jobs, job0 + v.together)
            k_low = min(job0 * v.rows, v.channels_out - v.rows)
            for f in range(16):
                for job in range(job0, job1):
                    k0 = min(job * v.rows, v.channels_out - v.rows)
                    call(
                        n.tiles,
                        (
                            lowest, address(image, f * v.plane), address(tables, v.pos),
                            address(tables, 0), v.channels_in,
                            address(weight, f * v.weights + job * v.channels_in * v.rows),
                            address(none, 0), address(sums, f * v.sums + (k0 - k_low) * v.pitch),
                            v.pitch, address(tables, v.pos), vectors,
                        ),
                    )  # fmt: skip
            for k in range(job0 * v.rows, min(job1 * v.rows, v.channels_out)):
                at = address(sums, (k - k_low) * v.pitch)
                transform_back(low, bias[k], at, v.sums, address(flat, 0), rows_out, count)
                t = 0
                for piece in range(pieces):
                    row = 2 * segments[4 * piece + 1]
                    column = 2 * segments[4 * piece + 2]
                    length = segments[4 * piece + 3]
                    wide = min(2 * length, v.out_width - column)
                    plane = (segments[4 * piece] * v.channels_out + k) * out_plane
                    for i in range(min(2, v.out_height - row)):
                        to = plane + (row + i) * v.out_width + column
                        copy_row(
                            low, address(flat, i * rows_out + 2 * t), 1, address(out, to), 1, wide
                        )  # fmt: skip
                    t += length
    return 0
