"""From arrays to Winograd's compiled kernels: cut tiles, transform the weights, launch.

Imports Numba, so it is imported at the first convolution that Winograd's algorithm is chosen for.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from autograd.kernels.conv_launch import (
    _launch,
    _parts,
    _require_done,
    machine,
)
from autograd.kernels.conv_numba import compiled_address, image_tiles, weight_tiles
from autograd.kernels.conv_plan import PREFETCH_TAPS, Block, Machine
from autograd.kernels.conv_shape import ConvShape
from autograd.kernels.winograd_micro import LANES
from autograd.kernels.winograd_numba import (
    Tiling,
    cut_rows,
    transform_tiles,
    transform_weight,
    winograd_kernel,
)
from autograd.kernels.winograd_weight_numba import (
    WeightTiling,
    add_products,
    transform_both,
    transform_gradients,
    weights_back,
)

NEAR_BYTES = 24 << 10  # one of the 16 matrices of a block of tiles: most of a usual L1
SUMMED_BYTES = 8 << 20  # of the blocks of x and g that the weight gradient is summed over
FEWEST_SUMMED, MOST_SUMMED = 128, 512  # tiles of such a block
TOGETHER = 64  # output channels between two transforms back
NO_WEIGHTS = WeightTiling(0, 0, 0)  # what forward and input gradient pass for one


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, c: ConvShape, relu: bool = False
) -> np.ndarray:
    """Cross-correlation of x with 3x3 weights, plus bias, optionally through ReLU: (N,K,Ho,Wo)."""
    top, _, left, _ = c.padding
    out = np.empty(c.output_shape, x.dtype)
    _run(x, weight, bias, (top, left), (9, c.C * 9), False, relu, out)
    return out


def conv2d_input_grad(g: np.ndarray, weight: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to x, (N,C,H,W): g convolved with turned weights."""
    top, _, left, _ = c.padding
    dx = np.empty(c.input_shape, g.dtype)
    _run(g, weight, None, (2 - top, 2 - left), (c.C * 9, 9), True, False, dx)
    return dx


def conv2d_weight_grad(g: np.ndarray, x: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to weight: (K,C,3,3)."""
    dtype = x.dtype
    v, u, tables = _weight_tiling(c, dtype.itemsize, machine())
    total = v.images * v.tile_rows * v.tile_columns
    blocks, jobs, channels = _ceil(total, v.block), _ceil(c.K, u.rows), c.C + c.K
    image, gradient = np.empty(16 * v.plane + LANES, dtype), np.empty(16 * u.plane + LANES, dtype)
    sums = np.zeros(16 * u.sums, dtype)
    tiles = weight_tiles(v.lanes, Block(u.rows, v.columns), dtype)
    flat, flat_g, integers = x.reshape(-1), g.reshape(-1), np.zeros(1, np.int64)
    cut = compiled_address(cut_rows, dtype, 0, 0, integers, v)
    transform = compiled_address(
        transform_tiles, dtype, flat, integers, 0, 0, 0, flat, flat, flat, v
    )
    transform_g = compiled_address(
        transform_gradients, dtype, flat, integers, 0, 0, 0, flat, flat, v, u
    )
    for number in range(blocks):  # the second step needs all of the first
        first = number * v.block
        count = min(v.block, total - first)
        _step(
            transform_both, channels, (flat_g, flat, gradient, image),
            (first, count, cut, transform, transform_g), tables, v, u,
            work_ns=2.0 * count * channels,
        )  # fmt: skip
        _step(
            add_products, 16 * jobs, (gradient, image, sums, sums), (count, tiles), tables, v, u,
            work_ns=count * c.C * c.K * 16 / 40,
        )  # fmt: skip
    dw = np.empty(c.weight_shape, dtype)
    flat_dw = dw.reshape(-1)
    _step(
        weights_back, c.K, (sums, flat_dw, flat_dw, flat_dw), (0,), tables, v, u,
        work_ns=sums.size,
    )  # fmt: skip
    return dw


def _step(
    kernel: Any,
    chunks: int,
    arrays: tuple[np.ndarray, ...],
    numbers: tuple[int, ...],
    tables: tuple[np.ndarray, np.ndarray],
    v: Tiling,
    u: WeightTiling,
    *,
    work_ns: float,
) -> None:
    """Launch one kernel and see that it was all done. Four arrays, used or not."""
    done = np.zeros(chunks, np.uint8)
    _launch(
        kernel, arrays[0].dtype, chunks, *arrays, np.array(numbers, np.int64), *tables, v, u, done,
        work_ns=work_ns,
    )  # fmt: skip
    _require_done(done)


def _run(
    source: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    before: tuple[int, int],
    strides: tuple[int, int],
    flip: bool,
    relu: bool,
    out: np.ndarray,
) -> None:
    dtype = source.dtype
    v, tables = _tiling(source.shape, out.shape, before, dtype.itemsize, machine())
    jobs = _ceil(v.channels_out, v.rows)
    packed = np.empty(16 * v.weights, dtype)
    filters = weight.reshape(-1)
    _step(
        transform_weight, jobs, (filters, packed, packed, packed), (*strides, int(flip)), tables,
        v, NO_WEIGHTS, work_ns=packed.size,
    )  # fmt: skip
    if bias is None:
        bias = np.zeros(v.channels_out, dtype)
    total = v.images * v.tile_rows * v.tile_columns
    blocks = _ceil(total, v.block)
    parts = _parts(blocks, _ceil(jobs, v.together))
    tiles = image_tiles(v.lanes, Block(v.rows, v.columns), dtype)
    flat, integers = source.reshape(-1), np.zeros(1, np.int64)
    cut = compiled_address(cut_rows, dtype, 0, 0, integers, v)
    transform = compiled_address(
        transform_tiles, dtype, flat, integers, 0, 0, 0, flat, flat, flat, v
    )
    _step(
        winograd_kernel, blocks * parts, (flat, packed, bias, out.reshape(-1)),
        (parts, int(relu), tiles, cut, transform), tables, v, NO_WEIGHTS,
        work_ns=total * v.channels_in * v.channels_out * 16 / 40,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _tiling(
    source: tuple[int, ...],
    out: tuple[int, ...],
    before: tuple[int, int],
    itemsize: int,
    machine: Machine,
) -> tuple[Tiling, tuple[np.ndarray, np.ndarray]]:
    """The block of tiles for these shapes, where its channels and where its vectors lie."""
    images, channels_in, height, width = source
    top, left = before
    channels_out, out_height, out_width = out[1:]
    tile_rows, tile_columns = _ceil(out_height, 2), _ceil(out_width, 2)
    lanes = machine.lanes(itemsize)
    rows, columns = min(
        (b for b in machine.image_blocks if b.rows <= channels_out),
        key=lambda b: (_ceil(channels_out, b.rows) * b.cycles() / b.columns, abs(b.rows - 4)),
    )
    wide = lanes * columns
    most = max(1, NEAR_BYTES // (channels_in * itemsize * wide))  # register blocks of tiles
    needed = _ceil(images * tile_rows * tile_columns, wide)
    block = wide * _ceil(needed, _ceil(needed, most))
    pitch = block + LANES
    line = 64 // itemsize  # an odd number of cache lines apart: 16 matrices share no cache sets
    together = _ceil(TOGETHER, rows)
    filters = _ceil(channels_out, rows) * rows * channels_in
    sizes = channels_in * pitch, together * rows * pitch, filters
    plane, sums, weights = ((_ceil(n, line) | 1) * line for n in sizes)
    taps = np.array([c * pitch for c in range(channels_in)] + [0] * PREFETCH_TAPS, np.int32)
    pos = np.array([t * lanes for t in range(block // lanes)], np.int32)
    tiling = Tiling(
        images, channels_in, channels_out, height, width, top, left, out_height, out_width,
        tile_rows, tile_columns, block, pitch, plane, sums, weights, rows, together, lanes,
        columns,
    )  # fmt: skip
    return tiling, (taps, pos)


@lru_cache(maxsize=256)
def _weight_tiling(
    c: ConvShape, itemsize: int, machine: Machine
) -> tuple[Tiling, WeightTiling, tuple[np.ndarray, np.ndarray]]:
    """The blocks of tiles that the weight gradient is summed over."""
    top, _, left, _ = c.padding
    tile_rows, tile_columns = _ceil(c.Ho, 2), _ceil(c.Wo, 2)
    lanes = machine.lanes(itemsize)
    rows, columns = min(
        (b for b in machine.weight_blocks if b.rows <= c.K and b.columns <= c.C),
        key=lambda b: _ceil(c.K, b.rows) * _ceil(c.C, b.columns) * b.cycles(),
    )
    total = c.N * tile_rows * tile_columns
    most = max(FEWEST_SUMMED, min(MOST_SUMMED, SUMMED_BYTES // (16 * itemsize * (c.C + c.K))))
    blocks = _ceil(total, most)
    block = _ceil(_ceil(total, blocks), lanes) * lanes
    pitch = _ceil(block + LANES, LANES) * LANES
    line = 64 // itemsize
    sizes = c.C * pitch, c.K * pitch, c.K * c.C
    plane, gradients, sums = ((_ceil(n, line) | 1) * line for n in sizes)
    taps = np.array([i * pitch for i in range(c.C)], np.int32)
    pos = np.array([t * lanes for t in range(block // lanes)], np.int32)
    tiling = Tiling(
        c.N, c.C, c.K, c.H, c.W, top, left, c.Ho, c.Wo, tile_rows, tile_columns, block, pitch,
        plane, 0, 0, rows, 0, lanes, columns,
    )  # fmt: skip
    return tiling, WeightTiling(gradients, sums, rows), (taps, pos)
