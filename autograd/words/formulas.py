"""NumPy formulas of ops whose bodies call compiled kernels or write into fresh arrays.

Each function bears the name of its op and takes symbols or arrays. Those that stand for a kernel
agree with it within rounding (`APPROXIMATE`), the others bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.words.symbols import Symbol, plain

#: Ops whose kernel rounds otherwise than the formula here.
APPROXIMATE = {
    "cumprod",
    "cumsum",
    "elu",
    "elu_grad",
    "label_cross_entropy",
    "label_cross_entropy_grad",
    "log_softmax",
    "log_softmax_grad",
    "logit_loss",
    "sigmoid",
    "sigmoid_grad",
    "silu",
    "silu_grad",
    "softmax",
    "softmax_grad",
    "softplus",
    "softplus_grad",
    "tanh",
    "tanh_grad",
}


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    axes: Any = tuple(axis) if type(axis) is list else axis
    return np.add.reduce(x, axis=axes, keepdims=keepdims)  # type: ignore[call-overload]


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = sum(x, axis, keepdims)
    return total / (x.size // total.size if total.size else 1)


def copy(x: Any) -> Any:
    return np.array(x, order="C")


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    features, inputs = weight.shape
    product = np.matmul(x.reshape(-1, inputs) if x.ndim != 2 else x, weight.T)
    product = product if bias is None else product + bias
    return product if x.ndim == 2 else product.reshape((*x.shape[:-1], features))


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.min(x, axis=axis, keepdims=keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.prod(x, axis=axis, keepdims=keepdims)


def cumsum(x: Any, axis: Any = None) -> Any:
    return np.cumsum(x, axis=axis)


def cumprod(x: Any, axis: Any = None) -> Any:
    return np.cumprod(x, axis=axis)


def stack_arrays(*arrays: Any, axis: int = 0) -> Any:
    return np.stack(arrays, axis=axis)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(g: Any, y: Any) -> Any:
    return g * y * (1 - y)


def tanh(x: Any) -> Any:
    return np.tanh(x)


def tanh_grad(g: Any, y: Any) -> Any:
    return g * (1 - y * y)


def relu(x: Any, at_zero: float = 0.0) -> Any:
    return np.maximum(x, 0)


def relu_grad(g: Any, x: Any, at_zero: float = 0.0) -> Any:
    if at_zero == 0:
        return np.where(x > 0, g, 0)
    return np.where(x > 0, g, np.where(x == 0, g * at_zero, 0))


def elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_grad(g: Any, x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, g, g * alpha * np.exp(np.minimum(x, 0)))


def silu(x: Any) -> Any:
    return x / (1 + np.exp(-x))


def silu_grad(g: Any, x: Any) -> Any:
    s = 1 / (1 + np.exp(-x))
    return g * (s + x * s * (1 - s))


def softplus(x: Any, beta: float = 1.0, threshold: float | None = None) -> Any:
    exact = np.logaddexp(x * beta, 0) / beta
    return exact if threshold is None else np.where(x * beta > threshold, x, exact)


def softplus_grad(g: Any, x: Any, beta: float = 1.0) -> Any:
    return g / (1 + np.exp(-(x * beta)))


def logit_loss(x: Any, t: Any, pos_weight: Any = None, divisor: Any = None) -> Any:
    if pos_weight is None:
        losses = softplus(x) - x * t
    else:
        losses = pos_weight * t * softplus(-x) + (1 - t) * softplus(x)
    return losses if divisor is None else sum(losses) / divisor


def softmax(x: Any, axis: int = -1) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def softmax_grad(g: Any, y: Any, axis: int = -1) -> Any:
    return y * (g - np.sum(g * y, axis=axis, keepdims=True))


def log_softmax(x: Any, axis: int = -1) -> Any:
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def log_softmax_grad(g: Any, y: Any, axis: int = -1) -> Any:
    return g - np.exp(y) * np.sum(g, axis=axis, keepdims=True)


# Class labels lie along axis 1, or the only axis; a label of -1 stands for "no loss here".


def label_cross_entropy(logits: Any, labels: Any, divisor: Any = None, masked: bool = True) -> Any:
    axis, column = _class_axis(logits), _column(labels)
    picked = np.take_along_axis(
        log_softmax(logits, axis), np.maximum(labels, 0).reshape(column), axis
    )
    losses = np.where(labels < 0, 0, -picked.reshape(labels.shape))
    return losses if divisor is None else sum(losses) / divisor


def label_cross_entropy_grad(g: Any, logits: Any, labels: Any, saved: Any) -> Any:
    column = _column(labels)
    one_hot = _classes(logits.shape) == labels.reshape(column)
    kept = np.where(labels < 0, 0, g).reshape(column)
    return kept * (softmax(logits, _class_axis(logits)) - one_hot)


def place_class(x: Any, labels: Any, shape: Any) -> Any:
    column = _column(labels)
    each = x.reshape(column) if np.ndim(x) else x
    return np.where(_classes(shape) == labels.reshape(column), each, 0)


def _class_axis(x: Any) -> int:
    return 1 if x.ndim > 1 else 0


def _column(labels: Any) -> tuple[int, ...]:
    return labels.shape[:1] + (1,) + labels.shape[1:]


def _classes(shape: Any) -> np.ndarray:
    axis = 1 if len(shape) > 1 else 0
    return np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - 1 - axis))


# -- adjoints of indexing: helpers of these names go into the emitted file -----------------------


def scatter(x: Any, key: Any, shape: Any) -> Any:
    return _helped("scattered", x, key, shape)


def scatter_taken(x: Any, indices: Any, axis: Any, shape: Any) -> Any:
    places = plain(indices)
    if axis is None:
        return _helped("scattered_flat", x, indices, shape)
    key = (slice(None),) * (axis % len(shape)) + (np.asarray(places),)
    return _helped("scattered", x, key, shape)


def scatter_along_axis(x: Any, indices: Any, axis: Any, shape: Any) -> Any:
    if axis is None:
        return _helped("scattered_flat", x, indices, shape)
    return _helped("scattered_along", x, indices, axis, shape)


def embed_diagonal(x: Any, shape: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return _helped("on_diagonal", x, shape, offset, axis1, axis2)


def _scattered(g: Any, key: Any, shape: Any, out: Any = None) -> Any:
    out = np.zeros(shape, g.dtype) if out is None else np.array(out, order="C")
    np.add.at(out, key, g)
    return out


def _scattered_flat(g: Any, places: Any, shape: Any) -> Any:
    out = np.zeros(shape, g.dtype)
    np.add.at(out.reshape(-1), np.reshape(places, -1), np.reshape(g, -1))
    return out


def _scattered_along(g: Any, places: Any, axis: int, shape: Any) -> Any:
    out = np.zeros(shape, g.dtype)
    key = [np.arange(n).reshape((n,) + (1,) * (out.ndim - 1 - i)) for i, n in enumerate(shape)]
    key[axis] = places
    np.add.at(out, tuple(key), g)
    return out


def _on_diagonal(g: Any, shape: Any, offset: int, axis1: int, axis2: int) -> Any:
    out = np.zeros(shape, g.dtype)
    rows = np.arange(g.shape[-1]) + (-offset if offset < 0 else 0)
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., rows, rows + offset] = g
    return out


#: What an emitted file may need: name -> the function whose text goes into it.
HELPERS: dict[str, Any] = {
    "scattered": _scattered,
    "scattered_flat": _scattered_flat,
    "scattered_along": _scattered_along,
    "on_diagonal": _on_diagonal,
}


def _helped(name: str, x: Symbol, *args: Any) -> Symbol:
    value = HELPERS[name](*plain((x, *args)))
    return x.made(f"{name}({', '.join([x.text, *(x.shown(arg) for arg in args)])})", value)
