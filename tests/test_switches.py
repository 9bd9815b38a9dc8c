"""A text is no switch, and None no operand: in every function, op and layer that has one.

They are found from the packages' lists of names and their signatures.
"""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import DTypeError
from tests.op_cases import ROWS
from tests.row import make
from tests.test_nn_layers import LAYERS
from tests.test_plain_numbers import first_arguments

X = np.random.default_rng(0).standard_normal((2, 3))
MODULES = {"ag": ag, "F": F, "func": ag.func, "data": nn.data, "curvature": ag.curvature}

#: First arguments of those that no table has.
GIVEN = {
    "adaptive_max_pool1d": (X, 2),
    "argmax": (X,),
    "argmin": (X,),
    "backward_steps": (ag.tensor(X, requires_grad=True).sum(),),
    "einsum": ("ij->i", X),
    "global_avg_pool2d": (np.ones((1, 1, 2, 2)),),
    "ones": (2,),
    "ones_like": (X,),
    "rand": (2,),
    "randn": (2,),
    "random_direction": ([ag.tensor(X, requires_grad=True)],),
    "tensor": (X,),
    "value_and_grad": (ag.exp,),
    "vjp": (ag.exp, X),
    "zeros": (2,),
    "zeros_like": (X,),
}


def switches():
    for path, module in MODULES.items():
        for name in module.__all__:
            function = getattr(module, name)
            ours = str(getattr(function, "__module__", "")).startswith(("autograd", "nn"))
            if not callable(function) or inspect.isclass(function) or not ours:
                continue
            for parameter in inspect.signature(function).parameters.values():
                if type(parameter.default) is bool and parameter.name not in IGNORED:
                    yield path, name, parameter.name


#: Accepted and without an effect, or handed to NumPy.
IGNORED = {"inplace", "optimize"}


@pytest.mark.parametrize(("path", "name", "switch"), list(switches()))
def test_a_text_is_no_switch(path, name, switch):
    function = getattr(MODULES[path], name)
    args, statics = (GIVEN[name], {}) if name in GIVEN else first_arguments(path, name, function)
    parameters = list(inspect.signature(function).parameters)
    given = {k: v for k, v in statics.items() if k in parameters and k != switch}
    args = args[: parameters.index(switch)]
    state = ag.get_rng_state()
    with pytest.raises(
        DTypeError, match=rf"{switch}.* must be True or False, got 'no'|{switch}='no'"
    ):
        function(*args, **given, **{switch: "no"})
    assert ag.get_rng_state() == state


def test_a_text_by_position_is_no_switch_of_an_op():
    x = ag.tensor(X, requires_grad=True)
    for call in (
        lambda: ag.sum(x, 1, "no"),
        lambda: x.mean(1, "yes"),
        lambda: ag.sum(X, 1, "no"),
        lambda: F.dropout(x, 0.5, "no"),
    ):
        with pytest.raises(DTypeError, match="must be True or False"):
            call()
    assert ag.sum(x, 1, True).shape == (2, 1)
    assert ag.sum(x, 1, 1).shape == ag.sum(x, 1, np.True_).shape == (2, 1)


def operands():
    seen = set()
    for row in ROWS:
        function = getattr(ag.ops, row.op, None)
        spec = getattr(function, "op", None)
        if spec is None or spec.starred or row.op in seen:
            continue
        seen.add(row.op)
        for position, name in enumerate(spec.operands):
            if name not in spec.optional and position < len(row.inputs) == len(spec.operands):
                yield pytest.param(function, row, position, id=f"{row.op}-{name}")


@pytest.mark.parametrize(("function", "row", "position"), list(operands()))
def test_none_is_no_operand(function, row, position):
    arrays = [make(spec, np.random.default_rng(0)) for spec in row.inputs]
    for convert in (np.asarray, ag.tensor):
        given = [None if i == position else convert(a) for i, a in enumerate(arrays)]
        with pytest.raises(DTypeError, match=f"'{function.op.operands[position]}'.*NoneType"):
            function(*given, **row.statics)


def numbers_of_layers():
    seen = set()
    for name, args, options, _ in LAYERS:
        layer = getattr(nn, name)
        for parameter in inspect.signature(layer).parameters.values():
            kind, _, others = str(parameter.annotation).partition(" | ")
            plain = kind in ("int", "bool", "float") and others in ("", "None")
            if (name, parameter.name) not in seen and plain:
                seen.add((name, parameter.name))
                yield name, args, options, parameter.name


@pytest.mark.parametrize(("name", "args", "options", "parameter"), list(numbers_of_layers()))
@pytest.mark.parametrize("wrong", ["1", np.ones(3)], ids=["text", "array"])
def test_layers_take_no_texts_and_no_arrays_for_numbers(name, args, options, parameter, wrong):
    layer = getattr(nn, name)
    named = dict(zip(inspect.signature(layer).parameters, args, strict=False))
    with pytest.raises((DTypeError, ag.ArgumentError), match=rf"{name}: {parameter} "):
        layer(**{**named, **options, parameter: wrong})
