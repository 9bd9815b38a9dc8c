"""Pooling rows: forward + backward through the public functions, ours and PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Workload = Callable[[], Any]


class Row(NamedTuple):
    """One pooling of an input (N, C, H, W)."""

    name: str
    function: str
    shape: tuple[int, int, int, int]
    kernel: int
    stride: int
    padding: int = 0


def _row(function: str, *args: int) -> Row:
    n, c, h, kernel, stride, padding = args
    name = f"{function} {n},{c},{h},{h} kernel {kernel} stride {stride}"
    name += f" pad {padding}" if padding else ""
    return Row(name, function, (n, c, h, h), kernel, stride, padding)


ROWS = (
    _row("max_pool2d", 64, 64, 32, 2, 2, 0),
    _row("max_pool2d", 64, 6, 28, 2, 2, 0),
    _row("max_pool2d", 64, 16, 10, 2, 2, 0),
    _row("max_pool2d", 64, 64, 32, 3, 2, 1),
    _row("max_pool2d", 8, 64, 112, 3, 2, 1),
    _row("absmax_pool2d", 64, 64, 32, 2, 2, 0),
    _row("avg_pool2d", 64, 64, 32, 2, 2, 0),
    _row("avg_pool2d", 64, 6, 28, 2, 2, 0),
    _row("avg_pool2d", 64, 64, 32, 3, 2, 1),
    _row("avg_pool2d", 32, 512, 7, 7, 7, 0),
)


def _arrays(row: Row) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    size = (row.shape[2] + 2 * row.padding - row.kernel) // row.stride + 1
    x = rng.standard_normal(row.shape).astype(np.float32)
    return x, rng.standard_normal((*row.shape[:2], size, size)).astype(np.float32)


def ours(row: Row, backward: bool) -> Workload:
    """The row's work in this library."""
    import autograd as ag
    from nn import functional as F

    x, g = _arrays(row)
    leaf, slope = ag.tensor(x, requires_grad=backward), ag.tensor(g)
    pool = getattr(F, row.function)

    def forward() -> Any:
        return pool(leaf, row.kernel, row.stride, row.padding)

    def both() -> Any:
        return ag.grad(forward(), leaf, slope)

    return both if backward else forward


def torchs(row: Row, backward: bool) -> Workload:
    """The same work in PyTorch, which has abs-max pooling as max_pool2d(|x|)."""
    import torch
    from torch.nn import functional as F

    x, g = _arrays(row)
    leaf, slope = torch.tensor(x, requires_grad=backward), torch.tensor(g)

    def forward() -> Any:
        if row.function == "absmax_pool2d":
            return F.max_pool2d(leaf.abs(), row.kernel, row.stride, row.padding)
        return getattr(F, row.function)(leaf, row.kernel, row.stride, row.padding)

    def both() -> Any:
        return torch.autograd.grad(forward(), leaf, slope)

    return both if backward else forward
