"""What other libraries and Python itself ask of a Tensor, and get."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import autograd as ag
from autograd.interop.numpy_protocol import _NO_GRADIENT, _gives_integers, _op_for

X = np.array([[0.5, -1.0], [2.0, 3.0]])


@pytest.fixture
def x():
    return ag.Tensor(X, requires_grad=True)


# -- operators beside foreign types ------------------------------------------------------------


class Answers:
    """A type that knows what to do with Tensors."""

    def answer(self, other):
        return "answered"

    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = answer
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = answer
    __hash__ = object.__hash__


OPERATORS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "matmul": lambda a, b: a @ b,
}
COMPARISONS = (
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
    lambda a, b: a == b,
    lambda a, b: a != b,
)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_leave_to_a_foreign_type_what_it_knows(x, name):
    assert OPERATORS[name](x, Answers()) == "answered"
    for nobody in (object(), None, "text", {}):
        with pytest.raises(TypeError, match=rf"{name}: operand 'b'.*{type(nobody).__name__}"):
            OPERATORS[name](x, nobody)
        if not isinstance(nobody, str):  # which has a `*` and a `%` of its own
            with pytest.raises(TypeError, match=rf"{name}: operand 'a'.*{type(nobody).__name__}"):
                OPERATORS[name](nobody, x)
    with pytest.raises(ag.DTypeError, match=rf"{name}: operand 'b'.*Answers"):
        getattr(ag, name)(x, Answers())


def test_comparisons_leave_to_a_foreign_type_what_it_knows(x):
    for compare in COMPARISONS:
        assert compare(x, Answers()) == "answered"


class OwnUfuncs(Answers):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return ufunc.__name__


def test_ufuncs_ask_a_foreign_type_that_has_its_say(x):
    assert np.add(x, OwnUfuncs()) == "add"
    assert np.add(OwnUfuncs(), x) == "add"
    with pytest.raises(ag.DTypeError, match="operand 'b'"):
        np.add(x, Answers())


@pytest.mark.parametrize("operate", OPERATORS.values(), ids=OPERATORS)
def test_series_and_frames(x, operate):
    pandas = pytest.importorskip("pandas")
    positive = ag.Tensor(np.abs(X), requires_grad=True)
    for foreign in (pandas.Series([1.0, 2.0]), pandas.DataFrame([[1.0, 2.0], [3.0, 4.0]])):
        y = operate(positive, foreign)  # recorded
        np.testing.assert_allclose(y.data, operate(np.abs(X), foreign.to_numpy()))
        assert y.requires_grad
    series, row = pandas.Series([1.0, 2.0]), ag.Tensor([0.5, 2.0], requires_grad=True)
    if operate is not OPERATORS["matmul"]:
        result = operate(series, row.detach())  # pandas' own
        assert isinstance(result, pandas.Series)
        np.testing.assert_allclose(np.asarray(result), operate(series.to_numpy(), row.data))
    with pytest.raises(ag.DTypeError, match="would be lost"):
        operate(series, row)


def test_operators_of_integers():
    i = ag.tensor([7, -7])
    for result, expected in (
        (i // 2, [3, -4]),
        (i % 4, [3, 1]),
        (30 // i, [4, -5]),
        (i & 3, [3, 1]),
        (i | 8, [15, -7]),
        (i ^ i, [0, 0]),
        (i << 1, [14, -14]),
        (i >> 1, [3, -4]),
        (~i, [-8, 6]),
        ([1, 2] % i, [1, -5]),
    ):
        assert isinstance(result, ag.Tensor)
        assert result.tolist() == expected
    half = ag.tensor([2.5], requires_grad=True) // 1.0
    assert half.item() == 2
    assert not half.requires_grad
    with pytest.raises(ag.DTypeError, match="bitwise_and"):
        ag.tensor([1.0]) & 1
    with pytest.raises(ag.DTypeError, match=r"np\.remainder.*not recorded"):
        ag.tensor([1.0], requires_grad=True) % 2
    with pytest.raises(ag.ShapeError, match="floor_divide"):
        i // np.arange(3)


# -- leaving for other libraries ---------------------------------------------------------------


def test_copy_false_never_copies(x):
    d = x.detach()
    assert np.array(d, copy=False) is d.data
    assert np.shares_memory(np.asarray(d, dtype=np.float64, copy=False), d.data)
    with pytest.raises(ValueError, match="copy=False"):
        np.array(d, dtype=np.float32, copy=False)
    assert not np.shares_memory(np.array(d, copy=True), d.data)
    assert np.asarray(d, np.float32).dtype == np.float32


def test_dlpack(x):
    d = x.detach()
    assert np.shares_memory(np.from_dlpack(d), d.data)
    with pytest.raises(ag.DTypeError, match="would be lost"):
        np.from_dlpack(x)
    torch = pytest.importorskip("torch")
    for read in (torch.tensor, torch.as_tensor, torch.from_dlpack):
        np.testing.assert_array_equal(read(d).numpy(), d.data)
        with pytest.raises(ag.DTypeError, match="would be lost"):
            read(x)
    scalar = torch.as_tensor(ag.tensor(2.0))
    assert scalar.item() == 2


def test_what_plotting_libraries_ask_for(x):
    values = (x * 2).to_numpy()
    np.testing.assert_array_equal(values, X * 2)
    assert not values.flags.writeable
    assert x.data.flags.writeable
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    try:
        (line, _) = axes.plot(x * 2)
        np.testing.assert_array_equal(line.get_ydata(), X[:, 0] * 2)
        axes.plot([0.0, 1.0], (x * 2)[0])
        with pytest.raises(ag.DTypeError, match=r"x\.item\(\)"):
            axes.plot([x.sum()])
    finally:
        plt.close(figure)


# -- NumPy's keywords --------------------------------------------------------------------------

D = ag.Tensor(X)
CALLS = {
    "sum dtype": lambda x: np.sum(x, dtype=np.float16),
    "sum positional dtype": lambda x: np.sum(x, 0, np.float16),
    "sum where": lambda x: np.sum(x, where=np.array([True, False])),
    "max initial": lambda x: np.max(x, initial=9.0),
    "mean where": lambda x: np.mean(x, where=[[True, False], [True, True]]),
    "cumsum dtype": lambda x: np.cumsum(x, 0, "f2"),
    "concatenate dtype": lambda x: np.concatenate([x, x], dtype=np.float16, casting="same_kind"),
    "stack dtype": lambda x: np.stack([x, x], dtype=np.float16, casting="same_kind"),
    "add dtype": lambda x: np.add(x, x, dtype=np.float32, casting="same_kind"),
    "var mean": lambda x: np.var(x, mean=1.5),
    "sort kind": lambda x: np.sort(x, kind="stable"),
    "trace dtype": lambda x: np.trace(x, 0, 0, 1, np.float32),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_numpys_keywords(x, call):
    result, expected = call(D), call(X)
    assert isinstance(result, ag.Tensor)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result.data, expected)
    with pytest.raises(ag.DTypeError, match=r"np\.\w+\(\w+=.*\) on a Tensor.*not recorded"):
        call(x)


SAME = {
    "dtype None": lambda x: np.sum(x, dtype=None, out=None),
    "positional": lambda x: np.sum(x, 0, None, None, True),
    "ddof after dtype and out": lambda x: np.std(x, 0, None, None, 1),
    "by NumPy's name": lambda x: np.sum(a=x, axis=1),
    "clip": lambda x: np.clip(x, a_min=0.0, a_max=1.0, out=None),
    "copy": lambda x: np.copy(x, order="K"),
    "add where": lambda x: np.add(x, x, where=True),
    "reshape": lambda x: np.reshape(x, (4,), order="F"),
    "einsum": lambda x: np.einsum("ij,ij", x, x, optimize=True),
    "concatenate": lambda x: np.concatenate([x, x], 1, None),
}


@pytest.mark.parametrize("call", SAME.values(), ids=SAME)
def test_numpys_arguments_that_change_nothing_are_recorded(x, call):
    result = call(x)
    assert result.requires_grad
    np.testing.assert_allclose(result.data, call(X))


def test_out():
    for call in (
        lambda out: np.sum(D, 0, out=out),
        lambda out: np.add(D[0], D[1], out=out),
        lambda out: np.sum(D, 0, None, out),
    ):
        buffer = np.zeros(2)
        assert call(buffer) is buffer
        np.testing.assert_array_equal(buffer, X.sum(0))
        tensor = ag.Tensor(np.zeros(2))
        assert call(tensor) is tensor
        np.testing.assert_array_equal(tensor.data, X.sum(0))


# -- functions without a gradient --------------------------------------------------------------

TRIES = [
    lambda a: (a,),
    lambda a: (a[0],),
    lambda a: (a, a),
    lambda a: (a[0], a[0]),
    lambda a: (a[0], 1.0),
    lambda a: (a, 1),
]


def results(function):
    """What a function of floats returns for some arguments it takes."""
    for arguments in TRIES:
        try:
            yield arguments, function(*arguments(X))
        except Exception:
            continue


def leaves(value):
    if isinstance(value, tuple | list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def functions():
    writes = {"copyto", "fill_diagonal", "place", "put", "putmask", "put_along_axis"}
    for space in (np, np.linalg):
        for name in sorted(vars(space)):
            function = getattr(space, name)
            dispatched = isinstance(function, np.ufunc) or hasattr(function, "_implementation")
            if dispatched and name not in writes:
                yield name, function


@pytest.mark.filterwarnings("ignore")
def test_what_gives_no_floats_gives_values_whether_a_gradient_is_required_or_not(x):
    words = (str, type, np.dtype)
    tried = 0
    for name, function in functions():
        found = list(results(function))
        values = [v for _, result in found for v in leaves(result)]
        without = all(isinstance(v, words) or np.asarray(v).dtype.kind in "biu" for v in values)
        if not values or not without or _op_for(function) is not None:
            continue
        tried += 1
        for arguments, expected in found:
            result = function(*arguments(x))
            if not isinstance(expected, words):
                for a, b in zip(leaves(result), leaves(expected), strict=True):
                    np.testing.assert_array_equal(a, b, err_msg=name)
    assert tried > 35


def test_what_gives_floats_is_recorded_or_refused(x):
    allowed = {np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.floor_divide}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, function in functions():
            for arguments, expected in results(function):
                if not any(np.asarray(v).dtype.kind == "f" for v in leaves(expected)):
                    continue
                try:
                    result = function(*arguments(x))
                except (TypeError, ag.GlassgradError):
                    continue
                recorded = any(getattr(v, "requires_grad", False) for v in leaves(result))
                assert recorded or function in allowed, name


def test_ufuncs_are_told_by_their_types():
    assert _gives_integers(np.isnan)
    assert _gives_integers(np.logical_and)
    assert not _gives_integers(np.add)
    assert not _gives_integers(np.frexp)
    assert not _gives_integers(np.invert)
    assert np.isnan in _NO_GRADIENT


def test_the_signatures_that_are_compared_exist():
    for name, function in functions():
        if not isinstance(function, np.ufunc) and _op_for(function) is not None:
            assert inspect.signature(function), name


# -- writing -----------------------------------------------------------------------------------


def test_writes_that_fail_are_ours_and_change_nothing():
    x = ag.tensor([1.0, 2.0])
    for write, error in (
        (lambda: x.__setitem__(5, 1.0), IndexError),
        (lambda: x.__setitem__(slice(0, 2), [1.0, 2.0, 3.0]), ValueError),
        (lambda: x.__setitem__(0, "a"), (TypeError, ValueError)),
        (lambda: x.__iadd__(np.ones(3)), ValueError),
        (lambda: x.__iadd__("a"), TypeError),
        (lambda: x.__imul__(None), TypeError),
        (lambda: x.fill_("a"), (TypeError, ValueError)),
        (lambda: x.copy_(np.ones(3)), ValueError),
        (lambda: ag.tensor([1]).__iadd__(0.5), TypeError),
    ):
        with pytest.raises(error) as caught:
            write()
        assert isinstance(caught.value, ag.GlassgradError)
        assert x.tolist() == [1.0, 2.0]
    x += [0.1, 0.2]
    assert x.dtype == np.float32


def test_opt_einsum_finds_the_functions_it_needs(x):
    opt_einsum = pytest.importorskip("opt_einsum")
    weights = np.arange(6.0).reshape(2, 3)
    out = opt_einsum.contract("ij,jk,kl->il", x, weights, weights.T)
    np.testing.assert_allclose(out.data, X @ weights @ weights.T)
    out.sum().backward()
    np.testing.assert_allclose(x.grad.data, np.ones((2, 2)) @ (weights @ weights.T).T)
