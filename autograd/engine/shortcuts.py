"""The commonest calls of an op, unrolled: up to three operands of one float dtype, plain statics.

A shortcut does what the general call in `record.py` does for such operands, without its lists and
loops. Other operands are handed back to it before the body runs; a result that needs more thought
(another dtype, an op of the user) goes to `finished`, an exception of the body to `failed`. No body
runs twice. Programs of many small operations spend most of their time here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy import ndarray

from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.tensors import Tensor

_float16, _float32, _float64 = map(np.dtype, (np.float16, np.float32, np.float64))


_ARRAYS = {np.ndarray, float, int, bool, type(None)}
all_arrays_or_none = _ARRAYS.issuperset
all_arrays = {np.ndarray, float, int, bool}.issuperset
_BESIDE = {np.ndarray, float, int}
_INTP = np.dtype(np.intp)
_NOT_PLAIN = Tensor, tuple, list, np.generic
_VALUES = {int, float, bool, type(None), slice, type(...)}
_all_values = _VALUES.issuperset


def _plain(statics: Iterable[Any], texts: frozenset[str] | None) -> bool:
    """Whether static arguments are no Tensors or NumPy scalars, nor lists that may hold one.

    Nor texts other than `texts`, if that is not None: for a switch a text would count as true.
    """
    for value in statics:
        kind = type(value)
        if kind in _VALUES:
            continue
        if kind is str:
            if texts is not None and value not in texts:
                return False
        elif kind is tuple:
            if not (_all_values(map(type, value)) or _plain(value, texts)):
                return False
        elif isinstance(value, _NOT_PLAIN):
            return False
    return True


def _not_entered(error: Exception) -> bool:
    """Whether the arguments did not fit the body's parameters, so that it never ran."""
    traceback = error.__traceback__
    return traceback is not None and traceback.tb_next is None


def _on_arrays(
    general: Callable[..., Any],
    spec: Any,
    finished: Callable[..., Any],
    failed: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """The call without any Tensor, which is how closures call ops: nothing to record."""
    count = len(spec.operands)
    if not spec.fitting(map(type, args[:count])) or len(args) < count:
        return general(*args, **kwargs)
    if (len(args) > count and not _plain(args[count:], spec.texts)) or (
        kwargs and not _plain(kwargs.values(), spec.texts)
    ):
        return general(*args, **kwargs)
    try:
        result = spec.body(*args, **kwargs)
    except Exception as error:
        if _not_entered(error):
            return general(*args, **kwargs)
        failed(spec, error, args[:count], args[:count])
    if spec.foreign:
        return finished(spec, args, args[:count], (None,) * count, False, result)
    out = result[0]
    if type(out) is not ndarray:
        out = np.asarray(out)
    if out.dtype is _float16:  # perhaps of no float16 at all
        return general(*args, **kwargs)
    return out if len(result) == 2 else (out, result[2])


def unary(
    general: Callable[..., Any],
    spec: Any,
    nodes: Any,
    finished: Callable[..., Any],
    failed: Callable[..., Any],
) -> Any:
    """The call of a one-operand op; `nodes` is the class `Node`."""
    body, foreign, texts = spec.body, spec.foreign, spec.texts

    def call(*args: Any, **kwargs: Any) -> Any:
        if not args or not isinstance(args[0], Tensor):
            return _on_arrays(general, spec, finished, failed, args, kwargs)
        a = args[0]
        x = a._data
        if x.dtype is not _float32 and x.dtype is not _float64:
            return general(*args, **kwargs)
        try:
            if len(args) == 1 and not kwargs:
                result = body(x)
            elif _plain(args[1:], texts) and _plain(kwargs.values(), texts):
                result = body(x, *args[1:], **kwargs)
            else:
                return general(*args, **kwargs)
        except Exception as error:
            if _not_entered(error):
                return general(*args, **kwargs)
            failed(spec, error, (a,), (x,))
        if foreign:
            edges = ((a.node or a) if a._requires_grad else None,)
            return finished(spec, args, (x,), edges, True, result)
        out = result[0]
        if type(out) is not ndarray:
            out = np.asarray(out)
        if a._requires_grad and is_grad_enabled():
            closures = result[1] if type(result[1]) is tuple else (result[1],)
            tensor = nodes.result(spec, (a.node or a,), closures, out)
        else:
            tensor = Tensor._of(out)
        return tensor if len(result) == 2 else (tensor, result[2])

    return call


def binary(
    general: Callable[..., Any],
    spec: Any,
    nodes: Any,
    finished: Callable[..., Any],
    failed: Callable[..., Any],
) -> Any:
    """The call of a two-operand op on two Tensors, or a Tensor beside a number or an array."""
    body, foreign, texts = spec.body, spec.foreign, spec.texts

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 2:
            a, b = args
        elif len(args) > 2:
            a, b, *_ = args
        else:
            return general(*args, **kwargs)
        x, y = a, b
        edge_a = edge_b = None
        if isinstance(a, Tensor):
            x = a._data
            dtype = x.dtype
            if a._requires_grad:
                edge_a = a.node or a
            if isinstance(b, Tensor):
                y = b._data
                if y.dtype is not dtype:
                    return general(*args, **kwargs)
                if b._requires_grad:
                    edge_b = b.node or b
            elif type(b) not in _BESIDE or (
                type(b) is ndarray and b.dtype is not dtype and b.dtype is not _INTP
            ):
                return general(*args, **kwargs)
        elif isinstance(b, Tensor) and type(a) in _BESIDE:
            y = b._data
            dtype = y.dtype
            if type(a) is ndarray and a.dtype is not dtype and a.dtype is not _INTP:
                return general(*args, **kwargs)
            if b._requires_grad:
                edge_b = b.node or b
        else:
            return _on_arrays(general, spec, finished, failed, args, kwargs)
        if dtype is not _float32 and dtype is not _float64:
            return general(*args, **kwargs)
        try:
            if len(args) == 2 and not kwargs:
                result = body(x, y)
            elif _plain(args[2:], texts) and _plain(kwargs.values(), texts):
                result = body(x, y, *args[2:], **kwargs)
            else:
                return general(*args, **kwargs)
        except Exception as error:
            if _not_entered(error):
                return general(*args, **kwargs)
            failed(spec, error, (a, b), (x, y))
        if foreign:
            return finished(spec, args, (x, y), (edge_a, edge_b), True, result)
        out = result[0]
        if type(out) is not ndarray:
            out = np.asarray(out)
        if out.dtype is not dtype:  # an array beside the Tensor had another
            return finished(spec, args, (x, y), (edge_a, edge_b), True, result)
        if (edge_a is not None or edge_b is not None) and is_grad_enabled():
            closures = result[1]
            if edge_a is None:
                closures = None, closures[1]
            elif edge_b is None:
                closures = closures[0], None
            tensor = nodes.result(spec, (edge_a, edge_b), closures, out)
        else:
            tensor = Tensor._of(out)
        return tensor if len(result) == 2 else (tensor, result[2])

    return call


def ternary(
    general: Callable[..., Any],
    spec: Any,
    nodes: Any,
    finished: Callable[..., Any],
    failed: Callable[..., Any],
) -> Any:
    """The call of a three-operand op on Tensors; the last is left out as None (input, W, bias)."""
    body, foreign, texts = spec.body, spec.foreign, spec.texts
    nothing = type(None) if spec.operands[2] in spec.optional else Tensor

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 3:
            a, b, c = args
        elif len(args) > 3:
            a, b, c, *_ = args
        else:
            return general(*args, **kwargs)
        if not isinstance(a, Tensor) or not isinstance(b, Tensor):
            return _on_arrays(general, spec, finished, failed, args, kwargs)
        x, y = a._data, b._data
        dtype = x.dtype
        if (dtype is not _float32 and dtype is not _float64) or y.dtype is not dtype:
            return general(*args, **kwargs)
        z = edge_c = None
        if isinstance(c, Tensor):
            z = c._data
            if z.dtype is not dtype:
                return general(*args, **kwargs)
            if c._requires_grad:
                edge_c = c.node or c
        elif type(c) is not nothing:
            return general(*args, **kwargs)
        try:
            if len(args) == 3 and not kwargs:
                result = body(x, y, z)
            elif _plain(args[3:], texts) and _plain(kwargs.values(), texts):
                result = body(x, y, z, *args[3:], **kwargs)
            else:
                return general(*args, **kwargs)
        except Exception as error:
            if _not_entered(error):
                return general(*args, **kwargs)
            failed(spec, error, (a, b, c), (x, y, z))
        edge_a = (a.node or a) if a._requires_grad else None
        edge_b = (b.node or b) if b._requires_grad else None
        if foreign:
            return finished(spec, args, (x, y, z), (edge_a, edge_b, edge_c), True, result)
        out = result[0]
        if type(out) is not ndarray:
            out = np.asarray(out)
        if not (edge_a is edge_b is edge_c is None) and is_grad_enabled():
            closures = result[1]
            if edge_a is None or edge_b is None or edge_c is None:
                closures = (
                    None if edge_a is None else closures[0],
                    None if edge_b is None else closures[1],
                    None if edge_c is None else closures[2],
                )
            tensor = nodes.result(spec, (edge_a, edge_b, edge_c), closures, out)
        else:
            tensor = Tensor._of(out)
        return tensor if len(result) == 2 else (tensor, result[2])

    return call
