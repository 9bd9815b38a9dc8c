"""Data sets that are objects of their own: `len(dataset)` examples, `dataset[i]` gives one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor
from autograd.errors import DTypeError, ShapeError
from autograd.support.arguments import require_unmasked

__all__ = ["Dataset", "collate", "is_dataset"]


@runtime_checkable
class Dataset(Protocol):
    """What `DataLoader` takes beside arrays: any object with these two methods.

    An example is an array, a Tensor, a number or a string, or a tuple, list or dictionary of these.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


# These have both methods and are arrays, or mean them.
_NO_DATASETS = (list, tuple, str, bytes, bytearray, memoryview, range, deque, Mapping, Tensor)


def is_dataset(value: Any) -> bool:
    """Whether this is a data set of examples, and no array or what NumPy makes one of."""
    if isinstance(value, type) or not isinstance(value, Dataset):
        return False
    arrays = ("__array__", "__array_interface__", "__array_struct__", "__dlpack__", "typecode")
    return not isinstance(value, _NO_DATASETS) and not any(hasattr(value, a) for a in arrays)


def collate(examples: Sequence[Any]) -> Any:
    """One batch of many examples: their arrays stacked, their numbers in one array.

    Examples that are tuples or lists become a tuple, dictionaries a dictionary, of batches.

    Raises `ShapeError` for arrays that differ in shape, `DTypeError` for other kinds.

    >>> collate([(np.zeros(2), 7), (np.ones(2), 8)])
    (array([[0., 0.],
           [1., 1.]]), array([7, 8]))
    """
    return _collated(examples, "examples")


def _collated(examples: Sequence[Any], where: str) -> Any:
    first = examples[0]
    if isinstance(first, Mapping):
        _require(all(isinstance(e, Mapping) and list(e) == list(first) for e in examples), where)
        return {key: _collated([e[key] for e in examples], f"{where}[{key!r}]") for key in first}
    if isinstance(first, tuple | list):
        length = len(first)
        _require(all(isinstance(e, tuple | list) and len(e) == length for e in examples), where)
        return tuple(_collated([e[i] for e in examples], f"{where}[{i}]") for i in range(length))
    return _stacked([_as_array(example, where) for example in examples], where)


def _require(alike: bool, where: str) -> None:
    if not alike:
        raise ShapeError(f"DataLoader: {where} of one batch differ in their length or keys")


def _as_array(value: Any, where: str) -> NDArray[Any]:
    require_unmasked(value, f"DataLoader: {where}")
    array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    if array.dtype.hasobject:
        raise DTypeError(
            f"DataLoader: {where} are of type {type(value).__name__}; batches are made of arrays, "
            "Tensors, numbers and strings, and of tuples, lists and dictionaries of these"
        )
    return array


def _stacked(arrays: list[NDArray[Any]], where: str) -> NDArray[Any]:
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        shown = ", ".join(map(str, sorted(shapes)[:4]))
        raise ShapeError(
            f"DataLoader: {where} of one batch have shapes {shown}; they must be equal (pad or "
            "crop them in the data set)"
        )
    return np.stack(arrays)
