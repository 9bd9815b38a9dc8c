"""Real signals at random moments of a training: whatever was under way is whole afterwards."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.engine import scope
from autograd.engine.taps import open_taps
from autograd.kernels import blas
from nn.data import DataLoader
from tests.long.campaign import cases
from tests.optim_rules import SOME

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here"),
    # Python swallows what a handler raises inside the callback of a weak reference.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Interrupt(BaseException):
    """What the signal's handler raises."""


@contextmanager
def alarm() -> Iterator[Callable[[float], None]]:
    """A function that lets the handler raise in so many seconds; 0 takes it back."""
    armed = [False]

    def handler(*_: Any) -> None:
        if armed[0]:
            raise Interrupt

    def arm(seconds: float) -> None:
        armed[0] = seconds > 0
        # Again each second: what a handler raises while garbage is collected comes to nobody.
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0 if armed[0] else 0.0)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        yield arm
    finally:
        arm(0)
        signal.signal(signal.SIGALRM, before)


def interrupt(arm: Callable[[float], None], seconds: float, run: Callable[[], Any]) -> bool:
    """Whether `run` was interrupted."""
    try:
        arm(seconds)
        run()
    except Interrupt:
        return True
    finally:
        try:
            arm(0)
        except Interrupt:
            arm(0)
    return False


def network() -> nn.Module:
    ag.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10)
    )


def modes_are_restored() -> bool:
    return ag.is_grad_enabled() and scope.current() is None and not blas._holders


def test_forward_and_backward(figures):
    """Modes, scopes and BLAS are restored; gradients came to all parameters or to none."""
    draw = random.Random(0)
    net = network()
    x = np.random.default_rng(0).standard_normal((4, 1, 8, 8)).astype(np.float32)
    labels = np.arange(4)

    def step() -> None:
        F.cross_entropy(net(ag.tensor(x)), labels).backward()

    step()
    with alarm() as arm:
        for _ in range(cases(40, 6000)):
            net.zero_grad()
            figures["interrupts"] += interrupt(arm, draw.uniform(1e-5, 4e-3), step)
            assert modes_are_restored()
            assert len({p.grad is None for p in net.parameters()}) == 1


def test_steps_of_optimizers(figures):
    """Values, counts and states are all those of before the step, or all those of after it."""
    draw = random.Random(1)
    shapes = [(40,), (9000,), (3, 5), (), (9000,)]
    with alarm() as arm:
        for case in range(cases(60, 6000)):
            cls, settings = SOME[case % len(SOME)]
            count = draw.choice((2, 5))

            def begun(count=count, cls=cls, settings=settings):
                params = [ag.tensor(np.ones(s), requires_grad=True) for s in shapes[:count]]
                for p in params:
                    p.grad = np.full(p.shape, 0.5)
                return params, cls(params, lr=0.01, **settings)

            def everything(params, optimizer):
                kept = [optimizer.state[p] for p in params if p in optimizer.state]
                return (
                    [p.data.copy() for p in params]
                    + [np.copy(value) for state in kept for value in state.values()]
                    + [optimizer.steps, len(kept)]
                )

            params, optimizer = begun()
            done = []

            def train(optimizer=optimizer, done=done):
                while True:
                    optimizer.step()
                    done.append(1)

            figures["interrupts"] += interrupt(arm, draw.uniform(2e-5, 2e-3), train)
            twins, twin = begun()
            now = everything(params, optimizer)
            for _ in range(optimizer.steps):
                twin.step()
            expected = everything(twins, twin)
            assert len(now) == len(expected)
            assert all(map(np.array_equal, now, expected))
            assert optimizer.steps - len(done) in (0, 1)


def test_saving(figures, tmp_path):
    """The file is the old one or the new one, and nothing lies beside it."""
    draw = random.Random(2)
    first, second = network(), network()
    with ag.no_grad():
        for p in second.parameters():
            p += 1.0
    path = tmp_path / "weights.safetensors"
    nn.save(first, path)
    known = [
        {name: t.numpy().copy() for name, t in net.state_dict().items()} for net in (first, second)
    ]
    with alarm() as arm:
        for _ in range(cases(30, 3000)):
            net = draw.choice((first, second))
            figures["interrupts"] += interrupt(
                arm, draw.uniform(1e-5, 2e-3), lambda net=net: nn.save(net, path)
            )
            loaded = nn.load(path)
            assert any(
                all(np.array_equal(loaded[name], state[name]) for name in state) for state in known
            )
            assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_loaders(figures):
    """A loader that was interrupted gives every row once in its next epoch."""
    draw = random.Random(3)
    x = np.arange(60.0).reshape(30, 2)
    with alarm() as arm:
        for case in range(cases(20, 2000)):
            generator = np.random.default_rng(case)
            loader = DataLoader(x, batch_size=4, shuffle=True, generator=generator)

            def run(loader=loader):
                for _ in range(50):
                    for _ in loader:
                        pass

            figures["interrupts"] += interrupt(arm, draw.uniform(1e-5, 3e-3), run)
            rows = np.concatenate([np.asarray(rows) for (rows,) in loader])
            assert sorted(map(tuple, rows)) == list(map(tuple, x))
            assert modes_are_restored()


def test_drawing_and_looking(figures):
    """Those who looked at a computation are gone."""
    draw = random.Random(4)
    x = ag.tensor(np.ones((3, 3)), requires_grad=True)

    def look() -> None:
        with ag.detect_anomaly():
            (x * x).sum().backward()
        with ag.profile():
            (x * x).sum().backward()
        ag.draw((x @ x).sum())

    look()
    with alarm() as arm:
        for _ in range(cases(20, 2000)):
            figures["interrupts"] += interrupt(arm, draw.uniform(1e-5, 2e-2), look)
            assert modes_are_restored()
            assert not open_taps
