"""What a step updates, and how: worked out once, and used again while only gradients change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import is_
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor
from autograd.kernels.runtime import use_numba
from autograd.stamps import Stamp, stamp
from optim.compiled import Batch, fits

__all__ = ["Due", "Now", "Plan"]


class Now(NamedTuple):
    """The groups' settings, learning rates as numbers, and what a rule keeps under them."""

    seen: list[dict[str, Any]]  # the groups that they were made from, copied
    settings: list[dict[str, Any]]
    initial: list[dict[str, float]]

    def still(self, groups: Sequence[dict[str, Any]]) -> bool:
        """Whether every value in the groups is the object that it was."""
        if len(groups) != len(self.seen):
            return False
        for group, seen in zip(groups, self.seen, strict=True):
            if not _same(group.values(), seen.values()):
                return False
        return True


class Due(NamedTuple):
    """A parameter to be updated: its array, its state, and the arrays that the rule keeps there."""

    tensor: Tensor
    w: np.ndarray
    kept: dict[str, np.ndarray]
    state: dict[str, Any]
    group: int
    step: int  # updates before this plan


class Plan:
    """What one step updates: batches for the compiled rule, and the rest, for the rule in NumPy.

    `members` has the parameters of each group, `skipped` those that are not due. The numbers in
    `batches` and `rest` are places in `due`. The compiled rule is asked for if `large`.
    """

    def __init__(
        self,
        members: list[list[Tensor]],
        due: list[Due],
        skipped: list[Tensor],
        gradients: Sequence[np.ndarray],
        initial: list[dict[str, float]],
        large: bool,
    ) -> None:
        self.due, self.initial = due, initial
        self.taken = 0  # steps by this plan
        self.batches: list[tuple[Batch, list[int]]] = []
        self.rest: list[int] = []
        self._members, self._skipped = members, skipped
        self._rows = [
            (item.tensor, item.w, item.w.shape, item.w.dtype, item.state, item.step, item.kept)
            for item in due
        ]
        self._numba = use_numba()
        self._stamp: Stamp | None = None

        together: dict[tuple[Any, ...], list[int]] = {}
        for number, (item, g) in enumerate(zip(due, gradients, strict=True)):
            dtype = item.w.dtype
            if large and fits(dtype, item.w, g, *item.kept.values()):
                together.setdefault((item.group, dtype, item.step), []).append(number)
            else:
                self.rest.append(number)
        for numbers in together.values():
            rows = [[due[n].w, *due[n].kept.values()] for n in numbers]
            self.batches.append((Batch(rows), numbers))
        self._complete = not (large and self.rest)

    def gradients(
        self, groups: Sequence[dict[str, Any]], states: dict[Tensor, dict[str, Any]]
    ) -> list[np.ndarray] | None:
        """The gradient of each parameter that is due; None if anything but gradients changed."""
        if not self._complete or self._numba is not use_numba():
            return None  # what did not fit the compiled rule may fit now
        if len(groups) != len(self._members):
            return None
        for group, members in zip(groups, self._members, strict=True):
            if not _same(group["params"], members):
                return None
        for tensor in self._skipped:
            if tensor._grad is not None and tensor._requires_grad:
                return None
        found, taken, dense = [], self.taken, bool(self.batches)
        # The slots themselves: their properties would be a third of this loop.
        for tensor, w, shape, dtype, state, step, kept in self._rows:
            gradient = tensor._grad
            if gradient is None or tensor._data is not w or not tensor._requires_grad:
                return None
            g = gradient._data
            if (
                g.dtype is not dtype
                or g.shape != shape
                or (dense and not g.flags.carray)
                or not w.flags.writeable
                or states.get(tensor) is not state
                or state["step"] != step + taken
            ):
                return None
            for name, array in kept.items():
                if state.get(name) is not array:
                    return None
            found.append(g)
        return found

    def stamp(self) -> None:
        """Note that everything due was written to."""
        if self._stamp is not None and self._stamp.whole:
            self._stamp.renew()
        else:
            self._stamp = stamp(*[item.w for item in self.due])


def _same(objects: Collection[Any], known: Collection[Any]) -> bool:
    """Whether these are the known objects, in their order."""
    return len(objects) == len(known) and all(map(is_, objects, known))
