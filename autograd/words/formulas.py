"""NumPy formulas of ops whose bodies write into fresh arrays or take NumPy's fast ways.

Each function bears the name of its op and takes symbols or arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.ops import softmaxes
from autograd.ops.loss_inputs import reduced
from autograd.words.symbols import Symbol, plain


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.min(x, axis=axis, keepdims=keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.prod(x, axis=axis, keepdims=keepdims)


def place_class(x: Any, labels: Any, shape: Any) -> Any:
    axis = 1 if len(shape) > 1 else 0
    classes = np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - 1 - axis))
    each = x.reshape(softmaxes.column(labels)) if np.ndim(x) else x
    return np.where(classes == labels.reshape(softmaxes.column(labels)), each, 0)


# -- bodies made of other ops, in the place of those whose kernels write here and there -----------


def _label_cross_entropy(logits: Any, labels: Any, divisor: Any = None, masked: bool = True) -> Any:
    losses = (
        softmaxes.pick_class(softmaxes.log_softmax(logits, softmaxes.class_axis(logits)), labels)
        * -1.0
    )
    return reduced(losses, divisor), ()


def _label_cross_entropy_grad(g: Any, logits: Any, labels: Any, saved: Any) -> Any:
    each = np.where(labels < 0, 0, g)
    whole = softmaxes.softmax(logits, softmaxes.class_axis(logits))
    whole = whole * each.reshape(softmaxes.column(labels))
    return whole - softmaxes.place_class(each, labels, logits.shape), ()


BODIES: dict[str, Any] = {
    "label_cross_entropy": _label_cross_entropy,
    "label_cross_entropy_grad": _label_cross_entropy_grad,
}


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
