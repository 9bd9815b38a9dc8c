"""NumPy twins of the pooling kernels: the oracle in tests and the fallback without Numba.

Images are (N, C, H, W). Every function loops over the taps of the window and handles one shifted
view of the image at a time, so the memory needed is one output, not one output a tap.
`padding` is (top, bottom, left, right). `out_size` may ask for windows that reach beyond the
padding (ceil mode); what lies outside the image never wins and never counts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Array = np.ndarray
Pair = tuple[int, int]
Padding = tuple[int, int, int, int]


def index_dtype(plane_size: int) -> type[np.unsignedinteger]:
    """The smallest unsigned type that holds every flat position in a plane of that size."""
    if plane_size <= 1 << 8:
        return np.uint8
    if plane_size <= 1 << 16:
        return np.uint16
    if plane_size <= 1 << 32:
        return np.uint32
    return np.uint64


def span(size: int, out: int, stride: int, offset: int) -> tuple[int, int]:
    """The outputs lo..hi-1 whose tap, at `o * stride + offset`, lies inside 0..size-1."""
    lo = max(0, -(offset // stride))
    hi = min(out, (size - 1 - offset) // stride + 1)
    return lo, max(lo, hi)


def first_tap(size: int, out: int, taps: int, stride: int, before: int, dilation: int) -> Array:
    """For each output of one axis, the first position its window meets; `size` for none."""
    start = np.arange(out, dtype=np.int64) * stride - before
    first = start + np.maximum(0, -(start // dilation)) * dilation
    return np.where(first <= start + (taps - 1) * dilation, first, size)


def _taps(
    plane: Pair, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair, out_size: Pair
) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """For each tap, in row order: (slices of the output, slices of the image it reads)."""
    for r in range(kernel[0]):
        for s in range(kernel[1]):
            y = r * dilation[0] - padding[0]
            x = s * dilation[1] - padding[2]
            i0, i1 = span(plane[0], out_size[0], stride[0], y)
            j0, j1 = span(plane[1], out_size[1], stride[1], x)
            if i0 < i1 and j0 < j1:
                rows = slice(i0 * stride[0] + y, (i1 - 1) * stride[0] + y + 1, stride[0])
                columns = slice(j0 * stride[1] + x, (j1 - 1) * stride[1] + x + 1, stride[1])
                yield (slice(i0, i1), slice(j0, j1)), (rows, columns)


def max_pool2d(
    x: Array,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    out_size: Pair,
    absolute: bool = False,
) -> tuple[Array, Array]:
    """The largest value (or magnitude) in each window, and its flat position in the plane.

    Ties go to the first maximum in row order; a NaN wins over any number, the first NaN over later
    ones. A window with no tap inside the image gives -inf and position 0.
    """
    n, c, height, width = x.shape
    values = np.abs(x) if absolute else x
    out = np.full((n, c, *out_size), -np.inf, x.dtype)
    found = np.zeros((n, c, *out_size), bool)
    indices = np.zeros((n, c, *out_size), index_dtype(height * width))
    positions = np.arange(height * width).reshape(height, width).astype(indices.dtype)
    for (i, j), (rows, columns) in _taps(
        (height, width), kernel, stride, padding, dilation, out_size
    ):
        value, best = values[:, :, rows, columns], out[:, :, i, j]
        wins = (value > best) | ~found[:, :, i, j] | (np.isnan(value) & ~np.isnan(best))
        np.copyto(best, value, where=wins)
        np.copyto(indices[:, :, i, j], positions[rows, columns], where=wins)
        found[:, :, i, j] = True
    return out, indices


def plane_gather(x: Array, indices: Array) -> Array:
    """out[n, c, ...] = x[n, c] at the flat positions indices[n, c, ...]."""
    n, c, height, width = x.shape
    flat = indices.reshape(n, c, int(np.prod(indices.shape[2:]))).astype(np.intp)
    picked = np.take_along_axis(x.reshape(n, c, height * width), flat, axis=2)
    return picked.reshape(indices.shape)


def plane_scatter_add(g: Array, indices: Array, plane_shape: Pair) -> Array:
    """Adjoint of `plane_gather`: zeros (N, C, H, W) with g added at the flat positions."""
    n, c = g.shape[:2]
    size = plane_shape[0] * plane_shape[1]
    first = (np.arange(n * c) * size).reshape(n, c, *(1,) * (g.ndim - 2))
    flat = (indices.astype(np.intp) + first).ravel()
    sums = np.bincount(flat, weights=g.ravel(), minlength=n * c * size)
    return sums.astype(g.dtype).reshape(n, c, *plane_shape)


def window_sizes(
    plane: Pair,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    out_size: Pair,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """What each window's sum is divided by, (OH, OW) float64.

    With `count_include_pad` positions in the padding count, those beyond it (ceil mode) do not.
    """
    if divisor_override is not None:
        return np.full(out_size, float(divisor_override))
    counts = []
    for axis in (0, 1):
        before, after = padding[2 * axis], padding[2 * axis + 1]
        low, high = (-before, plane[axis] + after) if count_include_pad else (0, plane[axis])
        start = np.arange(out_size[axis]) * stride[axis] - before
        counts.append(np.minimum(start + kernel[axis], high) - np.maximum(start, low))
    return np.maximum(np.outer(counts[0], counts[1]), 1).astype(np.float64)


def avg_pool2d(
    x: Array,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    out_size: Pair,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window, (N, C, OH, OW)."""
    n, c, height, width = x.shape
    out = np.zeros((n, c, *out_size), x.dtype)
    plane = (height, width)
    for (i, j), (rows, columns) in _taps(plane, kernel, stride, padding, (1, 1), out_size):
        out[:, :, i, j] += x[:, :, rows, columns]
    out /= window_sizes(
        plane, kernel, stride, padding, out_size, count_include_pad, divisor_override
    ).astype(x.dtype)
    return out


def avg_pool2d_grad(
    g: Array,
    input_shape: tuple[int, int, int, int],
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Adjoint of `avg_pool2d`: each window's gradient, shared equally, (N, C, H, W)."""
    plane = (input_shape[2], input_shape[3])
    out_size = (g.shape[2], g.shape[3])
    share = g / window_sizes(
        plane, kernel, stride, padding, out_size, count_include_pad, divisor_override
    ).astype(g.dtype)
    out = np.zeros(input_shape, g.dtype)
    for (i, j), (rows, columns) in _taps(plane, kernel, stride, padding, (1, 1), out_size):
        out[:, :, rows, columns] += share[:, :, i, j]
    return out
