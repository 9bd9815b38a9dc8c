"""The compiled kernels of direct convolution: padding copies, and loops around register blocks."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numba import from_dtype, int64

from autograd.kernels.codegen.memory import (
    address,
    call,
    copy_row,
    fields,
    function_address,
    put,
    value,
)
from autograd.kernels.conv.direct.image_plan import Phase, Piece
from autograd.kernels.conv.direct.layout import Layout
from autograd.kernels.conv.direct.register_blocks import image_block, weight_block
from autograd.kernels.conv.machine import Block
from autograd.kernels.conv.numba_kernels import NUMBERS, add_total, images_of, plane_sum
from autograd.kernels.runtime import jit

LAYOUT = 1  # where in `numbers` it starts: after the kernel's address
SIZES = LAYOUT + len(Layout._fields)


class ImageSizes(NamedTuple):
    """What the image kernel reads in `numbers`, after the layout."""

    copy: int  # address of `copy_images`
    tiles: int  # and of the loop around the register block
    pack: int  # and of `pack_weight`; 0: the weights come packed
    packed: int  # elements
    relu: int
    images: int
    channels_out: int
    groups: int
    parts: int
    out_plane: int
    rows: int  # of a register block
    columns: int
    buffer: int
    group_stride: int  # of the weights
    channel_stride: int
    phases: int  # which come next in `numbers`
    pieces: int  # and these after them
    taps: int  # where each table starts in `tables`
    pos: int
    opos: int
    row_source: int
    row_target: int
    weight_taps: int


class WeightSizes(NamedTuple):
    """What the weight kernel reads in `numbers`, after the layout."""

    copy: int  # address of `copy_images`
    tiles: int  # and of the loop around the register block
    images: int
    channels_out: int
    groups: int
    parts: int
    chunks: int
    rows: int  # of a register block
    lanes: int
    vectors: int
    g_rows: int
    g_columns: int
    g_pitch: int
    g_copied: int
    piece: int
    totals: int  # whether the sums of g are wanted too
    tap_count: int
    taps: int  # where each table starts in `tables`
    pos: int
    gpos: int


PHASES = SIZES + len(ImageSizes._fields)
PHASE, PIECE = len(Phase._fields), len(Piece._fields)


@cache
def copy_address(dtype: np.dtype) -> int:
    """Where the machine code of `copy_images` for this dtype is."""
    images = images_of(dtype)
    return function_address(copy_images, (images, int64, int64, images, NUMBERS))


SLACK = 128  # elements after the last plane that a vector or a junk column may reach


@cache
def image_tiles(lanes: int, block: Block, dtype: np.dtype) -> int:
    """Address of a loop of `image_block` over `count` vectors, at least block.columns of them."""
    L, M, V = lanes, block.rows, block.columns

    @jit(key=("image", L, M, V))
    def tiles(
        low, image, pos, taps, tap_count, weight, bias, out, out_row, opos, count
    ):  # fmt: skip
        for v in range(0, count, V):
            v4 = 4 * min(v, count - V)  # the last tile overlaps the one before
            image_block(
                L, M, V, low, image, pos + v4, taps, tap_count, weight, bias, out, out_row,
                opos + v4,
            )  # fmt: skip
        return 0

    return function_address(tiles, (from_dtype(dtype), *[int64] * 10))


@cache
def weight_tiles(lanes: int, block: Block, dtype: np.dtype) -> int:
    """Address of a loop of `weight_block` over all taps, at least block.columns of them."""
    L, M, V = lanes, block.rows, block.columns
    itemsize = dtype.itemsize

    @jit(key=("weight", L, M, V, itemsize))
    def tiles(kind, g, g_row, gpos, image, taps, tap_count, pos, pos_count, sums, skip):
        for wanted in range(0, tap_count, V):
            t = min(wanted, tap_count - V)
            weight_block(
                L, M, V, kind, g, g_row, gpos, image, taps + 4 * t, pos, pos_count,
                sums + itemsize * t, tap_count, skip, wanted - t,
            )  # fmt: skip
        return 0

    return function_address(tiles, (from_dtype(dtype), *[int64] * 10))


@jit
def copy_images(source, first, count, target, numbers):  # type: ignore[no-untyped-def]
    """Images first..first+count of source into scratch, split into phases."""
    v = fields(Layout, numbers, LAYOUT)
    kind = value(source, 0)
    for image in range(count):
        for channel in range(v.channels):
            source0 = ((first + image) * v.channels + channel) * v.height * v.width
            for a in range(v.phases_h):
                row0 = max(0, -((a - v.top) // v.step_h))
                row1 = min(v.rows, (v.height - 1 + v.top - a) // v.step_h + 1)
                for b in range(v.phases_w):
                    column0 = max(0, -((b - v.left) // v.step_w))
                    column1 = min(v.columns, (v.width - 1 + v.left - b) // v.step_w + 1)
                    plane = (channel * v.phases_h + a) * v.phases_w + b
                    target0 = image * v.image + plane * v.plane + column0
                    for row in range(row0, row1):
                        s = source0 + (row * v.step_h + a - v.top) * v.width
                        s += column0 * v.step_w + b - v.left
                        t = target0 + row * v.pitch
                        copy_row(
                            kind, address(source, s), v.step_w, address(target, t), 1,
                            column1 - column0,
                        )  # fmt: skip
    return 0


@jit
def image_kernel(lo, hi, source, weight, bias, out, numbers, tables):  # type: ignore[no-untyped-def]
    """Forward and input gradient: out[n, k, p] = bias[k] + Σ_t weight[k, t] · image[n, p, t].

    A chunk is a group of images by a part of the jobs; a job is a block of output channels.
    """
    v = fields(Layout, numbers, LAYOUT)
    n = fields(ImageSizes, numbers, SIZES)
    low = out.dtype.type(0.0 if n.relu else -np.inf)
    image = source  # or scratch, whose zeros between the images' rows stay from image to image
    if v.copied:
        image = np.zeros((1, 1, 1, v.group * v.image + 2 * v.pitch + SLACK), out.dtype)
    flat = np.empty(n.rows * n.buffer + 1, out.dtype)
    group_in = v.channels // n.groups * v.channel
    group_out = n.channels_out // n.groups
    blocks = (group_out + n.rows - 1) // n.rows
    jobs = n.groups * blocks
    filters = weight
    if n.pack:
        filters = np.empty((1, 1, 1, n.packed), out.dtype)
        call(n.pack, (0, jobs, source, weight, bias, filters, numbers, tables))
    laid_out = -1
    for chunk in range(lo, hi):
        number = chunk // n.parts
        part = chunk - number * n.parts
        first = number * v.group
        count = min(v.group, n.images - first)
        base = 0
        if not v.copied:
            base = first * v.image
        elif laid_out != number:
            call(n.copy, (source, first, count, image, numbers))
            laid_out = number
        for i in range(n.pieces):
            piece = fields(Piece, numbers, PHASES + n.phases * PHASE + i * PIECE)
            phase = fields(Phase, numbers, PHASES + piece.phase * PHASE)
            v1 = piece.v1
            r1 = piece.r1
            if count < v.group:  # then the group is one piece
                v1 = min(v1, piece.v0 + max(n.columns, count * phase.vectors))
                r1 = min(r1, piece.r0 + count * phase.rows)
            for job in range(jobs * part // n.parts, jobs * (part + 1) // n.parts):
                group = job // blocks
                k0 = min((job - group * blocks) * n.rows, group_out - n.rows)
                channel = group * group_out + k0
                out0 = (first * n.channels_out + channel) * n.out_plane
                call(
                    n.tiles,
                    (
                        low, address(image, base + group * group_in),
                        address(tables, n.pos + piece.v0), address(tables, n.taps + phase.tap),
                        phase.taps,
                        address(filters, phase.weights + job * n.rows * phase.taps),
                        address(bias, channel),
                        address(flat, 0) if phase.flat else address(out, out0),
                        n.buffer if phase.flat else n.out_plane,
                        address(tables, n.opos + piece.v0), v1 - piece.v0,
                    ),
                )  # fmt: skip
                if phase.flat:
                    for m in range(n.rows):
                        for r in range(piece.r0, r1):
                            a = m * n.buffer + value(tables, n.row_source + r)
                            b = out0 + m * n.out_plane + value(tables, n.row_target + r)
                            copy_row(
                                low, address(flat, a), 1, address(out, b), phase.step, phase.width
                            )  # fmt: skip
    return 0


@jit
def weight_kernel(  # type: ignore[no-untyped-def]
    lo, hi, g, source, totals, sums, numbers, tables
):  # fmt: skip
    """Weight gradient: sums[share, k, t] = Σ_n Σ_p g[n, k, p] · image[n, p, t].

    A chunk is a share of the images by a part of the jobs; a job is a block of output channels.
    On the way totals[share, k] = Σ_n Σ_p g[n, k, p], the gradient of a bias, while g is at hand;
    as two numbers (`add_total`).
    """
    v = fields(Layout, numbers, LAYOUT)
    n = fields(WeightSizes, numbers, SIZES)
    image = source
    if v.copied:
        image = np.zeros((1, 1, 1, v.group * v.image + 2 * v.pitch + SLACK), g.dtype)
    g_row = n.g_rows * n.g_columns
    gradient = g
    if n.g_copied:
        g_row = v.group * n.vectors * n.lanes
        gradient = np.zeros((1, 1, 1, n.channels_out * g_row), g.dtype)
    group_in = v.channels // n.groups * v.channel
    group_out = n.channels_out // n.groups
    blocks = (group_out + n.rows - 1) // n.rows
    jobs = n.groups * blocks
    batches = (n.images + v.group - 1) // v.group
    kind = value(g, 0)
    for chunk in range(lo, hi):
        share = chunk // n.parts
        part = chunk - share * n.parts
        job0 = jobs * part // n.parts
        job1 = jobs * (part + 1) // n.parts
        k_low = job0 // blocks * group_out + min(job0 % blocks * n.rows, group_out - n.rows)
        k_high = (job1 - 1) // blocks * group_out + n.rows
        k_high += min((job1 - 1) % blocks * n.rows, group_out - n.rows)
        k_own = job0 // blocks * group_out + job0 % blocks * n.rows  # not of the block before
        for number in range(batches * share // n.chunks, batches * (share + 1) // n.chunks):
            first = number * v.group
            count = min(v.group, n.images - first)
            base = 0
            if not v.copied:
                base = first * v.image
            else:
                call(n.copy, (source, first, count, image, numbers))
            if n.totals:
                g_plane = n.g_rows * n.g_columns
                for m in range(count):
                    for k in range(k_own, k_high):
                        a = ((first + m) * n.channels_out + k) * g_plane
                        add_total(totals, share * n.channels_out + k, plane_sum(g, a, g_plane))
            g_base = first * n.channels_out * g_row
            if n.g_copied:
                g_base = 0
                for m in range(count):
                    for k in range(k_low, k_high):
                        a = ((first + m) * n.channels_out + k) * n.g_rows * n.g_columns
                        b = k * g_row + m * n.vectors * n.lanes
                        for i in range(n.g_rows):
                            copy_row(
                                kind, address(g, a + i * n.g_columns), 1,
                                address(gradient, b + i * n.g_pitch), 1, n.g_columns,
                            )  # fmt: skip
            for v0 in range(0, count * n.vectors, n.piece):
                v1 = min(v0 + n.piece, count * n.vectors)
                for job in range(job0, job1):
                    group = job // blocks
                    wanted = (job - group * blocks) * n.rows
                    k0 = min(wanted, group_out - n.rows)
                    channel = group * group_out + k0
                    call(
                        n.tiles,
                        (
                            kind, address(gradient, g_base + channel * g_row), g_row,
                            address(tables, n.gpos + v0), address(image, base + group * group_in),
                            address(tables, n.taps), n.tap_count, address(tables, n.pos + v0),
                            v1 - v0,
                            address(sums, (share * n.channels_out + channel) * n.tap_count),
                            wanted - k0,
                        ),
                    )  # fmt: skip
    return 0


@jit
def pack_weight(lo, hi, source, weight, bias, packed, numbers, tables):  # type: ignore[no-untyped-def]
    """weight -> packed[phase][job][tap][row of the block], for jobs lo..hi.

    Output channel k of group g has the weight of a tap at g·group_stride + k·channel_stride +
    weight_taps[tap]: forward and input gradient read the same array along different axes.
    """
    n = fields(ImageSizes, numbers, SIZES)
    channels = n.channels_out // n.groups
    blocks = (channels + n.rows - 1) // n.rows
    for job in range(lo, hi):
        group = job // blocks
        k0 = min((job - group * blocks) * n.rows, channels - n.rows)
        for i in range(n.phases):
            phase = fields(Phase, numbers, PHASES + i * PHASE)
            target = phase.weights + job * phase.taps * n.rows
            taps = n.weight_taps + phase.tap
            for m in range(n.rows):
                start = group * n.group_stride + (k0 + m) * n.channel_stride
                for t in range(phase.taps):
                    at = start + value(tables, taps + t)
                    put(packed, target + t * n.rows + m, value(weight, at))
    return 0
