"""Tables of the weight gradient: vectors of pixels whose products with g are summed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograd.kernels.conv.direct.layout import Layout, in_place, stride_layout
from autograd.kernels.conv.machine import Block, Machine
from autograd.kernels.conv.shape import ConvShape
from autograd.kernels.conv.tables import ceil_div, joined

SUM_SCRATCH_BYTES = 1 << 21  # the weight gradient rather has long sums: images from L3 will do


class WeightTables(NamedTuple):
    """The same for a `WeightPlan`."""

    taps: int
    pos: int  # where the vectors of a group of images start in scratch
    gpos: int  # and in g


class WeightPlan(NamedTuple):
    """Everything the weight kernel needs for one shape (see `direct/numba_kernels.py`)."""

    layout: Layout
    block: Block
    taps: int
    tables: np.ndarray
    starts: WeightTables
    vectors: int  # of one image
    g_rows: tuple[int, int, int]  # rows of g to copy into scratch, their width and pitch there
    g_copied: int  # 0: g is read where it is
    piece: int  # vectors taken at a time
    chunks: int  # sums kept apart, added in order at the end


def weight_plan(c: ConvShape, itemsize: int, machine: Machine) -> WeightPlan:
    """Vectors of pixels for the sums of the weight gradient."""
    lanes = machine.lanes(itemsize)
    layout, row_taps, column_taps = stride_layout(c, itemsize)
    in_rows = c.Wo % lanes == 0
    if in_rows:
        layout = in_place(layout) or layout
        pos = [u * layout.pitch + j for u in range(c.Ho) for j in range(0, c.Wo, lanes)]
        gpos = [v * lanes for v in range(len(pos))]
        g_image = c.Ho * c.Wo
        g_rows = (1, c.Ho * c.Wo, c.Ho * c.Wo)
    else:  # g is copied with zeros in the junk columns
        count = ceil_div((c.Ho - 1) * layout.pitch + c.Wo, lanes)
        pos = [v * lanes for v in range(count)]
        gpos = pos
        g_image = count * lanes
        g_rows = (c.Ho, c.Wo, layout.pitch)
    channel = layout.channel
    taps = [
        k * channel + r + s for k in range(c.C // c.groups) for r in row_taps for s in column_taps
    ]
    vectors = len(pos)
    bytes_per_image = (layout.image + c.K * g_image) * itemsize
    group = min(c.N, ceil_div(100, vectors), max(1, SUM_SCRATCH_BYTES // bytes_per_image))
    layout = layout._replace(group=group)
    outputs = c.K // c.groups
    block = min(
        (b for b in machine.weight_blocks if b.rows <= outputs and b.columns <= len(taps)),
        key=lambda b: ceil_div(outputs, b.rows) * ceil_div(len(taps), b.columns) * b.cycles(),
    )
    groups = ceil_div(c.N, group)
    pieces = ceil_div(vectors * group, 128)
    small = c.K * len(taps) <= 1 << 16
    tables, starts = joined(
        taps,
        [x + m * layout.image for m in range(group) for x in pos],
        [x + m * g_image for m in range(group) for x in gpos],
    )
    return WeightPlan(
        layout,
        block,
        len(taps),
        tables,
        WeightTables(*starts),
        vectors,
        g_rows,
        int(group > 1 or not in_rows),
        ceil_div(vectors * group, pieces),
        min(groups, 8) if small else 1,
    )
