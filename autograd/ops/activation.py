"""Activation functions and their fused derivatives.

Each `*_grad` op is the product of an incoming gradient with the derivative, in one pass over the
data. It has closures of its own, so that every further derivative is right too.
"""

from __future__ import annotations

import math

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.ops.bodies import as_floats, select
from autograd.support.arguments import one_of, positive

__all__ = [
    "elu",
    "gelu",
    "leaky_relu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
]

# Klambauer et al., "Self-Normalizing Neural Networks" (2017)
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805

_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
_GELU_CUBIC = 0.044715
_GELU_SIGMOID = 1.702


@op
def tanh(x: Array):
    """tanh x, elementwise."""
    out = kernels.tanh(as_floats(x))
    return out, lambda g: tanh_grad(g, out)


@op
def tanh_grad(g: Array, y: Array):
    """g (1 − y²) for y = tanh x."""
    return kernels.tanh_grad(as_floats(g), as_floats(y)), (
        lambda v: tanh_grad(v, y),
        lambda v: v * g * (-2 * y),
    )


@op
def sigmoid(x: Array):
    """σ(x) = 1 / (1 + e⁻ˣ), elementwise."""
    out = kernels.sigmoid(as_floats(x))
    return out, lambda g: sigmoid_grad(g, out)


@op
def sigmoid_grad(g: Array, y: Array):
    """g y (1 − y) for y = σ(x)."""
    return kernels.sigmoid_grad(as_floats(g), as_floats(y)), (
        lambda v: sigmoid_grad(v, y),
        lambda v: v * g * (1 - 2 * y),
    )


@op
def relu(x: Array, at_zero=0.0):
    """max(x, 0), elementwise; `at_zero` is the derivative taken at 0.

    >>> import autograd as ag
    >>> x = ag.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> ag.relu(x, at_zero=0.5).sum().backward()
    >>> x.grad
    tensor([0. , 0.5, 1. ])
    """
    out = kernels.relu(as_floats(x))
    if at_zero == 0:
        return out, lambda g: relu_grad(g, out)
    return out, lambda g: relu_grad(g, x, at_zero)  # out is 0 for all x < 0 too


@op
def relu_grad(g: Array, x: Array, at_zero=0.0):
    """g where x > 0, g · `at_zero` where x = 0, else 0. Of x = relu(…) it is the same."""
    return kernels.relu_grad(as_floats(g), as_floats(x), at_zero), (
        lambda v: relu_grad(v, x, at_zero),
        None,
    )


@op
def leaky_relu(x: Array, negative_slope=0.01):
    """x where x > 0, `negative_slope` · x elsewhere; the slope at 0 is `negative_slope`."""
    # relu(x) is 0 just where the slope applies, so that relu's derivative at 0 serves as this one's
    if 0 < negative_slope <= 1:
        out = np.maximum(x, np.multiply(x, negative_slope))
        return out, lambda g: relu_grad(g, relu(out), negative_slope)
    out = select(np.greater(x, 0), x, np.multiply(x, negative_slope))
    return out, lambda g: relu_grad(g, relu(x), negative_slope)


@op
def elu(x: Array, alpha=1.0):
    """x where x > 0, α (eˣ − 1) elsewhere; the derivative at 0 is α."""
    return kernels.elu(as_floats(x), alpha), lambda g: elu_grad(g, x, alpha)


@op
def elu_grad(g: Array, x: Array, alpha=1.0):
    """g where x > 0, g α eˣ elsewhere."""
    return kernels.elu_grad(as_floats(g), as_floats(x), alpha), (
        lambda v: elu_grad(v, x, alpha),
        lambda v: v * g * np.where(x > 0, 0, alpha * np.exp(np.minimum(x, 0))),
    )


@op
def selu(x: Array):
    """1.0507 · elu(x, α = 1.6733): keeps mean 0 and variance 1 from layer to layer.

    From Klambauer et al., "Self-Normalizing Neural Networks" (2017).
    """
    out = kernels.elu(as_floats(x), SELU_ALPHA) * SELU_SCALE
    return out, lambda g: elu_grad(g, x, SELU_ALPHA) * SELU_SCALE


@op
def silu(x: Array):
    """x σ(x), elementwise (also called swish)."""
    return kernels.silu(as_floats(x)), lambda g: silu_grad(g, x)


@op
def silu_grad(g: Array, x: Array):
    """g (s + x s (1 − s)) for s = σ(x)."""

    return kernels.silu_grad(as_floats(g), as_floats(x)), (
        lambda v: silu_grad(v, x),
        lambda v: v * g * _silu_curvature(x),
    )


def _silu_curvature(x):
    x = np.clip(x, -1000, 1000)  # beyond, 0 · ∞ would be NaN
    return _gate_curvature(x, x, 1, 0)


def _gate_curvature(x, t, slope, curvature):
    """The second derivative of x σ(t), given t as a function of x and its two derivatives."""
    bell = sigmoid(t) * sigmoid(-t)  # σ', without the cancellation of σ (1 − σ) where σ is near 1
    steep = bell * slope  # first, as slope² alone would overflow in float16
    return 2 * steep + x * (bell * curvature - tanh(0.5 * t) * (steep * slope))


@op
def softplus(x: Array, beta=1.0, threshold=None):
    """log(1 + e^(βx)) / β, elementwise, without overflow.

    Exact for every x; with `threshold` it is x itself where βx exceeds it (elsewhere 20 is common,
    to avoid an overflow that does not arise here).
    """
    positive("softplus", "beta", beta)
    exact = kernels.softplus(as_floats(x), beta)
    if threshold is None:
        return exact, lambda g: softplus_grad(g, x, beta)
    linear = np.greater(np.multiply(x, beta), threshold)
    return select(linear, x, exact), lambda g: ops.where(linear, g, softplus_grad(g, x, beta))


@op
def softplus_grad(g: Array, x: Array, beta=1.0):
    """g σ(βx)."""
    return kernels.softplus_grad(as_floats(g), as_floats(x), beta), (
        lambda v: softplus_grad(v, x, beta),
        lambda v: sigmoid_grad(v * g * beta, sigmoid(x * beta)),
    )


@op
def softsign(x: Array):
    """x / (1 + |x|), elementwise; derivative 1 / (1 + |x|)², whose own derivative at 0 is 0.

    >>> import autograd as ag
    >>> ag.softsign(ag.tensor([-1.0, 0.0, 3.0]))
    tensor([-0.5 ,  0.  ,  0.75])
    """
    near = np.clip(x, -1e18, 1e18)  # beyond, the quotient is ±1, where ∞ / ∞ would be NaN
    # of x, not (1 − |out|)², which cancels for large |x|
    return near / (1 + np.absolute(near)), lambda g: g * np.square(1 / (1 + np.absolute(x)))


@op
def gelu(x: Array, approximate="none"):
    """x Φ(x) with the normal distribution function Φ, elementwise.

    `approximate="tanh"`: x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2; `approximate="sigmoid"`:
    x σ(1.702 x). From Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016). Raises
    `ArgumentError` for another word.
    """
    one_of("gelu", "approximate", approximate, ("none", "tanh", "sigmoid"))
    return kernels.gelu(as_floats(x), approximate), lambda g: gelu_grad(g, x, approximate)


@op
def gelu_grad(g: Array, x: Array, approximate="none"):
    """g times the derivative of `gelu` at x."""
    return kernels.gelu_grad(as_floats(g), as_floats(x), approximate), (
        lambda v: gelu_grad(v, x, approximate),
        lambda v: v * g * _gelu_curvature(x, approximate),
    )


def _gelu_curvature(x, approximate):
    """The second derivative of `gelu`, of arrays and of Tensors."""
    end = 1000 if approximate == "sigmoid" else 40
    x = np.clip(x, -end, end)  # it vanishes far within, but its factors overflow far outside
    if approximate == "none":
        return np.exp(-0.5 * (x * x)) * ((2 - x * x) / math.sqrt(2 * math.pi))
    if approximate == "sigmoid":
        return _gate_curvature(x, x * _GELU_SIGMOID, _GELU_SIGMOID, 0)
    t = 2 * _SQRT_2_OVER_PI * (x + _GELU_CUBIC * (x * x * x))
    slope = 2 * _SQRT_2_OVER_PI * (1 + 3 * _GELU_CUBIC * (x * x))
    return _gate_curvature(x, t, slope, 12 * _SQRT_2_OVER_PI * _GELU_CUBIC * x)
