"""Checks of plain arguments, used wherever one comes in: numbers, switches, words.

A text is never a number, and neither is True. Each check returns the value in Python's own type, or
raises the error that all of this library's follow: "where: name must be this, got that", with what
to do after a semicolon if that does not say it. `where` is an op or a class.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from autograd.errors import ArgumentError, DTypeError

__all__ = [
    "allowed_axes",
    "check_annotated",
    "flag",
    "fraction",
    "nonnegative",
    "number",
    "one_of",
    "per_axis",
    "positive",
    "require_constant",
    "require_unmasked",
    "whole",
]


def whole(where: str, name: str, value: Any, least: int | None = None, why: str = "") -> int:
    """`value` as an int, of at least `least` if that is given.

    >>> whole("Linear", "in_features", 3, 1)
    3
    """
    wanted = "a whole number" + ("" if least is None else f" of at least {least}")
    try:
        if isinstance(value, bool | np.bool):
            raise TypeError
        result = operator.index(value)
    except TypeError:
        raise DTypeError(f"{where}: {name} must be {wanted}, got {value!r}{why}") from None
    if least is not None and result < least:
        raise ArgumentError(f"{where}: {name} must be {wanted}, got {value!r}{why}")
    return result


def per_axis(where: str, name: str, value: Any, least: int, axes: int) -> tuple[int, ...]:
    """A whole number of at least `least` for each of so many axes: one for all, or a list.

    >>> per_axis("conv2d", "stride", 2, least=1, axes=2)
    (2, 2)
    """
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    if len(values) != axes:
        wanted = "one number" if axes == 1 else f"a number or {axes} of them"
        raise ArgumentError(f"{where}: {name} must be {wanted}, got {value!r}")
    return tuple(whole(where, name, v, least) for v in values)


def number(
    where: str,
    name: str,
    value: Any,
    wanted: str = "a number",
    fits: Callable[[float], bool] = math.isfinite,
) -> float:
    """`value` as a finite Python float: NumPy's float64 would turn float32 arithmetic into its own.

    `wanted` and `fits` say which numbers, in words and as a condition.

    >>> number("SGD", "dampening", 1)
    1.0
    """
    require_constant(where, name, value)
    try:
        if isinstance(value, bool | np.bool | str | bytes):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError):
        raise DTypeError(f"{where}: {name} must be {wanted}, got {value!r}") from None
    if not math.isfinite(result):
        wanted = wanted.replace("number", "finite number", 1)
    if not (math.isfinite(result) and fits(result)):
        raise ArgumentError(f"{where}: {name} must be {wanted}, got {value!r}")
    return result


def nonnegative(where: str, name: str, value: Any) -> float:
    """`value` as a Python float of at least 0."""
    if type(value) is float and 0 <= value < math.inf:  # nearly always
        return value
    return number(where, name, value, "a number of at least 0", lambda x: x >= 0)


def positive(where: str, name: str, value: Any) -> float:
    """`value` as a Python float above 0."""
    if type(value) is float and 0 < value < math.inf:  # nearly always
        return value
    return number(where, name, value, "a number above 0", lambda x: x > 0)


def fraction(where: str, name: str, value: Any) -> float:
    """`value` as a Python float from 0 to 1."""
    if type(value) is float and 0 <= value <= 1:  # nearly always
        return value
    return number(where, name, value, "a number from 0 to 1", lambda x: 0 <= x <= 1)


def allowed_axes(ndim: int) -> str:
    """Which axes an array of so many has, for the error about one that it has not."""
    return f"{-ndim} to {ndim - 1}" if ndim else "none: it has no axes"


def require_constant(where: str, name: str, value: Any) -> None:
    """Raise for a Tensor that requires a gradient, where it would be taken for a plain number."""
    if getattr(value, "requires_grad", False) is True:
        plain = "item" if getattr(value, "ndim", 0) == 0 else "detach"
        raise DTypeError(
            f"{where}: {name} must be a constant, got a Tensor that requires a gradient, which "
            f"would be lost; give {name}.{plain}()"
        )


def require_unmasked(value: Any, what: str) -> None:
    """Raise for a masked array whose masked elements would count like any other."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise DTypeError(
            f"{what}: a masked array is refused, since its masked elements would count; "
            "give x.filled(value)"
        )


def flag(where: str, name: str, value: Any) -> bool:
    """`value` as a bool: True or False, or 1 or 0; a text such as "no" would count as true."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | np.integer | np.bool) and value in (0, 1):
        return bool(value)
    raise DTypeError(f"{where}: {name} must be True or False, got {value!r}")


def one_of(where: str, name: str, value: Any, options: Collection[Any]) -> Any:
    """`value`, if it is one of the options."""
    try:
        if value in options:
            return value
    except (TypeError, ValueError):  # a list or an array
        pass
    *first, last = map(repr, options)
    allowed = f"one of {', '.join((*first, last))}" if len(first) > 1 else f"{first[0]} or {last}"
    raise ArgumentError(f"{where}: {name} must be {allowed}, got {value!r}")


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
