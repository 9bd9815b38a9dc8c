"""Gradients from outside: what a backward pass is started with, or a hook returns."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.dtypes import as_array
from autograd.engine.grad_mode import enable_grad
from autograd.engine.node import Edge
from autograd.engine.returned_gradients import of_dtype
from autograd.engine.tensors import Tensor
from autograd.errors import DTypeError, GraphError, ShapeError


def key_of(tensor: Any, function: str) -> Edge:
    """What stands for a Tensor in the graph: its node, or the leaf itself."""
    if not isinstance(tensor, Tensor):
        raise DTypeError(f"{function}: tensor must be a Tensor, got {type(tensor).__name__}")
    if not tensor._requires_grad:
        raise GraphError(
            f"{function}: this Tensor (shape {tensor.shape}) requires no gradient: it was made "
            "from constants, inside no_grad(), or detached. Set requires_grad=True on what the "
            "gradient is wanted of, before computing with it."
        )
    return tensor.node or tensor


def leaf_of(tensor: Any) -> Tensor:
    key = key_of(tensor, "backward")
    if key is not tensor:
        raise GraphError(
            f"backward: inputs must be leaves, got the result of {key!r}; "
            "ag.grad(loss, [x]) returns gradients of recorded Tensors"
        )
    return key


def seed_of(root: Any, gradient: Any, function: str, create_graph: bool = False) -> Any:
    """The gradient to start with at `root`: a Tensor if it is to be differentiated by itself."""
    key_of(root, function)
    if gradient is None:
        if root._data.size != 1:
            raise GraphError(
                f"{function}: a gradient is needed for a Tensor of shape {root.shape}; reduce it "
                f"first (loss.sum() or loss.mean()) or pass one of shape {root.shape}"
            )
        seed = np.empty(root._data.shape, root._data.dtype)
        seed.fill(1)
        return seed
    if create_graph and isinstance(gradient, Tensor) and gradient._requires_grad:
        check_given(gradient, root, function)
        with enable_grad():
            return of_dtype(gradient, root.dtype)
    fitting = given_array(gradient, root, function)
    # what is recorded of it must not change when the caller's array does
    return fitting.copy() if create_graph else fitting


def given_array(given: Any, wanted: Any, what: str) -> np.ndarray:
    """A gradient from outside as an array of the shape and dtype of the Tensor or node `wanted`."""
    if isinstance(given, Tensor):
        given = given._data
    array = as_array(given, f"{what}: a gradient of shape {wanted.shape}", wanted.dtype)
    check_given(array, wanted, what)
    return array


def check_given(given: Any, wanted: Any, what: str) -> None:
    if given.dtype.kind not in "fiub":
        raise DTypeError(f"{what}: the gradient must have dtype {wanted.dtype}, got {given.dtype}")
    if given.shape != wanted.shape:
        raise ShapeError(f"{what}: the gradient must have shape {wanted.shape}, got {given.shape}")
