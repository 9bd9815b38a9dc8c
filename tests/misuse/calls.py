"""Things of the wrong kind: texts, None, classes, functions, containers, numbers out of place."""

import numpy as np

import autograd as ag
import nn
import nn.functional as F
import optim
from autograd.errors import (
    ArgumentError,
    AxisError,
    CheckpointError,
    DTypeError,
    GlassgradError,
    GraphError,
    IndexRangeError,
    ShapeError,
)
from tests.misuse.world import Row


def spent(w):
    parameters = w.net.parameters()
    list(parameters)
    optim.SGD(parameters, lr=0.1)


def replayed_twice(w):
    loss = (w.d * w.net(w.d).sum()).sum().detach()
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    loss.backward()


class Forgetful(nn.Module):
    """Its constructor does not call `super().__init__()`, and its forward takes two."""

    def __init__(self):
        self.layer = nn.ReLU()

    def forward(self, x, scale):
        return self.layer(x) * scale


ROWS = [
    # -- of functions and ops
    Row("a text for a sum's axis", lambda w: w.x.sum(axis="1"), DTypeError, r"\) with axis='1'"),
    Row("a float for a mean's axis", lambda w: w.x.mean(axis=1.0), DTypeError, r"axis=1\.0"),
    Row("an axis there is not", lambda w: w.x.sum(axis=5), AxisError, r"sum\(.*\) with axis=5"),
    Row("an axis twice", lambda w: w.x.sum(axis=(0, 0)), ShapeError, r"axis=\(0, 0\).*repeat"),
    Row("a text for keepdims", lambda w: w.x.sum(axis=1, keepdims="no"), DTypeError, "keepdims"),
    Row("a text for keepdims of max", lambda w: w.x.max(axis=1, keepdims="no"), DTypeError, "'no'"),
    Row("None for an operand", lambda w: ag.exp(None), DTypeError, "exp: operand 'x'.*NoneType"),
    Row("None beside an operand", lambda w: w.x + None, DTypeError, "add: operand 'b'.*NoneType"),
    Row("the sum of None", lambda w: ag.sum(None), DTypeError, "sum: operand 'x'.*NoneType"),
    Row("None for an image", lambda w: F.conv2d(None, w.d), DTypeError, "conv2d: operand 'x'"),
    Row("a dict for an operand", lambda w: ag.exp({"x": 1.0}), DTypeError, "operand 'x'.*dict"),
    Row("a set for an operand", lambda w: ag.exp({1.0}), DTypeError, "operand 'x'.*set"),
    Row("a set of arrays", lambda w: ag.concatenate({w.x}), DTypeError, "concatenate: .*set"),
    Row("two Tensors to stack", lambda w: ag.stack(w.d, w.d), DTypeError, "stack: axis"),
    Row("a generator to stack", lambda w: ag.stack(r for r in w.d), DTypeError, "stack: .*gener"),
    Row("None for a dtype", lambda w: w.x.astype(None), DTypeError, "astype: dtype.*None"),
    Row("a text beside a Tensor", lambda w: "1" + w.x, DTypeError, "add: operand 'a'.*str"),
    Row("a number in a matrix product", lambda w: w.x @ 2.0, ShapeError, r"\* to multiply"),
    Row("a power that is a text", lambda w: w.x ** "2", DTypeError, "power: operand 'b'.*str"),
    Row("where of one", lambda w: ag.where(w.d > 1), DTypeError, "where: operand 'a' is missing"),
    Row("clip to nothing", lambda w: ag.clip(w.x), ArgumentError, "a_min or a_max must be given"),
    Row("the condition of many elements", lambda w: bool(w.x), ArgumentError, "bool: .*any"),
    Row("the only element of many", lambda w: w.x.item(), ArgumentError, r"item: .*\(2, 3\)"),
    Row("the length of a number", lambda w: len(ag.tensor(1.0)), DTypeError, "len: "),
    Row("a loop over a Tensor without axes", lambda w: list(ag.tensor(1.0)), DTypeError, "iter: "),
    Row("an element of a number", lambda w: ag.tensor(1.0)[0], GlassgradError, "getitem"),
    Row("a name for an index", lambda w: w.x["a"], GlassgradError, "getitem"),
    Row("sizes beyond the elements", lambda w: w.x.reshape(4, 2), ShapeError, "reshape: .*8.*6"),
    Row("an axis far out", lambda w: w.x.unsqueeze(5), AxisError, r"expand_dims\(.*axis=5"),
    Row("tiles in PyTorch's word", lambda w: w.x.repeat(2, 2), AxisError, "repeat: axis 2"),
    Row("a text for training", lambda w: F.dropout(w.d, 0.5, "no"), DTypeError, "training.*'no'"),
    Row(
        "a text for training of batch norm",
        lambda w: F.batch_norm(w.d, None, None, training="yes"),
        DTypeError,
        "batch_norm: training must be .*, got 'yes'",
    ),
    Row(
        "a text for log_target",
        lambda w: F.kl_div(w.d, w.d, log_target="no"),
        DTypeError,
        "kl_div: log_target must be .*, got 'no'",
    ),
    Row("a text for ceil_mode", lambda w: F.max_pool2d(w.images, 2, ceil_mode="no"), DTypeError,
        "max_pool2d: ceil_mode must be .*, got 'no'"),
    Row("a text for descending", lambda w: ag.sort(w.x, descending="no"), DTypeError,
        "sort: descending must be .*, got 'no'"),
    Row("a text for create_graph", lambda w: ag.grad(w.x.sum(), [w.x], create_graph="no"),
        DTypeError, "grad: create_graph must be .*, got 'no'"),
    Row("a percentage for a probability", lambda w: F.dropout(w.d, 50), ArgumentError,
        "dropout: p .*50"),
    Row("one_hot of a negative label", lambda w: F.one_hot([-1, 1]), IndexRangeError,
        "one_hot: labels must be at least 0, got -1"),
    # -- of the graph
    Row("a graph replayed twice", replayed_twice, GraphError, "retain_graph=True"),
    Row("outputs and inputs swapped", lambda w: ag.grad([w.x], w.x.sum()), GlassgradError, "grad"),
    Row("the gradient of a number", lambda w: ag.grad(3.0), GlassgradError, "grad: "),
    Row("a text for a gradient", lambda w: w.x.sum().backward("x"), DTypeError, "backward: .*str"),
    Row("no_grad(True)", lambda w: ag.no_grad(True), DTypeError, r"no_grad: .*set_grad_enabled"),
    Row("a text for a mode", lambda w: ag.set_grad_enabled("off"), DTypeError, "mode .*'off'"),
    Row("a Tensor to checkpoint", lambda w: ag.checkpoint(w.d, w.net), DTypeError,
        "checkpoint: its argument must be a function, got a Tensor"),
    Row("a number for an op", lambda w: ag.op(3), DTypeError, "op: .*int"),
    Row("a function to profile", lambda w: ag.profile(w.net), DTypeError, "profile: too many"),
    Row("a network to draw", lambda w: ag.draw(w.net), DTypeError, "outputs must be .*Sequential"),
    Row("nothing to draw", lambda w: ag.draw([]), DTypeError, "draw: outputs must be .*got none"),
    Row("primals without a tuple", lambda w: ag.func.jvp(ag.exp, w.d, w.d), DTypeError,
        "jvp: primals must be a tuple"),
    Row("the array before the function", lambda w: ag.func.vjp(w.d, ag.exp), DTypeError,
        "vjp: its argument must be a function"),
    # -- of networks
    Row("a class for a layer", lambda w: nn.Flatten(w.images), DTypeError, "Flatten: start_dim"),
    Row("the input for an option", lambda w: nn.ReLU(w.x), DTypeError, "ReLU: inplace"),
    Row("input and target for a loss's options", lambda w: nn.MSELoss(w.d, w.d), DTypeError,
        "MSELoss: too many positional"),
    Row("a dict for an input", lambda w: w.net({"x": w.d}), DTypeError, "0: linear: .*dict"),
    Row("None for an input", lambda w: w.net(None), DTypeError, "0: linear: .*NoneType"),
    Row("an argument too few", lambda w: Forgetful()(w.d), DTypeError,
        "forward: missing a required argument: 'scale'"),
    Row("images for rows", lambda w: nn.Linear(192, 2)(w.images), ShapeError,
        r"each example has 192 elements: put nn\.Flatten\(\)"),
    Row("a list called", lambda w: nn.ModuleList([nn.ReLU()])(w.d), GlassgradError,
        "ModuleList has no forward"),
    Row("None in a Sequential", lambda w: nn.Sequential(None), DTypeError, "item 0 .*NoneType"),
    Row("a text for train", lambda w: w.net.train("no"), DTypeError, "train: mode .*'no'"),
    Row("integers for a network", lambda w: w.net.to(int), DTypeError, "must be a float dtype"),
    Row("an array for a parameter's place", lambda w: setattr(w.net[0], "weight", np.ones((4, 3))),
        DTypeError, "Linear.weight is an nn.Parameter"),
    Row("a text for a kernel", lambda w: nn.Conv2d(3, 4, "3"), DTypeError, "kernel_size .*'3'"),
    Row("three numbers for a kernel", lambda w: nn.Conv2d(3, 4, (3, 3, 3)), ArgumentError,
        r"Conv2d: kernel_size .*\(3, 3, 3\)"),
    Row("a network without its shape", lambda w: nn.summary(w.net), DTypeError,
        "summary: missing .*'input_shape'"),
    Row("a number to count", lambda w: nn.count_parameters(3), DTypeError,
        "count_parameters: model .*int"),
    # -- of training
    Row("parameters that were used up", spent, ArgumentError, "only once"),
    Row("a method for parameters", lambda w: optim.SGD(w.net.parameters, lr=0.1), DTypeError,
        r"call it: net\.parameters\(\)"),
    Row("names and parameters in a dict", lambda w: optim.SGD(dict(w.net.named_parameters())),
        DTypeError, "SGD: params must be .*, got dict"),
    Row("a class for an optimiser", lambda w: optim.lr_scheduler.StepLR(optim.SGD, 3), DTypeError,
        "StepLR: optimizer must be .*, got type"),
    Row("scheduler's arguments swapped", lambda w: optim.lr_scheduler.StepLR(3, w.opt), DTypeError,
        "StepLR: (optimizer must be .*, got int|step_size must be .*, got SGD)"),
    Row("a number for milestones", lambda w: optim.lr_scheduler.MultiStepLR(w.opt, 30), DTypeError,
        r"milestones must be .*, got 30"),
    Row("a text among milestones", lambda w: optim.lr_scheduler.MultiStepLR(w.opt, ["30"]),
        DTypeError, "milestones must be"),
    Row("an epoch for a scheduler's step",
        lambda w: optim.lr_scheduler.StepLR(optim.SGD([w.x], lr=0.1), 3).step(5),
        DTypeError, "step: too many positional"),
    Row("a float for a setting's place", lambda w: optim.Adam(w.net.parameters(), betas=0.9),
        DTypeError, r"Adam: betas must be .*, got 0\.9"),
    Row("an optimiser's state for a network's", lambda w: w.net.load_state_dict(w.opt.state_dict()),
        CheckpointError, "load_state_dict"),
    Row("a network's state for an optimiser's", lambda w: w.opt.load_state_dict(w.net.state_dict()),
        CheckpointError, "SGD.load_state_dict: missing 'steps'"),
    Row("a path for a state", lambda w: w.net.load_state_dict(str(w.file)), DTypeError,
        "load_state_dict: state must be a dict .*str"),
    Row("None for a path", lambda w: nn.save(w.net, None), DTypeError, "save: path .*NoneType"),
    Row("a function to save", lambda w: nn.save({"f": abs}, w.folder / "f"), DTypeError,
        "save: f is of type builtin_function"),
    Row("rows of other lengths", lambda w: nn.data.train_test_split(np.ones(4), np.zeros(3, int)),
        ShapeError, "train_test_split: x .*y"),
    Row("a share beyond one",
        lambda w: nn.data.train_test_split(np.ones(4), np.array([0, 0, 1, 1]), 1.5),
        ArgumentError, "train_test_split: test_fraction"),
]  # fmt: skip
