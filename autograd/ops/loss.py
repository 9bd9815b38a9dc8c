"""Losses between an input and a target of equal shape.

What would broadcast, such as (N, 1) against (N,), is a `ShapeError`. `reduction` is "mean", "sum"
or "none". Targets have gradients too; weights have none.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError, ShapeError
from autograd.ops import loss_inputs as inputs
from autograd.ops.bodies import as_floats, select
from autograd.ops.loss_inputs import reduced
from autograd.support.arguments import nonnegative, one_of, positive

__all__ = [
    "bce",
    "bce_with_logits",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "huber",
    "huber_loss",
    "kl_div",
    "l1",
    "l1_loss",
    "mse",
    "mse_loss",
    "smooth_l1_loss",
]

Loss = Any  # a Tensor, or an ndarray if no argument is a Tensor

_LOG_FLOOR = -100.0  # of log(0) in binary_cross_entropy, as in PyTorch
_VARIANCE_FLOOR = 1e-12  # of p (1 − p), which its derivative divides by


def _paired(name: str, input: Any, target: Any, reduction: str) -> tuple[Any, Any, inputs.Divisor]:
    """Input and target of equal shape, and what their losses' sum is divided by."""
    one_of(name, "reduction", reduction, inputs.REDUCTIONS)
    input, target = inputs.pair(name, input, target)
    return input, target, inputs.divisor_of(name, reduction, input.size)


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Loss:
    """Squared error (input − target)²; raises `ShapeError` unless the shapes are equal.

    >>> import autograd as ag
    >>> ag.mse_loss(ag.tensor([1.0, 2.0]), ag.tensor([0.0, 0.0]))
    tensor(2.5)
    """
    input, target, divisor = _paired("mse_loss", input, target, reduction)
    return squared_error(input, target, divisor)


@op
def squared_error(x: Array, t: Array, divisor=None):
    """Σ (x − t)² / divisor; the terms if that is None."""
    d = x - t
    return reduced(d * d, divisor), (
        lambda g: 2 * g / (divisor or 1) * (x - t),
        lambda g: 2 * g / (divisor or 1) * (t - x),
    )


def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Loss:
    """Absolute error |input − target|; its derivative is 0 where both are equal."""
    input, target, divisor = _paired("l1_loss", input, target, reduction)
    return absolute_error(input, target, divisor)


@op
def absolute_error(x: Array, t: Array, divisor=None):
    """Σ |x − t| / divisor; the terms if that is None."""
    return reduced(np.absolute(x - t), divisor), (
        lambda g: g / (divisor or 1) * np.sign(x - t),
        lambda g: g / (divisor or 1) * np.sign(t - x),
    )


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Loss:
    """d²/2 where |d| ≤ δ, δ (|d| − δ/2) beyond, for d = input − target.

    The derivative is d limited to [−δ, δ]. Raises `ArgumentError` unless δ > 0. From Huber,
    "Robust estimation of a location parameter" (1964).

    >>> import autograd as ag
    >>> ag.huber_loss(ag.tensor([0.5, 3.0]), ag.tensor([0.0, 0.0]), reduction="none")
    tensor([0.125, 2.5  ])
    """
    positive("huber_loss", "delta", delta)
    input, target, divisor = _paired("huber_loss", input, target, reduction)
    return huber_error(input, target, delta, divisor)


@op
def huber_error(x: Array, t: Array, delta, divisor=None):
    """Σ (d²/2 where |d| ≤ δ, δ (|d| − δ/2) beyond) / divisor, for d = x − t; the terms themselves
    if that is None."""
    size = np.absolute(x - t)
    near = np.minimum(size, delta)
    return reduced(near * (size - 0.5 * near), divisor), (
        lambda g: g / (divisor or 1) * np.clip(x - t, -delta, delta),
        lambda g: g / (divisor or 1) * np.clip(t - x, -delta, delta),
    )


def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Loss:
    """`huber_loss` with δ = β, divided by β: |d| − β/2 beyond β; `l1_loss` for β = 0."""
    nonnegative("smooth_l1_loss", "beta", beta)
    input, target, divisor = _paired("smooth_l1_loss", input, target, reduction)
    if beta == 0:
        return absolute_error(input, target, divisor)
    if beta == 1:
        return huber_error(input, target, beta, divisor)
    return inputs.reduced_later(huber_error(input, target, beta) / beta, divisor)


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean"
) -> Loss:
    """−t log p − (1 − t) log(1 − p) for probabilities p = `input`.

    Logarithms are not let below −100 and p (1 − p) in the derivative not below 1e-12, so that
    p = 0 and p = 1 give finite numbers. Raises `ArgumentError` for p outside [0, 1] (logits belong
    in `binary_cross_entropy_with_logits`). `weight` broadcasts to the shape of `input`.

    >>> import autograd as ag
    >>> round(ag.binary_cross_entropy(ag.tensor([0.5, 0.5]), [0, 1]).item(), 6)
    0.693147
    """
    name = "binary_cross_entropy"
    input, target, divisor = _paired(name, input, target, reduction)
    if weight is None:
        return probability_loss(input, target, divisor)
    weight = inputs.factor(name, "weight", weight, input)
    return inputs.reduced_later(probability_loss(input, target) * weight, divisor)


@op
def probability_loss(p: Array, t: Array, divisor=None):
    """Σ (−t log p − (1 − t) log(1 − p)) / divisor, the logarithms at least −100; the terms
    if that is None."""
    if not (np.min(p, initial=0) >= 0 and np.max(p, initial=1) <= 1):  # so written for NaN
        position = tuple(int(i) for i in np.argwhere(~((p >= 0) & (p <= 1)))[0])
        raise ArgumentError(
            f"binary_cross_entropy: input must be probabilities in [0, 1], got {p[position]} at "
            f"{position}; logits belong in binary_cross_entropy_with_logits"
        )
    return reduced(-(t * _log(p) + (1.0 - t) * _log_rest(p)), divisor), (
        lambda g: g / (divisor or 1) * (p - t) / np.maximum(p * (1 - p), _VARIANCE_FLOOR),
        lambda g: g / (divisor or 1) * (_log_rest(p) - _log(p)),
    )


def _log(p):
    """max(log p, −100)."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), _LOG_FLOOR)


def _log_rest(p):
    """max(log(1 − p), −100)."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log1p(-p), _LOG_FLOOR)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Loss:
    """−w t log σ(x) − (1 − t) log(1 − σ(x)) for logits x = `input`, without overflow.

    `pos_weight` w (1 if None) and `weight`, a factor for the whole, broadcast to the shape of
    `input`. Infinite logits give the limits: 0 where they agree with a target of 0 or 1.

    >>> import autograd as ag
    >>> ag.binary_cross_entropy_with_logits(ag.tensor([0.0, 1000.0]), [1, 1], reduction="sum")
    tensor(0.6931472)
    """
    name = "binary_cross_entropy_with_logits"
    input, target, divisor = _paired(name, input, target, reduction)
    pos_weight = inputs.factor(name, "pos_weight", pos_weight, input)
    if weight is None:
        return logit_loss(input, target, pos_weight, divisor)
    weight = inputs.factor(name, "weight", weight, input)
    return inputs.reduced_later(logit_loss(input, target, pos_weight) * weight, divisor)


@op
def logit_loss(x: Array, t: Array, pos_weight: Array | None, divisor=None):
    """Σ (w t softplus(−x) + (1 − t) softplus(x)) / divisor; the terms if that is None."""
    if pos_weight is None:
        losses = kernels.logit_loss(*_alike(x, t))
        return reduced(losses, divisor), (
            lambda g: g / (divisor or 1) * (ops.sigmoid(x) - t),
            lambda g: -g / (divisor or 1) * x,
            None,
        )
    # softplus(±x) = max(±x, 0) + log(1 + exp(−|x|)): one transcendental function, nothing cancels
    size, no, yes = np.absolute(x), 1.0 - t, pos_weight * t
    share = select(np.less(x, 0), yes, no)
    losses = (yes + no) * _softplus(-size)
    if not math.isfinite(np.maximum.reduce(size, axis=None, initial=0)):
        size = np.where(share == 0, 0, size)  # what counts nothing adds nothing
    losses += size * share
    return reduced(losses, divisor), (
        lambda g: (
            g / (divisor or 1) * (ops.sigmoid(x) * (1.0 - t + pos_weight * t) - pos_weight * t)
        ),
        lambda g: g / (divisor or 1) * (pos_weight * ops.softplus(-x) - ops.softplus(x)),
        None,
    )


def _alike(x, t):
    """Both as floats of one dtype, as kernels take them."""
    if type(x) is type(t) is np.ndarray and x.dtype is t.dtype:
        return as_floats(x), as_floats(t)
    dtype = as_floats(np.zeros((), np.result_type(x, t))).dtype
    return np.asarray(x, dtype), np.asarray(t, dtype)


def _softplus(x):
    return kernels.softplus(as_floats(x))


def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Loss:
    """t (log t − input): the divergence of the distribution t from that with log-probability input.

    `input` holds log-probabilities, `target` probabilities (log-probabilities if `log_target`);
    0 log 0 = 0 and 0 · −∞ = 0. `reduction` may be "batchmean": the sum divided by the length of
    axis 0, which is the divergence itself; "mean" divides by the number of elements.

    >>> import autograd as ag
    >>> p = ag.tensor([[0.5, 0.5]])
    >>> round(ag.kl_div(ag.log(p), [[1.0, 0.0]], reduction="batchmean").item(), 6)
    0.693147
    """
    one_of("kl_div", "reduction", reduction, (*inputs.REDUCTIONS, "batchmean"))
    input, target = inputs.pair("kl_div", input, target)
    if log_target:
        losses = share_of(ops.exp(target), ops.subtract(target, input))
    else:
        losses = ops.subtract(x_log_x(target), share_of(target, input))
    if reduction == "batchmean" and input.ndim == 0:
        raise ShapeError("kl_div: reduction='batchmean' needs a batch axis, got ()")
    count = len(input) if reduction == "batchmean" and input.size else input.size
    return inputs.reduced_later(losses, inputs.divisor_of("kl_div", reduction, count))


@op
def x_log_x(x: Array):
    """x log x, which is 0 at 0; the derivative there is taken as 0."""
    empty = np.equal(x, 0)
    out = x * np.log(np.where(empty, 1, x))
    return out, lambda g: np.where(empty, 0, g * (np.log(np.where(empty, 1, x)) + 1))


@op
def share_of(p: Array, x: Array):
    """p x; 0 where p is 0, though x be −∞: what is impossible adds nothing to an expectation."""
    empty = np.isneginf(x) & np.equal(p, 0) if _has_infinity(x) else None
    out = p * x if empty is None else p * np.where(empty, 0, x)
    return out, (lambda g: g * x, lambda g: g * p)


def _has_infinity(x):
    return not np.minimum.reduce(x, axis=None, initial=0) > -np.inf  # so written for NaN


mse, l1, huber = mse_loss, l1_loss, huber_loss
bce, bce_with_logits = binary_cross_entropy, binary_cross_entropy_with_logits
