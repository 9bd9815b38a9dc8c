"""Dropout masks from counter-based random numbers: element i is a hash of (seed, i).

So the mask does not depend on how the work was divided, nor on which implementation ran.
"""

from __future__ import annotations

import numpy as np

from autograd.kernels.dropout import numpy_twin as twin
from autograd.kernels.runtime import parallel_for, use_numba

Array = np.ndarray

SMALL = 4096  # masks of fewer elements come from the NumPy twin


def dropout_mask(shape: tuple[int, ...], p: float, seed: int, dtype: np.dtype | type) -> Array:
    """0 with probability p, else 1/(1-p); p = 1 gives zeros.

    `seed` is any int, of which 64 bits count; p has a resolution of 2⁻³².
    """
    dtype = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64))
    threshold = twin.drop_threshold(p)
    small = size <= SMALL or threshold >= 1 << 32
    if small or dtype.char not in "fd" or not use_numba():
        return twin.dropout_mask(shape, p, seed, dtype)
    from autograd.kernels.dropout import numba_kernels

    out = np.empty(shape, dtype)
    parallel_for(
        numba_kernels.mask,
        -(-size // (2 * numba_kernels.PAIRS)),
        out.reshape(-1),
        np.uint64(twin.start_state(seed)),
        np.uint64(threshold),
        dtype.type(1 / (1 - p)),
        work_ns=1.5 * size,
    )
    return out
