"""Sums of many equal float32 numbers: what is added one after the other loses its digits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
from autograd.kernels.runtime import set_kernels
from autograd.kernels.sums import add_up, channel_sums, row_sums

MANY = 600_000  # one after the other, the sum of so many is 1e-3 off
TERM = np.float32(0.1)


@pytest.fixture(params=["numba", "numpy"])
def kernels(request):
    set_kernels(request.param)
    yield request.param
    set_kernels(None)


def assert_close(got, wanted, most=1e-6):
    got = getattr(got, "data", got)
    assert np.asarray(got).dtype == np.float32
    assert np.abs(np.asarray(got, np.float64) / wanted - 1).max() <= most


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "reversed": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "swapped": lambda x: np.ascontiguousarray(x.swapaxes(0, -1)).swapaxes(0, -1),
}
CASES = [
    ((MANY, 2), 0),
    ((MANY, 2), None),
    ((2, MANY // 2, 3), 1),
    ((MANY // 6, 2, 3), (0, 2)),
    ((MANY // 6, 2, 3), (0, 1)),
    ((5003, 100), 0),
    ((MANY, 1), 0),
    ((1, MANY), 1),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("shape", "axis"), CASES)
def test_reductions_over_any_axes(shape, axis, layout):
    x = LAYOUTS[layout](np.broadcast_to(TERM, shape).copy())
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis)
    count = int(np.prod([shape[i] for i in axes]))
    total = count * float(TERM)
    assert_close(ag.sum(x, axis), total)
    assert_close(ag.mean(x, axis), float(TERM))
    assert_close(ag.norm(x.reshape(-1)), np.sqrt(x.size) * float(TERM))
    log = ag.logsumexp(x, axis)
    np.testing.assert_allclose(log, np.log(count) + float(TERM), rtol=2e-6)
    x = np.array(x)
    x.reshape(-1, x.shape[-1])[::2] *= -1  # rows alternate: the mean is near 0, the variance is not
    exact = np.var(x, axis=axis, dtype=np.float64)
    if exact.min() > 1e-4:
        assert_close(ag.var(x, axis), exact)
        assert_close(ag.std(x, axis), np.sqrt(exact))


def test_any_axes_and_layouts_give_what_numpy_gives():
    rng = np.random.default_rng(0)
    for shape in ((700, 3), (5000, 3), (3, 5000, 4), (2, 3, 700, 5), (40, 3, 20, 7), (1, 900, 1)):
        x = rng.standard_normal(shape).astype(np.float32)
        for layout, keepdims in itertools.product(LAYOUTS.values(), (False, True)):
            y = layout(x)
            for k in range(1, x.ndim + 1):
                for axis in itertools.combinations(range(x.ndim), k):
                    got = np.asarray(add_up(y, axis, keepdims))
                    wanted = np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float64)
                    assert got.dtype == np.float32 and got.shape == wanted.shape
                    np.testing.assert_allclose(got, wanted, atol=2e-6 * np.sqrt(x.size) * 4)
    for rows in (*range(510, 520), 4096, 4097, 9001):
        x = rng.standard_normal((rows, 3)).astype(np.float32)
        np.testing.assert_allclose(row_sums(x), x.sum(axis=0, dtype=np.float64), atol=1e-4)
    for shape in ((3, 2, 5000), (700, 2, 3), (2, 3, 4, 5), (600, 4), (0, 3, 2), (2, 3, 0)):
        g = rng.standard_normal(shape).astype(np.float32)
        axes = (0, *range(2, g.ndim))
        np.testing.assert_allclose(channel_sums(g), g.sum(axis=axes, dtype=np.float64), atol=1e-4)


def bias_grad(call, shape, g):
    b = ag.tensor(np.zeros(shape, np.float32), requires_grad=True)
    call(b).backward(g)
    return b.grad


def test_gradients_of_biases(kernels):
    n = MANY
    g = np.full((n, 2), TERM)
    wanted = n * float(TERM)
    ones = np.ones((2, 1), np.float32)
    x = np.zeros((n, 1), np.float32)
    assert_close(bias_grad(lambda b: F.linear(x, ones, b), 2, g), wanted)
    x3 = x.reshape(2, -1, 1)
    assert_close(bias_grad(lambda b: F.linear(x3, ones, b), 2, g.reshape(2, -1, 2)), wanted)
    assert_close(bias_grad(lambda b: b + g, 2, g), wanted)
    assert_close(bias_grad(lambda b: b * np.ones_like(g), (1, 2), g), wanted)


@pytest.mark.parametrize("weights", [False, True])
def test_gradients_of_biases_of_convolutions(kernels, weights):
    long, many = (1, 1, MANY), (MANY // 16, 1, 16)
    for shape in (long, many):
        g = np.full((shape[0], 2, shape[2]), TERM)
        x = np.zeros(shape, np.float32)
        for call, wide in ((F.conv1d, (2, 1, 1)), (F.conv_transpose1d, (1, 2, 1))):
            w = ag.tensor(np.ones(wide, np.float32), requires_grad=weights)
            got = bias_grad(lambda b, call=call, w=w, x=x: call(x, w, b), 2, g)
            assert_close(got, MANY * float(TERM))
    for shape in ((MANY // 64, 1, 8, 8), (4, 1, 300, MANY // 1200)):
        g, x = np.full((shape[0], 2, *shape[2:]), TERM), np.zeros(shape, np.float32)
        w = ag.tensor(np.ones((2, 1, 3, 3), np.float32), requires_grad=weights)
        got = bias_grad(lambda b, x=x, w=w: F.conv2d(x, w, b, padding=1), 2, g)
        assert_close(got, g[:, 0].size * float(TERM))


def test_statistics_of_norms(kernels):
    n = MANY
    for shape in ((n, 2), (n // 100, 2, 100)):
        x = np.resize(np.array([TERM, 3 * TERM], np.float32), (n, 2)).reshape(2, -1).T
        x = np.ascontiguousarray(np.repeat(x[:, :1], 2, 1)).reshape(shape)
        mean, var = np.zeros(2, np.float32), np.ones(2, np.float32)
        w, b = (ag.tensor(np.ones(2, np.float32), requires_grad=True) for _ in range(2))
        out = F.batch_norm(x, mean, var, w, b, training=True, momentum=1.0)
        axes = tuple(i for i in range(x.ndim) if i != 1)
        assert_close(mean, x.mean(axis=axes, dtype=np.float64))
        out.backward(np.full(shape, TERM))
        assert_close(b.grad, n * float(TERM))
    x = np.resize(np.array([TERM, 3 * TERM], np.float32), (1, n))
    out = F.layer_norm(x, n)
    np.testing.assert_allclose(np.abs(out), 1, rtol=1e-3)
    b = ag.tensor(np.zeros(4, np.float32), requires_grad=True)
    x = np.resize(x, (n // 4, 4))
    F.layer_norm(x, 4, None, b).backward(np.full(x.shape, TERM))
    assert_close(b.grad, n // 4 * float(TERM))


def test_losses_and_softmax_of_a_long_row(kernels):
    zero = np.zeros((MANY // 2, 2), np.float32)
    assert_close(F.l1_loss(zero + TERM, zero), float(TERM))
    assert_close(
        F.cross_entropy(zero, np.zeros(MANY // 2, int), reduction="sum") / MANY, np.log(2) / 2
    )
    row = np.full((1, MANY), TERM)
    assert_close(F.softmax(row), 1 / MANY)
    assert_close(F.cross_entropy(row, [0]), np.log(MANY))
    assert_close(F.log_softmax(row), -np.log(MANY))


def test_gradients_of_rows_that_are_read_often():
    n = MANY
    table = ag.tensor(np.zeros((3, 2), np.float32), requires_grad=True)
    F.embedding(np.ones(n, int), table).backward(np.full((n, 2), TERM))
    assert_close(table.grad.data[1], n * float(TERM))
    wide = ag.tensor(np.zeros((2, 256), np.float32), requires_grad=True)
    wide[np.zeros(4000, int)].backward(np.full((4000, 256), TERM))
    assert_close(wide.grad.data[0], 4000 * float(TERM))
    x = ag.tensor(np.zeros(3, np.float32), requires_grad=True)
    x[np.zeros(n, int)].backward(np.full(n, TERM))
    assert_close(x.grad.data[0], n * float(TERM))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norms_and_deviations_of_far_numbers(dtype):
    """What is squared on the way leaves the range of the dtype; the result does not."""
    for scale in (1e30, 1e-30) if dtype == np.float32 else (1e200, 1e-200):
        x = (np.array([[3.0, 4.0], [0.0, 12.0]]) * scale).astype(dtype)
        np.testing.assert_allclose(ag.norm(x[0]), 5 * scale, rtol=1e-6)
        np.testing.assert_allclose(ag.norm(x, axis=1), [5 * scale, 12 * scale], rtol=1e-6)
        np.testing.assert_allclose(ag.std(x, axis=1), [0.5 * scale, 6 * scale], rtol=1e-6)
        t = ag.tensor(x[0], requires_grad=True)
        ag.norm(t).backward()
        np.testing.assert_allclose(t.grad.data, [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 1), (6, 2), (64, 2, 40), (3, 2, 1500)])
def test_norms_of_far_numbers(shape, kernels):
    """Variances that float32 does not hold are taken in float64."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(shape)
    g = rng.standard_normal(shape)
    for scale in (1e20, 1e-20, 2e37):
        x = (noise * scale).astype(np.float32)
        for call in (
            lambda v: F.batch_norm(v, training=True, eps=1e-60),
            lambda v: F.layer_norm(v, shape[1:], eps=1e-60) if shape[-1] > 1 else v * 1,
            lambda v: F.instance_norm(v, eps=1e-60) if len(shape) > 2 else v * 1,
        ):
            single = ag.tensor(x, requires_grad=True)
            double = ag.tensor(x.astype(np.float64), requires_grad=True)
            out, right = call(single), call(double)
            np.testing.assert_allclose(out.data, right.data, rtol=1e-5, atol=1e-5)
            out.backward(g.astype(np.float32))
            right.backward(g)
            size = float(np.abs(g).max()) / scale
            np.testing.assert_allclose(
                single.grad.data, double.grad.data, rtol=1e-3, atol=1e-4 * size
            )


@pytest.mark.parametrize(
    ("shape", "axis"), [((5, 7), 1), ((4, 3, 6), (0, 2)), ((3, 700), [0]), ((3,), None)]
)
def test_one_gradient_of_logsumexp_whether_it_is_recorded_or_not(shape, axis):
    rng = np.random.default_rng(0)
    x = ag.tensor((10 * rng.standard_normal(shape)).astype(np.float32), requires_grad=True)
    out = ag.logsumexp(x, axis)
    g = rng.standard_normal(out.shape).astype(np.float32)
    (recorded,) = ag.grad((out * g).sum(), [x], create_graph=True)
    ag.logsumexp(x, axis).backward(g)
    np.testing.assert_allclose(x.grad.data, recorded.data, rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("images", [1, 5])
def test_the_gradient_of_a_bias_is_that_of_the_sum_of_its_shares(kernels, images):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((images, 3, 40, 41)).astype(np.float32)
    w, b = (ag.tensor(np.ones(s, np.float32), requires_grad=True) for s in ((4, 3, 3, 3), 4))
    g = (1 + rng.random((images, 4, 38, 39))).astype(np.float32)
    F.conv2d(x, w, b).backward(g)
    assert_close(b.grad, g.sum(axis=(0, 2, 3), dtype=np.float64))


@pytest.mark.parametrize(
    "shape, axis",
    [((2_000_000,), 0), ((2_000_000,), None), ((3, 50_000), 1), ((50_000, 3), 0), ((700, 1100), 0)],
)
def test_running_sums_and_products_lose_nothing_on_their_way(shape, axis, kernels):
    terms = np.full(shape, 0.1, np.float32)
    factors = (1 + np.random.default_rng(0).uniform(-1, 1, shape) / 64).astype(np.float32)
    sums, products = ag.cumsum(terms, axis), ag.cumprod(factors, axis)
    assert sums.dtype == products.dtype == np.float32
    right = np.cumprod(factors, axis, dtype=np.float64)
    np.testing.assert_allclose(sums, np.cumsum(terms, axis, dtype=np.float64), rtol=1e-7)
    np.testing.assert_allclose(products, right, rtol=1e-7, atol=1e-44)


def test_gradient_of_a_long_running_sum():
    x = ag.Tensor(np.zeros(1_000_000, np.float32), requires_grad=True)
    g = np.full(x.shape, 0.1, np.float32)
    slope = ag.grad(ag.cumsum(x), x, grad_outputs=g)[0].data
    np.testing.assert_allclose(slope, np.cumsum(g, dtype=np.float64)[::-1], rtol=1e-7)


def test_running_sums_of_half_precision_go_on_where_one_is_too_small_a_step():
    x = np.ones(5000, np.float16)
    assert ag.cumsum(x)[-1] == 5000 and ag.cumsum(x).dtype == np.float16


@pytest.mark.parametrize("reverse", [False, True])
def test_long_scans_keep_their_digits(reverse):
    n = 20_000
    h = ag.linear_scan(np.full(n, 0.1, np.float32), np.ones(n, np.float32), reverse=reverse)
    right = np.arange(1, n + 1) * np.float64(np.float32(0.1))
    np.testing.assert_allclose(h[::-1] if reverse else h, right, rtol=1e-6)


@pytest.mark.parametrize("features", [(1, 1), (2, 1), (1, 2), (3, 4)])
def test_gradients_of_weights_over_many_rows(features):
    inputs, outputs = features
    x = np.full((MANY, inputs), 0.3, np.float32)
    g = np.full((MANY, outputs), TERM, np.float32)
    weight = ag.Tensor(np.zeros((outputs, inputs), np.float32), requires_grad=True)
    columns = ag.Tensor(np.zeros((inputs, outputs), np.float32), requires_grad=True)
    right = MANY * float(np.float32(0.3)) * float(TERM)
    most = 2e-6 if min(features) > 1 else 1e-6
    for shape in ((MANY,), (2, MANY // 2)):
        rows, slopes = x.reshape(*shape, inputs), g.reshape(*shape, outputs)
        assert_close(ag.grad(F.linear(rows, weight), weight, grad_outputs=slopes)[0], right, most)
        assert_close(
            ag.grad(ag.matmul(rows, columns), columns, grad_outputs=slopes)[0], right, most
        )
    if outputs == 1:
        assert_close(
            ag.grad(ag.matmul(x, columns[:, 0]), columns, grad_outputs=g[:, 0])[0], right, most
        )


def test_long_products():
    x, y = np.full(MANY, 0.3, np.float32), np.full(MANY, TERM)
    right = MANY * float(np.float32(0.3)) * float(TERM)
    for out in (ag.matmul(x, y), ag.dot(x, y), ag.inner(x, y), ag.einsum("i,i", x, y)):
        assert_close(out, right)
    assert_close(ag.matmul(x, y[:, None]), right)
    assert_close(ag.matmul(x[None], y), right)
    assert_close(ag.matmul(np.stack([x, x]), np.stack([y, y], 1)), right, 2e-6)
    assert_close(ag.einsum("bi,bi->b", np.stack([x, x]), np.stack([y, y])), right)
    odd = np.random.default_rng(0).standard_normal((3, 2, 20_003)).astype(np.float32)
    np.testing.assert_allclose(
        ag.matmul(odd, odd[0].T), odd.astype(np.float64) @ odd[0].T, rtol=1e-5, atol=1e-2
    )


@pytest.mark.parametrize("kernel, stride", [((700, 700), 1), ((700, 300), (1, 100)), (701, None)])
def test_averages_over_large_windows(kernels, kernel, stride):
    x = ag.Tensor(np.full((1, 1, 701, 701), TERM), requires_grad=True)
    out = F.avg_pool2d(x, kernel, stride)
    assert_close(out, float(TERM))
    g = np.full(out.shape, TERM)
    total = float(ag.grad(out, x, grad_outputs=g)[0].data.sum(dtype=np.float64))
    assert total == pytest.approx(out.size * float(TERM), rel=1e-6)


def test_adaptive_averages_of_large_windows(kernels):
    x = np.full((1, 1, 1500, 1400), TERM)
    for size in ((1, 1), (1, 3), (4, 3)):
        assert_close(F.adaptive_avg_pool2d(x, size), float(TERM))
    assert_close(F.adaptive_avg_pool1d(np.full((1, 1, MANY), TERM), 7), float(TERM))
    assert_close(F.avg_pool1d(np.full((1, 1, MANY), TERM), MANY // 2), float(TERM))
