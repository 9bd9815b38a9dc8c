"""From a shape to a function of the arrays, as in `direct/launch.py`, with images in the lanes
(`lanes/choice.py`).

Imports Numba, so it is imported at the first convolution that is computed so.
"""

from __future__ import annotations

import numpy as np

from autograd.kernels.conv.lanes.image_plan import (
    LanePlan,
    lanes_forward_plan,
    lanes_input_grad_plan,
)
from autograd.kernels.conv.lanes.numba_kernels import (
    LaneImageSizes,
    LaneSumSizes,
    lane_blocks,
    lane_tiles,
    lanes_image_kernel,
    lanes_weight_kernel,
    lay_out_address,
)
from autograd.kernels.conv.lanes.weight_plan import lanes_weight_plan
from autograd.kernels.conv.launch import (
    Convolution,
    images_function,
    parts_of,
    sums_function,
    work_ns_of,
)
from autograd.kernels.conv.machine import machine
from autograd.kernels.conv.numba_kernels import kernel_address
from autograd.kernels.conv.shape import ConvShape, Shape4
from autograd.kernels.runtime import PARALLEL_NS


def forward(c: ConvShape, dtype: np.dtype, threads: int, relu: bool) -> Convolution:
    """(x, weight, bias or None) -> cross-correlation, plus bias, optionally through ReLU."""
    plan = lanes_forward_plan(c, dtype.itemsize, machine())
    return _image_function(plan, c, dtype, c.output_shape, threads, relu)


def input_grad(c: ConvShape, dtype: np.dtype, threads: int) -> Convolution:
    """(g, weight) -> gradient of the convolution with respect to x."""
    plan = lanes_input_grad_plan(c, dtype.itemsize, machine())
    return _image_function(plan, c, dtype, c.input_shape, threads, False)


def _image_function(
    plan: LanePlan, c: ConvShape, dtype: np.dtype, shape: Shape4, threads: int, relu: bool
) -> Convolution:
    """What launches the image kernel to make an array of this shape."""
    lanes, block = machine().lanes(dtype.itemsize), plan.block
    groups = -(-c.N // lanes)
    work_ns = work_ns_of(c)
    jobs = -(-shape[1] // block.rows)
    parts = parts_of(groups, jobs, threads) if work_ns >= PARALLEL_NS and threads > 1 else 1
    sizes = LaneImageSizes(
        lay_out_address(lanes, dtype), lane_blocks(lanes, block, dtype), int(relu), parts,
        block.rows, plan.filter_out, plan.buffer, plan.pieces, *plan.starts,
    )  # fmt: skip
    kernel = kernel_address(lanes_image_kernel(lanes), dtype)
    numbers = np.array([kernel, *plan.layout, *sizes], np.int64)
    return images_function(numbers, plan.tables, groups * parts, shape, dtype, work_ns)


def weight_grad(
    c: ConvShape, dtype: np.dtype, threads: int, with_bias: bool = False
) -> Convolution:
    """(g, x) -> gradient of the convolution with respect to weight, and to bias if asked for."""
    plan = lanes_weight_plan(c, dtype.itemsize, machine())
    lanes, block, shares = machine().lanes(dtype.itemsize), plan.block, plan.shares
    work_ns = work_ns_of(c)
    jobs = -(-c.K // block.rows)
    parts = parts_of(shares, jobs, threads) if work_ns >= PARALLEL_NS and threads > 1 else 1
    sizes = LaneSumSizes(
        lay_out_address(lanes, dtype), lane_tiles(lanes, block, dtype), parts, shares, block.rows,
        plan.g_plane, plan.together, plan.pieces, plan.classes, *plan.starts, plan.tap_count,
        int(with_bias),
    )  # fmt: skip
    kernel = kernel_address(lanes_weight_kernel(lanes), dtype)
    numbers = np.array([kernel, *plan.layout, *sizes], np.int64)
    return sums_function(
        numbers, plan.tables, shares, parts, c.weight_shape, dtype, work_ns, with_bias
    )
