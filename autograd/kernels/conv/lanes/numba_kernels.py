"""The compiled kernels of convolutions whose vector lanes are images.

Those that are launched take the arguments that all kernels of convolutions do
(`conv/numba_kernels.py`); `numbers` holds the kernel's address, a `LaneLayout`, and what that
kernel alone needs. The last group of images overlaps the one before: where L does not divide their
number, some are done twice.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import from_dtype, int64

from autograd.kernels.codegen.memory import address, call, fields, function_address, value
from autograd.kernels.conv.lanes.image_plan import LaneLayout
from autograd.kernels.conv.lanes.register_blocks import (
    images_to_lanes,
    lane_block,
    lane_sums,
    lanes_to_images,
)
from autograd.kernels.conv.machine import Block
from autograd.kernels.conv.numba_kernels import NUMBERS, TABLES, add_total, images_of, plane_sum
from autograd.kernels.conv.tables import LINE_BYTES
from autograd.kernels.runtime import jit

STEP = 1 + len(LaneLayout._fields)  # where in `numbers` the other sizes start


class LaneImageSizes(NamedTuple):
    """What the image kernel reads in `numbers`, after the layout."""

    lay_out: int  # address of the copy to lanes
    blocks: int  # and of the loop around the register block
    relu: int
    parts: int
    rows: int  # of a register block
    filter_out: int  # distance of two output channels' weights
    buffer: int  # elements of results for each output channel
    pieces: int
    piece_table: int  # where each table starts in `tables`: `LaneTables`
    block_table: int
    taps: int


class LaneSumSizes(NamedTuple):
    """What the weight kernel reads in `numbers`, after the layout."""

    lay_out: int  # address of the copy to lanes
    tiles: int  # and of the loop around the register block
    parts: int
    shares: int
    rows: int  # of a register block
    g_plane: int  # elements of a channel of g in scratch
    together: int  # groups of images laid out together
    pieces: int
    classes: int  # of taps that are summed over the same pixels
    lists: int  # where each table starts in `tables`
    gpos: int
    pos: int
    tile_classes: int
    taps: int
    targets: int
    g_places: int
    tap_count: int
    totals: int  # whether the sums of g are wanted too


@cache
def lay_out_address(lanes: int, dtype: np.dtype) -> int:
    """Address of the copy of `channels` channels of a group of images to lanes."""
    L, itemsize = lanes, dtype.itemsize

    @jit(key=("to lanes", L, itemsize))
    def lay_out(source, first, step, skip, zeros, channels, pixels, target, plane, tables, places):
        kind = value(source, 0)
        for c in range(channels):
            images_to_lanes(
                L, kind, address(source, first + c * pixels), step, skip, zeros, pixels,
                target + c * plane * itemsize, address(tables, places),
            )  # fmt: skip
        return 0

    return function_address(lay_out, (images_of(dtype), *[int64] * 8, TABLES, int64))


@cache
def lane_blocks(lanes: int, block: Block, dtype: np.dtype) -> int:
    """Address of a loop of `lane_block` over the blocks first..last of the table."""
    L, M, V = lanes, block.rows, block.columns

    @jit(key=("lane blocks", L, M, V))
    def blocks(
        low, images, tables, table, taps, first, last, weight, weight_row, bias, out, out_row
    ):
        for b in range(first, last):
            at = table + b * (2 + 2 * V)
            lane_block(
                L, M, V, low, images, address(tables, at + 2), address(tables, taps + tables[at]),
                tables[at + 1], weight, weight_row, bias, out, out_row,
                address(tables, at + 2 + V),
            )  # fmt: skip
        return 0

    return function_address(blocks, (from_dtype(dtype), int64, TABLES, *[int64] * 9))


@cache
def lane_tiles(lanes: int, block: Block, dtype: np.dtype) -> int:
    """Address of a loop of `lane_sums` over all taps, at least block.columns of them."""
    L, M, V = lanes, block.rows, block.columns

    @jit(key=("lane tiles", L, M, V))
    def tiles(kind, g, g_row, images, numbers, tables, piece, groups, sums, skip):
        n = fields(LaneSumSizes, numbers, STEP)
        for wanted in range(0, n.tap_count, V):
            t = min(wanted, n.tap_count - V)  # the last tile overlaps the one before
            mine = n.lists + 2 * (piece * n.classes + tables[n.tile_classes + wanted // V])
            start = tables[mine]
            lane_sums(
                L, M, V, kind, g, g_row, address(tables, n.gpos + start), images,
                address(tables, n.taps + t), address(tables, n.pos + start),
                tables[mine + 1] * groups, sums, n.tap_count, address(tables, n.targets + t),
                skip, wanted - t,
            )  # fmt: skip
        return 0

    arguments = int64, int64, int64, NUMBERS, TABLES, int64, int64, int64, int64
    return function_address(tiles, (from_dtype(dtype), *arguments))


@jit
def aligned(array):  # type: ignore[no-untyped-def]
    """The first element of a 1-d array at the start of a cache line."""
    return -address(array, 0) % LINE_BYTES // array.itemsize


@jit
def clear_borders(images, first, count, lanes, tables, v):  # type: ignore[no-untyped-def]
    """Zeros for what no pixel is ever laid out on, in `count` channels."""
    for c in range(count):
        for i in range(v.border_count):
            at = first + c * v.plane + tables[v.borders + i]
            for j in range(lanes):
                images[at + j] = 0


@cache
def lanes_image_kernel(lanes: int) -> Any:
    """Forward and input gradient: out[n, k, p] = bias[k] + Σ_t weight[k, t] · image[n, p, t]."""
    L = lanes

    @jit(key=("lanes", L))
    def lanes_image(lo, hi, source, weight, bias, out, numbers, tables):  # type: ignore[no-untyped-def]
        """A chunk is a group of images by a part of the blocks of output channels."""
        v = fields(LaneLayout, numbers, 1)
        n = fields(LaneImageSizes, numbers, STEP)
        low = out.dtype.type(0.0 if n.relu else -np.inf)
        step_in = v.channels_in * v.plane_in
        step_out = v.channels_out * v.plane_out
        images = np.empty(v.channels_in * v.plane + LINE_BYTES, out.dtype)
        results = np.empty(n.rows * n.buffer + LINE_BYTES, out.dtype)
        base = aligned(images)
        flat = aligned(results)
        clear_borders(images, base, v.channels_in, L, tables, v)
        jobs = (v.channels_out + n.rows - 1) // n.rows
        laid_out = -1
        for chunk in range(lo, hi):
            number = chunk // n.parts
            part = chunk - number * n.parts
            first = min(number * L, v.images - L)
            if laid_out != number:
                call(
                    n.lay_out,
                    (
                        source, first * step_in, step_in, 0, 0, v.channels_in, v.plane_in,
                        address(images, base), v.plane, tables, v.places,
                    ),
                )  # fmt: skip
                laid_out = number
            for piece in range(n.pieces):
                at = n.piece_table + 4 * piece
                for job in range(jobs * part // n.parts, jobs * (part + 1) // n.parts):
                    k0 = min(job * n.rows, v.channels_out - n.rows)
                    call(
                        n.blocks,
                        (
                            low, address(images, base), tables, n.block_table, n.taps,
                            int64(tables[at]), int64(tables[at + 1]),
                            address(weight, k0 * n.filter_out), n.filter_out, address(bias, k0),
                            address(results, flat), n.buffer,
                        ),
                    )  # fmt: skip
                    for m in range(n.rows):
                        to = (first * v.channels_out + k0 + m) * v.plane_out + tables[at + 2]
                        lanes_to_images(
                            L, low, address(results, flat + m * n.buffer), int64(tables[at + 3]),
                            address(out, to), step_out,
                        )  # fmt: skip
        return 0

    return lanes_image


@cache
def lanes_weight_kernel(lanes: int) -> Any:
    """Weight gradient: sums[share, k, t] = Σ_n Σ_p g[n, k, p] · image[n, p, t]."""
    L = lanes

    @jit(key=("lanes", L))
    def lanes_weight(lo, hi, g, source, totals, sums, numbers, tables):  # type: ignore[no-untyped-def]
        """A chunk is a share of the images by a part of the blocks of output channels.

        On the way totals[share, k] = Σ_n Σ_p g[n, k, p], while g is at hand (`add_total`).
        """
        v = fields(LaneLayout, numbers, 1)
        n = fields(LaneSumSizes, numbers, STEP)
        kind = value(g, 0)
        step_in = v.channels_in * v.plane_in
        step_out = v.channels_out * v.plane_out
        image = v.channels_in * v.plane
        gradient = v.channels_out * n.g_plane
        images = np.empty(n.together * image + LINE_BYTES, g.dtype)
        gradients = np.empty(n.together * gradient + LINE_BYTES, g.dtype)
        zeros = np.zeros(v.plane_out, g.dtype)
        base = aligned(images)
        g_base = aligned(gradients)
        clear_borders(images, base, n.together * v.channels_in, L, tables, v)
        jobs = (v.channels_out + n.rows - 1) // n.rows
        groups = (v.images + L - 1) // L
        batches = (groups + n.together - 1) // n.together
        for chunk in range(lo, hi):
            share = chunk // n.parts
            part = chunk - share * n.parts
            job0 = jobs * part // n.parts
            job1 = jobs * (part + 1) // n.parts
            k_low = min(job0 * n.rows, v.channels_out - n.rows)
            k_high = min(job1 * n.rows, v.channels_out)
            for batch in range(batches * share // n.shares, batches * (share + 1) // n.shares):
                present = min(n.together, groups - batch * n.together)
                for m in range(present):
                    wanted = (batch * n.together + m) * L
                    first = min(wanted, v.images - L)
                    call(
                        n.lay_out,
                        (
                            source, first * step_in, step_in, 0, 0, v.channels_in, v.plane_in,
                            address(images, base + m * image), v.plane, tables, v.places,
                        ),
                    )  # fmt: skip
                    call(  # images that are in the group before as well are not summed twice
                        n.lay_out,
                        (
                            g, first * step_out + k_low * v.plane_out, step_out, wanted - first,
                            address(zeros, 0), k_high - k_low, v.plane_out,
                            address(gradients, g_base + m * gradient + k_low * n.g_plane),
                            n.g_plane, tables, n.g_places,
                        ),
                    )  # fmt: skip
                    if n.totals:
                        for i in range(wanted, first + L):
                            for k in range(job0 * n.rows, k_high):
                                a = (i * v.channels_out + k) * v.plane_out
                                total = plane_sum(g, a, v.plane_out)
                                add_total(totals, share * v.channels_out + k, total)
                for piece in range(n.pieces):
                    for job in range(job0, job1):
                        wanted = job * n.rows
                        k0 = min(wanted, v.channels_out - n.rows)
                        call(
                            n.tiles,
                            (
                                kind, address(gradients, g_base + k0 * n.g_plane), n.g_plane,
                                address(images, base), numbers, tables, piece, present,
                                address(sums, (share * v.channels_out + k0) * n.tap_count),
                                wanted - k0,
                            ),
                        )  # fmt: skip
        return 0

    return lanes_weight
