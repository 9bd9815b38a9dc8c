"""New Tensors from nothing but numbers: constant, evenly spaced, random.

All take `dtype` (the default dtype, or int64 where only integers came) and `requires_grad`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.dtypes import as_array, get_default_dtype
from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.random_source import pick
from autograd.tensors import Tensor

__all__ = [
    "arange",
    "eye",
    "full",
    "full_like",
    "linspace",
    "normal",
    "ones",
    "ones_like",
    "permutation",
    "rand",
    "randint",
    "randn",
    "uniform",
    "zeros",
    "zeros_like",
]

if TYPE_CHECKING:
    import numpy.typing as npt
    from numpy.random import Generator


def zeros(*shape: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros; the shape as a tuple or as separate lengths.

    >>> import autograd as ag
    >>> ag.zeros(2, 3).shape, ag.zeros((2, 3)).shape
    ((2, 3), (2, 3))
    """
    return Tensor(np.zeros(_shape("zeros", shape), _dtype(dtype)), requires_grad)


def ones(*shape: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Ones; the shape as a tuple or as separate lengths."""
    return Tensor(np.ones(_shape("ones", shape), _dtype(dtype)), requires_grad)


def full(
    shape: int | tuple[int, ...],
    fill_value: Any,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`fill_value` everywhere, in its own dtype unless `dtype` is given.

    >>> import autograd as ag
    >>> ag.full((2,), 0.5)
    tensor([0.5, 0.5])
    """
    value = as_array(_plain(fill_value), "full: fill_value")
    sizes = _shape("full", (shape,))
    return Tensor(np.full(sizes, value, value.dtype if dtype is None else dtype), requires_grad)


def eye(
    n: int,
    m: int | None = None,
    k: int = 0,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The n×m matrix (n×n if m is None) with ones on diagonal k."""
    return Tensor(np.eye(n, m, k, _dtype(dtype)), requires_grad)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, … before `stop`; arange(n) counts from 0.

    Integers give int64, floats the default dtype.

    >>> import autograd as ag
    >>> ag.arange(0.0, 1.0, 0.25)
    tensor([0.  , 0.25, 0.5 , 0.75])
    """
    if step == 0:
        raise ArgumentError("arange: step must not be 0")
    first, last = (0, start) if stop is None else (start, stop)
    values: np.ndarray = np.arange(first, last, step)
    return Tensor(values.astype(_dtype(dtype, values), copy=False), requires_grad)


def linspace(
    start: float,
    stop: float,
    num: int = 50,
    endpoint: bool = True,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`num` evenly spaced numbers from start to stop, which is left out unless `endpoint`."""
    if num < 0:
        raise ArgumentError(f"linspace: num must be 0 or more, got {num}")
    values = np.linspace(start, stop, num, endpoint)
    return Tensor(values.astype(_dtype(dtype), copy=False), requires_grad)


def zeros_like(x: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and dtype of x."""
    return full_like(x, 0, dtype, requires_grad)


def ones_like(x: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and dtype of x."""
    return full_like(x, 1, dtype, requires_grad)


def full_like(
    x: Any, fill_value: Any, dtype: npt.DTypeLike | None = None, requires_grad: bool = False
) -> Tensor:
    """`fill_value` everywhere in the shape and dtype of x.

    >>> import autograd as ag
    >>> ag.full_like(ag.zeros(2), 7)
    tensor([7., 7.])
    """
    array = as_array(_plain(x), "full_like")
    values = np.full(array.shape, _plain(fill_value), array.dtype if dtype is None else dtype)
    return Tensor(values, requires_grad)


def rand(
    *shape: Any,
    generator: Generator | None = None,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1)."""
    wanted, drawn = _float_dtypes("rand", dtype)
    values = pick(generator, "rand").random(_shape("rand", shape), dtype=drawn)
    return Tensor(values.astype(wanted, copy=False), requires_grad)


def randn(
    *shape: Any,
    generator: Generator | None = None,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers with mean 0 and variance 1.

    >>> import autograd as ag
    >>> ag.randn(2, 3, generator=np.random.default_rng(0)).shape
    (2, 3)
    """
    wanted, drawn = _float_dtypes("randn", dtype)
    values = pick(generator, "randn").standard_normal(_shape("randn", shape), dtype=drawn)
    return Tensor(values.astype(wanted, copy=False), requires_grad)


def normal(
    loc: Any = 0.0,
    scale: Any = 1.0,
    size: int | tuple[int, ...] | None = None,
    *,
    generator: Generator | None = None,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers with mean `loc` and standard deviation `scale`, which may be arrays."""
    mean, deviation = np.asarray(_plain(loc)), np.asarray(_plain(scale))
    if (deviation < 0).any():
        raise ArgumentError(f"normal: scale must be 0 or more, got {scale}")
    sizes = _broadcast("normal", mean, deviation, size)
    wanted, drawn = _float_dtypes("normal", dtype)
    values = pick(generator, "normal").standard_normal(sizes, dtype=drawn) * deviation + mean
    return Tensor(np.asarray(values).astype(wanted, copy=False), requires_grad)


def uniform(
    low: Any = 0.0,
    high: Any = 1.0,
    size: int | tuple[int, ...] | None = None,
    *,
    generator: Generator | None = None,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [low, high), which may be arrays."""
    bottom, top = np.asarray(_plain(low)), np.asarray(_plain(high))
    if (bottom > top).any():
        raise ArgumentError(f"uniform: low must not exceed high, got {low} and {high}")
    sizes = _broadcast("uniform", bottom, top, size)
    wanted, drawn = _float_dtypes("uniform", dtype)
    values = pick(generator, "uniform").random(sizes, dtype=drawn) * (top - bottom) + bottom
    return Tensor(np.asarray(values).astype(wanted, copy=False), requires_grad)


def randint(
    low: int,
    high: int | None = None,
    size: int | tuple[int, ...] | None = None,
    *,
    generator: Generator | None = None,
    dtype: npt.DTypeLike = np.int64,
    requires_grad: bool = False,
) -> Tensor:
    """Integers in [low, high), or in [0, low) if only one bound is given."""
    bounds = (0, low) if high is None else (low, high)
    if bounds[0] >= bounds[1]:
        raise ArgumentError(f"randint: low must be below high, got {bounds[0]} and {bounds[1]}")
    sizes = () if size is None else _shape("randint", (size,))
    values = np.asarray(pick(generator, "randint").integers(*bounds, sizes))
    return Tensor(values.astype(dtype, copy=False), requires_grad)


def permutation(x: Any, *, generator: Generator | None = None, axis: int = 0) -> Tensor:
    """0 … x − 1 in random order, or the array x with its slices along `axis` in random order."""
    source = pick(generator, "permutation")
    if isinstance(x, int | np.integer):
        if x < 0:
            raise ArgumentError(f"permutation: 0 or more is needed, got {x}")
        return Tensor(source.permutation(int(x)))
    array = as_array(_plain(x), "permutation")
    return Tensor(source.permutation(array, axis=axis))


def _plain(value: Any) -> Any:
    return value._data if isinstance(value, Tensor) else value


def _shape(name: str, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Lengths given as a tuple or one by one."""
    if len(sizes) == 1 and not isinstance(sizes[0], int | np.integer):
        given = sizes[0]
        sizes = tuple(given) if isinstance(given, tuple | list | np.ndarray) else sizes
    for n in sizes:
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise DTypeError(
                f"{name}: the shape must be integers, got {n!r}; dtype is given by name"
            )
        if n < 0:
            raise ShapeError(f"{name}: lengths must be 0 or more, got {sizes}")
    return tuple(int(n) for n in sizes)


def _dtype(dtype: npt.DTypeLike | None, values: np.ndarray | None = None) -> np.dtype:
    """`dtype`, or the default one (for integer `values`, theirs)."""
    if dtype is not None:
        return np.dtype(dtype)
    if values is not None and values.dtype.kind in "iu":
        return values.dtype
    return get_default_dtype()


def _float_dtypes(name: str, dtype: npt.DTypeLike | None) -> tuple[np.dtype, Any]:
    """The dtype that is wanted, and the one to draw in: float32 or float64."""
    wanted = _dtype(dtype)
    if wanted.kind != "f":
        raise DTypeError(f"{name}: a float dtype is needed, got {wanted}")
    return wanted, np.float64 if wanted.itemsize > 4 else np.float32


def _broadcast(name: str, a: np.ndarray, b: np.ndarray, size: Any) -> tuple[int, ...]:
    """`size`, or the common shape of two parameters if it is None."""
    try:
        common = np.broadcast_shapes(a.shape, b.shape)
        if size is None:
            return common
        sizes = _shape(name, (size,))
        fits = np.broadcast_shapes(common, sizes) == sizes
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"{name}: shapes {a.shape} and {b.shape} do not fit size {size}")
    return sizes
