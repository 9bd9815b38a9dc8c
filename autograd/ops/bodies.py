"""What op bodies share, on plain arrays."""

from __future__ import annotations

import numpy as np

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def as_floats(x) -> np.ndarray:
    """x as an array of float32 or float64, which is what kernels take; x itself if it is one."""
    if type(x) is np.ndarray and (x.dtype is _FLOAT32 or x.dtype is _FLOAT64):
        return x
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        # the call of the op makes a DTypeError of it that names the op and its operands
        raise TypeError(f"it must be an array of floats, integers or booleans, got {x.dtype}")
    return x.astype(_FLOAT32 if x.dtype in (_FLOAT32, np.float16) else _FLOAT64, copy=False)


def zeros_of(g) -> np.ndarray:
    """Zeros in the shape and dtype of g (an array or a Tensor): a view of a single one."""
    return np.broadcast_to(np.zeros((), g.dtype), g.shape)


_BITS = {4: np.int32, 8: np.int64}
_BRANCHES_PAY = 4096  # up to here np.where is as fast


def select(condition, a, b) -> np.ndarray:
    """np.where(condition, a, b), by masks of bits where arrays are large.

    np.where branches at each element, which takes ten times as long when the condition is random.
    """
    dtype = np.result_type(a, b)
    if np.size(condition) <= _BRANCHES_PAY or dtype.kind != "f" or dtype.itemsize not in _BITS:
        return np.where(condition, a, b)
    bits = _BITS[dtype.itemsize]
    mask = np.asarray(condition, bool).view(np.int8).astype(bits)
    np.negative(mask, out=mask)  # all bits set, or none
    chosen = np.asarray(a, dtype).view(bits)
    if isinstance(b, int) and b == 0:
        return (chosen & mask).view(dtype)
    other = np.asarray(b, dtype).view(bits)
    return (((chosen ^ other) & mask) ^ other).view(dtype)
