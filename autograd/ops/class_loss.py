"""Losses of class labels: cross entropy, negative log-likelihood, multiclass margin.

The classes lie along axis 1 of (N, C, d1, ...), or along the only axis of (C,). `reduction` is
"mean", "sum" or "none". Class weights get no gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.late_bound import ops
from autograd.errors import ShapeError
from autograd.ops import loss_inputs as inputs
from autograd.ops.loss import share_of
from autograd.ops.plain_functions import plain
from autograd.ops.softmaxes import column, label_cross_entropy, label_loss, pick_class
from autograd.support.arguments import fraction, one_of, require_constant

__all__ = ["cross_entropy", "multi_margin_loss", "nll_loss"]

Loss = Any  # a Tensor, or an ndarray if no argument is a Tensor


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Loss:
    """−log softmax(input) of the right class.

    `input`: logits (N, C), (N, C, d1, ...), or (C,) unbatched. `target`: integer labels of shape
    (N,), (N, d1, ...) or (), or float class probabilities in the shape of `input`. `weight` (C,):
    a factor for each class; the mean over labels divides by the sum of their weights, the mean
    over probabilities by the number of samples. Labels equal to `ignore_index` do not count.
    `label_smoothing` ε mixes the target with the uniform distribution: (1 − ε) t + ε / C.

    Raises `IndexRangeError` naming the first label outside [0, C), `ShapeError`, and
    `ArgumentError` for a mean over nothing.

    >>> import autograd as ag
    >>> logits = ag.tensor([[0.0, 0.0], [0.0, 3.0]])
    >>> ag.cross_entropy(logits, [0, 1], reduction="none").data.round(4)
    array([0.6931, 0.0486], dtype=float32)
    """
    name = "cross_entropy"
    one_of(name, "reduction", reduction, inputs.REDUCTIONS)
    label_smoothing = fraction(name, "label_smoothing", label_smoothing)
    input, target = inputs.scores_and_target(name, input, target)
    inputs.check_classes(name, input)
    weight = inputs.class_weight(name, weight, input)
    if plain(target).dtype.kind == "f":
        losses = _probability_cross_entropy(name, input, target, weight, label_smoothing)
        return inputs.reduced_later(losses, inputs.divisor_of(name, reduction, losses.size))
    labels, any_ignored = inputs.labels_of(name, input, target, ignore_index)
    weights, total = _label_weights(labels, any_ignored, weight)
    divisor = inputs.divisor_of(name, reduction, total)
    if label_smoothing == 0:
        if weights is None:
            return label_cross_entropy(input, labels, divisor, any_ignored)[0]
        losses, _ = label_cross_entropy(input, labels, None, any_ignored)
        return inputs.reduced_later(losses * weights, divisor)
    log_p = ops.log_softmax(input, inputs.class_axis(input))
    sharp = _weighted(-pick_class(log_p, labels), weights)
    spread = -_weighted_sum(log_p, weight)
    if any_ignored:
        spread = ops.where(labels < 0, 0, spread)
    share = label_smoothing / inputs.class_count(input)
    return inputs.reduced_later(sharp * (1 - label_smoothing) + spread * share, divisor)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Loss:
    """−input of the right class, for log-probabilities (`log_softmax`); see `cross_entropy`."""
    name = "nll_loss"
    one_of(name, "reduction", reduction, inputs.REDUCTIONS)
    input, target = inputs.scores_and_target(name, input, target)
    inputs.check_classes(name, input)
    weight = inputs.class_weight(name, weight, input)
    labels, any_ignored = inputs.labels_of(name, input, target, ignore_index)
    weights, total = _label_weights(labels, any_ignored, weight)
    divisor = inputs.divisor_of(name, reduction, total)
    if weights is None:
        return label_loss(input, labels, divisor)
    return inputs.reduced_later(label_loss(input, labels) * weights, divisor)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
    *,
    divide_by_classes: bool = True,
) -> Loss:
    """Σ over j ≠ y of w[y] · max(0, margin − x[y] + x[j])ᵖ, divided by the number of classes.

    `input` (N, C) or (C,), `target` (N,) or (). p is 1 or 2. `divide_by_classes=False` leaves the
    sum over the classes as it is: the multiclass SVM loss as it is usually taught. At the kink
    the derivative is 0.

    >>> import autograd as ag
    >>> scores = ag.tensor([[3.2, 5.1, -1.7]])
    >>> ag.multi_margin_loss(scores, [0], divide_by_classes=False)
    tensor(2.8999999)
    """
    name = "multi_margin_loss"
    one_of(name, "reduction", reduction, inputs.REDUCTIONS)
    require_constant(name, "p", p)
    one_of(name, "p", p, (1, 2))
    input, target = inputs.scores_and_target(name, input, target)
    if input.ndim not in (1, 2):
        raise ShapeError(f"{name}: input must be (N, C) or (C,), got {input.shape}")
    weight = inputs.class_weight(name, weight, input)
    labels, _ = inputs.labels_of(name, input, target, None)
    column_shape = column(labels)
    margins = ops.relu(input - ops.reshape(pick_class(input, labels), column_shape) + margin)
    others = np.arange(inputs.class_count(input)) != labels.reshape(column_shape)
    margins = ops.where(others, margins, 0)
    losses = ops.sum(margins if p == 1 else ops.square(margins), axis=-1)
    if weight is not None:
        losses = losses * weight[labels]
    if divide_by_classes:
        losses = losses / inputs.class_count(input)
    return inputs.reduced_later(losses, inputs.divisor_of(name, reduction, losses.size))


def _probability_cross_entropy(
    name: str, input: Any, target: Any, weight: np.ndarray | None, label_smoothing: float
) -> Loss:
    """−Σ t log softmax(input), class by class weighted."""
    if target.shape != input.shape:
        hint = ""
        if target.shape == inputs.label_shape(input):
            hint = "; labels must be integers"
        raise ShapeError(
            f"{name}: target probabilities must have the shape of input, {input.shape}, "
            f"got {target.shape}{hint}",
        )
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / inputs.class_count(input)
    log_p = ops.log_softmax(input, inputs.class_axis(input))
    return -_weighted_sum(share_of(target, log_p), weight)


def _weighted_sum(x: Any, weight: np.ndarray | None) -> Any:
    """The sum over the classes, each with its weight."""
    if weight is not None:
        x = share_of(weight.reshape((-1,) + (1,) * (x.ndim - 2)), x)
    return ops.sum(x, axis=inputs.class_axis(x))


def _weighted(losses: Any, weights: np.ndarray | None) -> Any:
    return losses if weights is None else losses * weights


def _label_weights(
    labels: np.ndarray, any_ignored: bool, weight: np.ndarray | None
) -> tuple[np.ndarray | None, float]:
    """A factor for each label (None: all 1) and what a mean divides by."""
    if weight is not None:
        weights = np.where(labels < 0, 0, weight[labels])
        return weights, float(weights.sum())
    # the loss of an ignored label is 0 already
    return None, int(np.count_nonzero(labels >= 0)) if any_ignored else labels.size
