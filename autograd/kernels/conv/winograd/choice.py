"""Winograd's convolution F(2x2, 3x3): 16 multiplications for four outputs instead of 36.

Four outputs of a 3x3 filter depend on a tile of 4x4 inputs. With d a tile and w a filter, both are
brought into another basis, multiplied element by element, summed over the channels there, and
brought back:

    Y = Aᵀ [ Σ_c (G w_c Gᵀ) ⊙ (Bᵀ d_c B) ] A            Y 2x2, d 4x4, w 3x3

         1  0 -1  0            1   0   0
    Bᵀ = 0  1  1  0        G = ½   ½   ½        Aᵀ = 1  1  1  0
         0 -1  1  0            ½  -½   ½             0  1 -1 -1
         0  1  0 -1            0   0   1

Tiles lie two apart, so they overlap. The transforms only add and halve. They cost the same for
each channel, the products grow with channels in times channels out: with many channels of both,
the saving is nearly all of 36/16 = 2.25. For each of the 16 elements the sum over channels is a
matrix product [K x C]·[C x tiles], that of a 1x1 convolution, and uses its register block
(`direct/register_blocks.py`). A block of tiles is taken at a time, so that its 16 matrices stay in
the cache between the steps; tiles that lie side by side are transformed together, one a lane
(`transforms.py`). The input gradient is the same convolution of g, with the filters turned
round, so padding p becomes 2 - p. The weight gradient is the adjoint in w, a sum over all tiles,

    dw = Gᵀ [ Σ_tiles (A g Aᵀ) ⊙ (Bᵀ d B) ] G           g 2x2

with 16 products [K x tiles]·[tiles x C]. Their blocks of tiles are larger, so that the sums are
read and written seldom, and are transformed by all threads before any multiplies.

**When.** 3x3, stride 1, dilation 1, one group, float32, padding of at most 2, and enough channels
and tiles (`fits`, `weight_fits`). `AUTOGRAD_WINOGRAD=0` switches it off, `set_winograd` does while
a program runs.

**Memory and threads.** Beside its result a call holds the transformed weights, 16·C·K numbers, and
for each thread one block of T tiles, 16·(C + 64)·(T + 8) numbers and a few rows (T is at least one
register block, else about 6144 / C: 0.5 to 1.2 MiB up to 512 channels). For the weight gradient it
is the sums, 16·C·K numbers, and for all threads together one block of 128 to 512 tiles,
16·(C + K)·(T + 16) numbers, about 8 MiB at most unless 128 tiles take more. Blocks are cut by shape
alone, so the bits do not depend on the thread count.

**How fast.** Times faster than the direct kernels, one core of an AMD Zen 3 (AVX2), on
N,C,H,K,R,padding:

                     32,64,16,64,3,1  32,64,8,128,3,1  8,64,56,64,3,1  16,256,14,256,3,1
    forward               1.6              1.5              1.7              1.8
    input gradient        1.6              1.4              1.7              1.6
    weight gradient       1.4              1.4              1.3              1.4

**Rounding.** On random data the rms error of the sums over channels is 0.6 times that of the direct
kernels forward and for the input gradient (a chain of C additions instead of 9·C), 1.3 times for
the weight gradient. A NaN in x reaches exactly the outputs that it does in direct sums. So does an
Inf, but often as a NaN, where it is subtracted from itself. In the weight gradient either, in x or
g, may reach all nine weights of its channel.
"""

from __future__ import annotations

import os

import numpy as np

from autograd.errors import ArgumentError
from autograd.kernels.conv.shape import ConvShape

FEWEST_CHANNELS = 32
FEWEST_PAIRS = 2048  # of a channel in and one out
FEWEST_TILES = 64
MANY_PAIRS = 4 * FEWEST_PAIRS
FEWEST_SUMMED_TILES = 128  # for the weight gradient
SMALLEST_IMAGE = 2  # of a single row, half of every tile would be wasted

_on: bool | None = None


def use_winograd() -> bool:
    """Whether the algorithm is used where it fits: unless `AUTOGRAD_WINOGRAD=0` or `set_winograd`
    say otherwise."""
    global _on
    if _on is None:
        _on = os.environ.get("AUTOGRAD_WINOGRAD", "") != "0"
    return _on


def set_winograd(on: bool | None) -> None:
    """Use Winograd's algorithm where it fits from now on, or never; None: as the environment says.

    Raises ArgumentError for anything else.

    >>> set_winograd(False)
    >>> use_winograd()
    False
    >>> set_winograd(None)
    """
    global _on
    if on is not None and not isinstance(on, bool):
        raise ArgumentError(f"set_winograd: on must be True, False or None, got {on!r}")
    _on = on


def fits(c: ConvShape, dtype: np.dtype, height: int, width: int) -> bool:
    """Whether this convolution takes Winograd's algorithm, to make images of height x width.

    Decided by the shape alone, from measurements on one core of an AMD Zen 3: below these limits
    the direct kernels are as fast, or up to twice as fast.
    """
    return (
        c.R == c.S == 3
        and min(c.C, c.K) >= FEWEST_CHANNELS
        and c.C * c.K >= FEWEST_PAIRS
        and dtype == np.float32
        and c.stride == c.dilation == (1, 1)
        and c.groups == 1
        and max(c.padding) <= 2
        and min(height, width) >= SMALLEST_IMAGE
        and c.N * _tiles(height, width) >= FEWEST_TILES
        and use_winograd()
    )


def weight_fits(c: ConvShape, dtype: np.dtype) -> bool:
    """Whether the weight gradient takes it: it gains a little less.

    With few channels only where most of the tiles are whole.
    """
    tiles = _tiles(c.Ho, c.Wo)
    return (
        fits(c, dtype, c.Ho, c.Wo)
        and c.N * tiles >= FEWEST_SUMMED_TILES
        and (c.C * c.K >= MANY_PAIRS or c.Ho * c.Wo >= 0.8 * 4 * tiles)
    )


FITS = {
    "forward": lambda c, dtype: fits(c, dtype, c.Ho, c.Wo),
    "input_grad": lambda c, dtype: fits(c, dtype, c.H, c.W),
    "weight_grad": weight_fits,
}


def _tiles(height: int, width: int) -> int:
    return -(-height // 2) * -(-width // 2)
