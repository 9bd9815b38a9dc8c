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
