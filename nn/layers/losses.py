"""Losses as layers: `loss(input, target)`. `reduction` is 'mean', 'sum' or 'none'.

Shapes must be equal where both are values: what would broadcast is a `ShapeError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from autograd.support.arguments import one_of
from nn import functional as F
from nn.module import Module
from nn.parameter import Buffer

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.engine.annotations import Data, Reduction

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MultiMarginLoss",
    "NLLLoss",
    "SmoothL1Loss",
]

REDUCTIONS = ("mean", "sum", "none")


class _Loss(Module):
    """A loss and how it is summed up."""

    _reductions: tuple[str, ...] = REDUCTIONS

    def __init__(self, reduction: Reduction = "mean"):
        super().__init__()
        self.reduction = one_of(type(self).__name__, "reduction", reduction, self._reductions)

    def extra_repr(self) -> str:
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class _WeightedLoss(_Loss):
    """A loss whose terms have weights."""

    def __init__(self, weight: Data | None = None, *, reduction: Reduction = "mean"):
        super().__init__(reduction)
        self.weight = None if weight is None else Buffer(weight)


class CrossEntropyLoss(_WeightedLoss):
    """−log softmax(input) of the right class; see `F.cross_entropy`.

    Shapes: input (N, C, ...), target (N, ...) labels or (N, C, ...) probabilities; `weight` (C,).

    >>> import autograd as ag, nn
    >>> round(nn.CrossEntropyLoss()(ag.tensor([[0.0, 0.0], [0.0, 3.0]]), [0, 1]).item(), 6)
    0.370867
    """

    def __init__(
        self,
        weight: Data | None = None,
        *,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        label_smoothing: float = 0.0,
    ):
        super().__init__(weight, reduction=reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


class NLLLoss(_WeightedLoss):
    """−input of the right class, for log-probabilities; see `F.nll_loss`."""

    def __init__(
        self, weight: Data | None = None, *, ignore_index: int = -100, reduction: Reduction = "mean"
    ):
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class MSELoss(_Loss):
    """(input − target)².

    >>> import autograd as ag, nn
    >>> nn.MSELoss()(ag.tensor([1.0, 2.0]), ag.tensor([0.0, 0.0]))
    tensor(2.5)
    """

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.mse_loss(input, target, self.reduction)


class L1Loss(_Loss):
    """|input − target|."""

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.l1_loss(input, target, self.reduction)


class HuberLoss(_Loss):
    """d²/2 where |d| ≤ δ, δ (|d| − δ/2) beyond, for d = input − target."""

    def __init__(self, reduction: Reduction = "mean", delta: float = 1.0):
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.huber_loss(input, target, self.reduction, self.delta)


class SmoothL1Loss(_Loss):
    """d²/(2β) where |d| < β, |d| − β/2 beyond, for d = input − target."""

    def __init__(self, reduction: Reduction = "mean", beta: float = 1.0):
        super().__init__(reduction)
        self.beta = beta

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.smooth_l1_loss(input, target, self.reduction, self.beta)


class BCELoss(_WeightedLoss):
    """−(t log p + (1 − t) log(1 − p)) of probabilities p, times `weight`."""

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """`BCELoss` of σ(input), without overflow; `pos_weight` is a factor for t = 1."""

    def __init__(
        self,
        weight: Data | None = None,
        *,
        reduction: Reduction = "mean",
        pos_weight: Data | None = None,
    ):
        super().__init__(weight, reduction=reduction)
        self.pos_weight = None if pos_weight is None else Buffer(pos_weight)

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class KLDivLoss(_Loss):
    """t (log t − input) for log-probabilities `input`; 'batchmean' divides the sum by N."""

    _reductions = (*REDUCTIONS, "batchmean")

    def __init__(
        self, reduction: Reduction | Literal["batchmean"] = "mean", log_target: bool = False
    ):
        super().__init__(reduction)  # type: ignore[arg-type]
        self.log_target = log_target

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class MultiMarginLoss(_WeightedLoss):
    """Σ over j ≠ y of max(0, margin − x[y] + x[j])ᵖ, the multiclass SVM loss.

    PyTorch divides the sum by the number of classes; `divide_by_classes=False` is the usual form.

    >>> import autograd as ag, nn
    >>> scores = ag.tensor([[3.25, 5.0, -1.75]])
    >>> nn.MultiMarginLoss(divide_by_classes=False)(scores, [0])
    tensor(2.75)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Data | None = None,
        *,
        reduction: Reduction = "mean",
        divide_by_classes: bool = True,
    ):
        super().__init__(weight, reduction=reduction)
        self.p, self.margin, self.divide_by_classes = p, margin, divide_by_classes

    def forward(self, input: Data, target: Data) -> Tensor:
        return F.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, self.reduction,
            divide_by_classes=self.divide_by_classes,
        )  # fmt: skip
