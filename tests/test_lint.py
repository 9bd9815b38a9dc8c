"""What `lint` finds, and what it leaves alone."""

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd.errors import DTypeError, GraphError
from nn import functional as F

X = np.random.default_rng(0).standard_normal((16, 4)).astype("f4")
Y = np.arange(16) % 3


def kinds(findings):
    return [finding.kind for finding in findings]


def net():
    ag.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))


def test_a_sound_step_has_no_findings():
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        loss = F.cross_entropy(model(ag.tensor(X)), Y)
        optimizer.zero_grad()
        assert ag.lint(loss, model) == []
        loss.backward()
        optimizer.step()
    assert str(ag.lint(F.mse_loss(net()(ag.tensor(X)), np.zeros((16, 3), "f4")))) == "nothing found"


def test_a_parameter_that_the_loss_does_not_depend_on():
    class WithMore(nn.Module):
        def __init__(self):
            self.net, self.unused = net(), nn.Linear(2, 2)
            self.frozen = nn.Parameter(np.zeros(2, "f4"), requires_grad=False)

        def forward(self, x):
            return self.net(x)

    model = WithMore()
    found = ag.lint(F.cross_entropy(model(ag.tensor(X)), Y), model)
    assert [f.subject for f in found] == ["unused.weight", "unused.bias"]
    assert kinds(found) == ["no path"] * 2
    assert "unused.weight (2, 2)" in str(found)


def test_zero_grad_that_was_forgotten():
    model = net()
    F.cross_entropy(model(ag.tensor(X)), Y).backward()
    found = ag.lint(F.cross_entropy(model(ag.tensor(X)), Y), model)
    assert kinds(found) == ["old gradient"]
    assert "0.weight, 0.bias, 2.weight and 1 more" in found[0].message
    assert "zero_grad" in found[0].advice


@pytest.mark.parametrize("softmax", [F.softmax, F.log_softmax])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_softmax_before_cross_entropy(softmax, smoothing):
    model = net()
    p = softmax(model(ag.tensor(X)), axis=1)
    found = ag.lint(F.cross_entropy(p, Y, label_smoothing=smoothing), model)
    assert kinds(found) == ["softmax twice"]
    assert "test_lint.py:" in found[0].message


def test_sigmoid_before_a_loss_of_logits():
    w = ag.tensor(X, requires_grad=True)
    found = ag.lint(F.binary_cross_entropy_with_logits(ag.sigmoid(w), np.ones_like(X)))
    assert kinds(found) == ["softmax twice"]


def test_dead_units_of_a_relu():
    layer = nn.Linear(4, 5)
    with ag.no_grad():
        layer.bias[np.array([1, 3])] = -100.0
    h = ag.relu(layer(ag.tensor(X)))
    found = ag.lint((h * h).sum(), layer)
    assert kinds(found) == ["dead units"]
    assert "2 of 5 units of h" in found[0].message


def test_dead_channels_of_a_convolution():
    conv = nn.Conv2d(1, 3, 3)
    with ag.no_grad():
        conv.bias[0] = -100.0
    found = ag.lint(ag.relu(conv(ag.tensor(X.reshape(1, 1, 8, 8)))).sum(), conv)
    assert "1 of 3 units" in str(found)


@pytest.mark.parametrize("function", [ag.tanh, ag.sigmoid])
def test_saturated_units(function):
    w = ag.tensor(X * 100, requires_grad=True)
    found = ag.lint(function(w).sum())
    assert kinds(found) == ["saturated"]
    assert function.__name__ in found[0].message


@pytest.mark.parametrize("cut", [ag.sign, ag.round, ag.floor, lambda x: ag.heaviside(x, 0.0)])
def test_ops_that_cut_the_graph(cut):
    w = ag.tensor(X, requires_grad=True)
    assert kinds(ag.lint(cut(w).sum())) == ["cut"]


def test_a_detached_result():
    model = net()
    h = model(ag.tensor(X))
    w = ag.ones(3, requires_grad=True)
    found = ag.lint((h.detach() * w).sum(), [w])
    assert kinds(found) == ["cut"]
    assert "detach()" in found[0].message


def test_it_changes_nothing():
    w = ag.tensor(X, requires_grad=True)
    loss = (w * w).sum()
    ag.lint(loss, [w])
    loss.backward()
    np.testing.assert_array_equal(w.grad.data, 2 * X)


def test_a_notebook_sees_a_list():
    w = ag.tensor(X, requires_grad=True, name="<script>")
    w.grad = np.zeros_like(X)
    shown = ag.lint((w * w).sum(), [w])._repr_html_()
    assert shown.startswith("<ul><li>")
    assert "<script>" not in shown
    assert "nothing found" in ag.lint((w * w).sum())._repr_html_() or "old" in shown


def test_bad_input():
    w = ag.tensor(X, requires_grad=True)
    with pytest.raises(DTypeError, match="lint: loss must be a Tensor, got float"):
        ag.lint(1.0)
    with pytest.raises(DTypeError, match="module or a list of parameters, got int"):
        ag.lint((w * w).sum(), 3)
    with pytest.raises(GraphError, match="requires no gradient"):
        ag.lint((w.detach() * 2).sum())


def test_values_that_are_not_finite_are_told_once_where_they_were_born():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    found = ag.lint(F.cross_entropy(model(ag.tensor(X * np.float32("nan"))), Y), model)
    assert kinds(found) == ["not finite"]  # and no unit is called dead
    assert "input" in str(found) and "64 NaN" in str(found)
    x = ag.tensor(np.array([1.0, -2.0, 3.0]), requires_grad=True, name="x")
    with ag.watch(), np.errstate(all="ignore"):
        root = ag.sqrt(x * 2.0)
        loss = (root * 3.0).mean()
    (finding,) = ag.lint(loss)
    assert finding.subject == "root"
    assert "of operands that are" in finding.message and "1 NaN" in finding.message


def test_a_parameter_that_is_not_finite_is_named():
    model = net()
    model[0].weight.data[0, 0] = np.inf
    with np.errstate(all="ignore"):
        found = ag.lint(F.cross_entropy(model(ag.tensor(X)), Y), model)
    assert ("not finite", "0.weight") in [(f.kind, f.subject) for f in found]


def test_units_are_dead_only_where_every_value_is_zero():
    values = np.array([[np.nan, -1.0, 1.0]] * 8)
    x = ag.tensor(values, requires_grad=True)
    (dead,) = [f for f in ag.lint(ag.relu(x).sum()) if f.kind == "dead units"]
    assert dead.message.startswith("1 of 3")
