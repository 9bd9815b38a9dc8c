"""What only the source line of a node shows, and expressions with a shorter derivative."""

from __future__ import annotations

import ast
from typing import Any

from autograd.record import Node
from autograd.viz.formulas import tree_of


def written_operand(node: Node, position: int) -> ast.expr | None:
    """The expression that stands for an operand in the line that recorded `node`: of `a + 1.0`
    the `1.0`, for position 1. None where the op was not called by an operator there."""
    source = node.source
    tree = tree_of(source.filename)
    positions = list(source.code.co_positions())
    if tree is None or source.offset // 2 >= len(positions):
        return None
    span = positions[source.offset // 2]
    for found in ast.walk(tree):
        if isinstance(found, ast.BinOp) and _span(found) == span:
            return found.right if position else found.left
    return None


def written_number(node: Node, position: int) -> float | int | None:
    """The operand of `node` that was written as a number."""
    found = written_operand(node, position)
    value = found.value if isinstance(found, ast.Constant) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _span(node: Any) -> tuple[int, int, int, int]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


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
