"""The largest and the smallest elements over axes, and where they stand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ShapeError
from autograd.ops.axes import kept_shape, normal_axis, of_a_number, reduced_axes, reduced_count
from autograd.ops.plain_functions import front, plain

__all__ = ["argmax", "argmin", "max", "min"]


@op
def max(x: Array, axis=None, keepdims=False):
    """Largest element over `axis`. The gradient goes to the first one among equals.

    >>> import autograd as ag
    >>> x = ag.tensor([1.0, 5.0, 5.0], requires_grad=True)
    >>> ag.max(x).backward()
    >>> x.grad
    tensor([0., 1., 0.])
    """
    shape, positions = np.shape(x), _positions(x, axis, np.argmax, np.max, "max")
    out = np.take(x, positions)
    out = out.reshape(kept_shape(shape, axis)) if keepdims else out
    return out, lambda g: ops.scatter_taken(g.reshape(positions.shape), positions, None, shape)


@op
def min(x: Array, axis=None, keepdims=False):
    """Smallest element over `axis`. The gradient goes to the first one among equals."""
    shape, positions = np.shape(x), _positions(x, axis, np.argmin, np.min, "min")
    out = np.take(x, positions)
    out = out.reshape(kept_shape(shape, axis)) if keepdims else out
    return out, lambda g: ops.scatter_taken(g.reshape(positions.shape), positions, None, shape)


def _positions(x, axis, choose, extreme, name):
    """Where in the flattened x the chosen elements over `axis` are."""
    shape = np.shape(x)
    axes = tuple(sorted(reduced_axes(axis, len(shape))))  # the first in memory is the first
    if 0 in [shape[i] for i in axes]:
        raise ShapeError(f"{name}: shape {shape} has no elements over axis {axis}")
    if len(axes) == len(shape):
        return np.asarray(choose(x))
    kept = [i for i in range(len(shape)) if i not in axes]
    outer = tuple(shape[i] for i in kept)
    if len(axes) == 1 and axes[0] != len(shape) - 1:
        chosen = _first_equal(x, extreme(x, axis=axes, keepdims=True), axes[0])
    else:
        rows = np.transpose(x, (*kept, *axes)).reshape((*outer, reduced_count(shape, axis)))
        chosen = choose(rows, axis=-1)
    return _offsets(shape, kept).reshape(outer) + _offsets(shape, axes)[chosen]


def _first_equal(x, wanted, axis):
    """Where along `axis` x first equals `wanted`: NumPy's argmax is slow but on the last axis."""
    equal = x == wanted
    if x.dtype.kind == "f" and np.isnan(wanted).any():
        equal |= np.isnan(x)
    steps = np.arange(x.shape[axis]).reshape((-1,) + (1,) * (x.ndim - axis - 1))
    return np.min(np.where(equal, steps, x.shape[axis]), axis=axis)


def _offsets(shape, axes):
    """How far into the flattened array each combination of indices along `axes` leads."""
    total = np.zeros((), np.intp)
    for i in axes:
        total = total[..., None] + np.arange(shape[i]) * math.prod(shape[i + 1 :])
    return total.reshape(-1)


@front
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> np.ndarray:
    """Where the largest element over `axis` is: a plain integer array, the first among equals.

    >>> import autograd as ag
    >>> ag.argmax(ag.tensor([[1.0, 5.0], [7.0, 2.0]]), axis=1)
    array([1, 0])
    """
    return _index_of(np.argmax, "argmax", x, axis, keepdims)


@front
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> np.ndarray:
    """Where the smallest element over `axis` is: a plain integer array, the first among equals."""
    return _index_of(np.argmin, "argmin", x, axis, keepdims)


def _index_of(choose: Any, name: str, x: Any, axis: Any, keepdims: bool) -> np.ndarray:
    array = plain(x)
    if of_a_number(axis, array.ndim):
        axis = None
    if axis is not None:
        axis = normal_axis(name, axis, array.shape)
    if reduced_count(array.shape, axis) == 0:
        raise ShapeError(f"{name}: shape {array.shape} has no elements over axis {axis}")
    return np.asarray(choose(array, axis=axis, keepdims=keepdims))
