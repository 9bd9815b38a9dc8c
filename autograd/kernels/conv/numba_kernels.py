"""What the compiled kernels of all ways of convolving share.

Those that are launched take arguments of the same types,

    source, weight, out (4-d), bias (1-d), numbers, tables

so one launcher, which takes as long to compile as a kernel, serves all. `numbers` holds the
kernel's address and every integer of the shape, `tables` every table: worked out once for a shape
(`direct/launch.py` and its like), read by all threads, written by none.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import from_dtype, int32, int64, types

from autograd.kernels.codegen.memory import call, function_address, value
from autograd.kernels.runtime import jit

NUMBERS = types.Array(int64, 1, "C")
TABLES = types.Array(int32, 1, "C")
PLANE_BLOCK = 1024  # elements of a gradient whose sum runs in their own type


def images_of(dtype: np.dtype) -> Any:
    """Numba's type of a batch of images."""
    return types.Array(from_dtype(dtype), 4, "C")


@cache
def kernel_address(kernel: Any, dtype: np.dtype) -> int:
    """Where the machine code of a launched kernel for this dtype is."""
    images, vector = images_of(dtype), types.Array(from_dtype(dtype), 1, "C")
    arrays = images, images, vector, images, NUMBERS, TABLES
    return function_address(kernel, (int64, int64, *arrays))


@jit
def kernel_at(lo, hi, source, weight, bias, out, numbers, tables):  # type: ignore[no-untyped-def]
    """The kernel whose address is numbers[0], as something `parallel_for` can launch.

    What is launched is compiled into its launcher once more, so it had better be short.
    """
    if call(numbers[0], (lo, hi, source, weight, bias, out, numbers, tables)) < 0:
        raise MemoryError


@jit(fastmath={"reassoc"})
def plane_sum(g, start, count):  # type: ignore[no-untyped-def]
    """g[start] + ... + g[start + count - 1], a vector at a time, blocks of them in float64."""
    whole = 0.0
    for begin in range(start, start + count, PLANE_BLOCK):
        total = g.dtype.type(0)
        for i in range(begin, min(begin + PLANE_BLOCK, start + count)):
            total += value(g, i)
        whole += total
    return whole


@jit
def add_total(totals, place, amount):  # type: ignore[no-untyped-def]
    """Add a float64 to a total that is kept as two numbers: what it is rounded to, and the rest."""
    exact = amount + totals[2 * place] + totals[2 * place + 1]
    totals[2 * place] = exact
    totals[2 * place + 1] = exact - totals[2 * place]
