"""Norms of vectors whose squares or powers leave the range of their dtype, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
import optim
from nn import Parameter

FAR = [(np.float32, s) for s in (5e37, 1e20, 1e-20, 2e-37)] + [
    (np.float64, s) for s in (4e307, 1e155, 1e-155, 4e-307)
]
NUMBERS = np.array([3.0, -0.5, 2.0])


@pytest.mark.parametrize("dtype, scale", FAR)
@pytest.mark.parametrize("ord", [None, 0.5, 1, 2, 3, 7.5, -1, np.inf, -np.inf])
def test_norm_and_its_gradient_are_those_of_scaled_numbers(dtype, scale, ord):
    x = ag.Tensor((NUMBERS / 8 * scale).astype(dtype), requires_grad=True)
    near = ag.Tensor((x.data.astype(np.float64) / scale), requires_grad=True)
    far, right = ag.norm(x, ord), ag.norm(near, ord)
    assert far.dtype == ag.norm(x.data, ord).dtype == ag.norm(np.ones(3, dtype), ord).dtype == dtype
    np.testing.assert_allclose(far.data, right.data * scale, rtol=2e-6)
    np.testing.assert_allclose(
        ag.grad(far, x)[0].data, ag.grad(right, near)[0].data, rtol=3e-6, atol=1e-7
    )


@pytest.mark.parametrize("scale", [1e-40, 1e-43])
def test_gradient_of_the_norm_of_subnormal_numbers_is_finite(scale):
    x = ag.Tensor(np.array([3, 4], np.float32) * np.float32(scale), requires_grad=True)
    for size in (ag.norm(x), ag.std(x)):
        slope = ag.grad(size, x)[0].data
        assert np.isfinite(slope).all() and np.abs(slope).max() > 0.3


@pytest.mark.parametrize("function", [ag.norm, ag.std])
@pytest.mark.parametrize("dtype, scale", [(np.float32, 1e-20), (np.float64, 1e-160)])
def test_gradient_of_small_rows_beside_others(function, dtype, scale):
    near = np.array([[3, -0.5, 2], [1, 2, 5]], dtype)
    far = np.vstack([near * np.array([[scale], [1]], dtype), np.zeros((1, 3), dtype)])
    slopes = []
    for rows in (near, far):
        x = ag.Tensor(rows, requires_grad=True)
        weights = np.array([2, 3, 5], dtype)[: len(rows)]
        slopes.append(ag.grad(function(x, axis=1), x, grad_outputs=weights)[0].data)
    right = np.vstack([slopes[0], np.zeros((1, 3))])  # a direction has no scale
    np.testing.assert_allclose(slopes[1], right, rtol=1e-5)


@pytest.mark.parametrize("function", [ag.norm, ag.std])
def test_gradient_of_a_row_of_zeros_beside_nan_is_zero(function):
    x = ag.Tensor(np.array([[0.0, 0.0], [np.nan, 1.0]]), requires_grad=True)
    (g,) = ag.grad(function(x, axis=1), [x], grad_outputs=np.array([2.0, 3.0]))
    np.testing.assert_array_equal(g.data, [[0, 0], [np.nan, np.nan]])


def test_norm_over_an_axis_scales_each_row_by_itself():
    x = np.array([[3.0, 4.0], [3e300, 4e300], [3e-300, 4e-300], [0.0, 0.0]])
    for p in (2, 3):
        right = [np.linalg.norm([3, 4], p) * s for s in (1, 1e300, 1e-300, 0)]
        np.testing.assert_allclose(ag.norm(x, p, 1), right, rtol=1e-12)
        np.testing.assert_allclose(ag.norm(x, p, 1, keepdims=True)[:, 0], right, rtol=1e-12)


def test_directions_of_far_vectors():
    x = np.array([[3e300, 4e300], [3e-7, 4e-7]])
    np.testing.assert_allclose(F.normalize(x), [[0.6, 0.8]] * 2, rtol=1e-12)
    np.testing.assert_allclose(F.cosine_similarity(x, x * [[0.5], [2.0]]), 1, rtol=1e-12)


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, np.inf])
@pytest.mark.parametrize("scale", [1e300, 1e-300, 1.0])
def test_gradients_are_clipped_to_their_norm_wherever_it_lies(p, scale):
    a, b = Parameter(np.zeros(2)), Parameter(np.zeros(3))
    a.grad, b.grad = np.array([3.0, 4.0]) * scale, np.array([1.0, -2.0, 0.5]) * scale
    right = np.linalg.norm([3, 4, 1, -2, 0.5], p)
    norm = optim.clip_grad_norm_([a, b], 1.0, p)
    np.testing.assert_allclose(norm.item(), right * scale, rtol=1e-12)
    shrunk = 1 / right if scale >= 1 else scale  # what is small stays as it is
    np.testing.assert_allclose(a.grad.data, np.array([3, 4]) * shrunk, rtol=1e-5)
