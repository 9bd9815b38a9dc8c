"""Trigonometric and hyperbolic functions and their inverses, elementwise.

At the ends of their domains `arcsin`, `arccos`, `arccosh` and `arctanh` have infinite derivatives,
which the rules return.
"""

from __future__ import annotations

import numpy as np

from autograd.engine.op_definition import Array, op

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
    """The angle in [−π, π] of the point (x, y). At the origin and at infinity it has slope 0.

    >>> import autograd as ag
    >>> round(ag.arctan2(1.0, -1.0).item(), 6)
    2.356194
    """
    return np.arctan2(y, x), (
        lambda g: g * _over_squared_radius(x, x, y),
        lambda g: -g * _over_squared_radius(y, x, y),
    )


def _over_squared_radius(a, x, y):
    """a / (x² + y²), of a being x or y; 0 at the origin and at infinity."""
    larger = np.maximum(np.absolute(x), np.absolute(y))
    end = (larger == 0) | (larger == np.inf)
    # squares of what is divided by the larger of the two neither overflow nor vanish
    scale = np.where(end, 1, larger)
    u, v, w = (np.where(end, 0, z) / scale for z in (x, y, a))
    return w / np.where(end, 1, u * u + v * v) / scale


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

    def closure(g):
        size = np.maximum(np.absolute(x), 1)  # without it the square would overflow far out
        size = np.where(size < np.inf, size, 1)
        return g / (size * np.sqrt(np.square(x / size) + np.square(1 / size)))

    return np.arcsinh(x), closure


@op
def arccosh(x: Array):
    """The inverse of cosh, for x ≥ 1."""
    return np.arccosh(x), lambda g: g / (np.sqrt(x - 1) * np.sqrt(x + 1))


@op
def arctanh(x: Array):
    """The inverse of tanh, for −1 < x < 1."""
    return np.arctanh(x), lambda g: g / ((1 - x) * (1 + x))


asin, acos, atan, atan2 = arcsin, arccos, arctan, arctan2
asinh, acosh, atanh = arcsinh, arccosh, arctanh
