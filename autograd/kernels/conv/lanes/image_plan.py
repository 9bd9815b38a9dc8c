"""Tables for convolutions whose vector lanes are images; plain NumPy.

L images are laid out as one image of vectors: pixel (i, j) of a channel is L numbers in a row, one
of each image. There, output pixel and tap alone say what is multiplied, wherever the pixels of a
register block lie, so

- a block takes any V pixels, of which those with the same taps inside the image are put together,
  and leaves out the taps that would multiply zeros: 16 % of them for a 3x3 kernel on 8x8 images,
  half in the input gradient of a 5x5 kernel without padding from 10x10 to 14x14,
- zeros are laid out only where the pixels of a block differ, and a stride is just a distance.

Which taps of an axis lie inside the image is a bit mask: bit t for tap t.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from autograd.kernels.conv.machine import Block, Machine
from autograd.kernels.conv.shape import ConvShape
from autograd.kernels.conv.tables import ceil_div, joined, odd_lines

BUFFER_BYTES = 1 << 15  # of results between the register block and the transpose
START_CYCLES = 30  # of a block
MOST_TAPS = 1 << 14  # listed, of all classes


class LaneLayout(NamedTuple):
    """How images lie in scratch (all integers: compiled code reads them, `fields`)."""

    images: int
    channels_in: int
    channels_out: int
    plane_in: int  # pixels of a source image
    plane_out: int
    plane: int  # elements of a channel in scratch
    places: int  # where in `tables` it says where each pixel goes
    borders: int  # and which pixels of scratch are zero
    border_count: int


class LaneTables(NamedTuple):
    """Where the other tables of a `LanePlan` start in the one array that holds them all."""

    pieces: int  # first block, last + 1, first pixel, how many pixels
    blocks: int  # where its taps start, how many, V positions in scratch, V in the buffer
    taps: int  # offset in scratch, offset in a filter


class LanePlan(NamedTuple):
    """Everything the image kernel needs for one shape (see `lanes/numba_kernels.py`)."""

    layout: LaneLayout
    block: Block
    tables: np.ndarray
    starts: LaneTables
    pieces: int
    buffer: int  # elements of results for each output channel
    filter_out: int  # distance of two output channels' weights


class Axis(NamedTuple):
    """Outputs along an axis that look at the same taps: output i at bases[i] + shifts[tap]."""

    outputs: np.ndarray
    bases: np.ndarray
    kernel: np.ndarray  # the taps' numbers in the kernel
    shifts: np.ndarray
    inside: np.ndarray  # masks, for every output


class _Grouping(NamedTuple):
    """Pixels of one phase in the order in which blocks take them, V at a time."""

    phase: int
    rows: np.ndarray  # (blocks, V): indices into the phase's axes
    columns: np.ndarray
    row_masks: np.ndarray  # of all pixels of a block together
    column_masks: np.ndarray


def _axis(outputs: np.ndarray, bases: np.ndarray, kernel: np.ndarray, shifts: np.ndarray,
          size: int) -> Axis:  # fmt: skip
    at = bases[:, None] + shifts
    inside = ((at >= 0) & (at < size)) @ (1 << np.arange(len(kernel)))
    return Axis(outputs, bases, kernel, shifts, inside.astype(np.int64))


def forward_axis(size: int, out: int, n: int, stride: int, before: int, dilation: int) -> Axis:
    i, t = np.arange(out), np.arange(n)
    return _axis(i, i * stride - before, t, t * dilation, size)


def _gradient_axes(
    size: int, out: int, n: int, stride: int, before: int, dilation: int
) -> list[Axis]:
    """One for each residue of the stride: padded row I'·s + a meets tap q·s + a at row I' - q."""
    i, t = np.arange(size) + before, np.arange(n)
    axes = []
    for a in range(stride):
        mine, kernel = i[i % stride == a], t[t * dilation % stride == a]
        if len(mine):
            shifts = -(kernel * dilation // stride)
            axes.append(_axis(mine - before, mine // stride, kernel, shifts, out))
    return axes


def axes_of(c: ConvShape) -> list[tuple[int, int, int, int, int, int]]:
    """Size, outputs, taps, stride, padding before and dilation of rows and of columns."""
    top, _, left, _ = c.padding
    return [
        (c.H, c.Ho, c.R, c.stride[0], top, c.dilation[0]),
        (c.W, c.Wo, c.S, c.stride[1], left, c.dilation[1]),
    ]


def lanes_forward_plan(c: ConvShape, itemsize: int, machine: Machine) -> LanePlan:
    """The output as one phase over x."""
    phases = [tuple(forward_axis(*axis) for axis in axes_of(c))]
    area = c.R * c.S
    return _image_plan(
        phases, (c.C, c.H, c.W), (c.K, c.Ho, c.Wo), (area, c.C * area), c, itemsize, machine
    )


def lanes_input_grad_plan(c: ConvShape, itemsize: int, machine: Machine) -> LanePlan:
    """The input gradient as one phase for each residue of the stride, all over g."""
    phases = list(product(*(_gradient_axes(*axis) for axis in axes_of(c))))
    area = c.R * c.S
    return _image_plan(
        phases, (c.K, c.Ho, c.Wo), (c.C, c.H, c.W), (c.C * area, area), c, itemsize, machine
    )


def _image_plan(
    phases: list[tuple[Axis, ...]],
    source: tuple[int, int, int],
    out: tuple[int, int, int],
    filters: tuple[int, int],
    c: ConvShape,
    itemsize: int,
    machine: Machine,
) -> LanePlan:
    """Pick the block that has the least to do, and write the tables."""
    lanes = machine.lanes(itemsize)
    best, block, pieces, groupings = np.inf, None, None, None
    for b in machine.image_blocks:
        if b.rows > out[0]:
            continue
        cut = _pieces(out[1], out[2], lanes, BUFFER_BYTES // (b.rows * lanes * itemsize))
        grouped = [_group(phases, i0, i1, b.columns) for i0, i1 in cut]
        steps, blocks = _work(grouped)
        cost = ceil_div(out[0], b.rows) * (steps * source[0] * cycles(b) + blocks * START_CYCLES)
        if cost < best:
            best, block, pieces, groupings = cost, b, cut, grouped
    assert block is not None and pieces is not None and groupings is not None
    classes = {_key(g, i) for piece in groupings for g in piece for i in range(len(g.rows))}
    listed = sum(r.bit_count() * s.bit_count() for _, r, s in classes) * source[0]
    if listed > MOST_TAPS:
        groupings = [[_with_all_taps(g, phases[g.phase]) for g in piece] for piece in groupings]
    return _write(phases, source, out, filters, c, block, pieces, groupings, lanes, itemsize)


def cycles(block: Block) -> float:
    """Of one step: two fused multiply-adds or two loads each, aligned; 4 to finish."""
    return max(block.rows * block.columns / 2, (block.rows + block.columns + 2) / 2, 4.0)


def _pieces(height: int, width: int, lanes: int, most: int) -> list[tuple[int, int]]:
    """Rows in pieces of about `most` pixels, and of at least a vector."""
    count = ceil_div(height * width, max(most, width))
    while count > 1 and height // count * width < lanes:
        count -= 1
    return [(height * n // count, height * (n + 1) // count) for n in range(count)]


def _group(phases: list[tuple[Axis, ...]], i0: int, i1: int, wide: int) -> list[_Grouping]:
    """Pixels of output rows i0..i1, so that blocks of `wide` have little to do."""
    found = []
    for number, (vertical, horizontal) in enumerate(phases):
        chosen = np.flatnonzero((vertical.outputs >= i0) & (vertical.outputs < i1))
        if not len(chosen):
            continue
        rows, columns = (
            a.ravel() for a in np.meshgrid(chosen, range(len(horizontal.outputs)), indexing="ij")
        )
        up, across = vertical.inside[rows], horizontal.inside[columns]
        fill = -len(rows) % wide
        choices = []
        for order in ((columns, rows), (rows, columns), (up, across), (across, up)):
            taken = np.lexsort(order)
            taken = np.concatenate((taken, taken[-1:].repeat(fill))).reshape(-1, wide)
            choices.append(
                _Grouping(
                    number, rows[taken], columns[taken],
                    np.bitwise_or.reduce(up[taken], 1), np.bitwise_or.reduce(across[taken], 1),
                )
            )  # fmt: skip
        found.append(min(choices, key=lambda g: _work([[g]])[0]))
    return found


def _work(groupings: list[list[_Grouping]]) -> tuple[int, int]:
    """Taps of all blocks, in one channel, and how many blocks there are."""
    all_ = [g for piece in groupings for g in piece]
    taps = sum(
        int((np.bitwise_count(g.row_masks).astype(int) * np.bitwise_count(g.column_masks)).sum())
        for g in all_
    )
    return taps, sum(len(g.rows) for g in all_)


def _key(g: _Grouping, i: int) -> tuple[int, int, int]:
    return g.phase, int(g.row_masks[i]), int(g.column_masks[i])


def _with_all_taps(g: _Grouping, phase: tuple[Axis, ...]) -> _Grouping:
    every = [np.full(len(g.rows), (1 << len(axis.kernel)) - 1) for axis in phase]
    return g._replace(row_masks=every[0], column_masks=every[1])


def _bits(mask: int) -> np.ndarray:
    return np.array([t for t in range(mask.bit_length()) if mask >> t & 1], np.int64)


def _reach(
    groupings: list[list[_Grouping]], phases: list[tuple[Axis, ...]], axis: int, size: int
) -> tuple[int, int]:
    """First and last + 1 row (or column) of the source that is there or is looked at."""
    low, high = 0, size
    for g in (g for piece in groupings for g in piece):
        a = phases[g.phase][axis]
        bases = a.bases[(g.rows, g.columns)[axis]]
        masks = (g.row_masks, g.column_masks)[axis]
        for mask in set(masks.tolist()) - {0}:
            shifts, mine = a.shifts[_bits(mask)], bases[masks == mask]
            low = min(low, int(mine.min() + shifts.min()))
            high = max(high, int(mine.max() + shifts.max()) + 1)
    return low, high


def laid_out(
    height: int, width: int, low: tuple[int, int], high: tuple[int, int], lanes: int
) -> tuple[list[int], list[int]]:
    """Where in scratch the pixels of a source image go, and which of its elements stay zero."""
    pitch = high[1] - low[1]
    rows = np.arange(height)[:, None] - low[0]
    inner = (rows * pitch + np.arange(width) - low[1]).ravel()
    border = np.setdiff1d(np.arange((high[0] - low[0]) * pitch), inner)
    return (inner * lanes).tolist(), (border * lanes).tolist()


def _write(
    phases: list[tuple[Axis, ...]],
    source: tuple[int, int, int],
    out: tuple[int, int, int],
    filters: tuple[int, int],
    c: ConvShape,
    block: Block,
    pieces: list[tuple[int, int]],
    groupings: list[list[_Grouping]],
    lanes: int,
    itemsize: int,
) -> LanePlan:
    """All tables of an image kernel."""
    channels_in, height, width = source
    channels_out, out_height, out_width = out
    (top, bottom), (left, right) = (
        _reach(groupings, phases, axis, size) for axis, size in enumerate((height, width))
    )
    pitch = right - left
    plane = odd_lines((bottom - top) * pitch * lanes, itemsize)
    places, borders = laid_out(height, width, (top, left), (bottom, right), lanes)
    channels = np.arange(channels_in)[:, None, None]
    taps: list[int] = []
    known: dict[tuple[int, int, int], tuple[int, int]] = {}
    blocks: list[int] = []
    piece_table: list[int] = []
    record = 2 + 2 * block.columns
    for (i0, i1), piece in zip(pieces, groupings, strict=True):
        first = len(blocks) // record
        for g in piece:
            vertical, horizontal = phases[g.phase]
            pos = (vertical.bases[g.rows] - top) * pitch + horizontal.bases[g.columns] - left
            opos = (vertical.outputs[g.rows] - i0) * out_width + horizontal.outputs[g.columns]
            for i in range(len(g.rows)):
                key = _key(g, i)
                if key not in known:
                    r, s = _bits(key[1]), _bits(key[2])
                    shifts = vertical.shifts[r][:, None] * pitch + horizontal.shifts[s]
                    filter_ = vertical.kernel[r][:, None] * c.S + horizontal.kernel[s]
                    pairs = np.stack(
                        (channels * plane + shifts * lanes, channels * filters[0] + filter_), -1
                    )
                    known[key] = (len(taps), pairs.size // 2)
                    taps += pairs.ravel().tolist()
                blocks += [*known[key], *(pos[i] * lanes).tolist(), *(opos[i] * lanes).tolist()]
        piece_table += [
            first, len(blocks) // record, i0 * out_width, (i1 - i0) * out_width,
        ]  # fmt: skip
    tables, starts = joined(places, borders, piece_table, blocks, taps)
    layout = LaneLayout(
        c.N, channels_in, channels_out, height * width, out_height * out_width, plane,
        starts[0], starts[1], len(borders),
    )  # fmt: skip
    longest = max(piece_table[3::4])
    return LanePlan(
        layout, block, tables, LaneTables(*starts[2:]), len(pieces),
        odd_lines(longest * lanes, itemsize), filters[1],
    )  # fmt: skip
