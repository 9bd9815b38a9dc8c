"""What failed, found in the traceback of an exception: the op and its operands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from autograd.engine.record import Node, Op
from autograd.engine.tensors import Tensor
from autograd.viz.graph import Failure
from autograd.viz.names import is_module

_HERE = str(Path(__file__).parents[1]) + os.sep


def failure_in(error: BaseException) -> Failure | None:
    """The op whose body or closure raised, or else the module that did; None if there is none."""
    frames = list(_frames(error))
    message = f"{type(error).__name__}: {error}"
    for frame in reversed(frames):
        failure = _in_backward(frame, message) or _in_forward(frame, message)
        if failure is not None:
            return failure
    for frame in reversed(frames):
        failure = _in_module(frame, message)
        if failure is not None:
            return failure
    return None


def _frames(error: BaseException) -> Iterator[FrameType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _in_forward(frame: FrameType, message: str) -> Failure | None:
    """The frame that calls an op's body: it holds the op and the arguments."""
    if not frame.f_code.co_filename.startswith(_HERE):
        return None
    op, args = frame.f_locals.get("spec"), frame.f_locals.get("args")
    if not isinstance(op, Op) or not isinstance(args, tuple):
        return None
    count = len(args) if op.starred else len(op.operands)
    operands = [(op.operand_name(i), _operand(arg)) for i, arg in enumerate(args[:count])]
    return Failure(message, op, operands=operands, scope=_scope(operands))


def _in_backward(frame: FrameType, message: str) -> Failure | None:
    """The frame that calls a node's closures."""
    node = frame.f_locals.get("node")
    roots = getattr(frame.f_locals.get("self"), "roots", None)
    if not frame.f_code.co_filename.startswith(_HERE) or not isinstance(node, Node) or not roots:
        return None
    return Failure(message, node.op, node=node, roots=list(roots))


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
