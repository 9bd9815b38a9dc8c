"""Keeping freed memory: why importing this package frees one block of 31 MB that it never touched.

The C library of Linux takes blocks above 128 KB from the system and gives them back as soon as they
are freed. A training step allocates and frees the same arrays again and again, and would pay a page
fault for every 4 KB of them, each time anew: on LeNet with 64 images 560 faults a step, a third of
its time. But the threshold is no constant: it rises to the size of the largest block that was freed
(up to 32 MB; mallopt(3), M_MMAP_THRESHOLD). So one is allocated, which touches no page and costs
some microseconds, and freed; from then on up to twice that size of freed memory stays with the
process. `MALLOC_MMAP_THRESHOLD_` in the environment still decides, where it is set.
"""

from __future__ import annotations

import numpy as np

_BLOCK = 31 << 20


def keep_freed_memory() -> None:
    """Let the C library reuse freed blocks of up to 31 MB instead of returning them."""
    np.empty(_BLOCK, np.uint8)
