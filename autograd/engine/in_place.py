"""Which arrays were written in place, and when: so that a stale graph is noticed.

Every write by the library (in-place operators, optimisers, `load_state_dict`) stamps the array
that owns the memory with the counter that numbers nodes. A closure that captured an array whose
owner carries a later stamp than its node would compute a wrong gradient; `backprop` asks here.
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from types import CodeType

import numpy as np

from autograd.engine.source_lines import Source, caller

#: Numbers nodes and writes in one sequence, in order of creation.
next_id = itertools.count(1).__next__

#: The latest stamp there is: a graph whose nodes are all younger needs no check.
latest = 0


class Stamp:
    """When and where some arrays were last written to. Arrays written together share one."""

    __slots__ = ("id", "place", "whole")

    id: int
    place: tuple[CodeType, int]
    whole: bool  # no array has got another one since

    def renew(self, depth: int = 2) -> None:
        """Note that all its arrays were just written to again, by the calling line."""
        global latest
        self.place = caller(depth)
        self.id = latest = next_id()


_stamps: dict[int, tuple[weakref.ref[np.ndarray], Stamp]] = {}

#: What is told of every array that is written to here, by its owner: `checkpoint` asks.
told: ContextVar[Callable[[np.ndarray], None] | None] = ContextVar("glassgrad_told", default=None)


def owner(array: np.ndarray) -> np.ndarray:
    """The ndarray that owns the memory `array` is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def stamp(*arrays: np.ndarray) -> Stamp:
    """Note that `arrays` were just written to, by the calling line.

    What writes to the same arrays again and again keeps their Stamp, and while that is `whole`
    it need only `renew` it.
    """
    made = Stamp()
    made.renew(3)
    tell = told.get()
    for array in arrays:
        owned = owner(array)
        if tell is not None:
            tell(owned)
        key = id(owned)
        known = _stamps.get(key)
        if known is None:
            reference = weakref.ref(owned, _forgetting(key))
        else:
            reference, before = known
            before.whole = False
        _stamps[key] = (reference, made)
    made.whole = True  # two of them may be views of one array
    return made


def _forgetting(key: int) -> Callable[[object], object]:
    return functools.partial(_stamps.pop, key)  # in C: no handler of a signal divides it


def written_since(array: np.ndarray, node_id: int) -> Source | None:
    """The line that last wrote to `array`'s memory, if that was after node `node_id`."""
    entry = _stamps.get(id(owner(array)))
    if entry is None or entry[1].id <= node_id:
        return None
    return Source(*entry[1].place)


def id_of(array: np.ndarray) -> int:
    """The number of the latest write to `array`'s memory; 0 if there was none."""
    entry = _stamps.get(id(owner(array)))
    return 0 if entry is None else entry[1].id


def stamp_of(owned: np.ndarray) -> tuple[weakref.ref[np.ndarray], Stamp] | None:
    """The latest stamp of an array that owns its memory, for `put_back`."""
    return _stamps.get(id(owned))


def put_back(owned: np.ndarray, entry: tuple[weakref.ref[np.ndarray], Stamp] | None) -> None:
    """Forget the writes since `stamp_of` was asked: the array's values are what they were."""
    if entry is None:
        _stamps.pop(id(owned), None)
    else:
        _stamps[id(owned)] = entry
