"""Arithmetic, powers, exponentials and logarithms, elementwise and broadcasting like NumPy.

Where a derivative is infinite (`sqrt`, `cbrt`, `log` and powers below 1 at zero) the rule returns
that infinity, with NumPy's warning: choose the argument with `ag.where` before the function, not
its result after it, and no infinity arises.
"""

from __future__ import annotations

import math

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError
from autograd.ops.bodies import as_floats, zeros_of

__all__ = [
    "add",
    "astype",
    "cbrt",
    "copy",
    "divide",
    "erf",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "multiply",
    "negative",
    "positive",
    "pow",
    "power",
    "reciprocal",
    "sqrt",
    "square",
    "subtract",
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
def positive(a: Array):
    """+a: a copy of a."""
    return np.positive(a), lambda g: g


@op
def reciprocal(x: Array):
    """1 / x, elementwise (of integers too, unlike NumPy's)."""
    out = np.true_divide(1, x)
    return out, lambda g: -g * (out * out)


@op
def square(x: Array):
    """x², elementwise."""
    return x * x, lambda g: g * (2 * x)


@op
def sqrt(x: Array):
    """√x, elementwise. Its derivative 1 / 2√x is infinite at 0."""
    out = np.sqrt(x)
    return out, lambda g: g / (2 * out)


@op
def cbrt(x: Array):
    """The real cube root, elementwise. Its derivative is infinite at 0."""
    out = np.cbrt(x)
    return out, lambda g: g / (3 * out * out)


@op
def power(a: Array, b: Array):
    """aᵇ, elementwise.

    ∂/∂a = b aᵇ⁻¹, which is 0 wherever b = 0, also at a = 0. ∂/∂b = aᵇ log a, taken as 0 at a = 0
    for b ≥ 0; it does not exist (NaN) for a < 0. Raises `ArgumentError` for a negative integer
    power of integers.

    >>> import autograd as ag
    >>> x = ag.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    >>> (x**3).sum().backward()
    >>> x.grad
    tensor([12.,  0., 27.])
    """
    try:
        # ndarray's own ** has fast ways for 2, 1/2 and -1; Python's would leave the reals
        out = a**b if isinstance(a, np.ndarray) else np.power(a, b)
    except ValueError:
        if np.result_type(a, b).kind in "iub" and np.any(np.asarray(b) < 0):
            raise ArgumentError(
                "power: integers have no negative powers; make the base float, or use ag.reciprocal"
            ) from None
        raise
    if isinstance(b, np.ndarray):

        def grad_a(g):
            # 0⁰⁻¹ would be infinite times the factor b = 0
            exponent = np.where((a == 0) & (b == 0), 1, _less_one(b))
            return g * (b * a**exponent)

    elif b == 2:
        grad_a = lambda g: g * (2 * a)
    elif b == 1:
        grad_a = lambda g: g
    elif b == 0:
        grad_a = lambda g: zeros_of(g)
    else:
        grad_a = lambda g: g * (b * a ** (b - 1))

    def grad_b(g):
        # 0ᵇ does not change with b ≥ 0: log 1 = 0 says so
        return g * (out * np.log(np.where((a == 0) & (b >= 0), 1.0, a)))

    return out, (grad_a, grad_b)


def _less_one(b):
    """b − 1; of an unsigned 0 too."""
    return (b.astype(np.intp) if b.dtype.kind in "iu" else b) - 1


@op
def exp(x: Array):
    """eˣ, elementwise."""
    out = np.exp(x)
    return out, lambda g: g * out


@op
def expm1(x: Array):
    """eˣ − 1 without cancellation near 0, elementwise."""
    out = np.expm1(x)
    return out, lambda g: g * (out + 1)


@op
def log(x: Array):
    """Natural logarithm, elementwise. Its derivative 1 / x is infinite at 0."""
    return np.log(x), lambda g: g / x


@op
def log1p(x: Array):
    """log(1 + x) without cancellation near 0, elementwise."""
    return np.log1p(x), lambda g: g / (1 + x)


@op
def log2(x: Array):
    """Logarithm to the base 2, elementwise."""
    return np.log2(x), lambda g: g / (x * math.log(2))


@op
def log10(x: Array):
    """Logarithm to the base 10, elementwise."""
    return np.log10(x), lambda g: g / (x * math.log(10))


@op
def logaddexp(a: Array, b: Array):
    """log(eᵃ + eᵇ) without overflow, elementwise. Where both are −∞ the gradient is 0.

    >>> import autograd as ag
    >>> ag.logaddexp(1000.0, 1000.0).item()
    1000.6931471805599
    """
    out = np.logaddexp(a, b)
    empty = np.isneginf(out)
    if not np.any(empty):
        return out, (lambda g: g * ops.sigmoid(a - b), lambda g: g * ops.sigmoid(b - a))
    low = np.where(empty, -math.inf, 0.0).astype(out.dtype)
    return out, (
        lambda g: g * ops.sigmoid(np.where(empty, low, a) - np.where(empty, 0, b)),
        lambda g: g * ops.sigmoid(np.where(empty, low, b) - np.where(empty, 0, a)),
    )


@op
def erf(x: Array):
    """The error function 2/√π ∫₀ˣ e^(−t²) dt, elementwise.

    >>> import autograd as ag
    >>> round(ag.erf(1.0).item(), 12)
    0.84270079295
    """
    return kernels.erf(as_floats(x)), lambda g: g * (2 / math.sqrt(math.pi) * np.exp(-(x * x)))


@op
def copy(x: Array):
    """A copy of x."""
    return np.array(x, order="C"), lambda g: g


@op
def astype(x: Array, dtype):
    """x in another float dtype; the gradient comes back in x's own."""
    return x.astype(dtype), lambda g: g


pow = power
