"""Indexing, and its adjoint: scattering."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import ops
from autograd.errors import DTypeError, IndexRangeError, ShapeError
from autograd.ops.fronts import front, normal_axis, plain
from autograd.record import Array, op

__all__ = [
    "add_at",
    "embedding",
    "getitem",
    "plain_key",
    "scatter",
    "scatter_add",
    "scatter_along_axis",
    "scatter_taken",
    "take",
    "take_along_axis",
]


class Piece:
    """A gradient that is zero but for `x[key]`: replay adds it into one buffer for all pieces."""

    __slots__ = ("key", "value")

    def __init__(self, key: Any, value: np.ndarray):
        self.key, self.value = key, value


def piece(g: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of `x[key]` for an x of `shape`: a `Piece`, or recorded as `scatter`."""
    return Piece(key, g) if type(g) is np.ndarray else scatter(g, key, shape)


@op
def getitem(x: Array, key):
    """x[key]: basic, advanced and boolean indexing as in NumPy.

    >>> import autograd as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    tensor([2., 0., 1.])
    """
    shape = x.shape
    return x[key], lambda g: piece(g, key, shape)


@op
def scatter(x: Array, key, shape):
    """Zeros of `shape` with x added at `key`: the adjoint of `getitem`."""
    out = np.zeros(shape, x.dtype)
    add_at(out, key, x)
    return out, lambda g: g[key]


def add_at(buffer: np.ndarray, key: Any, value: Any) -> None:
    """buffer[key] += value, in place, repeated positions adding up."""
    if _repeats_nothing(key):
        buffer[key] += value
        return
    first = key[0] if type(key) is tuple and len(key) == 1 else key
    rows = first if type(first) is tuple else np.asarray(first)
    if type(rows) is np.ndarray and rows.dtype.kind in "iu" and buffer.flags.c_contiguous:
        _add_along(buffer, 0, rows.reshape(-1), np.broadcast_to(value, buffer[rows].shape))
    else:
        np.add.at(buffer, key, value)


def _repeats_nothing(key: Any) -> bool:
    """Whether `key` selects by integers, slices and masks only, so that no position repeats."""
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, int | np.integer | np.bool | slice)
        or (type(part) is np.ndarray and part.dtype.kind == "b")
        for part in (key if type(key) is tuple else (key,))
    )


def _add_along(out: np.ndarray, axis: int, indices: np.ndarray, values: np.ndarray) -> None:
    """Add each slice of `values` to the slice of `out` (C-contiguous) at its index on `axis`."""
    shape = out.shape
    length, inner = shape[axis], math.prod(shape[axis + 1 :])
    count, blocks = indices.size, math.prod(shape[:axis])
    places = indices % (length or 1)
    if blocks * inner >= 256 and (inner >= 16 or count <= 64):  # few large slices: one by one
        target = out.reshape(blocks, length, inner)
        slices = values.reshape(blocks, count, inner)
        for i, place in enumerate(places.tolist()):
            target[:, place] += slices[:, i]
        return
    starts = np.arange(blocks) * (length * inner)
    positions = starts[:, None, None] + places[:, None] * inner + np.arange(inner)
    _add_flat(out, positions, values)


def plain_key(key: Any) -> Any:
    """An index key with Tensors replaced by their arrays."""
    from autograd.tensors import Tensor

    if isinstance(key, Tensor):
        return key._data
    return type(key)(map(plain_key, key)) if type(key) in (tuple, list) else key


@op
def take(x: Array, indices: Array, axis=None, mode="raise"):
    """x at `indices` along `axis` (of the flattened x if None): x[:, indices] for axis 1.

    `mode`: indices out of range raise `IndexRangeError` ("raise"), come round again ("wrap"), or
    mean the nearest element ("clip").

    >>> import autograd as ag
    >>> ag.take(ag.tensor([1.0, 2.0, 3.0]), [2, 0])
    tensor([3., 1.])
    """
    shape = np.shape(x)
    out = np.take(x, indices, axis, mode=mode)
    if mode == "raise":
        return out, (lambda g: scatter_taken(g, indices, axis, shape), None)
    length = np.size(x) if axis is None else shape[axis]
    places = np.asarray(indices) % length if mode == "wrap" else np.clip(indices, 0, length - 1)
    return out, (lambda g: scatter_taken(g, places, axis, shape), None)


@op
def scatter_taken(x: Array, indices: Array, axis, shape):
    """Zeros of `shape` with x added where `take(…, indices, axis)` reads: its adjoint."""
    out = np.zeros(shape, x.dtype)
    if axis is None:
        _add_flat(out, indices, x)
    else:
        places = np.reshape(indices, -1)
        _check_range("scatter_taken", places, -shape[axis], shape[axis], f"axis {axis} of {shape}")
        _add_along(out, axis % len(shape), places, x)
    return out, (lambda g: take(g, indices, axis), None)


@op
def take_along_axis(x: Array, indices: Array, axis=-1):
    """x at `indices` along `axis`, position by position: out[i, j] = x[i, indices[i, j]].

    The other axes broadcast; with axis None the flattened x is read. What `argsort` and `argmax`
    return fits as `indices`.

    >>> import autograd as ag
    >>> x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> ag.take_along_axis(x, [[1], [0]], axis=1)
    tensor([[2.],
            [3.]])
    """
    shape = x.shape
    if axis is not None and np.ndim(indices) != len(shape):
        raise ShapeError(
            f"take_along_axis: indices of shape {np.shape(indices)} need as many axes as x, which "
            f"has shape {shape}"
        )
    out = np.take_along_axis(x, indices, axis)
    return out, (lambda g: scatter_along_axis(g, indices, axis, shape), None)


@op
def scatter_along_axis(x: Array, indices: Array, axis, shape):
    """Zeros of `shape` with x added where `take_along_axis(…, indices, axis)` reads."""
    out = np.zeros(shape, x.dtype)
    if axis is None:
        _add_flat(out, indices, x)
    else:
        axis %= len(shape)
        _check_range("scatter_along_axis", indices, -shape[axis], shape[axis], f"axis of {shape}")
        positions = np.zeros((), np.intp)
        for i, length in enumerate(shape):
            along = indices % (length or 1) if i == axis else _upright(length, i, len(shape))
            positions = positions + along * math.prod(shape[i + 1 :])
        _add_flat(out, positions, x)
    return out, (lambda g: take_along_axis(g, indices, axis), None)


def _upright(length, axis, ndim):
    """0 … length − 1 along `axis` of `ndim` axes."""
    return np.arange(length).reshape((length,) + (1,) * (ndim - 1 - axis))


def _add_flat(out, positions, values):
    """Add `values` to the flattened `out`; NumPy has a fast loop for just this case."""
    np.add.at(out.reshape(-1), np.reshape(positions, -1), np.reshape(values, -1))


@front
def scatter_add(x: Any, axis: int, index: Any, src: Any) -> Any:
    """x with `src` added along `axis` at `index`: out[index[i, j], j] += src[i, j] for axis 0.

    PyTorch's meaning: `index` has as many axes as x and src; it is no longer than `src` anywhere,
    nor than x but along `axis`, and repeated places add up. The result is new; x is not written
    to. (To add at a NumPy index use `x + ag.scatter(src, key, x.shape)`.) Raises `ShapeError`
    or, for an index outside x, `IndexRangeError`.

    >>> import autograd as ag
    >>> ag.scatter_add(ag.zeros(3), 0, [0, 0, 2], ag.ones(3))
    tensor([2., 0., 1.])
    """
    shape, places, given = plain(x).shape, plain(index), plain(src).shape
    axis = normal_axis(axis, len(shape), "scatter_add", shape)
    _check_integer("scatter_add", "index", places)
    if not len(shape) == places.ndim == len(given) or any(
        n > m or (i != axis and n > most)
        for i, (n, m, most) in enumerate(zip(places.shape, given, shape, strict=True))
    ):
        raise ShapeError(
            f"scatter_add: index of shape {places.shape} and src of shape {given} do not fit x of "
            f"shape {shape}: index must have its axes, be no longer than src, and no longer than "
            f"x but along axis {axis}"
        )
    _check_range("scatter_add", places, -shape[axis], shape[axis], f"axis {axis} of x")
    if given != places.shape:
        src = getitem(src, tuple(slice(0, n) for n in places.shape))
    grown = places.shape[:axis] + (shape[axis],) + places.shape[axis + 1 :]
    added = scatter_along_axis(src, places, axis, grown)
    if grown != shape:
        added = ops.pad(added, [(0, n - m) for n, m in zip(shape, grown, strict=True)])
    return ops.add(x, added)


@op
def embedding(indices: Array, weight: Array, padding_idx=None):
    """The rows of `weight` at `indices`: (…) integers and (num, dim) give (…, dim).

    The row `padding_idx` gets no gradient. Raises `IndexRangeError`, naming value and table size,
    for an index outside 0 … num − 1.

    >>> import autograd as ag
    >>> ag.embedding([1, 0], ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    shape = weight.shape
    if len(shape) != 2:
        raise ShapeError(f"embedding: weight must have two axes (num, dim), got shape {shape}")
    places = np.asarray(indices)
    _check_integer("embedding", "indices", places)
    _check_range("embedding", places, 0, shape[0], f"the table of {shape[0]} rows")
    if padding_idx is None:
        return weight[indices], (None, lambda g: scatter_taken(g, places, 0, shape))
    if not -shape[0] <= padding_idx < shape[0]:
        raise IndexRangeError(
            f"embedding: padding_idx {padding_idx} is outside the table of {shape[0]} rows"
        )
    kept = (places != padding_idx % shape[0])[..., None]
    return weight[indices], (None, lambda g: scatter_taken(g * kept, places, 0, shape))


def _check_integer(name, argument, indices):
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"{name}: {argument} must be integers, got {indices.dtype}")


def _check_range(name, indices, low, high, what):
    if indices.size and (indices.min() < low or indices.max() >= high):
        wrong = indices[(indices < low) | (indices >= high)].flat[0]
        raise IndexRangeError(
            f"{name}: index {wrong} is outside {what}; {low} to {high - 1} would fit"
        )
