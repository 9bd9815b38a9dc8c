"""Checks and starting values that layers share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import ShapeError
from autograd.support.advice import channels_last, not_flat
from nn import init
from nn.parameter import Parameter

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["empty", "empty_if", "require_size", "start_uniform"]


def require_size(layer: str, argument: str, size: int, x: Any, axis: int, what: str) -> None:
    """Raise if x has other than `size` elements along `axis`; the message says the layer that fits.

    What has no such axis is left to the op, which says what it takes.
    """
    shape = getattr(x, "shape", None) or np.shape(x)
    if len(shape) >= -axis and shape[axis] != size:
        turned = channels_last(shape, size, -1 - axis) or (not_flat(shape, size) * (axis == -1))
        raise ShapeError(
            f"{layer}({argument}={size}, ...) got {shape[axis]} {what} "
            f"(input of shape {shape})" + (turned or f"; use nn.{layer}({shape[axis]}, ...)")
        )


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike | None) -> Parameter:
    """A parameter to be filled, in the default dtype if None."""
    return Parameter(init.empty(shape, dtype))


def empty_if(wanted: bool, shape: tuple[int, ...], dtype: npt.DTypeLike | None) -> Parameter | Any:
    """`empty(shape, dtype)`, or None if it is not wanted: type checkers let that pass."""
    return empty(shape, dtype) if wanted else None


def start_uniform(weight: Parameter, bias: Parameter | None) -> None:
    """The usual start of linear and convolution layers: U(-b, b) with b = 1/sqrt(fan_in)."""
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        bound = 1 / math.sqrt(math.prod(weight.shape[1:]))
        init.uniform_(bias, -bound, bound)
