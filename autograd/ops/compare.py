"""Comparisons: plain boolean arrays, which carry no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.tensors import Tensor
from autograd.errors import ShapeError
from autograd.support.unknown_names import name_arguments_in

__all__ = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal"]


def equal(a: Any, b: Any) -> np.ndarray:
    """Where a = b, as a boolean array (as all functions of this module).

    For what is neither a number nor an array the result is `NotImplemented`, so that `x == None`
    is False. Raises `ShapeError` for shapes that do not broadcast.

    >>> import autograd as ag
    >>> ag.tensor([1.0, 2.0]) == 2
    array([False,  True])
    """
    return compared(np.equal, a, b)


def not_equal(a: Any, b: Any) -> np.ndarray:
    """Where a ≠ b."""
    return compared(np.not_equal, a, b)


def less(a: Any, b: Any) -> np.ndarray:
    """Where a < b."""
    return compared(np.less, a, b)


def less_equal(a: Any, b: Any) -> np.ndarray:
    """Where a ≤ b."""
    return compared(np.less_equal, a, b)


def greater(a: Any, b: Any) -> np.ndarray:
    """Where a > b."""
    return compared(np.greater, a, b)


def greater_equal(a: Any, b: Any) -> np.ndarray:
    """Where a ≥ b."""
    return compared(np.greater_equal, a, b)


def compared(ufunc: np.ufunc, a: Any, b: Any) -> Any:
    """Where `ufunc` holds: what the operators of a Tensor call."""
    values = [x._data if isinstance(x, Tensor) else x for x in (a, b)]
    if not all(isinstance(x, int | float | np.generic | np.ndarray | list | tuple) for x in values):
        return NotImplemented
    try:
        return np.asarray(ufunc(*values))
    except ValueError as error:
        shapes = " and ".join(str(np.shape(x)) for x in values)
        raise ShapeError(f"{ufunc.__name__}: the shapes {shapes} do not broadcast") from error


name_arguments_in(globals(), __all__)
