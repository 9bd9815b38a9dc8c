"""Pointwise, softmax, norm and dropout kernels against their NumPy twins."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from autograd import kernels
from autograd.kernels import runtime
from autograd.kernels.dropout import numpy_twin as dropout_twin
from autograd.kernels.norm import numpy_twin as norm_twin
from autograd.kernels.pointwise import numpy_twin as pointwise_twin
from autograd.kernels.softmaxes import numpy_twin as softmax_twin

DTYPES = (np.float32, np.float64)
SIZE = 5003  # above every threshold for small arrays, a multiple of nothing

needs_numba = pytest.mark.skipif(not kernels.use_numba(), reason="the twins are in use")

# What the functions of `kernels/pointwise.py` take beside arrays, by name.
GIVEN = {"beta": 1.5, "alpha": 1.3, "at_zero": 0.25, "approximate": "none"}


def pointwise(*firsts):
    """Those whose arrays are called so, with their further arguments."""
    found = {}
    for name in kernels.__all__:
        function = getattr(kernels, name)
        if function.__module__ == "autograd.kernels.pointwise.dispatch":
            names = list(inspect.signature(function).parameters)
            arrays = tuple(n for n in names if n not in GIVEN)
            if arrays in firsts:
                found[name] = tuple(GIVEN[n] for n in names[len(arrays) :])
    return found


UNARY = pointwise(("x",))
GRADIENTS = pointwise(("g", "x"), ("g", "out"))


def test_no_function_is_left_out():
    family = inspect.getmodule(kernels.tanh)
    functions = {name for name in kernels.__all__ if hasattr(family, name)}
    assert functions - {*UNARY, *GRADIENTS} == {"logit_loss"}, "give it a comparison below"


def samples(dtype, size=SIZE, spread=4.0, seed=0):
    x = (np.random.default_rng(seed).standard_normal(size) * spread).astype(dtype)
    x.flat[::97] = 0
    return x


def large(x):
    """x repeated until every function uses its kernel."""
    return np.resize(x, 4 * SIZE)


def close(got, wanted, tolerance):
    """Equal within `tolerance` units of the dtype's precision, relative to max(|wanted|, 1)."""
    assert got.dtype == wanted.dtype and got.shape == wanted.shape
    assert got.flags.c_contiguous and got.flags.writeable
    error = np.abs(got - wanted) / np.maximum(np.abs(wanted), 1)
    assert error.max(initial=0) <= tolerance * np.finfo(got.dtype).eps


@needs_numba
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_functions_equal_their_twins(name, dtype):
    x = large(samples(dtype))
    twin = getattr(pointwise_twin, name)
    close(getattr(kernels, name)(x, *UNARY[name]), twin(x, *UNARY[name]), 4)


@needs_numba
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_equal_their_twins(name, dtype):
    x, g = large(samples(dtype)), large(samples(dtype, spread=1.0, seed=1))
    twin = getattr(pointwise_twin, name)
    close(getattr(kernels, name)(g, x, *GRADIENTS[name]), twin(g, x, *GRADIENTS[name]), 16)


@needs_numba
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_relu_equals_its_twin_without_a_slope_at_zero(dtype):
    x, g = large(samples(dtype)), large(samples(dtype, spread=1.0, seed=1))
    close(kernels.relu_grad(g, x), pointwise_twin.relu_grad(g, x), 0)


@needs_numba
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_loss_of_logits_equals_its_twin(dtype):
    x, t = large(samples(dtype)), np.resize(np.linspace(0, 1, SIZE).astype(dtype), 4 * SIZE)
    close(kernels.logit_loss(x, t), pointwise_twin.logit_loss(x, t), 4)


@pytest.mark.parametrize("size", [5, 3000, 4 * SIZE])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_relu_leaves_out_gets_no_gradient_whatever_it_is(dtype, size):
    out = np.resize(np.array([0, -0.0, 2, np.nan, 3], dtype), size)
    g = np.resize(np.array([np.inf, np.nan, -np.inf, np.nan, -0.0], dtype), size)
    got = kernels.relu_grad(g, out)
    np.testing.assert_array_equal(got, np.resize(np.array([0, 0, -np.inf, 0, 0], dtype), size))
    assert not np.signbit(got[:2]).any() and np.signbit(got[4])


@needs_numba
@pytest.mark.parametrize("approximate", ["tanh", "sigmoid"])
def test_approximations_of_gelu_equal_their_twins(approximate):
    x, g = large(samples(np.float32)), large(samples(np.float32, spread=1.0, seed=1))
    close(kernels.gelu(x, approximate), pointwise_twin.gelu(x, approximate), 4)
    grads = kernels.gelu_grad(g, x, approximate), pointwise_twin.gelu_grad(g, x, approximate)
    close(*grads, 16)


def ulps(got, exact):
    """Largest error in units in the last place, of normal numbers."""
    exact = np.asarray(exact)
    rounded = exact.astype(got.dtype)
    normal = np.abs(rounded) > np.finfo(got.dtype).tiny
    unit = np.spacing(np.abs(rounded[normal])).astype(exact.dtype)
    return float((np.abs(got[normal].astype(exact.dtype) - exact[normal]) / unit).max())


EXACT = {
    # name: (ours, of extended precision, largest error in ulps)
    "exp": (lambda x: kernels.elu_grad(np.ones_like(x), x), lambda x: np.exp(x), 1.5),
    "expm1": (lambda x: kernels.elu(x), lambda x: np.expm1(x), 2.0),
    "sigmoid": (lambda x: kernels.sigmoid(x), lambda x: 1 / (1 + np.exp(-x)), 3.0),
    "tanh": (lambda x: kernels.tanh(x), lambda x: np.tanh(x), 3.0),
    "softplus": (lambda x: kernels.softplus(x), lambda x: np.log1p(np.exp(x)), 3.0),
}


@needs_numba
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXACT)
def test_accuracy_in_units_in_the_last_place(name, dtype):
    ours, exactly, allowed = EXACT[name]
    end = 80 if dtype is np.float32 else 700
    x = -np.concatenate([np.linspace(0, end, 20001), np.linspace(0, 2, 20001)]).astype(dtype)
    assert ulps(ours(x), exactly(x.astype(np.longdouble))) <= allowed


@needs_numba
@pytest.mark.parametrize("dtype", DTYPES)
def test_accuracy_of_erf_and_the_normal_distribution(dtype):
    x = np.linspace(-5.5, 5.5, 20000).astype(dtype)
    exact = np.array([math.erf(v) for v in x.astype(np.float64)])
    assert ulps(kernels.erf(x), exact) <= 4
    # the twin works in float64, with another formula
    gelu = pointwise_twin.gelu(x.astype(np.float64))
    assert ulps(kernels.gelu(x), gelu) <= (6 if dtype is np.float32 else 12)


@pytest.mark.parametrize("size", [5, 4 * SIZE])
@pytest.mark.parametrize("dtype", DTYPES)
def test_far_ends_are_finite_and_quiet(dtype, size):
    x = np.resize(np.array([-1e4, -100, 0, 100, 1e4], dtype), size)
    with np.errstate(all="raise", under="ignore"):
        for name, more in UNARY.items():
            assert np.isfinite(getattr(kernels, name)(x, *more)).all(), name
        for name in ("silu_grad", "softplus_grad", "elu_grad", "gelu_grad"):
            assert np.isfinite(getattr(kernels, name)(np.ones_like(x), x)).all(), name
    assert kernels.sigmoid(x)[0] == 0 and kernels.sigmoid(x)[4] == 1
    assert kernels.gelu(x)[0] == 0 and kernels.gelu(x)[4] == dtype(1e4)


@pytest.mark.parametrize("size", [3, 4 * SIZE])
def test_nan_stays_nan(size):
    x = np.full(size, np.nan, np.float32)
    for name, more in UNARY.items():
        assert np.isnan(getattr(kernels, name)(x, *more)).all(), name


@pytest.mark.parametrize("rows", [4, 300])
def test_any_layout_comes_in_and_a_fresh_contiguous_array_comes_out(rows):
    base = samples(np.float32, rows * 80).reshape(rows, 80)
    frozen = base.copy()
    frozen.flags.writeable = False
    strided = np.repeat(base, 2, axis=1)[:, ::2]
    plain = kernels.sigmoid(base.copy())
    for view in (base, frozen, np.asfortranarray(base), strided):
        before = view.copy()
        out = kernels.sigmoid(view)
        assert out.flags.c_contiguous and out.flags.writeable
        assert not np.shares_memory(out, view)
        np.testing.assert_array_equal(out, plain)
        np.testing.assert_array_equal(view, before)
    swapped = base.astype(base.dtype.newbyteorder())
    np.testing.assert_allclose(kernels.sigmoid(swapped), plain, rtol=1e-6)
    assert kernels.sigmoid(np.array(0.0, np.float32)).shape == ()
    assert kernels.relu(np.zeros((0, 3), np.float32)).shape == (0, 3)


def row_cases(dtype, m=37, c=101):
    x, g = samples(dtype, m * c).reshape(m, c), samples(dtype, m * c, seed=1).reshape(m, c)
    soft, log = softmax_twin.softmax(x), softmax_twin.log_softmax(x)
    return {
        "softmax": (x,),
        "softmax_grad": (g, soft),
        "log_softmax": (x,),
        "log_softmax_grad": (g, log),
    }


@needs_numba
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("masked", [True, False])
def test_cross_entropy_kernels_equal_their_twins(dtype, masked):
    x, g = samples(dtype, 3737).reshape(37, 101), samples(dtype, 37, seed=1)
    labels = np.random.default_rng(2).integers(-1 if masked else 0, 101, 37)
    losses, saved = kernels.cross_entropy(x, labels, masked)
    wanted, slope = softmax_twin.cross_entropy(x, labels, masked)
    assert losses.dtype == wanted.dtype == slope.dtype == dtype and saved.shape == (74,)
    np.testing.assert_allclose(losses, wanted, rtol=0, atol=100 * np.finfo(dtype).eps)
    for factor in (g, 0.25):
        got = kernels.cross_entropy_grad(factor, x, labels, saved)
        twins = softmax_twin.cross_entropy_grad(factor, slope)
        assert got.dtype == twins.dtype == dtype
        np.testing.assert_allclose(got, twins, rtol=0, atol=100 * np.finfo(dtype).eps)


def norm_cases(dtype):
    rng = np.random.default_rng(3)
    x, g = (rng.standard_normal((5, 7, 131)).astype(dtype) + k for k in (3, 0))
    rows, row_g = x.reshape(35, 131), g.reshape(35, 131)
    w, b = rng.standard_normal((2, 131)).astype(dtype)
    _, mean, _, inv_std = norm_twin.batch_norm(x, None, None, 1e-5)
    _, row_mean, row_inv = norm_twin.layer_norm(rows, w, b, 1e-5)
    return {
        "batch_norm": (x, w[:7], b[:7], 1e-5),
        "batch_norm_apply": (x, mean, inv_std, w[:7], b[:7]),
        "batch_norm_grads": (g, x, mean, inv_std, w[:7]),
        "batch_norm_sums": (g, x, mean, inv_std),
        "layer_norm": (rows, w, b, 1e-5),
        "layer_norm_grads": (row_g, rows, row_mean, row_inv, w),
        "layer_norm_sums": (row_g, rows, row_mean, row_inv),
    }


@needs_numba
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*row_cases(np.float32), *norm_cases(np.float32)])
def test_row_and_norm_kernels_equal_their_twins(name, dtype):
    args = {**row_cases(dtype), **norm_cases(dtype)}[name]
    twins = softmax_twin if hasattr(softmax_twin, name) else norm_twin
    got, wanted = getattr(kernels, name)(*args), getattr(twins, name)(*args)
    for a, b in zip(*(r if isinstance(r, tuple) else (r,) for r in (got, wanted)), strict=True):
        assert a.dtype == b.dtype == dtype and a.shape == b.shape
        scale = max(float(np.abs(b).max()), 1.0)
        assert np.abs(a - b).max() <= 24 * np.finfo(dtype).eps * scale


@needs_numba
def test_norms_without_weight_and_bias():
    cases = norm_cases(np.float32)
    x, mean, inv_std = cases["batch_norm_apply"][:3]
    for name, args in {
        "batch_norm": (x, None, None, 1e-5),
        "batch_norm_apply": (x, mean, inv_std, None, None),
        "batch_norm_grads": (*cases["batch_norm_grads"][:4], None),
        "layer_norm": (cases["layer_norm"][0], None, None, 1e-5),
        "layer_norm_grads": (*cases["layer_norm_grads"][:4], None),
    }.items():
        got, wanted = getattr(kernels, name)(*args), getattr(norm_twin, name)(*args)
        if isinstance(got, tuple):
            got, wanted = got[0], wanted[0]
        np.testing.assert_allclose(got, wanted, atol=2e-5)


@pytest.mark.parametrize("columns", [3, 3000])
def test_rows_that_have_no_softmax_become_nan_quietly(columns):
    x = np.zeros((3, columns), np.float32)
    x[0], x[1, 1] = -np.inf, np.nan
    out = kernels.softmax(x)
    assert np.isnan(out[:2]).all() and np.allclose(out[2], 1 / columns)
    assert np.isnan(kernels.log_softmax(x)[:2]).all()


def test_ignored_rows_have_no_loss_and_no_gradient():
    for columns in (3, 3000):
        x = samples(np.float32, 2 * columns).reshape(2, columns)
        x[0, 0] = np.inf
        labels = np.array([-1, 1])
        losses, saved = kernels.cross_entropy(x, labels)
        grad = kernels.cross_entropy_grad(np.ones(2, np.float32), x, labels, saved)
        assert losses[0] == 0 and not grad[0].any() and abs(grad[1].sum()) < 1e-5


def test_dropout_masks_are_the_same_whatever_made_them():
    for shape, dtype in (((5003,), np.float32), ((71, 73), np.float64), ((), np.float32)):
        for p in (0.0, 0.3, 0.999, 1.0):
            mask = kernels.dropout_mask(shape, p, 7, dtype)
            assert mask.dtype == dtype and mask.shape == shape
            twin = dropout_twin.dropout_mask(shape, p, 7, dtype)
            np.testing.assert_array_equal(mask, twin)


def test_dropout_keeps_the_mean_and_seeds_differ():
    masks = [kernels.dropout_mask((100_000,), 0.3, seed, np.float32) for seed in (0, 1, 2**63)]
    for mask in masks:
        assert abs(float(mask.mean()) - 1) < 0.01
        assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / 0.7)}
        # neighbours, which share a hash, are independent too
        assert abs(float(np.corrcoef(mask[::2], mask[1::2])[0, 1])) < 0.02
    assert (masks[0] != masks[1]).mean() > 0.3 and (masks[0] != masks[2]).mean() > 0.3


@needs_numba
def test_results_do_not_depend_on_the_thread_count():
    x, g = samples(np.float32, 600_011), samples(np.float32, 600_011, seed=1)
    rows, row_g = x[:600_000].reshape(600, 1000), g[:600_000].reshape(600, 1000)
    batch, batch_g = rows.reshape(60, 10, 1000), row_g.reshape(60, 10, 1000)

    def run():
        out, mean, inv_std = kernels.layer_norm(rows, None, None, 1e-5)
        return (
            kernels.gelu(x),
            kernels.silu_grad(g, x),
            kernels.softmax(rows),
            kernels.dropout_mask((600_011,), 0.5, 3, np.float32),
            out,
            *kernels.layer_norm_sums(row_g, rows, mean, inv_std),
            *kernels.layer_norm_grads(row_g, rows, mean, inv_std, None),
            *kernels.batch_norm(batch, None, None, 1e-5),
            *kernels.batch_norm_grads(
                batch_g, batch, np.zeros(10, np.float32), np.ones(10, np.float32), None
            ),
        )

    before = runtime.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 4):
            runtime.set_num_threads(threads)
            results += [run(), run()]
    finally:
        runtime.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert a.tobytes() == b.tobytes()
