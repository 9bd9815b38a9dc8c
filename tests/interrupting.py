"""Exceptions raised wherever the handler of a signal may raise one, one place after the other."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FrameType
from typing import Any

__all__ = ["Interrupt", "interrupted_everywhere"]


class Interrupt(BaseException):
    """What the handler raises."""


class _Interrupting:
    """A profiling function that raises at the n-th place, and again `again` places later.

    Handlers run where a function begins and where a call into C has returned.
    """

    def __init__(self, place: int, again: int | None) -> None:
        self.left, self.again = place, again
        self.hits = 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_return" or (event == "call" and _looks_for_signals(frame.f_code)):
            self.left -= 1
            if self.left == 0:
                self.hits += 1
                if self.again is not None:
                    self.left, self.again = self.again, None
                raise Interrupt


@cache
def _looks_for_signals(code: CodeType) -> bool:
    """Whether a function looks for signals where it begins, before its first instruction."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "RESUME":
            return (instruction.arg or 0) < 2
    return False


def interrupted_everywhere(
    run: Callable[[], Any], limit: int = 5000, again: int | None = None
) -> Iterator[bool]:
    """Call `run` interrupted at its first place, its second, ...; until it comes to its end.

    Yields after each call whether the interrupt came out of it. With `again` the handler raises a
    second time, so many places later: an exception ends profiling, so it is set up anew when it
    was caught, by whatever catches it.
    """
    outer = sys.getprofile()
    for place in range(1, limit):
        interrupting = _Interrupting(place, None)
        caught = False
        try:
            sys.setprofile(interrupting)
            run()
        except Interrupt:
            caught = True
        finally:
            sys.setprofile(outer)
        if not interrupting.hits or (not caught and interrupting.left >= 0):
            return
        yield caught
    raise AssertionError(f"it did not end within {limit} places")
