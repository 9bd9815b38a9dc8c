"""What the tables and the scratch memory of all convolution kernels have in common."""

from __future__ import annotations

import numpy as np

SCRATCH_BYTES = 1 << 18  # images are laid out together until this is full: half of a usual L2
LINE_BYTES = 64  # of a cache line
PREFETCH_TAPS = 27  # so many taps before a line is needed it is asked for: past the latency of L2


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def odd_lines(elements: int, itemsize: int) -> int:
    """So many elements or more: an odd number of cache lines, so that planes which are that far
    apart share no cache sets."""
    line = LINE_BYTES // itemsize
    return (ceil_div(elements, line) | 1) * line


def joined(*tables: list[int]) -> tuple[np.ndarray, list[int]]:
    """All tables in one array of 32 bits, and where each of them starts in it."""
    starts = [sum(map(len, tables[:i])) for i in range(len(tables))]
    return np.array([entry for table in tables for entry in table], np.int32), starts
