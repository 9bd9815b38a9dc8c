"""The arguments of a convolution, checked once and brought to one form.

`geometry` turns what people write (a number, a pair, 'same') into a `Geometry` that the ops of
`conv` and their closures hand to each other; what does not fit is said here, in the user's terms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd.errors import ArgumentError, ShapeError
from autograd.support.advice import channels_last
from autograd.support.arguments import one_of, per_axis, whole

Sizes = tuple[int, ...]
Pair = tuple[int, int]

#: padding_mode -> the mode of `numpy.pad`.
PADDING_MODES: dict[str, Any] = {
    "zeros": "constant",
    "circular": "wrap",
    "reflect": "reflect",
    "replicate": "edge",
}

_LAYOUTS = {1: ("(N, C, L)", "(C, L)"), 2: ("(N, C, H, W)", "(C, H, W)")}


class Geometry(NamedTuple):
    """How a kernel moves over an image: the statics of a convolution, each in its full form."""

    stride: Sizes
    padding: Sizes  # before and after, axis by axis: (top, bottom, left, right)
    dilation: Sizes
    groups: int
    padding_mode: str = "zeros"
    flip: bool = False


def tidy(value: Any) -> Any:
    """Lists as tuples, so that `geometry` can look up calls it has seen."""
    return tuple(value) if isinstance(value, list | np.ndarray) else value


def shape_of(operand: Any) -> Any:
    """The shape of a Tensor, an array or a number; None for None."""
    shape = getattr(operand, "shape", None)
    return np.shape(operand) if shape is None and operand is not None else shape


def geometry(
    op: str,
    x_shape: Sizes,
    weight_shape: Sizes,
    bias_shape: Sizes | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
    axes: int = 2,
    g_shape: Sizes | None = None,
) -> Geometry:
    """The `Geometry` of a convolution of x and weight over the last `axes` axes.

    Raises ShapeError, ArgumentError or DTypeError where these do not make a convolution, or g is
    not the gradient of one.
    """
    shapes, rest = (op, x_shape, weight_shape, bias_shape), (groups, padding_mode, flip, axes)
    try:
        return _geometry(*shapes, stride, padding, dilation, *rest, g_shape)
    except TypeError:  # a list, which cannot be looked up
        pass
    return _geometry(*shapes, tidy(stride), tidy(padding), tidy(dilation), *rest, g_shape)


def geometry_of(op: str, x: Any, weight: Any, bias: Any, *statics: Any) -> Geometry:
    """`geometry` of operands, which may be numbers: then of their shapes it says what is wrong."""
    try:
        shapes = x.shape, weight.shape, None if bias is None else bias.shape
    except AttributeError:
        shapes = shape_of(x), shape_of(weight), shape_of(bias)
    return geometry(op, *shapes, *statics)


@lru_cache(maxsize=1024, typed=True)
def _geometry(
    op: str,
    x_shape: Sizes,
    weight_shape: Sizes,
    bias_shape: Sizes | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
    padding_mode: Any,
    flip: bool,
    axes: int,
    g_shape: Sizes | None,
) -> Geometry:
    require_channels(op, x_shape, weight_shape, bias_shape, groups, axes)
    image, kernel = x_shape[-axes:], weight_shape[2:]
    strides = per_axis(op, "stride", stride, 1, axes)
    dilations = per_axis(op, "dilation", dilation, 1, axes)
    spans = tuple(d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True))
    sides = both_sides(op, padding, spans, strides)
    require_padding_mode(op, padding_mode, image, sides)
    padded = tuple(n + a + b for n, a, b in zip(image, sides[::2], sides[1::2], strict=True))
    if any(span > n for span, n in zip(spans, padded, strict=True)):
        grown = f" (dilated to {by(spans)})" if spans != kernel else ""
        raise ShapeError(
            f"{op}: kernel {by(kernel)}{grown} is larger than the padded input {by(padded)} "
            f"(input {by(image)}, padding {sides})"
        )
    how = Geometry(strides, sides, dilations, groups, padding_mode, bool(flip))
    if g_shape is not None:
        fitting = (*x_shape[: -axes - 1], weight_shape[0], *output_sizes(image, kernel, how))
        if g_shape != fitting:
            raise ShapeError(f"{op}: g must have shape {fitting}, got {g_shape}")
    return how


def output_sizes(image: Sizes, kernel: Sizes, how: Geometry) -> Sizes:
    """How many positions the kernel has along each axis."""
    before, after = how.padding[::2], how.padding[1::2]
    return tuple(
        (n + b + a - d * (k - 1) - 1) // s + 1
        for n, k, b, a, d, s in zip(
            image, kernel, before, after, how.dilation, how.stride, strict=True
        )
    )


def require_image(op: str, name: str, shape: Sizes, axes: int) -> None:
    """Raise unless `shape` is a batch of images, or one image, with at least one channel."""
    if len(shape) not in (axes + 1, axes + 2):
        batched, single = _LAYOUTS[axes]
        raise ShapeError(f"{op}: {name} must be {batched}, or {single} unbatched, got {shape}")
    if min(shape[-axes - 1 :]) < 1:
        raise ShapeError(f"{op}: only the batch axis of {name} may have length 0, got {shape}")


def require_channels(
    op: str,
    x_shape: Sizes,
    weight_shape: Sizes,
    bias_shape: Sizes | None,
    groups: Any,
    axes: int,
    transposed: bool = False,
) -> None:
    """Raise unless image, weight, bias and groups fit each other; `transposed`: weight (C, K, ...).

    The first axis of a weight has all channels on its side of the convolution, the second those of
    one group.
    """
    require_image(op, "x", x_shape, axes)
    all_of, of_a_group = "CK" if transposed else "KC"
    layout = f"({all_of}, {of_a_group}/groups, {'S' if axes == 1 else 'R, S'})"
    if len(weight_shape) != axes + 2 or min(weight_shape) < 1:
        raise ShapeError(
            f"{op}: weight must be {layout} with no axis of length 0, got {weight_shape}"
        )
    whole(op, "groups", groups, 1)
    channels, sides = x_shape[-axes - 1], (weight_shape[0], weight_shape[1] * groups)
    taken, made = sides if transposed else sides[::-1]
    turned = channels_last(x_shape, taken, axes)
    if channels % groups or made % groups:
        raise ShapeError(
            f"{op}: groups={groups} must divide the {channels} channels of x and the "
            f"{made} of weight {weight_shape}{turned}"
        )
    if taken != channels:
        first = (channels, weight_shape[1]) if transposed else (made, channels // groups)
        raise ShapeError(
            f"{op}: x has {channels} channels, so with groups={groups} weight {layout} must have "
            f"shape {(*first, *weight_shape[2:])}, got {weight_shape}{turned}"
        )
    require_bias(op, bias_shape, (made,))


def require_bias(op: str, shape: Sizes | None, fitting: Sizes) -> None:
    """Raise unless bias is absent or has the fitting shape."""
    if shape is not None and shape != fitting:
        raise ShapeError(f"{op}: bias must have shape {fitting}, got {shape}")


def both_sides(op: str, padding: Any, spans: Sizes, strides: Sizes) -> Sizes:
    """Padding before and after along each axis, for kernels that span so many elements."""
    axes = len(spans)
    if isinstance(padding, str):
        if padding == "same" and max(strides) > 1:
            raise ArgumentError(
                f"{op}: padding='same' needs stride 1, got stride {strides}; "
                "give the padding as numbers"
            )
        sides = {
            "valid": [(0, 0) for _ in spans],
            "same": [((span - 1) // 2, span // 2) for span in spans],
            "full": [(span - 1, span - 1) for span in spans],
        }.get(padding)
        if sides is None:
            raise ArgumentError(
                f"{op}: padding must be a number, {axes} of them, 'valid', 'same' or 'full', "
                f"got {padding!r}"
            )
        return tuple(n for pair in sides for n in pair)
    if isinstance(padding, tuple) and len(padding) == 2 * axes:
        return per_axis(op, "padding", padding, 0, 2 * axes)
    return tuple(n for n in per_axis(op, "padding", padding, 0, axes) for _ in range(2))


def require_padding_mode(op: str, mode: Any, image: Sizes, sides: Sizes) -> None:
    """Raise unless the image is large enough to be continued in this way."""
    one_of(op, "padding_mode", mode, PADDING_MODES)
    room = {"circular": 0, "reflect": 1}.get(mode)
    if room is None:
        return
    for n, before, after in zip(image, sides[::2], sides[1::2], strict=True):
        if max(before, after) > n - room:
            raise ShapeError(
                f"{op}: padding_mode={mode!r} can add at most {n - room} to an axis of length {n}, "
                f"got padding {sides} for input {by(image)}"
            )


def by(sizes: Sizes) -> str:
    """`5x5`"""
    return "x".join(map(str, sizes))
