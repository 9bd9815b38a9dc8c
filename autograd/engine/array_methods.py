"""The methods that a Tensor shares with arrays: each is the op of the same name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Never

import numpy as np

from autograd.engine.late_bound import ops
from autograd.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.engine.annotations import Data
    from autograd.engine.tensors import Tensor


class ArrayMethods:
    """`x.sum(axis=1)` is `ag.sum(x, axis=1)`.

    NumPy's methods, and those of PyTorch whose names do not collide with them.
    """

    __slots__ = ()

    _data: np.ndarray

    def exp(self) -> Tensor:
        return ops.exp(self)

    def log(self) -> Tensor:
        return ops.log(self)

    def sqrt(self) -> Tensor:
        return ops.sqrt(self)

    def square(self) -> Tensor:
        return ops.square(self)

    def sin(self) -> Tensor:
        return ops.sin(self)

    def cos(self) -> Tensor:
        return ops.cos(self)

    def tanh(self) -> Tensor:
        return ops.tanh(self)

    def sigmoid(self) -> Tensor:
        return ops.sigmoid(self)

    def relu(self) -> Tensor:
        return ops.relu(self)

    def erf(self) -> Tensor:
        return ops.erf(self)

    def abs(self) -> Tensor:
        return ops.absolute(self)

    def pow(self, exponent: Data, **unknown: Never) -> Tensor:
        return ops.power(self, exponent, **unknown)

    def add(self, other: Data, **unknown: Never) -> Tensor:
        return ops.add(self, other, **unknown)

    def sub(self, other: Data, **unknown: Never) -> Tensor:
        return ops.subtract(self, other, **unknown)

    def mul(self, other: Data, **unknown: Never) -> Tensor:
        return ops.multiply(self, other, **unknown)

    def div(self, other: Data, **unknown: Never) -> Tensor:
        return ops.divide(self, other, **unknown)

    def dot(self, other: Data, **unknown: Never) -> Tensor:
        return ops.dot(self, other, **unknown)

    def matmul(self, other: Data, **unknown: Never) -> Tensor:
        return ops.matmul(self, other, **unknown)

    def sum(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.sum(self, *args, **kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.mean(self, *args, **kwargs)

    def std(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.std(self, *args, **kwargs)

    def var(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.var(self, *args, **kwargs)

    def prod(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.prod(self, *args, **kwargs)

    def logsumexp(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.logsumexp(self, *args, **kwargs)

    def norm(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.norm(self, *args, **kwargs)

    def cumsum(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.cumsum(self, *args, **kwargs)

    def cumprod(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.cumprod(self, *args, **kwargs)

    def max(self, *args: Any, **kwargs: Any) -> Tensor:
        _no_pair("max", kwargs)
        return ops.max(self, *args, **kwargs)

    def min(self, *args: Any, **kwargs: Any) -> Tensor:
        _no_pair("min", kwargs)
        return ops.min(self, *args, **kwargs)

    def argmax(self, *args: Any, **kwargs: Any) -> np.ndarray:
        return ops.argmax(self, *args, **kwargs)

    def argmin(self, *args: Any, **kwargs: Any) -> np.ndarray:
        return ops.argmin(self, *args, **kwargs)

    def argsort(self, *args: Any, **kwargs: Any) -> np.ndarray:
        return ops.argsort(self, *args, **kwargs)

    def sort(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.sort(self, *args, **kwargs)

    def clip(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.clip(self, *args, **kwargs)

    def round(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.round(self, *args, **kwargs)

    def trace(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.trace(self, *args, **kwargs)

    def diagonal(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.diagonal(self, *args, **kwargs)

    def take(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.take(self, *args, **kwargs)

    def repeat(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.repeat(self, *args, **kwargs)

    def swapaxes(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.swapaxes(self, *args, **kwargs)

    def squeeze(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.squeeze(self, *args, **kwargs)

    def softmax(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.softmax(self, *args, **kwargs)

    def log_softmax(self, *args: Any, **kwargs: Any) -> Tensor:
        return ops.log_softmax(self, *args, **kwargs)

    def clamp(self, min: Data | None = None, max: Data | None = None, **unknown: Never) -> Tensor:
        return ops.clip(self, min, max, **unknown)

    def unsqueeze(self, dim: int, **unknown: Never) -> Tensor:
        return ops.expand_dims(self, dim, **unknown)

    def reshape(self, *shape: int | Sequence[int], order: str = "C", **unknown: Never) -> Tensor:
        if order != "C" or unknown:
            return ops.reshape(self, _spread(shape), order=order, **unknown)
        return ops.reshape(self, _spread(shape))

    def view(self, *shape: int | Sequence[int]) -> Tensor:
        return ops.reshape(self, _spread(shape))

    def transpose(self, *axes: int | Sequence[int] | None) -> Tensor:
        axes = _spread(axes)
        if len(axes) == 2 and self._data.ndim != 2:
            raise ArgumentError(
                f"transpose: axes must name all {self._data.ndim}, got {axes}; to exchange two "
                f"write x.swapaxes{axes}"
            )
        return ops.transpose(self, axes or None)

    def permute(self, *axes: int | Sequence[int]) -> Tensor:
        return ops.transpose(self, _spread(axes))

    def expand(self, *shape: int | Sequence[int]) -> Tensor:
        return ops.expand(self, _spread(shape))

    def ravel(self, order: str = "C", **unknown: Never) -> Tensor:
        return ops.ravel(self, order=order, **unknown)

    def flatten(
        self, order: str = "C", *, start_dim: int = 0, end_dim: int = -1, **unknown: Never
    ) -> Tensor:
        if not isinstance(order, str):
            raise ArgumentError(
                f"flatten({order}): NumPy's flatten takes an order; "
                f"write x.flatten(start_dim={order})"
            )
        return ops.flatten(self, start_dim, end_dim, order=order, **unknown)

    @property
    def T(self) -> Tensor:
        """Axes reversed."""
        return ops.transpose(self, None)

    @property
    def mT(self) -> Tensor:
        """Last two axes exchanged."""
        return ops.swapaxes(self, -1, -2)

    def any(self, *args: Any, **kwargs: Any) -> Any:
        return self._data.any(*args, **kwargs)

    def all(self, *args: Any, **kwargs: Any) -> Any:
        return self._data.all(*args, **kwargs)


def explain_methods() -> None:
    """Let `help(x.sum)` and editors say what the op of that name is, and which arguments it has."""
    for name, method in vars(ArrayMethods).items():
        function = getattr(ops, name, None)
        if callable(function) and inspect.isfunction(method) and method.__doc__ is None:
            method.__doc__ = function.__doc__
            if method.__code__.co_varnames[1:3] == ("args", "kwargs"):  # it hands all of them on
                method.__wrapped__ = function  # type: ignore[attr-defined]


def _spread(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """`f(2, 3)` and `f((2, 3))` alike."""
    if len(sizes) == 1 and not isinstance(sizes[0], int | np.integer):
        return () if sizes[0] is None else tuple(sizes[0])
    return sizes


def _no_pair(name: str, kwargs: Any) -> None:
    if "dim" in kwargs:
        axis = kwargs["dim"]
        raise ArgumentError(
            f"{name}(dim={axis}) would return a pair in PyTorch; here x.{name}(axis={axis}) is the "
            f"values and x.arg{name}(axis={axis}) the indices"
        )
