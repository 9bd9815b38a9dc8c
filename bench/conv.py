"""Convolution rows: one layer's forward pass, and forward + backward, ours and PyTorch's.

A workload is a function of no arguments that does the row's work once. Both frameworks go through
their public function, with bias, and backward computes the gradients of input, weight and bias.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Workload = Callable[[], Any]


class Row(NamedTuple):
    """One convolution; `name` is N,C,H,K,R,padding and what else matters."""

    name: str
    input_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    stride: int = 1
    padding: int = 0
    groups: int = 1
    dtype: str = "float32"

    def output_shape(self) -> tuple[int, ...]:
        sizes = zip(self.input_shape[2:], self.weight_shape[2:], strict=True)
        return (
            self.input_shape[0],
            self.weight_shape[0],
            *((n + 2 * self.padding - k) // self.stride + 1 for n, k in sizes),
        )

    def flops(self, backward: bool) -> float:
        """Multiplications and additions: once forward, twice as many backward."""
        once = 2.0 * np.prod(self.output_shape()) * np.prod(self.weight_shape[1:])
        return float(once * (3 if backward else 1))


def _square(
    n: int, c: int, h: int, k: int, r: int, padding: int, stride: int = 1, dtype: str = "float32"
) -> Row:
    name = f"{n},{c},{h},{k},{r},{padding}"
    name += f" stride {stride}" if stride > 1 else ""
    name += f" {dtype}" if dtype != "float32" else ""
    return Row(name, (n, c, h, h), (k, c, r, r), stride, padding, 1, dtype)


ROWS = (
    _square(64, 1, 28, 6, 5, 2),
    _square(64, 6, 14, 16, 5, 0),
    _square(64, 3, 32, 16, 3, 1),
    _square(32, 16, 32, 16, 3, 1),
    _square(32, 32, 16, 32, 3, 1),
    _square(32, 64, 16, 64, 3, 1),
    _square(32, 64, 8, 128, 3, 1),
    _square(8, 64, 56, 64, 3, 1),
    _square(8, 128, 28, 128, 3, 1),
    _square(8, 64, 56, 128, 1, 0),
    _square(8, 3, 224, 64, 7, 3),
    _square(8, 3, 224, 64, 7, 3, stride=2),
    _square(64, 32, 32, 32, 3, 1, stride=2),
    Row("32,64,32,64 depthwise 3x3", (32, 64, 32, 32), (64, 1, 3, 3), 1, 1, 64),
    _square(16, 256, 14, 256, 3, 1),
    _square(1, 64, 56, 64, 3, 1),
    Row("conv1d 16,64,1024,64,k=5", (16, 64, 1024), (64, 64, 5), 1, 2),
    _square(32, 16, 32, 16, 3, 1, dtype="float64"),
    _square(64, 6, 14, 16, 5, 0, dtype="float64"),
)


def arrays(row: Row) -> list[np.ndarray]:
    """Input, weight, bias and output gradient."""
    rng = np.random.default_rng(0)
    shapes = (row.input_shape, row.weight_shape, row.weight_shape[:1], row.output_shape())
    return [rng.standard_normal(shape).astype(row.dtype) for shape in shapes]


def ours(row: Row, backward: bool) -> Workload:
    """The row's work in this library."""
    import autograd as ag
    from nn import functional as F

    *leaves, g = arrays(row)
    tensors = [ag.tensor(a, requires_grad=backward) for a in leaves]
    slope = ag.tensor(g)
    convolve: Any = F.conv2d if len(row.input_shape) == 4 else F.conv1d

    def forward() -> Any:
        return convolve(*tensors, stride=row.stride, padding=row.padding, groups=row.groups)

    def both() -> Any:
        return ag.grad(forward(), tensors, slope)

    return both if backward else forward


def torchs(row: Row, backward: bool) -> Workload:
    """The same work in PyTorch."""
    import torch
    from torch.nn import functional as F

    *leaves, g = arrays(row)
    tensors = [torch.tensor(a, requires_grad=backward) for a in leaves]
    slope = torch.tensor(g)
    convolve: Any = F.conv2d if len(row.input_shape) == 4 else F.conv1d

    def forward() -> Any:
        return convolve(*tensors, stride=row.stride, padding=row.padding, groups=row.groups)

    def both() -> Any:
        return torch.autograd.grad(forward(), tensors, slope)

    return both if backward else forward
