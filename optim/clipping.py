"""Gradients held within bounds, between `backward` and `step`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from operator import call
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.engine.in_place import stamp
from autograd.errors import GraphError, InPlaceError
from autograd.support.arguments import nonnegative, positive
from autograd.support.interrupts import at_once, each
from autograd.support.unknown_names import named_arguments
from optim.blocks import QUIET
from optim.groups import as_tensors

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


@named_arguments
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients by min(1, max_norm / (norm + 1e-6)), in place; return the norm before.

    The norm is that of all gradients as one vector: (Σ |g|^p)^(1/p) with p = `norm_type`, or the
    largest |g| for `float("inf")`. Parameters without a gradient are left out. A norm that is not
    finite makes all gradients NaN or 0, unless `error_if_nonfinite`.

    Raises `ArgumentError` for no parameter, or a `max_norm` or `norm_type` outside its range;
    `GraphError` for a norm that is not finite, if asked to, and changes no gradient then.

    >>> import autograd as ag
    >>> w = ag.tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = [3.0, 4.0]
    >>> clip_grad_norm_([w], max_norm=1.0)
    tensor(5.)
    >>> w.grad.data.round(6)
    array([0.6, 0.8], dtype=float32)
    """
    where = "clip_grad_norm_"
    if max_norm != math.inf:
        max_norm = nonnegative(where, "max_norm", max_norm)
    order = math.inf if norm_type == math.inf else positive(where, "norm_type", norm_type)
    grads = _gradients(where, parameters)
    # In float64: squares of float32 gradients overflow from 1.8e19.
    norms = [_norm(grad.data.ravel().astype(np.float64), order) for grad in grads]
    total = _norm(np.array(norms), order)
    if error_if_nonfinite and not math.isfinite(total):
        raise GraphError(
            f"{where}: the norm of the gradients is {total}, so they cannot be scaled to "
            f"{max_norm}; look for a loss that is not finite, or pass error_if_nonfinite=False"
        )
    factor = max_norm / (total + 1e-6)
    if not factor >= 1:  # NaN too
        _write_all(grads, (np.multiply, factor))
    dtype = np.result_type(*[grad.dtype for grad in grads]) if grads else np.float32
    return Tensor(np.array(total, dtype))


@named_arguments
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clip each element of the gradients to [-clip_value, clip_value], in place.

    Raises `ArgumentError` for no parameter or a negative `clip_value`.

    >>> import autograd as ag
    >>> w = ag.tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = [3.0, -0.5]
    >>> clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([ 1. , -0.5])
    """
    bound = nonnegative("clip_grad_value_", "clip_value", clip_value)
    grads = _gradients("clip_grad_value_", parameters)
    _write_all(grads, (np.maximum, -bound), (np.minimum, bound))


def _norm(x: np.ndarray, order: float) -> float:
    """(Σ |x|^p)^(1/p), also of float64 whose powers are out of range."""
    with np.errstate(over="ignore", under="ignore"):
        norm = float(np.linalg.norm(x, order))
    if order == math.inf or 1e-292 ** (1 / order) <= norm < math.inf:
        return norm
    largest = float(np.max(np.absolute(x), initial=0))
    if largest == 0 or not math.isfinite(largest):
        return norm
    return float(np.linalg.norm(x / largest, order)) * largest


def _write_all(grads: list[Tensor], *steps: tuple[np.ufunc, float]) -> None:
    """`function(g, number, out=g)` for every gradient and step: all of it, or nothing."""
    arrays = [grad.data for grad in grads]
    stamp(*arrays)
    calls = [partial(function, a, x, out=a) for function, x in steps for a in arrays]
    QUIET.copy().run(at_once, each(call, calls))


def _gradients(where: str, parameters: Any) -> list[Tensor]:
    tensors = as_tensors(where, parameters)
    grads = [tensor.grad for tensor in tensors if tensor.grad is not None]
    for grad in grads:
        if not grad.data.flags.writeable:
            raise InPlaceError(
                f"{where}: a gradient of shape {grad.shape} has a read-only array; give it one of "
                "its own: p.grad = p.grad.data.copy()"
            )
    return grads
