"""Exceptions raised wherever the handler of a signal may raise one, one place after the other."""

from __future__ import annotations

import dis
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FrameType
from typing import Any

__all__ = ["Interrupt", "interrupted_everywhere"]


class Interrupt(BaseException):
    """What the handler raises."""


class _Interrupting:
    """A profiling function that raises at the n-th place.

    Handlers run where a function begins and where a call into C has returned.
    """

    def __init__(self, place: int) -> None:
        self.left = place

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_return" or (event == "call" and _looks_for_signals(frame.f_code)):
            self.left -= 1
            if self.left == 0:  # the exception ends profiling
                raise Interrupt


@cache
def _looks_for_signals(code: CodeType) -> bool:
    """Whether a function looks for signals where it begins, before its first instruction.

    Compiled ones tell of themselves, but run no handler.
    """
    if os.path.basename(code.co_filename).startswith("numba_"):
        return False
    for instruction in dis.get_instructions(code):
        if instruction.opname == "RESUME":
            return (instruction.arg or 0) < 2
    return False


def interrupted_everywhere(
    run: Callable[[], Any], limit: int = 20_000, stride: int = 1
) -> Iterator[int]:
    """Call `run` interrupted at its first place, at its second, ..., until it comes to its end.

    Yields the number of the place after each call that was interrupted. `stride` leaves out places.
    """
    for place in range(1, limit, stride):
        interrupting = _Interrupting(place)
        outer = sys.getprofile()
        sys.setprofile(interrupting)
        try:
            run()
        except Interrupt:
            yield place
        else:
            return
        finally:
            sys.setprofile(outer)
    raise AssertionError(f"it did not end within {limit} places")
