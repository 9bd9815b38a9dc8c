"""Winograd's convolution in plain NumPy, step by step as the compiled kernels do it.

The oracle of `winograd/choice.py`: its transforms as matrices, its tiles as an array.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd.kernels.conv.shape import ConvShape

BEFORE = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])  # Bᵀ
WEIGHT = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])  # G
AFTER = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])  # Aᵀ


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, c: ConvShape, relu: bool = False
) -> np.ndarray:
    """Cross-correlation of x with 3x3 weights, plus bias, optionally through ReLU: (N,K,Ho,Wo)."""
    top, _, left, _ = c.padding
    out = _run(x, weight, (top, left), (c.Ho, c.Wo))
    if bias is not None:
        out += bias[:, None, None]
    return np.maximum(out, 0, out=out) if relu else out


def conv2d_input_grad(g: np.ndarray, weight: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to x, (N,C,H,W): g convolved with turned weights."""
    top, _, left, _ = c.padding
    turned = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    return _run(g, turned, (2 - top, 2 - left), (c.H, c.W))


def conv2d_weight_grad(g: np.ndarray, x: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to weight: (K,C,3,3)."""
    before_t, weight_t, after_t = (m.astype(x.dtype) for m in (BEFORE, WEIGHT, AFTER))
    top, _, left, _ = c.padding
    d = before_t @ tiles(x, (top, left), (c.Ho, c.Wo)) @ before_t.T
    rows, columns = d.shape[2:4]
    whole = np.zeros((c.N, c.K, 2 * rows, 2 * columns), g.dtype)
    whole[:, :, : c.Ho, : c.Wo] = g
    tiles_g = whole.reshape(c.N, c.K, rows, 2, columns, 2).swapaxes(3, 4)
    sums = np.einsum("nkijab,ncijab->kcab", after_t.T @ tiles_g @ after_t, d)
    return np.ascontiguousarray(weight_t.T @ sums @ weight_t)


def tiles(x: np.ndarray, before: tuple[int, int], out: tuple[int, int]) -> np.ndarray:
    """The 4x4 tiles, two apart, that 2x2 outputs come from: (N,C,rows,columns,4,4)."""
    rows, columns = -(-out[0] // 2), -(-out[1] // 2)
    n, channels = x.shape[:2]
    padded = np.zeros((n, channels, 2 * rows + 2, 2 * columns + 2), x.dtype)
    (top, left), (high, wide) = before, padded.shape[2:]
    part = x[:, :, : high - top, : wide - left]
    padded[:, :, top : top + part.shape[2], left : left + part.shape[3]] = part
    return sliding_window_view(padded, (4, 4), axis=(2, 3))[:, :, ::2, ::2]


def _run(
    source: np.ndarray, weight: np.ndarray, before: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    dtype = source.dtype
    before_t, weight_t, after_t = (m.astype(dtype) for m in (BEFORE, WEIGHT, AFTER))
    d = before_t @ tiles(source, before, size) @ before_t.T
    u = weight_t @ weight @ weight_t.T
    products = np.einsum("ncijab,kcab->nkijab", d, u)
    y = after_t @ products @ after_t.T
    n, channels, rows, columns = y.shape[:4]
    out = y.swapaxes(3, 4).reshape(n, channels, 2 * rows, 2 * columns)
    return np.ascontiguousarray(out[:, :, : size[0], : size[1]])
