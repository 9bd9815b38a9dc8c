"""What public functions that are no ops themselves share with ops: spellings, lists of arrays."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError
from autograd.support.unknown_names import answering, respelled

F = TypeVar("F", bound=Callable[..., Any])


def front(function: F) -> F:
    """Let a plain function take PyTorch's words, as ops do.

    `dim` and `keepdim` are `axis` and `keepdims`, `input` is the first argument. What fits no
    argument is answered with an error of ours.
    """
    name, takes = function.__name__, tuple(inspect.signature(function).parameters)
    return answering(  # type: ignore[no-any-return]
        function, name, lambda args, named: respelled(name, args, named, takes)
    )


def plain(value: Any) -> Any:
    """A Tensor's ndarray; anything else as an ndarray."""
    return value._data if isinstance(value, Tensor) else np.asarray(value)


def as_operands(arrays: Any, name: str) -> tuple[Any, ...]:
    """The members of a list of Tensors or arrays: at least one."""
    if isinstance(arrays, Tensor | np.ndarray) and arrays.ndim == 0:
        raise DTypeError(f"{name}: arrays must be a list of arrays, got one without axes")
    if not isinstance(arrays, list | tuple | Tensor | np.ndarray):
        raise DTypeError(f"{name}: arrays must be a list of arrays, got {type(arrays).__name__}")
    operands = tuple(arrays)
    if not operands:
        raise ArgumentError(f"{name}: arrays must hold at least one, got an empty list")
    require_arrays(operands, name)
    return operands


def require_arrays(operands: tuple[Any, ...], name: str) -> None:
    """Raise for an iterator among them, which NumPy would take for a single object."""
    for position, operand in enumerate(operands):
        if hasattr(operand, "__next__"):
            raise DTypeError(
                f"{name}: operand {position} must be an array, got {type(operand).__name__}; "
                "write list(...)"
            )
