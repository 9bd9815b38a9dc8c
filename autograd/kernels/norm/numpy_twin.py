"""NumPy twins of the normalisation kernels. Sums run in float64, results have the input's dtype.

Batch norm works on (N, C, L) with one mean per channel C; layer norm on (M, D) with one per row.
With x̂ = (x - mean) inv_std and h = g * weight, both input gradients are
inv_std (h - mean(h) - x̂ mean(h x̂)), the means taken over what was normalised together.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array]:
    """(out, mean, biased variance, inv_std), statistics per channel of x (N, C, L), each (C,)."""
    mean = x.mean(axis=(0, 2), dtype=np.float64)
    deviation = x - mean[None, :, None]
    wide_variance = np.mean(deviation * deviation, axis=(0, 2))
    inv_std = (1 / np.sqrt(wide_variance + eps)).astype(x.dtype)
    with np.errstate(over="ignore"):  # as large as the squares, which float32 may not hold
        mean, variance = mean.astype(x.dtype), wide_variance.astype(x.dtype)
    return batch_norm_apply(x, mean, inv_std, weight, bias), mean, variance, inv_std


def batch_norm_apply(
    x: Array, mean: Array, inv_std: Array, weight: Array | None, bias: Array | None
) -> Array:
    """(x - mean) inv_std weight + bias, each (C,) along axis 1 of x (N, C, L)."""
    scale = inv_std if weight is None else inv_std * weight
    out = (x - mean[None, :, None]) * scale[None, :, None]
    if bias is not None:
        out += bias[None, :, None]
    return out


def batch_norm_grads(
    g: Array, x: Array, mean: Array, inv_std: Array, weight: Array | None
) -> tuple[Array, Array, Array]:
    """Gradients by input, weight and bias, the statistics being the batch's own."""
    column = (None, slice(None), None)
    scale = inv_std if weight is None else inv_std * weight
    normed = (x - mean[column]) * inv_std[column]
    products, totals = batch_norm_sums(g, x, mean, inv_std)
    count = x.size // x.shape[1]
    mean_g, mean_gx = totals / x.dtype.type(count), products / x.dtype.type(count)
    out = scale[column] * (g - mean_g[column] - normed * mean_gx[column])
    return out, products, totals


def batch_norm_sums(g: Array, x: Array, mean: Array, inv_std: Array) -> tuple[Array, Array]:
    """Σ g x̂ and Σ g per channel, (C,)."""
    normed = (x - mean[None, :, None]) * inv_std[None, :, None]
    products, totals = (np.sum(a, axis=(0, 2), dtype=np.float64) for a in (g * normed, g))
    return products.astype(x.dtype), totals.astype(x.dtype)


def layer_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array]:
    """(out, mean, inv_std): out = (x - mean) inv_std weight + bias by rows of x (M, D)."""
    wide_mean = x.mean(axis=1, dtype=np.float64)
    deviation = x - wide_mean[:, None]
    variance = np.mean(deviation * deviation, axis=1)
    mean = wide_mean.astype(x.dtype)
    inv_std = (1 / np.sqrt(variance + eps)).astype(x.dtype)
    out = (x - mean[:, None]) * inv_std[:, None]
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out, mean, inv_std


def layer_norm_grads(
    g: Array, x: Array, mean: Array, inv_std: Array, weight: Array | None
) -> tuple[Array, Array, Array]:
    """Gradients by input (M, D), weight and bias (D,)."""
    normed = (x - mean[:, None]) * inv_std[:, None]
    h = g if weight is None else g * weight
    mean_h = h.mean(axis=1, dtype=np.float64).astype(x.dtype)
    mean_hx = (h * normed).mean(axis=1, dtype=np.float64).astype(x.dtype)
    out = inv_std[:, None] * (h - mean_h[:, None] - normed * mean_hx[:, None])
    return out, *layer_norm_sums(g, x, mean, inv_std)


def layer_norm_sums(g: Array, x: Array, mean: Array, inv_std: Array) -> tuple[Array, Array]:
    """Σ g x̂ and Σ g over the rows, (D,)."""
    normed = (x - mean[:, None]) * inv_std[:, None]
    products, totals = (np.sum(a, axis=0, dtype=np.float64) for a in (g * normed, g))
    return products.astype(x.dtype), totals.astype(x.dtype)
