"""Transposed convolution: the input gradient of a convolution, used as a layer of its own."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from autograd.errors import ArgumentError, ShapeError
from autograd.kernels import conv as kernels
from autograd.ops.conv import channel_sums, conv2d, conv2d_weight_grad, of_height_one
from autograd.ops.conv_geometry import (
    Geometry,
    Sizes,
    per_axis,
    require_bias,
    require_groups,
    require_image,
    shape_of,
    tidy,
)
from autograd.record import Array, op

__all__ = ["conv_transpose1d", "conv_transpose2d"]

_KERNELS = {1: "(C, K/groups, S)", 2: "(C, K/groups, R, S)"}


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
    how, sizes, surplus = _transposed(
        "conv_transpose2d", shape_of(x), shape_of(weight), shape_of(bias), 2,
        tidy(stride), tidy(padding), tidy(output_padding), groups, tidy(dilation),
    )  # fmt: skip
    images = x if x.ndim == 4 else x[None]
    out = _stamped(images, weight, bias, how, sizes, surplus)
    out = out if x.ndim == 4 else out[0]
    inner = (..., slice(sizes[0]), slice(sizes[1]))
    weight_shape = weight.shape
    return out, (
        lambda g: conv2d(g[inner], weight, None, *how),
        lambda g: conv2d_weight_grad(x, g[inner], weight_shape, *how),
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
    line, sizes, surplus = _transposed(
        "conv_transpose1d", shape_of(x), shape_of(weight), shape_of(bias), 1,
        tidy(stride), tidy(padding), tidy(output_padding), groups, tidy(dilation),
    )  # fmt: skip
    how = of_height_one(line)
    images = x[..., None, :] if x.ndim == 3 else x[None, :, None, :]
    out = _stamped(images, weight[..., None, :], bias, how, (1, *sizes), (0, *surplus))
    out = out[:, :, 0] if x.ndim == 3 else out[0, :, 0]
    inner = (..., None, slice(sizes[0]))
    weight_shape = (*weight.shape[:-1], 1, weight.shape[-1])
    return out, (
        lambda g: conv2d(g[inner], weight[..., None, :], None, *how)[..., 0, :],
        lambda g: conv2d_weight_grad(x[..., None, :], g[inner], weight_shape, *how)[..., 0, :],
        lambda g: channel_sums(g, 1),
    )


def _stamped(
    images: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    how: Geometry,
    sizes: Sizes,
    surplus: Sizes,
) -> np.ndarray:
    """Transposed convolution of (N, C, H, W), with `surplus` rows and columns of bias alone."""
    shape = (images.shape[0], weight.shape[1] * how.groups, *sizes)
    out = kernels.conv2d_input_grad(
        images, weight, shape, how.stride, how.padding, how.dilation, how.groups
    )
    if any(surplus):
        out = np.pad(out, ((0, 0), (0, 0), (0, surplus[0]), (0, surplus[1])))
    if bias is not None:
        out = out + bias[:, None, None]
    return out


@lru_cache(maxsize=256, typed=True)
def _transposed(
    op_name, x_shape, weight_shape, bias_shape, axes, stride, padding, output_padding, groups,
    dilation,
) -> tuple[Geometry, Sizes, Sizes]:  # fmt: skip
    """The convolution that is transposed, the sizes of its input, and what is added to those.

    An `output_padding` below the stride belongs to the convolution's input; the rest (possible
    where the dilation is larger) is beyond the reach of every kernel.
    """
    require_image(op_name, "x", x_shape, axes)
    if len(weight_shape) != axes + 2 or min(weight_shape) < 1:
        raise ShapeError(
            f"{op_name}: weight must be {_KERNELS[axes]} with no axis of length 0, "
            f"got {weight_shape}"
        )
    channels = x_shape[-axes - 1]
    require_groups(op_name, groups)
    if channels % groups:
        raise ShapeError(f"{op_name}: groups={groups} must divide the {channels} channels of x")
    if weight_shape[0] != channels:
        fitting = f"({channels}, {', '.join(map(str, weight_shape[1:]))})"
        raise ShapeError(
            f"{op_name}: x has {channels} channels, so weight {_KERNELS[axes]} must have shape "
            f"{fitting}, got {weight_shape}"
        )
    require_bias(op_name, bias_shape, (weight_shape[1] * groups,))
    strides = per_axis(op_name, "stride", stride, axes, 1)
    dilations = per_axis(op_name, "dilation", dilation, axes, 1)
    sides = per_axis(op_name, "padding", padding, axes, 0)
    extra = per_axis(op_name, "output_padding", output_padding, axes, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, strides, dilations, strict=True)):
        raise ArgumentError(
            f"{op_name}: output_padding must be less than stride {strides} or dilation "
            f"{dilations}, got {output_padding!r}"
        )
    reached = tuple(min(e, s - 1) for e, s in zip(extra, strides, strict=True))
    sizes = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(
            x_shape[-axes:], strides, sides, dilations, weight_shape[2:], reached, strict=True
        )
    )
    if min(sizes) < 1:
        raise ShapeError(
            f"{op_name}: padding {sides} leaves no output of an input of {x_shape[-axes:]} with "
            f"kernel {weight_shape[2:]}, stride {strides} and dilation {dilations}"
        )
    both = tuple(p for p in sides for _ in range(2))
    surplus = tuple(e - r for e, r in zip(extra, reached, strict=True))
    return Geometry(strides, both, dilations, int(groups)), sizes, surplus
