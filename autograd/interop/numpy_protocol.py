"""NumPy functions called on Tensors: `np.exp(t)` is recorded like `ag.exp(t)`.

An op that bears the name of a NumPy function stands for it. What has no op, and arguments that only
NumPy's function has (`dtype=`, `out=`, `where=`), work on Tensors that need no gradient; with one
that does they raise, since the gradient would be lost silently. Whatever an op stands for gives
Tensors, everything else NumPy's arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from autograd import ops
from autograd.creation import full_like
from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.in_place import stamp
from autograd.engine.tensors import Tensor
from autograd.errors import DTypeError, ForeignOperandError

# Functions whose result carries no gradient anyway, so that values are all they need: whatever
# gives integers, booleans or text, and shapes and dtypes. (Ufuncs are told by their types.)
_NO_GRADIENT = {
    np.all, np.allclose, np.any, np.argpartition, np.argwhere, np.array2string, np.array_equal,
    np.array_equiv, np.array_repr, np.array_str, np.can_cast, np.common_type, np.count_nonzero,
    np.diag_indices_from, np.digitize, np.einsum_path, np.empty_like, np.flatnonzero, np.full_like,
    np.isclose, np.iscomplex, np.iscomplexobj, np.isin, np.isreal, np.isrealobj, np.lexsort,
    np.linalg.matrix_rank, np.may_share_memory, np.min_scalar_type, np.nanargmax, np.nanargmin,
    np.ndim, np.nonzero, np.ones_like, np.result_type, np.save, np.savetxt, np.savez,
    np.savez_compressed, np.searchsorted, np.shape, np.shares_memory, np.size,
    np.tril_indices_from, np.triu_indices_from, np.zeros_like,
    np.floor_divide, np.isfinite, np.isinf, np.isnan, np.signbit,
}  # fmt: skip


@cache
def _op_for(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """The op (or comparison) of ours that stands for a NumPy function."""
    name = getattr(function, "__name__", "")
    if function is getattr(np, name, None) and name in ops.PUBLIC:
        return getattr(ops, name)
    if function is getattr(np.linalg, name, None) and name in ops.LINALG:
        return getattr(ops, name)
    return _ALIASES.get(function, lambda: None)()


def _alias(name: str) -> Callable[[], Any]:
    def find() -> Any:
        return getattr(ops, name)

    return find


_ALIASES: dict[Any, Callable[[], Any]] = {
    np.vstack: _alias("vstack"),
    np.hstack: _alias("hstack"),
    np.amax: _alias("max"),
    np.amin: _alias("min"),
    np.copy: _alias("copy"),
    np.around: _alias("round"),
    np.fabs: _alias("absolute"),
    np.true_divide: _alias("divide"),
}


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: tuple, kwargs: dict[str, Any]) -> Any:
    """`Tensor.__array_ufunc__`: record the call if an op stands for the ufunc."""
    op = _op_for(ufunc) if method == "__call__" else None
    foreign = [name for name in kwargs if not _is_default(kwargs[name], _DEFAULTS.get(name))]
    if op is not None and not foreign:
        try:
            return op(*inputs)
        except ForeignOperandError:
            if any(_answers_for_itself(x) for x in inputs):
                return NotImplemented
            raise
    if _needs_grad(inputs) and not (ufunc in _NO_GRADIENT or _gives_integers(ufunc)):
        what = f"np.{ufunc.__name__}"
        if method != "__call__":
            what += f".{method}"
        elif op is not None:
            what += _keywords(foreign)
        raise DTypeError(_not_recorded(what))
    result = _on_arrays(getattr(ufunc, method), inputs, kwargs)
    return result if op is None or "out" in kwargs else _as_ops_result(ufunc, result)


def apply_function(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    """`Tensor.__array_function__`: record the call if an op stands for the function."""
    op = _op_for(function)
    if op is not None:
        alike, names = _agreement(function, op)
        if len(args) <= alike and names.issuperset(kwargs):
            return op(*args, **kwargs)
        return _with_numpys_arguments(function, op, args, kwargs)
    if function is np.full_like and _needs_grad((args[1:], kwargs)):
        return full_like(*args, **kwargs)
    if function not in _NO_GRADIENT and _needs_grad((args, kwargs)):
        name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
        raise DTypeError(_not_recorded(name))
    return _on_arrays(function, args, kwargs)


@cache
def _gives_integers(ufunc: np.ufunc) -> bool:
    """Whether all results of a ufunc on floats are booleans or integers."""
    loops = [loop.split("->") for loop in ufunc.types]
    results = "".join(gives for takes, gives in loops if "f" in takes or "d" in takes)
    return bool(results) and set(results) <= set("?bBhHiIlLqQ")


def _answers_for_itself(value: Any) -> bool:
    """Whether a foreign type has its own say in NumPy's functions."""
    return not isinstance(value, Tensor | np.ndarray) and hasattr(type(value), "__array_ufunc__")


# Arguments of ufuncs as they are when nobody gives them.
_DEFAULTS = {"where": True, "casting": "same_kind", "order": "K", "subok": True}


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and value == default)


@cache
def _parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    spec = getattr(function, "op", None)
    function = function if spec is None else spec.body
    return tuple(inspect.signature(function).parameters.values())


@cache
def _agreement(function: Callable[..., Any], op: Callable[..., Any]) -> tuple[int, frozenset[str]]:
    """How many leading arguments mean the same to NumPy's function and our op; our op's names."""
    theirs, ours = _parameters(function), _parameters(op)
    alike = 0
    for a, b in zip(theirs, ours, strict=False):
        if a.kind is a.VAR_POSITIONAL:  # a list of operands, and no more than that
            return 1000, frozenset(p.name for p in ours)
        if a.name != b.name and b.default is not b.empty:
            break
        alike += 1
    return alike, frozenset(p.name for p in ours)


def _with_numpys_arguments(
    function: Callable[..., Any], op: Callable[..., Any], args: tuple, kwargs: dict[str, Any]
) -> Any:
    """A call whose arguments NumPy's function has, or orders, in another way than our op."""
    alike, names = _agreement(function, op)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    foreign: list[str] = []
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    for i, parameter in enumerate(_parameters(function)):
        if parameter.name not in given:
            continue
        value = given[parameter.name]
        if parameter.kind is parameter.VAR_KEYWORD:
            named |= value
        elif parameter.kind is parameter.VAR_POSITIONAL:
            positional.extend(value)
        elif i < alike and i == len(positional) and parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(value)
        elif parameter.name in names:
            named[parameter.name] = value
        elif not _is_default(value, parameter.default):
            foreign.append(parameter.name)
    if not foreign:
        return op(*positional, **named)
    if _needs_grad((args, kwargs)):
        raise DTypeError(_not_recorded(f"np.{function.__name__}{_keywords(foreign)}"))
    result = _on_arrays(function, args, kwargs)
    return result if "out" in foreign else _as_ops_result(function, result)


def _keywords(names: list[str]) -> str:
    return f"({', '.join(f'{name}=' for name in names)})"


def _as_ops_result(function: Callable[..., Any], result: Any) -> Any:
    """What NumPy returned as the op would: a Tensor, but for comparisons and positions."""
    if isinstance(result, list):
        return [_as_ops_result(function, part) for part in result]
    array = np.asarray(result) if isinstance(result, np.ndarray | np.generic) else None
    if array is None or array.dtype.kind not in "fiu" or function.__name__.startswith("arg"):
        return result
    return Tensor._of(array)


def _not_recorded(what: str) -> str:
    return (
        f"{what} on a Tensor that requires a gradient is not recorded, so the gradient would be "
        "lost. Write it with ops of `autograd` (out of place, without out= and where=), or use "
        "x.detach() if no gradient is wanted."
    )


def _needs_grad(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value._requires_grad and is_grad_enabled()
    if isinstance(value, tuple | list):
        return any(map(_needs_grad, value))
    return isinstance(value, dict) and _needs_grad(list(value.values()))


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value._data
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    return value


# Functions that write to their first argument, and what they call it.
_WRITES = {
    np.copyto: "dst", np.fill_diagonal: "a", np.place: "arr", np.put: "a",
    np.put_along_axis: "arr", np.putmask: "a",
}  # fmt: skip

# Functions that write to their first argument if they are asked to.
_MAY_WRITE: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    np.nan_to_num: ("copy", lambda copy: not copy),
    **dict.fromkeys(
        (np.median, np.percentile, np.quantile, np.nanmedian, np.nanpercentile, np.nanquantile),
        ("overwrite_input", bool),
    ),
}


def _by_name(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by their names, however they were given."""
    if not args or function in _WRITES or isinstance(_ufunc_of(function), np.ufunc):
        return kwargs
    try:
        return inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # no signature, or a call that NumPy will refuse
        return kwargs


def _ufunc_of(function: Callable[..., Any]) -> Any:
    return function if isinstance(function, np.ufunc) else getattr(function, "__self__", None)


def _outs(given: dict[str, Any]) -> tuple[Any, ...]:
    out = given.get("out")
    return tuple(out) if isinstance(out, tuple | list) else (out,)


def _written(
    function: Callable[..., Any], args: tuple, kwargs: dict[str, Any], given: dict[str, Any]
) -> list[Any]:
    """The arguments that NumPy will write to."""
    written = list(_outs(given))
    if getattr(function, "__name__", "") == "at" and isinstance(_ufunc_of(function), np.ufunc):
        written.append(args[0])
    elif function in _WRITES:
        written.append(args[0] if args else kwargs.get(_WRITES[function]))
    elif function in _MAY_WRITE:
        name, writes = _MAY_WRITE[function]
        if name in given and writes(given[name]):
            written.append(next(iter(given.values())))
    return written


def _on_arrays(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    given = _by_name(function, args, kwargs)
    outs = _outs(given)
    written = _written(function, args, kwargs, given)
    for target in written:
        if isinstance(target, Tensor) and (target.node is not None or _needs_grad(target)):
            name = "out=" if any(target is out for out in outs) else _name(function)
            raise DTypeError(
                f"{name}: this Tensor is part of a graph; use the value that is returned, or "
                "write to x.detach()"
            )
    try:
        result = function(*_plain(args), **{name: _plain(value) for name, value in kwargs.items()})
    finally:  # some write before they notice that something is wrong
        for target in written:
            if isinstance(target, Tensor | np.ndarray):
                stamp(_plain(target))
    return outs[0] if len(outs) == 1 and outs[0] is not None else result


def _name(function: Callable[..., Any]) -> str:
    ufunc = _ufunc_of(function)
    if isinstance(ufunc, np.ufunc) and ufunc is not function:
        return f"np.{ufunc.__name__}.{function.__name__}"
    return f"np.{function.__name__}"
