"""Gradients in memory of their own: what a `grad` and a hook are given is shared with nothing."""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.node import edge_name
from autograd.engine.returned_gradients import of_dtype
from autograd.engine.tensors import Tensor
from autograd.errors import ShapeError

_box = [object()]
_ALONE = getrefcount(_box[0])  # references to an object that nothing but a list holds


def owned_array(box: list[np.ndarray]) -> np.ndarray:
    """Contiguous, writable memory shared with nothing: the box's array where no one else has it."""
    if box[0].flags.carray and getrefcount(box[0]) == _ALONE:
        whole: list[Any] = [box[0].base]  # of a reshaped array: the one that owns the memory
        if whole[0] is None:
            return box[0]
        if type(whole[0]) is np.ndarray and whole[0].base is None and _of_one(whole, box[0]):
            return box[0]
    return np.array(box[0], order="C")


def _of_one(whole: list[np.ndarray], view: np.ndarray) -> bool:
    """Whether `view` is all of the array in the box `whole`, and nobody else holds that."""
    return whole[0].nbytes == view.nbytes and getrefcount(whole[0]) == _ALONE + 1


def own(box: list[Any]) -> Tensor | None:
    """The gradient in `box` as a Tensor with memory of its own, connected as it was."""
    if box[0] is None:
        return None
    if not isinstance(box[0], Tensor):
        return Tensor._of(owned_array(box))
    if (
        getrefcount(box[0]) == _ALONE
        and getrefcount(box[0]._data) == _ALONE
        and box[0]._data.base is None
        and box[0]._data.flags.carray
    ):
        return box[0]
    return copied(box[0])


def copied(g: Any) -> Tensor:
    """A Tensor with the values of the gradient `g`, recorded if `g` is."""
    if isinstance(g, Tensor) and g._requires_grad:
        return ops.copy(g)
    return Tensor._of(np.array(g._data if isinstance(g, Tensor) else g, order="C"))


def added(tensor: Tensor, box: list[Any]) -> Tensor:
    """The gradient in `box` and what is in `tensor.grad` already, in memory of their own."""
    old = tensor._grad
    recorded = isinstance(box[0], Tensor)
    if old is None:
        return own(box) if recorded else Tensor._of(owned_array(box))  # type: ignore[return-value]
    if old.shape != box[0].shape:
        raise ShapeError(
            f"backward: the `grad` of {edge_name(tensor)} has shape {old.shape}, but its gradient "
            f"has shape {box[0].shape}. Set it to None when the data are replaced."
        )
    if recorded:
        return of_dtype(old + box[0], tensor.dtype)
    fresh = owned_array(box)
    np.add(old._data, fresh, out=fresh, casting="same_kind")
    return Tensor._of(fresh)
