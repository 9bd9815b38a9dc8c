"""Base of the optimisers that see all parameters as one vector, and evaluate several times."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from operator import setitem
from typing import Any, Never

import numpy as np

from autograd import Tensor, enable_grad
from autograd.engine.in_place import stamp
from autograd.errors import (
    ArgumentError,
    CheckpointError,
    DTypeError,
    GraphError,
    InPlaceError,
    ShapeError,
)
from autograd.support.interrupts import at_once, each
from autograd.support.unknown_names import named_arguments
from optim.groups import Params, describe
from optim.optimizer import Optimizer, Settings
from optim.state import value_problem

__all__ = ["Closure", "Memory", "WholeVectorOptimizer", "gather", "number_of", "put"]

Closure = Callable[..., Any]
Memory = dict[str, Any]  # arrays, numbers and None; an array in it is replaced, never written to


@named_arguments
class WholeVectorOptimizer(Optimizer):
    """`step(closure)` calls `advance`; what it leaves is kept only if no error came on the way.

    A subclass defines `advance(closure, tensors, settings, memory)`: it moves the Tensors with
    `put`, puts what the next step needs into `memory`, and returns what `step` returns. There is
    one parameter group, since the parameters are one vector. Frozen parameters stay as they are.
    """

    #: What `memory` holds before the first step.
    empty_memory: Memory = {}

    def __init__(self, params: Params, defaults: Settings) -> None:
        self.memory: Memory = dict(self.empty_memory)
        super().__init__(params, defaults)

    def advance(
        self, closure: Closure, tensors: list[Tensor], settings: Settings, memory: Memory
    ) -> Any:
        """One step; `memory` is a copy of this optimiser's, to be changed."""
        raise NotImplementedError("an optimiser of this kind defines advance(closure, ...)")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Train further parameters: not possible once there is a group."""
        if self.param_groups:
            raise ArgumentError(
                f"{type(self).__name__}: params must be one list with one setting each, got a "
                "second parameter group; it sees all parameters as one vector"
            )
        super().add_param_group(param_group)

    def step(self, closure: Closure | None = None, **unknown: Never) -> Any:
        """One step. Any exception, an interrupt too, leaves parameters and memory as they were.

        Raises `DTypeError` if the closure is missing or returns no number, `GraphError` if it
        returns NaN or infinity at the parameters as they stand.
        """
        name = type(self).__name__
        if unknown:
            raise self._no_keyword(WholeVectorOptimizer.step, unknown)
        if not callable(closure):
            raise DTypeError(
                f"{name}.step: closure must be the function that computes the loss, got "
                f"{closure!r}; it is called several times in a step"
            )
        tensors = self._movable()
        settings = {**self.param_groups[0], "lr": self.current_lr()[0]}
        start = [tensor.data.copy() for tensor in tensors]
        memory = dict(self.memory)
        size = sum(tensor.size for tensor in tensors)
        if memory.get("size") not in (None, size):
            raise ShapeError(
                f"{name}.step: {size} elements are to be trained, and the memory is of "
                f"{memory['size']}; parameters were frozen, freed or replaced: make a new optimiser"
            )
        back = each(setitem, [tensor.data for tensor in tensors], repeat(...), start)
        done = each(setattr, (self, self), ("memory", "steps"), (memory, self.steps + 1))
        try:
            with enable_grad():
                result = self.advance(closure, tensors, settings, memory)
        except BaseException:
            at_once(back)
            raise
        at_once(done)
        return result

    def _movable(self) -> list[Tensor]:
        group = self.param_groups[0]
        tensors = [tensor for tensor in group["params"] if tensor.requires_grad]
        if not tensors:
            raise GraphError(f"{type(self).__name__}.step: every parameter is frozen")
        for position, tensor in enumerate(group["params"]):
            if tensor.requires_grad and not tensor.data.flags.writeable:
                raise InPlaceError(
                    f"{type(self).__name__}.step: {describe(group, 0, position)} has a read-only "
                    "array; give it one of its own: p.data = p.data.copy()"
                )
        return tensors

    def state_dict(self) -> dict[str, Any]:
        """A copy of settings, step count and memory: as `Optimizer.state_dict`, and "memory"."""
        return {**super().state_dict(), "memory": copy.deepcopy(self.memory)}

    def _loaded(self, state_dict: Any) -> dict[str, Any]:
        given: Any = state_dict
        memory = self.memory
        if isinstance(given, Mapping):  # the base says what is wrong with anything else
            if "memory" not in given:
                raise CheckpointError(f"{type(self).__name__}.load_state_dict: missing 'memory'")
            memory = self._checked_memory(given["memory"])
            given = {key: value for key, value in given.items() if key != "memory"}
        return {**super()._loaded(given), "memory": memory}

    def _checked_memory(self, given: Any) -> Memory:
        """A copy of `given` if it is a memory of this kind of optimiser for these parameters."""
        where = f"{type(self).__name__}.load_state_dict: memory"
        if not isinstance(given, Mapping):
            raise CheckpointError(f"{where} is a {type(given).__name__}, not a dictionary")
        wrong = sorted(set(given) ^ set(self.empty_memory))
        if wrong:
            verb = "misses" if wrong[0] in self.empty_memory else "has the unknown entry"
            raise CheckpointError(f"{where} {verb} {wrong[0]!r}")
        for name, first in self.empty_memory.items():
            if problem := value_problem(name, given[name], first):
                raise CheckpointError(f"{where}: {problem}")
        sizes = {array.shape[-1] for array in given.values() if isinstance(array, np.ndarray)}
        present = sum(t.size for t in self.param_groups[0]["params"] if t.requires_grad)
        if sizes - {present}:
            raise CheckpointError(
                f"{where} has vectors of {sorted(sizes)} elements; {present} are to be trained"
            )
        return copy.deepcopy(dict(given))


def gather(arrays: Sequence[Any], like: Sequence[Tensor], dtype: Any) -> np.ndarray:
    """Arrays or Tensors, one per Tensor of `like`, as one new vector; zeros for None."""
    parts = [
        np.zeros(tensor.size, dtype) if array is None
        else np.ravel(array.data if isinstance(array, Tensor) else array)
        for array, tensor in zip(arrays, like, strict=True)
    ]  # fmt: skip
    return np.concatenate(parts).astype(dtype)


def scatter(vector: np.ndarray, like: Sequence[Tensor]) -> list[np.ndarray]:
    """The parts of a vector in the shapes and dtypes of the Tensors."""
    ends = np.cumsum([tensor.size for tensor in like])[:-1]
    return [
        part.reshape(tensor.shape).astype(tensor.dtype, copy=False)
        for part, tensor in zip(np.split(vector, ends), like, strict=True)
    ]


def put(vector: np.ndarray, tensors: Sequence[Tensor]) -> None:
    """Write the parts of a vector to the Tensors, in place."""
    for tensor, part in zip(tensors, scatter(vector, tensors), strict=True):
        np.copyto(tensor.data, part)
        stamp(tensor.data)


def number_of(where: str, loss: Any) -> float:
    """The loss that a closure returned, as a float."""
    if isinstance(loss, Tensor | np.ndarray) and loss.size != 1:
        raise GraphError(
            f"{where}: the closure returned shape {loss.shape}; it must return the loss, one "
            "number: reduce it with .sum() or .mean()"
        )
    try:
        return float(loss.item() if isinstance(loss, Tensor | np.ndarray) else loss)
    except (TypeError, ValueError):
        raise DTypeError(
            f"{where}: the closure returned {type(loss).__name__}; it must return the loss"
        ) from None
