"""The arguments of a pooling op, checked once and brought to the form the kernels take.

Kernels know images (N, C, H, W) only: one axis is an image of height 1, and an image without a
batch is a batch of one.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.grad_mode import is_grad_enabled
from autograd.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError
from autograd.kernels.pool.numpy_twin import first_tap, index_dtype
from autograd.ops.conv_geometry import Pair, Sizes, by, require_image, tidy
from autograd.ops.positions import all_below, positions
from autograd.support.arguments import per_axis

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Window(NamedTuple):
    """How a window moves over images: the arguments of the max-pooling kernel, in its order."""

    kernel: Pair
    stride: Pair
    padding: tuple[int, int, int, int]  # top, bottom, left, right
    dilation: Pair
    out_size: Pair


def pair(op: str, name: str, value: Any, axes: int, least: int) -> Sizes:
    """A number for every axis, or a list or tuple of one for each."""
    return per_axis(op, name, tidy(value), least, axes)


def max_window(
    op, x, axes, kernel_size, stride, padding, dilation, ceil_mode
) -> tuple[Window, np.ndarray | None]:
    """The windows of a max-pooling op over the last `axes` axes of x, and which meet the image."""
    require_float(op, x)
    return _found(op, x.shape, axes, kernel_size, stride, padding, dilation, ceil_mode)


def average_window(
    op, x_shape, axes, kernel_size, stride, padding, ceil_mode, divisor_override
) -> Window:
    """The windows of an averaging op over the last `axes` axes of an image of `x_shape`."""
    if divisor_override is not None and (
        not isinstance(divisor_override, int | np.integer) or divisor_override == 0
    ):
        raise ArgumentError(
            f"{op}: divisor_override must be an integer other than 0, got {divisor_override!r}"
        )
    return _found(op, tuple(x_shape), axes, kernel_size, stride, padding, 1, ceil_mode)[0]


def _found(op, x_shape, axes, *arguments) -> tuple[Window, np.ndarray | None]:
    """`_window`, whose arguments may be lists too."""
    try:
        return _window(op, x_shape, axes, *arguments)
    except TypeError:  # a list, which cannot be looked up
        pass
    return _window(op, x_shape, axes, *map(tidy, arguments))


@lru_cache(maxsize=1024, typed=True)
def _window(
    op, x_shape, axes, kernel_size, stride, padding, dilation, ceil_mode
) -> tuple[Window, np.ndarray | None]:
    require_image(op, "x", x_shape, axes)
    kernel = per_axis(op, "kernel_size", kernel_size, 1, axes)
    strides = kernel if stride is None else per_axis(op, "stride", stride, 1, axes)
    sides = per_axis(op, "padding", padding, 0, axes)
    dilations = per_axis(op, "dilation", dilation, 1, axes)
    spans = tuple(d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True))
    if any(2 * p > span for p, span in zip(sides, spans, strict=True)):
        raise ArgumentError(
            f"{op}: padding may be at most half the kernel, {by(tuple(s // 2 for s in spans))} for "
            f"a kernel of {by(spans)}, got {padding!r}"
        )
    image = x_shape[-axes:]
    out = tuple(map(_out_size, image, spans, strides, sides, (ceil_mode,) * axes))
    if min(out) < 1:
        raise ShapeError(
            f"{op}: kernel {by(spans)} is larger than the padded input "
            f"{by(tuple(n + 2 * p for n, p in zip(image, sides, strict=True)))} "
            f"(input {by(image)}, padding {by(sides)})"
        )
    window = Window(
        _of_images(kernel, 1),
        _of_images(strides, 1),
        _of_images(sides, 0)[:1] * 2 + _of_images(sides, 0)[1:] * 2,
        _of_images(dilations, 1),
        _of_images(out, 1),
    )
    return window, _met(window, image)


def _met(window: Window, image: Sizes) -> np.ndarray | None:
    """Which windows have a tap inside the image, (OH, OW) or (OL,); None where all have.

    A dilated window may step over a narrow image: one tap in the padding before, the next behind.
    """
    steps = (window.out_size, window.kernel, window.stride, window.padding[::2], window.dilation)
    plane = _of_images(image, 1)
    rows, columns = (first_tap(*axis) < axis[0] for axis in zip(plane, *steps, strict=True))
    if rows.all() and columns.all():
        return None
    return np.outer(rows, columns) if len(image) == 2 else columns


def _of_images(sizes: Sizes, missing: int) -> Pair:
    """One number for each axis of an image, whose height may be missing."""
    return (missing if len(sizes) == 1 else sizes[0], sizes[-1])


def _out_size(size: int, span: int, stride: int, padding: int, ceil_mode: bool) -> int:
    """How many windows; with `ceil_mode` the last may reach beyond, but not start there.

    Not positive where the kernel is larger than the padded image: with `ceil_mode`, by a stride.
    """
    room = size + 2 * padding - span
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


def require_float(op: str, x: Any) -> None:
    """Raise unless x is an array of a dtype that the kernels take."""
    if type(x) is np.ndarray and (x.dtype is _FLOAT32 or x.dtype is _FLOAT64):
        return
    if not isinstance(x, np.ndarray) or x.dtype not in (np.float32, np.float64):
        raise DTypeError(
            f"{op}: x must be an array of float32 or float64, got {getattr(x, 'dtype', x)}"
        )


def plane_positions(op: str, indices: Any, plane: Sizes, x_shape: Sizes) -> np.ndarray:
    """Flat positions in planes as the kernels take them, which check nothing: the caller's copy
    while ops are recorded, none outside the plane, in the smallest type that holds them all.
    """
    axes, size = len(plane), math.prod(plane)
    dtype = np.dtype(index_dtype(size))
    if type(indices) is np.ndarray and indices.dtype is dtype:  # as max pooling leaves them
        places = indices.copy() if is_grad_enabled() else indices
        inside = not places.size or places.max() < size
    else:
        wide = positions(op, "indices", indices)
        inside, places = all_below(wide, size), wide.astype(dtype)
    if not inside:
        wrong = next(i for i in np.ravel(indices).tolist() if not 0 <= i < size)
        raise IndexRangeError(
            f"{op}: index {wrong} is outside a plane of shape {tuple(plane)}; 0 to {size - 1} "
            "would fit"
        )
    if places.ndim != len(x_shape) or places.shape[:-axes] != tuple(x_shape[:-axes]):
        raise ShapeError(
            f"{op}: indices of shape {places.shape} and an operand of shape {tuple(x_shape)} must "
            "agree in the axes before the plane"
        )
    return places


def as_images(x: np.ndarray, axes: int) -> np.ndarray:
    """x, pooled over its last `axes` axes, as (N, C, H, W)."""
    if axes == 2 and x.ndim == 4:
        return x
    lead, plane = x.shape[:-axes], x.shape[-axes:]
    return x.reshape((1,) * (2 - len(lead)) + lead + (1,) * (2 - axes) + plane)


def lifted(shape: Sizes) -> Sizes:
    """The shape of images of height 1 that stand for (..., L)."""
    return (*shape[:-1], 1, shape[-1])
