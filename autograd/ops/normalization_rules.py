"""Normalisation: mean 0 and variance 1 per channel (batch norm) or per row (layer norm).

With the mean μ and the biased variance of what is normalised together, s = 1/√(var + ε) and
x̂ = s (x − μ), the gradient of ⟨h, x̂⟩ is F(h) = s (h − mean(h) − x̂ mean(h x̂)). F is linear and
its own adjoint, so the gradient op is used in its own closure; only its derivative by x is a
formula of its own (`_curvature`).

The statistics μ and s are the `aux` of the forward op, and the gradient ops take them as an
argument; they follow from x, whose rules account for that. The sums Σ g x̂ and Σ g, which are the
gradients of weight and bias, fall off where the gradient of x is computed.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ShapeError
from autograd.ops.conv import channel_sums
from autograd.ops.conv_geometry import shape_of
from autograd.ops.pool_geometry import require_float

__all__ = [
    "normalize_by",
    "normalize_channels",
    "normalize_channels_input_grad",
    "normalize_channels_weight_grad",
    "normalize_rows",
    "normalize_rows_input_grad",
    "normalize_rows_weight_grad",
]


# -- per channel -------------------------------------------------------------------------------


@op
def normalize_channels(x: Array, weight: Array | None = None, bias: Array | None = None, eps=1e-5):
    """x̂ · weight + bias with statistics per channel, over the batch and all later axes.

    x (N, C, ...), weight and bias (C,) or None -> (N, C, ...), and (mean, biased variance,
    1/√(variance + eps)), each (C,). What `batch_norm` does in training.
    """
    columns = _columns("normalize_channels", x)
    if x.size == 0:
        raise ShapeError(f"normalize_channels: no values to take statistics of, x is {x.shape}")
    require_channels("normalize_channels", columns.shape[1], weight=weight, bias=bias)
    out, *statistics = kernels.batch_norm(columns, _like(weight, x), _like(bias, x), eps)
    aux = tuple(statistics)
    closures = (
        lambda g: normalize_channels_input_grad(g, x, weight, eps, aux),
        lambda g: normalize_channels_weight_grad(g, x, eps, aux),
        lambda g: _channel_sums(g),
    )
    return out.reshape(x.shape), closures, aux


@op
def normalize_channels_input_grad(
    g: Array, x: Array, weight: Array | None = None, eps=1e-5, statistics=None
):
    """Gradient of ⟨g, normalize_channels(x, weight)⟩ by x: F(g · weight), (N, C, ...).

    And (Σ g x̂, Σ g), each (C,). `statistics`: the aux of `normalize_channels`, if it is known.
    """
    columns = _columns("normalize_channels_input_grad", x)
    mean, _, inv_std = statistics or _channel_statistics(columns, eps)
    out, *sums = kernels.batch_norm_grads(
        _like(g, x).reshape(columns.shape), columns, mean, inv_std, _like(weight, x)
    )
    axes = _all_but_channels(x)
    channels = _channel_shape(x)
    closures = (
        lambda u: normalize_channels_input_grad(u, x, weight, eps, statistics)[0],
        lambda u: _curvature(
            u, g if weight is None else g * weight.reshape(channels), x, axes, eps
        ),
        lambda u: _channel_sums(g * normalize_channels_input_grad(u, x, None, eps, statistics)[0]),
    )
    return out.reshape(x.shape), closures, tuple(sums)


@op
def normalize_channels_weight_grad(g: Array, x: Array, eps=1e-5, statistics=None):
    """Gradient of ⟨g, normalize_channels(x, weight)⟩ by weight: Σ g x̂ per channel, (C,).

    And Σ g, (C,). `statistics`: the aux of `normalize_channels`, if it is known.
    """
    columns = _columns("normalize_channels_weight_grad", x)
    mean, _, inv_std = statistics or _channel_statistics(columns, eps)
    products, sums = kernels.batch_norm_sums(
        _like(g, x).reshape(columns.shape), columns, mean, inv_std
    )
    channels = _channel_shape(x)
    closures = (
        lambda u: normalize_channels(x, None, None, eps)[0] * u.reshape(channels),
        lambda u: normalize_channels_input_grad(g, x, u, eps, statistics)[0],
    )
    return products, closures, sums


@op
def normalize_by(x: Array, weight: Array | None, bias: Array | None, mean, var, eps=1e-5):
    """(x − mean) / √(var + ε) · weight + bias with given statistics, per channel.

    x (N, C, ...), all else (C,) -> (N, C, ...). `mean` and `var` are constants: this is what
    `batch_norm` does in evaluation.
    """
    columns = _columns("normalize_by", x)
    channels = columns.shape[1]
    require_channels("normalize_by", channels, weight=weight, bias=bias, mean=mean, var=var)
    center = _like(mean, x)
    inv_std = 1 / np.sqrt(_like(var, x) + eps)
    out = kernels.batch_norm_apply(
        columns, center, inv_std, _like(weight, x), _like(bias, x)
    ).reshape(x.shape)
    shape = _channel_shape(x)
    center, inv_std = center.reshape(shape), inv_std.reshape(shape)
    return out, (
        lambda g: g * (inv_std if weight is None else inv_std * weight.reshape(shape)),
        lambda g: _channel_sums(g * ((x - center) * inv_std)),
        lambda g: _channel_sums(g),
    )


# -- per row -----------------------------------------------------------------------------------


@op
def normalize_rows(
    x: Array, weight: Array | None = None, bias: Array | None = None, row_ndim=1, eps=1e-5
):
    """x̂ · weight + bias with statistics over the last `row_ndim` axes.

    x (..., *row), weight and bias (*row) or None -> (..., *row), and (mean, 1/√(variance + eps)),
    each (rows,). What `layer_norm` does.
    """
    rows = _rows("normalize_rows", x, row_ndim)
    flat = rows.shape[1]
    out, *statistics = kernels.layer_norm(rows, _like(weight, x, flat), _like(bias, x, flat), eps)
    aux = tuple(statistics)
    closures = (
        lambda g: normalize_rows_input_grad(g, x, weight, row_ndim, eps, aux),
        lambda g: normalize_rows_weight_grad(g, x, row_ndim, eps, aux),
        lambda g: _row_sums(g, row_ndim),
    )
    return out.reshape(x.shape), closures, aux


@op
def normalize_rows_input_grad(
    g: Array, x: Array, weight: Array | None = None, row_ndim=1, eps=1e-5, statistics=None
):
    """Gradient of ⟨g, normalize_rows(x, weight)⟩ by x: F(g · weight), (..., *row).

    And (Σ g x̂, Σ g), each (*row). `statistics`: the aux of `normalize_rows`, if it is known.
    """
    rows = _rows("normalize_rows_input_grad", x, row_ndim)
    mean, inv_std = statistics or _row_statistics(rows, eps)
    out, products, sums = kernels.layer_norm_grads(
        _like(g, x).reshape(rows.shape), rows, mean, inv_std, _like(weight, x, rows.shape[1])
    )
    axes = tuple(range(-row_ndim, 0))
    row = x.shape[-row_ndim:]
    closures = (
        lambda u: _times(
            normalize_rows_input_grad(u, x, None, row_ndim, eps, statistics)[0], weight
        ),
        lambda u: _curvature(u, _times(g, weight), x, axes, eps),
        lambda u: _row_sums(
            g * normalize_rows_input_grad(u, x, None, row_ndim, eps, statistics)[0], row_ndim
        ),
    )
    return out.reshape(x.shape), closures, (products.reshape(row), sums.reshape(row))


@op
def normalize_rows_weight_grad(g: Array, x: Array, row_ndim=1, eps=1e-5, statistics=None):
    """Gradient of ⟨g, normalize_rows(x, weight)⟩ by weight: Σ g x̂ over the rows, (*row).

    And Σ g, (*row). `statistics`: the aux of `normalize_rows`, if it is known.
    """
    rows = _rows("normalize_rows_weight_grad", x, row_ndim)
    mean, inv_std = statistics or _row_statistics(rows, eps)
    products, sums = kernels.layer_norm_sums(_like(g, x).reshape(rows.shape), rows, mean, inv_std)
    row = x.shape[-row_ndim:]
    closures = (
        lambda u: normalize_rows(x, u, None, row_ndim, eps)[0],
        lambda u: normalize_rows_input_grad(g, x, u, row_ndim, eps, statistics)[0],
    )
    return products.reshape(row), closures, sums.reshape(row)


# -- pieces --------------------------------------------------------------------------------------


def require_channels(name: str, channels: int, **arrays: Any) -> None:
    for argument, array in arrays.items():
        if array is not None and shape_of(array) != (channels,):
            raise ShapeError(
                f"{name}: x has {channels} channels, so {argument} must have shape ({channels},), "
                f"got {shape_of(array)}"
            )


def _curvature(u: Any, h: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """Gradient of ⟨u, F(h)⟩ by x, from ops that have every further derivative.

    −s² (x̂ (mean(u h) − ū h̄ − 3 B C) + C (u − ū) + B (h − h̄)), B = mean(u x̂), C = mean(h x̂).
    """

    def mean(a: Any) -> Any:
        return ops.mean(a, axis=axes, keepdims=True)

    centered = x - mean(x)
    inv_var = 1 / (mean(centered * centered) + eps)
    normed = centered * np.sqrt(inv_var)
    u_c, h_c = u - mean(u), h - mean(h)
    b, c = mean(u * normed), mean(h * normed)
    return -inv_var * (normed * (mean(u_c * h_c) - 3 * b * c) + c * u_c + b * h_c)


def _times(a: Any, weight: Any) -> Any:
    return a if weight is None else a * weight


def _all_but_channels(x: Any) -> tuple[int, ...]:
    return tuple(i for i in range(x.ndim) if i != 1)


def _channel_shape(x: Any) -> tuple[int, ...]:
    return (-1,) + (1,) * (x.ndim - 2)


def _channel_sums(g: Any) -> Any:
    """Sums of g (N, C, ...) over all but the channels: the gradient of a bias."""
    return channel_sums(g, g.ndim - 2)


def _row_sums(g: Any, row_ndim: int) -> Any:
    """Sums of g (..., *row) over the rows: the gradient of a bias.

    Not as a product with ones, though that is twice as fast: BLAS's threads go on spinning for a
    while and would keep the kernels' helpers off the cores.
    """
    return ops.sum(g, axis=tuple(range(g.ndim - row_ndim)))


def _columns(name: str, x: np.ndarray) -> np.ndarray:
    """x (N, C, ...) as (N, C, L)."""
    require_float(name, x)
    if x.ndim < 2 or x.shape[1] == 0:
        raise ShapeError(f"{name}: x must be (N, C) or (N, C, ...) with C > 0, got {x.shape}")
    return x.reshape(x.shape[0], x.shape[1], prod(x.shape[2:]))


def _rows(name: str, x: np.ndarray, row_ndim: int) -> np.ndarray:
    """x (..., *row) as (M, D)."""
    require_float(name, x)
    if 0 in x.shape[-row_ndim:]:
        raise ShapeError(f"{name}: no values to take statistics of, x is {x.shape}")
    return x.reshape(prod(x.shape[:-row_ndim]), prod(x.shape[-row_ndim:]))


def _like(array: Any, x: np.ndarray, size: int | None = None) -> Any:
    """An array in the dtype of x, flat if a size is given; None stays None."""
    if array is None:
        return None
    same = np.asarray(array).astype(x.dtype, copy=False)
    return same if size is None else same.reshape(size)


def _channel_statistics(columns: np.ndarray, eps: float) -> tuple[np.ndarray, ...]:
    return kernels.batch_norm(columns, None, None, eps)[1:]


def _row_statistics(rows: np.ndarray, eps: float) -> tuple[np.ndarray, ...]:
    return kernels.layer_norm(rows, None, None, eps)[1:]
