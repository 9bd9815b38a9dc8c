"""What a rule in NumPy is called with: small parameters joined into one, large ones in blocks."""

from __future__ import annotations

import contextvars
import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, repeat, starmap
from operator import setitem
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor
from autograd.errors import ArgumentError
from autograd.support.interrupts import each
from optim.settings import Settings

__all__ = [
    "ALL",
    "BLOCK",
    "QUIET",
    "Alone",
    "Array",
    "Due",
    "Joined",
    "Scratch",
    "Scratchpad",
    "State",
]

Array = np.ndarray
State = dict[str, Any]  # of one parameter: by name
Scratch = tuple[Array, Array]
Rule = Callable[[Array, Array, State, Settings, int, Scratch], None]

#: Where NumPy warns of nothing, and raises nothing, in the middle of a step: `QUIET.copy().run(f)`.
#: (That takes a tenth of the time of `np.errstate`.)
QUIET = contextvars.Context()
QUIET.run(np.seterr, all="ignore")

ALL = repeat(...)
"""For `each(setitem, arrays, ALL, others)`: all their elements."""

#: Elements that an update works on at a time: rule, state and scratch of a block fit the cache.
BLOCK = 1 << 14


class Due(NamedTuple):
    """A parameter to be updated: its array, its state, and what the rule keeps there."""

    tensor: Tensor
    w: np.ndarray
    kept: dict[str, np.ndarray]  # arrays of its shape
    values: State | None  # what else; None for a rule that treats each element alone
    state: State
    group: int
    step: int  # updates so far
    begun: int  # updates since its state was made, for a rule that counts from there


class Joined:
    """Small parameters that a rule takes as one flat array, so that it is called once.

    Weights and gradients are copied in, and the weights out again when all is computed. The state
    stays joined: what is kept for each parameter becomes a part of it.
    """

    def __init__(self, items: Sequence[Due]) -> None:
        ends = list(accumulate(item.w.size for item in items))

        def parts(whole: np.ndarray) -> list[np.ndarray]:
            return [
                whole[end - item.w.size : end].reshape(item.w.shape)
                for item, end in zip(items, ends, strict=True)
            ]

        self._w, self._g, *scratch = np.empty((4, ends[-1]), items[0].w.dtype)
        self._scratch: Any = tuple(scratch)
        weights, inside, slopes = [item.w for item in items], parts(self._w), parts(self._g)
        if all(w.flags.c_contiguous for w in weights):  # flat arrays are copied faster
            weights = [w.reshape(-1) for w in weights]
            inside = [part.reshape(-1) for part in inside]
        self._inwards = list(zip(inside, weights, slopes, strict=True))
        self._outwards = list(zip(weights, ALL, inside))  # noqa: B905
        names = list(items[0].kept)
        kept = np.empty((len(names), ends[-1]), self._w.dtype)
        self._kept = dict(zip(names, kept, strict=True))
        for name, whole in self._kept.items():
            for item, part in zip(items, parts(whole), strict=True):
                part[...] = item.kept[name]
                item.kept[name] = part
        #: What the rule writes to before all is computed.
        self.written = [kept] if names else []

    def compute(
        self, rule: Rule, gradients: Sequence[np.ndarray], settings: dict[str, Any], step: int
    ) -> Iterable[Any]:
        """Apply the rule to all of them; calls into C that write what is left to write."""
        for (inside, w, slope), g in zip(self._inwards, gradients):  # noqa: B905 (it costs)
            inside[...] = w
            slope[...] = g
        rule(self._w, self._g, self._kept, settings, step, self._scratch)
        return starmap(setitem, self._outwards)


class Scratchpad:
    """Pairs of arrays to compute in, of any shape; small ones are views of the same memory."""

    def __init__(self) -> None:
        self._memory: dict[np.dtype[Any], np.ndarray] = {}
        self._views: dict[tuple[Any, ...], Scratch] = {}

    def like(self, block: np.ndarray) -> Scratch:
        """Two arrays of the shape of `block`."""
        if block.size > BLOCK:
            return np.empty_like(block), np.empty_like(block)
        key = (block.shape, block.dtype)
        if key not in self._views:
            whole = self._memory.setdefault(block.dtype, np.empty((2, BLOCK), block.dtype))
            first, second = whole[:, : block.size]
            self._views[key] = first.reshape(block.shape), second.reshape(block.shape)
        return self._views[key]


class Alone:
    """A parameter that a rule takes alone: whole, or elementwise in flat blocks if it is large."""

    def __init__(self, item: Due, scratchpad: Scratchpad) -> None:
        self._item, self._scratchpad = item, scratchpad
        self._whole = item.w.size <= BLOCK or item.values is not None
        #: What the rule writes to before all is computed.
        self.written = [item.w, *item.kept.values()]

    def compute(
        self, rule: Rule, gradients: Sequence[np.ndarray], settings: dict[str, Any], step: int
    ) -> Iterable[Any]:
        """Apply the rule to it; calls into C that write what is left to write."""
        (g,), w, kept, like = gradients, self._item.w, self._item.kept, self._scratchpad.like
        if self._whole:
            state = dict(kept)  # a rule may put other arrays there
            if self._item.values:
                state |= copy.deepcopy(self._item.values)
            count = len(state)
            rule(w, g, state, settings, step, like(w))
            if len(state) > count:
                raise _unnamed(rule, state, [*kept, *(self._item.values or ())])
            return each(dict.update, (self._item.state,), (state,))
        for part, slope, *rows in _blocks([w, g, *kept.values()]):
            state = dict(zip(kept, rows, strict=True))
            rule(part, slope, state, settings, step, like(part))
            if len(state) > len(rows):
                raise _unnamed(rule, state, kept)
            for row, left in zip(rows, state.values(), strict=True):
                if left is not row:
                    row[...] = left
        return ()


def _unnamed(rule: Rule, state: State, known: Iterable[str]) -> ArgumentError:
    name = next(iter(state.keys() - set(known)))
    return ArgumentError(
        f"{rule.__qualname__}: state must have the entries that initial_state and initial_values "
        f"name, got {name!r} too; name it there, so that it is saved and loaded"
    )


def _blocks(arrays: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Flat pieces of arrays of one shape that belong together; the whole if one is strided."""
    if not all(array.flags.c_contiguous for array in arrays):
        yield list(arrays)
        return
    flat = [array.reshape(-1) for array in arrays]
    for start in range(0, flat[0].size, BLOCK):
        yield [array[start : start + BLOCK] for array in flat]
