"""nn.init: the distributions, their scales, the generator, in place; what does not fit."""

import math

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.errors import ArgumentError, DTypeError, ShapeError
from nn import init

SHAPE = (300, 40, 5, 5)
FAN_IN, FAN_OUT = 40 * 25, 300 * 25


def weight(shape=SHAPE, dtype=np.float32):
    return nn.Parameter(np.full(shape, 7, dtype))


@pytest.fixture(autouse=True)
def seeded():
    ag.manual_seed(0)


@pytest.mark.parametrize(
    ("fill", "mean", "std", "bound"),
    [
        (lambda w: init.uniform_(w), 0.5, math.sqrt(1 / 12), 1),
        (lambda w: init.uniform_(w, -3, 1), -1, 4 * math.sqrt(1 / 12), 3),
        (lambda w: init.normal_(w), 0, 1, 10),
        (lambda w: init.normal_(w, 2, 0.1), 2, 0.1, 3),
        (lambda w: init.constant_(w, 0.25), 0.25, 0, 0.25),
        (init.zeros_, 0, 0, 0),
        (init.ones_, 1, 0, 1),
        (
            lambda w: init.xavier_uniform_(w, gain=2.0),
            0, 2 * math.sqrt(2 / (FAN_IN + FAN_OUT)), 2 * math.sqrt(6 / (FAN_IN + FAN_OUT)),
        ),
        (init.xavier_normal_, 0, math.sqrt(2 / (FAN_IN + FAN_OUT)), 1),
        (
            lambda w: init.kaiming_uniform_(w, a=math.sqrt(5)),
            0, math.sqrt(1 / 3 / FAN_IN), 1 / math.sqrt(FAN_IN),
        ),
        (
            lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
            0, math.sqrt(2 / FAN_OUT), 1,
        ),
        (lambda w: init.trunc_normal_(w), 0, 0.87962566, 2),
        (lambda w: init.trunc_normal_(w, 1, 2, 1.5, 4), 2.53760, 0.68442, 4),
    ],
)  # fmt: skip
def test_scale(fill, mean, std, bound):
    w = weight()
    assert fill(w) is w and w.dtype == np.float32
    values = w.data.astype(np.float64)
    error = 5 * (std or 0) / math.sqrt(values.size)
    assert values.mean() == pytest.approx(mean, abs=error + 1e-7)
    assert values.std() == pytest.approx(std, rel=0.01, abs=1e-12)
    assert abs(values).max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize(("a", "b"), [(-1.0, 0.5), (3.0, 3.5), (-9.0, -6.0), (8.0, 100.0)])
def test_truncated_normal_far_out_has_the_right_distribution(a, b):
    values = init.trunc_normal_(weight((4000,), np.float64), a=a, b=b).data
    assert values.min() >= a and values.max() <= b
    grid = np.linspace(a, min(b, a + 10), 200_001)
    # the density relative to its largest value, which far out is all that can be told
    density = np.exp((min(abs(a), abs(b)) ** 2 * (a * b > 0) - grid**2) / 2)
    mean = (grid * density).sum() / density.sum()
    spread = math.sqrt(((grid - mean) ** 2 * density).sum() / density.sum())
    assert values.mean() == pytest.approx(mean, abs=5 * spread / math.sqrt(values.size))


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (6, 6), (4, 2, 3, 3)])
def test_orthogonal(shape):
    w = init.orthogonal_(weight(shape, np.float64), gain=3.0).data.reshape(shape[0], -1) / 3
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_orthogonal_has_no_preferred_sign():
    diagonals = [init.orthogonal_(weight((2, 2), np.float64)).data[0, 0] for _ in range(400)]
    assert abs(np.mean(np.sign(diagonals))) < 0.25


def test_gains_are_pytorchs():
    torch = pytest.importorskip("torch")
    for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "selu", "leaky_relu"):
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert init.calculate_gain("leaky_relu", 0.2) == pytest.approx(
        torch.nn.init.calculate_gain("leaky_relu", 0.2)
    )


def test_generator_and_seed_decide_the_numbers():
    def draw(generator=None):
        return init.xavier_normal_(weight((3, 4)), generator=generator).data.copy()

    first = draw(np.random.default_rng(5))
    np.testing.assert_array_equal(draw(np.random.default_rng(5)), first)
    ag.manual_seed(1)
    a = draw()
    ag.manual_seed(1)
    np.testing.assert_array_equal(draw(), a)
    assert (draw() != a).any()


def test_filling_is_allowed_on_parameters_and_recorded_nowhere():
    layer = nn.Linear(3, 3)
    assert init.uniform_(layer.weight).is_leaf
    layer.apply(lambda m: init.zeros_(m.weight))
    assert (layer.weight.data == 0).all() and layer.weight.requires_grad


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: init.xavier_uniform_(weight((3,))), ShapeError, r"xavier_uniform_: .*\(3,\)"),
        (lambda: init.orthogonal_(weight((3,))), ShapeError, "orthogonal_"),
        (lambda: init.kaiming_uniform_(weight((0, 3))), ShapeError, "without empty axes"),
        (lambda: init.kaiming_normal_(weight(), mode="fan"), ArgumentError, "mode must be"),
        (lambda: init.calculate_gain("swish"), ArgumentError, "nonlinearity must be one of"),
        (lambda: init.trunc_normal_(weight(), a=1, b=-1), ArgumentError, "a must be below b"),
        (lambda: init.trunc_normal_(weight(), a=60, b=61), ArgumentError, "is zero"),
        (lambda: init.normal_(ag.tensor([1, 2])), DTypeError, "normal_: tensor must be of floats"),
        (lambda: init.normal_(weight(), generator=3), DTypeError, "numpy.random.Generator"),
    ],
)
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()
