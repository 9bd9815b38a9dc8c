"""How long is measured: in full, or quickly for a first look at what a change does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Effort:
    """What a full run measures, and a quick one less of."""

    pairs: int = 9  # whose median a ratio is
    share: float = 1.0  # of a section's usual sample, in seconds
    calls: int = 3  # in a sample, at least
    every: int = 1  # of the sizes that are measured without pairs: 1 is all of them
    compiled: bool = True  # libraries that compile steps, which takes longer than timing them
    memory: bool = True  # what a call holds, which takes a process for each row

    def sample(self, seconds: float) -> tuple[float, int]:
        """Seconds and calls of one side of a pair, where a full run takes so many seconds."""
        return self.share * seconds, self.calls

    def some(self, sizes: Sequence[T]) -> Sequence[T]:
        """
        >>> QUICK.some([1, 2, 4, 8, 16])
        [1, 8]
        """
        return sizes[:: self.every]

    def describe(self) -> str:
        """What stands above a table."""
        pairs = f"median of {self.pairs} interleaved pairs"
        return pairs if self == FULL else f"{pairs}; QUICK: short samples, a first look only"


FULL = Effort()
QUICK = Effort(pairs=3, share=0.2, calls=1, every=3, compiled=False, memory=False)
