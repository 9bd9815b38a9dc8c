"""Values and gradients of ops where an operand or an argument is odd: numbers with an axis, equal
bounds, infinities, signed zeros, float16.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
from autograd import kernels
from autograd.errors import AxisError, GlassgradError, ShapeError
from autograd.kernels.runtime import set_kernels

# -- numbers without axes -----------------------------------------------------------------------

NUMBERS = {  # what of 2.0 with the axis 0 or -1: value, gradient
    "sum": (2.0, 1.0), "mean": (2.0, 1.0), "prod": (2.0, 1.0), "max": (2.0, 1.0),
    "min": (2.0, 1.0), "var": (0.0, 0.0), "std": (0.0, 0.0), "logsumexp": (2.0, 1.0),
    "norm": (2.0, 1.0), "softmax": (1.0, 0.0), "log_softmax": (0.0, 0.0), "flip": (2.0, 1.0),
    "sort": (2.0, 1.0), "squeeze": (2.0, 1.0), "cumsum": ([2.0], 1.0), "cumprod": ([2.0], 1.0),
}  # fmt: skip


@pytest.mark.parametrize("axis", [0, -1, np.int8(-1)])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_counts_as_a_row_of_one(name, axis):
    value, slope = NUMBERS[name]
    op = getattr(ag, name)
    x = ag.tensor(2.0, requires_grad=True)
    out = op(x, axis=axis)
    assert out.data.tolist() == value
    assert op(np.array(2.0), axis=axis).tolist() == value
    (g,) = ag.grad(out.sum() * 3, [x], create_graph=True)
    assert g.shape == ()
    assert g.item() == 3 * slope
    if name not in ("std", "norm", "max", "min"):
        ag.check_grads(lambda x: op(x, axis=axis), [np.array(2.0)])
    with pytest.raises(AxisError, match=name):
        op(x, axis=1)


def test_more_ops_take_the_axis_of_a_number():
    x = ag.tensor(2.0, requires_grad=True)
    for out, shape, slope in [
        (ag.sum(x, axis=0, keepdims=True), (), 1),
        (ag.max(x, axis=-1, keepdims=True), (), 1),
        (ag.repeat(x, 3, axis=0), (3,), 3),
        (ag.repeat(x, (3,), axis=-1), (3,), 3),
        (ag.take(x, [0, 0], axis=0), (2,), 2),
        (ag.take_along_axis(x, np.array(0), 0), (), 1),
        (ag.scatter_add(x, 0, np.array(0), x), (), 2),
        (ag.swapaxes(x, 0, -1), (), 1),
        (ag.moveaxis(x, 0, 0), (), 1),
        (ag.transpose(x, ()), (), 1),
        (ag.topk(x, 1)[0], (), 1),
        (ag.norm(x, 1, 0), (), 1),
        (ag.norm(x, math.inf, -1, True), (), 1),
        (ag.sum(x, axis=(0,)), (), 1),
    ]:
        assert out.shape == shape
        (g,) = ag.grad(out.sum(), [x])
        assert g.item() == slope
    assert ag.argsort(x).tolist() == [0]
    assert ag.argmax(x, 0) == 0 == ag.argmin(x, -1)
    assert ag.transpose(ag.tensor([1.0, 2.0]), 0).shape == (2,)
    for refused in (lambda: ag.split(x, 1), lambda: ag.unstack(x), lambda: ag.roll(x, 1, 0)):
        with pytest.raises(GlassgradError):
            refused()


# -- clip ----------------------------------------------------------------------------------------

nan, inf = math.nan, math.inf
CLIPPED = [  # x, low, high, value, and the slope by each
    (5.0, 1.0, 1.0, 1.0, (0, 0, 1)), (0.0, 1.0, 1.0, 1.0, (0, 0, 0)),
    (1.0, 1.0, 1.0, 1.0, (1, 0, 0)), (5.0, 3.0, 1.0, 1.0, (0, 0, 1)),
    (2.0, 3.0, 1.0, 1.0, (0, 0, 1)), (0.0, 3.0, 1.0, 1.0, (0, 0, 1)),
    (1.0, 3.0, 1.0, 1.0, (0, 0, 1)), (3.0, 3.0, 1.0, 1.0, (0, 0, 1)),
    (1.0, 1.0, 2.0, 1.0, (1, 0, 0)), (2.0, 1.0, 2.0, 2.0, (1, 0, 0)),
    (0.5, 1.0, 2.0, 1.0, (0, 1, 0)), (1.5, 1.0, 2.0, 1.5, (1, 0, 0)),
    (nan, 0.0, 1.0, nan, (0, 0, 0)), (0.0, nan, 1.0, nan, (0, 0, 0)),
    (2.0, nan, 1.0, nan, (0, 0, 1)), (2.0, 0.0, nan, nan, (0, 0, 0)),
    (inf, 0.0, 1.0, 1.0, (0, 0, 1)), (-inf, 0.0, inf, 0.0, (0, 1, 0)),
    (inf, 0.0, inf, inf, (1, 0, 0)),
]  # fmt: skip


def test_clip_is_min_of_max():
    x, low, high, wanted = (np.array(column) for column in list(zip(*CLIPPED, strict=True))[:4])
    slopes = np.array([row[4] for row in CLIPPED], float).T
    operands = [ag.tensor(a, requires_grad=True) for a in (x, low, high)]
    out = ag.clip(*operands)
    np.testing.assert_array_equal(out.data, wanted)
    for create_graph in (False, True):
        gradients = ag.grad(ag.clip(*operands).sum(), operands, create_graph=create_graph)
        np.testing.assert_array_equal([g.data for g in gradients], slopes)
    for i, row in enumerate(CLIPPED):
        (g,) = ag.grad(ag.clip(operands[0], row[1], row[2]).sum(), [operands[0]])
        assert g.data[i] == row[4][0]


def test_clip_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    arrays = [rng.integers(-2, 3, 4000) / 1.0 for _ in range(3)]
    for a in arrays:
        a[rng.integers(0, 4000, 200)] = nan
    for given in (arrays, [*arrays[:2], None], [arrays[0], None, arrays[2]]):
        ours = [None if a is None else ag.tensor(a, requires_grad=True) for a in given]
        theirs = [None if a is None else torch.tensor(a, requires_grad=True) for a in given]
        ag.clip(*ours).sum().backward()
        torch.clamp(*theirs).sum().backward()
        for x, y in zip(ours, theirs, strict=True):
            if x is not None:
                np.testing.assert_array_equal(x.grad.data, y.grad.numpy())


# -- linear_scan, +x, logaddexp ------------------------------------------------------------------


def test_linear_scan_with_one_factor_for_each_row():
    b, a = np.random.default_rng(0).random((3, 2)), np.array([0.1, 0.2, 0.3])
    out = ag.linear_scan(b, a, axis=0)
    np.testing.assert_allclose(out[2], b[2] + 0.3 * (b[1] + 0.2 * b[0]))
    ag.check_grads(lambda b, a: ag.linear_scan(b, a, axis=0), [b, a])
    ag.check_grads(lambda b, a: ag.linear_scan(b, a, axis=0, reverse=True), [b, a])


@pytest.mark.parametrize("shape", [(2,), (4,), (3, 3), (1,), (2, 3, 2)])
def test_linear_scan_names_factors_that_do_not_fit(shape):
    with pytest.raises(ShapeError, match="linear_scan.*does not fit"):
        ag.linear_scan(np.ones((3, 2)), np.ones(shape), axis=0)


def test_plus_is_a_copy_that_is_recorded():
    x = ag.tensor([3.0])
    y = +x
    y **= 2
    assert (x.item(), y.item()) == (3.0, 9.0)
    w = ag.tensor([3.0], requires_grad=True)
    (+w * np.positive(w)).sum().backward()
    assert w.grad.item() == 6.0
    assert isinstance(np.positive(x), ag.Tensor)


# -- signed zeros --------------------------------------------------------------------------------

ODD = {
    "tanh": np.tanh, "sin": np.sin, "tan": np.tan, "sinh": np.sinh, "arcsin": np.arcsin,
    "arctan": np.arctan, "arcsinh": np.arcsinh, "arctanh": np.arctanh, "expm1": np.expm1,
    "log1p": np.log1p, "cbrt": np.cbrt, "sqrt": np.sqrt, "erf": lambda x: x, "silu": lambda x: x,
    "gelu": lambda x: x, "elu": lambda x: x, "leaky_relu": lambda x: x, "softsign": lambda x: x,
    "negative": np.negative, "positive": np.positive, "sign": np.sign, "trunc": np.trunc,
    "rint": np.rint, "selu": lambda x: x, "celu": lambda x: x,
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name in ODD if hasattr(ag, name)])
def test_zeros_keep_their_signs(name, dtype):
    op = getattr(ag, name)
    zeros = np.where(np.arange(20000) % 3 == 0, -0.0, 0.0).astype(dtype)
    wanted = np.signbit(ODD[name](zeros))
    for choice in ("numba", "numpy"):
        set_kernels(choice)
        try:
            for x in (zeros, zeros[:16]):
                for out in (
                    op(x),
                    op(ag.tensor(x)).data,
                    op(ag.tensor(x, requires_grad=True)).data,
                ):
                    np.testing.assert_array_equal(np.signbit(out), wanted[: len(x)])
        finally:
            set_kernels(None)


@pytest.mark.parametrize("choice", ["numba", "numpy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_slopes_of_gelu_far_out_are_0_and_1(choice, dtype):
    x = np.repeat(np.array([-1e30, -1e4, -60, 60, 1e4, 1e30], dtype), 4000)
    set_kernels(choice)
    try:
        for kind in ("none", "tanh", "sigmoid"):
            slope = kernels.gelu_grad(np.ones_like(x), x, kind)
            np.testing.assert_allclose(slope, (x > 0).astype(dtype), rtol=0, atol=1e-20)
    finally:
        set_kernels(None)


# -- float16 -------------------------------------------------------------------------------------


def test_float16_is_added_up_in_float32():
    x = ag.tensor(np.ones(70000, np.float16), requires_grad=True)
    mean = x.mean()
    mean.backward()
    assert mean.item() == 1.0
    assert mean.dtype == np.float16
    np.testing.assert_allclose(x.grad.data.astype(float), 1 / 70000, rtol=5e-3)
    y = np.full((3000, 2), 0.1, np.float16)
    exact = y.astype(np.float64)
    np.testing.assert_allclose(ag.sum(y, axis=0), exact.sum(0), rtol=1e-3)
    big = np.tile(np.array([300.0, -300.0], np.float16), 500)
    for name in ("var", "std"):
        wanted = getattr(np, name)(big.astype(np.float64))
        out = getattr(ag, name)(ag.tensor(big * 0.5, requires_grad=True))
        np.testing.assert_allclose(
            float(out.item()), wanted / (4 if name == "var" else 2), rtol=2e-3
        )
    assert ag.norm(big).dtype == np.float16
    np.testing.assert_allclose(float(ag.norm(big)), math.sqrt(1000) * 300, rtol=2e-3)
    (g,) = ag.grad(ag.norm(v := ag.tensor(big, requires_grad=True)), [v])
    np.testing.assert_allclose(g.data.astype(float), np.sign(big) / math.sqrt(1000), rtol=3e-3)


# -- other people's arrays -----------------------------------------------------------------------


def test_matrices_are_arrays_and_masked_arrays_are_refused():
    m = np.array([[1.0, 2.0], [3.0, 4.0]])
    x = ag.tensor(m, requires_grad=True)
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(m)
    out = x * matrix
    np.testing.assert_array_equal(out.data, m * m)
    assert type(out.data) is np.ndarray
    (g,) = ag.grad(out.sum(), [x])
    np.testing.assert_array_equal(g.data, m)
    with pytest.raises(TypeError, match="multiply.*mask"):
        x * np.ma.array(m, mask=m > 2)


def test_logaddexp_of_minus_infinity_hands_on_the_gradient_it_gets():
    a = ag.tensor(np.array([-np.inf, 0.0, -np.inf]), requires_grad=True)
    b = ag.tensor(np.array([-np.inf, -np.inf, 1.0]), requires_grad=True)
    (ag.logaddexp(a, b)[1:] * np.array([3.0, 5.0])).sum().backward()
    np.testing.assert_array_equal(a.grad.data, [0.0, 3.0, 0.0])
    np.testing.assert_array_equal(b.grad.data, [0.0, 0.0, 5.0])


def test_absolute_errors_of_equal_numbers_have_no_slope():
    x = ag.tensor(np.array([1.0, 2.0]), requires_grad=True)
    t = ag.tensor(np.array([1.0, 5.0]), requires_grad=True)
    F.l1_loss(x, t, reduction="sum").backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, -1.0])
    np.testing.assert_array_equal(t.grad.data, [0.0, 1.0])
