"""Learning rates as functions of the step, counted from 0: `SGD(params, lr=cosine(0.1, 1000))`.

Each one here is a small value that is called with the step; any function will do as well.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autograd.errors import ArgumentError, DTypeError
from autograd.support.arguments import fraction, nonnegative, one_of, positive, whole
from autograd.support.lazy_names import later
from autograd.support.unknown_names import name_arguments_in
from optim.settings import LearningRate, learning_rate

__all__ = [
    "LearningRate",
    "constant",
    "cosine",
    "exponential",
    "linear",
    "multistep",
    "one_cycle",
    "step",
    "warmup",
]


@dataclass(frozen=True)
class constant:
    """lr in every step.

    >>> constant(0.1)(1000)
    0.1
    """

    lr: float

    def __post_init__(self) -> None:
        _check(self, "lr")

    def __call__(self, step: int) -> float:
        return self.lr


@dataclass(frozen=True)
class step:
    """lr·factor^⌊step / every⌋: multiplied by `factor` once `every` steps.

    >>> schedule = step(1.0, every=10, factor=0.5)
    >>> [schedule(t) for t in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check(self, "lr", "factor")
        _check_count(self, "every")

    def __call__(self, step: int) -> float:
        return self.lr * self.factor ** (step // self.every)


@dataclass(frozen=True)
class multistep:
    """lr·factor^k, where k is the number of `milestones` that have been reached.

    >>> schedule = multistep(1.0, milestones=(3, 5), factor=0.5)
    >>> [schedule(t) for t in range(6)]
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    """

    lr: float
    milestones: Sequence[int]
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check(self, "lr", "factor")
        if not isinstance(self.milestones, Sequence) or not all(
            isinstance(m, int | np.integer) and not isinstance(m, bool) for m in self.milestones
        ):
            raise DTypeError(
                "multistep: milestones must be a list of whole numbers of steps, such as (30, 60), "
                f"got {self.milestones!r}"
            )
        if list(self.milestones) != sorted(self.milestones):
            raise ArgumentError(
                f"multistep: milestones must be in rising order, got {self.milestones!r}"
            )

    def __call__(self, step: int) -> float:
        return self.lr * self.factor ** bisect.bisect_right(self.milestones, step)


@dataclass(frozen=True)
class exponential:
    """lr·factor^step.

    >>> exponential(1.0, factor=0.5)(3)
    0.125
    """

    lr: float
    factor: float

    def __post_init__(self) -> None:
        _check(self, "lr", "factor")

    def __call__(self, step: int) -> float:
        return self.lr * self.factor**step


@dataclass(frozen=True)
class linear:
    """lr times a factor that runs from `start` to `end` in `total` steps and then stays.

    >>> schedule = linear(1.0, total=4)
    >>> [schedule(t) for t in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    lr: float
    total: int
    start: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        _check(self, "lr", "start", "end")
        _check_count(self, "total")

    def __call__(self, step: int) -> float:
        done = min(step / self.total, 1.0)
        return self.lr * (self.start + (self.end - self.start) * done)


@dataclass(frozen=True)
class cosine:
    """final + (lr - final)·(1 + cos(π·step / total)) / 2, and `final` after `total` steps.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    >>> schedule = cosine(1.0, total=4)
    >>> [round(schedule(t), 3) for t in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    lr: float
    total: int
    final: float = 0.0

    def __post_init__(self) -> None:
        _check(self, "lr", "final")
        _check_count(self, "total")

    def __call__(self, step: int) -> float:
        return _cosine_between(self.lr, self.final, min(step / self.total, 1.0))


@dataclass(frozen=True)
class warmup:
    """The first value of `after` times a factor from `start` to 1 in `steps` steps; then `after`.

    `after` is a number or a schedule, which begins at its step 0 once the warm-up is over.

    >>> schedule = warmup(cosine(1.0, total=2), steps=2, start=0.5)
    >>> [round(schedule(t), 3) for t in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.0]
    """

    after: LearningRate
    steps: int
    start: float = 0.1

    def __post_init__(self) -> None:
        _check(self, "start")
        learning_rate("warmup", "after", self.after)
        _check_count(self, "steps")

    def __call__(self, step: int) -> float:
        late = max(step - self.steps, 0)
        lr = self.after(late) if callable(self.after) else self.after
        if step >= self.steps:
            return lr
        return lr * (self.start + (1 - self.start) * step / self.steps)


@dataclass(frozen=True)
class one_cycle:
    """Up from lr / divide to lr in the first `rise` of `total` steps, then down to almost nothing.

    The last step has lr / divide / final_divide. `anneal` is "cos" or "linear"; `three_phase`
    goes down to lr / divide as fast as up, and from there to the end.

    Source: Smith and Topin, "Super-convergence: very fast training of neural networks using large
    learning rates" (2018), with PyTorch's defaults.

    >>> schedule = one_cycle(1.0, total=10, rise=0.3)
    >>> [round(schedule(t), 3) for t in (0, 1, 2, 3, 9)]
    [0.04, 0.52, 1.0, 0.95, 0.0]
    """

    lr: float
    total: int
    rise: float = 0.3
    divide: float = 25.0
    final_divide: float = 1e4
    anneal: str = "cos"
    three_phase: bool = False

    def __post_init__(self) -> None:
        _check(self, "lr")
        _check_count(self, "total")
        fraction("one_cycle", "rise", self.rise)
        positive("one_cycle", "divide", self.divide)
        positive("one_cycle", "final_divide", self.final_divide)
        one_of("one_cycle", "anneal", self.anneal, _ANNEAL)

    def __call__(self, step: int) -> float:
        low = self.lr / self.divide
        values = [low, self.lr, low / self.final_divide]
        if self.three_phase:
            values.insert(2, low)
        return self.between(step, values)

    def between(self, step: int, values: Sequence[float]) -> float:
        """The value at `step` on the way through `values`, one for each end of a phase."""
        top = self.rise * self.total - 1
        ends = [top, 2 * top, self.total - 1] if self.three_phase else [top, self.total - 1]
        begin = 0.0
        for end, first, last in zip(ends, values[:-1], values[1:], strict=True):
            if step <= end:
                done = (step - begin) / (end - begin) if end > begin else 1.0
                return _ANNEAL[self.anneal](first, last, done)
            begin = end
        return values[-1]


def _cosine_between(first: float, last: float, done: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * done)) / 2


def _linear_between(first: float, last: float, done: float) -> float:
    return first + (last - first) * done


_ANNEAL = {"cos": _cosine_between, "linear": _linear_between}


def _check(schedule: object, *names: str) -> None:
    for name in names:
        nonnegative(type(schedule).__name__, name, getattr(schedule, name))


def _check_count(schedule: object, name: str) -> None:
    whole(type(schedule).__name__, name, getattr(schedule, name), 1)


name_arguments_in(globals(), [name for name in __all__ if isinstance(globals()[name], type)])


if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later("optim.schedules")
