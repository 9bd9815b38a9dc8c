"""What every op was given, seen through the interpreter's profiling hook.

A graph keeps no operand and no static argument that its derivatives do not need; a function that
is run here shows all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from autograd.engine.record import Node, Op, ops_by_code


class Call(NamedTuple):
    """Operands and static arguments of one call of an op's body."""

    operands: tuple[Any, ...]
    statics: dict[str, Any]


class Calls:
    """The calls that were seen; `of(node)` is the one that recorded a node."""

    def __init__(self) -> None:
        self._by_closure: dict[int, tuple[Any, Call]] = {}
        self._open: dict[FrameType, Call] = {}

    def of(self, node: Node) -> Call | None:
        """The call that left this node."""
        for closure in node.closures or ():
            known = self._by_closure.get(id(closure))
            if closure is not None and known is not None:
                return known[1]
        return None

    def see(self, frame: FrameType, event: str, result: Any) -> None:
        """The profiling hook."""
        op = ops_by_code.get(frame.f_code)
        if op is None:
            return
        if event == "call":
            given = frame.f_locals
            operands = given[op.operands[0]] if op.starred else tuple(given[n] for n in op.operands)
            self._open[frame] = Call(operands, {name: given[name] for name in op.statics})
        elif event == "return":
            call = self._open.pop(frame, None)
            if call is not None and type(result) is tuple:
                closures = result[1] if type(result[1]) is tuple else (result[1],)
                for closure in closures:
                    self._by_closure[id(closure)] = (closure, call)


def observed(function: Callable[..., Any], inputs: Any) -> tuple[Any, Calls]:
    """`function(*inputs)`, and the calls of ops in it."""
    calls = Calls()
    outer = sys.getprofile()
    sys.setprofile(calls.see)
    try:
        return function(*inputs), calls
    finally:
        sys.setprofile(outer)


def operand_name(op: Op, position: int) -> str:
    """The name that the op's body gives to an operand."""
    return op.operands[0] if op.starred else op.operands[position]
