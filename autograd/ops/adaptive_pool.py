"""Pooling to a given size: window i of n covers ⌊i·H/n⌋ up to ⌈(i + 1)·H/n⌉."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError
from autograd.kernels.sums import FEW, add_up
from autograd.ops.conv_geometry import Pair, Sizes, require_image, shape_of, tidy
from autograd.ops.pool import plane_scatter
from autograd.ops.pool_geometry import as_images, require_float

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_grad",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "global_avg_pool2d",
]


@op
def adaptive_avg_pool2d(x: Array, output_size):
    """The mean of each of `output_size` windows that cover the image.

    x (N, C, H, W) or (C, H, W) -> (..., H', W'), (H', W') = `output_size`: a number for both, or a
    pair in which None keeps the size. Windows as in the module's first line; they overlap where
    the sizes do not divide.

    >>> import numpy as np
    >>> adaptive_avg_pool2d(np.arange(6.0).reshape(1, 2, 3), (1, 2))
    array([[[2., 3.]]])
    """
    size = _checked("adaptive_avg_pool2d", x, output_size)
    x_shape = x.shape
    kernel = _even(x.shape[-2:], size)
    if kernel:
        out = kernels.avg_pool2d(as_images(x, 2), kernel, kernel, (0, 0, 0, 0), size, True, None)
    else:
        out = _averaged(_averaged(x, -2, size[0]), -1, size[1])
    return out.reshape(*x.shape[:-2], *size), lambda g: adaptive_avg_pool2d_grad(g, x_shape)


@op
def adaptive_avg_pool2d_grad(g: Array, input_shape):
    """Gradient of ⟨g, adaptive_avg_pool2d(x)⟩ by x: each window's g, shared equally."""
    shape, size = tuple(input_shape), g.shape[-2:]
    kernel = _even(shape[-2:], size)
    if kernel:
        images = (1,) * (4 - len(shape)) + shape
        out = kernels.avg_pool2d_grad(
            as_images(g, 2), images, kernel, kernel, (0, 0, 0, 0), True, None
        ).reshape(shape)
    else:
        out = _shared(_shared(g, -1, shape[-1]), -2, shape[-2])
    return out, lambda u: adaptive_avg_pool2d(u, size)


@op
def adaptive_max_pool2d(x: Array, output_size, return_indices=False):
    """The largest element of each of `output_size` windows that cover the image.

    Shapes and windows as for `adaptive_avg_pool2d`. With `return_indices` also the position in the
    flattened plane of each maximum, an int64 ndarray. The whole gradient goes to the first maximum
    in row order; NaN counts as the largest.

    >>> import numpy as np
    >>> adaptive_max_pool2d(np.arange(6.0).reshape(1, 2, 3), (1, 2))
    array([[[4., 5.]]])
    """
    size = _checked("adaptive_max_pool2d", x, output_size)
    plane, shape = x.shape[-2:], (*x.shape[:-2], *size)
    kernel = _even(plane, size)
    if kernel:
        values, indices = kernels.max_pool2d(
            as_images(x, 2), kernel, kernel, (0, 0, 0, 0), (1, 1), size, False
        )
        values, indices = values.reshape(shape), indices.reshape(shape)
    else:
        values, indices = _largest(x, size)

    def closure(g):
        return plane_scatter(g, indices, plane)

    if return_indices:
        return values, closure, indices.astype(np.int64)
    return values, closure


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Any:
    """The mean of each of `output_size` windows along one axis: (N, C, L) -> (N, C, L').

    >>> import numpy as np
    >>> adaptive_avg_pool1d(np.array([[1.0, 3.0, 5.0]]), 2)
    array([[2., 4.]])
    """
    images = ops.expand_dims(x, -2)
    return adaptive_avg_pool2d(images, (1, _only(output_size)))[..., 0, :]


def adaptive_max_pool1d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of each of `output_size` windows along one axis: (N, C, L) -> (N, C, L').

    >>> import numpy as np
    >>> adaptive_max_pool1d(np.array([[1.0, 3.0, 5.0]]), 2)
    array([[3., 5.]])
    """
    images = ops.expand_dims(x, -2)
    out, indices = adaptive_max_pool2d(images, (1, _only(output_size)), True)
    return (out[..., 0, :], indices[..., 0, :]) if return_indices else out[..., 0, :]


def global_avg_pool2d(x: Any, keepdims: bool = False) -> Any:
    """The mean of each channel: (N, C, H, W) -> (N, C), or (N, C, 1, 1) with `keepdims`.

    >>> import numpy as np
    >>> global_avg_pool2d(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[1.5, 5.5]])
    """
    require_image("global_avg_pool2d", "x", shape_of(x), 2)
    return ops.mean(x, axis=(-2, -1), keepdims=keepdims)


def _only(output_size: Any) -> Any:
    return output_size[0] if isinstance(output_size, tuple | list) else output_size


def _checked(op_name: str, x: np.ndarray, output_size: Any) -> Pair:
    """`output_size` as two numbers."""
    require_float(op_name, x)
    require_image(op_name, "x", x.shape, 2)
    given = tidy(output_size)
    both = given if isinstance(given, tuple) else (given, given)
    if len(both) == 2:
        size = [n if g is None else g for g, n in zip(both, x.shape[-2:], strict=True)]
        if all(isinstance(n, int | np.integer) and n > 0 for n in size):
            return int(size[0]), int(size[1])
    raise ArgumentError(
        f"{op_name}: output_size must be a positive integer or a pair (None keeps a size), "
        f"got {output_size!r}"
    )


def _even(plane: Sizes, size: Sizes) -> Pair | None:
    """The one window size, where all windows are equal and do not overlap."""
    (height, width), (rows, columns) = plane, size
    if height % rows or width % columns:
        return None
    return height // rows, width // columns


def _windows(length: int, count: int) -> list[slice]:
    return [slice(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]


def _averaged(x: np.ndarray, axis: int, count: int) -> np.ndarray:
    """Means over windows along one axis; a rectangle's mean is the mean of its rows' means."""
    rows = np.moveaxis(x, axis, 0)
    means = np.stack([_mean(rows[w]) for w in _windows(len(rows), count)])
    return np.ascontiguousarray(np.moveaxis(means, 0, axis))


def _mean(rows: np.ndarray) -> np.ndarray:
    few = len(rows) <= FEW or rows.dtype != np.float32
    return rows.mean(axis=0) if few else add_up(rows, 0) / len(rows)


def _shared(g: np.ndarray, axis: int, length: int) -> np.ndarray:
    """Adjoint of `_averaged`."""
    rows = np.moveaxis(g, axis, 0)
    out = np.zeros((length, *rows.shape[1:]), g.dtype)
    for i, w in enumerate(_windows(length, len(rows))):
        out[w] += rows[i] / (w.stop - w.start)
    return np.ascontiguousarray(np.moveaxis(out, 0, axis))


def _largest(x: np.ndarray, size: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """The first maximum of each window and its flat position, one window at a time."""
    width = x.shape[-1]
    values = np.empty((*x.shape[:-2], *size), x.dtype)
    indices = np.empty(values.shape, np.intp)
    for i, rows in enumerate(_windows(x.shape[-2], size[0])):
        for j, columns in enumerate(_windows(width, size[1])):
            window = x[..., rows, columns]
            flat = window.reshape(*x.shape[:-2], window.shape[-2] * window.shape[-1])
            best = flat.argmax(axis=-1)
            values[..., i, j] = np.take_along_axis(flat, best[..., None], -1)[..., 0]
            row, column = np.divmod(best, window.shape[-1])
            indices[..., i, j] = (row + rows.start) * width + column + columns.start
    return values, indices
