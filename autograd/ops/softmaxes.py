"""Softmax, its logarithm, and the cross entropy of class labels with it."""

from __future__ import annotations

from math import prod

import numpy as np

from autograd import kernels
from autograd.engine.op_definition import Array, op
from autograd.ops.axes import reduced_axes
from autograd.ops.bodies import as_floats
from autograd.ops.loss_inputs import reduced

__all__ = ["log_softmax", "softmax"]


def _rows(x, axis):
    """x as a matrix whose rows run along `axis`, an integer or several."""
    x = as_floats(x)
    if x.ndim == 2 and axis in (1, -1) and x.size:
        return x
    axes = reduced_axes(axis, x.ndim)
    order = _rest(axes, x.ndim) + axes
    size = prod([x.shape[i] for i in axes])
    return x.transpose(order).reshape(-1, size) if x.size else x.reshape(0, 1)


def _rest(axes, ndim):
    """The axes that are not among `axes`."""
    return tuple([i for i in range(ndim) if i not in axes])


def _unrows(rows, shape, axis):
    """The inverse of `_rows`, for an array of `shape`."""
    if axis in (-1, len(shape) - 1):
        return rows.reshape(shape)
    axes = reduced_axes(axis, len(shape))
    order = _rest(axes, len(shape)) + axes
    moved = rows.reshape([shape[i] for i in order])
    return moved.transpose(sorted(range(len(shape)), key=order.__getitem__))


def _along(kernel, axis, *arrays):
    """kernel on the rows along `axis`, in the arrays' own shape."""
    shape = arrays[0].shape
    return _unrows(kernel(*(_rows(x, axis) for x in arrays)), shape, axis)


@op
def softmax(x: Array, axis=-1):
    """eˣ / Σ eˣ along `axis`, an integer or several, without overflow.

    A row that holds +∞, or −∞ only, has no softmax: NaN.

    >>> import autograd as ag
    >>> ag.softmax(ag.tensor([0.0, 0.0, 1000.0]))
    tensor([0., 0., 1.])
    """
    out = _along(kernels.softmax, axis, x)
    return out, lambda g: softmax_grad(g, out, axis)


@op
def softmax_grad(g: Array, y: Array, axis=-1):
    """y (g − Σ g y) for y = softmax(x)."""
    return _along(kernels.softmax_grad, axis, g, y), (
        lambda v: softmax_grad(v, y, axis),
        lambda v: (
            v * (g - np.sum(g * y, axis=axis, keepdims=True))
            - g * np.sum(v * y, axis=axis, keepdims=True)
        ),
    )


@op
def log_softmax(x: Array, axis=-1):
    """x − log Σ eˣ along `axis`, an integer or several, without overflow; NaN as `softmax`."""
    out = _along(kernels.log_softmax, axis, x)
    return out, lambda g: log_softmax_grad(g, out, axis)


@op
def log_softmax_grad(g: Array, y: Array, axis=-1):
    """g − eʸ Σ g for y = log_softmax(x)."""
    return _along(kernels.log_softmax_grad, axis, g, y), (
        lambda v: v - np.sum(v * np.exp(y), axis=axis, keepdims=True),
        # less eʸ Σ v eʸ, which y = log_softmax(x) maps to 0: so nothing large is left to cancel
        lambda v: softmax_grad(v, np.exp(y), axis) * -np.sum(g, axis=axis, keepdims=True),
    )


# Class labels: the classes lie along axis 1 of logits (N, C, d1, ...), or along the only axis of
# (C,); a label of -1 stands for "no loss here", and `masked` says that there may be any. Callers
# have checked labels and shapes.


def class_axis(x):
    return 1 if x.ndim > 1 else 0


def column(labels):
    """The shape of the labels with a class axis of length 1."""
    return labels.shape[:1] + (1,) + labels.shape[1:]


@op
def label_cross_entropy(logits: Array, labels: Array, divisor=None, masked=True):
    """Σ −log softmax(logits)[label] / divisor over the labels (N, d1, ...), 0 for the label −1;
    the terms if that is None. As aux what its gradient starts from.
    """
    rows = _rows(logits, class_axis(logits))
    losses, aux = kernels.cross_entropy(rows, labels.reshape(-1), masked)
    closures = (
        lambda g: label_cross_entropy_grad(g / (divisor or 1), logits, labels, aux),
        None,
    )
    return reduced(losses.reshape(labels.shape), divisor), closures, aux


@op
def label_cross_entropy_grad(g: Array, logits: Array, labels: Array, saved: Array):
    """g (softmax(logits) − onehot(labels)), g in the shape of the labels or a single number.

    `saved` is the aux of `label_cross_entropy`; it follows from the logits, whose rule accounts for
    it.
    """
    axis = class_axis(logits)
    kept_shape = column(labels)
    each = g.reshape(-1) if isinstance(g, np.ndarray) and g.ndim else g
    out = kernels.cross_entropy_grad(each, _rows(logits, axis), labels.reshape(-1), saved)

    def grad_g(v):
        # ⟨v, softmax⟩ − v[label]
        mean = np.sum(v * softmax(logits, axis), axis=axis)
        return np.where(labels < 0, 0, mean) - pick_class(v, labels)

    def grad_logits(v):
        kept = np.where(labels < 0, 0, g).reshape(kept_shape)
        return softmax_grad(v * kept, softmax(logits, axis), axis)

    return _unrows(out, logits.shape, axis), (grad_g, grad_logits, None, None)


@op
def pick_class(x: Array, labels: Array):
    """x[i, label, ...] for each label (N, d1, ...); 0 for the label −1."""
    shape = x.shape
    return _picked(x, labels), (lambda g: place_class(g, labels, shape), None)


@op
def place_class(x: Array, labels: Array, shape):
    """Zeros of `shape` with x put at the labels: the adjoint of `pick_class`."""
    out = np.zeros(shape, np.result_type(x))
    axis = class_axis(out)
    values = np.where(labels < 0, 0, x).reshape(column(labels))
    np.put_along_axis(out, labels.reshape(column(labels)), values, axis)
    return out, (lambda g: pick_class(g, labels), None)


@op
def label_loss(x: Array, labels: Array, divisor=None):
    """Σ −x[i, label, ...] / divisor over the labels (N, d1, ...), 0 for the label −1; the terms
    if that is None.
    """
    shape = x.shape
    return reduced(_picked(x, labels) * -1.0, divisor), (
        lambda g: place_class(-g / (divisor or 1), labels, shape),
        None,
    )


def _picked(x, labels):
    """x[i, label, ...] for each label, 0 for the label −1."""
    axis = class_axis(x)
    picked = np.take_along_axis(x, labels.reshape(column(labels)), axis).squeeze(axis)
    return np.where(labels < 0, 0, picked)
