"""Checks of plain arguments, used wherever one comes in: whole numbers, numbers, switches.

A text is never a number, and neither is True. Each check returns the value in Python's own type, or
raises an error that begins with `where` (an op, a class) and names the argument.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from autograd.errors import ArgumentError, DTypeError

__all__ = ["flag", "fraction", "number", "whole"]


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


def number(where: str, name: str, value: Any, wanted: str = "give a finite number") -> float:
    """`value` as a finite Python float.

    >>> number("SGD", "dampening", 1)
    1.0
    """
    try:
        if isinstance(value, bool | np.bool | str | bytes):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError):
        raise DTypeError(f"{where}: {name} came as {value!r}; {wanted}") from None
    if not math.isfinite(result):
        raise ArgumentError(f"{where}: {name} came as {value!r}; {wanted}")
    return result


def fraction(where: str, name: str, value: Any) -> float:
    """`value` as a Python float from 0 to 1."""
    wanted = "give a number from 0 to 1"
    result = number(where, name, value, wanted)
    if not 0 <= result <= 1:
        raise ArgumentError(f"{where}: {name} came as {value!r}; {wanted}")
    return result


def flag(where: str, name: str, value: Any) -> bool:
    """`value` as a bool: True or False, or 1 or 0; a text such as "no" would count as true."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | np.integer | np.bool) and value in (0, 1):
        return bool(value)
    raise DTypeError(f"{where}: {name} came as {value!r}; give True or False")
