"""Running sums and products along an axis."""

from __future__ import annotations

import numpy as np

from autograd import ops
from autograd.record import Array, op

__all__ = ["cumprod", "cumsum", "linear_scan"]


@op
def cumsum(x: Array, axis=None):
    """Running sum along `axis` (of the flattened x if None): yₖ = x₀ + … + xₖ.

    >>> import autograd as ag
    >>> ag.cumsum(ag.tensor([1.0, 2.0, 3.0]))
    tensor([1., 3., 6.])
    """
    shape, along = np.shape(x), 0 if axis is None else axis
    out = np.cumsum(x, axis=axis)
    return out, lambda g: np.flip(cumsum(np.flip(g, along), along), along).reshape(shape)


@op
def cumprod(x: Array, axis=None):
    """Running product along `axis` (of the flattened x if None): yₖ = x₀ · … · xₖ.

    With R the scan Rₖ = gₖ + xₖ₊₁ Rₖ₊₁ from the end, the gradient is yₖ₋₁ Rₖ: no division, so that
    zeros are right at every order.
    """
    shape = np.shape(x)
    out = np.cumprod(x, axis=axis)
    if axis is None:
        return out, lambda g: (
            _shifted(out, 0, 1) * linear_scan(g, x.reshape(-1), 0, True)
        ).reshape(shape)
    return out, lambda g: _shifted(out, axis, 1) * linear_scan(g, x, axis, True)


@op
def linear_scan(b: Array, a: Array, axis=-1, reverse=False):
    """The recurrence hₖ = bₖ + aₖ hₖ₋₁ along `axis`, from h₀ = b₀.

    `reverse`: hₖ = bₖ + aₖ₊₁ hₖ₊₁ from the end. a₀ is not used. Each direction is the adjoint of
    the other.

    >>> import autograd as ag
    >>> ag.linear_scan(ag.tensor([1.0, 1.0, 1.0]), ag.tensor([0.0, 2.0, 3.0]))
    tensor([ 1.,  3., 10.])
    """
    h = np.array(np.moveaxis(b, axis, 0), np.result_type(a, b), order="C")
    factors = np.ascontiguousarray(np.moveaxis(a, axis, 0))
    out = np.moveaxis(h, 0, axis)
    if reverse:
        for k in range(len(h) - 2, -1, -1):
            h[k] += factors[k + 1] * h[k + 1]
        return out, (
            lambda g: linear_scan(g, a, axis, False),
            lambda g: _shifted(linear_scan(g, a, axis, False), axis, 0) * out,
        )
    for k in range(1, len(h)):
        h[k] += factors[k] * h[k - 1]
    return out, (
        lambda g: linear_scan(g, a, axis, True),
        lambda g: linear_scan(g, a, axis, True) * _shifted(out, axis, 0),
    )


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
