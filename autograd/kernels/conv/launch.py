"""Calls that all ways of convolving share: one allocation, and the launch of a kernel or two.

All that does not depend on the data is worked out before, once for a shape: `numbers` and `tables`,
which the kernels read (`numba_kernels.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd.kernels.blas import note_convolution
from autograd.kernels.conv.numba_kernels import kernel_at
from autograd.kernels.conv.shape import ConvShape, Shape4
from autograd.kernels.runtime import PARALLEL_NS, parallel_for

Convolution = Callable[..., Any]  # of arrays


class Packing(NamedTuple):
    """The launch that packs the weights, before the one that reads them."""

    numbers: np.ndarray
    jobs: int
    size: int  # of the packed weights


def images_function(
    numbers: np.ndarray, tables: np.ndarray, chunks: int, shape: Shape4, dtype: np.dtype,
    work_ns: float, packing: Packing | None = None,
) -> Convolution:  # fmt: skip
    """What launches a kernel that makes images of this shape from others, weights and a bias."""
    large, none = work_ns >= PARALLEL_NS, np.zeros(shape[1], dtype)

    def run(source: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
        if bias is None:
            bias = none
        if large:
            note_convolution()
        if packing is not None:
            packed = np.empty((1, 1, 1, packing.size), dtype)
            parallel_for(
                kernel_at, packing.jobs, source, weight, bias, packed, packing.numbers, tables,
                work_ns=packing.size,
            )  # fmt: skip
            weight = packed
        out = np.empty(shape, dtype)
        parallel_for(kernel_at, chunks, source, weight, bias, out, numbers, tables, work_ns=work_ns)
        return out

    return run


def sums_function(
    numbers: np.ndarray, tables: np.ndarray, shares: int, parts: int, shape: Shape4,
    dtype: np.dtype, work_ns: float, with_bias: bool,
) -> Convolution:  # fmt: skip
    """What launches a kernel that sums weight gradients of this shape, in shares and parts."""
    large, channels, none = work_ns >= PARALLEL_NS, shape[0], np.zeros(1, dtype)
    sums_shape, shares_shape = (shares * channels, *shape[1:]), (shares, *shape)

    def run(g: np.ndarray, x: np.ndarray) -> Any:
        if large:
            note_convolution()
        sums = np.zeros(sums_shape, dtype)
        totals = np.zeros(shares * channels * 2, dtype) if with_bias else none
        parallel_for(
            kernel_at, shares * parts, g, x, totals, sums, numbers, tables, work_ns=work_ns
        )
        if shares > 1:
            sums = sums.reshape(shares_shape).sum(axis=0)
        if not with_bias:
            return sums
        if shares == 1:
            return sums, totals[::2].copy()
        totals = totals.reshape(shares, channels, 2)
        return sums, np.add.reduce(totals, axis=(0, 2), dtype=np.float64).astype(dtype)

    return run


def parts_of(shares: int, jobs: int, threads: int) -> int:
    """Parts that the jobs of one share of images are cut into, where images alone are too few.

    Each part lays its images out anew, and no result depends on the number of parts.
    """
    return max(1, min(jobs, -(-2 * threads // shares)))


def work_ns_of(c: ConvShape) -> float:
    """About how long one core takes, in nanoseconds."""
    return c.N * c.K * c.Ho * c.Wo * (c.C // c.groups) * c.R * c.S / 25
