"""Sorting and choosing by size: indices are plain arrays, values follow by `take_along_axis`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.late_bound import ops
from autograd.errors import ArgumentError
from autograd.ops.axes import normal_axis, of_a_number
from autograd.ops.plain_functions import front, plain

__all__ = ["argsort", "sort", "topk"]


@front
def argsort(
    x: Any, axis: int | None = -1, *, descending: bool = False, stable: bool = True
) -> np.ndarray:
    """The indices that sort x along `axis` (the flattened x if None): a plain integer array.

    Equal elements keep their order, in both directions (`stable` is always granted). NaN counts
    as larger than any number.

    >>> import autograd as ag
    >>> ag.argsort(ag.tensor([3.0, 1.0, 2.0]))
    array([1, 2, 0])
    """
    array = plain(x)
    if axis is None or of_a_number(axis, array.ndim):
        array, axis = array.reshape(-1), 0
    axis = normal_axis("argsort", axis, array.shape)
    if not descending:
        return np.argsort(array, axis=axis, stable=True)
    reversed_order = np.argsort(np.flip(array, axis), axis=axis, stable=True)
    return array.shape[axis] - 1 - np.flip(reversed_order, axis)


@front
def sort(x: Any, axis: int | None = -1, *, descending: bool = False, stable: bool = True) -> Any:
    """x sorted along `axis` (the flattened x if None). Values only; the indices are `argsort`.

    The gradient goes to where each element came from; equal elements keep their order.

    >>> import autograd as ag
    >>> ag.sort(ag.tensor([3.0, 1.0, 2.0]), descending=True)
    tensor([3., 2., 1.])
    """
    if of_a_number(axis, plain(x).ndim):
        return ops.copy(x)
    order = argsort(x, axis, descending=descending)
    if axis is None:
        return ops.take(x, order)
    return ops.take_along_axis(x, order, axis)


@front
def topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> tuple[Any, np.ndarray]:
    """The k largest (or smallest) elements along `axis`, sorted, and their indices.

    The first among equals comes first. Raises `ArgumentError` if there are fewer than k.

    >>> import autograd as ag
    >>> values, indices = ag.topk(ag.tensor([3.0, 1.0, 2.0]), 2)
    >>> values, indices
    (tensor([3., 2.]), array([0, 2]))
    """
    shape = plain(x).shape
    if of_a_number(axis, len(shape)) and k == 1:
        return ops.copy(x), np.zeros((), np.intp)
    axis = normal_axis("topk", axis, shape)
    if not 0 <= k <= shape[axis]:
        raise ArgumentError(
            f"topk: k must be 0 to {shape[axis]} for axis {axis} of shape {shape}, got {k}"
        )
    indices = np.moveaxis(_top(np.moveaxis(plain(x), axis, -1), k, largest), -1, axis)
    return ops.take_along_axis(x, indices, axis), indices


def _top(rows: np.ndarray, k: int, largest: bool) -> np.ndarray:
    """The indices of the k largest or smallest along the last axis, the first among equals."""
    length = rows.shape[-1]
    if 4 * k > length or k == 0 or (rows.dtype.kind == "f" and np.isnan(rows).any()):
        return argsort(rows, descending=largest)[..., :k]
    # The k-th value splits each row without sorting it; among its equals the first ones are taken.
    place = length - k if largest else k - 1
    last = np.partition(rows, place, axis=-1)[..., place, None]
    inside = rows > last if largest else rows < last
    missing = k - inside.sum(-1, keepdims=True)
    equal = rows == last
    inside |= equal & (np.cumsum(equal, -1) <= missing)
    indices = np.nonzero(inside)[-1].reshape((*rows.shape[:-1], k))
    order = argsort(np.take_along_axis(rows, indices, -1), descending=largest)
    return np.take_along_axis(indices, order, -1)
