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
    """Assert equal values, and equal gradients of a random weighting of them.

    `theirs` is called with the torch module and the arrays as torch tensors. `tolerance` is
    relative to the largest element (float64 unless said otherwise).
    """
    torch = pytest.importorskip("torch")
    tensors = [ag.Tensor(x, requires_grad=True) for x in arrays]
    theirs_in = [torch.tensor(x, requires_grad=True) for x in arrays]
    out = ours(*tensors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs(torch, *theirs_in)
    weights = np.random.default_rng(1).standard_normal(out.shape).astype(out.dtype)
    grads = ag.grad(out, tensors, grad_outputs=weights)
    expected.backward(torch.tensor(weights))
    pairs = [(out, expected.detach())]
    pairs += [(g, t.grad) for g, t in zip(grads, theirs_in, strict=True)]
    for ours_found, theirs_found in pairs:
        wanted = theirs_found.numpy()
        assert ours_found.dtype == wanted.dtype
        bound = tolerance * max(1.0, float(np.abs(wanted).max(initial=0)))
        np.testing.assert_allclose(ours_found.data, wanted, rtol=0, atol=bound)
