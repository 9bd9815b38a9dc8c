"""Elementwise, softmax and norm rows: forward + backward, ours and PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Workload = Callable[[], Any]


class Row(NamedTuple):
    """One function of an input of that shape; norms have a weight and a bias of that length."""

    name: str
    function: str
    shape: tuple[int, ...]
    parameters: int = 0


ROWS = (
    *(
        Row(f"{function} 1024x4096", function, (1024, 4096))
        for function in ("relu", "gelu", "sigmoid", "tanh", "silu")
    ),
    Row("softmax cross-entropy 1024x1000", "cross_entropy", (1024, 1000)),
    Row("layer_norm 1024x4096", "layer_norm", (1024, 4096), 4096),
    Row("layer_norm 4096x512", "layer_norm", (4096, 512), 512),
    Row("batch_norm 64,64,32,32", "batch_norm", (64, 64, 32, 32), 64),
)


def _arrays(row: Row) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Input, output gradient, labels."""
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal(row.shape).astype(np.float32) for _ in range(2))
    return x, g, rng.integers(0, row.shape[1], row.shape[0])


def _call(row: Row, F: Any, x: Any, labels: Any, weight: Any, bias: Any) -> Any:
    """The function, from either library's `functional`: the names are the same."""
    if row.function == "cross_entropy":
        return F.cross_entropy(x, labels)
    if row.function == "layer_norm":
        return F.layer_norm(x, row.shape[-1:], weight, bias)
    if row.function == "batch_norm":
        return F.batch_norm(x, None, None, weight, bias, training=True)
    return getattr(F, row.function)(x)


def ours(row: Row, backward: bool) -> Workload:
    """The row's work in this library."""
    import autograd as ag
    from nn import functional as F

    x, g, labels = _arrays(row)
    leaves = [ag.tensor(x, requires_grad=backward)]
    if row.parameters:
        leaves += [
            ag.tensor(f(row.parameters, np.float32), requires_grad=backward)
            for f in (np.ones, np.zeros)
        ]
    weight, bias = leaves[1:] or (None, None)
    slope = None if row.function == "cross_entropy" else ag.tensor(g)

    def forward() -> Any:
        return _call(row, F, leaves[0], labels, weight, bias)

    def both() -> Any:
        return ag.grad(forward(), leaves, slope)

    return both if backward else forward


def torchs(row: Row, backward: bool) -> Workload:
    """The same work in PyTorch."""
    import torch
    from torch.nn import functional as F

    x, g, labels = _arrays(row)
    leaves = [torch.tensor(x, requires_grad=backward)]
    if row.parameters:
        leaves += [f(row.parameters, requires_grad=backward) for f in (torch.ones, torch.zeros)]
    weight, bias = leaves[1:] or (None, None)
    slope = None if row.function == "cross_entropy" else torch.tensor(g)
    targets = torch.tensor(labels)

    def forward() -> Any:
        return _call(row, F, leaves[0], targets, weight, bias)

    def both() -> Any:
        return torch.autograd.grad(forward(), leaves, slope)

    return both if backward else forward
