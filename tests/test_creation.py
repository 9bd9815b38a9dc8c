"""New Tensors, and the one source of randomness."""

from __future__ import annotations

import json

import numpy as np
import pytest

import autograd as ag

FLOATS = {
    "zeros": lambda **kw: ag.zeros(2, 3, **kw),
    "ones": lambda **kw: ag.ones((2, 3), **kw),
    "full": lambda **kw: ag.full((2, 3), 0.5, **kw),
    "eye": lambda **kw: ag.eye(2, 3, **kw),
    "arange": lambda **kw: ag.arange(0.0, 6.0, **kw).reshape(2, 3),
    "linspace": lambda **kw: ag.linspace(0, 1, 6, **kw).reshape(2, 3),
    "zeros_like": lambda **kw: ag.zeros_like(ag.ones(2, 3), **kw),
    "ones_like": lambda **kw: ag.ones_like(ag.zeros(2, 3), **kw),
    "full_like": lambda **kw: ag.full_like(ag.zeros(2, 3), 7, **kw),
    "rand": lambda **kw: ag.rand(2, 3, **kw),
    "randn": lambda **kw: ag.randn((2, 3), **kw),
    "normal": lambda **kw: ag.normal(size=(2, 3), **kw),
    "uniform": lambda **kw: ag.uniform(-1, 1, (2, 3), **kw),
}
RANDOM = {
    "rand": lambda **kw: ag.rand(50, **kw),
    "randn": lambda **kw: ag.randn(50, **kw),
    "normal": lambda **kw: ag.normal(1.0, 2.0, 50, **kw),
    "uniform": lambda **kw: ag.uniform(3.0, 5.0, 50, **kw),
    "randint": lambda **kw: ag.randint(0, 1000, 50, **kw),
    "permutation": lambda **kw: ag.permutation(50, **kw),
}
each_float = pytest.mark.parametrize("make", FLOATS.values(), ids=FLOATS)
each_random = pytest.mark.parametrize("draw", RANDOM.values(), ids=RANDOM)


@each_float
def test_default_dtype_and_choice_of_dtype(make):
    assert isinstance(make(), ag.Tensor)
    assert make().shape == (2, 3)
    assert make().dtype == np.float32
    assert make(dtype=np.float64).dtype == np.float64
    assert make(dtype="float16").dtype == np.float16
    assert not make().requires_grad


@each_float
def test_the_default_dtype_can_be_set(make):
    ag.set_default_dtype(np.float64)
    try:
        assert make().dtype == np.float64
    finally:
        ag.set_default_dtype(np.float32)


@pytest.mark.parametrize("make", [FLOATS[n] for n in FLOATS if n not in ("arange", "linspace")])
def test_leaves_that_require_a_gradient(make):
    x = make(requires_grad=True)
    assert x.is_leaf
    (x * 2).sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.full((2, 3), 2))


def test_values_are_numpys():
    np.testing.assert_array_equal(ag.eye(3, 4, 1).data, np.eye(3, 4, 1))
    np.testing.assert_array_equal(ag.arange(2, 11, 3).data, np.arange(2, 11, 3))
    np.testing.assert_allclose(ag.linspace(1, 2, 7).data, np.linspace(1, 2, 7), rtol=1e-7)
    np.testing.assert_array_equal(ag.linspace(0, 1, 4, endpoint=False).data, [0, 0.25, 0.5, 0.75])
    np.testing.assert_array_equal(ag.full(3, True).data, [True, True, True])


def test_integers_stay_integers():
    assert ag.arange(3).dtype == np.int64
    assert ag.full((2,), 3).dtype == np.int64
    assert ag.zeros_like(ag.arange(3)).dtype == np.int64
    assert ag.randint(3, size=4).dtype == np.int64
    assert ag.permutation(3).dtype == np.int64


def test_shapes_as_tuples_lists_and_numbers():
    assert ag.zeros().shape == ()
    assert ag.zeros(3).shape == ag.zeros((3,)).shape == ag.zeros([3]).shape == (3,)
    assert ag.rand().shape == ag.randn(()).shape == ag.normal().shape == ag.uniform().shape == ()
    assert ag.zeros(0, 2).shape == (0, 2)


@each_random
def test_seeded_draws_repeat(draw):
    ag.manual_seed(3)
    first = draw().data
    assert not np.array_equal(first, draw().data)
    ag.manual_seed(3)
    np.testing.assert_array_equal(first, draw().data)


@each_random
def test_a_generator_is_used_instead_of_the_default_one(draw):
    state = ag.get_rng_state()
    first = draw(generator=np.random.default_rng(5)).data
    np.testing.assert_array_equal(first, draw(generator=np.random.default_rng(5)).data)
    assert ag.get_rng_state() == state


def test_the_state_survives_json():
    ag.manual_seed(1)
    ag.randn(3)
    state = json.loads(json.dumps(ag.get_rng_state()))
    first = ag.randn(5).data
    ag.set_rng_state(state)
    np.testing.assert_array_equal(first, ag.randn(5).data)


def test_a_generator_held_by_others_is_seeded_too():
    held = ag.default_generator()
    assert ag.manual_seed(9) is held
    first = held.random()
    ag.manual_seed(9)
    assert held.random() == first


@pytest.mark.parametrize("state", [None, {}, {"bit_generator": "MT19937"}, {"state": 3}, "x"])
def test_a_foreign_state_is_refused_and_changes_nothing(state):
    before = ag.get_rng_state()
    with pytest.raises(ag.CheckpointError, match="set_rng_state"):
        ag.set_rng_state(state)
    assert ag.get_rng_state() == before


def test_distributions():
    ag.manual_seed(0)
    x = ag.normal(3.0, [[0.5], [2.0]], (2, 20000), dtype=np.float64).data
    np.testing.assert_allclose(x.mean(1), 3, atol=0.05)
    np.testing.assert_allclose(x.std(1), [0.5, 2.0], rtol=0.03)
    u = ag.uniform(-1.0, 3.0, 20000).data
    assert u.min() >= -1
    assert u.max() < 3
    np.testing.assert_allclose(u.mean(), 1, atol=0.05)
    i = ag.randint(2, 5, 1000).data
    assert set(i.tolist()) == {2, 3, 4}
    np.testing.assert_array_equal(np.sort(ag.permutation(7).data), np.arange(7))
    rows = ag.permutation(ag.arange(6).reshape(3, 2)).data
    np.testing.assert_array_equal(rows[np.argsort(rows[:, 0])], [[0, 1], [2, 3], [4, 5]])


MISUSES = [
    (lambda: ag.zeros(2, "x"), ag.DTypeError, "zeros: the shape.*'x'.*dtype is given by name"),
    (lambda: ag.zeros(2, -1), ag.ShapeError, r"zeros: lengths.*-1"),
    (lambda: ag.zeros(2.0), ag.DTypeError, "zeros: the shape.*2.0"),
    (lambda: ag.full((2,), "a"), ag.DTypeError, "full: fill_value"),
    (lambda: ag.arange(3, requires_grad=True), ag.DTypeError, "int64"),
    (lambda: ag.arange(0, 1, 0), ag.ArgumentError, "arange: step"),
    (lambda: ag.linspace(0, 1, -1), ag.ArgumentError, "linspace: num.*-1"),
    (lambda: ag.randn(2, dtype=int), ag.DTypeError, "randn: a float dtype.*int64"),
    (lambda: ag.rand(2, generator=0), ag.DTypeError, "rand: generator.*int"),
    (lambda: ag.normal(0, -1.0), ag.ArgumentError, "normal: scale.*-1"),
    (lambda: ag.normal([0, 0], 1, (3,)), ag.ShapeError, r"normal.*\(2,\).*\(3,\)"),
    (lambda: ag.normal([0, 0], [1, 1, 1]), ag.ShapeError, r"normal.*\(2,\) and \(3,\)"),
    (lambda: ag.uniform(1, 0), ag.ArgumentError, "uniform: low.*1 and 0"),
    (lambda: ag.randint(0), ag.ArgumentError, "randint: low must be below high"),
    (lambda: ag.permutation(-1), ag.ArgumentError, "permutation.*-1"),
    (lambda: ag.manual_seed(1.5), ag.DTypeError, "manual_seed.*float"),
    (lambda: ag.manual_seed(-1), ag.ArgumentError, "manual_seed.*-1"),
]


@pytest.mark.parametrize(("misuse", "error", "message"), MISUSES)
def test_misuse_is_named(misuse, error, message):
    with pytest.raises(error, match=message):
        misuse()
