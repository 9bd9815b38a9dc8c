"""Where operations are recorded: grad mode, in threads, tasks, generators."""

from __future__ import annotations

import _thread
import asyncio
import sys
import threading
import time

import pytest

import autograd as ag
from autograd.errors import DTypeError
from tests.test_engine import leaf


def test_no_grad_and_enable_grad_nest_and_restore_after_errors():
    x = leaf(3)
    with ag.no_grad():
        assert not (x * 2).requires_grad
        with ag.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
        with pytest.raises(ValueError, match="out"), ag.enable_grad():
            raise ValueError("out")
        assert not ag.is_grad_enabled()
    assert ag.is_grad_enabled()
    mode = ag.no_grad()
    with mode, mode:
        pass
    assert ag.is_grad_enabled()


def test_an_op_may_be_all_that_a_thread_does(monkeypatch):
    failures = []
    monkeypatch.setattr(sys, "unraisablehook", failures.append)
    started = threading.Event()

    @ag.op
    def noted(x: ag.Array):
        started.set()
        return x * 1, lambda g: g

    before = _thread._count()
    _thread.start_new_thread(noted, (leaf(1),))  # no frame calls it, so there is no line to note
    assert started.wait(10)
    while _thread._count() > before:
        time.sleep(0.001)
    assert not failures


def test_grad_mode_is_per_thread():
    seen = {}

    def work():
        seen["mode"] = ag.is_grad_enabled()

    with ag.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen["mode"] is True


def test_grad_mode_is_per_task():
    async def off(log):
        with ag.no_grad():
            await asyncio.sleep(0.01)
            log.append(ag.is_grad_enabled())

    async def on(log):
        await asyncio.sleep(0.005)
        log.append(ag.is_grad_enabled())

    async def main():
        first, second = [], []
        await asyncio.gather(off(first), on(second))
        return first, second

    assert asyncio.run(main()) == ([False], [True])


def test_decorated_functions_generators_and_coroutines():
    @ag.no_grad()
    def function():
        return ag.is_grad_enabled()

    @ag.no_grad
    def bare():
        return ag.is_grad_enabled()

    @ag.no_grad()
    def generator():
        received = yield ag.is_grad_enabled()
        try:
            yield (received, ag.is_grad_enabled())
        except KeyError:
            yield ("thrown", ag.is_grad_enabled())
        return "done"

    @ag.no_grad()
    async def coroutine():
        await asyncio.sleep(0)
        return ag.is_grad_enabled()

    assert function() is False
    assert bare() is False
    steps = generator()
    assert next(steps) is False
    assert ag.is_grad_enabled(), "between resumes the consumer's mode holds"
    assert steps.send("hello") == ("hello", False)
    assert ag.is_grad_enabled()
    assert steps.throw(KeyError()) == ("thrown", False)
    with pytest.raises(StopIteration) as stopped:
        next(steps)
    assert stopped.value.value == "done"
    generator().close()
    assert asyncio.run(coroutine()) is False
    assert ag.is_grad_enabled()


def test_a_call_switches_at_once():
    try:
        ag.set_grad_enabled(False)
        assert not ag.is_grad_enabled()
        switch = ag.set_grad_enabled(True)
        assert ag.is_grad_enabled()
        with switch:
            assert ag.is_grad_enabled()
        assert not ag.is_grad_enabled()  # what was before the call
    finally:
        ag.set_grad_enabled(True)


def test_a_call_that_decorates_does_not_stay_switched():
    @ag.set_grad_enabled(False)
    def inside():
        return ag.is_grad_enabled()

    assert ag.is_grad_enabled()
    assert not inside()


@pytest.mark.parametrize("mode", ["off", None, 0, 1.0])
def test_a_mode_is_true_or_false(mode):
    with pytest.raises(DTypeError, match="set_grad_enabled: mode must be True or False"):
        ag.set_grad_enabled(mode)
