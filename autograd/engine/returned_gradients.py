"""What closures return: checked, and brought to the shape and dtype of their operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine import late_bound
from autograd.engine.dtypes import unmasked
from autograd.engine.late_bound import ops
from autograd.engine.node import Edge, Node
from autograd.engine.sparse_gradient import SparseGradient
from autograd.engine.tensors import Tensor
from autograd.errors import DTypeError, GlassgradError, GraphError, ShapeError


def split(pair: tuple[Any, ...], node: Node, position: int) -> tuple[Any, tuple[Any, ...]]:
    """What a joint closure returned: the gradient of its operand, and those of the next ones."""
    after, got = len(node.edges) - position - 1, ""
    if len(pair) == 2:
        own, others = pair if type(pair[1]) is tuple else (pair[0], pair[1:])
        if len(others) <= after:
            return own, others
        got = f"gradients for {len(others)} operands after it, of which there are {after}"
    raise GraphError(
        f"{_rule(node, position)} must return one array of shape {node.edges[position].shape}, or "
        "a pair: that, and the gradient of the next operand or a tuple of those of the next ones; "
        f"got {got or f'a tuple of {len(pair)}'}"
    )


def note_where(error: Exception, node: Node, position: int) -> None:
    """Say in an error of a closure whose gradient it was, and where that was recorded."""
    edge = node.edges[position]
    error.add_note(
        f"in the gradient of {node.op.name} with respect to "
        f"'{node.op.operand_name(position)}', recorded at {node.source}"
    )
    if type(edge) is Node:
        error.add_note(f"its operand was made by {edge.op.name} at {edge.source}")


def check_callable(error: Exception, node: Node, position: int, closure: Any) -> None:
    """Raise ours for a closure that could not be called: it is no function of one gradient."""
    traceback = error.__traceback__
    if isinstance(error, TypeError) and traceback is not None and traceback.tb_next is None:
        raise GraphError(
            f"{node.op.name} (recorded at {node.source}): its closure for "
            f"'{node.op.operand_name(position)}' must be a function of the gradient of its result, "
            f"got {closure!r}: {error}"
        ) from error


def fitted(g: Any, edge: Edge, node: Node, position: int) -> Any:
    """A closure's result in the shape and dtype of its operand: broadcasting undone, once."""
    if type(g) is SparseGradient:
        return g
    if type(g) is not np.ndarray and not isinstance(g, Tensor):
        if g is None:
            raise GraphError(
                f"{node.op.name}: its rule for '{node.op.operand_name(position)}' returned None"
            )
        kind = type(g).__name__
        if isinstance(g, tuple):
            raise GraphError(
                f"{_rule(node, position)} must return one array of shape {edge.shape}, got a tuple"
            )
        try:
            g = np.asarray(unmasked(g, "a gradient"))  # who made it is worked out when it fails
        except (ValueError, GlassgradError) as error:  # a ragged list, one of Tensors, a mask
            raise GraphError(f"{_rule(node, position)} returned {kind}: {error}") from None
        if kind == "list" and g.shape != edge.shape:  # several gradients would be added up
            raise ShapeError(
                f"{_rule(node, position)} must return one array of shape {edge.shape}, got a list "
                f"of shape {g.shape}"
            )
    if g.dtype.kind not in "fiub":
        raise DTypeError(
            f"{_rule(node, position)} returned dtype {g.dtype} for an operand of dtype {edge.dtype}"
        )
    if g.shape != edge.shape:
        g = unbroadcast(g, edge.shape, node, position)
    return of_dtype(g, edge.dtype)


def of_dtype(g: Any, dtype: np.dtype[Any]) -> Any:
    """The array or Tensor `g` itself, or what it is in another dtype."""
    return g if g.dtype == dtype else g.astype(dtype)


def _rule(node: Node, position: int) -> str:
    operand = node.op.operand_name(position)
    return f"{node.op.name} (recorded at {node.source}): its rule for '{operand}'"


def unbroadcast(g: Any, shape: tuple[int, ...], node: Node, position: int) -> Any:
    """Sum `g` over the axes along which an operand of `shape` was broadcast."""
    aligned = (1,) * (g.ndim - len(shape)) + shape
    if len(aligned) > g.ndim or any(n not in (1, m) for n, m in zip(aligned, g.shape)):  # noqa: B905
        raise ShapeError(
            f"{_rule(node, position)} returned shape {g.shape} for an operand of shape {shape}"
        )
    axes = tuple(i for i, n in enumerate(aligned) if n != g.shape[i])
    if axes:
        # With its axes, as a sum over all of them would be a number and no array.
        g = late_bound.added(g, axes, True) if type(g) is np.ndarray else ops.sum(g, axis=axes)
    return g.reshape(shape)
