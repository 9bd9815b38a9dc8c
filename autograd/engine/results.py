"""What the body of an op returned: what a user's one must be, and the dtype of the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine.captures import cells_of
from autograd.engine.dtypes import get_default_dtype
from autograd.engine.node import Closure, Edge
from autograd.engine.tensors import Tensor
from autograd.errors import DTypeError, GlassgradError, GraphError

if TYPE_CHECKING:
    from autograd.engine.op_definition import Op

_FLOAT64 = np.dtype(np.float64)


def needed(closures: Any, edges: Sequence[Edge]) -> list[Closure | None]:
    """The closures of operands that need a gradient; the others go, with what they captured."""
    if type(closures) is not tuple:
        closures = (closures,)
    return [None if edge is None else closures[i] for i, edge in enumerate(edges)]


def promoted(values: Sequence[Any]) -> bool:
    """Whether float64 came only from an integer array beside a weaker float."""
    first = values[0]
    if type(first) is np.ndarray and first.dtype is _FLOAT64:  # nearly always
        return False
    dtypes = [v.dtype for v in values if isinstance(v, np.ndarray)]
    return _FLOAT64 not in dtypes and any(dtype.kind in "iub" for dtype in dtypes)


def halved(values: Sequence[Any]) -> bool:
    """Whether float16 came of no floats: NumPy takes functions of 8-bit integers and booleans so.

    That is three digits long, and a library that trains in float32 does not want it.
    """
    return not any(isinstance(v, np.ndarray) and v.dtype.kind == "f" for v in values)


def in_default_dtype(values: Sequence[Any]) -> list[Any]:
    """The same operands with integers and booleans in the default float dtype."""
    dtype = get_default_dtype()
    return [np.asarray(v, dtype) if isinstance(v, np.ndarray | bool) else v for v in values]


def demoted(out: np.ndarray, result: tuple[Any, ...], values: Sequence[Any]) -> tuple[Any, ...]:
    """A result in the float dtype of the operands that are no integers, or in the default dtype.

    `out` is rounded rather than computed anew, and put in the place of the one in the closures.
    """
    floats = [v.dtype for v in values if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else get_default_dtype()
    if dtype == out.dtype:
        return (out, *result[1:])
    rounded = out.astype(dtype)
    closures = result[1] if isinstance(result[1], tuple) else (result[1],)
    for closure in closures:
        for name, cell in cells_of(closure):
            if name == "out" and cell.cell_contents is result[0]:
                cell.cell_contents = rounded
    aux = [
        a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype is _FLOAT64 else a
        for a in result[2:]
    ]
    return (rounded, closures, *aux)


def checked(op: Op, result: Any, operands: Sequence[Any]) -> tuple[Any, ...]:
    """What the body of a user's op returned, as `(out, closures)` or `(out, closures, aux)`."""
    if not isinstance(result, tuple | list) or len(result) not in (2, 3):
        got = type(result).__name__
        if isinstance(result, tuple | list):
            got = f"a {got} of {len(result)}"
        raise _broken(
            op, f"its body must return `out, closures` (or `out, closures, aux`), got {got}"
        )
    out, closures, *aux = result
    if isinstance(out, Tensor):
        raise _broken(op, "its body must return an array as `out`, got a Tensor")
    try:
        out = np.asarray(out)
    except (ValueError, GlassgradError) as error:
        raise _broken(op, f"its body must return an array as `out`: {error}") from None
    if out.dtype.kind not in "fiub":
        raise DTypeError(
            f"{op.name}: its body must return real numbers as `out`, got dtype {out.dtype}"
        )
    if callable(closures) or closures is None:
        closures = (closures,)
    elif not isinstance(closures, tuple | list):
        raise _broken(
            op,
            "its body must return a closure (a function of the gradient of `out`) or None for "
            f"each operand beside `out`, got {type(closures).__name__}",
        )
    if aux and callable(aux[0]):
        raise _broken(
            op,
            "its body must return the closures as one tuple beside `out`, got two functions, the "
            "second where aux belongs",
        )
    if len(closures) != len(operands):
        raise _broken(
            op, f"{len(operands)} operands, but its body returned {len(closures)} closures"
        )
    for position, closure in enumerate(closures):
        if closure is not None and not callable(closure):
            raise _broken(
                op,
                f"its closure for '{op.operand_name(position)}' must be a function of the "
                f"gradient of `out`, or None, got {type(closure).__name__}",
            )
    for value in operands:  # a later write to one of the two must not change the other
        if value is out or (out.base is not None and np.may_share_memory(out, value)):
            out = out.copy()
    return (out, tuple(closures), *aux)


def _broken(op: Op, complaint: str) -> GraphError:
    return GraphError(f"{op.name}: {complaint}")


def check_differentiable(op: Op, out: np.ndarray, closures: Sequence[Closure | None]) -> None:
    """Raise where a result that has no gradient comes with a closure."""
    for position, closure in enumerate(closures):
        if closure is not None:
            raise DTypeError(
                f"{op.name}: `out` of dtype {out.dtype} has no gradient, but "
                f"its body returned a closure for '{op.operand_name(position)}'; return floats, "
                "or None in the place of the closure"
            )
