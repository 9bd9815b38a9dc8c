"""Every public function and class answers a keyword that it does not take, and names the nearest.

What there is to call is found from the packages' `__all__`.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
import nn.training
import optim
from autograd import viz, words
from autograd.errors import ArgumentError, DTypeError, GlassgradError

PARAMETER = inspect.Parameter
NAMED = (PARAMETER.POSITIONAL_OR_KEYWORD, PARAMETER.KEYWORD_ONLY)


def public_modules():
    """The packages, what they name, and the three that have names of their own."""
    waiting: list[ModuleType] = [ag, nn, optim, viz, words, nn.training]
    found: dict[str, ModuleType] = {}
    while waiting:
        module = waiting.pop(0)
        if module.__name__ not in found:
            found[module.__name__] = module
            members = [getattr(module, name) for name in getattr(module, "__all__", ())]
            waiting += [member for member in members if inspect.ismodule(member)]
    return found


def is_checked(member: Any) -> bool:
    """Whether it is ours, and is given arguments by name; no exception, protocol or named tuple."""
    ours = str(getattr(member, "__module__", "")).split(".")[0] in ("autograd", "nn", "optim")
    if not callable(member) or not ours or getattr(member, "_is_protocol", False):
        return False
    if isinstance(member, type) and issubclass(member, BaseException | tuple):
        return False
    return bool(names_of(member))


def names_of(function: Any) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in NAMED and p.name != "self"]


def public_callables():
    """`(name, function, the first arguments)`: functions, classes, and the classes' own methods."""
    seen = set()
    for path, module in public_modules().items():
        for name in module.__all__:
            member = getattr(module, name)
            if id(member) in seen:
                continue
            seen.add(id(member))
            if is_checked(member):
                yield f"{path}.{name}", member, ()
            for method in vars(member) if isinstance(member, type) else ():
                function = vars(member)[method]
                if method.startswith("_") or method in LEFT_TO_OTHERS:
                    continue
                if inspect.isfunction(function) and is_checked(function):
                    yield f"{path}.{name}.{method}", function, (object.__new__(member),)


#: They hand keywords on to a function that is given.
HAND_ON = {"autograd.check_contract", "autograd.checkpoint", "nn.models.build"}

#: `forward` is called by `__call__`, which answers; the others by a step, which knows what it does.
LEFT_TO_OTHERS = {"forward", "advance"}

EVERY = {name: rest for name, *rest in public_callables() if name not in HAND_ON}


def misspelt(name: str) -> str:
    """With one letter twice."""
    return name[:1] + name


@pytest.mark.parametrize("name", EVERY)
def test_an_unknown_keyword_is_named_with_the_nearest(name):
    function, first = EVERY[name]
    parameters = inspect.signature(function).parameters.values()
    nearest = max(names_of(function), key=len)
    asked = misspelt(nearest)
    needed = [p for p in parameters if p.default is p.empty and p.kind in NAMED]
    placed = [p for p in needed if p.kind is not PARAMETER.KEYWORD_ONLY][len(first) :]
    with pytest.raises(GlassgradError) as caught:
        function(*first, *[None] * len(placed), **{asked: None})
    message = str(caught.value)
    assert f"'{asked}'" in message
    own = name.rpartition(".")[2]
    assert own in message or function.__name__ in message
    if len(placed) < len(names_of(function)):  # else nothing is left to be meant
        assert nearest in message.partition("it takes")[2]


def test_there_are_many():
    assert len(EVERY) > 300
    for name in (
        "autograd.check_grads",
        "autograd.Tensor.backward",
        "autograd.curvature.hessian_trace",
        "autograd.func.hvp",
        "autograd.draw",
        "nn.Module.load_state_dict",
        "nn.data.train_test_split",
        "nn.functional.dropout",
        "nn.save",
        "optim.Optimizer.step",
        "optim.lr_scheduler.StepLR",
        "optim.schedules.cosine",
    ):
        assert name in EVERY


x = ag.tensor([[1.0, 2.0]], requires_grad=True)
net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())


class Twice(nn.Module):
    def forward(self, x, times=2):
        return x * times


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: x.backward(retain=True), r"backward: no argument 'retain'; it takes \(gradient"),
        (lambda: x.sum().backward(retian_graph=True), "did you mean 'retain_graph'"),
        (lambda: ag.check_grads(ag.exp, x, ordr=2), "did you mean 'order'"),
        (lambda: ag.draw(x, colour="value"), "did you mean 'color'"),
        (lambda: x.draw(colour="value"), "did you mean 'color'"),
        (lambda: nn.data.train_test_split([1], [2], test_sise=0.1), "no argument 'test_sise'"),
        (lambda: x.numpy(force=True), r"numpy: no argument 'force'.*x\.detach\(\)\.numpy\(\)"),
        (lambda: x.add(x, alpha=2), "add: no argument 'alpha'"),
        (lambda: x.reshape(2, ordre="F"), "reshape: no argument 'ordre'.*did you mean 'order'"),
        (lambda: net(x, mask=None), "Sequential: forward: no argument 'mask'; it takes"),
        (lambda: nn.Linear(2, 2)(x, 3, 4), "forward: too many positional"),
        (lambda: nn.Sequential(Twice())(x, tmes=3), "no argument 'tmes'"),
        (lambda: Twice()(x, tmes=3), "forward: no argument 'tmes'.*did you mean 'times'"),
        (lambda: Twice()(), "forward: missing a required argument: 'x'"),
        (lambda: ag.checkpoint(net, x, use_reentrant=False), "'use_reentrant'.*leave it out"),
        (
            lambda: ag.checkpoint(lambda x: x * 2, x, use_reentran=False),
            "checkpoint: .*no argument 'use_reentran'",
        ),
        (lambda: F.dropout(x, pp=0.1), "dropout: no argument 'pp'"),
        (lambda: ag.greater(x, x, out=None), "greater: no argument 'out'"),
        (lambda: ag.no_grad(on=True), "no_grad: no argument 'on'"),
        (lambda: ag.set_grad_enabled(True, mod=1), "set_grad_enabled: no argument 'mod'"),
        (lambda: optim.SGD([x], lr=0.1).step(closre=None), "SGD.*no argument 'closre'"),
        (lambda: optim.SGD([x], lr=0.1).zero_grad(set_to_non=True), "did you mean 'set_to_none'"),
        (lambda: net.load_state_dict({}, stric=True), "load_state_dict: no argument 'stric'"),
        (lambda: ag.profile(memory=True), "profile: no argument 'memory'"),
        (lambda: optim.schedules.cosine(0.1, T_max=10), "cosine: no argument 'T_max'"),
    ],
)
def test_what_is_written_elsewhere_or_misspelt(call, message):
    with pytest.raises(DTypeError, match=message):
        call()


def test_a_model_names_its_options():
    with pytest.raises(ArgumentError, match="two_layer.*no option 'hiden'"):
        nn.models.build("two_layer", hiden=3)


def test_an_error_inside_is_left_as_it_is():
    def broken(a, *, b=1):
        raise TypeError("of its own")

    class Broken(nn.Module):
        def forward(self, x):
            return broken(x, c=2)

    with pytest.raises(TypeError, match="unexpected keyword argument 'c'") as caught:
        Broken()(x)
    assert not isinstance(caught.value, GlassgradError)
    with pytest.raises(TypeError, match="of its own"):
        ag.checkpoint(broken, x, b=2)
    with pytest.raises(TypeError, match="of its own"):
        nn.Sequential(Broken()).apply(lambda module: broken(module))


def test_a_keyword_that_is_taken_reaches_its_function():
    values = np.array([[1.0, 2.0, 3.0, 4.0]])
    assert Twice()(values, times=3).tolist() == [[3.0, 6.0, 9.0, 12.0]]
    tensor = ag.Tensor(data=values, requires_grad=True, name="v")
    assert tensor.reshape((2, 2), order="F").tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert tensor.clamp(min=2.0).tolist() == [[2.0, 2.0, 3.0, 4.0]]
    tensor.sum().backward(gradient=2.0, inputs=[tensor])
    assert tensor.grad.tolist() == [[2.0] * 4]
    assert inspect.signature(ag.draw).parameters["color"].default == "role"
