"""Looking at backward's steps, and thresholds of what looks at a graph."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

import autograd as ag
from autograd.engine import backprop, observers
from autograd.profiling import profiler


def test_those_who_look_at_backward_come_and_go_one_by_one():
    plain, seen = backprop._Replay.visit, []

    def looking(name):
        def around(visit, replay, node):
            seen.append(name)
            visit(replay, node)

        return around

    first, second = looking("first"), looking("second")
    x = ag.tensor([1.0], requires_grad=True)
    observers.add_around(first)
    observers.add_around(second)
    (x * 2.0).backward()
    assert seen == ["second", "first"]
    observers.remove_around(first)
    (x * 2.0).backward()
    assert seen == ["second", "first", "second"]
    observers.remove_around(second)
    assert backprop._Replay.visit is plain
    (x * 2.0).backward()
    assert len(seen) == 3
    np.testing.assert_array_equal(x.grad.data, [6.0])


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
