"""NumPy twins of the pointwise kernels: the oracle in tests and the fallback without Numba.

All are stable over the whole range of the dtype: no branch ever exponentiates a positive number,
so nothing overflows and no NumPy warning is raised.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray

# Rational approximations of erf and erfc, relative error below 1.2e-16 on each piece:
# W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969).
# Highest power first. The pieces are |x| <= 0.46875, <= 4, and beyond.
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
     3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2,
     1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
     6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
     1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
     3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip
_SMALL_END, _MIDDLE_END = 0.46875, 4.0
_ERFC_END, _NORMAL_END = 27.5, 39.0  # from here on erfc(x) and Φ(-x) are 0 in float64

# 0, 1 and -1 as arrays of each dtype: NumPy takes twice as long over a Python number beside a small
# array as over an array.
_NUMBERS = {
    dtype: tuple(np.array(number, dtype) for number in (0, 1, -1))
    for dtype in (np.dtype(np.float32), np.dtype(np.float64))
}
_BITS: dict[np.dtype, Any] = {
    np.dtype(np.float32): np.dtype(np.int32),
    np.dtype(np.float64): np.dtype(np.int64),
}

GELU_TANH_SCALE = math.sqrt(2 / math.pi)
GELU_TANH_CUBIC = 0.044715
GELU_SIGMOID_SCALE = 1.702
GATE_END = 1000.0  # beyond, σ(x) and Φ(x) are 0 or 1, and 0 · ∞ would be NaN
GELU_END = 30.0  # beyond, gelu's slope is 0 or 1, where its formula with tanh makes ∞ · 0 of x³


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], t: Array) -> Array:
    return np.polyval(coefficients[0], t) / np.polyval(coefficients[1], t)


def _erfcx_positive(y: Array) -> Array:
    """exp(y²) erfc(y) for a float64 array y >= 0.46875."""
    inverse = 1 / (y * y)
    tail = 1 / math.sqrt(math.pi) - inverse * _ratio(_LARGE, inverse)
    return np.where(y <= _MIDDLE_END, _ratio(_MIDDLE, np.minimum(y, _MIDDLE_END)), tail / y)


def _exp_minus_square(y: Array, factor: float) -> Array:
    """exp(-factor y²), with y² split in two so that its rounding is not a relative error."""
    head = np.floor(y * 16) / 16
    return np.exp(-factor * head * head) * np.exp(-factor * (y - head) * (y + head))


def _erf64(x: Array) -> Array:
    y = np.minimum(np.abs(x), _ERFC_END)
    near = np.minimum(y, _SMALL_END)
    small = x * _ratio(_SMALL, near * near)
    far = np.maximum(y, _SMALL_END)
    large = 1 - _exp_minus_square(far, 1.0) * _erfcx_positive(far)
    return np.where(y <= _SMALL_END, small, np.copysign(large, x))


def _normal64(x: Array) -> tuple[Array, Array]:
    """(Φ(x), exp(-x²/2)), to full relative accuracy in both tails: Φ(x) = erfc(-x/√2) / 2."""
    y = np.minimum(np.abs(x), _NORMAL_END)
    gauss = _exp_minus_square(y, 0.5)
    z = y * math.sqrt(0.5)
    tail = 0.5 * gauss * _erfcx_positive(np.maximum(z, _SMALL_END))
    near = np.minimum(z, _SMALL_END)
    near_cdf = 0.5 + 0.5 * np.copysign(near, x) * _ratio(_SMALL, near * near)
    return np.where(z <= _SMALL_END, near_cdf, np.where(x > 0, 1 - tail, tail)), gauss


def _exp_minus_abs(x: Array) -> Array:
    return np.exp(-np.abs(x))


def erf(x: Array) -> Array:
    """erf(x) = 2/√π ∫₀ˣ exp(-t²) dt."""
    return np.asarray(_erf64(x.astype(np.float64)).astype(x.dtype))


def sigmoid(x: Array) -> Array:
    """σ(x) = 1 / (1 + exp(-x))."""
    zero, one, minus = _NUMBERS[x.dtype]
    # 1 or exp(x), whichever is smaller, over 1 + exp(-|x|)
    return np.asarray(np.exp(np.minimum(x, zero)) / (one + np.exp(np.copysign(x, minus))))


def sigmoid_grad(g: Array, out: Array) -> Array:
    """g σ (1 - σ)."""
    one = _NUMBERS[out.dtype][1]
    return np.asarray(g * out * (one - out))


def tanh(x: Array) -> Array:
    """tanh(x)."""
    return np.asarray(np.tanh(x))


def tanh_grad(g: Array, out: Array) -> Array:
    """g (1 - tanh²)."""
    one = _NUMBERS[out.dtype][1]
    return np.asarray(g * (one - out * out))


def relu(x: Array) -> Array:
    """max(x, 0); a NaN stays a NaN."""
    return np.asarray(np.maximum(x, _NUMBERS[x.dtype][0]))


def relu_grad(g: Array, out: Array, at_zero: float = 0.0) -> Array:
    """g where out > 0, g * at_zero where out == 0, 0 elsewhere."""
    passed = kept(out > _NUMBERS[out.dtype][0], g)
    return np.asarray(np.where(out == 0, g * at_zero, passed) if at_zero else passed)


def kept(chosen: Array, g: Array) -> Array:
    """g where chosen, 0 elsewhere, whatever g is there: its bits times 1 or 0.

    np.where branches at each element, which takes ten times as long when the signs are random.
    """
    return np.multiply(g.view(_BITS[g.dtype]), chosen).view(g.dtype)


def silu(x: Array) -> Array:
    """x σ(x)."""
    return np.asarray(np.maximum(x, -GATE_END) * sigmoid(x))


def silu_grad(g: Array, x: Array) -> Array:
    """g σ(x) (1 + x (1 - σ(x)))."""
    x = np.minimum(np.maximum(x, -GATE_END), GATE_END)
    e = _exp_minus_abs(x)
    s = np.where(x >= 0, 1, e) / (1 + e)
    rest = np.where(x >= 0, e, 1) / (1 + e)  # 1 - σ(x) without cancellation
    return np.asarray(g * s * (1 + x * rest))


def softplus(x: Array, beta: float = 1.0) -> Array:
    """log(1 + exp(βx)) / β."""
    zero, _, minus = _NUMBERS[x.dtype]
    t = x if beta == 1 else x * beta
    out = np.maximum(t, zero) + np.log1p(np.exp(np.copysign(t, minus)))
    return np.asarray(out if beta == 1 else out / beta)


def softplus_grad(g: Array, x: Array, beta: float = 1.0) -> Array:
    """g σ(βx)."""
    return np.asarray(g * sigmoid(np.asarray(x * beta)))


def logit_loss(x: Array, t: Array) -> Array:
    """|x| (t where x < 0, 1 - t elsewhere) + log(1 + exp(-|x|))."""
    zero, one, minus = _NUMBERS[x.dtype]
    low = np.copysign(x, minus)
    rest = np.log1p(np.exp(low))
    share = np.where(x < zero, t, one - t)
    if not math.isfinite(np.vdot(low, low)):  # sooner told than by a minimum
        low = np.where(share == zero, zero, low)  # what counts nothing adds nothing
    return np.asarray(rest - low * share)


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, α (exp(x) - 1) elsewhere."""
    return np.asarray(np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x))


def elu_grad(g: Array, x: Array, alpha: float = 1.0) -> Array:
    """g where x > 0, g α exp(x) elsewhere."""
    return np.asarray(g * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))))


def gelu(x: Array, approximate: str = "none") -> Array:
    """x Φ(x); 'tanh': x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2; 'sigmoid': x σ(1.702 x)."""
    x = np.asarray(np.maximum(x, -GATE_END))
    if approximate == "sigmoid":
        return np.asarray(x * sigmoid(np.asarray(x * GELU_SIGMOID_SCALE)))
    wide = x.astype(np.float64)
    if approximate == "tanh":
        # (1 + tanh(t)) / 2 = σ(2t), which keeps its accuracy in the left tail
        t = 2 * GELU_TANH_SCALE * (wide + GELU_TANH_CUBIC * wide * wide * wide)
        return np.asarray((wide * sigmoid(np.asarray(t))).astype(x.dtype))
    return np.asarray((wide * _normal64(wide)[0]).astype(x.dtype))


def gelu_grad(g: Array, x: Array, approximate: str = "none") -> Array:
    """g times the derivative of `gelu` at x."""
    wide = np.clip(x.astype(np.float64), -GATE_END, GATE_END)
    if approximate == "none":
        cdf, gauss = _normal64(wide)
        slope = cdf + wide * gauss * (1 / math.sqrt(2 * math.pi))
    else:
        if approximate == "tanh":
            wide = np.clip(wide, -GELU_END, GELU_END)
            t = 2 * GELU_TANH_SCALE * (wide + GELU_TANH_CUBIC * wide * wide * wide)
            inner = 2 * GELU_TANH_SCALE * (1 + 3 * GELU_TANH_CUBIC * wide * wide)
        else:
            t, inner = GELU_SIGMOID_SCALE * wide, np.asarray(GELU_SIGMOID_SCALE)
        e = _exp_minus_abs(t)
        s = np.where(t >= 0, 1, e) / (1 + e)
        slope = s * (1 + wide * inner * (np.where(t >= 0, e, 1) / (1 + e)))
    return np.asarray((g * slope).astype(x.dtype))
