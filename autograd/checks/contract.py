"""Checking an op against the contract of `ag.op`."""

from __future__ import annotations

import dis
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from autograd.engine.backprop import gradients
from autograd.engine.captures import captured
from autograd.engine.grad_mode import enable_grad
from autograd.engine.op_definition import Op
from autograd.engine.tensors import Tensor
from autograd.errors import GradCheckError
from autograd.support.unknown_names import named_arguments

__all__ = ["check_contract"]


@named_arguments
def check_contract(op: Callable[..., Any], *args: Any, **statics: Any) -> set[str]:
    """Check that an op obeys the contract of `ag.op` for one call; return what its closures keep.

    Looks for what a wrong second derivative comes from although the first is right: operands that
    are rebound, or reached through helpers, defaults or containers, and captured values that move
    with a float operand. Calls the closures, one alone and all together, since a joint closure must
    find what those find that it stands in for. Raises `GradCheckError`. The result is the set of
    the operands' names (and "out", "aux") that stay alive until backward.

    >>> import numpy as np
    >>> import autograd as ag
    >>> sorted(ag.check_contract(ag.tanh, np.ones(3)))
    ['out']
    """
    spec: Op = op.op  # type: ignore[attr-defined]
    _check_body(spec)
    operands, rest = _split(spec, args)
    out, closures, *aux = _run(spec, operands, rest, statics)
    kept: set[str] = set()
    for position, closure in enumerate(closures):
        if closure is not None:
            kept |= _check_closure(spec, position, closure, out, aux, operands)
    moved = [
        x * (1 + 1e-3) + 1e-3 if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for x in operands
    ]
    _, closures_after, *_ = _run(spec, moved, rest, statics)
    for position, (before, after) in enumerate(zip(closures, closures_after, strict=True)):
        if before is not None:
            _check_constants(spec, position, before, after)
    _check_joint(op, operands, rest, statics)
    return kept


def _split(spec: Op, args: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
    plain = [x.data if isinstance(x, Tensor) else x for x in args]
    count = len(plain) if spec.starred else len(spec.operands)
    operands = plain[:count] + [None] * (count - len(plain))
    return operands, tuple(plain[count:])


def _run(spec: Op, operands: Sequence[Any], rest: Any, statics: Any) -> tuple[Any, ...]:
    out, closures, *aux = spec.body(*operands, *rest, **statics)
    return out, (closures,) if callable(closures) else tuple(closures), *aux


def _broken(spec: Op, complaint: str) -> GradCheckError:
    return GradCheckError(f"op {spec.name} breaks the contract of ag.op: {complaint}")


def _check_body(spec: Op) -> None:
    for instruction in dis.get_instructions(spec.body):
        stores = instruction.opname in ("STORE_FAST", "STORE_DEREF", "DELETE_FAST")
        if stores and instruction.argval in spec.operands:
            raise _broken(spec, f"its body rebinds the operand '{instruction.argval}'")


def _check_closure(
    spec: Op, position: int, closure: Any, out: Any, aux: list[Any], operands: Sequence[Any]
) -> set[str]:
    where = f"its closure for '{spec.operand_name(position)}'"
    if not isinstance(closure, FunctionType):
        raise _broken(spec, f"{where} is no plain function but {type(closure).__name__}")
    arrays = [x for x in [out, *operands] if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    for value in (*(closure.__defaults__ or ()), *(closure.__kwdefaults__ or {}).values()):
        if _reaches(value, arrays):
            raise _broken(spec, f"{where} holds an operand or `out` as a default argument")
    kept = set()
    for name, value in captured(closure):
        if name in spec.operands:
            mine = tuple(operands) if spec.starred else operands[spec.operands.index(name)]
            same = len(value) == len(mine) if spec.starred else value is mine
            if not same:
                raise _broken(spec, f"{where} captures a rebound '{name}'")
            kept.add(name)
        elif name in ("out", "aux"):
            returned = [out] if name == "out" else aux
            if not any(value is this for this in returned):
                raise _broken(spec, f"{where} captures an `{name}` that is not what was returned")
            kept.add(name)
        elif _reaches(value, arrays):
            raise _broken(spec, f"{where} reaches an operand or `out` through '{name}'")
    return kept


def _reaches(value: Any, arrays: Sequence[np.ndarray], depth: int = 0) -> bool:
    """Whether `value` is, holds, or is a function over, one of the arrays."""
    if isinstance(value, np.ndarray):
        return value.size > 0 and any(np.may_share_memory(value, array) for array in arrays)
    if depth > 4:
        return False
    inner: Sequence[Any] = ()
    if isinstance(value, list | tuple | set):
        inner = tuple(value)
    elif isinstance(value, dict):
        inner = tuple(value.values())
    elif isinstance(value, FunctionType):
        inner = [content for _, content in captured(value)]
    elif hasattr(value, "func") and hasattr(value, "args"):  # functools.partial
        inner = (value.func, *value.args, *value.keywords.values())
    return any(_reaches(item, arrays, depth + 1) for item in inner)


def _check_constants(spec: Op, position: int, before: Any, after: Any) -> None:
    for (name, first), (_, second) in zip(captured(before), captured(after), strict=True):
        if name not in (*spec.operands, "out", "aux") and not _same(first, second):
            raise _broken(
                spec,
                f"its closure for '{spec.operand_name(position)}' captures '{name}', which moves "
                "with a float operand: use the operand or `out`, or compute it in the closure",
            )


def _check_joint(op: Callable[..., Any], operands: Sequence[Any], rest: Any, statics: Any) -> None:
    """Each operand's gradient asked for alone is what it is beside all others."""
    spec: Op = op.op  # type: ignore[attr-defined]
    given = [
        Tensor(x, requires_grad=True) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for x in operands
    ]
    asked = {i: x for i, x in enumerate(given) if isinstance(x, Tensor)}
    if len(asked) < 2:
        return
    with enable_grad():
        out = op(*given, *rest, **statics)
    out = out[0] if isinstance(out, tuple) else out
    if not out.requires_grad:
        return
    seed = np.cos(np.arange(out.size, dtype=out.dtype)).reshape(out.shape)

    def found(tensors: Sequence[Tensor]) -> list[Tensor | None]:
        return gradients([out], tensors, [seed], retain_graph=True, allow_unused=True)

    for (i, tensor), beside in zip(asked.items(), found(tuple(asked.values())), strict=True):
        (alone,) = found([tensor])
        if alone is not None and beside is not None and not _close(alone.data, beside.data):
            raise _broken(
                spec,
                f"its closure for '{spec.operand_name(i)}' gives another gradient than the joint "
                "closure before it does for that operand",
            )


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays agree within rounding."""
    tolerance = 1e3 * np.finfo(a.dtype).eps
    scale = float(np.abs(a).max(initial=0, where=np.isfinite(a)))
    return np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray | float | np.generic):
        return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return callable(a) or a == b
