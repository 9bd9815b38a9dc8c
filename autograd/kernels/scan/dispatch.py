"""Running sums and products, kept in float64: NumPy's float32 sums of 20 million are 16 % off."""

from __future__ import annotations

from math import prod

import numpy as np

from autograd.kernels.runtime import dense, parallel_for, pays_off
from autograd.kernels.scan import numpy_twin as twin

Array = np.ndarray

SMALL = 2048  # arrays of fewer numbers go to the NumPy twin


def running_sums(x: Array, axis: int) -> Array:
    """`np.cumsum(x, axis)`, in the dtype of x, which is float32 or float64."""
    return _along("running_sums", x, axis, 0.0)


def running_products(x: Array, axis: int) -> Array:
    """`np.cumprod(x, axis)`, in the dtype of x, which is float32 or float64."""
    return _along("running_products", x, axis, 1.0)


def _along(name: str, x: Array, axis: int, start: float) -> Array:
    if not pays_off(x, SMALL) or not -x.ndim <= axis < x.ndim:
        return getattr(twin, name)(x, axis)
    from autograd.kernels.scan import numba_kernels

    axis %= x.ndim
    lead, inner = prod(x.shape[:axis]), prod(x.shape[axis + 1 :])
    out = np.empty(x.shape, x.dtype)
    parallel_for(
        getattr(numba_kernels, name),
        lead * -(-inner // numba_kernels.COLUMNS),
        dense(x).reshape(-1),
        out.reshape(-1),
        np.full(lead * inner, start),
        (x.shape[axis], inner),
        work_ns=1.5 * x.size,
    )
    return out
