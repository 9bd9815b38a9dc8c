"""`checkpoint`: computed again as it was computed first, or an error."""

import numpy as np
import pytest

import autograd as ag
import nn


def leaf(*values):
    return ag.tensor(np.array(values), requires_grad=True)


def test_what_is_overwritten_is_noticed_as_without_a_checkpoint():
    def captured(w, x, c):
        return lambda t: ag.tanh(t * w + c)

    for position in range(3):
        held = leaf(2.0), leaf(3.0), ag.tensor(np.array([4.0]))
        w, x, _ = held
        y = ag.checkpoint(captured(*held), x)
        with ag.no_grad():
            np.copyto(held[position], 100.0)
        with pytest.raises(ag.InPlaceError, match=r"checkpoint.*changed in place at .*test_checkp"):
            y.sum().backward()
        assert w.grad is None
        assert x.grad is None


def test_a_recorded_tensor_that_is_captured_and_overwritten():
    w = leaf(2.0)
    h = w * 3.0
    y = ag.checkpoint(lambda t: t * h + h, w)
    with ag.no_grad():
        h.fill_(100.0)
    with pytest.raises(ag.InPlaceError, match="checkpoint"):
        y.sum().backward()
    assert w.grad is None


def test_arguments_in_structures():
    w, x = leaf(2.0), ag.tensor(np.array([3.0]))
    y = ag.checkpoint(
        lambda pair, extra: pair["w"] * pair["xs"][0] * extra, {"w": w, "xs": [x]}, extra=x
    )
    x += 1.0
    with pytest.raises(ag.InPlaceError, match="checkpoint"):
        y.sum().backward()


def test_data_that_were_replaced():
    w = leaf(2.0)
    y = ag.checkpoint(lambda t: t * t, w)
    w.data = np.array([5.0])
    with pytest.raises(ag.InPlaceError, match="checkpoint.*replaced"):
        y.sum().backward()


def test_writes_to_something_else_are_fine():
    w, other = leaf(2.0), leaf(1.0)
    y = ag.checkpoint(lambda t: t * t, w)
    with ag.no_grad():
        other += 1.0
    y.sum().backward()
    np.testing.assert_array_equal(w.grad.data, [4.0])


def test_detect_anomaly_finds_arguments_written_past_the_graph():
    x, w = np.array([3.0]), leaf(2.0)
    with ag.detect_anomaly():
        y = ag.checkpoint(lambda t: t * w, x).sum()
        x[:] = 7.0
        with pytest.raises(ag.InPlaceError, match="checkpoint.*past the graph"):
            y.backward()


def norm_and_input():
    m = nn.BatchNorm1d(1)
    return m, ag.tensor(np.array([[1.0], [3.0]], np.float32), requires_grad=True)


@pytest.mark.parametrize("create_graph", [False, True])
def test_running_statistics_are_updated_once(create_graph):
    plain, x = norm_and_input()
    plain(x)
    m, x = norm_and_input()
    y = ag.checkpoint(m, x)
    z = ag.checkpoint(lambda t: ag.checkpoint(m, t) * 1.0, x)  # twice before a backward, and nested
    plain(x)
    ag.grad((y + z).sum(), [x], create_graph=create_graph)
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        np.testing.assert_array_equal(getattr(m, name).data, getattr(plain, name).data)


def test_statistics_are_constants_that_must_not_change_in_evaluation():
    m, x = norm_and_input()
    y = ag.checkpoint(m.eval(), x)
    m.train()(x)
    with pytest.raises(ag.InPlaceError, match="checkpoint"):
        y.sum().backward()


def test_writes_of_the_recomputation_leave_no_stamp():
    m, x = norm_and_input()
    y = ag.checkpoint(m, x)
    m.eval()
    frozen = m(x).sum()
    m.train()
    y.sum().backward()
    frozen.backward()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: m.forward, lambda m: lambda x: m(x)])
def test_the_mode_is_that_of_the_first_call(first, wrap):
    net = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Dropout(0.5)), nn.Linear(4, 1))
    x = leaf(1.0, 2.0, 3.0, 4.0).reshape(1, 4).astype(np.float32)
    net.train(first)
    ag.manual_seed(0)
    (right,) = ag.grad(net(x).sum(), [net[0].weight])
    ag.manual_seed(0)
    y = ag.checkpoint(wrap(net), x)
    net.train(not first)
    (g,) = ag.grad(y.sum(), [net[0].weight])
    np.testing.assert_array_equal(g.data, right.data)
    assert all(m.training is not first for m in net.modules())


def test_random_numbers_are_those_of_the_first_call():
    own = np.random.default_rng(3)
    x = leaf(*map(float, range(1, 21)))
    for draw in (
        lambda t: ag.dropout(t, 0.5),
        lambda t: ag.dropout(t, 0.5, generator=own),
        lambda t: t * ag.default_generator().normal(size=20),
    ):
        y = ag.checkpoint(draw, x)
        (g,) = ag.grad(y.sum(), [x], retain_graph=True)
        np.testing.assert_allclose(g.data, y.data / x.data)
        before = own.random(), ag.default_generator().random()
        (again,) = ag.grad(y.sum(), [x])
        np.testing.assert_array_equal(again.data, g.data)
        assert (own.random(), ag.default_generator().random()) != before


@pytest.mark.parametrize("returned", [lambda t: t, lambda t: ag.tensor([1.0])])
def test_a_function_that_returns_a_leaf_or_a_constant(returned):
    x = leaf(2.0)
    assert ag.checkpoint(returned, x).node is None


def test_nested_recorded_and_replayed_twice():
    x = leaf(2.0)

    def cube(t):
        return ag.checkpoint(lambda s: s * s, t) * t

    y = ag.checkpoint(cube, x)
    for _ in range(2):
        (g,) = ag.grad(y, [x], create_graph=True)
        np.testing.assert_array_equal(g.data, [12.0])
        np.testing.assert_array_equal(ag.grad(g, [x])[0].data, [12.0])
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [24.0])


def test_a_leaf_that_requires_no_gradient_any_more():
    w, x = leaf(2.0), leaf(3.0)
    y = ag.checkpoint(lambda t: t * w, x)
    w.requires_grad = False
    y.backward()
    assert w.grad is None
    np.testing.assert_array_equal(x.grad.data, [2.0])


def test_a_function_that_computes_something_else():
    x, sizes = leaf(1.0, 2.0), iter((2, 1))
    y = ag.checkpoint(lambda t: t[: next(sizes)] * 2.0, x)
    with pytest.raises(ag.GraphError, match=r"\(2,\).*\(1,\).*the same again"):
        y.sum().backward()
