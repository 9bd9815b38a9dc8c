"""Batch and layer normalisation and their gradients.

Batch norm works on (N, C, L) with one mean per channel C; layer norm on (M, D) with one per row.
With x̂ = (x - mean) inv_std and h = g * weight, both input gradients are
inv_std (h - mean(h) - x̂ mean(h x̂)), the means taken over what was normalised together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.kernels import norm_reference as twin
from autograd.kernels.runtime import dense, parallel_for, pays_off

Array = np.ndarray

SMALL = 2048  # arrays of fewer numbers go to the NumPy twin
_SHORT = 8  # so do batches whose channels lie in stretches shorter than this


def _use_batch_kernel(x: Array) -> bool:
    return x.shape[2] >= _SHORT and pays_off(x, SMALL)


def _launch(name: str, chunks: int, ns: float, size: int, *args: Any) -> None:
    from autograd.kernels import norm_numba

    flat = [dense(a).reshape(-1) if isinstance(a, np.ndarray) else a for a in args]
    parallel_for(getattr(norm_numba, name), chunks, *flat, work_ns=ns * size)


def _scale(inv_std: Array, weight: Array | None) -> Array:
    return inv_std if weight is None else inv_std * weight


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    """(mean, biased variance) per channel of x (N, C, L), each (C,)."""
    if not _use_batch_kernel(x):
        return twin.batch_norm_stats(dense(x))
    mean, variance = np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)
    _launch("batch_stats", x.shape[1], 0.3, x.size, x, mean, variance, x.shape)
    return mean, variance


def batch_norm_apply(
    x: Array, mean: Array, inv_std: Array, weight: Array | None, bias: Array | None
) -> Array:
    """(x - mean) inv_std weight + bias, each (C,) along axis 1 of x (N, C, L)."""
    if not _use_batch_kernel(x):
        return twin.batch_norm_apply(dense(x), mean, inv_std, weight, bias)
    out = np.empty(x.shape, x.dtype)
    shift = np.zeros(x.shape[1], x.dtype) if bias is None else bias
    planes = x.shape[0] * x.shape[1]
    scale = _scale(inv_std, weight)
    _launch("batch_apply", planes, 0.4, x.size, x, mean, scale, shift, out, x.shape)
    return out


def batch_norm_input_grad(
    g: Array, x: Array, mean: Array, inv_std: Array, weight: Array | None
) -> Array:
    """Gradient of the normalised batch by its input, the statistics being the batch's own."""
    if not _use_batch_kernel(x):
        return twin.batch_norm_input_grad(dense(g), dense(x), mean, inv_std, weight)
    out = np.empty(x.shape, x.dtype)
    args = (g, x, mean, inv_std, _scale(inv_std, weight), out, x.shape)
    _launch("batch_input_grad", x.shape[1], 0.8, x.size, *args)
    return out


def batch_norm_weight_grad(g: Array, x: Array, mean: Array, inv_std: Array) -> Array:
    """Σ g x̂ per channel, (C,)."""
    if not _use_batch_kernel(x):
        return twin.batch_norm_weight_grad(dense(g), dense(x), mean, inv_std)
    out = np.empty(x.shape[1], x.dtype)
    args = (g, x, mean, inv_std, out, x.shape)
    _launch("batch_weight_grad", x.shape[1], 0.4, x.size, *args)
    return out


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
    factor = np.ones(size, x.dtype) if weight is None else weight
    shift = np.zeros(size, x.dtype) if bias is None else bias
    args = (x, factor, shift, float(eps), out, mean, inv_std, size)
    _launch("layer_norm", rows, 0.5, x.size, *args)
    return out, mean, inv_std


def layer_norm_input_grad(
    g: Array, x: Array, mean: Array, inv_std: Array, weight: Array | None
) -> Array:
    """Gradient of `layer_norm` by its input, (M, D)."""
    if not pays_off(x, SMALL):
        return twin.layer_norm_input_grad(dense(g), dense(x), mean, inv_std, weight)
    rows, size = x.shape
    out = np.empty(x.shape, x.dtype)
    factor = np.ones(size, x.dtype) if weight is None else weight
    args = (g, x, mean, inv_std, factor, out, size)
    _launch("layer_input_grad", rows, 0.6, x.size, *args)
    return out


def layer_norm_weight_grad(g: Array, x: Array, mean: Array, inv_std: Array) -> Array:
    """Σ g x̂ over the rows, (D,)."""
    if not pays_off(x, SMALL):
        return twin.layer_norm_weight_grad(dense(g), dense(x), mean, inv_std)
    from autograd.kernels.norm_numba import COLUMNS, ROWS

    rows, size = x.shape
    blocks = -(-rows // ROWS)
    sums = np.empty((blocks, size), x.dtype)
    chunks = blocks * -(-size // COLUMNS)
    _launch("layer_weight_grad", chunks, 0.4, x.size, g, x, mean, inv_std, sums, x.shape)
    return sums.sum(axis=0, dtype=np.float64).astype(x.dtype)
