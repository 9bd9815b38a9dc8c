"""NumPy twin of the dropout kernel.

The random numbers are counter-based: element i of a mask is a hash of (seed, i), so it does not
depend on how the work was divided. The hash is the finaliser of SplitMix64 (Steele, Lea, Flood,
"Fast splittable pseudorandom number generators", 2014); its 64 bits serve two neighbours.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray

GOLDEN = 0x9E3779B97F4A7C15
MIX1, MIX2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK64 = (1 << 64) - 1


def start_state(seed: int) -> int:
    """Where a seed's sequence begins: mixed, so that neighbouring seeds share no stretch."""
    z = (seed + GOLDEN) & _MASK64
    z = ((z ^ (z >> 30)) * MIX1) & _MASK64
    z = ((z ^ (z >> 27)) * MIX2) & _MASK64
    return z ^ (z >> 31)


def drop_threshold(p: float) -> int:
    """A 32-bit random number below this drops its element; 2³² drops all."""
    return round(p * (1 << 32))


def dropout_mask(shape: tuple[int, ...], p: float, seed: int, dtype: np.dtype | type) -> Array:
    """0 with probability p, else 1/(1-p); p = 1 gives zeros."""
    size = int(np.prod(shape, dtype=np.int64))
    threshold = drop_threshold(p)
    if threshold >= 1 << 32:
        return np.zeros(shape, dtype)
    z = np.arange(1, (size + 1) // 2 + 1, dtype=np.uint64)
    z *= np.uint64(GOLDEN)
    z += np.uint64(start_state(seed))
    z ^= z >> np.uint64(30)
    z *= np.uint64(MIX1)
    z ^= z >> np.uint64(27)
    z *= np.uint64(MIX2)
    z ^= z >> np.uint64(31)
    bits = np.stack([z & np.uint64(0xFFFFFFFF), z >> np.uint64(32)], axis=1).ravel()[:size]
    keep = bits >= np.uint64(threshold)
    return (keep.astype(dtype) * np.dtype(dtype).type(1 / (1 - p))).reshape(shape)
