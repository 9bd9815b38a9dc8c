"""The checkers find what they should, and say where."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import autograd as ag
from autograd import Array

X = np.array([0.3, -1.2, 2.0])


@ag.op
def wrong_slope(x: Array):
    return x * x, lambda g: g * 3 * x


@ag.op
def wrong_bend(x: Array):
    slope = 2 * x  # captured: right at first order, constant at second
    return x * x, lambda g: g * slope


def test_a_right_rule_passes_at_any_order():
    for order in (1, 2, 3, 4):
        ag.check_grads(ag.tanh, X, order=order, rtol=1e-5, atol=1e-5)


def test_a_wrong_first_derivative():
    with pytest.raises(ag.GradCheckError, match=r"order 1 .* input 0: 3 of 3 .*\(0,\)"):
        ag.check_grads(wrong_slope, X)


def test_a_wrong_second_derivative():
    ag.check_grads(wrong_bend, X, order=1)
    with pytest.raises(ag.GradCheckError, match="order 2"):
        ag.check_grads(wrong_bend, X)


def test_the_op_that_is_wrong_inside_a_composite_is_named():
    def composite(x, w):
        return ag.tanh(wrong_slope(ag.exp(x)) * w)  # the line in the message

    with pytest.raises(ag.GradCheckError) as caught:
        ag.check_grads(composite, [X, X + 1])
    lines = str(caught.value).splitlines()
    assert len(lines) == 2, "only the wrong rule is named"
    assert "wrong_slope" in lines[1]
    assert "test_gradcheck.py:" in lines[1]


def test_a_kink_is_recognised():
    with pytest.raises(ag.GradCheckError, match=r"kink: the slope is -?0 from the left"):
        ag.check_grads(ag.relu, np.zeros(1), order=1)
    with pytest.raises(ag.GradCheckError) as caught:
        ag.check_grads(wrong_slope, X)
    assert "kink" not in str(caught.value)


def test_richardson_is_more_accurate():
    def f(x):
        return ag.exp(3 * x)

    ag.check_grads(f, X, order=1, richardson=True, eps=1e-3, rtol=1e-9, atol=1e-9)
    with pytest.raises(ag.GradCheckError):
        ag.check_grads(f, X, order=1, eps=1e-3, rtol=1e-9, atol=1e-9)


def test_inputs_that_cannot_be_checked():
    with pytest.raises(ag.DTypeError, match="none of the inputs is float"):
        ag.check_grads(lambda x: x, np.arange(3))
    with pytest.raises(ag.ArgumentError, match="order"):
        ag.check_grads(ag.tanh, X, order=0)


# -- the contract ----------------------------------------------------------------------------------


def breaks(body, *args, match, **statics):
    with pytest.raises(ag.GradCheckError, match=match):
        ag.check_contract(ag.op(body), *args, **statics)


def test_a_captured_intermediate():
    breaks(wrong_bend.op.body, X, match="'slope', which moves")


def test_an_operand_behind_a_helper():
    def body(x: Array):
        def helper():
            return 2 * x

        return x * x, lambda g: g * helper()

    breaks(body, X, match="through 'helper'")


def test_an_operand_as_a_default_argument():
    def body(x: Array):
        return x * x, lambda g, x=x: g * 2 * x

    breaks(body, X, match="default argument")


def test_an_operand_in_a_container():
    def body(x: Array):
        saved = [x]
        return x * x, lambda g: g * 2 * saved[0]

    breaks(body, X, match="through 'saved'")


def test_a_partial():
    def rule(x, g):
        return g * 2 * x

    def body(x: Array):
        return x * x, functools.partial(rule, x)

    breaks(body, X, match="no plain function")


def test_a_rebound_operand():
    def body(x: Array):
        x = x * 1.0
        return x * x, lambda g: g * 2 * x

    breaks(body, X, match="rebinds the operand 'x'")


def test_an_out_that_is_not_what_is_returned():
    def body(x: Array):
        out = np.exp(x)
        return out * 1.0, lambda g: g * out

    breaks(body, X, match="not what was returned")


def test_a_good_op_keeps_what_it_names():
    def body(a: Array, b: Array, power=2):
        return a**power * b, (lambda g: g * power * a ** (power - 1) * b, lambda g: g * a**power)

    assert ag.check_contract(ag.op(body), X, X, power=3) == {"a", "b"}
