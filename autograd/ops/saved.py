"""What one computation leaves for a later one, so that it need not be done again."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from autograd.engine.grad_mode import is_grad_enabled


class Saved:
    """Left by a body or a closure for the closures that come after.

    Two are equal because none says anything that operands and gradient do not: to the contract of
    `op` they are no constant, and the ops that take them differentiate them as functions of those.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    __hash__ = None  # type: ignore[assignment]


class SavedSums(Saved):
    """Gradients of weight or bias that fall off where another operand's is computed.

    In a plain backward pass they are kept for the closures that are called next with the same
    array g.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: tuple[weakref.ref[np.ndarray], Any] | None = None

    def keep(self, g: np.ndarray, sums: Any) -> None:
        """Keep the sums, of use for as long as the array g lives."""
        if not is_grad_enabled():
            self._kept = weakref.ref(g), sums

    def sums_of(self, g: Any) -> Any:
        """What was kept, if it is of this array g; else None."""
        kept = self._kept
        return kept[1] if kept is not None and kept[0]() is g else None

    def take(self, g: Any) -> Any:
        """The same, and it is not kept any longer."""
        sums = self.sums_of(g)
        self._kept = None
        return sums
