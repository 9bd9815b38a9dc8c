"""The default floating dtype, which dtypes a Tensor may have, and how values become arrays."""

from __future__ import annotations

import array as buffers
import difflib
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.support.arguments import require_unmasked
from autograd.support.unknown_names import named_arguments

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["get_default_dtype", "set_default_dtype"]

_default: np.dtype = np.dtype(np.float32)

_NAMES = (
    "float16",
    "float32",
    "float64",
    "longdouble",
    "bool",
    "half",
    "single",
    "double",
) + tuple(f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("", "u"))
_DEVICES = ("cpu", "cuda", "gpu", "mps", "xpu", "tpu")


def get_default_dtype() -> np.dtype:
    """The dtype that Python floats and lists of them become: float32 unless set.

    >>> get_default_dtype()
    dtype('float32')
    """
    return _default


@named_arguments
def set_default_dtype(dtype: npt.DTypeLike) -> None:
    """Set the dtype that Python floats and lists of them become (float32 or float64)."""
    global _default
    wanted = as_dtype(dtype, "set_default_dtype")
    if wanted not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise DTypeError(f"set_default_dtype: dtype must be float32 or float64, got {wanted}")
    _default = wanted


def as_dtype(dtype: Any, what: str) -> np.dtype:
    """`dtype` as a NumPy dtype that a Tensor may have, in this machine's byte order."""
    try:
        if dtype is None:  # NumPy's word for float64
            raise TypeError
        wanted = np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError):  # the last: NumPy reads "f4, i" as a record
        raise DTypeError(f"{what}: {_no_dtype(dtype)}") from None
    if wanted.kind not in "fiub":
        raise DTypeError(f"{what}: dtype must be one of floats, integers or booleans, got {wanted}")
    return wanted.newbyteorder("=")


def _no_dtype(dtype: Any) -> str:
    """What is wrong with a dtype that is none, and what was probably meant."""
    name = str(dtype).rpartition(".")[2].lower()  # a dtype of PyTorch is called torch.float32
    if name.partition(":")[0] in _DEVICES:
        return f"there is no device to choose, got {dtype!r}: arrays are on the CPU; leave it out"
    near = difflib.get_close_matches(name, _NAMES, n=1)
    hint = f"; write np.{near[0]}" if near else ", such as np.float32"
    return f"dtype must be a dtype of NumPy, got {dtype!r}{hint}"


def as_array(
    value: Any, what: str, dtype: npt.DTypeLike | None = None, weak: np.dtype | None = None
) -> np.ndarray:
    """`value` as an ndarray of numbers, in the machine's byte order.

    A `dtype` that is given applies to the value as it came. Without one, whatever has a dtype keeps
    it (arrays, series and tensors of other libraries, lists of arrays); Python floats and lists of
    them take `weak`, or the default dtype. `what` begins the message of an error.
    """
    wanted = None if dtype is None else as_dtype(dtype, what)
    array = value if type(value) is np.ndarray else _converted(value, what)
    if array.dtype.kind not in "fiub":
        raise DTypeError(_no_numbers(value, array, what))
    if not isinstance(value, np.ndarray):
        if wanted is not None and wanted.kind in "iu":
            _require_fit(value, array, wanted, what)
        if array.dtype == np.float64 and _is_weak(value, what):
            wanted = wanted or weak or _default
    if wanted is not None:
        array = array.astype(wanted, copy=False)
    if array.dtype.isnative and array.flags.aligned:
        return array
    return np.array(array, array.dtype.newbyteorder("="))  # kernels read plain memory only


def unmasked(value: Any, what: str) -> Any:
    """`value`, which must not be a masked array with something masked."""
    require_unmasked(value, what)
    return value.data if isinstance(value, np.ma.MaskedArray) else value


def _converted(value: Any, what: str) -> np.ndarray:
    """NumPy's reading of `value`, with its complaints in our words."""
    try:
        return np.asarray(unmasked(value, what))
    except DTypeError:  # a Tensor inside that requires a gradient
        raise
    except OverflowError:
        raise DTypeError(f"{what}: an integer is beyond 64 bits; write float(n)") from None
    except Exception as error:  # whatever a list's lengths or the type's own conversion object to
        if isinstance(value, list | tuple):
            raise ShapeError(f"{what}: {_ragged(value)}") from None
        raise DTypeError(f"{what}: {type(value).__name__} gave no array: {error}") from error


def _ragged(rows: Any) -> str:
    lengths = [len(row) if hasattr(row, "__len__") else "a number" for row in rows]
    if len({str(n) for n in lengths}) > 1:
        other = next(n for n in lengths if n != lengths[0])
        return f"the rows of a nested list must have one length, got {lengths[0]} and {other}"
    return "the rows of a nested list must have one shape"


def _no_numbers(value: Any, array: np.ndarray, what: str) -> str:
    """Why an array of objects, text, complex numbers or times is refused."""
    kind = type(value).__name__
    text = f"{what}: values must be numbers or booleans, got {kind} of dtype {array.dtype}"
    if array.dtype.kind == "c":
        return text + "; give x.real and x.imag"
    if array.dtype.kind == "O":
        kinds = _leaf_types(value) if isinstance(value, list | tuple) else {type(value)}
        if kinds <= {int, bool}:
            return f"{what}: an integer is beyond 64 bits; write float(n)"
        if hasattr(value, "__next__"):
            return text + "; write list(...)"
    return text


def _is_weak(value: Any, what: str) -> bool:
    """Whether `value` is Python floats, whose float64 is not meant, rather than an array.

    NumPy's scalars count as an array when they stand alone, as a Python float in a list.
    """
    if isinstance(value, list | tuple):
        types = _leaf_types(value)
        if types and types <= {int, bool}:
            raise DTypeError(f"{what}: integers beyond 64 bits; write float(n)")
        return not any(_has_dtype(kind) and not issubclass(kind, np.generic) for kind in types)
    return not _has_dtype(type(value))


def _has_dtype(kind: type) -> bool:
    return (
        hasattr(kind, "__array__")
        or hasattr(kind, "__array_interface__")
        or issubclass(kind, memoryview | buffers.array)
    )


def _leaf_types(values: Any) -> set[type]:
    """The types of all that lies in a nested list."""
    types = set(map(type, values))
    if not types.isdisjoint((list, tuple)):
        types -= {list, tuple}
        for item in values:
            if isinstance(item, list | tuple):
                types |= _leaf_types(item)
    return types


def _require_fit(value: Any, array: np.ndarray, dtype: np.dtype, what: str) -> None:
    """Raise for Python numbers that an integer dtype does not hold."""
    bounds = np.iinfo(dtype)
    if array.dtype.kind == "b" or not array.size or _has_dtype(type(value)):
        return
    least, most = array.min(), array.max()
    if not (bounds.min <= least and most <= bounds.max):  # NaN fits nowhere
        raise ArgumentError(
            f"{what}: {dtype} holds {bounds.min} to {bounds.max}, got {least} to {most}"
        )
