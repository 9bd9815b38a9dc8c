"""What a step updates, and how: worked out once, and used again while only gradients change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, chain, repeat, starmap
from operator import call, is_, setitem
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from autograd import Tensor
from autograd.interrupts import at_once, each
from autograd.kernels.runtime import use_numba
from autograd.stamps import Stamp, owner, stamp
from optim.compiled import Batch, fits
from optim.pieces import ALL, BLOCK, QUIET, Alone, Due, Joined, Scratchpad

__all__ = ["Now", "Plan", "Share"]

_STEP = repeat("step")

Groups = Sequence[dict[str, Any]]
States = dict[Tensor, dict[str, Any]]


class Now(NamedTuple):
    """The groups' settings, learning rates as numbers, and what a rule keeps under them."""

    seen: list[Any]  # all values in the groups that these were made from
    settings: list[dict[str, Any]]
    initial: list[dict[str, float]]

    def still(self, groups: Groups) -> bool:
        """Whether every value in the groups is the object that it was."""
        return _same(list(chain.from_iterable(each(dict.values, groups))), self.seen)


Work = TypeVar("Work", Batch, Joined | Alone)


class Share(NamedTuple, Generic[Work]):
    """Parameters that are updated together: of one group, dtype and number of updates so far."""

    work: Work
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
        self.compiled: list[Share[Batch]] = []
        self.rest: list[Share[Joined | Alone]] = []
        self._skipped, self._large, self._numba = skipped, large, use_numba()
        self._again = False  # to be planned again: a gradient did not fit the compiled rule

        fitting: dict[tuple[Any, ...], list[int]] = {}
        other: dict[tuple[Any, ...], list[int]] = {}
        for number, item in enumerate(due):
            dtype = item.w.dtype
            suits = large and fits(dtype, item.w, *item.kept.values())
            now = suits and fits(dtype, gradients[number])
            self._again |= suits and not now
            alike = (item.group, dtype, item.begun)
            (fitting if now else other).setdefault(alike, []).append(number)
        for (group, _, step), numbers in fitting.items():
            rows = [[due[n].w, *due[n].kept.values()] for n in numbers]
            self.compiled.append(Share(Batch(rows), numbers, group, step))
        owners = Counter(id(owner(item.w)) for item in due) if joined else Counter()
        for (group, _, step), numbers in other.items():
            for some in _joinable(numbers, due, owners) if joined else [[n] for n in numbers]:
                items = [due[n] for n in some]
                work: Any = Joined(items) if len(items) > 1 else Alone(items[0], scratchpad)
                self.rest.append(Share(work, some, group, step))

        self._written = [array for share in self.rest for array in share.work.written]
        self._rows = [(item.tensor, item.w, item.w.shape, item.w.dtype) for item in due]
        self._arrays = [item.w for item in due]
        self._stamp: Stamp | None = None

        # Where the states are when the first step is taken, and where in `_present` their counts.
        self._new = [(states, item.tensor, item.state) for item in due]
        self._kept = [item.kept for item in due]
        self._states = [item.state for item in due]
        self._steps = [item.step for item in due]
        self._step = self._steps[0] if len(set(self._steps)) == 1 else None  # of all
        kept = {id(item.state): item.kept for item in due}
        after = {**states, **{item.tensor: item.state for item in due}}
        contents = {t: {**state, **kept.get(id(state), {})} for t, state in after.items()}
        self._known = _present(groups, after, contents)
        begin = _places_of_contents(contents, len(self._known))
        self._places = [begin[i.tensor] + list(contents[i.tensor]).index("step") for i in due]

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

    def step(
        self,
        rule: Any,
        compiled: Any,
        gradients: Sequence[np.ndarray],
        settings: Sequence[dict[str, Any]],
        mark: Iterable[Any],
    ) -> None:
        """Apply the rule and its compiled twin to all that is due; all of it, or nothing.

        What the rules in NumPy write is put back if an exception comes, and what is left is
        written by one call into C: it launches the compiled rule, counts the step, and makes the
        calls in `mark`.
        """
        taken, written = self.taken + 1, self._written
        back = each(setitem, written, ALL, list(map(np.ndarray.copy, written)))
        try:
            self.stamp()
            launches: list[Iterable[Any]] = []
            rest: list[Iterable[Any]] = []
            new: tuple[Iterable[Any], ...] = ()
            if self.rest:
                rest = QUIET.copy().run(self._compute, rule, gradients, settings, taken)
            for batch, numbers, group, step in self.compiled:
                slopes = [gradients[n] for n in numbers]
                calls = batch.prepare(compiled, slopes, settings[group], step + taken)
                launches.append(each(call, calls))
            if taken == 1:
                new = starmap(setitem, self._new), each(dict.update, self._states, self._kept)
            count = self._step
            counts = (
                repeat(count + taken) if count is not None else [n + taken for n in self._steps]
            )
            everything = chain(
                *launches,
                *new,
                *rest,
                each(setitem, self._states, _STEP, counts),
                each(setitem, repeat(self._known), self._places, counts),
                mark,
            )
        except BaseException:
            at_once(back)
            raise
        at_once(everything)

    def _compute(
        self,
        rule: Any,
        gradients: Sequence[np.ndarray],
        settings: Sequence[dict[str, Any]],
        taken: int,
    ) -> list[Iterable[Any]]:
        """Run the rule in NumPy; what is left to write."""
        return [
            work.compute(rule, [gradients[n] for n in numbers], settings[group], step + taken)
            for work, numbers, group, step in self.rest
        ]

    def stamp(self) -> None:
        """Note that everything due was written to."""
        if self._stamp is not None and self._stamp.whole:
            self._stamp.renew(4)
        else:
            self._stamp = stamp(*self._arrays)


def _joinable(numbers: Sequence[int], due: Sequence[Due], owners: Counter[int]) -> list[list[int]]:
    """The numbers in lists: parameters of one list are a block at most, and share no memory.

    What shares its memory with another parameter that is due is alone, so that it is written in
    its turn.
    """
    lists: list[list[int]] = []
    alone: list[list[int]] = []
    size = 0
    for number in numbers:
        w = due[number].w
        if owners[id(owner(w))] > 1:
            alone.append([number])
            continue
        size += w.size
        if not lists or size > BLOCK:
            size = w.size
            lists.append([])
        lists[-1].append(number)
    return lists + alone


def _present(groups: Groups, states: States, contents: States | None = None) -> list[Any]:
    """All objects that a plan depends on, save settings and gradients.

    `contents` are those of the states if they are not what the states contain now.
    """
    found: list[Any] = []
    for group in groups:
        found.append(group)
        found += group["params"]
    found += states
    found += states.values()
    found += chain.from_iterable(each(dict.values, (contents or states).values()))
    return found


def _places_of_contents(contents: States, end: int) -> dict[Tensor, int]:
    """Where the contents of each state begin in `_present`, which ends there."""
    sizes = list(map(len, contents.values()))
    return dict(zip(contents, accumulate(sizes, initial=end - sum(sizes)), strict=False))


def _same(objects: Collection[Any], known: Collection[Any]) -> bool:
    """Whether these are the known objects, in their order."""
    return len(objects) == len(known) and all(map(is_, objects, known))
