"""Layers that act in training only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.support.arguments import fraction
from nn import functional as F
from nn.module import Module

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.engine.annotations import Data

__all__ = ["Dropout", "Dropout2d"]


class Dropout(Module):
    """In training each element is zeroed with probability p, the others divided by 1 − p.

    In evaluation it does nothing. Raises `ArgumentError` unless 0 <= p <= 1.

    >>> import autograd as ag, nn
    >>> nn.Dropout(0.5).eval()(ag.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    _shown = ("p",)

    def __init__(self, p: float = 0.5, inplace: bool = False):
        super().__init__()
        self.p = fraction(type(self).__name__, "p", p)

    def forward(self, x: Data) -> Tensor:
        return F.dropout(x, self.p, self.training)


class Dropout2d(Dropout):
    """In training whole channels of x (N, C, H, W) are zeroed with probability p."""

    def forward(self, x: Data) -> Tensor:
        return F.dropout2d(x, self.p, self.training)
