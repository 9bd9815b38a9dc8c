"""Reductions over axes."""

from __future__ import annotations

import numpy as np

from autograd.record import Array, op

__all__ = ["mean", "sum"]


def kept_shape(shape, axis):
    """`shape` with the reduced axes of length 1: what broadcasts against the operand."""
    if axis is None:
        return (1,) * len(shape)
    axes = np.lib.array_utils.normalize_axis_tuple(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


@op
def sum(x: Array, axis=None, keepdims=False):
    """Sum over `axis` (all axes if None)."""
    shape, kept = x.shape, kept_shape(x.shape, axis)
    out = np.sum(x, axis=axis, keepdims=keepdims)
    return out, lambda g: np.broadcast_to(g.reshape(kept), shape)


@op
def mean(x: Array, axis=None, keepdims=False):
    """Mean over `axis` (all axes if None)."""
    shape, kept = x.shape, kept_shape(x.shape, axis)
    out = np.mean(x, axis=axis, keepdims=keepdims)
    count = x.size // max(np.size(out), 1)
    return out, lambda g: np.broadcast_to(g.reshape(kept) / count, shape)
