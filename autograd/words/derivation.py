"""The backward pass of a graph as lines of code, by calling its closures on symbols."""

from __future__ import annotations

import math
import re
from types import FunctionType
from typing import Any

import numpy as np

from autograd.engine.captures import cells_of
from autograd.engine.node import Node
from autograd.engine.tensors import Tensor
from autograd.engine.walks import nodes_below
from autograd.errors import GraphError
from autograd.viz.graph import Recorded
from autograd.viz.names import Variables
from autograd.words.formulas import HELPERS
from autograd.words.lines import Derivation, Edge, Lines
from autograd.words.observing import Calls
from autograd.words.recognising import sigmoid_of, written_number
from autograd.words.rewriting import Scattered
from autograd.words.symbols import ATOM, SUM, CannotEmitError, Symbol, literal, plain
from autograd.words.values import SHORT, Values, as_dtype, stand_in


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
            f"{function}: loss must have one element, got shape {loss.shape}; reduce it first: "
            "loss.sum() or loss.mean()"
        )
    for vertex in recorded.ops:
        assert vertex.node is not None
        if vertex.node.closures is None:
            raise GraphError(
                f"{function}: this graph was replayed before, which freed {vertex.node!r}. Call "
                f"{function} before backward, or backward(retain_graph=True)."
            )
    lines = Lines(recorded, variables, strict)
    return _Deriver(loss, lines, Values(lines, calls, strict), strict, function).run()


class _Deriver:
    """One backward pass, in the order in which the engine runs it."""

    def __init__(self, loss: Tensor, lines: Lines, values: Values, strict: bool, function: str):
        self.loss, self.lines, self.values = loss, lines, values
        self.strict, self.function = strict, function
        self.owned: set[Edge] = set()

    def run(self) -> Derivation:
        assert self.loss.node is not None
        order = nodes_below([self.loss.node])
        if not self.strict:
            for node in reversed(order):
                if node in self.lines.given:
                    self.values.symbol(node)
        expected: dict[Edge, int] = {self.loss.node: 0}  # gradients that come to each edge
        for node in order:
            if node in expected:
                for edge, closure in zip(node.edges, node.closures or (), strict=True):
                    if closure is not None:
                        expected[edge] = expected.get(edge, 0) + 1
        one = Symbol.filled(1.0, self.loss.shape, self.loss.dtype, self.lines.constant)
        users = dict(expected)
        waiting: dict[Edge, Symbol] = {self.loss.node: one}
        for node in order:
            if node not in waiting:
                continue
            g = self._settled(node, waiting.pop(node))
            negation = None if self.strict else sigmoid_of(node, users, self._number)
            if negation is not None:
                out = self.values.symbol(node)
                parts = [(negation.edges[0], g * out * (1 - out))]
                note = "1 / (1 + e⁻ˣ) is the sigmoid: its derivative is written as h (1 − h)"
                self.lines.result.notes = [note]
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
        return self.lines.result

    def _prune(self) -> None:
        """Leave out forward lines and inputs that nothing needs."""
        result = self.lines.result
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
        call = self.values.calls.of(node) if self.values.calls is not None else None
        return call.operands[position] if call is not None else written_number(node, position)

    def _settled(self, node: Node, g: Symbol) -> Symbol:
        """The complete gradient of a node: named where it is used twice, or has a name."""
        if g.uniform is not None:
            return g
        name = self.lines.given.get(node)
        if name is None and len(g.text) <= SHORT and self._uses(node) <= 1:
            return g
        if name is None and g.level == ATOM and g.text.isidentifier():
            return g
        line_name = self.lines.unique("d" + (name or f"_{node.op.name}"))
        self.lines.add(self.lines.result.backward, line_name, g, node)
        return g.made(line_name, g.value)

    def _uses(self, node: Node) -> int:
        """How often the rules of `node` name its gradient."""
        probe = Symbol("\x00", np.ones(node.shape, node.dtype), self.lines.constant)
        count = 0
        for position, closure in enumerate(node.closures or ()):
            if closure is not None:
                sent = self._sent(node, position, probe)
                count += (sent.g if isinstance(sent, Scattered) else sent).text.count("\x00")
        return count

    def _sent(self, node: Node, position: int, g: Symbol) -> Any:
        """What the closure of one operand makes of g, in the operand's shape and dtype."""
        self.lines.node = node
        closure = node.closures[position]  # type: ignore[index]
        if not isinstance(closure, FunctionType):
            raise GraphError(f"{self.function}: {node!r}: its closure is no plain function")
        cells = [self.values.cell(node, name, cell) for name, cell in cells_of(closure)]
        where = f"the gradient of {node.op.name} with respect to '{node.op.operand_name(position)}'"
        try:
            sent = self.values.rewriter.function(closure, cells)(g)
        except (CannotEmitError, AttributeError, TypeError, ValueError, IndexError) as error:
            if self.strict:
                raise GraphError(
                    f"{self.function}: {where} (recorded at {node.source}) cannot be written as "
                    f"NumPy code: {error}"
                ) from None
            sent = self.values.opaque(node.op, (g,), {}, f"{node.op.name}_backward")
        if type(sent) is tuple:  # of a joint closure; the others' own closures are called, too
            sent = sent[0]
        edge = node.edges[position]
        if isinstance(sent, Scattered):
            return sent
        if not isinstance(sent, Symbol):
            sent = self.lines.constant(np.asarray(sent))
        if not self.strict and not _broadcasts(edge.shape, sent.value.shape):
            # the value stands in for one that is gone; the text is right
            sent = Symbol(sent.text, stand_in(edge), self.lines.constant, sent.level)
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
        name = self.lines.unique("d" + self.lines.leaf_name(leaf))
        self.lines.add(self.lines.result.backward, name, g, None)
        self.lines.result.gradients[name] = self.lines.leaf_name(leaf)


def _number_or(symbol: Symbol) -> str:
    """A uniform symbol as a number, where it is only to be read."""
    if symbol.uniform is not None:
        return literal(symbol.uniform)
    return symbol.shown(symbol, SUM)


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    extra = len(to) - len(shape)
    return extra >= 0 and all(n in (1, m) for n, m in zip(shape, to[extra:], strict=True))


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
                return as_dtype(
                    Symbol.filled(count * g.uniform, shape, g.value.dtype, g.constant), edge.dtype
                )
        if widened:
            g = np.sum(g, axis=shown, keepdims=True)  # type: ignore[call-overload]
            if extra:
                g = g.reshape(shape)
        else:
            g = np.sum(g, axis=shown)  # type: ignore[call-overload]
    return as_dtype(g, edge.dtype)
