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
    Layout,
    Machine,
    forward_plan,
    input_grad_plan,
    weight_plan,
)
from autograd.kernels.conv_shape import ConvShape
from autograd.kernels.runtime import get_num_threads, parallel_for

_FEW = tuple(Block(m, v) for m, v in ((6, 2), (4, 3), (3, 4), (2, 6), (1, 8)))
_MANY = tuple(Block(m, v) for m, v in ((8, 3), (6, 4), (4, 6), (3, 8), (2, 12), (1, 12)))
_SMALL = tuple(Block(m, v) for m, v in ((4, 1), (1, 9), (1, 5), (1, 3), (2, 2), (1, 1)))

MACHINES = {
    "avx512": Machine("avx512", 64, _MANY, _MANY + _SMALL),  # 32 registers of 16 floats
    "avx2": Machine("avx2", 32, _FEW, _FEW + _SMALL),  # 16 registers of 8 floats
    "neon": Machine("neon", 16, _MANY, _MANY + _SMALL),  # 32 registers of 4 floats
    "generic": Machine("generic", 16, _FEW, _FEW + _SMALL),  # 16 registers of 4 floats
}


def machine() -> Machine:
    """Vector width and blocks: the CPU's, or what `AUTOGRAD_VECTOR` names."""
    name = os.environ.get("AUTOGRAD_VECTOR", "") or _host_vectors()
    if name not in MACHINES:
        raise ArgumentError(f"AUTOGRAD_VECTOR={name!r}; {', '.join(MACHINES)} exist")
    return MACHINES[name]


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
    weights = [weight.reshape(c.groups, c.K // c.groups, -1)]
    out = np.empty(c.output_shape, x.dtype)
    _image_launch(plan, c, x, weights, bias, relu, out)
    return out


def conv2d_input_grad(g: np.ndarray, weight: np.ndarray, c: ConvShape) -> np.ndarray:
    """Gradient of conv2d with respect to x: (N,C,H,W)."""
    plan = input_grad_plan(c.as_one_row(), g.itemsize, machine())
    turned = weight.reshape(c.groups, c.K // c.groups, c.C // c.groups, c.R, c.S)
    turned = turned.transpose(0, 2, 1, 3, 4)
    weights = [
        np.ascontiguousarray(turned[:, :, :, rows][..., columns]).reshape(*turned.shape[:2], -1)
        for rows, columns in plan.kernel_taps
    ]
    dx = np.empty(c.input_shape, g.dtype)
    _image_launch(plan, c, g, weights, None, False, dx)
    return dx


def _image_launch(
    plan: ImagePlan,
    c: ConvShape,
    source: np.ndarray,
    weights: list[np.ndarray],
    bias: np.ndarray | None,
    relu: bool,
    out: np.ndarray,
) -> None:
    """Pack the weights, (groups, channels out, taps) of each phase, and run the image kernel."""
    channels_out, height, width = out.shape[1:]
    group_out = channels_out // c.groups
    rows = plan.block.rows
    jobs = c.groups * -(-group_out // rows)
    starts = np.cumsum([0] + [jobs * rows * w.shape[2] for w in weights])
    packed = np.empty(starts[-1], source.dtype)
    for start, weight in zip(starts.tolist(), weights, strict=False):
        _launch(
            pack_weight, jobs, weight.reshape(-1), packed, start, group_out, weight.shape[2], rows,
            work_ns=weight.size,
        )  # fmt: skip
    if bias is None:
        bias = np.zeros(channels_out, source.dtype)
    low = source.dtype.type(0.0 if relu else -np.inf)
    images = -(-c.N // plan.layout.group)
    parts = _parts(images, jobs)
    done = np.zeros(images * parts, np.uint8)
    tiles = image_tiles(machine().lanes(source.itemsize), plan.block, source.dtype)
    copy = _copier(source, plan.layout)
    _launch(
        image_kernel, images * parts, source.reshape(-1), packed, bias, low, out.reshape(-1), c.N,
        channels_out, c.groups, parts, height * width, copy, tiles, *plan.block, plan.layout,
        plan.taps, plan.pos, plan.opos, plan.row_source, plan.row_target, plan.pieces, plan.phases,
        starts, plan.buffer, done,
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
    copy = _copier(g, plan.layout)
    _launch(
        weight_kernel, plan.chunks * parts, g.reshape(-1), x.reshape(-1), sums.reshape(-1), c.N,
        c.K, c.groups, parts, plan.chunks, copy, tiles, plan.block.rows, lanes, plan.layout,
        plan.taps, plan.pos, plan.gpos, plan.vectors, *plan.g_rows, plan.g_copied, plan.piece, done,
        work_ns=_work_ns(c),
    )  # fmt: skip
    _require_done(done)
    return sums[0] if plan.chunks == 1 else sums.sum(axis=0)


def _launch(kernel: Any, chunks: int, *args: Any, work_ns: float) -> None:
    """Run a kernel over all chunks, by its address."""
    function = compiled_address(kernel, 0, chunks, *args)
    parallel_for(call_at, chunks, function, args, work_ns=work_ns)


def _copier(source: np.ndarray, layout: Layout) -> int:
    """Address of `copy_images` for this dtype."""
    flat = source.reshape(-1)
    return compiled_address(copy_images, flat, 0, 0, flat, layout)


def _parts(shares: int, jobs: int) -> int:
    """Parts that the jobs of one share of images are cut into, where images alone are too few.

    Each part lays its images out anew, and no result depends on the number of parts.
    """
    return max(1, min(jobs, -(-2 * get_num_threads() // shares)))


def _work_ns(c: ConvShape) -> float:
    return c.N * c.K * c.Ho * c.Wo * (c.C // c.groups) * c.R * c.S / 25


def _require_done(done: np.ndarray) -> None:
    """A helper thread cannot raise: a chunk that was not finished ran out of memory."""
    if not done.all():
        raise MemoryError("conv2d: no memory for the scratch of a kernel")
