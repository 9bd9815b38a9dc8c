"""Log-sum-exp of logits that share an offset: values and both derivatives keep their digits.

The reference is the formula in extended precision, on the very numbers that are passed in. The
error is bounded in units of the dtype's precision times the spread of the logits, whatever their
offset; where PyTorch is installed, it is also no more than twice PyTorch's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
from autograd.kernels.runtime import set_kernels
from tests.logits import (
    Exact,
    Ours,
    Theirs,
    exact_orders,
    of_divergence,
    of_log_softmax,
    of_logsumexp,
    of_softmax,
    of_sum,
)

ROWS, CLASSES = 80, 32  # enough for the kernels
OFFSETS = (0.0, 1e3, 1e5, 1e7)
SPREADS = (1e-3, 1.0, 1e2, 1e4)

rng = np.random.default_rng(5)
NOISE = rng.standard_normal((ROWS, CLASSES))
LABELS = rng.integers(0, CLASSES, ROWS)
SOME = np.where(rng.random(ROWS) < 0.3, -100, LABELS)
# what float32 holds, and so every step towards the weights of a loss
SOFT = rng.dirichlet(np.ones(CLASSES), ROWS).astype(np.float32).astype(np.float64)
WEIGHT = rng.uniform(0.5, 2.0, CLASSES).astype(np.float32).astype(np.float64)
MIX, DIRECTION = rng.standard_normal((2, ROWS, CLASSES))
ONEHOT = np.eye(CLASSES)[LABELS]
KEPT = (SOME >= 0)[:, None] * 1.0


@dataclass
class Case:
    name: str
    call: Callable[[Any, Any], Any]  # (the library's functions, x)
    exact: Exact


def smoothed(share: float, weight: np.ndarray) -> np.ndarray:
    return -KEPT * ((1 - share) * ONEHOT * weight + share / CLASSES * weight)


def option(target: np.ndarray, **options: Any) -> Callable[[Any, Any], Any]:
    return lambda f, x: f.cross_entropy(x, target, **options)


# the weights c of Σ c log softmax(x) as each library computes them, but unrounded
CASES = [
    Case("labels", option(LABELS), of_sum(-ONEHOT)),
    Case("ignored rows", option(SOME), of_sum(-KEPT * ONEHOT)),
    Case("class weights", option(LABELS, weight=WEIGHT), of_sum(-ONEHOT * WEIGHT)),
    Case("smoothing", option(SOME, label_smoothing=0.25), of_sum(smoothed(0.25, np.ones(CLASSES)))),
    Case(
        "all", option(SOME, label_smoothing=0.125, weight=WEIGHT), of_sum(smoothed(0.125, WEIGHT))
    ),
    Case("probabilities", option(SOFT), of_sum(-SOFT)),
    Case("weighted probabilities", option(SOFT, weight=WEIGHT), of_sum(-SOFT * WEIGHT)),
    Case("nll", lambda f, x: f.nll_loss(f.log_softmax(x, 1), LABELS), of_sum(-ONEHOT)),
    Case(
        "kl",
        lambda f, x: f.kl_div(f.log_softmax(x, 1), SOFT),
        of_divergence(SOFT, np.log(SOFT.astype(np.longdouble))),
    ),
    Case("log_softmax", lambda f, x: f.log_softmax(x, 1), of_log_softmax),
    Case("softmax", lambda f, x: f.softmax(x, 1), of_softmax),
    Case("logsumexp", lambda f, x: f.logsumexp(x, 1), of_logsumexp),
]


def orders(library: Ours, case: Case, x: np.ndarray) -> list[np.ndarray]:
    return library.orders(case.call, x, DIRECTION, MIX)


def exactly(case: Case, x: np.ndarray) -> list[np.ndarray]:
    return exact_orders(case.exact, x, *(a.astype(x.dtype) for a in (DIRECTION, MIX)))


def grid() -> Iterator[tuple[float, float]]:
    return itertools.product(OFFSETS, SPREADS)


def bound(case: Case, order: int, spread: float, offset: float) -> float:
    """What the error may be, in units of the dtype's precision."""
    size = 8 * spread  # of x − max x
    if case.name == "logsumexp" and order == 0:
        return 4 + 2 * (size + offset)  # its value is as large as the logits
    share = 1 if case.name == "softmax" else 4 + size  # of what is summed, or exponentiated
    return 40 * (share if order == 0 else min(share, 8))


@pytest.fixture(params=["numba", "numpy"])
def kernels(request):
    set_kernels(request.param)
    yield request.param
    set_kernels(None)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_offsets_cost_no_digits(case, dtype, kernels):
    eps = np.finfo(dtype).eps
    for offset, spread in grid():
        x = (offset + spread * NOISE).astype(dtype)
        wanted = exactly(case, x)
        for order, (got, right) in enumerate(
            zip(orders(Ours(dtype), case, x), wanted, strict=True)
        ):
            assert got.dtype == dtype
            error = float(np.abs(got - right).max())
            assert error <= eps * bound(case, order, spread, offset), (offset, spread, order)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_errors_are_at_most_twice_those_of_pytorch(case, dtype, kernels):
    torch = pytest.importorskip("torch")
    eps = np.finfo(dtype).eps
    for offset, spread in grid():
        x = (offset + spread * NOISE).astype(dtype)
        wanted = exactly(case, x)
        ours, theirs = orders(Ours(dtype), case, x), orders(Theirs(torch, dtype), case, x)
        for order, (got, other, right) in enumerate(zip(ours, theirs, wanted, strict=True)):
            error, allowed = (float(np.abs(a - right).max()) for a in (got, other))
            # a rounding of the largest number, or of what the gradients are made of, is no fault
            rounding = eps * (float(np.abs(right).max()), 8, 4)[order]
            allowed = max(2 * allowed, rounding)
            assert error <= allowed, (offset, spread, order, error / allowed)


# What cancels elsewhere: two rows tied, at any height, and what infinite logits lead to.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("columns", [2, 4000])
def test_rows_tied_at_any_height(dtype, columns, kernels):
    for height in (0.0, 1e7, 1e30):
        x = np.full((2, columns), -height, dtype)
        x[:, :2] = height
        if height == 0:
            x[:, 2:] = -np.inf
        for function in (
            lambda t: F.cross_entropy(t, [0, 0], reduction="sum"),
            lambda t: F.nll_loss(F.log_softmax(t, 1), [0, 0], reduction="sum"),
            lambda t: ag.logsumexp(t, 1).sum() - t[:, 0].sum(),
        ):
            t = ag.tensor(x, requires_grad=True)
            (g,) = ag.grad(function(t), [t], create_graph=True)
            np.testing.assert_array_equal(g.data[:, :2], [[-0.5, 0.5]] * 2)
            assert not g.data[:, 2:].any()
            (h,) = ag.grad(g[:, 0].sum(), [t])
            np.testing.assert_array_equal(h.data[:, :2], [[0.25, -0.25]] * 2)
        loss = F.cross_entropy(x, [0, 0], reduction="none")
        np.testing.assert_allclose(loss, np.log(2), rtol=1e-6)
        a, b = (ag.tensor(dtype(height), requires_grad=True) for _ in range(2))
        ag.logaddexp(a, b).backward()
        assert a.grad.item() == b.grad.item() == 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_shares_of_logaddexp_keep_their_digits(dtype):
    for offset in (0.0, 1e5, 1e7):
        x, y = ((offset + s * NOISE.reshape(-1)).astype(dtype) for s in (1.0, -2.0))
        a, b = ag.tensor(x, requires_grad=True), ag.tensor(y, requires_grad=True)
        (g,) = ag.grad(ag.logaddexp(a, b).sum(), [a], create_graph=True)
        d = y.astype(np.longdouble) - x
        share = 1 / (1 + np.exp(d))
        assert np.abs(g.data - share).max() <= 4 * np.finfo(dtype).eps
        (h,) = ag.grad(g.sum(), [b])
        assert np.abs(h.data + share * (1 - share)).max() <= 4 * np.finfo(dtype).eps


INF = np.inf


def test_infinite_logits(kernels):
    """−∞ is a probability of 0; a row of −∞ only, or with +∞, has no softmax: NaN."""
    for columns in (3, 3000):
        x = np.full((4, columns), -INF)
        x[0, :2] = 1.0  # the other rows: −∞ but for one, −∞ only, +∞
        x[1, 1], x[3, 0] = 5.0, INF
        t = ag.tensor(x, requires_grad=True)
        loss = F.cross_entropy(t, [0, 0, 0, 1], reduction="none")
        np.testing.assert_allclose(loss.data, [np.log(2), INF, np.nan, np.nan])
        loss.backward(np.ones(4))
        np.testing.assert_array_equal(t.grad.data[:2, :3], [[-0.5, 0.5, 0], [-1, 1, 0]])
        assert np.isnan(t.grad.data[2:]).all()
        soft = np.zeros_like(x)
        soft[0, :2], soft[1, 1] = 0.5, 1
        u = ag.tensor(x[:2], requires_grad=True)
        loss = F.cross_entropy(u, soft[:2], reduction="none")
        np.testing.assert_allclose(loss.data, [np.log(2), 0])  # 0 · −∞ is 0 here
        loss.sum().backward()
        assert not u.grad.data.any()
        v = ag.tensor(x, requires_grad=True)
        total = ag.logsumexp(v, 1)
        np.testing.assert_allclose(total.data, [1 + np.log(2), 5, -INF, INF])
        total.backward(np.ones(4))
        np.testing.assert_array_equal(v.grad.data[:3, :2], [[0.5, 0.5], [0, 1], [0, 0]])
        assert np.isnan(v.grad.data[3, 0]) and not v.grad.data[3, 1:].any()


@pytest.mark.parametrize("size", [1, 5000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinite_logits_of_two_classes(size, dtype, kernels):
    x = np.repeat(np.array([-INF, INF, INF, -INF, -INF, INF], dtype), size)
    target = np.repeat(np.array([0, 1, 0, 1, 0.25, 0.25], dtype), size)
    wanted = np.repeat([0, 0, INF, INF, INF, INF], size)
    slope = np.repeat([0, 0, 1, -1, -0.25, 0.75], size)
    for options in ({}, {"pos_weight": np.ones(1)}, {"weight": np.ones(1)}):
        t = ag.tensor(x, requires_grad=True)
        loss = F.binary_cross_entropy_with_logits(t, target, reduction="none", **options)
        assert loss.dtype == dtype
        np.testing.assert_array_equal(loss.data, wanted)
        loss.sum().backward()
        np.testing.assert_array_equal(t.grad.data, slope)


def test_impossible_events_add_nothing_to_a_divergence():
    log_p = ag.tensor([0.0, -INF], requires_grad=True)
    loss = F.kl_div(log_p, np.array([1.0, 0.0]), reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 0])
    loss.sum().backward()
    np.testing.assert_array_equal(log_p.grad.data, [-1, 0])
    assert F.kl_div(np.array([-1.0]), np.array([-INF]), "sum", log_target=True) == 0
    assert F.kl_div(np.array([-INF]), np.array([0.5]), "sum") == INF


def test_logits_of_two_classes_keep_their_digits(kernels):
    """|x| times a small share: x − x t would cancel."""
    for dtype, size in itertools.product((np.float32, np.float64), (3, 5000)):
        x = np.resize(np.array([1e4, -1e4, 1e7], dtype), size)
        t = np.resize(np.array([0.9999, 1e-6, 0.5], dtype), size)
        wide, share = x.astype(np.longdouble), np.where(x < 0, t, 1 - t.astype(np.longdouble))
        for options in ({}, {"pos_weight": np.ones(1, dtype)}):
            loss = F.binary_cross_entropy_with_logits(x, t, reduction="none", **options)
            np.testing.assert_allclose(loss, np.abs(wide) * share, rtol=4 * np.finfo(dtype).eps)
