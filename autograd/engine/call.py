"""The call of an op: arrays out of the Tensors, the body, a node and a Tensor around the result.

`general_call` takes whatever an op may be given, and tells the taps. The commonest calls are
spelled out by `call_template.py`, which calls `general_call` where an argument is unusual, and
`finished` where the result is: of another dtype, or of a user's op.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine.error_notes import note_call
from autograd.engine.failed_calls import failed
from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.node import Edge, record
from autograd.engine.operands import (
    NOT_GIVEN,
    arranged,
    as_operand,
    as_statics,
    by_name,
    no_numbers,
    plain,
    real_numbers,
)
from autograd.engine.results import (
    check_differentiable,
    checked,
    demoted,
    halved,
    in_default_dtype,
    needed,
    promoted,
)
from autograd.engine.taps import Call, open_taps, tell
from autograd.engine.tensors import Tensor

if TYPE_CHECKING:
    from autograd.engine.op_definition import Op

_FLOAT16, _FLOAT64 = np.dtype(np.float16), np.dtype(np.float64)
_wrapped = Tensor._of


def general_call(op: Op, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call an op with any arguments, and tell the taps."""
    while args and args[-1] is NOT_GIVEN:
        args = args[:-1]
    operands = args if op.starred else args[: len(op.operands)]
    try:
        operands, statics, named = arranged(op, args, named)
        values: Any = list(operands)
        edges: list[Edge] = [None] * len(operands)
        any_tensor = others = False
        for i, operand in enumerate(operands):
            if isinstance(operand, Tensor):
                any_tensor = True
                values[i] = operand._data
                if operand._requires_grad:
                    edges[i] = operand.node or operand
            else:
                others = True
                values[i] = as_operand(op, i, operand, operands)
        if any_tensor and others and not real_numbers(values):
            raise no_numbers(op, values)
        if not (plain(statics, op.texts) and plain(named.values(), op.texts)):
            statics, named = as_statics(op, statics, named)
        began = perf_counter() if open_taps else 0.0
        try:
            result = op.body(*values, *statics, **named)
        except Exception as error:
            failed(op, error, operands, values, by_name(op, statics, named))
        ended = perf_counter() if open_taps else 0.0
        whole = finished(op, operands, values, statics, named, edges, any_tensor, result)
        if open_taps:
            out = whole[0] if isinstance(whole, tuple) else whole
            tell(Call(op, operands, values, (statics, named), out, began, ended))
        return whole
    except Exception as error:
        note_call(error, op, operands)
        raise


def finished(
    op: Op,
    operands: Sequence[Any],
    values: Sequence[Any],
    statics: tuple[Any, ...],
    named: dict[str, Any],
    edges: Sequence[Edge],
    any_tensor: bool,
    result: Any,
) -> Any:
    """What a call returns, from what its body returned for the operands `values`."""
    try:
        if op.foreign:
            result = checked(op, result, values)
        out = result[0] if type(result[0]) is np.ndarray else np.asarray(result[0])
        if out.dtype is _FLOAT16 and not op.foreign and halved(values):
            values = in_default_dtype(values)
            result = op.body(*values, *statics, **named)
            out = result[0] if type(result[0]) is np.ndarray else np.asarray(result[0])
        if out.dtype is _FLOAT64 and any_tensor and promoted(values):
            result = demoted(out, result, values)
            out = result[0]
        tracked = 0
        for edge in edges:
            if edge is not None:
                tracked += 1
        whole: Any = out
        if tracked and is_grad_enabled() and out.dtype.kind == "f":
            closures = result[1]
            if tracked != len(edges) or type(closures) is not tuple:
                closures = needed(closures, edges)
            whole = record(op, edges, closures, out)
        elif any_tensor:
            if tracked and op.foreign and is_grad_enabled():
                check_differentiable(op, out, needed(result[1], edges))
            if out.dtype.kind not in "fiub":
                raise no_numbers(op, values, out.dtype)
            whole = _wrapped(out)
        return whole if len(result) == 2 else (whole, result[2])
    except Exception as error:
        note_call(error, op, operands)
        raise


def recorded(
    op: Op, operands: tuple[Any, ...], edges: Sequence[Edge], closures: Any, out: np.ndarray
) -> Tensor:
    """Record what was computed without the body of an op, and tell the taps."""
    tensor = record(op, edges, closures, out)
    if open_taps:
        values = tuple([x._data if isinstance(x, Tensor) else x for x in operands])
        tell(Call(op, operands, values, ((), {}), tensor))
    return tensor
