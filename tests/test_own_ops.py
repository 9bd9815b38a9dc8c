"""What a user's op returns: checked where it is called, so that a broken promise is loud."""

import numpy as np
import pytest

import autograd as ag
from autograd import Array
from autograd.engine import backprop


def leaf(*shape, dtype=np.float64):
    return ag.tensor(
        np.arange(1.0, 1 + np.prod(shape, dtype=int), dtype=dtype).reshape(shape),
        requires_grad=True,
    )


def op_returning(make, operands=1):
    """An op named `mine` whose body returns what `make` makes of its operands."""
    if operands == 1:

        @ag.op
        def mine(a: Array):
            return make(a)

    elif operands == 2:

        @ag.op
        def mine(a: Array, b: Array):
            return make(a, b)

    elif operands == 3:

        @ag.op
        def mine(a: Array, b: Array, c: Array):
            return make(a, b, c)

    else:

        @ag.op
        def mine(*a: Array):
            return make(*a)

    return mine


@pytest.mark.parametrize("operands", [1, 2, 3, 4])
@pytest.mark.parametrize("given", [leaf, lambda *shape: leaf(*shape).data], ids=["leaf", "array"])
@pytest.mark.parametrize("rows", [2, 3, 4])
def test_a_body_that_returns_only_its_value(operands, given, rows):
    mine = op_returning(lambda *xs: xs[0] * 2, operands)
    x = given(rows, 2)
    with pytest.raises(ag.GraphError, match=r"mine: .* `out, closures`.*got ndarray"):
        mine(*[x] * operands)


BROKEN = {
    "nothing": (lambda a: None, ag.GraphError, "got NoneType"),
    "a number": (lambda a: 3.0, ag.GraphError, "got float"),
    "one": (lambda a: (a * 2,), ag.GraphError, "got a tuple of 1"),
    "four": (lambda a: (a, None, 1, 2), ag.GraphError, "got a tuple of 4"),
    "two values": (lambda a: (a * 2, a), ag.GraphError, "closure.*got ndarray"),
    "a value as closure": (lambda a: (a * 2, (a,)), ag.GraphError, "'a'.*got ndarray"),
    "a number as closure": (lambda a: (a * 2, 2.0), ag.GraphError, "closure.*got float"),
    "a dict": (lambda a: (a * 2, {"a": None}), ag.GraphError, "closure.*got dict"),
    "too many": (
        lambda a: (a * 2, (lambda g: g, lambda g: g)),
        ag.GraphError,
        "1 operands.*2 closures",
    ),
    "none": (lambda a: (a * 2, ()), ag.GraphError, "1 operands.*0 closures"),
    "a Tensor": (lambda a: (ag.tensor(a) * 2, lambda g: g), ag.GraphError, "got a Tensor"),
    "complex": (lambda a: (a * 1j, lambda g: g), ag.DTypeError, "complex128"),
    "objects": (lambda a: (np.array([None]), lambda g: g), ag.DTypeError, "object"),
    "text": (lambda a: ("text", lambda g: g), ag.DTypeError, "<U4"),
    "ragged": (lambda a: ([[1.0], [1.0, 2.0]], lambda g: g), ag.GraphError, "`out`"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_returns_something_else(name):
    make, kind, match = BROKEN[name]
    mine = op_returning(make)
    with pytest.raises(kind, match=f"mine: .*{match}"):
        mine(leaf(3))
    with pytest.raises(kind, match=f"mine: .*{match}"):
        mine(np.ones(3))


def test_one_closure_for_two_operands():
    mine = op_returning(lambda a, b: (a * b, lambda g: g * b), 2)
    with pytest.raises(ag.GraphError, match="mine: 2 operands.*1 closures"):
        mine(leaf(3), leaf(3))


def test_lists_are_as_good_as_tuples():
    mine = op_returning(lambda a, b: [a * b, [lambda g: g * b, lambda g: g * a], "aux"], 2)
    a, b = leaf(3), leaf(3)
    out, aux = mine(a, b)
    assert aux == "aux"
    out.sum().backward()
    np.testing.assert_array_equal(a.grad.data, b.data)


def test_a_result_of_integers_has_no_gradient():
    mine = op_returning(lambda a: (np.round(a).astype(int), lambda g: g))
    with pytest.raises(ag.DTypeError, match="mine: `out` of dtype int64.*'a'"):
        mine(leaf(3))
    with ag.no_grad():
        assert mine(leaf(3)).dtype.kind == "i"
    without = op_returning(lambda a: (np.round(a).astype(int), None))
    assert not without(leaf(3)).requires_grad


@pytest.mark.parametrize(
    "make",
    [lambda a: a, lambda a: a.reshape(-1), lambda a: a[1:], lambda a: a.T],
    ids=["itself", "reshaped", "sliced", "transposed"],
)
def test_a_result_that_is_its_operand_is_copied(make):
    mine = op_returning(lambda a: (make(a), lambda g: np.ones((2, 2)) * g.sum()))
    x = ag.tensor(np.ones((2, 2)))
    y = mine(x)
    y += 1.0
    np.testing.assert_array_equal(x.data, 1.0)
    w = leaf(2, 2)
    z = mine(w)
    before = z.data.copy()
    with ag.no_grad():
        w += 1.0
    np.testing.assert_array_equal(z.data, before)


RULES = {
    "None": (lambda g: None, ag.GraphError, "returned None"),
    "short": (lambda g: g[:2], ag.ShapeError, r"\(2,\).*\(3,\)"),
    "a number": (lambda g: 2.0, ag.ShapeError, r"\(\).*\(3,\)"),
    "complex": (lambda g: np.ones(3) * 1j, ag.DTypeError, "complex128"),
    "text": (lambda g: "abc", ag.DTypeError, "<U3"),
    "objects": (lambda g: [None] * 3, ag.DTypeError, "object"),
    "ragged": (lambda g: [[1.0], [1.0, 2.0]], ag.GraphError, "returned list"),
    "no argument": (
        lambda: 2.0,
        ag.GraphError,
        "must be a function of the gradient.*, got <function",
    ),
}


@pytest.mark.filterwarnings("ignore::autograd.errors.GradWarning")
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", RULES)
def test_a_closure_that_returns_no_gradient(name, create_graph):
    rule, kind, match = RULES[name]
    mine = op_returning(lambda a: (a * 2, rule))
    x = leaf(3)
    y = mine(x).sum()
    with pytest.raises(kind, match=f"mine.*'a'.*{match}"):
        ag.grad(y, [x], create_graph=create_graph)


@pytest.mark.filterwarnings("ignore::autograd.errors.GradWarning")
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    "rule",
    [
        lambda g: [2.0, 2.0, 2.0],
        lambda g: np.array([2, 2, 2]),
        lambda g: ag.tensor([2.0, 2.0, 2.0]),
        lambda g: np.full(3, 2.0, np.float16),
        lambda g: g + g,
    ],
    ids=["list", "integers", "tensor", "float16", "computed"],
)
def test_a_closure_whose_gradient_is_made_to_fit(rule, create_graph):
    mine = op_returning(lambda a: (a * 2, rule))
    for x in (leaf(3), leaf(3, dtype=np.float32)):
        (g,) = ag.grad(mine(x).sum(), [x], create_graph=create_graph)
        assert type(g) is ag.Tensor
        assert g.dtype == x.dtype
        np.testing.assert_array_equal(g.data, 2.0)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    "shape",
    [(), (1,), (4,), (1, 1), (1, 4), (3, 1), (3, 4), (1, 1, 4), (1, 3, 1), (2, 1, 1), (2, 1, 4)],
)
def test_a_gradient_of_the_shape_of_the_result_is_summed(shape, create_graph):
    mine = op_returning(lambda a: (np.broadcast_to(a, (2, 3, 4)) * 1.0, lambda g: g))
    x, slopes = leaf(*shape), np.arange(24.0).reshape(2, 3, 4)
    (g,) = ag.grad(mine(x), [x], slopes, create_graph=create_graph)
    owner = np.broadcast_to(np.arange(x.size).reshape(shape), (2, 3, 4))
    expected = np.bincount(owner.ravel(), slopes.ravel()).reshape(shape)
    np.testing.assert_array_equal(g.data, expected)
    assert g.shape == shape


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("size", [3, 3000])
def test_a_closure_gets_an_array_where_all_axes_are_summed(shape, size):
    seen = []
    below = op_returning(lambda a: (a * 2, lambda g: (seen.append(type(g)), g * 2)[1]))
    x = leaf(*shape)
    (below(x) + np.ones(size)).sum().backward()
    assert seen == [np.ndarray]
    np.testing.assert_array_equal(x.grad.data, np.full(shape, 2.0 * size))


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("size", [3, 3000])
def test_a_gradient_with_axes_of_length_one_is_reshaped(size, create_graph):
    mine = op_returning(lambda a: (a * 2.0, lambda g: (g * 2.0).reshape(1, 1, -1)))
    x = leaf(size)
    (g,) = ag.grad(mine(x).sum(), [x], create_graph=create_graph)
    np.testing.assert_array_equal(g.data, np.full(size, 2.0))


def test_a_closure_gets_an_array_below_one_that_returned_a_tensor():
    seen = []
    below = op_returning(lambda a: (a * 2, lambda g: (seen.append(type(g)), g * 2)[1]))
    above = op_returning(lambda a: (a * 3, lambda g: ag.tensor(g * 3)))
    x = leaf(3)
    above(below(x)).sum().backward()
    assert seen == [np.ndarray]
    np.testing.assert_array_equal(x.grad.data, 6.0)


def test_an_error_in_a_closure_names_the_op_that_made_the_operand():
    def rule(g):
        raise RuntimeError("no luck")

    mine = op_returning(lambda a: (a * 2, rule))
    x = leaf(3)
    with pytest.raises(RuntimeError, match="no luck") as caught:
        mine(ag.exp(x)).sum().backward()
    assert "respect to 'a'" in caught.value.__notes__[0]
    assert "its operand was made by exp at " in caught.value.__notes__[1]
    assert "sum" in ag.draw(caught.value).text()  # the root, where backward began


def test_a_seed_reaches_the_first_closure_uncopied():
    seen = []
    mine = op_returning(lambda a: (a * 2, lambda g: (seen.append(g), g * 2)[1]))
    x, seed = leaf(3), np.ones(3)
    mine(x).backward(seed)
    assert np.shares_memory(seen[0], seed)
    recorded = leaf(3)
    ag.grad(mine(x), [x], recorded, create_graph=True)
    assert seen[1] is recorded


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_that_fits_is_used_as_it_is(create_graph, monkeypatch):
    monkeypatch.setattr(backprop, "fitted", None)
    x = leaf(3)
    (g,) = ag.grad(ag.exp(x * 2.0).sum(), [x], create_graph=create_graph)
    np.testing.assert_allclose(g.data, 2 * np.exp(2 * x.data))


# -- a body runs once ------------------------------------------------------------------------------


def beside(dtype):
    return np.array([1, 2], dtype)


@pytest.mark.parametrize("operands", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "other",
    [
        lambda: beside(np.float64), lambda: beside(np.float32), lambda: beside(np.int64),
        lambda: beside(np.uint8), lambda: beside(bool), lambda: 2.0, lambda: [1, 2],
        lambda: ag.tensor([1, 2]), lambda: ag.tensor([1.0, 2.0], dtype=np.float64),
        lambda: np.float64(2.0), lambda: ag.tensor([1.0, 2.0], requires_grad=True),
    ],
)  # fmt: skip
def test_a_body_runs_once(operands, other):
    runs = []

    def make(*xs):
        runs.append(xs)
        out = np.asarray(xs[0]) * np.asarray(xs[-1])
        return out, tuple([lambda g: g * 0.0] * len(xs))

    mine = op_returning(make, operands)
    for first in (leaf(2, dtype=np.float32), leaf(2), np.ones(2), ag.tensor([1, 2])):
        runs.clear()
        mine(*[other() if operands == 1 else first] * (operands - 1), other())
        assert len(runs) == 1


@pytest.mark.parametrize("operands", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError, ag.ShapeError),
        (TypeError, ag.DTypeError),
        (KeyError, KeyError),
        (ag.ShapeError, ag.ShapeError),
        (FloatingPointError, FloatingPointError),
        (ZeroDivisionError, ag.ArgumentError),
    ],
)
def test_a_body_that_raises_runs_once(operands, error, kind):
    runs = []

    def make(*xs):
        runs.append(xs)
        raise error("on purpose")

    mine = op_returning(make, operands)
    for x in (leaf(2), leaf(2, dtype=np.float32), np.ones(2), 1.0):
        runs.clear()
        with pytest.raises(kind, match="on purpose"):
            mine(*[x] * operands)
        assert len(runs) == 1


def test_integers_beside_float32_give_float32():
    kept = []

    @ag.op
    def mine(a: Array, b: Array):
        out = a * b
        kept.append(out.dtype)
        return out, (lambda g: g * b, lambda g: g * out)

    x = leaf(2, dtype=np.float32)
    y = mine(x, np.array([3, 4]))
    assert (y.dtype, kept) == (np.float32, [np.float64])
    (g,) = ag.grad(y.sum(), [x])
    assert g.dtype == np.float32
    np.testing.assert_array_equal(g.data, [3.0, 4.0])


def test_errstate_stays_what_was_asked_for():
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="log.*divide") as caught:
        ag.log(ag.tensor([0.0], requires_grad=True))
    assert isinstance(caught.value, ag.errors.GlassgradError)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="exp.*overflow"):
        ag.exp(np.array([1e4]))


def test_a_running_product_of_a_number():
    x = ag.tensor(2.0, requires_grad=True)
    for axis in (0, -1, None):
        (g,) = ag.grad(ag.cumprod(x, axis).sum(), [x])
        assert (g.item(), g.shape) == (1.0, ())


def _twice(closure):
    @ag.op
    def twice(a: Array):
        return a * 2, closure

    return twice


@pytest.mark.filterwarnings("ignore::autograd.errors.GradWarning")
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    "closure",
    [
        lambda g: (g, g),
        lambda g: (2 * g,),
        lambda g: [g, g],
        lambda g: np.ma.masked_array(np.ones(3), [1, 0, 0]),
    ],
)
def test_a_rule_that_gives_several_gradients_or_a_mask_is_refused(closure, create_graph):
    x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = _twice(closure)(x).sum()
    with pytest.raises(ag.errors.GlassgradError, match="twice"):
        y.backward(create_graph=create_graph)
    assert x.grad is None


def test_a_rule_may_give_a_list_of_numbers():
    x = ag.tensor(np.ones(2), requires_grad=True)
    _twice(lambda g: [0.1, 0.2])(x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0.1, 0.2])


def test_two_closures_that_are_no_tuple_are_refused():
    @ag.op
    def product(a: Array, b: Array):
        return a * b, lambda g: g * b, lambda g: g * a

    @ag.op
    def double(a: Array):
        return a * 2, lambda g: g * 2, lambda g: g * 3

    x = ag.tensor([1.0], requires_grad=True)
    with pytest.raises(ag.GraphError, match=r"product: .* as one tuple"):
        product(x, x)
    with pytest.raises(ag.GraphError, match=r"double: .* as one tuple"):
        double(x)


def test_a_masked_seed_or_hook_is_refused():
    mask = np.ma.masked_array(np.ones(2), [True, False])
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ag.DTypeError, match="masked"):
        (x * 2).backward(mask)
    x.register_hook(lambda g: mask)
    with pytest.raises(ag.DTypeError, match="masked"):
        (x * 2).sum().backward()
    assert x.grad is None


def test_an_op_made_where_there_is_no_module():
    """`exec` with a namespace of one's own."""
    namespace = {"ag": ag, "Array": ag.Array}
    exec("@ag.op\ndef twice(x: Array):\n    return 2 * x, lambda g: 2 * g\n", namespace)
    del namespace["__builtins__"]
    x = leaf(3)
    namespace["twice"](x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 2.0, 2.0])
