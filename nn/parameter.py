"""What a module's state is made of: Tensors marked as trained, or as kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, is_grad_enabled
from autograd.support.arguments import require_constant
from autograd.support.unknown_names import named_arguments

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Buffer", "Parameter"]


@named_arguments
class Parameter(Tensor):
    """A Tensor that is trained: an attribute of this type belongs to its module's parameters.

    It shares memory with an array or Tensor it is made from, but not its graph. Raises
    `DTypeError` unless `data` is of a float dtype (or `requires_grad` is false).

    >>> Parameter([1.0, 2.0])
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(
        self,
        data: npt.ArrayLike | Tensor,
        requires_grad: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
        name: str | None = None,
    ):
        super().__init__(_array_of(data), requires_grad, dtype=dtype, name=name)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


def _array_of(data: Any) -> Any:
    """The array of a Tensor: what is trained, or kept, begins a graph."""
    return data.data if isinstance(data, Tensor) else data


@named_arguments
class Buffer(Tensor):
    """A Tensor that is state but not trained, such as a running mean.

    An attribute of this type follows its module through `to(dtype)`, and through `state_dict`
    unless `persistent` is false. Raises `DTypeError` for a Tensor that requires a gradient, which
    would be lost.

    >>> Buffer([0.0, 0.0], persistent=False)
    Buffer containing:
    tensor([0., 0.])
    """

    __slots__ = ("persistent",)

    def __init__(
        self,
        data: npt.ArrayLike | Tensor,
        persistent: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
        name: str | None = None,
    ):
        if is_grad_enabled():
            require_constant(type(self).__name__, "data", data)
        super().__init__(_array_of(data), dtype=dtype, name=name)  # type: ignore[arg-type]
        self.persistent = persistent

    def __repr__(self) -> str:
        return f"Buffer containing:\n{super().__repr__()}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_buffer, (type(self), self.data, self.persistent, self.name)


def _rebuild_buffer(
    cls: type[Buffer], data: np.ndarray, persistent: bool, name: str | None
) -> Buffer:
    self = cls.__new__(cls)
    Buffer.__init__(self, data, persistent, name=name)
    return self
