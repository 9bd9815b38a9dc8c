"""Max, abs-max and average pooling of planes, and their adjoints.

Images are (N, C, H, W), `padding` is (top, bottom, left, right). `out_size` may ask for windows
that reach beyond the padding (ceil mode); what lies outside the image never wins and never counts.
Each function cuts the planes N x C among the threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd.kernels.pool import numpy_twin as twin
from autograd.kernels.pool.numpy_twin import (
    Padding,
    Pair,
    first_tap,
    index_dtype,
    span,
    window_sizes,
)
from autograd.kernels.runtime import dense, parallel_for, pays_off
from autograd.kernels.sums import FEW

Array = np.ndarray
Shape = tuple[int, int, int, int]

_FLOAT32 = np.dtype(np.float32)
SMALL = 256  # images of fewer numbers go to the NumPy twin, and never load the compiler
_UNROLLED = 16  # windows of at most so many taps get code of their own


def _spans(size: int, out: int, taps: int, stride: int, before: int, dilation: int = 1) -> Array:
    """For each tap of one axis, the outputs lo..hi-1 for which it lies inside the image."""
    pairs = [span(size, out, stride, tap * dilation - before) for tap in range(taps)]
    return np.array(pairs, np.int64).reshape(taps, 2)


def _constants(kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> tuple[Pair, int]:
    """Window and column stride that code is compiled for; (1, 1) and 0: any."""
    if kernel[0] * kernel[1] <= _UNROLLED and stride[1] <= 3 and tuple(dilation) == (1, 1):
        return (int(kernel[0]), int(kernel[1])), int(stride[1])
    return (1, 1), 0


def _inside(
    least: int, plane: Pair, kernel: Pair, stride: Pair, before: Pair, out_size: Pair
) -> tuple[int, int, int, int]:
    """Outputs top..bottom-1, left..right-1: their windows lie inside the image.

    Empty for fewer than `least` outputs a row, and where `least` is 0.
    """
    bounds: list[int] = []
    for axis in (0, 1):
        first = -(-before[axis] // stride[axis])
        last = min(out_size[axis], (plane[axis] - kernel[axis] + before[axis]) // stride[axis] + 1)
        bounds += [first, last]
    top, bottom, left, right = bounds
    return (top, bottom, left, right) if 0 < least <= right - left else (0, 0, 0, 0)


# What follows depends on shapes alone, and a network asks for the same few again and again: all
# that a launch needs beside its arrays is worked out once.


class _Launch(NamedTuple):
    """A kernel, the planes it goes over, the shape it makes, its tables and its estimated time."""

    kernel: Any
    planes: int
    shape: tuple[int, ...]
    tables: tuple[Any, ...]
    work_ns: float


def _table(
    plane: Pair,
    kernel: Pair,
    stride: Pair,
    before: Pair,
    dilation: Pair,
    out_size: Pair,
    inside: tuple[int, int, int, int],
) -> Array:
    """The geometry as one array, which `numba_kernels.geometry` takes apart."""
    axes = list(zip(plane, out_size, kernel, stride, before, dilation, strict=True))
    numbers = [*plane, *out_size, *stride, *before, *dilation, *inside, *kernel]
    first = [first_tap(*axis) for axis in axes]
    spans = [_spans(*axis).reshape(-1) for axis in axes]
    return np.concatenate([np.array(numbers, np.int64), *first, *spans])


@lru_cache(maxsize=256)
def _max_launch(
    x_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    out_size: Pair,
    absolute: bool,
) -> _Launch:
    from autograd.kernels.pool import numba_kernels

    n, c, *_ = x_shape
    plane = x_shape[2], x_shape[3]
    before = (padding[0], padding[2])
    window, constant = _constants(kernel, stride, dilation)
    inside = _inside(4 if constant else 0, plane, kernel, stride, before, out_size)
    index: Any = index_dtype(plane[0] * plane[1])
    lanes = 8 if inside[3] - inside[2] >= 8 else 4
    return _Launch(
        numba_kernels.max_pool(window, constant, bool(absolute), index, lanes),
        n * c,
        (n, c, *out_size),
        (_table(plane, kernel, stride, before, dilation, out_size, inside), np.dtype(index)),
        0.3 * n * c * math.prod(out_size) * math.prod(kernel),
    )


@lru_cache(maxsize=256)
def _avg_launch(
    dtype: np.dtype,
    x_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    out_size: Pair,
    *divisors: Any,
) -> _Launch:
    from autograd.kernels.pool import numba_kernels

    n, c, *_ = x_shape
    plane = x_shape[2], x_shape[3]
    before = (padding[0], padding[2])
    sizes = window_sizes(plane, kernel, stride, padding, out_size, *divisors)
    window, constant = _constants(kernel, stride)
    inside = _inside(constant, plane, kernel, stride, before, out_size)
    code = numba_kernels.avg_pool(window, constant)
    if _covers(plane, kernel, padding, out_size):
        code = numba_kernels.plane_mean
    return _Launch(
        code,
        n * c,
        (n, c, *out_size),
        (
            sizes.astype(dtype).reshape(-1),
            _table(plane, kernel, stride, before, (1, 1), out_size, inside),
        ),
        0.2 * n * c * math.prod(out_size) * math.prod(kernel),
    )


@lru_cache(maxsize=256)
def _avg_grad_launch(
    dtype: np.dtype,
    x_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    out_size: Pair,
    *divisors: Any,
) -> _Launch:
    """The last of the tables is the length of the row of sums that each plane needs."""
    from autograd.kernels.pool import numba_kernels

    (height, width), before = x_shape[2:], (padding[0], padding[2])
    forward = _avg_launch(dtype, x_shape, kernel, stride, padding, out_size, *divisors)
    window, constant = _constants(kernel, stride)
    code, room = numba_kernels.avg_pool_grad, out_size[1]
    if _covers((height, width), kernel, padding, out_size):
        code, room = numba_kernels.plane_fill, 0
    elif constant:
        code = numba_kernels.small_avg_pool_grad(window[1], constant)
        reach = (window[1] - 1) // constant
        room = reach + max((width - 1 + before[1]) // constant + 1, out_size[1])
    area = height * width + math.prod(out_size) * math.prod(kernel)
    return _Launch(
        code, forward.planes, x_shape, (*forward.tables, room), 0.3 * forward.planes * area
    )


def _covers(plane: Sequence[int], kernel: Pair, padding: Padding, out_size: Pair) -> bool:
    """Whether there is one window, and it is the whole image."""
    return tuple(out_size) == (1, 1) and tuple(kernel) == tuple(plane) and not any(padding)


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
    code, planes, shape, (table, index), work = _max_launch(
        x.shape, kernel, stride, padding, dilation, out_size, absolute
    )
    out, indices = np.empty(shape, x.dtype), np.empty(shape, index)
    arrays = dense(x).ravel(), out.ravel(), indices.ravel()
    parallel_for(code, planes, *arrays, table, work_ns=work)
    return out, indices


def plane_gather(x: Array, indices: Array) -> Array:
    """out[n, c, ...] = x[n, c] at the flat positions indices[n, c, ...]."""
    if not pays_off(x, SMALL) or indices.size == 0:
        return twin.plane_gather(dense(x), dense(indices))
    from autograd.kernels.pool import numba_kernels

    planes = x.shape[0] * x.shape[1]
    out = np.empty(indices.shape, x.dtype)
    arrays = dense(x).ravel(), dense(indices).ravel(), out.ravel()
    parallel_for(numba_kernels.gather, planes, *arrays, planes, work_ns=1.0 * out.size)
    return out


def plane_scatter_add(g: Array, indices: Array, plane_shape: Pair) -> Array:
    """Adjoint of `plane_gather`: zeros (N, C, H, W) with g added at the flat positions."""
    n, c = g.shape[:2]
    size = n * c * plane_shape[0] * plane_shape[1]
    if not (size > SMALL and pays_off(g, 0)):
        return twin.plane_scatter_add(dense(g), dense(indices), plane_shape)
    from autograd.kernels.pool import numba_kernels

    out = np.empty((n, c, *plane_shape), g.dtype)
    arrays = dense(g).ravel(), dense(indices).ravel(), out.ravel()
    work = 1.0 * g.size + 0.3 * size
    parallel_for(numba_kernels.scatter_add, n * c, *arrays, n * c, work_ns=work)
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
    if (
        x.dtype is _FLOAT32
        and math.prod(kernel) > FEW
        and not (_covers(x.shape[2:], kernel, padding, out_size) and pays_off(x, SMALL))
    ):
        wide = x.astype(np.float64)
        return avg_pool2d(wide, kernel, stride, padding, out_size, *divisors).astype(_FLOAT32)
    if not pays_off(x, SMALL):
        return twin.avg_pool2d(dense(x), kernel, stride, padding, out_size, *divisors)
    code, planes, shape, tables, work = _avg_launch(
        x.dtype, x.shape, kernel, stride, padding, out_size, *divisors
    )
    out = np.empty(shape, x.dtype)
    parallel_for(code, planes, dense(x).ravel(), out.ravel(), *tables, work_ns=work)
    return out


def avg_pool2d_grad(
    g: Array,
    input_shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Adjoint of `avg_pool2d`: each window's gradient, shared equally, (N, C, H, W)."""
    divisors = (count_include_pad, divisor_override)
    if g.dtype is _FLOAT32 and math.prod(kernel) > FEW * math.prod(stride):
        wide = g.astype(np.float64)
        grad = avg_pool2d_grad(wide, input_shape, kernel, stride, padding, *divisors)
        return grad.astype(_FLOAT32)
    if not (math.prod(input_shape) > SMALL and pays_off(g, 0)):
        return twin.avg_pool2d_grad(dense(g), input_shape, kernel, stride, padding, *divisors)
    code, planes, shape, (sizes, table, room), work = _avg_grad_launch(
        g.dtype, input_shape, kernel, stride, padding, g.shape[2:], *divisors
    )
    out, sums = np.empty(shape, g.dtype), np.empty(planes * room, g.dtype)
    parallel_for(code, planes, dense(g).ravel(), out.ravel(), sizes, table, sums, work_ns=work)
    return out
