"""Convolutions, pooling, losses, norms, modules, state."""

import numpy as np

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import (
    ArgumentError,
    CheckpointError,
    DTypeError,
    GlassgradError,
    GraphError,
    IndexRangeError,
    ShapeError,
    UnknownNameError,
)
from tests.misuse.world import Row


class NoForward(nn.Module):
    pass


def nhwc(w):
    w.conv(ag.ones(2, 8, 8, 3))


def target_of(labels):
    return lambda w: F.cross_entropy(w.net(w.d), labels)


ROWS = [
    Row(
        "images in NHWC",
        nhwc,
        ShapeError,
        r"0 \(Conv2d\).*|Conv2d.*last axis has 3.*transpose\(0, 3, 1, 2\)",
    ),
    Row(
        "no axis of the batch",
        lambda w: nn.BatchNorm2d(3)(w.images[0]),
        ShapeError,
        r"BatchNorm2d.*\(3, 8, 8\)|\(N, C",
    ),
    Row(
        "other channels",
        lambda w: nn.Conv2d(4, 8, 3)(w.images),
        ShapeError,
        r"Conv2d.*got 3 channels.*nn\.Conv2d\(3",
    ),
    Row(
        "images for a linear layer",
        lambda w: nn.Linear(5, 2)(w.d),
        ShapeError,
        r"Linear\(in_features=5, \.\.\.\) got 3.*nn\.Linear\(3",
    ),
    Row(
        "the path in a deep network",
        lambda w: nn.Sequential(nn.Sequential(nn.Linear(5, 2)))(w.d),
        ShapeError,
        r"^0\.0",
    ),
    Row("a list for an input", lambda w: w.net("rows"), GlassgradError, "linear: operand.*str"),
    Row(
        "a kernel larger than the image",
        lambda w: nn.Conv2d(3, 4, 9)(w.images),
        ShapeError,
        "Conv2d|conv2d.*kernel",
    ),
    Row(
        "a pool larger than the image",
        lambda w: F.max_pool2d(w.images, 9),
        ShapeError,
        "max_pool2d.*kernel.*9",
    ),
    Row(
        "a stride of nothing",
        lambda w: F.avg_pool2d(w.images, 2, stride=0),
        ArgumentError,
        "avg_pool2d.*stride",
    ),
    Row(
        "a negative padding",
        lambda w: F.conv2d(w.images, ag.ones(1, 3, 3, 3), padding=-1),
        (ArgumentError, ShapeError),
        "conv2d.*padding",
    ),
    Row(
        "a text for a stride",
        lambda w: F.conv2d(w.images, ag.ones(1, 3, 3, 3), stride="2"),
        (DTypeError, ArgumentError),
        "conv2d.*stride.*'2'",
    ),
    Row(
        "groups that do not divide",
        lambda w: nn.Conv2d(3, 4, 3, groups=2),
        ArgumentError,
        "Conv2d.*groups.*2",
    ),
    Row(
        "a misspelt padding mode",
        lambda w: nn.Conv2d(3, 4, 3, padding_mode="reflekt"),
        ArgumentError,
        "Conv2d.*padding_mode.*'reflekt'",
    ),
    Row(
        "the weight for the input",
        lambda w: F.conv2d(ag.ones(4, 3, 3, 3), w.images),
        ShapeError,
        "conv2d",
    ),
    Row(
        "no channels",
        lambda w: nn.Conv2d(0, 4, 3),
        ArgumentError,
        "Conv2d: in_channels must be .*, got 0",
    ),
    Row(
        "a float for channels",
        lambda w: nn.Conv2d(3.0, 4, 3),
        DTypeError,
        r"Conv2d: in_channels must be .*, got 3\.0",
    ),
    Row(
        "True for a size",
        lambda w: nn.Linear(True, 4),
        DTypeError,
        "Linear: in_features must be .*, got True",
    ),
    Row(
        "a text for a size",
        lambda w: nn.Linear("3", 4),
        DTypeError,
        "Linear: in_features must be .*, got '3'",
    ),
    Row("a missing size", lambda w: nn.Linear(3), DTypeError, "Linear: .*'out_features'"),
    Row(
        "a text for bias",
        lambda w: nn.Linear(3, 4, bias="no"),
        DTypeError,
        "Linear: bias must be .*, got 'no'",
    ),
    Row(
        "a text for bias of a convolution",
        lambda w: nn.Conv2d(3, 4, 3, bias="False"),
        DTypeError,
        "Conv2d: bias must be .*, got 'False'",
    ),
    Row(
        "a misspelt dtype of a layer",
        lambda w: nn.Linear(3, 4, dtype="flaot32"),
        DTypeError,
        r"dtype.*'flaot32'.*np\.float32",
    ),
    Row(
        "a misspelt keyword of a layer",
        lambda w: nn.Linear(3, 4, bais=False),
        DTypeError,
        "Linear: no argument 'bais'.*'bias'",
    ),
    Row("a misspelt layer", lambda w: nn.Conv2D(3, 4, 3), UnknownNameError, r"nn\.Conv2d"),
    Row(
        "a layer that is not here",
        lambda w: nn.LSTM(3, 4),
        UnknownNameError,
        "'LSTM'.*no recurrent",
    ),
    Row(
        "a misspelt function",
        lambda w: F.crossentropy(w.d, w.labels),
        UnknownNameError,
        r"F\.cross_entropy",
    ),
    Row("a text for a probability", lambda w: nn.Dropout("0.5"), DTypeError, "Dropout: p .*'0.5'"),
    Row("a probability in percent", lambda w: nn.Dropout(50), ArgumentError, "Dropout: p .*50"),
    Row("a negative probability", lambda w: F.dropout(w.d, -0.5), ArgumentError, r"dropout.*-0\.5"),
    Row(
        "NaN for a probability",
        lambda w: nn.Dropout(float("nan")),
        ArgumentError,
        "Dropout: p .*nan",
    ),
    Row(
        "tokens that are floats",
        lambda w: nn.Embedding(5, 2)(ag.tensor([1.0])),
        DTypeError,
        "Embedding.*float32|embedding.*float32",
    ),
    Row(
        "tokens out of range",
        lambda w: nn.Embedding(5, 2)(np.array([5])),
        IndexRangeError,
        "mbedding.*5",
    ),
    Row(
        "a negative token",
        lambda w: nn.Embedding(5, 2)(np.array([-1])),
        IndexRangeError,
        "mbedding.*-1",
    ),
    Row("a norm of other features", lambda w: nn.LayerNorm(4)(w.d), ShapeError, r"LayerNorm.*4"),
    Row(
        "groups of a norm that do not divide",
        lambda w: nn.GroupNorm(2, 3),
        ArgumentError,
        "GroupNorm.*2.*3|GroupNorm.*3.*2",
    ),
    Row(
        "batch norm of one value a channel",
        lambda w: nn.BatchNorm1d(3)(w.d[:1]),
        (ShapeError, ArgumentError),
        "BatchNorm1d|batch_norm",
    ),
    Row(
        "a negative eps",
        lambda w: nn.LayerNorm(3, eps=-1.0),
        ArgumentError,
        r"LayerNorm: eps .*-1\.0",
    ),
    Row(
        "a text for eps",
        lambda w: nn.BatchNorm2d(3, eps="1e-5"),
        DTypeError,
        "BatchNorm2d: eps .*'1e-5'",
    ),
    Row(
        "a text for momentum",
        lambda w: nn.BatchNorm2d(3, momentum="0.1"),
        DTypeError,
        "BatchNorm2d: momentum .*'0.1'",
    ),
    Row(
        "input and labels swapped",
        lambda w: F.cross_entropy(w.labels, w.net(w.d)),
        GlassgradError,
        r"cross_entropy: .*(swapped|cross_entropy\(input, target\))",
    ),
    Row(
        "input and labels swapped, as a layer",
        lambda w: nn.CrossEntropyLoss()(w.labels, w.net(w.d)),
        GlassgradError,
        r"swapped|\(input, target\)",
    ),
    Row(
        "input and labels of nll swapped",
        lambda w: F.nll_loss(w.labels, w.net(w.d)),
        GlassgradError,
        r"nll_loss: .*(swapped|nll_loss\(input, target\))",
    ),
    Row(
        "labels that are floats",
        target_of(np.array([0.0, 2.0])),
        GlassgradError,
        "cross_entropy: .*(int|labels|probabilities)",
    ),
    Row("labels out of range", target_of([0, 3]), IndexRangeError, "cross_entropy: .*3.*classes|3"),
    Row("negative labels", target_of([0, -1]), IndexRangeError, "cross_entropy: .*-1"),
    Row("labels from one", target_of([1, 3]), IndexRangeError, "cross_entropy: .*3"),
    Row(
        "labels with an axis too many",
        target_of([[0], [2]]),
        ShapeError,
        r"cross_entropy: .*reshape\(2,\)",
    ),
    Row(
        "labels as rows of integers",
        target_of(np.eye(3, dtype=int)[:2]),
        ShapeError,
        "cross_entropy: .*argmax",
    ),
    Row("too few labels", target_of([0]), ShapeError, r"cross_entropy: .*\(2,\).*\(1,\)"),
    Row("labels as texts", target_of(["cat", "dog"]), DTypeError, "cross_entropy: .*target"),
    Row("no labels", target_of(None), DTypeError, "cross_entropy: target.*NoneType"),
    Row(
        "a column against a row",
        lambda w: F.mse_loss(w.d[:, :1], w.d[:, 0]),
        ShapeError,
        r"mse_loss: .*\(2, 1\).*\(2,\).*reshape",
    ),
    Row(
        "probabilities above one",
        lambda w: F.binary_cross_entropy(w.d, w.d),
        ArgumentError,
        "binary_cross_entropy: .*0 .*1",
    ),
    Row(
        "a misspelt reduction",
        lambda w: F.mse_loss(w.d, w.d, reduction="avg"),
        ArgumentError,
        "mse_loss: reduction.*'avg'",
    ),
    Row(
        "a misspelt reduction of a layer",
        lambda w: nn.MSELoss("avg"),
        ArgumentError,
        "MSELoss: reduction.*'avg'",
    ),
    Row(
        "size_average",
        lambda w: F.mse_loss(w.d, w.d, size_average=False),
        DTypeError,
        "mse_loss: .*size_average.*reduction",
    ),
    Row(
        "weights of other classes",
        lambda w: F.cross_entropy(w.d, w.labels, weight=np.ones(2)),
        ShapeError,
        r"cross_entropy: weight.*\(3,\)|weight",
    ),
    Row(
        "too much smoothing",
        lambda w: F.cross_entropy(w.d, w.labels, label_smoothing=2.0),
        ArgumentError,
        r"cross_entropy: label_smoothing.*2\.0",
    ),
    Row(
        "a loss without reduction, backward",
        lambda w: F.mse_loss(w.x, w.d, reduction="none").backward(),
        GraphError,
        r"backward.*\(2, 3\)|one element",
    ),
    Row("one_hot of floats", lambda w: F.one_hot(w.d), DTypeError, "one_hot: .*float32"),
    Row(
        "one_hot of too few classes",
        lambda w: F.one_hot(w.labels, 2),
        IndexRangeError,
        "one_hot: 2 .*classes 0 to 1",
    ),
    Row("softmax over no axis", lambda w: F.softmax(w.d, dim=2), GlassgradError, "softmax.*2"),
    Row("no forward", lambda w: NoForward()(w.d), NotImplementedError, "NoForward has no forward"),
    Row("cuda()", lambda w: w.net.cuda(), UnknownNameError, "'cuda'.*no GPU"),
    Row('to("cuda")', lambda w: w.net.to("cuda"), DTypeError, "Module.to.*'cuda'.*no device"),
    Row("to(int)", lambda w: w.net.to(np.int64), DTypeError, "Module.to.*int64"),
    Row("a text for train()", lambda w: w.net.train("no"), DTypeError, "train: mode .* 'no'"),
    Row(
        "a function in a Sequential",
        lambda w: nn.Sequential(nn.Linear(3, 3), F.relu),
        DTypeError,
        "Sequential: item 1.*relu.*nn.ReLU",
    ),
    Row(
        "a list in a Sequential",
        lambda w: nn.Sequential([nn.Linear(3, 3)]),
        DTypeError,
        "Sequential: .*list",
    ),
    Row(
        "a class in a Sequential",
        lambda w: nn.Sequential(nn.ReLU),
        DTypeError,
        "Sequential: item 0.*ReLU; give an instance",
    ),
    Row(
        "arguments for a module without",
        lambda w: NoForward(3),
        DTypeError,
        "NoForward: too many positional",
    ),
    Row("a parameter of integers", lambda w: nn.Parameter([1, 2]), DTypeError, "only float.*int64"),
    Row(
        "a key that is missing",
        lambda w: w.net.load_state_dict({}),
        CheckpointError,
        r"load_state_dict.*0\.weight",
    ),
    Row(
        "a key too many",
        lambda w: w.net.load_state_dict({**w.net.state_dict(), "x": np.ones(1)}),
        CheckpointError,
        "load_state_dict.*x",
    ),
    Row(
        "a shape that does not fit",
        lambda w: w.net.load_state_dict({**w.net.state_dict(), "0.weight": np.ones((4, 4))}),
        CheckpointError,
        r"0\.weight.*\(4, 3\)|0\.weight.*\(4, 4\)",
    ),
    Row(
        "another network's state",
        lambda w: w.net.load_state_dict(w.conv.state_dict()),
        CheckpointError,
        "load_state_dict",
    ),
    Row(
        "a module for its state",
        lambda w: w.net.load_state_dict(w.net),
        (DTypeError, CheckpointError),
        "load_state_dict.*Sequential",
    ),
    Row(
        "a hook of a module that is no function",
        lambda w: w.net.register_forward_hook(1),
        DTypeError,
        "forward_hooks?: .*int",
    ),
    Row(
        "a state for functional_call by position",
        lambda w: nn.functional_call(w.net, w.d, w.d),
        GlassgradError,
        "functional_call",
    ),
]
