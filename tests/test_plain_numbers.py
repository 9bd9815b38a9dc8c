"""A Tensor that requires a gradient, given where a plain number belongs: carried on, or refused.

The functions, layers, optimisers and schedules come from the packages' lists of names, and what is
a plain number in them from their signatures. Never is the gradient lost without a word.
"""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
import optim
from autograd.engine import random_source
from autograd.errors import DTypeError, GlassgradError
from tests.op_cases import ROWS
from tests.row import make
from tests.test_nn_layers import LAYERS

RNG = np.random.default_rng(0)
X = RNG.uniform(0.2, 0.8, (2, 3))
LABELS = np.array([0, 2])
IMAGES = RNG.uniform(0.2, 0.8, (2, 4, 3, 3))
MEAN, VAR = np.zeros(3), np.ones(3)

#: First arguments of functions that are no ops themselves.
GIVEN = {
    "argsort": (X,),
    "array_split": (X, 2),
    "bce": (X, X),
    "bce_with_logits": (X, X),
    "binary_cross_entropy": (X, X),
    "binary_cross_entropy_with_logits": (X, X),
    "arange": (0, 3),
    "batch_norm": (X, MEAN, VAR),
    "bilinear": (X, X, np.ones((2, 3, 3))),
    "check_grads": (ag.exp, X),
    "clip": (X,),
    "concatenate": ([X, X],),
    "cosine_similarity": (X, X),
    "cross_entropy": (X, LABELS),
    "diag": (X,),
    "draw": (ag.tensor(X, requires_grad=True) * 2,),
    "eye": (3,),
    "flatten": (X,),
    "full": ((2, 3),),
    "full_like": (X,),
    "grad": (ag.exp,),
    "group_norm": (IMAGES, 2),
    "huber": (X, X),
    "huber_loss": (X, X),
    "instance_norm": (IMAGES,),
    "kl_div": (X, X),
    "layer_norm": (X, (3,)),
    "linspace": (0, 1),
    "multi_margin_loss": (X, LABELS),
    "nll_loss": (X, LABELS),
    "norm": (X,),
    "normal": (),
    "normalize": (X,),
    "one_hot": (LABELS,),
    "pad": (X, (1, 1)),
    "permutation": (X,),
    "randint": (2,),
    "replay": (ag.tensor(X, requires_grad=True) * 2,),
    "smooth_l1_loss": (X, X),
    "softmin": (X,),
    "sort": (X,),
    "split": (X, 2),
    "stack": ([X, X],),
    "topk": (X, 2),
    "trace": (X,),
    "uniform": (),
    "unstack": (X,),
}

#: Parameters that hold numbers and have no default that shows it.
NUMBERS = {"a_min", "a_max", "min", "max", "constant_values", "value", "fill_value", "std", "mean"}


def takes_a_number(parameter):
    default = parameter.default
    number = isinstance(default, int | float) and not isinstance(default, bool)
    return number or parameter.name in NUMBERS


def public_functions():
    for path, module in {"ag": ag, "F": F}.items():
        for name in module.__all__:
            function = getattr(module, name)
            ours = str(getattr(function, "__module__", "")).startswith(("autograd", "nn"))
            if inspect.isclass(function) or not callable(function) or not ours:
                continue
            for parameter in inspect.signature(function).parameters.values():
                if takes_a_number(parameter):
                    yield path, name, parameter.name


def first_arguments(path, name, function):
    """What to call a function with: its own entry here, or the inputs of its op's row."""
    if name in GIVEN and not (path == "ag" and name == "pad"):
        return GIVEN[name], {}
    op = getattr(function, "op", None) or getattr(ag, name).op
    row = next(row for row in ROWS if row.op == op.name)
    return [make(spec, np.random.default_rng(0)) for spec in row.inputs], row.statics


def number_for(function, name):
    default = inspect.signature(function).parameters[name].default
    plain = isinstance(default, int | float) and not isinstance(default, bool)
    return ag.tensor(float(default) if plain and default else 0.5, requires_grad=True)


def carried_or_refused(call, number, name):
    """Whether the result depends on `number`, or the error says that it would lose a gradient."""
    state = random_source.get_rng_state()
    try:
        result = call(number)
    except GlassgradError as error:
        assert ag.get_rng_state() == state
        words = ("gradient", "whole number", "must be an integer", "must be integers", name)
        return any(word in str(error) for word in words)  # no float at all where integers belong
    result = result[0] if isinstance(result, tuple) else result
    if not isinstance(result, ag.Tensor) or not result.requires_grad:
        return False
    return ag.grad(result.sum(), [number], allow_unused=True)[0] is not None


@pytest.mark.parametrize(("path", "name", "parameter"), list(public_functions()))
def test_functions(path, name, parameter):
    function = getattr({"ag": ag, "F": F}[path], name)
    args, statics = first_arguments(path, name, function)
    signature = inspect.signature(function)
    given = {k: v for k, v in statics.items() if k != parameter and k in signature.parameters}
    if list(signature.parameters).index(parameter) < len(args):
        args = args[: list(signature.parameters).index(parameter)]
    number = number_for(function, parameter)

    def call(value):
        return function(*args, **given, **{parameter: value})

    assert carried_or_refused(call, number, parameter)


def layers():
    seen = set()
    for name, args, options, inputs in LAYERS:
        for parameter in inspect.signature(getattr(nn, name)).parameters.values():
            if (name, parameter.name) not in seen and takes_a_number(parameter):
                seen.add((name, parameter.name))
                yield name, args, options, inputs, parameter.name


@pytest.mark.parametrize(("name", "args", "options", "inputs", "parameter"), list(layers()))
def test_import_rules(name, args, options, inputs, parameter):
    layer = getattr(nn, name)
    args = args[: list(inspect.signature(layer).parameters).index(parameter)]
    options = {k: v for k, v in options.items() if k != parameter}
    with pytest.raises(
        DTypeError, match=rf"{name}: .*{parameter} must be .*, got a Tensor that requires"
    ):
        layer(*args, **options, **{parameter: number_for(layer, parameter)})


@pytest.mark.parametrize(
    "name",
    [
        "BCELoss",
        "BCEWithLogitsLoss",
        "CrossEntropyLoss",
        "MultiMarginLoss",
        "NLLLoss",
    ],
)
def test_weights_of_losses_are_constants(name):
    weights = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with pytest.raises(DTypeError, match=rf"{name}: weight must be .*give weight.detach\(\)"):
        getattr(nn, name)(weight=weights)
    getattr(nn, name)(weight=weights.detach())


def test_a_buffer_is_a_constant():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(
        DTypeError, match="Buffer: data must be .*, got a Tensor that requires a gradient"
    ):
        nn.Buffer(x * 2)
    with ag.no_grad():
        assert nn.Buffer(x * 2).tolist() == [2.0, 4.0]


def settings():
    for name in optim.__all__:
        cls = getattr(optim, name)
        if inspect.isclass(cls) and cls is not optim.Optimizer:
            for parameter in inspect.signature(cls).parameters.values():
                default = parameter.default
                if isinstance(default, float | tuple) or parameter.name == "lr":
                    yield name, parameter.name, default


@pytest.mark.parametrize(("name", "setting", "default"), list(settings()))
def test_settings_of_optimisers(name, setting, default):
    cls = getattr(optim, name)
    weight = ag.tensor([1.0], requires_grad=True)
    value = ag.tensor(0.5, requires_grad=True)
    given = (value, *default[1:]) if isinstance(default, tuple) else value
    with pytest.raises(DTypeError, match=rf"{name}: {setting}.*requires a gradient.*\.item\(\)"):
        cls([weight], **{"lr": 0.1, setting: given})
    with pytest.raises(DTypeError, match=rf"{name}: .*{setting}.*requires a gradient"):
        cls([{"params": [weight], setting: given}], lr=0.1)
    cls([weight], **{"lr": 0.1, setting: value.item() if given is value else default})


@pytest.mark.parametrize("setting", ["lr", "momentum", "weight_decay", "dampening"])
@pytest.mark.parametrize("wrong", [ag.tensor(0.5, requires_grad=True), "0.5"])
def test_settings_written_into_a_group(setting, wrong):
    weight = ag.tensor([1.0], requires_grad=True)
    weight.grad = [1.0]
    opt = optim.SGD([weight], lr=0.1, momentum=0.5)
    opt.step()
    before, steps = weight.tolist(), opt.steps
    opt.param_groups[0][setting] = wrong
    with pytest.raises(DTypeError, match=f"SGD: parameter group 0: {setting}"):
        opt.step()
    assert weight.tolist() == before
    assert opt.steps == steps
    opt.param_groups[0][setting] = 0.25
    opt.step()
    assert opt.steps == steps + 1


def schedules():
    for name in optim.schedules.__all__:
        cls = getattr(optim.schedules, name)
        if inspect.isclass(cls):
            parameters = inspect.signature(cls).parameters
            for parameter in parameters.values():
                if "float" in str(parameter.annotation):
                    yield name, parameter.name


@pytest.mark.parametrize(("name", "parameter"), list(schedules()))
def test_schedules(name, parameter):
    cls = getattr(optim.schedules, name)
    counts = {"every": 3, "milestones": (1, 2), "total": 9, "steps": 3}
    given = {"lr": 0.1, "after": 0.1, "factor": 0.5, **counts}
    known = {k: v for k, v in given.items() if k in inspect.signature(cls).parameters}
    with pytest.raises(
        DTypeError, match=rf"{parameter} must be .*, got a Tensor that requires a gradient"
    ):
        cls(**{**known, parameter: ag.tensor(0.5, requires_grad=True)})


def schedulers():
    module = optim.lr_scheduler
    for name in module.__all__:
        cls = getattr(module, name)
        for parameter in inspect.signature(cls).parameters.values():
            if cls is not module.LRScheduler and "float" in str(parameter.annotation):
                yield name, parameter.name


@pytest.mark.parametrize(("name", "parameter"), list(schedulers()))
def test_schedulers(name, parameter):
    cls = getattr(optim.lr_scheduler, name)
    opt = optim.SGD([ag.tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.5)
    wanted = {
        "step_size": 3,
        "milestones": [1, 2],
        "T_max": 9,
        "gamma": 0.5,
        "lr_lambda": lambda epoch: 1.0,
        "max_lr": 0.1,
        "total_steps": 9,
    }
    known = {k: v for k, v in wanted.items() if k in inspect.signature(cls).parameters}
    number = ag.tensor(0.5, requires_grad=True)
    value = (lambda epoch: number) if parameter == "lr_lambda" else number
    before = dict(opt.param_groups[0])
    with pytest.raises(DTypeError, match="requires a gradient"):
        cls(opt, **{**known, parameter: value})
    assert opt.param_groups[0] == before


INITS = [n for n in nn.init.__all__ if n.endswith("_") and n not in ("zeros_", "ones_")]


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        (n, p.name)
        for n in INITS
        for p in inspect.signature(getattr(nn.init, n)).parameters.values()
        if "float" in str(p.annotation)
    ],
)
def test_initialisation(name, parameter):
    weight = nn.Parameter(np.ones((3, 3)))
    number = ag.tensor(0.5, requires_grad=True)
    with pytest.raises(DTypeError, match="gradient"):
        getattr(nn.init, name)(weight, **{parameter: number})
    assert (weight.data == 1).all()


def test_others():
    number = ag.tensor(0.5, requires_grad=True)
    weight = ag.tensor([1.0], requires_grad=True)
    weight.grad = [3.0]
    for call in (
        lambda: nn.init.calculate_gain("leaky_relu", number),
        lambda: optim.clip_grad_norm_([weight], number),
        lambda: optim.clip_grad_value_([weight], number),
        lambda: weight.fill_(number),
    ):
        with pytest.raises(GlassgradError, match="gradient"):
            call()
    assert weight.grad.tolist() == [3.0]
