"""Jacobians of what was computed: a pullback for each row, or a derivative for each column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from autograd import ops
from autograd.engine.tensors import Tensor
from autograd.transforms.variables import pull_back, variable

__all__ = ["by_columns", "by_rows"]

Pull = Callable[[Sequence[Tensor], Sequence[np.ndarray]], list[Tensor]]


def by_rows(outputs: Sequence[Tensor], inputs: Sequence[Tensor], pull: Pull) -> list[list[Tensor]]:
    """Of each output by each input. `pull(outputs, seeds)` gives gradients by all inputs."""
    blocks = []
    for out in outputs:
        rows: list[list[Tensor]] = [[] for _ in inputs]
        for seed in _units(out) if out.requires_grad else ():
            for row, g in zip(rows, pull([out], [seed]), strict=True):
                row.append(g)
        blocks.append([_joined(row, out, x) for row, x in zip(rows, inputs, strict=True)])
    return blocks


def by_columns(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], since: int = 0, record: bool = False
) -> list[list[Tensor]]:
    """Of each output by each input, along the graph that is younger than node `since`.

    The pullback u ↦ uᵀJ is linear in u: its own pullback, taken at a unit vector, is a column.
    """
    probes = [variable(np.zeros(out.shape, out.dtype)) for out in outputs]
    pulled = pull_back(outputs, inputs, probes, since, record=True)
    blocks: list[list[Tensor]] = [[] for _ in outputs]
    for x, p in zip(inputs, pulled, strict=True):
        columns: list[list[Tensor]] = [[] for _ in outputs]
        for seed in _units(x) if p.requires_grad else ():
            pushed = pull_back([p], probes, [seed], since, record, retain_graph=True)
            for column, d in zip(columns, pushed, strict=True):
                column.append(d)
        for block, column, out in zip(blocks, columns, outputs, strict=True):
            block.append(_joined(column, out, x, axis=-1))
    return blocks


def _units(like: Tensor) -> Iterator[np.ndarray]:
    for index in np.ndindex(*like.shape):
        unit = np.zeros(like.shape, like.dtype)
        unit[index] = 1
        yield unit


def _joined(parts: list[Tensor], out: Tensor, x: Tensor, axis: int = 0) -> Tensor:
    """The block of an output by an input, of its rows or columns; zeros where there are none."""
    shape = out.shape + x.shape
    if not parts:
        return Tensor(np.zeros(shape, x.dtype))
    return ops.stack(parts, axis=axis).reshape(shape).astype(x.dtype, copy=False)
