"""What failed with an exception: the op and its operands, or the module that was called."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np

from autograd.engine.error_notes import Failed
from autograd.engine.tensors import Tensor
from autograd.viz.graph import Failure
from autograd.viz.names import is_module


def failure_in(error: BaseException) -> Failure | None:
    """The op whose body or closure raised, or else the module that did; None if there is none."""
    message = f"{type(error).__name__}: {error}"
    failed = getattr(error, "failed", None)
    if isinstance(failed, Failed) and failed.op is not None:
        if failed.node is not None:
            return Failure(message, failed.op, node=failed.node, roots=list(failed.roots))
        operands = [
            (failed.op.operand_name(i), _operand(operand))
            for i, operand in enumerate(failed.operands)
        ]
        return Failure(message, failed.op, operands=operands, scope=_scope(operands))
    for frame in reversed(list(_frames(error))):
        failure = _in_module(frame, message)
        if failure is not None:
            return failure
    return None


def _frames(error: BaseException) -> Iterator[FrameType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _in_module(frame: FrameType, message: str) -> Failure | None:
    """The innermost `forward` that was given Tensors."""
    module = frame.f_locals.get("self")
    if module is None or not is_module(module):
        return None
    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount]
    operands = [(name, frame.f_locals.get(name)) for name in names]
    operands = [(name, value) for name, value in operands if isinstance(value, Tensor)]
    if not operands:
        return None
    return Failure(message, title=type(module).__name__, operands=operands)


def _operand(value: Any) -> Any:
    """An operand as the graph takes it: lists become arrays."""
    return np.asarray(value) if isinstance(value, list) else value


def _scope(operands: list[tuple[str, Any]]) -> Any:
    """The scope of the youngest operand: as near as can be told to where the op was called."""
    nodes = [o.node for _, o in operands if isinstance(o, Tensor) and o.node is not None]
    return max(nodes, key=lambda node: node.id).scope if nodes else None
