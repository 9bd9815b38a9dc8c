"""Optimisers, schedules and loaders driven at random, saved and loaded at any moment.

The model of an optimiser is another one of the same kind that is never saved, and PyTorch's; of a
schedule, one that was never interrupted; of a loader, another one that is never saved.
"""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
import optim
from nn.data import DataLoader
from optim import lr_scheduler
from tests.long.campaign import cases

pytest.importorskip("hypothesis")
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

try:
    import torch
except ImportError:
    torch = None

#: The values that each setting is switched between.
SWITCHES = {
    "SGD": {
        "lr": [0.1, 0.5],
        "momentum": [0.0, 0.9],
        "dampening": [0.0, 0.3],
        "weight_decay": [0.0, 0.1],
        "maximize": [False, True],
    },
    "Adam": {
        "lr": [0.1, 0.5],
        "betas": [(0.9, 0.999), (0.5, 0.9)],
        "weight_decay": [0.0, 0.1],
        "maximize": [False, True],
        "eps": [1e-8, 1e-3],
    },
    "RMSprop": {
        "lr": [0.1, 0.5],
        "alpha": [0.99, 0.5],
        "weight_decay": [0.0, 0.1],
        "maximize": [False, True],
    },
    "Adagrad": {
        "lr": [0.1, 0.5],
        "lr_decay": [0.0, 0.1],
        "weight_decay": [0.0, 0.1],
        "maximize": [False, True],
    },
}
#: Those that PyTorch does not switch on later: the state for them is made in the first step only.
OWN = {"Adam": {"amsgrad": [False, True]}, "RMSprop": {"centered": [False, True]}}


class OptimizerMachine(RuleBasedStateMachine):
    """Two of ours, one of which is saved and loaded again and again; and PyTorch's."""

    compared = torch is not None

    @initialize(kind=st.sampled_from(sorted(SWITCHES)), seed=st.integers(0, 9))
    def begin(self, kind, seed):
        self.kind, self.rng = kind, np.random.default_rng(seed)
        self.straight, self.halted, self.theirs = [], [], []
        self._add(2)
        self.one = getattr(optim, kind)(self.straight, lr=0.1)
        self.other = getattr(optim, kind)(self.halted, lr=0.1)
        self.reference = None
        if self.compared:
            self.reference = getattr(torch.optim, kind)(self.theirs, lr=0.1)

    def _add(self, count):
        for _ in range(count):
            values = self.rng.standard_normal((2, 3))
            self.straight.append(ag.tensor(values.copy(), requires_grad=True))
            self.halted.append(ag.tensor(values.copy(), requires_grad=True))
            if self.compared:
                self.theirs.append(torch.tensor(values.copy(), requires_grad=True))

    def _all(self):
        found = [self.one, self.other]
        return [*found, self.reference] if self.reference is not None else found

    @rule(missing=st.sets(st.integers(0, 5)))
    def step(self, missing):
        for number in range(len(self.straight)):
            g = self.rng.standard_normal((2, 3))
            for params in (self.straight, self.halted):
                params[number].grad = None if number in missing else g.copy()
            if self.compared:
                self.theirs[number].grad = None if number in missing else torch.tensor(g)
        for optimizer in self._all():
            optimizer.step()

    @rule(data=st.data())
    def switch(self, data):
        own = OWN.get(self.kind, {}) if self.reference is None else {}
        name, values = data.draw(st.sampled_from([*SWITCHES[self.kind].items(), *own.items()]))
        value = data.draw(st.sampled_from(values))
        group = data.draw(st.integers(0, len(self.one.param_groups) - 1))
        for optimizer in self._all():
            optimizer.param_groups[group][name] = value

    @rule()
    def add_a_group(self):
        if len(self.straight) > 5:
            return
        before = len(self.straight)
        self._add(1)
        self.one.add_param_group({"params": self.straight[before:], "lr": 0.3})
        self.other.add_param_group({"params": self.halted[before:], "lr": 0.3})
        if self.reference is not None:
            self.reference.add_param_group({"params": self.theirs[before:], "lr": 0.3})

    @rule()
    def save_and_load(self):
        state = self.other.state_dict()
        self.halted = [ag.tensor(p.data.copy(), requires_grad=True) for p in self.halted]
        groups, start = [], 0
        for group in self.one.param_groups:
            end = start + len(group["params"])
            groups.append({"params": self.halted[start:end]})
            start = end
        self.other = type(self.one)(groups)
        self.other.load_state_dict(state)
        self.other.load_state_dict(self.other.state_dict())

    @invariant()
    def they_agree(self):
        if not hasattr(self, "one"):
            return
        for number, (a, b) in enumerate(zip(self.straight, self.halted, strict=True)):
            np.testing.assert_array_equal(a.data, b.data)
            if self.reference is not None:
                wanted = self.theirs[number].detach().numpy()
                np.testing.assert_allclose(a.data, wanted, rtol=1e-9, atol=1e-12)
        assert self.one.steps == self.other.steps


class OwnOptimizerMachine(OptimizerMachine):
    """With the settings that PyTorch does not switch on later."""

    compared = False


def drive(machine, sample, long, figures):
    count = cases(sample, long)
    run_state_machine_as_test(
        machine, settings=settings(max_examples=count, stateful_step_count=20)
    )
    figures["machines"] += count


def test_optimizers(figures):
    drive(OptimizerMachine, 15, 3000, figures)


def test_optimizers_with_all_settings(figures):
    drive(OwnOptimizerMachine, 15, 3000, figures)


SCHEDULES = {
    "StepLR": {"step_size": 2},
    "MultiStepLR": {"milestones": [2, 5], "gamma": 0.5},
    "ConstantLR": {"factor": 0.5, "total_iters": 3},
    "ExponentialLR": {"gamma": 0.8},
    "LinearLR": {"start_factor": 0.1, "total_iters": 4},
    "CosineAnnealingLR": {"T_max": 4, "eta_min": 0.01},
    "LambdaLR": {"lr_lambda": lambda epoch: 1 / (1 + epoch)},
    "OneCycleLR": {"max_lr": 2.0, "total_steps": 100},
}


class ScheduleMachine(RuleBasedStateMachine):
    """One or two schedulers on an optimiser, resumed at any step, with rates set by hand."""

    @initialize(names=st.lists(st.sampled_from(sorted(SCHEDULES)), min_size=1, max_size=2))
    def begin(self, names):
        self.names = names
        self.one, self.other = self._made(1.0), self._made(1.0)

    def _made(self, lr):
        w = ag.tensor([1.0], requires_grad=True)
        optimizer = optim.SGD([w], lr=lr, momentum=0.9)
        return [
            optimizer,
            *(getattr(lr_scheduler, name)(optimizer, **SCHEDULES[name]) for name in self.names),
        ]

    @rule()
    def step(self):
        for parts in (self.one, self.other):
            for scheduler in parts[1:]:
                scheduler.step()

    @rule(factor=st.sampled_from([0.5, 0.7, 2.0]))
    def by_hand(self, factor):
        for parts in (self.one, self.other):
            parts[0].param_groups[0]["lr"] *= factor

    @rule(lr=st.sampled_from([1.0, 0.3]), backwards=st.booleans())
    def resume(self, lr, backwards):
        states = [part.state_dict() for part in self.other]
        self.other = self._made(lr)
        pairs = list(zip(self.other, states, strict=True))
        for part, state in reversed(pairs) if backwards else pairs:
            part.load_state_dict(state)

    @invariant()
    def they_agree(self):
        if hasattr(self, "one"):
            groups = [parts[0].param_groups[0] for parts in (self.one, self.other)]
            for name in ("lr", "momentum", "initial_lr"):
                assert groups[0][name] == groups[1][name], name


def test_schedules(figures):
    drive(ScheduleMachine, 15, 3000, figures)


class LoaderMachine(RuleBasedStateMachine):
    """A loader and one that is saved and resumed between any two batches."""

    @initialize(
        rows=st.integers(1, 12), size=st.integers(1, 5), shuffle=st.booleans(), last=st.booleans()
    )
    def begin(self, rows, size, shuffle, last):
        self.x = np.arange(2.0 * rows).reshape(rows, 2)
        self.options = {"batch_size": size, "shuffle": shuffle, "drop_last": last and rows >= size}
        self.one, self.other = self._made(), self._made()
        self._start()

    def _start(self):
        self.iterators = [iter(self.one), iter(self.other)]
        self.drawn = 0

    def _made(self):
        generator = np.random.default_rng(0) if self.options["shuffle"] else None
        return DataLoader(self.x, generator=generator, **self.options)

    @rule()
    def draw(self):
        found = [next(iterator, None) for iterator in self.iterators]
        if found[0] is None:
            assert found[1] is None
            self._start()
            return
        self.drawn += 1
        for a, b in zip(*found, strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))

    @rule()
    def resume(self):
        state = self.other.state_dict()
        self.other = self._made()
        self.other.load_state_dict(state)
        if self.drawn == len(self.one):  # the epoch is over: what is resumed is the next one
            assert next(self.iterators[0], None) is None
            self._start()  # each call of iter() begins an epoch, so there is one for each loader
        else:
            self.iterators[1] = iter(self.other)


def test_loaders(figures):
    drive(LoaderMachine, 15, 2000, figures)
