"""The numbers that describe one convolution, checked once, before any array is touched.

Compiled code does not check bounds: every kernel trusts a `ConvShape`, and only `conv_shape`
makes one.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autograd.errors import DTypeError, ShapeError

Pair = tuple[int, ...]  # (height, width)
Padding = tuple[int, ...]  # (top, bottom, left, right)
Shape4 = tuple[int, ...]
Moves = tuple[Pair, Padding, Pair, int]  # stride, padding, dilation, groups


class ConvShape(NamedTuple):
    """Sizes of a convolution (N,C,H,W) * (K,C/groups,R,S) -> (N,K,Ho,Wo)."""

    N: int
    C: int
    H: int
    W: int
    K: int
    R: int
    S: int
    Ho: int
    Wo: int
    stride: Pair
    padding: Padding  # top, bottom, left, right
    dilation: Pair
    groups: int

    @property
    def covers(self) -> bool:
        """Whether the kernel lies on the whole image, once: then this is a matrix product."""
        same = (self.R, self.S) == (self.H, self.W) and self.Ho == self.Wo == 1
        return same and not any(self.padding) and self.groups == 1

    def as_one_row(self) -> ConvShape:
        """A 1x1 convolution that moves no pixel, seen as one on images of a single row."""
        still = self.R == self.S == 1 and self.stride == (1, 1) and not any(self.padding)
        if not still or self.H == 1:
            return self
        pixels = self.H * self.W
        return self._replace(H=1, W=pixels, Ho=1, Wo=pixels, dilation=(1, 1))

    @property
    def input_shape(self) -> Shape4:
        return self.N, self.C, self.H, self.W

    @property
    def weight_shape(self) -> Shape4:
        return self.K, self.C // self.groups, self.R, self.S

    @property
    def output_shape(self) -> Shape4:
        return self.N, self.K, self.Ho, self.Wo


def output_size(size: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> int:
    """Positions of a dilated kernel along one padded axis (not positive: it does not fit)."""
    return (size + before + after - dilation * (kernel - 1) - 1) // stride + 1


@lru_cache(maxsize=1024)
def conv_shape(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> ConvShape:
    """Check that these arguments (tuples of ints) describe a convolution; return its sizes."""
    if len(input_shape) != 4 or len(weight_shape) != 4:
        raise ShapeError(
            f"conv2d: input and weight must be 4-d (N,C,H,W) and (K,C/groups,R,S), "
            f"got {tuple(input_shape)} and {tuple(weight_shape)}"
        )
    n, c, h, w = (int(v) for v in input_shape)
    k, c_group, r, s = (int(v) for v in weight_shape)
    sh, sw = (int(v) for v in stride)
    top, bottom, left, right = (int(v) for v in padding)
    dh, dw = (int(v) for v in dilation)
    groups = int(groups)
    if min(c, h, w, k, c_group, r, s) < 1 or n < 0:
        raise ShapeError(
            f"conv2d: only the batch may have size 0, got input {tuple(input_shape)} "
            f"and weight {tuple(weight_shape)}"
        )
    if min(sh, sw, dh, dw, groups) < 1 or min(top, bottom, left, right) < 0:
        raise ShapeError(
            f"conv2d: stride, dilation and groups must be at least 1 and padding at least 0, got "
            f"stride={(sh, sw)}, dilation={(dh, dw)}, groups={groups}, "
            f"padding={(top, bottom, left, right)}"
        )
    if c != c_group * groups or k % groups:
        raise ShapeError(
            f"conv2d: weight {tuple(weight_shape)} with groups={groups} takes "
            f"{c_group * groups} input channels and a multiple of {groups} output channels, "
            f"got {c} and {k}"
        )
    ho = output_size(h, r, sh, top, bottom, dh)
    wo = output_size(w, s, sw, left, right, dw)
    if ho < 1 or wo < 1:
        raise ShapeError(
            f"conv2d: kernel of {dh * (r - 1) + 1}x{dw * (s - 1) + 1} (dilation included) does not "
            f"fit the padded input of {h + top + bottom}x{w + left + right}"
        )
    return ConvShape(
        n, c, h, w, k, r, s, ho, wo, (sh, sw), (top, bottom, left, right), (dh, dw), groups
    )


def require_shape(what: str, got: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Raise ShapeError unless `got` is `expected`."""
    if tuple(got) != tuple(expected):
        raise ShapeError(f"conv2d: {what} must have shape {expected}, got {tuple(got)}")


def float_dtype(*arrays: np.ndarray | None) -> np.dtype:
    """The one dtype to compute in: float32 or float64, the widest among the arrays of floats.

    Whole numbers are converted as they are. Bytes above 1 are most likely pixels that nobody has
    scaled, 255 times as large as a network's start expects: they are converted with a warning.
    """
    given = [a for a in arrays if a is not None]
    floats = [a.dtype for a in given if a.dtype.kind not in "iub"]
    for a in given:
        if a.dtype == np.uint8 and a.max(initial=0) > 1:
            warnings.warn(
                f"conv2d: bytes of 0..{a.max()} are taken as they are; to bring pixels to 0..1, "
                "give x.astype(np.float32) / 255",
                UserWarning,
                stacklevel=2,
            )
    dtype = np.result_type(*floats) if floats else np.dtype(np.float64)
    if dtype == np.float32 or dtype == np.float64:
        return dtype
    if dtype == np.float16:
        return np.dtype(np.float32)
    raise DTypeError(f"conv2d: float32 or float64 arrays fit, got {dtype}")
