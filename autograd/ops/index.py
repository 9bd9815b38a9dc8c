"""Indexing, and its adjoint: scattering."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.engine.sparse_gradient import SparseGradient
from autograd.engine.tensors import Tensor
from autograd.errors import IndexRangeError, ShapeError
from autograd.ops.axes import normal_axis, of_a_number
from autograd.ops.plain_functions import front, plain
from autograd.ops.positions import (
    all_below,
    from_front,
    index_key,
    is_basic,
    out_of_range,
    positions,
)
from autograd.support.arguments import one_of

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


def piece(g: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of `x[key]`, x of `shape`: a `SparseGradient`, or recorded as `scatter`."""
    return SparseGradient(key, g) if type(g) is np.ndarray else scatter(g, key, shape)


_MANY = 1024  # values to each position: of fewer the sums in float32 keep their digits


@op
def getitem(x: Array, key):
    """x[key]: basic, advanced and boolean indexing as in NumPy.

    Raises `IndexRangeError` for a position outside x, `IndexTypeError` for a key that is none.

    >>> import autograd as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    tensor([2., 0., 1.])
    """
    shape = x.shape
    if not is_basic(key):
        key = index_key("getitem", key)
    return x[key], lambda g: piece(g, key, shape)


@op
def scatter(x: Array, key, shape):
    """Zeros of `shape` with x added at `key`: the adjoint of `getitem`."""
    if not is_basic(key):
        key = index_key("scatter", key)
    out = np.zeros(shape, x.dtype)
    _add_at(out, key, x)
    return out, lambda g: g[key]


def add_at(buffer: np.ndarray, key: Any, value: Any) -> None:
    """buffer[key] += value, in place, repeated positions adding up."""
    _add_at(buffer, key if is_basic(key) else index_key("add_at", key), value)


def _add_at(buffer: np.ndarray, key: Any, value: Any) -> None:
    """`add_at` for a key that `index_key` has converted."""
    if is_basic(key) or _repeats_nothing(key):
        buffer[key] += value
        return
    rows = key[0] if type(key) is tuple and len(key) == 1 else key
    if type(rows) is np.ndarray and buffer.ndim and buffer.flags.c_contiguous:
        values = np.broadcast_to(value, rows.shape + buffer.shape[1:])
        places = from_front("scatter", "index", rows.reshape(-1), buffer.shape[0], 0)
        _add_along(buffer, 0, places, values)
    else:
        np.add.at(buffer, key, value)


def _repeats_nothing(key: Any) -> bool:
    """Whether a converted key has no array of positions, so that no position repeats."""
    return all(
        type(part) is not np.ndarray or part.dtype.kind == "b"
        for part in (key if type(key) is tuple else (key,))
    )


def _add_along(out: np.ndarray, axis: int, places: np.ndarray, values: np.ndarray) -> None:
    """Add each slice of `values` to the slice of `out` (C-contiguous) at its place on `axis`.

    The places are platform integers from 0 to the length of the axis, less one.
    """
    shape = out.shape
    length, inner = shape[axis], math.prod(shape[axis + 1 :])
    count, blocks = places.size, math.prod(shape[:axis])
    few = count < _MANY * length or out.dtype.itemsize == 8
    if few and blocks * inner >= 256 and (inner >= 16 or count <= 64):  # large slices: one by one
        target = out.reshape(blocks, length, inner)
        slices = values.reshape(blocks, count, inner)
        for i, place in enumerate(places.tolist()):
            target[:, place] += slices[:, i]
        return
    starts = np.arange(blocks) * (length * inner)
    flat = starts[:, None, None] + places[:, None] * inner + np.arange(inner)
    _add_flat(out, flat, values)


def plain_key(key: Any) -> Any:
    """A key to write at: Tensors replaced by their arrays, positions as platform integers."""
    return key if is_basic(key) else index_key("x[...] = value", _without_tensors(key))


def _without_tensors(key: Any) -> Any:
    if isinstance(key, Tensor):
        return key._data
    return type(key)(map(_without_tensors, key)) if type(key) in (tuple, list) else key


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
    length, axis = _length_along("take", shape, axis)
    if mode == "raise":
        places = positions("take", "indices", indices)
        from_front("take", "index", places, length, axis)
    else:
        places = _anywhere(indices, length, axis, mode)
    return np.take(x, places, axis), (lambda g: scatter_taken(g, places, axis, shape), None)


def _length_along(name, shape, axis):
    """How many elements an index along `axis` chooses from, and the axis from the front."""
    if axis is None:
        return math.prod(shape), None
    if of_a_number(axis, len(shape)):
        return 1, None
    axis = normal_axis(name, axis, shape)
    return shape[axis], axis


def _anywhere(indices, length, axis, mode):
    """Indices that may lie outside the axis as positions on it."""
    one_of("take", "mode", mode, ("raise", "wrap", "clip"))
    array = np.asarray(indices)
    if array.dtype == np.uint64:  # may be more than platform integers hold
        limit = np.uint64(length or 1)
        array = array % limit if mode == "wrap" else np.minimum(array, limit - np.uint64(1))
    places = positions("take", "indices", array)
    if places.size and not length:
        raise out_of_range("take", "index", places.flat[0], 0, 0, axis)
    return places % (length or 1) if mode == "wrap" else places.clip(0, max(length - 1, 0))


@op
def scatter_taken(x: Array, indices: Array, axis, shape):
    """Zeros of `shape` with x added where `take(…, indices, axis)` reads: its adjoint."""
    out = np.zeros(shape, x.dtype)
    length, axis = _length_along("scatter_taken", out.shape, axis)
    places = positions("scatter_taken", "indices", indices)
    counted = from_front("scatter_taken", "index", places, length, axis)
    if axis is None:
        _add_flat(out, counted, x)
    else:
        _add_along(out, axis, counted.reshape(-1), x)
    return out, (lambda g: take(g, places, axis), None)


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
    length, axis = _length_along("take_along_axis", shape, axis)
    places = positions("take_along_axis", "indices", indices)
    if axis is not None and places.ndim != len(shape):
        raise ShapeError(
            f"take_along_axis: indices of shape {places.shape} need as many axes as x, which "
            f"has shape {shape}"
        )
    from_front("take_along_axis", "index", places, length, axis)
    out = np.take_along_axis(x, places, axis) if shape else np.take(x, places)
    return out, (lambda g: scatter_along_axis(g, places, axis, shape), None)


@op
def scatter_along_axis(x: Array, indices: Array, axis, shape):
    """Zeros of `shape` with x added where `take_along_axis(…, indices, axis)` reads."""
    out = np.zeros(shape, x.dtype)
    length, axis = _length_along("scatter_along_axis", out.shape, axis)
    places = positions("scatter_along_axis", "indices", indices)
    flat = from_front("scatter_along_axis", "index", places, length, axis)
    if axis is not None:
        along, flat = flat, np.zeros((), np.intp)
        for i, n in enumerate(out.shape):
            step = along if i == axis else _upright(n, i, out.ndim)
            flat = flat + step * math.prod(out.shape[i + 1 :])
    _add_flat(out, flat, x)
    return out, (lambda g: take_along_axis(g, places, axis), None)


def _upright(length, axis, ndim):
    """0 … length − 1 along `axis` of `ndim` axes."""
    return np.arange(length).reshape((length,) + (1,) * (ndim - 1 - axis))


def _add_flat(out, positions, values):
    """Add `values` to the flattened `out`; NumPy has a fast loop for just this case.

    Where many go to each position the sums run in float64: one after the other in float32 they
    would lose their digits.
    """
    flat, places, added = out.reshape(-1), np.reshape(positions, -1), np.reshape(values, -1)
    if out.dtype.itemsize < 8 and added.size >= _MANY * flat.size and out.dtype.kind == "f":
        flat += np.bincount(places, added, flat.size).astype(out.dtype)
    else:
        np.add.at(flat, places, added)


@front
def scatter_add(x: Any, axis: int, index: Any, src: Any) -> Any:
    """x with `src` added along `axis` at `index`: out[index[i, j], j] += src[i, j] for axis 0.

    PyTorch's meaning: `index` has as many axes as x and src; it is no longer than `src` anywhere,
    nor than x but along `axis`, and repeated places add up. The result is new; x is not written
    to. (To add at a NumPy index use `x + ag.ops.scatter(src, key, x.shape)`.) Raises `ShapeError`
    or, for an index outside x, `IndexRangeError`.

    >>> import autograd as ag
    >>> ag.scatter_add(ag.zeros(3), 0, [0, 0, 2], ag.ones(3))
    tensor([2., 0., 1.])
    """
    shape, given = plain(x).shape, plain(src).shape
    places = positions("scatter_add", "index", plain(index))
    if of_a_number(axis, len(shape)) and places.ndim == len(given) == 0:
        from_front("scatter_add", "index", places, 1, 0)
        return ops.add(x, src)
    axis = normal_axis("scatter_add", axis, shape)
    if not len(shape) == places.ndim == len(given) or any(
        n > m or (i != axis and n > most)
        for i, (n, m, most) in enumerate(zip(places.shape, given, shape, strict=True))
    ):
        raise ShapeError(
            f"scatter_add: index of shape {places.shape} and src of shape {given} do not fit x of "
            f"shape {shape}: index must have its axes, be no longer than src, and no longer than "
            f"x but along axis {axis}"
        )
    places = from_front("scatter_add", "index", places, shape[axis], axis)
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
    places = positions("embedding", "indices", indices)
    if not all_below(places, shape[0]):
        wrong = places[(places < 0) | (places >= shape[0])].flat[0]
        raise IndexRangeError(
            f"embedding: index {wrong} is outside the table of {shape[0]} rows; 0 to "
            f"{shape[0] - 1} would fit"
        )
    if padding_idx is None:
        return weight[places], (None, lambda g: scatter_taken(g, places, 0, shape))
    if not -shape[0] <= padding_idx < shape[0]:
        raise IndexRangeError(
            f"embedding: padding_idx {padding_idx} is outside the table of {shape[0]} rows"
        )
    kept = (places != padding_idx % shape[0])[..., None]
    return weight[places], (None, lambda g: scatter_taken(g * kept, places, 0, shape))
