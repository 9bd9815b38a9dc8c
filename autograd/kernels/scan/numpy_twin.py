"""NumPy twins of the running sums and products."""

from __future__ import annotations

import numpy as np


def running_sums(x: np.ndarray, axis: int) -> np.ndarray:
    """`np.cumsum(x, axis)`, summed in float64."""
    return np.cumsum(x, axis, dtype=np.float64).astype(x.dtype, copy=False)


def running_products(x: np.ndarray, axis: int) -> np.ndarray:
    """`np.cumprod(x, axis)`, multiplied in float64."""
    return np.cumprod(x, axis, dtype=np.float64).astype(x.dtype, copy=False)
