"""NumPy twins of the softmax kernels, over the rows of a 2-D array (M, C)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

Array = np.ndarray


_ONES = {d: np.ones((), d) for d in (np.dtype(np.float32), np.dtype(np.float64))}


def _shifted(x: Array) -> Array:
    """x - max x, row by row."""
    top = np.maximum.reduce(x, axis=1)
    if np.logical_and.reduce(np.isfinite(top)):  # entering errstate costs more than this
        return x - top[:, None]
    # a row of -inf, or one with +inf, has no softmax: it becomes NaN, quietly
    with np.errstate(invalid="ignore"):
        return x - top[:, None]


def softmax(x: Array) -> Array:
    """exp(x) / Σ exp(x), row by row."""
    e = _shifted(x)
    np.exp(e, out=e)
    e /= e.sum(axis=1, keepdims=True)
    return e


def softmax_grad(g: Array, out: Array) -> Array:
    """out (g - Σ g out)."""
    return out * (g - (g * out).sum(axis=1, keepdims=True))


def log_softmax(x: Array) -> Array:
    """x - log Σ exp(x), row by row."""
    shifted = _shifted(x)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def log_softmax_grad(g: Array, out: Array) -> Array:
    """g - exp(out) Σ g."""
    return g - np.exp(out) * g.sum(axis=1, keepdims=True)


def cross_entropy(logits: Array, labels: Array, masked: bool = True) -> tuple[Array, Array]:
    """(losses, softmax - onehot): losses[i] = log Σ exp(logits_i) - logits[i, labels[i]].

    The largest logit is taken off before the exponential and off the label's logit, never added
    back. Both are 0 in rows of label -1; `masked` is false if there is none.
    """
    places = _starts(*logits.shape) + (np.maximum(labels, 0) if masked else labels)
    slope = _shifted(logits)
    flat = slope.reshape(-1)
    right = flat[places]
    np.exp(slope, out=slope)
    total = np.add.reduce(slope, axis=1)
    slope /= total[:, None]
    flat[places] = flat[places] - _ONES[flat.dtype]
    losses = np.log(total, out=total)
    losses -= right
    if masked:
        ignored = labels < 0
        losses[ignored] = 0
        slope[ignored] = 0
    return losses, slope


def cross_entropy_grad(g: Array | float, slope: Array) -> Array:
    """g_i (softmax(logits_i) - onehot(labels_i))."""
    return slope * (g[:, None] if isinstance(g, np.ndarray) and g.ndim else g)


@lru_cache(maxsize=64)
def _starts(rows: int, size: int) -> Array:
    """The flat position of each row's first number."""
    return np.arange(0, rows * size, size)
