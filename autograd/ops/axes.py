"""Axes as people give them, checked and counted from the front; the error for a wrong one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.errors import AxisError, DTypeError
from autograd.support.arguments import allowed_axes


def normal_axis(op: str, axis: Any, shape: tuple[int, ...]) -> int:
    """`axis` of an array of that shape, counted from the front."""
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
        raise DTypeError(f"{op}: axis must be an integer, got {axis!r}")
    ndim = len(shape)
    if not -ndim <= axis < ndim:
        allowed = allowed_axes(ndim)
        raise AxisError(f"{op}: axis {axis} does not exist in shape {shape}; allowed: {allowed}")
    return int(axis) % ndim


def of_a_number(axis: Any, ndim: int) -> bool:
    """Whether `axis` is that of a number without axes, which counts as a row of one there."""
    if ndim or axis is None:
        return False
    return (tuple(axis) if isinstance(axis, tuple | list) else (axis,)) in ((0,), (-1,))


def reduced_axes(axis, ndim):
    """The axes that `axis` (None, an integer or a sequence) names, counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is tuple and len(axis) == 1:
        axis = axis[0]
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    if of_a_number(axis, ndim):
        return ()
    return np.lib.array_utils.normalize_axis_tuple(axis, ndim)


def numpy_axes(axis, ndim):
    """The axes as NumPy wants them: no list, and none of a number."""
    if ndim and type(axis) is not list:  # nearly always
        return axis
    return reduced_axes(axis, ndim)


def kept_shape(shape, axis):
    """`shape` with the reduced axes of length 1: what broadcasts against the operand."""
    ndim = len(shape)
    if axis is None:
        return (1,) * ndim
    if type(axis) is int and -ndim <= axis < ndim:
        axis %= ndim
        return (*shape[:axis], 1, *shape[axis + 1 :])
    axes = reduced_axes(axis, ndim)
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def reduced_count(shape, axis):
    """How many elements go into one result."""
    return math.prod([shape[i] for i in reduced_axes(axis, len(shape))])
