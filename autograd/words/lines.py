"""The lines that a derivation consists of, and the names in them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.engine.node import Node
from autograd.engine.tensors import Tensor
from autograd.viz.graph import Recorded
from autograd.viz.names import Variables, same
from autograd.viz.sources import source_in_words
from autograd.words.formulas import HELPERS
from autograd.words.symbols import Symbol, literal

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


class Lines:
    """A derivation that grows: every name once, every constant and input when it is first used."""

    def __init__(self, recorded: Recorded, variables: Variables, strict: bool):
        self.result = Derivation()
        self.recorded, self.variables = recorded, variables
        self.node: Node | None = None  # whose rule is being written
        self.hint = "constant"  # what the next constant may be called
        self._names = {"np", "gradients", *HELPERS} | (set() if strict else _WORDS)
        self._constants: dict[int, Symbol] = {}
        self._alive: list[Any] = []  # identities hold while the arrays do
        # names of the program come first, so that no made-up name takes one
        self.given: dict[Edge, str] = {
            edge: self.unique(vertex.name)
            for edge, vertex in recorded.of_edge.items()
            if vertex.name and isinstance(edge, Node | Tensor)
        }

    def add(self, lines: list[Line], name: str, symbol: Symbol, node: Node | None) -> None:
        """`name = symbol` as the next of the lines."""
        where = source_in_words(node.source) if node is not None else ""
        lines.append(Line(name, symbol.text, symbol.value.shape, where))

    def input(self, name: str, value: np.ndarray, what: str) -> Symbol:
        """An array that the lines start from."""
        self.result.inputs[name] = Input(name, value, what)
        return Symbol(name, value, self.constant)

    def constant(self, array: np.ndarray) -> Symbol:
        """An array that the graph kept: by the program's name for it, or written out if short."""
        known = self._constants.get(id(array))
        if known is None and array.dtype == np.intp:  # an op's own copy of positions
            known = next((s for s in self._constants.values() if same(s.value, array)), None)
        if known is not None:
            return known
        self._alive.append(array)
        named = self.recorded.of_edge.get(("constant", id(array)))
        name = (named.name if named is not None else None) or self.variables.name_of(array)
        short = 0 < array.size <= _SMALL and array.dtype.kind in "iufb" and self.hint != "aux"
        if name is None and short:
            made = Symbol(_written(array), array, self.constant)
        else:
            op = self.node.op.name if self.node is not None else "graph"
            line = f", {source_in_words(self.node.source)}" if self.node is not None else ""
            what = "a constant" if name else f"'{self.hint}' kept by {op}{line}"
            made = self.input(self.unique(name or f"{self.hint}_{op}"), array, what)
        self._constants[id(array)] = made
        return made

    def leaf_name(self, leaf: Tensor) -> str:
        if leaf not in self.given:
            self.given[leaf] = self.unique("leaf")
        return self.given[leaf]

    def unique(self, wanted: str) -> str:
        """`wanted` as an identifier that nothing else has."""
        base = re.sub(r"\W+", "_", wanted).strip("_") or "value"
        base = f"_{base}" if base[0].isdigit() else base
        name, number = base, 1
        while name in self._names or keyword.iskeyword(name):
            number += 1
            name = f"{base}_{number}"
        self._names.add(name)
        return name


def _written(array: np.ndarray) -> str:
    values: Callable[[Any], str] = lambda v: (
        f"[{', '.join(map(values, v))}]" if isinstance(v, list) else literal(v)
    )
    return f"np.array({values(array.tolist())}, np.{array.dtype})"
