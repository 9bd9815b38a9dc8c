"""Locks that a forked child finds open, whichever thread of its parent held them.

A child of `fork` has one thread, the one that forked, and a copy of all memory. A lock that some
other thread held is copied locked, and nobody is there to open it; what it guards is copied as it
was in the middle of a change. So every lock of this library comes from here: in a child it is made
anew, and what it guards is put right.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from autograd.support.interrupts import begins_at_once, to_the_end

__all__ = ["Guard", "hold_while_forking", "in_forked_child"]


class Guard:
    """`with guard.lock:` one thread at a time, which may enter again (from a signal's handler).

    Made once, by a module: it is kept for good.

    >>> guard = Guard()
    >>> with guard.lock:
    ...     pass
    """

    __slots__ = ("lock",)

    def __init__(self) -> None:
        self.lock = threading.RLock()
        _guards.append(self)


_guards: list[Guard] = []
_repairs: list[Callable[[], Any]] = []
_foreign: list[Any] = []


def in_forked_child(repair: Callable[[], Any]) -> Callable[[], Any]:
    """Decorator: call this function in every forked child, when all locks are open."""
    _repairs.append(repair)
    return repair


def hold_while_forking(lock: Any) -> None:
    """Fork only when no other thread holds this lock of another library."""
    if lock not in _foreign:
        _foreign.append(lock)


def _before() -> None:
    for lock in _foreign:
        lock.acquire()


def _after() -> None:
    for lock in reversed(_foreign):
        lock.release()


@begins_at_once
def _in_child() -> None:
    try:
        to_the_end(_repair)
    finally:
        _after()


def _repair() -> None:
    for guard in _guards:
        guard.lock = threading.RLock()
    for repair in _repairs:
        repair()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
