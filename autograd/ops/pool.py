"""Pooling: one number for each window of an image.

Max pooling is a choice of positions, so its derivative is a gather and its adjoint scatter, with
the positions constant. Average pooling is linear: `avg_pool2d` and `avg_pool2d_grad` are each
other's adjoints.
"""

from __future__ import annotations

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ShapeError
from autograd.ops.index import piece
from autograd.ops.pool_geometry import (
    as_images,
    average_window,
    lifted,
    max_window,
    pair,
    plane_positions,
    require_float,
)

__all__ = [
    "absmax_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool2d_grad",
    "max_pool1d",
    "max_pool2d",
    "plane_gather",
    "plane_scatter",
    "subsample2d",
]


@op
def max_pool2d(
    x: Array,
    kernel_size,
    stride=None,
    padding=0,
    dilation=1,
    ceil_mode=False,
    return_indices=False,
):
    """The largest element of each window.

    out[..., i, j] = max_{r,s} x[..., i·stride + r·dilation − padding, j·stride + s·dilation −
    padding]; what lies outside the image never wins. `stride` is `kernel_size` if None.

    x (N, C, H, W) or (C, H, W) -> (N, C, H', W') or (C, H', W') with
    H' = (H + 2·padding − dilation·(R − 1) − 1) / stride + 1, rounded down, or up with `ceil_mode`
    (but no window starts beyond the image and its padding before). With `return_indices` also the
    position in the flattened plane of each maximum, an int64 ndarray.

    The whole gradient goes to the first maximum in row order; NaN counts as the largest. A window
    with no tap inside the image (a dilated one may step over it) gives −inf at position 0, and its
    gradient goes nowhere.

    >>> import numpy as np
    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 5.,  7.], [13., 15.]]])
    """
    return _max_pool(
        "max_pool2d", x, 2, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


@op
def max_pool1d(
    x: Array,
    kernel_size,
    stride=None,
    padding=0,
    dilation=1,
    ceil_mode=False,
    return_indices=False,
):
    """The largest element of each window along one axis.

    x (N, C, L) or (C, L) -> (N, C, L') or (C, L'); all else as for `max_pool2d`.

    >>> import numpy as np
    >>> max_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2, 1)
    array([[3., 3., 2.]])
    """
    return _max_pool(
        "max_pool1d", x, 1, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


@op
def absmax_pool2d(x: Array, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The largest magnitude in each window: max_{r,s} |x|, shapes as for `max_pool2d`.

    The gradient goes to the first element of largest magnitude, times its sign (0 at 0).

    >>> import numpy as np
    >>> absmax_pool2d(np.array([[[1.0, -3.0], [2.0, 0.0]]]), 2)
    array([[[3.]]])
    """
    window, met = max_window(
        "absmax_pool2d", x, 2, kernel_size, stride, padding, dilation, ceil_mode
    )
    images = as_images(x, 2)
    values, indices = kernels.max_pool2d(images, *window, absolute=True)
    shape, plane = (*x.shape[:-2], *window.out_size), x.shape[-2:]
    signs = np.sign(kernels.plane_gather(images, indices)).reshape(shape)
    if not np.isnan(signs).any():
        signs = signs.astype(np.int8)
    indices = indices.reshape(shape)
    return values.reshape(shape), lambda g: plane_scatter(_of_met(g, met) * signs, indices, plane)


def _max_pool(name, x, axes, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    """Value and closure of max pooling over the last `axes` axes."""
    window, met = max_window(name, x, axes, kernel_size, stride, padding, dilation, ceil_mode)
    values, indices = kernels.max_pool2d(as_images(x, axes), *window)
    plane = x.shape[-axes:]
    if values.ndim != x.ndim:
        shape = (*x.shape[:-axes], *window.out_size[2 - axes :])
        values, indices = values.reshape(shape), indices.reshape(shape)

    def closure(g):
        g = _of_met(g, met)
        if type(g) is np.ndarray:  # nothing to record, and the positions are known to be right
            return _scattered(g, indices, plane)
        return plane_scatter(g, indices, plane)

    if return_indices:
        return values, closure, indices.astype(np.int64)
    return values, closure


def _of_met(g, met):
    """g, and 0 for windows with no tap inside the image, whatever g is there."""
    return g if met is None else ops.where(met, g, 0.0)


@op
def plane_gather(x: Array, indices: Array, plane):
    """Elements of each plane at flat positions: out[n,c,i,j] = x[n,c].ravel()[indices[n,c,i,j]].

    `plane` is the shape of x's last one or two axes; x and indices agree in the axes before.
    """
    axes = len(plane)
    places = plane_positions("plane_gather", indices, plane, x.shape)
    out = kernels.plane_gather(as_images(x, axes), as_images(places, axes)).reshape(places.shape)
    return out, (lambda g: plane_scatter(g, places, plane), None)


@op
def plane_scatter(g: Array, indices: Array, plane):
    """Zeros (..., *plane) with g added at flat positions: the adjoint of `plane_gather`."""
    places = plane_positions("plane_scatter", indices, plane, g.shape)
    return _scattered(g, places, plane), (lambda u: plane_gather(u, places, plane), None)


def _scattered(g, places, plane):
    axes = len(plane)
    out = kernels.plane_scatter_add(
        as_images(g, axes), as_images(places, axes), (1,) * (2 - axes) + tuple(plane)
    )
    return out if out.ndim == g.ndim else out.reshape(g.shape[:-axes] + tuple(plane))


@op
def avg_pool2d(
    x: Array,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
):
    """The mean of each window.

    out[..., i, j] = Σ_{r,s} x[..., i·stride + r − padding, j·stride + s − padding] / divisor, where
    the divisor is the size of the window within image and padding (`count_include_pad`), within
    the image alone (not `count_include_pad`), or `divisor_override`. Shapes as for `max_pool2d`.

    >>> import numpy as np
    >>> avg_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 2.5,  4.5], [10.5, 12.5]]])
    """
    window = average_window(
        "avg_pool2d", x.shape, 2, kernel_size, stride, padding, ceil_mode, divisor_override
    )
    require_float("avg_pool2d", x)
    x_shape = x.shape
    out = kernels.avg_pool2d(
        as_images(x, 2), window.kernel, window.stride, window.padding, window.out_size,
        count_include_pad, divisor_override,
    ).reshape(*x.shape[:-2], *window.out_size)  # fmt: skip
    return out, lambda g: avg_pool2d_grad(
        g, x_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@op
def avg_pool2d_grad(
    g: Array,
    input_shape,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
):
    """Gradient of ⟨g, avg_pool2d(x)⟩ by x: each window's g, shared equally -> `input_shape`."""
    window = average_window(
        "avg_pool2d_grad", input_shape, 2, kernel_size, stride, padding, ceil_mode, divisor_override
    )
    require_float("avg_pool2d_grad", g)
    out = kernels.avg_pool2d_grad(
        as_images(g, 2), (1,) * (4 - len(input_shape)) + tuple(input_shape), window.kernel,
        window.stride, window.padding, count_include_pad, divisor_override,
    ).reshape(input_shape)  # fmt: skip
    return out, lambda u: avg_pool2d(
        u, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@op
def avg_pool1d(x: Array, kernel_size, stride=None, padding=0, ceil_mode=False,
               count_include_pad=True):  # fmt: skip
    """The mean of each window along one axis.

    x (N, C, L) or (C, L) -> (N, C, L') or (C, L'); all else as for `avg_pool2d`.

    >>> import numpy as np
    >>> avg_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[2., 1.]])
    """
    require_float("avg_pool1d", x)
    window = average_window("avg_pool1d", x.shape, 1, kernel_size, stride, padding, ceil_mode, None)
    flat = (window.kernel, window.stride, window.padding[::2], ceil_mode, count_include_pad)
    x_shape = lifted(x.shape)
    out = kernels.avg_pool2d(
        as_images(x, 1), window.kernel, window.stride, window.padding, window.out_size,
        count_include_pad, None,
    ).reshape(*x.shape[:-1], window.out_size[1])  # fmt: skip
    return out, lambda g: avg_pool2d_grad(g[..., None, :], x_shape, *flat)[..., 0, :]


@op
def subsample2d(x: Array, stride):
    """Every `stride`-th row and column: out[..., i, j] = x[..., s₁·i, s₂·j]; a view.

    >>> import numpy as np
    >>> subsample2d(np.arange(9.0).reshape(3, 3), 2)
    array([[0., 2.], [6., 8.]])
    """
    if np.ndim(x) < 2:
        raise ShapeError(f"subsample2d: x must have at least 2 axes, got shape {np.shape(x)}")
    rows, columns = pair("subsample2d", "stride", stride, 2, 1)
    key = (..., slice(None, None, rows), slice(None, None, columns))
    shape = x.shape
    return x[key], lambda g: piece(g, key, shape)
