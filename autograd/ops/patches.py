"""Images as columns of patches, back again, and convolution with a kernel for each position."""

from __future__ import annotations

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ShapeError
from autograd.ops.conv_geometry import (
    Geometry,
    Sizes,
    by,
    geometry,
    output_sizes,
    require_bias,
    require_image,
    shape_of,
    tidy,
)
from autograd.support.arguments import per_axis

__all__ = ["fold", "local_conv2d", "unfold"]


@op
def unfold(x: Array, kernel_size, dilation=1, padding=0, stride=1):
    """Columns of patches: column l is the patch under the l-th position of the kernel, flattened.

    x (N, C, H, W) or (C, H, W) -> (N, C·R·S, L) or (C·R·S, L), positions in row order; padded with
    zeros. `weight.reshape(K, -1) @ unfold(x, (R, S))` is a convolution.

    >>> import numpy as np
    >>> unfold(np.arange(9.0).reshape(1, 3, 3), (2, 2))
    array([[0., 1., 3., 4.], [1., 2., 4., 5.], [3., 4., 6., 7.], [4., 5., 7., 8.]])
    """
    require_image("unfold", "x", shape_of(x), 2)
    kernel, how, _ = _positions("unfold", x.shape[-2:], kernel_size, dilation, padding, stride)
    images = x if x.ndim == 4 else x[None]
    size = x.shape[-2:]
    out = kernels.unfold(images, kernel, how.stride, how.padding, how.dilation)
    out = out if x.ndim == 4 else out[0]
    return out, lambda g: fold(g, size, kernel, how.dilation, how.padding, how.stride)


@op
def fold(columns: Array, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Patches added up where they came from: the adjoint of `unfold`.

    columns (N, C·R·S, L) or (C·R·S, L) -> (N, C, H, W) or (C, H, W), (H, W) = `output_size`.
    Overlapping patches add up, so fold(unfold(x)) is x times the number of patches over it.

    >>> import numpy as np
    >>> fold(np.ones((4, 4)), (3, 3), (2, 2))
    array([[[1., 2., 1.], [2., 4., 2.], [1., 2., 1.]]])
    """
    size = per_axis("fold", "output_size", tidy(output_size), 1, 2)
    kernel, how, counts = _positions("fold", size, kernel_size, dilation, padding, stride)
    patch, positions = kernel[0] * kernel[1], counts[0] * counts[1]
    shape = np.shape(columns)
    if len(shape) not in (2, 3) or shape[-2] == 0 or shape[-2] % patch or shape[-1] != positions:
        raise ShapeError(
            f"fold: columns must be (N, C·{patch}, {positions}), or (C·{patch}, {positions}) "
            f"unbatched, for output_size {by(size)} and kernel {by(kernel)}, got {shape}"
        )
    batch = columns if len(shape) == 3 else columns[None]
    if batch.dtype.kind in "biu":
        batch = batch.astype(np.int64)  # sums, as those of `np.sum`
    out = kernels.fold(
        batch, (len(batch), shape[-2] // patch, *size), kernel, how.stride, how.padding,
        how.dilation,
    )  # fmt: skip
    out = out if len(shape) == 3 else out[0]
    return out, lambda g: unfold(g, kernel, how.dilation, how.padding, how.stride)


@op
def local_conv2d(
    x: Array, weight: Array, bias: Array | None = None, stride=1, padding=0, dilation=1
):
    """Locally connected: a convolution whose kernels are not shared between positions.

    out[n,k,i,j] = bias[k,i,j] + Σ_{c,r,s} x̃[n, c, i·stride + r·dilation, j·stride + s·dilation]
    weight[i,j,k,c,r,s]

    x (N, C, H, W) or (C, H, W), weight (H', W', K, C, R, S), bias (K, H', W') -> (N, K, H', W') or
    (K, H', W'). Statics as for `conv2d`. Source: LeCun, "Generalization and Network Design
    Strategies", 1989.

    >>> import numpy as np
    >>> per_position = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1, 1, 1)
    >>> local_conv2d(np.array([[[1.0, 1.0, 2.0]]]), per_position)
    array([[[1., 2., 6.]]])
    """
    kernel, how, counts = _local(
        shape_of(x),
        shape_of(weight),
        shape_of(bias),
        stride,
        padding,
        dilation,
    )
    x_shape, weight_shape = x.shape, weight.shape
    batch_shape = (1,) * (4 - x.ndim) + x.shape
    flat_shape = (batch_shape[0], weight.shape[2], counts[0] * counts[1])
    matrix_shape = (flat_shape[2], weight.shape[2], -1)
    images = x.reshape(batch_shape)
    columns = kernels.unfold(images, kernel, how.stride, how.padding, how.dilation)
    out = weight.reshape(matrix_shape) @ columns.transpose(2, 1, 0)  # (L, K, N)
    out = out.transpose(2, 1, 0).reshape(*x.shape[:-3], weight.shape[2], *counts)
    if bias is not None:
        out = out + bias
    statics = (kernel, how.dilation, how.padding, how.stride)
    return out, (
        lambda g: ops.fold(
            (weight.reshape(matrix_shape).mT @ g.reshape(flat_shape).transpose(2, 1, 0)).transpose(
                2, 1, 0
            ),
            x_shape[-2:],
            *statics,
        ).reshape(x_shape),
        lambda g: (
            g.reshape(flat_shape).transpose(2, 1, 0)
            @ ops.unfold(x.reshape(batch_shape), *statics).transpose(2, 0, 1)
        ).reshape(weight_shape),
        lambda g: g,
    )


def _local(x_shape, weight_shape, bias_shape, stride, padding, dilation):
    """Kernel size, geometry and output size of `local_conv2d`."""
    if len(weight_shape) != 6 or min(weight_shape) < 1:
        raise ShapeError(
            "local_conv2d: weight must be (H', W', K, C, R, S) with no axis of length 0, "
            f"got {weight_shape}"
        )
    kernel = weight_shape[4:]
    how = geometry("local_conv2d", x_shape, weight_shape[2:], None, stride, padding, dilation)
    counts = output_sizes(x_shape[-2:], kernel, how)
    if weight_shape[:2] != counts:
        raise ShapeError(
            f"local_conv2d: the output is {by(counts)}, so weight must have shape "
            f"{(*counts, *weight_shape[2:])}, got {weight_shape}"
        )
    require_bias("local_conv2d", bias_shape, (weight_shape[2], *counts))
    return kernel, how, counts


def _positions(
    op_name, size, kernel_size, dilation, padding, stride
) -> tuple[Sizes, Geometry, Sizes]:
    """Kernel, geometry and number of positions along each axis of an image of `size`."""
    kernel = per_axis(op_name, "kernel_size", tidy(kernel_size), 1, 2)
    how = geometry(op_name, (1, *size), (1, 1, *kernel), None, stride, padding, dilation)
    return kernel, how, output_sizes(size, kernel, how)
