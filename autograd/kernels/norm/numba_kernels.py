"""Normalisation kernels. Sums run in the array's type over at most 1024 numbers, then in float64.

A chunk is one channel of a batch (N, C, L), or one row of (M, D); for sums over the rows of
(M, D), a block of 64 rows by 4096 columns, read in the order of memory. What is summed first and
transformed afterwards is read twice, the second time from the cache.
"""

from __future__ import annotations

from numba import float64
from numba.extending import register_jitable

from autograd.kernels.codegen.vector_math import number, peek, poke, reread
from autograd.kernels.runtime import jit

SUMS = {"contract", "reassoc", "nsz"}
BLOCK = 1024
TINY, HUGE = 1e-30, 3e38  # beyond, sums in float32 are taken again in float64
ROWS, COLUMNS = 64, 4096

_summing = register_jitable(forceinline=True, fastmath=SUMS)


@_summing
def sum_of(x, start, size):  # type: ignore[no-untyped-def]
    """Σ x[start : start + size], float64."""
    total = 0.0
    for begin in range(0, size, BLOCK):
        part = number(x[0], 0.0)
        for j in range(begin, min(begin + BLOCK, size)):
            part += peek(x, start + j)
        if not -HUGE < part < HUGE:
            part_64 = 0.0
            for j in range(begin, min(begin + BLOCK, size)):
                part_64 += peek(x, start + j)
            total += part_64
        else:
            total += part
    return total


@_summing
def sum_of_squares(x, start, size, mean):  # type: ignore[no-untyped-def]
    """Σ (x - mean)², float64."""
    total = 0.0
    for begin in range(0, size, BLOCK):
        part = number(x[0], 0.0)
        for j in range(begin, min(begin + BLOCK, size)):
            d = peek(x, start + j) - mean
            part += d * d
        if not TINY < part < HUGE:  # squares left the range of float32
            part_64 = 0.0
            for j in range(begin, min(begin + BLOCK, size)):
                d_64 = float64(peek(x, start + j)) - float64(mean)
                part_64 += d_64 * d_64
            total += part_64
        else:
            total += part
    return total


@_summing
def sum_of_products(g, x, start, size, mean, inv_std):  # type: ignore[no-untyped-def]
    """Σ g x̂, float64."""
    total = 0.0
    for begin in range(0, size, BLOCK):
        part = number(x[0], 0.0)
        for j in range(begin, min(begin + BLOCK, size)):
            part += peek(g, start + j) * ((peek(x, start + j) - mean) * inv_std)
        total += part
    return total


@jit(fastmath={"contract"})
def batch_norm(lo, hi, x, weight, bias, eps, out, mean, variance, inv_std, shape):  # type: ignore[no-untyped-def]
    batch, channels, length = shape
    for c in range(lo, hi):
        total = 0.0
        for n in range(batch):
            total += sum_of(x, (n * channels + c) * length, length)
        mean[c] = total / (batch * length)
        m = mean[c]
        squares = 0.0
        for n in range(batch):
            squares += sum_of_squares(x, (n * channels + c) * length, length, m)
        variance[c] = squares / (batch * length)
        inv_std[c] = 1 / (squares / (batch * length) + eps) ** 0.5
        scale, shift = inv_std[c] * weight[c], bias[c]
        for n in range(batch):
            start = (n * channels + c) * length
            for k in range(start, start + length):
                poke(out, k, (peek(x, k) - m) * scale + shift)


@jit(fastmath={"contract"})
def batch_apply(lo, hi, x, mean, scale, bias, out, shape):  # type: ignore[no-untyped-def]
    _, channels, length = shape
    for p in range(lo, hi):
        c = p % channels
        m, s, b = mean[c], scale[c], bias[c]
        for k in range(p * length, (p + 1) * length):
            poke(out, k, (peek(x, k) - m) * s + b)


@_summing
def channel_sums(g, x, c, mean, inv_std, shape):  # type: ignore[no-untyped-def]
    """Σ g x̂ and Σ g of one channel, float64."""
    batch, channels, length = shape
    total = 0.0
    products = 0.0
    for n in range(batch):
        start = (n * channels + c) * length
        total += sum_of(g, start, length)
        products += sum_of_products(g, x, start, length, mean, inv_std)
    return products, total


@jit(fastmath={"contract"})
def batch_grads(lo, hi, g, x, mean, inv_std, scale, out, products, totals, shape):  # type: ignore[no-untyped-def]
    batch, channels, length = shape
    for c in range(lo, hi):
        m, r, s = mean[c], inv_std[c], scale[c]
        product, total = channel_sums(g, x, c, m, r, shape)
        products[c], totals[c] = product, total
        mean_g = number(m, total / (batch * length))
        mean_gx = number(m, product / (batch * length))
        for n in range(batch):
            start = (n * channels + c) * length
            for k in range(start, start + length):
                normed = (peek(x, k) - m) * r
                poke(out, k, s * (peek(g, k) - mean_g - normed * mean_gx))


@jit
def batch_sums(lo, hi, g, x, mean, inv_std, products, totals, shape):  # type: ignore[no-untyped-def]
    for c in range(lo, hi):
        products[c], totals[c] = channel_sums(g, x, c, mean[c], inv_std[c], shape)


@jit(fastmath={"contract"})
def layer_norm(lo, hi, x, weight, bias, eps, out, mean, inv_std, size):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        start = i * size
        mean[i] = sum_of(x, start, size) / size
        m = mean[i]
        inv_std[i] = 1 / (sum_of_squares(x, start, size, m) / size + eps) ** 0.5
        r = inv_std[i]
        for j in range(size):
            normed = (peek(x, start + j) - m) * r
            poke(out, start + j, normed * peek(weight, j) + peek(bias, j))


@_summing
def weighted_sums(g, x, weight, start, size, mean, inv_std):  # type: ignore[no-untyped-def]
    """Σ h and Σ h x̂ of h = g * weight, float64."""
    total = 0.0
    products = 0.0
    for begin in range(0, size, BLOCK):
        part = number(mean, 0.0)
        product = number(mean, 0.0)
        for j in range(begin, min(begin + BLOCK, size)):
            h = peek(g, start + j) * peek(weight, j)
            part += h
            product += h * ((peek(x, start + j) - mean) * inv_std)
        total += part
        products += product
    return total, products


@_summing
def product(g, x, mean, inv_std, i, j, size):  # type: ignore[no-untyped-def]
    """g x̂ at row i, column j."""
    return peek(g, i * size + j) * ((peek(x, i * size + j) - peek(mean, i)) * peek(inv_std, i))


@_summing
def add_rows(g, x, mean, inv_std, products, totals, first, last, begin, end, base, size):  # type: ignore[no-untyped-def]
    """Add rows first..last-1 of g x̂ and of g, columns begin..end-1, to the sums at `base`."""
    # four rows at a time, so that the sums are fetched a quarter as often
    for i in range(first, last - 3, 4):
        for j in range(begin, end):
            part = product(g, x, mean, inv_std, i, j, size)
            part += product(g, x, mean, inv_std, i + 1, j, size)
            part += product(g, x, mean, inv_std, i + 2, j, size)
            part += product(g, x, mean, inv_std, i + 3, j, size)
            poke(products, base + j, reread(products, base + j) + part)
            k = i * size + j
            part = peek(g, k) + peek(g, k + size) + peek(g, k + 2 * size) + peek(g, k + 3 * size)
            poke(totals, base + j, reread(totals, base + j) + part)
    for i in range(last - (last - first) % 4, last):
        for j in range(begin, end):
            part = product(g, x, mean, inv_std, i, j, size)
            poke(products, base + j, reread(products, base + j) + part)
            poke(totals, base + j, reread(totals, base + j) + peek(g, i * size + j))


@jit(fastmath={"contract"})
def layer_grads(lo, hi, g, x, mean, inv_std, weight, out, products, totals, shape):  # type: ignore[no-untyped-def]
    """The input's gradient, and what `layer_sums` computes while the rows are in the cache."""
    rows, size = shape
    for block in range(lo, hi):
        base = block * size
        products[base : base + size] = 0
        totals[base : base + size] = 0
        last = min((block + 1) * ROWS, rows)
        for first in range(block * ROWS, last, 4):
            for i in range(first, min(first + 4, last)):
                start = i * size
                m, r = mean[i], inv_std[i]
                total, weighted = weighted_sums(g, x, weight, start, size, m, r)
                mean_h = number(m, total / size)
                mean_hx = number(m, weighted / size)
                for j in range(size):
                    normed = (peek(x, start + j) - m) * r
                    h = peek(g, start + j) * peek(weight, j)
                    poke(out, start + j, r * (h - mean_h - normed * mean_hx))
            end = min(first + 4, last)
            add_rows(g, x, mean, inv_std, products, totals, first, end, 0, size, base, size)


@jit(fastmath={"contract"})
def layer_sums(lo, hi, g, x, mean, inv_std, products, totals, shape):  # type: ignore[no-untyped-def]
    """Σ g x̂ and Σ g over the 64 rows of each block; for whoever calls to add up."""
    rows, size = shape
    across = (size + COLUMNS - 1) // COLUMNS
    for chunk in range(lo, hi):
        block = chunk // across
        begin = chunk % across * COLUMNS
        end = min(begin + COLUMNS, size)
        first = block * ROWS
        last = min(first + ROWS, rows)
        base = block * size
        products[base + begin : base + end] = 0
        totals[base + begin : base + end] = 0
        add_rows(g, x, mean, inv_std, products, totals, first, last, begin, end, base, size)
