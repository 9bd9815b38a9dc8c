"""New Tensors from nothing but numbers: constant, evenly spaced, random.

All take `dtype` (the default dtype, or int64 where only integers came) and `requires_grad`. A
Tensor that requires a gradient, given as a value or a bound, keeps it: the result is recorded then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ops
from autograd.engine.dtypes import as_array, as_dtype, get_default_dtype
from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.operands import float_dtype
from autograd.engine.random_source import pick
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.ops.axes import normal_axis
from autograd.support.arguments import whole
from autograd.support.unknown_names import name_arguments_in

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

    from autograd.engine.annotations import Data, Shape


def zeros(*shape: Shape, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros; the shape as a tuple or as separate lengths.

    >>> import autograd as ag
    >>> ag.zeros(2, 3).shape, ag.zeros((2, 3)).shape
    ((2, 3), (2, 3))
    """
    return Tensor(np.zeros(_shape("zeros", shape), _dtype("zeros", dtype)), requires_grad)


def ones(*shape: Shape, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Ones; the shape as a tuple or as separate lengths."""
    return Tensor(np.ones(_shape("ones", shape), _dtype("ones", dtype)), requires_grad)


def full(
    shape: Shape,
    fill_value: Data,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`fill_value` everywhere, in its own dtype unless `dtype` is given.

    >>> import autograd as ag
    >>> ag.full((2,), 0.5)
    tensor([0.5, 0.5])
    """
    sizes = _shape("full", (shape,))
    return _filled("full", sizes, fill_value, dtype, None, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    k: int = 0,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The n×m matrix (n×n if m is None) with ones on diagonal k."""
    rows, columns = _shape("eye", (n, n if m is None else m))
    k = whole("eye", "k", k)
    return Tensor(np.eye(rows, columns, k, _dtype("eye", dtype)), requires_grad)


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
    bounds = (0, start, step) if stop is None else (start, stop, step)
    first, last, by = (_number("arange", *given) for given in zip(_ARANGE, bounds, strict=True))
    if by == 0:
        raise ArgumentError("arange: step must not be 0")
    if not np.isfinite(count := (last - first) / by):
        raise ArgumentError(
            f"arange: from {first} to {last} by {by} is no number of steps: {count}"
        )
    values: np.ndarray = np.arange(first, last, by)
    return Tensor(values.astype(_dtype("arange", dtype, values), copy=False), requires_grad)


_ARANGE = ("start", "stop", "step")


def linspace(
    start: Data,
    stop: Data,
    num: int = 50,
    endpoint: bool = True,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`num` evenly spaced numbers from start to stop, which is left out unless `endpoint`.

    Without a `dtype`, Tensors and arrays of floats keep theirs.
    """
    count = whole("linspace", "num", num, 0)
    dtype = float_dtype((start, stop)) if dtype is None else dtype
    if _needs_grad(start, stop):
        places = np.linspace(0.0, 1.0, count, bool(endpoint))
        return _moved("linspace", places, start, ops.subtract(stop, start), dtype)
    first = as_array(_plain(start), "linspace: start", np.float64)
    last = as_array(_plain(stop), "linspace: stop", np.float64)
    values = np.linspace(first, last, count, bool(endpoint))
    return Tensor(values.astype(_dtype("linspace", dtype), copy=False), requires_grad)


def zeros_like(x: Data, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and dtype of x."""
    return full_like(x, 0, dtype, requires_grad)


def ones_like(x: Data, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and dtype of x."""
    return full_like(x, 1, dtype, requires_grad)


def full_like(
    x: Data, fill_value: Data, dtype: npt.DTypeLike | None = None, requires_grad: bool = False
) -> Tensor:
    """`fill_value` everywhere in the shape and dtype of x.

    >>> import autograd as ag
    >>> ag.full_like(ag.zeros(2), 7)
    tensor([7., 7.])
    """
    like = as_array(_plain(x), "full_like")
    return _filled("full_like", like.shape, fill_value, dtype, like.dtype, requires_grad)


def rand(
    *shape: Shape,
    generator: Generator | None = None,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1)."""
    wanted, drawn = _float_dtypes("rand", dtype)
    values = pick(generator, "rand").random(_shape("rand", shape), dtype=drawn)
    return Tensor(values.astype(wanted, copy=False), requires_grad)


def randn(
    *shape: Shape,
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
    loc: Data = 0.0,
    scale: Data = 1.0,
    size: Shape | None = None,
    *,
    generator: Generator | None = None,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers with mean `loc` and standard deviation `scale`, which may be arrays."""
    mean = as_array(_plain(loc), "normal: loc", np.float64)
    deviation = as_array(_plain(scale), "normal: scale", np.float64)
    if not (deviation >= 0).all():
        raise ArgumentError(f"normal: scale must be at least 0, got {scale}")
    sizes = _broadcast("normal", mean, deviation, size)
    wanted, drawn = _float_dtypes("normal", dtype)
    values = pick(generator, "normal").standard_normal(sizes, dtype=drawn)
    if _needs_grad(loc, scale):
        return _moved("normal", values, loc, scale, dtype)
    return Tensor(np.asarray(values * deviation + mean).astype(wanted, copy=False), requires_grad)


def uniform(
    low: Data = 0.0,
    high: Data = 1.0,
    size: Shape | None = None,
    *,
    generator: Generator | None = None,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [low, high), which may be arrays."""
    bottom = as_array(_plain(low), "uniform: low", np.float64)
    top = as_array(_plain(high), "uniform: high", np.float64)
    sizes = _broadcast("uniform", bottom, top, size)
    if not (bottom <= top).all():
        raise ArgumentError(f"uniform: low must not exceed high, got {low} and {high}")
    wanted, drawn = _float_dtypes("uniform", dtype)
    values = pick(generator, "uniform").random(sizes, dtype=drawn)
    if _needs_grad(low, high):
        return _moved("uniform", values, low, ops.subtract(high, low), dtype)
    values = values * (top - bottom) + bottom
    return Tensor(np.asarray(values).astype(wanted, copy=False), requires_grad)


def randint(
    low: int,
    high: int | None = None,
    size: Shape | None = None,
    *,
    generator: Generator | None = None,
    dtype: npt.DTypeLike = np.int64,
    requires_grad: bool = False,
) -> Tensor:
    """Integers in [low, high), or in [0, low) if only one bound is given."""
    given = (("low", 0), ("high", low)) if high is None else (("low", low), ("high", high))
    first, last = (whole("randint", name, bound) for name, bound in given)
    wanted = as_dtype(dtype, "randint")
    if first >= last:
        raise ArgumentError(f"randint: low must be below high, got {first} and {last}")
    for bound in (first, last - 1):
        as_array(bound, "randint", wanted)  # each must fit into the dtype
    sizes = () if size is None else _shape("randint", (size,))
    values = np.asarray(pick(generator, "randint").integers(first, last, sizes))
    return Tensor(values.astype(wanted, copy=False), requires_grad)


def permutation(x: Data, *, generator: Generator | None = None, axis: int = 0) -> Tensor:
    """0 … x − 1 in random order, or the array x with its slices along `axis` in random order."""
    source = pick(generator, "permutation")
    if isinstance(x, int | np.integer) and not isinstance(x, bool):
        return Tensor(source.permutation(whole("permutation", "x", x, 0)))
    array = as_array(_plain(x), "permutation")
    if not array.ndim:
        raise DTypeError(f"permutation: x must be a whole number or an array with axes, got {x!r}")
    axis = normal_axis("permutation", axis, array.shape)
    if _needs_grad(x):
        places = np.arange(array.size).reshape(array.shape)
        return ops.getitem(ops.ravel(x), source.permutation(places, axis=axis))
    return Tensor(source.permutation(array, axis=axis))


def _plain(value: Any) -> Any:
    return value._data if isinstance(value, Tensor) else value


def _needs_grad(*values: Any) -> bool:
    return is_grad_enabled() and any(isinstance(x, Tensor) and x._requires_grad for x in values)


def _filled(
    name: str,
    sizes: tuple[int, ...],
    value: Any,
    dtype: npt.DTypeLike | None,
    default: np.dtype | None,
    requires_grad: bool,
) -> Tensor:
    """`value` broadcast to `sizes`, in `dtype`, or else `default`, or else its own dtype."""
    wanted = default if dtype is None else as_dtype(dtype, name)
    array = as_array(_plain(value), f"{name}: fill_value", wanted)
    try:
        filled = np.full(sizes, array, array.dtype)
    except ValueError:
        raise ShapeError(
            f"{name}: fill_value of shape {array.shape} does not broadcast to {sizes}"
        ) from None
    if not _needs_grad(value):
        return Tensor(filled, requires_grad)
    if array.dtype.kind != "f":
        raise DTypeError(f"{name}: fill_value requires a gradient, so dtype is float, got {wanted}")
    return ops.broadcast_to(value.astype(array.dtype, copy=False), sizes)


def _moved(name: str, values: Any, start: Any, length: Any, dtype: npt.DTypeLike | None) -> Tensor:
    """start + values · length, recorded, in `dtype`."""
    wanted, _ = _float_dtypes(name, dtype)
    start = start if isinstance(start, Tensor) else Tensor(start, dtype=wanted)
    length = length if isinstance(length, Tensor) else Tensor(length, dtype=wanted)
    values = np.asarray(values, wanted)
    if name == "linspace":  # over the axes of its bounds, as NumPy does
        values = values.reshape(-1, *[1] * max(start.ndim, length.ndim))
    return start.astype(wanted, copy=False) + values * length.astype(wanted, copy=False)


def _number(name: str, argument: str, value: Any) -> Any:
    """A number, or the only element of an array, whose gradient nobody needs."""
    if _needs_grad(value):
        raise DTypeError(
            f"{name}: {argument} requires a gradient, which the number of elements has not; give "
            f"{argument}.item()"
        )
    array = as_array(
        _plain(value), f"{name}: {argument}", np.float64 if isinstance(value, float) else None
    )
    if array.ndim:
        raise ShapeError(
            f"{name}: {argument} must be a number, got an array of shape {array.shape}"
        )
    return array.item()


def _shape(name: str, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Lengths given as a tuple or one by one."""
    if len(sizes) == 1 and not isinstance(sizes[0], int | np.integer):
        given = sizes[0]
        given = given._data if isinstance(given, Tensor) else given
        sizes = tuple(given) if isinstance(given, tuple | list) or np.ndim(given) else sizes
    for n in sizes:
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise DTypeError(
                f"{name}: the shape must be integers, got {n!r}; dtype is given by name"
            )
        if n < 0:
            raise ShapeError(f"{name}: lengths must be 0 or more, got {sizes}")
    return tuple(int(n) for n in sizes)


def _dtype(name: str, dtype: npt.DTypeLike | None, values: np.ndarray | None = None) -> np.dtype:
    """`dtype`, or the default one (for integer `values`, theirs)."""
    if dtype is not None:
        return as_dtype(dtype, name)
    if values is not None and values.dtype.kind in "iu":
        return values.dtype
    return get_default_dtype()


def _float_dtypes(name: str, dtype: npt.DTypeLike | None) -> tuple[np.dtype, Any]:
    """The dtype that is wanted, and the one to draw in: float32 or float64."""
    wanted = _dtype(name, dtype)
    if wanted.kind != "f":
        raise DTypeError(f"{name}: dtype must be a float dtype, got {wanted}")
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


name_arguments_in(globals(), __all__)
