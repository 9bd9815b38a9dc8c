"""Batch, layer, group and instance normalisation, as PyTorch calls them.

Sources: Ioffe and Szegedy, "Batch Normalization", 2015; Ba, Kiros and Hinton, "Layer
Normalization", 2016; Wu and He, "Group Normalization", 2018; Ulyanov, Vedaldi and Lempitsky,
"Instance Normalization", 2016.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.engine.in_place import stamp
from autograd.engine.late_bound import ops
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.ops.conv_geometry import shape_of
from autograd.ops.normalization_rules import (
    normalize_by,
    normalize_channels,
    normalize_rows,
    require_channels,
)
from autograd.support.arguments import require_constant

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm"]


def batch_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Batch normalisation: out = (x − mean) / √(var + ε) · weight + bias, per channel.

    x (N, C) or (N, C, ...), all else (C,) -> as x. In `training` the statistics are the batch's
    own (biased variance), and the running ones, if given, are moved in place:
    running = (1 − momentum) · running + momentum · batch, with the unbiased variance. Otherwise the
    running statistics are used (the batch's if there are none).

    Raises ArgumentError in training on a single value per channel, whose variance says nothing.

    >>> import numpy as np
    >>> mean, var = np.zeros(1), np.ones(1)
    >>> batch_norm(np.array([[1.0], [3.0]]), mean, var, training=True).round(3)
    array([[-1.], [ 1.]])
    >>> mean, var
    (array([0.2]), array([1.1]))
    """
    if type(momentum) is not float:
        require_constant("batch_norm", "momentum", momentum)
    if not training and running_mean is not None and running_var is not None:
        return normalize_by(x, weight, bias, running_mean, running_var, eps)
    if not training and (running_mean is not None or running_var is not None):
        raise ArgumentError("batch_norm: give both running_mean and running_var, or neither")
    shape = shape_of(x)
    if len(shape) > 1 and training and prod(shape) <= shape[1]:
        raise ArgumentError(
            f"batch_norm: x must have more than one value per channel in training, got {shape}"
        )
    if not training or len(shape) < 2:  # the op says what is wrong with x
        return normalize_channels(x, weight, bias, eps)[0]
    moved_mean, moved_var = _running("batch_norm", shape[1], running_mean, running_var)
    out, (mean, var, _) = normalize_channels(x, weight, bias, eps)
    count = prod(shape) // shape[1]
    _move(moved_mean, mean, momentum)
    _move(moved_var, var * (count / max(count - 1, 1)), momentum)
    return out


def layer_norm(
    x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Layer normalisation: mean 0 and variance 1 over the last axes, then · weight + bias.

    x (..., *normalized_shape), weight and bias (*normalized_shape) -> as x. The variance is the
    biased one. Raises ShapeError where the shapes do not fit.

    >>> import numpy as np
    >>> layer_norm(np.array([[1.0, 3.0], [0.0, 8.0]]), 2).round(3)
    array([[-1.,  1.], [-1.,  1.]])
    """
    row = _normalized_shape("layer_norm", normalized_shape)
    shape = shape_of(x)
    if not row or shape[-len(row) :] != row:
        raise ShapeError(
            f"layer_norm: the last axes of x must be normalized_shape={row}, got x of shape {shape}"
        )
    for name, array in (("weight", weight), ("bias", bias)):
        if array is not None and shape_of(array) != row:
            raise ShapeError(f"layer_norm: {name} must have shape {row}, got {shape_of(array)}")
    return normalize_rows(x, weight, bias, len(row), eps)[0]


def group_norm(
    x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Group normalisation: statistics over each of `num_groups` groups of channels of an example.

    x (N, C, ...), weight and bias (C,) -> as x. The variance is the biased one.

    >>> import numpy as np
    >>> group_norm(np.array([[1.0, 3.0, 0.0, 8.0]]), 2).round(3)
    array([[-1.,  1., -1.,  1.]])
    """
    shape = shape_of(x)
    if len(shape) < 2:
        raise ShapeError(f"group_norm: x must be (N, C, ...), got {shape}")
    if not isinstance(num_groups, int | np.integer) or num_groups < 1 or shape[1] % num_groups:
        raise ArgumentError(
            f"group_norm: num_groups must be a divisor of the {shape[1]} channels, "
            f"got {num_groups!r}"
        )
    require_channels("group_norm", shape[1], weight=weight, bias=bias)
    size = prod(shape[1:]) // int(num_groups)
    grouped = ops.reshape(x, (shape[0], int(num_groups), size))
    out = normalize_rows(grouped, None, None, 1, eps)[0].reshape(shape)
    channels = (-1,) + (1,) * (len(shape) - 2)
    if weight is not None:
        out = out * ops.reshape(weight, channels)
    if bias is not None:
        out = out + ops.reshape(bias, channels)
    return out


def instance_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Instance normalisation: statistics per channel of each example.

    x (N, C, ...) with at least one axis after the channels, all else (C,) -> as x. The running
    statistics, if given, move as in `batch_norm`, by the mean over the batch; without
    `use_input_stats` they are what is used.
    """
    shape = shape_of(x)
    if len(shape) < 3:
        raise ShapeError(f"instance_norm: x must be (N, C, L) or (N, C, H, W), got {shape}")
    if type(momentum) is not float:
        require_constant("instance_norm", "momentum", momentum)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ArgumentError(
                "instance_norm: use_input_stats=False needs running_mean and running_var"
            )
        return normalize_by(x, weight, bias, running_mean, running_var, eps)
    size = prod(shape[2:])
    if size == 1:
        raise ArgumentError(
            f"instance_norm: x must have more than one value per channel, got shape {shape}"
        )
    if shape[0] == 0:  # no example, so nothing that the running statistics could move towards
        running_mean = running_var = None
    moved_mean, moved_var = _running("instance_norm", shape[1], running_mean, running_var)
    out = group_norm(x, shape[1], weight, bias, eps)
    if moved_mean is not None or moved_var is not None:
        array = np.asarray(x.data if isinstance(x, Tensor) else x).reshape(*shape[:2], size)
        _move(moved_mean, array.mean(axis=(0, 2)), momentum)
        _move(moved_var, array.var(axis=2, ddof=1).mean(axis=0), momentum)
    return out


def _normalized_shape(name: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, int | np.integer):
        return (int(value),)
    if isinstance(value, tuple | list) and all(isinstance(n, int | np.integer) for n in value):
        return tuple(map(int, value))
    raise DTypeError(f"{name}: normalized_shape must be an integer or several, got {value!r}")


def _running(name: str, channels: int, mean: Any, var: Any) -> list[np.ndarray | None]:
    """The arrays of the running statistics, which are to be moved in place."""
    arrays: list[np.ndarray | None] = []
    for argument, running in (("running_mean", mean), ("running_var", var)):
        array = running.data if isinstance(running, Tensor) else running
        if array is not None and (not isinstance(array, np.ndarray) or array.dtype.kind != "f"):
            raise DTypeError(
                f"{name}: {argument} must be a Tensor or an ndarray of floats, which is moved in "
                f"place, got {type(running).__name__}"
            )
        require_channels(name, channels, **{argument: array})
        arrays.append(array)
    return arrays


def _move(running: np.ndarray | None, batch: np.ndarray, momentum: float) -> None:
    """running = (1 − momentum) · running + momentum · batch, in place."""
    if running is not None:
        running *= 1 - momentum
        running += momentum * batch
        stamp(running)
