"""NumPy twins of the normalisation kernels. Sums run in float64, results have the input's dtype.

Batch norm works on (N, C, L) with one mean per channel C; layer norm on (M, D) with one per row.
With x̂ = (x - mean) inv_std and h = g * weight, both input gradients are
inv_std (h - mean(h) - x̂ mean(h x̂)), the means taken over what was normalised together.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    """(mean, biased variance) per channel of x (N, C, L), each (C,)."""
    mean = x.mean(axis=(0, 2), dtype=np.float64)
    deviation = x - mean[None, :, None]
    variance = np.mean(deviation * deviation, axis=(0, 2))
    return mean.astype(x.dtype), variance.astype(x.dtype)


def batch_norm_apply(
    x: Array, mean: Array, inv_std: Array, weight: Array | None, bias: Array | None
) -> Array:
    """(x - mean) inv_std weight + bias, each (C,) along axis 1 of x (N, C, L)."""
    scale = inv_std if weight is None else inv_std * weight
    out = (x - mean[None, :, None]) * scale[None, :, None]
    if bias is not None:
        out += bias[None, :, None]
    return out


def batch_norm_input_grad(
    g: Array, x: Array, mean: Array, inv_std: Array, weight: Array | None
) -> Array:
    """Gradient of the normalised batch by its input, the statistics being the batch's own."""
    column = (None, slice(None), None)
    scale = inv_std if weight is None else inv_std * weight
    normed = (x - mean[column]) * inv_std[column]
    mean_g = g.mean(axis=(0, 2), dtype=np.float64).astype(x.dtype)
    mean_gx = (g * normed).mean(axis=(0, 2), dtype=np.float64).astype(x.dtype)
    return scale[column] * (g - mean_g[column] - normed * mean_gx[column])


def batch_norm_weight_grad(g: Array, x: Array, mean: Array, inv_std: Array) -> Array:
    """Σ g x̂ per channel, (C,)."""
    normed = (x - mean[None, :, None]) * inv_std[None, :, None]
    return (g * normed).sum(axis=(0, 2), dtype=np.float64).astype(x.dtype)


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


def layer_norm_input_grad(
    g: Array, x: Array, mean: Array, inv_std: Array, weight: Array | None
) -> Array:
    """Gradient of `layer_norm` by its input, (M, D)."""
    normed = (x - mean[:, None]) * inv_std[:, None]
    h = g if weight is None else g * weight
    mean_h = h.mean(axis=1, dtype=np.float64).astype(x.dtype)
    mean_hx = (h * normed).mean(axis=1, dtype=np.float64).astype(x.dtype)
    return inv_std[:, None] * (h - mean_h[:, None] - normed * mean_hx[:, None])


def layer_norm_weight_grad(g: Array, x: Array, mean: Array, inv_std: Array) -> Array:
    """Σ g x̂ over the rows, (D,)."""
    normed = (x - mean[:, None]) * inv_std[:, None]
    return (g * normed).sum(axis=0, dtype=np.float64).astype(x.dtype)
