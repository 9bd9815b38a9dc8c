"""L-BFGS, Newton-CG and Levenberg-Marquardt against closed forms, and PyTorch where it is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd import curvature
from optim.line_search import Trial, cubic_minimum, strong_wolfe
from tests.interrupting import interrupted_everywhere


def leaf(*values, dtype=np.float64):
    return ag.Tensor(np.array(values, dtype), requires_grad=True)


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def with_backward(opt, loss_of):
    def closure():
        opt.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss

    return closure


# -- line search -----------------------------------------------------------------------------------

CURVES = {
    "quadratic": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "far": (lambda t: (t / 100 - 3) ** 2, lambda t: (t / 100 - 3) / 50),
    "cosine": (np.cos, lambda t: -np.sin(t)),
    "wall": (
        lambda t: -t if t < 0.3 else np.inf,
        lambda t: -1.0 if t < 0.3 else np.nan,
    ),
    "log": (  # undefined from 5 on
        lambda t: -np.log1p(t) - np.log(5 - t) if t < 5 else np.nan,
        lambda t: -1 / (1 + t) + 1 / (5 - t) if t < 5 else np.nan,
    ),
}


@pytest.mark.parametrize("name", [name for name in CURVES if name != "wall"])
@pytest.mark.parametrize("first", [1e-3, 0.7, 1.0, 30.0])
def test_the_conditions_hold_where_the_search_ends(name, first):
    value, slope = CURVES[name]

    def phi(t):
        return Trial(t, float(value(t)), float(slope(t)))

    start = phi(0.01)
    shifted = lambda t: phi(t + 0.01)._replace(t=t)
    found, count = strong_wolfe(shifted, start._replace(t=0.0), first, flatness=0.1)
    assert found.value <= start.value + 1e-4 * found.t * start.slope
    assert abs(found.slope) <= 0.1 * abs(start.slope)
    assert count <= 25


def test_the_best_decrease_is_returned_where_no_point_satisfies_them():
    value, slope = CURVES["wall"]
    phi = lambda t: Trial(t, value(t), slope(t))
    found, count = strong_wolfe(phi, phi(0.0), 1.0)
    assert 0.29 < found.t < 0.3
    assert count == 25
    wrong_slope = lambda t: Trial(t, 1.0 + t, 1.0)
    assert strong_wolfe(wrong_slope, Trial(0.0, 1.0, -1.0), 1.0, shortest=1e-6)[0].t == 0


def test_the_minimum_of_a_cubic():
    phi = lambda t: Trial(t, 2 * t**3 - 9 * t**2 + 12 * t, 6 * t**2 - 18 * t + 12)
    assert cubic_minimum(phi(0.5), phi(3.0)) == pytest.approx(2)
    assert cubic_minimum(phi(3.0), phi(0.5)) == pytest.approx(2)
    line = lambda t: Trial(t, -t, -1.0)
    assert np.isnan(cubic_minimum(line(0.0), line(1.0)))


# -- what they minimise ----------------------------------------------------------------------------


@pytest.mark.parametrize("history", [2, 10, 100])
def test_lbfgs_on_rosenbrock(history):
    w = leaf(-1.2, 1.0)
    opt = optim.LBFGS([w], max_iter=100, history_size=history, line_search_fn="strong_wolfe")
    closure = with_backward(opt, lambda: rosenbrock(w))
    assert opt.step(closure).item() == pytest.approx(24.2)
    np.testing.assert_allclose(w.data, 1, atol=1e-4)
    assert opt.memory["evaluations"] < 80


@pytest.mark.parametrize("size", [10, 50])
def test_lbfgs_on_rosenbrock_of_many_dimensions(size):
    w = leaf(*([-1.2, 1.0] * (size // 2)))
    opt = optim.LBFGS([w], max_iter=500, line_search_fn="strong_wolfe")

    def loss():
        return ((1 - w[:-1]) ** 2 + 100 * (w[1:] - w[:-1] ** 2) ** 2).sum()

    opt.step(with_backward(opt, loss))
    assert np.abs(curvature.flat_gradient(loss, [w])).max() < 1e-3
    assert loss().item() < 5  # the minimum 0 or the local one near (-1, 1, ..., 1), 3.99


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e6])
def test_lbfgs_and_newton_on_ill_conditioned_quadratics(condition):
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    a = q @ np.diag(np.geomspace(1, condition, 20)) @ q.T
    b = rng.standard_normal(20)
    exact = np.linalg.solve(a, b)

    def value(w):
        return (w @ ag.Tensor(a) @ w) / 2 - ag.Tensor(b) @ w

    w = leaf(*np.zeros(20))
    opt = optim.LBFGS([w], max_iter=300, tolerance_change=1e-14, line_search_fn="strong_wolfe")
    opt.step(with_backward(opt, lambda: value(w)))
    np.testing.assert_allclose(w.data, exact, atol=1e-4)

    w = leaf(*np.zeros(20))
    opt = optim.NewtonCG([w], max_cg=200)
    for _ in range(6):
        opt.step(lambda: value(w))
    np.testing.assert_allclose(w.data, exact, atol=1e-6)


def test_newton_needs_one_step_on_a_quadratic_where_descent_needs_hundreds():
    scale = np.array([1.0, 100.0])
    w = leaf(1.0, 1.0)
    optim.NewtonCG([w]).step(lambda: (scale * w * w).sum() / 2)
    np.testing.assert_allclose(w.data, 0, atol=1e-12)


def test_newton_converges_superlinearly_on_rosenbrock():
    w = leaf(-1.2, 1.0)
    opt = optim.NewtonCG([w])
    errors = []
    for _ in range(30):
        opt.step(lambda: rosenbrock(w))
        errors.append(np.abs(w.data - 1).max())
    assert errors[-1] < 1e-7
    small = [e for e in errors if e < 0.1]
    assert min(b / a for a, b in pairwise(small)) < 0.05


def test_newton_leaves_a_saddle_where_descent_stays():
    def loss(w):
        return w[0] ** 2 - w[1] ** 2 + w[1] ** 4

    w = leaf(0.0, 0.0)
    descent = optim.SGD([w], lr=0.1)
    for _ in range(100):
        with_backward(descent, lambda: loss(w))()
        descent.step()
    np.testing.assert_array_equal(w.data, 0)
    opt = optim.NewtonCG([w])
    for _ in range(15):
        opt.step(lambda: loss(w))
    assert loss(w).item() == pytest.approx(-0.25, abs=1e-10)
    assert curvature.critical_point(lambda: loss(w), [w]) == "minimum"
    before = w.data.copy()
    opt.step(lambda: loss(w))
    np.testing.assert_array_equal(w.data, before)


def test_newton_goes_downhill_where_the_curvature_is_negative():
    w = leaf(0.1)
    opt = optim.NewtonCG([w])
    values = [opt.step(lambda: ag.cos(w[0])).item() for _ in range(12)]
    assert all(b <= a for a, b in pairwise(values))
    assert abs(w.item()) == pytest.approx(np.pi, abs=1e-6)


def test_a_straight_line_by_least_squares_takes_one_undamped_step():
    rng = np.random.default_rng(0)
    x = np.stack([np.ones(30), rng.standard_normal(30)], axis=1)
    y = rng.standard_normal(30)
    exact, rest, *_ = np.linalg.lstsq(x, y, rcond=None)
    w = leaf(5.0, -3.0)
    opt = optim.LevenbergMarquardt([w], damping=0.0)
    first = opt.step(lambda: ag.Tensor(x) @ w - y)
    assert first == pytest.approx(((x @ [5, -3] - y) ** 2).sum() / 2)
    np.testing.assert_allclose(w.data, exact, rtol=1e-12)
    second = opt.step(lambda: ag.Tensor(x) @ w - y)
    assert second == pytest.approx(rest[0] / 2)


@pytest.mark.parametrize("points", [3, 5, 40])  # J by rows and by columns
@pytest.mark.parametrize("damping", [0.0, 1e-3, 10.0])
def test_an_exponential_is_fitted(points, damping):
    t = np.linspace(0, 3, points)
    y = 2.5 * np.exp(-1.3 * t) + 0.5
    w = leaf(1.0, -0.5, 0.0)
    opt = optim.LevenbergMarquardt([w], damping=damping)
    values = [opt.step(lambda: w[0] * ag.exp(w[1] * t) + w[2] - y) for _ in range(60)]
    assert all(b <= a for a, b in pairwise(values))
    np.testing.assert_allclose(w.data, [2.5, -1.3, 0.5], rtol=1e-6)


def test_rosenbrock_as_least_squares():
    w = leaf(-1.2, 1.0)
    opt = optim.LevenbergMarquardt([w])
    for _ in range(40):
        opt.step(lambda: ag.stack([1 - w[0], 10 * (w[1] - w[0] ** 2)]))
    np.testing.assert_allclose(w.data, 1, atol=1e-8)


def test_the_jacobian_by_rows_is_the_one_by_columns():
    from autograd.transforms.jacobians import by_columns

    rng = np.random.default_rng(0)
    a, b = leaf(*rng.standard_normal(3)), leaf(*rng.standard_normal(2))
    unused = leaf(1.0)
    x = ag.Tensor(rng.standard_normal((4, 3)))
    residuals = lambda: ag.tanh(x @ a) * b[0] + b[1]
    rows = curvature.flat_jacobian(residuals, [a, b, unused])
    (columns,) = by_columns([residuals()], [a, b, unused])
    np.testing.assert_allclose(np.hstack([part.data for part in columns]), rows, rtol=1e-12)
    slope = (1 - np.tanh(x.data @ a.data) ** 2) * b.data[0]
    np.testing.assert_allclose(rows[:, :3], slope[:, None] * x.data)
    assert not rows[:, 5].any()


def test_a_network_is_fitted_by_each():
    x = ag.Tensor(np.linspace(-2, 2, 40).reshape(-1, 1))
    y = np.sin(2 * x.data)

    def trained(steps, make, use):
        ag.manual_seed(0)
        net = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 1)).double()
        opt = make(net.parameters())
        closure = use(opt, net)
        for _ in range(steps):
            opt.step(closure)
        return ((net(x) - y) ** 2).mean().item()

    mse = lambda net: ((net(x) - y) ** 2).mean()
    lbfgs = trained(
        10,
        lambda p: optim.LBFGS(p, line_search_fn="strong_wolfe"),
        lambda opt, net: with_backward(opt, lambda: mse(net)),
    )
    newton = trained(40, optim.NewtonCG, lambda _, net: lambda: mse(net))
    lm = trained(40, optim.LevenbergMarquardt, lambda _, net: lambda: net(x) - y)
    sgd = trained(
        200,
        lambda p: optim.SGD(p, lr=0.1),
        lambda opt, net: with_backward(opt, lambda: mse(net)),
    )
    assert max(lbfgs, newton, lm) < 1e-2 * sgd
    assert lm < 1e-6


@pytest.mark.parametrize("kind", [optim.LBFGS, optim.NewtonCG, optim.LevenbergMarquardt])
def test_float32_stays_float32_and_gets_as_far_as_it_can(kind):
    w = leaf(-1.2, 1.0, dtype=np.float32)
    residuals = lambda: ag.stack([1 - w[0], 10 * (w[1] - w[0] ** 2)])
    loss = lambda: (residuals() ** 2).sum()
    if kind is optim.LBFGS:
        opt = kind([w], line_search_fn="strong_wolfe")
        closure = with_backward(opt, loss)
    else:
        opt = kind([w])
        closure = residuals if kind is optim.LevenbergMarquardt else loss
    for _ in range(40):
        opt.step(closure)
    assert w.dtype == np.float32
    np.testing.assert_allclose(w.data, 1, atol=2e-3)


# -- LBFGS and PyTorch's ---------------------------------------------------------------------------


def same_fit(**settings):
    """A logistic regression in both frameworks: losses and parameters after each step."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((30, 4)), rng.integers(0, 2, 30)
    start = rng.standard_normal((4, 2))
    ours = ag.Tensor(start.copy(), requires_grad=True)
    theirs = torch.tensor(start, requires_grad=True)
    our_opt = optim.LBFGS([ours], **settings)
    their_opt = torch.optim.LBFGS([theirs], **settings)

    def penalised():
        return ag.cross_entropy(ag.Tensor(x) @ ours, y) + 0.01 * (ours * ours).sum()

    def closure():
        their_opt.zero_grad()
        scores = torch.tensor(x) @ theirs
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor(y))
        loss = loss + 0.01 * (theirs * theirs).sum()
        loss.backward()
        return loss

    for _ in range(6):
        a = our_opt.step(with_backward(our_opt, penalised)).item()
        b = their_opt.step(closure).item()
        yield a, b, ours.data.copy(), theirs.detach().numpy().copy()


def test_the_trajectory_is_pytorchs_without_a_line_search():
    for a, b, ours, theirs in same_fit(lr=0.5, max_iter=4, history_size=3):
        assert a == pytest.approx(b, rel=1e-9)
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


def test_the_minimum_is_pytorchs_with_one():
    *_, (a, b, ours, theirs) = same_fit(line_search_fn="strong_wolfe")
    assert a == pytest.approx(b, rel=1e-10)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


# -- state -----------------------------------------------------------------------------------------


def make(kind, w):
    if kind is optim.LevenbergMarquardt:
        return (opt := kind([w])), lambda: ag.stack([1 - w[0], 10 * (w[1] - w[0] ** 2)])
    if kind is optim.NewtonCG:
        return (opt := kind([w])), lambda: rosenbrock(w)
    opt = kind([w], max_iter=3, history_size=4, line_search_fn="strong_wolfe")
    return opt, with_backward(opt, lambda: rosenbrock(w))


KINDS = pytest.mark.parametrize("kind", [optim.LBFGS, optim.NewtonCG, optim.LevenbergMarquardt])


@KINDS
def test_going_on_from_a_state_is_going_on(kind):
    w = leaf(-1.2, 1.0)
    opt, closure = make(kind, w)
    for _ in range(3):
        opt.step(closure)
    state, at = opt.state_dict(), w.data.copy()
    for _ in range(3):
        opt.step(closure)
    other = leaf(*at)
    again, its_closure = make(kind, other)
    again.load_state_dict(state)
    assert again.steps == 3
    for _ in range(3):
        again.step(its_closure)
    np.testing.assert_array_equal(other.data, w.data)


@KINDS
def test_a_state_that_does_not_fit_changes_nothing(kind):
    opt, closure = make(kind, leaf(-1.2, 1.0))
    opt.step(closure)
    state = opt.state_dict()
    other, _ = make(kind, leaf(1.0, 2.0))
    for wrong, what in (
        ({k: v for k, v in state.items() if k != "memory"}, "missing 'memory'"),
        ({**state, "memory": {**state["memory"], "x": 1}}, "unknown entry 'x'"),
        ({**state, "memory": 3}, "int, not a dictionary"),
        *(
            ({**state, "memory": {**state["memory"], name: "x"}}, f"'{name}' is 'x', not a number")
            for name, first in kind.empty_memory.items()
            if first is not None
        ),
        ({**state, "steps": -1}, "-1"),
        ([], "list"),
    ):
        with pytest.raises(ag.CheckpointError, match=what):
            other.load_state_dict(wrong)
        assert other.steps == 0
        assert other.memory == dict(kind.empty_memory)
    if kind is not optim.NewtonCG:
        three, _ = make(kind, leaf(1.0, 2.0, 3.0))
        with pytest.raises(ag.CheckpointError, match=r"\[2\] elements; 3"):
            three.load_state_dict(state)


@KINDS
@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_an_error_in_the_closure_leaves_everything_as_it_was(kind, fails_at):
    w = leaf(-1.2, 1.0)
    opt, closure = make(kind, w)
    opt.step(closure)
    before, memory, steps = w.data.copy(), opt.state_dict()["memory"], opt.steps
    calls = []

    def fails():
        calls.append(0)
        if len(calls) == fails_at:
            raise KeyboardInterrupt
        return closure()

    if kind is optim.LevenbergMarquardt and fails_at == 3:
        opt.memory = {**opt.memory, "damping": 0.0}
        memory = opt.state_dict()["memory"]
        w.data[:] = before = np.array([-1.2, 1.0])
        inner = closure
        closure = lambda: inner() * (1.0 if len(calls) < 2 else 9.0)  # so that it tries again
    with pytest.raises(KeyboardInterrupt):
        opt.step(fails)
    np.testing.assert_array_equal(w.data, before)
    np.testing.assert_equal(opt.state_dict()["memory"], memory)
    assert opt.steps == steps


def test_a_step_to_infinity_is_taken_back():
    w = leaf(1.0)
    opt = optim.LBFGS([w], lr=100.0, max_iter=5)
    with np.errstate(all="ignore"):
        opt.step(
            with_backward(opt, lambda: -ag.log(w).sum() + ag.log(3 - w).sum() * 0 + w.sum() * 9)
        )
    assert w.item() == 1.0
    opt.param_groups[0]["lr"] = 0.01
    opt.step(with_backward(opt, lambda: 9 * w.sum() - ag.log(w).sum()))
    assert 0 < w.item() < 1


def test_several_parameters_frozen_ones_and_ones_without_a_gradient():
    a, b, unused, frozen = leaf(3.0), leaf(4.0, 5.0), leaf(7.0), nn.Parameter(np.ones(2))
    frozen.requires_grad_(False)
    opt = optim.LBFGS([a, b, unused, frozen], line_search_fn="strong_wolfe")
    opt.step(with_backward(opt, lambda: (a * a).sum() + ((b - frozen) ** 2).sum()))
    np.testing.assert_allclose(a.data, 0, atol=1e-6)
    np.testing.assert_allclose(b.data, 1, atol=1e-6)
    assert unused.item() == 7
    np.testing.assert_array_equal(frozen.data, 1)
    frozen.requires_grad_(True)
    with pytest.raises(ag.ShapeError, match="6 elements are to be trained"):
        opt.step(with_backward(opt, lambda: (a * a).sum() + (frozen**2).sum()))


def test_the_learning_rate_may_be_a_function():
    w = leaf(1.0)
    opt = optim.LBFGS([w], lr=lambda step: 0.0 if step == 0 else 1.0, max_iter=1)
    closure = with_backward(opt, lambda: (w * w).sum())
    opt.step(closure)
    assert w.item() == 1
    opt.step(closure)
    assert w.item() != 1


# -- bad input -------------------------------------------------------------------------------------


@KINDS
def test_what_is_no_closure(kind):
    w = leaf(1.0, 1.0)
    opt = kind([w])
    with pytest.raises(ag.DTypeError, match="closure must be .*, got None"):
        opt.step()
    with pytest.raises(ag.DTypeError, match="returned NoneType"):
        opt.step(lambda: None)
    if kind is not optim.LevenbergMarquardt:
        with pytest.raises(ag.GraphError, match=r"shape \(2,\)"):
            opt.step(lambda: w * w)
    nan = lambda: (w * np.nan).sum() if kind is not optim.LevenbergMarquardt else w * np.nan
    if kind is optim.LBFGS:
        nan = with_backward(opt, nan)
    with pytest.raises(ag.GraphError, match="not finite|nan"):
        opt.step(nan)
    np.testing.assert_array_equal(w.data, 1)


def test_a_closure_that_calls_backward_where_it_must_not():
    w = leaf(1.0)
    opt = optim.NewtonCG([w])
    with pytest.raises(ag.GraphError) as caught:
        opt.step(with_backward(opt, lambda: (w**3).sum()))
    assert "calls no backward()" in "".join(caught.value.__notes__)
    with pytest.raises(ag.GraphError, match="outside no_grad"):
        opt.step(lambda: 3.0)
    with pytest.raises(ag.GraphError, match="not computed from the parameters"):
        optim.LevenbergMarquardt([w]).step(lambda: ag.ones(3))
    with pytest.raises(ag.GraphError, match="no residual"):
        optim.LevenbergMarquardt([w]).step(lambda: w[:0])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"lr": -1}, ag.ArgumentError, "lr must be .*, got -1"),
        ({"history_size": 0}, ag.ArgumentError, "history_size must be .*, got 0"),
        ({"max_iter": 2.5}, ag.DTypeError, "max_iter must be .*, got 2.5"),
        ({"max_eval": 0}, ag.ArgumentError, "max_eval"),
        ({"tolerance_grad": float("nan")}, ag.ArgumentError, "tolerance_grad"),
        ({"line_search_fn": "armijo"}, ag.ArgumentError, "None or 'strong_wolfe', got 'armijo'"),
    ],
)
def test_settings_outside_their_range(settings, error, message):
    with pytest.raises(error, match=message):
        optim.LBFGS([leaf(1.0)], **settings)


@KINDS
def test_groups_and_read_only_arrays(kind):
    with pytest.raises(ag.ArgumentError, match="second parameter group"):
        kind([{"params": [leaf(1.0)]}, {"params": [leaf(2.0)], "lr": 0.1}])
    w = leaf(1.0, 2.0)
    opt, closure = make(kind, w)
    w.data.flags.writeable = False
    with pytest.raises(ag.InPlaceError, match="read-only"):
        opt.step(closure)
    frozen = nn.Parameter(np.ones(2))
    opt = kind([frozen])
    frozen.requires_grad_(False)
    with pytest.raises(ag.GraphError, match="every parameter is frozen"):
        opt.step(lambda: 0.0)


@pytest.mark.parametrize("kind", ["LBFGS", "NewtonCG", "LevenbergMarquardt"])
def test_a_step_that_is_interrupted_is_all_old_or_all_new(kind):
    def begun():
        w = leaf(-1.2, 1.0)
        made = optim.LBFGS([w], max_iter=2) if kind == "LBFGS" else getattr(optim, kind)([w])
        residuals = lambda: ag.stack([10 * (w[1] - w[0] ** 2), 1 - w[0]])

        def closure():
            if kind == "LevenbergMarquardt":
                return residuals()
            loss = (residuals() ** 2).sum()
            if kind == "LBFGS":
                made.zero_grad()
                loss.backward()
            return loss

        made.step(closure)
        return w, made, closure

    def everything(w, made, _):
        memory = [np.asarray(value) for value in made.memory.values() if value is not None]
        return [w.data.copy(), np.asarray(made.steps), *memory]

    def same(first, second):
        return len(first) == len(second) and all(map(np.array_equal, first, second))

    w, made, closure = begun()
    old = everything(w, made, closure)
    made.step(closure)
    new = everything(w, made, closure)
    latest = [begun()]
    for place in interrupted_everywhere(lambda: latest[0][1].step(latest[0][2]), stride=17):
        now = everything(*latest[0])
        if not same(now, old):
            assert same(now, new), place
            latest[0] = begun()


def test_a_pair_along_which_the_loss_is_not_convex_stays_out_of_the_history():
    """s·y must exceed eps·(y·y): on a concave stretch, and on a straight one, it does not."""
    from optim.lbfgs import _direction

    eps = np.finfo(np.float64).eps

    def history(s, y):
        memory = dict(optim.LBFGS.empty_memory)
        memory["last_step"], memory["last_gradient"] = np.array(s), np.zeros(2)
        _direction(np.array(y), 5, memory)
        return memory["steps"]

    assert history([1.0, 0.0], [1.0, 0.0]) is not None
    assert history([1.0, 0.0], [-1.0, 0.0]) is None
    assert history([1.0, 0.0], [0.0, 1.0]) is None
    assert history([4 * eps, 0.0], [1.0, 0.0]) is not None
    assert history([eps / 4, 0.0], [1.0, 0.0]) is None
    assert history([eps, 0.0], [1.0, 0.0]) is None  # not above it
    assert history([1.5 * eps, 0.0], [2.0, 0.0]) is None  # 3 eps, where y·y is 4


def test_damping_follows_how_well_the_model_predicted():
    """λ ← λ·max(1/3, 1 - (2ρ - 1)³) with ρ the decrease that came over the one predicted."""
    for start in (1.3, 2.0, 3.0, 0.2):
        w = leaf(start)
        optimizer = optim.LevenbergMarquardt([w], damping=0.5)
        x = start
        r, slope = x**3 - 1, 3 * x * x
        damping = 0.5
        p = -slope * r / (slope * slope * (1 + damping))
        after = (x + p) ** 3 - 1
        ratio = (r * r - after * after) / (r * r - (r + slope * p) ** 2)
        optimizer.step(lambda w=w: w**3 - 1)
        if ratio > 0:
            assert w.item() == pytest.approx(x + p, rel=1e-12)
            expected = damping * max(1 / 3, 1 - (2 * ratio - 1) ** 3)
            assert optimizer.memory["damping"] == pytest.approx(expected, rel=1e-9)
            assert optimizer.memory["growth"] == 2.0
