"""Joining arrays to one, and taking one apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.ops.axes import normal_axis
from autograd.ops.plain_functions import as_operands, front, plain
from autograd.ops.positions import whole_numbers

__all__ = [
    "array_split",
    "concatenate",
    "concatenate_arrays",
    "hstack",
    "split",
    "stack",
    "stack_arrays",
    "unstack",
    "vstack",
]


@front
def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    """The arrays one after the other along an axis they have (flattened first if None).

    Raises `ShapeError` if they differ in the lengths of other axes.

    >>> import autograd as ag
    >>> ag.concatenate([ag.tensor([1.0, 2.0]), ag.tensor([3.0])])
    tensor([1., 2., 3.])
    """
    operands = as_operands(arrays, "concatenate")
    if axis is None:
        operands, axis = tuple(map(ops.ravel, operands)), 0
    shapes = [plain(x).shape for x in operands]
    if not shapes[0]:
        raise ShapeError("concatenate: arrays without axes cannot be joined; use stack")
    axis = normal_axis("concatenate", axis, shapes[0])
    for i, shape in enumerate(shapes):
        other = shapes[0][:axis] + shape[axis : axis + 1] + shapes[0][axis + 1 :]
        if shape != other:
            raise ShapeError(
                f"concatenate: array {i} of shape {shape} does not fit array 0 of shape "
                f"{shapes[0]}: only axis {axis} may differ"
            )
    return concatenate_arrays(*operands, axis=axis)


@op
def concatenate_arrays(*arrays: Array, axis=0):
    """The op of `concatenate`; each gradient is a slice of g."""
    out = np.concatenate(arrays, axis)
    ends = np.cumsum([x.shape[axis] for x in arrays]).tolist()
    before = (slice(None),) * axis
    closures = tuple(
        lambda g, key=(*before, slice(end - x.shape[axis], end)): g[key]
        for x, end in zip(arrays, ends, strict=True)
    )
    return out, closures


@front
def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays of one shape side by side along a new axis.

    >>> import autograd as ag
    >>> ag.stack([ag.zeros(3), ag.ones(3)], axis=1).shape
    (3, 2)
    """
    operands = as_operands(arrays, "stack")
    shapes = [plain(x).shape for x in operands]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ShapeError(
                f"stack: array {i} of shape {shape} does not fit array 0 of shape {shapes[0]}: "
                "all must have one shape"
            )
    return stack_arrays(*operands, axis=normal_axis("stack", axis, (1, *shapes[0])))


@op
def stack_arrays(*arrays: Array, axis=0):
    """The op of `stack`; each gradient is g at its place along the new axis."""
    out = np.stack(arrays, axis, dtype=np.result_type(*arrays))
    before = (slice(None),) * axis
    return out, tuple(lambda g, key=(*before, i): g[key] for i in range(len(arrays)))


def vstack(arrays: Any) -> Any:
    """The arrays above one another: along axis 0, a vector being one row."""
    operands = as_operands(arrays, "vstack")
    rows = [ops.reshape(x, (1, plain(x).size)) if plain(x).ndim < 2 else x for x in operands]
    return concatenate(rows, 0)


def hstack(arrays: Any) -> Any:
    """The arrays beside one another: along axis 1, vectors along axis 0."""
    operands = as_operands(arrays, "hstack")
    columns = [ops.reshape(x, (1,)) if plain(x).ndim == 0 else x for x in operands]
    return concatenate(columns, 0 if plain(columns[0]).ndim == 1 else 1)


@front
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """x cut along `axis` into so many equal parts, or before each of the given indices.

    As in NumPy an integer is the number of parts (in PyTorch it is their length). Raises
    `ShapeError` if they would not be equal; `array_split` allows that.

    >>> import autograd as ag
    >>> [part.shape for part in ag.split(ag.zeros(6, 2), 3)]
    [(2, 2), (2, 2), (2, 2)]
    """
    shape = plain(x).shape
    length = shape[normal_axis("split", axis, shape)]
    if isinstance(indices_or_sections, int | np.integer):
        sections = int(indices_or_sections)
        if sections > 0 and length % sections:
            raise ShapeError(
                f"split: axis {axis} of shape {shape} has length {length}, which {sections} equal "
                "parts do not divide; array_split allows unequal ones"
            )
    return _parts("split", x, indices_or_sections, axis)


@front
def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """`split` into parts that may be unequal: the first ones are longer by one.

    >>> import autograd as ag
    >>> [len(part) for part in ag.array_split(ag.arange(7), 3)]
    [3, 2, 2]
    """
    return _parts("array_split", x, indices_or_sections, axis)


def _parts(name: str, x: Any, where: Any, axis: int) -> list[Any]:
    shape = plain(x).shape
    axis = normal_axis(name, axis, shape)
    if isinstance(where, int | np.integer):
        if where < 1:
            raise ArgumentError(f"{name}: indices_or_sections must be at least 1, got {where}")
        longer, length = shape[axis] % where, shape[axis] // where
        bounds = [0, *np.cumsum([length + (i < longer) for i in range(where)]).tolist()]
    else:
        cuts = whole_numbers(name, "indices_or_sections", plain(where))
        bounds = [0, *cuts, shape[axis]]
    before = (slice(None),) * axis
    return [ops.getitem(x, (*before, slice(start, stop))) for start, stop in pairwise(bounds)]


@front
def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The slices of x along `axis`, which they no longer have.

    >>> import autograd as ag
    >>> [part.item() for part in ag.unstack(ag.tensor([1.0, 2.0]))]
    [1.0, 2.0]
    """
    shape = plain(x).shape
    if not shape:
        raise DTypeError("unstack: an array without axes cannot be taken apart")
    axis = normal_axis("unstack", axis, shape)
    before = (slice(None),) * axis
    return tuple(ops.getitem(x, (*before, i)) for i in range(shape[axis]))
