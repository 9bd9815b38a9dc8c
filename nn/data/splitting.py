"""A random split into training and test rows that keeps the share of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.support.arguments import number
from autograd.support.unknown_names import named_arguments

__all__ = ["train_test_split"]


@named_arguments
def train_test_split(
    x: ArrayLike,
    y: ArrayLike,
    test_fraction: float = 0.2,
    seed: int | np.random.Generator = 0,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """`(x_train, x_test, y_train, y_test)`: rows drawn at random, stratified by the labels `y`.

    The test part has round(test_fraction * N) rows, and of each class its share of them, rounded
    so that the total fits (largest remainders first). Equal seeds give equal splits.

    Shapes: x (N, ...), y (N,) whole numbers, booleans or strings.

    Raises `ShapeError` if x and y do not fit, `DTypeError` if y holds no classes, `ArgumentError`
    if one part would be empty.

    >>> x, y = np.arange(10), np.array([0] * 5 + [1] * 5)
    >>> _, x_test, _, y_test = train_test_split(x, y, test_fraction=0.4, seed=0)
    >>> len(x_test), np.bincount(y_test)
    (4, array([2, 2]))
    """
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim != 1 or x.ndim == 0 or len(x) != len(y):
        raise ShapeError(
            "train_test_split: x must be (N, ...) and y (N,), one label for each row, got shapes "
            f"{x.shape} and {y.shape}"
        )
    if y.dtype.kind not in "iubUS":
        raise DTypeError(
            f"train_test_split: y must be whole numbers, booleans or strings, got {y.dtype}"
        )
    wanted = "a number between 0 and 1"
    number("train_test_split", "test_fraction", test_fraction, wanted, lambda x: 0 < x < 1)
    total = round(test_fraction * len(y))
    if not 0 < total < len(y):
        raise ArgumentError(
            f"train_test_split: test_fraction={test_fraction!r} of {len(y)} rows leaves {total} "
            f"for the test and {len(y) - total} for training; both need at least one"
        )
    generator = np.random.default_rng(seed)
    is_test = np.zeros(len(y), dtype=bool)
    classes, counts = np.unique(y, return_counts=True)
    for label, quota in zip(classes, _quotas(counts, total), strict=True):
        is_test[generator.permutation(np.flatnonzero(y == label))[:quota]] = True
    train = generator.permutation(np.flatnonzero(~is_test))
    test = generator.permutation(np.flatnonzero(is_test))
    return x[train], x[test], y[train], y[test]


def _quotas(counts: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """`total` shared among the classes in proportion to `counts`, by largest remainders."""
    # Whole numbers throughout: shares that are equal stay equal, whatever the rounding.
    quotas, remainders = np.divmod(counts * total, counts.sum())
    largest = np.argsort(-remainders, kind="stable")[: total - quotas.sum()]
    quotas[largest] += 1
    return quotas
