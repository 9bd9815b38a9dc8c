"""Transposed convolution: the input gradient of a convolution, used as a layer of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError, ShapeError
from autograd.ops.conv import (
    as_images,
    as_lines,
    channel_sums,
    conv2d,
    conv2d_weight_grad,
    of_height_one,
)
from autograd.ops.conv_geometry import (
    Geometry,
    Sizes,
    require_channels,
    shape_of,
    tidy,
)
from autograd.support.arguments import per_axis

__all__ = ["conv_transpose1d", "conv_transpose2d"]


class Part(NamedTuple):
    """Along one axis: what is wanted of what is stamped, and how many zeros follow it."""

    skipped: int
    kept: int
    left_out: int
    beyond: int


Frame = tuple[Part, ...]  # one for each axis


@op
def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    dilation=1,
):
    """Each element of x stamps its kernel, times the element, onto the output.

    out[n, k, i·stride + r·dilation − padding, j·stride + s·dilation − padding]
    += x[n,c,i,j] weight[c,k,r,s], plus bias[k]: the gradient of `conv2d` by its input.

    x (N, C, H, W) or (C, H, W), weight (C, K/groups, R, S), bias (K,) -> (N, K, H', W') or
    (K, H', W') with H' = (H − 1)·stride − 2·padding + dilation·(R − 1) + output_padding + 1.
    `output_padding` (less than stride or dilation) adds rows and columns at the end, to choose
    between the input sizes that one convolution maps to the same size.

    >>> import numpy as np
    >>> conv_transpose2d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 1, 2)), stride=2)
    array([[[1., 1., 2., 2.]]])
    """
    how, sizes, frame = _transposed_of(
        "conv_transpose2d", x, weight, bias, 2, stride, padding, output_padding, groups, dilation
    )
    images = x if x.ndim == 4 else x[None]
    out = _stamped(images, weight, bias, how, sizes, frame)
    out = out if x.ndim == 4 else out[0]
    weight_shape = weight.shape
    return out, (
        lambda g: conv2d(_reached(g, frame), weight, None, *how),
        lambda g: conv2d_weight_grad(x, _reached(g, frame), weight_shape, *how),
        lambda g: channel_sums(g, 2),
    )


@op
def conv_transpose1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    dilation=1,
):
    """Transposed convolution along one axis: `conv_transpose2d` on images of height 1.

    x (N, C, L) or (C, L), weight (C, K/groups, S), bias (K,) -> (N, K, L') or (K, L') with
    L' = (L − 1)·stride − 2·padding + dilation·(S − 1) + output_padding + 1.

    >>> import numpy as np
    >>> conv_transpose1d(np.array([[1.0, 2.0]]), np.array([[[1.0, 10.0]]]))
    array([[ 1., 12., 20.]])
    """
    line, sizes, frame = _transposed_of(
        "conv_transpose1d", x, weight, bias, 1, stride, padding, output_padding, groups, dilation
    )
    how = of_height_one(line)
    images = as_images(x if x.ndim == 3 else x[None])
    frame = frame and (Part(0, 1, 0, 0), *frame)
    out = as_lines(_stamped(images, as_images(weight), bias, how, (1, *sizes), frame))
    out = out if x.ndim == 3 else out[0]
    weight_shape = (*weight.shape[:-1], 1, weight.shape[-1])
    return out, (
        lambda g: as_lines(conv2d(_reached(as_images(g), frame), as_images(weight), None, *how)),
        lambda g: as_lines(
            conv2d_weight_grad(as_images(x), _reached(as_images(g), frame), weight_shape, *how)
        ),
        lambda g: channel_sums(g, 1),
    )


def _stamped(
    images: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    how: Geometry,
    sizes: Sizes,
    frame: Frame | None,
) -> np.ndarray:
    """Transposed convolution of (N, C, H, W), of whose output `frame` says what is wanted."""
    shape = (images.shape[0], weight.shape[1] * how.groups, *sizes)
    out = kernels.conv2d_input_grad(images, weight, shape, how[:4])
    if frame is not None:
        rows, columns = (slice(a.skipped, a.skipped + a.kept) for a in frame)
        out = np.pad(out[:, :, rows, columns], [(0, 0), (0, 0), *((0, a.beyond) for a in frame)])
    if bias is not None:
        out = out + bias[:, None, None]
    return out


def _reached(g, frame):
    """Adjoint of what `_stamped` does with `frame`: g where stamps lie, 0 where none is wanted."""
    if frame is None:
        return g
    inner = g[(..., *(slice(a.kept) for a in frame))]
    widths = [(a.skipped, a.left_out) for a in frame]
    return ops.pad(inner, [(0, 0)] * (g.ndim - 2) + widths)


def _transposed_of(op_name, x, weight, bias, axes, *statics):
    """`_transposed` of operands, and of lists."""
    shapes = shape_of(x), shape_of(weight), shape_of(bias)
    return _transposed(op_name, *shapes, axes, *map(tidy, statics))


@lru_cache(maxsize=256, typed=True)
def _transposed(
    op_name, x_shape, weight_shape, bias_shape, axes, stride, padding, output_padding, groups,
    dilation,
) -> tuple[Geometry, Sizes, Frame | None]:  # fmt: skip
    """The convolution that is transposed, the sizes of its input, and what of that is wanted.

    An `output_padding` below the stride only chooses between inputs of one convolution, and all of
    it is wanted (None). One that reaches the stride (possible where the dilation is larger) makes
    more rows than a convolution with this padding could have come from: then the convolution along
    that axis is the one without padding, and the part of its input that is wanted begins after
    `padding` and may end beyond the last stamp.
    """
    require_channels(op_name, x_shape, weight_shape, bias_shape, groups, axes, transposed=True)
    strides = per_axis(op_name, "stride", stride, 1, axes)
    dilations = per_axis(op_name, "dilation", dilation, 1, axes)
    sides = per_axis(op_name, "padding", padding, 0, axes)
    extra = per_axis(op_name, "output_padding", output_padding, 0, axes)
    if any(e >= max(s, d) for e, s, d in zip(extra, strides, dilations, strict=True)):
        raise ArgumentError(
            f"{op_name}: output_padding must be less than stride {strides} or dilation "
            f"{dilations}, got {output_padding!r}"
        )
    stamped = tuple(  # all rows that a stamp reaches
        (n - 1) * s + d * (k - 1) + 1
        for n, s, d, k in zip(x_shape[-axes:], strides, dilations, weight_shape[2:], strict=True)
    )
    sizes = tuple(n - 2 * p + e for n, p, e in zip(stamped, sides, extra, strict=True))
    if min(sizes) < 1:
        raise ShapeError(
            f"{op_name}: padding {sides} leaves no output of an input of {x_shape[-axes:]} with "
            f"kernel {weight_shape[2:]}, stride {strides} and dilation {dilations}"
        )
    frame = None
    if any(e >= s for e, s in zip(extra, strides, strict=True)):
        wide = [e >= s for e, s in zip(extra, strides, strict=True)]
        frame = tuple(map(_part, wide, stamped, sides, sizes))
        sides = tuple(0 if w else p for w, p in zip(wide, sides, strict=True))
        sizes = tuple(a.skipped + a.kept + a.left_out for a in frame)
    both = tuple(p for p in sides for _ in range(2))
    return Geometry(strides, both, dilations, int(groups)), sizes, frame


def _part(wide: bool, stamped: int, padding: int, size: int) -> Part:
    """What of `stamped` rows is wanted, to make `size` rows that begin after `padding`."""
    if not wide:
        return Part(0, size, 0, 0)
    skipped = min(padding, stamped)
    kept = min(stamped - skipped, size)
    return Part(skipped, kept, stamped - skipped - kept, size - kept)
