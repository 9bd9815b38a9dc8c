"""From a shape to a function of the arrays, as in `direct/launch.py`: tiles, tables, addresses.

Imports Numba, so it is imported at the first convolution that Winograd's algorithm is chosen for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.kernels.blas import note_convolution
from autograd.kernels.conv.direct.numba_kernels import image_tiles, weight_tiles
from autograd.kernels.conv.launch import Convolution, Packing, images_function, parts_of
from autograd.kernels.conv.machine import Block, Machine, machine
from autograd.kernels.conv.numba_kernels import kernel_address, kernel_at
from autograd.kernels.conv.shape import ConvShape, Shape4
from autograd.kernels.conv.tables import LINE_BYTES, PREFETCH_TAPS, ceil_div, joined, odd_lines
from autograd.kernels.conv.winograd.numba_kernels import (
    ImageStep,
    Tiling,
    WeightStep,
    cut_address,
    tiles_address,
    transform_weight,
    winograd_kernel,
)
from autograd.kernels.conv.winograd.numba_weight_kernels import (
    SumSizes,
    add_products,
    gradients_address,
    transform_both,
    weights_back,
)
from autograd.kernels.conv.winograd.transforms import LANES
from autograd.kernels.runtime import parallel_for
from autograd.kernels.sums import channel_sums

NEAR_BYTES = 24 << 10  # one of the 16 matrices of a block of tiles: most of a usual L1
SUMMED_BYTES = 8 << 20  # of the blocks of x and g that the weight gradient is summed over
FEWEST_SUMMED, MOST_SUMMED = 128, 512  # tiles of such a block
TOGETHER = 64  # output channels between two transforms back


def forward(c: ConvShape, dtype: np.dtype, threads: int, relu: bool) -> Convolution:
    """(x, weight, bias or None) -> cross-correlation, plus bias, optionally through ReLU."""
    top, _, left, _ = c.padding
    weights = WeightStep(9, c.C * 9, flip=0)
    return _image_function(
        c.input_shape, c.output_shape, (top, left), weights, dtype, threads, relu
    )


def input_grad(c: ConvShape, dtype: np.dtype, threads: int) -> Convolution:
    """(g, weight) -> gradient with respect to x: g convolved with turned weights."""
    top, _, left, _ = c.padding
    weights = WeightStep(c.C * 9, 9, flip=1)
    return _image_function(
        c.output_shape, c.input_shape, (2 - top, 2 - left), weights, dtype, threads, False
    )


def _image_function(
    source_shape: Shape4,
    shape: Shape4,
    before: tuple[int, int],
    weights: WeightStep,
    dtype: np.dtype,
    threads: int,
    relu: bool,
) -> Convolution:
    """What transforms the weights, then everything else, to make an array of this shape."""
    v, tables = _tiling(source_shape, shape, before, dtype.itemsize, machine())
    jobs = ceil_div(v.channels_out, v.rows)
    total = v.images * v.tile_rows * v.tile_columns
    blocks = ceil_div(total, v.block)
    parts = parts_of(blocks, ceil_div(jobs, v.together), threads)
    step = ImageStep(
        parts, int(relu), image_tiles(v.lanes, Block(v.rows, v.columns), dtype),
        cut_address(), tiles_address(dtype),
    )  # fmt: skip
    packing = np.array([kernel_address(transform_weight, dtype), *v, *weights], np.int64)
    numbers = np.array([kernel_address(winograd_kernel, dtype), *v, *step], np.int64)
    work_ns = total * v.channels_in * v.channels_out * 16 / 40
    return images_function(
        numbers, tables, blocks * parts, shape, dtype, work_ns,
        Packing(packing, jobs, 16 * v.weights),
    )  # fmt: skip


def weight_grad(
    c: ConvShape, dtype: np.dtype, threads: int, with_bias: bool = False
) -> Convolution:
    """(g, x) -> gradient of the convolution with respect to weight, and to bias if asked for."""
    v, u, tables = _weight_tiling(c, dtype.itemsize, machine())
    total = v.images * v.tile_rows * v.tile_columns
    jobs, channels = ceil_div(c.K, u.rows), c.C + c.K
    sums_shape, both_shape = (1, 1, 1, 16 * u.sums), (1, 1, 1, u.both)
    none = np.zeros(1, dtype)
    tiles = weight_tiles(v.lanes, Block(u.rows, v.columns), dtype)
    addresses = tiles, cut_address(), tiles_address(dtype), gradients_address(dtype)
    transform, products, back = (
        np.array([kernel_address(kernel, dtype), *v, *u, *addresses], np.int64)
        for kernel in (transform_both, add_products, weights_back)
    )

    def run(g: np.ndarray, x: np.ndarray) -> Any:
        note_convolution()
        both, sums = np.empty(both_shape, dtype), np.zeros(sums_shape, dtype)
        for first in range(0, total, v.block):
            last = min(first + v.block, total)
            place = np.array([first, last], np.int64)
            parallel_for(
                kernel_at, channels, x, g, none, both, np.concatenate((transform, place)), tables,
                work_ns=2.0 * (last - first) * channels,
            )  # fmt: skip
            parallel_for(  # which needs all of the first step
                kernel_at, 16 * jobs, both, both, none, sums, np.concatenate((products, place)),
                tables, work_ns=(last - first) * c.C * c.K * 16 / 40,
            )  # fmt: skip
        dw = np.empty(c.weight_shape, dtype)
        parallel_for(kernel_at, c.K, sums, sums, none, dw, back, tables, work_ns=sums.size)
        return (dw, channel_sums(g)) if with_bias else dw

    return run


def _tiling(
    source: Shape4,
    out: Shape4,
    before: tuple[int, int],
    itemsize: int,
    machine: Machine,
) -> tuple[Tiling, np.ndarray]:
    """The block of tiles for these shapes, where its channels and where its vectors lie."""
    images, channels_in, height, width = source
    top, left = before
    channels_out, out_height, out_width = out[1:]
    tile_rows, tile_columns = ceil_div(out_height, 2), ceil_div(out_width, 2)
    lanes = machine.lanes(itemsize)
    rows, columns = min(
        (b for b in machine.image_blocks if b.rows <= channels_out),
        key=lambda b: (ceil_div(channels_out, b.rows) * b.cycles() / b.columns, abs(b.rows - 4)),
    )
    wide = lanes * columns
    most = max(1, NEAR_BYTES // (channels_in * itemsize * wide))  # register blocks of tiles
    needed = ceil_div(images * tile_rows * tile_columns, wide)
    block = wide * ceil_div(needed, ceil_div(needed, most))
    pitch = block + LANES
    together = ceil_div(TOGETHER, rows)
    filters = ceil_div(channels_out, rows) * rows * channels_in
    sizes = channels_in * pitch, together * rows * pitch, filters
    plane, sums, weights = (odd_lines(n, itemsize) for n in sizes)
    taps = [c * pitch for c in range(channels_in)] + [0] * PREFETCH_TAPS
    tables, (_, pos) = joined(taps, [t * lanes for t in range(block // lanes)])
    tiling = Tiling(
        images, channels_in, channels_out, height, width, top, left, out_height, out_width,
        tile_rows, tile_columns, block, pitch, plane, sums, weights, rows, together, lanes,
        columns, pos,
    )  # fmt: skip
    return tiling, tables


def _weight_tiling(
    c: ConvShape, itemsize: int, machine: Machine
) -> tuple[Tiling, SumSizes, np.ndarray]:
    """The blocks of tiles that the weight gradient is summed over."""
    top, _, left, _ = c.padding
    tile_rows, tile_columns = ceil_div(c.Ho, 2), ceil_div(c.Wo, 2)
    lanes = machine.lanes(itemsize)
    rows, columns = min(
        (b for b in machine.weight_blocks if b.rows <= c.K and b.columns <= c.C),
        key=lambda b: ceil_div(c.K, b.rows) * ceil_div(c.C, b.columns) * b.cycles(),
    )
    total = c.N * tile_rows * tile_columns
    most = max(FEWEST_SUMMED, min(MOST_SUMMED, SUMMED_BYTES // (16 * itemsize * (c.C + c.K))))
    blocks = ceil_div(total, most)
    block = ceil_div(ceil_div(total, blocks), lanes) * lanes
    pitch = ceil_div(block + LANES, LANES) * LANES
    sizes = c.C * pitch, c.K * pitch, c.K * c.C
    plane, gradients, sums = (odd_lines(n, itemsize) for n in sizes)
    tables, (_, pos) = joined(
        [i * pitch for i in range(c.C)], [t * lanes for t in range(block // lanes)]
    )
    tiling = Tiling(
        c.N, c.C, c.K, c.H, c.W, top, left, c.Ho, c.Wo, tile_rows, tile_columns, block, pitch,
        plane, 0, 0, rows, 0, lanes, columns, pos,
    )  # fmt: skip
    start = 16 * plane + LINE_BYTES // itemsize  # of the block of g, after that of x
    both = start + 16 * gradients + LANES
    return tiling, SumSizes(start, both, gradients, sums, rows), tables
