"""Two-dimensional convolution and its two gradients, arrays in, arrays out.

float32 or float64 in any memory layout; the result is a fresh C-contiguous array, and inputs are
never written. Every function has a NumPy twin (`numpy_twin.py`). How the compiled ones work:

**One flat image, seen from shifted places.** An image is copied into scratch with its padding,
row after row, where the zero to the right of a row is also the zero to the left of the next:

    . . . . .                     flat, 5 elements a row:
    . a b c d
    . e f g h                     .....|.abcd|.efgh|.ijkl|.mnop|......
    . i j k l
    . m n o p                     under tap (0,0)  . . . . . . a b c d   from element 0
                                  under tap (0,1)  . . . . . a b c d .   from element 1
    4x4, padding 1                under tap (1,1)  a b c d . e f g h .   from element 6

Output (i, j) is flat position q = 5i + j, and under tap (r, s) of the kernel it sees element
q + 5r + s. So what all outputs see under one tap is the same memory, shifted, and

    out[q : q+8] += weight[r, s] * flat[q + 5r + s : +8]

is one vector instruction at any image width, any dilation, any number of channels: a tap is just
an offset, and all of them are listed in a table. im2col would write R·S shifted copies instead.
The fifth column is junk between rows, computed and not stored; where the width suits, vectors are
cut within rows instead, and there is none (`direct/image_plan.py`).

**A block of registers.** One such instruction needs two loads for one multiply-add, and a core
can do two multiply-adds but only two or three loads a cycle. So M output channels and V vectors
of pixels are summed at once, in M·V accumulators that stay in registers over all taps:

               pixels  x0  x1  x2       4 weights + 3 vectors = 7 loads
    weight w0          +=  +=  +=       feed 12 multiply-adds,
    weight w1          +=  +=  +=       each independent of the others
    weight w2          +=  +=  +=       (one takes 4 cycles, two start per cycle:
    weight w3          +=  +=  +=       8 must be under way)

12 accumulators + 3 pixels + 1 weight are the 16 registers of AVX2; AVX-512 and NEON have 32 and
take 24 accumulators. Weights are packed so that each step reads its M in a row
(`direct/register_blocks.py`).

**Three kernels from it.** The input gradient is the same loop over g, with the weights read the
other way round. A stride cuts the image into phases, every sh-th row and sw-th column, in which
the taps lie densely again: forward several phases are read, for the input gradient several are
written. The weight gradient turns the block around, M channels of g by V taps, summed along the
pixels. Grouped and depthwise convolutions are blocks of fewer channels; small images share one
row of vectors; a 1x1 kernel sees a channel as one row and reads the input where it is.

**How fast.** On one core of an AMD Zen 3 (AVX2; a loop of nothing but multiply-adds in registers
does 103 GFLOP/s in float32) the block alone reaches 95-98 % of that, and whole calls, with all
copies, on N,C,H,K,R,padding:

    forward   64,1,28,6,5,2  32,16,32,16,3,1  32,64,16,64,3,1  1,64,56,64,3,1
    of peak       55 %             79 %             79 %             84 %

The rest goes to starting and storing a block (some 65 cycles; 25 taps take 150), to junk columns,
and, where each value is used little (1x1 kernels, depthwise), to memory.

**Batches of small images.** Where rows are short, vectors of pixels waste much; there the lanes of
a vector are images instead: `lanes/choice.py`.

**Many channels.** 3x3 filters at stride 1, float32, with many channels in and out take Winograd's
algorithm instead, with fewer multiplications: `winograd/choice.py`.

**One image.** The arithmetic of a small convolution takes a few microseconds, which is what a
dozen array objects take to make, or a handful of functions to call. So all that does not depend on
the data, addresses of compiled code among it, is worked out once for each shape
(`direct/launch.py`) and read by the kernels from two arrays: a call finds it by the shapes,
allocates the result, and launches one kernel. LeNet's first layer on one image takes 7 µs, 3 of
them for the block.

**Memory and threads.** Beside its result a call holds, for each thread, one group of images laid
out (at most 256 KiB or one image; for the weight gradient at most 2 MiB or one image, g too
unless it can be read in place), the packed weights, and the weight gradient's sums: one for each
of at most 8 shares of the batch, or a single one if the weights are many. Shares are cut by shape
alone and added in order, so the bits do not depend on the thread count. In the weight gradient a
junk column is multiplied by zero: a NaN or Inf in x may reach more taps than it touches.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from autograd.errors import ShapeError
from autograd.kernels import runtime
from autograd.kernels.conv import numpy_twin as twin
from autograd.kernels.conv.machine import after_change, machine
from autograd.kernels.conv.shape import (
    ConvShape,
    Moves,
    Padding,
    Pair,
    Shape4,
    conv_shape,
    float_dtype,
    output_size,
    require_shape,
)
from autograd.kernels.conv.winograd import choice as winograd
from autograd.kernels.sums import channel_sums

LARGEST_IMAGE = 1 << 29  # elements, padding included; larger ones go through the twins
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)

__all__ = [
    "conv2d",
    "conv2d_input_grad",
    "conv2d_weight_bias_grads",
    "conv2d_weight_grad",
    "fold",
    "unfold",
]


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, moves: Moves, relu: bool = False
) -> np.ndarray:
    """out[n,k,i,j] = bias[k] + Σ_crs x[n, c, i·sh + r·dh - top, j·sw + s·dw - left] weight[k,c,r,s]

    x (N,C,H,W), weight (K,C/groups,R,S), bias (K,) or None -> (N,K,Ho,Wo); cross-correlation.
    `relu` keeps only the positive part. Raises ShapeError where the shapes do not fit.
    """
    x, weight, bias = _alike(x, weight, bias)
    run = _function(
        _rectified if relu else _forward, x.shape, weight.shape,
        None if bias is None else bias.shape, moves, x.dtype, *_settings(),
    )  # fmt: skip
    return run(x, weight, bias)


def conv2d_input_grad(
    g: np.ndarray, weight: np.ndarray, input_shape: Shape4, moves: Moves
) -> np.ndarray:
    """Adjoint of `conv2d` in x: g (N,K,Ho,Wo), weight (K,C/groups,R,S) -> input_shape."""
    g, weight, _ = _alike(g, weight)
    run = _function(
        _input_grad, tuple(input_shape), weight.shape, g.shape, moves, g.dtype, *_settings()
    )
    return run(g, weight)


def conv2d_weight_grad(
    g: np.ndarray, x: np.ndarray, weight_shape: Shape4, moves: Moves
) -> np.ndarray:
    """Adjoint of `conv2d` in weight: g (N,K,Ho,Wo), x (N,C,H,W) -> weight_shape."""
    return _summed(_weight_grad, g, x, weight_shape, moves)


def conv2d_weight_bias_grads(
    g: np.ndarray, x: np.ndarray, weight_shape: Shape4, moves: Moves
) -> tuple[np.ndarray, np.ndarray]:
    """The adjoint of `conv2d` in weight, and in bias: sums of g over all but the channels."""
    return _summed(_weight_bias_grads, g, x, weight_shape, moves)


def _summed(
    make: Callable[..., Callable[..., Any]],
    g: np.ndarray,
    x: np.ndarray,
    weight_shape: Shape4,
    moves: Moves,
) -> Any:
    """What the function that `make` makes for these shapes gives for g and x."""
    g, x, _ = _alike(g, x)
    run = _function(make, x.shape, tuple(weight_shape), g.shape, moves, g.dtype, *_settings())
    return run(g, x)


def unfold(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> np.ndarray:
    """Columns of patches, (N,C,H,W) -> (N, C·R·S, L); column l is the patch at position l."""
    if x.ndim != 4:
        raise ShapeError(f"unfold: x must be 4-d (N,C,H,W), got {x.shape}")
    _positions("unfold", x.shape, kernel, stride, padding, dilation)
    return twin.unfold(x, kernel, stride, padding, dilation)


def fold(
    cols: np.ndarray,
    output_shape: Shape4,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> np.ndarray:
    """Adjoint of `unfold`: overlapping patches are added, (N, C·R·S, L) -> (N,C,H,W)."""
    if len(output_shape) != 4:
        raise ShapeError(f"fold: output_shape must be (N,C,H,W), got {tuple(output_shape)}")
    n, c = output_shape[:2]
    positions = _positions("fold", tuple(output_shape), kernel, stride, padding, dilation)
    expected = (n, c * kernel[0] * kernel[1], positions)
    if cols.shape != expected:
        raise ShapeError(f"fold: cols must have shape {expected}, got {cols.shape}")
    return twin.fold(cols, output_shape, kernel, stride, padding, dilation)


def _settings() -> tuple[bool, bool, int]:
    """What a convolution depends on beside its arguments."""
    return runtime.use_numba(), winograd.use_winograd(), runtime.get_num_threads()


@lru_cache(maxsize=768)
def _function(
    make: Callable[..., Callable[..., Any]],
    input_shape: Shape4,
    weight_shape: Shape4,
    third_shape: tuple[int, ...] | None,
    moves: Moves,
    dtype: np.dtype,
    numba: bool,
    use_winograd: bool,
    threads: int,
) -> Callable[..., Any]:
    """What `make` makes for these shapes: a function of the arrays; raises if they do not fit."""
    c = conv_shape(input_shape, weight_shape, *moves)
    if make is _forward or make is _rectified:
        require_shape("bias", (c.K,) if third_shape is None else third_shape, (c.K,))
    else:
        require_shape("output gradient", third_shape or (), c.output_shape)
    return make(c, dtype, numba and _compiled(c), use_winograd, threads)


def forget() -> None:
    """Work out anew how every shape is computed: other code is to be generated."""
    _function.cache_clear()


after_change.append(forget)


def _forward(
    c: ConvShape,
    dtype: np.dtype,
    compiled: bool,
    use_winograd: bool,
    threads: int,
    relu: bool = False,
) -> Callable[..., np.ndarray]:
    if not compiled:
        return partial(twin.conv2d, c=c, relu=relu)
    return _launch("forward", c, dtype, use_winograd).forward(c, dtype, threads, relu)


_rectified = partial(_forward, relu=True)


def _input_grad(
    c: ConvShape, dtype: np.dtype, compiled: bool, use_winograd: bool, threads: int
) -> Callable[..., np.ndarray]:
    if not compiled:
        return partial(twin.conv2d_input_grad, c=c)
    return _launch("input_grad", c, dtype, use_winograd).input_grad(c, dtype, threads)


def _weight_grad(
    c: ConvShape,
    dtype: np.dtype,
    compiled: bool,
    use_winograd: bool,
    threads: int,
    with_bias: bool = False,
) -> Callable[..., Any]:
    if compiled:
        launch = _launch("weight_grad", c, dtype, use_winograd)
        return launch.weight_grad(c, dtype, threads, with_bias)
    if with_bias:
        return lambda g, x: (twin.conv2d_weight_grad(g, x, c), channel_sums(g))
    return partial(twin.conv2d_weight_grad, c=c)


_weight_bias_grads = partial(_weight_grad, with_bias=True)


def _launch(what: str, c: ConvShape, dtype: np.dtype, use_winograd: bool) -> Any:
    """The module that computes this shape: by Winograd's algorithm, in lanes, or directly."""
    if use_winograd and winograd.FITS[what](c, dtype):
        from autograd.kernels.conv.winograd import launch as winograd_launch

        return winograd_launch
    from autograd.kernels.conv.lanes import choice as lanes

    if lanes.FITS[what](c, dtype.itemsize, machine()):
        from autograd.kernels.conv.lanes import launch as lanes_launch

        return lanes_launch
    from autograd.kernels.conv.direct import launch as direct_launch

    return direct_launch


def _alike(
    a: np.ndarray, b: np.ndarray, c: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The arrays as compiled code takes them: C-contiguous, writable, of one float dtype.

    Copied only if they are not; nearly always they are, and three looks at each say so.
    """
    dtype = a.dtype
    if (
        (dtype is _FLOAT32 or dtype is _FLOAT64)
        and type(a) is np.ndarray is type(b)
        and a.flags.carray
        and b.dtype is dtype
        and b.flags.carray
        and (c is None or (type(c) is np.ndarray and c.dtype is dtype and c.flags.carray))
    ):
        return a, b, c
    dtype = float_dtype(a, b, c)
    return _plain(a, dtype), _plain(b, dtype), None if c is None else _plain(c, dtype)


def _plain(a: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return runtime.dense(np.asarray(a, dtype))


def _compiled(c: ConvShape) -> bool:
    """Whether the compiled kernels take this shape: tables hold offsets of 31 bits.

    A kernel that covers the image leaves one pixel, of which no vector can be made: the twin's
    single matrix product is 4 to 15 times as fast.
    """
    (top, bottom, left, right), (dh, dw) = c.padding, c.dilation
    x = c.C * (c.H + top + bottom) * (c.W + left + right)
    g = c.K * (c.Ho + 2 * dh * c.R) * (c.Wo + 2 * dw * c.S)
    image = max(x, g)
    return c.N > 0 and not c.covers and image < LARGEST_IMAGE


def _positions(
    op: str, shape: tuple[int, ...], kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> int:
    """How many patches an image has; ShapeError where there is none."""
    if min(*kernel, *stride, *dilation) < 1 or min(padding) < 0:
        raise ShapeError(
            f"{op}: kernel, stride and dilation must be at least 1 and padding at least 0, got "
            f"kernel={kernel}, stride={stride}, dilation={dilation}, padding={padding}"
        )
    top, bottom, left, right = padding
    ho = output_size(shape[2], kernel[0], stride[0], top, bottom, dilation[0])
    wo = output_size(shape[3], kernel[1], stride[1], left, right, dilation[1])
    if ho < 1 or wo < 1:
        raise ShapeError(
            f"{op}: kernel {kernel} with dilation {dilation} does not fit the image "
            f"{shape[2]}x{shape[3]} padded by {padding}"
        )
    return ho * wo
