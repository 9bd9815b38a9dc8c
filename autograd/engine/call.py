"""Calling an op: arrays out of Tensors, its body, a node and a Tensor around what that returns.

`_general` is the call of an op on whatever it is given. The commonest calls, of up to three
operands that need no thought, are spelled out from one template: operands without lists and loops,
which is half of the time that a program of many small operations spends here. What the template
does not know it hands to `_general` before the body runs, or to `_finished` after it.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine.error_notes import note_call
from autograd.engine.failed_calls import failed, not_entered
from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.node import Edge, record
from autograd.engine.operands import (
    NATIVE,
    NOT_GIVEN,
    arranged,
    as_operand,
    as_statics,
    by_name,
    no_numbers,
    plain,
    plain_types,
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
from autograd.engine.source import GENERATED
from autograd.engine.taps import Call, open_taps, tell
from autograd.engine.tensors import Tensor

if TYPE_CHECKING:
    from autograd.engine.definition import Op

_FLOAT16, _FLOAT64 = np.dtype(np.float16), np.dtype(np.float64)
_SPELLED_OUT = 3  # operands

_wrapped = Tensor._of


def call_of(op: Op) -> Callable[..., Any]:
    """The function that calls an op."""
    if not op.starred and len(op.operands) <= _SPELLED_OUT:
        types = [plain_types(op, i) for i in range(len(op.operands))]
        return _maker(len(op.operands))(op, op.body, op.foreign, op.texts, *types)

    def call(*args: Any, **named: Any) -> Any:
        return _general(op, args, named)

    return call


def _general(op: Op, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call an op with any arguments, and tell whoever listens."""
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
        whole = _finished(op, operands, values, statics, named, edges, any_tensor, result)
        if open_taps:
            out = whole[0] if isinstance(whole, tuple) else whole
            tell(Call(op, operands, values, (statics, named), out, began, ended))
        return whole
    except Exception as error:
        note_call(error, op, operands)
        raise


def _finished(
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
    """Record what was computed without the body of an op, and tell whoever listens."""
    tensor = record(op, edges, closures, out)
    if open_taps:
        values = tuple([x._data if isinstance(x, Tensor) else x for x in operands])
        tell(Call(op, operands, values, ((), {}), tensor))
    return tensor


# -- the template ----------------------------------------------------------------------------------
# One operand is called `a`, its value in the body `x_a`, its edge `edge_a`, and so on.

_TEMPLATE = """\
def make(op, body, foreign, texts, {types}):
    def call({parameters}, /, *statics, **named):
        if open_taps:
            return general(op, ({names}, *statics), named)
        dtype = None
{operands}
        try:
            if not statics and not named:
                result = body({values})
            elif plain(statics, texts) and plain(named.values(), texts):
                result = body({values}, *statics, **named)
            else:
                return general(op, ({names}, *statics), named)
        except Exception as error:
            if not_entered(error):
                return general(op, ({names}, *statics), named)
            failed(op, error, ({names},), ({values},), by_name(op, statics, named))
        if not foreign:
            out = result[0]
            if type(out) is not ndarray:
                out = asarray(out)
            if out.dtype is dtype:
                if ({any_edge}) and is_grad_enabled():
                    closures = result[1]
{trimmed}
                    out = record(op, ({edges},), closures, out)
                else:
                    out = wrapped(out)
                return out if len(result) == 2 else (out, result[2])
            if dtype is None and out.dtype is not float16:
                return out if len(result) == 2 else (out, result[2])
        any_tensor = dtype is not None
        return finished(
            op, ({names},), ({values},), statics, named, ({edges},), any_tensor, result
        )
    return call
"""
_OPERAND = """\
        if isinstance({a}, Tensor):
            x_{a} = {a}._data
{dtype}
            edge_{a} = ({a}.node or {a}) if {a}._requires_grad else None
        elif type({a}) in types_{a} and (type({a}) is not ndarray or {a}.dtype in NATIVE):
            x_{a}, edge_{a} = {a}, None
        else:
            return general(op, ({names}, *statics), named)"""
_FIRST_DTYPE = """\
            dtype = x_{a}.dtype"""
_LATER_DTYPE = """\
            if x_{a}.dtype is not dtype:
                dtype = x_{a}.dtype if dtype is None else MIXED"""
_ONE_CLOSURE = """\
                    if type(closures) is not tuple:
                        closures = (closures,)"""
_CLOSURES = """\
                    if {lacking}:
                        closures = ({kept},)"""

_NAMES = {
    "MIXED": object(),  # for a dtype where Tensors have two, so that the result needs a thought
    "NATIVE": NATIVE,
    "NOT_GIVEN": NOT_GIVEN,
    "Tensor": Tensor,
    "asarray": np.asarray,
    "by_name": by_name,
    "failed": failed,
    "finished": _finished,
    "float16": _FLOAT16,
    "general": _general,
    "is_grad_enabled": is_grad_enabled,
    "ndarray": np.ndarray,
    "not_entered": not_entered,
    "open_taps": open_taps,
    "plain": plain,
    "record": record,
    "wrapped": _wrapped,
}

_makers: dict[int, Callable[..., Any]] = {}


def _maker(count: int) -> Callable[..., Any]:
    """The template's function for ops of so many operands."""
    if count not in _makers:
        source, filename = _spelled_out(count), f"{GENERATED}call of {count}>"
        linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
        namespace = dict(_NAMES)
        exec(compile(source, filename, "exec"), namespace)
        _makers[count] = namespace["make"]
    return _makers[count]


def _spelled_out(count: int) -> str:
    """The template's source for so many operands."""
    letters = "abc"[:count]

    def each(text: str, between: str = ", ") -> str:
        return between.join(text.format(a=a, names=names) for a in letters)

    names = ", ".join(letters)
    dtypes = [_FIRST_DTYPE, *[_LATER_DTYPE] * (count - 1)]
    return _TEMPLATE.format(
        names=names,
        types=each("types_{a}"),
        parameters=each("{a}=NOT_GIVEN"),
        operands="\n".join(
            _OPERAND.format(a=a, names=names, dtype=dtype.format(a=a))
            for a, dtype in zip(letters, dtypes, strict=True)
        ),
        values=each("x_{a}"),
        edges=each("edge_{a}"),
        any_edge=each("edge_{a} is not None", " or "),
        trimmed=_ONE_CLOSURE
        if count == 1
        else _CLOSURES.format(
            lacking=each("edge_{a} is None", " or "),
            kept=", ".join(
                f"None if edge_{a} is None else closures[{i}]" for i, a in enumerate(letters)
            ),
        ),
    )
