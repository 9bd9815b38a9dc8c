"""functional_call: a module as a function of its parameters, left as it was."""

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.errors import ArgumentError, ShapeError


def test_other_values_give_another_network_and_leave_this_one():
    net, other = nn.models.lenet5(), nn.models.lenet5()
    x, parameters = ag.randn(2, 1, 32, 32), list(net.parameters())
    before = net(x).data.copy()
    out = nn.functional_call(net, other.state_dict(), (x,))
    np.testing.assert_array_equal(out.data, other(x).data)
    np.testing.assert_array_equal(net(x).data, before)
    assert all(a is b for a, b in zip(net.parameters(), parameters, strict=True))


def test_derivatives_of_every_order_by_the_parameters():
    net = nn.Sequential(nn.Linear(2, 3, dtype=np.float64), nn.Tanh(), nn.Linear(3, 1)).double()
    state = {name: ag.Tensor(p.data.copy()) for name, p in net.named_parameters()}
    x = np.array([[0.5, -1.0], [2.0, 0.3]])

    def loss(weight):
        return (nn.functional_call(net, {**state, "0.weight": weight}, x) ** 2).sum()

    ag.check_grads(loss, [state["0.weight"].data], order=2)
    assert net[0].weight.grad is None


def test_what_is_not_named_stays_and_ties_are_kept():
    net = nn.Module()
    shared = nn.Parameter([2.0])
    net.rows, net.table, net.b = [shared], {"a.b": {3: shared}}, nn.Buffer([1.0])
    net.rows.append(net.rows)
    net.forward = lambda x: x * net.rows[0] * net.table["a.b"][3] + net.b
    assert nn.functional_call(net, {"table.a.b.3": ag.tensor([5.0])}, 1.0).item() == 26
    assert nn.functional_call(net, {"b": ag.tensor([0.0])}, kwargs={"x": 3.0}).item() == 12
    assert net(1.0).item() == 5 and net.rows[0] is shared is net.table["a.b"][3]
    with pytest.raises(ArgumentError, match=r"rows.0 and table.a.b.3 are one tensor"):
        state = {"rows.0": ag.tensor([1.0]), "table.a.b.3": ag.tensor([1.0])}
        nn.functional_call(net, state, 1.0)


def test_errors_leave_the_module_as_it_was():
    net = nn.Linear(2, 1)
    weight = net.weight
    for state, error, message in (
        ({"w": ag.zeros(1, 2)}, ArgumentError, r"no 'w'; it has weight, bias"),
        ({"weight": ag.zeros(2, 2)}, ShapeError, r"weight has shape \(1, 2\), got \(2, 2\)"),
    ):
        with pytest.raises(error, match=message):
            nn.functional_call(net, state, ag.ones(1, 2))
    with pytest.raises(ShapeError):
        nn.functional_call(net, {"weight": ag.zeros(1, 2)}, ag.ones(1, 5))
    assert net.weight is weight
    net.pair = (nn.Parameter([1.0]),)
    with pytest.raises(ArgumentError, match=r"pair.0 is in a tuple; keep it in a list"):
        nn.functional_call(net, {"pair.0": ag.zeros(1)}, ag.ones(1, 2))


class Fast(nn.Module):
    """Takes one step of descent before it answers, by asking its own network for its state."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 1).double()

    def forward(self, x):
        state = dict(self.net.named_parameters())
        loss = lambda state: (nn.functional_call(self.net, state, x) ** 2).mean()
        slopes = ag.func.grad(loss)(state)
        return nn.functional_call(self.net, {k: state[k] - 0.1 * slopes[k] for k in state}, x)


def test_a_call_inside_a_call():
    model, x = Fast(), np.array([[0.5, -1.0], [2.0, 0.3]])
    values = {name: p.data.copy() for name, p in model.named_parameters()}

    def loss(weight, bias):
        state = {"net.weight": weight, "net.bias": bias}
        return (nn.functional_call(model, state, x) ** 2).sum()

    ag.check_grads(loss, list(values.values()), order=2)
    assert all(type(p) is nn.Parameter and p.grad is None for p in model.parameters())
    w = ag.Tensor(values["net.weight"], requires_grad=True)
    loss(w, values["net.bias"]).backward()
    (g,) = ag.grad(loss(model.net.weight, model.net.bias), [model.net.weight])
    np.testing.assert_allclose(w.grad.data, g.data, rtol=1e-12)


def test_plain_values_of_any_kind():
    net = nn.Linear(2, 1)
    x = ag.ones(1, 2)
    for weight in (np.full((1, 2), 3.0), [[3.0, 3.0]], ag.full((1, 2), 3.0)):
        out = nn.functional_call(net, {"weight": weight, "bias": [0.5]}, x)
        assert type(out) is ag.Tensor and out.item() == 6.5
    with pytest.raises(ShapeError, match=r"bias has shape \(1,\), got \(\)"):
        nn.functional_call(net, {"bias": 0.5}, x)
    with pytest.raises(ag.DTypeError, match=r"functional_call: bias: .*str"):
        nn.functional_call(net, {"bias": "text"}, x)
    with pytest.raises(ag.DTypeError, match="state must be a dict.*got list"):
        nn.functional_call(net, [1.0], x)
    with pytest.raises(ag.DTypeError, match="module must be a Module, got function"):
        nn.functional_call(lambda x: x, {}, x)


def test_statistics_given_are_the_ones_that_are_updated():
    norm, x = nn.BatchNorm1d(2), ag.randn(5, 2)
    running = {"running_mean": ag.zeros(2), "num_batches_tracked": ag.tensor(7)}
    nn.functional_call(norm, running, x)
    assert running["running_mean"].data.any() and running["num_batches_tracked"].item() == 8
    assert not norm.running_mean.data.any() and norm.num_batches_tracked.item() == 0


def test_an_interrupt_at_any_moment_leaves_the_module_as_it_was():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    before = dict(net.named_parameters())
    state = {name: ag.zeros(*p.shape) for name, p in before.items()}

    class Stops(nn.Module):
        def forward(self, x):
            raise KeyboardInterrupt

    net.append(Stops())
    with pytest.raises(KeyboardInterrupt):
        nn.functional_call(net, state, ag.ones(1, 2))
    for name, p in net.named_parameters():
        assert p is before[name]
