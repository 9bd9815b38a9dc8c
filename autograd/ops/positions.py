"""Index arrays as ops take them: platform integers, checked, shared with nobody.

Positions are computed with (position times row length plus column), so they must not stay in the
narrow type they came in: in uint8, 30 times 10 is 44. Every op that takes positions converts them
here, once, before it does anything else.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from autograd.engine.grad_mode import is_grad_enabled
from autograd.errors import IndexRangeError, IndexTypeError

_INTP = np.dtype(np.intp)
_LARGEST = np.iinfo(np.intp).max
_FEW = 64  # positions: Python has looked at so many before NumPy has begun

_WHOLE = (int, type(None))  # what slices are made of, where nothing is left to convert
_BASIC = (*_WHOLE, type(...))


def positions(op: str, argument: str, value: Any) -> np.ndarray:
    """`value` as an array of platform integers.

    While ops are recorded it is a private copy: backward reads it again, and the caller may write
    to its own in between. Raises `IndexTypeError` for what holds no integers.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise IndexTypeError(f"{op}: {argument} must not be a masked array: its mask would be lost")
    array = np.asarray(value)
    if array.dtype is _INTP:  # nearly always
        return array.copy() if is_grad_enabled() else array
    kind = array.dtype.kind
    if kind == "u" and array.dtype.itemsize == _INTP.itemsize and (array > _LARGEST).any():
        raise IndexRangeError(f"{op}: {argument} holds {array.max()}, which is outside any axis")
    if kind in "iu" or (kind == "f" and array.size == 0):  # an empty list is an array of floats
        return array.astype(_INTP)
    came = array.dtype if isinstance(value, np.ndarray) else f"{value!r:.60}"
    raise IndexTypeError(f"{op}: {argument} must be integers, got {came}")


def whole_numbers(op: str, argument: str, value: Any) -> Any:
    """`value` as a Python integer, or a tuple of them: shifts, counts, places to cut at."""
    if type(value) is int:
        return value
    numbers = positions(op, argument, value).tolist()
    return tuple(numbers) if isinstance(numbers, list) else numbers


def all_below(array: np.ndarray, length: int) -> bool:
    """Whether all positions (platform integers) are at least 0 and below `length`."""
    if array.size > _FEW:
        # seen as unsigned, a negative one is huge: one pass finds both kinds of bad position
        return bool(np.maximum.reduce(array.view(np.uintp), axis=None) < length)
    numbers = array.reshape(-1).tolist()
    return not numbers or (min(numbers) >= 0 and max(numbers) < length)


def from_front(
    op: str, argument: str, array: np.ndarray, length: int, axis: int | None
) -> np.ndarray:
    """Positions on an axis of that length, negative ones counted from the front.

    Raises `IndexRangeError` for one outside −length … length − 1.
    """
    if all_below(array, length):
        return array
    counted = np.where(array < 0, array + length, array)
    if not all_below(counted, length):
        wrong = array[(counted < 0) | (counted >= length)].flat[0]
        raise out_of_range(op, argument, wrong, -length, length, axis)
    return counted


def out_of_range(
    op: str, argument: str, wrong: Any, low: int, length: int, axis: int | None
) -> IndexRangeError:
    """The error for a position outside low … length − 1."""
    where = f"a flat size {length}" if axis is None else f"axis {axis} of size {length}"
    fits = f"{low} to {length - 1} would fit" if length else "nothing would fit"
    return IndexRangeError(f"{op}: {argument} {wrong} is outside {where}; {fits}")


def is_basic(key: Any) -> bool:
    """Whether `key` is made of integers, slices, None and ... alone: nothing that could change."""
    for part in key if type(key) is tuple else (key,):
        if type(part) is slice:
            if (
                type(part.stop) not in _WHOLE
                or type(part.start) not in _WHOLE
                or type(part.step) not in _WHOLE
            ):
                return False
        elif type(part) not in _BASIC:
            return False
    return True


def index_key(op: str, key: Any) -> Any:
    """An index key whose arrays are platform integers and masks, and the caller's no longer.

    Raises `IndexTypeError` for a part that is no index.
    """
    if type(key) is tuple:
        return tuple(_index_part(op, part) for part in key)
    return _index_part(op, key)


def _index_part(op: str, part: Any) -> Any:
    if type(part) in _BASIC:
        return part
    if isinstance(part, slice):
        bounds = (part.start, part.stop, part.step)
        return slice(*(None if n is None else operator.index(n) for n in bounds))
    if isinstance(part, bool | np.bool):
        return bool(part)
    if isinstance(part, int | np.integer):
        return int(part)
    array = np.asarray(part)
    if array.dtype.kind == "b" and not isinstance(part, np.ma.MaskedArray):
        return array.copy() if is_grad_enabled() else array
    if array.dtype.kind in "iuf":
        return positions(op, "key", part)
    raise IndexTypeError(
        f"{op}: key must be made of integers, slices, ..., None, and arrays of integers or "
        f"booleans, got {type(part).__name__} {part!r:.60}"
    )
