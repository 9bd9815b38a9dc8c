"""Writing to Tensors in place, and graphs that this makes stale."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
from tests.test_engine import leaf


def test_update_in_place_keeps_the_identity_of_a_leaf():
    w = leaf(3)
    before, array = w, w.data
    with ag.no_grad():
        w -= 0.1 * ag.Tensor(np.ones(3))
        w[0] = 5.0
    assert w is before
    assert w.data is array
    assert w.requires_grad
    assert w.data[0] == 5.0


def test_writing_to_a_leaf_outside_no_grad_is_an_error():
    w = leaf(3)
    with pytest.raises(ag.InPlaceError, match="no_grad"):
        w += 1
    with pytest.raises(ag.InPlaceError, match="no_grad"):
        w[0] = 1


def test_in_place_on_a_recorded_tensor():
    x = leaf(3)
    y = x * 2
    z = y
    z += 1
    assert z is not y
    z.sum().backward()
    np.testing.assert_array_equal(x.grad.data, 2)
    with pytest.raises(ag.InPlaceError, match=r"ag\.where"):
        y[0] = 1


def test_adding_a_recorded_tensor_to_a_constant_records():
    x = leaf(3)
    total = ag.Tensor(np.zeros(3))
    total += x * 2
    total.sum().backward()
    np.testing.assert_array_equal(x.grad.data, 2)
    constant = ag.Tensor(np.zeros(3))
    with pytest.raises(ag.InPlaceError, match="lost"):
        constant[0] = (x * 2)[0]


def test_a_write_that_makes_the_graph_stale_is_noticed():
    w = leaf(3)
    loss = (w * w).sum()
    with ag.no_grad():
        w += 1
    with pytest.raises(ag.InPlaceError) as caught:
        loss.backward()
    text = str(caught.value)
    assert "multiply" in text
    assert text.count("test_in_place.py") == 2, "both lines are named"
    assert w.grad is None


def test_a_write_through_a_view_is_noticed():
    x = ag.Tensor(np.ones((3, 3)))
    w = leaf(3, 3)
    loss = (w * x).sum()
    x[0][:] = 5.0
    with pytest.raises(ag.InPlaceError):
        loss.backward()


@pytest.mark.parametrize("written", [0, 1])
def test_a_write_to_one_of_many_operands_is_noticed(written):
    xs = [leaf(2, 2), leaf(2, 2)]
    loss = ag.einsum("ij,jk->ik", *xs).sum()
    with ag.no_grad():
        xs[written] += 1
    with pytest.raises(ag.InPlaceError, match="einsum"):
        loss.backward()


def test_a_write_to_what_no_closure_needs_is_fine():
    w = leaf(3)
    loss = (w + 1).sum()
    with ag.no_grad():
        w += 1
    loss.backward()
    np.testing.assert_array_equal(w.grad.data, 1)


def test_data_can_be_updated_as_an_array():
    w = leaf(3)
    (w * 2).sum().backward()
    expected = w.data - 0.1 * 2
    w.data -= 0.1 * w.grad
    assert isinstance(w.data, np.ndarray)
    np.testing.assert_allclose(w.data, expected)
