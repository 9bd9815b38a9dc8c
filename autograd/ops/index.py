"""Indexing, and its adjoint: scattering."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.record import Array, op

__all__ = ["add_at", "getitem", "plain_key", "scatter"]


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
    if _is_basic(key):
        buffer[key] += value
    else:
        np.add.at(buffer, key, value)


def _is_basic(key: Any) -> bool:
    """Whether `key` selects by integers and slices only, so that no position repeats."""
    return all(
        part is None or part is Ellipsis or isinstance(part, int | np.integer | slice)
        for part in (key if type(key) is tuple else (key,))
    ) and not isinstance(key, bool)


def plain_key(key: Any) -> Any:
    """An index key with Tensors replaced by their arrays."""
    from autograd.tensors import Tensor

    if isinstance(key, Tensor):
        return key._data
    return type(key)(map(plain_key, key)) if type(key) in (tuple, list) else key
