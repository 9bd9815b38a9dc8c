"""Update rules as one compiled pass over all parameters, for optimisers that are not small.

`Optimizer.step` calls `SGD.compiled`, `Adam.compiled` and so on, which are these. Each is the twin
of a rule in NumPy and gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from autograd.kernels.runtime import prepared, use_numba

__all__ = ["SMALL", "Batch", "adagrad", "adam", "fits", "rmsprop", "sgd"]

SMALL = 1 << 14
"""Optimisers of fewer elements in all stay with NumPy, and never import Numba."""


def fits(dtype: np.dtype[Any], *arrays: np.ndarray) -> bool:
    """Whether compiled rules take these arrays: contiguous, writable, not empty, of one dtype."""
    if dtype.char not in "fd" or not dtype.isnative or not use_numba():
        return False
    for array in arrays:
        if array.dtype is not dtype or not array.flags.carray or not array.size:
            return False
    return True


class Batch:
    """Parameters that are updated together: which arrays they have, cut into chunks.

    `rows` has the arrays of each parameter: weights, then state. Gradients come in each step.
    """

    def __init__(self, rows: Sequence[Sequence[np.ndarray]]) -> None:
        self._rows = rows  # keeps the memory
        self._dtype = rows[0][0].dtype
        sizes = [row[0].size for row in rows]
        self._places = np.array(
            [[id(row[0]), 0, *map(id, row[1:]), row[0].size] for row in rows], np.int64
        )
        self._gradients = self._places[:, 1]
        chunk = _kernels().CHUNK
        self._chunks = np.array(
            [(p, first) for p, size in enumerate(sizes) for first in range(0, size, chunk)],
            np.int64,
        )
        self._size = sum(sizes)

    def prepare(
        self, rule: Callable[..., None], gradients: Sequence[np.ndarray], settings: Any, step: int
    ) -> list[Callable[[], Any]]:
        """Calls into C that apply a compiled rule to all of them; `gradients` must live till then.

        Nothing is written yet.
        """
        self._gradients[:] = list(map(id, gradients))
        self._calls: list[Callable[[], Any]] = []
        rule(self, self._dtype, settings, step)
        return self._calls

    def clear_state(self) -> None:
        """For a rule: fill what is kept with zeros."""
        for _, *state in self._rows:
            self._calls += [partial(array.fill, 0) for array in state]

    def launch(self, kernel: Any, numbers: Sequence[float], ns: float) -> None:
        """For a rule: launch a kernel; it takes `ns` nanoseconds for an element."""
        work, chunks, floats = ns * self._size, self._chunks, map(float, numbers)
        call = prepared(kernel, len(chunks), self._places, chunks, *floats, work_ns=work)
        self._calls.append(call)


@cache
def _kernels() -> Any:
    """The module of the kernels, which imports Numba."""
    from optim import numba_kernels

    return numba_kernels


def sgd(batch: Batch, dtype: np.dtype[Any], settings: Any, step: int) -> None:
    """`SGD.update` in one pass. The first step's velocity is the gradient alone."""
    momentum, decay = settings["momentum"], settings["weight_decay"]
    dampening = settings["dampening"]
    if step == 1:
        batch.clear_state()
        dampening = 0.0
    nesterov, maximize = settings["nesterov"], settings["maximize"]
    kernel = _kernels().sgd(dtype, bool(momentum), bool(dampening), nesterov, bool(decay), maximize)
    batch.launch(kernel, (settings["lr"], momentum, 1 - dampening, decay), 0.4)


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
    batch.launch(kernel, numbers, 1.2)


def rmsprop(batch: Batch, dtype: np.dtype[Any], settings: Any, step: int) -> None:
    """`RMSprop.update` in one pass."""
    lr, alpha, eps = settings["lr"], settings["alpha"], settings["eps"]
    momentum, decay = settings["momentum"], settings["weight_decay"]
    centered, maximize = settings["centered"], settings["maximize"]
    kernel = _kernels().rmsprop(dtype, bool(momentum), bool(centered), bool(decay), maximize)
    batch.launch(kernel, (lr, alpha, 1 - alpha, eps, momentum, decay), 1.2)


def adagrad(batch: Batch, dtype: np.dtype[Any], settings: Any, step: int) -> None:
    """`Adagrad.update` in one pass."""
    lr = settings["lr"] / (1 + (step - 1) * settings["lr_decay"])
    decay = settings["weight_decay"]
    kernel = _kernels().adagrad(dtype, bool(decay), settings["maximize"])
    batch.launch(kernel, (lr, settings["eps"], decay), 1.0)
