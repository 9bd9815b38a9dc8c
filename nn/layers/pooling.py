"""Pooling layers: one number for each window of an image, or for the whole of it.

A class for a number of axes says which function it calls; arguments and repr are its family's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from nn import functional as F
from nn.module import Module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import Tensor
    from autograd.engine.annotations import Data, Size

__all__ = [
    "AbsMaxPool2d",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "GlobalAvgPool2d",
    "MaxPool1d",
    "MaxPool2d",
    "Subsample2d",
]


class _Pool(Module):
    """A layer that pools: `_function` does it."""

    _function: ClassVar[Callable[..., Any]]


class _MaxPool(_Pool):
    """The largest element of each window, along any number of axes."""

    _shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, x: Data) -> Tensor:
        return self._function(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class MaxPool2d(_MaxPool):
    """The largest element of each window; its gradient goes to the first maximum.

    Shapes: x (N, C, H, W) or (C, H, W) -> (N, C, H', W') with
    H' = (H + 2·padding − dilation·(R − 1) − 1) // stride + 1 (rounded up with `ceil_mode`);
    `stride` is `kernel_size` if None. With `return_indices` also the positions of the maxima.

    >>> import autograd as ag, nn
    >>> nn.MaxPool2d(2)(ag.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[4.]]])
    """

    _function = staticmethod(F.max_pool2d)


class MaxPool1d(_MaxPool):
    """The largest element of each window of x (N, C, L) or (C, L); see `MaxPool2d`."""

    _function = staticmethod(F.max_pool1d)


class AbsMaxPool2d(_MaxPool):
    """The largest magnitude in each window: max |x|. Shapes as for `MaxPool2d`."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
    ):
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)

    def forward(self, x: Data) -> Tensor:
        return F.absmax_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class _AvgPool(_Pool):
    """The mean of each window, along any number of axes."""

    _shown = ("kernel_size", "stride", "padding")

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, x: Data) -> Tensor:
        return self._function(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip


class AvgPool2d(_AvgPool):
    """The mean of each window. Shapes as for `MaxPool2d`.

    The padding counts as zeros unless `count_include_pad` is false; `divisor_override` replaces
    the window's size.
    """

    _function = staticmethod(F.avg_pool2d)


class AvgPool1d(_AvgPool):
    """The mean of each window of x (N, C, L) or (C, L); see `AvgPool2d`."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ):
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)

    def forward(self, x: Data) -> Tensor:
        return F.avg_pool1d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class _AdaptivePool(_Pool):
    """A pool whose windows follow from the size that is wanted."""

    _shown = ("output_size",)

    def __init__(self, output_size: int | Sequence[int | None] | None):
        super().__init__()
        self.output_size = output_size

    def forward(self, x: Data) -> Tensor:
        return self._function(x, self.output_size)


class AdaptiveAvgPool2d(_AdaptivePool):
    """Means over windows chosen so that the output has the size `output_size`.

    Shapes: x (N, C, H, W) or (C, H, W) -> (N, C, *output_size); None keeps the input's size.
    """

    _function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool1d(_AdaptivePool):
    """Means over windows of x (N, C, L) or (C, L); see `AdaptiveAvgPool2d`."""

    _function = staticmethod(F.adaptive_avg_pool1d)


class _AdaptiveMaxPool(_AdaptivePool):
    """Maxima over windows that follow from the size that is wanted."""

    def __init__(
        self, output_size: int | Sequence[int | None] | None, return_indices: bool = False
    ):
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, x: Data) -> Tensor:
        return self._function(x, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Maxima over windows chosen so that the output has the size `output_size`.

    Shapes as for `AdaptiveAvgPool2d`. With `return_indices` also the positions of the maxima.
    """

    _function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Maxima over windows of x (N, C, L) or (C, L); see `AdaptiveMaxPool2d`."""

    _function = staticmethod(F.adaptive_max_pool1d)


class GlobalAvgPool2d(Module):
    """The mean of each channel: x (N, C, H, W) -> (N, C), or (N, C, 1, 1) with `keepdims`."""

    _shown = ("keepdims",)

    def __init__(self, keepdims: bool = False):
        super().__init__()
        self.keepdims = keepdims

    def forward(self, x: Data) -> Tensor:
        return F.global_avg_pool2d(x, self.keepdims)


class Subsample2d(Module):
    """Every `stride`-th row and column: out[..., i, j] = x[..., s₁·i, s₂·j]."""

    _shown = ("stride",)

    def __init__(self, stride: Size):
        super().__init__()
        self.stride = stride

    def forward(self, x: Data) -> Tensor:
        return F.subsample2d(x, self.stride)
