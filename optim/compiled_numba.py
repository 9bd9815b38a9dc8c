"""Update rules in one pass over the arrays, compiled: the same operations in the same order as the
rules in NumPy (`SGD.update`, `Adam.update`), so the same bits.

A factory makes a kernel for each combination of settings that changes the operations.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from autograd.kernels.runtime import jit

CHUNK = 4096  # elements


@cache
def sgd(momentum: bool, dampening: bool, nesterov: bool, decay: bool, maximize: bool) -> Any:
    """w and v from g; without momentum v is not used, give w for it."""

    @jit(key=(momentum, dampening, nesterov, decay, maximize))
    def update(lo, hi, w, g, v, lr, mu, share, weight_decay):  # type: ignore[no-untyped-def]
        for chunk in range(lo, hi):
            first, last = CHUNK * chunk, CHUNK * (chunk + 1)
            w_, g_, v_ = w[first:last], g[first:last], v[first:last]
            for i in range(w_.size):
                slope = -g_[i] if maximize else g_[i]
                if decay:
                    slope = slope + w_[i] * weight_decay
                if momentum:
                    velocity = v_[i] * mu + (slope * share if dampening else slope)
                    v_[i] = velocity
                    slope = slope + velocity * mu if nesterov else velocity
                w_[i] = w_[i] - slope * lr

    return update


@cache
def adam(decay: bool, decoupled: bool, amsgrad: bool, maximize: bool) -> Any:
    """w, m, v and the largest v from g; without amsgrad give v for the largest."""

    @jit(key=(decay, decoupled, amsgrad, maximize))
    def update(lo, hi, w, g, m, v, top, weight_decay, a, b, beta2, lr, root, eps):  # type: ignore[no-untyped-def]
        for chunk in range(lo, hi):
            first, last = CHUNK * chunk, CHUNK * (chunk + 1)
            w_, g_, m_, v_ = w[first:last], g[first:last], m[first:last], v[first:last]
            top_ = top[first:last]
            for i in range(w_.size):
                weight = w_[i]
                slope = -g_[i] if maximize else g_[i]
                if decoupled:
                    weight = weight * weight_decay
                elif decay:
                    slope = slope + weight * weight_decay
                mean = m_[i] + (slope - m_[i]) * a
                square = v_[i] * beta2 + slope * b * slope
                m_[i] = mean
                v_[i] = square
                if amsgrad:
                    # NumPy's maximum: a NaN on either side stays
                    if top_[i] > square or top_[i] != top_[i]:
                        square = top_[i]
                    top_[i] = square
                w_[i] = weight - mean * lr / (math.sqrt(square) / root + eps)

    return update
