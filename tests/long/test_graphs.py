"""Random graphs: their gradients against differences, against themselves, and against PyTorch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import autograd as ag
from tests.long import graphs
from tests.long.campaign import cases
from tests.long.graphs import LAYOUTS, Program, Run, programs

SIZE = cases(sample=60, long=20_000)
STEP = 1e-4
PHASES = (Phase.generate, Phase.shrink)


def gradients(program, run, inputs, **options):
    tensors = [ag.Tensor(x, requires_grad=True) for x in inputs]
    out = program(run, tensors)
    if not isinstance(out, ag.Tensor) or not out.requires_grad:
        return tensors, out, None
    return tensors, out, ag.grad(out, tensors, allow_unused=True, **options)


def values(found, inputs):
    return [np.zeros(x.shape) if g is None else g.data for g, x in zip(found, inputs, strict=True)]


def slope(function, inputs, direction, h=STEP):
    """The derivative along `direction` by central differences, or None where it is not smooth."""

    def near(h):
        ends = (
            function([x + s * d for x, d in zip(inputs, direction, strict=True)]) for s in (h, -h)
        )
        up, down = ends
        return (up - down) / (2 * h)

    fine, coarse, far = near(h), near(2 * h), near(4 * h)
    better, worse = (4 * fine - coarse) / 3, (4 * coarse - far) / 3
    if not abs(better - worse) <= 1e-6 * (1 + abs(better)):
        return None
    return better


def along(found, direction):
    return sum(float((g * d).sum()) for g, d in zip(found, direction, strict=True))


def scale(found, direction):
    return 1 + sum(float(np.abs(g * d).sum()) for g, d in zip(found, direction, strict=True))


def directions(program, count):
    rng = np.random.default_rng(len(program.steps))
    return [[rng.standard_normal(x.shape) for x in program.inputs] for _ in range(count)]


def check(program: Program, figures) -> None:
    run, inputs = Run(), program.inputs
    figures["graphs"] += 1
    tensors, out, found = gradients(program, run, inputs)
    if found is None:
        return  # nothing of the inputs reached the result
    figures["steps"] += len(program.steps)
    found = values(found, inputs)
    for g, x in zip(found, inputs, strict=True):
        assert g.shape == x.shape and g.dtype == x.dtype and np.isfinite(g).all()

    # backward leaves the same in .grad, and adds to what is there
    for times in (1, 2):
        program(run, tensors).backward()
        delivered = [t.grad for t in tensors]
        for g, d in zip(found, values(delivered, inputs), strict=True):
            np.testing.assert_allclose(d, times * g, rtol=1e-12, atol=1e-12)
    assert all(d is None or not d.requires_grad for d in delivered)

    # however the inputs lie in memory
    names = list(LAYOUTS)
    laid = [LAYOUTS[names[(i + len(program.steps)) % len(names)]](x) for i, x in enumerate(inputs)]
    _, _, other = gradients(program, run, laid)
    for g, o in zip(found, values(other, inputs), strict=True):
        np.testing.assert_allclose(o, g, rtol=1e-9, atol=1e-9)

    in_part(program, run, inputs, found)

    def number(moved):
        return float(program(run, [ag.Tensor(x) for x in moved]).item())

    for direction in directions(program, 2):
        expected = slope(number, inputs, direction)
        if expected is None:
            figures["not smooth"] += 1
            return
        size = scale(found, direction)
        assert abs(along(found, direction) - expected) <= 1e-5 * size, "first derivative"
        figures["first derivatives"] += 1
    against_torch(program, inputs, found, out, figures)
    second(program, run, inputs, found, figures)


def second(program, run, inputs, found, figures):
    """The recorded gradient is the same, and its derivative that of the plain gradient."""
    try:
        tensors, _, recorded = gradients(program, run, inputs, create_graph=True)
    except ag.GraphError as error:
        assert "no rule for derivatives above" in str(error)
        return
    for g, r in zip(found, values(recorded, inputs), strict=True):
        np.testing.assert_allclose(r, g, rtol=1e-9, atol=1e-9)
    if not all(step.smooth for step in program.steps):
        return
    (weighting, direction) = directions(program, 2)
    terms = [
        (r * w).sum()
        for r, w in zip(recorded, weighting, strict=True)
        if r is not None and r.requires_grad
    ]
    curved = [np.zeros(x.shape) for x in inputs]
    if terms:
        curved = values(ag.grad(sum(terms), tensors, allow_unused=True), inputs)

    def weighted(moved):
        _, _, moved_found = gradients(program, run, moved)
        return along(values(moved_found, inputs), weighting)

    expected = slope(weighted, inputs, direction)
    if expected is None:
        figures["not smooth"] += 1
        return
    size = scale(curved, direction)
    assert abs(along(curved, direction) - expected) <= 1e-5 * size, "second derivative"
    figures["second derivatives"] += 1


def against_torch(program, inputs, found, out, figures):
    if graphs.torch is None or not all(step.torch for step in program.steps):
        return
    theirs = [graphs.torch.tensor(x, requires_grad=True) for x in inputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        total = program(Run("torch"), theirs)
        total.backward()
    assert total.item() == pytest.approx(out.item(), rel=1e-9, abs=1e-9)
    for g, t in zip(found, theirs, strict=True):
        wanted = np.zeros(g.shape) if t.grad is None else t.grad.numpy()
        np.testing.assert_allclose(g, wanted, rtol=1e-7, atol=1e-9)
    figures["against PyTorch"] += 1


def in_part(program, run, inputs, found):
    """By some of the inputs only, and twice by one graph."""
    tensors = [ag.Tensor(x, requires_grad=True) for x in inputs]
    out = program(run, tensors)
    for _ in range(2):
        g = ag.grad(out, tensors[-1:], retain_graph=True, allow_unused=True)
        np.testing.assert_allclose(values(g, inputs[-1:])[0], found[-1], rtol=1e-12, atol=1e-12)
    single = [ag.Tensor(x.astype(np.float32), requires_grad=True) for x in inputs]
    program(run, single).backward()
    assert all(t.grad is None or t.grad.dtype == np.float32 for t in single)


def test_random_graphs(figures):
    @settings(max_examples=SIZE, report_multiple_bugs=False, phases=PHASES)
    @given(programs())
    def run(program):
        check(program, figures)

    run()


WRITES = {
    "+=": lambda x: x.__iadd__(1.0),
    "*=": lambda x: x.__imul__(3.0),
    "fill_": lambda x: x.fill_(9.0),
    "x[...] =": lambda x: x.__setitem__(..., 9.0),
    "copy_": lambda x: x.copy_(x.data + 1),
    "np.copyto": lambda x: np.copyto(x, x.data + 1),
    "np.add(out=)": lambda x: np.add(x.data, 1.0, out=x),
    "np.put": lambda x: np.put(x, np.arange(x.size), 9.0),
    "a view": lambda x: x.detach().reshape(-1).__iadd__(1.0),
}


def check_written(program: Program, how: str, which: int, figures) -> None:
    """A write after the forward pass is noticed by backward, or changes nothing."""
    run, inputs = Run(), program.inputs
    _, _, found = gradients(program, run, inputs)
    tensors = [ag.Tensor(x.copy(), requires_grad=True) for x in inputs]
    out = program(run, tensors)
    if found is None or not isinstance(out, ag.Tensor) or not out.requires_grad:
        return
    with ag.no_grad():
        WRITES[how](tensors[which % len(tensors)])
    figures["graphs"] += 1
    try:
        again = ag.grad(out, tensors, allow_unused=True)
    except ag.InPlaceError:
        figures["noticed"] += 1
        return
    for g, a in zip(values(found, inputs), values(again, inputs), strict=True):
        np.testing.assert_allclose(a, g, rtol=1e-12, atol=1e-12)
    figures["unharmed"] += 1


def test_writes_are_noticed(figures):
    @settings(max_examples=SIZE // 4, report_multiple_bugs=False, phases=PHASES)
    @given(programs(), st.sampled_from(list(WRITES)), st.integers(0, 2))
    def run(program, how, which):
        check_written(program, how, which, figures)

    run()
