"""Reductions, shapes, indexing and linear algebra: what the table of ops cannot say."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

import autograd as ag
from autograd.ops.reduce import spread


def leaf(*values, shape=None):
    x = np.array(values, dtype=np.float64)
    return ag.Tensor(x if shape is None else x.reshape(shape), requires_grad=True)


def gradient(function, x):
    (g,) = ag.grad(function(x).sum(), [x])
    return g.data


# -- conventions at kinks, ties and zeros ---------------------------------------------------


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (ag.max, [1, 5, 5], [0, 1, 0]),
        (ag.min, [2, 2, 5], [1, 0, 0]),
        (ag.norm, [0, 0], [0, 0]),
        (ag.norm, [3, 4], [0.6, 0.8]),
        (lambda x: ag.norm(x, 1), [-2, 0, 3], [-1, 0, 1]),
        (lambda x: ag.norm(x, math.inf), [-7, 7, 3], [-1, 0, 0]),
        (lambda x: ag.norm(x, -math.inf), [-7, 7, -3], [0, 0, -1]),
        (lambda x: ag.norm(x, 3), [0, 0], [0, 0]),
        (ag.std, [4, 4, 4], [0, 0, 0]),
        (ag.prod, [0, 2, 3], [6, 0, 0]),
        (ag.prod, [0, 2, 0], [0, 0, 0]),
        (lambda x: ag.sort(x)[:1], [2, 1, 1], [0, 1, 0]),
        (lambda x: ag.sort(x, descending=True)[:1], [1, 2, 2], [0, 1, 0]),
        (lambda x: ag.topk(x, 1)[0], [1, 2, 2], [0, 1, 0]),
        (ag.logsumexp, [-math.inf, -math.inf], [0, 0]),
        (ag.logsumexp, [-math.inf, 1000], [0, 1]),
    ],
)
def test_gradient_at_kinks_ties_and_zeros(function, values, expected):
    np.testing.assert_allclose(gradient(function, leaf(*values)), expected, rtol=1e-15)


def test_recorded_gradient_of_many_rows_through_a_linear_op():
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((20_000, n)).astype(np.float32) for n in (2, 3))
    weight = ag.Tensor(np.ones((3, 2), np.float32), requires_grad=True)
    rows, slopes = ag.Tensor(x, requires_grad=True), ag.Tensor(g, requires_grad=True)
    out = ag.linear(rows, weight)
    (recorded,) = ag.grad(out, [weight], grad_outputs=slopes, create_graph=True)
    np.testing.assert_allclose(recorded.data, g.T.astype(float) @ x, rtol=1e-3, atol=0.1)
    (back,) = ag.grad(recorded.sum(), [slopes])
    np.testing.assert_allclose(back.data, np.repeat(x.sum(1, keepdims=True), 3, 1), rtol=1e-5)


def test_a_gradient_that_is_spread_out_cannot_be_written_to():
    for g in (np.array(3.0), np.array([3.0, 4.0])):
        view = spread(g, g.shape + (1,), g.shape + (2,))
        np.testing.assert_array_equal(view, np.repeat(g, 2).reshape(view.shape))
        assert not view.flags.writeable


def test_logsumexp_of_a_row_without_softmax_leaves_the_others_alone():
    inf = math.inf
    x = leaf([0, math.log(3)], [-inf, -inf], [1, -inf], [inf, 0])
    weights = np.array([4.0, 5.0, 6.0, 7.0])
    (g,) = ag.grad(ag.logsumexp(x, axis=1), [x], grad_outputs=weights)
    np.testing.assert_allclose(g.data[:3], [[1, 3], [0, 0], [6, 0]], rtol=1e-15)
    np.testing.assert_array_equal(g.data[3], [math.nan, 0])


def test_logsumexp_of_minus_infinity_has_finite_second_derivatives():
    x = leaf([0, math.log(3)], [-math.inf, -math.inf])
    (g,) = ag.grad(ag.logsumexp(x, axis=1).sum(), [x], create_graph=True)
    (h,) = ag.grad(g[:, 0].sum(), [x])
    np.testing.assert_allclose(h.data, [[3 / 16, -3 / 16], [0, 0]], rtol=1e-15)


@pytest.mark.parametrize("function", [ag.norm, ag.std])
def test_second_derivative_where_the_root_is_zero_is_finite(function):
    x = leaf(0, 0, 0)
    (g,) = ag.grad(function(x), [x], create_graph=True)
    (h,) = ag.grad((g * np.array([1.0, 2.0, 3.0])).sum(), [x])
    assert np.isfinite(h.data).all()


@pytest.mark.parametrize("axis", [(0, 1), (1, 0), None])
def test_the_first_among_equals_does_not_depend_on_the_order_of_axes(axis):
    x = leaf(0, 1, 1, 0, shape=(2, 2))
    np.testing.assert_array_equal(gradient(lambda x: ag.max(x, axis), x), [[0, 1], [0, 0]])


def test_extremes_pass_nan_on():
    x = np.array([1.0, math.nan, 3.0])
    assert np.isnan(ag.max(x))
    assert np.isnan(ag.min(x))


@pytest.mark.parametrize("ord", [None, "fro", 1, -1, math.inf, -math.inf])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_over_two_axes_are_numpys(ord, keepdims):
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    expected = np.linalg.norm(x, ord, (2, 0), keepdims)
    np.testing.assert_allclose(ag.norm(x, ord, (2, 0), keepdims), expected, rtol=1e-14)
    ag.check_grads(lambda t: ag.norm(t, ord, (2, 0), keepdims), [x])


@pytest.mark.parametrize("ord", [None, 1, 2, 3, 0.5, math.inf, -math.inf])
def test_norms_over_one_axis_are_numpys(ord):
    x = np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_allclose(ag.norm(x, ord, 1), np.linalg.norm(x, ord, 1), rtol=1e-14)
    ag.check_grads(lambda t: ag.norm(t, ord, 1), [x])


@pytest.mark.parametrize("matrix", [
    [[1, 2], [2, 4]],
    [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    [[1, 1, 1], [2, 2, 2], [3, 3, 3]],
    [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
])  # fmt: skip
def test_determinant_of_a_singular_matrix(matrix):
    ag.check_grads(ag.det, [np.array(matrix, dtype=np.float64)])


def test_determinants_of_a_stack_with_one_singular_matrix():
    ag.check_grads(ag.det, [np.array([[[1.0, 2], [2, 4]], [[1, 2], [3, 4]]])])


def test_gradient_of_cholesky_is_symmetric():
    x = leaf(4, 1, 1, 9, shape=(2, 2))
    g = gradient(ag.cholesky, x)
    np.testing.assert_array_equal(g, g.T)


def test_sign_of_slogdet_is_plain():
    sign, logabsdet = ag.slogdet(leaf(0, 2, 1, 0, shape=(2, 2)))
    assert type(sign) is np.ndarray
    assert sign == -1
    assert logabsdet.item() == pytest.approx(math.log(2))


# -- results without a gradient ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["argmax", "argmin", "argsort"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_indices_are_plain_arrays(name, axis):
    x = np.array([[3.0, 1, 1], [3, 0, 7]])
    for function in (getattr(ag, name), getattr(np, name)):
        found = function(ag.Tensor(x, requires_grad=True), axis=axis)
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, getattr(np, name)(x, axis=axis))


def test_descending_order_keeps_ties_in_place_and_takes_any_dtype():
    np.testing.assert_array_equal(ag.argsort([1, 3, 3, 2], descending=True), [1, 2, 3, 0])
    np.testing.assert_array_equal(ag.argsort(np.array([0, 255], np.uint8), descending=True), [1, 0])
    np.testing.assert_array_equal(ag.sort([1.0, 3.0, 2.0], descending=True), [3, 2, 1])


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("k", [0, 1, 3, 7, 40])
@pytest.mark.parametrize("axis", [0, 1])
def test_topk_takes_the_first_among_equals(largest, k, axis):
    x = np.random.default_rng(0).integers(0, 6, (40, 40)).astype(np.float64)
    for numbers in (x, np.where(x == 3, math.nan, x)):
        order = ag.argsort(numbers, axis, descending=largest)
        values, indices = ag.topk(numbers, k, axis, largest)
        np.testing.assert_array_equal(indices, np.take(order, range(k), axis))
        np.testing.assert_array_equal(values, np.take_along_axis(numbers, indices, axis))


@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes_over_an_inner_axis_take_the_first_among_equals(name):
    x = np.random.default_rng(0).integers(0, 3, (4, 9, 5)).astype(np.float64)
    x[0, 4:6] = math.nan
    for axis in (0, 1, 2, (0, 2)):
        np.testing.assert_array_equal(getattr(ag, name)(x, axis), getattr(np, name)(x, axis))
    expected = np.zeros(x.shape)
    first = np.expand_dims(getattr(np, f"arg{name}")(x, 1), 1)
    np.put_along_axis(expected, first, 1.0, 1)
    t = ag.Tensor(x, requires_grad=True)
    getattr(ag, name)(t, 1).sum().backward()
    np.testing.assert_array_equal(t.grad.data, expected)


def test_topk_gives_values_and_indices():
    values, indices = ag.topk(leaf(1, 5, 3), 2, largest=False)
    np.testing.assert_array_equal(values.data, [1, 3])
    np.testing.assert_array_equal(indices, [0, 2])


# -- dtypes -------------------------------------------------------------------------------------

REDUCTIONS = [
    "sum", "mean", "var", "std", "max", "min", "prod", "logsumexp", "norm", "cumsum", "cumprod",
]  # fmt: skip


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0])
def test_reductions_keep_float32(name, axis):
    x = ag.tensor([[1.0, 2.0], [4.0, 3.0]], requires_grad=True)
    out = getattr(ag, name)(x, axis=axis)
    assert out.dtype == np.float32
    (g,) = ag.grad(out.sum(), [x], create_graph=True)
    assert g.dtype == np.float32
    assert (g * g).sum().dtype == np.float32


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_take_numbers_and_integers(name):
    function = getattr(ag, name)
    assert function(2.5) == pytest.approx(getattr(np, name, lambda x: x)(2.5))
    whole = function(ag.tensor([1, 2, 3]))
    assert whole.dtype in (np.int64, np.float32)


def test_joining_numbers_keeps_float32():
    assert ag.stack([ag.tensor(1.0), 2.0]).dtype == np.float32
    assert ag.hstack([ag.tensor(1.0), ag.tensor(2.0)]).dtype == np.float32


# -- spellings ----------------------------------------------------------------------------------


def test_pytorchs_words_for_axes():
    x = leaf(*range(6), shape=(2, 3))
    assert ag.sum(x, dim=1, keepdim=True).shape == (2, 1)
    assert ag.concatenate([x, x], dim=1).shape == (2, 6)
    assert ag.stack([x, x], dim=2).shape == (2, 3, 2)
    assert ag.unstack(x, dim=1)[0].shape == (2,)
    assert ag.argmax(x, dim=1, keepdim=True).shape == (2, 1)
    assert ag.sort(x, dim=0).shape == (2, 3)
    assert ag.topk(x, 2, dim=1)[0].shape == (2, 2)
    assert ag.norm(x, dim=1).shape == (2,)
    assert ag.var(x, dim=1, correction=1).shape == (2,)
    with pytest.raises(ag.DTypeError, match=r"sort.*'dim' and 'axis'"):
        ag.sort(x, dim=0, axis=1)


NUMPY_CALLS = {
    "concatenate": lambda x: np.concatenate([x, x], axis=1),
    "stack": lambda x: np.stack([x, x]),
    "vstack": lambda x: np.vstack([x, x]),
    "hstack": lambda x: np.hstack([x, x]),
    "split": lambda x: np.split(x, 3, axis=1)[1],
    "array_split": lambda x: np.array_split(x, 2, axis=1)[0],
    "pad": lambda x: np.pad(x, 1, mode="edge"),
    "tile": lambda x: np.tile(x, (2, 1)),
    "repeat": lambda x: np.repeat(x, 2, axis=0),
    "roll": lambda x: np.roll(x, 1),
    "flip": lambda x: np.flip(x, 0),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "squeeze": lambda x: np.squeeze(x[:1]),
    "ravel": lambda x: np.ravel(x, order="F"),
    "tril": lambda x: np.tril(x),
    "diag": lambda x: np.diag(x),
    "trace": lambda x: np.trace(x),
    "sort": lambda x: np.sort(x, axis=0),
    "take": lambda x: np.take(x, [0, 0], axis=1),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[1, 0, 1]]), axis=0),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "tensordot": lambda x: np.tensordot(x, x, ([0, 1], [0, 1])),
    "dot": lambda x: np.dot(x, x.T),
    "inner": lambda x: np.inner(x, x),
    "outer": lambda x: np.outer(x, x),
    "norm": lambda x: np.linalg.norm(x, axis=1),
    "linalg.outer": lambda x: np.linalg.outer(x[0], x[1]),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "var": lambda x: np.var(x, axis=0, ddof=1),
    "max": lambda x: np.max(x, axis=0),
    "amin": lambda x: np.amin(x, axis=0),
    "inv": lambda x: np.linalg.inv(x @ x.T),
    "slogdet": lambda x: np.linalg.slogdet(x @ x.T).logabsdet,
}


@pytest.mark.parametrize("call", NUMPY_CALLS.values(), ids=NUMPY_CALLS)
def test_numpy_functions_on_tensors_are_recorded(call):
    x = np.array([[3.0, 1.0, 2.0], [5.0, 9.0, 4.0]])
    out = call(ag.Tensor(x, requires_grad=True))
    assert isinstance(out, ag.Tensor)
    assert out.requires_grad
    np.testing.assert_allclose(out.data, call(x), rtol=1e-13)


def test_trace_of_a_stack_in_numpys_linalg_is_not_taken_for_ours():
    with pytest.raises(TypeError, match=r"np\.linalg\.trace"):
        np.linalg.trace(ag.ones(2, 3, 3, requires_grad=True))


# -- taking apart ------------------------------------------------------------------------------


def test_split_and_array_split_are_numpys():
    x = np.arange(14.0).reshape(7, 2)
    for name, where in [("array_split", 3), ("split", [2, 2, 5]), ("split", 7)]:
        ours = getattr(ag, name)(ag.Tensor(x, requires_grad=True), where)
        for part, expected in zip(ours, getattr(np, name)(x, where), strict=True):
            np.testing.assert_array_equal(part.data, expected)


APART = {
    "slices": lambda x: [x[i] for i in range(len(x))],
    "iteration": list,
    "unstack": ag.unstack,
    "split": lambda x: ag.split(x, len(x)),
}


@pytest.mark.parametrize("apart", APART.values(), ids=APART)
def test_1600_slices_of_one_array_take_linear_time(apart):
    """With a gradient as large as the array for each slice, 4 times the rows would take 16 times
    as long; here they take 4 times."""
    few, many = [], []
    for _ in range(4):
        few.append(_seconds_apart(apart, 400))
        many.append(_seconds_apart(apart, 1600))
    assert min(many) < 9 * min(few)


def _seconds_apart(apart, rows):
    x = ag.Tensor(np.ones((rows, 1000)), requires_grad=True)
    begin = time.thread_time()
    parts = apart(x)
    total = parts[0] * 1.0
    for part in parts[1:]:
        total = total + part
    total.sum().backward()
    seconds = time.thread_time() - begin
    np.testing.assert_array_equal(x.grad.data, np.ones((rows, 1000)))
    return seconds


def test_overlapping_slices_add_up():
    x = leaf(1, 2, 3, 4)
    ((x[:3] * x[1:]).sum() + x[[0, 0]].sum() + x[x.data > 2].sum()).backward()
    np.testing.assert_array_equal(x.grad.data, [2 + 2, 1 + 3, 2 + 4 + 1, 3 + 1])


# -- memory ---------------------------------------------------------------------------------------


def test_weight_gradient_of_a_stack_is_one_product():
    """(…, n, k) @ (k, m) must not make a weight gradient for each leading index and add them."""
    x = ag.Tensor(np.ones((50, 2, 3)), requires_grad=True)
    w = ag.Tensor(np.ones((3, 4)), requires_grad=True)
    out = x @ w
    closure = out.node.closures[1]
    assert closure(np.ones((50, 2, 4))).shape == (3, 4)


# -- errors ----------------------------------------------------------------------------------------

X = np.arange(6.0).reshape(2, 3)
MISUSES = [
    (lambda: ag.sum(X, axis=2), ag.AxisError, r"sum\(.*\(2, 3\)\).*axis 2"),
    (lambda: ag.max(X, axis=-3), ag.AxisError, r"max\(.*\(2, 3\)\).*axis -3"),
    (lambda: ag.cumsum(X, 5), ag.AxisError, r"cumsum\(.*\(2, 3\)\).*axis 5"),
    (lambda: ag.logsumexp(X, 5), ag.AxisError, r"logsumexp\(.*\(2, 3\)\).*axis 5"),
    (lambda: ag.prod(X, 5), ag.AxisError, r"prod\(.*\(2, 3\)\).*axis 5"),
    (lambda: ag.var(X, 5), ag.AxisError, r"var\(.*\(2, 3\)\).*axis 5"),
    (lambda: ag.swapaxes(X, 0, 2), ag.AxisError, r"swapaxes\(.*\(2, 3\)\).*2"),
    (lambda: ag.moveaxis(X, 0, 2), ag.AxisError, r"moveaxis\(.*\(2, 3\)\).*2"),
    (lambda: ag.transpose(X, (0, 2)), ag.AxisError, r"transpose\(.*\(2, 3\)\).*2"),
    (lambda: ag.transpose(X, (0,)), ag.ShapeError, r"transpose\(.*\(2, 3\)\)"),
    (lambda: ag.expand_dims(X, 4), ag.AxisError, r"expand_dims\(.*\(2, 3\)\).*4"),
    (lambda: ag.squeeze(X, 0), ag.ShapeError, r"squeeze\(.*\(2, 3\)\)"),
    (lambda: ag.flip(X, 2), ag.AxisError, r"flip\(.*\(2, 3\)\).*2"),
    (lambda: ag.roll(X, 1, 2), ag.AxisError, r"roll\(.*\(2, 3\)\).*2"),
    (lambda: ag.argmax(X, 2), ag.AxisError, r"argmax: axis 2.*\(2, 3\)"),
    (lambda: ag.sort(X, 2), ag.AxisError, r"argsort: axis 2.*\(2, 3\)"),
    (lambda: ag.argmax(np.zeros(0)), ag.ShapeError, r"argmax.*\(0,\)"),
    (lambda: ag.max(np.zeros((2, 0)), 1), ag.ShapeError, r"max.*\(2, 0\).*axis 1"),
    (lambda: ag.topk(X, 4), ag.ArgumentError, r"topk: k must be 0 to 3 .*\(2, 3\), got 4"),
    (lambda: ag.var(X, ddof=1, correction=1), ag.ArgumentError, r"var: ddof=1 and correction=1"),
    (lambda: ag.norm(X, 2), ag.ArgumentError, r"norm: ord=2 over 2 axes.*'fro'"),
    (lambda: ag.norm(X, "nuc"), ag.ArgumentError, r"norm: ord='nuc'"),
    (lambda: ag.norm(X, "fro", 1), ag.ArgumentError, r"norm: ord='fro' of a vector"),
    (lambda: ag.norm(X, axis=2), ag.AxisError, r"norm: axis 2.*\(2, 3\)"),
    (lambda: ag.norm(X, axis=(0, 0)), ag.ArgumentError, r"norm: axis=\(0, 0\).*twice"),
    (lambda: ag.reshape(X, (4, 2)), ag.ShapeError, r"reshape: shape \(4, 2\) takes 8.*6.*\(2, 3\)"),
    (lambda: ag.reshape(X, (4, -1)), ag.ShapeError, r"reshape.*multiple of 4.*6"),
    (lambda: ag.reshape(X, (-1, -1)), ag.ShapeError, r"reshape.*at most one"),
    (lambda: ag.reshape(X, (-1,), order="K"), ag.ArgumentError, r"reshape: order.*'K'"),
    (lambda: ag.flatten(X, 1, 0), ag.ArgumentError, r"flatten: start_dim 1.*end_dim 0"),
    (lambda: ag.flatten(X, 2), ag.AxisError, r"flatten: axis 2"),
    (lambda: ag.expand(X, (3,)), ag.ShapeError, r"expand.*\(3,\).*\(2, 3\)"),
    (lambda: ag.broadcast_to(X, (2, 4)), ag.ShapeError, r"broadcast_to\(.*\(2, 3\)"),
    (lambda: ag.concatenate([]), ag.ArgumentError, r"concatenate: arrays must hold at least one"),
    (lambda: ag.concatenate(3.0), ag.DTypeError, r"concatenate: arrays must be a list"),
    (lambda: ag.concatenate([X, X[0]]), ag.ShapeError, r"concatenate: array 1.*\(3,\).*\(2, 3\)"),
    (lambda: ag.concatenate([X, X.T]), ag.ShapeError, r"concatenate: array 1.*only axis 0"),
    (lambda: ag.concatenate([1.0, 2.0]), ag.ShapeError, r"concatenate.*use stack"),
    (lambda: ag.concatenate([X], axis=2), ag.AxisError, r"concatenate: axis 2"),
    (lambda: ag.vstack([]), ag.ArgumentError, r"vstack: arrays must hold at least one"),
    (lambda: ag.hstack(1.0), ag.DTypeError, r"hstack: arrays must be a list"),
    (lambda: ag.stack([X, X.T]), ag.ShapeError, r"stack: array 1.*\(3, 2\).*\(2, 3\)"),
    (lambda: ag.stack([X], axis=3), ag.AxisError, r"stack: axis 3"),
    (lambda: ag.split(X, 2, axis=1), ag.ShapeError, r"split.*length 3.*array_split"),
    (lambda: ag.split(X, 0), ag.ArgumentError, r"split: .* must be at least 1, got 0"),
    (lambda: ag.unstack(1.0), ag.DTypeError, r"unstack"),
    (lambda: ag.pad(X, (1, 2, 3)), ag.ShapeError, r"pad: pad_width \(1, 2, 3\).*\(2, 3\)"),
    (lambda: ag.pad(X, -1), ag.ArgumentError, r"pad: pad_width.*-1"),
    (lambda: ag.pad(X, 1, "mirror"), ag.ArgumentError, r"pad: mode.*'mirror'"),
    (lambda: ag.tril(X[0]), ag.ShapeError, r"tril: x must have two axes.*\(3,\)"),
    (lambda: ag.diag(np.zeros((1, 1, 1))), ag.ShapeError, r"diag.*\(1, 1, 1\)"),
    (lambda: ag.ops.getitem(X, 2), ag.IndexRangeError, r"getitem.*index 2.*size 2"),
    (lambda: ag.ops.getitem(X, (0, 0, 0)), ag.IndexRangeError, r"getitem.*\(2, 3\)"),
    (lambda: ag.take(X, [0, 3], 1), ag.IndexRangeError, r"take.*index 3.*size 3"),
    (lambda: ag.take_along_axis(X, [[3]], 1), ag.IndexRangeError, r"take_along_axis.*index 3"),
    (lambda: ag.take_along_axis(X, [0], 1), ag.ShapeError, r"take_along_axis.*\(1,\).*\(2, 3\)"),
    (lambda: ag.scatter_add(X, 0, [[2]], [[1.0]]), ag.IndexRangeError, r"scatter_add: index 2"),
    (lambda: ag.scatter_add(X, 0, [[0.5]], [[1.0]]), ag.DTypeError, r"scatter_add: index.*float"),
    (lambda: ag.scatter_add(X, 0, [0], [1.0]), ag.ShapeError, r"scatter_add: index of shape"),
    (lambda: ag.embedding([1, 2], X), ag.IndexRangeError, r"embedding: index 2.*table of 2 rows"),
    (lambda: ag.embedding([-1], X), ag.IndexRangeError, r"embedding: index -1.*0 to 1"),
    (lambda: ag.embedding([1.0], X), ag.DTypeError, r"embedding: indices.*float"),
    (lambda: ag.embedding([0], X[0]), ag.ShapeError, r"embedding: weight.*\(3,\)"),
    (lambda: ag.embedding([0], X, 2), ag.IndexRangeError, r"embedding: padding_idx 2"),
    (lambda: ag.matmul(X, X), ag.ShapeError, r"matmul.*\(2, 3\).*of a has length 3.*2 rows"),
    (lambda: ag.matmul(X, 2.0), ag.ShapeError, r"matmul: both operands need an axis"),
    (lambda: ag.matmul(np.ones((2, 2, 3)), np.ones((3, 3, 4))), ag.ShapeError, r"matmul\(.*\(2, 2"),
    (lambda: ag.tensordot(X, X, 1), ag.ShapeError, r"tensordot.*lengths \[3\].*\[2\]"),
    (lambda: ag.tensordot(X, X, 3), ag.ArgumentError, r"tensordot: axes=3"),
    (lambda: ag.einsum("ij,jk", X, X), ag.ShapeError, r"einsum.*'ij,jk'.*operand 1.*2.*3"),
    (lambda: ag.einsum("ij", X, X), ag.ArgumentError, r"einsum.*names 1 operands, but 2"),
    (lambda: ag.einsum("i", X), ag.ShapeError, r"einsum: 'i'.*operand 0.*2 axes"),
    (lambda: ag.einsum("ij->k", X), ag.ArgumentError, r"einsum: output label 'k'"),
    (lambda: ag.einsum("ij->ii", X), ag.ArgumentError, r"einsum: output label 'i'"),
    (lambda: ag.einsum("...j->j", X), ag.ArgumentError, r"einsum: the output.*'\.\.\.'"),
    (lambda: ag.einsum("i1", X), ag.ArgumentError, r"einsum: 'i1' is not understood"),
    (lambda: ag.einsum("ii", X), ag.ShapeError, r"einsum.*'i'.*2 and 3|einsum.*operand 0"),
    (lambda: ag.einsum(X, [0, 1]), ag.DTypeError, r"einsum: subscripts must be a string"),
    (lambda: ag.inv(X), ag.ShapeError, r"inv: a must be square.*\(2, 3\)"),
    (lambda: ag.inv(np.zeros((2, 2))), ag.ArgumentError, r"inv: a matrix is singular"),
    (lambda: ag.solve(np.zeros((2, 2)), X), ag.ArgumentError, r"solve: a matrix is singular"),
    (lambda: ag.solve(np.eye(3), X), ag.ShapeError, r"solve: b of shape \(2, 3\).*3 rows"),
    (lambda: ag.det(X), ag.ShapeError, r"det: a must be square"),
    (lambda: ag.cholesky(-np.eye(2)), ag.ArgumentError, r"cholesky.*not positive definite"),
]  # fmt: skip


@pytest.mark.parametrize(("misuse", "error", "message"), MISUSES)
def test_misuse_names_op_argument_and_what_would_fit(misuse, error, message):
    with pytest.raises(error, match=message):
        misuse()


def test_row_that_pads_gets_no_gradient():
    weight = ag.ones(4, 2, requires_grad=True)
    ag.embedding([[0, 3], [3, 1]], weight, padding_idx=-1).sum().backward()
    np.testing.assert_array_equal(weight.grad.data, [[1, 1], [1, 1], [0, 0], [0, 0]])


@pytest.mark.parametrize("name", ["sum", "softmax", "flip", "max", "expand_dims"])
def test_who_asks_for_an_axis_that_is_not_there_is_told_which_there_are(name):
    with pytest.raises(ag.AxisError, match=r"axis 5.*allowed: -\d to \d"):
        getattr(ag, name)(ag.ones((2, 3)), axis=5)
    with pytest.raises(ag.AxisError, match="none, it has no axes|axis 5"):
        getattr(ag, name)(ag.ones(()), axis=5)
