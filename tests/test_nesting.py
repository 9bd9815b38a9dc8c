"""Transforms inside transforms and inside losses keep what their functions capture."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import curvature, func

try:
    import torch
except ImportError:
    torch = None

# -- every transform inside every other one --------------------------------------------------------


class Ours:
    """Numbers made of derivatives of a function of one number, at `a`."""

    sin = staticmethod(ag.sin)
    number = float

    def grad(f, a):
        return ag.grad(f)(a)

    def value_and_grad(f, a):
        value, slope = func.value_and_grad(f)(a)
        return value * slope

    def vjp(f, a):
        value, pullback = func.vjp(f, a)
        return value + pullback(1.5)[0]

    def jvp(f, a):
        value, slope = func.jvp(f, (a,), (1.5,))
        return value * 2 - slope

    def reverse(f, a):
        return func.jacobian(f, mode="reverse")(a)

    def forward(f, a):
        return func.jacobian(f, mode="forward")(a)

    def hessian(f, a):
        return func.hessian(f)(a)

    def hvp(f, a):
        return func.hvp(f, a, 1.5)

    def vmap(f, a):
        return func.vmap(lambda k: f(k * a))(np.array([1.0, 0.5])).sum()


class Theirs:
    """The same by torch.func."""

    def number(value):
        return torch.tensor(value, dtype=torch.float64)

    def sin(x):
        return torch.sin(x)

    def grad(f, a):
        return torch.func.grad(f)(a)

    def value_and_grad(f, a):
        slope, value = torch.func.grad_and_value(f)(a)
        return value * slope

    def vjp(f, a):
        value, pullback = torch.func.vjp(f, a)
        return value + pullback(torch.full_like(value, 1.5))[0]

    def jvp(f, a):
        value, slope = torch.func.jvp(f, (a,), (torch.full_like(a, 1.5),))
        return value * 2 - slope

    def reverse(f, a):
        return torch.func.jacrev(f)(a)

    def forward(f, a):
        return torch.func.jacfwd(f)(a)

    def hessian(f, a):
        return torch.func.hessian(f)(a)

    def hvp(f, a):
        return torch.func.jvp(torch.func.grad(f), (a,), (torch.full_like(a, 1.5),))[1]

    def vmap(f, a):
        return torch.func.vmap(lambda k: f(k * a))(torch.tensor([1.0, 0.5]).double()).sum()


TRANSFORMS = [name for name in vars(Theirs) if name not in ("number", "sin") and name[0] != "_"]


def nest(lib, names, y, captured=()):
    """The first transform of what is nested in it, at a point that moves with y and captures y."""
    if not names:
        return lib.sin(y * (1 + sum(captured)))
    transform = getattr(lib, names[0])
    return transform(lambda x: nest(lib, names[1:], x + 0.1 * y, (*captured, y * x)), y * 0.3 + 0.2)


def derivative(names, y=0.7):
    return ag.grad(lambda y: nest(Ours, names, y))(y)


def by_differences(names, y=0.7, h=1e-3):
    def slope(h):
        up, down = (float(nest(Ours, names, y + s)) for s in (h, -h))
        return (up - down) / (2 * h)

    return (4 * slope(h / 2) - slope(h)) / 3


def check(names, y=0.7):
    found = derivative(names, y)
    assert type(found) is np.float64, "plain in, plain out"
    assert found == pytest.approx(by_differences(names, y), rel=1e-6, abs=1e-7)
    if torch is not None:
        y = torch.tensor(y, dtype=torch.float64, requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (expected,) = torch.autograd.grad(nest(Theirs, names, y), [y])
        assert found == pytest.approx(expected.item(), rel=1e-10, abs=1e-12)


PAIRS = list(itertools.product(TRANSFORMS, repeat=2))


@pytest.mark.parametrize("names", PAIRS, ids="-".join)
def test_each_transform_inside_each(names):
    check(names)


DEEP = [
    ("grad", "grad", "grad"),
    ("grad", "jvp", "vjp", "reverse"),
    ("vjp", "grad", "vmap", "grad"),
    ("vmap", "value_and_grad", "forward", "vjp"),
    ("hessian", "vjp", "grad"),
    ("hvp", "vmap", "jvp"),
    ("grad", "grad", "grad", "grad"),
    ("reverse", "forward", "vjp", "value_and_grad"),
]


@pytest.mark.parametrize("names", DEEP, ids="-".join)
def test_depth_three_and_four(names):
    check(names)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_parameter_gets_its_gradient_through_a_transform(name):
    """By backward, into .grad, once; and nothing else is given one."""
    w = ag.tensor(0.7, dtype=np.float64, requires_grad=True)
    value = nest(Ours, (name,), w)
    assert isinstance(value, ag.Tensor) and value.requires_grad
    assert w.grad is None
    value.backward()
    assert w.grad.item() == pytest.approx(by_differences((name,)), rel=1e-6)
    with ag.no_grad():
        plain = nest(Ours, (name,), w)
        assert not plain.requires_grad
        assert plain.item() == pytest.approx(value.item(), rel=1e-12)


# -- ways to capture -------------------------------------------------------------------------------


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(np.array(1.3))

    def forward(self, x):
        return ag.sin(x * self.scale)


def ways(w):
    """Functions of x that depend on the Tensor w, and what else they are called with."""
    default = lambda x, w=w: ag.sin(x * w)
    holder = {"deep": [{"w": (w,)}]}
    module = Scaled()
    yield "closure", lambda x: ag.sin(x * w), {}
    yield "default argument", default, {}
    yield "keyword", lambda x, w: ag.sin(x * w), {"w": w}
    yield "nested keyword", lambda x, p: ag.sin(x * p["a"][0]), {"p": {"a": [w]}}
    yield "container", lambda x: ag.sin(x * holder["deep"][0]["w"][0]), {}
    yield "computed before", lambda x, v=w * 1.0: ag.sin(x * v), {}
    yield "state", lambda x: func.functional_call(module, {"scale": w}, x), {}
    yield "checkpoint", lambda x: ag.checkpoint(lambda t: ag.sin(t * w), x), {}
    yield "checkpointed argument", lambda x: ag.checkpoint(lambda t, w: ag.sin(t * w), x, w), {}
    yield "method", type("", (), {"f": lambda self, x: ag.sin(x * w)})().f, {}


WAYS = [name for name, _, _ in ways(ag.tensor(1.0))]


@pytest.mark.parametrize("way", WAYS)
def test_whatever_way_it_is_captured(way):
    x, at = 0.4, 1.3
    w = ag.tensor(at, dtype=np.float64, requires_grad=True)
    function, given = next((f, k) for name, f, k in ways(w) if name == way)
    slope = func.grad(function)(x, **given)  # w cos(w x)
    slope.backward(retain_graph=True)
    assert w.grad.item() == pytest.approx(np.cos(at * x) - at * x * np.sin(at * x), rel=1e-12)
    bend = func.jacobian(func.grad(function))(x, **given)  # -w² sin(w x)
    (g,) = ag.grad(bend, [w])
    expected = -2 * at * np.sin(at * x) - at**2 * x * np.cos(at * x)
    assert g.item() == pytest.approx(expected, rel=1e-12)


def test_a_module_as_the_function():
    net = Scaled()
    func.grad(net)(0.4).backward()
    at = 1.3
    expected = np.cos(at * 0.4) - at * 0.4 * np.sin(at * 0.4)
    assert net.scale.grad.item() == pytest.approx(expected, rel=1e-12)


def test_an_argument_that_is_not_differentiated_by_and_one_that_is():
    w = ag.tensor([1.0, 2.0], dtype=np.float64, requires_grad=True)
    f = lambda x, p: (x**2 * p["w"] ** 3).sum()
    x = np.array([0.5, 2.0])
    (by_w,) = ag.grad(func.grad(f)(x, {"w": w}).sum(), [w])
    np.testing.assert_allclose(by_w.data, 6 * x * w.data**2)
    slopes = func.grad(f, argnums=1)(x, {"w": w})["w"]  # at w itself: connected to it
    (bend,) = ag.grad(slopes.sum(), [w])
    np.testing.assert_allclose(bend.data, 6 * x**2 * w.data)


# -- losses ----------------------------------------------------------------------------------------


def test_a_gradient_penalty_trains_with_its_penalty():
    rng = np.random.default_rng(0)
    x, start = rng.standard_normal((4, 3)), rng.standard_normal(3)

    def loss(w):
        score = lambda x: ag.tanh(x @ w).sum()
        value, slope = func.value_and_grad(score)(x)
        return value + (slope**2).sum()

    w = ag.tensor(start, requires_grad=True)
    total = loss(w)
    total.backward()
    ag.check_grads(loss, [start])
    by_hand = ag.tensor(start, requires_grad=True)
    at = ag.tensor(x, requires_grad=True)
    score = ag.tanh(at @ by_hand).sum()
    (slope,) = ag.grad(score, [at], create_graph=True)
    (score + (slope**2).sum()).backward(inputs=[by_hand])
    np.testing.assert_allclose(w.grad.data, by_hand.grad.data, rtol=1e-12)


def test_an_inner_step_is_learnt_through():
    """One step of descent inside the loss (MAML): the outer gradient sees the inner one's slope."""
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 2)), rng.standard_normal((5, 1))

    def inner(state):
        return ((func.functional_call(net, state, x) - y) ** 2).mean()

    def outer(state):
        slopes = func.grad(inner)(state)
        return inner({name: state[name] - 0.3 * slopes[name] for name in state})

    state = {name: p.data.copy() for name, p in net.named_parameters()}
    slopes = func.grad(outer)(state)
    for name, p in state.items():
        assert type(slopes[name]) is np.ndarray
        for index in itertools.islice(np.ndindex(*p.shape), 2):
            ends = []
            for h in (1e-5, -1e-5):
                moved = {**state, name: p.copy()}
                moved[name][index] += h
                ends.append(float(np.asarray(outer(moved).data)))
            assert slopes[name][index] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)
    assert all(p.grad is None for p in net.parameters())


def test_a_transform_inside_a_checkpoint():
    w = ag.tensor(0.7, dtype=np.float64, requires_grad=True)
    inside = lambda t: func.grad(lambda x: ag.sin(x * t) * w)(0.4)
    plain = ag.grad(inside(w * 2) * w, [w])[0].item()
    again = ag.grad(ag.checkpoint(inside, w * 2) * w, [w])[0].item()
    assert again == pytest.approx(plain, rel=1e-12)


def test_curvature_of_a_loss_that_holds_a_transform():
    w = ag.tensor([0.5, -1.0], dtype=np.float64, requires_grad=True)
    loss = lambda: (func.grad(lambda x: (ag.sin(x * w)).sum())(np.array([0.4, 0.9])) ** 2).sum()
    direct = func.hessian(
        lambda w: (func.grad(lambda x: (ag.sin(x * w)).sum())(np.array([0.4, 0.9])) ** 2).sum()
    )(w.data)
    product = curvature.hessian_product(loss, [w])
    np.testing.assert_allclose([product(row) for row in np.eye(2)], direct, atol=1e-12)
    assert w.grad is None


def test_curvature_says_that_an_outer_derivative_would_be_lost():
    w = ag.tensor([0.5], dtype=np.float64, requires_grad=True)
    for use in (
        lambda s: curvature.flat_gradient(lambda: (s * w**3).sum(), [w]),
        lambda s: curvature.hessian_product(lambda: (s * w**3).sum(), [w])(np.ones(1)),
        lambda s: curvature.hessian_trace(lambda: (s * w**3).sum(), [w])[0],
    ):
        with pytest.raises(ag.GraphError, match=r"curvature: .*func\.hvp"):
            func.grad(use)(2.0)


# -- what does not nest costs and keeps nothing ----------------------------------------------------


def test_what_is_outside_is_told_by_the_graph_alone():
    w = ag.tensor(2.0, requires_grad=True)
    assert not isinstance(func.grad(lambda x: x * x)(3.0), ag.Tensor)
    assert not isinstance(func.grad(lambda x: x * x * w.detach())(3.0), ag.Tensor)
    assert not isinstance(func.grad(lambda x: x * func.grad(lambda y: y**3)(2.0))(3.0), ag.Tensor)
    value, slope = func.value_and_grad(lambda x: x * x + w)(3.0)
    assert value.requires_grad and not isinstance(slope, ag.Tensor)
    assert func.grad(lambda x: w)(3.0) == 0
    inner = func.grad(lambda x: x * func.grad(lambda y: y**3 * w)(2.0))(3.0)
    assert inner.requires_grad


def test_a_plain_call_leaves_no_graph(monkeypatch):
    """Nothing outside is reached, so the backward pass is a plain one."""
    from autograd.engine import backprop

    recorded = []
    once = backprop.BackwardPass.__init__

    def spy(self, *args, **kwargs):
        once(self, *args, **kwargs)
        recorded.append(self.create_graph)

    monkeypatch.setattr(backprop.BackwardPass, "__init__", spy)
    x = ag.tensor([1.0, 2.0])
    assert not func.grad(lambda x: (x * x).sum())(x).requires_grad
    func.jacobian(lambda x: x * x)(x)
    func.vjp(lambda x: x * x, x)[1](x)
    assert recorded == [False, False, False, False]


def test_aux_is_released_unless_it_leads_outside():
    x, w = np.ones(2), ag.tensor([2.0, 2.0], dtype=np.float64, requires_grad=True)
    slope, aux = func.grad(lambda x: ((x * x).sum(), {"a": x * 2, "b": "text"}), has_aux=True)(x)
    assert not aux["a"].requires_grad and aux["b"] == "text"
    np.testing.assert_array_equal(slope, 2 * x)
    f = lambda x: ((x * x).sum(), (x * 2, (x * x) * w))
    slope, (plain, kept) = func.grad(f, has_aux=True)(x)
    assert not plain.requires_grad and type(slope) is np.ndarray
    kept.sum().backward()
    np.testing.assert_array_equal(w.grad.data, x**2)
    with ag.no_grad():
        assert not func.grad(f, has_aux=True)(x)[1][1].requires_grad


def test_the_pullback_follows_the_mode_when_it_is_called():
    w, u = (ag.tensor(v, dtype=np.float64, requires_grad=True) for v in (2.0, 3.0))
    _, pullback = func.vjp(lambda x: x * x * w, 5.0)
    assert pullback(1.0)[0].requires_grad
    with ag.no_grad():
        assert pullback(1.0)[0] == 20
    with ag.no_grad():
        value, pullback = func.vjp(lambda x: x * x * w, 5.0)
    assert value == 50 and pullback(1.0)[0] == 20
    (by_u,) = ag.grad(pullback(u)[0], [u])
    assert by_u.item() == 20
    _, pullback = func.vjp(lambda x: x * x, 5.0)
    assert ag.grad(lambda s: pullback(s)[0])(3.0) == 10  # a pullback inside another transform


def test_hooks_and_grads_of_what_is_captured_are_left_alone():
    w = ag.tensor(2.0, dtype=np.float64, requires_grad=True)
    called = []
    w.register_hook(called.append)
    v = w * 1.0
    v.register_hook(called.append)
    v.retain_grad()
    for name in TRANSFORMS:
        nest(Ours, (name,), v)
    assert not called and w.grad is None and v.grad is None


def test_the_mode_is_restored_when_a_function_raises():
    def fails(x):
        with ag.no_grad():
            raise KeyboardInterrupt

    for mode in (True, False):
        with ag.set_grad_enabled(mode):
            for use in (
                lambda: func.grad(fails)(1.0),
                lambda: func.vjp(fails, 1.0),
                lambda: func.jvp(fails, (1.0,), (1.0,)),
                lambda: func.hessian(fails)(1.0),
                lambda: func.hvp(fails, 1.0, 1.0),
            ):
                with pytest.raises(KeyboardInterrupt):
                    use()
                assert ag.is_grad_enabled() is mode


def test_an_op_without_a_second_derivative_still_has_a_first():
    @ag.op(max_order=1)
    def square(x: ag.Array):
        return x * x, lambda g: g * 2 * x

    w = ag.tensor(2.0, dtype=np.float64, requires_grad=True)
    slope = func.grad(lambda x: square(x) * w)(3.0)
    assert slope.item() == 12
    with pytest.raises(ag.GraphError, match="no rule for derivatives above order 1"):
        slope.backward()
    assert w.grad is None
