"""What a step updates, and how: worked out once, and used again while only gradients change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import accumulate, chain
from operator import is_
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor
from autograd.kernels.runtime import use_numba
from autograd.stamps import Stamp, owner, stamp
from optim.compiled import Batch, fits
from optim.pieces import BLOCK, Alone, Due, Joined, Scratchpad

__all__ = ["Now", "Plan", "Share"]

Groups = Sequence[dict[str, Any]]
States = dict[Tensor, dict[str, Any]]


class Now(NamedTuple):
    """The groups' settings, learning rates as numbers, and what a rule keeps under them."""

    seen: list[Any]  # all values in the groups that these were made from
    settings: list[dict[str, Any]]
    initial: list[dict[str, float]]

    def still(self, groups: Groups) -> bool:
        """Whether every value in the groups is the object that it was."""
        return _same(list(chain.from_iterable(map(dict.values, groups))), self.seen)


class Share(NamedTuple):
    """Parameters that are updated together: of one group, dtype and number of updates so far."""

    work: Batch | Joined | Alone
    numbers: list[int]  # among all that are due
    group: int
    step: int


class Plan:
    """What one step updates: shares for the compiled rule, and the rest, for the rule in NumPy.

    Of the parameters in `groups` some are `due`, the others `skipped`. The compiled rule is asked
    for if `large`; small parameters are `joined` for the other one.
    """

    def __init__(
        self,
        groups: Groups,
        states: States,
        due: list[Due],
        skipped: list[Tensor],
        gradients: Sequence[np.ndarray],
        initial: list[dict[str, float]],
        scratchpad: Scratchpad,
        large: bool,
        joined: bool,
    ) -> None:
        self.initial = initial
        self.tentative = False  # to be made anew if it lasts
        self.taken = 0  # steps by this plan
        self.compiled: list[Share] = []
        self.rest: list[Share] = []
        self._skipped, self._large, self._numba = skipped, large, use_numba()
        self._again = False  # to be planned again: a gradient did not fit the compiled rule

        fitting: dict[tuple[Any, ...], list[int]] = {}
        other: dict[tuple[Any, ...], list[int]] = {}
        for number, item in enumerate(due):
            dtype = item.w.dtype
            suits = large and fits(dtype, item.w, *item.kept.values())
            now = suits and fits(dtype, gradients[number])
            self._again |= suits and not now
            alike = (item.group, dtype, item.step)
            (fitting if now else other).setdefault(alike, []).append(number)
        for (group, _, step), numbers in fitting.items():
            rows = [[due[n].w, *due[n].kept.values()] for n in numbers]
            self.compiled.append(Share(Batch(rows), numbers, group, step))
        for (group, _, step), numbers in other.items():
            for some in _joinable(numbers, due) if joined else [[n] for n in numbers]:
                items = [due[n] for n in some]
                work = Joined(items) if len(items) > 1 else Alone(items[0], scratchpad)
                self.rest.append(Share(work, some, group, step))

        for item in due:
            states[item.tensor] = item.state
            item.state.update(item.kept)
        self._rows = [(item.tensor, item.w, item.w.shape, item.w.dtype) for item in due]
        self._arrays = [item.w for item in due]
        self._stamp: Stamp | None = None
        self._known = _present(groups, states)
        places = _places_of_contents(states, len(self._known))
        self._counts = [
            (item.state, places[item.tensor] + list(item.state).index("step"), item.step)
            for item in due
        ]

    def gradients(self, groups: Groups, states: States) -> list[np.ndarray] | None:
        """The gradient of each parameter that is due; None if anything but gradients changed."""
        if self._again or (self._large and self._numba is not use_numba()):
            return None
        if not _same(_present(groups, states), self._known):
            return None
        for tensor in self._skipped:
            if tensor._grad is not None and tensor._requires_grad:
                return None
        found, compiled = [], bool(self.compiled)
        # The slots themselves: their properties would be a third of this loop.
        for tensor, w, shape, dtype in self._rows:
            gradient = tensor._grad
            if gradient is None or tensor._data is not w or not tensor._requires_grad:
                return None
            g = gradient._data
            if (
                g.dtype is not dtype
                or g.shape != shape
                or (compiled and not g.flags.carray)
                or not w.flags.writeable
            ):
                return None
            found.append(g)
        return found

    def begin(self) -> None:
        """Count the step in every state."""
        self.taken += 1
        known, taken = self._known, self.taken
        for state, place, step in self._counts:
            known[place] = state["step"] = step + taken

    def stamp(self) -> None:
        """Note that everything due was written to."""
        if self._stamp is not None and self._stamp.whole:
            self._stamp.renew(3)
        else:
            self._stamp = stamp(*self._arrays)


def _joinable(numbers: Sequence[int], due: Sequence[Due]) -> list[list[int]]:
    """The numbers in lists: parameters of one list are a block at most, and share no memory."""
    lists: list[list[int]] = []
    size, owners = 0, set[int]()
    for number in numbers:
        w = due[number].w
        size += w.size
        if not lists or size > BLOCK or id(owner(w)) in owners:
            size, owners = w.size, set()
            lists.append([])
        owners.add(id(owner(w)))
        lists[-1].append(number)
    return lists


def _present(groups: Groups, states: States) -> list[Any]:
    """All objects that a plan depends on, save settings and gradients."""
    found: list[Any] = []
    for group in groups:
        found.append(group)
        found += group["params"]
    found += states
    found += states.values()
    found += chain.from_iterable(map(dict.values, states.values()))
    return found


def _places_of_contents(states: States, end: int) -> dict[Tensor, int]:
    """Where the contents of each state begin in `_present`, which ends there."""
    starts = accumulate(map(len, states.values()), initial=end - sum(map(len, states.values())))
    return dict(zip(states, starts, strict=False))


def _same(objects: Collection[Any], known: Collection[Any]) -> bool:
    """Whether these are the known objects, in their order."""
    return len(objects) == len(known) and all(map(is_, objects, known))
