"""Which arrays were written in place, and when: so that a stale graph is noticed.

Every write by the library (in-place operators, optimisers, `load_state_dict`) stamps the array
that owns the memory with the counter that numbers nodes. A closure that captured an array whose
owner carries a later stamp than its node would compute a wrong gradient; `backprop` asks here.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable

import numpy as np

from autograd.source import Source, caller

#: Numbers nodes and writes in one sequence, in order of creation.
next_id = itertools.count(1).__next__

#: The latest stamp there is: a graph whose nodes are all younger needs no check.
latest = 0

_stamps: dict[int, tuple[weakref.ref[np.ndarray], int, Source]] = {}


def owner(array: np.ndarray) -> np.ndarray:
    """The ndarray that owns the memory `array` is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def stamp(*arrays: np.ndarray) -> None:
    """Note that `arrays` were just written to, by the calling line."""
    global latest
    source = Source(*caller(2))
    for array in arrays:
        owned = owner(array)
        key = id(owned)
        latest = next_id()
        known = _stamps.get(key)
        reference = known[0] if known is not None else weakref.ref(owned, _forgetting(key))
        _stamps[key] = (reference, latest, source)


def _forgetting(key: int) -> Callable[[object], object]:
    return lambda _: _stamps.pop(key, None)


def written_since(array: np.ndarray, node_id: int) -> Source | None:
    """The line that last wrote to `array`'s memory, if that was after node `node_id`."""
    entry = _stamps.get(id(owner(array)))
    return entry[2] if entry is not None and entry[1] > node_id else None
