"""Update rules as one compiled pass over all parameters, for optimisers that are not small.

`Optimizer.step` calls `SGD.compiled` and `Adam.compiled`, which are these. Each is the twin of a
rule in NumPy and gives the same bits.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd.kernels.runtime import parallel_for, use_numba

__all__ = ["SMALL", "Batch", "adam", "fits", "sgd"]

SMALL = 1 << 14
"""Optimisers of fewer elements in all stay with NumPy, and never import Numba."""

_address_of, _as_buffer = ctypes.addressof, ctypes.c_char.from_buffer


def fits(dtype: np.dtype[Any], *arrays: np.ndarray) -> bool:
    """Whether compiled rules take these arrays: contiguous, writable, not empty, of one dtype."""
    if dtype.char not in "fd" or not dtype.isnative or not use_numba():
        return False
    for array in arrays:
        if array.dtype is not dtype or not array.flags.carray or not array.size:
            return False
    return True


class Batch:
    """Parameters that are updated together: where their arrays are, cut into chunks.

    `rows` has the arrays of each parameter: weights, then state. Their addresses are looked up
    once; gradients come anew in each step.
    """

    def __init__(self, rows: Sequence[Sequence[np.ndarray]]) -> None:
        self._rows = rows  # keeps the memory
        addresses = np.array([_addresses(row) for row in rows], np.int64)
        sizes = [row[0].size for row in rows]
        weights, state = addresses[:, :1], addresses[:, 1:]
        self.places = np.column_stack([weights, weights, state, sizes])  # gradients in column 1
        self.chunks = np.array(
            [
                (p, first)
                for p, size in enumerate(sizes)
                for first in range(0, size, _kernels().CHUNK)
            ],
            np.int64,
        )
        self.size = sum(sizes)

    def point(self, gradients: Sequence[np.ndarray]) -> None:
        """Note where the gradients of this step are."""
        self.places[:, 1] = _addresses(gradients)

    def run(self, kernel: Any, numbers: Sequence[float], ns: float) -> None:
        """Launch a rule; it takes `ns` nanoseconds for an element."""
        work = ns * self.size
        parallel_for(kernel, len(self.chunks), self.places, self.chunks, *numbers, work_ns=work)


def _addresses(arrays: Sequence[np.ndarray]) -> list[int]:
    return [_address_of(_as_buffer(array)) for array in arrays]  # type: ignore[arg-type]


@cache
def _kernels() -> Any:
    """The module of the kernels, which imports Numba."""
    from optim import compiled_numba

    return compiled_numba


def sgd(batch: Batch, dtype: np.dtype[Any], settings: Any, step: int) -> None:
    """`SGD.update` in one pass. The first step's velocity is the gradient alone."""
    momentum, decay = settings["momentum"], settings["weight_decay"]
    # the velocity is 0 before the first step
    dampening = settings["dampening"] if step > 1 else 0.0
    nesterov, maximize = settings["nesterov"], settings["maximize"]
    kernel = _kernels().sgd(dtype, bool(momentum), bool(dampening), nesterov, bool(decay), maximize)
    batch.run(kernel, (settings["lr"], momentum, 1 - dampening, decay), 0.4)


def adam(batch: Batch, dtype: np.dtype[Any], settings: Any, step: int) -> None:
    """`Adam.update` in one pass."""
    lr, (beta1, beta2) = settings["lr"], settings["betas"]
    decay, amsgrad = settings["weight_decay"], settings["amsgrad"]
    decoupled = bool(decay and settings["decoupled_weight_decay"])
    kernel = _kernels().adam(dtype, bool(decay), decoupled, amsgrad, settings["maximize"])
    numbers = (
        1 - lr * decay if decoupled else decay,
        1 - beta1,
        1 - beta2,
        beta2,
        lr / (1 - beta1**step),
        math.sqrt(1 - beta2**step),
        settings["eps"],
    )
    batch.run(kernel, numbers, 1.2)
