"""What an error says beside its message: what failed, and where the operands came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.source_lines import Source, caller
from autograd.engine.tensors import Tensor


class Failed:
    """What failed: an op or a module, with its operands by name, or the closures of a node.

    `op` is a module's class name where it was a module; `roots` are what backward began with. An
    exception may go to another process, as a worker's does: this is left behind.
    """

    __slots__ = ("node", "op", "operands", "roots")

    def __init__(
        self,
        op: Any = None,
        operands: Sequence[tuple[str, Any]] = (),
        node: Any = None,
        roots: Sequence[Tensor] = (),
    ):
        self.op, self.operands, self.node, self.roots = op, operands, node, roots

    def __reduce__(self) -> tuple[type[Failed], tuple[()]]:
        return Failed, ()


def note_failure(
    error: BaseException,
    op: Any,
    operands: Sequence[tuple[str, Any]] = (),
    node: Any = None,
    roots: Sequence[Tensor] = (),
) -> None:
    """Keep with an exception what failed, for a picture of it: the innermost is the first to."""
    if not hasattr(error, "failed"):
        error.failed = Failed(op, operands, node, roots)  # type: ignore[attr-defined]


def note_call(error: BaseException, op: Any, operands: Sequence[Any]) -> None:
    """Keep with an exception the call of an op that failed."""
    note_failure(error, op, [(op.operand_name(i), x) for i, x in enumerate(operands)])


def origin(operand: Any) -> str:
    """What an operand is and, of a recorded Tensor, which op and line made it."""
    if isinstance(operand, Tensor):
        what = f"{operand.dtype} {operand.shape}"
        if operand.node is not None:
            return f"{what}, made by {operand.node.op.name} at {operand.node.source}"
        kind = "a leaf" if operand._requires_grad else "a constant"
        return f"{what}, {kind}" + (f" named {operand.name!r}" if operand.name else "")
    if isinstance(operand, np.ndarray):
        return f"{operand.dtype} {operand.shape}, a plain array"
    return f"{type(operand).__name__} {operand!r}"[:80]


def note_operands(error: BaseException, op: Any, operands: Sequence[Any], where: Any) -> None:
    """Add to an error, once, the line that called the op and where its operands were made."""
    if getattr(error, "__notes__", None):
        return
    error.add_note(f"{op.name} was called at {where}")
    for position, operand in enumerate(operands):
        if operand is not None:
            error.add_note(f"  {op.operand_name(position)}: {origin(operand)}")


def note_inputs(error: BaseException, name: str, inputs: Sequence[Any]) -> None:
    """Add to an error that has no notes yet where the inputs of a module were made."""
    if not getattr(error, "__notes__", None):
        error.add_note(f"{name} was called at {Source(*caller(2))}")
        for i, value in enumerate(inputs):
            error.add_note(f"  input {i}: {origin(value)}")
