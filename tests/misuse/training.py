"""Optimisers, schedules, clipping, data, files, drawing, the command line."""

import contextlib
import io

import numpy as np

import autograd as ag
import nn
import optim
from autograd.errors import (
    ArgumentError,
    CheckpointError,
    DTypeError,
    GlassgradError,
    GraphError,
    ShapeError,
    UnknownNameError,
)
from nn.training.cli import main
from tests.misuse.world import Row


def used_up(w):
    parameters = w.net.parameters()
    optim.SGD(parameters, lr=0.1)
    optim.Adam(parameters)


def command(*arguments):
    def call(w):
        text = io.StringIO()
        with contextlib.redirect_stderr(text), contextlib.redirect_stdout(text):
            try:
                code = main([*arguments, "--out", str(w.folder / "run")])
            except SystemExit as end:
                code = end.code
        if code:
            raise CommandLineError(f"{text.getvalue()} {code}")

    return call


class CommandLineError(ArgumentError):
    """What the command line printed before it ended."""


ROWS = [
    Row(
        "a text for lr",
        lambda w: optim.SGD(w.net.parameters(), lr="0.1"),
        DTypeError,
        "SGD: lr must be .*, got '0.1'",
    ),
    Row(
        "True for lr",
        lambda w: optim.SGD(w.net.parameters(), lr=True),
        DTypeError,
        "SGD: lr must be .*, got True",
    ),
    Row(
        "NaN for lr",
        lambda w: optim.SGD(w.net.parameters(), lr=float("nan")),
        ArgumentError,
        "SGD: lr must be .*, got nan",
    ),
    Row(
        "a negative lr",
        lambda w: optim.Adam(w.net.parameters(), lr=-0.1),
        ArgumentError,
        r"Adam: lr must be .*, got -0\.1",
    ),
    Row(
        "None for lr",
        lambda w: optim.Adam(w.net.parameters(), lr=None),
        DTypeError,
        "Adam: lr must be .*, got None",
    ),
    Row(
        "a text for the momentum of a step",
        lambda w: optim.SGD(w.net.parameters(), 0.1, momentum="0.9"),
        DTypeError,
        "SGD: momentum must be .*, got '0.9'",
    ),
    Row(
        "a text for nesterov",
        lambda w: optim.SGD(w.net.parameters(), 0.1, 0.9, nesterov="no"),
        DTypeError,
        "SGD: nesterov must be .*, got 'no'",
    ),
    Row(
        "nesterov without momentum",
        lambda w: optim.SGD(w.net.parameters(), 0.1, nesterov=True),
        ArgumentError,
        "SGD: nesterov",
    ),
    Row(
        "one beta",
        lambda w: optim.Adam(w.net.parameters(), betas=0.9),
        (DTypeError, ArgumentError),
        r"Adam: betas must be .*, got 0\.9",
    ),
    Row(
        "a beta of one",
        lambda w: optim.Adam(w.net.parameters(), betas=(0.9, 1.0)),
        ArgumentError,
        "Adam: betas",
    ),
    Row(
        "a negative decay",
        lambda w: optim.AdamW(w.net.parameters(), weight_decay=-1),
        ArgumentError,
        "AdamW: weight_decay must be .*, got -1",
    ),
    Row(
        "a misspelt keyword of an optimiser",
        lambda w: optim.SGD(w.net.parameters(), 0.1, momentun=0.9),
        DTypeError,
        "SGD: no argument 'momentun'.*'momentum'",
    ),
    Row(
        "a misspelt optimiser",
        lambda w: optim.SDG(w.net.parameters(), 0.1),
        UnknownNameError,
        r"optim\.SGD",
    ),
    Row(
        "an optimiser that is not here",
        lambda w: optim.Adadelta(w.net.parameters()),
        UnknownNameError,
        "'Adadelta'.*subclass",
    ),
    Row(
        "the module for its parameters",
        lambda w: optim.SGD(w.net, lr=0.1),
        DTypeError,
        r"SGD: .*(parameters\(\)|Sequential)",
    ),
    Row(
        "one Tensor",
        lambda w: optim.SGD(w.net[0].weight, lr=0.1),
        DTypeError,
        r"SGD: .*\[.*\]|SGD: .*list",
    ),
    Row(
        "layers for parameters",
        lambda w: optim.SGD([w.net[0], w.net[2]], lr=0.1),
        DTypeError,
        r"SGD: .*Linear",
    ),
    Row(
        "no parameters",
        lambda w: optim.SGD([], lr=0.1),
        ArgumentError,
        "SGD: params must hold a parameter",
    ),
    Row("a generator used up", used_up, ArgumentError, "Adam: params must hold a parameter"),
    Row(
        "an array for a parameter",
        lambda w: optim.SGD([np.ones(3)], lr=0.1),
        DTypeError,
        "SGD: .*ndarray",
    ),
    Row(
        "a constant for a parameter",
        lambda w: optim.SGD([w.d], lr=0.1),
        GraphError,
        "SGD: .*gradient",
    ),
    Row(
        "a result for a parameter",
        lambda w: optim.SGD([w.x * 2], lr=0.1),
        GraphError,
        "SGD: .*leaf",
    ),
    Row(
        "lr and parameters swapped",
        lambda w: optim.SGD(0.1, w.net.parameters()),
        DTypeError,
        "SGD: .*(float|0\\.1)",
    ),
    Row(
        "a group without parameters",
        lambda w: optim.SGD([{"lr": 0.1}], lr=0.1),
        (ArgumentError, DTypeError),
        "SGD: .*params",
    ),
    Row(
        "a misspelt setting of a group",
        lambda w: w.opt.add_param_group({"params": [w.x], "momentun": 0.1}),
        (ArgumentError, DTypeError),
        "SGD: .*momentun",
    ),
    Row(
        "a group that is there already",
        lambda w: w.opt.add_param_group({"params": [w.net[0].weight]}),
        ArgumentError,
        "SGD: ",
    ),
    Row(
        "a state of other parameters",
        lambda w: w.opt.load_state_dict(optim.SGD([w.x], 0.1).state_dict()),
        CheckpointError,
        "SGD.*load_state_dict|load_state_dict|SGD",
    ),
    Row(
        "a state that is none",
        lambda w: w.opt.load_state_dict({}),
        CheckpointError,
        "SGD|load_state_dict",
    ),
    Row(
        "a step without closure",
        lambda w: optim.LBFGS([w.x]).step(),
        DTypeError,
        "LBFGS.*closure|step",
    ),
    Row(
        "a loss for a closure",
        lambda w: w.opt.step(w.d.sum()),
        DTypeError,
        "step.*(closure|function)",
    ),
    Row(
        "a schedule of nothing",
        lambda w: optim.schedules.cosine(0.1, total=0),
        ArgumentError,
        "cosine: total",
    ),
    Row(
        "a text for a schedule",
        lambda w: optim.schedules.step("0.1", every=3),
        DTypeError,
        "step: .*'0.1'",
    ),
    Row(
        "a scheduler of parameters",
        lambda w: optim.lr_scheduler.StepLR(w.net.parameters(), 3),
        DTypeError,
        "StepLR: optimizer",
    ),
    Row(
        "a float for step_size",
        lambda w: optim.lr_scheduler.StepLR(w.opt, 2.5),
        DTypeError,
        r"StepLR: step_size must be .*, got 2\.5",
    ),
    Row(
        "step_size of nothing",
        lambda w: optim.lr_scheduler.StepLR(w.opt, 0),
        ArgumentError,
        "step: every must be .*, got 0",
    ),
    Row(
        "a text for gamma",
        lambda w: optim.lr_scheduler.ExponentialLR(w.opt, "0.9"),
        DTypeError,
        "ExponentialLR: gamma.*'0.9'",
    ),
    Row(
        "a scheduler that is not here",
        lambda w: optim.lr_scheduler.ReduceLROnPlateau(w.opt),
        UnknownNameError,
        "param_groups",
    ),
    Row(
        "a negative norm to clip to",
        lambda w: optim.clip_grad_norm_(w.net.parameters(), -1.0),
        ArgumentError,
        "clip_grad_norm_: max_norm.*-1",
    ),
    Row(
        "a text to clip to",
        lambda w: optim.clip_grad_norm_(w.net.parameters(), "1"),
        DTypeError,
        "clip_grad_norm_: max_norm.*'1'",
    ),
    Row(
        "clipping and parameters swapped",
        lambda w: optim.clip_grad_norm_(1.0, w.net.parameters()),
        DTypeError,
        "clip_grad_norm_: ",
    ),
    Row(
        "batches of nothing",
        lambda w: nn.data.DataLoader(np.ones(3), batch_size=0),
        ArgumentError,
        "DataLoader: batch_size must be .*, got 0",
    ),
    Row(
        "a float for batch_size",
        lambda w: nn.data.DataLoader(np.ones(3), batch_size=2.0),
        DTypeError,
        r"DataLoader: batch_size must be .*, got 2\.0",
    ),
    Row(
        "a text for shuffle",
        lambda w: nn.data.DataLoader(np.ones(3), shuffle="no"),
        DTypeError,
        "DataLoader: shuffle must be .*, got 'no'",
    ),
    Row(
        "workers",
        lambda w: nn.data.DataLoader(np.ones(3), num_workers=4),
        DTypeError,
        "DataLoader: .*num_workers.*leave it out",
    ),
    Row(
        "a seed for the generator of batches",
        lambda w: nn.data.DataLoader(np.ones(3), generator=0),
        DTypeError,
        "DataLoader: generator must be .*, got int",
    ),
    Row(
        "other lengths",
        lambda w: nn.data.DataLoader(np.ones(3), np.ones(2)),
        ShapeError,
        r"\(3,\), \(2,\)",
    ),
    Row("no data", lambda w: nn.data.DataLoader(), ArgumentError, "at least one"),
    Row(
        "path and module swapped",
        lambda w: nn.save("net.st", w.net),
        DTypeError,
        "save: path must be.*got Sequential",
    ),
    Row(
        "path and module swapped, loading",
        lambda w: nn.load(w.net),
        DTypeError,
        "load: path must be.*got Sequential",
    ),
    Row(
        "a folder for a path",
        lambda w: nn.save(w.net, w.folder),
        (GlassgradError, IsADirectoryError),
        "folder|directory",
    ),
    Row("a file that is none", lambda w: nn.load(__file__), CheckpointError, "training.py"),
    Row("a picture of an array", lambda w: ag.draw(w.labels), DTypeError, "draw: .*ndarray"),
    Row(
        "a picture of a misspelt kind",
        lambda w: ag.draw(w.x.sum()).save(w.folder / "x.pgn"),
        ArgumentError,
        "pgn",
    ),
    Row(
        "an explanation of an array",
        lambda w: ag.explain(w.labels),
        DTypeError,
        "explain: .*ndarray",
    ),
    Row("a summary without a module", lambda w: nn.summary(w.d, w.net), ArgumentError, "summary: "),
    Row("a misspelt model", command("--model", "lenett"), CommandLineError, "lenett"),
    Row("a misspelt option", command("--epoch-count", "3"), CommandLineError, "epoch-count"),
    Row("a text for a number", command("--epochs", "ten"), CommandLineError, "epochs.*ten"),
    Row("negative epochs", command("--epochs", "-1"), CommandLineError, "epochs.*-1"),
    Row(
        "batches of nothing on the command line",
        command("--batch-size", "0"),
        CommandLineError,
        "batch-size.*0",
    ),
    Row("nan for lr on the command line", command("--lr", "nan"), CommandLineError, "lr.*nan"),
    Row("a misspelt data set", command("--data", "mnsit"), CommandLineError, "mnsit"),
    Row("resuming what is not there", command("--resume"), CommandLineError, "resume|run"),
]
