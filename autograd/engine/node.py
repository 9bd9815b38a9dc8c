"""`Node`: one recorded call of an op, and the line that called it."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine import scope as scopes
from autograd.engine.captures import cells_of, rebound
from autograd.engine.in_place import next_id
from autograd.engine.source_lines import Source, is_ours, outermost
from autograd.engine.tensors import Tensor
from autograd.errors import GraphError

if TYPE_CHECKING:
    from autograd.engine.op_definition import Op

__all__ = ["Closure", "Edge", "Node", "record"]

Closure = Callable[[Any], Any]
Edge = Any  # Node of the tensor that an operand was, or the leaf Tensor itself

_FIRST = -1  # the key among a node's hooks of one that no user registered


class Node:
    """One recorded call of an op: where its operands came from, and a closure for each.

    `edges[i]` is the node that made operand i, or the leaf Tensor itself; None (as `closures[i]`)
    where no gradient is needed. A node holds no data but what its closures captured.
    """

    __slots__ = (
        "__weakref__",
        "_code",
        "_offset",
        "closures",
        "dtype",
        "edges",
        "hooks",
        "id",
        "op",
        "retainer",
        "scope",
        "shape",
    )

    op: Op
    edges: Sequence[Edge]
    closures: Sequence[Closure | None] | None
    shape: tuple[int, ...]
    dtype: np.dtype
    id: int
    scope: scopes.Scope | None
    hooks: dict[int, Callable[[Tensor], Any]] | None
    retainer: weakref.ref[Tensor] | None  # the Tensor that asked to keep its grad

    _code: CodeType  # where it was called
    _offset: int

    @property
    def source(self) -> Source:
        """The user's line that called the op."""
        return Source(self._code, self._offset)

    def __repr__(self) -> str:
        return f"<{self.op.name} {self.shape} recorded at {self.source}>"

    def hook_first(self, hook: Callable[[Tensor], Any]) -> None:
        """Call `hook` with the gradient of the result, before hooks that may change it."""
        self.hooks = {_FIRST: hook, **(self.hooks or {})}

    def closure_on_tensors(self, position: int) -> Closure:
        """The closure of operand `position`, its captured operands and `out` made Tensors again.

        The same rule then records what it does, which is how one rule serves every order.
        """
        closure = self.closures[position]  # type: ignore[index]
        if not isinstance(closure, FunctionType):
            raise GraphError(f"{self.op.name}: its closure is no plain function: {closure!r}")
        return rebound(closure, [self._cell_on_tensors(*named) for named in cells_of(closure)])

    def _cell_on_tensors(self, name: str, cell: CellType) -> CellType:
        if name == "out":
            return CellType(Tensor._of(cell.cell_contents, self))
        if name not in self.op.operands:
            return cell
        if self.op.starred:
            arrays = cell.cell_contents
            return CellType(tuple(map(self._operand_as_tensor, range(len(arrays)), arrays)))
        return CellType(self._operand_as_tensor(self.op.operands.index(name), cell.cell_contents))

    def _operand_as_tensor(self, position: int, array: Any) -> Any:
        edge = self.edges[position]
        if edge is None:
            return array
        if isinstance(edge, Node):
            return Tensor._of(array, edge)
        if edge._data is not array:
            raise GraphError(
                f"{self.op.name} (recorded at {self.source}): the data of its operand "
                f"'{self.op.operand_name(position)}' was replaced since, so the gradient of its "
                "gradient would be wrong. Replace data only after the last backward."
            )
        return edge


_new_node, _new_tensor = Node.__new__, Tensor.__new__


def record(op: Op, edges: Sequence[Edge], closures: Any, out: np.ndarray) -> Tensor:
    """The Tensor of a recorded call's result, and its node: made in one frame, for speed."""
    node = _new_node(Node)
    node.op = op
    node.edges = edges
    node.closures = closures
    node.shape = out.shape
    node.dtype = out.dtype
    node.id = next_id()
    node.scope = scopes.current()
    node.hooks = node.retainer = None
    try:
        frame: Any = sys._getframe(2)  # frame 1 is the call of the op
        while is_ours[frame.f_code.co_filename]:
            frame = frame.f_back
        node._code, node._offset = frame.f_code, frame.f_lasti
    except (AttributeError, ValueError):  # no frame of a program: all there are belong to us
        node._code, node._offset = outermost()
    tensor = _new_tensor(Tensor)
    tensor._data = out
    tensor._grad = tensor._hooks = tensor._name = None
    tensor.node = node
    tensor._requires_grad = True
    return tensor


def edge_name(edge: Edge) -> str:
    """What messages call the tensor that an edge leads to."""
    if type(edge) is Node:
        return repr(edge)
    return f"leaf {edge.name!r}" if edge.name else f"a leaf of shape {edge.shape}"
