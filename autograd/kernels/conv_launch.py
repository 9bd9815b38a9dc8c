"""From arrays to compiled kernels: find the plan, pack the weights, launch, check it was all done.

Imports Numba, so it is imported at the first compiled convolution. Arrays come in C-contiguous,
writable and of one float dtype; shapes are checked (`conv_shape.py`).
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np

from autograd.errors import ArgumentError
from autograd.kernels.blas import note_convolution
from autograd.kernels.conv_numba import (
    call_at,
    compiled_address,
    copy_images,
    image_kernel,
    image_tiles,
    pack_weight,
    weight_kernel,
    weight_tiles,
)
from autograd.kernels.conv_plan import (
    Block,
    ImagePlan,
    Machine,
    forward_plan,
    input_grad_plan,
    weight_plan,
)
from autograd.kernels.conv_shape import ConvShape
from autograd.kernels.runtime import PARALLEL_NS, get_num_threads, parallel_for

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
    global _machine
    name = name or _host_vectors()
    if name not in MACHINES:
        raise ArgumentError(f"set_machine: name is {name!r}; pass one of {', '.join(MACHINES)}")
    _machine = MACHINES[name]


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


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, c: ConvShape, relu: bool = False
) -> np.ndarray:
    """Cross-correlation of x with weight, plus bias, optionally through ReLU: (N,K,Ho,Wo)."""
    plan = forward_plan(c.as_one_row(), x.itemsize, machine())
    out = np.empty(c.output_shape, x.dtype)
    _image_launch(plan, c, x, weight, bias, relu, out)
    return out


def conv2d_input_grad(g: np.ndarray, weight: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to x: (N,C,H,W)."""
    plan = input_grad_plan(c.as_one_row(), g.itemsize, machine())
    dx = np.empty(c.input_shape, g.dtype)
    _image_launch(plan, c, g, weight, None, False, dx)
    return dx


def _image_launch(
    plan: ImagePlan,
    c: ConvShape,
    source: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    relu: bool,
    out: np.ndarray,
) -> None:
    """Pack the weights and run the image kernel."""
    dtype = source.dtype
    channels_out, height, width = out.shape[1:]
    group_out = channels_out // c.groups
    rows = plan.block.rows
    jobs = c.groups * -(-group_out // rows)
    packed = np.empty(plan.weight_starts[-1], dtype)
    _launch(
        pack_weight, dtype, jobs, weight.reshape(-1), packed, group_out, rows,
        *plan.weight_strides, plan.phases, plan.weight_taps, plan.weight_starts,
        work_ns=packed.size,
    )  # fmt: skip
    if bias is None:
        bias = np.zeros(channels_out, dtype)
    low = dtype.type(0.0 if relu else -np.inf)
    images = -(-c.N // plan.layout.group)
    parts = _parts(images, jobs)
    done = np.zeros(images * parts, np.uint8)
    tiles = image_tiles(machine().lanes(dtype.itemsize), plan.block, dtype)
    flat = source.reshape(-1)
    copy = compiled_address(copy_images, dtype, flat, 0, 0, flat, plan.layout)
    _launch(
        image_kernel, dtype, images * parts, flat, packed, bias, low, out.reshape(-1), c.N,
        channels_out, c.groups, parts, height * width, copy, tiles, *plan.block, plan.layout,
        plan.taps, plan.pos, plan.opos, plan.row_source, plan.row_target, plan.pieces, plan.phases,
        plan.weight_starts, plan.buffer, done,
        work_ns=_work_ns(c),
    )  # fmt: skip
    _require_done(done)


def conv2d_weight_grad(g: np.ndarray, x: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to weight: (K,C/groups,R,S)."""
    shape = c.weight_shape
    c = c.as_one_row()
    plan = weight_plan(c, g.itemsize, machine())
    jobs = c.groups * -(-(c.K // c.groups) // plan.block.rows)
    parts = _parts(plan.chunks, jobs)
    sums = np.zeros((plan.chunks, *shape), g.dtype)
    done = np.zeros(plan.chunks * parts, np.uint8)
    lanes = machine().lanes(g.itemsize)
    tiles = weight_tiles(lanes, plan.block, g.dtype)
    flat = x.reshape(-1)
    copy = compiled_address(copy_images, x.dtype, flat, 0, 0, flat, plan.layout)
    _launch(
        weight_kernel, x.dtype, plan.chunks * parts, g.reshape(-1), flat, sums.reshape(-1), c.N,
        c.K, c.groups, parts, plan.chunks, copy, tiles, plan.block.rows, lanes, plan.layout,
        plan.taps, plan.pos, plan.gpos, plan.vectors, *plan.g_rows, plan.g_copied, plan.piece, done,
        work_ns=_work_ns(c),
    )  # fmt: skip
    _require_done(done)
    return sums[0] if plan.chunks == 1 else sums.sum(axis=0)


def _launch(kernel: Any, dtype: np.dtype, chunks: int, *args: Any, work_ns: float) -> None:
    """Run a kernel over all chunks, by its address."""
    function = compiled_address(kernel, dtype, 0, chunks, *args)
    if work_ns >= PARALLEL_NS:
        note_convolution()
    parallel_for(call_at, chunks, function, args, work_ns=work_ns)


def _parts(shares: int, jobs: int) -> int:
    """Parts that the jobs of one share of images are cut into, where images alone are too few.

    Each part lays its images out anew, and no result depends on the number of parts.
    """
    return max(1, min(jobs, -(-2 * get_num_threads() // shares)))


def _work_ns(c: ConvShape) -> float:
    return c.N * c.K * c.Ho * c.Wo * (c.C // c.groups) * c.R * c.S / 25


def _require_done(done: np.ndarray) -> None:
    """A helper thread cannot raise: a chunk that was not finished ran out of memory."""
    if b"\0" in done.tobytes():
        raise MemoryError("conv2d: no memory for the scratch of a kernel")
