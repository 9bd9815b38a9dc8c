"""From a shape to a function of the arrays: plan, addresses, tables, all but the launch itself.

`forward`, `input_grad` and `weight_grad` are called once for a shape (`dispatch.py` keeps what they
return). The functions they return hold everything that does not depend on the data, so that a
call is one allocation and one launch: a small convolution takes microseconds, and each array
made, tuple built or attribute looked up beside it would be felt.

Imports Numba, so it is imported at the first compiled convolution. Arrays come in C-contiguous,
writable and of the one float dtype; shapes are checked (`shape.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from autograd.kernels.conv.direct.image_plan import ImagePlan, forward_plan, input_grad_plan
from autograd.kernels.conv.direct.numba_kernels import (
    ImageSizes,
    WeightSizes,
    copy_address,
    image_kernel,
    image_tiles,
    pack_weight,
    weight_kernel,
    weight_tiles,
)
from autograd.kernels.conv.direct.weight_plan import weight_plan
from autograd.kernels.conv.launch import (
    Convolution,
    Packing,
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


def weight_grad(
    c: ConvShape, dtype: np.dtype, threads: int, with_bias: bool = False
) -> Convolution:
    """(g, x) -> gradient of the convolution with respect to weight, and to bias if asked for."""
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


def _flat(tuples: Iterable[tuple[int, ...]]) -> list[int]:
    return [entry for numbers in tuples for entry in numbers]
