"""Products and factorisations of matrices.

The rules of inverse, solve, determinant and Cholesky are those of M. Giles, "Collected matrix
derivative results for forward and reverse mode algorithmic differentiation" (2008), and for the
Cholesky factor I. Murray, "Differentiation of the Cholesky decomposition" (2016).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autograd import kernels
from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError, ShapeError
from autograd.kernels.sums import LONG, long_matmul
from autograd.ops.plain_functions import plain

__all__ = [
    "cholesky",
    "det",
    "dot",
    "inner",
    "inv",
    "linear",
    "log_abs_det",
    "matmul",
    "outer",
    "slogdet",
    "solve",
    "tensordot",
]


@op
def matmul(a: Array, b: Array):
    """Matrix product a @ b: (…, n, k) and (…, k, m) give (…, n, m).

    A vector on the left is one row, on the right one column, which the result then lacks. Leading
    axes broadcast. Raises `ShapeError` if the inner lengths differ.

    >>> import autograd as ag
    >>> ag.matmul(ag.ones(2, 3), ag.ones(3)).shape
    (2,)
    """
    _check_product(a, b)
    if a.ndim == 1 and b.ndim == 1:
        return _product(a, b), (lambda g: g * b, lambda g: g * a)
    if (a.size > LONG or b.size > LONG) and a.ndim > 1:
        if b.ndim == 1:
            return _product(a, b), (
                lambda g: g[..., None] * b,
                lambda g: _product(a.mT, g[..., None])[..., 0],
            )
        if a.ndim > 2 and b.ndim == 2:
            lead, k, m = a.shape[:-1], a.shape[-1], b.shape[-1]
            rows = math.prod(lead)
            return _product(a.reshape(rows, k), b).reshape((*lead, m)), (
                lambda g: _product(g.reshape(rows, m), b.T).reshape((*lead, k)),
                lambda g: _product(a.reshape(rows, k).T, g.reshape(rows, m)),
            )
        return _product(a, b), (lambda g: _product(g, b.mT), lambda g: _product(a.mT, g))
    if a.ndim == 1:
        return _product(a, b), (
            lambda g: _product(b, g[..., None])[..., 0],
            lambda g: a[:, None] * g[..., None, :],
        )
    if b.ndim == 1:
        return np.matmul(a, b), (
            lambda g: g[..., None] * b,
            lambda g: (a.mT @ g[..., None])[..., 0],
        )
    if a.ndim > 2 and b.ndim == 2:  # one product of matrices, not one for each leading index
        lead, k, m = a.shape[:-1], a.shape[-1], b.shape[-1]
        rows = math.prod(lead)
        return np.matmul(a.reshape(rows, k), b).reshape((*lead, m)), (
            lambda g: (g.reshape(rows, m) @ b.T).reshape((*lead, k)),
            lambda g: a.reshape(rows, k).T @ g.reshape(rows, m),
        )
    return np.matmul(a, b), (lambda g: g @ b.mT, lambda g: a.mT @ g)


@op
def linear(x: Array, weight: Array, bias: Array | None = None):
    """x Wᵀ + b: x (…, in), weight (out, in), bias (out,) or None give (…, out).

    One product of matrices each way, whatever the leading axes. Raises `ShapeError`.

    >>> import autograd as ag
    >>> ag.linear(ag.ones(2, 3), ag.ones(4, 3), ag.zeros(4)).shape
    (2, 4)
    """
    if weight.ndim != 2 or not x.ndim or x.shape[-1] != weight.shape[1]:
        raise ShapeError(
            f"linear: input of shape {x.shape} does not fit weight (out, in) = {weight.shape}: "
            "its last axis must have the length of the weight's"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(f"linear: bias must have shape {weight.shape[:1]}, got {bias.shape}")
    if x.ndim == 2:
        return _affine(x, weight, bias), (
            lambda g: g @ weight,
            # of a single row the product is an outer one, which BLAS does at a third of the speed
            (lambda g: g.T * x)
            if len(x) == 1
            else (lambda g: g.T @ x)
            if len(x) <= LONG
            else (lambda g: _product(g.T, x)),
            lambda g: _row_sums(g),
        )
    lead, (features, inputs) = x.shape[:-1], weight.shape
    rows = math.prod(lead)
    return _affine(x.reshape(rows, inputs), weight, bias).reshape((*lead, features)), (
        lambda g: (g.reshape(rows, features) @ weight).reshape((*lead, inputs)),
        lambda g: _product(g.reshape(rows, features).T, x.reshape(rows, inputs)),
        lambda g: _row_sums(g.reshape(rows, features)),
    )


def _product(a, b):
    """a @ b, which keeps its digits however many terms its sums have."""
    if type(a) is type(b) is np.ndarray and a.shape[-1] > LONG:
        return long_matmul(a, b)
    return a @ b


def _row_sums(g):
    """Σ over the rows of a matrix: the gradient of a bias."""
    return kernels.row_sums(g) if type(g) is np.ndarray else g.sum(axis=0)


def _affine(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """x Wᵀ + b of a matrix x."""
    out = kernels.matmul(x, weight.T)
    if bias is None:
        return out
    return np.add(out, bias, out) if out.dtype is bias.dtype else np.add(out, bias)


def _check_product(a, b):
    if not np.ndim(a) or not np.ndim(b):
        raise ShapeError(
            f"matmul: both operands need an axis, got shapes {np.shape(a)} and {np.shape(b)}; "
            "use * to multiply by a number"
        )
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ShapeError(
            f"matmul: shapes {a.shape} and {b.shape} do not fit: the last axis of a has length "
            f"{a.shape[-1]}, but b has {inner} rows"
        )


def dot(a: Any, b: Any) -> Any:
    """NumPy's dot: the last axis of a with the last but one of b (the only one of a vector).

    >>> import autograd as ag
    >>> ag.dot(ag.ones(2, 3), ag.ones(4, 3, 5)).shape
    (2, 4, 5)
    """
    left, right = plain(a).ndim, plain(b).ndim
    if not left or not right:
        return ops.multiply(a, b)
    if left <= 2 and right <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([-1], [-2 if right > 1 else -1]))


def inner(a: Any, b: Any) -> Any:
    """The last axis of a with the last axis of b: Σ a[…, k] b[…, k] for every pair of the others.

    >>> import autograd as ag
    >>> ag.inner(ag.ones(2, 3), ag.ones(4, 3)).shape
    (2, 4)
    """
    if not plain(a).ndim or not plain(b).ndim:
        return ops.multiply(a, b)
    return tensordot(a, b, ([-1], [-1]))


def outer(a: Any, b: Any) -> Any:
    """Every product of an element of a and one of b (both flattened): out[i, j] = aᵢ bⱼ.

    >>> import autograd as ag
    >>> ag.outer(ag.arange(1.0, 3.0), ag.arange(1.0, 4.0))
    tensor([[1., 2., 3.],
            [2., 4., 6.]])
    """
    return ops.multiply(ops.reshape(a, (-1, 1)), ops.reshape(b, (1, -1)))


@op
def tensordot(a: Array, b: Array, axes=2):
    """Products of a and b summed over pairs of axes; the others of a, then of b, remain.

    `axes`: n for the last n axes of a with the first n of b, or two lists of axes to pair.

    >>> import autograd as ag
    >>> ag.tensordot(ag.ones(2, 3, 4), ag.ones(4, 3, 5), ([1, 2], [1, 0])).shape
    (2, 5)
    """
    summed_a, summed_b = _paired_axes(axes, np.shape(a), np.shape(b))
    free_a = [i for i in range(np.ndim(a)) if i not in summed_a]
    free_b = [i for i in range(np.ndim(b)) if i not in summed_b]
    # Each gradient comes out with the axes that remained first or last; these put them back.
    back_a = _inverse(free_a + [summed_a[i] for i in np.argsort(summed_b)])
    back_b = _inverse([summed_b[i] for i in np.argsort(summed_a)] + free_b)
    count = len(free_a)
    last = list(range(count, count + len(free_b)))
    first = list(range(count))
    return _contracted(a, b, summed_a, summed_b, free_a, free_b), (
        lambda g: np.transpose(tensordot(g, b, (last, free_b)), back_a),
        lambda g: np.transpose(tensordot(a, g, (free_a, first)), back_b),
    )


def _contracted(a, b, summed_a, summed_b, free_a, free_b):
    """`np.tensordot(a, b, (summed_a, summed_b))`."""
    length = math.prod([np.shape(a)[i] for i in summed_a])
    if length <= LONG or [a.shape[i] for i in summed_a] != [b.shape[i] for i in summed_b]:
        return np.tensordot(a, b, (summed_a, summed_b))
    left = a.transpose(free_a + summed_a).reshape(-1, length)
    right = b.transpose(summed_b + free_b).reshape(length, -1)
    shape = [*(a.shape[i] for i in free_a), *(b.shape[i] for i in free_b)]
    return long_matmul(left, right).reshape(shape)


def _paired_axes(axes, shape_a, shape_b):
    """The axes to sum over, from the front, of a and of b."""
    if isinstance(axes, int | np.integer):
        if not 0 <= axes <= np.minimum(len(shape_a), len(shape_b)):
            raise ArgumentError(
                f"tensordot: axes={axes} for shapes {shape_a} and {shape_b}, which have not so many"
            )
        axes = (range(len(shape_a) - axes, len(shape_a)), range(axes))
    if len(axes) != 2:
        raise ArgumentError(f"tensordot: axes must be a number or two lists, got {axes!r}")
    normal = [
        list(np.lib.array_utils.normalize_axis_tuple(given, len(shape)))
        for given, shape in zip(axes, (shape_a, shape_b), strict=True)
    ]
    lengths = [
        [shape[i] for i in given] for given, shape in zip(normal, (shape_a, shape_b), strict=True)
    ]
    if lengths[0] != lengths[1]:
        raise ShapeError(
            f"tensordot: axes {normal[0]} of shape {shape_a} have lengths {lengths[0]}, but axes "
            f"{normal[1]} of shape {shape_b} have {lengths[1]}"
        )
    return normal


def _inverse(permutation):
    return tuple(int(i) for i in np.argsort(permutation))


@op
def inv(a: Array):
    """Inverse of the square matrices in the last two axes. Raises `ArgumentError` if singular.

    >>> import autograd as ag
    >>> ag.inv(ag.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    _check_square("inv", a)
    out = _factored("inv", "is singular", np.linalg.inv, a)
    return out, lambda g: -(out.mT @ g @ out.mT)


@op
def solve(a: Array, b: Array):
    """x such that a @ x = b: (…, n, n) and (…, n, m), or b a vector (n,).

    Raises `ArgumentError` if a is singular.

    >>> import autograd as ag
    >>> ag.solve(ag.tensor([[2.0, 0.0], [0.0, 4.0]]), ag.tensor([1.0, 1.0]))
    tensor([0.5 , 0.25])
    """
    _check_square("solve", a)
    rows = b.shape[-1 if np.ndim(b) == 1 else -2] if np.ndim(b) else 0
    if not np.ndim(b) or rows != a.shape[-1]:
        raise ShapeError(
            f"solve: b of shape {np.shape(b)} does not fit a of shape {a.shape}: it needs "
            f"{a.shape[-1]} rows"
        )
    if b.ndim == 1:
        out = _factored("solve", "is singular", np.linalg.solve, a, b[:, None])[..., 0]
        return out, (
            lambda g: -solve(a.mT, g[..., None]) * out[..., None, :],
            lambda g: solve(a.mT, g[..., None])[..., 0],
        )
    out = _factored("solve", "is singular", np.linalg.solve, a, b)
    return out, (lambda g: -solve(a.mT, g) @ out.mT, lambda g: solve(a.mT, g))


@op
def det(a: Array):
    """Determinant of the square matrices in the last two axes.

    The gradient is the matrix of cofactors: det(a) · a⁻ᵀ, or for a singular matrix the same as a
    polynomial in a, without its inverse.

    >>> import autograd as ag
    >>> ag.det(ag.tensor([[1.0, 2.0], [3.0, 4.0]])).item()
    -2.0...
    """
    _check_square("det", a)
    out = np.asarray(np.linalg.det(a))
    if _nearly_singular(a, out):
        return out, lambda g: g[..., None, None] * _adjugate(a).mT
    return out, lambda g: (g * out)[..., None, None] * inv(a).mT


def _nearly_singular(a, out):
    """Whether a determinant is zero within rounding (measured only where n is small)."""
    n = a.shape[-1]
    bound = np.prod(np.sqrt(np.sum(np.square(a), -1)), -1)  # Hadamard's for |det|
    slack = n * float(np.finfo(out.dtype).eps) if n <= 10 else 0.0
    return bool((np.abs(out) <= slack * bound).any())


def _adjugate(a):
    """The transposed cofactors, by the recurrence of Faddeev and LeVerrier."""
    n = a.shape[-1]
    identity = np.eye(n, dtype=a.dtype)
    m = np.broadcast_to(identity, a.shape)
    for k in range(1, n):
        product = a @ m
        m = product - ops.trace(product, 0, -2, -1)[..., None, None] / k * identity
    return m if n % 2 else -m


class SlogdetResult(NamedTuple):
    """Sign (a plain array) and logarithm of the absolute value of a determinant."""

    sign: np.ndarray
    logabsdet: Any


def slogdet(a: Any) -> SlogdetResult:
    """(sign, log |det a|) of the square matrices in the last two axes; the sign is a plain array.

    >>> import autograd as ag
    >>> sign, logabsdet = ag.slogdet(ag.tensor([[0.0, 1.0], [1.0, 0.0]]))
    >>> sign.item(), logabsdet.item()
    (-1.0, 0.0)
    """
    logabsdet, sign = log_abs_det(a)
    return SlogdetResult(sign, logabsdet)


@op
def log_abs_det(a: Array):
    """log |det a|, and the sign of det a. The gradient a⁻ᵀ exists for regular matrices only."""
    _check_square("slogdet", a)
    sign, out = np.linalg.slogdet(a)
    return out, lambda g: g[..., None, None] * inv(a).mT, np.asarray(sign)


@op
def cholesky(a: Array):
    """The lower triangular L with L Lᵀ = a, for symmetric positive definite matrices a.

    Only the lower triangle of a is read; the gradient is that of a symmetric a and symmetric.
    Raises `ArgumentError` if a is not positive definite.

    >>> import autograd as ag
    >>> ag.cholesky(ag.tensor([[4.0, 0.0], [0.0, 9.0]]))
    tensor([[2., 0.],
            [0., 3.]])
    """
    _check_square("cholesky", a)
    out = _factored("cholesky", "is not positive definite", np.linalg.cholesky, a)
    half = np.tril(np.ones(a.shape[-2:], out.dtype)) - np.eye(a.shape[-1], dtype=out.dtype) / 2

    def symmetric(g):
        middle = solve(out.mT, (out.mT @ g) * half)
        half_gradient = solve(out.mT, middle.mT)
        return (half_gradient + half_gradient.mT) / 2

    return out, symmetric


def _check_square(name, a):
    if np.ndim(a) < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{name}: a must be square matrices, got shape {np.shape(a)}")


def _factored(name, complaint, function, a, *args):
    """`function(a, *args)`, whose failure means that a matrix `complaint`."""
    try:
        return function(a, *args)
    except np.linalg.LinAlgError:
        raise ArgumentError(f"{name}: a matrix {complaint} (shape {a.shape})") from None
