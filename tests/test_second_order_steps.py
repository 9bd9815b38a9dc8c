"""The steps of L-BFGS, Newton-CG and Levenberg-Marquardt one by one: where they look and end.

That they converge says little about each line: a method that corrects itself also gets there with
a wrong one. Closures here dictate what is found, so that the step is one of a formula.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import autograd as ag
import optim
from autograd import curvature
from optim import lbfgs, newton_cg
from tests.test_optim_second_order import leaf, with_backward

# -- L-BFGS ----------------------------------------------------------------------------------------


def dense_inverse_hessian(steps, changes):
    """The BFGS formula, pair by pair, on s·y / y·y of the newest times the identity."""
    eye = np.eye(len(steps[0]))
    h = steps[-1] @ changes[-1] / (changes[-1] @ changes[-1]) * eye
    for s, y in zip(steps, changes, strict=True):
        r = 1 / (s @ y)
        h = (eye - r * np.outer(s, y)) @ h @ (eye - r * np.outer(y, s)) + r * np.outer(s, s)
    return h


@pytest.mark.parametrize("pairs", [1, 2, 5])
def test_two_loops_multiply_by_the_inverse_hessian_of_bfgs(pairs):
    rng = np.random.default_rng(pairs)
    steps = rng.standard_normal((pairs, 4))
    changes = steps @ np.diag([1.0, 2.0, 3.0, 4.0]) + 0.1 * rng.standard_normal((pairs, 4))
    gradient = rng.standard_normal(4)
    before = gradient.copy()
    expected = dense_inverse_hessian(steps, changes) @ gradient
    np.testing.assert_allclose(lbfgs.two_loop(gradient, steps, changes), expected, rtol=1e-10)
    np.testing.assert_array_equal(gradient, before)


def memory_of(**known):
    return {**optim.LBFGS.empty_memory, **known}


def test_a_direction_that_leads_up_is_none():
    gradient = np.array([0.5, 0.0])
    for bend in (-1.0, -4.0):  # d·g is 1/4, and 1/16
        memory = memory_of(steps=np.eye(2)[:1], changes=bend * np.eye(2)[:1], iterations=3)
        np.testing.assert_array_equal(lbfgs._direction(gradient, 5, memory), -gradient)
        assert memory == memory_of(iterations=3)
    memory = memory_of(steps=np.eye(2)[:1], changes=np.eye(2)[:1])
    lbfgs._direction(np.zeros(2), 5, memory)  # nor is one that leads nowhere
    assert memory["steps"] is None


def test_a_pair_comes_into_the_history_once():
    memory = memory_of(last_step=np.array([1.0, 0.0]), last_gradient=np.array([-2.0, 0.0]))
    gradient = np.array([2.0, 8.0])
    expected = -dense_inverse_hessian(np.eye(2)[:1], np.array([[4.0, 8.0]])) @ gradient
    np.testing.assert_allclose(lbfgs._direction(gradient, 5, memory), expected)
    np.testing.assert_array_equal(memory["steps"], [[1.0, 0.0]])
    np.testing.assert_array_equal(memory["changes"], [[4.0, 8.0]])
    assert memory["last_step"] is None
    assert memory["last_gradient"] is None


SETTINGS = [
    {"max_iter": iterations, "lr": lr, "tolerance_change": change, "tolerance_grad": grad}
    for iterations, lr in [(1, 0.5), (2, 0.5), (6, 0.5), (6, 0.125)]
    for change in (0.0, 0.0625, 0.09375, 0.1171875, 0.125, 0.25, 0.375, 1.0, 2.0)
    for grad in (0.0, 0.125, 1.0)
] + [{"max_iter": 6, "lr": 0.5, "max_eval": most} for most in (1, 2, 3)]


@pytest.mark.parametrize("start", [1.0, 0.25, 3.0])
def test_it_ends_where_pytorchs_does(start):
    """On w²/2, whose steps are exact numbers: each comparison of a tolerance is met exactly."""
    torch = pytest.importorskip("torch")
    for settings in SETTINGS:
        w, theirs = leaf(start), torch.tensor([start], dtype=torch.float64, requires_grad=True)
        ours, other = optim.LBFGS([w], **settings), torch.optim.LBFGS([theirs], **settings)

        def closure(theirs=theirs, other=other):
            other.zero_grad()
            loss = (theirs * theirs).sum() / 2
            loss.backward()
            return loss

        half = with_backward(ours, lambda w=w: (w * w).sum() / 2)
        for _ in range(2):
            assert ours.step(half).item() == other.step(closure).item()
            state = other.state[theirs]
            assert ours.memory["evaluations"] == state["func_evals"], settings
            if not settings.get("tolerance_change"):  # else PyTorch counts one that is not made
                assert ours.memory["iterations"] == state.get("n_iter", 0), settings
            np.testing.assert_allclose(w.data, theirs.detach().numpy(), rtol=1e-12, atol=1e-300)


def test_evaluations_are_five_for_four_iterations():
    def counts(**settings):
        w = leaf(-1.2, 1.0)
        opt = optim.LBFGS([w], line_search_fn="strong_wolfe", **settings)
        opt.step(with_backward(opt, lambda: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2))
        return opt.memory["iterations"], opt.memory["evaluations"]

    by_limit = [counts(max_iter=100, max_eval=most) for most in range(1, 14)]
    assert all(spent >= most for most, (_, spent) in enumerate(by_limit, 1))
    assert counts(max_iter=8) == by_limit[9]
    assert counts(max_iter=9) == by_limit[10]  # 11.25
    assert len(set(by_limit)) > 5


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
def test_the_search_gets_the_tolerances(line_search, monkeypatch):
    seen = []

    def search(evaluate, start, first, **settings):
        evaluate(1.0)
        np.testing.assert_array_equal(w.data, 0.0)  # where -gradient leads
        seen.append((start, first, settings))
        return evaluate(0.0), 2

    monkeypatch.setattr(lbfgs, "strong_wolfe", search)
    for dtype in (np.float32, np.float64):
        w = leaf(3.0, 4.0, dtype=dtype)
        opt = optim.LBFGS([w], lr=0.5, tolerance_change=1e-3, line_search_fn=line_search)
        opt.step(with_backward(opt, lambda w=w: (w * w).sum() / 2))
        if line_search:
            start, first, settings = seen.pop()
            assert start[:3] == (0.0, 12.5, -25.0)
            np.testing.assert_array_equal(start.found, [3.0, 4.0])
            assert first == pytest.approx(0.5 / 7)
            assert settings == {"shortest": 1e-3 / 4, "precision": np.finfo(dtype).eps}
            assert opt.memory == memory_of(size=2, evaluations=3)  # no step came of it
            np.testing.assert_array_equal(w.data, [3.0, 4.0])
            known = np.array([[0.6, 0.8]], dtype)
            opt.memory = memory_of(steps=known, changes=known, size=2, iterations=1)
            opt.step(with_backward(opt, lambda w=w: (w * w).sum() / 2))
            assert seen.pop()[1] == 0.5
            assert opt.memory == memory_of(size=2, evaluations=3, iterations=1)
    assert not seen


def test_a_full_step_stays_in_the_history():
    """And the search goes on from the loss and the gradient that it found."""
    w = leaf(1.0)
    opt = optim.LBFGS([w], max_iter=1, line_search_fn="strong_wolfe")
    opt.step(with_backward(opt, lambda: ((w + 1) ** 2).sum() / 4))
    assert w.item() == 0.0
    assert opt.memory["last_step"].tolist() == [-1.0]
    assert opt.memory["last_gradient"].tolist() == [1.0]


def behind_a_wall(w, seen=None, wall=0.3):
    """-w, and infinite from `wall` on."""
    if seen is not None:
        seen.append(w.item())
    return -w.sum() if w.item() < wall else w.sum() * np.inf


@pytest.mark.parametrize("wall", [0.3, 0.55, 0.7])
@pytest.mark.parametrize("kind", [optim.LBFGS, optim.NewtonCG])
def test_they_stay_at_the_best_point_and_not_at_the_last(kind, wall):
    w, seen = leaf(0.0), []
    loss_of = lambda: behind_a_wall(w, seen, wall)
    if kind is optim.LBFGS:
        opt = kind([w], max_iter=1, line_search_fn="strong_wolfe")
        opt.step(with_backward(opt, loss_of))
    else:
        kind([w]).step(loss_of)
    assert w.item() == max(at for at in seen if at < wall) > 0


@pytest.mark.parametrize("beyond", [lambda w: w.sum() * np.nan, lambda w: ag.sqrt(w * 0).sum()])
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_is_not_finite_on_the_way_is_forgotten(beyond):
    w = leaf(1.0)
    opt = optim.LBFGS([w], lr=3.0, max_iter=5)
    opt.memory = memory_of(steps=np.ones((1, 1)), changes=np.ones((1, 1)), size=1, iterations=4)

    def loss():
        return (w * w).sum() / 2 if w.item() > -1 else beyond(w)

    opt.step(with_backward(opt, loss))
    assert w.item() == 1.0
    assert opt.memory == memory_of(size=1, iterations=4, evaluations=2)


@pytest.mark.parametrize("kind", [optim.LBFGS, optim.NewtonCG])
def test_a_start_that_is_not_finite_says_which(kind):
    with np.errstate(all="ignore"):
        for loss, what in (
            (lambda w: ag.sqrt(w).sum(), "gradient not finite"),
            (lambda w: (w / 0.0).sum() * 0.0 + np.inf * (w + 1.0).sum(), "loss is (nan|inf)"),
        ):
            w = leaf(0.0)
            opt = kind([w])
            closure = lambda w=w, loss=loss: loss(w)
            closure = with_backward(opt, closure) if kind is optim.LBFGS else closure
            with pytest.raises(ag.GraphError, match=what):
                opt.step(closure)
    w = leaf(1.0)
    opt = optim.LBFGS([w])
    with pytest.raises(ag.GraphError, match="loss is inf and its gradient finite"):
        opt.step(with_backward(opt, lambda: w.sum() + np.inf))


# -- Newton-CG -------------------------------------------------------------------------------------


def test_conjugate_gradients_stop_where_it_is_enough():
    product = lambda v: np.array([1.0, 3.0]) * v
    gradient = np.ones(2)
    first, exact = [-0.5, -0.5], [-1.0, -1 / 3]
    once = math.sqrt(0.5)  # what is left after one product
    direction = newton_cg.conjugate_direction
    np.testing.assert_array_equal(direction(product, gradient, 9, once), first)
    np.testing.assert_allclose(direction(product, gradient, 9, once - 1e-9), exact, rtol=1e-14)
    np.testing.assert_array_equal(direction(product, gradient, 1, 0.0), first)


def test_curvature_is_measured_by_the_direction():
    direction = newton_cg.conjugate_direction
    for scale in (1e-10, 1.0, 1e10):
        g = np.array([scale])
        np.testing.assert_allclose(direction(lambda v: 2 * v, g, 1, 0.0), -g / 2)
        np.testing.assert_array_equal(direction(lambda v: 1e-15 * v, g, 1, 0.0), -g)
        np.testing.assert_array_equal(direction(lambda v: -v, g, 1, 0.0), -g)
    one = np.ones(1)
    np.testing.assert_array_equal(direction(lambda v: 1e-14 * v, one, 1, 0.0), -one)
    saddle = lambda v: np.array([1.0, -1.0]) * v  # curves down along the second direction
    np.testing.assert_array_equal(
        direction(saddle, np.array([2.0, 1.0]), 9, 0.0), [-10 / 3, -5 / 3]
    )


@pytest.mark.parametrize("curves_down", [False, True])
def test_a_way_down_curves_by_more_than_rounding(curves_down):
    """λ below -√precision·max |λ|."""
    for high in (0.01, 1.0, 100.0):
        w = leaf(0.0, 0.0)
        curvatures = high * np.array([-0.02 if curves_down else -0.005, 1.0])
        loss = lambda w=w, c=curvatures: (ag.Tensor(c) * w * w).sum() / 2
        for slope in (0.5, -0.5, 3.0, -3.0):
            found = newton_cg._way_down(loss, [w], np.array([slope, 0.0]), 1e-4)
            if curves_down:
                np.testing.assert_allclose(found, [-np.sign(slope), 0.0], atol=1e-9)
            else:
                assert found is None


def leaving(x, values, value=0.0):
    """Where `_leave_saddle` looks for the dictated values, and where it ends."""
    w, asked, left = leaf(*x), [], list(values)

    def closure():
        asked.append(w.data.copy())
        return ag.tensor(np.array(left.pop(0)))

    direction = np.array([0.0, 1.0])
    newton_cg._leave_saddle(closure, [w], np.array(x), direction, value)
    assert not left
    assert all(at[0] == x[0] for at in (*asked, w.data))
    return [at[1] - x[1] for at in asked], w.data[1] - x[1]


@pytest.mark.parametrize(("x", "scale"), [((0.0, 0.25), 1.0), ((3.0, 4.0), 5.0)])
def test_a_saddle_is_left_in_steps_that_double_or_halve(x, scale):
    t = 0.01 * scale
    about = lambda *steps: pytest.approx([t * s for s in steps], rel=1e-9)
    end = lambda s: pytest.approx(t * s, rel=1e-9)
    assert leaving(x, [-1.0, -2.0, -1.5]) == (about(1, 2, 4), end(2))
    assert leaving(x, [-1.0, -1.0]) == (about(1, 2), end(1))
    assert leaving(x, [-1.0, math.nan]) == (about(1, 2), end(1))
    assert leaving(x, [-1.0, -math.inf]) == (about(1, 2), end(1))
    assert leaving(x, [0.0, math.inf, -1.0, 0.0]) == (about(1, 1 / 2, 1 / 4, 1 / 2), end(1 / 4))
    falling = [-float(n) for n in range(1, 9)]
    assert leaving(x, falling) == (about(*(2.0**n for n in range(8))), end(128))
    halves = [2.0**-n for n in range(26)]
    assert leaving(x, [1.0] * 26) == (about(*halves), 0.0)


def test_newton_ends_exactly_at_its_tolerance():
    w = leaf(0.25)
    optim.NewtonCG([w], tolerance_grad=0.25).step(lambda: (w * w).sum() / 2)
    assert w.item() == 0.25
    optim.NewtonCG([w], tolerance_grad=0.2499).step(lambda: (w * w).sum() / 2)
    assert w.item() == 0.0


def test_newton_with_a_parameter_that_has_no_slope_and_one_without_curvature():
    a, straight, unused = leaf(2.0), leaf(1.0), leaf(5.0)
    opt = optim.NewtonCG([unused, a, straight], max_cg=1)
    loss = lambda: (a**4).sum() + 1e-3 * straight.sum()
    before = loss().item()
    assert opt.step(loss).item() == before
    assert loss().item() < before
    assert unused.item() == 5.0
    assert straight.item() < 1.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_search_of_newton_gets_precision_and_learning_rate(dtype, monkeypatch):
    seen = []

    def search(evaluate, start, first, **settings):
        seen.append((start, first, settings))
        half = evaluate(0.5)
        assert half == (0.5, 1.0, -4.0, None)  # w² and its slope towards -2, at 1
        return half, 1

    monkeypatch.setattr(newton_cg, "strong_wolfe", search)
    w = leaf(2.0, dtype=dtype)
    optim.NewtonCG([w], lr=0.75).step(lambda: (w * w).sum())
    assert w.item() == 1.0
    assert seen == [((0.0, 4.0, -8.0, None), 0.75, {"precision": np.finfo(dtype).eps})]


# -- Levenberg-Marquardt ---------------------------------------------------------------------------


def marquardt(w, r, jacobian, trials, opt):
    """A step for dictated residuals, Jacobian and residuals of the trials; where it looked."""
    at, asked, left = w.data.copy(), [], list(trials)

    def closure():
        if ag.is_grad_enabled():
            return ag.Tensor(jacobian) @ (w - at) + r
        asked.append(w.data.copy())
        return ag.tensor(np.array(left.pop(0)))

    assert opt.step(closure) == np.sum(r**2) / 2
    assert not left
    return asked


def damped(r, jacobian, damping, scale):
    """The solution of (JᵀJ + λD²) p = -Jᵀr."""
    return np.linalg.solve(jacobian.T @ jacobian + damping * np.diag(scale), -jacobian.T @ r)


def test_marquardts_trials_are_damped_more_and_more():
    rng = np.random.default_rng(1)
    jacobian, r = rng.standard_normal((3, 2)), np.array([1.0, 2.0, 2.0])
    w = leaf(0.5, -0.5)
    opt = optim.LevenbergMarquardt([w], lr=0.5, damping=0.25)
    scale = (jacobian**2).sum(axis=0)
    x, equal, worse, better = w.data.copy(), r[::-1], 2 * r, 0.95 * r
    asked = marquardt(w, r, jacobian, [worse, equal, better], opt)
    for at, damping in zip(asked, (0.25, 0.5, 2.0), strict=True):  # times 2, then times 4
        np.testing.assert_allclose(at - x, 0.5 * damped(r, jacobian, damping, scale), rtol=1e-10)
    np.testing.assert_array_equal(w.data, asked[-1])
    predicted = (r @ r - np.sum((r + jacobian @ (asked[-1] - x)) ** 2)) / 2
    gain = (r @ r - better @ better) / 2 / predicted
    damping = 2.0 * max(1 / 3, 1 - (2 * gain - 1) ** 3)
    assert opt.memory["damping"] == pytest.approx(damping, rel=1e-9)
    assert opt.memory["growth"] == 2.0
    np.testing.assert_allclose(opt.memory["scale"], scale)

    # The next step goes on with that damping, and with the largest scale so far.
    smaller = jacobian * [0.5, 2.0]
    largest = scale * [1.0, 4.0]
    opt.memory = {**opt.memory, "growth": 16.0}  # of a state that was loaded, say
    x = w.data.copy()
    (at,) = marquardt(w, better, smaller, [0.5 * better], opt)
    np.testing.assert_allclose(at - x, 0.5 * damped(better, smaller, damping, largest), rtol=1e-9)
    np.testing.assert_allclose(opt.memory["scale"], largest)
    assert opt.memory["growth"] == 2.0


def test_marquardt_stays_where_no_trial_is_better():
    w = leaf(1.0, 2.0)
    opt = optim.LevenbergMarquardt([w], max_tries=3)
    asked = marquardt(w, np.ones(2), np.eye(2), [[1.0, 1.0], [2.0, 0.0], [math.nan, 0.0]], opt)
    assert len({*map(tuple, asked), (1.0, 2.0)}) == 4
    np.testing.assert_array_equal(w.data, [1.0, 2.0])
    assert opt.memory["damping"] is None
    assert opt.memory["growth"] == 2.0


def test_marquardt_trusts_no_luck():
    """A trial for which the model predicted nothing good is of no use, however good it is."""
    w = leaf(0.0)
    opt = optim.LevenbergMarquardt([w], lr=2.0, damping=0.0, max_tries=2)
    asked = marquardt(w, np.ones(1), np.eye(1), [[0.0], [0.5]], opt)
    assert asked[0] == [-2.0]  # as far beyond the minimum as before it: nothing was predicted
    assert asked[1] == pytest.approx(-2 / 1.001, rel=1e-12)
    assert w.item() == asked[1]
    assert opt.memory["damping"] == pytest.approx(1e-3 / 3)


def test_marquardt_takes_a_sum_that_overflows_for_a_bad_one():
    w = leaf(0.0)
    opt = optim.LevenbergMarquardt([w], max_tries=2)
    marquardt(w, np.ones(1), np.eye(1), [[1e200], [0.5]], opt)
    assert w.item() < 0


@pytest.mark.parametrize("slope", [0.5, 1.0, 100.0])
def test_a_slope_of_almost_nothing_is_damped_by_the_largest(slope):
    """D² is eps·max(1, its largest) at least."""
    tiny = np.finfo(np.float64).eps * max(1.0, slope**2)
    jacobian, r = np.diag([slope, 1e-9 * slope]), np.ones(2)
    w = leaf(0.0, 0.0)
    opt = optim.LevenbergMarquardt([w], damping=0.5)
    (at,) = marquardt(w, r, jacobian, [[0.0, 0.0]], opt)
    expected = damped(r, jacobian, 0.5, [slope**2, tiny])
    np.testing.assert_allclose(at, expected, rtol=1e-6)


def test_the_jacobian_is_taken_by_the_cheaper_way(monkeypatch):
    ways = []
    by_columns = curvature.by_columns
    monkeypatch.setattr(
        curvature, "by_columns", lambda *given: (ways.append(1), by_columns(*given))[1]
    )
    for columns, rows in itertools.product((1, 3), range(1, 9)):
        w, matrix = leaf(*np.ones(columns)), np.arange(1.0, 1 + rows * columns)
        matrix = matrix.reshape(rows, columns)
        found = curvature.flat_jacobian(lambda m=matrix, w=w: ag.Tensor(m) @ w, [w])
        np.testing.assert_array_equal(found, matrix)
        assert ways == [1] * (rows > 2 * columns)
        ways.clear()
