"""A step is all old or all new: values, counters and states, whatever moment it is ended at."""

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.kernels import set_kernels
from optim.compiled import SMALL
from tests.interrupting import interrupted_everywhere
from tests.optim_rules import SOME


@pytest.fixture(autouse=True)
def kernels():
    yield
    set_kernels(None)


class Signs(optim.Optimizer):
    """A rule of one's own, which puts another array into its state."""

    @staticmethod
    def initial_state(settings):
        return {"mean": 0.0}

    @staticmethod
    def update(w, g, state, settings, step, scratch):
        state["mean"] = state["mean"] + g
        w -= settings["lr"] * np.sign(g)


class Counts(Signs):
    """And one that keeps a number, and an array of another shape, which it writes to."""

    @staticmethod
    def initial_values(w, settings):
        return {"product": 1.0, "trace": np.zeros(2)}

    @staticmethod
    def update(w, g, state, settings, step, scratch):
        state["product"] *= 0.5
        state["trace"] += [step, g.size]
        state["mean"] += g
        w -= settings["lr"] * state["product"] * np.sign(g)


def everything(optimizer):
    """Copies of all that a step changes."""
    params = [p for group in optimizer.param_groups for p in group["params"]]
    contents = [p.data.copy() for p in params]
    for p in params:
        state = optimizer.state.get(p)
        contents.append(None if state is None else sorted(state))
        contents += [np.copy(state[name]) for name in sorted(state or ())]
    return [*contents, optimizer.steps, len(optimizer.state)]


def same(first, second):
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def made(cls, settings, shapes):
    rng = np.random.default_rng(0)
    params = [
        ag.Tensor(np.asarray(rng.standard_normal(shape), np.float32), requires_grad=True)
        for shape in shapes
    ]
    half = len(params) // 2
    groups = [{"params": params[:half]}, {"params": params[half:], "lr": 0.05}]
    optimizer = (
        cls(groups, lr=0.1, **settings) if cls not in (Signs, Counts) else cls(groups, {"lr": 0.1})
    )
    for p in params:
        p.grad = np.asarray(rng.standard_normal(p.shape), np.float32)
    return optimizer


def outcomes(cls, settings, shapes, before):
    """How many interrupted steps, after so many `before` it, left all old and all new."""

    def begun():
        optimizer = made(cls, settings, shapes)
        for _ in range(before):
            optimizer.step()
        return optimizer

    optimizer = begun()
    old = everything(optimizer)
    optimizer.step()
    new = everything(optimizer)
    assert not same(old, new)

    latest = [begun()]
    found = [0, 0]
    for place in interrupted_everywhere(lambda: latest[0].step()):
        now = everything(latest[0])
        is_new = same(now, new)
        assert is_new or same(now, old), f"neither old nor new after place {place}"
        found[is_new] += 1
        latest[0] = begun()
    assert same(everything(latest[0]), new)
    return found


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize(("cls", "settings"), [*SOME, (Signs, {}), (Counts, {})])
def test_a_step_of_small_parameters_that_is_interrupted(cls, settings, before):
    old, new = outcomes(cls, settings, [(3, 4), (), (5,), (0, 2)], before)
    assert old > 10
    assert new >= 1


@pytest.mark.parametrize("chosen", ["numpy", "numba"])
@pytest.mark.parametrize(("cls", "settings"), SOME[1::2])
def test_a_step_of_large_parameters_that_is_interrupted(cls, settings, chosen):
    set_kernels(chosen)
    shapes = [(SMALL + 5,), (3,), (7,)]
    made(cls, settings, shapes).step()  # compiles what is compiled
    old, new = outcomes(cls, settings, shapes, before=1)
    assert old > 10
    assert new >= 1
