"""How a source image of a convolution lies in scratch; plain NumPy.

A source image (x, or g for the input gradient) is copied into scratch with its zero padding and
laid out flat: rows of `pitch` elements, one plane after the other. Neighbouring rows share their
padding, so a 3x3 kernel with padding 1 needs one zero column, not two. A stride splits the plane
into phase planes (every sh-th row, every sw-th column), in which the strided convolution is an
ordinary one. Then, in elements of scratch,

    the value under tap t for output position p is image[pos[p] + taps[t]]
"""

from __future__ import annotations

from typing import NamedTuple

from autograd.kernels.conv.shape import ConvShape
from autograd.kernels.conv.tables import LINE_BYTES, ceil_div, odd_lines


class Layout(NamedTuple):
    """How a source image lies in scratch (all integers: compiled code reads them, `fields`)."""

    channels: int
    height: int
    width: int
    step_h: int  # stride that is split into phases
    step_w: int
    top: int  # zeros before the first row and column, in source pixels
    left: int
    phases_h: int  # phase planes a kernel tap can ask for
    phases_w: int
    rows: int  # of a phase plane
    columns: int
    pitch: int
    plane: int
    channel: int  # elements of the planes of one channel
    image: int  # from one image to the next
    group: int  # images laid out together
    copied: int  # 0: the source is read where it is


def make_layout(
    source: tuple[int, int, int],
    step: tuple[int, ...],
    before: tuple[int, int],
    planes: tuple[int, int],
    read: tuple[int, int],
    widest: int,
    itemsize: int,
) -> Layout:
    """Pitch and planes, where taps look at `read` rows and columns of `widest` outputs a row."""
    (channels, height, width), (sh, sw), (top, left), (rows, columns) = source, step, before, read
    starts = [max(0, ceil_div(left - b, sw)) for b in range(planes[1])]
    ends = [(width - 1 + left - b) // sw + 1 for b in range(planes[1])]
    data = min(columns, max(ends))
    zeros = max(0, min(data, *starts))
    data = max(data, zeros)
    pitch = max(widest, data - zeros + max(zeros, columns - data))
    plane = odd_lines(rows * pitch, itemsize)
    line = LINE_BYTES // itemsize  # images start where the next plane would
    lines = channels * planes[0] * planes[1] * plane // line
    image = (lines + (plane // line - lines) % 64) * line
    return Layout(
        channels, height, width, sh, sw, top, left, *planes, rows, columns, pitch, plane,
        planes[0] * planes[1] * plane, image,
        group=1, copied=1,
    )  # fmt: skip


def in_place(layout: Layout) -> Layout | None:
    """The same image read where it is, if it needs no padding and no phases."""
    v = layout
    plain = v.step_h == v.step_w == 1 and v.top == v.left == 0 and v.pitch == v.width
    if not plain or v.rows > v.height:
        return None
    plane = v.height * v.width
    return v._replace(plane=plane, channel=plane, image=v.channels * plane, copied=0)


def stride_taps(n: int, dilation: int, stride: int) -> tuple[list[int], list[int]]:
    """Phase and position within the phase of every tap along one axis."""
    return [i * dilation % stride for i in range(n)], [i * dilation // stride for i in range(n)]


def stride_layout(c: ConvShape, itemsize: int) -> tuple[Layout, list[int], list[int]]:
    """x split into phases, and the offset of every kernel row and column."""
    (row_phase, row), (column_phase, column) = (
        stride_taps(n, d, s) for n, d, s in zip((c.R, c.S), c.dilation, c.stride, strict=True)
    )
    planes = (max(row_phase) + 1, max(column_phase) + 1)
    read = (c.Ho + max(row), c.Wo + max(column))
    before = (c.padding[0], c.padding[2])
    layout = make_layout((c.C, c.H, c.W), c.stride, before, planes, read, c.Wo, itemsize)
    row_taps = [
        a * planes[1] * layout.plane + i * layout.pitch for a, i in zip(row_phase, row, strict=True)
    ]
    column_taps = [b * layout.plane + j for b, j in zip(column_phase, column, strict=True)]
    return layout, row_taps, column_taps
