"""Compiled update rules give the bits of their twins in NumPy."""

import subprocess
import sys

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.kernels import set_kernels
from optim.compiled import SMALL

SETTINGS = [
    (optim.SGD, {}),
    (optim.SGD, {"weight_decay": 0.1}),
    (optim.SGD, {"momentum": 0.9}),
    (optim.SGD, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    (optim.SGD, {"momentum": 0.9, "nesterov": True, "maximize": True}),
    (optim.Adam, {}),
    (optim.Adam, {"weight_decay": 0.1, "maximize": True}),
    (optim.Adam, {"amsgrad": True, "betas": (0.5, 0.6)}),
    (optim.AdamW, {"weight_decay": 0.2}),
    (optim.AdamW, {"weight_decay": 0.2, "amsgrad": True, "maximize": True}),
]


@pytest.fixture(autouse=True)
def kernels():
    yield
    set_kernels(None)


def trained(kernels, cls, settings, dtype, steps=4, prepare=lambda array: array):
    """Parameters and state after some steps: one large and odd-sized, one small, one scalar."""
    set_kernels(kernels)
    rng = np.random.default_rng(0)
    shapes = [(SMALL + 5,), (3, 7), ()]
    params = [
        ag.Tensor(prepare(np.asarray(rng.standard_normal(shape), dtype)), requires_grad=True)
        for shape in shapes
    ]
    optimizer = cls(params, lr=lambda step: 0.1 / (step + 1), **settings)
    for _ in range(steps):
        for p in params:
            p.grad = prepare(np.asarray(rng.standard_normal(p.shape), dtype))
        optimizer.step()
    return [p.data for p in params], optimizer.state_dict()["state"]


def assert_same(first, second):
    for a, b in zip(first[0], second[0], strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    for number, state in first[1].items():
        for name, value in state.items():
            np.testing.assert_array_equal(value, second[1][number][name], err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("cls", "settings"), SETTINGS)
def test_equal_bits(cls, settings, dtype):
    pytest.importorskip("numba")
    assert_same(trained("numba", cls, settings, dtype), trained("numpy", cls, settings, dtype))


def test_what_is_not_contiguous_goes_to_numpy():
    def strided(array):
        wide = np.zeros((*array.shape, 2), array.dtype)
        wide[..., 0] = array
        return wide[..., 0]

    assert_same(
        trained("numba", optim.Adam, {}, "float32", prepare=strided),
        trained("numpy", optim.Adam, {}, "float32"),
    )


def test_a_read_only_gradient_is_fine():
    w = ag.tensor(np.ones(SMALL), requires_grad=True)
    gradient = np.ones(SMALL)
    gradient.flags.writeable = False
    w.grad = gradient
    optim.SGD([w], lr=0.5).step()
    np.testing.assert_array_equal(w.data, 0.5)


def test_nan_and_infinity_pass_through_as_in_numpy():
    def spoilt(array):
        if array.size > 4:
            array.reshape(-1)[:4] = [np.nan, np.inf, -np.inf, 0]
        return array

    settings = {"amsgrad": True, "weight_decay": 0.1}
    assert_same(
        trained("numba", optim.Adam, settings, "float32", prepare=spoilt),
        trained("numpy", optim.Adam, settings, "float32", prepare=spoilt),
    )


def test_a_rule_of_ones_own_is_not_replaced_by_its_base_class():
    class Backwards(optim.SGD):
        @staticmethod
        def update(w, g, state, settings, step, scratch):
            w += settings["lr"] * g

    w = ag.tensor(np.zeros(SMALL), requires_grad=True)
    w.grad = np.ones(SMALL)
    Backwards([w], lr=0.5).step()
    np.testing.assert_array_equal(w.data, 0.5)


def test_small_parameters_need_no_numba():
    code = (
        "import sys, numpy as np, autograd as ag, optim\n"
        "w = ag.tensor(np.ones(1000), requires_grad=True)\n"
        "w.grad = np.ones(1000)\n"
        "optim.Adam([w]).step()\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
