"""Two-dimensional convolution and its two gradients, arrays in, arrays out.

float32 or float64 in any memory layout; the result is a fresh C-contiguous array, and inputs are
never written. `conv_launch.py` runs the compiled kernels and tells how they work;
`conv_reference.py` holds their NumPy twins.
"""

from __future__ import annotations

import numpy as np

from ..errors import ShapeError
from . import conv_reference as reference
from . import runtime
from .conv_shape import (
    ConvShape,
    Padding,
    Pair,
    Shape4,
    conv_shape,
    float_dtype,
    output_size,
    require_shape,
)

LARGEST_IMAGE = 1 << 28  # elements, padding included; larger ones go through the twins

__all__ = ["conv2d", "conv2d_input_grad", "conv2d_weight_grad", "fold", "unfold"]


def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    relu: bool = False,
) -> np.ndarray:
    """out[n,k,i,j] = bias[k] + Σ_crs x[n, c, i·sh + r·dh - top, j·sw + s·dw - left] weight[k,c,r,s]

    x (N,C,H,W), weight (K,C/groups,R,S), bias (K,) or None -> (N,K,Ho,Wo); cross-correlation.
    padding is (top, bottom, left, right); `relu` keeps only the positive part. Raises ShapeError
    where the shapes do not fit.
    """
    shape = _shape(x.shape, weight.shape, stride, padding, dilation, groups)
    if bias is not None:
        require_shape("bias", bias.shape, (shape.K,))
    dtype = float_dtype(x, weight, bias)
    x, weight = _plain(x, dtype), _plain(weight, dtype)
    bias = None if bias is None else _plain(bias, dtype)
    if not _compiled(shape):
        return reference.conv2d(x, weight, bias, shape, relu)
    from . import conv_launch

    return conv_launch.conv2d(x, weight, bias, shape, relu)


def conv2d_input_grad(
    g: np.ndarray,
    weight: np.ndarray,
    input_shape: Shape4,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Adjoint of `conv2d` in x: g (N,K,Ho,Wo), weight (K,C/groups,R,S) -> input_shape."""
    shape = _shape(input_shape, weight.shape, stride, padding, dilation, groups)
    require_shape("output gradient", g.shape, shape.output_shape)
    dtype = float_dtype(g, weight)
    g, weight = _plain(g, dtype), _plain(weight, dtype)
    if not _compiled(shape):
        return reference.conv2d_input_grad(g, weight, shape)
    from . import conv_launch

    return conv_launch.conv2d_input_grad(g, weight, shape)


def conv2d_weight_grad(
    g: np.ndarray,
    x: np.ndarray,
    weight_shape: Shape4,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Adjoint of `conv2d` in weight: g (N,K,Ho,Wo), x (N,C,H,W) -> weight_shape."""
    shape = _shape(x.shape, weight_shape, stride, padding, dilation, groups)
    require_shape("output gradient", g.shape, shape.output_shape)
    dtype = float_dtype(g, x)
    g, x = _plain(g, dtype), _plain(x, dtype)
    if not _compiled(shape):
        return reference.conv2d_weight_grad(g, x, shape)
    from . import conv_launch

    return conv_launch.conv2d_weight_grad(g, x, shape)


def unfold(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> np.ndarray:
    """Columns of patches, (N,C,H,W) -> (N, C·R·S, L); column l is the patch at position l."""
    if x.ndim != 4:
        raise ShapeError(f"unfold: x must be 4-d (N,C,H,W), got {x.shape}")
    _positions("unfold", x.shape, kernel, stride, padding, dilation)
    return reference.unfold(x, kernel, stride, padding, dilation)


def fold(
    cols: np.ndarray,
    output_shape: Shape4,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> np.ndarray:
    """Adjoint of `unfold`: overlapping patches are added, (N, C·R·S, L) -> (N,C,H,W)."""
    if len(output_shape) != 4:
        raise ShapeError(f"fold: output_shape must be (N,C,H,W), got {tuple(output_shape)}")
    n, c = output_shape[:2]
    positions = _positions("fold", tuple(output_shape), kernel, stride, padding, dilation)
    expected = (n, c * kernel[0] * kernel[1], positions)
    if cols.shape != expected:
        raise ShapeError(f"fold: cols must have shape {expected}, got {cols.shape}")
    return reference.fold(cols, output_shape, kernel, stride, padding, dilation)


def _shape(
    input_shape: Shape4,
    weight_shape: Shape4,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    g: int,
) -> ConvShape:
    """`conv_shape` of any sequences (it is cached by tuples)."""
    sizes = (input_shape, weight_shape, stride, padding, dilation)
    return conv_shape(*map(tuple, sizes), g)


def _plain(a: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """C-contiguous and of this dtype (copied only if it is not): compiled code takes no other."""
    return runtime.dense(np.asarray(a, dtype))


def _compiled(c: ConvShape) -> bool:
    """Whether the compiled kernels take this shape: tables hold offsets of 31 bits.

    A kernel that covers the image leaves one pixel, of which no vector can be made: the twin's
    single matrix product is 4 to 15 times as fast.
    """
    image = max(c.C * (c.H + sum(c.padding[:2])) * (c.W + sum(c.padding[2:])), c.K * c.Ho * c.Wo)
    return c.N > 0 and not c.covers and image < LARGEST_IMAGE and runtime.use_numba()


def _positions(
    op: str, shape: tuple[int, ...], kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> int:
    """How many patches an image has; ShapeError where there is none."""
    if min(*kernel, *stride, *dilation) < 1 or min(padding) < 0:
        raise ShapeError(
            f"{op}: kernel, stride and dilation must be at least 1 and padding at least 0, got "
            f"kernel={kernel}, stride={stride}, dilation={dilation}, padding={padding}"
        )
    top, bottom, left, right = padding
    ho = output_size(shape[2], kernel[0], stride[0], top, bottom, dilation[0])
    wo = output_size(shape[3], kernel[1], stride[1], left, right, dilation[1])
    if ho < 1 or wo < 1:
        raise ShapeError(
            f"{op}: kernel {kernel} with dilation {dilation} does not fit the image "
            f"{shape[2]}x{shape[3]} padded by {padding}"
        )
    return ho * wo
