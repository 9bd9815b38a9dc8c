"""Convolution layers: a small kernel that visits every place of an image."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from autograd.errors import ArgumentError, ShapeError
from autograd.support.arguments import one_of, per_axis, whole
from nn import functional as F
from nn import init
from nn.layers.arguments import empty, empty_if, require_size, start_uniform
from nn.module import Module

if TYPE_CHECKING:
    import numpy.typing as npt

    from autograd import Tensor
    from autograd.engine.annotations import Data

__all__ = ["Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d", "LocalConv2d"]

PADDING_MODES = ("zeros", "circular", "reflect", "replicate")
PADDING_WORDS = ("valid", "same", "full")


class _Convolution(Module):
    """What the convolution layers have in common: their arguments and parameters.

    A class for a number of axes says that number, and which function it calls.
    """

    _axes: ClassVar[int]
    _function: ClassVar[Callable[..., Any]]
    stride: Any
    padding: Any
    dilation: Any
    output_padding: tuple[int, ...] = ()
    flip = False

    def _start(
        self,
        channels: tuple[int, int],
        kernel_size: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        dtype: npt.DTypeLike | None,
    ) -> None:
        name = type(self).__name__
        self.in_channels = whole(name, "in_channels", channels[0], 1)
        self.out_channels = whole(name, "out_channels", channels[1], 1)
        self.kernel_size = kernel_size
        self.groups = whole(name, "groups", groups, 1)
        for argument in ("in_channels", "out_channels"):
            if getattr(self, argument) % groups:
                raise ArgumentError(
                    f"{name}: groups must divide {argument}={getattr(self, argument)}, got {groups}"
                )
        self.padding_mode = one_of(name, "padding_mode", padding_mode, PADDING_MODES)
        self.weight = empty((*self._weight_channels(), *kernel_size), dtype)
        self.bias = empty_if(bias, (self.out_channels,), dtype)
        self.reset_parameters()

    def _weight_channels(self) -> tuple[int, int]:
        return self.out_channels, self.in_channels // self.groups

    def _require_channels(self, x: Any) -> None:
        name, axis = type(self).__name__, -1 - self._axes
        require_size(name, "in_channels", self.in_channels, x, axis, "channels")

    def reset_parameters(self) -> None:
        """Draw the starting values anew."""
        start_uniform(self.weight, self.bias)

    def extra_repr(self) -> str:
        words = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}, stride={self.stride}",
        ]
        if self.padding != (0,) * self._axes:
            words.append(f"padding={self.padding!r}")
        if self.dilation != (1,) * self._axes:
            words.append(f"dilation={self.dilation}")
        if any(self.output_padding):
            words.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            words.append(f"groups={self.groups}")
        if self.bias is None:
            words.append("bias=False")
        if self.padding_mode != "zeros":
            words.append(f"padding_mode={self.padding_mode!r}")
        if self.flip:
            words.append("flip=True")
        return ", ".join(words)


class ConvNd(_Convolution):
    """Convolution along any number of axes."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | str | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        flip: bool = False,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        name, sizes = type(self).__name__, partial(per_axis, type(self).__name__, axes=self._axes)
        self.stride = sizes("stride", stride, 1)
        self.padding = _padding(name, padding, self._axes)
        self.dilation = sizes("dilation", dilation, 1)
        self.flip = flip
        kernel = sizes("kernel_size", kernel_size, 1)
        self._start((in_channels, out_channels), kernel, groups, bias, padding_mode, dtype)

    def forward(self, x: Data) -> Tensor:
        self._require_channels(x)
        return self._function(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups,
            self.padding_mode, self.flip,
        )  # fmt: skip


class Conv2d(ConvNd):
    """Cross-correlation of images with learned kernels (true convolution with `flip=True`).

    Shapes: x (N, in_channels, H, W) or (in_channels, H, W) -> (N, out_channels, H', W') with
    H' = (H + 2·padding − dilation·(R − 1) − 1) // stride + 1; weight
    (out_channels, in_channels / groups, R, S) and bias (out_channels,), both from U(-b, b) with
    b = 1/√(R S in_channels / groups).

    `padding` is a number, two, four (top, bottom, left, right), 'valid', 'same' or 'full';
    `padding_mode` 'zeros', 'circular', 'reflect' or 'replicate'.

    Whole numbers are converted as they are: give images of bytes as x.astype(np.float32) / 255
    (0..1), and (N, H, W, C) as x.transpose(0, 3, 1, 2).

    Raises `ShapeError` for an x with other channels, or smaller than the kernel.

    >>> import numpy as np, nn
    >>> nn.Conv2d(1, 6, 5, padding=2)(np.zeros((2, 1, 28, 28), np.float32)).shape
    (2, 6, 28, 28)
    """

    _axes, _function = 2, staticmethod(F.conv2d)


class Conv1d(ConvNd):
    """Cross-correlation of sequences with learned kernels, as `Conv2d` along one axis.

    Shapes: x (N, in_channels, L) or (in_channels, L) -> (N, out_channels, L'); weight
    (out_channels, in_channels / groups, S), bias (out_channels,).
    """

    _axes, _function = 1, staticmethod(F.conv1d)


class ConvTransposeNd(_Convolution):
    """Transposed convolution along any number of axes."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        output_padding: int | tuple[int, ...] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int, ...] = 1,
        padding_mode: str = "zeros",
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        name, sizes = type(self).__name__, partial(per_axis, type(self).__name__, axes=self._axes)
        if padding_mode != "zeros":
            raise ArgumentError(f"{name}: padding_mode must be 'zeros', got {padding_mode!r}")
        self.stride = sizes("stride", stride, 1)
        self.padding = sizes("padding", padding, 0)
        self.output_padding = sizes("output_padding", output_padding, 0)
        self.dilation = sizes("dilation", dilation, 1)
        kernel = sizes("kernel_size", kernel_size, 1)
        self._start((in_channels, out_channels), kernel, groups, bias, padding_mode, dtype)

    def _weight_channels(self) -> tuple[int, int]:
        return self.in_channels, self.out_channels // self.groups

    def forward(self, x: Data) -> Tensor:
        self._require_channels(x)
        return self._function(
            x, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.groups,
            self.dilation,
        )  # fmt: skip


class ConvTranspose2d(ConvTransposeNd):
    """The transpose of a convolution: its input gradient, used to enlarge images.

    Shapes: x (N, in_channels, H, W) or (in_channels, H, W) -> (N, out_channels, H', W') with
    H' = (H − 1)·stride − 2·padding + dilation·(R − 1) + output_padding + 1; weight
    (in_channels, out_channels / groups, R, S), bias (out_channels,).

    >>> import numpy as np, nn
    >>> nn.ConvTranspose2d(16, 6, 2, stride=2)(np.zeros((1, 16, 5, 5), np.float32)).shape
    (1, 6, 10, 10)
    """

    _axes, _function = 2, staticmethod(F.conv_transpose2d)


class ConvTranspose1d(ConvTransposeNd):
    """The transpose of `Conv1d`; see `ConvTranspose2d`.

    Shapes: x (N, in_channels, L) or (in_channels, L) -> (N, out_channels, L'); weight
    (in_channels, out_channels / groups, S), bias (out_channels,).
    """

    _axes, _function = 1, staticmethod(F.conv_transpose1d)


class LocalConv2d(Module):
    """Locally connected: a convolution that has kernels of its own at every place.

    Shapes: x (N, in_channels, H, W) of the size `input_size` = (H, W) -> (N, out_channels, H', W');
    weight (H', W', out_channels, in_channels, R, S), bias (out_channels, H', W'), both from
    U(-b, b) with b = 1/√(in_channels R S).

    >>> import nn
    >>> nn.count_parameters(lambda: nn.LocalConv2d(1, 10, 10, (209, 209), bias=False))
    40000000
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        input_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        bias: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        sizes = partial(per_axis, "LocalConv2d", axes=2)
        self.in_channels = whole("LocalConv2d", "in_channels", in_channels, 1)
        self.out_channels = whole("LocalConv2d", "out_channels", out_channels, 1)
        self.kernel_size = sizes("kernel_size", kernel_size, 1)
        self.input_size = sizes("input_size", input_size, 1)
        self.stride = sizes("stride", stride, 1)
        self.padding = sizes("padding", padding, 0)
        self.dilation = sizes("dilation", dilation, 1)
        self.output_size = tuple(
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, p, d, k, s in zip(
                self.input_size, self.padding, self.dilation, self.kernel_size, self.stride,
                strict=True,
            )
        )  # fmt: skip
        if min(self.output_size) < 1:
            raise ArgumentError(
                f"LocalConv2d: kernel_size={self.kernel_size} with dilation={self.dilation} is "
                f"larger than input_size={self.input_size} with padding={self.padding}"
            )
        kernels = (self.out_channels, self.in_channels, *self.kernel_size)
        self.weight = empty((*self.output_size, *kernels), dtype)
        self.bias = empty_if(bias, (self.out_channels, *self.output_size), dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the starting values anew."""
        bound = 1 / math.sqrt(self.in_channels * math.prod(self.kernel_size))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Data) -> Tensor:
        require_size("LocalConv2d", "in_channels", self.in_channels, x, -3, "channels")
        if F.shape_of(x)[-2:] != self.input_size:
            raise ShapeError(
                f"LocalConv2d(input_size={self.input_size}) got images of "
                f"{F.shape_of(x)[-2:]}; its kernels belong to places"
            )
        return F.local_conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"input_size={self.input_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, bias={self.bias is not None}"
        )


def _padding(layer: str, value: Any, axes: int) -> Any:
    """Padding as a word, or as numbers: one an axis, or before and after each axis."""
    if isinstance(value, str):
        if value not in PADDING_WORDS:
            raise ArgumentError(
                f"{layer}: padding must be numbers or one of "
                f"{', '.join(map(repr, PADDING_WORDS))}, got {value!r}"
            )
        return value
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    if len(values) not in (axes, 2 * axes):
        raise ArgumentError(
            f"{layer}: padding must be a number, {axes} or {2 * axes} of them, got {value!r}"
        )
    return tuple(whole(layer, "padding", v, 0) for v in values)
