"""Rearranging elements."""

from __future__ import annotations

import numpy as np

from autograd.record import Array, op

__all__ = ["broadcast_to", "reshape", "swapaxes", "transpose"]


@op
def reshape(x: Array, shape, order="C"):
    """x with the same elements in another shape."""
    old = x.shape
    return np.reshape(x, shape, order=order), lambda g: np.reshape(g, old, order=order)


@op
def transpose(x: Array, axes=None):
    """x with its axes permuted (reversed if `axes` is None)."""
    back = None if axes is None else tuple(int(i) for i in np.argsort([a % x.ndim for a in axes]))
    return np.transpose(x, axes), lambda g: np.transpose(g, back)


@op
def swapaxes(x: Array, axis1, axis2):
    """x with two axes exchanged."""
    return np.swapaxes(x, axis1, axis2), lambda g: np.swapaxes(g, axis1, axis2)


@op
def broadcast_to(x: Array, shape):
    """x repeated along new axes and axes of length 1 (a view)."""
    return np.broadcast_to(x, shape), lambda g: g
