"""The graph behind a Tensor as plain data: what was computed from what, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal

import numpy as np

from autograd.engine.given_names import name_of
from autograd.engine.node import Node
from autograd.engine.op_definition import Op
from autograd.engine.scope import Scope
from autograd.engine.tensors import Tensor
from autograd.engine.walks import nodes_below
from autograd.errors import DTypeError
from autograd.viz.names import Paths, Variables, module_paths
from autograd.viz.source_text import assigned_names, written_operands
from autograd.viz.values import Alive, operands_in_closures
from autograd.viz.watching import kept


@dataclass(eq=False, slots=True)
class Vertex:
    """An op with its result, a leaf, or a constant."""

    kind: Literal["op", "leaf", "constant"]
    shape: tuple[int, ...] = ()
    dtype: Any = None
    name: str | None = None
    node: Node | None = None
    op: Op | None = None
    tensor: Tensor | None = None  # of a leaf
    value: Any = None
    gradient: np.ndarray | None = None
    operands: list[tuple[str, Vertex]] = field(default_factory=list)
    scopes: tuple[Scope, ...] = ()  # outermost first
    is_output: bool = False
    is_parameter: bool = False
    error: str | None = None  # of the op that failed

    @property
    def requires_grad(self) -> bool:
        """Whether backward comes here."""
        return self.node is not None or (self.tensor is not None and self.tensor._requires_grad)

    @property
    def nbytes(self) -> int:
        """Bytes of the value, alive or not."""
        return int(np.prod(self.shape, dtype=np.int64)) * (self.dtype.itemsize if self.dtype else 0)

    @property
    def title(self) -> str:
        """The name, or else the op, or the value of a constant."""
        if self.name:
            return self.name
        if self.op is not None:
            return self.op.name
        return "constant" if self.kind == "constant" else "tensor"


@dataclass(eq=False)
class Recorded:
    """A whole graph: vertices in order of creation, each leaf just before its first use."""

    vertices: list[Vertex]
    outputs: list[Vertex]
    paths: Paths
    of_edge: dict[Any, Vertex]

    @property
    def ops(self) -> list[Vertex]:
        """The vertices of recorded calls, oldest first."""
        return [vertex for vertex in self.vertices if vertex.kind == "op"]

    def near(self, hops: int) -> Recorded:
        """What is at most `hops` ops away from an output, or from a failed op."""
        centres = [v for v in self.vertices if v.error is not None] or self.outputs
        users: dict[Vertex, list[Vertex]] = {}
        for vertex in self.vertices:
            for _, operand in vertex.operands:
                users.setdefault(operand, []).append(vertex)
        near, edge = set(centres), list(centres)
        for _ in range(hops):
            edge = [
                n
                for v in edge
                for n in [*(o for _, o in v.operands), *users.get(v, [])]
                if n not in near
            ]
            near.update(edge)
        for vertex in near:
            vertex.operands = [(name, o) for name, o in vertex.operands if o in near]
        kept_vertices = [v for v in self.vertices if v in near]
        return Recorded(kept_vertices, self.outputs, self.paths, self.of_edge)


@dataclass
class Failure:
    """An op, or a module, that raised, with what it was given."""

    message: str
    op: Op | None = None
    title: str = ""
    operands: Sequence[tuple[str, Any]] = ()
    node: Node | None = None  # the node whose closure raised, in backward
    roots: Sequence[Tensor] = ()
    scope: Scope | None = None


def collect(
    outputs: Sequence[Any],
    frame: FrameType | None = None,
    constants: bool = True,
    failure: Failure | None = None,
    function: str = "draw",
) -> Recorded:
    """Everything that `outputs` were computed from, with names as `frame` knows them."""
    for output in outputs:
        if not isinstance(output, Tensor):
            raise DTypeError(
                f"{function}: outputs must be Tensors (or an exception that an op raised), got "
                f"{type(output).__name__}"
            )
    nodes = nodes_below(output.node or output for output in outputs)[::-1]
    variables = Variables(frame)
    held = [*variables.held, *outputs]
    paths = module_paths((node.scope for node in nodes), variables)
    builder = _Builder(nodes, Alive(nodes, held), variables, paths, constants)
    builder.given = {t.node: t.name for t in held if t.node is not None and t.name}
    for node in nodes:
        builder.add_op(node)
    builder.name_items()
    # A result of no_grad, of constants or a leaf stands alone, without ops.
    ends = [builder.operand(o.node or o, o._data, None) for o in outputs]
    for end in ends:
        end.is_output = True
    recorded = Recorded(builder.vertices, ends, builder.paths, builder.of_edge)
    if failure is not None:
        builder.add_failure(failure, recorded)
    return recorded


class _Builder:
    """Makes one vertex of every node, leaf and constant."""

    def __init__(
        self,
        nodes: Sequence[Node],
        alive: Alive,
        variables: Variables,
        paths: Paths,
        constants: bool,
    ):
        self.alive, self.variables, self.paths, self.constants = alive, variables, paths, constants
        self.assigned = assigned_names(nodes)
        self.given: dict[Node, str] = {}  # names that Tensors bear
        self.vertices: list[Vertex] = []
        self.of_edge: dict[Any, Vertex] = {}  # node, leaf, or identity of a constant
        self._alive_constants: list[Any] = []  # identities hold while the objects do

    def add_op(self, node: Node) -> None:
        vertex = Vertex(
            "op",
            node.shape,
            node.dtype,
            self._name_of(node),
            node=node,
            op=node.op,
            value=self.alive.value(node),
            gradient=self.alive.gradient(node),
            scopes=_chain(node.scope),
        )
        watched = kept.get(node)
        values: dict[int, Any] = operands_in_closures(node)
        if watched is not None:
            values.update(enumerate(watched.operands))
        written = written_operands(node)
        for position, edge in enumerate(node.edges):
            if edge is not None:
                operand = self.operand(edge, None, node)
            elif values.get(position) is not None and self.constants:
                operand = self.operand(None, values[position], node)
            else:
                continue
            vertex.operands.append((node.op.operand_name(position), operand))
            if operand.name is None and operand.kind != "op" and position < len(written):
                operand.name = written[position]
        self._put(node, vertex)

    def operand(self, edge: Any, value: Any, node: Node | None) -> Vertex:
        """The vertex of an operand: a node's, a leaf's, or a new constant's."""
        key = edge if edge is not None else ("constant", id(value))
        known = self.of_edge.get(key)
        if known is not None:
            return known
        if isinstance(edge, Tensor):
            return self._put(edge, self._leaf(edge))
        self._alive_constants.append(value)
        array = value._data if isinstance(value, Tensor) else value
        if not isinstance(array, np.ndarray):  # a number: one vertex for each use
            number = Vertex("constant", (), None, value=array)
            self.vertices.append(number)
            return number
        name = self.variables.name_of(array) or self.paths.tensors.get(id(array)) or name_of(array)
        constant = Vertex("constant", array.shape, array.dtype, name, value=array)
        return self._put(key, constant)

    def _leaf(self, leaf: Tensor) -> Vertex:
        path = self.paths.tensors.get(id(leaf))
        name = leaf.name or path or self.variables.tensors.get(id(leaf)) or name_of(leaf._data)
        return Vertex(
            "leaf" if leaf._requires_grad else "constant",
            leaf.shape,
            leaf.dtype,
            name,
            tensor=leaf,
            value=leaf._data,
            gradient=self.alive.gradient(leaf),
            is_parameter=leaf._requires_grad
            and (path is not None or type(leaf).__name__ == "Parameter"),
        )

    def name_items(self) -> None:
        """What has no name yet is called by the list, dict or object that holds it."""
        for vertex in self.vertices:
            if vertex.name is None and vertex.kind != "op":
                held = vertex.tensor if vertex.tensor is not None else vertex.value
                vertex.name = self.variables.items.get(id(held))

    def _name_of(self, node: Node) -> str | None:
        return (
            self.given.get(node) or self.variables.of_node.get(id(node)) or self.assigned.get(node)
        )

    def _put(self, key: Any, vertex: Vertex) -> Vertex:
        self.of_edge[key] = vertex
        self.vertices.append(vertex)
        return vertex

    def add_failure(self, failure: Failure, recorded: Recorded) -> None:
        """Mark the node whose closure failed, or add the op that has no result."""
        if failure.node is not None:
            self.of_edge[failure.node].error = failure.message
            return
        vertex = Vertex(
            "op",
            name=failure.title or None,
            op=failure.op,
            scopes=_chain(failure.scope),
            error=failure.message,
            is_output=True,
        )
        for name, operand in failure.operands:
            if isinstance(operand, Tensor):
                vertex.operands.append((name, self.operand(operand.node or operand, None, None)))
            elif operand is not None:
                vertex.operands.append((name, self.operand(None, operand, None)))
        for output in recorded.outputs:
            output.is_output = False
        recorded.outputs = [vertex]
        recorded.vertices.append(vertex)


def _chain(scope: Scope | None) -> tuple[Scope, ...]:
    chain = []
    while scope is not None:
        chain.append(scope)
        scope = scope.parent
    return tuple(reversed(chain))
