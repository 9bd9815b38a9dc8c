"""The backward pass of a graph as lines of code, by calling its closures on symbols."""

from __future__ import annotations

import ast
import keyword
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CellType, FunctionType
from typing import Any

import numpy as np

from autograd.engine.captures import captured
from autograd.engine.definition import Op
from autograd.engine.node import Node
from autograd.engine.tensors import Tensor
from autograd.engine.walks import nodes_below
from autograd.errors import GraphError
from autograd.viz.graph import Recorded
from autograd.viz.names import Variables, same
from autograd.viz.sources import source_in_words
from autograd.viz.values import operands_in_closures
from autograd.words.formulas import HELPERS
from autograd.words.observing import Calls, operand_name
from autograd.words.recognising import (
    implied_statics,
    sigmoid_of,
    written_number,
    written_operand,
)
from autograd.words.rewriting import Rewriter, Scattered
from autograd.words.symbols import ATOM, SUM, CannotEmitError, Symbol, literal, plain

_SHORT = 60  # characters of an expression that may stand inside another
#: Functions that lines to be read may call.
_WORDS = {"cross_entropy", "log_softmax", "one_hot", "relu", "softmax"}
_SMALL = 4  # elements of an array that is written out

Edge = Any  # Node or leaf Tensor


@dataclass
class Line:
    """`name = text`, what it has the shape of, and the line of the program it belongs to."""

    name: str
    text: str
    shape: tuple[int, ...]
    where: str = ""


@dataclass
class Input:
    """An array that the lines start from: a leaf, a constant, or a value that forward left."""

    name: str
    value: np.ndarray
    what: str


@dataclass
class Derivation:
    """Forward lines, backward lines, what they start from, and the leaves' gradients by name."""

    forward: list[Line] = field(default_factory=list)
    backward: list[Line] = field(default_factory=list)
    inputs: dict[str, Input] = field(default_factory=dict)
    gradients: dict[str, str] = field(default_factory=dict)  # variable -> name of the leaf
    opaque: list[str] = field(default_factory=list)  # ops that are shown as calls
    notes: list[str] = field(default_factory=list)


def derive(
    loss: Tensor,
    recorded: Recorded,
    variables: Variables,
    calls: Calls | None,
    strict: bool,
    function: str,
) -> Derivation:
    """The derivation of `loss.backward()`; `variables` names arrays.

    `strict`: every line is NumPy code; an op that cannot be written so raises `GraphError`.
    Otherwise such an op is shown as a call.
    """
    if loss.node is None:
        raise GraphError(
            f"{function}: this Tensor (shape {loss.shape}) has no graph: it is a leaf, or was made "
            "from constants, inside no_grad(), or detached"
        )
    if loss.size != 1:
        raise GraphError(
            f"{function}: a Tensor with one element is needed, got shape {loss.shape}; reduce it "
            "first: loss.sum() or loss.mean()"
        )
    for vertex in recorded.ops:
        assert vertex.node is not None
        if vertex.node.closures is None:
            raise GraphError(
                f"{function}: this graph was replayed before, which freed {vertex.node!r}. Call "
                f"{function} before backward, or backward(retain_graph=True)."
            )
    return _Deriver(loss, recorded, variables, calls, strict, function).run()


class _Deriver:
    def __init__(
        self,
        loss: Tensor,
        recorded: Recorded,
        variables: Variables,
        calls: Calls | None,
        strict: bool,
        function: str,
    ):
        self.loss, self.recorded, self.calls = loss, recorded, calls
        self.variables = variables
        self.strict, self.function = strict, function
        self.result = Derivation()
        self.rewriter = Rewriter(self._opaque, self._approximate, to_be_run=strict)
        self.names = {"np", "gradients", *HELPERS} | (set() if strict else _WORDS)
        self.symbols: dict[Edge, Symbol] = {}
        self.constants: dict[int, Symbol] = {}
        self.alive: list[Any] = []
        self.hint = "constant"
        self.node: Node | None = None  # whose rule is being written
        self.owned: set[Edge] = set()
        # names of the program come first, so that no made-up name takes one
        self.given = {
            edge: self._unique(vertex.name)
            for edge, vertex in recorded.of_edge.items()
            if vertex.name and isinstance(edge, Node | Tensor)
        }
        self.values = {
            edge: vertex.value
            for edge, vertex in recorded.of_edge.items()
            if isinstance(vertex.value, np.ndarray)
        }

    def run(self) -> Derivation:
        assert self.loss.node is not None
        order = nodes_below([self.loss.node])
        if not self.strict:
            for node in reversed(order):
                if node in self.given:
                    self._symbol(node)
        expected: dict[Edge, int] = {self.loss.node: 0}  # gradients that come to each edge
        for node in order:
            if node in expected:
                for edge, closure in zip(node.edges, node.closures or (), strict=True):
                    if closure is not None:
                        expected[edge] = expected.get(edge, 0) + 1
        one = Symbol.filled(1.0, self.loss.shape, self.loss.dtype, self._constant)
        users = dict(expected)
        waiting: dict[Edge, Symbol] = {self.loss.node: one}
        for node in order:
            if node not in waiting:
                continue
            g = self._settled(node, waiting.pop(node))
            negation = None if self.strict else sigmoid_of(node, users, self._number)
            if negation is not None:
                out = self._symbol(node)
                parts = [(negation.edges[0], g * out * (1 - out))]
                note = "1 / (1 + e⁻ˣ) is the sigmoid: its derivative is written as h (1 − h)"
                self.result.notes = [note]
            else:
                parts = [
                    (node.edges[position], self._sent(node, position, g))
                    for position, closure in enumerate(node.closures or ())
                    if closure is not None
                ]
            for edge, sent in parts:
                waiting[edge] = self._added(edge, waiting.get(edge), sent)
                expected[edge] -= 1
                if not expected[edge] and isinstance(edge, Tensor):
                    self._leaf(edge, waiting.pop(edge))
        self._prune()
        return self.result

    def _prune(self) -> None:
        """Leave out forward lines and inputs that nothing needs."""
        result = self.result
        needed: set[str] = set()
        for line in reversed(result.forward + result.backward):
            if not self.strict or line in result.backward or line.name in needed:
                needed.update(re.findall(r"\w+", line.text))
        if self.strict:
            result.forward = [line for line in result.forward if line.name in needed]
        result.inputs = {name: i for name, i in result.inputs.items() if name in needed}

    def _number(self, node: Node, position: int) -> Any:
        """A number among the operands: as it was called with, or as it was written."""
        if node.edges[position] is not None:
            return None
        call = self.calls.of(node) if self.calls is not None else None
        return call.operands[position] if call is not None else written_number(node, position)

    # -- backward -----------------------------------------------------------------------------

    def _settled(self, node: Node, g: Symbol) -> Symbol:
        """The complete gradient of a node: named where it is used twice, or has a name."""
        if g.uniform is not None:
            return g
        name = self.given.get(node)
        if name is None and len(g.text) <= _SHORT and self._uses(node) <= 1:
            return g
        if name is None and g.level == ATOM and g.text.isidentifier():
            return g
        line_name = self._unique("d" + (name or f"_{node.op.name}"))
        self._line(self.result.backward, line_name, g, node)
        return g.made(line_name, g.value)

    def _uses(self, node: Node) -> int:
        """How often the rules of `node` name its gradient."""
        probe = Symbol("\x00", np.ones(node.shape, node.dtype), self._constant)
        count = 0
        for position, closure in enumerate(node.closures or ()):
            if closure is not None:
                sent = self._sent(node, position, probe)
                count += (sent.g if isinstance(sent, Scattered) else sent).text.count("\x00")
        return count

    def _sent(self, node: Node, position: int, g: Symbol) -> Any:
        """What the closure of one operand makes of g, in the operand's shape and dtype."""
        self.node = node
        closure = node.closures[position]  # type: ignore[index]
        if not isinstance(closure, FunctionType):
            raise GraphError(f"{self.function}: {node!r}: its closure is no plain function")
        code = closure.__code__
        cells = tuple(
            self._cell(node, name, cell)
            for name, cell in zip(code.co_freevars, closure.__closure__ or (), strict=True)
        )
        where = f"the gradient of {node.op.name} with respect to '{node.op.operand_name(position)}'"
        try:
            sent = self.rewriter.function(closure, cells)(g)
        except (CannotEmitError, AttributeError, TypeError, ValueError, IndexError) as error:
            if self.strict:
                raise GraphError(
                    f"{self.function}: {where} (recorded at {node.source}) cannot be written as "
                    f"NumPy code: {error}"
                ) from None
            sent = self._opaque(node.op, (g,), {}, f"{node.op.name}_backward")
        if type(sent) is tuple:  # of a joint closure; the others' own closures are called, too
            sent = sent[0]
        edge = node.edges[position]
        if isinstance(sent, Scattered):
            return sent
        if not isinstance(sent, Symbol):
            sent = self._constant(np.asarray(sent))
        if not self.strict and not _broadcasts(edge.shape, sent.value.shape):
            # the value stands in for one that is gone; the text is right
            sent = Symbol(sent.text, _stand_in(edge), self._constant, sent.level)
        return _fitted(sent, edge)

    def _added(self, edge: Edge, have: Symbol | None, sent: Any) -> Symbol:
        """The sum so far and a contribution, in the engine's order and layout."""
        if isinstance(sent, Scattered):
            g = sent.g
            into = f"np.zeros({edge.shape}, np.{edge.dtype})"
            if have is None:
                value = np.zeros(edge.shape, edge.dtype)
            else:
                into, value = have.text, have.value
                if edge not in self.owned:
                    into = f"{have.shown(have, SUM - 1)} + 0.0"
            self.owned.add(edge)
            total = HELPERS["scattered"](g.value, plain(sent.key), edge.shape, value)
            key = g.shown(sent.key)
            tail = "" if have is None else f", {into}"
            return g.made(f"scattered({g.text}, {key}, {edge.shape}{tail})", total)
        if have is None:
            return sent
        text = (
            f'np.add({have.text}, {sent.text}, order="C")'
            if self.strict
            else f"{have.shown(have, SUM - 1)} + {_number_or(sent)}"
        )
        self.owned.add(edge)
        value = np.add(have.value, sent.value, order="C")
        return have.made(text, value, ATOM if self.strict else SUM)

    def _leaf(self, leaf: Tensor, g: Symbol) -> None:
        name = self._unique("d" + self._leaf_name(leaf))
        self._line(self.result.backward, name, g, None)
        self.result.gradients[name] = self._leaf_name(leaf)

    # -- values that rules name -----------------------------------------------------------------

    def _cell(self, node: Node, name: str, cell: CellType) -> CellType:
        try:
            content = cell.cell_contents
        except ValueError:
            return cell
        return CellType(self._captured(node, name, content))

    def _captured(self, node: Node, name: str, content: Any) -> Any:
        op = node.op
        if name == "out":
            return self._symbol(node)
        if name in ("aux", "saved"):  # what forward left: written down, it would be a constant
            return _Forgotten()
        if name in op.operands:
            if op.starred:
                return tuple(self._operand(node, i, x) for i, x in enumerate(content))
            return self._operand(node, op.operands.index(name), content)
        if isinstance(content, FunctionType):
            cells = tuple(
                self._cell(node, inner, c)
                for inner, c in zip(
                    content.__code__.co_freevars, content.__closure__ or (), strict=True
                )
            )
            if content.__name__ == "<lambda>" or cells:
                return self.rewriter.function(content, cells)
        return self._plain(content, name)

    def _plain(self, value: Any, hint: str) -> Any:
        """A constant as rules see it: arrays as symbols, also inside an index."""
        if isinstance(value, np.ndarray):
            self.hint = hint
            return self._constant(value)
        if type(value) in (tuple, list):
            return type(value)(self._plain(item, hint) for item in value)
        return self.rewriter.value(value)

    def _operand(self, node: Node, position: int, value: Any) -> Any:
        edge = node.edges[position]
        if edge is not None:
            return self._symbol(edge)
        if isinstance(value, np.ndarray):
            self.hint = operand_name(node.op, position)
            return self._constant(value)
        return value

    def _symbol(self, edge: Edge) -> Symbol:
        """The value of a leaf or of a node."""
        if edge not in self.symbols:
            self.symbols[edge] = (
                self._input(self._leaf_name(edge), edge._data, "a leaf")
                if isinstance(edge, Tensor)
                else self._computed(edge)
            )
        return self.symbols[edge]

    def _computed(self, node: Node) -> Symbol:
        """The value of a node: by the lines of its forward pass if these are known."""
        name = self.given.get(node)
        alive = self.values.get(node)
        outer, self.node = self.node, node
        try:
            found = self._forward(node)
        except (_UnknownError, CannotEmitError):
            found = None
        finally:
            self.node = outer
        if found is None:
            if alive is None and self.strict:
                raise _UnknownError
            name = name or self._unique(node.op.name)
            value = alive if alive is not None else _stand_in(node)
            what = f"result of {node.op.name}, {source_in_words(node.source)}"
            return self._input(name, value, what)
        if alive is not None:
            found.value = alive
        if name is None and len(found.text) <= _SHORT and not self.strict:
            return found
        name = name or self._unique(node.op.name)
        self._line(self.result.forward, name, found, node)
        return found.made(name, found.value)

    def _forward(self, node: Node) -> Symbol:
        """The op's body, run on symbols of its operands."""
        call = self.calls.of(node) if self.calls is not None else None
        known: dict[int, Any] = operands_in_closures(node)
        known.update(enumerate(call.operands) if call is not None else ())
        operands = []
        for position, edge in enumerate(node.edges):
            if edge is not None:
                operands.append(self._symbol(edge))
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
        return _as_dtype(result, node.dtype)

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
        return Symbol(text, np.ones((), node.dtype), self._constant, level)

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

    # -- names ----------------------------------------------------------------------------------

    def _constant(self, array: np.ndarray) -> Symbol:
        known = self.constants.get(id(array))
        if known is None and array.dtype == np.intp:  # an op's own copy of positions
            known = next((s for s in self.constants.values() if same(s.value, array)), None)
        if known is not None:
            return known
        self.alive.append(array)
        named = self.recorded.of_edge.get(("constant", id(array)))
        name = (named.name if named is not None else None) or self.variables.name_of(array)
        short = 0 < array.size <= _SMALL and array.dtype.kind in "iufb" and self.hint != "aux"
        if name is None and short:
            made = Symbol(_written(array), array, self._constant)
        else:
            op = self.node.op.name if self.node is not None else "graph"
            line = f", {source_in_words(self.node.source)}" if self.node is not None else ""
            what = "a constant" if name else f"'{self.hint}' kept by {op}{line}"
            made = self._input(self._unique(name or f"{self.hint}_{op}"), array, what)
        self.constants[id(array)] = made
        return made

    def _input(self, name: str, value: np.ndarray, what: str) -> Symbol:
        self.result.inputs[name] = Input(name, value, what)
        return Symbol(name, value, self._constant)

    def _leaf_name(self, leaf: Tensor) -> str:
        if leaf not in self.given:
            self.given[leaf] = self._unique("leaf")
        return self.given[leaf]

    def _unique(self, wanted: str) -> str:
        """`wanted` as an identifier that nothing else has."""
        base = re.sub(r"\W+", "_", wanted).strip("_") or "value"
        base = f"_{base}" if base[0].isdigit() else base
        name, number = base, 1
        while name in self.names or keyword.iskeyword(name):
            number += 1
            name = f"{base}_{number}"
        self.names.add(name)
        return name

    def _line(self, lines: list[Line], name: str, symbol: Symbol, node: Node | None) -> None:
        where = source_in_words(node.source) if node is not None else ""
        lines.append(Line(name, symbol.text, symbol.value.shape, where))

    def _approximate(self, op: Op) -> None:
        note = f"{op.name} is compiled in the library; its NumPy twin here agrees within rounding"
        if self.strict and note not in self.result.notes:
            self.result.notes.append(note)

    def _opaque(self, op: Op, args: tuple, kwargs: dict[str, Any], name: str = "") -> Symbol:
        """An op that has no NumPy formula."""
        if self.strict:
            raise CannotEmitError(f"op {op.name} has no NumPy formula")
        if op.name not in self.result.opaque:
            self.result.opaque.append(op.name)
        assert self.node is not None
        context = Symbol("", np.zeros(()), self._constant)
        shown = [context.shown(a) for a in args if a is not None]
        shown += [f"{k}={_shown_static(context, v)}" for k, v in kwargs.items()]
        value = _result_of(op, args, kwargs, self.node)
        return context.made(f"{name or op.name}({', '.join(shown)})", value)


def _number_or(symbol: Symbol) -> str:
    """A uniform symbol as a number, where it is only to be read."""
    if symbol.uniform is not None:
        return literal(symbol.uniform)
    return symbol.shown(symbol, SUM)


class _Forgotten:
    """In the place of what forward left, which a rule can do without: it computes that again."""

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class _UnknownError(Exception):
    """A forward value that can neither be computed nor looked up."""


def _stand_in(edge: Edge) -> np.ndarray:
    """An array of the right shape and dtype."""
    return np.broadcast_to(np.ones((), edge.dtype), edge.shape)


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    extra = len(to) - len(shape)
    return extra >= 0 and all(n in (1, m) for n, m in zip(shape, to[extra:], strict=True))


def _result_of(op: Op, args: tuple, kwargs: dict[str, Any], node: Node) -> np.ndarray:
    try:
        with np.errstate(all="ignore"):
            result = op.call(*plain(args), **plain(kwargs))
        return np.asarray(result[0] if isinstance(result, tuple) else result)
    except Exception:  # stand-ins for values that are gone may not fit
        return _stand_in(node)


def _shown_static(context: Symbol, value: Any) -> str:
    try:
        return context.shown(value)
    except CannotEmitError:
        return type(value).__name__


def _written(array: np.ndarray) -> str:
    values: Callable[[Any], str] = lambda v: (
        f"[{', '.join(map(values, v))}]" if isinstance(v, list) else literal(v)
    )
    return f"np.array({values(array.tolist())}, np.{array.dtype})"


def _as_dtype(symbol: Symbol, dtype: Any) -> Symbol:
    return symbol if symbol.value.dtype == dtype else symbol.astype(dtype)


def _fitted(g: Symbol, edge: Edge) -> Symbol:
    """Broadcasting undone and the dtype restored, as the engine does."""
    shape = edge.shape
    if g.value.shape != shape:
        extra = g.value.ndim - len(shape)
        widened = [extra + i for i, n in enumerate(shape) if n != g.value.shape[extra + i]]
        axes = (*range(extra), *widened)
        shown = axes[0] if len(axes) == 1 else axes
        if g.uniform is not None:
            count = math.prod(g.value.shape[i] for i in axes)
            total = np.add.reduce(g.value, axis=axes, keepdims=True).reshape(shape)
            if count * g.uniform == float(total.reshape(-1)[0]):
                return _as_dtype(
                    Symbol.filled(count * g.uniform, shape, g.value.dtype, g.constant), edge.dtype
                )
        if widened:
            g = np.sum(g, axis=shown, keepdims=True)  # type: ignore[call-overload]
            if extra:
                g = g.reshape(shape)
        else:
            g = np.sum(g, axis=shown)  # type: ignore[call-overload]
    return _as_dtype(g, edge.dtype)
