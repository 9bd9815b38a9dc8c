"""Pooling layers: one number for each window of an image, or for the whole of it."""

from __future__ import annotations

from typing import Any

from nn import functional as F
from nn.module import Module

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

Size = int | tuple[int, ...]


class _MaxPool(Module):
    """The arguments of the max pools."""

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

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool2d(_MaxPool):
    """The largest element of each window; its gradient goes to the first maximum.

    Shapes: x (N, C, H, W) or (C, H, W) -> (N, C, H', W') with
    H' = (H + 2·padding − dilation·(R − 1) − 1) // stride + 1 (rounded up with `ceil_mode`);
    `stride` is `kernel_size` if None. With `return_indices` also the positions of the maxima.

    >>> import autograd as ag, nn
    >>> nn.MaxPool2d(2)(ag.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[4.]]])
    """

    def forward(self, x: Any) -> Any:
        return F.max_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class MaxPool1d(_MaxPool):
    """The largest element of each window of x (N, C, L) or (C, L); see `MaxPool2d`."""

    def forward(self, x: Any) -> Any:
        return F.max_pool1d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class AbsMaxPool2d(Module):
    """The largest magnitude in each window: max |x|. Shapes as for `MaxPool2d`."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode

    def forward(self, x: Any) -> Any:
        return F.absmax_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )

    extra_repr = _MaxPool.extra_repr


class AvgPool2d(Module):
    """The mean of each window. Shapes as for `MaxPool2d`.

    The padding counts as zeros unless `count_include_pad` is false; `divisor_override` replaces
    the window's size.
    """

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

    def forward(self, x: Any) -> Any:
        return F.avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(Module):
    """The mean of each window of x (N, C, L) or (C, L); see `AvgPool2d`."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, x: Any) -> Any:
        return F.avg_pool1d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    extra_repr = AvgPool2d.extra_repr


class AdaptiveAvgPool2d(Module):
    """Means over windows chosen so that the output has the size `output_size`.

    Shapes: x (N, C, H, W) or (C, H, W) -> (N, C, *output_size); None keeps the input's size.
    """

    def __init__(self, output_size: int | tuple[int | None, ...] | None):
        super().__init__()
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        return F.adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(AdaptiveAvgPool2d):
    """Means over windows of x (N, C, L) or (C, L); see `AdaptiveAvgPool2d`."""

    def forward(self, x: Any) -> Any:
        return F.adaptive_avg_pool1d(x, self.output_size)


class AdaptiveMaxPool2d(Module):
    """Maxima over windows chosen so that the output has the size `output_size`.

    Shapes as for `AdaptiveAvgPool2d`. With `return_indices` also the positions of the maxima.
    """

    def __init__(
        self, output_size: int | tuple[int | None, ...] | None, return_indices: bool = False
    ):
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, x: Any) -> Any:
        return F.adaptive_max_pool2d(x, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(AdaptiveMaxPool2d):
    """Maxima over windows of x (N, C, L) or (C, L); see `AdaptiveMaxPool2d`."""

    def forward(self, x: Any) -> Any:
        return F.adaptive_max_pool1d(x, self.output_size, self.return_indices)


class GlobalAvgPool2d(Module):
    """The mean of each channel: x (N, C, H, W) -> (N, C), or (N, C, 1, 1) with `keepdims`."""

    def __init__(self, keepdims: bool = False):
        super().__init__()
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        return F.global_avg_pool2d(x, self.keepdims)

    def extra_repr(self) -> str:
        return f"keepdims={self.keepdims}"


class Subsample2d(Module):
    """Every `stride`-th row and column: out[..., i, j] = x[..., s₁·i, s₂·j]."""

    def __init__(self, stride: Size):
        super().__init__()
        self.stride = stride

    def forward(self, x: Any) -> Any:
        return F.subsample2d(x, self.stride)

    def extra_repr(self) -> str:
        return f"stride={self.stride}"
