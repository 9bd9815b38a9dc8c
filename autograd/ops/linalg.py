"""Products and factorisations of matrices."""

from __future__ import annotations

import numpy as np

from autograd.record import Array, op

__all__ = ["matmul"]


@op
def matmul(a: Array, b: Array):
    """Matrix product a @ b with NumPy's rules for one and for many axes."""
    out = np.matmul(a, b)
    if a.ndim == 1 and b.ndim == 1:
        return out, (lambda g: g * b, lambda g: g * a)
    if a.ndim == 1:
        return out, (
            lambda g: (b @ g[..., None])[..., 0],
            lambda g: a[:, None] * g[..., None, :],
        )
    if b.ndim == 1:
        return out, (
            lambda g: g[..., None] * b,
            lambda g: (a.mT @ g[..., None])[..., 0],
        )
    return out, (lambda g: g @ b.mT, lambda g: a.mT @ g)
