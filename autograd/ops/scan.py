"""Running sums and products along an axis."""

from __future__ import annotations

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ShapeError
from autograd.kernels.sums import FEW
from autograd.ops.axes import normal_axis

__all__ = ["cumprod", "cumsum", "linear_scan"]


@op
def cumsum(x: Array, axis=None):
    """Running sum along `axis` (of the flattened x if None): yₖ = x₀ + … + xₖ.

    >>> import autograd as ag
    >>> ag.cumsum(ag.tensor([1.0, 2.0, 3.0]))
    tensor([1., 3., 6.])
    """
    shape, along = np.shape(x), 0 if axis is None else axis
    out = _running(kernels.running_sums, np.cumsum, x, axis)
    return out, lambda g: np.flip(cumsum(np.flip(g, along), along), along).reshape(shape)


def _running(kernel, plain, x, axis):
    """`plain(x, axis)`, by a kernel where x is of floats."""
    if np.ndim(x) == 0 or x.dtype.kind != "f" or not (axis is None or type(axis) is int):
        return plain(x, axis)
    if x.dtype == np.float16:  # a sum of ones would stop at 2048
        return plain(x, axis, dtype=np.float32).astype(x.dtype)
    if x.dtype.itemsize > 8:
        return plain(x, axis)
    return kernel(x.reshape(-1), 0) if axis is None else kernel(x, axis)


@op
def cumprod(x: Array, axis=None):
    """Running product along `axis` (of the flattened x if None): yₖ = x₀ · … · xₖ.

    With R the scan Rₖ = gₖ + xₖ₊₁ Rₖ₊₁ from the end, the gradient is yₖ₋₁ Rₖ: no division, so that
    zeros are right at every order.
    """
    shape = np.shape(x)
    out = _running(kernels.running_products, np.cumprod, x, axis)
    if axis is None or not shape:  # a number has one element along any axis
        return out, lambda g: (
            _shifted(out, 0, 1) * linear_scan(g, x.reshape(-1), 0, True)
        ).reshape(shape)
    return out, lambda g: _shifted(out, axis, 1) * linear_scan(g, x, axis, True)


@op
def linear_scan(b: Array, a: Array, axis=-1, reverse=False):
    """The recurrence hₖ = bₖ + aₖ hₖ₋₁ along `axis`, from h₀ = b₀.

    `reverse`: hₖ = bₖ + aₖ₊₁ hₖ₊₁ from the end. a₀ is not used. Each direction is the adjoint of
    the other. `axis` is an axis of both, of one length; each aₖ broadcasts to bₖ. Raises
    `ShapeError` if it does not.

    >>> import autograd as ag
    >>> ag.linear_scan(ag.tensor([1.0, 1.0, 1.0]), ag.tensor([0.0, 2.0, 3.0]))
    tensor([ 1.,  3., 10.])
    """
    axis_a = normal_axis("linear_scan", axis, a.shape)
    axis_b = normal_axis("linear_scan", axis, b.shape)
    h = np.array(np.moveaxis(b, axis_b, 0), np.result_type(a, b), order="C")
    factors = np.ascontiguousarray(np.moveaxis(a, axis_a, 0))
    if len(factors) != len(h) or not _broadcasts(factors.shape[1:], h.shape[1:]):
        raise ShapeError(
            f"linear_scan: a of shape {a.shape} does not fit b of shape {b.shape}: along axis "
            f"{axis} they must have one length, and what is left of a must broadcast to that of b"
        )
    out = np.moveaxis(h, 0, axis_b)
    missing = b.ndim - a.ndim
    _recur(h, factors, reverse)
    if reverse:
        return out, (
            lambda g: linear_scan(g, a, axis, False),
            lambda g: _summed(
                _shifted(linear_scan(g, a, axis, False), axis_b, 0) * out, axis_b, missing, axis_a
            ),
        )
    return out, (
        lambda g: linear_scan(g, a, axis, True),
        lambda g: _summed(
            linear_scan(g, a, axis, True) * _shifted(out, axis_b, 0), axis_b, missing, axis_a
        ),
    )


def _recur(h, factors, reverse):
    """h[k] += factors[k] h[k − 1] in place, or h[k] += factors[k + 1] h[k + 1] from the end."""
    steps = range(len(h) - 2, -1, -1) if reverse else range(1, len(h))
    before = 1 if reverse else -1
    if len(h) <= FEW or h.dtype != np.float32:
        for k in steps:
            h[k] += factors[k + reverse] * h[k + before]
        return
    total = h[-1 if reverse else 0].astype(np.float64)
    for k in steps:  # what is passed on is not rounded at each step
        total = total * factors[k + reverse] + h[k]
        h[k] = total


def _broadcasts(shape, to):
    """Whether `shape` broadcasts to the shape `to`."""
    pairs = zip(reversed(shape), reversed(to), strict=False)
    return len(shape) <= len(to) and all(n in (1, m) for n, m in pairs)


def _summed(y, axis, missing, back):
    """y summed over the `missing` first of its axes but `axis`, which becomes the axis `back`."""
    if missing == 0:
        return y
    first = np.moveaxis(y, axis, 0)
    return np.moveaxis(np.sum(first, axis=tuple(range(1, 1 + missing))), 0, back)


def product_before(x, axis):
    """For each element the product of those before it along `axis`."""
    return _shifted(cumprod(x, axis), axis, 1)


def _shifted(y, axis, first):
    """y moved on by one along `axis`, with `first` in front; the last element falls off."""
    if y.shape[axis] == 0:
        return y
    axis %= y.ndim
    key = (slice(None),) * axis
    front = np.full(y[(*key, slice(0, 1))].shape, first, y.dtype)
    return ops.concatenate([front, y[(*key, slice(None, -1))]], axis)
