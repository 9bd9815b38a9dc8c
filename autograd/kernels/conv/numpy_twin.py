"""Convolution in plain NumPy: columns of patches, and one matrix product.

`unfold` writes every patch under the kernel as a column; a convolution is then weight @ columns,
its input gradient is the adjoint (`fold`) of weightᵀ @ g, and its weight gradient is
g @ columnsᵀ. These are the twins of the compiled kernels: the oracle in tests, and what runs when
Numba is switched off. Columns are R·S times the image, so images are taken a few at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd.kernels.conv.shape import ConvShape, Padding, Pair, Shape4, output_size

COLUMN_BYTES = 1 << 25  # images are taken together until their columns fill this


def unfold(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> np.ndarray:
    """Columns of patches, (N,C,H,W) -> (N, C·R·S, L)."""
    n, c = x.shape[:2]
    (r, s), (sh, sw), (top, bottom, left, right), (dh, dw) = kernel, stride, padding, dilation
    if any(padding):
        x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    span = (dh * (r - 1) + 1, dw * (s - 1) + 1)
    windows = sliding_window_view(x, span, axis=(2, 3))[:, :, ::sh, ::sw, ::dh, ::dw]
    columns = np.array(windows.transpose(0, 1, 4, 5, 2, 3), order="C")  # always a copy
    return columns.reshape(n, c * r * s, windows.shape[2] * windows.shape[3])


def fold(
    cols: np.ndarray,
    output_shape: Shape4,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> np.ndarray:
    """Adjoint of `unfold`: columns added back where they came from, (N, C·R·S, L) -> (N,C,H,W)."""
    n, c, h, w = output_shape
    (r, s), (sh, sw), (top, bottom, left, right), (dh, dw) = kernel, stride, padding, dilation
    ho = output_size(h, r, sh, top, bottom, dh)
    wo = output_size(w, s, sw, left, right, dw)
    taps = cols.reshape(n, c, r, s, ho, wo)
    padded = np.zeros((n, c, h + top + bottom, w + left + right), cols.dtype)
    for i in range(r):
        for j in range(s):
            rows = slice(i * dh, i * dh + (ho - 1) * sh + 1, sh)
            columns = slice(j * dw, j * dw + (wo - 1) * sw + 1, sw)
            padded[:, :, rows, columns] += taps[:, :, i, j]
    return np.ascontiguousarray(padded[:, :, top : top + h, left : left + w])


def _batches(shape: ConvShape, itemsize: int) -> Iterator[slice]:
    """Slices of the batch whose columns fit `COLUMN_BYTES` (one image at least)."""
    image = shape.C * shape.R * shape.S * shape.Ho * shape.Wo * itemsize
    step = max(1, COLUMN_BYTES // image)
    return (slice(i, min(i + step, shape.N)) for i in range(0, shape.N, step))


def _columns(x: np.ndarray, c: ConvShape) -> np.ndarray:
    """(n, groups, C/groups·R·S, L)"""
    cols = unfold(x, (c.R, c.S), c.stride, c.padding, c.dilation)
    return cols.reshape(len(x), c.groups, -1, c.Ho * c.Wo)


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, c: ConvShape, relu: bool = False
) -> np.ndarray:
    """Cross-correlation of x with weight, plus bias: (N,K,Ho,Wo)."""
    out = np.empty(c.output_shape, x.dtype)
    matrix = weight.reshape(c.groups, c.K // c.groups, -1)
    if c.covers:
        np.matmul(x.reshape(c.N, c.C * c.R * c.S), matrix[0].T, out=out.reshape(c.N, c.K))
    else:
        for part in _batches(c, x.itemsize):
            out[part] = np.matmul(matrix, _columns(x[part], c)).reshape(-1, c.K, c.Ho, c.Wo)
    if bias is not None:
        out += bias[:, None, None]
    return np.maximum(out, 0, out=out) if relu else out


def conv2d_input_grad(g: np.ndarray, weight: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to x: (N,C,H,W)."""
    if c.covers:
        return (g.reshape(c.N, c.K) @ weight.reshape(c.K, -1)).reshape(c.input_shape)
    dx = np.empty(c.input_shape, g.dtype)
    matrix = weight.reshape(c.groups, c.K // c.groups, -1).transpose(0, 2, 1)
    g = g.reshape(c.N, c.groups, c.K // c.groups, c.Ho * c.Wo)
    for part in _batches(c, g.itemsize):
        cols = np.matmul(matrix, g[part])
        shape = (len(cols), c.C, c.H, c.W)
        dx[part] = fold(cols, shape, (c.R, c.S), c.stride, c.padding, c.dilation)
    return dx


def conv2d_weight_grad(g: np.ndarray, x: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to weight: (K,C/groups,R,S)."""
    if c.covers:
        return (g.reshape(c.N, c.K).T @ x.reshape(c.N, c.C * c.R * c.S)).reshape(c.weight_shape)
    dw = np.zeros((c.groups, c.K // c.groups, c.C // c.groups * c.R * c.S), g.dtype)
    g = g.reshape(c.N, c.groups, c.K // c.groups, c.Ho * c.Wo)
    for part in _batches(c, g.itemsize):
        dw += np.matmul(g[part], _columns(x[part], c).transpose(0, 1, 3, 2)).sum(0)
    return dw.reshape(c.weight_shape)
