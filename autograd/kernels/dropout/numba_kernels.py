"""The dropout kernel: the hash of `numpy_twin.py`, one pair of elements at a time."""

from __future__ import annotations

import numpy as np

from autograd.kernels.dropout.numpy_twin import GOLDEN, MIX1, MIX2
from autograd.kernels.runtime import jit

PAIRS = 1024  # in a chunk

_GOLDEN, _MIX1, _MIX2 = np.uint64(GOLDEN), np.uint64(MIX1), np.uint64(MIX2)
_LOW = np.uint64(0xFFFFFFFF)


@jit
def mask(lo, hi, out, start, threshold, scale):  # type: ignore[no-untyped-def]
    zero = scale - scale
    for chunk in range(lo, hi):
        target = out[2 * PAIRS * chunk : 2 * PAIRS * (chunk + 1)]
        for k in range((target.size + 1) // 2):
            z = start + np.uint64(PAIRS * chunk + k + 1) * _GOLDEN
            z = (z ^ (z >> np.uint64(30))) * _MIX1
            z = (z ^ (z >> np.uint64(27))) * _MIX2
            z = z ^ (z >> np.uint64(31))
            target[2 * k] = scale if (z & _LOW) >= threshold else zero
            if 2 * k + 1 < target.size:
                target[2 * k + 1] = scale if (z >> np.uint64(32)) >= threshold else zero
