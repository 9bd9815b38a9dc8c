"""The default floating dtype, and which dtypes a Tensor may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograd.errors import DTypeError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["get_default_dtype", "set_default_dtype"]

_default: np.dtype = np.dtype(np.float32)


def get_default_dtype() -> np.dtype:
    """The dtype that Python floats and lists of them become: float32 unless set.

    >>> get_default_dtype()
    dtype('float32')
    """
    return _default


def set_default_dtype(dtype: npt.DTypeLike) -> None:
    """Set the dtype that Python floats and lists of them become (float32 or float64)."""
    global _default
    wanted = np.dtype(dtype)
    if wanted not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise DTypeError(f"set_default_dtype: float32 or float64 is needed, got {wanted}")
    _default = wanted


def as_array(value: object, what: str) -> np.ndarray:
    """`value` as an ndarray of numbers; Python floats and lists take the default dtype."""
    if isinstance(value, np.ndarray):
        array = value
    else:
        array = np.asarray(value)
        if array.dtype == np.float64 and not isinstance(value, np.generic):
            array = array.astype(_default)
    if array.dtype.kind not in "fiub":
        raise DTypeError(
            f"{what}: numbers or booleans are needed, got {type(value).__name__} "
            f"of dtype {array.dtype}"
        )
    return array
