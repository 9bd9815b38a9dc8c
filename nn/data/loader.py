"""Arrays in, shuffled batches out, in an order that can be saved and resumed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Set
from itertools import starmap
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.errors import (
    ArgumentError,
    CheckpointError,
    DTypeError,
    IndexRangeError,
    ShapeError,
)
from autograd.support.arguments import require_unmasked, whole
from autograd.support.interrupts import at_once
from autograd.support.unknown_names import NamedArguments, named_arguments
from nn.data.dataset import Dataset, collate, is_dataset

__all__ = ["ArrayDataset", "DataLoader"]

Batch = tuple[NDArray[Any], ...]


@named_arguments
class ArrayDataset:
    """Arrays that belong together row by row: `dataset[i]` is the tuple of their i-th rows.

    Shapes: each array (N, ...), with the same N. Indexing takes whatever NumPy takes for one axis:
    a number, a slice, an array of numbers or a boolean mask.

    Raises `ShapeError` if the first dimensions differ or an array has none.

    >>> data = ArrayDataset(np.zeros((5, 2)), np.arange(5))
    >>> len(data), data[1:3][1]
    (5, array([1, 2]))
    """

    def __init__(self, *arrays: ArrayLike) -> None:
        if not arrays:
            raise ArgumentError(
                "ArrayDataset: arrays must be at least one, such as (x, y), got none"
            )
        self.arrays: Batch = tuple(_as_rows(i, a) for i, a in enumerate(arrays))
        if len({len(a) for a in self.arrays}) > 1:
            shapes = ", ".join(str(a.shape) for a in self.arrays)
            raise ShapeError(
                f"ArrayDataset: arrays must be of equal length, one row an example, got shapes "
                f"{shapes}"
            )

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> Batch:
        try:
            return tuple(a[index] for a in self.arrays)
        except IndexError as error:
            raise IndexRangeError(f"ArrayDataset of {len(self)} rows: {error}") from None

    def __repr__(self) -> str:
        parts = ", ".join(f"{a.dtype}{list(a.shape)}" for a in self.arrays)
        return f"ArrayDataset({parts})"


@named_arguments
class DataLoader(NamedArguments):
    """Batches of rows or examples, one epoch for each `for` loop over it, as tuples of new arrays.

    Of arrays, of one `ArrayDataset`, or of one object with `__len__` and `__getitem__`, whose
    examples are collated: arrays are stacked, numbers become an array; an example that is a tuple
    gives a tuple of batches, a dictionary a dictionary, anything else a tuple of one.

    Each epoch with `shuffle=True` visits every row once, in an order drawn from `generator` when
    the loop begins; equal generators give equal batches. Without a generator the one that
    `autograd.manual_seed` seeds is used. The last batch is smaller if `batch_size` does not divide
    the number of rows, or is left out with `drop_last=True`.

    Shapes: arrays (N, ...); batches (batch_size, ...).

    `state_dict()` says where the loader is, in the middle of an epoch too. After
    `load_state_dict(state)` the next loop yields exactly the batches that had not been handed out
    yet, and the later epochs are the same as without the interruption. A loop that was left by
    `break` counts as interrupted until the next one begins.

    Raises `ShapeError` if the first dimensions differ or the examples of a batch do not fit each
    other, `ArgumentError` if no batch would come, `DTypeError` if `generator` is not a
    `numpy.random.Generator`.

    >>> x, y = np.arange(10).reshape(5, 2), np.arange(5)
    >>> loader = DataLoader(x, y, batch_size=2, shuffle=True, generator=np.random.default_rng(0))
    >>> len(loader), [labels.tolist() for _, labels in loader]
    (3, [[2, 4], [3, 0], [1]])
    """

    def __init__(
        self,
        *arrays: ArrayLike | ArrayDataset | Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        generator: np.random.Generator | None = None,
        drop_last: bool = False,
    ) -> None:
        self.dataset = _as_dataset(arrays)
        self.batch_size = whole("DataLoader", "batch_size", batch_size, 1)
        self.shuffle = shuffle
        self.drop_last = drop_last
        if generator is not None and not isinstance(generator, np.random.Generator):
            raise DTypeError(
                "DataLoader: generator must be a numpy.random.Generator, such as "
                f"numpy.random.default_rng(0), got {type(generator).__name__}"
            )
        if len(self) == 0:
            raise ArgumentError(
                f"DataLoader: {len(self.dataset)} rows in batches of batch_size={batch_size} with "
                f"drop_last={drop_last} leave no batch; give more rows, a smaller batch_size "
                "or drop_last=False"
            )
        self._generator = generator
        self._epoch: _Epoch | None = None  # the one begun last
        self._resume = False

    @property
    def generator(self) -> np.random.Generator:
        """The source of the order: the one given, or the library's own."""
        return self._generator if self._generator is not None else _library_generator()

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        rows = len(self.dataset)
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        # Not a generator function itself: the order is drawn now, not at the first batch.
        generator = self.generator if self.shuffle else None
        epoch = self._epoch if self._resume else None
        begins = epoch is None
        if epoch is None:
            epoch = _Epoch(None if generator is None else _get_state(generator), 0)
        rows = len(self.dataset)
        writes: list[tuple[Any, str, Any]] = [(self, "_epoch", epoch), (self, "_resume", False)]
        if generator is None:
            order = np.arange(rows)
        else:
            # A copy draws, so that the generator moves on when all else is done; where an epoch is
            # gone on with, it stays as it was loaded.
            drawing = _with_state(generator, epoch.start)
            order = drawing.permutation(rows)
            if begins:
                writes.append((generator.bit_generator, "state", drawing.bit_generator.state))
        at_once(starmap(setattr, writes))
        return self._batches(epoch, order)

    def _batches(self, epoch: _Epoch, order: NDArray[np.intp]) -> Iterator[Any]:
        batch: Any
        while epoch.served < len(self):
            rows = order[epoch.served * self.batch_size :][: self.batch_size]
            # Both copy, so a batch written to leaves the data set alone.
            if isinstance(self.dataset, ArrayDataset):
                batch = self.dataset[rows]
            else:
                batch = collate([self.dataset[i] for i in rows.tolist()])
                batch = batch if isinstance(batch, tuple | dict) else (batch,)
            # Counted before it is handed out: whoever saves the state inside the loop has it. But
            # not before it is there: an error or an interrupt on the way leaves it to come.
            epoch.served += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """The generator's state and the place in the running epoch, as plain Python values.

        With the generators of `numpy.random.default_rng` the values fit into JSON.
        """
        running = self._epoch
        if running is not None and running.served == len(self):
            running = None
        return {
            "rows": len(self.dataset),
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
            "generator": _get_state(self.generator) if self.shuffle else None,
            "epoch_start": copy.deepcopy(running.start) if running else None,
            "served": running.served if running else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken; the next loop finishes the epoch it was taken in.

        Raises `CheckpointError`, and changes nothing, if the state is of another loader.
        """
        if not isinstance(state, dict):
            raise CheckpointError(
                "DataLoader.load_state_dict: state must be the dictionary that state_dict() "
                f"returned, got a {type(state).__name__}"
            )
        own = self.state_dict()
        problems = [f"missing {name!r}" for name in own if name not in state]
        problems += [
            f"{name} is {own[name]} here and {state[name]} in the state"
            for name in ("rows", "batch_size", "shuffle", "drop_last")
            if name in state and state[name] != own[name]
        ]
        if not problems:
            problems = _state_problems(state, self)
        if problems:
            raise CheckpointError(f"DataLoader.load_state_dict: {'; '.join(problems)}")
        served = state["served"]
        epoch = None if served is None else _Epoch(copy.deepcopy(state["epoch_start"]), served)
        writes: list[tuple[Any, str, Any]] = [
            (self, "_resume", served is not None),
            (self, "_epoch", epoch),
        ]
        if self.shuffle:
            writes.append((self.generator.bit_generator, "state", state["generator"]))
        at_once(starmap(setattr, writes))

    def __repr__(self) -> str:
        return (
            f"DataLoader({self.dataset!r}, batch_size={self.batch_size}, shuffle={self.shuffle}, "
            f"drop_last={self.drop_last})"
        )


class _Epoch:
    """One pass over the rows: the generator's state before its order was drawn, batches served."""

    def __init__(self, start: dict[str, Any] | None, served: int) -> None:
        self.start = start
        self.served = served


def _as_rows(position: int, value: ArrayLike) -> NDArray[Any]:
    """`value` as an array of at least one dimension, or an error that names its position."""
    if is_dataset(value):
        raise DTypeError(
            f"ArrayDataset: argument {position} is a {type(value).__name__}, which gives its "
            "examples one by one; give it to DataLoader alone, as in DataLoader(dataset)"
        )
    if isinstance(value, Mapping | Set) or hasattr(value, "__next__"):
        raise DTypeError(
            f"ArrayDataset: argument {position} must be an array, got a {type(value).__name__}, "
            "which has no rows by number; give list(...) of what is iterated over, or an object "
            "with __len__ and __getitem__ to DataLoader"
        )
    if isinstance(value, (tuple, list)) and any(hasattr(v, "__array__") and v.ndim for v in value):
        raise DTypeError(
            f"ArrayDataset: argument {position} must be an array, got a {type(value).__name__} of "
            "arrays; give them one by one, as in DataLoader(x, y), or one np.stack of them"
        )
    require_unmasked(value, f"ArrayDataset: argument {position}")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"ArrayDataset: argument {position} is no array: {error}") from error
    if array.ndim == 0:
        hint = ""
        if array.dtype.kind in "iu":
            hint = f" (a batch size is given by name: batch_size={array})"
        raise ShapeError(
            f"ArrayDataset: argument {position} must be an array of shape (N, ...), got {value!r}, "
            f"which has no rows{hint}"
        )
    return array


def _as_dataset(arrays: tuple[Any, ...]) -> ArrayDataset | Dataset:
    """The one data set that came, or a new one of the arrays that came."""
    given = [a for a in arrays if isinstance(a, ArrayDataset) or is_dataset(a)]
    if not given:
        return ArrayDataset(*arrays)
    (first, *_), kind = given, type(given[0]).__name__
    if len(arrays) > 1:
        raise ArgumentError(
            f"DataLoader: the data must be arrays or one {kind} alone, got {len(arrays)} "
            f"positional arguments, an {kind} among them; give batch_size and the rest by name"
        )
    return first


def _library_generator() -> np.random.Generator:
    from autograd import default_generator  # late: arrays with a generator need no engine

    return default_generator()


def _get_state(generator: np.random.Generator) -> dict[str, Any]:
    return copy.deepcopy(dict(generator.bit_generator.state))


def _with_state(generator: np.random.Generator, state: Any) -> np.random.Generator:
    """A copy of `generator`, set to `state`."""
    other = copy.deepcopy(generator)
    other.bit_generator.state = state
    return other


def _state_problems(state: dict[str, Any], loader: DataLoader) -> list[str]:
    """What keeps `state`, whose settings fit, from being loaded into `loader`."""
    served = state["served"]
    if served is not None and not (isinstance(served, int) and 0 <= served < len(loader)):
        return [f"served is {served!r}; it is None between epochs, or 0 to {len(loader) - 1}"]
    if not loader.shuffle:
        return []
    problems = []
    for name in ("generator",) if served is None else ("generator", "epoch_start"):
        try:
            _with_state(loader.generator, state[name])
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            kind = type(loader.generator.bit_generator).__name__
            problems.append(f"{name} is no state of a {kind} generator ({error})")
    return problems
