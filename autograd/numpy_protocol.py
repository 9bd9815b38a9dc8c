"""NumPy functions called on Tensors: `np.exp(t)` is recorded like `ag.exp(t)`.

An op that bears the name of a NumPy function stands for it. What has no op works on Tensors that
need no gradient; with one that does it raises, since the gradient would be lost silently.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from autograd.errors import DTypeError
from autograd.grad_mode import is_grad_enabled
from autograd.stamps import stamp
from autograd.tensors import Tensor

# Functions whose result carries no gradient anyway, so that values are all they need.
_NO_GRADIENT = {
    np.allclose, np.array_equal, np.array_equiv, np.array_repr, np.array_str, np.can_cast,
    np.isclose, np.may_share_memory, np.ndim, np.result_type, np.save, np.savetxt, np.savez,
    np.shape, np.shares_memory, np.size, np.zeros_like, np.ones_like, np.empty_like, np.full_like,
    np.count_nonzero, np.nonzero, np.isfinite, np.isnan, np.isinf, np.signbit, np.iscomplexobj,
    np.isrealobj,
}  # fmt: skip


@cache
def _op_for(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """The op (or comparison) of ours that stands for a NumPy function."""
    from autograd import ops

    name = getattr(function, "__name__", "")
    if function is getattr(np, name, None) and name in ops.__all__:
        return getattr(ops, name)
    if function is getattr(np.linalg, name, None) and name in ops.LINALG:
        return getattr(ops, name)
    return _ALIASES.get(function, lambda: None)()


def _alias(name: str) -> Callable[[], Any]:
    def find() -> Any:
        from autograd import ops

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
    op = _op_for(ufunc)
    if method == "__call__" and op is not None and not kwargs:
        return op(*inputs)
    if _needs_grad(inputs):
        if method != "__call__":
            what = f"np.{ufunc.__name__}.{method}"
        elif op is not None:
            what = f"np.{ufunc.__name__}({', '.join(f'{name}=' for name in kwargs)})"
        else:
            what = f"np.{ufunc.__name__}"
        raise DTypeError(_not_recorded(what))
    return _on_arrays(getattr(ufunc, method), inputs, kwargs)


def apply_function(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    """`Tensor.__array_function__`: record the call if an op stands for the function."""
    op = _op_for(function)
    if op is not None:
        return op(*args, **kwargs)
    if function is np.full_like and _needs_grad((args[1:], kwargs)):
        from autograd.creation import full_like

        return full_like(*args, **kwargs)
    if function not in _NO_GRADIENT and _needs_grad((args, kwargs)):
        name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
        raise DTypeError(_not_recorded(name))
    return _on_arrays(function, args, kwargs)


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


def _on_arrays(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    outs = kwargs.get("out", ())
    outs = outs if isinstance(outs, tuple) else (outs,)
    for out in outs:
        if isinstance(out, Tensor) and (out.node is not None or _needs_grad(out)):
            raise DTypeError("out=: this Tensor is part of a graph; use the value that is returned")
    result = function(*_plain(args), **{name: _plain(value) for name, value in kwargs.items()})
    for out in outs:
        if isinstance(out, Tensor):
            stamp(out._data)
    return outs[0] if len(outs) == 1 and outs[0] is not None else result
