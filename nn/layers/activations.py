"""Activation functions as layers. Each acts elementwise unless it says otherwise.

`inplace` is accepted as in PyTorch and changes nothing: results are new arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import autograd as ag
from nn import functional as F
from nn.module import Module

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.engine.annotations import Approximate, Data

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]


class ReLU(Module):
    """max(x, 0); its derivative at 0 is `at_zero`.

    >>> import autograd as ag, nn
    >>> nn.ReLU()(ag.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False, *, at_zero: float = 0.0):
        super().__init__()
        self.at_zero = at_zero

    def forward(self, x: Data) -> Tensor:
        return ag.relu(x, self.at_zero)

    def extra_repr(self) -> str:
        return f"at_zero={self.at_zero}" if self.at_zero else ""


class LeakyReLU(Module):
    """x where x > 0, negative_slope · x elsewhere."""

    _shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False):
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, x: Data) -> Tensor:
        return F.leaky_relu(x, self.negative_slope)


class ELU(Module):
    """x where x > 0, α (eˣ − 1) elsewhere."""

    _shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Data) -> Tensor:
        return F.elu(x, self.alpha)


class SELU(Module):
    """1.0507 · elu(x, α = 1.6733), which keeps mean 0 and variance 1 from layer to layer."""

    def __init__(self, inplace: bool = False):
        super().__init__()

    def forward(self, x: Data) -> Tensor:
        return F.selu(x)


class SiLU(Module):
    """x σ(x), also called swish."""

    def __init__(self, inplace: bool = False):
        super().__init__()

    def forward(self, x: Data) -> Tensor:
        return F.silu(x)


class Softplus(Module):
    """log(1 + e^(βx)) / β, without overflow; x itself where βx > threshold (None: nowhere)."""

    _shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float | None = None):
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Data) -> Tensor:
        return F.softplus(x, self.beta, self.threshold)


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, x: Data) -> Tensor:
        return F.softsign(x)


class Sigmoid(Module):
    """σ(x) = 1 / (1 + e⁻ˣ)."""

    def forward(self, x: Data) -> Tensor:
        return F.sigmoid(x)


class LogSigmoid(Module):
    """log σ(x), without overflow."""

    def forward(self, x: Data) -> Tensor:
        return F.logsigmoid(x)


class Tanh(Module):
    """tanh x."""

    def forward(self, x: Data) -> Tensor:
        return F.tanh(x)


class GELU(Module):
    """x Φ(x), with the normal distribution function Φ; `approximate`: 'none', 'tanh', 'sigmoid'."""

    _shown = ("approximate",)

    def __init__(self, approximate: Approximate = "none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, x: Data) -> Tensor:
        return F.gelu(x, self.approximate)


class _AlongAxis(Module):
    """An activation along one axis."""

    _shown = ("dim",)

    def __init__(self, dim: int = -1):
        super().__init__()
        self.dim = dim


class Softmax(_AlongAxis):
    """e^x / Σ e^x along axis `dim`."""

    def forward(self, x: Data) -> Tensor:
        return F.softmax(x, self.dim)


class LogSoftmax(_AlongAxis):
    """x − log Σ e^x along axis `dim`."""

    def forward(self, x: Data) -> Tensor:
        return F.log_softmax(x, self.dim)
