"""The compiled kernels of Winograd's weight gradient: dw = Gᵀ [ Σ_tiles (A g Aᵀ) ⊙ (Bᵀ d B) ] G."""

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
from autograd.kernels.conv.winograd.numba_kernels import STEP, TILING, Tiling
from autograd.kernels.conv.winograd.transforms import LANES, transform_gradient
from autograd.kernels.runtime import jit


class SumSizes(NamedTuple):
    """What the weight gradient needs beside a `Tiling` (all integers)."""

    start: int  # of the transformed block of g, after that of x
    both: int  # elements of the two
    plane: int  # from one of the 16 matrices of the block of g to the next
    sums: int  # the same for the sums of their products
    rows: int  # output channels of a register block


class SumStep(NamedTuple):
    """And for the tiles first..last: addresses of other kernels among them."""

    tiles: int  # the loop around the register block
    cut_rows: int
    transform_tiles: int
    transform_gradients: int
    first: int
    last: int


SUM_SIZES = types.NamedUniTuple(int64, len(SumSizes._fields), SumSizes)
SUM_STEP = STEP + len(SumSizes._fields)  # where in `numbers` it starts


@cache
def gradients_address(dtype: np.dtype) -> int:
    """Where the machine code of `transform_gradients` for this dtype is."""
    images, line = images_of(dtype), types.Array(from_dtype(dtype), 1, "C")
    arguments = images, NUMBERS, int64, int64, int64, line, images, TILING, SUM_SIZES
    return function_address(transform_gradients, arguments)


@jit
def transform_gradients(  # type: ignore[no-untyped-def]
    g, segments, pieces, k_low, k_high, lines, target, v, u
):  # fmt: skip
    """target[f][k][t] = (A g Aᵀ)_f of channels k_low..k_high and every tile of a block."""
    kind = value(g, 0)
    pitch = len(lines) // 4
    out_plane = v.out_height * v.out_width
    for k in range(k_low, k_high):
        t = 0
        for n in range(pieces):
            row = 2 * segments[4 * n + 1]
            column = 2 * segments[4 * n + 2]
            length = segments[4 * n + 3]
            wide = min(2 * length, v.out_width - column)
            base = (segments[4 * n] * v.channels_out + k) * out_plane + column
            for i in range(2):
                there = wide
                if row + i < v.out_height:
                    at = address(g, base + (row + i) * v.out_width)
                    copy_row(kind, at, 1, address(lines, i * pitch), 1, wide)
                else:
                    there = 0
                for j in range(there, 2 * length):
                    lines[i * pitch + j] = 0
            to = address(target, u.start + k * v.pitch + t)
            transform_gradient(kind, address(lines, 0), pitch, to, u.plane, length)
            t += length
    return 0


@jit
def transform_both(lo, hi, source, g, bias, both, numbers, tables):  # type: ignore[no-untyped-def]
    """A block of tiles of x and g, both transformed. A chunk is a channel: x's, then g's."""
    v = fields(Tiling, numbers, 1)
    u = fields(SumSizes, numbers, STEP)
    n = fields(SumStep, numbers, SUM_STEP)
    lines = np.zeros(4 * (2 * v.tile_columns + 4 + 3 * LANES), g.dtype)
    zeros = np.zeros(v.width + LANES, g.dtype)
    segments = np.zeros(4 * v.block, np.int64)
    count = n.last - n.first
    pieces = call(n.cut_rows, (n.first, count, segments, v))
    vectors = (count + v.lanes - 1) // v.lanes
    nothing = both.dtype.type(0)
    for chunk in range(lo, hi):
        k = chunk - v.channels_in
        if k < 0:
            call(
                n.transform_tiles,
                (source, segments, pieces, chunk, chunk + 1, lines, zeros, both, v),
            )
        else:
            call(n.transform_gradients, (g, segments, pieces, k, k + 1, lines, both, v, u))
        for f in range(16):
            for t in range(count, vectors * v.lanes):  # the last block: nothing there
                if k < 0:
                    put(both, f * v.plane + chunk * v.pitch + t, nothing)
                else:
                    put(both, u.start + f * u.plane + k * v.pitch + t, nothing)
    return 0


@jit
def add_products(lo, hi, both, g, bias, sums, numbers, tables):  # type: ignore[no-untyped-def]
    """sums[f][k][c] += Σ_t (A g Aᵀ)_f[k][t] · (Bᵀ d B)_f[c][t] over a block of tiles.

    A chunk is one of the 16 matrices by a job, the output channels of one register block.
    """
    v = fields(Tiling, numbers, 1)
    u = fields(SumSizes, numbers, STEP)
    n = fields(SumStep, numbers, SUM_STEP)
    kind = value(both, 0)
    jobs = (v.channels_out + u.rows - 1) // u.rows
    vectors = (n.last - n.first + v.lanes - 1) // v.lanes
    for chunk in range(lo, hi):
        f = chunk // jobs
        wanted = (chunk - f * jobs) * u.rows
        k0 = min(wanted, v.channels_out - u.rows)
        pos = address(tables, v.pos)
        call(
            n.tiles,
            (
                kind, address(both, u.start + f * u.plane + k0 * v.pitch), v.pitch, pos,
                address(both, f * v.plane), address(tables, 0), v.channels_in, pos,
                vectors, address(sums, f * u.sums + k0 * v.channels_in), wanted - k0,
            ),
        )  # fmt: skip
    return 0


@jit
def weights_back(lo, hi, sums, weight, bias, dw, numbers, tables):  # type: ignore[no-untyped-def]
    """dw[k][c] = Gᵀ sums[..][k][c] G for output channels lo..hi."""
    v = fields(Tiling, numbers, 1)
    u = fields(SumSizes, numbers, STEP)
    half = dw.dtype.type(0.5)
    s = np.empty((4, 4), dw.dtype)
    for k in range(lo, hi):
        for c in range(v.channels_in):
            at = k * v.channels_in + c
            for i in range(4):
                for j in range(4):
                    s[i, j] = value(sums, at + (4 * i + j) * u.sums)
            for j in range(4):
                a = half * (s[1, j] + s[2, j])
                s[2, j] = half * (s[1, j] - s[2, j])
                s[0, j] += a
                s[3, j] += a
            to = 9 * at
            for r, i in ((0, 0), (1, 2), (2, 3)):
                a = half * (s[i, 1] + s[i, 2])
                put(dw, to + 3 * r, s[i, 0] + a)
                put(dw, to + 3 * r + 1, half * (s[i, 1] - s[i, 2]))
                put(dw, to + 3 * r + 2, s[i, 3] + a)
    return 0
