"""Max, abs-max and average pooling of planes, and their adjoints.

Images are (N, C, H, W), `padding` is (top, bottom, left, right). `out_size` may ask for windows
that reach beyond the padding (ceil mode); what lies outside the image never wins and never counts.
Each function cuts the planes N x C among the threads.
"""

from __future__ import annotations

import math

import numpy as np

from autograd.kernels import pool_reference as twin
from autograd.kernels.pool_reference import Padding, Pair, index_dtype, span, window_sizes
from autograd.kernels.runtime import dense, parallel_for, pays_off

Array = np.ndarray

SMALL = 2048  # images of fewer numbers go to the NumPy twin
_UNROLLED = 16  # windows of at most so many taps get code of their own


def _spans(size: int, out: int, taps: int, stride: int, before: int, dilation: int = 1) -> Array:
    """For each tap of one axis, the outputs lo..hi-1 for which it lies inside the image."""
    pairs = [span(size, out, stride, tap * dilation - before) for tap in range(taps)]
    return np.array(pairs, np.int64).reshape(taps, 2)


def _first(size: int, out: int, taps: int, stride: int, before: int, dilation: int) -> Array:
    """For each output of one axis, the first position its window meets; `size` for none."""
    start = np.arange(out, dtype=np.int64) * stride - before
    first = start + np.maximum(0, -(start // dilation)) * dilation
    return np.where(first <= start + (taps - 1) * dilation, first, size)


def _ints(*values: int) -> tuple[int, ...]:
    return tuple(map(int, values))


def _constants(kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> tuple[Pair, int]:
    """Window and column stride that code is compiled for; (1, 1) and 0: any."""
    if kernel[0] * kernel[1] <= _UNROLLED and stride[1] <= 3 and tuple(dilation) == (1, 1):
        return (int(kernel[0]), int(kernel[1])), int(stride[1])
    return (1, 1), 0


def _inside(
    least: int, plane: Pair, kernel: Pair, stride: Pair, before: Pair, out_size: Pair
) -> tuple[int, ...]:
    """Outputs top..bottom-1, left..right-1: their windows lie inside the image.

    Empty for fewer than `least` outputs a row, and where `least` is 0.
    """
    bounds: list[int] = []
    for axis in (0, 1):
        first = -(-before[axis] // stride[axis])
        last = min(out_size[axis], (plane[axis] - kernel[axis] + before[axis]) // stride[axis] + 1)
        bounds += [first, last]
    top, bottom, left, right = bounds
    return _ints(top, bottom, left, right) if 0 < least <= right - left else (0, 0, 0, 0)


def max_pool2d(
    x: Array,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    out_size: Pair,
    absolute: bool = False,
) -> tuple[Array, Array]:
    """(out, indices): the largest value in each window, and its flat position in the H x W plane.

    With `absolute` the largest |x|, and out is |x|. Ties go to the first maximum in row order; a
    NaN wins over any number. Indices have the smallest unsigned type that holds H W - 1. A window
    with no tap inside the image gives -inf and position 0.
    """
    if not pays_off(x, SMALL):
        return twin.max_pool2d(dense(x), kernel, stride, padding, dilation, out_size, absolute)
    from autograd.kernels import pool_numba

    n, c, height, width = x.shape
    out = np.empty((n, c, *out_size), x.dtype)
    indices = np.empty(out.shape, index_dtype(height * width))
    plane, before = (height, width), (padding[0], padding[2])
    axes = list(zip(plane, out_size, kernel, stride, before, dilation, strict=True))
    window, constant = _constants(kernel, stride, dilation)
    inside = _inside(4 if constant else 0, plane, kernel, stride, before, out_size)
    lanes = 8 if inside[3] - inside[2] >= 8 else 4
    parallel_for(
        pool_numba.max_pool(window, constant, bool(absolute), indices.dtype.type, lanes),
        n * c,
        dense(x).reshape(-1),
        out.reshape(-1),
        indices.reshape(-1),
        _ints(height, width, *out_size),
        _ints(*stride),
        _ints(*before),
        _ints(*dilation),
        inside,
        tuple(_first(*axis) for axis in axes),
        tuple(_spans(*axis) for axis in axes),
        work_ns=0.3 * out.size * kernel[0] * kernel[1],
    )
    return out, indices


def plane_gather(x: Array, indices: Array) -> Array:
    """out[n, c, ...] = x[n, c] at the flat positions indices[n, c, ...]."""
    if not pays_off(x, SMALL) or indices.size == 0:
        return twin.plane_gather(dense(x), dense(indices))
    from autograd.kernels import pool_numba

    planes = x.shape[0] * x.shape[1]
    out = np.empty(indices.shape, x.dtype)
    parallel_for(
        pool_numba.gather,
        planes,
        dense(x).reshape(planes, -1),
        dense(indices).reshape(planes, -1),
        out.reshape(planes, -1),
        work_ns=1.0 * out.size,
    )
    return out


def plane_scatter_add(g: Array, indices: Array, plane_shape: Pair) -> Array:
    """Adjoint of `plane_gather`: zeros (N, C, H, W) with g added at the flat positions."""
    planes = g.shape[0] * g.shape[1]
    size = planes * math.prod(plane_shape)
    if not (size > SMALL and pays_off(g, 0)):
        return twin.plane_scatter_add(dense(g), dense(indices), plane_shape)
    from autograd.kernels import pool_numba

    out = np.empty((*g.shape[:2], *plane_shape), g.dtype)
    parallel_for(
        pool_numba.scatter_add,
        planes,
        dense(g).reshape(planes, -1),
        dense(indices).reshape(planes, -1),
        out.reshape(planes, -1),
        work_ns=1.0 * g.size + 0.3 * out.size,
    )
    return out


def avg_pool2d(
    x: Array,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    out_size: Pair,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window, (N, C, OH, OW).

    With `count_include_pad` the padding counts as zeros (but not what ceil mode adds beyond it);
    without, only positions inside the image count. `divisor_override` divides every sum instead.
    """
    divisors = (count_include_pad, divisor_override)
    if not pays_off(x, SMALL):
        return twin.avg_pool2d(dense(x), kernel, stride, padding, out_size, *divisors)
    from autograd.kernels import pool_numba

    n, c, height, width = x.shape
    plane = (height, width)
    sizes = window_sizes(plane, kernel, stride, padding, out_size, *divisors)
    out = np.empty((n, c, *out_size), x.dtype)
    window, constant = _constants(kernel, stride)
    *geometry, spans = _geometry(plane, out_size, kernel, stride, padding)
    parallel_for(
        pool_numba.avg_pool(window, constant),
        n * c,
        dense(x).reshape(-1),
        sizes.astype(x.dtype).reshape(-1),
        out.reshape(-1),
        *geometry,
        _inside(constant, plane, kernel, stride, (padding[0], padding[2]), out_size),
        spans,
        work_ns=0.2 * out.size * kernel[0] * kernel[1],
    )
    return out


def _geometry(
    plane: Pair, out_size: Pair, kernel: Pair, stride: Pair, padding: Padding
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[Array, ...]]:
    before = (padding[0], padding[2])
    axes = zip(plane, out_size, kernel, stride, before, strict=True)
    spans = tuple(_spans(*axis) for axis in axes)
    return _ints(*plane, *out_size), _ints(*stride), _ints(*before), spans


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
    divisors = (count_include_pad, divisor_override)
    n, c, height, width = input_shape
    size = n * c * height * width
    if not (size > SMALL and pays_off(g, 0)):
        return twin.avg_pool2d_grad(dense(g), input_shape, kernel, stride, padding, *divisors)
    from autograd.kernels import pool_numba

    plane, out_size = (height, width), (g.shape[2], g.shape[3])
    sizes = window_sizes(plane, kernel, stride, padding, out_size, *divisors)
    out = np.empty(input_shape, g.dtype)
    constant = stride[1] if stride[1] in (1, 2) else 0
    tiled = constant == kernel[1] and not any(padding) and out_size[1] * constant <= width
    parallel_for(
        pool_numba.avg_pool_grad(constant, tiled),
        n * c,
        dense(g).reshape(-1),
        sizes.astype(g.dtype).reshape(-1),
        out.reshape(-1),
        np.empty(n * c * out_size[1], g.dtype),
        *_geometry(plane, out_size, kernel, stride, padding),
        work_ns=0.3 * size + 0.3 * g.size * kernel[0] * kernel[1],
    )
    return out
