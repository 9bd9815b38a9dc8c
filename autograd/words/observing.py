"""What every op was given.

A graph keeps no operand and no static argument that its derivatives do not need; a function that
is run here shows all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.engine.node import Node
from autograd.engine.op_definition import Op
from autograd.engine.taps import Call, Tap


class Given(NamedTuple):
    """Operands, as a body saw them, and static arguments of a call."""

    operands: tuple[Any, ...]
    statics: dict[str, Any]


class Calls(Tap):
    """What recorded calls inside were given; `of(node)` is that of the call that left a node."""

    def __init__(self) -> None:
        self._by_node: dict[Node, Given] = {}

    def of(self, node: Node) -> Given | None:
        """What the call that left this node was given."""
        return self._by_node.get(node)

    def _on_result(self, call: Call) -> None:
        """Note a call."""
        if call.node is not None:
            # not its Tensors: what is alive by the end is what the program itself holds
            self._by_node[call.node] = Given(tuple(call.values), call.statics)


def observed(function: Callable[..., Any], inputs: Any) -> tuple[Any, Calls]:
    """`function(*inputs)`, and the calls of ops in it."""
    with Calls() as calls:
        return function(*inputs), calls


def operand_name(op: Op, position: int) -> str:
    """The name that the op's body gives to an operand."""
    return op.operands[0] if op.starred else op.operands[position]
