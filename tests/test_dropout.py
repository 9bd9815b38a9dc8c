"""Dropout: what is dropped, how often, and from which random numbers."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
from autograd.errors import ArgumentError, DTypeError, ShapeError


def seeded(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_element_is_dropped_with_probability_p(p, dtype):
    out = ag.dropout(np.ones((1000, 100), dtype), p, generator=seeded())
    assert out.dtype == dtype
    assert set(np.unique(out)) == {0, dtype(1 / (1 - p))}
    dropped = (out == 0).mean()
    assert abs(dropped - p) < 5 * np.sqrt(p * (1 - p) / out.size)


def test_whole_channels_are_dropped():
    out = ag.dropout2d(np.ones((50, 40, 3, 3)), 0.3, generator=seeded())
    assert ((out == 0).all((2, 3)) | (out != 0).all((2, 3))).all()
    assert abs((out[:, :, 0, 0] == 0).mean() - 0.3) < 0.05
    assert ag.dropout2d(np.ones((40, 3, 3)), 0.3, generator=seeded()).shape == (40, 3, 3)


def test_the_gradient_meets_the_same_mask():
    x = ag.Tensor(np.ones((20, 30)), requires_grad=True)
    out = ag.dropout(x, 0.4, generator=seeded())
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.data, out.data)


def test_the_default_generator_is_the_librarys():
    x = np.ones(100)
    ag.manual_seed(3)
    first, second = ag.dropout(x), ag.dropout(x)
    ag.manual_seed(3)
    np.testing.assert_array_equal(ag.dropout(x), first)
    assert (first != second).any()


def test_a_generator_of_ones_own_leaves_the_default_alone():
    ag.manual_seed(3)
    expected = ag.dropout(np.ones(100))
    ag.manual_seed(3)
    same = [ag.dropout(np.ones(100), generator=seeded(1)) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    np.testing.assert_array_equal(ag.dropout(np.ones(100)), expected)


def test_evaluation_draws_nothing_and_changes_nothing():
    generator = seeded()
    state = generator.bit_generator.state
    x = np.ones(10)
    np.testing.assert_array_equal(ag.dropout(x, 0.5, False, generator), x)
    np.testing.assert_array_equal(ag.dropout(x, 0.0, True, generator), x)
    assert generator.bit_generator.state == state


def test_p_of_one_drops_all():
    x = ag.Tensor(np.ones(10), requires_grad=True)
    out = ag.dropout(x, 1.0)
    out.sum().backward()
    np.testing.assert_array_equal(out.data, 0)
    np.testing.assert_array_equal(x.grad.data, 0)


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan"), "half", None, True])
def test_p_that_is_no_probability(p):
    error = ArgumentError if type(p) is float else DTypeError
    with pytest.raises(error, match=r"dropout: p must be a .*number from 0 to 1, got"):
        ag.dropout(np.ones(3), p)
    with pytest.raises(error, match="dropout: p must be"):
        ag.dropout(np.ones(3), p, training=False)


def test_other_bad_input():
    with pytest.raises(DTypeError, match="generator must be a numpy.random.Generator, got int"):
        ag.dropout(np.ones(3), generator=3)
    with pytest.raises(DTypeError, match="float32 or float64, got int64"):
        ag.dropout(np.ones(3, int))
    with pytest.raises(ShapeError, match=r"dropout2d: x must be \(N, C, H, W\)"):
        ag.dropout2d(np.ones((3, 4)))


def test_a_number_is_dropped_or_made_up_for():
    for number in (3.0, 3, np.float64(3.0), np.float32(3.0)):
        found = {float(ag.dropout(number, 0.5)) for _ in range(64)}
        assert found == {0.0, 6.0}
