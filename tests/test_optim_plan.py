"""What an optimiser keeps from step to step, and small parameters updated as one."""

import copy
import pickle

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.kernels import set_kernels
from optim.compiled import SMALL
from tests.interrupting import interrupted_everywhere
from tests.optim_rules import some_rules

SHAPES = [(3, 4), (), (5,), (0, 2), (2, 3, 2)]


@pytest.fixture(autouse=True)
def kernels():
    yield
    set_kernels(None)


def strided(array):
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 1] = array
    return wide[..., 1]


def parameters(shapes=SHAPES, dtype="float32", prepare=lambda array: array):
    rng = np.random.default_rng(0)
    arrays = [np.asarray(rng.standard_normal(shape), dtype) for shape in shapes]
    return [ag.Tensor(prepare(array), requires_grad=True) for array in arrays]


def give_gradients(params, seed, prepare=lambda array: array):
    for number, p in enumerate(params):
        rng = np.random.default_rng([seed, number])
        p.grad = prepare(np.asarray(rng.standard_normal(p.shape), p.dtype))


def arrays_of(params, *optimizers):
    """Copies of the parameters, then of their states."""
    states = [optimizer.state[p] for optimizer in optimizers for p in optimizer.state]
    contents = [np.array(value) for state in states for value in state.values()]
    return [p.data.copy() for p in params] + contents


def assert_equal_bits(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("prepare", [np.ascontiguousarray, np.asfortranarray, strided])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@some_rules
def test_parameters_together_move_as_each_alone(cls, settings, dtype, prepare):
    together, apart = (parameters(dtype=dtype, prepare=prepare) for _ in range(2))
    one = cls(together, lr=0.1, **settings)
    many = [cls([p], lr=0.1, **settings) for p in apart]
    for step in range(4):
        give_gradients(together, step, prepare)
        give_gradients(apart, step)
        one.step()
        for optimizer in many:
            optimizer.step()
    assert_equal_bits(arrays_of(together, one), arrays_of(apart, *many))


@some_rules
def test_small_ones_beside_large_ones_without_compiled_kernels(cls, settings):
    shapes = [(SMALL - 3,), (7,), (SMALL, 2), (2,), (SMALL // 2,), (SMALL // 2,), (9,)]
    set_kernels("numpy")
    together, apart = parameters(shapes), parameters(shapes)
    one = cls(together, lr=0.1, **settings)
    many = [cls([p], lr=0.1, **settings) for p in apart]
    for step in range(3):
        for params in (together, apart):
            give_gradients(params, step)
        one.step()
        for optimizer in many:
            optimizer.step()
    assert_equal_bits(arrays_of(together, one), arrays_of(apart, *many))


def test_arrays_stay_the_ones_they_were():
    params = parameters()
    optimizer = optim.Adam(params)
    arrays = [p.data for p in params]
    for step in range(3):
        give_gradients(params, step)
        optimizer.step()
    assert all(p.data is array for p, array in zip(params, arrays, strict=True))
    for p in params:
        assert optimizer.state[p]["exp_avg"].shape == p.shape


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("size", [3, SMALL])
def test_two_parameters_on_the_same_memory_both_move_it(kernels, size):
    set_kernels(kernels)
    array = np.zeros(size)
    params = [ag.Tensor(array, requires_grad=True) for _ in range(2)]
    optimizer = optim.SGD(params, lr=0.5)
    for p in params:
        p.grad = np.ones(size)
    optimizer.step()
    np.testing.assert_array_equal(array, -1)


def test_parts_of_one_vector():
    vector = np.zeros(6)
    params = [ag.Tensor(part, requires_grad=True) for part in np.split(vector, 3)]
    optimizer = optim.SGD(params, lr=0.5)
    for number, p in enumerate(params):
        p.grad = np.full(2, float(number))
    optimizer.step()
    np.testing.assert_array_equal(vector, [0, 0, -0.5, -0.5, -1, -1])


def test_a_rule_of_ones_own_gets_each_parameter_for_itself():
    class Normalised(optim.Optimizer):
        @staticmethod
        def update(w, g, state, settings, step, scratch):
            w -= settings["lr"] * g / np.linalg.norm(g)

    params = parameters([(2,), (3,)])
    before = [p.data.copy() for p in params]
    give_gradients(params, 0)
    Normalised(params, {"lr": 0.5}).step()
    for p, array in zip(params, before, strict=True):
        assert np.linalg.norm(p.data - array) == pytest.approx(0.5, rel=1e-5)


def test_a_rule_may_put_another_array_into_its_state():
    class Averaged(optim.Optimizer):
        @staticmethod
        def initial_state(settings):
            return {"mean": 0.0}

        @staticmethod
        def update(w, g, state, settings, step, scratch):
            state["mean"] = state["mean"] + (g - state["mean"]) / step
            w -= settings["lr"] * state["mean"]

    params = [ag.tensor(np.zeros(2), requires_grad=True) for _ in range(2)]
    optimizer = Averaged(params, {"lr": 1.0})
    for slope in (1.0, 3.0, 5.0):
        for p in params:
            p.grad = np.full(2, slope)
        optimizer.step()
    for p in params:
        np.testing.assert_array_equal(p.data, -(1 + 2 + 3))


@pytest.mark.parametrize("size", [3, SMALL])
def test_what_is_written_to_a_state_counts_in_the_next_step(size):
    params = [ag.Tensor(np.zeros(size), requires_grad=True) for _ in range(2)]
    optimizer = optim.SGD(params, lr=1.0, momentum=0.5)
    first, second = params

    def step():
        for p in params:
            p.data[...] = 0
            p.grad = np.zeros(size)
        optimizer.step()
        return first.data[0], second.data[0]

    step()
    held = optimizer.state[first]
    held["momentum_buffer"][...] = 2.0  # in place
    assert step() == (-1, 0)
    held["momentum_buffer"] = np.full(size, 4.0)
    assert step() == (-2, 0)
    optimizer.state[first], optimizer.state[second] = optimizer.state[second], held
    assert step() == (0, -1)
    optimizer.state = dict(zip(params, reversed(optimizer.state.values()), strict=True))
    assert step() == (-0.5, 0)
    held["step"] = 0  # the first step of SGD forgets the velocity
    assert step() == (0, 0)
    assert [optimizer.state[p]["step"] for p in params] == [1, 6]
    optimizer.state.clear()
    assert step() == (0, 0)
    assert [optimizer.state[p]["step"] for p in params] == [1, 1]


@pytest.mark.parametrize("size", [3, SMALL])
def test_settings_count_in_the_next_step_whatever_group_they_are_in(size):
    params = [ag.Tensor(np.zeros(size), requires_grad=True) for _ in range(2)]
    optimizer = optim.SGD([{"params": [p]} for p in params], lr=1.0)

    def step():
        for p in params:
            p.data[...] = 0
            p.grad = np.ones(size)
        optimizer.step()
        return params[0].data[0], params[1].data[0]

    assert step() == step() == (-1, -1)
    optimizer.param_groups[1]["lr"] = 0.5
    assert step() == (-1, -0.5)
    optimizer.param_groups[0]["lr"] = lambda done: 0.25 * done
    assert step() == (-0.75, -0.5)
    assert step() == (-1, -0.5)
    optimizer.param_groups[0]["maximize"] = True
    assert step() == (1.25, -0.5)
    optimizer.param_groups.reverse()
    assert step() == (1.5, -0.5)
    optimizer.param_groups[:] = [optimizer.param_groups[1]]
    assert step() == (1.75, 0)


def test_a_plan_lasts_while_only_gradients_and_settings_change():
    params = parameters()
    optimizer = optim.SGD(params, lr=0.1, momentum=0.5)
    plans = []
    for step in range(9):
        give_gradients(params, step)
        optimizer.param_groups[0]["lr"] = 0.1 + step
        if step >= 5:
            params[0].requires_grad_(False)
        optimizer.step()
        optimizer.state_dict()
        plans.append(optimizer._plan)
    assert [len(plan.rest) for plan in plans] == [5, 1, 1, 1, 1, 4, 1, 1, 1]
    assert len(set(map(id, plans))) == 4


def test_what_never_fits_compiled_rules_makes_no_plan_anew_and_one_gradient_does_once():
    pytest.importorskip("numba")
    params = parameters([(SMALL, 2), (3, 4)])
    params.append(ag.Tensor(np.asfortranarray(np.ones((4, 5), "f")), requires_grad=True))
    optimizer = optim.SGD(params, lr=0.1)
    plans = []
    for step in range(6):
        give_gradients(params, step)
        if step == 3:
            params[0].grad = strided(params[0].grad.data)
        optimizer.step()
        plans.append(optimizer._plan)
    assert [plan is before for plan, before in zip(plans[1:], plans, strict=False)] == [
        True, True, False, False, True,
    ]  # fmt: skip
    assert len(plans[3].rest) == 2
    assert len(plans[5].compiled) == 1


def test_kernels_are_chosen_anew():
    pytest.importorskip("numba")
    params = parameters([(SMALL,), (3,)])
    optimizer = optim.SGD(params, lr=0.1)
    compiled = []
    for kernels in ("numba", "numpy", "numba"):
        set_kernels(kernels)
        give_gradients(params, 0)
        optimizer.step()
        compiled.append(bool(optimizer._plan.compiled))
    assert compiled == [True, False, True]


def test_no_warning_and_no_error_of_numpy_stops_a_step_half_way():
    params = parameters()
    optimizer = optim.Adam(params)
    for p in params:
        p.grad = np.full(p.shape, 1e30, p.dtype)
    with np.errstate(all="raise"):
        optimizer.step()
        with pytest.raises(FloatingPointError):
            np.float32(1e30) * np.float32(1e30)
    assert all(np.isfinite(p.data).all() for p in params)


def test_copies_do_not_share_joined_state():
    params = parameters()
    optimizer = optim.SGD(params, lr=0.5, momentum=0.5)
    give_gradients(params, 0)
    optimizer.step()
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        before = arrays_of(params, optimizer)
        twins = other.param_groups[0]["params"]
        give_gradients(twins, 1)
        other.step()
        assert_equal_bits(arrays_of(params, optimizer), before)
    give_gradients(params, 1)
    optimizer.step()
    assert_equal_bits(arrays_of(params, optimizer), arrays_of(twins, other))


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad_of_every_group(set_to_none):
    params = parameters([(2,), (3,)])
    optimizer = optim.SGD([{"params": [p]} for p in params])
    give_gradients(params, 0)
    optimizer.zero_grad(set_to_none)
    for p in params:
        assert p.grad is None if set_to_none else p.grad.tolist() == [0.0] * p.size


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.5}])
def test_parameters_on_the_same_memory_are_never_joined(settings):
    """Each of them moves the memory, in every step, as if each had an optimiser of its own."""
    together, apart = np.zeros(3), np.zeros(3)
    beside = ag.Tensor(np.zeros(2), requires_grad=True)
    params = [ag.Tensor(together, requires_grad=True) for _ in range(2)]
    alone = [ag.Tensor(apart, requires_grad=True) for _ in range(2)]
    one = optim.SGD([*params, beside], lr=0.5, **settings)
    many = [optim.SGD([p], lr=0.5, **settings) for p in alone]
    for step in range(4):
        for p in (*params, *alone, beside):
            p.grad = np.full(p.shape, 1.0 + step)
        one.step()
        for optimizer in many:
            optimizer.step()
        np.testing.assert_array_equal(together, apart)
    assert together[0] < -9


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad_that_is_interrupted_has_forgotten_all_or_nothing(set_to_none):
    def begun():
        params = parameters([(2,), (3,), ()])
        give_gradients(params, 0)
        return optim.SGD([{"params": params[:1]}, {"params": params[1:]}])

    def gradients_of(optimizer):
        params = [p for group in optimizer.param_groups for p in group["params"]]
        return [None if p.grad is None else p.grad.tolist() for p in params]

    old = gradients_of(begun())
    latest = [begun()]
    for _ in interrupted_everywhere(lambda: latest[0].zero_grad(set_to_none)):
        now = gradients_of(latest[0])
        assert now == old or now == ([None] * 3 if set_to_none else [[0, 0], [0, 0, 0], 0])
        latest[0] = begun()


def test_an_error_in_a_rule_of_ones_own_leaves_everything_as_it_was():
    class Fails(optim.Optimizer):
        @staticmethod
        def initial_state(settings):
            return {"mean": 0.0}

        @staticmethod
        def update(w, g, state, settings, step, scratch):
            state["mean"] += g
            w -= g
            if g.size == 3 and step == 2:
                raise ValueError("no more")

    params = parameters([(2,), (3,)])
    optimizer = Fails(params, {"lr": 0.1})
    for wanted in (None, "no more"):
        give_gradients(params, 0)
        before = [*arrays_of(params, optimizer), optimizer.steps]
        if wanted is None:
            optimizer.step()
        else:
            with pytest.raises(ValueError, match=wanted):
                optimizer.step()
            after = [*arrays_of(params, optimizer), optimizer.steps]
            assert all(map(np.array_equal, before, after))
