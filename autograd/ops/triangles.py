"""Triangles and diagonals of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ShapeError
from autograd.ops.plain_functions import plain

__all__ = ["diag", "diagonal", "embed_diagonal", "trace", "tril", "triu"]


@op
def tril(x: Array, k=0):
    """The lower triangle of the matrices in the last two axes, zeros above diagonal k."""
    _check_matrix("tril", x)
    return np.tril(x, k), lambda g: ops.tril(g, k)


@op
def triu(x: Array, k=0):
    """The upper triangle of the matrices in the last two axes, zeros below diagonal k."""
    _check_matrix("triu", x)
    return np.triu(x, k), lambda g: ops.triu(g, k)


def _check_matrix(name, x):
    if np.ndim(x) < 2:
        raise ShapeError(f"{name}: x must have two axes or more, got shape {np.shape(x)}")


@op
def diagonal(x: Array, offset=0, axis1=0, axis2=1):
    """The elements x[i, i + offset] over two axes, along a new last axis.

    >>> import autograd as ag
    >>> ag.diagonal(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    shape = np.shape(x)
    out = np.diagonal(x, offset, axis1, axis2)
    return out, lambda g: embed_diagonal(g, shape, offset, axis1, axis2)


@op
def embed_diagonal(x: Array, shape, offset=0, axis1=0, axis2=1):
    """Zeros of `shape` with x on a diagonal: the adjoint of `diagonal`."""
    out = np.zeros(shape, x.dtype)
    rows = np.arange(x.shape[-1]) + max(0, -offset)
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., rows, rows + offset] = x
    return out, lambda g: diagonal(g, offset, axis1, axis2)


def diag(x: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the square matrix that has a vector on it.

    >>> import autograd as ag
    >>> ag.diag(ag.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    shape = plain(x).shape
    if len(shape) == 1:
        side = shape[0] + abs(k)
        return embed_diagonal(x, (side, side), k)
    if len(shape) == 2:
        return diagonal(x, k)
    raise ShapeError(f"diag: x must be a vector or a matrix, got shape {shape}")


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Sum of the diagonal over two axes: Σ x[i, i + offset].

    >>> import autograd as ag
    >>> ag.trace(ag.eye(3)).item()
    3.0
    """
    return ops.sum(diagonal(x, offset, axis1, axis2), -1)
