"""Transforms of functions against closed forms and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import func

rng = np.random.default_rng(0)
A = rng.standard_normal((4, 4))
X = rng.standard_normal(4)


def quadratic(x):
    return (x @ ag.Tensor(A) @ x).sum()


def test_grad_of_a_function_and_of_tensors():
    np.testing.assert_allclose(func.grad(quadratic)(X), (A + A.T) @ X)
    x = ag.Tensor(X, requires_grad=True)
    np.testing.assert_allclose(func.grad(quadratic(x), [x])[0].data, (A + A.T) @ X)


def test_argnums_aux_and_structures():
    def f(p, x):
        return (p["w"] * x + p["b"][0]).sum(), {"seen": x}

    p = {"w": np.arange(3.0), "b": [np.float64(2.0)]}
    x = np.array([1.0, 2.0, 3.0])
    g, aux = func.grad(f, has_aux=True)(p, x)
    np.testing.assert_array_equal(g["w"], x)
    assert g["b"][0].item() == 3.0
    assert "seen" in aux
    gx, gp = func.grad(lambda p, x: f(p, x)[0], argnums=(1, 0))(p, x)
    np.testing.assert_array_equal(gx, p["w"])
    np.testing.assert_array_equal(gp["w"], x)
    (value, aux), _ = func.value_and_grad(f, has_aux=True)(p, x)
    assert type(value) is np.float64


def test_nested_grad():
    f = lambda x: ag.sin(x)
    for expected in (np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)):
        f = func.grad(f)
        np.testing.assert_allclose(f(ag.Tensor(np.array(0.7))).item(), expected(0.7), rtol=1e-12)


def test_vjp_and_jvp():
    def f(x, y):
        return ag.tanh(x) * y, x.sum()

    x, y = rng.standard_normal((2, 3))
    _, pullback = func.vjp(f, x, y)
    u = rng.standard_normal(3)
    for _ in range(2):
        gx, gy = pullback((u, np.array(2.0)))
        np.testing.assert_allclose(gx, u * y * (1 - np.tanh(x) ** 2) + 2)
        np.testing.assert_allclose(gy, u * np.tanh(x))
    value, (t1, t2) = func.jvp(f, (x, y), (u, u))
    np.testing.assert_allclose(value[0], np.tanh(x) * y)
    np.testing.assert_allclose(t1, u * y * (1 - np.tanh(x) ** 2) + np.tanh(x) * u)
    np.testing.assert_allclose(t2, u.sum())


@pytest.mark.parametrize("mode", ["auto", "reverse", "forward"])
def test_jacobian(mode):
    w = rng.standard_normal((5, 2))

    def f(x):
        return ag.tanh(ag.Tensor(w) @ x)

    x = rng.standard_normal(2)
    expected = (1 - np.tanh(w @ x) ** 2)[:, None] * w
    found = func.jacobian(f, mode=mode)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    shaped = func.jacobian(lambda x: x.reshape(2, 1) * x, mode=mode)(x)
    assert shaped.shape == (2, 2, 2)


def test_jacobian_of_a_constant_and_of_a_linear_function():
    for mode in ("reverse", "forward"):
        assert not func.jacobian(lambda x: ag.ones(3), mode=mode)(X).any()
        np.testing.assert_allclose(func.jacobian(lambda x: ag.Tensor(A) @ x, mode=mode)(X), A)


def test_the_effect_of_an_input_on_a_hidden_unit():
    layer = nn.Linear(3, 4).double()
    x = rng.standard_normal(3)
    j = func.jacobian(lambda x: ag.tanh(layer(x)))(x)
    slope = 1 - ag.tanh(layer(ag.Tensor(x))).data ** 2
    np.testing.assert_allclose(j.data, slope[:, None] * layer.weight.data, rtol=1e-12)


def test_hessian_is_symmetric_and_hvp_is_its_product():
    def f(x):
        return ag.logsumexp(ag.Tensor(A) @ x) + (x**3).sum()

    h = func.hessian(f)(X)
    np.testing.assert_allclose(h, h.T, atol=1e-12)
    v = rng.standard_normal(4)
    np.testing.assert_allclose(func.hvp(f, X, v), h @ v, rtol=1e-10)
    step = 1e-6
    numeric = (func.grad(f)(X + step * v) - func.grad(f)(X - step * v)) / (2 * step)
    np.testing.assert_allclose(h @ v, numeric, rtol=1e-6)


def test_hessian_blocks_of_two_arguments():
    (aa, ab), (ba, bb) = func.hessian(lambda a, b: (a**2 * b).sum(), argnums=(0, 1))(X, X + 1)
    np.testing.assert_allclose(aa, np.diag(2 * (X + 1)))
    np.testing.assert_allclose(ab, np.diag(2 * X))
    np.testing.assert_allclose(ba, np.diag(2 * X))
    assert not bb.any()


def test_hvp_of_several_arguments_and_of_a_linear_function():
    ga, gb = func.hvp(lambda a, b: (a * b).sum(), (X, X), (X, 0 * X))
    np.testing.assert_allclose(gb, X)
    assert not ga.any()
    assert not func.hvp(lambda x: x.sum(), X, X).any()


def test_vmap():
    batch = rng.standard_normal((5, 4))
    found = func.vmap(func.grad(quadratic))(batch)
    np.testing.assert_allclose(found, batch @ (A + A.T))
    by_column = func.vmap(lambda x, s: x * s, (1, None), 1)(batch, 2.0)
    np.testing.assert_allclose(by_column, 2 * batch)
    with pytest.raises(ag.ShapeError, match="one length"):
        func.vmap(lambda a, b: a + b)(batch, batch[:2])


def test_functional_call_is_differentiable_and_restores():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    x = rng.standard_normal((6, 3))
    before = dict(net.named_parameters())

    def loss(parameters):
        return (func.functional_call(net, parameters, ag.Tensor(x)) ** 2).mean()

    values = {name: p.data for name, p in before.items()}
    slopes = func.grad(loss)(values)
    (net(ag.Tensor(x)) ** 2).mean().backward()
    for name, p in net.named_parameters():
        assert p is before[name]
        np.testing.assert_allclose(slopes[name], p.grad.data, rtol=1e-12)
    with pytest.raises(ag.ArgumentError, match="has no 'x'"):
        func.functional_call(net, {"x": 1.0}, x)
    with pytest.raises(ag.ShapeError, match=r"0\.bias.*\(4,\)"):
        func.functional_call(net, {"0.bias": np.ones(3)}, x)


def test_bad_input_says_what_to_use():
    with pytest.raises(ag.GraphError, match=r"\(4,\).*jacobian or ag\.func\.vjp"):
        func.grad(lambda x: x * 2)(X)
    with pytest.raises(ag.DTypeError, match="int64"):
        func.grad(quadratic)(np.arange(4))
    with pytest.raises(ag.ArgumentError, match="argument 1, but 1"):
        func.grad(quadratic, argnums=1)(X)
    with pytest.raises(ag.ShapeError, match="cotangent"):
        func.vjp(quadratic, X)[1](X)
    with pytest.raises(ag.ArgumentError, match="sideways"):
        func.jacobian(quadratic, mode="sideways")


# -- checkpoint ------------------------------------------------------------------------------------


def mlp(x, w1, w2):
    return ag.tanh(ag.tanh(x @ w1) @ w2)


def leaves():
    values = np.random.default_rng(1)
    return [
        ag.Tensor(values.standard_normal(s), requires_grad=True) for s in ((5, 3), (3, 4), (4, 2))
    ]


def test_checkpoint_gives_the_same_gradients():
    x, w1, w2 = leaves()
    plain = ag.grad((mlp(x * 2, w1, w2) ** 2).sum(), [x, w1, w2])
    for use in (
        lambda: ag.checkpoint(mlp, x * 2, w1, w2),
        lambda: ag.checkpoint(lambda x: mlp(x, w1, w2), x * 2),  # parameters are captured
    ):
        for g, expected in zip(ag.grad((use() ** 2).sum(), [x, w1, w2]), plain, strict=True):
            np.testing.assert_allclose(g.data, expected.data, rtol=1e-12)


def test_a_parameter_used_inside_and_before_is_counted_once():
    x, w1, w2 = leaves()
    plain = ag.grad(mlp(x * w1.sum(), w1, w2).sum(), [x, w1, w2])
    again = ag.grad(ag.checkpoint(mlp, x * w1.sum(), w1, w2).sum(), [x, w1, w2])
    for g, expected in zip(again, plain, strict=True):
        np.testing.assert_allclose(g.data, expected.data, rtol=1e-12)


def test_second_derivative_through_a_checkpoint():
    x, w1, w2 = leaves()

    def second(use):
        (g,) = ag.grad((use(x * 1.5, w1, w2) ** 2).sum(), [x], create_graph=True)
        return ag.grad((g**2).sum(), [x, w1, w2])

    for g, expected in zip(second(lambda *a: ag.checkpoint(mlp, *a)), second(mlp), strict=True):
        np.testing.assert_allclose(g.data, expected.data, rtol=1e-10)


def test_a_checkpoint_repeats_its_random_numbers():
    ag.manual_seed(0)
    x = ag.Tensor(np.ones(1000), requires_grad=True)
    out = ag.checkpoint(lambda x: ag.dropout(x, 0.5, training=True), x)
    after = ag.rand(1).item()
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.data, out.data)
    ag.manual_seed(0)
    ag.dropout(x, 0.5, training=True)
    assert ag.rand(1).item() == after


def test_a_checkpoint_keeps_nothing_of_its_inside():
    import weakref

    x, w1, w2 = leaves()
    inside = []

    def segment(x):
        h = ag.exp(x @ w1)
        inside.append(weakref.ref(h.data))
        return h @ w2

    out = ag.checkpoint(segment, x)
    assert inside[0]() is None
    out.sum().backward()
    assert len(inside) == 2
    assert inside[1]() is None
    assert w1.grad is not None


def test_checkpoint_in_sqrt_n_segments_saves_memory():
    import tracemalloc

    def peak(layers, segments):
        x = ag.Tensor(np.ones((200, 50)), requires_grad=True)

        def run(x, count):
            for _ in range(count):
                x = ag.sin(x)
            return x

        tracemalloc.start()
        y = x
        for _ in range(segments):
            y = ag.checkpoint(run, y, layers // segments)
        y.sum().backward()
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    sizes = [25, 100, 400]
    peaks = [peak(n, int(n**0.5)) for n in sizes]
    exponent = np.polyfit(np.log(sizes), np.log(peaks), 1)[0]
    assert 0.35 < exponent < 0.65, (exponent, peaks)
