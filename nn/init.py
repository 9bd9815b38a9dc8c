"""Filling parameters with starting values, in place; each function returns its Tensor.

Random numbers come from `generator`, or from the library's own that `autograd.manual_seed` seeds.
They are drawn in float64 and rounded, so that a seed gives the same weights in every dtype.

A weight of shape (out, in, ...) has fan_in = in * receptive field and fan_out = out * receptive
field, the receptive field being the product of the sizes after the first two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

import autograd as ag
from autograd.engine.dtypes import as_dtype
from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.support.arguments import number, one_of
from autograd.support.lazy_names import later
from autograd.support.unknown_names import name_arguments_in

__all__ = [
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "without_memory",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

T = TypeVar("T", bound=ag.Tensor)
if TYPE_CHECKING:
    import numpy.typing as npt
    from numpy.random import Generator


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None) -> T:
    """Draw from U(a, b).

    >>> import autograd as ag, nn
    >>> w = nn.init.uniform_(nn.Parameter([0.0] * 1000), -1, 1)
    >>> bool(abs(w.detach()).max() <= 1)
    True
    """
    return _fill("uniform_", tensor, lambda: _source(generator).uniform(a, b, tensor.shape))


def normal_(
    tensor: T, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> T:
    """Draw from N(mean, std²)."""
    return _fill("normal_", tensor, lambda: _source(generator).normal(mean, std, tensor.shape))


def constant_(tensor: T, val: float) -> T:
    """Fill with `val`."""
    return _fill("constant_", tensor, lambda: val)


def zeros_(tensor: T) -> T:
    """Fill with zeros."""
    return _fill("zeros_", tensor, lambda: 0.0)


def ones_(tensor: T) -> T:
    """Fill with ones."""
    return _fill("ones_", tensor, lambda: 1.0)


def xavier_uniform_(tensor: T, gain: float = 1.0, *, generator: Generator | None = None) -> T:
    """Draw from U(-a, a), a = gain * sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    bound = gain * math.sqrt(6 / sum(_fans("xavier_uniform_", tensor)))
    return uniform_(tensor, -bound, bound, generator=generator)


def xavier_normal_(tensor: T, gain: float = 1.0, *, generator: Generator | None = None) -> T:
    """Draw from N(0, s²), s = gain * sqrt(2 / (fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    std = gain * math.sqrt(2 / sum(_fans("xavier_normal_", tensor)))
    return normal_(tensor, 0.0, std, generator=generator)


def kaiming_uniform_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    generator: Generator | None = None,
) -> T:
    """Draw from U(-b, b), b = gain * sqrt(3 / fan) (He et al., 2015).

    `a` is the slope of the leaky ReLU that follows; `mode` is "fan_in" or "fan_out".
    """
    std = _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    bound = math.sqrt(3) * std
    return uniform_(tensor, -bound, bound, generator=generator)


def kaiming_normal_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    generator: Generator | None = None,
) -> T:
    """Draw from N(0, s²), s = gain / sqrt(fan) (He et al., 2015)."""
    std = _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity)
    return normal_(tensor, 0.0, std, generator=generator)


def orthogonal_(tensor: T, gain: float = 1.0, *, generator: Generator | None = None) -> T:
    """A random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al., 2013).

    A tensor of more than two axes counts as the matrix (shape[0], product of the rest).

    >>> import numpy as np, autograd as ag, nn
    >>> w = nn.init.orthogonal_(ag.tensor(np.zeros((3, 8))))
    >>> np.allclose(w @ w.T, np.eye(3))
    True
    """
    _check_axes("orthogonal_", tensor)
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])

    def draw() -> np.ndarray:
        flat = _source(generator).standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(flat)
        q = q * np.sign(np.diagonal(r))  # makes the distribution uniform
        return gain * (q if rows >= columns else q.T).reshape(tensor.shape)

    return _fill("orthogonal_", tensor, draw)


def trunc_normal_(
    tensor: T,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    *,
    generator: Generator | None = None,
) -> T:
    """Draw from N(mean, std²) between `a` and `b` (absolute bounds)."""
    if not a < b or not std > 0:
        raise ArgumentError(
            f"trunc_normal_: a must be below b, and std above 0, got {a=}, {b=}, {std=}"
        )
    low, high = (a - mean) / std, (b - mean) / std

    def draw() -> np.ndarray:
        values = mean + std * _truncated(_source(generator), low, high, tensor.size)
        return np.clip(values, a, b).reshape(tensor.shape)

    return _fill("trunc_normal_", tensor, draw)


def _truncated(source: Generator, low: float, high: float, count: int) -> np.ndarray:
    """`count` standard normal numbers between `low` and `high`."""
    if low > 0:  # the lower tail has the digits
        return -_truncated(source, -high, -low, count)
    from statistics import NormalDist

    normal = NormalDist()
    start, end = normal.cdf(low), normal.cdf(high)
    if end - start < 0.05:  # too rare to wait for: invert the distribution function
        if not end > 0:
            raise ArgumentError("trunc_normal_: a and b lie where the normal distribution is zero")
        u = np.maximum(source.uniform(start, end, count), np.finfo(float).tiny)
        return np.array([normal.inv_cdf(value) for value in u])
    values = source.standard_normal(count)
    while (outside := (values < low) | (values > high)).any():
        values[outside] = source.standard_normal(np.count_nonzero(outside))
    return values


_GAINS = {
    **dict.fromkeys(("linear", "identity", "sigmoid", "conv1d", "conv2d", "conv_transpose2d"), 1.0),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps the scale of the values behind an activation.

    1 for linear, convolution and sigmoid, 5/3 for tanh, sqrt(2) for relu, 3/4 for selu and
    sqrt(2 / (1 + slope²)) for leaky_relu, whose slope is `param` (0.01 if None).
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else number("calculate_gain", "param", param)
        return math.sqrt(2 / (1 + slope**2))
    one_of("calculate_gain", "nonlinearity", nonlinearity, [*_GAINS, "leaky_relu"])
    return _GAINS[nonlinearity]


def _kaiming_std(name: str, tensor: ag.Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _fans(name, tensor), strict=True))
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[one_of(name, "mode", mode, fans)])


def _fans(name: str, tensor: ag.Tensor) -> tuple[int, int]:
    _check_axes(name, tensor)
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _check_axes(name: str, tensor: ag.Tensor) -> None:
    if tensor.ndim < 2 or tensor.size == 0:
        raise ShapeError(
            f"{name}: tensor must have shape (out, in, ...) without empty axes, got {tensor.shape}"
        )


def _source(generator: Generator | None) -> Generator:
    if generator is None:
        return ag.default_generator()
    if not isinstance(generator, np.random.Generator):
        raise DTypeError(
            "generator must be a numpy.random.Generator, such as numpy.random.default_rng(0), got "
            f"{type(generator).__name__}"
        )
    return generator


def _plain(name: str, value: Any) -> Any:
    if getattr(value, "requires_grad", False) and ag.is_grad_enabled():
        raise DTypeError(f"{name}: the gradient of the value would be lost; give value.detach()")
    return value


def _fill(name: str, tensor: T, draw: Callable[[], np.ndarray | float]) -> T:
    if tensor.dtype.kind != "f":
        raise DTypeError(f"{name}: tensor must be of floats, got {tensor.dtype}")
    if not _without_memory.get():
        value = _plain(name, draw())
        with ag.no_grad():
            tensor.copy_(value)
    return tensor


_without_memory: ContextVar[bool] = ContextVar("glassgrad_without_memory", default=False)


@contextmanager
def without_memory() -> Iterator[None]:
    """Inside, new layers have parameters of the right shape that take no memory and no values."""
    token = _without_memory.set(True)
    try:
        yield
    finally:
        _without_memory.reset(token)


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike | None) -> np.ndarray:
    """An array for a parameter to be filled, in the default dtype if None."""
    wanted = ag.get_default_dtype() if dtype is None else as_dtype(dtype, "parameters")
    if _without_memory.get():
        return np.broadcast_to(np.zeros((), wanted), shape)
    return np.zeros(shape, wanted)


name_arguments_in(globals(), __all__)


if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later("nn.init")
