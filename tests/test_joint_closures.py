"""Rules that give the gradients of several operands at once, and work of the body kept as `aux`."""

import gc
import weakref

import numpy as np
import pytest

import autograd as ag
from autograd import Array, kernels
from autograd.engine import in_place
from autograd.ops import conv, softmaxes
from tests.row import value_of

A, B = np.array([[3.0, 1.0], [0.5, 2.0]]), np.array([[1.0], [-2.0]])


def counting_solve():
    """x with a @ x = b, whose rule for a has that for b on the way; and what was called."""
    called = []

    def transposed(a, g):
        called.append("solve")
        return ag.solve(a.mT, g)

    @ag.op
    def solved(a: Array, b: Array):
        out = np.linalg.solve(a, b)

        def both(g):
            s = transposed(a, g)
            return -s @ out.mT, s

        return out, (both, lambda g: transposed(a, g))

    return solved, called


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("wanted", ["a", "b", "ab", "ba"])
def test_a_joint_closure_is_called_once_whatever_is_asked_for(wanted, create_graph):
    solved, called = counting_solve()
    leaves = {"a": ag.Tensor(A, requires_grad=True), "b": ag.Tensor(B, requires_grad=True)}
    g = np.array([[1.0], [10.0]])
    s = np.linalg.solve(A.T, g)
    expected = {"a": -s @ np.linalg.solve(A, B).T, "b": s}
    out = solved(leaves["a"], leaves["b"])
    found = ag.grad(out, [leaves[name] for name in wanted], g, create_graph=create_graph)
    assert called == ["solve"]
    for name, gradient in zip(wanted, found, strict=True):
        np.testing.assert_allclose(gradient.data, expected[name], rtol=1e-14)


@pytest.mark.parametrize("frozen", ["", "a", "b"])
def test_an_operand_that_needs_no_gradient_gets_none(frozen):
    solved, called = counting_solve()
    a = ag.Tensor(A, requires_grad="a" not in frozen)
    b = ag.Tensor(B, requires_grad="b" not in frozen)
    solved(a, b).sum().backward()
    assert called == ["solve"]
    assert (a.grad is None, b.grad is None) == ("a" in frozen, "b" in frozen)


def test_a_joint_rule_has_every_order():
    solved, _ = counting_solve()
    ag.check_grads(solved, [A, B], order=3, eps=1e-3, richardson=True)
    assert ag.check_contract(solved, A, B) == {"a", "out"}


def test_the_same_operand_twice_and_broadcasting():
    @ag.op
    def product(a: Array, b: Array):
        return a * b, (lambda g: (g * b, g * a), lambda g: g * a)

    x = ag.tensor([2.0, 3.0], requires_grad=True)
    product(x, x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [4.0, 6.0])
    ag.check_grads(product, [np.ones((3, 2)), np.array([0.5, 2.0])])
    row, one = ag.tensor([2.0, 3.0], requires_grad=True), ag.tensor(4.0, requires_grad=True)
    product(row, one).sum().backward()
    np.testing.assert_array_equal(row.grad.data, [4.0, 4.0])
    assert one.grad.item() == 5.0


def test_several_next_operands_of_a_starred_op():
    calls = []

    @ag.op
    def total(*xs: Array):
        def closure_for(i):
            def closure(g):
                calls.append(i)
                return g, tuple(g * 1.0 for _ in xs[i + 1 :])

            return closure

        return sum(xs), tuple(closure_for(i) for i in range(len(xs)))

    frozen, *leaves = [ag.tensor([float(i)], requires_grad=i > 0) for i in range(4)]
    total(frozen, *leaves).backward()
    assert calls == [1]
    assert [x.grad.item() for x in leaves] == [1.0, 1.0, 1.0] and frozen.grad is None


def with_aux():
    """y = w · x², whose gradient op finds Σ g x² on the way."""
    calls = []

    @ag.op
    def slope(g: Array, x: Array, w: Array):
        calls.append("slope")
        return (
            g * 2 * w * x,
            (
                lambda u: u * 2 * w * x,
                lambda u: u * g * 2 * w,
                lambda u: u * g * 2 * x,
            ),
            (g * x**2).sum(),
        )

    @ag.op
    def weighted(x: Array, w: Array):
        def own(g):
            calls.append("own")
            return (g * x**2).sum()

        return w * x**2, (lambda g: slope(g, x, w), own)

    return weighted, calls


def test_the_aux_of_an_op_is_a_gradient_only_where_nothing_is_recorded():
    weighted, calls = with_aux()
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    w = ag.tensor(3.0, requires_grad=True)
    weighted(x, w).sum().backward()
    assert calls == ["slope"] and w.grad.item() == 5.0
    calls.clear()
    _, gw = ag.grad(weighted(x, w).sum(), [x, w], create_graph=True)
    assert calls == ["slope", "own"] and gw.item() == 5.0
    (mixed,) = ag.grad(gw, [x])
    np.testing.assert_array_equal(mixed.data, [2.0, 4.0])
    ag.check_grads(weighted, [np.array([1.0, 2.0]), np.array(3.0)], order=2)
    assert ag.check_contract(weighted, np.array([1.0, 2.0]), np.array(3.0)) == {"x", "w"}


WRONG = {
    "no next operand": (lambda g: g, lambda g: (g, g), ag.GraphError, "'b'.*1 operands after it"),
    "too many": (lambda g: (g, (g, g)), None, ag.GraphError, "'a'.*2 operands after it.*are 1"),
    "three": (lambda g: (g, g, g), None, ag.GraphError, "'a'.*got a tuple of 3"),
    "one": (lambda g: (g,), None, ag.GraphError, "'a'.*got a tuple of 1"),
    "empty": (lambda g: (), None, ag.GraphError, "'a'.*got a tuple of 0"),
    "a pair for its own": (lambda g: ((g, g), g), None, ag.GraphError, "'a'.*got a tuple"),
    "nothing for the next": (lambda g: (g, None), None, ag.GraphError, "'b' returned None"),
    "a short one": (lambda g: (g, g[:2]), None, ag.ShapeError, r"'b' returned shape \(2,\)"),
    "objects": (lambda g: (g, np.array([None] * 3)), None, ag.DTypeError, "'b'.*object"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_pair_of_gradients_is_refused(name):
    first, second, kind, match = WRONG[name]

    @ag.op
    def mine(a: Array, b: Array):
        return a + b, (first, second or (lambda g: g))

    a, b = (ag.tensor([1.0, 2.0, 3.0], requires_grad=True) for _ in range(2))
    with pytest.raises(kind, match=f"mine.*{match}"):
        mine(a, b).sum().backward()
    assert a.grad is None and b.grad is None


def test_the_contract_finds_a_joint_closure_that_disagrees():
    @ag.op
    def mine(a: Array, b: Array):
        return a * b, (lambda g: (g * b, g * b), lambda g: g * a)

    with pytest.raises(ag.GradCheckError, match="'b' gives another gradient than the joint"):
        ag.check_contract(mine, np.array([1.0, 2.0]), np.array([3.0, 5.0]))


def test_the_contract_knows_aux():
    @ag.op
    def good(x: Array):
        aux = np.exp(x)
        return aux * 2.0, lambda g: gradient(g, x, aux), aux

    @ag.op
    def gradient(g: Array, x: Array, known=None):
        slope = 2.0 * (np.exp(x) if known is None else known)
        return g * slope, (lambda u: gradient(u, x, known), lambda u: u * g * 2.0 * np.exp(x))

    @ag.op
    def other(x: Array):
        aux = np.exp(x)
        return aux * 2.0, lambda g: gradient(g, x, aux), aux.copy()

    x = np.array([0.5, 1.0])
    assert ag.check_contract(good, x) == {"x", "aux"}
    ag.check_grads(value_of(good), [x], order=3, eps=1e-3, richardson=True)
    with pytest.raises(ag.GradCheckError, match="captures an `aux` that is not what was returned"):
        ag.check_contract(other, x)


def test_an_aux_that_is_written_to_is_noticed():
    @ag.op
    def mine(x: Array):
        aux = (np.exp(x),)
        return x * 2.0, lambda g: g * aux[0], aux

    y, (kept,) = mine(ag.tensor([1.0], requires_grad=True))
    kept[0] = 5.0
    in_place.stamp(kept)
    with pytest.raises(ag.InPlaceError, match="'aux"):
        y.backward()


@pytest.mark.parametrize("inputs", ["ab", "a", "b"])
def test_steps_of_backward_show_what_a_joint_closure_sends(inputs):
    solved, called = counting_solve()
    a, b = ag.Tensor(A, requires_grad=True), ag.Tensor(B, requires_grad=True)
    loss = solved(a, b).sum()
    asked = [leaf for name, leaf in zip("ab", (a, b), strict=True) if name in inputs]
    loss.backward(retain_graph=True, inputs=asked)
    expected = {name: leaf.grad.data for name, leaf in zip(inputs, asked, strict=True)}
    a.grad = b.grad = None
    called.clear()
    (step,) = [s for s in ag.backward_steps(loss, inputs=asked) if s.name == "solved"]
    assert called == ["solve"]
    assert [out.operand for out in step.outgoing] == list(expected)
    for out, leaf in zip(step.outgoing, asked, strict=True):
        np.testing.assert_array_equal(out.gradient, expected[out.operand])
        np.testing.assert_array_equal(leaf.grad.data, expected[out.operand])
    if "a" in inputs:
        assert step.outgoing[0].formula == "-s @ out.mT"


def test_a_joint_rule_in_words():
    @ag.op
    def product(a: Array, b: Array):
        return a * b, (lambda g: (g * b, g * a), lambda g: g * a)

    a, b = ag.tensor([2.0, 3.0], requires_grad=True), ag.tensor([5.0, 7.0], requires_grad=True)
    text = str(ag.explain(product(a, b).sum()))
    assert "da = b" in text and "db = a" in text
    code = ag.to_numpy(lambda a, b: product(a, b).sum(), a, b)
    found = code()
    np.testing.assert_array_equal(found["a"], b.data)
    np.testing.assert_array_equal(found["b"], a.data)


# -- the ops that have one -------------------------------------------------------------------------

RNG = np.random.default_rng(0)
IMAGE = RNG.standard_normal((2, 3, 6, 6)).astype(np.float32)
USERS = {
    "conv2d": (ag.conv2d, [(4, 3, 3, 3), (4,)], "channel_sums"),
    "conv2d flipped": (lambda *xs: ag.conv2d(*xs, flip=True), [(4, 3, 3, 3), (4,)], "channel_sums"),
    "batch_norm": (
        lambda x, w, b: ag.batch_norm(x, None, None, w, b, training=True),
        [(3,), (3,)],
        "batch_norm_sums",
    ),
    "layer_norm": (lambda x, w, b: ag.layer_norm(x, 6, w, b), [(6,), (6,)], "layer_norm_sums"),
}


@pytest.mark.parametrize("name", USERS)
@pytest.mark.parametrize("frozen", ["", "x", "weight", "bias", "x weight", "x bias", "weight bias"])
def test_what_is_frozen_changes_no_other_gradient(name, frozen):
    function, shapes, _ = USERS[name]
    names, arrays = ("x", "weight", "bias"), [IMAGE]
    arrays += [RNG.standard_normal(shape).astype(np.float32) for shape in shapes]
    grads = []
    for held in ("", frozen):
        leaves = [
            ag.Tensor(x, requires_grad=n not in held.split())
            for n, x in zip(names, arrays, strict=True)
        ]
        out = function(*leaves)
        out.backward(np.cos(np.arange(out.size, dtype=out.dtype)).reshape(out.shape))
        grads.append([leaf.grad for leaf in leaves])
    for one, other, argument in zip(*grads, names, strict=True):
        assert (other is None) == (argument in frozen.split())
        if other is not None:
            np.testing.assert_allclose(other.data, one.data, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", USERS)
def test_no_second_pass_over_the_gradient(name, monkeypatch):
    function, shapes, passes = USERS[name]
    leaves = [ag.Tensor(IMAGE, requires_grad=True)]
    leaves += [
        ag.Tensor(RNG.standard_normal(shape).astype(np.float32), requires_grad=True)
        for shape in shapes
    ]
    for kernel in passes.split():
        monkeypatch.setattr(conv if kernel == "channel_sums" else kernels, kernel, None)
    function(*leaves).sum().backward()
    assert all(leaf.grad is not None for leaf in leaves)


def test_a_frozen_weight_lets_the_input_go():
    bias = ag.Tensor(np.ones(4, np.float32), requires_grad=True)
    image = IMAGE.copy()
    alive = weakref.ref(image)
    weight = np.ones((4, 3, 3, 3), np.float32)
    out = ag.conv2d(image, weight, bias)
    del image
    gc.collect()
    assert alive() is None
    out.sum().backward()
    np.testing.assert_array_equal(bias.grad.data, 32.0)


def test_the_gradient_of_a_cross_entropy_starts_from_what_forward_left(monkeypatch):
    logits = ag.Tensor(RNG.standard_normal((5, 4)), requires_grad=True)
    loss = ag.cross_entropy(logits, np.arange(5) % 4)
    seen = []
    plain = softmaxes.kernels.cross_entropy_grad
    monkeypatch.setattr(
        softmaxes.kernels, "cross_entropy_grad", lambda *a: (seen.append(a[3]), plain(*a))[1]
    )
    loss.backward()
    (kept,) = seen
    assert kept.shape == (5, 4)
