"""Comparing a function with PyTorch's, values and gradients, where torch is installed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autograd as ag


def same_as_torch(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    arrays: Sequence[np.ndarray],
    tolerance: float = 1e-10,
) -> None:
    """Assert equal values, and equal gradients of a random weighting, on float64 arrays.

    `theirs` is called with the torch module and the arrays as torch tensors.
    """
    torch = pytest.importorskip("torch")
    tensors = [ag.Tensor(x, requires_grad=True) for x in arrays]
    theirs_in = [torch.tensor(x, requires_grad=True) for x in arrays]
    out = ours(*tensors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs(torch, *theirs_in)
    weights = np.random.default_rng(1).standard_normal(out.shape)
    np.testing.assert_allclose(out.data, expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    grads = ag.grad(out, tensors, grad_outputs=weights)
    expected.backward(torch.tensor(weights))
    for ours_g, theirs_in_g in zip(grads, theirs_in, strict=True):
        np.testing.assert_allclose(
            ours_g.data, theirs_in_g.grad.numpy(), rtol=tolerance, atol=tolerance
        )
