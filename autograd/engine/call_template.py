"""The commonest calls of an op, spelled out from one template: no lists and no loops.

A program of many small operations spends most of its time here. The lines are written and compiled
once for each number of operands, up to four; tracebacks and debuggers show them.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine.call import finished, general_call
from autograd.engine.failed_calls import failed, not_entered
from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.node import record
from autograd.engine.operands import NATIVE, NOT_GIVEN, by_name, plain, plain_types
from autograd.engine.source_lines import GENERATED
from autograd.engine.taps import open_taps
from autograd.engine.tensors import Tensor

if TYPE_CHECKING:
    from autograd.engine.op_definition import Op

_MOST = 4  # operands


def call_of(op: Op) -> Callable[..., Any]:
    """The function that calls an op."""
    count = len(op.operands)
    if not op.starred and count <= _MOST:
        types = [plain_types(op, i) for i in range(count)]
        return _maker(count)(op, op.body, op.foreign, op.texts, *types)

    def call(*args: Any, **named: Any) -> Any:
        return general_call(op, args, named)

    return call


# One operand is called `a`, its value in the body `x_a`, its edge `edge_a`, and so on.

_TEMPLATE = """\
def make(op, body, foreign, texts, {types}):
    def call({parameters}, /, *statics, **named):
        if open_taps:
            return general(op, ({names}, *statics), named)
        dtype = None
{taken}
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
            failed(op, error, {operands}, {seen}, by_name(op, statics, named))
        if not foreign:
            out = result[0]
            if type(out) is not ndarray:
                out = asarray(out)
            if out.dtype is dtype:
                if ({any_edge}) and is_grad_enabled():
                    closures = result[1]
{trimmed}
                    out = record(op, {tracked}, closures, out)
                else:
                    out = wrapped(out)
                return out if len(result) == 2 else (out, result[2])
            if dtype is None and out.dtype is not float16:
                return out if len(result) == 2 else (out, result[2])
        any_tensor = dtype is not None
        return finished(op, {operands}, {seen}, statics, named, {tracked}, any_tensor, result)
    return call
"""
_OPERAND = """\
        if isinstance({a}, Tensor):
            x_{a} = {a}._data
{dtype}
            edge_{a} = ({a}.node or {a}) if {a}._requires_grad else None
        elif (
            {a}.dtype is float32 or {a}.dtype is float64 or {a}.dtype in NATIVE
            if type({a}) is ndarray
            else type({a}) in types_{a}
        ):
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
                        closures = (
{kept}
                        )"""
_CLOSURE = """\
                            None if edge_{a} is None else closures[{i}],"""

_NAMES = {
    "MIXED": object(),  # what `dtype` is where Tensors have two; None where there is no Tensor
    "NATIVE": NATIVE,
    "NOT_GIVEN": NOT_GIVEN,
    "Tensor": Tensor,
    "asarray": np.asarray,
    "by_name": by_name,
    "failed": failed,
    "finished": finished,
    "float16": np.dtype(np.float16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "general": general_call,
    "is_grad_enabled": is_grad_enabled,
    "ndarray": np.ndarray,
    "not_entered": not_entered,
    "open_taps": open_taps,
    "plain": plain,
    "record": record,
    "wrapped": Tensor._of,
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
    letters = "abcd"[:count]

    def each(text: str, between: str = ", ") -> str:
        return between.join(text.format(a=a, i=i) for i, a in enumerate(letters))

    def tuple_of(text: str) -> str:
        return f"({each(text)},)" if count == 1 else f"({each(text)})"

    names = each("{a}")
    dtypes = [_FIRST_DTYPE, *[_LATER_DTYPE] * (count - 1)]
    if count == 1:
        trimmed = _ONE_CLOSURE
    else:
        kept = each(_CLOSURE, "\n")
        trimmed = _CLOSURES.format(lacking=each("edge_{a} is None", " or "), kept=kept)
    return _TEMPLATE.format(
        types=each("types_{a}"),
        parameters=each("{a}=NOT_GIVEN"),
        names=names,
        values=each("x_{a}"),
        operands=tuple_of("{a}"),
        seen=tuple_of("x_{a}"),
        tracked=tuple_of("edge_{a}"),
        any_edge=each("edge_{a} is not None", " or "),
        trimmed=trimmed,
        taken="\n".join(
            _OPERAND.format(a=a, names=names, dtype=dtype.format(a=a))
            for a, dtype in zip(letters, dtypes, strict=True)
        ),
    )
