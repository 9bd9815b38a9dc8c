"""The operators of a Tensor: each is an op, a comparison, or what NumPy makes of integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.engine import late_bound
from autograd.engine.array_methods import ArrayMethods
from autograd.engine.dtypes import as_array
from autograd.engine.late_bound import ops
from autograd.errors import ForeignOperandError, GlassgradError, ours

if TYPE_CHECKING:
    from autograd.engine.annotations import Data
    from autograd.engine.tensors import Tensor


def numpys_operators(
    ufunc: np.ufunc,
) -> tuple[Callable[[Any, Data], Tensor], Callable[[Any, Data], Tensor]]:
    """An operator that no op stands for, and its reflection: `a // b`, `a % b`, `a & b`."""

    def forward(self: Any, other: Any) -> Any:
        try:
            return type(self)._of(as_array(ufunc(self, other), ufunc.__name__))
        except (TypeError, ValueError) as error:
            raise _named(error, ufunc) from error

    def reflected(self: Any, other: Any) -> Any:
        try:
            return type(self)._of(as_array(ufunc(other, self), ufunc.__name__))
        except (TypeError, ValueError) as error:
            raise _named(error, ufunc) from error

    return forward, reflected


def _named(error: Exception, ufunc: np.ufunc) -> Exception:
    """NumPy's complaint about an operator, as ours."""
    if isinstance(error, GlassgradError):
        return error
    return ours(error)(f"{ufunc.__name__}: {error}")


def _leave_to(other: Any, reflected: str, error: ForeignOperandError) -> Any:
    """`NotImplemented`, so that Python asks `other`; the op's error if that has no answer."""
    kind = type(other)
    if kind.__module__ != "builtins" and hasattr(kind, reflected):  # a text's own is no use here
        return NotImplemented
    raise error


class Operators(ArrayMethods):
    """What an op does not know is left to the other operand's type, if that has the operator."""

    __slots__ = ()

    _of: ClassVar[Callable[..., Tensor]]

    def __add__(self: Any, other: Data) -> Tensor:
        try:
            return ops.add(self, other)
        except ForeignOperandError as error:
            return _leave_to(other, "__radd__", error)

    def __radd__(self: Any, other: Data) -> Tensor:
        return ops.add(other, self)

    def __sub__(self: Any, other: Data) -> Tensor:
        try:
            return ops.subtract(self, other)
        except ForeignOperandError as error:
            return _leave_to(other, "__rsub__", error)

    def __rsub__(self: Any, other: Data) -> Tensor:
        return ops.subtract(other, self)

    def __mul__(self: Any, other: Data) -> Tensor:
        try:
            return ops.multiply(self, other)
        except ForeignOperandError as error:
            return _leave_to(other, "__rmul__", error)

    def __rmul__(self: Any, other: Data) -> Tensor:
        return ops.multiply(other, self)

    def __truediv__(self: Any, other: Data) -> Tensor:
        try:
            return ops.divide(self, other)
        except ForeignOperandError as error:
            return _leave_to(other, "__rtruediv__", error)

    def __rtruediv__(self: Any, other: Data) -> Tensor:
        return ops.divide(other, self)

    def __pow__(self: Any, other: Data) -> Tensor:
        try:
            return ops.power(self, other)
        except ForeignOperandError as error:
            return _leave_to(other, "__rpow__", error)

    def __rpow__(self: Any, other: Data) -> Tensor:
        return ops.power(other, self)

    def __matmul__(self: Any, other: Data) -> Tensor:
        try:
            return ops.matmul(self, other)
        except ForeignOperandError as error:
            return _leave_to(other, "__rmatmul__", error)

    def __rmatmul__(self: Any, other: Data) -> Tensor:
        return ops.matmul(other, self)

    def __neg__(self: Any) -> Tensor:
        return ops.negative(self)

    def __pos__(self: Any) -> Tensor:
        return ops.positive(self)

    def __abs__(self: Any) -> Tensor:
        return ops.absolute(self)

    def __round__(self: Any, ndigits: int | None = None) -> Tensor:
        return ops.round(self, 0 if ndigits is None else ndigits)

    # Integers and booleans have these, which carry no gradient: Tensors of what NumPy makes of it.

    def __invert__(self: Any) -> Tensor:
        return type(self)._of(as_array(np.invert(self), "invert"))

    __floordiv__, __rfloordiv__ = numpys_operators(np.floor_divide)
    __mod__, __rmod__ = numpys_operators(np.remainder)
    __and__, __rand__ = numpys_operators(np.bitwise_and)
    __or__, __ror__ = numpys_operators(np.bitwise_or)
    __xor__, __rxor__ = numpys_operators(np.bitwise_xor)
    __lshift__, __rlshift__ = numpys_operators(np.left_shift)
    __rshift__, __rrshift__ = numpys_operators(np.right_shift)

    def __getitem__(self: Any, key: Any) -> Tensor:
        return ops.getitem(self, key)

    def __eq__(self: Any, other: object) -> np.ndarray:  # type: ignore[override]
        return late_bound.compared(np.equal, self, other)

    def __ne__(self: Any, other: object) -> np.ndarray:  # type: ignore[override]
        return late_bound.compared(np.not_equal, self, other)

    def __lt__(self: Any, other: Data) -> np.ndarray:
        return late_bound.compared(np.less, self, other)

    def __le__(self: Any, other: Data) -> np.ndarray:
        return late_bound.compared(np.less_equal, self, other)

    def __gt__(self: Any, other: Data) -> np.ndarray:
        return late_bound.compared(np.greater, self, other)

    def __ge__(self: Any, other: Data) -> np.ndarray:
        return late_bound.compared(np.greater_equal, self, other)
