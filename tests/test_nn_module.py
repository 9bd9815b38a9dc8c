"""nn.Module: finding state, modes, hooks, conversion, copies, text, containers, error paths."""

import copy
import errno
import gc
import pickle
import weakref

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import (
    ArgumentError,
    DTypeError,
    GlassgradError,
    IndexRangeError,
    ShapeError,
)


def names(pairs):
    return [name for name, _ in pairs]


class Net(nn.Module):
    """Attributes of every kind that may hold state, and some that do not."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(np.ones(1, np.float32))
        self.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.blocks = [nn.Linear(4, 4), {"deep": (nn.Linear(4, 4),)}]
        self.heads = {"a": nn.Linear(4, 2), "b": nn.Linear(4, 2)}
        self.mean = nn.Buffer([0.0, 0.0])
        self.cache = nn.Buffer([1.0], persistent=False)
        self.plain = ag.tensor([1.0], requires_grad=True)
        self.sizes = [1, 2, 3]

    def forward(self, x):
        x = self.blocks[0](self.body(x)) * self.scale
        return self.heads["a"](self.blocks[1]["deep"][0](x)) + self.mean


# -- finding state -----------------------------------------------------------------------------


def test_state_in_attributes_lists_and_dicts_in_order():
    net = Net()
    assert names(net.named_parameters()) == [
        "scale", "body.0.weight", "body.0.bias", "blocks.0.weight", "blocks.0.bias",
        "blocks.1.deep.0.weight", "blocks.1.deep.0.bias", "heads.a.weight", "heads.a.bias",
        "heads.b.weight", "heads.b.bias",
    ]  # fmt: skip
    assert names(net.named_buffers()) == ["mean", "cache"]
    assert names(net.named_modules()) == [
        "", "body", "body.0", "body.1", "blocks.0", "blocks.1.deep.0", "heads.a", "heads.b",
    ]  # fmt: skip
    assert names(net.named_children()) == [
        "body", "blocks.0", "blocks.1.deep.0", "heads.a", "heads.b",
    ]  # fmt: skip
    assert [p.size for p in net.parameters(recurse=False)] == [1]
    assert all(isinstance(p, nn.Parameter) for p in net.parameters())
    assert len(list(net.buffers())) == 2 and len(list(net.children())) == 5
    assert net(np.zeros((5, 3), np.float32)).shape == (5, 2)


def test_prefix_is_put_in_front():
    assert names(nn.Linear(2, 2).named_parameters("net.fc")) == ["net.fc.weight", "net.fc.bias"]
    assert list(nn.Linear(2, 2).state_dict(prefix="fc")) == ["fc.weight", "fc.bias"]


def test_super_init_late_or_never():
    class Late(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(2, 2)
            super().__init__()
            self.out = nn.Linear(2, 1)

        def forward(self, x):
            return self.out(self.fc(x))

    class Never(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(2, 1)

        def forward(self, x):
            return self.fc(x)

    for net, count in ((Late(), 4), (Never(), 2)):
        assert len(list(net.parameters())) == count
        net.register_forward_hook(lambda module, args, out: out * 0)
        assert net(ag.ones(1, 2)).item() == 0
        assert net.eval().training is False


def test_shared_parameter_and_module_come_once():
    class Tied(nn.Module):
        def __init__(self):
            self.embed = nn.Embedding(5, 3)
            self.out = nn.Linear(3, 5, bias=False)
            self.out.weight = self.embed.weight
            self.again = self.out

    net = Tied()
    assert names(net.named_parameters()) == ["embed.weight"]
    assert names(net.named_parameters(remove_duplicate=False)) == [
        "embed.weight", "out.weight", "again.weight",
    ]  # fmt: skip
    assert names(net.named_modules()) == ["", "embed", "out"]
    assert names(net.named_modules(remove_duplicate=False)) == ["", "embed", "out", "again"]
    assert list(net.state_dict()) == ["embed.weight", "out.weight", "again.weight"]


def test_module_below_itself_and_list_in_itself():
    parent, child = nn.Module(), nn.Linear(2, 2)
    parent.child, child.parent = child, parent
    parent.row = [child]
    parent.row.append(parent.row)
    assert names(parent.named_modules()) == ["", "child"]
    assert names(parent.named_parameters()) == ["child.weight", "child.bias"]
    assert list(parent.state_dict()) == [
        "child.weight", "child.bias", "row.0.weight", "row.0.bias",
    ]  # fmt: skip
    assert "..." in repr(parent)


def test_deeply_nested_modules_are_walked_without_recursion():
    net = inner = nn.Module()
    for _ in range(3000):
        inner.next = nn.Module()
        inner = inner.next
    inner.weight = nn.Parameter([1.0])
    ((name, _),) = net.named_parameters()
    assert name == "next." * 3000 + "weight"
    assert list(net.state_dict()) == [name]


def test_get_submodule():
    net = Net()
    assert net.get_submodule("blocks.1.deep.0") is net.blocks[1]["deep"][0]
    assert net.get_submodule("") is net
    with pytest.raises(ArgumentError, match=r"no module 'body.7'; it has body, body.0"):
        net.get_submodule("body.7")


# -- assignments -------------------------------------------------------------------------------


def test_a_parameter_is_not_lost_by_assigning_a_tensor():
    layer = nn.Linear(2, 2)
    before = layer.weight
    for value in (layer.weight * 2, np.zeros((2, 2)), ag.zeros(2, 2)):
        with pytest.raises(DTypeError, match=r"Linear.weight is an nn.Parameter.*copy_"):
            layer.weight = value
    assert layer.weight is before
    layer.weight = nn.Parameter(np.zeros((2, 2)))
    layer.bias = None
    assert names(layer.named_parameters()) == ["weight"]


def test_a_buffer_stays_one():
    norm = nn.BatchNorm1d(2)
    norm.running_mean = norm.running_mean * 0.9 + 1
    norm.running_var = np.ones(2, np.float32)
    assert isinstance(norm.running_mean, nn.Buffer) and isinstance(norm.running_var, nn.Buffer)
    assert "running_mean" in norm.state_dict()
    with pytest.raises(DTypeError, match="running_mean is an nn.Buffer"):
        norm.running_mean = norm.weight * 2
    net = Net()
    net.cache = ag.ones(3)
    assert "cache" not in net.state_dict() and net.cache.shape == (3,)


def test_register_and_what_it_refuses():
    net = nn.Module()
    net.register_parameter("w", nn.Parameter([1.0]))
    net.register_parameter("none", None)
    net.register_buffer("mean", [0.0])
    net.register_buffer("cache", ag.zeros(2), persistent=False)
    net.add_module("fc", nn.Linear(1, 1))
    assert list(net.state_dict()) == ["w", "mean", "fc.weight", "fc.bias"]
    assert net.none is None
    with pytest.raises(DTypeError, match=r"must be an nn.Parameter, got Tensor"):
        net.register_parameter("v", ag.zeros(1))
    with pytest.raises(DTypeError, match=r"must be an nn.Module, got function"):
        net.add_module("f", F.relu)
    for name in ("", "a.b", 3):
        with pytest.raises(ArgumentError, match="name must be"):
            net.register_buffer(name, [0.0])
    with pytest.raises(ArgumentError, match="attribute of every module"):
        net.add_module("forward", nn.Identity())


def test_parameter_and_buffer():
    array = np.zeros((2, 2), np.float32)
    p = nn.Parameter(array)
    assert p.data is array and p.requires_grad and p.is_leaf
    assert nn.Parameter([1.0, 2.0]).dtype == np.float32
    assert nn.Parameter(p * 2).is_leaf
    assert type(p * 2) is ag.Tensor
    assert not nn.Parameter(np.arange(3), requires_grad=False).requires_grad
    with pytest.raises(DTypeError, match="float"):
        nn.Parameter(np.arange(3))
    assert not nn.Buffer([1.0]).requires_grad
    assert repr(p).startswith("Parameter containing:\ntensor(")


# -- modes, apply, gradients -------------------------------------------------------------------


def test_train_eval_reach_every_module():
    net = Net()
    assert net.training and net.eval() is net
    assert not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    net.blocks[0].eval()
    assert net.training and not net.blocks[0].training
    with pytest.raises(DTypeError, match="mode"):
        net.train("yes")


def test_apply_goes_from_children_to_parents_in_order():
    seen = []
    net = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU(), nn.Tanh()))
    assert net.apply(seen.append) is net
    assert seen == [net[0], net[1][0], net[1][1], net[1], net]


def test_requires_grad_freezes_and_zero_grad_forgets():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    net[0].requires_grad_(False)
    net(ag.ones(4, 2)).sum().backward()
    assert net[0].weight.grad is None and net[1].weight.grad is not None
    net.zero_grad(set_to_none=False)
    assert (net[1].weight.grad.data == 0).all()
    net.zero_grad()
    assert net[1].weight.grad is None
    assert net.requires_grad_() is net and net[0].weight.requires_grad


# -- hooks -------------------------------------------------------------------------------------


def test_hooks_see_and_replace_and_can_be_removed():
    layer, calls = nn.Linear(2, 2), []
    x = ag.ones(1, 2)
    plain = layer(x).data
    see = layer.register_forward_hook(lambda m, args, out: calls.append((m, args, out)))
    double = layer.register_forward_hook(lambda m, args, out: out * 2)
    out = layer(x)
    np.testing.assert_array_equal(out.data, plain * 2)
    (module, args, seen) = calls[0]
    assert module is layer and args == (x,) and (seen.data == plain).all()
    double.remove()
    double.remove()
    see.remove()
    np.testing.assert_array_equal(layer(x).data, plain)
    assert len(calls) == 1

    with layer.register_forward_pre_hook(lambda m, args: args[0] * 0):
        np.testing.assert_array_equal(layer(x).data[0], layer.bias.data)
    pair = layer.register_forward_pre_hook(lambda m, args: (args[0] * 3,))
    np.testing.assert_allclose(layer(x).data, plain * 3 - 2 * layer.bias.data, rtol=1e-5)
    pair.remove()


def test_hook_that_removes_itself_while_running():
    layer, count = nn.Identity(), []

    def once(module, args, out):
        count.append(1)
        handle.remove()

    handle = layer.register_forward_hook(once)
    layer(1)
    layer(1)
    assert count == [1]


def test_hooks_are_no_state_even_if_they_are_modules():
    layer = nn.Identity()
    layer.register_forward_hook(nn.Bilinear(1, 1, 1))
    assert list(layer.modules()) == [layer]
    with pytest.raises(DTypeError, match="hook must be a function"):
        layer.register_forward_hook(3)


# -- conversion, copies ------------------------------------------------------------------------


def test_to_converts_floats_gradients_and_keeps_identity_and_ties():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))
    net[2].weight = net[0].weight
    weight = net[0].weight
    net(ag.randn(4, 2)).sum().backward()
    gradient = weight.grad.data.copy()
    assert net.double() is net
    assert net[0].weight is weight is net[2].weight
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float64)}
    assert weight.grad.dtype == np.float64
    np.testing.assert_array_equal(weight.grad.data, gradient)
    assert net[1].running_mean.dtype == np.float64
    assert net[1].num_batches_tracked.dtype == np.int64
    assert net.float()[0].weight.dtype == np.float32
    assert net.to("float64")[0].weight.dtype == np.float64
    for wrong in (np.int32, "cpu", "cuda:0"):
        with pytest.raises(DTypeError, match=r"Module.to: dtype must be a float dtype"):
            net.to(wrong)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_are_whole_and_separate(copied):
    net = nn.models.lenet5()
    net.tied = [net.classifier[1].weight]
    x = ag.randn(2, 1, 32, 32)
    net(x).sum().backward()
    other = copied(net.eval())
    np.testing.assert_array_equal(other(x).data, net(x).data)
    assert not other.training and isinstance(other.features[0].weight, nn.Parameter)
    assert other.tied[0] is other.classifier[1].weight
    with ag.no_grad():
        other.features[0].weight.zero_()
    assert (net.features[0].weight.data != 0).any()
    buffers = copied(nn.BatchNorm2d(3))
    assert isinstance(buffers.running_mean, nn.Buffer) and buffers.running_mean.persistent
    assert not copied(Net()).cache.persistent


def test_modules_are_freed_without_the_collector():
    gc.disable()
    try:
        net = nn.models.lenet5()
        net(ag.randn(2, 1, 32, 32)).sum().backward()
        gone = weakref.ref(net)
        del net
        assert gone() is None
    finally:
        gc.enable()


# -- text --------------------------------------------------------------------------------------


def test_repr_is_a_tree():
    class Small(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(1, 8, 3, padding=1)
            self.rest = [nn.Flatten(), nn.Linear(128, 10, bias=False)]

    assert repr(Small()) == (
        "Small(\n"
        "  (conv): Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))\n"
        "  (rest.0): Flatten(start_dim=1, end_dim=-1)\n"
        "  (rest.1): Linear(in_features=128, out_features=10, bias=False)\n"
        ")"
    )
    assert repr(nn.Sequential()) == "Sequential()"


# -- errors ------------------------------------------------------------------------------------


def test_errors_carry_the_path_of_the_module_once():
    net = nn.Sequential(
        {"features": nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 9))}
    )
    with pytest.raises(ShapeError, match=r"^features\.0: Conv2d\(in_channels=1"):
        net(ag.zeros(1, 3, 8, 8))
    with pytest.raises(ShapeError, match=r"^features\.2: conv2d: kernel 9x9") as caught:
        net(ag.zeros(1, 1, 8, 8))
    assert str(caught.value).count("features.2: ") == 1


def test_errors_raised_by_functions_inside_forward_carry_the_path():
    class Loss(nn.Module):
        def forward(self, x):
            return F.mse_loss(x, ag.zeros(4))

    class Outer(nn.Module):
        def __init__(self):
            self.inner = Loss()

        def forward(self, x):
            return self.inner(x)

    with pytest.raises(ShapeError, match=r"^inner: mse_loss"):
        Outer()(ag.zeros(4, 1))
    with pytest.raises(ShapeError, match=r"^Loss: mse_loss"):
        Loss()(ag.zeros(4, 1))


def test_a_module_that_is_called_wrongly_is_named_once_and_itself():
    class Net(nn.Module):
        def __init__(self):
            self.body = nn.Sequential({"act": nn.ReLU()})

        def forward(self, x):
            return self.body(x, 2)

    with pytest.raises(DTypeError, match=r"^body: forward: too many positional") as caught:
        Net()(ag.zeros(1))
    assert caught.value.__notes__[0].startswith("Sequential was called at")


def test_an_error_that_is_caught_inside_forward_has_its_path_and_keeps_it():
    class Net(nn.Module):
        def __init__(self):
            self.inner = nn.Sequential({"pick": Pick()})

        def forward(self, x):
            try:
                return self.inner(x)
            except GlassgradError as error:
                caught.append(str(error))
                raise

    class Pick(nn.Module):
        def forward(self, x):
            return x[7]

    caught = []
    with pytest.raises(IndexRangeError) as raised:
        Net()(ag.zeros(2))
    assert caught == [str(raised.value)]
    assert caught[0].startswith("inner.pick: getitem(")


def test_the_error_of_a_file_keeps_its_number(tmp_path):
    class Writer(nn.Module):
        def forward(self, x):
            nn.save(x, tmp_path)

    with pytest.raises(OSError, match="there is a directory") as caught:
        Writer()(ag.zeros(2))
    assert caught.value.errno == caught.value.args[0] == errno.EISDIR


def test_the_scope_is_left_after_an_error():
    with pytest.raises(ShapeError):
        nn.Linear(3, 2)(ag.zeros(1, 4))
    with pytest.raises(GlassgradError, match=r"^matmul"):
        ag.matmul(ag.zeros(2, 3), ag.zeros(2, 3))


def test_linear_says_the_width_that_fits():
    with pytest.raises(
        ShapeError,
        match=r"Linear\(in_features=128, \.\.\.\) got 784 columns.*use nn.Linear\(784, \.\.\.\)",
    ):
        nn.Linear(128, 10)(np.zeros((32, 784), np.float32))
    with pytest.raises(ShapeError, match=r"linear: input of shape \(\) does not fit"):
        nn.Linear(128, 10)(ag.tensor(1.0))


def test_no_forward():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no forward") as caught:
        Empty()(1)
    assert isinstance(caught.value, GlassgradError)


# -- containers --------------------------------------------------------------------------------


def test_sequential_is_a_list():
    a, b, c, d = nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1), nn.Tanh()
    net = nn.Sequential(a, b)
    assert net.append(c) is net and len(net) == 3 and list(net) == [a, b, c]
    net.insert(1, d)
    assert list(net) == [a, d, b, c] and names(net.named_children()) == ["0", "1", "2", "3"]
    assert net[1] is d and net[-1] is c
    front = net[:2]
    assert type(front) is nn.Sequential and list(front) == [a, d]
    assert names(net[2:].named_children()) == ["0", "1"]
    del net[1]
    assert list(net) == [a, b, c] and names(net.named_children()) == ["0", "1", "2"]
    del net[1:]
    assert list(net) == [a]
    net[0] = c
    assert list(net) == [c] and list(net.extend([a, b])) == [c, a, b]


def test_sequential_with_names():
    net = nn.Sequential({"conv": nn.Conv2d(1, 1, 1), "act": nn.ReLU()})
    assert net.conv is net[0] and list(net.state_dict()) == ["conv.weight", "conv.bias"]
    net.append(nn.Tanh())
    assert names(net.named_children()) == ["conv", "act", "2"]
    assert names(net[1:].named_children()) == ["act", "1"]


def test_sequential_subclass_with_more_attributes():
    class Net(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(2, 2), nn.ReLU())
            self.note = "text"

    assert len(Net()) == 2 and Net()(ag.zeros(1, 2)).shape == (1, 2)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (F.relu, r"item 1 must be an nn.Module, got relu; give a module"),
        (nn.ReLU, r"got ReLU; give an instance, nn.ReLU\(\.\.\.\)"),
        (None, "got NoneType"),
    ],
)
def test_sequential_takes_modules_only(item, message):
    with pytest.raises(DTypeError, match=message):
        nn.Sequential(nn.Identity(), item)


def test_positions_that_do_not_exist():
    net = nn.ModuleList([nn.Identity()])
    for index in (1, -2):
        with pytest.raises(IndexRangeError, match="ModuleList of 1 modules has no position"):
            net[index]
    with pytest.raises(DTypeError, match="position"):
        net["a"]
    with pytest.raises(DTypeError, match="must be an nn.Module"):
        net[0] = 3


def test_module_list_and_dict():
    rows = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    assert list(rows.state_dict())[:2] == ["0.weight", "0.bias"] and len(rows) == 3
    with pytest.raises(NotImplementedError):
        rows(1)
    table = nn.ModuleDict({"a": nn.Linear(1, 1)})
    table["b"] = nn.ReLU()
    table.update([("c", nn.Tanh())])
    assert table.keys() == list(table) == ["a", "b", "c"] and "b" in table and len(table) == 3
    assert table.values()[1] is table["b"] and table.items()[2][0] == "c"
    assert isinstance(table.pop("b"), nn.ReLU) and "b" not in table
    del table["c"]
    assert list(table.state_dict()) == ["a.weight", "a.bias"]
    with pytest.raises(ArgumentError, match=r"no module 'z'; it has \['a'\]"):
        table["z"]
    with pytest.raises(ArgumentError, match="attribute of every module"):
        table["keys"] = nn.ReLU()
    with pytest.raises(DTypeError, match="'f' must be an nn.Module"):
        table["f"] = F.relu
