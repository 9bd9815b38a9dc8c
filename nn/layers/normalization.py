"""Normalisation layers: mean 0 and variance 1, then a learned scale and shift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd as ag
from autograd.engine import in_place
from autograd.errors import ArgumentError, ShapeError
from autograd.support.advice import channels_last
from autograd.support.arguments import fraction, whole
from nn import functional as F
from nn import init
from nn.layers.arguments import empty, empty_if, require_size
from nn.module import Module
from nn.parameter import Buffer, Parameter

if TYPE_CHECKING:
    import numpy.typing as npt

    from autograd import Tensor
    from autograd.engine.annotations import Data, Size

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "LayerNorm",
]


class Normalization(Module):
    """A layer that normalises, and what it scales and shifts by."""

    weight: Parameter | None
    bias: Parameter | None

    def _start(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike | None, *, weight: bool, bias: bool
    ) -> None:
        self.weight = empty_if(weight, shape, dtype)
        self.bias = empty_if(bias, shape, dtype)

    def reset_parameters(self) -> None:
        """Scale 1 and shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _BatchNorm(Normalization):
    """Batch normalisation; subclasses say which inputs they take."""

    _layouts: dict[int, str]  # number of axes -> what they are
    _shown = ("eps", "momentum", "affine", "track_running_stats")

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        name = type(self).__name__
        self.num_features = whole(name, "num_features", num_features, 1)
        if momentum is not None:
            fraction(name, "momentum", momentum)
        self.eps, self.momentum, self.affine = eps, momentum, affine
        self.track_running_stats = track_running_stats
        shape = (self.num_features,)
        self._start(shape, dtype, weight=affine, bias=affine)
        self.running_mean: Buffer | Any = None
        self.running_var: Buffer | Any = None
        self.num_batches_tracked: Buffer | Any = None
        if track_running_stats:
            self.running_mean = Buffer(empty(shape, dtype).data)
            self.running_var = Buffer(empty(shape, dtype).data)
            self.num_batches_tracked = Buffer(np.zeros((), np.int64))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0, and the running statistics as new."""
        super().reset_parameters()
        if self.running_var is not None and self.running_mean is not None:
            init.ones_(self.running_var)
            init.zeros_(self.running_mean)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.fill_(0)

    def forward(self, x: Data) -> Tensor:
        self._check(x)
        return self._normalized(x)

    def _normalized(self, x: Any) -> Any:
        own_statistics = self.training or self.running_mean is None
        mean, var, batches = self.running_mean, self.running_var, self.num_batches_tracked
        if self.training and not self.track_running_stats:  # switched off since it was built
            mean = var = batches = None
        momentum = self.momentum
        if momentum is None:  # the mean over all batches
            momentum = 0.0 if batches is None else 1 / (batches.item() + 1)
        out = F.batch_norm(x, mean, var, self.weight, self.bias, own_statistics, momentum, self.eps)
        if self.training and batches is not None:
            batches.data[...] += 1
            in_place.stamp(batches.data)
        return out

    def _check(self, x: Any) -> None:
        name, shape = type(self).__name__, F.shape_of(x)
        layout = self._layouts.get(len(shape))
        if layout is None:
            raise ShapeError(
                f"{name}: the input must be {' or '.join(self._layouts.values())}, got {shape}"
            )
        axis = (1 if layout.startswith("(N") else 0) - len(shape)
        require_size(name, "num_features", self.num_features, x, axis, "channels")

    def extra_repr(self) -> str:
        return f"{self.num_features}, {super().extra_repr()}"


class BatchNorm2d(_BatchNorm):
    """(x − mean) / √(var + ε) · weight + bias, per channel (Ioffe & Szegedy, 2015).

    In training the statistics are the batch's, and the running ones move towards them by
    `momentum` (None: their plain mean); in evaluation the running ones are used. With
    `track_running_stats` off (also when it is switched off later) none move; a layer that was
    built without uses the batch's in evaluation too.

    Shapes: x (N, num_features, H, W) -> the same. State: weight, bias, running_mean, running_var
    (num_features,), num_batches_tracked.

    Raises `ShapeError` for other channels, `ArgumentError` for a single value per channel in
    training.

    >>> import numpy as np, nn
    >>> norm = nn.BatchNorm2d(3)
    >>> x = np.random.default_rng(0).normal(5, 2, (8, 3, 4, 4)).astype(np.float32)
    >>> bool(abs(norm(x).detach().mean()) < 1e-5), bool(abs(norm.eval()(x).detach().mean()) > 1)
    (True, True)
    """

    _layouts = {4: "(N, C, H, W)"}


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of x (N, num_features) or (N, num_features, L); see `BatchNorm2d`."""

    _layouts = {2: "(N, C)", 3: "(N, C, L)"}


class _InstanceNorm(_BatchNorm):
    """Instance normalisation: as batch normalisation, but each example for itself."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype=dtype)

    def _normalized(self, x: Any) -> Any:
        shape = F.shape_of(x)
        if len(shape) == min(self._layouts):
            return self._normalized(ag.reshape(x, (1, *shape)))[0]
        own_statistics = self.training or not self.track_running_stats
        return F.instance_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, own_statistics,
            0.0 if self.momentum is None else self.momentum, self.eps,
        )  # fmt: skip


class InstanceNorm2d(_InstanceNorm):
    """Normalisation of each channel of each example of x (N, num_features, H, W), or of one image.

    Without `track_running_stats` training and evaluation do the same; `affine` adds a learned
    scale and shift (Ulyanov et al., 2016). As PyTorch's, a layer that has running statistics moves
    them by `momentum` (None: not at all) whenever it uses those of its input, which it also does in
    evaluation once `track_running_stats` is switched off.

    Raises `ShapeError` for other channels, `ArgumentError` for a single value per channel.
    """

    _layouts = {4: "(N, C, H, W)", 3: "(C, H, W)"}


class InstanceNorm1d(_InstanceNorm):
    """Normalisation of each channel of each example of x (N, num_features, L), or (C, L).

    See `InstanceNorm2d`.
    """

    _layouts = {3: "(N, C, L)", 2: "(C, L)"}


class LayerNorm(Normalization):
    """(x − mean) / √(var + ε) · weight + bias over the last axes of x (Ba et al., 2016).

    Shapes: x (..., *normalized_shape) -> the same; weight and bias `normalized_shape`.

    >>> import autograd as ag, nn
    >>> nn.LayerNorm(2, eps=0)(ag.tensor([[1.0, 3.0], [0.0, 8.0]])).detach()
    tensor([[-1.,  1.], [-1.,  1.]])
    """

    _shown = ("eps", "elementwise_affine")

    def __init__(
        self,
        normalized_shape: Size,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        shape = normalized_shape if isinstance(normalized_shape, tuple | list) else None
        self.normalized_shape = tuple(
            whole("LayerNorm", "normalized_shape", n, 1)
            for n in ((normalized_shape,) if shape is None else shape)
        )
        if not self.normalized_shape:
            raise ArgumentError("LayerNorm: normalized_shape must name at least one axis, got ()")
        self.eps, self.elementwise_affine = eps, elementwise_affine
        bias = elementwise_affine and bias
        self._start(self.normalized_shape, dtype, weight=elementwise_affine, bias=bias)
        self.reset_parameters()

    def forward(self, x: Data) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, {super().extra_repr()}"


class GroupNorm(Normalization):
    """Normalisation over groups of channels of each example (Wu & He, 2018).

    Shapes: x (N, num_channels, ...) -> the same; weight and bias (num_channels,).
    """

    _shown = ("eps", "affine")

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        self.num_groups = whole("GroupNorm", "num_groups", num_groups, 1)
        self.num_channels = whole("GroupNorm", "num_channels", num_channels, 1)
        if num_channels % num_groups:
            raise ArgumentError(
                f"GroupNorm: num_groups must divide num_channels={num_channels}, got {num_groups}"
            )
        self.eps, self.affine = eps, affine
        self._start((self.num_channels,), dtype, weight=affine, bias=affine)
        self.reset_parameters()

    def forward(self, x: Data) -> Tensor:
        shape = F.shape_of(x)
        if len(shape) < 2 or shape[1] != self.num_channels:
            raise ShapeError(
                f"GroupNorm({self.num_groups}, num_channels={self.num_channels}): "
                f"the input must be (N, {self.num_channels}, ...), got shape {shape}"
                + channels_last(shape, self.num_channels, len(shape) - 2)
            )
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, {super().extra_repr()}"
