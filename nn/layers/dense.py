"""Layers in which every output sees every input, and tables of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import autograd as ag
from autograd.errors import ArgumentError
from autograd.support.arguments import whole
from nn import functional as F
from nn import init
from nn.layers.arguments import empty, empty_if, require_size, start_uniform
from nn.module import Module

if TYPE_CHECKING:
    import numpy.typing as npt

    from autograd import Tensor
    from autograd.engine.annotations import Data

__all__ = ["Bilinear", "Embedding", "Linear"]


class Linear(Module):
    """y = x Wᵀ + b.

    Shapes: x (..., in_features) -> (..., out_features); weight (out_features, in_features), bias
    (out_features,), both from U(-1/√in_features, 1/√in_features).

    Raises `ShapeError` for an x of another width, with the width that would fit.

    >>> import autograd as ag, nn
    >>> nn.Linear(3, 2)(ag.tensor([[1.0, 2.0, 3.0]])).shape
    (1, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        self.in_features = whole("Linear", "in_features", in_features, 1)
        self.out_features = whole("Linear", "out_features", out_features, 1)
        self.weight = empty((self.out_features, self.in_features), dtype)
        self.bias = empty_if(bias, (self.out_features,), dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the starting values anew."""
        start_uniform(self.weight, self.bias)

    def forward(self, x: Data) -> Tensor:
        require_size("Linear", "in_features", self.in_features, x, -1, "columns")
        return ag.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    """y_k = x1ᵀ W_k x2 + b_k.

    Shapes: x1 (..., in1_features), x2 (..., in2_features) -> (..., out_features); weight
    (out_features, in1_features, in2_features), bias (out_features,), both from U(-b, b) with
    b = 1/√in1_features.
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        self.in1_features = whole("Bilinear", "in1_features", in1_features, 1)
        self.in2_features = whole("Bilinear", "in2_features", in2_features, 1)
        self.out_features = whole("Bilinear", "out_features", out_features, 1)
        self.weight = empty((self.out_features, self.in1_features, self.in2_features), dtype)
        self.bias = empty_if(bias, (self.out_features,), dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the starting values anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x1: Data, x2: Data) -> Tensor:
        require_size("Bilinear", "in1_features", self.in1_features, x1, -1, "columns in x1")
        require_size("Bilinear", "in2_features", self.in2_features, x2, -1, "columns in x2")
        return F.bilinear(x1, x2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Embedding(Module):
    """A table of `num_embeddings` vectors, looked up by number.

    Shapes: whole numbers (...) -> (..., embedding_dim); weight (num_embeddings, embedding_dim),
    from N(0, 1). The row `padding_idx` starts at zero and gets no gradient.

    Raises `IndexRangeError` for a number outside the table.

    >>> import nn
    >>> nn.Embedding(1000, 16)([[1, 5, 7]]).shape
    (1, 3, 16)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
    ):
        super().__init__()
        self.num_embeddings = whole("Embedding", "num_embeddings", num_embeddings, 1)
        self.embedding_dim = whole("Embedding", "embedding_dim", embedding_dim, 1)
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ArgumentError(
                    f"Embedding: padding_idx must be below num_embeddings={num_embeddings}, "
                    f"got {padding_idx}"
                )
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        self.weight = empty((self.num_embeddings, self.embedding_dim), dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the starting values anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            init.zeros_(self.weight.detach()[self.padding_idx])

    def forward(self, x: Data) -> Tensor:
        return F.embedding(x, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
