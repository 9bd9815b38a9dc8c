"""Batch and layer normalisation and their gradients.

Batch norm works on (N, C, L) with one mean per channel C; layer norm on (M, D) with one per row.
With x̂ = (x - mean) inv_std and h = g * weight, both input gradients are
inv_std (h - mean(h) - x̂ mean(h x̂)), the means taken over what was normalised together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.kernels.norm import numpy_twin as twin
from autograd.kernels.runtime import dense, parallel_for, pays_off

Array = np.ndarray

SMALL = 2048  # arrays of fewer numbers go to the NumPy twin
_SHORT = 8  # so do batches whose channels lie in stretches shorter than this


def _use_batch_kernel(x: Array) -> bool:
    return x.shape[2] >= _SHORT and pays_off(x, SMALL)


def _launch(name: str, chunks: int, ns: float, size: int, *args: Any) -> None:
    from autograd.kernels.norm import numba_kernels

    flat = [dense(a).reshape(-1) if isinstance(a, np.ndarray) else a for a in args]
    parallel_for(getattr(numba_kernels, name), chunks, *flat, work_ns=ns * size)


def _scale(inv_std: Array, weight: Array | None) -> Array:
    return inv_std if weight is None else inv_std * weight


def _or_ones(weight: Array | None, size: int, like: Array) -> Array:
    return np.ones(size, like.dtype) if weight is None else weight


def _or_zeros(bias: Array | None, size: int, like: Array) -> Array:
    return np.zeros(size, like.dtype) if bias is None else bias


def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array]:
    """(out, mean, biased variance, inv_std): out = (x - mean) inv_std weight + bias.

    Statistics and parameters are (C,), along axis 1 of x (N, C, L).
    """
    if not _use_batch_kernel(x):
        return twin.batch_norm(dense(x), weight, bias, eps)
    channels = x.shape[1]
    out = np.empty(x.shape, x.dtype)
    mean, variance, inv_std = np.empty((3, channels), x.dtype)
    parameters = _or_ones(weight, channels, x), _or_zeros(bias, channels, x), float(eps)
    args = (x, *parameters, out, mean, variance, inv_std, x.shape)
    _launch("batch_norm", channels, 0.8, x.size, *args)
    return out, mean, variance, inv_std


def batch_norm_apply(
    x: Array, mean: Array, inv_std: Array, weight: Array | None, bias: Array | None
) -> Array:
    """(x - mean) inv_std weight + bias, each (C,) along axis 1 of x (N, C, L)."""
    if not _use_batch_kernel(x):
        return twin.batch_norm_apply(dense(x), mean, inv_std, weight, bias)
    out = np.empty(x.shape, x.dtype)
    shift = _or_zeros(bias, x.shape[1], x)
    planes = x.shape[0] * x.shape[1]
    scale = _scale(inv_std, weight)
    _launch("batch_apply", planes, 0.4, x.size, x, mean, scale, shift, out, x.shape)
    return out


def batch_norm_grads(
    g: Array, x: Array, mean: Array, inv_std: Array, weight: Array | None
) -> tuple[Array, Array, Array]:
    """Gradients by input, weight and bias, the statistics being the batch's own."""
    if not _use_batch_kernel(x):
        return twin.batch_norm_grads(dense(g), dense(x), mean, inv_std, weight)
    out = np.empty(x.shape, x.dtype)
    products, totals = np.empty((2, x.shape[1]), x.dtype)
    args = (g, x, mean, inv_std, _scale(inv_std, weight), out, products, totals, x.shape)
    _launch("batch_grads", x.shape[1], 0.8, x.size, *args)
    return out, products, totals


def batch_norm_sums(g: Array, x: Array, mean: Array, inv_std: Array) -> tuple[Array, Array]:
    """Gradients by weight and bias alone: Σ g x̂ and Σ g per channel, (C,)."""
    if not _use_batch_kernel(x):
        return twin.batch_norm_sums(dense(g), dense(x), mean, inv_std)
    products, totals = np.empty((2, x.shape[1]), x.dtype)
    args = (g, x, mean, inv_std, products, totals, x.shape)
    _launch("batch_sums", x.shape[1], 0.4, x.size, *args)
    return products, totals


def layer_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array]:
    """(out, mean (M,), inv_std (M,)): out = (x - mean) inv_std weight + bias, by rows (M, D)."""
    if not pays_off(x, SMALL):
        return twin.layer_norm(dense(x), weight, bias, eps)
    rows, size = x.shape
    out, mean, inv_std = (
        np.empty(x.shape, x.dtype),
        np.empty(rows, x.dtype),
        np.empty(rows, x.dtype),
    )
    parameters = _or_ones(weight, size, x), _or_zeros(bias, size, x), float(eps)
    args = (x, *parameters, out, mean, inv_std, size)
    _launch("layer_norm", rows, 0.5, x.size, *args)
    return out, mean, inv_std


def layer_norm_grads(
    g: Array, x: Array, mean: Array, inv_std: Array, weight: Array | None
) -> tuple[Array, Array, Array]:
    """Gradients of `layer_norm` by input (M, D), weight and bias (D,), in one pass."""
    if not pays_off(x, SMALL):
        return twin.layer_norm_grads(dense(g), dense(x), mean, inv_std, weight)
    from autograd.kernels.norm.numba_kernels import ROWS

    out = np.empty(x.shape, x.dtype)
    sums = np.empty((2, -(-x.shape[0] // ROWS), x.shape[1]), x.dtype)
    args = (g, x, mean, inv_std, _or_ones(weight, x.shape[1], x), out, *sums, x.shape)
    _launch("layer_grads", sums.shape[1], 1.0, x.size, *args)
    return out, *_added(sums)


def layer_norm_sums(g: Array, x: Array, mean: Array, inv_std: Array) -> tuple[Array, Array]:
    """Gradients by weight and bias alone: Σ g x̂ and Σ g over the rows, (D,)."""
    if not pays_off(x, SMALL):
        return twin.layer_norm_sums(dense(g), dense(x), mean, inv_std)
    from autograd.kernels.norm.numba_kernels import COLUMNS, ROWS

    sums = np.empty((2, -(-x.shape[0] // ROWS), x.shape[1]), x.dtype)
    chunks = sums.shape[1] * -(-x.shape[1] // COLUMNS)
    _launch("layer_sums", chunks, 0.4, x.size, g, x, mean, inv_std, *sums, x.shape)
    return _added(sums)


def _added(sums: Array) -> tuple[Array, Array]:
    """The sums of all blocks of rows, (2, blocks, D) -> two of (D,)."""
    products, totals = sums.sum(axis=1, dtype=np.float64).astype(sums.dtype)
    return products, totals
