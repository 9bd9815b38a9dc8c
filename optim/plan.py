"""What a step updates, and how: worked out once, and used again while only gradients change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, chain, pairwise, starmap
from operator import call, is_, itemgetter, setitem
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from autograd import Tensor
from autograd.engine.in_place import Stamp, owner, stamp
from autograd.kernels.runtime import use_numba
from autograd.support.interrupts import at_once, each
from optim.blocks import ALL, BLOCK, QUIET, Alone, Due, Joined, Scratchpad
from optim.compiled import Batch, fits

__all__ = ["Plan", "ResolvedSettings", "Share"]

#: A plan keeps room for copies of arrays of at most so many elements.
ROOM = 4 * BLOCK

Groups = Sequence[dict[str, Any]]
States = dict[Tensor, dict[str, Any]]


class ResolvedSettings(NamedTuple):
    """Per group: its settings with the learning rate as a number, and the arrays a rule keeps."""

    seen: list[Any]  # all values in the groups that these were made from
    settings: list[dict[str, Any]]
    initial: list[dict[str, float]]

    def still(self, groups: Groups) -> bool:
        """Whether every value in the groups is the object that it was."""
        found: list[Any] = []
        for group in groups:
            found += group.values()
        return len(found) == len(self.seen) and all(map(is_, found, self.seen))


Work = TypeVar("Work", Batch, Joined | Alone)


class Share(NamedTuple, Generic[Work]):
    """Parameters that are updated together: of one group, dtype and number of updates so far."""

    work: Work
    pick: Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]  # its arrays, of all that are due
    group: int
    later: int  # its updates so far, less those of the first parameter that is due


class Plan:
    """What one step updates: shares for the compiled rule, and the rest, for the rule in NumPy.

    Of the parameters in `groups` some are `due`, the others `skipped`. The compiled rule is asked
    for if `large`; small parameters are `joined` for the other one. A plan serves for the next
    step, too, while nothing changes but gradients and settings (`gradients` tells).
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
        self.fresh = True  # no step was taken by it
        self.compiled: list[Share[Batch]] = []
        self.rest: list[Share[Joined | Alone]] = []
        self._skipped, self._large, self._numba = skipped, large, use_numba()
        self._again = False  # to be planned again: a gradient did not fit the compiled rule
        self._share_out(due, gradients, scratchpad, joined)

        # What the rules in NumPy write to, with room for what was there; large arrays are copied.
        written = [array for share in self.rest for array in share.work.written]
        self._written = [(np.empty_like(a), a) for a in written if a.size <= ROOM]
        self._back = [(array, ..., before) for before, array in self._written]
        self._bulky = [array for array in written if array.size > ROOM]
        self._rows = [(item.tensor, item.w, item.w.shape, item.w.dtype) for item in due]
        self._arrays = [item.w for item in due]
        self._stamp: Stamp | None = None
        self._note_states(groups, states, due)

    def _share_out(
        self,
        due: list[Due],
        gradients: Sequence[np.ndarray],
        scratchpad: Scratchpad,
        joined: bool,
    ) -> None:
        """Decide which parameters are updated together, and by which of the two rules."""
        fitting: dict[tuple[Any, ...], list[int]] = {}
        other: dict[tuple[Any, ...], list[int]] = {}
        for number, item in enumerate(due):
            dtype = item.w.dtype
            suits = self._large and fits(dtype, item.w, *item.kept.values())
            now = suits and fits(dtype, gradients[number])
            self._again |= suits and not now
            alike = (item.group, dtype, item.begun)
            (fitting if now else other).setdefault(alike, []).append(number)
        for (group, _, step), numbers in fitting.items():
            rows = [[due[n].w, *due[n].kept.values()] for n in numbers]
            self.compiled.append(Share(Batch(rows), _picking(numbers), group, step - due[0].step))
        owners = Counter(id(owner(item.w)) for item in due) if joined else Counter()
        for (group, _, step), numbers in other.items():
            for some in _joinable(numbers, due, owners) if joined else [[n] for n in numbers]:
                items = [due[n] for n in some]
                work: Any = Joined(items) if len(items) > 1 else Alone(items[0], scratchpad)
                self.rest.append(Share(work, _picking(some), group, step - due[0].step))

    def _note_states(self, groups: Groups, states: States, due: list[Due]) -> None:
        """Note what the first step puts into the states, and on which objects the plan depends.

        These are in `_known`. Of them a step changes only the counts, so it is noted where a count
        stands, in its state and in `_known`.
        """
        self._new = [(states, item.tensor, item.state) for item in due]
        self._kept = [item.kept for item in due]
        kept = {id(item.state): item.kept for item in due}
        after = {**states, **{item.tensor: item.state for item in due}}
        contents = {t: {**state, **kept.get(id(state), {})} for t, state in after.items()}
        known = self._known = _present(groups, after, contents)
        begin = _places_of_contents(contents, len(known))
        self._states = [item.state for item in due]
        places: list[Any] = [
            begin[item.tensor] + list(contents[item.tensor]).index("step") for item in due
        ]
        gaps = {after - before for before, after in pairwise(places)}
        self._even = len(gaps) == 1 and min(gaps) > 0
        if self._even:  # one assignment to a slice is faster
            places = [slice(places[0], places[-1] + 1, *gaps)]
        self._counted: list[Any] = [*self._states, *[known] * len(places)]
        self._counters: list[Any] = [*["step"] * len(due), *places]
        self._later = [item.step - due[0].step for item in due]
        self._alike = 0 if any(self._later) else len(due)  # how many have the same count
        self._first = self._states[0] if due else {"step": 0}

    def gradients(self, groups: Groups, states: States) -> list[np.ndarray] | None:
        """The gradient of each parameter that is due; None if anything but gradients changed."""
        if self._again or (self._large and self._numba is not use_numba()):
            return None
        present, known = _present(groups, states, states), self._known
        if len(present) != len(known) or not all(map(is_, present, known)):
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
        marks: Iterable[tuple[Any, str, Any]],
    ) -> None:
        """Apply the rule and its compiled twin to all that is due; all of it, or nothing.

        What the rules in NumPy write is put back if an exception comes, and what is left is
        written by one call into C: it launches the compiled rule, counts the step, and sets the
        attributes in `marks`.
        """
        for before, array in self._written:
            before[...] = array
        back: Iterable[Any] = starmap(setitem, self._back)
        if self._bulky:
            copies = list(map(np.ndarray.copy, self._bulky))
            back = chain(back, each(setitem, self._bulky, ALL, copies))
        try:
            if self._stamp is not None and self._stamp.whole:
                self._stamp.renew(3)
            else:
                self._stamp = stamp(*self._arrays)
            number = self._first["step"] + 1
            writes: list[Iterable[Any]] = []
            for batch, pick, group, later in self.compiled:
                calls = batch.prepare(compiled, pick(gradients), settings[group], number + later)
                writes.append(each(call, calls))
            if self.fresh:
                writes += starmap(setitem, self._new), each(dict.update, self._states, self._kept)
            quiet = QUIET.copy().run
            for work, pick, group, later in self.rest:
                writes.append(
                    quiet(work.compute, rule, pick(gradients), settings[group], number + later)
                )
            counts: list[Any] = self._alike * [number] or [number + n for n in self._later]
            counts = [*counts, counts] if self._even else counts * 2
            writes.append(each(setitem, self._counted, self._counters, counts))
            everything = chain(*writes, starmap(setattr, marks))
        except BaseException:
            at_once(back)
            raise
        at_once(everything)


def _picking(numbers: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What takes the items of these numbers out of a sequence; written in C."""
    if len(numbers) == 1:
        return itemgetter(slice(numbers[0], numbers[0] + 1))
    return itemgetter(*numbers)


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


def _present(groups: Groups, states: States, contents: States) -> list[Any]:
    """All objects that a plan depends on, save settings and gradients.

    `contents` has what the states contain. (Plain loops are the fastest here.)
    """
    found: list[Any] = []
    for group in groups:
        found.append(group)
        found += group["params"]
    found += states
    found += states.values()
    for content in contents.values():
        found += content.values()
    return found


def _places_of_contents(contents: States, end: int) -> dict[Tensor, int]:
    """Where the contents of each state begin in `_present`, which ends there."""
    sizes = list(map(len, contents.values()))
    return dict(zip(contents, accumulate(sizes, initial=end - sum(sizes)), strict=False))
