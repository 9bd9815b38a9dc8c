"""The compiled kernels of Winograd's weight gradient: dw = Gᵀ [ Σ_tiles (A g Aᵀ) ⊙ (Bᵀ d B) ] G."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograd.kernels.conv_micro import address, call, copy_row
from autograd.kernels.runtime import jit
from autograd.kernels.winograd_micro import LANES, transform_gradient


class WeightTiling(NamedTuple):
    """What the weight gradient needs beside a `Tiling` (all integers)."""

    plane: int  # from one of the 16 matrices of a transformed block of g to the next
    sums: int  # the same for the sums of their products
    rows: int  # output channels of a register block


@jit
def transform_gradients(  # type: ignore[no-untyped-def]
    g, segments, pieces, k_low, k_high, lines, target, v, u
):  # fmt: skip
    """target[f][k][t] = (A g Aᵀ)_f of channels k_low..k_high and every tile of a block."""
    kind = g[0]
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
            to = address(target, k * v.pitch + t)
            transform_gradient(kind, address(lines, 0), pitch, to, u.plane, length)
            t += length
    return 0


@jit
def transform_both(  # type: ignore[no-untyped-def]
    lo, hi, g, source, gradient, image, numbers, _taps, _pos, v, u, done
):  # fmt: skip
    """A block of tiles of x and g, both transformed. A chunk is a channel: x's, then g's."""
    first, count = numbers[0], numbers[1]
    cut_rows, transform_tiles, transform_gradients = numbers[2], numbers[3], numbers[4]
    lines = np.zeros(4 * (2 * v.tile_columns + 4 + 3 * LANES), g.dtype)
    zeros = np.zeros(v.width + LANES, g.dtype)
    segments = np.zeros(4 * v.block, np.int64)
    pieces = call(cut_rows, (first, count, segments, v))
    vectors = (count + v.lanes - 1) // v.lanes
    for chunk in range(lo, hi):
        k = chunk - v.channels_in
        if k < 0:
            call(
                transform_tiles,
                (source, segments, pieces, chunk, chunk + 1, lines, zeros, image, v),
            )
        else:
            call(transform_gradients, (g, segments, pieces, k, k + 1, lines, gradient, v, u))
        for f in range(16):
            for t in range(count, vectors * v.lanes):  # the last block: nothing there
                if k < 0:
                    image[f * v.plane + chunk * v.pitch + t] = 0
                else:
                    gradient[f * u.plane + k * v.pitch + t] = 0
        done[chunk] = 1
    return 0


@jit
def add_products(  # type: ignore[no-untyped-def]
    lo, hi, gradient, image, sums, _d, numbers, taps, pos, v, u, done
):  # fmt: skip
    """sums[f][k][c] += Σ_t (A g Aᵀ)_f[k][t] · (Bᵀ d B)_f[c][t] over a block of tiles.

    A chunk is one of the 16 matrices by a job, the output channels of one register block.
    """
    count, tiles = numbers[0], numbers[1]
    kind = gradient[0]
    jobs = (v.channels_out + u.rows - 1) // u.rows
    vectors = (count + v.lanes - 1) // v.lanes
    for chunk in range(lo, hi):
        f = chunk // jobs
        wanted = (chunk - f * jobs) * u.rows
        k0 = min(wanted, v.channels_out - u.rows)
        call(
            tiles,
            (
                kind, address(gradient, f * u.plane + k0 * v.pitch), v.pitch, address(pos, 0),
                address(image, f * v.plane), address(taps, 0), v.channels_in, address(pos, 0),
                vectors, address(sums, f * u.sums + k0 * v.channels_in), wanted - k0,
            ),
        )  # fmt: skip
        done[chunk] = 1
    return 0


@jit
def weights_back(  # type: ignore[no-untyped-def]
    lo, hi, sums, dw, _c, _d, _numbers, _taps, _pos, v, u, done
):  # fmt: skip
    """dw[k][c] = Gᵀ sums[..][k][c] G for output channels lo..hi."""
    half = dw.dtype.type(0.5)
    s = np.empty((4, 4), dw.dtype)
    for k in range(lo, hi):
        for c in range(v.channels_in):
            at = k * v.channels_in + c
            for i in range(4):
                for j in range(4):
                    s[i, j] = sums[at + (4 * i + j) * u.sums]
            for j in range(4):
                a = half * (s[1, j] + s[2, j])
                s[2, j] = half * (s[1, j] - s[2, j])
                s[0, j] += a
                s[3, j] += a
            to = 9 * at
            for r, i in ((0, 0), (1, 2), (2, 3)):
                a = half * (s[i, 1] + s[i, 2])
                dw[to + 3 * r] = s[i, 0] + a
                dw[to + 3 * r + 1] = half * (s[i, 1] - s[i, 2])
                dw[to + 3 * r + 2] = s[i, 3] + a
        done[k] = 1
    return 0
