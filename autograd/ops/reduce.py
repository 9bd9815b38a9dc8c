"""Reductions over axes."""

from __future__ import annotations

import math

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError
from autograd.kernels.sums import FEW, add_up
from autograd.ops.axes import kept_shape, numpy_axes, reduced_axes, reduced_count
from autograd.ops.scan import product_before

__all__ = [
    "logsumexp",
    "mean",
    "prod",
    "std",
    "sum",
    "var",
]


_PLAIN = (np.ndarray, np.generic)  # what is left of a gradient () that was divided is no array


def spread(g, kept, shape):
    """A gradient of a reduction, repeated along the reduced axes: a read-only view."""
    if isinstance(g, _PLAIN) and g.size == 1:  # a scalar loss; np.broadcast_to is far slower
        view = np.ndarray(shape, g.dtype, np.asarray(g), 0, (0,) * len(shape))
        view.flags.writeable = False
        return view
    return np.broadcast_to(g.reshape(kept), shape)


@op
def sum(x: Array, axis=None, keepdims=False):
    """Sum over `axis`: an integer, a tuple, or None for all axes.

    >>> import autograd as ag
    >>> ag.sum(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    tensor([3., 7.])
    """
    shape = np.shape(x)
    kept = kept_shape(shape, axis)
    return added(x, axis, keepdims), lambda g: spread(g, kept, shape)


def added(x, axis, keepdims=False):
    """Σ x over `axis`."""
    if type(x) is np.ndarray and x.ndim > 0 and x.size <= FEW and x.dtype is not _HALF:
        return np.add.reduce(x, axis=tuple(axis) if type(axis) is list else axis, keepdims=keepdims)
    return as_came(add_up(wide(x), numpy_axes(axis, np.ndim(x)), keepdims), x)


@op
def mean(x: Array, axis=None, keepdims=False):
    """Mean over `axis`: Σ x / n (all axes if None)."""
    shape = np.shape(x)
    kept = kept_shape(shape, axis)
    count = reduced_count(shape, axis)
    out = add_up(wide(x), numpy_axes(axis, len(shape)), keepdims) / count
    out = as_came(out, x)
    if count > _LARGEST_HALF and out.dtype == _HALF:  # which cannot hold so large a divisor
        return out, lambda g: spread(g * (1 / count), kept, shape)
    return out, lambda g: spread(g / (count or 1), kept, shape)


_HALF, _LARGEST_HALF = np.dtype(np.float16), 65504


def wide(x):
    """x as it is added up: float16 in float32, whose sums neither overflow nor stick."""
    return x.astype(np.float32) if type(x) is np.ndarray and x.dtype is _HALF else x


def as_came(out, x):
    """A result of `wide(x)` in the dtype of x."""
    return out.astype(_HALF) if type(x) is np.ndarray and x.dtype is _HALF else out


@op
def var(x: Array, axis=None, ddof=0, keepdims=False, correction=None):
    """Variance over `axis`: Σ (x − mean)² / (n − ddof).

    `ddof` is 0 as in NumPy (PyTorch's default is 1); `correction` is another name for it.

    >>> import autograd as ag
    >>> ag.var(ag.tensor([1.0, 3.0]), correction=1).item()
    2.0
    """
    kept = kept_shape(np.shape(x), axis)
    degrees = reduced_count(np.shape(x), axis) - _ddof("var", ddof, correction)
    factor = 2 / degrees if degrees > 0 else math.nan
    out = as_came(_variance(wide(x), axis, degrees, keepdims), x)
    return out, lambda g: g.reshape(kept) * factor * (x - mean(x, axis, True))


@op
def std(x: Array, axis=None, ddof=0, keepdims=False, correction=None):
    """Standard deviation over `axis`: the square root of `var`.

    The gradient (x − mean) / ((n − ddof) · std) is taken to be 0 where std is 0.
    """
    kept = kept_shape(np.shape(x), axis)
    degrees = reduced_count(np.shape(x), axis) - _ddof("std", ddof, correction)
    factor = 1 / degrees if degrees > 0 else math.nan
    out = as_came(root_of(lambda v: _variance(v, axis, degrees, keepdims), wide(x)), x)
    zero = out == 0
    if is_small(out):
        return (
            out,
            lambda g: (
                g.reshape(kept) * factor * ((x - mean(x, axis, True)) / (out + zero).reshape(kept))
            ),
        )
    return out, lambda g: divided(g, out, zero).reshape(kept) * factor * (x - mean(x, axis, True))


_WIDER = {np.dtype(np.float32): np.float64, np.dtype(np.float64): np.longdouble}


def _variance(x, axis, degrees, keepdims):
    """Σ (x − mean)² / degrees, in two passes."""
    axes, count = numpy_axes(axis, np.ndim(x)), reduced_count(np.shape(x), axis)
    if count <= FEW or degrees <= 0 or x.dtype != np.float32:
        return np.asarray(np.var(x, axis=axes, ddof=count - degrees, keepdims=keepdims))
    deviations = x - add_up(x, axes, True) / count
    np.multiply(deviations, deviations, out=deviations)
    return np.asarray(add_up(deviations, axes, keepdims) / degrees)


def root_of(squares, x):
    """√squares(x); of numbers whose squares leave the range of their dtype in a wider one."""
    with np.errstate(over="ignore", under="ignore"):
        out = np.asarray(np.sqrt(squares(x)))
    if out.size == 0 or out.dtype not in _WIDER:
        return out
    least, most = (out.item(),) * 2 if out.size == 1 else (out.min(), out.max())
    if _ROOTS[out.dtype] <= least and most < math.inf:
        return out
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.sqrt(squares(np.asarray(x, _WIDER[out.dtype])))).astype(out.dtype)


def is_small(roots):
    """Whether a gradient divided by one of these roots may overflow."""
    if roots.size == 0 or roots.dtype not in _ROOTS:
        return False
    return (roots.item() if roots.size == 1 else roots.min()) < _ROOTS[roots.dtype]


# Below, squares are no longer normal numbers of full precision.
_ROOTS = {np.dtype(np.float32): 3.2e-16, np.dtype(np.float64): 1e-146}


def _ddof(name, ddof, correction):
    """The divisor's correction, under either of its names."""
    if correction is None:
        return ddof
    if ddof:
        raise ArgumentError(f"{name}: ddof={ddof} and correction={correction} mean the same")
    return correction


def divided(g, out, zero):
    """g / out, and 0 where out is zero."""
    return g * ~zero / (out + zero)


@op
def prod(x: Array, axis=None, keepdims=False):
    """Product over `axis`.

    The gradient is the product of the other elements, computed without a division, so that zeros
    are right at every order.

    >>> import autograd as ag
    >>> x = ag.tensor([2.0, 0.0, 3.0], requires_grad=True)
    >>> ag.prod(x).backward()
    >>> x.grad
    tensor([0., 6., 0.])
    """
    axes = reduced_axes(axis, np.ndim(x))
    kept = kept_shape(np.shape(x), axis)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        out = np.asarray(np.prod(x, axis=numpy_axes(axis, np.ndim(x)), keepdims=keepdims))
    if out.dtype.kind == "f" and not in_range(out):
        out = _scaled_product(x, axes).reshape(out.shape).astype(out.dtype)
    return out, lambda g: g.reshape(kept) * _product_of_others(x, axes)


def in_range(x):
    """Whether all of x are normal numbers: nothing over- or underflowed."""
    size = np.absolute(x)
    return x.size == 0 or bool(
        np.finfo(x.dtype).smallest_normal <= size.min() and size.max() < math.inf
    )


def _scaled_product(x, axes):
    """The product over `axes` with exponents of any size: in whatever order, it is the same."""
    kept = tuple(i for i in range(np.ndim(x)) if i not in axes)
    rows = np.transpose(x, kept + axes).reshape((*(x.shape[i] for i in kept), -1))
    missing = (1 << (rows.shape[-1] - 1).bit_length()) - rows.shape[-1]
    ones = np.ones((*rows.shape[:-1], missing))
    factors, exponents = np.frexp(np.concatenate([rows, ones], axis=-1))
    exponents = exponents.astype(np.int64)
    while factors.shape[-1] > 1:
        with np.errstate(invalid="ignore"):
            factors, more = np.frexp(factors[..., ::2] * factors[..., 1::2])
        exponents = exponents[..., ::2] + exponents[..., 1::2] + more
    return np.ldexp(factors[..., 0], exponents[..., 0])


def _product_of_others(x, axes):
    """For each element the product of all others over `axes`."""
    order = tuple(i for i in range(x.ndim) if i not in axes) + axes
    moved = np.transpose(x, order)
    lead = tuple(x.shape[i] for i in order[: x.ndim - len(axes)])
    rows = moved.reshape(lead + (math.prod(x.shape[i] for i in axes),))
    if rows.size == 0:
        return x
    before = product_before(rows, -1)
    after = np.flip(product_before(np.flip(rows, -1), -1), -1)
    back = tuple(int(i) for i in np.argsort(order))
    return np.transpose((before * after).reshape(moved.shape), back)


@op
def logsumexp(x: Array, axis=None, keepdims=False):
    """log Σ exp(x) over `axis`, without overflow: m + log Σ exp(x − m), m = max x.

    The gradient is softmax(x); where all of x is −∞ it is taken to be 0, and at +∞ it is NaN.

    >>> import autograd as ag
    >>> ag.logsumexp(ag.tensor([1000.0, 1000.0])).item()
    1000.6931...
    """
    kept = kept_shape(np.shape(x), axis)
    values = wide(np.asarray(x) if np.asarray(x).dtype.kind == "f" else np.asarray(x, np.float64))
    m = np.max(values, axis=numpy_axes(axis, values.ndim), keepdims=True, initial=-math.inf)
    m = np.where(np.isinf(m), np.zeros_like(m), m)
    with np.errstate(divide="ignore", over="ignore"):
        total = add_up(np.exp(values - m), numpy_axes(axis, values.ndim), True)
        out = as_came(np.log(total) + m, x)
    axes = reduced_axes(axis, values.ndim)
    out = out if keepdims else np.squeeze(out, axes)
    along = axes[0] if len(axes) == 1 else axes
    if np.isfinite(out).all():
        return out, lambda g: g.reshape(kept) * ops.softmax(x, along)
    infinite = np.isinf(out).reshape(kept)  # where x has no softmax, this stands for it
    slope = np.where(np.isposinf(values), math.nan, 0.0).astype(values.dtype)
    return (
        out,
        lambda g: (
            g.reshape(kept)
            * np.where(infinite, slope, ops.softmax(np.where(infinite, 0.0, x), along))
        ),
    )
