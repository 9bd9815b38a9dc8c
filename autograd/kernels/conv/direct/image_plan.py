"""Tables of the forward pass and the input gradient: which vectors, under which taps; plain NumPy.

A source image lies in scratch as `layout.py` says. The table `pos` lists not single positions but
vectors of `lanes` neighbours. They come in two ways:

- *rows*: vectors cut from each output row, the last one overlapping its neighbour where the width
  is no multiple of `lanes`. Results are stored where they belong.
- *flat*: vectors cut from the flat plane, straight across the ends of rows. The few junk columns
  between rows are computed too; rows are then copied out of a buffer without them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograd.kernels.conv.direct.layout import (
    Layout,
    in_place,
    make_layout,
    stride_layout,
    stride_taps,
)
from autograd.kernels.conv.machine import Block, Machine
from autograd.kernels.conv.shape import ConvShape
from autograd.kernels.conv.tables import PREFETCH_TAPS, SCRATCH_BYTES, ceil_div, joined

NEAR_BYTES = 1 << 14  # half of a usual L1
FLAT_COPY = 20  # what copying a vector out of the flat buffer costs, in taps
ROW_STORE = 2  # what storing it in place costs


class Phase(NamedTuple):
    """Outputs that look at the same taps, as the image kernel sees them."""

    tap: int  # the first
    taps: int
    flat: int
    vectors: int  # of an image
    rows: int
    width: int  # of a row of outputs
    step: int  # from one of them to the next
    weights: int  # where its packed weights start


class Piece(NamedTuple):
    """What the image kernel does at a time: vectors v0..v1, then rows r0..r1, of one phase."""

    v0: int
    v1: int
    r0: int
    r1: int
    phase: int


class ImageTables(NamedTuple):
    """Where each table of an `ImagePlan` starts in the one array that holds them all."""

    taps: int  # of all phases, one after the other
    pos: int  # where the vectors of all pieces start in scratch
    opos: int  # and in the output, or in the flat buffer
    row_source: int  # rows to copy out of the flat buffer
    row_target: int
    weight_taps: int  # where in a filter the weight of each tap is


class ImagePlan(NamedTuple):
    """Everything the image kernel needs for one shape (see `direct/numba_kernels.py`)."""

    layout: Layout
    block: Block
    phases: list[Phase]
    pieces: list[Piece]
    tables: np.ndarray
    starts: ImageTables
    buffer: int  # columns of the flat buffer
    weight_strides: tuple[int, int]  # of groups and of output channels
    packed: int  # elements of the packed weights


class _Grid(NamedTuple):
    """Outputs that look at the same taps: a grid, where taps lie, and where results go."""

    rows: int
    columns: int
    kernel_rows: list[int]  # times the kernel's width: offsets into a filter
    kernel_columns: list[int]
    row_taps: list[int]  # offsets into scratch
    column_taps: list[int]
    target: int
    target_row: int
    target_column: int


class _Work(NamedTuple):
    """Sizes that forward and input gradient see from opposite sides."""

    images: int
    groups: int
    channels_in: int  # of a group
    channels_out: int
    image_out: int  # elements of an output image
    weights: int  # of a group
    filter_in: int  # distance of two input channels' weights
    filter_out: int  # distance of two output channels' weights


def forward_plan(c: ConvShape, itemsize: int, machine: Machine) -> ImagePlan:
    """The output as one phase over x."""
    layout, row_taps, column_taps = stride_layout(c, itemsize)
    rows, columns = [r * c.S for r in range(c.R)], list(range(c.S))
    phase = _Grid(c.Ho, c.Wo, rows, columns, row_taps, column_taps, 0, c.Wo, 1)
    filters, area = c.C // c.groups, c.R * c.S
    outputs = c.K // c.groups
    weights = outputs * filters * area
    work = _Work(c.N, c.groups, filters, outputs, c.K * c.Ho * c.Wo, weights, area, filters * area)
    return _image_plan(layout, [phase], work, itemsize, machine)


def input_grad_plan(c: ConvShape, itemsize: int, machine: Machine) -> ImagePlan:
    """The input gradient as one phase per residue of the stride, all over g.

    Padded row I = i + top of x meets kernel row r at output row (I - r·dh)/sh, so the rows with
    I = I'·sh + a meet the kernel rows with r·dh = q·sh + a, at output row I' - q.
    """
    axes = []
    before_axes = (c.padding[0], c.padding[2])
    for size, n, d, s, before in zip(
        (c.H, c.W), (c.R, c.S), c.dilation, c.stride, before_axes, strict=True
    ):
        residue, q = stride_taps(n, d, s)
        axis = []  # residue, first I', how many, kernel taps, first output looked at per tap
        for a in range(s):
            first = max(0, ceil_div(before - a, s))
            count = (size - 1 + before - a) // s + 1 - first
            taps = [t for t in range(n) if residue[t] == a]
            if count > 0:
                axis.append((a, first, count, taps, [first - q[t] for t in taps]))
        looked = [v for *_, look in axis for v in look] or [0]
        zeros = max(0, -min(looked))
        read = max(count + max(look, default=0) for _, _, count, _, look in axis) + zeros
        axes.append((axis, zeros, read))
    (rows, top, read_rows), (columns, left, read_columns) = axes
    widest = max(p[2] for p in columns)
    layout = make_layout(
        (c.K, c.Ho, c.Wo), (1, 1), (top, left), (1, 1), (read_rows, read_columns), widest, itemsize
    )
    phases = []
    for a, i0, count_i, kernel_rows, look_rows in rows:
        for b, j0, count_j, kernel_columns, look_columns in columns:
            i, j = i0 * c.stride[0] + a - c.padding[0], j0 * c.stride[1] + b - c.padding[2]
            row_taps = [(v + top) * layout.pitch for v in look_rows]
            column_taps = [v + left for v in look_columns]
            phases.append(
                _Grid(
                    count_i, count_j, [r * c.S for r in kernel_rows], kernel_columns,
                    row_taps, column_taps,
                    i * c.W + j, c.stride[0] * c.W, c.stride[1],
                )
            )  # fmt: skip
    filters, area = c.C // c.groups, c.R * c.S
    outputs = c.K // c.groups
    weights = outputs * filters * area
    work = _Work(c.N, c.groups, outputs, filters, c.C * c.H * c.W, weights, filters * area, area)
    return _image_plan(layout, phases, work, itemsize, machine)


def _image_plan(
    layout: Layout,
    phases: list[_Grid],
    work: _Work,
    itemsize: int,
    machine: Machine,
) -> ImagePlan:
    """Cut the phases into vectors, pick the block, and write the tables."""
    images, channels_in, channels_out = work.images, work.channels_in, work.channels_out
    lanes = machine.lanes(itemsize)
    flat = [_flat_is_cheaper(p, layout.pitch, channels_in, lanes) for p in phases]
    layout = (None if any(flat) else in_place(layout)) or layout
    counts = [
        ceil_div((p.rows - 1) * layout.pitch + p.columns, lanes) if f
        else p.rows * ceil_div(p.columns, lanes)
        for p, f in zip(phases, flat, strict=True)
    ]  # fmt: skip
    fewest = min(counts)
    most = min(images, ceil_div(96, fewest), max(1, SCRATCH_BYTES // (layout.image * itemsize)))
    block, group = min(
        (
            (b, n)
            for b in machine.image_blocks
            if b.rows <= channels_out
            for n in range(1, most + 1)
        ),
        key=lambda choice: _image_cost(choice[0], choice[1], channels_out, counts),
    )
    if fewest < block.columns and not all(flat):
        group = 1  # tables padded by repetition must not run into an image that is not there
    layout = layout._replace(group=group)
    one_tap = all(len(p.kernel_rows) * len(p.kernel_columns) == 1 for p in phases)
    near = NEAR_BYTES if one_tap else SCRATCH_BYTES  # a value used once a block comes from L1
    piece = max(near // (layout.channels * lanes * itemsize), 2 * block.columns)
    tables = _Tables(layout, lanes, block, piece, work)
    for phase, is_flat in zip(phases, flat, strict=True):
        tables.add(phase, is_flat)
    return tables.plan()


def _image_cost(block: Block, group: int, channels_out: int, counts: list[int]) -> float:
    """Cycles an image takes for each tap, with the waste where blocks do not fit, and a little
    for every group, which has costs of its own."""
    steps = sum(ceil_div(count * group, block.columns) + 1 for count in counts) / group
    return ceil_div(channels_out, block.rows) * steps * block.cycles()


def _flat_is_cheaper(p: _Grid, pitch: int, channels_in: int, lanes: int) -> bool:
    """Whether junk columns cost less than vectors that overlap; `rows` needs whole vectors."""
    if p.target_column != 1 or p.columns < lanes:
        return True
    taps = channels_in * len(p.kernel_rows) * len(p.kernel_columns)
    in_rows = p.rows * ceil_div(p.columns, lanes) * (taps + ROW_STORE)
    return ceil_div((p.rows - 1) * pitch + p.columns, lanes) * (taps + FLAT_COPY) < in_rows


class _Tables:
    """The growing tables of an `ImagePlan`."""

    def __init__(self, layout: Layout, lanes: int, block: Block, piece: int, work: _Work) -> None:
        self.layout, self.lanes, self.block, self.piece = layout, lanes, block, piece
        self.work = work
        self.weight_taps: list[int] = []
        self.taps: list[int] = []
        self.pos: list[int] = []
        self.opos: list[int] = []
        self.row_source: list[int] = []
        self.row_target: list[int] = []
        self.pieces: list[Piece] = []
        self.phases: list[Phase] = []
        self.buffer = 0
        self.packed = 0

    def add(self, p: _Grid, flat: bool) -> None:
        tap0 = len(self.taps)
        channel = self.layout.channel
        channels = range(self.work.channels_in)
        self.taps += [
            k * channel + r + s for k in channels for r in p.row_taps for s in p.column_taps
        ]
        self.weight_taps += [
            k * self.work.filter_in + r + s
            for k in channels
            for r in p.kernel_rows
            for s in p.kernel_columns
        ]
        vectors = self._add_flat(p) if flat else self._add_rows(p)
        taps = len(self.taps) - tap0
        self.phases.append(
            Phase(
                tap0, taps, int(flat), vectors, p.rows, p.columns, p.target_column, self.packed
            )
        )  # fmt: skip
        rows = self.block.rows
        self.packed += taps * self.work.groups * ceil_div(self.work.channels_out, rows) * rows

    def _ranges(self, count: int, step: int) -> list[range]:
        """0..count in ranges of `step`; a group of several images is not cut."""
        if self.layout.group > 1:
            return [range(count)]
        step = max(1, step)
        if ceil_div(count, step) == 1:
            return [range(count)]
        starts = list(range(0, count - step // 2, step))  # a short rest joins its neighbour
        return [range(i, j) for i, j in zip(starts, [*starts[1:], count], strict=True)]

    def _add_rows(self, p: _Grid) -> int:
        """Vectors that stay within a row; results go straight to the output."""
        starts = [min(j, p.columns - self.lanes) for j in range(0, p.columns, self.lanes)]
        cut = [(u, j) for u in range(p.rows) for j in starts]
        pitch, target = self.layout.pitch, p.target
        for part in self._ranges(len(cut), self.piece // self.block.columns * self.block.columns):
            pos = [cut[v][0] * pitch + cut[v][1] for v in part]
            opos = [target + cut[v][0] * p.target_row + cut[v][1] for v in part]
            self._add_piece(pos, opos, self.work.image_out, [], [])
        return len(cut)

    def _add_flat(self, p: _Grid) -> int:
        """Vectors across the ends of rows; results go to a buffer, rows are copied out of it."""
        pitch, vectors = self.layout.pitch, 0
        for part in self._ranges(p.rows, int(self.piece * self.lanes / pitch)):
            vectors = ceil_div((len(part) - 1) * pitch + p.columns, self.lanes)
            opos = [v * self.lanes for v in range(vectors)]
            pos = [part.start * pitch + v for v in opos]
            row_source = [u * pitch for u in range(len(part))]
            row_target = [p.target + u * p.target_row for u in part]
            self._add_piece(pos, opos, vectors * self.lanes, row_source, row_target)
            self.buffer = max(self.buffer, self.layout.group * vectors * self.lanes)
        return vectors

    def _add_piece(
        self,
        pos: list[int],
        opos: list[int],
        image_target: int,
        row_source: list[int],
        row_target: list[int],
    ) -> None:
        """The same for every image of the group, filled up to the width of a block."""
        v0, r0 = len(self.pos), len(self.row_source)
        for image in range(self.layout.group):
            self.pos += [v + image * self.layout.image for v in pos]
            self.opos += [v + image * image_target for v in opos]
            self.row_source += [v + image * image_target for v in row_source]
            self.row_target += [v + image * self.work.image_out for v in row_target]
        missing = self.block.columns - (len(self.pos) - v0)
        if missing > 0:
            self.pos += [self.pos[-1]] * missing
            self.opos += [self.opos[-1]] * missing
        self.pieces.append(Piece(v0, len(self.pos), r0, len(self.row_source), len(self.phases)))

    def plan(self) -> ImagePlan:
        tables, starts = joined(
            self.taps + [0] * PREFETCH_TAPS, self.pos, self.opos, self.row_source, self.row_target,
            self.weight_taps,
        )  # fmt: skip
        return ImagePlan(
            self.layout, self.block, self.phases, self.pieces, tables, ImageTables(*starts),
            self.buffer, (self.work.weights, self.work.filter_out), self.packed,
        )  # fmt: skip
