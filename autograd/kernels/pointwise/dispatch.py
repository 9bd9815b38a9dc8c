"""Pointwise functions and their gradients: one-pass kernels, NumPy twins for small arrays.

A gradient function takes the gradient g of the output first, then whichever of input and output
its formula needs. All inputs of a call have one shape and dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.kernels.pointwise import numpy_twin as twin
from autograd.kernels.runtime import dense, parallel_for, pays_off

Array = np.ndarray

SMALL = 4096  # up to here NumPy's passes cost no more than a call into compiled code
SMALL_ERF = 512  # the twins of erf and gelu make some forty passes
SMALL_RELU = 16384  # NumPy needs one, and three for the gradient


def _run(name: str, ns: float, arrays: tuple[Array, ...], parameter: float = 0.0) -> Array:
    """One pass of the named kernel; `ns` is one core's time for a float32 element."""
    from autograd.kernels.pointwise import numba_kernels

    last = arrays[-1]
    kernel: Any = getattr(numba_kernels, name)
    out = np.empty(last.shape, last.dtype)
    flat = [dense(x).reshape(-1) for x in arrays]
    chunks = -(-last.size // numba_kernels.CHUNK)
    parameter = last.dtype.type(parameter)
    work = ns * last.size * (last.itemsize / 4)
    parallel_for(kernel, chunks, *flat, out.reshape(-1), parameter, work_ns=work)
    return out


def erf(x: Array) -> Array:
    """erf(x) = 2/√π ∫₀ˣ exp(-t²) dt."""
    return _run("erf", 1.5, (x,)) if pays_off(x, SMALL_ERF) else twin.erf(dense(x))


def sigmoid(x: Array) -> Array:
    """σ(x) = 1 / (1 + exp(-x))."""
    return _run("sigmoid", 0.7, (x,)) if pays_off(x, SMALL) else twin.sigmoid(dense(x))


def sigmoid_grad(g: Array, out: Array) -> Array:
    """g σ (1 - σ), of σ = out."""
    if pays_off(out, SMALL):
        return _run("sigmoid_grad", 0.4, (g, out))
    return twin.sigmoid_grad(dense(g), dense(out))


def tanh(x: Array) -> Array:
    """tanh(x)."""
    return _run("tanh", 0.7, (x,)) if pays_off(x, SMALL) else twin.tanh(dense(x))


def tanh_grad(g: Array, out: Array) -> Array:
    """g (1 - out²)."""
    if pays_off(out, SMALL):
        return _run("tanh_grad", 0.4, (g, out))
    return twin.tanh_grad(dense(g), dense(out))


def relu(x: Array) -> Array:
    """max(x, 0); a NaN stays a NaN."""
    return _run("relu", 0.3, (x,)) if pays_off(x, SMALL_RELU) else twin.relu(dense(x))


def relu_grad(g: Array, out: Array, at_zero: float = 0.0) -> Array:
    """g where out > 0, g * at_zero where out == 0, 0 elsewhere."""
    if pays_off(out, SMALL_RELU):
        name = "relu_grad_with_slope_at_zero" if at_zero else "relu_grad"
        return _run(name, 0.4, (g, out), at_zero)
    return twin.relu_grad(dense(g), dense(out), at_zero)


def silu(x: Array) -> Array:
    """x σ(x)."""
    return _run("silu", 0.7, (x,)) if pays_off(x, SMALL) else twin.silu(dense(x))


def silu_grad(g: Array, x: Array) -> Array:
    """g σ(x) (1 + x (1 - σ(x)))."""
    if pays_off(x, SMALL):
        return _run("silu_grad", 0.8, (g, x))
    return twin.silu_grad(dense(g), dense(x))


def softplus(x: Array, beta: float = 1.0) -> Array:
    """log(1 + exp(βx)) / β."""
    if pays_off(x, SMALL):
        return _run("softplus", 1.1, (x,), beta)
    return twin.softplus(dense(x), beta)


def softplus_grad(g: Array, x: Array, beta: float = 1.0) -> Array:
    """g σ(βx)."""
    if pays_off(x, SMALL):
        return _run("softplus_grad", 0.8, (g, x), beta)
    return twin.softplus_grad(dense(g), dense(x), beta)


def logit_loss(x: Array, t: Array) -> Array:
    """|x| (t where x < 0, 1 - t elsewhere) + log(1 + exp(-|x|)): the cross entropy of σ(x) and t.

    A share of 0 makes the first term 0, even for infinite x.
    """
    if pays_off(x, SMALL):
        return _run("logit_loss", 1.1, (x, t))
    return twin.logit_loss(dense(x), dense(t))


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, α (exp(x) - 1) elsewhere."""
    return _run("elu", 0.6, (x,), alpha) if pays_off(x, SMALL) else twin.elu(dense(x), alpha)


def elu_grad(g: Array, x: Array, alpha: float = 1.0) -> Array:
    """g where x > 0, g α exp(x) elsewhere."""
    if pays_off(x, SMALL):
        return _run("elu_grad", 0.6, (g, x), alpha)
    return twin.elu_grad(dense(g), dense(x), alpha)


def gelu(x: Array, approximate: str = "none") -> Array:
    """x Φ(x); 'tanh': x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2; 'sigmoid': x σ(1.702 x)."""
    if pays_off(x, SMALL_ERF):
        return _run(f"gelu_{approximate}", 1.1, (x,))
    return twin.gelu(dense(x), approximate)


def gelu_grad(g: Array, x: Array, approximate: str = "none") -> Array:
    """g times the derivative of `gelu` at x."""
    if pays_off(x, SMALL_ERF):
        return _run(f"gelu_{approximate}_grad", 1.2, (g, x))
    return twin.gelu_grad(dense(g), dense(x), approximate)
