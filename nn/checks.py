"""Checks of arguments that layers, readers and the loader share."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable
from typing import Any

from autograd.errors import ArgumentError, DTypeError

__all__ = ["check_spread", "nearest", "whole_number"]


def whole_number(where: str, name: str, value: Any, least: int, why: str = "") -> int:
    """`value` as an int of at least `least`, or an error that names it."""
    wanted = f"give a whole number of at least {least}{why}"
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise DTypeError(f"{where}: {name} came as {value!r}; {wanted}") from None
    if number < least:
        raise ArgumentError(f"{where}: {name} came as {value!r}; {wanted}")
    return number


def check_spread(where: str, std: tuple[float, ...]) -> None:
    """Raise unless every standard deviation that pixels are divided by is above zero."""
    if not all(s > 0 for s in std):
        shown = std[0] if len(std) == 1 else std
        raise ArgumentError(
            f"{where}: std came as {shown!r}; pixels are divided by it, so give numbers above 0 "
            "(1 to leave the scale)"
        )


def nearest(word: object, known: Iterable[str]) -> str:
    """A question, did you mean ..., if one of the known words is like this one, else nothing."""
    found = difflib.get_close_matches(str(word).lower(), known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
