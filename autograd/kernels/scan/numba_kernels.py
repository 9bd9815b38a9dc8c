"""Running sums and products. A chunk is up to 1024 that lie side by side, or one where one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.extending import register_jitable

from autograd.kernels.runtime import jit

COLUMNS = 1024


def _running(name: str, join: Callable[..., Any]) -> Any:
    join = register_jitable(join)

    @jit(key=name)
    def running(lo, hi, x, out, totals, shape):  # type: ignore[no-untyped-def]
        """Along the middle axis of x (lead, length, inner); `totals` start as 0 or 1, float64."""
        length, inner = shape
        across = (inner + COLUMNS - 1) // COLUMNS
        for chunk in range(lo, hi):
            row, begin = chunk // across, chunk % across * COLUMNS
            end = min(begin + COLUMNS, inner)
            first = row * length * inner
            if inner == 1:
                total = totals[row]
                for k in range(first, first + length):
                    total = join(total, x[k])
                    out[k] = total
                continue
            for k in range(length):
                at = first + k * inner
                for j in range(begin, end):
                    totals[row * inner + j] = join(totals[row * inner + j], x[at + j])
                    out[at + j] = totals[row * inner + j]

    return running


running_sums = _running("sums", lambda total, x: total + x)
running_products = _running("products", lambda total, x: total * x)
