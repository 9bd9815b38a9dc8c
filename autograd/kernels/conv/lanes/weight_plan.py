"""Tables for weight gradients whose vector lanes are images; plain NumPy.

A tile of taps is summed over those pixels that at least one of its taps sees the image from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograd.kernels.conv.lanes.image_plan import (
    Axis,
    LaneLayout,
    axes_of,
    cycles,
    forward_axis,
    laid_out,
)
from autograd.kernels.conv.machine import Block, Machine
from autograd.kernels.conv.shape import ConvShape
from autograd.kernels.conv.tables import ceil_div, joined, odd_lines

SUM_CYCLES = 50  # to add a block's lanes up
SUM_PIXELS = 112  # taken at a time: both operands come from L1
MOST_PIXELS = 1 << 17  # listed, of all classes of taps
SUM_BYTES = 1 << 19  # of images laid out together, where they have fewer pixels than that


class LaneSumTables(NamedTuple):
    """Where the other tables of a `LaneSumPlan` start in the one array that holds them all."""

    lists: int  # of each piece and class: where its pixels start, how many in a group of images
    gpos: int  # positions in g
    pos: int  # and in x
    tile_classes: int
    taps: int  # offsets in scratch
    targets: int  # and among the weights
    g_places: int


class LaneSumPlan(NamedTuple):
    """Everything the weight kernel needs for one shape (see `lanes/numba_kernels.py`)."""

    layout: LaneLayout
    block: Block
    tables: np.ndarray
    g_plane: int  # elements of a channel of g in scratch
    together: int  # groups of images laid out together
    pieces: int
    classes: int
    starts: LaneSumTables
    tap_count: int
    shares: int  # sums kept apart, added in order at the end


class _Tiles(NamedTuple):
    """How taps are cut into tiles of a block's width, and the pixels each is summed over."""

    block: Block
    order: np.ndarray  # of the taps, which are numbered as the weights of a filter are
    masks: list[tuple[int, int]]  # rows and columns of the kernel in the tiles of each class
    class_of: np.ndarray
    pixels: np.ndarray  # of each class, how many

    def cycles(self) -> float:
        """Of all tiles, for one block of output channels."""
        pieces = -(-self.pixels // SUM_PIXELS)
        of_class = self.pixels * cycles(self.block) + SUM_CYCLES * pieces
        return float(of_class[self.class_of].sum())


def _seen(inside: np.ndarray, mask: int) -> np.ndarray:
    """Outputs from which one of these taps is inside the image."""
    return (inside & mask) != 0


def _tiles(
    block: Block, order: np.ndarray, c: ConvShape, vertical: Axis, horizontal: Axis
) -> _Tiles:
    """The pixels that any tap of a tile sees the image from; simply all of them if those are nearly
    as many, or the lists too long."""
    wide, count = block.columns, len(order)
    starts = np.minimum(np.arange(0, count, wide), count - wide)
    taps = order[starts[:, None] + np.arange(wide)] % (c.R * c.S)
    rows = np.bitwise_or.reduce(1 << taps // c.S, 1)
    columns = np.bitwise_or.reduce(1 << taps % c.S, 1)
    found, class_of = np.unique(np.stack((rows, columns), 1), axis=0, return_inverse=True)
    masks = [(int(r), int(s)) for r, s in found]
    pixels = np.array(
        [_seen(vertical.inside, r).sum() * _seen(horizontal.inside, s).sum() for r, s in masks]
    )
    class_of, all_ = class_of.ravel(), c.Ho * c.Wo
    if pixels[class_of].mean() > 0.95 * all_ or pixels.sum() > MOST_PIXELS:
        every = ((1 << c.R) - 1, (1 << c.S) - 1)
        return _Tiles(block, order, [every], np.zeros_like(class_of), np.array([all_]))
    return _Tiles(block, order, masks, class_of, pixels)


def _best_tiles(c: ConvShape, machine: Machine, vertical: Axis, horizontal: Axis) -> _Tiles:
    """Of all blocks, and with taps in the order of the weights or those that lie at the same place
    of a block's width of filters side by side."""
    taps = np.arange(c.C * c.R * c.S).reshape(c.C, -1)
    choices = []
    for b in machine.weight_blocks:
        if b.rows <= c.K and b.columns <= taps.size:
            choices.append(_tiles(b, taps.ravel(), c, vertical, horizontal))
            if 1 < b.columns <= c.C:
                order = [taps[i : i + b.columns].T.ravel() for i in range(0, c.C, b.columns)]
                choices.append(_tiles(b, np.concatenate(order), c, vertical, horizontal))
    return min(choices, key=lambda t: ceil_div(c.K, t.block.rows) * t.cycles())


def lanes_weight_plan(c: ConvShape, itemsize: int, machine: Machine) -> LaneSumPlan:
    """Tiles of taps, and lists of the pixels that each is summed over."""
    lanes, pixels = machine.lanes(itemsize), c.Ho * c.Wo
    vertical, horizontal = axes = [forward_axis(*axis) for axis in axes_of(c)]
    tiles = _best_tiles(c, machine, vertical, horizontal)
    top, left = (min(0, int(a.bases[0])) for a in axes)
    bottom, right = (
        max(size, int(a.bases[-1] + a.shifts[-1]) + 1)
        for a, size in zip(axes, (c.H, c.W), strict=True)
    )
    pitch = right - left
    plane = odd_lines((bottom - top) * pitch * lanes, itemsize)
    g_plane = odd_lines(pixels * lanes, itemsize)

    groups = ceil_div(c.N, lanes)
    bytes_of_group = (c.C * plane + c.K * g_plane) * itemsize
    together = min(groups, ceil_div(100, pixels), max(1, SUM_BYTES // bytes_of_group))
    batches = ceil_div(groups, together)
    together = ceil_div(groups, batches)
    pieces = 1 if together > 1 else ceil_div(pixels, SUM_PIXELS)

    row, column = np.divmod(np.arange(pixels), c.Wo)
    place = (vertical.bases[row] - top) * pitch + horizontal.bases[column] - left
    group = np.arange(together)[:, None]
    lists: list[int] = []
    gpos: list[int] = []
    pos: list[int] = []
    for n in range(pieces):
        for r, s in tiles.masks:
            p = _seen(vertical.inside, r)[:, None] & _seen(horizontal.inside, s)
            p = np.flatnonzero(p)
            p = p[(p >= pixels * n // pieces) & (p < pixels * (n + 1) // pieces)]
            lists += [len(pos), len(p)]
            gpos += (group * c.K * g_plane + p * lanes).ravel().tolist()
            pos += (group * c.C * plane + place[p] * lanes).ravel().tolist()
    channel, tap = np.divmod(tiles.order, c.R * c.S)
    shifts = vertical.shifts[tap // c.S] * pitch + horizontal.shifts[tap % c.S]
    shifts = channel * plane + shifts * lanes
    places, borders = laid_out(c.H, c.W, (top, left), (bottom, right), lanes)
    tables, starts = joined(
        places, borders, lists, gpos, pos, tiles.class_of.tolist(), shifts.tolist(),
        tiles.order.tolist(), list(range(0, pixels * lanes, lanes)),
    )  # fmt: skip
    small = c.K * len(shifts) <= 1 << 16
    return LaneSumPlan(
        LaneLayout(
            c.N, c.C, c.K, c.H * c.W, pixels, plane, starts[0], starts[1], len(borders)
        ),
        tiles.block, tables, g_plane, together, pieces, len(tiles.masks),
        LaneSumTables(*starts[2:]), len(shifts), min(batches, 8) if small else 1,
    )  # fmt: skip
