"""Pointwise kernels: a formula for one element each, and one loop around all of them.

A chunk is 2048 elements. The loop body is straight-line code (`codegen/vector_math.py`), so each
kernel reads its inputs once, writes its output once, and runs at vector width in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.kernels.codegen import vector_math as vm
from autograd.kernels.codegen.vector_math import inlined, number, select
from autograd.kernels.pointwise.numpy_twin import (
    GATE_END,
    GELU_END,
    GELU_SIGMOID_SCALE,
    GELU_TANH_CUBIC,
    GELU_TANH_SCALE,
)
from autograd.kernels.runtime import jit

CHUNK = 2048


def unary(formula: Callable[..., Any]) -> Any:
    """The kernel out[i] = formula(x[i], parameter)."""
    one = inlined(formula)

    @jit(key=formula.__name__, fastmath={"contract"})
    def kernel(lo, hi, x, out, parameter):  # type: ignore[no-untyped-def]
        source = x[lo * CHUNK : hi * CHUNK]
        target = out[lo * CHUNK : hi * CHUNK]
        for i in range(target.size):
            target[i] = one(source[i], parameter)

    return kernel


def binary(formula: Callable[..., Any]) -> Any:
    """The kernel out[i] = formula(g[i], x[i], parameter)."""
    one = inlined(formula)

    @jit(key=formula.__name__, fastmath={"contract"})
    def kernel(lo, hi, g, x, out, parameter):  # type: ignore[no-untyped-def]
        gradient = g[lo * CHUNK : hi * CHUNK]
        source = x[lo * CHUNK : hi * CHUNK]
        target = out[lo * CHUNK : hi * CHUNK]
        for i in range(target.size):
            target[i] = one(gradient[i], source[i], parameter)

    return kernel


@unary
def erf(x, _):  # type: ignore[no-untyped-def]
    return vm.erf(x)


@unary
def sigmoid(x, _):  # type: ignore[no-untyped-def]
    return vm.sigmoid_pair(x)[0]


@binary
def sigmoid_grad(g, out, _):  # type: ignore[no-untyped-def]
    return g * out * (number(out, 1.0) - out)


@unary
def tanh(x, _):  # type: ignore[no-untyped-def]
    return vm.tanh(x)


@binary
def tanh_grad(g, out, _):  # type: ignore[no-untyped-def]
    return g * (number(out, 1.0) - out * out)


@unary
def relu(x, _):  # type: ignore[no-untyped-def]
    zero = number(x, 0.0)
    return select(x <= zero, zero, x)


@binary
def relu_grad(g, out, _):  # type: ignore[no-untyped-def]
    return select(out > number(out, 0.0), g, number(out, 0.0))


@binary
def relu_grad_with_slope_at_zero(g, out, at_zero):  # type: ignore[no-untyped-def]
    zero = number(out, 0.0)
    return select(out > zero, g, select(out == zero, g * at_zero, zero))


@inlined
def _not_below_end(x):  # type: ignore[no-untyped-def]
    end = number(x, -GATE_END)
    return select(x < end, end, x)


@inlined
def _within_ends(x):  # type: ignore[no-untyped-def]
    end = number(x, GATE_END)
    return select(abs(x) > end, vm.copysign(end, x), x)


@unary
def silu(x, _):  # type: ignore[no-untyped-def]
    return _not_below_end(x) * vm.sigmoid_pair(x)[0]


@binary
def silu_grad(g, x, _):  # type: ignore[no-untyped-def]
    x = _within_ends(x)
    s, rest = vm.sigmoid_pair(x)
    return g * s * (number(x, 1.0) + x * rest)


@unary
def softplus(x, beta):  # type: ignore[no-untyped-def]
    t = x * beta
    zero = number(x, 0.0)
    return (select(t < zero, zero, t) + vm.log1p_unit(vm.exp(-abs(t)))) / beta


@binary
def softplus_grad(g, x, beta):  # type: ignore[no-untyped-def]
    return g * vm.sigmoid_pair(x * beta)[0]


@binary
def logit_loss(x, t, _):  # type: ignore[no-untyped-def]
    zero = number(x, 0.0)
    share = select(x < zero, t, number(t, 1.0) - t)
    # what counts nothing adds nothing, however far out x is
    return select(share == zero, zero, abs(x) * share) + vm.log1p_unit(vm.exp(-abs(x)))


@unary
def elu(x, alpha):  # type: ignore[no-untyped-def]
    zero = number(x, 0.0)
    low = select(x > zero, zero, x)
    return select(x < zero, alpha * vm.expm1(low), x)  # a zero keeps its sign


@binary
def elu_grad(g, x, alpha):  # type: ignore[no-untyped-def]
    zero = number(x, 0.0)
    low = select(x > zero, zero, x)
    return select(x > zero, g, g * (alpha * vm.exp(low)))


@unary
def gelu_none(x, _):  # type: ignore[no-untyped-def]
    return _not_below_end(x) * vm.normal(x)[0]


@binary
def gelu_none_grad(g, x, _):  # type: ignore[no-untyped-def]
    x = _within_ends(x)
    cdf, gauss = vm.normal(x)
    return g * (cdf + x * (gauss * number(x, 1 / math.sqrt(2 * math.pi))))


@inlined
def _tanh_argument(x):  # type: ignore[no-untyped-def]
    # (1 + tanh(t)) / 2 = σ(2t), which keeps its accuracy in the left tail
    cubic = number(x, 2 * GELU_TANH_SCALE * GELU_TANH_CUBIC)
    return x * (number(x, 2 * GELU_TANH_SCALE) + cubic * x * x)


@unary
def gelu_tanh(x, _):  # type: ignore[no-untyped-def]
    return _not_below_end(x) * vm.sigmoid_pair(_tanh_argument(x))[0]


@binary
def gelu_tanh_grad(g, x, _):  # type: ignore[no-untyped-def]
    end = number(x, GELU_END)
    x = select(abs(x) > end, vm.copysign(end, x), x)
    s, rest = vm.sigmoid_pair(_tanh_argument(x))
    cubic = number(x, 6 * GELU_TANH_SCALE * GELU_TANH_CUBIC)
    inner = number(x, 2 * GELU_TANH_SCALE) + cubic * x * x
    return g * s * (number(x, 1.0) + x * inner * rest)


@unary
def gelu_sigmoid(x, _):  # type: ignore[no-untyped-def]
    return _not_below_end(x) * vm.sigmoid_pair(x * number(x, GELU_SIGMOID_SCALE))[0]


@binary
def gelu_sigmoid_grad(g, x, _):  # type: ignore[no-untyped-def]
    x = _within_ends(x)
    t = x * number(x, GELU_SIGMOID_SCALE)
    s, rest = vm.sigmoid_pair(t)
    return g * s * (number(x, 1.0) + t * rest)
