"""Optimisers and schedules against PyTorch's, over random settings, groups and parameters.

Values after ten steps, in float32 and float64; some gradients missing, some settings switched in
mid-run, the state saved and loaded into a new optimiser half way.

Three differences are not drawn: `ConstantLR(total_iters=0)` leaves the rates alone (in PyTorch its
closed form does, the schedule itself never ends), `ConstantLR(factor=0)` comes back from nothing
(PyTorch divides by zero), and `OneCycleLR` refuses to cycle the momentum of an optimiser that has
none.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.errors import GlassgradError
from optim import lr_scheduler
from tests.long.campaign import cases
from tests.long.layer_draws import Rng, flip, one, some

torch = pytest.importorskip("torch")

STEPS = 10
OTHERWISE_TESTED = {"LBFGS": "line searches branch on rounding; tests/test_optim_second_order.py"}

RULES: dict[str, Callable[[Rng], dict[str, Any]]] = {
    "SGD": lambda rng: some(
        rng, momentum=one(rng, 0.5, 0.9), dampening=one(rng, 0.0, 0.3), nesterov=True
    ),
    "Adam": lambda rng: some(
        rng,
        betas=one(rng, (0.9, 0.99), (0.5, 0.9), (0.0, 0.999)),
        eps=one(rng, 1e-8, 1e-3),
        amsgrad=True,
    ),
    "RMSprop": lambda rng: some(
        rng, alpha=one(rng, 0.5, 0.99), eps=1e-3, momentum=0.9, centered=True
    ),
    "Adagrad": lambda rng: some(
        rng, lr_decay=one(rng, 0.01, 0.5), initial_accumulator_value=0.1, eps=1e-3
    ),
}
RULES["AdamW"] = RULES["Adam"]

SCHEDULES: dict[str, Callable[[Rng], dict[str, Any]]] = {
    "StepLR": lambda rng: {"step_size": one(rng, 1, 3, 7), **some(rng, gamma=0.5)},
    "MultiStepLR": lambda rng: {
        "milestones": sorted(rng.integers(0, 25, rng.integers(0, 4)).tolist()),
        **some(rng, gamma=0.3),
    },
    "ConstantLR": lambda rng: some(rng, factor=one(rng, 0.1, 0.4, 1.0), total_iters=one(rng, 1, 9)),
    "ExponentialLR": lambda rng: {"gamma": one(rng, 0.5, 0.99, 1.0)},
    "LinearLR": lambda rng: some(
        rng,
        start_factor=one(rng, 0.1, 1.0),
        end_factor=one(rng, 0.0, 0.7),
        total_iters=one(rng, 1, 9),
    ),
    "CosineAnnealingLR": lambda rng: {"T_max": one(rng, 1, 4, 30), **some(rng, eta_min=0.01)},
    "LambdaLR": lambda rng: {"lr_lambda": one(rng, lambda t: 0.9**t, lambda t: 1 / (1 + t))},
    "OneCycleLR": lambda rng: {
        "max_lr": 0.5,
        "total_steps": one(rng, 25, 40),
        **some(
            rng,
            pct_start=one(rng, 0.1, 0.5),
            anneal_strategy="linear",
            div_factor=10.0,
            final_div_factor=100.0,
            three_phase=True,
            cycle_momentum=False,
            base_momentum=0.7,
        ),
    },
}  # fmt: skip


def test_every_optimiser_that_pytorch_has_is_drawn():
    rules = {name for name in optim.__all__ if hasattr(torch.optim, name) and name[0].isupper()}
    assert rules - {"Optimizer"} == {*RULES, *OTHERWISE_TESTED}


def test_every_schedule_that_pytorch_has_is_drawn():
    known = {n for n in lr_scheduler.__all__ if hasattr(torch.optim.lr_scheduler, n)}
    assert known - {"LRScheduler"} == set(SCHEDULES)


@pytest.mark.parametrize("name", RULES)
def test_optimisers(name, figures):
    for i in range(cases(2, 300)):
        rng = np.random.default_rng([zlib.crc32(name.encode()), i])
        dtype = (np.float32, np.float64)[i % 2]
        figures["cases"] += 1
        figures[trained(name, rng, dtype, f"{name} #{i} {np.dtype(dtype)}")] += 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name, figures):
    for i in range(cases(1, 100)):
        rng = np.random.default_rng([zlib.crc32(name.encode()), i])
        settings = SCHEDULES[name](rng)
        figures["cases"] += 1
        scheduled(name, settings, int(rng.integers(20)), f"{name} #{i}")


def trained(name: str, rng: Rng, dtype: Any, about: str) -> str:
    """Compare one run of an optimiser."""
    settings = {
        "lr": one(rng, 1e-3, 0.1, 0.0),
        **RULES[name](rng),
        **some(rng, weight_decay=one(rng, 0.0, 0.1), maximize=True),
    }
    shapes = [one(rng, (), (0,), (1,), (3, 4), (70, 80)) for _ in range(rng.integers(1, 5))]
    starts = [np.asarray(rng.standard_normal(s)).astype(dtype) for s in shapes]
    second = some(rng, lr=0.03, weight_decay=0.2)
    about = f"{about} {settings} {second} of {shapes}"
    ours = [ag.Tensor(x.copy(), requires_grad=True) for x in starts]
    theirs = [torch.tensor(x, requires_grad=True) for x in starts]

    def begun(module: Any, parameters: list[Any]) -> Any:
        cut = len(parameters) // 2
        groups = [{"params": parameters[cut:]}]
        if cut:
            groups.append({"params": parameters[:cut], **second})
        return getattr(module, name)(groups, **settings)

    try:
        reference = begun(torch.optim, theirs)
    except ValueError as refusal:
        with pytest.raises(GlassgradError):
            begun(optim, ours)
        assert str(refusal)
        return "refused by both"
    optimizer = begun(optim, ours)
    switched = int(rng.integers(2 * STEPS))
    for step in range(STEPS):
        for a, b in zip(ours, theirs, strict=True):
            g = np.asarray(rng.standard_normal(b.shape)).astype(dtype)
            missing = flip(rng, 0.1)
            a.grad = None if missing else ag.Tensor(g.copy())
            b.grad = None if missing else torch.tensor(g)
        if step == switched:
            for groups in (optimizer.param_groups, reference.param_groups):
                groups[0]["lr"], groups[0]["weight_decay"] = 0.07, 0.01
        if step == STEPS // 2 and switched % 2:
            saved, known = optimizer.state_dict(), copy.deepcopy(reference.state_dict())
            optimizer, reference = begun(optim, ours), begun(torch.optim, theirs)
            optimizer.load_state_dict(saved)
            reference.load_state_dict(known)
        optimizer.step()
        reference.step()
    for a, b in zip(ours, theirs, strict=True):
        wanted = b.detach().numpy()
        assert a.dtype == wanted.dtype, about
        bound = (1e-11 if dtype == np.float64 else 2e-5) * max(1, abs(wanted).max(initial=0))
        np.testing.assert_allclose(a.data, wanted, rtol=0, atol=bound, err_msg=about)
    return "ten steps"


def scheduled(name: str, settings: dict[str, Any], saved_at: int, about: str) -> None:
    """Compare the rates of 24 steps, saved and loaded into a new schedule on the way."""

    def begun(module: Any, schedulers: Any, parameters: list[Any]) -> tuple[Any, Any]:
        groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.2}]
        optimizer = module.SGD(groups, lr=0.4, momentum=0.3)
        return optimizer, getattr(schedulers, name)(optimizer, **settings)

    mine = [ag.Tensor(np.ones(1), requires_grad=True) for _ in range(2)]
    other = [torch.ones(1, requires_grad=True) for _ in range(2)]
    try:
        theirs, reference = begun(torch.optim, torch.optim.lr_scheduler, other)
    except (ValueError, RuntimeError):
        with pytest.raises(GlassgradError):
            begun(optim, lr_scheduler, mine)
        return
    ours, schedule = begun(optim, lr_scheduler, mine)
    for step in range(24):
        wanted = [(group["lr"], group["momentum"]) for group in theirs.param_groups]
        got = [(group["lr"], group["momentum"]) for group in ours.param_groups]
        np.testing.assert_allclose(
            got, wanted, rtol=1e-11, atol=1e-14, err_msg=f"{about} {settings} at step {step}"
        )
        if step == saved_at:
            states = ours.state_dict(), schedule.state_dict()
            ours, schedule = begun(optim, lr_scheduler, mine)
            ours.load_state_dict(states[0])
            schedule.load_state_dict(states[1])
        theirs.step()
        ours.step()
        reference.step()
        schedule.step()
