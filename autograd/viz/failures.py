"""What failed with an exception: the op and its operands, or the module that was called."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.error_notes import Failed
from autograd.engine.tensors import Tensor
from autograd.viz.graph import Failure


def failure_in(error: BaseException) -> Failure | None:
    """The op whose body or closure raised, or else the module that did; None if there is none."""
    failed = getattr(error, "failed", None)
    if not isinstance(failed, Failed) or failed.op is None:
        return None
    message = f"{type(error).__name__}: {error}"
    if failed.node is not None:
        return Failure(message, failed.op, node=failed.node, roots=list(failed.roots))
    operands = [(name, _operand(operand)) for name, operand in failed.operands]
    if isinstance(failed.op, str):
        return Failure(message, title=failed.op, operands=operands)
    return Failure(message, failed.op, operands=operands, scope=_scope(operands))


def _operand(value: Any) -> Any:
    """An operand as the graph takes it: lists become arrays."""
    return np.asarray(value) if isinstance(value, list) else value


def _scope(operands: list[tuple[str, Any]]) -> Any:
    """The scope of the youngest operand: as near as can be told to where the op was called."""
    nodes = [o.node for _, o in operands if isinstance(o, Tensor) and o.node is not None]
    return max(nodes, key=lambda node: node.id).scope if nodes else None
