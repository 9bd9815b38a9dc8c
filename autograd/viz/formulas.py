"""The formula of an op and of its derivatives, read from its docstring and its closures."""

from __future__ import annotations

import ast
import functools
import re
from types import CodeType
from typing import Any

from autograd.engine.node import Node
from autograd.engine.op_definition import Op
from autograd.viz.source_text import tree_of

_LONGEST = 72
_Function = ast.Lambda | ast.FunctionDef


def formula(op: Op) -> str:
    """What the op computes: the first clause of its docstring, such as `a · b`."""
    doc = (op.body.__doc__ or "").strip()
    line = doc.split("\n\n")[0].replace("\n", " ")
    clause = re.split(r"(?:, elementwise|\.(?:\s|$)|; |: )", re.sub(r"\s+", " ", line))[0]
    return shortened(clause)


def derivatives(node: Node) -> list[tuple[str, str]]:
    """`(operand, expression in g)` for every operand that has a gradient, as the rule is written.

    Of a graph that was freed the rules are read from the op's body, where that is unambiguous.
    """
    if node.closures is None:
        written = dict(_rules_in_body(node.op.body.__code__))
        return [
            (node.op.operand_name(position), written[position])
            for position, edge in enumerate(node.edges)
            if edge is not None and position in written
        ]
    return [
        (node.op.operand_name(position), expression(closure))
        for position, closure in enumerate(node.closures)
        if closure is not None
    ]


def expression(closure: Any) -> str:
    """The body of a lambda, or what a `def` returns."""
    code = getattr(closure, "__code__", None)
    return _expression(code) if code is not None else f"{closure!r}"


@functools.lru_cache(maxsize=4096)
def _expression(code: CodeType) -> str:
    function = _function_of(code)
    if function is None:
        return f"{code.co_name}(g)"
    return _text(function)


def _text(function: _Function) -> str:
    """What the function returns, its parameter called g."""
    parameter = function.args.args[0].arg if function.args.args else "g"
    returned = [
        n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None
    ]
    if isinstance(function, ast.Lambda):
        returned = [function.body]
    elif len(returned) != 1:
        return f"{function.name}(g)"
    gradient = returned[0]
    if isinstance(gradient, ast.Tuple) and gradient.elts:  # a joint closure: its own comes first
        gradient = gradient.elts[0]
    text = ast.unparse(gradient)
    return shortened(re.sub(rf"\b{re.escape(parameter)}\b", "g", text))


def _function_of(code: CodeType) -> _Function | None:
    """The lambda or def that `code` was compiled from."""
    candidates = [
        function
        for function in _functions_in(code.co_filename)
        if isinstance(function, ast.Lambda) == (code.co_name == "<lambda>")
        and _first_line(function) == code.co_firstlineno
    ]
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    # Several lambdas on one line: the instructions tell the columns of the body.
    places = {(line, column) for line, _, column, _ in code.co_positions()}
    ends = {end for _, _, _, end in code.co_positions() if end is not None}
    for function in candidates:
        body = function.body
        if (
            isinstance(body, ast.expr)
            and (body.lineno, body.col_offset) in places
            and max(ends, default=0) <= (function.end_col_offset or 0)
        ):
            return function
    return None


def _first_line(function: _Function) -> int:
    decorators = getattr(function, "decorator_list", None)
    return decorators[0].lineno if decorators else function.lineno


_functions: dict[str, tuple[ast.Module, list[_Function]]] = {}


def _functions_in(filename: str) -> list[_Function]:
    tree = tree_of(filename)
    if tree is None:
        return []
    known = _functions.get(filename)
    if known is None or known[0] is not tree:
        found = [n for n in ast.walk(tree) if isinstance(n, _Function)]
        known = _functions[filename] = (tree, found)
    return known[1]


@functools.lru_cache(maxsize=1024)
def _rules_in_body(code: CodeType) -> tuple[tuple[int, str], ...]:
    """Position -> expression, from `return out, (closure, closure)` of an op's body."""
    body = _function_of(code)
    if not isinstance(body, ast.FunctionDef):
        return ()
    named: dict[str, list[_Function]] = {}
    returned = []
    for statement in ast.walk(body):
        if isinstance(statement, ast.FunctionDef) and statement is not body:
            named.setdefault(statement.name, []).append(statement)
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    named.setdefault(target.id, []).append(statement.value)
        elif isinstance(statement, ast.Return) and isinstance(statement.value, ast.Tuple):
            returned.append(statement.value.elts)
    returned = [parts for parts in returned if len(parts) >= 2]
    if len(returned) != 1:
        return ()
    closures = returned[0][1]
    rules = []
    for position, element in enumerate(
        closures.elts if isinstance(closures, ast.Tuple) else [closures]
    ):
        found = named.get(element.id, []) if isinstance(element, ast.Name) else [element]
        if len(found) == 1 and isinstance(found[0], _Function):
            rules.append((position, _text(found[0])))
    return tuple(rules)


def shortened(text: str, longest: int = _LONGEST) -> str:
    """One line of at most `longest` characters."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
