"""What the source line of a node says: the name of its result, and how its operands are written."""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Sequence
from types import CodeType
from typing import Any

from autograd.engine.node import Node

_trees: dict[str, tuple[list[str], ast.Module | None]] = {}


def tree_of(filename: str) -> ast.Module | None:
    """The syntax tree of a file (or notebook cell), None where its text is not to be had."""
    lines = linecache.getlines(filename)
    known = _trees.get(filename)
    if known is None or known[0] != lines:
        try:
            tree = ast.parse("".join(lines)) if lines else None
        except SyntaxError:  # edited since it was imported
            tree = None
        known = _trees[filename] = (lines, tree)
    return known[1]


def assigned_names(nodes: Sequence[Node]) -> dict[Node, str]:
    """Node -> the name that its result was assigned to, read from the source line.

    `h = relu(x @ W)` names the relu's result `h`. Where one call recorded several nodes, the last
    of them is the result.
    """
    inner = {
        edge
        for node in nodes
        for edge in node.edges
        if isinstance(edge, Node) and _place(edge) == _place(node)
    }
    names: dict[tuple[Any, int], str | None] = {}
    found = {}
    for node in nodes:
        if node in inner:
            continue
        place = _place(node)
        if place not in names:
            names[place] = _assigned_at(node)
        name = names[place]
        if name:
            found[node] = name
    return found


def _place(node: Node) -> tuple[Any, int]:
    source = node.source
    return source.code, source.offset


def written_operands(node: Node) -> list[str | None]:
    """The names that the operands have in the source line: `x`, `w` for `x @ w`.

    Empty where the line calls something that calls the op.
    """
    return [_name(expression) for expression in _written(node)]


def written_operand(node: Node, position: int) -> ast.expr | None:
    """The expression of an operand in the source line: of `a + 1.0` the `1.0`, for position 1."""
    written = _written(node)
    return written[position] if position < len(written) else None


def _written(node: Node) -> list[ast.expr]:
    return _operands_in(node.source.filename).get((_position(node), node.op.name), [])


def _assigned_at(node: Node) -> str | None:
    return _targets_in(node.source.filename).get(_position(node))


def _position(node: Node) -> tuple[int | None, ...]:
    """Lines and columns of the expression that recorded the node."""
    return _position_of(*_place(node))


@functools.lru_cache(maxsize=65536)
def _position_of(code: CodeType, offset: int) -> tuple[int | None, ...]:
    positions = list(code.co_positions())
    return positions[offset // 2] if 0 <= offset // 2 < len(positions) else (None,) * 4


_targets: dict[str, tuple[Any, dict[Any, str]]] = {}


def _targets_in(filename: str) -> dict[Any, str]:
    """Place of an assigned value -> name of its target, for a whole file."""
    tree = tree_of(filename)
    known = _targets.get(filename)
    if known is None or known[0] is not tree:
        found = {}
        for statement in ast.walk(tree) if tree is not None else ():
            target, value = _assignment(statement)
            if target is not None and value is not None:
                name = ast.unparse(target)
                # `x += y` is recorded at the whole statement, and y is not x
                augmented = isinstance(statement, ast.AugAssign)
                found[_span(statement if augmented else value)] = name
        known = _targets[filename] = (tree, found)
    return known[1]


_BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.MatMult: "matmul",
    ast.Pow: "power",
}
_operands: dict[str, tuple[Any, dict[Any, list[ast.expr]]]] = {}


def _operands_in(filename: str) -> dict[Any, list[ast.expr]]:
    """(Place of an expression, op) -> the operands' expressions, for a whole file."""
    tree = tree_of(filename)
    known = _operands.get(filename)
    if known is None or known[0] is not tree:
        found: dict[Any, list[ast.expr]] = {}
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
                found[_span(node), _BINARY[type(node.op)]] = [node.left, node.right]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                found[_span(node), called] = node.args
        known = _operands[filename] = (tree, found)
    return known[1]


def _name(expression: ast.expr) -> str | None:
    """The name of a variable or attribute."""
    is_name = isinstance(expression, ast.Name | ast.Attribute)
    return ast.unparse(expression) if is_name else None


def _assignment(statement: ast.AST) -> tuple[ast.expr | None, ast.expr | None]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        target = statement.target
    else:
        return None, None
    if not isinstance(target, ast.Name | ast.Attribute):
        return None, None
    return target, statement.value


def _span(node: Any) -> tuple[int | None, ...]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset
