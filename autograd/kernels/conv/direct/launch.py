"""From a shape to a function of the arrays: plan, addresses, tables, all but the launch itself.

`forward`, `input_grad` and `weight_grad` are called once for a shape (`dispatch.py` keeps what they
return). The functions they return hold everything that does not depend on the data, so that a
call is one allocation and one launch: a small convolution takes microseconds, and each array
made, tuple built or attribute looked up beside it would be felt.

Imports Numba, so it is imported at the first compiled convolution. Arrays come in C-contiguous,
writable and of the one float dtype; shapes are checked (`shape.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from autograd.errors import ArgumentError
from autograd.kernels.blas import note_convolution
from autograd.kernels.conv.direct.numba_kernels import (
    ImageSizes,
    WeightSizes,
    copy_address,
    image_kernel,
    image_tiles,
    kernel_address,
    kernel_at,
    pack_weight,
    weight_kernel,
    weight_tiles,
)
from autograd.kernels.conv.direct.plan import (
    Block,
    ImagePlan,
    Machine,
    forward_plan,
    input_grad_plan,
    weight_plan,
)
from autograd.kernels.conv.shape import ConvShape, Shape4
from autograd.kernels.launch.runtime import PARALLEL_NS, parallel_for

Convolution = Callable[..., Any]  # of arrays

_FEW = tuple(Block(m, v) for m, v in ((6, 2), (4, 3), (3, 4), (2, 6), (1, 8)))
_MANY = tuple(Block(m, v) for m, v in ((8, 3), (6, 4), (4, 6), (3, 8), (2, 12), (1, 12)))
_SMALL = tuple(Block(m, v) for m, v in ((4, 1), (1, 9), (1, 5), (1, 3), (2, 2), (1, 1)))

MACHINES = {
    "avx512": Machine("avx512", 64, _MANY, _MANY + _SMALL),  # 32 registers of 16 floats
    "avx2": Machine("avx2", 32, _FEW, _FEW + _SMALL),  # 16 registers of 8 floats
    "neon": Machine("neon", 16, _MANY, _MANY + _SMALL),  # 32 registers of 4 floats
    "generic": Machine("generic", 16, _FEW, _FEW + _SMALL),  # 16 registers of 4 floats
}


_machine: Machine | None = None


def machine() -> Machine:
    """Vector width and blocks: the CPU's, or what `AUTOGRAD_VECTOR` or `set_machine` names."""
    if _machine is None:
        set_machine(os.environ.get("AUTOGRAD_VECTOR") or None)
        assert _machine is not None
    return _machine


def set_machine(name: str | None) -> None:
    """Generate code for the named kind of CPU from now on; None: for the one that runs.

    Raises ArgumentError for a name that is not in `MACHINES`.
    """
    from autograd.kernels.conv import dispatch as conv

    global _machine
    name = name or _host_vectors()
    if name not in MACHINES:
        raise ArgumentError(f"set_machine: name is {name!r}; pass one of {', '.join(MACHINES)}")
    _machine = MACHINES[name]
    conv.forget()


@cache
def _host_vectors() -> str:
    from llvmlite import binding
    from numba.core import config

    chosen = getattr(config, "CPU_FEATURES", None)  # NUMBA_CPU_FEATURES
    if getattr(config, "CPU_NAME", None) == "generic":
        return "generic"
    if chosen is None:
        features = dict(binding.get_host_cpu_features())
    else:
        features = {f[1:]: True for f in chosen.split(",") if f.startswith("+")}
    if features.get("avx512f"):
        return "avx512"
    if features.get("avx2") and features.get("fma"):
        return "avx2"
    return "neon" if features.get("neon") else "generic"


def forward(c: ConvShape, dtype: np.dtype, threads: int, relu: bool) -> Convolution:
    """(x, weight, bias or None) -> cross-correlation, plus bias, optionally through ReLU."""
    plan = forward_plan(c.as_one_row(), dtype.itemsize, machine())
    return _image_function(plan, c, dtype, c.output_shape, threads, relu)


def input_grad(c: ConvShape, dtype: np.dtype, threads: int) -> Convolution:
    """(g, weight) -> gradient of the convolution with respect to x."""
    plan = input_grad_plan(c.as_one_row(), dtype.itemsize, machine())
    return _image_function(plan, c, dtype, c.input_shape, threads, False)


def _image_function(
    plan: ImagePlan, c: ConvShape, dtype: np.dtype, shape: Shape4, threads: int, relu: bool
) -> Convolution:
    """What launches the image kernel to make an array of this shape."""
    layout, block, starts = plan.layout, plan.block, plan.starts
    channels_out, height, width = shape[1:]
    jobs = c.groups * -(-(channels_out // c.groups) // block.rows)
    images = -(-c.N // layout.group)
    work_ns = work_ns_of(c)
    # then one call of the kernel does it all, and packs the weights on its way
    alone = work_ns < PARALLEL_NS or threads == 1
    parts = 1 if alone else parts_of(images, jobs, threads)
    pack = kernel_address(pack_weight, dtype)
    sizes = ImageSizes(
        copy_address(dtype), image_tiles(machine().lanes(dtype.itemsize), block, dtype),
        pack if alone else 0, plan.packed, int(relu), c.N, channels_out, c.groups, parts,
        height * width, block.rows, block.columns, plan.buffer, *plan.weight_strides,
        len(plan.phases), len(plan.pieces), *starts,
    )  # fmt: skip
    rest = *layout, *sizes, *_flat(plan.phases), *_flat(plan.pieces)
    numbers = np.array([kernel_address(image_kernel, dtype), *rest], np.int64)
    packing = None
    if not alone:
        packing = Packing(np.array([pack, *rest], np.int64), jobs, plan.packed)
    return images_function(numbers, plan.tables, images * parts, shape, dtype, work_ns, packing)


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


def weight_grad(c: ConvShape, dtype: np.dtype, threads: int) -> Convolution:
    """(g, x) -> gradient of the convolution with respect to weight."""
    return _weight_function(c, dtype, threads, with_bias=False)


def weight_bias_grads(c: ConvShape, dtype: np.dtype, threads: int) -> Convolution:
    """(g, x) -> gradients of the convolution with respect to weight and bias."""
    return _weight_function(c, dtype, threads, with_bias=True)


def _weight_function(c: ConvShape, dtype: np.dtype, threads: int, with_bias: bool) -> Convolution:
    """What launches the weight kernel."""
    shape = c.weight_shape
    c = c.as_one_row()
    plan = weight_plan(c, dtype.itemsize, machine())
    block = plan.block
    jobs = c.groups * -(-(c.K // c.groups) // block.rows)
    work_ns = work_ns_of(c)
    parts = parts_of(plan.chunks, jobs, threads) if work_ns >= PARALLEL_NS and threads > 1 else 1
    lanes = machine().lanes(dtype.itemsize)
    sizes = WeightSizes(
        copy_address(dtype), weight_tiles(lanes, block, dtype), c.N, c.K, c.groups, parts,
        plan.chunks, block.rows, lanes, plan.vectors, *plan.g_rows, plan.g_copied, plan.piece,
        int(with_bias), plan.taps, *plan.starts,
    )  # fmt: skip
    kernel = kernel_address(weight_kernel, dtype)
    numbers = np.array([kernel, *plan.layout, *sizes], np.int64)
    return sums_function(numbers, plan.tables, plan.chunks, parts, shape, dtype, work_ns, with_bias)


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


def _flat(tuples: Iterable[tuple[int, ...]]) -> list[int]:
    return [entry for numbers in tuples for entry in numbers]


def parts_of(shares: int, jobs: int, threads: int) -> int:
    """Parts that the jobs of one share of images are cut into, where images alone are too few.

    Each part lays its images out anew, and no result depends on the number of parts.
    """
    return max(1, min(jobs, -(-2 * threads // shares)))


def work_ns_of(c: ConvShape) -> float:
    """About how long one core takes, in nanoseconds."""
    return c.N * c.K * c.Ho * c.Wo * (c.C // c.groups) * c.R * c.S / 25
