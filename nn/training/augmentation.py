"""Small random changes of training images, so that few of them go further."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd.errors import ArgumentError

__all__ = ["shifted"]


def shifted(x: np.ndarray, most: int, generator: np.random.Generator) -> np.ndarray:
    """Each image moved by up to `most` pixels up or down and left or right, at random.

    What comes into view repeats the image's edge. Shapes: x and the result (N, C, H, W).

    Raises `ArgumentError` for x without these axes.

    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> shifted(x, 1, np.random.default_rng(0))
    array([[[[2., 3.],
             [2., 3.]]]])
    """
    if x.ndim != 4:
        raise ArgumentError(f"shifted: x must be images (N, C, H, W), got shape {x.shape}")
    if not most:
        return x
    rows, columns = generator.integers(0, 2 * most + 1, (2, len(x)))
    framed = np.pad(x, ((0, 0), (0, 0), (most, most), (most, most)), mode="edge")
    windows = sliding_window_view(framed, x.shape[2:], axis=(2, 3))  # type: ignore[call-overload]
    return windows[np.arange(len(x)), :, rows, columns]
