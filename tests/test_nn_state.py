"""state_dict and load_state_dict: ties, every problem at once, nothing half-changed."""

import copy

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd.errors import CheckpointError, DTypeError, InPlaceError
from tests.interrupting import interrupted_everywhere


class Tied(nn.Module):
    """A table whose weight is also the output layer's."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(6, 3)
        self.norm = nn.BatchNorm1d(3)
        self.out = nn.Linear(3, 6, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        return self.out(self.norm(self.embed(x)))


def snapshot(module):
    return {name: value.data.copy() for name, value in module.state_dict().items()}


def assert_unchanged(module, before):
    after = module.state_dict()
    assert list(after) == list(before)
    for name, array in before.items():
        np.testing.assert_array_equal(after[name].data, array)


def test_state_dict_shares_memory_and_needs_no_gradient():
    net = nn.Linear(2, 2)
    state = net.state_dict()
    assert state["weight"].data is net.weight.data and not state["weight"].requires_grad
    assert type(state["weight"]) is ag.Tensor


def test_tied_parameter_is_one_object_under_each_name():
    net = Tied()
    state = net.state_dict()
    assert list(state) == [
        "embed.weight", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var",
        "norm.num_batches_tracked", "out.weight",
    ]  # fmt: skip
    assert state["embed.weight"] is state["out.weight"]
    assert sum(p is net.embed.weight for p in net.parameters()) == 1


def test_round_trip_keeps_identity():
    net, other = Tied(), Tied()
    weight = other.embed.weight
    assert other.load_state_dict(net.state_dict()) == ([], [])
    assert other.embed.weight is weight is other.out.weight
    assert_unchanged(other, snapshot(net))
    x = np.array([0, 1, 5])
    np.testing.assert_array_equal(other.eval()(x).data, net.eval()(x).data)


def test_loading_a_state_into_its_own_module_and_swapped():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    a, b = (layer.weight.data.copy() for layer in net)
    net.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(net[0].weight.data, a)
    state = net.state_dict()
    net.load_state_dict({"0.weight": state["1.weight"], "1.weight": state["0.weight"]})
    np.testing.assert_array_equal(net[0].weight.data, b)
    np.testing.assert_array_equal(net[1].weight.data, a)


def test_every_problem_is_listed_and_nothing_changed():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    before = snapshot(net)
    state = {name: np.ones_like(array) for name, array in before.items()}
    del state["0.bias"]
    state["head.weight"] = np.zeros(3)
    state["2.weight"] = np.zeros((2, 5), np.float32)
    state["1.weight"] = np.zeros(4, np.complex64)
    state["1.num_batches_tracked"] = np.float32(1.5)
    state["2.bias"] = np.zeros(2, np.float64)
    state["1.bias"] = "text"
    with pytest.raises(CheckpointError) as caught:
        net.load_state_dict(state)
    message = str(caught.value)
    assert "load_state_dict: Sequential" in message and "nothing was changed" in message
    for problem in [
        "8 problems",
        "missing: 0.bias (4,) float32",
        "unexpected: head.weight",
        "2.weight must have shape (2, 4), got (2, 5)",
        "1.weight must have dtype float32, got complex64",
        "1.num_batches_tracked must have dtype int64, got float32",
        "2.bias must have dtype float32, got float64",
        "1.bias must have shape (4,), got ()",
        "1.bias must have dtype float32, got <U4",
    ]:
        assert problem in message
    assert_unchanged(net, before)


def test_text_and_ragged_values_are_problems_too():
    net = nn.Linear(1, 1)
    before = snapshot(net)
    with pytest.raises(CheckpointError, match="2 problems") as caught:
        net.load_state_dict({"weight": [[1.0], [2.0, 3.0]], "bias": np.array(["x"])})
    assert "weight must be a Tensor or array, got list" in str(caught.value)
    assert_unchanged(net, before)
    with pytest.raises(DTypeError, match="state must be a dict of names and arrays, got list"):
        net.load_state_dict([1, 2])


def test_not_strict_leaves_out_names_but_not_shapes():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    before = snapshot(net)
    state = {"0.weight": np.ones((2, 2)), "0.bias": np.ones(2), "extra": np.ones(1)}
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["1.weight", "1.bias"]
    assert result.unexpected_keys == ["extra"]
    assert (net[0].weight.data == 1).all() and net[0].weight.dtype == np.float32
    np.testing.assert_array_equal(net[1].weight.data, before["1.weight"])
    before = snapshot(net)
    with pytest.raises(CheckpointError, match="1 problem, nothing was changed"):
        net.load_state_dict({"0.weight": np.zeros((2, 2)), "0.bias": np.ones(3)}, strict=False)
    assert_unchanged(net, before)


def test_smaller_dtypes_are_taken_larger_ones_are_said():
    net = nn.Linear(2, 1).double()
    net.load_state_dict({"weight": np.ones((1, 2), np.float16), "bias": np.ones(1, np.float32)})
    assert net.weight.dtype == np.float64 and (net.weight.data == 1).all()
    with pytest.raises(CheckpointError, match=r"module.to\('float64'\) first, or strict=False"):
        net.float().load_state_dict({"weight": np.ones((1, 2)), "bias": np.ones(1, np.float32)})


def test_ties_that_the_state_does_not_keep():
    net = Tied()
    state = {name: value.data.copy() for name, value in net.state_dict().items()}
    net.load_state_dict(state)
    before = snapshot(net)
    state["out.weight"] = state["out.weight"] + 1
    with pytest.raises(CheckpointError, match=r"out.weight: tied to embed.weight here"):
        net.load_state_dict(state)
    assert_unchanged(net, before)
    del state["out.weight"]
    with pytest.raises(CheckpointError, match="missing: out.weight"):
        net.load_state_dict(state)
    assert net.load_state_dict(state, strict=False).missing_keys == ["out.weight"]


def test_read_only_parameter_is_found_before_anything_is_written():
    net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    net[1].bias.data.flags.writeable = False
    before = snapshot(net)
    state = {name: array + 1 for name, array in before.items()}
    with pytest.raises(CheckpointError, match=r"1.bias: the array of this parameter is read-only"):
        net.load_state_dict(state)
    assert_unchanged(net, before)


def test_two_tensors_under_one_name():
    net = nn.Module()
    net.a = {"b.c": nn.Parameter([1.0]), "b": {"c": nn.Parameter([2.0])}}
    with pytest.raises(CheckpointError, match=r"two different tensors have the name 'a.b.c'"):
        net.state_dict()


def test_a_graph_recorded_before_loading_is_stale():
    net = nn.Linear(2, 2)
    loss = (net(ag.ones(1, 2, requires_grad=True)) ** 2).sum()
    net.load_state_dict(copy.deepcopy(net.state_dict()))
    with pytest.raises(InPlaceError):
        loss.backward()


def test_states_of_pytorch_are_taken_as_they_are():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    ours = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    ours.load_state_dict(theirs.state_dict())
    np.testing.assert_array_equal(ours[0].weight.data, theirs[0].weight.detach().numpy())


@pytest.mark.parametrize(
    "make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1)]
)
def test_tied_weights_train_as_one_and_go_on_as_one_after_loading(make, tmp_path):
    ag.manual_seed(0)
    net, numbers, target = Tied(), np.array([0, 3, 5, 1]), np.array([1, 2, 3, 4])
    optimizer = make(net.parameters())

    def step(net, optimizer):
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(net(numbers), target).backward()
        optimizer.step()

    # by hand: the tied gradient is the sum of both uses, and one update is made with it
    loose = copy.deepcopy(net)
    loose.out.weight = nn.Parameter(loose.embed.weight.data.copy())
    nn.CrossEntropyLoss()(loose(numbers), target).backward()
    expected = loose.embed.weight.grad.data + loose.out.weight.grad.data
    nn.CrossEntropyLoss()(net(numbers), target).backward()
    np.testing.assert_allclose(net.embed.weight.grad.data, expected, rtol=1e-5, atol=1e-7)

    for _ in range(3):
        step(net, optimizer)
    assert net.out.weight is net.embed.weight
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 3
    nn.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "run")
    loaded = nn.load(tmp_path / "run")
    other = Tied()
    other_optimizer = make(other.parameters())
    other.load_state_dict(loaded["net"])
    other_optimizer.load_state_dict(loaded["optimizer"])
    for _ in range(3):
        step(net, optimizer)
        step(other, other_optimizer)
    assert other.out.weight is other.embed.weight
    assert_unchanged(other, snapshot(net))


def test_an_interrupted_load_leaves_all_old_or_all_new():
    old, new = nn.models.mlp([3, 4, 2]), nn.models.mlp([3, 4, 2])
    state = {name: np.asarray(value.data) + 1 for name, value in new.state_dict().items()}
    before = {name: value.data.copy() for name, value in old.state_dict().items()}

    def equals(wanted):
        return all(np.array_equal(v.data, wanted[n]) for n, v in old.state_dict().items())

    for _ in interrupted_everywhere(lambda: old.load_state_dict(state)):
        assert equals(before) or equals(state)
        for name, value in before.items():
            old.state_dict()[name].data[...] = value
    assert equals(state)
