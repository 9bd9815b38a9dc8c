"""Softmax, its logarithm and the cross entropy of labels, over the rows of a 2-D array (M, C)."""

from __future__ import annotations

import numpy as np

from autograd.kernels.runtime import dense, parallel_for, pays_off
from autograd.kernels.softmaxes import numpy_twin as twin

Array = np.ndarray

SMALL = 2048  # arrays of fewer numbers go to the NumPy twin


def _rows(name: str, ns: float, *arrays: Array) -> Array:
    """One pass of the named kernel over rows; `ns` is one core's time for a float32 element."""
    from autograd.kernels.softmaxes import numba_kernels

    rows, size = arrays[-1].shape
    out = np.empty((rows, size), arrays[-1].dtype)
    flat = [dense(x).reshape(-1) for x in arrays]
    work = ns * out.size * (out.itemsize / 4)
    parallel_for(getattr(numba_kernels, name), rows, *flat, out.reshape(-1), size, work_ns=work)
    return out


def softmax(x: Array) -> Array:
    """exp(x) / Σ exp(x), row by row."""
    return _rows("softmax", 1.0, x) if pays_off(x, SMALL) else twin.softmax(dense(x))


def softmax_grad(g: Array, out: Array) -> Array:
    """out (g - Σ g out), of out = softmax(x)."""
    if pays_off(out, SMALL):
        return _rows("softmax_grad", 0.6, g, out)
    return twin.softmax_grad(dense(g), dense(out))


def log_softmax(x: Array) -> Array:
    """x - log Σ exp(x), row by row."""
    return _rows("log_softmax", 1.0, x) if pays_off(x, SMALL) else twin.log_softmax(dense(x))


def log_softmax_grad(g: Array, out: Array) -> Array:
    """g - exp(out) Σ g, of out = log_softmax(x)."""
    if pays_off(out, SMALL):
        return _rows("log_softmax_grad", 0.8, g, out)
    return twin.log_softmax_grad(dense(g), dense(out))


def cross_entropy(logits: Array, labels: Array, masked: bool = True) -> tuple[Array, Array]:
    """(losses, saved): losses[i] = log Σ exp(logits_i) - logits[i, labels[i]], (M,).

    `saved` is for the gradient: the largest logit m of each row beside Σ exp(logit - m), (2M,);
    of small arrays the whole of softmax - onehot, (M, C). Labels are class numbers, checked by the
    caller; a row of label -1 has loss 0. `masked` is false if there is none.
    """
    if not pays_off(logits, SMALL):
        return twin.cross_entropy(np.ascontiguousarray(logits), labels, masked)
    from autograd.kernels.softmaxes import numba_kernels

    rows, size = logits.shape
    losses, saved = np.empty(rows, logits.dtype), np.empty(2 * rows, logits.dtype)
    parallel_for(
        numba_kernels.cross_entropy,
        rows,
        dense(logits).reshape(-1),
        dense(labels.astype(np.int64, copy=False)),
        losses,
        saved,
        size,
        work_ns=1.0 * logits.size,
    )
    return losses, saved


def cross_entropy_grad(g: Array | float, logits: Array, labels: Array, saved: Array) -> Array:
    """g_i (softmax(logits_i) - onehot(labels_i)), (M, C); zeros in rows of label -1.

    `saved` is what `cross_entropy` left; a single number g holds for all rows.
    """
    if saved.ndim == 2:
        return twin.cross_entropy_grad(g, saved)
    from autograd.kernels.softmaxes import numba_kernels

    rows, size = logits.shape
    out = np.empty((rows, size), logits.dtype)
    parallel_for(
        numba_kernels.cross_entropy_grad,
        rows,
        dense(g) if isinstance(g, np.ndarray) and g.ndim else np.full(rows, g, logits.dtype),
        dense(logits).reshape(-1),
        dense(saved),
        dense(labels.astype(np.int64, copy=False)),
        out.reshape(-1),
        size,
        work_ns=0.8 * out.size,
    )
    return out
