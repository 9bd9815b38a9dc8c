"""Transforms of functions against closed forms and finite differences."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

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


# -- plain in, plain out ---------------------------------------------------------------------------


def kinds(tree):
    """The type and dtype of each leaf."""
    from autograd.support.pytree import tree_map

    return tree_map(lambda leaf: (type(leaf), leaf.dtype.name), tree)


F64, F32 = (np.float64, "float64"), (np.float32, "float32")


def test_a_derivative_is_as_plain_as_what_it_is_taken_by():
    cube = lambda x: (x**3).sum()
    for given, kind in (
        (2.0, F64),
        (np.float64(2.0), F64),
        (np.float32(2.0), F32),
        (np.array(2.0), (np.ndarray, "float64")),
        (np.ones(2, np.float16), (np.ndarray, "float16")),
        (np.ones((0, 2), np.float32), (np.ndarray, "float32")),
        (ag.tensor(2.0), (ag.Tensor, "float32")),
        (ag.ones(2, dtype=np.float64), (ag.Tensor, "float64")),
    ):
        assert kinds(func.grad(cube)(given)) == kind
        assert kinds(func.hvp(cube, given, given)) == kind
        assert kinds(func.jacobian(cube)(given)) == kind
        assert kinds(func.jacobian(cube, mode="forward")(given)) == kind
        assert kinds(func.vjp(cube, given)[1](1.0)) == (kind,)
        value = (ag.Tensor if kind[0] is ag.Tensor else getattr(np, kind[1]), kind[1])
        assert kinds(func.value_and_grad(cube)(given)) == (value, kind)
        assert kinds(func.jvp(cube, (given,), (given,))) == (value, value)


def test_a_python_float_is_computed_with_in_float64():
    assert func.grad(lambda x: x**2)(0.1) == 0.2
    assert func.jvp(lambda x: x * x, (np.float64(1.0),), (0.1,))[1] == 0.2
    assert func.vjp(lambda x: x * x, np.float64(1.0))[1](0.1) == (0.2,)
    assert func.hvp(lambda x: x**2, np.float64(1.0), 0.1) == 0.2
    assert func.hessian(lambda x: x**3)(0.1) == 0.6000000000000001


def test_mixed_arguments_leaf_by_leaf():
    p = {"a": np.ones(2), "b": [ag.ones(2), (2.0, None)]}
    f = lambda p: (p["a"] * p["b"][0] * p["b"][1][0]).sum()
    array, tensor = (np.ndarray, "float64"), (ag.Tensor, "float32")
    assert kinds(func.grad(f)(p)) == {"a": array, "b": [tensor, (F64, None)]}
    value, _ = func.value_and_grad(f)(p)
    assert type(value) is ag.Tensor


def test_a_tensor_that_requires_a_gradient_stays_connected():
    x = ag.tensor([0.5, 2.0], dtype=np.float64, requires_grad=True)
    y = func.grad(lambda x: (x**3).sum())(x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data, 6 * x.data)
    for mode in ("reverse", "forward"):
        (g,) = ag.grad(func.jacobian(lambda x: x**3, mode=mode)(x).sum(), [x])
        np.testing.assert_allclose(g.data, 6 * x.data)
    v = ag.tensor([1.0, -1.0], dtype=np.float64, requires_grad=True)
    (g,) = ag.grad(func.hvp(lambda x: (x**3).sum(), x.data, v).sum(), [v])
    np.testing.assert_allclose(g.data, 6 * x.data)
    (g,) = ag.grad(func.jvp(lambda x: x**3, (x.data,), (v,))[1].sum(), [v])
    np.testing.assert_allclose(g.data, 3 * x.data**2)
    with ag.no_grad():
        assert not func.grad(lambda x: (x**3).sum())(x).requires_grad


def test_a_pullback_does_not_see_what_is_written_into_its_array_later():
    x = np.array([1.0, 2.0])
    _, pullback = func.vjp(lambda x: x * x, x)
    x[:] = 100
    np.testing.assert_array_equal(pullback(np.ones(2))[0], [2, 4])


# -- nested structures -----------------------------------------------------------------------------


class Pair(NamedTuple):
    first: Any
    second: Any


def test_hessian_and_jacobian_have_the_structure_of_outputs_with_that_of_inputs_inside():
    p = {"a": np.array([1.0, 2.0]), "b": (np.array(3.0), [np.array([4.0])])}
    f = lambda p: (p["a"] ** 2).sum() * p["b"][0] * p["b"][1][0].sum()
    h = func.hessian(f)(p)
    np.testing.assert_allclose(h["a"]["a"], 24 * np.eye(2))
    np.testing.assert_allclose(h["a"]["b"][0], 8 * p["a"])
    np.testing.assert_allclose(h["b"][0]["a"], 8 * p["a"])
    np.testing.assert_allclose(h["b"][1][0]["b"][0], [5])
    assert h["b"][0]["b"][0].shape == () and h["b"][1][0]["a"].shape == (1, 2)
    g = lambda p: Pair(p["a"] * p["b"][0], {"s": p["a"].sum()})
    for mode in ("reverse", "forward", "auto"):
        j = func.jacobian(g, mode=mode)(p)
        assert type(j) is Pair
        np.testing.assert_allclose(j.first["a"], 3 * np.eye(2))
        np.testing.assert_allclose(j.first["b"][0], p["a"])
        np.testing.assert_allclose(j.second["s"]["a"], [1, 1])
        assert j.first["b"][1][0].shape == (2, 1) and not j.first["b"][1][0].any()


def test_hessian_of_nested_arguments_is_that_of_torch():
    torch = pytest.importorskip("torch")
    a, b = rng.standard_normal((2, 3)), rng.standard_normal(3)

    def f(lib):
        return lambda p, q: (lib.tanh(p["w"][0] @ q) ** 2).sum() * lib.sin(q).sum()

    ours = func.hessian(f(ag), argnums=(0, 1))({"w": [a]}, b)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.func.hessian(f(torch), argnums=(0, 1))(
            {"w": [torch.tensor(a)]}, torch.tensor(b)
        )
    pairs = [
        (ours[0]["w"][0][0]["w"][0], theirs[0]["w"][0][0]["w"][0]),
        (ours[0]["w"][0][1], theirs[0]["w"][0][1]),
        (ours[1][0]["w"][0], theirs[1][0]["w"][0]),
        (ours[1][1], theirs[1][1]),
    ]
    for mine, other in pairs:
        np.testing.assert_allclose(mine, other.numpy(), rtol=1e-10, atol=1e-12)


def test_dictionaries_match_by_key():
    p, v = {"a": 1.0, "b": 2.0}, {"b": 10.0, "a": 1.0}
    f = lambda p: p["a"] ** 2 * p["b"]
    assert func.jvp(f, (p,), (v,))[1] == 2 * 1 * 2 * 1 + 10
    assert func.hvp(f, p, v) == {"a": 2 * 2 + 2 * 10, "b": 2}
    _, pullback = func.vjp(lambda x: {"a": x, "b": 5 * x}, 1.0)
    assert pullback({"b": 1.0, "a": 10.0}) == (15,)
    flipped = func.vmap(lambda x: {"a": x, "b": -x} if x > 0 else {"b": -x, "a": x})
    np.testing.assert_array_equal(flipped(np.array([1.0, -2.0]))["a"], [1, -2])


def test_containers_keep_their_type():
    given = OrderedDict(b=1.0, a=defaultdict(list, c=Pair(2.0, None)))
    slope = func.grad(lambda p: p["b"] * p["a"]["c"].first)(given)
    assert type(slope) is OrderedDict and list(slope) == ["b", "a"]
    assert slope["a"]["new"] == [] and slope["a"]["c"] == Pair(1.0, None)


def test_argnums_from_the_end_and_several():
    f = lambda a, b: a * b**2
    assert func.grad(f, argnums=-1)(2.0, 3.0) == 12
    assert func.grad(f, argnums=(-1, 0))(2.0, 3.0) == (12, 9)
    assert func.grad(f, argnums=np.int64(1))(2.0, 3.0) == 12
    assert func.hessian(f, argnums=(-1, 0))(2.0, 3.0) == ((4, 6), (6, 0))
    assert func.jacobian(f, argnums=[1])(2.0, 3.0) == (12,)


def test_what_a_function_may_return():
    x = np.array([1.0, 2.0])
    assert func.grad(lambda x: ag.tensor(3.0))(1.0) == 0
    assert func.grad(lambda x: np.float64(3.0))(1.0) == 0  # as a plain inner derivative is
    assert func.value_and_grad(lambda x: x)(2.0) == (2, 1)
    value, pullback = func.vjp(lambda x: (x, x, None), x)
    assert value[2] is None
    np.testing.assert_array_equal(pullback((x, x, None))[0], 2 * x)
    value, slope = func.jvp(lambda x: [ag.ones(1), np.ones(1)], (x,), (x,))
    assert slope[0] == slope[1] == 0
    np.testing.assert_array_equal(func.jacobian(lambda x: x)(x), np.eye(2))
    for use, error, message in (
        (lambda: func.jvp(lambda x: 3.0, (x,), (x,)), ag.GraphError, "jvp: .*Tensors, got float"),
        (lambda: func.grad(lambda x: x.sum().item())(x), ag.GraphError, "grad: .*got float.*item"),
        (lambda: func.grad(lambda x: None)(x), ag.GraphError, "got NoneType.*return"),
        (lambda: func.jacobian(lambda x: None)(x), ag.GraphError, "returned None"),
        (lambda: func.vjp(lambda x: "text", x), ag.GraphError, "got str"),
        (lambda: func.jacobian(lambda x: ag.argsort(x))(x), ag.DTypeError, "int64"),
        (lambda: func.grad(lambda x: (x > 0).sum())(x), ag.DTypeError, "grad: .*int64"),
    ):
        with pytest.raises(error, match=message):
            use()


def test_zero_sizes():
    x = np.zeros((0, 3))
    square = lambda x: (x * x).sum()
    assert func.grad(square)(x).shape == (0, 3)
    assert func.hessian(square)(x).shape == (0, 3, 0, 3)
    for mode in ("reverse", "forward"):
        assert func.jacobian(lambda x: x * x, mode=mode)(x).shape == (0, 3, 0, 3)
        assert func.jacobian(lambda x: x.sum(axis=0), mode=mode)(x).shape == (3, 0, 3)
        assert func.jacobian(lambda x: x[:0], mode=mode)(np.ones(2)).shape == (0, 2)


def test_a_function_that_writes_to_its_argument():
    x = np.ones(2)

    def writes(x):
        x[0] = 5.0
        return x.sum()

    with pytest.raises(ag.InPlaceError):
        func.grad(writes)(x)

    def adds(x):
        x += 1.0
        return (x * x).sum()

    np.testing.assert_array_equal(func.grad(adds)(x), [4, 4])
    np.testing.assert_array_equal(x, [1, 1])


def test_misuse_is_named():
    x = np.ones(2)
    f = lambda a, b: (a * b).sum()
    for use, error, message in (
        (lambda: func.grad(f, argnums=(0, -2))(x, x), ag.ArgumentError, r"once, got \(0, -2\)"),
        (lambda: func.grad(f, argnums=True), ag.DTypeError, "argnums .*got True"),
        (lambda: func.hessian(f, argnums="a"), ag.DTypeError, "argnums .*got 'a'"),
        (lambda: func.jacobian(f, argnums=()), ag.ArgumentError, r"argnums .*got \(\)"),
        (lambda: func.grad(f)({"a": [x, 2]}, x), ag.DTypeError, r"argument 0\['a'\]\[1\] of dtype"),
        (lambda: func.grad(f)(True, x), ag.DTypeError, "argument 0 of dtype bool"),
        (lambda: func.vjp(f, x, "text"), ag.DTypeError, "vjp: argument 1: .*got str"),
        (lambda: func.grad(f)(a=x, b=x), ag.ArgumentError, "argument 0, but 0 .*by name"),
        (lambda: func.vjp(f), ag.ArgumentError, "vjp: the arguments"),
        (lambda: func.jvp(f, x, x), ag.DTypeError, "jvp: primals must be a tuple"),
        (lambda: func.jvp(f, (x, x), (x,)), ag.ShapeError, "tangents must be a tuple of 2, got 1"),
        (lambda: func.jvp(f, (x, x), (x, x[:1])), ag.ShapeError, "tangents must have shapes"),
        (lambda: func.hvp(f, {"a": x}, {"b": x}), ag.ShapeError, r"keys \['a'\], got \['b'\]"),
        (lambda: func.vjp(lambda x: x, x)[1](None), ag.DTypeError, "cotangent"),
        (lambda: func.jacobian(x), ag.DTypeError, "jacobian: its argument must be a function"),
        (lambda: func.vmap(3), ag.DTypeError, "vmap: its argument must be a function, got int"),
    ):
        with pytest.raises(error, match=message):
            use()


# -- vmap ------------------------------------------------------------------------------------------


def test_vmap_over_nested_arguments_and_results():
    p = {"a": rng.standard_normal((2, 3)), "b": rng.standard_normal((3, 4))}

    def f(p, c):
        return {"s": p["a"].sum() * c, "t": (p["b"] * p["a"][0], None)}

    mapped = func.vmap(f, in_axes=({"a": -1, "b": 0}, None), out_axes={"s": 0, "t": 1})
    found = mapped(p, 2.0)
    np.testing.assert_allclose(found["s"], 2 * p["a"].sum(axis=0))
    np.testing.assert_allclose(found["t"][0], (p["b"] * p["a"][0][:, None]).T)
    assert type(found["s"]) is np.ndarray and found["t"][1] is None
    x = ag.ones((2, 3), requires_grad=True)
    func.vmap(lambda row: (row**2).sum(), in_axes=1)(x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, 2 * np.ones((2, 3)))


def test_vmap_says_what_does_not_fit():
    x, f = np.ones((2, 3)), lambda *args: args[0]
    for use, error, message in (
        (lambda: func.vmap(f, in_dims=0), ag.DTypeError, "'in_dims'.*write in_axes"),
        (lambda: func.vmap(f, out_dims=0), ag.DTypeError, "'out_dims'.*write out_axes"),
        (lambda: func.vmap(f, chunk=0), ag.DTypeError, "'chunk'; it takes .*in_axes"),
        (lambda: func.vmap(f, in_axes=True), ag.DTypeError, "in_axes must hold ints"),
        (lambda: func.vmap(f, in_axes="0"), ag.DTypeError, "in_axes must hold ints"),
        (lambda: func.vmap(f, (0, 0))(x), ag.ArgumentError, "1 arguments but 2"),
        (lambda: func.vmap(f, None)(x), ag.ArgumentError, "must name an axis"),
        (lambda: func.vmap(f)(x, 2.0), ag.AxisError, "argument 1 must have axis 0.*got float"),
        (lambda: func.vmap(f, 2)(x), ag.AxisError, r"argument 0 must have axis 2.*\(2, 3\)"),
        (lambda: func.vmap(f, ({"a": 0},))(x), ag.ShapeError, "does not fit the structure"),
        (lambda: func.vmap(f)(x, c=x), ag.ArgumentError, "'c' by name"),
        (lambda: func.vmap(f)(x[:0]), ag.ShapeError, "nothing to map over"),
        (lambda: func.vmap(f, out_axes=None)(x), ag.ArgumentError, "same in every call"),
        (lambda: func.vmap(lambda x: "text")(x), ag.DTypeError, "got str"),
    ):
        with pytest.raises(error, match=message):
            use()


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
