"""Trigonometric and hyperbolic functions and their inverses, elementwise.

At the ends of their domains `arcsin`, `arccos`, `arccosh` and `arctanh` have infinite derivatives,
which the rules return.
"""

from __future__ import annotations

import numpy as np

from autograd.record import Array, op

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
]


@op
def sin(x: Array):
    """sin x (x in radians)."""
    return np.sin(x), lambda g: g * np.cos(x)


@op
def cos(x: Array):
    """cos x (x in radians)."""
    return np.cos(x), lambda g: -g * np.sin(x)


@op
def tan(x: Array):
    """tan x (x in radians)."""
    out = np.tan(x)
    return out, lambda g: g * (1 + out * out)


@op
def arcsin(x: Array):
    """The angle in [−π/2, π/2] whose sine is x."""
    return np.arcsin(x), lambda g: g / np.sqrt((1 - x) * (1 + x))


@op
def arccos(x: Array):
    """The angle in [0, π] whose cosine is x."""
    return np.arccos(x), lambda g: -g / np.sqrt((1 - x) * (1 + x))


@op
def arctan(x: Array):
    """The angle in (−π/2, π/2) whose tangent is x."""
    return np.arctan(x), lambda g: g / (1 + x * x)


@op
def arctan2(y: Array, x: Array):
    """The angle in [−π, π] of the point (x, y). At the origin both derivatives are 0.

    >>> import autograd as ag
    >>> round(ag.arctan2(1.0, -1.0).item(), 6)
    2.356194
    """
    return np.arctan2(y, x), (
        lambda g: g * (x / _squared_radius(x, y)),
        lambda g: -g * (y / _squared_radius(x, y)),
    )


def _squared_radius(x, y):
    """x² + y²; 1 at the origin, where it is divided into 0."""
    return np.where((x == 0) & (y == 0), 1, x * x + y * y)


@op
def sinh(x: Array):
    """(eˣ − e⁻ˣ) / 2."""
    return np.sinh(x), lambda g: g * np.cosh(x)


@op
def cosh(x: Array):
    """(eˣ + e⁻ˣ) / 2."""
    return np.cosh(x), lambda g: g * np.sinh(x)


@op
def arcsinh(x: Array):
    """The inverse of sinh."""
    return np.arcsinh(x), lambda g: g / np.sqrt(x * x + 1)


@op
def arccosh(x: Array):
    """The inverse of cosh, for x ≥ 1."""
    return np.arccosh(x), lambda g: g / np.sqrt((x - 1) * (x + 1))


@op
def arctanh(x: Array):
    """The inverse of tanh, for −1 < x < 1."""
    return np.arctanh(x), lambda g: g / ((1 - x) * (1 + x))


asin, acos, atan, atan2 = arcsin, arccos, arctan, arctan2
asinh, acosh, atanh = arcsinh, arccosh, arctanh
