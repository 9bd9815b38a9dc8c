"""Sums of many numbers, in one pass over memory, at most 1e-6 off in float32.

NumPy adds pairwise along the axis that is contiguous in memory, and one after the other along all
others: of 20 million rows that loses everything but the first digit. Here rows are added up in
blocks of 32, the sums of those in blocks of 8, and the sums of those in float64. Short rows are
added side by side, so that each addition is one of long vectors. Arrays of other dtypes, and sums
of a few hundred numbers, are left to NumPy.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

Array = np.ndarray

FEW = 512  # so many numbers are added up one after the other, and little is lost
_BLOCKS = (32, 8)
_MANY, _BLOCK = 4096, 64  # up to here there are no more than 64 blocks of 64
LONG = 16384  # products of matrices that sum over more are taken in parts
_WIDTH = 1024  # numbers that are added at once: they and their sums stay in the first-level cache
_LONG_LINE = 512  # einsum adds up so many in a dozen lanes, and little is lost
_FLOAT16, _FLOAT32 = np.dtype(np.float16), np.dtype(np.float32)
_reduce: Any = np.add.reduce


def add_up(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Σ x over `axis`, as `np.add.reduce`."""
    if type(x) is not np.ndarray or x.size <= FEW or x.dtype is not _FLOAT32:
        if getattr(x, "dtype", None) is _FLOAT16:  # a sum of ones would stop at 2048
            return _reduce(x, axis=axis, dtype=_FLOAT32, keepdims=keepdims).astype(_FLOAT16)
        return _reduce(x, axis=axis, keepdims=keepdims)
    shape, flags = x.shape, x.flags
    if (axis is None and flags.forc) or (
        type(axis) is int and -x.ndim <= axis < x.ndim and shape[axis] <= FEW
    ):
        return _reduce(x, axis=axis, keepdims=keepdims)
    axes = _axes(axis, x.ndim)
    count, last = len(axes), shape[len(axes) :]
    if prod([shape[i] for i in axes]) <= FEW or (
        flags.c_contiguous and axes == tuple(range(x.ndim - count, x.ndim))
    ):
        return _reduce(x, axis=axis, keepdims=keepdims)
    if flags.c_contiguous and axes[-1] == count - 1:  # the first axes
        out = _along(x.reshape(-1, prod(last)), 0).reshape(last)
    else:
        out = _in_memory_order(x, axes)
    if keepdims:
        out = out.reshape([1 if i in axes else n for i, n in enumerate(shape)])
    return out


def row_sums(x: Array) -> Array:
    """Σ over the rows of x (M, D): (D,). `add_up(x, 0)`, sooner."""
    if x.shape[0] <= FEW or x.dtype is not _FLOAT32:
        return np.add.reduce(x, axis=0) if x.dtype is not _FLOAT16 else add_up(x, 0)
    return _along(x, 0) if x.flags.c_contiguous else add_up(x, 0)


def channel_sums(g: Array) -> Array:
    """Sums of g (N, K, ...) over all but the channels, (K,).

    `einsum` goes through memory in order: two to six times as fast as `sum` over the same axes.
    """
    n, channels = g.shape[:2]
    length = prod(g.shape[2:])
    if not g.flags.c_contiguous or g.size == 0:
        return add_up(g, (0, *range(2, g.ndim)))
    if g.dtype is not _FLOAT32 or length * n <= FEW:
        return np.einsum("nka->k", g.reshape(n, channels, length))
    lines = g.reshape(n, channels, length)
    if n == 1:
        return np.add.reduce(lines[0], axis=1)  # pairwise
    if length > _LONG_LINE:
        whole = length - length % _LONG_LINE
        parts = np.einsum("nkab->nka", lines[:, :, :whole].reshape(n, channels, -1, _LONG_LINE))
        planes = np.add.reduce(parts, axis=2) + np.einsum("nka->nk", lines[:, :, whole:])
    else:
        planes = np.einsum("nka->nk", lines)
    return row_sums(planes)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is tuple and len(axis) == 1:
        axis = axis[0]
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    return tuple(sorted(np.lib.array_utils.normalize_axis_tuple(axis, ndim)))


def _in_memory_order(x: Array, axes: tuple[int, ...]) -> Array:
    """The sum over `axes`, the axis with the longest stride taken as the first."""
    order = sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
    x = x.transpose(order)
    summed = [i in axes for i in order]
    kept = [i for i in order if i not in axes]
    shape = [n for n, gone in zip(x.shape, summed, strict=True) if not gone]
    if x.flags.c_contiguous:  # neighbours are one axis
        lengths: list[int] = []
        kinds: list[bool] = []
        for n, gone in zip(x.shape, summed, strict=True):
            if kinds and kinds[-1] == gone:
                lengths[-1] *= n
            else:
                lengths.append(n)
                kinds.append(gone)
        x, summed = x.reshape(lengths), kinds
    for i in reversed(range(len(summed))):
        if summed[i]:
            x = np.add.reduce(x, axis=i) if i == x.ndim - 1 else _along(x, i)
    return x.reshape(shape).transpose(sorted(range(len(kept)), key=kept.__getitem__))


def _along(x: Array, axis: int) -> Array:
    """The sum over an axis that is not the last."""
    if x.shape[axis] <= _MANY:
        x = _block_sums(x, axis, _BLOCK)
        return np.add.reduce(x, axis=axis, dtype=np.float64).astype(x.dtype)
    for block in _BLOCKS:
        if x.shape[axis] > block:
            x = _block_sums(x, axis, block)
    return np.add.reduce(x, axis=axis, dtype=np.float64).astype(x.dtype)


def _block_sums(x: Array, axis: int, block: int) -> Array:
    """x with every `block` of its slices along `axis` added up, in whatever order."""
    if axis == 0 and x.ndim == 2 and x.shape[1] > _WIDTH // 2 and not x.shape[0] % block:
        return np.add.reduce(x.reshape(-1, block, x.shape[1]), axis=1)  # the same, sooner
    lead, left, rest = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    inner = prod(rest)
    side_by_side = max(1, _WIDTH // max(inner, 1)) if x.flags.c_contiguous else 1
    before = (slice(None),) * axis
    parts = []
    while left >= block:
        beside = min(side_by_side, left // block)
        many = left // (block * beside)
        used = many * block * beside
        row = rest if beside == 1 else (beside * inner,)
        taken = x[(*before, slice(used))].reshape((*lead, many, block, *row))
        sums = np.add.reduce(taken, axis=axis + 1)
        parts.append(sums.reshape((*lead, many * beside, *rest)))
        x = x[(*before, slice(used, None))]
        left -= used
    if left:
        parts.append(np.add.reduce(x, axis=axis, keepdims=True))
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=axis)


def long_matmul(a: Any, b: Any) -> Any:
    """a @ b, of float32 in parts along the axis that is summed, which are added up as above.

    BLAS adds to the result in float32 as it goes, and in products with a vector number by number:
    after two million rows these are a hundredth off.
    """
    if b.ndim == 1:
        return long_matmul(a, b[:, None])[..., 0]
    if a.ndim == 1:
        return long_matmul(a[None], b)[..., 0, :]
    length, (rows, columns) = a.shape[-1], (a.shape[-2], b.shape[-1])
    if length <= LONG or a.dtype is not _FLOAT32 or b.dtype is not _FLOAT32:
        return np.matmul(a, b)
    # BLAS has many sums side by side in a product of two vectors, and blocks in one of matrices
    block = 128 if 1 < rows * columns <= 256 else 4096
    whole = length - length % block
    left = a[..., :whole].reshape((*a.shape[:-1], -1, block)).swapaxes(-2, -3)
    right = b[..., :whole, :].reshape((*b.shape[:-2], -1, block, columns))
    parts = np.matmul(left, right)
    total = np.add.reduce(parts, axis=-3, dtype=np.float64)
    return (total + np.matmul(a[..., whole:], b[..., whole:, :])).astype(_FLOAT32)
