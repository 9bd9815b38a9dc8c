"""Operands of every dtype: what is computed is what the same numbers in float64 give."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
from autograd.errors import DTypeError
from autograd.ops.loss import logit_loss, probability_loss
from autograd.ops.softmaxes import label_cross_entropy
from tests.test_loss import PAIRED

NARROW = [np.bool_, np.int8, np.uint8]
FUNCTIONS = ["exp", "expm1", "log1p", "sqrt", "cbrt", "sin", "arctan", "sinh", "arcsinh", "log2"]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", NARROW)
def test_functions_of_eight_bits_have_the_default_dtype(name, dtype):
    numbers = np.array([1, 1, 1] if dtype is np.bool_ else [1, 2, 5], dtype)
    right = getattr(ag, name)(numbers.astype(np.float64))
    for x in (numbers, ag.Tensor(numbers), ag.Tensor(numbers[0])):
        out = getattr(ag, name)(x)
        assert out.dtype == np.float32
        np.testing.assert_allclose(np.asarray(out), right if x.ndim else right[0], rtol=1e-6)


def test_functions_of_eight_bits_follow_the_default_dtype():
    ag.set_default_dtype(np.float64)
    try:
        assert ag.exp(ag.Tensor(np.array([3], np.int8))).item() == np.exp(3.0)
    finally:
        ag.set_default_dtype(np.float32)


def test_half_precision_that_was_asked_for_stays():
    assert ag.exp(np.ones(2, np.float16)).dtype == np.float16
    assert ag.astype(np.ones(2, np.int8), np.float16).dtype == np.float16
    assert np.logaddexp(ag.Tensor(np.ones(2, np.float16)), np.ones(2, np.int8)).dtype == np.float16


@pytest.mark.parametrize("ord", [None, 1, 2, 3, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64])
def test_norm_of_integers_does_not_wrap(ord, dtype):
    numbers = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max, 100], dtype)
    right = np.linalg.norm(numbers.astype(np.float64), ord)
    for x in (numbers, ag.Tensor(numbers)):
        np.testing.assert_allclose(np.asarray(ag.norm(x, ord)), right, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", "CF")
def test_product_does_not_depend_on_the_order_of_its_factors(dtype, order):
    largest = float(np.finfo(dtype).max)
    columns = [[largest, largest, 0.0], [largest, 3.0, 1 / largest], [1 / largest, 0.5, largest]]
    x = np.array(np.transpose(columns), dtype, order=order)
    np.testing.assert_allclose(ag.prod(x, 0), [0, 3, 0.5], rtol=1e-6)
    np.testing.assert_allclose(ag.prod(x[::-1], 0), [0, 3, 0.5], rtol=1e-6)
    assert ag.prod(x[:, 1:]) == pytest.approx(1.5)
    assert np.isnan(ag.prod(np.array([np.inf, 0.0], dtype)))


@pytest.mark.filterwarnings("ignore:overflow")
def test_product_that_is_out_of_range_is_infinite_or_zero():
    assert ag.prod(np.full(3, 1e200)) == np.inf
    assert ag.prod(np.full(3, -1e200)) == -np.inf
    assert ag.prod(np.full(3, 1e-200)) == 0
    assert ag.prod(np.array([2.0, np.nan, 0.0])) != ag.prod(np.array([2.0, np.nan, 0.0]))


def test_gradient_of_a_power_with_unsigned_exponents():
    x = ag.Tensor([10.0, 10.0, 0.0], dtype=np.float32, requires_grad=True)
    (x ** np.array([0, 2, 0], np.uint8)).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0, 20, 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_unsigned_targets_do_not_wrap(dtype):
    t = np.array([0, 1, 2, 3], dtype)
    x = ag.Tensor(np.full(4, 0.25), requires_grad=True)
    weights = np.full(4, 2.0)
    for loss in (probability_loss, lambda x, t: logit_loss(x, t, weights)):
        out, right = loss(x, t), loss(x, t.astype(np.float64))
        np.testing.assert_allclose(out.data, right.data)
        np.testing.assert_allclose(ag.grad(out.sum(), x)[0].data, ag.grad(right.sum(), x)[0].data)


@pytest.mark.parametrize("call", [
    lambda x, odd: ag.take(odd, ag.Tensor([1, 0])),
    lambda x, odd: ag.take(odd, x.argmax(1), axis=1) + x.sum(),
    lambda x, odd: ag.where(x > 0, odd, odd),
    lambda x, odd: x * odd,
    lambda x, odd: ag.concatenate([x, odd]),
])  # fmt: skip
def test_arrays_in_foreign_byte_order_give_native_results(call):
    numbers = np.arange(6.0).reshape(2, 3)
    odd = numbers.astype(numbers.dtype.newbyteorder())
    x = ag.Tensor(np.ones((2, 3)), requires_grad=True)
    out, right = call(x, odd), call(x, numbers)
    assert np.asarray(out.detach() if isinstance(out, ag.Tensor) else out).dtype.isnative
    np.testing.assert_array_equal(*(getattr(a, "data", a) for a in (out, right)))


@pytest.mark.parametrize("labels", [
    np.array([0, 1], object), np.array([0, 1], complex), np.zeros(2, "M8[s]"), np.array(["0", "1"])
])  # fmt: skip
def test_labels_that_are_no_numbers_are_refused_by_the_op_itself(labels):
    logits = ag.Tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises(DTypeError, match=r"label_cross_entropy: operand 'labels' must be .* got"):
        label_cross_entropy(logits, labels)


def test_iterators_are_named_for_what_they_are():
    for call in (lambda x: ag.einsum("i,i", x, x), lambda x: ag.concatenate([x, x])):
        with pytest.raises(DTypeError, match=r"operand 0 must be an array, got list_iterator"):
            call(iter([1.0, 2.0]))


MANY = 70_000  # more than float16 holds


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_losses_of_half_precision_are_those_of_their_numbers(name, reduction):
    x, t = np.full(MANY, 0.3, np.float16), np.full(MANY, 0.1, np.float16)
    leaf = ag.Tensor(x, requires_grad=True)
    wide = ag.Tensor(x.astype(np.float64), requires_grad=True)
    out = getattr(F, name)(leaf, ag.Tensor(t), reduction=reduction)
    right = getattr(F, name)(wide, t.astype(np.float64), reduction=reduction)
    np.testing.assert_allclose(out.item(), right.item(), rtol=1e-6)
    slope = ag.grad(out, leaf)[0].data
    assert slope.dtype == np.float16
    # of so small a number float16 has few digits
    np.testing.assert_allclose(slope, ag.grad(right, wide)[0].data, rtol=1e-3, atol=6e-8)


def test_label_losses_of_half_precision():
    x = ag.Tensor(np.full((MANY, 2), -1, np.float16), requires_grad=True)
    labels = np.zeros(MANY, np.uint8)
    assert F.nll_loss(x, labels).item() == 1
    assert F.cross_entropy(x, labels).item() == pytest.approx(np.log(2))
    assert F.multi_margin_loss(x, labels).item() == 0.5


def test_sums_of_half_precision_do_not_stick():
    x = np.ones((3000, 2), np.float16)
    weight, bias = (ag.Tensor(np.zeros(s, np.float16), requires_grad=True) for s in ((2, 2), 2))
    out = F.linear(ag.Tensor(x), weight, bias)
    for slope in ag.grad(out, [weight, bias], grad_outputs=x):
        np.testing.assert_array_equal(slope.data, np.full(slope.shape, 3000, np.float16))
    np.testing.assert_array_equal(ag.sum(x, 0), [3000, 3000])
    t = ag.Tensor(np.ones((3000, 40), np.float16), requires_grad=True)
    for axis in (None, 0, 1):
        right = 1 + np.log(t.size if axis is None else t.shape[axis])
        out = ag.logsumexp(t, axis)
        assert out.dtype == np.float16
        np.testing.assert_allclose(out.data.astype(np.float64), right, rtol=1e-3)
