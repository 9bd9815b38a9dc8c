"""Max, abs-max and average pooling of planes, and their adjoints.

Images are (N, C, H, W), `padding` is (top, bottom, left, right). `out_size` may ask for windows
that reach beyond the padding (ceil mode); what lies outside the image never wins and never counts.
Each function cuts the planes N x C among the threads.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from autograd.kernels import pool_reference as twin
from autograd.kernels.pool_reference import Padding, Pair, index_dtype, span, window_sizes
from autograd.kernels.runtime import dense, parallel_for, pays_off

Array = np.ndarray

SMALL = 256  # images of fewer numbers go to the NumPy twin, and never load the compiler
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


# What follows depends on the geometry alone, and a network asks for the same few again and again.


@lru_cache(maxsize=256)
def _max_geometry(
    plane: Pair, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair, out_size: Pair
) -> tuple[Pair, int, int, tuple[Any, ...]]:
    """Window, stride and lanes that the kernel is compiled for, and the arguments it is given."""
    window, constant = _constants(kernel, stride, dilation)
    before = (padding[0], padding[2])
    inside = _inside(4 if constant else 0, plane, kernel, stride, before, out_size)
    axes = list(zip(plane, out_size, kernel, stride, before, dilation, strict=True))
    geometry = (
        _ints(*plane, *out_size),
        _ints(*stride),
        _ints(*before),
        _ints(*dilation),
        inside,
        tuple(_first(*axis) for axis in axes),
        tuple(_spans(*axis) for axis in axes),
    )
    return window, constant, 8 if inside[3] - inside[2] >= 8 else 4, geometry


@lru_cache(maxsize=256)
def _avg_geometry(
    plane: Pair, out_size: Pair, kernel: Pair, stride: Pair, padding: Padding
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[Array, ...]]:
    """shapes, step, start and spans of the average-pool kernels."""
    before = (padding[0], padding[2])
    axes = zip(plane, out_size, kernel, stride, before, strict=True)
    spans = tuple(_spans(*axis) for axis in axes)
    return _ints(*plane, *out_size), _ints(*stride), _ints(*before), spans


@lru_cache(maxsize=256)
def _sizes(dtype: str, *geometry: Any) -> Array:
    return window_sizes(*geometry).astype(dtype).reshape(-1)


def _covers(plane: Pair, kernel: Pair, padding: Padding, out_size: Pair) -> bool:
    """Whether there is one window, and it is the whole image."""
    return tuple(out_size) == (1, 1) and tuple(kernel) == tuple(plane) and not any(padding)


def _plain(*values: Any) -> tuple[Any, ...]:
    """Each tuple as a tuple of Python ints, for a key."""
    return tuple(tuple(map(int, v)) for v in values)


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
    window, constant, lanes, geometry = _max_geometry(
        *_plain((height, width), kernel, stride, padding, dilation, out_size)
    )
    parallel_for(
        pool_numba.max_pool(window, constant, bool(absolute), indices.dtype.type, lanes),
        n * c,
        dense(x).reshape(-1),
        out.reshape(-1),
        indices.reshape(-1),
        *geometry,
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
    geometry = _plain(plane, out_size, kernel, stride, padding)
    sizes = _sizes(x.dtype.str, plane, *geometry[2:], geometry[1], *divisors)
    out = np.empty((n, c, *out_size), x.dtype)
    arrays = dense(x).reshape(-1), sizes, out.reshape(-1)
    work = 0.2 * out.size * kernel[0] * kernel[1]
    if _covers(plane, kernel, padding, out_size):
        parallel_for(pool_numba.plane_mean, n * c, *arrays, height * width, work_ns=work)
        return out
    window, constant = _constants(kernel, stride)
    inside = _inside(constant, plane, kernel, stride, (padding[0], padding[2]), out_size)
    shapes, step, start, spans = _avg_geometry(*geometry)
    kernel_code = pool_numba.avg_pool(window, constant)
    parallel_for(kernel_code, n * c, *arrays, shapes, step, start, inside, spans, work_ns=work)
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
    divisors = (count_include_pad, divisor_override)
    n, c, height, width = input_shape
    size = n * c * height * width
    if not (size > SMALL and pays_off(g, 0)):
        return twin.avg_pool2d_grad(dense(g), input_shape, kernel, stride, padding, *divisors)
    from autograd.kernels import pool_numba

    plane, out_size = (height, width), (g.shape[2], g.shape[3])
    geometry = _plain(plane, out_size, kernel, stride, padding)
    sizes = _sizes(g.dtype.str, plane, *geometry[2:], out_size, *divisors)
    out = np.empty(input_shape, g.dtype)
    arrays = dense(g).reshape(-1), sizes, out.reshape(-1)
    work = 0.3 * size + 0.3 * g.size * kernel[0] * kernel[1]
    if _covers(plane, kernel, padding, out_size):
        parallel_for(pool_numba.plane_fill, n * c, *arrays, height * width, work_ns=work)
        return out
    shapes, step, start, spans = _avg_geometry(*geometry)
    window, constant = _constants(kernel, stride)
    last: tuple[Any, ...]
    if constant:
        reach = (window[1] - 1) // constant
        room = reach + max((width - 1 + start[1]) // constant + 1, out_size[1])
        sums = np.empty(n * c * room, g.dtype)
        kernel_code = pool_numba.small_avg_pool_grad(window[1], constant)
        last = (sums, shapes, step, start, window[0])
    else:
        kernel_code = pool_numba.avg_pool_grad
        last = (np.empty(n * c * out_size[1], g.dtype), shapes, step, start, spans)
    parallel_for(kernel_code, n * c, *arrays, *last, work_ns=work)
    return out
