"""What an op is given, as its body takes it: arrays and numbers in their places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine.dtypes import as_array
from autograd.engine.tensors import Tensor
from autograd.errors import DTypeError, ForeignOperandError
from autograd.support.unknown_names import check_switches, keyword_hint, respelled

if TYPE_CHECKING:
    from autograd.engine.op_definition import Op

NOT_GIVEN: Any = object()
"""Stands in the place of an operand that was left out, or given by name."""

NATIVE = frozenset(map(np.dtype, "?bBhHiIlLqQefd"))
"""The dtypes of arrays that bodies take as they are."""

_PLAIN = frozenset((np.ndarray, float, int, bool))  # types of operands passed on as they are
_PLAIN_OR_NONE = _PLAIN | {type(None)}
_VALUES = {int, float, bool, str, type(None)}  # statics that are what they are
_SAFE = {int, float, bool, type(None), slice, type(...)}  # that are no text, which may be a switch
_all_safe = _SAFE.issuperset
_NOT_PLAIN = Tensor, tuple, list, np.generic


def plain_types(op: Op, position: int) -> frozenset[type]:
    """The types that the operand in this position may have, beside a Tensor, to be passed on."""
    return _PLAIN_OR_NONE if op.operand_name(position) in op.optional else _PLAIN


def plain(statics: Iterable[Any], texts: frozenset[str] | None) -> bool:
    """Whether static arguments are no Tensors or NumPy scalars, nor lists that may hold one.

    Nor texts other than `texts`, if that is not None: for a switch a text would count as true.
    """
    for value in statics:
        kind = type(value)
        if kind in _SAFE:
            continue
        if kind is str:
            if texts is not None and value not in texts:
                return False
        elif kind is tuple:
            if not (_all_safe(map(type, value)) or plain(value, texts)):
                return False
        elif isinstance(value, _NOT_PLAIN):
            return False
    return True


def arranged(
    op: Op, args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], tuple[Any, ...], dict[str, Any]]:
    """Operands, static arguments in their places, and those by name.

    Operands given by name, or left out, are put in their places; PyTorch's spellings translated.
    """
    for name in named:
        if name not in op.statics:
            args, named = _spelled(op, args, named)
            break
    if op.starred:
        return args, (), named
    count = len(op.operands)
    if named or len(args) < count:
        args = _completed(op, args, named)
    return args[:count], args[count:], named


def _spelled(
    op: Op, args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same arguments under the names that they have here."""
    takes = op.operands + op.statics
    args = respelled(op.name, args, named, takes)
    unknown = [name for name in named if name not in takes]
    if unknown:
        raise DTypeError(
            f"{op.name}: no argument '{unknown[0]}'; "
            f"it takes ({', '.join(takes)}){keyword_hint(unknown[0], (*takes, 'input'))}"
        )
    return args, named


def _completed(op: Op, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments by place with the operands that were given by name, which leave `named`."""
    arranged = list(args)
    for name in op.operands[len(args) :]:
        if name in named:
            arranged.append(named.pop(name))
        elif name in op.optional:
            arranged.append(None)
        else:
            raise DTypeError(f"{op.name}: operand '{name}' is missing")
    twice = [name for name in op.operands if name in named]
    if twice:
        raise DTypeError(f"{op.name}: operand '{twice[0]}' is given twice")
    return tuple(arranged)


def as_operand(op: Op, position: int, value: Any, beside: Sequence[Any]) -> Any:
    """What the body sees of an operand that is no Tensor; `beside`: all operands."""
    if type(value) is np.ndarray:
        swapped = value.dtype.kind in "fiub" and not value.dtype.isnative
        return as_array(value, op.name) if swapped else value
    if isinstance(value, np.generic) and value.dtype.kind in "fiub":
        return value.item()  # as weak as a Python number: float32 stays float32 beside it
    if isinstance(value, int | float):
        return value
    name = op.operand_name(position)
    if value is None and name in op.optional:
        return None
    what = f"{op.name}: operand '{name}'"
    if isinstance(value, list | tuple | np.ndarray) or hasattr(value, "__array__"):
        return as_array(value, what, weak=float_dtype(beside))
    raise ForeignOperandError(
        f"{what} must be a Tensor, an array or a number, got {type(value).__name__}"
    )


def real_numbers(values: Sequence[Any]) -> bool:
    """Whether all arrays are of real numbers: through no others could a gradient go."""
    for value in values:
        if type(value) is np.ndarray and value.dtype.kind not in "fiub":
            return False
    return True


def no_numbers(op: Op, values: Sequence[Any], dtype: np.dtype | None = None) -> DTypeError:
    """The error for complex numbers, objects or text beside a Tensor; `dtype` is the result's."""
    dtypes = [getattr(value, "dtype", None) for value in values]
    odd = [i for i, of in enumerate(dtypes) if of is not None and of.kind not in "fiub"]
    position = odd[0] if odd else 0
    return DTypeError(
        f"{op.name}: operand '{op.operand_name(position)}' must be of "
        f"floats, integers or booleans, got {dtype or dtypes[position]}"
    )


def float_dtype(operands: Sequence[Any]) -> np.dtype | None:
    """The dtype of the floats among Tensors and arrays, which a list beside them takes too."""
    dtypes = [x.dtype for x in operands if isinstance(x, Tensor | np.ndarray)]
    floats = [dtype for dtype in dtypes if dtype.kind == "f"]
    return np.result_type(*floats) if floats else None


def as_statics(
    op: Op, statics: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Static arguments as bodies take them: no Tensors, no NumPy scalars, no texts for switches."""
    if op.flags:
        check_switches(op.name, by_name(op, statics, named), op.flags)
    if statics:
        statics = tuple([_as_static(op, value) for value in statics])
    return statics, {name: _as_static(op, value) for name, value in named.items()}


def by_name(op: Op, statics: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """All static arguments that were given, by name."""
    return dict(zip(op.statics, statics, strict=False), **named)


def _as_static(op: Op, value: Any) -> Any:
    if type(value) in _VALUES:
        return value
    if isinstance(value, Tensor):
        if value._requires_grad:
            raise DTypeError(
                f"{op.name}: a Tensor that requires a gradient was passed where a plain value "
                f"belongs; operands are ({', '.join(op.operands)}). Pass x.detach() if its "
                "gradient is not wanted."
            )
        return value._data
    if isinstance(value, np.generic):
        return value.item()  # a Python number: an unsigned one would wrap where it is negated
    if type(value) in (tuple, list) and not all(type(item) in _VALUES for item in value):
        return type(value)(_as_static(op, item) for item in value)
    return value
