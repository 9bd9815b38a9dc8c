"""Which arrays were written in place, and when: so that a stale graph is noticed.

Every write by the library (in-place operators, optimisers, `load_state_dict`) stamps the array
that owns the memory with the counter that numbers nodes. A closure that captured an array whose
owner carries a later stamp than its node would compute a wrong gradient; `backprop` asks here.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from types import CodeType

import numpy as np

from autograd.source import Source, caller

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
    for array in arrays:
        owned = owner(array)
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
    return lambda _: _stamps.pop(key, None)


def written_since(array: np.ndarray, node_id: int) -> Source | None:
    """The line that last wrote to `array`'s memory, if that was after node `node_id`."""
    entry = _stamps.get(id(owner(array)))
    if entry is None or entry[1].id <= node_id:
        return None
    return Source(*entry[1].place)
