"""NumPy twins of the softmax kernels, over the rows of a 2-D array (M, C)."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def _shifted(x: Array) -> Array:
    # a row of -inf, or one with +inf, has no softmax: it becomes NaN, quietly
    with np.errstate(invalid="ignore"):
        return x - x.max(axis=1, keepdims=True)


def softmax(x: Array) -> Array:
    """exp(x) / Σ exp(x), row by row."""
    e = np.exp(_shifted(x))
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


def cross_entropy(logits: Array, labels: Array) -> tuple[Array, Array]:
    """(losses, log Σ exp): losses[i] = logsumexp[i] - logits[i, labels[i]], 0 for label -1."""
    with np.errstate(invalid="ignore"):
        top = np.maximum.reduce(logits, axis=1)
        e = logits - top[:, None]
        logsumexp = np.add.reduce(np.exp(e, out=e), axis=1)
        np.log(logsumexp, out=logsumexp)
        logsumexp += top
        losses = logsumexp - logits[np.arange(len(labels)), labels]
    losses[labels < 0] = 0
    return losses, logsumexp


def cross_entropy_grad(g: Array, logits: Array, logsumexp: Array, labels: Array) -> Array:
    """g_i (softmax(logits_i) - onehot(labels_i)); zeros in rows of label -1."""
    with np.errstate(invalid="ignore"):
        grad = logits - logsumexp[:, None]
        np.exp(grad, out=grad)
    grad[np.arange(len(labels)), labels] -= 1
    grad *= g[:, None]
    grad[labels < 0] = 0
    return grad
