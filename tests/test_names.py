"""Public names, keywords of both worlds, and what is said of those that nobody has."""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import math
import pickle
import re

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
import optim
from autograd.errors import UnknownNameError
from autograd.support import spellings
from tests import stubs
from tests.documents.spellings import code_of

X = np.ones((2, 3), np.float32)


# -- what is public ----------------------------------------------------------------------------


@pytest.mark.parametrize("module", [ag, nn, optim, ag.func, F])
def test_all_that_is_public_is_there_once(module):
    assert len(module.__all__) == len(set(module.__all__))
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_what_users_want_is_public_and_helpers_are_not():
    wanted = {
        *("draw", "watch", "backward_steps", "replay", "explain", "detect_anomaly", "lint"),
        *("profile", "to_numpy", "check_grads", "check_contract", "checkpoint", "curvature"),
    }
    assert wanted <= set(ag.__all__)
    assert not ag.ops.HELPERS & {*ag.__all__, *dir(ag), *ag.ops.__all__}
    for name in ag.ops.HELPERS:
        assert getattr(ag.ops, name) is not None
        assert not hasattr(ag, name)
    assert all(n in ag.__all__ or n.startswith("__") for n in dir(ag))


# -- PyTorch's keywords ------------------------------------------------------------------------

IMAGES, SIGNAL, KERNEL = np.ones((1, 1, 4, 4)), np.ones((1, 1, 4)), np.ones((1, 1, 3, 3))
BY_INPUT = {
    "adaptive_avg_pool1d": (SIGNAL, {"output_size": 2}),
    "adaptive_avg_pool2d": (IMAGES, {"output_size": 2}),
    "adaptive_max_pool1d": (SIGNAL, {"output_size": 2}),
    "adaptive_max_pool2d": (IMAGES, {"output_size": 2}),
    "avg_pool1d": (SIGNAL, {"kernel_size": 2}),
    "avg_pool2d": (IMAGES, {"kernel_size": 2}),
    "batch_norm": (IMAGES, {"running_mean": None, "running_var": None, "training": True}),
    "conv1d": (SIGNAL, {"weight": np.ones((1, 1, 3))}),
    "conv2d": (IMAGES, {"weight": KERNEL}),
    "conv_transpose1d": (SIGNAL, {"weight": np.ones((1, 1, 3))}),
    "conv_transpose2d": (IMAGES, {"weight": KERNEL}),
    "embedding": (np.array([0, 1]), {"weight": X}),
    "fold": (np.ones((1, 4, 4)), {"output_size": 4, "kernel_size": 2, "stride": 2}),
    "group_norm": (IMAGES, {"num_groups": 1}),
    "layer_norm": (X, {"normalized_shape": (3,)}),
    "log_softmax": (X, {"dim": 1}),
    "max_pool1d": (SIGNAL, {"kernel_size": 2}),
    "max_pool2d": (IMAGES, {"kernel_size": 2}),
    "softmax": (X, {"dim": 1}),
    "softmin": (X, {"dim": 1}),
    "unfold": (IMAGES, {"kernel_size": 2}),
    "one_hot": (np.array([0, 1]), {}),
    "pad": (X, {"pad": (1, 1)}),
    "local_conv2d": None,
    "bilinear": None,
    "cosine_similarity": None,
    "linear": (X, {"weight": X}),
    "binary_cross_entropy": (X, {"target": X}),
    "binary_cross_entropy_with_logits": (X, {"target": X}),
    "cross_entropy": (X, {"target": np.array([0, 1])}),
    "nll_loss": (X, {"target": np.array([0, 1])}),
    "multi_margin_loss": (X, {"target": np.array([0, 1])}),
    "huber_loss": (X, {"target": X}),
    "kl_div": (X, {"target": X, "reduction": "sum"}),
    "l1_loss": (X, {"target": X}),
    "mse_loss": (X, {"target": X}),
    "smooth_l1_loss": (X, {"target": X}),
    "absmax_pool2d": (IMAGES, {"kernel_size": 2}),
    "global_avg_pool2d": (IMAGES, {}),
    "instance_norm": (IMAGES, {}),
    "subsample2d": (IMAGES, {"stride": 2}),
    "dropout2d": (IMAGES, {}),
}


@pytest.mark.parametrize("name", [n for n in F.__all__ if BY_INPUT.get(n, ()) is not None])
def test_every_function_takes_its_first_argument_as_input(name):
    value, options = BY_INPUT.get(name, (X, {}))
    function = getattr(F, name)
    first = next(iter(inspect.signature(function).parameters))
    word = "tensor" if name == "one_hot" else "input"
    for given in (ag.tensor(value), value):
        ag.manual_seed(0)
        expected = function(given, **options)
        for keyword in (word, first):
            ag.manual_seed(0)
            result = function(**{keyword: given}, **options)
            np.testing.assert_array_equal(np.asarray(result), np.asarray(expected))


def test_an_argument_given_twice_is_an_error():
    with pytest.raises(ag.DTypeError, match="softmax"):
        F.softmax(X, input=X)
    with pytest.raises(ag.DTypeError, match="cross_entropy"):
        F.cross_entropy(X, input=X, target=[0, 1])


# -- names that nobody has ---------------------------------------------------------------------

UNKNOWN = [
    (lambda x: x.cpu(), "Tensor has no attribute 'cpu'.*on the CPU"),
    (lambda x: x.cuda(), "no GPU"),
    (lambda x: x.contiguous(), "leave it out"),
    (lambda x: x.chunk(2), r"ag\.array_split"),
    (lambda x: x.split(1), r"ag\.split\(x"),
    (lambda x: x.unbind(0), r"ag\.unstack"),
    (lambda x: x.gather(1, [[0]]), r"ag\.take_along_axis"),
    (lambda x: x.topk(1), r"ag\.topk\(x"),
    (lambda x: x.masked_fill(x > 0, 0.0), r"ag\.where"),
    (lambda x: x.long(), r"x\.astype\(np\.int64\)"),
    (lambda x: x.isnan(), r"np\.isnan"),
    (lambda x: x.t(), r"x\.T"),
    (lambda x: ag.cat([x, x]), r"'autograd' has no attribute 'cat'; write ag\.concatenate"),
    (lambda x: ag.bmm(x, x), "a @ b"),
    (lambda x: ag.from_numpy(x), r"ag\.Tensor\(array\)"),
    (lambda x: ag.save(x), r"nn\.save"),
    (lambda x: ag.float32, r"np\.float32"),
    (lambda x: ag.concatinate([x]), r"did you mean ag\.concatenate\?"),
    (lambda x: ag.Grad, r"did you mean ag\.grad\?"),
    (lambda x: ag.backward(x), r"loss\.backward"),
    (lambda x: ag.unsqueeze(x, 0), r"write x\.unsqueeze\(\.\.\.\)"),
    (lambda x: ag.shape(x), r"write x\.shape$"),
    (lambda x: ag.values(x), "did you mean|no attribute 'values'$"),
    (lambda x: ag.jit(x), "no compiler"),
    (lambda x: ag.jacrev(x), r"ag\.func\.jacobian"),
    (lambda x: ag.stop_gradient(x), r"x\.detach\(\)"),
    (lambda x: ag.while_loop(x), "Python's own loops"),
    (lambda x: ag.array([1.0]), r"ag\.tensor\(data\)"),
    (lambda x: ag.asarray([1.0]), r"ag\.Tensor\(data\)"),
    (lambda x: ag.svd(x), r"np\.linalg\.svd\(x\.data\)"),
    (lambda x: ag.std_mean(x), r"x\.std\(axis\)"),
    (lambda x: ag.one_hot(x), r"nn\.functional\.one_hot"),
    (lambda x: ag.Module(), r"nn\.Module"),
    (lambda x: ag.nanmean(x), "np.nanmean takes Tensors"),
    (lambda x: ag.maxpool2d(x), r"did you mean ag\.max_pool2d"),
    (lambda x: nn.Dense(2), r"nn\.Linear\(in_features"),
    (lambda x: nn.MSE(), r"did you mean nn\.MSELoss"),
    (lambda x: F.mse(x, x), r"did you mean F\.mse_loss"),
    (lambda x: nn.data.Dataloader, r"did you mean nn\.data\.DataLoader"),
    (lambda x: optim.RMSProp, r"did you mean optim\.RMSprop"),
    (lambda x: optim.clip_grad_norm, r"did you mean optim\.clip_grad_norm_"),
    (lambda x: ag.isnan(x), r"np\.isnan"),
    (lambda x: nn.utils.clip_grad_norm_, r"optim\.clip_grad_norm_"),
    (lambda x: nn.LSTM(2, 2), "no recurrent layers"),
    (lambda x: nn.MultiheadAttention(4, 2), "no attention layer"),
    (lambda x: nn.linear(2, 2), r"did you mean nn\.Linear\?"),
    (lambda x: nn.Conv2D(1, 1, 3), r"did you mean nn\.Conv2d\?"),
    (lambda x: nn.Batchnorm2d(2), r"did you mean nn\.BatchNorm2d\?"),
    (lambda x: nn.data.TensorDataset, "ArrayDataset"),
    (lambda x: F.crossentropy(x, [0, 1]), r"did you mean F\.cross_entropy\?"),
    (lambda x: F.ReLU(x), r"did you mean F\.relu\?"),
    (lambda x: F.scaled_dot_product_attention, r"ag\.softmax"),
    (lambda x: optim.SDG, r"did you mean optim\.SGD\?"),
    (lambda x: optim.RAdam, "a rule of your own"),
    (lambda x: optim.lr_scheduler.ReduceLROnPlateau, "param_groups"),
    (lambda x: optim.lr_scheduler.StepLr, r"StepLR\?"),
    (lambda x: ag.func.jacrev, r"ag\.func\.jacobian"),
    (lambda x: nn.Linear(1, 1).cuda(), "Linear has no attribute 'cuda'; there is no GPU"),
]


@pytest.mark.parametrize(("ask", "message"), UNKNOWN)
def test_unknown_names_are_answered_with_ours(ask, message):
    with pytest.raises(UnknownNameError, match=message) as caught:
        ask(ag.tensor(X))
    assert isinstance(caught.value, AttributeError)


def test_size_is_a_number_that_explains_itself_when_called():
    x = ag.tensor(X)
    assert x.size == 6
    assert isinstance(x.size, int)
    assert type(pickle.loads(pickle.dumps(x.size))) is int
    with pytest.raises(ag.DTypeError, match=r"write x\.shape\[0\]"):
        x.size(0)
    with pytest.raises(ag.DTypeError, match=r"write x\.shape$"):
        x.size()


def test_a_size_is_as_weak_as_a_number():
    size = ag.tensor(X).size
    single = np.ones(3, np.float32)
    for result in (
        single / size,
        size / single,
        np.float32(1) / size,
        np.where(single > 0, single, size),
        np.clip(single, 0, size),
        np.add.reduce(single) / size,
        (ag.tensor(single, requires_grad=True).sum() / size),
    ):
        assert result.dtype == np.float32
    assert type(size + 1) is int
    assert np.zeros(size).shape == (6,)


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:0"])
def test_devices(device):
    x, layer = ag.tensor(X), nn.Linear(2, 2)
    with pytest.raises(ag.DTypeError, match=f"no device to choose, got '{device}'.*leave it out"):
        x.to(device)
    with pytest.raises(ag.DTypeError, match="no device"):
        layer.to(device)
    with pytest.raises(ag.DTypeError, match="CPU"):
        ag.zeros(2, device=device)


def test_probes_go_on_working():
    for thing in (ag.tensor(X), nn.Linear(1, 1), ag, nn, optim, F, ag.func, optim.lr_scheduler):
        for probe in ("__cuda_array_interface__", "_ipython_display_", "nothing_of_the_kind"):
            assert not hasattr(thing, probe)
            assert getattr(thing, probe, 3) == 3
    layer = nn.Linear(2, 2)
    for copied in (copy.deepcopy(layer), copy.copy(layer), pickle.loads(pickle.dumps(layer))):
        assert copied.weight.shape == (2, 2)
    x = ag.tensor(X, requires_grad=True)
    assert copy.deepcopy(x).shape == copy.copy(x).shape == (2, 3)
    with pytest.raises(UnknownNameError) as caught:
        x.cpu()
    assert "on the CPU" in str(pickle.loads(pickle.dumps(caught.value)))


def test_the_hint_is_looked_for_when_it_is_read(monkeypatch):
    def nobody(*args):
        raise AssertionError("a hint was computed though nobody reads it")

    monkeypatch.setattr("autograd.support.unknown_names._name_hint", nobody)
    assert not hasattr(ag.tensor(X), "cpu")
    assert not hasattr(ag, "cat")


def test_names_that_are_missing_are_in_nobodys_way():
    class Net(nn.Module):
        def __init__(self):
            self.type = "residual"

        def cpu(self):
            return self

    net = Net()
    assert net.type == "residual"
    assert net.cpu() is net
    assert "cpu" in dir(net)
    assert not {"cuda", "topk", "cat"} & {*dir(net), *dir(ag.tensor(X))}
    assert "weight" in dir(nn.Linear(1, 1))


def test_hints_are_for_names_that_are_missing():
    places = {
        "Module": nn.Module,
        "Tensor": ag.Tensor,
        "autograd": ag,
        "autograd.func": ag.func,
        "nn": nn,
        "nn.data": nn.data,
        "nn.functional": F,
        "optim": optim,
        "optim.lr_scheduler": optim.lr_scheduler,
    }
    assert set(places) == set(spellings.SPELLINGS)
    for where, table in spellings.SPELLINGS.items():
        place = places[where]
        there = dir(place) if inspect.ismodule(place) else dir(object.__new__(place))
        present = [name for name in table if name in there]
        assert not present, (where, present)


INSTANCES = {"x": ag.Tensor, "loss": ag.Tensor, "tensor": ag.Tensor, "module": nn.Module}
HERE = {"ag": ag, "nn": nn, "np": np, "optim": optim, "F": F, "math": math, **INSTANCES}
TABLES = [*spellings.SPELLINGS.values(), spellings.ELSEWHERE]
HINTS = {hint for table in TABLES for hint in table.values()}


@pytest.mark.parametrize("hint", sorted(HINTS))
def test_what_hints_say_to_write_is_there_and_takes_it(hint):
    for name in re.findall(r"\b(?:ag|nn|np|optim|F)(?:\.[a-zA-Z]\w*)+", hint):
        looked_up(name)
    for call in ast.walk(ast.parse(code_of(hint))):
        name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
        if re.fullmatch(r"\w+(\.\w+)+", name):
            function, owner = looked_up(name), name.partition(".")[0]
            with contextlib.suppress(ValueError):  # one in C, which tells nothing
                given = [...] * (len(call.args) + (owner in INSTANCES))
                inspect.signature(function).bind(*given, **{k.arg: ... for k in call.keywords})


def looked_up(name):
    first, *rest = name.split(".")
    found = HERE[first]
    for part in rest:
        found = getattr(found, part)
    return found


# -- keywords that nobody takes ----------------------------------------------------------------

KEYWORDS = [
    (lambda x: x.sum(aixs=1), "sum: no argument 'aixs'.*did you mean 'axis'"),
    (lambda x: x.var(unbiased=False), "var: no argument 'unbiased'.*correction=0"),
    (lambda x: F.conv2d(x, x, strde=2), "conv2d: no argument 'strde'.*'stride'"),
    (lambda x: F.dropout(x, pp=0.5), "dropout: no argument 'pp'.*takes.*input, p"),
    (lambda x: F.cross_entropy(x, [0, 1], reductoin="sum"), "cross_entropy.*'reduction'"),
    (lambda x: F.mse_loss(x, x, size_average=False), "mse_loss.*write reduction="),
    (lambda x: ag.zeros(2, dtpye=float), "zeros: no argument 'dtpye'.*'dtype'"),
    (lambda x: ag.rand(2, device="cpu"), "rand.*device.*CPU"),
    (lambda x: ag.concatenate([x], axes=0), "concatenate: no argument 'axes'.*'axis'"),
    (lambda x: ag.func.vmap(lambda a: a, in_dims=0), "vmap: no argument 'in_dims'.*in_axes"),
    (lambda x: ag.func.jacobian(lambda a: a, argnum=0), "jacobian: no argument.*'argnums'"),
    (lambda x: nn.Linear(2, 2, bais=False), "Linear: no argument 'bais'.*did you mean 'bias'"),
    (lambda x: nn.Linear(2, 2, device="cuda"), "Linear: no argument 'device'.*CPU"),
    (lambda x: nn.Linear(2), "Linear: missing a required argument: 'out_features'"),
    (lambda x: nn.Linear(2, 2, True, None, 7), "Linear: too many positional arguments"),
    (lambda x: nn.Conv2d(1, 1, kernel=3), "Conv2d: .*kernel_size"),
    (lambda x: nn.ReLU(at_zer=1), "ReLU: no argument 'at_zer'.*'at_zero'"),
    (lambda x: optim.SGD([x], lr=0.1, momentun=0.9), "SGD: no argument 'momentun'.*'momentum'"),
    (lambda x: optim.Adam([x], fused=True), "Adam: no argument 'fused'.*leave it out"),
    (
        lambda x: optim.lr_scheduler.StepLR(optim.SGD([x], 0.1), step=3),
        "StepLR: .*step_size",
    ),
]


@pytest.mark.parametrize(("call", "message"), KEYWORDS)
def test_unknown_keywords_are_answered_with_ours(call, message):
    with pytest.raises(ag.DTypeError, match=message):
        call(ag.tensor(X, requires_grad=True))


def test_a_class_without_arguments_takes_none():
    class Net(nn.Module):
        pass

    Net()
    with pytest.raises(ag.DTypeError, match="Net: too many positional arguments"):
        Net(3)


def test_errors_from_inside_are_left_as_they_are():
    class Net(nn.Module):
        def __init__(self, n):
            len(n)

    with pytest.raises(TypeError, match="has no len"):
        Net(3)


# -- what type checkers and editors see --------------------------------------------------------


def test_a_method_shows_the_arguments_and_the_help_of_its_op():
    x = ag.tensor(X)
    assert list(inspect.signature(x.sum).parameters) == ["axis", "keepdims"]
    assert inspect.getdoc(x.sum) == inspect.getdoc(ag.sum)
    assert inspect.getdoc(x.exp) == inspect.getdoc(ag.exp)


@pytest.mark.parametrize("path", stubs.STUBS, ids=lambda path: path.name)
def test_the_signatures_for_checkers_are_up_to_date(path):
    """If not: `python -m tests.stubs`."""
    written = ast.dump(ast.parse(path.read_text(encoding="utf-8")))
    assert written == ast.dump(ast.parse(stubs.STUBS[path]()))
