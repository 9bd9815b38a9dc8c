"""What op bodies share, on plain arrays."""

from __future__ import annotations

import numpy as np

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def as_floats(x) -> np.ndarray:
    """x as an array of float32 or float64, which is what kernels take; x itself if it is one."""
    if type(x) is np.ndarray and (x.dtype is _FLOAT32 or x.dtype is _FLOAT64):
        return x
    x = np.asarray(x)
    return x.astype(_FLOAT32 if x.dtype in (_FLOAT32, np.float16) else _FLOAT64, copy=False)


def zeros_of(g) -> np.ndarray:
    """Zeros in the shape and dtype of g (an array or a Tensor): a view of a single one."""
    return np.broadcast_to(np.zeros((), g.dtype), g.shape)
