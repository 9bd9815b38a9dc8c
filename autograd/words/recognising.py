"""What only the source line of a node shows, and expressions with a shorter derivative."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.engine.node import Node
from autograd.viz.source_text import written_operand


def written_number(node: Node, position: int) -> float | int | None:
    """The operand of `node` that was written as a number."""
    found = written_operand(node, position)
    value = found.value if isinstance(found, ast.Constant) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def sigmoid_of(node: Node, users: dict[Any, int], constant: Any) -> Node | None:
    """The negation in `1 / (1 + exp(-x))`, if `node` is this quotient and nothing else uses its
    parts; `constant(node, position)` is the number that an operand without gradient is."""
    if node.op.name != "divide" or constant(node, 0) != 1:
        return None
    total = node.edges[1]
    if not _is(total, "add", users):
        return None
    position = 0 if total.edges[0] is None else 1
    exponential = total.edges[1 - position]
    if constant(total, position) != 1 or not _is(exponential, "exp", users):
        return None
    negation = exponential.edges[0]
    return negation if _is(negation, "negative", users) else None


def _is(edge: Any, name: str, users: dict[Any, int]) -> bool:
    return isinstance(edge, Node) and edge.op.name == name and users.get(edge, 0) == 1


def implied_statics(node: Node, captured: dict[str, Any]) -> dict[str, Any] | None:
    """Static arguments that follow from what the closures of `node` captured and its shape."""
    rule = _IMPLIED.get(node.op.name)
    return rule(node, captured) if rule is not None else None


def _of_reduction(node: Node, captured: dict[str, Any]) -> dict[str, Any] | None:
    """The axes whose length became 1; those that had length 1 make no difference."""
    if "kept" not in captured or "shape" not in captured:
        return None
    kept, shape = captured["kept"], captured["shape"]
    axes = tuple(i for i, n in enumerate(kept) if n == 1)
    if node.shape == kept and shape:
        return {"axis": axes, "keepdims": True}
    if len(axes) == len(shape):
        return {}
    return {"axis": axes[0] if len(axes) == 1 else axes}


def _of_transpose(node: Node, captured: dict[str, Any]) -> dict[str, Any] | None:
    if "back" not in captured:
        return None
    back = captured["back"]
    return {"axes": None if back is None else tuple(int(i) for i in np.argsort(back))}


def _of_reshape(node: Node, captured: dict[str, Any]) -> dict[str, Any] | None:
    closure = (node.closures or (None,))[0]
    in_order = "F" not in getattr(getattr(closure, "__code__", None), "co_consts", "F")
    return {"shape": node.shape} if in_order else None


def _of_relu(node: Node, captured: dict[str, Any]) -> dict[str, Any]:
    return {"at_zero": captured.get("at_zero", 0.0)}


_IMPLIED: dict[str, Callable[[Node, dict[str, Any]], dict[str, Any] | None]] = {
    "mean": _of_reduction,
    "relu": _of_relu,
    "reshape": _of_reshape,
    "sum": _of_reduction,
    "transpose": _of_transpose,
}
