"""Looking at backward's steps, and thresholds of what looks at a graph."""

import itertools
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import autograd as ag
from autograd.engine import taps
from autograd.engine.taps import Tap, open_taps
from autograd.profiling import profiler
from tests.interrupting import interrupted_everywhere


def test_those_who_look_at_backward_come_and_go_one_by_one():
    seen = []

    class Looking(Tap):
        def __init__(self, name):
            self.name = name

        def _around_visit(self, visit, replay, node):
            seen.append(self.name)
            visit()

    x = ag.tensor([1.0], requires_grad=True)
    first = Looking("first").__enter__()
    with Looking("second"):
        (x * 2.0).backward()
        assert seen == ["second", "first"]
        first.__exit__()
        (x * 2.0).backward()
        assert seen == ["second", "first", "second"]
    (x * 2.0).backward()
    assert len(seen) == 3
    assert not open_taps
    np.testing.assert_array_equal(x.grad.data, [6.0])


class Listening(Tap):
    """Keeps the calls it is told of."""

    def __init__(self):
        self.calls = []

    def _on_result(self, call):
        self.calls.append(call)


def test_a_tap_is_told_of_every_call_with_all_it_was_given():
    x = ag.tensor([1.0, -2.0], requires_grad=True)
    with Listening() as listening:
        y = ag.softmax(x, axis=0)
        z = ag.tanh(x.data)
    first, second = listening.calls
    assert (first.op.name, first.node, first.statics) == ("softmax", y.node, {"axis": 0})
    assert first.operands == (x,) and first.values[0] is x.data and first.out is y.data
    assert first.ended >= first.began
    assert first.on_tensors and not second.on_tensors
    assert second.node is None and second.out is z


def test_a_tap_is_of_its_own_thread_and_ends_wherever_its_block_does():
    x = ag.tensor([1.0])

    def block():
        with Listening() as listening:
            yield listening

    generator = block()
    listening = next(generator)
    thread = threading.Thread(target=lambda: (x * 2.0, generator.close()))
    thread.start()
    thread.join()
    assert not open_taps
    with Listening():
        x * 3.0
    assert not listening.calls


def test_blocks_of_one_tap_may_be_nested():
    x, listening = ag.tensor([1.0]), Listening()
    with listening:
        with listening:
            x * 2.0
        assert len(listening.calls) == 2 and open_taps
        x * 2.0
    assert len(listening.calls) == 3 and not open_taps


def test_a_handler_of_a_signal_leaves_no_tap_behind():
    x, listening = ag.tensor([1.0], requires_grad=True), Listening()

    def run():
        with listening, listening:
            (x * 2.0).backward()

    for _ in interrupted_everywhere(run):
        assert not open_taps and not taps._blocks()


def test_two_backward_passes_count_twice():
    x, w = ag.ones(4, 8), ag.ones(8, 3, requires_grad=True)
    with ag.profile() as p:
        y = (x @ w).sum()
        y.backward(retain_graph=True)
        once = p.total().backward_multiply_adds
        y.backward()
    assert once == 4 * 8 * 3
    assert p.total().backward_multiply_adds == 2 * once
    row = next(row for row in p.by("op") if row.name == "matmul")
    assert row.backward > 0
    assert row.gflops == pytest.approx(2e-9 * 3 * 96 / (row.forward + row.backward))


def test_times_of_two_backward_passes_add_up(monkeypatch):
    monkeypatch.setattr(profiler, "time", SimpleNamespace(perf_counter=itertools.count().__next__))
    w = ag.ones(3, requires_grad=True)
    with ag.profile() as p:
        y = (w * 2.0).sum()
        y.backward(retain_graph=True)
        once = p.total().backward
        y.backward()
    assert once > 0
    assert p.total().backward == 2 * once


@pytest.mark.parametrize(("samples", "found"), [(7, []), (8, ["dead units"])])
def test_units_are_dead_from_eight_samples_on(samples, found):
    w = ag.tensor(-np.ones((2, 3), np.float32), requires_grad=True)
    loss = ag.relu(ag.ones(samples, 2) @ w).sum()
    assert [f.kind for f in ag.lint(loss)] == found
