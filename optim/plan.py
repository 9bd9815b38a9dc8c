"""What a step updates, and how: worked out once, and used again while only gradients change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor
from autograd.kernels.runtime import use_numba
from optim.compiled import Batch, fits

__all__ = ["Due", "Plan"]


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

    `looked_at` has every parameter of the optimiser, with None for one that is skipped; the
    numbers in `batches` and `rest` count those that are not. The compiled rule is asked for if
    `large`.
    """

    def __init__(
        self,
        looked_at: list[tuple[Tensor, Due | None]],
        gradients: Sequence[np.ndarray],
        initial: Sequence[dict[str, float]],
        large: bool,
    ) -> None:
        self.looked_at = looked_at
        self.due = [item for _, item in looked_at if item is not None]
        self.arrays = [item.w for item in self.due]
        self.taken = 0  # steps by this plan
        self.batches: list[tuple[Batch, list[int]]] = []
        self.rest: list[int] = []
        self._numba, self._initial, self._large = use_numba(), initial, large

        together: dict[tuple[Any, ...], list[int]] = {}
        for number, (item, g) in enumerate(zip(self.due, gradients, strict=True)):
            dtype = item.w.dtype
            if large and fits(dtype, item.w, g, *item.kept.values()):
                together.setdefault((item.group, dtype, item.step), []).append(number)
            else:
                self.rest.append(number)
        for numbers in together.values():
            rows = [[self.due[n].w, *self.due[n].kept.values()] for n in numbers]
            self.batches.append((Batch(rows), numbers))

    def gradients(
        self,
        groups: Sequence[dict[str, Any]],
        initial: Sequence[dict[str, float]],
        states: dict[Tensor, dict[str, Any]],
    ) -> list[np.ndarray] | None:
        """The gradient of each parameter that is due; None if anything but gradients changed."""
        if self._large and self.rest:
            return None  # what did not fit the compiled rule may fit now
        if self._numba != use_numba() or self._initial != initial:
            return None
        tensors = [(tensor, n) for n, group in enumerate(groups) for tensor in group["params"]]
        if len(tensors) != len(self.looked_at):
            return None
        found = []
        for (tensor, group), (known, item) in zip(tensors, self.looked_at, strict=True):
            if tensor is not known:
                return None
            gradient = tensor.grad if tensor.requires_grad else None
            if gradient is None or item is None:
                if gradient is item:
                    continue
                return None
            w, g, state = item.w, gradient.data, item.state
            if (
                tensor.data is not w
                or group != item.group
                or g.dtype is not w.dtype
                or g.shape != w.shape
                or not w.flags.writeable
                or (self.batches and not g.flags.carray)
                or states.get(tensor) is not state
                or state["step"] != item.step + self.taken
            ):
                return None
            for name, array in item.kept.items():
                if state.get(name) is not array:
                    return None
            found.append(g)
        return found
