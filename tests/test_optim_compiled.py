"""Compiled update rules give the bits of their twins in NumPy."""

import pickle
import subprocess
import sys
import weakref

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.kernels import set_kernels
from optim.compiled import SMALL
from tests.optim_rules import rules


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
@rules
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


def replace_data(p, optimizer, rng):
    p.data = rng.standard_normal(p.shape).astype(p.dtype)


def replace_state(p, optimizer, rng):
    optimizer.state[p]["exp_avg"] = rng.standard_normal(p.shape).astype(p.dtype)


def replace_all_state(p, optimizer, rng):
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.state[p]["exp_avg"] += 1


def set_back(p, optimizer, rng):
    optimizer.state[p]["step"] = 0


def skip(p, optimizer, rng):
    p.grad = None


def freeze(p, optimizer, rng):
    p.requires_grad_(False)


def convert(p, optimizer, rng):
    p.data = p.data.astype(np.float64)


def strided_gradient(p, optimizer, rng):
    p.grad = np.repeat(p.grad.data, 2, axis=-1)[..., ::2]


def other_order(p, optimizer, rng):
    optimizer.param_groups[0]["params"].reverse()


def other_setting(p, optimizer, rng):
    optimizer.param_groups[0]["amsgrad"] = True


@pytest.mark.parametrize("size", [7, SMALL])
@pytest.mark.parametrize(
    "change",
    [
        replace_data,
        replace_state,
        replace_all_state,
        set_back,
        skip,
        freeze,
        convert,
        strided_gradient,
        other_order,
        other_setting,
    ],
)
def test_what_changes_between_steps_is_noticed(change, size):
    """As an optimiser that starts from the state in every step."""

    def run(fresh):
        rng = np.random.default_rng(1)
        params = [ag.Tensor(rng.standard_normal((n, 2)), requires_grad=True) for n in (size, 3)]
        params = [ag.Tensor(p.data.astype("f"), requires_grad=True) for p in params]
        optimizer = optim.Adam(params, lr=0.1)
        for step in range(5):
            for p in params:
                p.grad = rng.standard_normal(p.shape)
            if step == 3:
                change(params[0], optimizer, rng)
            if fresh:
                optimizer = pickle.loads(pickle.dumps(optimizer))
                params = sorted(optimizer.param_groups[0]["params"], key=lambda p: -p.size)
            optimizer.step()
        return [p.data for p in params], optimizer.state_dict()["state"]

    assert_same(run(fresh=False), run(fresh=True))


def test_gradients_of_the_last_step_are_not_kept():
    w = ag.tensor(np.ones(SMALL), requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    for _ in range(2):
        w.grad = np.ones(SMALL)
        gone = weakref.ref(w.grad.data)
        optimizer.step()
        optimizer.zero_grad()
        assert gone() is None


@pytest.mark.parametrize("size", [7, SMALL])
def test_a_parameter_that_moves_to_another_group_takes_its_settings(size):
    a, b, c = (ag.Tensor(np.zeros(size), requires_grad=True) for _ in range(3))
    optimizer = optim.SGD([{"params": [a, b]}, {"params": [c], "lr": 0.5}], lr=0.25)
    for moves in (False, True):
        if moves:
            optimizer.param_groups[1]["params"].insert(0, optimizer.param_groups[0]["params"].pop())
        for p in (a, b, c):
            p.grad = np.ones(size)
        optimizer.step()
    for p, expected in ((a, -0.5), (b, -0.75), (c, -1.0)):
        np.testing.assert_array_equal(p.data, expected)
