"""Whatever moment a signal's handler raises: modes, scopes and BLAS are as they were."""

import asyncio
import contextlib

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.engine import scope
from autograd.kernels import blas
from autograd.support.interrupts import at_once, to_the_end
from tests.interrupting import Interrupt, interrupted_everywhere


def in_a_block(manager):
    def run():
        with manager():
            abs(1)

    return run


def decorated(manager):
    function = manager()(lambda: abs(1))
    return lambda: function()


def a_generator(manager):
    @manager()
    def numbers():
        yield abs(1)
        yield abs(2)

    return lambda: list(numbers())


def a_coroutine(manager):
    @manager()
    async def compute():
        return abs(1)

    def run():
        with contextlib.suppress(StopIteration):
            compute().send(None)

    return run


@pytest.mark.parametrize("use", [in_a_block, decorated, a_generator, a_coroutine])
def test_grad_mode(use):
    run = use(ag.no_grad)
    places = 0
    for _ in interrupted_everywhere(run):
        places += 1
        assert ag.is_grad_enabled()
    assert places > 4
    assert ag.is_grad_enabled()


def test_a_with_block_is_told_from_a_call_that_switches_at_once():
    def run():
        with ag.set_grad_enabled(False):
            abs(1)

    for _ in interrupted_everywhere(run):
        assert ag.is_grad_enabled()


def test_a_block_inside_a_block_of_the_same_object():
    switch = ag.no_grad()

    def run():
        with switch:
            with switch:
                assert not ag.is_grad_enabled()
            assert not ag.is_grad_enabled()

    for _ in interrupted_everywhere(run):
        assert ag.is_grad_enabled()
    run()


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))


def test_forward_and_backward():
    net, x = network(), np.ones((2, 3), np.float32)

    def run():
        net(ag.tensor(x)).sum().backward()

    run()
    places = 0
    for _ in interrupted_everywhere(run):
        places += 1
        assert ag.is_grad_enabled()
        assert scope.current() is None
    assert places > 50


def test_blas(library):
    a = np.ones((80, 80))

    def run():
        blas.note_convolution()
        blas.matmul(a, a)
        with blas.beside_convolutions(), blas.beside_convolutions():
            assert library.threads == 1

    for _ in interrupted_everywhere(run):
        assert library.threads == 4
        assert not blas._holders
    assert library.threads == 4


def test_recording_is_restored_if_blas_cannot_be_held(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    x = ag.tensor([1.0], requires_grad=True)
    loss = (x * x).sum()
    monkeypatch.setattr(blas, "_left", 1)
    monkeypatch.setattr(blas, "_hold", interrupted)
    with pytest.raises(KeyboardInterrupt):
        loss.backward()
    assert ag.is_grad_enabled()


def test_what_must_come_to_its_end_does():
    done = []

    def unlucky():
        done.append(len(done))
        if len(done) < 3:
            raise Interrupt

    with pytest.raises(Interrupt):
        to_the_end(unlucky)
    assert done == [0, 1, 2]


def test_one_call_into_c_is_done_or_not_done():
    target = dict.fromkeys("abc", 0)

    def run():
        target.update(dict.fromkeys("abc", 0))
        at_once(map(target.__setitem__, "abc", (1, 1, 1)))

    for _ in interrupted_everywhere(run):
        assert len(set(target.values())) == 1
    assert set(target.values()) == {1}


@ag.no_grad()
async def recording_inside(log):
    log.append(ag.is_grad_enabled())
    received = yield "first"
    log.append((received, ag.is_grad_enabled()))
    try:
        yield "second"
    except ValueError:
        log.append(ag.is_grad_enabled())
        yield "third"


def test_an_async_generator_is_switched_at_each_resume():
    log, outside = [], []

    async def main():
        generator = recording_inside(log)
        assert await generator.asend(None) == "first"
        outside.append(ag.is_grad_enabled())
        assert await generator.asend(5) == "second"
        outside.append(ag.is_grad_enabled())
        assert await generator.athrow(ValueError()) == "third"
        outside.append(ag.is_grad_enabled())
        await generator.aclose()
        outside.append(ag.is_grad_enabled())
        assert [item async for item in recording_inside([])] == ["first", "second"]

    asyncio.run(main())
    assert log == [False, (5, False), False]
    assert outside == [True] * 4
