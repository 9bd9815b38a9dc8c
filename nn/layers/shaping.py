"""Layers that only move elements, or do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import autograd as ag
from autograd.ops.axes import normal_axis
from nn import functional as F
from nn.module import Module

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.engine.annotations import Data, Size

__all__ = ["Flatten", "Fold", "Identity", "Unflatten", "Unfold"]


class Identity(Module):
    """y = x. Arguments are accepted and ignored, so that it can stand in for any layer."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__()

    def forward(self, x: Any) -> Any:
        return x


class Flatten(Module):
    """Axes `start_dim` to `end_dim` as one; by default all but the batch.

    >>> import numpy as np, nn
    >>> nn.Flatten()(np.zeros((2, 16, 5, 5))).shape
    (2, 400)
    """

    _shown = ("start_dim", "end_dim")

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Data) -> Tensor:
        return ag.flatten(x, self.start_dim, self.end_dim)


class Unflatten(Module):
    """Axis `dim` as axes of the sizes `unflattened_size`: the inverse of `Flatten`.

    >>> import numpy as np, nn
    >>> nn.Unflatten(1, (16, 5, 5))(np.zeros((2, 400))).shape
    (2, 16, 5, 5)
    """

    _shown = ("dim", "unflattened_size")

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]):
        super().__init__()
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x: Data) -> Tensor:
        shape = tuple(F.shape_of(x))
        axis = normal_axis("Unflatten", self.dim, shape)
        return ag.reshape(x, shape[:axis] + self.unflattened_size + shape[axis + 1 :])


class Unfold(Module):
    """Columns of patches: x (N, C, H, W) -> (N, C R S, L) for L places of an R x S kernel."""

    _shown = ("kernel_size", "dilation", "padding", "stride")

    def __init__(self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1):
        super().__init__()
        self.kernel_size, self.dilation = kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, x: Data) -> Tensor:
        return F.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(Module):
    """Patches added up where they came from: columns (N, C R S, L) -> (N, C, *output_size)."""

    _shown = ("output_size", "kernel_size", "dilation", "padding", "stride")

    def __init__(
        self,
        output_size: Size,
        kernel_size: Size,
        dilation: Size = 1,
        padding: Size = 0,
        stride: Size = 1,
    ):
        super().__init__()
        self.output_size, self.kernel_size, self.dilation = output_size, kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, x: Data) -> Tensor:
        return F.fold(
            x, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )
