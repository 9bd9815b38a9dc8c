"""Update rules as one compiled pass, for optimisers whose parameters are not small.

`Optimizer.step` calls `SGD.compiled` and `Adam.compiled`, which call these. Each is the twin of a
rule in NumPy and gives the same bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.kernels.runtime import parallel_for, use_numba

__all__ = ["SMALL", "adam", "fits", "sgd"]

SMALL = 1 << 14
"""Optimisers of fewer elements in all stay with NumPy, and never import Numba."""


def fits(*arrays: np.ndarray) -> bool:
    """Whether compiled rules take these arrays: contiguous, writable, of one native float dtype."""
    dtype = arrays[0].dtype
    return (
        dtype.char in "fd"
        and dtype.isnative
        and all(a.flags.carray and a.dtype is dtype for a in arrays)
        and use_numba()
    )


def _run(
    kernel: Any, arrays: tuple[np.ndarray, ...], numbers: tuple[float, ...], ns: float
) -> None:
    from optim.compiled_numba import CHUNK

    size, number = arrays[0].size, arrays[0].dtype.type
    flat = [a.reshape(-1) for a in arrays]
    parallel_for(kernel, -(-size // CHUNK), *flat, *map(number, numbers), work_ns=ns * size)


def sgd(w: np.ndarray, g: np.ndarray, state: Any, settings: Any, step: int) -> None:
    """`SGD.update` in one pass. The first step's velocity is the gradient alone."""
    from optim import compiled_numba

    momentum, decay = settings["momentum"], settings["weight_decay"]
    dampening = settings["dampening"] if step > 1 else 0.0
    kernel = compiled_numba.sgd(
        bool(momentum), bool(dampening), settings["nesterov"], bool(decay), settings["maximize"]
    )
    v = state["momentum_buffer"] if momentum else w
    if step == 1 and momentum:
        v.fill(0)
    _run(kernel, (w, g, v), (settings["lr"], momentum, 1 - dampening, decay), 0.4)


def adam(w: np.ndarray, g: np.ndarray, state: Any, settings: Any, step: int) -> None:
    """`Adam.update` in one pass."""
    from optim import compiled_numba

    lr, (beta1, beta2) = settings["lr"], settings["betas"]
    decay, amsgrad = settings["weight_decay"], settings["amsgrad"]
    decoupled = bool(decay and settings["decoupled_weight_decay"])
    kernel = compiled_numba.adam(bool(decay), decoupled, amsgrad, settings["maximize"])
    v = state["exp_avg_sq"]
    top = state["max_exp_avg_sq"] if amsgrad else v
    numbers = (
        1 - lr * decay if decoupled else decay,
        1 - beta1,
        1 - beta2,
        beta2,
        lr / (1 - beta1**step),
        math.sqrt(1 - beta2**step),
        settings["eps"],
    )
    _run(kernel, (w, g, state["exp_avg"], v, top), numbers, 1.2)
