"""Values that rules name, as symbols: leaves, constants, and results by the lines of their ops."""

from __future__ import annotations

import ast
from types import CellType, FunctionType
from typing import Any

import numpy as np

from autograd.engine.captures import captured, cells_of
from autograd.engine.node import Node
from autograd.engine.op_definition import Op
from autograd.engine.tensors import Tensor
from autograd.viz.source_text import written_operand
from autograd.viz.sources import source_in_words
from autograd.viz.values import operands_in_closures
from autograd.words.lines import Edge, Lines
from autograd.words.observing import Calls, operand_name
from autograd.words.recognising import implied_statics, written_number
from autograd.words.rewriting import Rewriter
from autograd.words.symbols import ATOM, CannotEmitError, Symbol, plain

SHORT = 60  # characters of an expression that may stand inside another


class Values:
    """The symbols of nodes and leaves, and of what their closures captured.

    `strict`: what is neither alive nor computed by NumPy code cannot be named.
    """

    def __init__(self, lines: Lines, calls: Calls | None, strict: bool):
        self.lines, self.calls, self.strict = lines, calls, strict
        self.rewriter = Rewriter(self.opaque, self._approximate, to_be_run=strict)
        self._symbols: dict[Edge, Symbol] = {}
        self._alive = {
            edge: vertex.value
            for edge, vertex in lines.recorded.of_edge.items()
            if isinstance(vertex.value, np.ndarray)
        }

    def symbol(self, edge: Edge) -> Symbol:
        """The value of a leaf or of a node."""
        if edge not in self._symbols:
            self._symbols[edge] = (
                self.lines.input(self.lines.leaf_name(edge), edge._data, "a leaf")
                if isinstance(edge, Tensor)
                else self._computed(edge)
            )
        return self._symbols[edge]

    def _computed(self, node: Node) -> Symbol:
        """The value of a node: by the lines of its forward pass if these are known."""
        name = self.lines.given.get(node)
        alive = self._alive.get(node)
        outer, self.lines.node = self.lines.node, node
        try:
            found = self._forward(node)
        except (_UnknownError, CannotEmitError):
            found = None
        finally:
            self.lines.node = outer
        if found is None:
            if alive is None and self.strict:
                raise _UnknownError
            name = name or self.lines.unique(node.op.name)
            value = alive if alive is not None else stand_in(node)
            what = f"result of {node.op.name}, {source_in_words(node.source)}"
            return self.lines.input(name, value, what)
        if alive is not None:
            found.value = alive
        if name is None and len(found.text) <= SHORT and not self.strict:
            return found
        name = name or self.lines.unique(node.op.name)
        self.lines.add(self.lines.result.forward, name, found, node)
        return found.made(name, found.value)

    def _forward(self, node: Node) -> Symbol:
        """The op's body, run on symbols of its operands."""
        call = self.calls.of(node) if self.calls is not None else None
        known: dict[int, Any] = operands_in_closures(node)
        known.update(enumerate(call.operands) if call is not None else ())
        operands = []
        for position, edge in enumerate(node.edges):
            if edge is not None:
                operands.append(self.symbol(edge))
            elif position in known:
                operands.append(self._operand(node, position, known[position]))
            else:
                operands.append(self._lost_operand(node, position))
        statics = {n: self._plain(v, n) for n, v in call.statics.items()} if call else {}
        if call is None and node.op.statics:
            statics = self._likely_statics(node)
        result = self.rewriter.run(node.op, tuple(operands), statics)[0]
        if result.value.shape != node.shape:
            raise _UnknownError
        return as_dtype(result, node.dtype)

    def _lost_operand(self, node: Node, position: int) -> Any:
        """A constant that nothing kept: the number, or (to be read only) the expression, that
        the source line has in its place."""
        number = written_number(node, position)
        if number is not None:
            return number
        if self.strict or operand_name(node.op, position) in node.op.optional:
            raise _UnknownError
        written = written_operand(node, position)
        text = ast.unparse(written) if written is not None else "…"
        level = ATOM if isinstance(written, ast.Name | ast.Attribute | None) else 0
        return Symbol(text, np.ones((), node.dtype), self.lines.constant, level)

    def _likely_statics(self, node: Node) -> dict[str, Any]:
        """Static arguments as closures captured them, or as they follow from what these did."""
        found = {
            name: value for closure in node.closures or () for name, value in captured(closure)
        }
        implied = implied_statics(node, found)
        if implied is not None:
            return implied
        found = {name: value for name, value in found.items() if name in node.op.statics}
        if any(name not in found for name in node.op.statics):
            raise _UnknownError
        return {name: self._plain(value, name) for name, value in found.items()}

    def cell(self, node: Node, name: str, cell: CellType) -> CellType:
        try:
            content = cell.cell_contents
        except ValueError:
            return cell
        return CellType(self._captured(node, name, content))

    def _captured(self, node: Node, name: str, content: Any) -> Any:
        op = node.op
        if name == "out":
            return self.symbol(node)
        if name == "aux" and not op.foreign:
            return None  # it would be a constant: our rules compute it again
        if name in op.operands:
            if op.starred:
                return tuple(self._operand(node, i, x) for i, x in enumerate(content))
            return self._operand(node, op.operands.index(name), content)
        if isinstance(content, FunctionType):
            cells = [self.cell(node, inner, cell) for inner, cell in cells_of(content)]
            if content.__name__ == "<lambda>" or cells:
                return self.rewriter.function(content, cells)
        return self._plain(content, name)

    def _plain(self, value: Any, hint: str) -> Any:
        """A constant as rules see it: arrays as symbols, also inside an index."""
        if isinstance(value, np.ndarray):
            self.lines.hint = hint
            return self.lines.constant(value)
        if type(value) in (tuple, list):
            return type(value)(self._plain(item, hint) for item in value)
        return self.rewriter.value(value)

    def _operand(self, node: Node, position: int, value: Any) -> Any:
        edge = node.edges[position]
        if edge is not None:
            return self.symbol(edge)
        if isinstance(value, np.ndarray):
            self.lines.hint = operand_name(node.op, position)
            return self.lines.constant(value)
        return value

    def _approximate(self, op: Op) -> None:
        note = f"{op.name} is compiled in the library; its NumPy twin here agrees within rounding"
        if self.strict and note not in self.lines.result.notes:
            self.lines.result.notes.append(note)

    def opaque(self, op: Op, args: tuple, kwargs: dict[str, Any], name: str = "") -> Symbol:
        """An op that has no NumPy formula."""
        if self.strict:
            raise CannotEmitError(f"op {op.name} has no NumPy formula")
        if op.name not in self.lines.result.opaque:
            self.lines.result.opaque.append(op.name)
        assert self.lines.node is not None
        context = Symbol("", np.zeros(()), self.lines.constant)
        shown = [context.shown(a) for a in args if a is not None]
        shown += [f"{k}={_shown_static(context, v)}" for k, v in kwargs.items()]
        value = _result_of(op, args, kwargs, self.lines.node)
        return context.made(f"{name or op.name}({', '.join(shown)})", value)


class _UnknownError(Exception):
    """A forward value that can neither be computed nor looked up."""


def stand_in(edge: Edge) -> np.ndarray:
    """An array of the right shape and dtype."""
    return np.broadcast_to(np.ones((), edge.dtype), edge.shape)


def as_dtype(symbol: Symbol, dtype: Any) -> Symbol:
    return symbol if symbol.value.dtype == dtype else symbol.astype(dtype)


def _result_of(op: Op, args: tuple, kwargs: dict[str, Any], node: Node) -> np.ndarray:
    try:
        with np.errstate(all="ignore"):
            result = op.call(*plain(args), **plain(kwargs))
        return np.asarray(result[0] if isinstance(result, tuple) else result)
    except Exception:  # stand-ins for values that are gone may not fit
        return stand_in(node)


def _shown_static(context: Symbol, value: Any) -> str:
    try:
        return context.shown(value)
    except CannotEmitError:
        return type(value).__name__
