"""Norms of vectors, and those of matrices that are made of sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.engine.dtypes import as_array, get_default_dtype
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError
from autograd.kernels.sums import add_up
from autograd.ops.axes import kept_shape, normal_axis, numpy_axes, of_a_number
from autograd.ops.plain_functions import front, plain
from autograd.ops.reduce import as_came, divided, in_range, is_small, root_of, wide

__all__ = ["euclidean_norm", "norm"]


@front
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of x over `axis`, an integer, a tuple, or None for all axes.

    `ord` None, 2 or "fro": √Σx², whose gradient x / ‖x‖ is taken to be 0 at x = 0. 1: Σ|x|, with
    |0|' = 0. ∞ and −∞: the largest and the smallest |x|, the first among equals. Another p:
    (Σ|x|ᵖ)^(1/p), with gradient 0 at x = 0 for p > 1. As in NumPy, `ord` 1, ∞ or −∞ over two axes
    is the matrix norm: the largest (smallest) sum of a column or row; 2 over two axes would be the
    largest singular value, which has no rule here.

    >>> import autograd as ag
    >>> ag.norm(ag.tensor([3.0, 4.0])).item()
    5.0
    """
    if isinstance(ord, Tensor):
        raise DTypeError("norm: ord must be a plain number, which gets no gradient, got a Tensor")
    if of_a_number(axis, plain(x).ndim):
        return ops.reshape(norm(ops.reshape(x, (1,)), ord, 0), ())
    if plain(x).dtype.kind != "f":  # magnitudes and powers of integers would wrap
        dtype = get_default_dtype() if isinstance(x, Tensor) else np.float64
        x = x.astype(dtype) if isinstance(x, Tensor) else as_array(x, "norm: x", dtype)
    axes = _norm_axes(x, ord, axis)
    if ord is None or (ord == "fro" and len(axes) > 1) or (ord == 2 and len(axes) == 1):
        return euclidean_norm(x, axes, keepdims)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if ord in (1, -1, math.inf, -math.inf) and len(axes) == 2:
        summed, compared = axes if abs(ord) == 1 else axes[::-1]
        sums = ops.sum(ops.absolute(x), axis=summed, keepdims=True)
        out = (ops.max if ord > 0 else ops.min)(sums, axis=compared, keepdims=True)
        return out if keepdims else ops.squeeze(out, axes)
    fits = "None, 'fro', 1, -1, inf or -inf" if len(axes) == 2 else "None"
    raise ArgumentError(
        f"norm: ord={ord!r} over {len(axes)} axes has no rule; {fits} would fit there. For the "
        "Euclidean norm of all elements use ord=None."
    )


def _norm_axes(x: Any, ord: Any, axis: Any) -> tuple[int, ...]:
    shape = plain(x).shape
    if axis is None:
        return tuple(range(len(shape)))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    normal = tuple(normal_axis("norm", i, shape) for i in axes)
    if len(set(normal)) < len(normal):
        raise ArgumentError(f"norm: axis={axis} names an axis twice")
    return normal


def _vector_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if isinstance(ord, str) or ord == 0:
        raise ArgumentError(f"norm: ord={ord!r} of a vector has no rule; give a number but 0")
    magnitude = ops.absolute(x)
    if ord == 1:
        return ops.sum(magnitude, axis=axes, keepdims=keepdims)
    if math.isinf(ord):
        return (ops.max if ord > 0 else ops.min)(magnitude, axis=axes, keepdims=keepdims)
    with np.errstate(over="ignore", under="ignore"):
        total = ops.sum(magnitude**ord, axis=axes, keepdims=True)
    scale: Any = 1
    if ord < 0 or not in_range(plain(total)):
        largest = np.max(plain(magnitude), axis=axes, keepdims=True, initial=0)
        scale = np.where((largest > 0) & np.isfinite(largest), largest, 1).astype(largest.dtype)
        total = ops.sum((magnitude / scale) ** ord, axis=axes, keepdims=True)
    zero = plain(total) == 0
    out = (total + zero) ** (1 / ord) * ~zero * scale
    return out if keepdims else ops.squeeze(out, axes)


@op
def euclidean_norm(x: Array, axis=None, keepdims=False):
    """√Σx² over `axis`. The gradient x / ‖x‖ is taken to be 0 at x = 0."""
    kept = kept_shape(np.shape(x), axis)
    axes = numpy_axes(axis, np.ndim(x))
    reals = np.asarray(x, np.float64) if np.asarray(x).dtype.kind in "iub" else wide(x)
    out = as_came(root_of(lambda v: add_up(np.square(v), axes, keepdims), reals), x)
    zero = out == 0
    if is_small(out):
        return out, lambda g: g.reshape(kept) * (x / (out + zero).reshape(kept))
    return out, lambda g: x * divided(g, out, zero).reshape(kept)
