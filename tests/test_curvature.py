"""Curvature against dense Hessians and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd import curvature, func

rng = np.random.default_rng(0)


def network():
    ag.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 2)).double()
    x, y = ag.Tensor(rng.standard_normal((10, 3))), rng.integers(0, 2, 10)
    return net, lambda: F.cross_entropy(net(x), y)


def dense(product, size):
    return np.array([product(row) for row in np.eye(size)])


def test_products_form_the_hessian():
    net, loss = network()
    size = sum(p.size for p in net.parameters())
    h = dense(curvature.hessian_product(loss, net), size)
    assert np.abs(h - h.T).max() < 1e-8 * np.abs(h).max()
    g0, v = curvature.flat_gradient(loss, net), rng.standard_normal(size)
    _, values = curvature.loss_slice(loss, net, v, radius=1e-3, points=3)
    assert (values[2] - values[0]) / 2e-3 == pytest.approx(g0 @ v, rel=1e-4)
    assert (values[2] - 2 * values[1] + values[0]) / 1e-6 == pytest.approx(v @ h @ v, rel=1e-3)


def test_lanczos_against_eigh():
    net, loss = network()
    size = sum(p.size for p in net.parameters())
    exact = np.linalg.eigvalsh(dense(curvature.hessian_product(loss, net), size))
    found = curvature.extreme_eigenvalues(loss, net, k=2, steps=25)
    np.testing.assert_allclose(found.largest, exact[::-1][:2], rtol=0.01)
    np.testing.assert_allclose(found.smallest, exact[:2], rtol=0.01, atol=1e-3)
    vector = found.largest_vectors[0]
    product = curvature.hessian_product(loss, net)(vector)
    np.testing.assert_allclose(product, found.largest[0] * vector, atol=1e-2 * exact[-1])


def test_lanczos_with_repeated_eigenvalues_is_exact():
    w = ag.Tensor(np.zeros(5), requires_grad=True)
    scale = np.array([1.0, 1.0, 1.0, -2.0, 7.0])
    found = curvature.extreme_eigenvalues(lambda: (scale * w * w).sum() / 2, [w], k=5)
    np.testing.assert_allclose(found.smallest, np.sort(scale), atol=1e-10)


def test_trace():
    net, loss = network()
    size = sum(p.size for p in net.parameters())
    exact = np.trace(dense(curvature.hessian_product(loss, net), size))
    estimate, error = curvature.hessian_trace(loss, net, samples=400)
    assert abs(estimate - exact) < 4 * error
    assert error < 0.2 * abs(exact)


@pytest.mark.parametrize(
    ("function", "verdict"),
    [
        (lambda w: w[0] ** 2 + w[1] ** 2, "minimum"),
        (lambda w: -(w[0] ** 2) - w[1] ** 2, "maximum"),
        (lambda w: w[0] ** 2 - w[1] ** 2, "saddle"),
        (lambda w: w[0] ** 2 + w[1] ** 4, "degenerate"),
        (lambda w: w[0] + w[1] ** 2, "not critical"),
    ],
)
def test_critical_points(function, verdict):
    w = ag.Tensor(np.zeros(2), requires_grad=True)
    assert curvature.critical_point(lambda: function(w), [w]) == verdict


def test_gradient_descent_diverges_just_above_the_largest_stable_rate():
    scale = np.array([1.0, 100.0])
    w = ag.Tensor(np.ones(2), requires_grad=True)

    def loss():
        return (scale * w * w).sum() / 2

    limit = curvature.largest_stable_lr(loss, [w])
    assert limit == pytest.approx(0.02)

    def after(rate):
        u = np.ones(2)
        for _ in range(500):
            u = u - rate * scale * u
        return np.abs(u).max()

    assert after(0.99 * limit) < 1
    assert after(1.01 * limit) > 1


def test_the_closed_form_of_descent_on_a_quadratic():
    scale, rate = np.array([1.0, 100.0]), 0.019
    w = ag.Tensor(np.ones(2), requires_grad=True)
    for _ in range(50):
        w.grad = None
        ((scale * w * w).sum() / 2).backward()
        with ag.no_grad():
            w -= rate * w.grad
    np.testing.assert_allclose(w.data, (1 - rate * scale) ** 50, rtol=1e-9)


def test_taylor_remainder_is_of_third_order():
    net, loss = network()
    d = curvature.random_direction(net, seed=1)
    slope = curvature.flat_gradient(loss, net) @ d
    bend = d @ curvature.hessian_product(loss, net)(d)
    base = loss().item()
    steps = np.array([0.04, 0.02, 0.01, 0.005])
    rest = []
    for t in steps:
        _, values = curvature.loss_slice(loss, net, t * d, points=3)
        rest.append(abs(values[2] - (base + t * slope + t * t / 2 * bend)))
    assert np.polyfit(np.log(steps), np.log(rest), 1)[0] == pytest.approx(3, abs=0.1)


def test_slices_and_surfaces_put_the_parameters_back():
    net, loss = network()
    before = curvature.flat_parameters(net)
    a, b = curvature.random_direction(net), curvature.random_direction(net, seed=1)
    t, surface = curvature.loss_surface(loss, net, a, b, points=5)
    np.testing.assert_array_equal(curvature.flat_parameters(net), before)
    _, middle = curvature.loss_slice(loss, net, a, points=5)
    np.testing.assert_allclose(surface[:, 2], middle)
    assert t.shape == (5,)

    product = curvature.hessian_product(loss, net)
    curvature.loss_slice(loss, net, a, points=3)
    assert np.isfinite(product(b)).all(), "a graph recorded before a slice stays valid"

    def fails():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        curvature.loss_slice(fails, net, a)
    np.testing.assert_array_equal(curvature.flat_parameters(net), before)


def test_convex_models_have_no_negative_curvature():
    x, y = rng.standard_normal((20, 3)), rng.integers(0, 2, 20)

    def softmax_loss(w):
        return ag.cross_entropy(ag.Tensor(x) @ w, y)

    h = func.hessian(softmax_loss)(rng.standard_normal((3, 2))).reshape(6, 6)
    assert np.linalg.eigvalsh(h).min() >= -1e-10


def test_a_linear_loss_has_a_zero_hessian():
    w = ag.Tensor(np.ones(3), requires_grad=True)
    np.testing.assert_array_equal(curvature.hessian_product(lambda: w.sum(), [w])(np.ones(3)), 0)
    assert curvature.largest_stable_lr(lambda: w.sum(), [w]) == float("inf")


def test_bad_input():
    w = ag.Tensor(np.ones(3), requires_grad=True)
    with pytest.raises(ag.ShapeError, match="3 elements"):
        curvature.hessian_product(lambda: (w * w).sum(), [w])(np.ones(2))
    with pytest.raises(ag.GraphError, match="one element"):
        curvature.flat_gradient(lambda: w * w, [w])
    with pytest.raises(ag.ArgumentError, match="no parameters"):
        curvature.flat_gradient(lambda: w.sum(), [])
    with pytest.raises(ag.GraphError, match="leaves"):
        curvature.flat_gradient(lambda: w.sum(), [w * 2])
