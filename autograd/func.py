"""Gradients as functions of functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.errors import DTypeError, GraphError
from autograd.grad_mode import enable_grad
from autograd.backprop import gradients
from autograd.tensors import Tensor

__all__ = ["grad", "value_and_grad"]


def grad(
    outputs: Tensor | Sequence[Tensor] | Callable[..., Tensor],
    inputs: Tensor | Sequence[Tensor] | None = None,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
    *,
    argnums: int | tuple[int, ...] = 0,
) -> Any:
    """Gradients of Tensors, or the gradient function of a function.

    `grad(loss, [w, b])` returns a tuple of ∂loss/∂w, ∂loss/∂b and touches no `.grad`. With
    `create_graph=True` the gradients are recorded, to be differentiated again. `grad(f)` returns
    the function x ↦ ∇f(x) with respect to argument `argnums`.

    >>> import autograd as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> dx, = ag.grad(x**3, [x], create_graph=True)
    >>> ag.grad(dx, [x])[0].item()
    18.0
    >>> ag.grad(lambda x: x**2)(5.0).item()
    10.0
    """
    if callable(outputs) and not isinstance(outputs, Tensor):
        if inputs is not None:
            raise DTypeError("grad: a function takes no `inputs`; call grad(f)(x) instead")
        return _gradient_function(outputs, argnums)
    if inputs is None:
        raise DTypeError("grad: the Tensors to differentiate with respect to are missing")
    many = outputs if isinstance(outputs, list | tuple) else [outputs]
    wanted = inputs if isinstance(inputs, list | tuple) else [inputs]
    if grad_outputs is None:
        grad_outputs = [None] * len(many)
    elif not isinstance(grad_outputs, list | tuple):
        grad_outputs = [grad_outputs]
    if len(grad_outputs) != len(many):
        raise DTypeError(f"grad: {len(many)} outputs but {len(grad_outputs)} grad_outputs")
    return tuple(gradients(many, wanted, grad_outputs, retain_graph, create_graph, allow_unused))


def value_and_grad(
    function: Callable[..., Tensor], argnums: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """The function x ↦ (f(x), ∇f(x)) with respect to argument `argnums`.

    >>> import autograd as ag
    >>> value, slope = ag.func.value_and_grad(lambda x: x**2)(5.0)
    >>> value.item(), slope.item()
    (25.0, 10.0)
    """
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        given = list(args)
        with enable_grad():
            for position in positions:
                given[position] = _variable(args[position])
            value = function(*given, **kwargs)
            if not isinstance(value, Tensor) or value.size != 1:
                got = f"shape {value.shape}" if isinstance(value, Tensor) else type(value).__name__
                raise GraphError(
                    f"grad: the function must return a Tensor of one element, got {got}"
                )
            nested = any(isinstance(arg, Tensor) and arg.requires_grad for arg in args)
            slopes = gradients([value], [given[i] for i in positions], [None], create_graph=nested)
        return value if nested else value.detach(), slopes[0] if isinstance(
            argnums, int
        ) else tuple(slopes)

    return evaluate


def _gradient_function(
    function: Callable[..., Tensor], argnums: int | tuple[int, ...]
) -> Callable[..., Any]:
    both = value_and_grad(function, argnums)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def _variable(value: Any) -> Tensor:
    """`value` as a Tensor that requires a gradient; a recorded one stays itself."""
    if isinstance(value, Tensor):
        return value if value.requires_grad else Tensor(value.data, requires_grad=True)
    return Tensor(np.asarray(value) if isinstance(value, np.ndarray) else value, requires_grad=True)
