"""Convolution: three ops that are each other's derivatives.

⟨g, conv2d(x, w)⟩ is linear in g, x and w. `conv2d`, `conv2d_input_grad` and `conv2d_weight_grad`
are its gradients with respect to g, x and w, so the closures of each are the other two, and every
order of derivative stays within the three.
"""

from __future__ import annotations

from functools import cache
from string import ascii_lowercase

import numpy as np

from autograd import kernels
from autograd.engine.op_definition import Array, op
from autograd.ops.conv_geometry import PADDING_MODES, Geometry, geometry, geometry_of

__all__ = ["conv1d", "conv2d", "conv2d_input_grad", "conv2d_weight_grad"]


@op
def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    padding_mode="zeros",
    flip=False,
):
    """Cross-correlation of images with kernels (true convolution with `flip=True`).

    out[n,k,i,j] = bias[k] + Σ_{c,r,s} x̃[n, c, i·stride + r·dilation, j·stride + s·dilation]
    weight[k,c,r,s], where x̃ is x padded, and c runs over the C/groups channels of k's group.
    `flip=True` turns the kernels by 180° first.

    x (N, C, H, W) or (C, H, W), weight (K, C/groups, R, S), bias (K,) -> (N, K, H', W') or
    (K, H', W') with H' = (H + top + bottom − dilation·(R − 1) − 1) // stride + 1.

    `padding`: a number, a pair (of H, of W), (top, bottom, left, right), 'valid' (none), 'same'
    (output as large as the input, stride 1; of an odd total the larger part goes after) or 'full'
    (every overlap). `padding_mode`: what is padded with: 'zeros', 'circular', 'reflect' or
    'replicate'. `groups=C` is the depthwise convolution.

    Raises ShapeError or ArgumentError that says what would fit.

    >>> import numpy as np
    >>> image = np.arange(9.0).reshape(1, 3, 3)
    >>> conv2d(image, np.array([[[[1.0, -1.0]]]]))
    array([[[-1., -1.], [-1., -1.], [-1., -1.]]])
    """
    how = geometry_of(
        "conv2d", x, weight, bias, stride, padding, dilation, groups, padding_mode, flip
    )
    x_shape, weight_shape = x.shape, weight.shape
    biased = bias is not None
    out = _correlate(x, weight, bias, how)
    return out, (
        lambda g: conv2d_input_grad(g, weight, x_shape, *how),
        lambda g: conv2d_weight_grad(g, x, weight_shape, *how, biased),
        lambda g: channel_sums(g, 2),
    )


@op
def conv2d_input_grad(
    g: Array,
    weight: Array,
    input_shape,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    padding_mode="zeros",
    flip=False,
):
    """Gradient of ⟨g, conv2d(x, weight)⟩ with respect to an x of `input_shape`.

    g (N, K, H', W') or (K, H', W'), weight (K, C/groups, R, S) -> `input_shape`. This is also the
    transposed convolution of g. Statics as for `conv2d`.
    """
    x_shape, weight_shape = tuple(input_shape), weight.shape
    how = geometry(
        "conv2d_input_grad", x_shape, weight_shape, None,
        stride, padding, dilation, groups, padding_mode, flip, 2, g.shape,
    )  # fmt: skip
    out = _input_grad(g, weight, x_shape, how)
    return out, (
        lambda u: conv2d(u, weight, None, *how),
        lambda u: conv2d_weight_grad(g, u, weight_shape, *how),
    )


@op
def conv2d_weight_grad(
    g: Array,
    x: Array,
    weight_shape,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    padding_mode="zeros",
    flip=False,
    with_sums=False,
):
    """Gradient of ⟨g, conv2d(x, weight)⟩ with respect to a weight of `weight_shape`.

    g (N, K, H', W') or (K, H', W'), x (N, C, H, W) or (C, H, W) -> (K, C/groups, R, S). Statics as
    for `conv2d`. `with_sums`: returns the sums of g per channel, too, which fall off on the way and
    are the gradient of a bias.
    """
    x_shape, weight_shape = x.shape, tuple(weight_shape)
    how = geometry(
        "conv2d_weight_grad", x_shape, weight_shape, None,
        stride, padding, dilation, groups, padding_mode, flip, 2, g.shape,
    )  # fmt: skip
    out, *sums = _weight_grad(g, x, weight_shape, how, with_sums)
    closures = (
        lambda u: conv2d(x, u, None, *how),
        lambda u: conv2d_input_grad(g, u, x_shape, *how),
    )
    return out, closures, *sums


@op
def conv1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    padding_mode="zeros",
    flip=False,
):
    """Cross-correlation along one axis: `conv2d` on images of height 1.

    out[n,k,i] = bias[k] + Σ_{c,s} x̃[n, c, i·stride + s·dilation] weight[k,c,s]

    x (N, C, L) or (C, L), weight (K, C/groups, S), bias (K,) -> (N, K, L') or (K, L'). `padding`: a
    number, (before, after), 'valid', 'same' or 'full'; all else as for `conv2d`.

    >>> import numpy as np
    >>> conv1d(np.array([[1.0, 2.0, 4.0]]), np.array([[[1.0, 1.0]]]), padding="full")
    array([[1., 3., 6., 4.]])
    """
    line = geometry_of(
        "conv1d", x, weight, bias, stride, padding, dilation, groups, padding_mode, flip, 1
    )
    how = of_height_one(line)
    x_shape = (*x.shape[:-1], 1, x.shape[-1])
    weight_shape = (*weight.shape[:-1], 1, weight.shape[-1])
    out = as_lines(_correlate(as_images(x), as_images(weight), bias, how))
    return out, (
        lambda g: as_lines(conv2d_input_grad(as_images(g), as_images(weight), x_shape, *how)),
        lambda g: as_lines(conv2d_weight_grad(as_images(g), as_images(x), weight_shape, *how)),
        lambda g: channel_sums(g, 1),
    )


def as_images(lines):
    """(..., L) as images of height 1."""
    return lines[..., None, :]


def as_lines(images):
    """Images of height 1 as (..., L)."""
    return images[..., 0, :]


def of_height_one(line: Geometry) -> Geometry:
    """The geometry along one axis as that of images of height 1."""
    return line._replace(
        stride=(1, *line.stride), padding=(0, 0, *line.padding), dilation=(1, *line.dilation)
    )


def channel_sums(g, axes):
    """Sums of g (N, K, ...) or (K, ...) over all but the channels: the gradient of a bias."""
    if type(g) is np.ndarray:
        return kernels.channel_sums(g if g.ndim == axes + 2 else g[None])
    return np.einsum(_to_channels(g.ndim, axes), g)


@cache
def _to_channels(ndim: int, axes: int) -> str:
    """`abcd->b` for images (N, K, H, W)."""
    letters = ascii_lowercase[:ndim]
    return f"{letters}->{letters[ndim - axes - 1]}"


def _correlate(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, how: Geometry):
    if x.ndim != 4:
        return _correlate(x[None], weight, bias, how)[0]
    stride, padding, dilation, groups, padding_mode, flip = how
    if padding_mode != "zeros":
        x, padding = _continued(x, how), _NONE
    if flip:
        weight = _turned(weight)
    return kernels.conv2d(x, weight, bias, (stride, padding, dilation, groups))


def _input_grad(g: np.ndarray, weight: np.ndarray, x_shape: tuple[int, ...], how: Geometry):
    if len(x_shape) != 4:
        return _input_grad(g[None], weight, (1, *x_shape), how)[0]
    stride, padding, dilation, groups, padding_mode, flip = how
    if flip:
        weight = _turned(weight)
    if padding_mode == "zeros":
        return kernels.conv2d_input_grad(g, weight, x_shape, how[:4])
    top, bottom, left, right = padding
    n, channels, height, width = x_shape
    padded = n, channels, height + top + bottom, width + left + right
    out = kernels.conv2d_input_grad(g, weight, padded, (stride, _NONE, dilation, groups))
    return _continued_grad(out, (height, width), how)


def _weight_grad(
    g: np.ndarray,
    x: np.ndarray,
    weight_shape: tuple[int, ...],
    how: Geometry,
    with_sums: bool,
) -> tuple[np.ndarray, ...]:
    if x.ndim != 4:
        return _weight_grad(g[None], x[None], weight_shape, how, with_sums)
    stride, padding, dilation, groups, padding_mode, flip = how
    if padding_mode != "zeros":
        x, padding = _continued(x, how), _NONE
    arguments = g, x, weight_shape, (stride, padding, dilation, groups)
    if with_sums:
        out, sums = kernels.conv2d_weight_bias_grads(*arguments)
        return _turned(out) if flip else out, sums
    out = kernels.conv2d_weight_grad(*arguments)
    return (_turned(out) if flip else out,)


def _turned(weight: np.ndarray) -> np.ndarray:
    """The kernels turned by 180°, for a true convolution."""
    return weight[:, :, ::-1, ::-1]


_NONE = (0, 0, 0, 0)  # what padding by zeros is left to the kernel where `_continued` pads


def _continued(x: np.ndarray, how: Geometry) -> np.ndarray:
    """x padded by anything but zeros."""
    top, bottom, left, right = how.padding
    widths = ((0, 0), (0, 0), (top, bottom), (left, right))
    return np.pad(x, widths, mode=PADDING_MODES[how.padding_mode])


def _continued_grad(g: np.ndarray, image: tuple[int, ...], how: Geometry) -> np.ndarray:
    """Adjoint of `_continued`: the gradient of the padding goes to the elements it repeats."""
    mode = PADDING_MODES[how.padding_mode]
    for axis, (size, before, after) in enumerate(
        zip(image, how.padding[::2], how.padding[1::2], strict=True), start=2
    ):
        repeated = np.pad(np.arange(size), (before, after), mode=mode)
        rows = np.moveaxis(g, axis, 0)
        inner = rows[before : before + size].copy()
        for i in (*range(before), *range(before + size, len(rows))):
            inner[repeated[i]] += rows[i]
        g = np.moveaxis(inner, 0, axis)
    return np.ascontiguousarray(g)
