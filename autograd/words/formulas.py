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
    "log_softmax",
    "log_softmax_grad",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_grad",
    "tanh",
    "tanh_grad",
}


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    axes: Any = tuple(axis) if type(axis) is list else axis
    return np.add.reduce(x, axis=axes, keepdims=keepdims)  # type: ignore[call-overload]


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
    key: list[Any] = list(np.indices(np.broadcast_shapes(g.shape, np.shape(places)), sparse=True))
    key[axis] = places
    np.add.at(out, tuple(key), g)
    return out


#: What an emitted file may need: name -> the function whose text goes into it.
HELPERS: dict[str, Any] = {
    "scattered": _scattered,
    "scattered_flat": _scattered_flat,
    "scattered_along": _scattered_along,
}


def _helped(name: str, x: Symbol, *args: Any) -> Symbol:
    value = HELPERS[name](*plain((x, *args)))
    return x.made(f"{name}({', '.join([x.text, *(x.shown(arg) for arg in args)])})", value)
