"""What an exception in the body of an op means to its caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd.engine.error_notes import note_call, note_operands
from autograd.engine.operands import as_operand
from autograd.engine.scope import locate
from autograd.engine.source_lines import Source, caller
from autograd.errors import GlassgradError, ShapeError, ours
from autograd.support.arguments import allowed_axes

if TYPE_CHECKING:
    from autograd.engine.op_definition import Op

_SHOWN = {int, float, bool, str, tuple, list}  # static arguments that a message can show


def not_entered(error: Exception) -> bool:
    """Whether the arguments did not fit the body's parameters, so that it never ran.

    To be asked in the frame that called the body.
    """
    traceback = error.__traceback__
    return traceback is not None and traceback.tb_next is None


def failed(
    op: Op,
    error: Exception,
    operands: Sequence[Any],
    values: Sequence[Any],
    statics: dict[str, Any],
) -> NoReturn:
    """Raise what an exception in the body of an op means."""
    note_call(error, op, operands)
    for position, value in enumerate(values):
        if value is None and op.operand_name(position) not in op.optional:
            as_operand(op, position, None, operands)  # says what is needed there
    if isinstance(error, GlassgradError):
        raise _noted(error, op, operands) from None
    if not isinstance(
        error, ValueError | IndexError | TypeError | ArithmeticError | AttributeError
    ):
        raise error
    raise _noted(_explained(op, error, values, statics), op, operands) from error


def _noted(error: GlassgradError, op: Op, operands: Sequence[Any]) -> GlassgradError:
    """The same error with the module's path, the line that called the op, and its operands."""
    locate(error)
    note_operands(error, op, operands, Source(*caller(2)))
    note_call(error, op, operands)
    return error


def _shown(op: Op, error: Exception, statics: dict[str, Any]) -> str:
    """The plain static arguments, but for those that are as by default."""
    if not_entered(error):
        return ""
    usual = op.defaults()
    shown = [
        f"{name}={value!r}"
        for name, value in statics.items()
        if type(value) in _SHOWN and value is not usual.get(name, usual) and len(repr(value)) < 60
    ]
    return f" with {', '.join(shown)}" if shown else ""


def _explained(
    op: Op, error: Exception, values: Sequence[Any], statics: dict[str, Any]
) -> GlassgradError:
    """NumPy's complaint, with the op and its arguments."""
    described = ", ".join(
        f"{op.operand_name(i)}: {v.dtype} {v.shape}"
        if isinstance(v, np.ndarray)
        else f"{op.operand_name(i)}: {v!r}"
        for i, v in enumerate(values)
    )
    # A body that asks a number for what arrays have finds that it lacks the attribute.
    numbers = [i for i, v in enumerate(values) if isinstance(v, (bool, int, float))]
    if numbers and isinstance(error, AttributeError):
        name = op.operand_name(numbers[0])
        return ShapeError(
            f"{op.name}({described}): {name} must be an array, "
            f"got the number {values[numbers[0]]!r}"
        )
    shown = _shown(op, error, statics)
    return ours(error)(f"{op.name}({described}){shown}: {error}{_allowed(error)}")


def _allowed(error: Exception) -> str:
    """Which axes there are, for NumPy's complaint that there is not the one asked for."""
    ndim = getattr(error, "ndim", None)
    if not isinstance(error, np.exceptions.AxisError) or ndim is None:
        return ""
    return f"; allowed: {allowed_axes(ndim)}"
