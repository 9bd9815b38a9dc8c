"""The compiled convolution kernels: padding copies, and loops around the register blocks."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import from_dtype, int64, typeof

from autograd.kernels.conv_micro import (
    address,
    call,
    copy_row,
    function_address,
    image_block,
    weight_block,
)
from autograd.kernels.conv_plan import Block
from autograd.kernels.runtime import jit

_addresses: dict[tuple[Any, ...], int] = {}


@jit
def call_at(lo, hi, function, args):  # type: ignore[no-untyped-def]
    """The kernel at an address, as something `parallel_for` can launch.

    What is launched is compiled into its launcher once more, so it had better be short.
    """
    call(function, (lo, hi) + args)


def compiled_address(kernel: Any, dtype: np.dtype, *args: Any) -> int:
    """Where a kernel's machine code for arrays of this dtype is; compiled if it is not yet.

    All arguments' types follow from the kernel and the dtype.
    """
    key = kernel, dtype
    if key not in _addresses:
        _addresses[key] = function_address(kernel, tuple(typeof(a) for a in args))
    return _addresses[key]


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
def copy_images(source, first, count, target, layout):  # type: ignore[no-untyped-def]
    """Images first..first+count of source into scratch, split into phases."""
    v = layout
    kind = source[0]
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
def image_kernel(  # type: ignore[no-untyped-def]
    lo, hi, source, weight, bias, low, out, images, channels_out, groups, parts, out_plane,
    copy_images, tiles, rows, columns, layout, taps, pos, opos, row_source, row_target, pieces,
    phases, weight_starts, buffer, done,
):  # fmt: skip
    """Forward and input gradient: out[n, k, p] = bias[k] + Σ_t weight[k, t] · image[n, p, t].

    A chunk is a group of images by a part of the jobs; a job is a block of output channels.
    """
    image = source  # or scratch, whose zeros between the images' rows stay from image to image
    if layout.copied:
        image = np.zeros(layout.group * layout.image + 2 * layout.pitch + SLACK, out.dtype)
    flat = np.empty(rows * buffer + 1, out.dtype)
    group_in = layout.channels // groups * layout.channel
    group_out = channels_out // groups
    blocks = (group_out + rows - 1) // rows
    jobs = groups * blocks
    laid_out = -1
    for chunk in range(lo, hi):
        number = chunk // parts
        part = chunk - number * parts
        first = number * layout.group
        count = min(layout.group, images - first)
        base = 0
        if not layout.copied:
            base = first * layout.image
        elif laid_out != number:
            call(copy_images, (source, first, count, image, layout))
            laid_out = number
        for piece in range(pieces.shape[0]):
            phase = pieces[piece, 4]
            tap0 = phases[phase, 0]
            tap_count = phases[phase, 1]
            is_flat = phases[phase, 2]
            v0 = pieces[piece, 0]
            v1 = pieces[piece, 1]
            r0 = pieces[piece, 2]
            r1 = pieces[piece, 3]
            if count < layout.group:  # then the group is one piece
                v1 = min(v1, v0 + max(columns, count * phases[phase, 3]))
                r1 = min(r1, r0 + count * phases[phase, 4])
            target = flat if is_flat else out
            target_row = buffer if is_flat else out_plane
            for job in range(jobs * part // parts, jobs * (part + 1) // parts):
                group = job // blocks
                k0 = min((job - group * blocks) * rows, group_out - rows)
                channel = group * group_out + k0
                out0 = (first * channels_out + channel) * out_plane
                call(
                    tiles,
                    (
                        low, address(image, base + group * group_in), address(pos, v0),
                        address(taps, tap0), tap_count,
                        address(weight, weight_starts[phase] + job * rows * tap_count),
                        address(bias, channel), address(target, 0 if is_flat else out0),
                        target_row, address(opos, v0), v1 - v0,
                    ),
                )  # fmt: skip
                if is_flat:
                    width = phases[phase, 5]
                    step = phases[phase, 6]
                    for m in range(rows):
                        for r in range(r0, r1):
                            a = m * buffer + row_source[r]
                            b = out0 + m * out_plane + row_target[r]
                            copy_row(low, address(flat, a), 1, address(out, b), step, width)
        done[chunk] = 1
    return 0


@jit
def weight_kernel(  # type: ignore[no-untyped-def]
    lo, hi, g, source, sums, images, channels_out, groups, parts, chunks, copy_images, tiles, rows,
    lanes, layout, taps, pos, gpos, vectors, g_rows, g_columns, g_pitch, g_copied, piece, done,
):  # fmt: skip
    """Weight gradient: sums[chunk, k, t] = Σ_n Σ_p g[n, k, p] · image[n, p, t].

    A chunk is a share of the images by a part of the jobs; a job is a block of output channels.
    """
    image = source
    if layout.copied:
        image = np.zeros(layout.group * layout.image + 2 * layout.pitch + SLACK, g.dtype)
    g_row = g_rows * g_columns
    gradient = g
    if g_copied:
        g_row = layout.group * vectors * lanes
        gradient = np.zeros(channels_out * g_row, g.dtype)
    group_in = layout.channels // groups * layout.channel
    group_out = channels_out // groups
    blocks = (group_out + rows - 1) // rows
    jobs = groups * blocks
    tap_count = len(taps)
    numbers = (images + layout.group - 1) // layout.group
    kind = g[0]
    for chunk in range(lo, hi):
        share = chunk // parts
        part = chunk - share * parts
        job0 = jobs * part // parts
        job1 = jobs * (part + 1) // parts
        k_low = job0 // blocks * group_out + min(job0 % blocks * rows, group_out - rows)
        k_high = (job1 - 1) // blocks * group_out + rows
        k_high += min((job1 - 1) % blocks * rows, group_out - rows)
        for number in range(numbers * share // chunks, numbers * (share + 1) // chunks):
            first = number * layout.group
            count = min(layout.group, images - first)
            base = 0
            if not layout.copied:
                base = first * layout.image
            else:
                call(copy_images, (source, first, count, image, layout))
            g_base = first * channels_out * g_row
            if g_copied:
                g_base = 0
                for m in range(count):
                    for k in range(k_low, k_high):
                        a = ((first + m) * channels_out + k) * g_rows * g_columns
                        b = k * g_row + m * vectors * lanes
                        for i in range(g_rows):
                            copy_row(
                                kind, address(g, a + i * g_columns), 1,
                                address(gradient, b + i * g_pitch), 1, g_columns,
                            )  # fmt: skip
            for v0 in range(0, count * vectors, piece):
                v1 = min(v0 + piece, count * vectors)
                for job in range(job0, job1):
                    group = job // blocks
                    wanted = (job - group * blocks) * rows
                    k0 = min(wanted, group_out - rows)
                    channel = group * group_out + k0
                    call(
                        tiles,
                        (
                            kind, address(gradient, g_base + channel * g_row), g_row,
                            address(gpos, v0), address(image, base + group * group_in),
                            address(taps, 0), tap_count, address(pos, v0), v1 - v0,
                            address(sums, (share * channels_out + channel) * tap_count),
                            wanted - k0,
                        ),
                    )  # fmt: skip
        done[chunk] = 1
    return 0


@jit
def pack_weight(  # type: ignore[no-untyped-def]
    lo, hi, weight, packed, channels, rows, group_stride, channel_stride, phases, weight_taps,
    weight_starts,
):  # fmt: skip
    """weight -> packed[phase][job][tap][row of the block], for jobs lo..hi.

    Output channel k of group g has the weight of a tap at g·group_stride + k·channel_stride +
    weight_taps[tap]: forward and input gradient read the same array along different axes.
    """
    blocks = (channels + rows - 1) // rows
    for job in range(lo, hi):
        group = job // blocks
        k0 = min((job - group * blocks) * rows, channels - rows)
        for phase in range(phases.shape[0]):
            tap0 = phases[phase, 0]
            target = weight_starts[phase] + job * phases[phase, 1] * rows
            for m in range(rows):
                source = group * group_stride + (k0 + m) * channel_stride
                for t in range(phases[phase, 1]):
                    packed[target + t * rows + m] = weight[source + weight_taps[tap0 + t]]
    return 0
