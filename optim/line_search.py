"""A step length that satisfies the strong Wolfe conditions.

Source: Nocedal and Wright, "Numerical Optimization" (2006), section 3.5 and algorithms 3.5, 3.6;
the slack for rounding follows Hager and Zhang (2005).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Trial", "cubic_minimum", "strong_wolfe"]


class Trial(NamedTuple):
    """A point x + t·d: its loss, the loss's slope along d, and whatever else was found there."""

    t: float
    value: float
    slope: float
    found: Any = None  # the gradient, say

    @property
    def finite(self) -> bool:
        """Whether both value and slope are."""
        return math.isfinite(self.value) and math.isfinite(self.slope)


def strong_wolfe(
    evaluate: Callable[[float], Trial],
    start: Trial,
    first: float,
    *,
    decrease: float = 1e-4,
    flatness: float = 0.9,
    shortest: float = 0.0,
    max_evals: int = 25,
    precision: float = 2.0**-52,
) -> tuple[Trial, int]:
    """The first trial found with φ(t) ≤ φ(0) + c₁ t φ'(0) and |φ'(t)| ≤ c₂ |φ'(0)|, and how many.

    c₁ is `decrease`, c₂ `flatness`. Steps grow from `first` until they bracket such a point; the
    bracket then shrinks to where a cubic has its minimum. A value that is not finite counts as too
    far. Values that differ from φ(0) by a few roundings (`precision` is that of the dtype) count as
    equal. If `max_evals` are used up, or the bracket is below `shortest`, the best trial that
    decreases the value is returned, or else `start`.

    >>> phi = lambda t: Trial(t, (t - 3) ** 2, 2 * (t - 3))
    >>> found, evaluations = strong_wolfe(phi, phi(0.0), first=1.0, flatness=0.1)
    >>> round(found.t, 6)
    3.0
    """
    slack = 8 * precision * abs(start.value)

    def too_high(trial: Trial) -> bool:
        bound = start.value + decrease * trial.t * start.slope + slack
        return not trial.finite or trial.value > bound

    def flat(trial: Trial) -> bool:
        return abs(trial.slope) <= -flatness * start.slope

    before, t = start, first
    for count in range(1, max_evals + 1):
        trial = evaluate(t)
        if too_high(trial) or trial.value > before.value + slack:
            low, high = before, trial
            break
        if flat(trial):
            return trial, count
        if trial.slope >= 0:
            low, high = trial, before
            break
        # Still downhill: on, at least a little past this trial and at most ten times as far.
        t = _within(cubic_minimum(before, trial), t + 0.01 * (t - before.t), 10 * t)
        before = trial
    else:
        return before, max_evals

    width, halve = abs(high.t - low.t), False
    while count < max_evals and width > shortest:
        left, right = sorted((low.t, high.t))
        if halve or not high.finite:
            t = (left + right) / 2
        else:
            margin = 0.1 * (right - left)
            t = _within(cubic_minimum(low, high), left + margin, right - margin)
        if t in (low.t, high.t):
            break
        trial = evaluate(t)
        count += 1
        if too_high(trial) or trial.value > low.value + slack:
            high = trial
        else:
            if flat(trial):
                return trial, count
            if trial.slope * (high.t - low.t) >= 0:
                high = low
            low = trial
        before_it, width = width, abs(high.t - low.t)
        halve = width > 2 / 3 * before_it  # the cubic is no good here
    return low, count


def cubic_minimum(a: Trial, b: Trial) -> float:
    """The local minimum of the cubic with the values and slopes of two trials; NaN if none.

    >>> phi = lambda t: Trial(t, t**3 - 3 * t, 3 * t**2 - 3)
    >>> cubic_minimum(phi(0.0), phi(3.0))
    1.0
    """
    if a.t == b.t:
        return math.nan
    with np.errstate(all="ignore"):
        mean = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
        under_root = mean * mean - a.slope * b.slope
        if not under_root >= 0:
            return math.nan
        root = math.copysign(math.sqrt(under_root), b.t - a.t)
        divisor = b.slope - a.slope + 2 * root
        if divisor == 0:
            return math.nan
        return b.t - (b.t - a.t) * (b.slope + root - mean) / divisor


def _within(t: float, low: float, high: float) -> float:
    """`t` held in a range; its middle for NaN."""
    return (low + high) / 2 if math.isnan(t) else min(max(t, low), high)
