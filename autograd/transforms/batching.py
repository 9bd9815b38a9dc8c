"""`vmap`: a function of one example as a function of a batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ops
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, AxisError, DTypeError, ShapeError
from autograd.support.pytree import flatten, matching, paths, spread
from autograd.transforms.variables import Function, check_function, describe

__all__ = ["vmap"]


def vmap(function: Function, in_axes: Any = 0, out_axes: Any = 0) -> Function:
    """The function applied to each slice along an axis, the results stacked along `out_axes`.

    `in_axes` is an axis, or one per argument (None: the argument goes to every call whole), or
    nested as the arguments are; `out_axes` an axis, or nested as the results are. This is a loop,
    not a batched computation: as right as the function itself, and as slow as as many calls of it.

    >>> import autograd as ag
    >>> ag.func.vmap(lambda row, w: (row * w).sum(), (0, None))(ag.ones((3, 2)), 2.0)
    tensor([4., 4., 4.])
    """
    check_function("vmap", function)
    _check_axes("in_axes", in_axes)
    _check_axes("out_axes", out_axes)

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise ArgumentError(
                f"vmap: arguments are mapped by position, got {next(iter(kwargs))!r} by name; "
                "functools.partial(f, name=value) passes it whole"
            )
        slices = _Slices(args, in_axes)
        results = [function(*slices.arguments(i)) for i in range(slices.length)]
        return _stacked(results, out_axes)

    return evaluate


class _Slices:
    """The arguments of each call: their leaves sliced along their axes, or whole."""

    def __init__(self, args: tuple[Any, ...], in_axes: Any):
        if isinstance(in_axes, tuple | list) and len(in_axes) != len(args):
            raise ArgumentError(f"vmap: {len(args)} arguments but {len(in_axes)} in_axes")
        leaves, self.rebuild = flatten(args)
        axes = spread(in_axes, args, "vmap: in_axes")
        self.leaves = [
            (leaf, None) if axis is None else (_axis_first(leaf, axis, where), axis)
            for leaf, axis, where in zip(leaves, axes, paths(args), strict=True)
        ]
        lengths = {len(leaf) for leaf, axis in self.leaves if axis is not None}
        if not lengths:
            raise ArgumentError("vmap: in_axes must name an axis of an argument, got None for all")
        if len(lengths) != 1:
            raise ShapeError(f"vmap: the mapped axes must have one length, got {sorted(lengths)}")
        self.length = lengths.pop()
        if self.length == 0:
            raise ShapeError("vmap: there is nothing to map over, the mapped axis has length 0")

    def arguments(self, i: int) -> Any:
        """The arguments of call i."""
        return self.rebuild([leaf if axis is None else leaf[i] for leaf, axis in self.leaves])


def _axis_first(leaf: Any, axis: int, where: str) -> Any:
    if isinstance(leaf, np.ndarray | Tensor) and -leaf.ndim <= axis < leaf.ndim:
        return ops.moveaxis(leaf, axis, 0)
    raise AxisError(
        f"vmap: argument {where[1:].replace(']', '', 1)} must have axis {axis} to map over, "
        f"got {describe(leaf)}; in_axes None passes it whole"
    )


def _stacked(results: Sequence[Any], out_axes: Any) -> Any:
    """The results of all calls joined, leaf by leaf."""
    first = results[0]
    _, rebuild = flatten(first)
    axes = spread(out_axes, first, "vmap: out_axes")
    rows = [matching(first, result, f"vmap: result {i}") for i, result in enumerate(results)]
    columns = zip(*rows, strict=True)
    return rebuild([_joined(list(c), axis) for c, axis in zip(columns, axes, strict=True)])


def _joined(column: list[Any], axis: int | None) -> Any:
    if axis is None:
        if any(value is not column[0] for value in column):
            raise ArgumentError(
                "vmap: out_axes None is for a result that is the same in every call; "
                "give the axis to stack along"
            )
        return column[0]
    for value in column:
        if not isinstance(value, Tensor | np.ndarray | np.generic | int | float):
            raise DTypeError(f"vmap: the function must return Tensors, got {describe(value)}")
    parts = [value if isinstance(value, Tensor) else np.asarray(value) for value in column]
    return ops.stack(parts, axis=axis)


def _check_axes(name: str, axes: Any) -> None:
    for axis in flatten(axes)[0]:
        if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
            raise DTypeError(f"vmap: {name} must hold ints and None, got {axis!r}")
