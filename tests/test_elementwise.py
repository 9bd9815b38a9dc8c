"""Elementwise ops where a table of values does not reach: edges, ties, kinks, comparisons."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import autograd as ag
from autograd.engine.op_definition import registry
from autograd.errors import ArgumentError, DTypeError, ShapeError


def gradient(function, x, order=1):
    """The derivative of `function` at the numbers x."""
    x = ag.tensor(np.asarray(x, float), requires_grad=True)
    g = function(x)
    for _ in range(order):
        (g,) = ag.grad(g.sum(), [x], create_graph=True)
    return g.data


# -- powers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exponent", "slopes", "curvatures"),
    [
        (0, [0, 0, 0], [0, 0, 0]),
        (1, [1, 1, 1], [0, 0, 0]),
        (2, [-4, 0, 6], [2, 2, 2]),
        (3, [12, 0, 27], [-12, 0, 18]),
        (3.0, [12, 0, 27], [-12, 0, 18]),
        (4, [-32, 0, 108], [48, 0, 108]),
    ],
)
def test_power_at_negative_numbers_and_zero(exponent, slopes, curvatures):
    x = [-2.0, 0.0, 3.0]
    for b in (exponent, np.full(3, float(exponent)), ag.tensor(float(exponent))):
        np.testing.assert_allclose(gradient(lambda x, b=b: x**b, x), slopes)
        if exponent > 1:
            np.testing.assert_allclose(gradient(lambda x, b=b: x**b, x, 2), curvatures)


def test_power_of_zero_with_a_gradient_for_the_exponent():
    b = ag.tensor([0.0, 1.0, 2.0], requires_grad=True)
    (np.zeros(3) ** b).sum().backward()
    np.testing.assert_array_equal(b.grad.data, [0, 0, 0])
    both = [ag.tensor([0.0, 2.0], requires_grad=True) for _ in range(2)]
    ag.power(*both).sum().backward()
    np.testing.assert_allclose(both[0].grad.data, [0, 4])
    np.testing.assert_allclose(both[1].grad.data, [0, 4 * np.log(2)], rtol=1e-6)


def test_power_with_exponent_zero_has_a_mixed_second_derivative():
    a, b = ag.tensor([2.0, 4.0], requires_grad=True), ag.tensor([0.0, 0.0], requires_grad=True)
    (slope,) = ag.grad(ag.power(a, b).sum(), [a], create_graph=True)
    np.testing.assert_array_equal(slope.data, [0, 0])
    (mixed,) = ag.grad(slope.sum(), [b])
    np.testing.assert_array_equal(mixed.data, [0.5, 0.25])  # 1 / a


def test_power_with_numbers_and_operators():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    (2**x).sum().backward()
    np.testing.assert_allclose(x.grad.data, np.log(2) * np.array([2, 4]), rtol=1e-6)
    assert (x**0.5).dtype == np.float32
    assert (2.0**x).dtype == np.float32
    assert ag.power(2, 3) == 8
    assert np.isnan(np.asarray(ag.power(-8.0, np.array(np.nan))))
    assert (x**-1).data.tolist() == [1, 0.5]
    with pytest.raises(ArgumentError, match="integers have no negative powers"):
        ag.tensor([1, 2]) ** -1
    with pytest.raises(ShapeError, match=r"power\(a: float32 \(2,\), b: float64 \(3,\)\)"):
        x ** np.ones(3)


def test_the_closure_that_is_not_needed_does_not_warn():
    base = ag.tensor([-2.0, 0.0], requires_grad=True)
    (base ** ag.tensor([2.0, 2.0])).sum().backward()  # log of the base would warn
    np.testing.assert_array_equal(base.grad.data, [-4, 0])


# -- infinite derivatives -------------------------------------------------------------------


def test_sqrt_at_zero_is_infinite_and_where_before_it_is_the_way_out():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert gradient(ag.sqrt, [0.0]) == np.inf
        assert gradient(ag.log, [0.0]) == np.inf
        assert gradient(ag.cbrt, [0.0]) == np.inf
    safe = gradient(lambda x: ag.where(x > 0, ag.sqrt(ag.where(x > 0, x, 1.0)), 0.0), [0.0, 4.0])
    np.testing.assert_array_equal(safe, [0, 0.25])


def test_logaddexp_at_the_ends():
    low = ag.tensor([-np.inf, -np.inf, 3.0], requires_grad=True)
    high = ag.tensor([-np.inf, 2.0, 1003.0], requires_grad=True)
    out = ag.logaddexp(low, high)
    np.testing.assert_array_equal(out.data, [-np.inf, 2, 1003])
    out.sum().backward()
    np.testing.assert_array_equal(low.grad.data, [0, 0, 0])
    np.testing.assert_array_equal(high.grad.data, [0, 1, 1])


def test_arctan2_at_the_origin_has_no_gradient():
    y, x = (ag.tensor([0.0, 1.0], requires_grad=True) for _ in range(2))
    ag.arctan2(y, x).sum().backward()
    np.testing.assert_array_equal(y.grad.data, [0, 0.5])
    np.testing.assert_array_equal(x.grad.data, [0, -0.5])


def test_arctan2_at_infinity_has_no_slope_of_any_order():
    y, x = (np.array(v) for v in ([1, -np.inf, np.inf, np.inf, 2], [-np.inf, 3, np.inf, 0, np.nan]))
    y, x = ag.Tensor(y, requires_grad=True), ag.Tensor(x, requires_grad=True)
    slopes = ag.grad(ag.arctan2(y, x), [y, x], grad_outputs=np.full(5, 2.0), create_graph=True)
    curvatures = ag.grad(slopes, [y, x], grad_outputs=[np.full(5, 3.0)] * 2)
    for found in (*slopes, *curvatures):
        np.testing.assert_array_equal(found.data, [0, 0, 0, 0, np.nan])


# -- kinks and ties -------------------------------------------------------------------------


def test_kinks():
    np.testing.assert_array_equal(gradient(ag.absolute, [-1, 0, 2]), [-1, 0, 1])
    np.testing.assert_array_equal(gradient(ag.relu, [-1, 0, 2]), [0, 0, 1])
    np.testing.assert_array_equal(gradient(lambda x: ag.relu(x, at_zero=1), [-1, 0, 2]), [0, 1, 1])
    np.testing.assert_array_equal(gradient(ag.leaky_relu, [-1, 0, 2]), [0.01, 0.01, 1])
    np.testing.assert_array_equal(gradient(ag.elu, [0, 2]), [1, 1])
    np.testing.assert_array_equal(
        gradient(lambda x: ag.clip(x, -1, 2), [-2, -1, 2, 3]), [0, 1, 1, 0]
    )


def test_elu_at_zero_has_the_derivatives_of_its_left_side():
    elu = lambda x: ag.elu(x, alpha=3.0)
    np.testing.assert_array_equal(gradient(elu, [0.0]), [3])
    np.testing.assert_array_equal(gradient(elu, [0.0], order=2), [3])


@pytest.mark.parametrize("choose", [ag.maximum, ag.minimum])
def test_at_a_tie_the_gradient_goes_to_the_first(choose):
    a, b = (ag.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    choose(a, b).sum().backward()
    np.testing.assert_array_equal(a.grad.data, [1, 1])
    np.testing.assert_array_equal(b.grad.data, [0, 0])


def test_clip_bounds():
    x = ag.tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
    low, high = (ag.tensor(v, requires_grad=True) for v in (1.0, 2.0))
    for out in (ag.clip(x, low, high), ag.clip(x, min=low, max=high), x.clip(low, high)):
        np.testing.assert_array_equal(out.data, [1, 1, 2, 2])
        g = ag.grad(out.sum(), [x, low, high])
        np.testing.assert_array_equal(g[0].data, [0, 1, 1, 0])
        assert (g[1].item(), g[2].item()) == (1, 1)
    np.testing.assert_array_equal(ag.clip(x, a_max=1).data, [0, 1, 1, 1])
    np.testing.assert_array_equal(np.clip(x, 1, None).data, [1, 1, 2, 3])
    crossed = ag.clip(x, high, low)  # the upper bound wins
    np.testing.assert_array_equal(crossed.data, [1, 1, 1, 1])
    g = ag.grad(crossed.sum(), [low, high])
    assert (g[0].item(), g[1].item()) == (4, 0)
    with pytest.raises(ArgumentError, match="a_min or a_max must be given"):
        ag.clip(x)
    with pytest.raises(DTypeError, match="both 'a_min' and 'min'"):
        ag.clip(x, 0, min=1)


def test_where_does_not_let_infinite_gradients_through():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = ag.where([True, False], x, 0.0)
    (g,) = ag.grad(y, [x], grad_outputs=np.array([3.0, np.inf], np.float32))
    np.testing.assert_array_equal(g.data, [3, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64])
@pytest.mark.parametrize("size", [100, 10_000])
def test_where_of_small_and_large_arrays(dtype, size):
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(-9, 9, (size, 3)).astype(dtype) for _ in range(2))
    row, odd = rng.uniform(-9, 9, 3).astype(dtype), np.arange(size)[:, None] % 2
    if a.dtype.kind == "f":
        a[:3], b[3:6] = [np.nan, np.inf, -np.inf], [-0.0, np.nan, np.inf]
    for condition in (a > 0, a[:, :1] > 0, odd, np.asfortranarray(a) > row):
        for x, y in ((a, b), (a, row), (row, b[:, ::-1]), (a, 0), (2, b), (a[:1], b.T.copy().T)):
            out, expected = ag.where(condition, x, y), np.where(condition, x, y)
            assert out.dtype == expected.dtype
            np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("name", ["sign", "floor", "ceil", "trunc", "rint", "round"])
def test_steps_have_zero_gradients_whatever_comes_in(name):
    x = ag.tensor([-1.5, 0.0, 2.5], requires_grad=True)
    (g,) = ag.grad(getattr(ag, name)(x), [x], grad_outputs=np.array([np.inf] * 3, np.float32))
    np.testing.assert_array_equal(g.data, [0, 0, 0])
    g.data[0] = 1  # it is an array of its own


# -- comparisons ----------------------------------------------------------------------------


def test_comparisons_are_plain_boolean_arrays():
    x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    for result, expected in [
        (x == 2, [False, True, False]),
        (x != 2, [True, False, True]),
        (x < [2, 2, 2], [True, False, False]),
        (x <= np.float64(2), [True, True, False]),
        (x > ag.tensor(2), [False, False, True]),
        (x >= np.full(3, 2), [False, True, True]),
        (2 < x, [False, False, True]),  # noqa: SIM300
        (np.full(3, 2) < x, [False, False, True]),
        (np.float64(2) < x, [False, False, True]),
        (np.greater(x, 2), [False, False, True]),
        (ag.less(2, x), [False, False, True]),
    ]:
        assert type(result) is np.ndarray
        assert result.dtype == bool
        assert result.tolist() == expected
    assert type(x[0] == 1) is np.ndarray
    assert x[0] == 1


def test_comparisons_with_what_is_no_number():
    x = ag.tensor([1.0, 2.0])
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    assert (x == "a") is False
    assert x in [x]
    with pytest.raises(TypeError, match="'<' not supported"):
        x < None  # noqa: B015
    with pytest.raises(ShapeError, match=r"equal: the shapes \(2,\) and \(3,\) do not broadcast"):
        x == np.ones(3)  # noqa: B015


# -- names, dtypes --------------------------------------------------------------------------


def test_aliases_are_the_same_objects():
    short = [name + h for name in ("acos", "asin", "atan") for h in ("", "h")]
    pairs = [(name, name.replace("a", "arc", 1)) for name in [*short, "atan2"]]
    for alias, name in [("abs", "absolute"), ("pow", "power"), *pairs]:
        assert getattr(ag, alias) is getattr(ag, name)
        assert getattr(np, alias) is getattr(np, name)


UFUNCS = {
    name: getattr(np, name)
    for name in registry
    if isinstance(getattr(np, name, None), np.ufunc) and getattr(np, name).signature is None
}
UNARY = sorted(name for name, ufunc in UFUNCS.items() if ufunc.nin == 1)
BINARY = sorted(name for name, ufunc in UFUNCS.items() if ufunc.nin == 2)


@pytest.mark.parametrize("name", UNARY)
def test_numpy_functions_are_recorded(name):
    x = ag.tensor([0.5, 0.75], requires_grad=True)
    with np.errstate(invalid="ignore"):
        out = getattr(np, name)(x)
    assert out.node.op.name == name
    assert out.dtype == np.float32


@pytest.mark.parametrize("name", BINARY)
def test_numpy_functions_of_two_are_recorded(name):
    x = ag.tensor([0.5, 0.75], requires_grad=True)
    for a, b in [(x, x), (x, 2.0), (2.0, x), (np.ones(2, np.float32), x)]:
        out = getattr(np, name)(a, b)
        assert out.node.op.name == name
        assert out.dtype == np.float32


def of_one_operand(*modules):
    """The ops of these modules that take one operand, and nothing else that has no default."""
    for spec in registry.values():
        statics = inspect.signature(spec.body).parameters.values()
        needed = [p.name for p in statics if p.default is p.empty]
        if len(needed) == 1 and spec.body.__module__.rpartition(".")[2] in modules:
            yield spec.call


def gives_floats(function):
    with np.errstate(all="ignore"):
        return function(np.array([1, 2, 3])).dtype.kind == "f"


FAMILIES = ("activation", "elementwise", "softmaxes", "trigonometry")
FLOATING = [function for function in of_one_operand(*FAMILIES) if gives_floats(function)]
ACTIVATIONS = list(of_one_operand("activation"))


@pytest.mark.parametrize("function", FLOATING, ids=lambda f: f.__name__)
def test_integers_become_the_default_float(function):
    with np.errstate(all="ignore"):  # some end at 1
        exact = function(np.array([1.0, 2.0, 3.0]))
        out = function(ag.tensor([1, 2, 3]))
        assert out.dtype == np.float32
        np.testing.assert_allclose(out.data, exact, rtol=1e-6)
        np.testing.assert_allclose(function([1.0, 2.0, 3.0]), exact, rtol=1e-6)


@pytest.mark.parametrize("function", ACTIVATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_far_out_and_at_nan(function, dtype):
    x = ag.tensor(np.array([-1e4, -100, -30, 30, 100, 1e4, np.nan], dtype), requires_grad=True)
    out = function(x)
    (g,) = ag.grad(out.sum(), [x], create_graph=True)
    assert np.isfinite(out.data[:-1]).all()
    assert np.isnan(out.data[-1])
    assert np.isfinite(g.data[:-1]).all()
    if g.requires_grad:
        (second,) = ag.grad(g[:-1].sum(), [x], allow_unused=True)
        assert second is None or np.abs(second.data[:-1]).max() < 1e-4


def test_softmax_far_out_and_masked():
    x = ag.tensor([[1e4, -1e4, 0.0], [-np.inf, 1.0, 1.0]], requires_grad=True)
    np.testing.assert_array_equal(ag.softmax(x).data, [[1, 0, 0], [0, 0.5, 0.5]])
    (ag.softmax(x, dim=-1) * [1.0, 2.0, 3.0]).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[0, 0, 0], [0, -0.25, 0.25]])
    with pytest.raises(ag.AxisError, match=r"softmax\(x: float32 \(2, 3\)\).*axis 2"):
        ag.softmax(x, axis=2)


def test_words_and_numbers_out_of_range():
    with pytest.raises(ArgumentError, match="one of 'none', 'tanh', 'sigmoid', got 'erf'"):
        ag.gelu([1.0], approximate="erf")
    with pytest.raises(ArgumentError, match="beta must be a number above 0, got 0"):
        ag.softplus([1.0], beta=0)


def test_derivatives_of_scalars_up_to_third_order():
    for function in (ag.tanh, ag.sigmoid, ag.gelu, ag.silu, ag.softplus, ag.erf, ag.exp, ag.log):
        ag.check_grads(function, np.array(0.7), order=3)
    assert gradient(ag.gelu, 0.7, 3).shape == ()
    x = ag.tensor(0.5, requires_grad=True)
    for _ in range(3):
        (g,) = ag.grad(ag.tanh(x), [x], create_graph=True)
        assert g.dtype == np.float32


@pytest.mark.parametrize("size", [1, 20003])  # by the NumPy twin, by the kernel
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "left"),
    [
        (ag.silu, 0),
        (lambda x: ag.gelu(x), 0),
        (lambda x: ag.gelu(x, approximate="tanh"), 0),
        (lambda x: ag.gelu(x, approximate="sigmoid"), 0),
        (ag.softsign, -1),
    ],
)
def test_limits_at_infinity(function, left, dtype, size):
    """Limits, and not 0 · ∞ or ∞ / ∞, at infinity and at the largest number."""
    largest = np.finfo(dtype).max
    ends = np.tile(np.array([-np.inf, -largest, largest, np.inf], dtype), size)
    x, ones = ag.Tensor(ends, requires_grad=True), np.ones_like(ends)
    with np.errstate(all="ignore"):
        out = function(x)
        (slope,) = ag.grad(out, [x], grad_outputs=ones, create_graph=True)
        (second,) = ag.grad(slope, [x], grad_outputs=ones)
    right = [1, 1] if left else [largest, np.inf]
    np.testing.assert_array_equal(out.data[:4], [left, left, *right])
    np.testing.assert_allclose(slope.data[:4], [0, 0, 0, 0] if left else [0, 0, 1, 1], atol=1e-30)
    np.testing.assert_allclose(second.data[:4], 0, atol=1e-30)


@pytest.mark.parametrize("approximate", ["none", "tanh", "sigmoid"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_curvature_of_gelu_far_out_is_zero(approximate, dtype):
    ends = np.array([60, 100, 1000, 6e4, -60, -6e4], dtype)
    x, ones = ag.Tensor(ends, requires_grad=True), np.ones_like(ends)
    (slope,) = ag.grad(ag.gelu(x, approximate), [x], grad_outputs=ones, create_graph=True)
    (second,) = ag.grad(slope, [x], grad_outputs=ones)
    assert second.dtype == dtype
    np.testing.assert_allclose(second.data, 0, atol=1e-35)


def test_arcsinh_at_infinity():
    np.testing.assert_array_equal(gradient(ag.arcsinh, [np.inf]), [0])


def test_derivatives_whose_squares_overflow_or_vanish():
    x = ag.tensor(np.array([1e30, -1e25, 1e-30], np.float32), requires_grad=True)
    (slope,) = ag.grad(ag.arcsinh(x).sum(), [x])
    np.testing.assert_allclose(slope.data, [1e-30, 1e-25, 1], rtol=1e-6)
    (slope,) = ag.grad(ag.arccosh(x[:1]).sum(), [x])
    np.testing.assert_allclose(slope.data, [1e-30, 0, 0], rtol=1e-6)
    y = ag.tensor(np.array([1e30, 1e25, 1e-30], np.float32), requires_grad=True)
    of_y, of_x = ag.grad(ag.arctan2(y, x).sum(), [y, x])
    np.testing.assert_allclose(of_y.data, [5e-31, -5e-26, 5e29], rtol=1e-6)
    np.testing.assert_allclose(of_x.data, [-5e-31, -5e-26, -5e29], rtol=1e-6)


def test_round_of_large_numbers():
    x = np.array([3e38, -np.inf, np.nan, 0.26], np.float32)
    np.testing.assert_array_equal(ag.round(x, 1), np.array([3e38, -np.inf, np.nan, 0.3], "f"))
