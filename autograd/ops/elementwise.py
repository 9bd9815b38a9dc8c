"""Arithmetic and elementary functions, elementwise and broadcasting like NumPy."""

from __future__ import annotations

import numpy as np

from autograd.record import Array, op

__all__ = [
    "add",
    "astype",
    "copy",
    "divide",
    "exp",
    "multiply",
    "negative",
    "square",
    "subtract",
    "tanh",
]


@op
def add(a: Array, b: Array):
    """a + b, elementwise."""
    return a + b, (lambda g: g, lambda g: g)


@op
def subtract(a: Array, b: Array):
    """a − b, elementwise."""
    return a - b, (lambda g: g, lambda g: -g)


@op
def multiply(a: Array, b: Array):
    """a · b, elementwise."""
    return a * b, (lambda g: g * b, lambda g: g * a)


@op
def divide(a: Array, b: Array):
    """a / b, elementwise."""
    out = np.true_divide(a, b)
    return out, (lambda g: g / b, lambda g: -g * out / b)


@op
def negative(a: Array):
    """−a, elementwise."""
    return -a, lambda g: -g


@op
def square(x: Array):
    """x², elementwise."""
    return x * x, lambda g: g * (2 * x)


@op
def exp(x: Array):
    """eˣ, elementwise."""
    out = np.exp(x)
    return out, lambda g: g * out


@op
def tanh(x: Array):
    """tanh x, elementwise."""
    out = np.tanh(x)
    return out, lambda g: g * (1 - out * out)


@op
def copy(x: Array):
    """A copy of x."""
    return np.array(x, order="C"), lambda g: g


@op
def astype(x: Array, dtype):
    """x in another float dtype; the gradient comes back in x's own."""
    return x.astype(dtype), lambda g: g
