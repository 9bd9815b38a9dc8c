"""Normalisation: running statistics, PyTorch's values, and what is said of bad input."""

from __future__ import annotations

import re

import numpy as np
import pytest

import autograd as ag
from autograd.errors import ArgumentError, DTypeError, InPlaceError, ShapeError
from tests.against_torch import same_as_torch
from tests.row import short

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape)


SHAPES = [(5, 3), (4, 3, 6), (2, 3, 4, 5), (2, 3, 2, 2, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_as_torch(shape, training):
    x, w, b = normal(*shape) * 3 + 1, normal(3), normal(3)
    ours = [np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 0.5])]
    theirs = [a.copy() for a in ours]
    same_as_torch(
        lambda x, w, b: ag.batch_norm(x, *ours, w, b, training, 0.3, 1e-3),
        lambda torch, x, w, b: torch.nn.functional.batch_norm(
            x, *map(torch.from_numpy, theirs), w, b, training, 0.3, 1e-3
        ),
        [x, w, b],
    )
    for a, e in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12)


def test_batch_norm_without_running_statistics_uses_the_batch():
    x = normal(4, 3)
    same_as_torch(
        lambda x: ag.batch_norm(x),
        lambda torch, x: torch.nn.functional.batch_norm(x, None, None, training=True),
        [x],
    )


@pytest.mark.parametrize("row", [(5,), (4, 5), (3, 4, 5)], ids=str)
def test_layer_norm_as_torch(row):
    same_as_torch(
        lambda x, w, b: ag.layer_norm(x, row, w, b, 1e-3),
        lambda torch, x, w, b: torch.nn.functional.layer_norm(x, row, w, b, 1e-3),
        [normal(2, 3, 4, 5), normal(*row), normal(*row)],
    )


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm_as_torch(groups):
    for shape in [(3, 6, 2), (2, 6, 4, 3)]:
        same_as_torch(
            lambda x, w, b: ag.group_norm(x, groups, w, b, 1e-3),
            lambda torch, x, w, b: torch.nn.functional.group_norm(x, groups, w, b, 1e-3),
            [normal(*shape), normal(6), normal(6)],
        )


@pytest.mark.parametrize("own", [True, False])
def test_instance_norm_as_torch(own):
    ours = [np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 0.5])]
    theirs = [a.copy() for a in ours]
    same_as_torch(
        lambda x, w, b: ag.instance_norm(x, *ours, w, b, own, 0.3),
        lambda torch, x, w, b: torch.nn.functional.instance_norm(
            x, *map(torch.from_numpy, theirs), w, b, own, 0.3
        ),
        [normal(2, 3, 4, 5), normal(3), normal(3)],
    )
    for a, e in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12)


def test_large_batches_as_torch():
    """Enough work for the compiled kernels, in float32, odd sizes and all."""
    images = normal(16, 7, 29, 31).astype(np.float32) * 2 + 3
    v = normal(7).astype(np.float32)
    same_as_torch(
        lambda x, w, b: ag.batch_norm(x, None, None, w, b, training=True),
        lambda torch, x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, training=True),
        [images, v, v],
        tolerance=1e-5,
    )
    rows, v = normal(500, 131).astype(np.float32), normal(131).astype(np.float32)
    same_as_torch(
        lambda x, w, b: ag.layer_norm(x, 131, w, b),
        lambda torch, x, w, b: torch.nn.functional.layer_norm(x, (131,), w, b),
        [rows, v, v],
        tolerance=1e-5,
    )


def test_running_statistics_are_moved_in_place():
    mean, var = ag.Tensor(np.zeros(3, np.float32)), ag.Tensor(np.ones(3, np.float32))
    array = mean.data
    x = ag.Tensor(normal(8, 3).astype(np.float32), requires_grad=True)
    ag.batch_norm(x, mean, var, training=True)
    assert mean.data is array
    assert mean.dtype == np.float32
    np.testing.assert_allclose(array, 0.1 * x.data.mean(0), rtol=1e-5)
    np.testing.assert_allclose(var.data, 0.9 + 0.1 * x.data.var(0, ddof=1), rtol=1e-5)
    before = mean.data.copy()
    ag.batch_norm(x, mean, var, training=False)
    np.testing.assert_array_equal(mean.data, before)


def test_nothing_is_moved_when_the_call_fails():
    mean, var = np.zeros(3), np.ones(2)
    with pytest.raises(ShapeError, match="running_var must have shape"):
        ag.batch_norm(normal(4, 3), mean, var, training=True)
    np.testing.assert_array_equal(mean, 0)


def test_evaluation_notices_statistics_that_moved_before_backward():
    mean, var = np.zeros(3), np.ones(3)
    weight = ag.Tensor(np.ones(3), requires_grad=True)
    out = ag.batch_norm(normal(4, 3), mean, var, weight)
    ag.batch_norm(normal(4, 3), mean, var, training=True)
    with pytest.raises(InPlaceError, match="normalize_by"):
        out.sum().backward()


def test_statistics_are_accurate_far_from_zero():
    """The variance of 10,000 ± 1 in float32, where E[x²] − E[x]² would have no digit left."""
    x = (normal(64, 2, 50) + 1e4).astype(np.float32)
    wide = x.astype(np.float64)
    expected = (wide - wide.mean((0, 2), keepdims=True)) / wide.std((0, 2), keepdims=True)
    assert np.abs(ag.batch_norm(x, training=True) - expected).max() < 2e-3
    expected = (wide - wide.mean(-1, keepdims=True)) / wide.std(-1, keepdims=True)
    assert np.abs(ag.layer_norm(x, 50) - expected).max() < 2e-3


def test_second_order_through_a_small_network():
    generator = np.random.default_rng

    def loss(x, kernel, w, b):
        x = ag.conv2d(x, kernel, padding="same")
        x = ag.tanh(ag.batch_norm(x, None, None, w, b, training=True))
        x = ag.dropout(ag.avg_pool2d(ag.max_pool2d(x, 2, 1), 2), 0.3, generator=generator(0))
        return (ag.layer_norm(x, 2) * x).sum()

    ag.check_grads(loss, [normal(2, 1, 4, 5), normal(2, 1, 2, 2), normal(2), normal(2)], order=2)


def test_weight_alone_and_bias_alone():
    x, v = normal(2, 4, 3), normal(4)
    column = v[:, None]
    plain = ag.group_norm(x, 2)
    np.testing.assert_allclose(ag.group_norm(x, 2, v), plain * column)
    np.testing.assert_allclose(ag.group_norm(x, 2, bias=v), plain + column)
    plain = ag.batch_norm(x, training=True)
    np.testing.assert_allclose(ag.batch_norm(x, weight=v, training=True), plain * column)
    np.testing.assert_allclose(ag.batch_norm(x, bias=v, training=True), plain + column)
    plain = ag.layer_norm(x, 3)
    np.testing.assert_allclose(ag.layer_norm(x, 3, bias=v[:3]), plain + v[:3])


BAD = [
    (ag.batch_norm, (normal(3),), {"training": True}, ShapeError, "x must be (N, C)"),
    (
        ag.batch_norm,
        (normal(4, 3), None, None, normal(4)),
        {"training": True},
        ShapeError,
        "x has 3 channels, so weight must have shape (3,), got (4,)",
    ),
    (
        ag.batch_norm,
        (normal(4, 3), normal(2), normal(3) ** 2),
        {},
        ShapeError,
        "mean must have shape (3,), got (2,)",
    ),
    (
        ag.batch_norm,
        (normal(1, 3),),
        {"training": True},
        ArgumentError,
        "more than one value per channel in training, got (1, 3)",
    ),
    (ag.batch_norm, (normal(0, 3),), {"training": True}, ArgumentError, "more than one value"),
    (ag.batch_norm, (normal(0, 3),), {}, ShapeError, "no values to take statistics of"),
    (ag.layer_norm, (normal(2, 0), 0), {}, ShapeError, "no values to take statistics of"),
    (ag.batch_norm, (normal(4, 3), normal(3)), {}, ArgumentError, "both running_mean and"),
    (ag.batch_norm, (np.ones((4, 3), int),), {}, DTypeError, "float32 or float64, got int64"),
    (
        ag.batch_norm,
        (normal(4, 3), [0.0, 0.0, 0.0], normal(3)),
        {"training": True},
        DTypeError,
        "running_mean must be a Tensor or an ndarray",
    ),
    (
        ag.layer_norm,
        (normal(2, 3), 4),
        {},
        ShapeError,
        "normalized_shape=(4,), got x of shape (2, 3)",
    ),
    (ag.layer_norm, (normal(2, 3), ()), {}, ShapeError, "normalized_shape=()"),
    (ag.layer_norm, (normal(2, 3), "3"), {}, DTypeError, "got '3'"),
    (ag.layer_norm, (normal(2, 3), 3, normal(2)), {}, ShapeError, "weight must have shape (3,)"),
    (
        ag.layer_norm,
        (normal(2, 3), 3, None, normal(2)),
        {},
        ShapeError,
        "bias must have shape (3,)",
    ),
    (ag.group_norm, (normal(2, 6), 4), {}, ArgumentError, "a divisor of the 6 channels, got 4"),
    (ag.group_norm, (normal(6), 2), {}, ShapeError, "x must be (N, C, ...)"),
    (ag.group_norm, (normal(2, 6), 2, normal(2)), {}, ShapeError, "weight must have shape (6,)"),
    (ag.instance_norm, (normal(2, 3),), {}, ShapeError, "x must be (N, C, L)"),
    (ag.instance_norm, (normal(2, 3, 1),), {}, ArgumentError, "more than one value"),
    (
        ag.instance_norm,
        (normal(2, 3, 4),),
        {"use_input_stats": False},
        ArgumentError,
        "needs running_mean and running_var",
    ),
]


@pytest.mark.parametrize(("function", "args", "options", "error", "said"), BAD, ids=short)
def test_bad_input_is_named(function, args, options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        function(*args, **options)


@pytest.mark.parametrize("shape", [(64, 96), (6, 8, 16, 16)])
def test_sums_kept_for_one_gradient_are_not_used_for_another(shape):
    """The gradients by weight and bias fall off beside the input's, and only for that pass."""
    rng = np.random.default_rng(0)
    x = ag.tensor(rng.standard_normal(shape), requires_grad=True)
    size = shape[-1] if len(shape) == 2 else shape[1]
    weight = ag.tensor(rng.standard_normal(size), requires_grad=True)
    bias = ag.tensor(rng.standard_normal(size), requires_grad=True)
    if len(shape) == 2:
        out = ag.layer_norm(x, (size,), weight, bias)
    else:
        out = ag.batch_norm(x, weight=weight, bias=bias, training=True)
    seed = rng.standard_normal(shape)

    def gradients(*inputs):
        return [g.data for g in ag.grad(out, inputs, seed, retain_graph=True)]

    first = gradients(x, weight, bias)
    np.testing.assert_allclose(gradients(weight, bias)[0], first[1], rtol=1e-12)
    np.testing.assert_allclose(gradients(bias)[0], first[2], rtol=1e-12)
    gradients(x)  # keeps sums that nobody fetches
    seed *= 2  # the same array, other numbers
    np.testing.assert_allclose(gradients(weight)[0], 2 * first[1], rtol=1e-12)
    np.testing.assert_allclose(gradients(bias)[0], 2 * first[2], rtol=1e-12)
