"""The handwritten digits that come with scikit-learn, scaled to a network's input size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.errors import MissingExtraError
from autograd.support.arguments import positive, whole
from autograd.support.unknown_names import named_arguments

__all__ = ["load_digits"]

DIGITS_MEAN, DIGITS_STD = 0.305, 0.376  # of the 1,797 images, ink from 0 to 1


@named_arguments
def load_digits(
    size: int = 32, *, mean: float = DIGITS_MEAN, std: float = DIGITS_STD
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`(x, y)`: the 1,797 handwritten digits of scikit-learn (8x8, from UCI), ready to train.

    Ink runs from 0 to 1, the images are enlarged to `size` by bilinear interpolation, and
    x = (ink - mean) / std; the default mean and std are the data set's own.

    Shapes: x (1797, 1, size, size) float32, y (1797,) int64 from 0 to 9.

    Raises `ArgumentError` if `size` is below 8 or std is not above 0, and an `ImportError` that
    names the `demo` extra if scikit-learn is not installed.

    >>> x, y = load_digits(size=32)
    >>> x.shape, x.dtype, y[:5]
    ((1797, 1, 32, 32), dtype('float32'), array([0, 1, 2, 3, 4]))
    """
    size = whole("load_digits", "size", size, 8, "; the images are 8x8 and are enlarged")
    positive("load_digits", "std", std)
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingExtraError(
            "load_digits: the digits come with scikit-learn, which is not installed; "
            "pip install 'glassgrad[demo]' (in a clone: pip install -e '.[demo]')"
        ) from error
    raw: Any = datasets.load_digits()
    ink = _enlarge(raw.images / 16, size)
    x = ((ink - mean) / std).astype(np.float32)[:, np.newaxis]
    return x, raw.target.astype(np.int64)


def _enlarge(images: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Images (N, H, W) as (N, size, size), bilinear."""
    rows, columns = (_interpolation(n, size) for n in images.shape[1:])
    enlarged: NDArray[np.float64] = rows @ images @ columns.T
    return enlarged


def _interpolation(old: int, new: int) -> NDArray[np.float64]:
    """The (new, old) matrix of linear interpolation between pixel centres, edges held.

    Pixel i of n sits at (i + 1/2) / n, so the image neither moves nor shrinks.
    """
    at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    distance = np.abs(at[:, np.newaxis] - np.arange(old))
    weights: NDArray[np.float64] = np.maximum(0, 1 - distance)
    return weights
