"""Checks of plain arguments, used wherever one comes in: whole numbers, numbers, switches.

A text is never a number, and neither is True. Each check returns the value in Python's own type, or
raises an error that begins with `where` (an op, a class) and names the argument.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.errors import ArgumentError, DTypeError

__all__ = ["check_annotated", "flag", "nonnegative", "number", "require_constant", "whole"]


def whole(where: str, name: str, value: Any, least: int | None = None, why: str = "") -> int:
    """`value` as an int, of at least `least` if that is given.

    >>> whole("Linear", "in_features", 3, 1)
    3
    """
    wanted = "give a whole number" + ("" if least is None else f" of at least {least}") + why
    try:
        if isinstance(value, bool | np.bool):
            raise TypeError
        result = operator.index(value)
    except TypeError:
        raise DTypeError(f"{where}: {name} came as {value!r}; {wanted}") from None
    if least is not None and result < least:
        raise ArgumentError(f"{where}: {name} came as {value!r}; {wanted}")
    return result


def number(where: str, name: str, value: Any) -> float:
    """`value` as a finite Python float: NumPy's float64 would turn float32 arithmetic into its own.

    >>> number("SGD", "dampening", 1)
    1.0
    """
    require_constant(where, name, value)
    try:
        if isinstance(value, bool | np.bool | str | bytes):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError):
        raise DTypeError(f"{where}: {name} came as {value!r}; give a number") from None
    if not math.isfinite(result):
        raise ArgumentError(f"{where}: {name} came as {value!r}; give a finite number")
    return result


def require_constant(where: str, name: str, value: Any) -> None:
    """Raise for a Tensor that requires a gradient, where it would be taken for a plain number."""
    if getattr(value, "requires_grad", False) is True:
        plain = "item" if getattr(value, "ndim", 0) == 0 else "detach"
        raise DTypeError(
            f"{where}: {name} came as a Tensor that requires a gradient, which would be lost: it "
            f"is a constant here; give {name}.{plain}()"
        )


def nonnegative(where: str, name: str, value: Any) -> float:
    """`value` as a Python float of at least 0."""
    result = number(where, name, value)
    if result < 0:
        raise ArgumentError(f"{where}: {name} came as {value!r}; give a number of at least 0")
    return result


def flag(where: str, name: str, value: Any) -> bool:
    """`value` as a bool: True or False, or 1 or 0; a text such as "no" would count as true."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | np.integer | np.bool) and value in (0, 1):
        return bool(value)
    raise DTypeError(f"{where}: {name} came as {value!r}; give True or False")


def check_annotated(where: str, annotations: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Check the arguments that a constructor annotates `bool`, `int` or `float`, and every `eps`.

    None of them carries a gradient, but the `params` of an optimiser.
    """
    for name, value in values.items():
        if name != "params":
            require_constant(where, name, value)
        kind, bar, others = str(annotations.get(name)).partition(" | ")
        if bar and value is None:
            continue
        if others not in ("", "None"):
            continue
        if kind == "bool":
            flag(where, name, value)
        elif kind == "int" and type(value) is not int:
            whole(where, name, value)
        elif kind == "float" and type(value) not in (float, int) and name != "p":
            number(where, name, value)  # (p is a probability, of which layers say more)
        if name == "eps":
            nonnegative(where, name, value)
