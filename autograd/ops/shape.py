"""Rearranging elements."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError, ShapeError
from autograd.ops.axes import normal_axis, of_a_number
from autograd.ops.plain_functions import plain
from autograd.ops.positions import whole_numbers
from autograd.support.arguments import one_of

__all__ = [
    "broadcast_to",
    "expand",
    "expand_dims",
    "flatten",
    "flip",
    "moveaxis",
    "ravel",
    "reshape",
    "roll",
    "squeeze",
    "swapaxes",
    "transpose",
]


@op
def reshape(x: Array, shape, order="C"):
    """x with the same elements in another shape; one length may be −1, to be worked out.

    `order`: "C" reads and writes with the last index running fastest, "F" with the first. Raises
    `ShapeError` with both counts of elements if they differ.
    """
    array = x if type(x) is np.ndarray else np.asarray(x)
    old = array.shape
    one_of("reshape", "order", order, ("C", "F"))
    try:
        out = array.reshape(shape, order=order)
    except ValueError:
        raise ShapeError(_misfit(old, shape)) from None
    if order == "C":
        return out, lambda g: g.reshape(old)
    return out, lambda g: g.reshape(old, order="F")


def _misfit(old, shape):
    """Why an array of shape `old` cannot be reshaped to `shape`."""
    sizes = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    count, known = math.prod(old), math.prod(n for n in sizes if n >= 0)
    if sizes.count(-1) == 1:
        wanted = f"a multiple of {known}"
    elif any(n < 0 for n in sizes):
        return f"reshape: in shape {sizes} at most one length may be -1, the others 0 or more"
    else:
        wanted = f"{known}"
    return f"reshape: shape {sizes} takes {wanted} elements, but x has {count} in shape {old}"


def ravel(x: Any, order: str = "C") -> Any:
    """x with all its axes joined to one.

    >>> import autograd as ag
    >>> ag.ravel(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), order="F")
    tensor([1., 3., 2., 4.])
    """
    return reshape(x, (-1,), order=order)


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1, order: str = "C") -> Any:
    """x with the axes from `start_dim` to `end_dim` (included) joined to one.

    >>> import autograd as ag
    >>> ag.flatten(ag.zeros(2, 3, 4), start_dim=1).shape
    (2, 12)
    """
    known = type(start_dim) is type(end_dim) is int
    joined = (_known_flattened if known else _flattened)(plain(x).shape, start_dim, end_dim)
    return reshape(x, joined, order)


def _flattened(shape: tuple[int, ...], start_dim: Any, end_dim: Any) -> tuple[int, ...]:
    if not shape:
        return (1,)
    first = normal_axis("flatten", start_dim, shape)
    last = normal_axis("flatten", end_dim, shape)
    if first > last:
        raise ArgumentError(
            f"flatten: start_dim {start_dim} comes after end_dim {end_dim} in shape {shape}"
        )
    return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])


_known_flattened = lru_cache(maxsize=1024)(_flattened)


@op
def transpose(x: Array, axes=None):
    """x with its axes permuted (reversed if `axes` is None)."""
    if isinstance(axes, int):
        axes = (axes,)
    back = None if axes is None else tuple(int(i) for i in np.argsort([a % x.ndim for a in axes]))
    return np.transpose(x, axes), lambda g: np.transpose(g, back)


@op
def swapaxes(x: Array, axis1, axis2):
    """x with two axes exchanged."""
    if of_a_number(axis1, np.ndim(x)) and of_a_number(axis2, np.ndim(x)):
        return np.asarray(x), lambda g: g
    return np.swapaxes(x, axis1, axis2), lambda g: np.swapaxes(g, axis1, axis2)


@op
def moveaxis(x: Array, source, destination):
    """x with the axes `source` moved to the places `destination`, the others in order."""
    if of_a_number(source, np.ndim(x)) and of_a_number(destination, np.ndim(x)):
        return np.asarray(x), lambda g: g
    return np.moveaxis(x, source, destination), lambda g: moveaxis(g, destination, source)


@op
def expand_dims(x: Array, axis):
    """x with an axis of length 1 put in at `axis` (or one at each of a tuple)."""
    shape = np.shape(x)
    return np.expand_dims(x, axis), lambda g: g.reshape(shape)


@op
def squeeze(x: Array, axis=None):
    """x without its axes of length 1, or without `axis`, which must have length 1."""
    shape = np.shape(x)
    return np.squeeze(x, axis), lambda g: g.reshape(shape)


@op
def broadcast_to(x: Array, shape):
    """x repeated along new axes and axes of length 1 (a view)."""
    return np.broadcast_to(x, shape), lambda g: g


def expand(x: Any, shape: Any) -> Any:
    """`broadcast_to` in PyTorch's spelling: a length −1 keeps that of x.

    >>> import autograd as ag
    >>> ag.expand(ag.zeros(3, 1), (2, -1, 4)).shape
    (2, 3, 4)
    """
    old, sizes = plain(x).shape, tuple(shape)
    new = len(sizes) - len(old)
    if new < 0 or any(n < -1 or (n == -1 and i < new) for i, n in enumerate(sizes)):
        raise ShapeError(f"expand: shape {sizes} does not fit an operand of shape {old}")
    return broadcast_to(x, tuple(old[i - new] if n == -1 else n for i, n in enumerate(sizes)))


@op
def flip(x: Array, axis=None):
    """x with the order of its elements reversed along `axis` (all axes if None)."""
    if of_a_number(axis, np.ndim(x)):
        axis = None
    return np.flip(x, axis), lambda g: np.flip(g, axis)


@op
def roll(x: Array, shift, axis=None):
    """x with its elements moved on by `shift` along `axis`, the last ones coming back in front.

    Tuples roll several axes; with axis None the flattened x is rolled.
    """
    forth = whole_numbers("roll", "shift", shift)
    back = tuple(-n for n in forth) if isinstance(forth, tuple) else -forth
    return np.roll(x, forth, axis), lambda g: ops.roll(g, back, axis)
