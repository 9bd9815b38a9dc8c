"""Softmax kernels. A chunk is one row, which stays in the first-level cache between its passes.

The sums of a row may be reordered when the kernel is compiled, so that they run at vector width;
compiled once, they are the same for every row, run and number of threads. They run in the array's
type over at most 1024 numbers, then in float64.

What is exponentiated is the logit less the row's largest, and the logarithm of the sum is taken
off that difference: max + log Σ would round the logarithm away where all logits are large.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import register_jitable

from autograd.kernels.codegen.vector_math import exp, inlined, number, peek, poke, reread
from autograd.kernels.runtime import jit

SUMS = {"contract", "reassoc", "nsz"}
BLOCK = 1024


@register_jitable(forceinline=True, fastmath={"nnan", "nsz", "reassoc"})
def maximum(x, start, size):  # type: ignore[no-untyped-def]
    """Largest of x[start : start + size]. It overlooks a NaN: the sum that follows does not."""
    top = number(x[0], -np.inf)
    for j in range(size):
        v = peek(x, start + j)
        top = v if v > top else top
    return top


_summing = register_jitable(forceinline=True, fastmath=SUMS)


def blocked(part: Callable[..., Any]) -> Any:
    """The sum of `size` terms from `start` on; part(x, y, start, size) adds up a block of them."""
    one = _summing(part)

    @register_jitable(fastmath=SUMS)  # a function of its own, lest it slow down short rows
    def long(x, y, start, size):  # type: ignore[no-untyped-def]
        total = 0.0
        for begin in range(start, start + size, BLOCK):
            total += one(x, y, begin, min(BLOCK, start + size - begin))
        return number(x[0], total)

    @_summing
    def whole(x, y, start, size):  # type: ignore[no-untyped-def]
        if size <= BLOCK:  # nearly always
            return one(x, y, start, size)
        return long(x, y, start, size)

    return whole


@blocked
def exp_sum(x, top, start, size):  # type: ignore[no-untyped-def]
    """Σ exp(x - top)."""
    total = number(top, 0.0)
    for j in range(size):
        total += exp(peek(x, start + j) - top)
    return total


@_summing
def wide_sum(x, start, size):  # type: ignore[no-untyped-def]
    """Σ x, in float64: where terms cancel, what is left has all its digits."""
    total = 0.0
    for j in range(size):
        total += peek(x, start + j)
    return number(x[0], total)


@blocked
def product_sum(g, y, start, size):  # type: ignore[no-untyped-def]
    """Σ g y."""
    total = number(y[0], 0.0)
    for j in range(size):
        total += peek(g, start + j) * peek(y, start + j)
    return total


@blocked
def written_sum(out, _, start, size):  # type: ignore[no-untyped-def]
    """Σ of what was written to an output."""
    total = number(out[0], 0.0)
    for j in range(size):
        total += reread(out, start + j)
    return total


@inlined
def log(x):  # type: ignore[no-untyped-def]
    return number(x, math.log(x))


@jit(fastmath=SUMS)
def softmax(lo, hi, x, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        top = maximum(x, start, size)
        if size <= BLOCK:
            total = number(top, 0.0)
            for j in range(size):
                e = exp(peek(x, start + j) - top)
                poke(out, start + j, e)
                total += e
        else:
            for j in range(size):
                poke(out, start + j, exp(peek(x, start + j) - top))
            total = written_sum(out, top, start, size)
        for j in range(size):
            poke(out, start + j, reread(out, start + j) / total)


@jit(fastmath=SUMS)
def softmax_grad(lo, hi, g, y, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        total = product_sum(g, y, start, size)
        for j in range(size):
            poke(out, start + j, peek(y, start + j) * (peek(g, start + j) - total))


@jit
def log_softmax(lo, hi, x, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        top = maximum(x, start, size)
        rest = log(exp_sum(x, top, start, size))
        for j in range(size):
            poke(out, start + j, (peek(x, start + j) - top) - rest)


@jit(fastmath=SUMS)
def log_softmax_grad(lo, hi, g, y, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        total = wide_sum(g, start, size)
        for j in range(size):
            poke(out, start + j, peek(g, start + j) - exp(peek(y, start + j)) * total)


@jit
def cross_entropy(lo, hi, logits, labels, losses, left, size):  # type: ignore[no-untyped-def]
    """left: the largest logit and Σ exp(logit - largest) of each row, side by side."""
    for i in range(lo, hi):
        start = i * size
        top = maximum(logits, start, size)
        total = exp_sum(logits, top, start, size)
        left[2 * i], left[2 * i + 1] = top, total
        losses[i] = 0
        if labels[i] >= 0:
            losses[i] = log(total) - (peek(logits, start + labels[i]) - top)


@jit
def cross_entropy_grad(lo, hi, g, logits, left, labels, out, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        if labels[i] < 0:
            out[start : start + size] = 0
            continue
        top, factor = left[2 * i], g[i] / left[2 * i + 1]
        for j in range(size):
            poke(out, start + j, exp(peek(logits, start + j) - top) * factor)
        at = start + labels[i]
        poke(out, at, reread(out, at) - g[i])
