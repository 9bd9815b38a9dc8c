"""Convolution with an image in every lane of a vector: for batches of small images.

The direct kernels multiply vectors of neighbouring pixels. Where rows are short, much of that is in
vain: an output row of 10 pixels takes two vectors of 8, or one flat image with 4 junk
columns of 14, and at the borders of a 4x4 image a third of the taps multiply padding. So for a
batch, L images are transposed into one image whose pixels are vectors, L numbers in a row, one of
each image:

    image 0   a b c ...             a A α ...  b B β ...  c C γ ...
    image 1   A B C ...     ->      pixel 0    pixel 1    pixel 2
    image 2   α β γ ...

Then any pixels whatever make up a register block, and taps that lie outside the image are left out
of the tables instead of multiplied by zeros: a 3x3 kernel with padding 1 takes 6.25 taps a pixel on
4x4 images, 9 otherwise; the input gradient of a 5x5 kernel without padding from 10x10 to 14x14
takes half. The weight gradient sums vectors of g times vectors of x, lane by lane, and adds the
lanes up at the end. Images go to lanes and back a square of vectors at a time, transposed in
registers (`lanes/register_blocks.py`).

**When.** The tables of both ways say beforehand how many multiply-adds each takes. Lanes are taken
where that saves a seventh, and pays for the transposes; the images of a group must fit half of a
usual L2 (`forward_fits`, `input_grad_fits`, `weight_grad_fits`). By shape alone, so the bits do not
depend on the thread count. Winograd's algorithm comes first where it fits.

**How fast.** Times faster than the direct kernels, one core of an AMD Zen 3 (AVX2), float32, on
N,C,H,K,R,padding:

                     64,6,14,16,5,0   64,16,4,16,3,1   64,32,7,32,3,1   64,16,10,16,3,1
    forward               1.4              2.8              1.4               1.3
    input gradient        1.9              2.7              1.4               1.3
    weight gradient       1.4              2.1              1.3               1.3

**Memory.** For each thread one group of L images laid out, 256 KiB and what their borders and odd
planes add, and 32 KiB of results; for the weight gradient a group of x and g, or as many groups as
fit 512 KiB.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograd.kernels.conv.direct.image_plan import ImagePlan, forward_plan, input_grad_plan
from autograd.kernels.conv.direct.weight_plan import weight_plan
from autograd.kernels.conv.lanes.image_plan import axes_of, forward_axis
from autograd.kernels.conv.machine import Machine
from autograd.kernels.conv.shape import ConvShape
from autograd.kernels.conv.tables import SCRATCH_BYTES

LEAST_GAIN = 1.15
LEAST_SAVED = 8  # taps of an output: what its transpose costs beside a plain store
LARGEST_KERNEL = 32  # taps along an axis are bits of an integer


def forward_fits(c: ConvShape, itemsize: int, machine: Machine) -> bool:
    """Whether lanes save enough of the forward pass."""
    return _images_fit(c, itemsize, machine, forward_plan, (c.C, c.H * c.W), c.Ho * c.Wo)


def input_grad_fits(c: ConvShape, itemsize: int, machine: Machine) -> bool:
    """Whether lanes save enough of the input gradient."""
    return _images_fit(c, itemsize, machine, input_grad_plan, (c.K, c.Ho * c.Wo), c.H * c.W)


def _images_fit(
    c: ConvShape,
    itemsize: int,
    machine: Machine,
    direct_plan: Callable[..., ImagePlan],
    source: tuple[int, int],
    outputs: int,
) -> bool:
    """The same, where images of so many (channels, pixels) make others of `outputs` pixels."""
    lanes, (channels, pixels) = machine.lanes(itemsize), source
    if not _possible(c, lanes) or lanes * itemsize * channels * pixels > SCRATCH_BYTES:
        return False
    phases = direct_plan(c.as_one_row(), itemsize, machine).phases
    direct, taps = sum(p.taps * p.vectors for p in phases) * lanes, channels * _taps(c, lanes)
    return direct >= LEAST_GAIN * taps and direct - taps >= LEAST_SAVED * outputs


def weight_grad_fits(c: ConvShape, itemsize: int, machine: Machine) -> bool:
    """Whether lanes save enough of the weight gradient."""
    lanes = machine.lanes(itemsize)
    images = c.C * c.H * c.W + c.K * c.Ho * c.Wo
    if not _possible(c, lanes) or lanes * itemsize * images > 2 * SCRATCH_BYTES:
        return False
    direct = weight_plan(c.as_one_row(), itemsize, machine).vectors * lanes * c.R * c.S
    return direct >= LEAST_GAIN * _taps(c, lanes)


def _possible(c: ConvShape, lanes: int) -> bool:
    """Whether there are images for all lanes, and pixels for a square of vectors."""
    pixels = min(c.H * c.W, c.Ho * c.Wo)
    return c.groups == 1 and min(c.N, pixels) >= lanes and max(c.R, c.S) <= LARGEST_KERNEL


def _taps(c: ConvShape, lanes: int) -> float:
    """Taps inside the image, of all pixels of a channel; more where lanes of the last group are
    images that were done before."""
    vertical, horizontal = (
        int(np.bitwise_count(forward_axis(*axis).inside).sum()) for axis in axes_of(c)
    )
    return vertical * horizontal * (-(-c.N // lanes) * lanes / c.N)


FITS = {"forward": forward_fits, "input_grad": input_grad_fits, "weight_grad": weight_grad_fits}
