"""Softmax kernels. A chunk is one row, which stays in the first-level cache between its passes.

The sums of a row may be reordered when the kernel is compiled, so that they run at vector width;
compiled once, they are the same for every row, run and number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from autograd.kernels.runtime import jit
from autograd.kernels.vector_math_numba import exp, inlined, number, peek, poke, reread

SUMS = {"contract", "reassoc", "nsz"}


@register_jitable(forceinline=True, fastmath={"nnan", "nsz", "reassoc"})
def maximum(x, start, size):  # type: ignore[no-untyped-def]
    """Largest of x[start : start + size]. It overlooks a NaN: the sum that follows does not."""
    top = number(x[0], -np.inf)
    for j in range(size):
        v = peek(x, start + j)
        top = v if v > top else top
    return top


@register_jitable(forceinline=True, fastmath=SUMS)
def exp_sum(x, start, size, top):  # type: ignore[no-untyped-def]
    """Σ exp(x - top)."""
    total = number(top, 0.0)
    for j in range(size):
        total += exp(peek(x, start + j) - top)
    return total


@inlined
def log(x):  # type: ignore[no-untyped-def]
    return number(x, math.log(x))


@jit(fastmath=SUMS)
def softmax(lo, hi, x, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        top = maximum(x, start, size)
        total = number(top, 0.0)
        for j in range(size):
            e = exp(peek(x, start + j) - top)
            poke(out, start + j, e)
            total += e
        for j in range(size):
            poke(out, start + j, reread(out, start + j) / total)


@jit(fastmath=SUMS)
def softmax_grad(lo, hi, g, y, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        total = number(y[0], 0.0)
        for j in range(size):
            total += peek(g, start + j) * peek(y, start + j)
        for j in range(size):
            poke(out, start + j, peek(y, start + j) * (peek(g, start + j) - total))


@jit
def log_softmax(lo, hi, x, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        top = maximum(x, start, size)
        rest = log(exp_sum(x, start, size, top))
        for j in range(size):
            poke(out, start + j, (peek(x, start + j) - top) - rest)


@jit(fastmath=SUMS)
def log_softmax_grad(lo, hi, g, y, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        total = number(y[0], 0.0)
        for j in range(size):
            total += peek(g, start + j)
        for j in range(size):
            poke(out, start + j, peek(g, start + j) - exp(peek(y, start + j)) * total)


@jit
def cross_entropy(lo, hi, logits, labels, losses, logsumexp, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        top = maximum(logits, start, size)
        logsumexp[i] = top + log(exp_sum(logits, start, size, top))
        losses[i] = 0
        if labels[i] >= 0:
            losses[i] = logsumexp[i] - peek(logits, start + labels[i])


@jit
def cross_entropy_grad(lo, hi, g, logits, logsumexp, labels, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        if labels[i] < 0:
            out[start : start + size] = 0
            continue
        factor, shift = g[i], logsumexp[i]
        for j in range(size):
            poke(out, start + j, exp(peek(logits, start + j) - shift) * factor)
        at = start + labels[i]
        poke(out, at, (exp(peek(logits, at) - shift) - number(shift, 1.0)) * factor)
