"""Functions with kinks, jumps and choices, elementwise and broadcasting like NumPy.

One convention for the whole library: at a kink the derivative is 0 or stated in the docstring; at
a tie the gradient goes to the first operand that attains the value. Where a function is constant
on both sides of a jump its gradient is zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError, DTypeError
from autograd.ops.bodies import select, zeros_of

__all__ = [
    "abs",
    "absolute",
    "ceil",
    "clip",
    "floor",
    "heaviside",
    "maximum",
    "minimum",
    "rint",
    "round",
    "sign",
    "trunc",
    "where",
]


@op
def absolute(x: Array):
    """|x|, elementwise; the derivative at 0 is 0."""
    return np.absolute(x), lambda g: g * np.sign(x)


@op
def sign(x: Array):
    """−1, 0 or 1, elementwise; the gradient is zero."""
    return np.sign(x), lambda g: zeros_of(g)


@op
def floor(x: Array):
    """The largest whole number ≤ x, elementwise; the gradient is zero."""
    return np.floor(x), lambda g: zeros_of(g)


@op
def ceil(x: Array):
    """The smallest whole number ≥ x, elementwise; the gradient is zero."""
    return np.ceil(x), lambda g: zeros_of(g)


@op
def trunc(x: Array):
    """x without its fraction, elementwise; the gradient is zero."""
    return np.trunc(x), lambda g: zeros_of(g)


@op
def rint(x: Array):
    """The nearest whole number, halves to the even one, elementwise; the gradient is zero."""
    return np.rint(x), lambda g: zeros_of(g)


@op
def round(x: Array, decimals=0):
    """x rounded to `decimals`, halves to the even digit, elementwise; the gradient is zero."""
    if decimals <= 0:
        return np.round(x, decimals), lambda g: zeros_of(g)
    with np.errstate(over="ignore"):  # NumPy multiplies by a power of ten first
        out = np.round(x, decimals)
    return select(np.isfinite(out), out, x), lambda g: zeros_of(g)


@op
def heaviside(x: Array, at_zero: Array):
    """0 where x < 0, `at_zero` where x = 0, 1 where x > 0. The gradient of x is zero.

    >>> import autograd as ag
    >>> ag.heaviside(ag.tensor([-1.0, 0.0, 2.0]), 0.5)
    tensor([0. , 0.5, 1. ])
    """
    return np.heaviside(x, at_zero), (lambda g: zeros_of(g), lambda g: keep(g, x == 0))


@op
def keep(x: Array, mask: Array):
    """x where `mask` holds, exactly 0 elsewhere, even of an infinite x."""
    return select(mask, x, 0), (lambda g: keep(g, mask), None)


@op
def maximum(a: Array, b: Array):
    """The larger of a and b, elementwise; NaN if either is. At a tie the gradient goes to a."""
    first = np.greater_equal(a, b)
    return np.maximum(a, b), (
        lambda g: keep(g, first),
        lambda g: keep(g, np.logical_not(first)),
    )


@op
def minimum(a: Array, b: Array):
    """The smaller of a and b, elementwise; NaN if either is. At a tie the gradient goes to a."""
    first = np.less_equal(a, b)
    return np.minimum(a, b), (
        lambda g: keep(g, first),
        lambda g: keep(g, np.logical_not(first)),
    )


@op
def where(condition: Array, a: Array, b: Array):
    """a where `condition` holds, b elsewhere; all three broadcast.

    Each gradient is that of `out` where its operand was chosen and exactly 0 elsewhere.

    >>> import autograd as ag
    >>> x = ag.tensor([-1.0, 4.0], requires_grad=True)
    >>> ag.sqrt(ag.where(x > 0, x, 1.0)).sum().backward()
    >>> x.grad
    tensor([0.  , 0.25])
    """
    return select(condition, a, b), (
        None,
        lambda g: keep(g, condition),
        lambda g: keep(g, np.logical_not(condition)),
    )


@op
def clip_between(x: Array, low: Array | None, high: Array | None):
    """min(max(x, low), high) with either bound left out by None; see `clip`."""
    out = np.clip(x, low, high)
    inside = np.equal(out, x)
    from_low = from_high = None
    crossed = low is not None and high is not None and np.less(high, low)
    if np.any(crossed):
        inside = inside & ~crossed
    if isinstance(low, np.ndarray) and low.dtype.kind == "f":
        at_low = np.less(x, low) if high is None else np.less(x, low) & np.less(low, high)
        from_low = lambda g: keep(g, at_low)
    if isinstance(high, np.ndarray) and high.dtype.kind == "f":
        at_high = np.greater(x, high) | crossed
        from_high = lambda g: keep(g, at_high)
    return out, (lambda g: keep(g, inside), from_low, from_high)


def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """x limited to the interval from `a_min` to `a_max` (also `min`, `max`); None is no limit.

    It is min(max(x, a_min), a_max), NaN if any of the three is. The gradient goes to x where x is
    inside or on a bound, to `a_min` where x is below it, to `a_max` where x is above it; where the
    bounds cross all goes to `a_max`, and where they are equal none to `a_min` (PyTorch's rule).
    Bounds may be Tensors and broadcast. Raises `ArgumentError` without any bound.

    >>> import autograd as ag
    >>> x = ag.tensor([-2.0, 0.5, 1.0, 3.0], requires_grad=True)
    >>> ag.clip(x, 0, 1).sum().backward()
    >>> x.grad
    tensor([0., 1., 1., 0.])
    """
    for given, ours, theirs in ((min, a_min, "min"), (max, a_max, "max")):
        if given is not None and ours is not None:
            raise DTypeError(f"clip: got both 'a_{theirs}' and '{theirs}'")
    low = a_min if min is None else min
    high = a_max if max is None else max
    if low is None and high is None:
        raise ArgumentError("clip: a_min or a_max must be given, got neither")
    return clip_between(x, low, high)


abs = absolute
