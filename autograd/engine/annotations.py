"""Words for annotations of public functions: what type checkers read, and nobody imports to run."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.engine.tensors import Tensor


class SupportsArray(Protocol):
    """Another library's array or series: what NumPy makes an array of."""

    def __array__(self) -> np.ndarray: ...


class HasParameters(Protocol):
    """A module."""

    def parameters(self) -> Iterable[Tensor]: ...


#: Numbers that no gradient belongs to: an op that is given nothing else returns an ndarray.
Plain: TypeAlias = np.ndarray | np.generic | float | list[Any] | tuple[Any, ...]

#: What an op, a layer or a loss takes as its input.
Data: TypeAlias = Tensor | Plain | SupportsArray

#: What `concatenate` and `stack` join.
Arrays: TypeAlias = Sequence[Data] | np.ndarray | Tensor
PlainArrays: TypeAlias = Sequence[Plain] | np.ndarray

Approximate: TypeAlias = Literal["none", "tanh", "sigmoid"]  # of gelu
Axis: TypeAlias = int | Sequence[int] | None
DType: TypeAlias = npt.DTypeLike
Padding: TypeAlias = int | Sequence[int] | Literal["valid", "same", "full"]
PadMode: TypeAlias = Literal["constant", "reflect", "edge", "wrap"]
Parameters: TypeAlias = Tensor | Iterable[Tensor] | HasParameters
Reduction: TypeAlias = Literal["mean", "sum", "none"]
Shape: TypeAlias = int | np.integer | Sequence[int]

#: Of a kernel, a stride, a shift: one number, or one for each axis.
Size: TypeAlias = int | np.integer | Sequence[int] | np.ndarray
