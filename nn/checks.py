"""Checks of arguments that layers, readers and the loader share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from autograd.errors import ArgumentError

__all__ = ["check_spread", "nearest"]


def check_spread(where: str, std: tuple[float, ...]) -> None:
    """Raise unless every standard deviation that pixels are divided by is above zero."""
    if not all(s > 0 for s in std):
        shown = std[0] if len(std) == 1 else std
        raise ArgumentError(
            f"{where}: std must be above 0, got {shown!r}; pixels are divided by it, so give 1 to "
            "leave the scale"
        )


def nearest(word: object, known: Iterable[str]) -> str:
    """A question, did you mean ..., if one of the known words is like this one, else nothing."""
    found = difflib.get_close_matches(str(word).lower(), known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
