"""New Tensors, and the one source of randomness."""

from __future__ import annotations

import array
import json

import numpy as np
import pytest

import autograd as ag
import nn

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
    (lambda: ag.randn(2, dtype=int), ag.DTypeError, "randn: dtype must be a float dtype.*int64"),
    (lambda: ag.rand(2, generator=0), ag.DTypeError, "rand: generator.*int"),
    (lambda: ag.normal(0, -1.0), ag.ArgumentError, "normal: scale.*-1"),
    (lambda: ag.normal([0, 0], 1, (3,)), ag.ShapeError, r"normal.*\(2,\).*\(3,\)"),
    (lambda: ag.normal([0, 0], [1, 1, 1]), ag.ShapeError, r"normal.*\(2,\) and \(3,\)"),
    (lambda: ag.uniform(1, 0), ag.ArgumentError, "uniform: low.*1 and 0"),
    (lambda: ag.randint(0), ag.ArgumentError, "randint: low must be below high"),
    (lambda: ag.permutation(-1), ag.ArgumentError, "permutation.*-1"),
    (lambda: ag.manual_seed(1.5), ag.DTypeError, "manual_seed: seed must be a whole number.*1.5"),
    (lambda: ag.manual_seed(-1), ag.ArgumentError, "manual_seed.*-1"),
]


@pytest.mark.parametrize(("misuse", "error", "message"), MISUSES)
def test_misuse_is_named(misuse, error, message):
    with pytest.raises(error, match=message):
        misuse()


# -- what a value's dtype becomes --------------------------------------------------------------

TENTH = 0.1  # differs in float32 and float64
EXACT = {
    "tensor": lambda: ag.tensor(TENTH, dtype=np.float64),
    "tensor of a list": lambda: ag.tensor([TENTH], dtype="float64"),
    "Tensor": lambda: ag.Tensor([[TENTH]], dtype=float),
    "Parameter": lambda: nn.Parameter([TENTH], dtype=np.float64).detach(),
    "Buffer": lambda: nn.Buffer([TENTH], dtype=np.float64),
    "full": lambda: ag.full((1,), TENTH, dtype=np.float64),
    "full of a list": lambda: ag.full((2, 1), [TENTH], dtype=np.float64),
    "full_like, like": lambda: ag.full_like(ag.tensor(np.zeros(2)), TENTH),
    "full_like, dtype": lambda: ag.full_like(ag.zeros(2), TENTH, np.float64),
    "arange": lambda: ag.arange(TENTH, 0.15, dtype=np.float64),
    "linspace": lambda: ag.linspace(TENTH, TENTH, 3, dtype=np.float64),
    "linspace of lists": lambda: ag.linspace([TENTH], [TENTH], 3, dtype=np.float64),
    "normal": lambda: ag.normal([TENTH], 0.0, dtype=np.float64),
    "uniform": lambda: ag.uniform([TENTH], [TENTH], dtype=np.float64),
    "a list beside float64": lambda: ag.tensor(np.zeros(1)) + [TENTH],
    "a list before float64": lambda: [TENTH] + ag.tensor(np.zeros(1)),
    "a list in a function": lambda: ag.maximum(ag.tensor(np.zeros(1)), [TENTH]),
    "a list beside an array": lambda: ag.add(np.zeros(1), [TENTH]),
    "a list for a bias": lambda: ag.linear(np.zeros((2, 3)), ag.tensor(np.ones((1, 3))), [TENTH]),
    "a number": lambda: ag.tensor(np.zeros(1)) + TENTH,
    "a NumPy scalar": lambda: ag.tensor(np.float64(TENTH)),
    "an array": lambda: ag.tensor(np.array([TENTH])),
    "a list of arrays": lambda: ag.tensor([np.array([TENTH]), np.array([TENTH])]),
    "a buffer": lambda: ag.tensor(array.array("d", [TENTH])),
    "an array of the other byte order": lambda: ag.Tensor(np.array([TENTH], ">f8")),
}


@pytest.mark.parametrize("make", EXACT.values(), ids=EXACT)
def test_a_dtype_applies_before_any_rounding(make):
    made = make()
    values = np.asarray(made)
    assert values.dtype == np.float64
    assert values.dtype.isnative
    assert (values == TENTH).all()


def test_setters_round_to_the_dtype_of_the_tensor_only():
    x = ag.tensor(np.zeros(1), requires_grad=True)
    x.grad = [TENTH]
    assert x.grad.item() == TENTH
    x.data = [TENTH]
    assert x.item() == TENTH
    x.grad = ag.tensor([0.5])
    assert x.grad.dtype == np.float64
    half = ag.tensor(np.zeros(1, np.float16))
    assert (half + [TENTH]).dtype == np.float16


def test_integers_become_floats_in_one_step():
    assert ag.tensor([2**53 + 1], dtype="longdouble").data[0] == 2**53 + 1
    assert ag.tensor([1e200], dtype=np.float64).item() == 1e200
    assert ag.tensor(16777217, dtype=np.float64).item() == 16777217


class WithArray:
    """What other libraries' arrays have in common."""

    def __init__(self, values, dtype):
        self.values, self.dtype = values, np.dtype(dtype)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype or self.dtype)


def test_what_has_a_dtype_keeps_it():
    odd = 16777217.0  # not a float32
    assert ag.tensor(WithArray([odd], "f8")).item() == odd
    assert ag.tensor([WithArray([odd], "f8")]).item() == odd
    assert (ag.tensor([0.0]) + WithArray([odd], "f8")).item() == odd
    assert ag.tensor(WithArray([1], "i2")).dtype == np.int16
    assert ag.tensor(range(3)).dtype == np.int64
    for library in ("pandas", "polars"):
        series = pytest.importorskip(library).Series([odd])
        assert ag.tensor(series).item() == odd
        assert ag.sum(series).item() == odd
    torch = pytest.importorskip("torch")
    assert ag.tensor(torch.tensor([odd], dtype=torch.float64)).item() == odd


def test_subclasses_of_ndarray_become_plain_arrays():
    m = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)
    np.testing.assert_array_equal((ag.Tensor(m) * ag.Tensor(m)).data, [[1, 4], [9, 16]])
    np.testing.assert_array_equal((ag.tensor([[1.0, 2.0]]) * m).data, [[1, 4], [3, 8]])
    assert ag.tensor(np.ma.masked_array([1.0, 2.0])).data.tolist() == [1, 2]
    memory = np.zeros(9, np.uint8)[1:].view(np.float64)  # not where a float64 may begin
    assert ag.Tensor(memory).data.flags.aligned


# -- gradients of values and bounds ------------------------------------------------------------


def seeded(make):
    ag.manual_seed(0)
    return make()


# The value of each as a function of one number.
KEPT = {
    "full": lambda x: ag.full((2, 3), x),
    "full, dtype": lambda x: ag.full((3,), x, dtype=np.float32).double(),
    "full of an array": lambda x: ag.full((2, 3), ag.stack([x, 2 * x, x])),
    "full_like": lambda x: ag.full_like(ag.zeros(3, dtype=np.float64), x),
    "np.full_like": lambda x: np.full_like(ag.zeros(3, dtype=np.float64), x),
    "linspace, stop": lambda x: ag.linspace(1.0, x, 4, dtype=np.float64),
    "linspace, start": lambda x: ag.linspace(x, 1.0, 4, endpoint=False, dtype=np.float64),
    "uniform, low": lambda x: seeded(lambda: ag.uniform(x, 5.0, (2, 3), dtype=np.float64)),
    "uniform, high": lambda x: seeded(lambda: ag.uniform([0.0, 1.0], x, dtype=np.float64)),
    "normal, loc": lambda x: seeded(lambda: ag.normal(x, 2.0, 3, dtype=np.float64)),
    "normal, scale": lambda x: seeded(lambda: ag.normal(0, x, 3, dtype=np.float64)),
    "permutation": lambda x: seeded(lambda: ag.permutation(ag.stack([x, x**2, x**3]))),
    "permutation, axis": lambda x: seeded(
        lambda: ag.permutation(ag.stack([x, x**2, x**3, x]).reshape(2, 2), axis=1)
    ),
    "clip": lambda x: ag.clip(np.array([1.0, 2.0, 3.0]), x, 2.5 * x),
    "where": lambda x: np.where(np.array([True, False]), x, 1.0),
}


@pytest.mark.parametrize("make", KEPT.values(), ids=KEPT)
def test_gradients_of_values_and_bounds_are_kept(make):
    weights = np.arange(1.0, 13.0)

    def f(x):
        y = make(x)
        return (y * weights[: y.size].reshape(y.shape)).sum()

    # what it is without a gradient is the same
    with ag.no_grad():
        plain = make(ag.tensor(1.7, dtype=np.float64)).data
    x = ag.tensor(1.7, dtype=np.float64, requires_grad=True)
    made = make(x)
    np.testing.assert_allclose(made.data, plain, rtol=1e-6)
    assert made.requires_grad
    f(x).backward()
    with ag.no_grad():
        slope = (
            f(ag.tensor(1.7 + 1e-3, dtype=float)) - f(ag.tensor(1.7 - 1e-3, dtype=float))
        ) / 2e-3
    np.testing.assert_allclose(x.grad.item(), slope.item(), rtol=1e-4)


LOST = {
    "arange": lambda x: ag.arange(0, x),
    "arange, step": lambda x: ag.arange(0, 3, x),
    "full, int": lambda x: ag.full((2,), x, dtype=int),
    "tensor": lambda x: ag.tensor(x),
    "tensor of a list": lambda x: ag.tensor([x, x]),
    "Tensor": lambda x: ag.Tensor(x),
    "Tensor of a list": lambda x: ag.Tensor([x, 1.0]),
    "np.array": lambda x: np.array([x, x]),
    "np.full": lambda x: np.full((2,), x),
    "np.full, dtype": lambda x: np.full((2,), x, dtype=float),
    "np.full_like of an array": lambda x: np.full_like(np.zeros(2), x),
    "np.linspace": lambda x: np.linspace(0, x, 3),
    "fill_": lambda x: ag.zeros(2).fill_(x),
    "copy_": lambda x: ag.zeros(()).copy_(x),
    "setitem": lambda x: ag.zeros(2).__setitem__(0, x),
    "pad": lambda x: ag.pad(ag.zeros(2), 1, constant_values=x),
    "randint": lambda x: ag.randint(0, x),
}


@pytest.mark.parametrize("make", LOST.values(), ids=LOST)
def test_what_would_lose_a_gradient_is_refused(make):
    x = ag.tensor(2.0, requires_grad=True)
    with pytest.raises(ag.GlassgradError):
        make(x)


REFUSED = [
    ([[1, 2], [3]], ag.ShapeError, "tensor: the rows of a nested list must have one length"),
    (["a"], ag.DTypeError, "tensor: values must be numbers or booleans.*list"),
    ("1.5", ag.DTypeError, "tensor: values must be numbers or booleans.*str"),
    (None, ag.DTypeError, "tensor: values must be numbers or booleans.*NoneType"),
    ([1.0, None], ag.DTypeError, "tensor: values must be numbers or booleans"),
    (1j, ag.DTypeError, r"tensor: values must be numbers or booleans.*complex.*x\.real"),
    (
        np.array(["2020-01-01"], "M8[D]"),
        ag.DTypeError,
        "tensor: values must be numbers or booleans.*datetime",
    ),
    ({"a": 1}, ag.DTypeError, "tensor: values must be numbers or booleans.*dict"),
    (
        (i for i in range(3)),
        ag.DTypeError,
        r"tensor: values must be numbers.*generator.*list\(\.\.\.\)",
    ),
    (2**70, ag.DTypeError, "tensor: an integer is beyond 64 bits"),
    ([2**63, -1], ag.DTypeError, "tensor: integers beyond 64 bits"),
    (np.ma.masked_array([1.0, 2.0], [False, True]), ag.DTypeError, "tensor: a masked.*filled"),
    (
        np.array([1, "a"], object),
        ag.DTypeError,
        "tensor: values must be numbers or booleans.*object",
    ),
    (np.zeros(2, "f4,i4"), ag.DTypeError, "tensor: values must be numbers or booleans"),
]


@pytest.mark.parametrize(("value", "error", "message"), REFUSED)
def test_what_is_no_number_is_refused(value, error, message):
    with pytest.raises(error, match=message):
        ag.tensor(value)


DTYPES = [
    ("flaot32", r"tensor: dtype must be.*'flaot32'; write np\.float32"),
    ("torch.float64", r"write np\.float64"),
    ("cuda", "tensor: there is no device to choose, got 'cuda'.*CPU"),
    ("cuda:0", "no device"),
    ("complex64", "tensor: dtype must be one of floats, integers or booleans, got complex64"),
    (object, "floats, integers or booleans"),
    (3, "such as np.float32"),
]


@pytest.mark.parametrize(("dtype", "message"), DTYPES)
def test_misspelt_dtypes_are_named(dtype, message):
    with pytest.raises(ag.DTypeError, match=message):
        ag.tensor([1.0], dtype=dtype)
    for make in (ag.zeros, ag.ones, ag.rand, ag.randn, ag.eye):
        with pytest.raises(ag.DTypeError, match=make.__name__):
            make(2, dtype=dtype)
    with pytest.raises(ag.DTypeError, match="astype"):
        ag.zeros(2).astype(dtype)


def test_numbers_beyond_an_integer_dtype_are_refused():
    for value, dtype in (([300], "uint8"), ([-1], "uint8"), ([float("nan")], int), ([1e20], int)):
        with pytest.raises(ag.ArgumentError, match=f"tensor: {np.dtype(dtype)} holds"):
            ag.tensor(value, dtype=dtype)
    assert ag.tensor([1.7, -1.7], dtype=int).tolist() == [1, -1]


def test_complex_arrays_beside_a_tensor_are_refused():
    x = ag.tensor([1.0], requires_grad=True)
    for odd in (np.array([1j]), np.complex64(1j), np.array([object()])):
        for f in (lambda a, b: a * b, lambda a, b: b * a, ag.maximum):
            with pytest.raises(TypeError):
                f(x, odd)


def test_bounds_of_linspace_keep_their_dtype():
    for bound in (np.array(0.1), ag.tensor(0.1, dtype=np.float64)):
        np.testing.assert_array_equal(ag.linspace(0, bound, 3).data, np.linspace(0, 0.1, 3))
    x = ag.tensor(0.1, dtype=np.float64, requires_grad=True)
    line = ag.linspace(x, 1.0, 3)
    assert line.dtype == np.float64
    line.sum().backward()
    assert x.grad.item() == 1.5
    assert ag.linspace(0.0, 0.1, 3).dtype == np.float32


def test_values_that_would_lose_their_gradient_are_refused():
    x = ag.tensor(2.0, requires_grad=True)
    w = ag.tensor([3.0, 4.0])
    with pytest.raises(ag.DTypeError, match="norm: ord"):
        ag.norm(w, x)
    with pytest.raises(ag.DTypeError, match="constant_: the gradient"):
        nn.init.constant_(w, x)
    assert w.tolist() == [3.0, 4.0]
