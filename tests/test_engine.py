"""The graph and its replay: order, size, memory, freeing, hooks, errors."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading
import time
import weakref

import numpy as np
import pytest

import autograd as ag


def leaf(*shape, seed=0, dtype=np.float64, name=None):
    data = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return ag.Tensor(data, requires_grad=True, name=name)


# -- size ----------------------------------------------------------------------------------------


def test_a_diamond_of_2_to_the_60_paths_takes_linear_time():
    x = leaf()
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_fan_out_of_100_000():
    x = leaf()
    total = ag.stack([x * 1.0 for _ in range(100_000)]).sum()
    total.backward()
    assert x.grad.item() == 100_000


def test_a_chain_of_a_million_nodes_is_built_replayed_and_freed():
    assert sys.getrecursionlimit() <= 3000
    x = leaf()
    y = x
    for _ in range(1_000_000):
        y = y * 1.0
    y.backward()
    assert x.grad.item() == 1.0
    del y
    y = x
    for _ in range(100_000):
        y = -y
    del y  # freed without a backward


def test_deep_recorded_gradient_is_freed_without_recursion():
    x = leaf()
    y = x
    for _ in range(20_000):
        y = ag.sin(y)
    (g,) = ag.grad(y, [x], create_graph=True)
    del y
    del g


def test_1600_slices_of_one_array_take_linear_time():
    def seconds(rows):
        x = leaf(rows, 4096)
        started = time.thread_time()
        total = x[0].sum()
        for i in range(1, rows):
            total = total + x[i].sum()
        total.backward()
        np.testing.assert_array_equal(x.grad.data, 1.0)
        return time.thread_time() - started

    seconds(100)
    small, large = min(seconds(200) for _ in range(3)), min(seconds(1600) for _ in range(2))
    # 8 times the rows; quadratic work would be 64 times: half of that is far from either
    assert large < 32 * small


def test_gradients_of_slices_use_one_buffer():
    x = leaf(1000, 1000)
    rows = list(x)
    loss = sum(row.sum() for row in rows)
    import tracemalloc

    tracemalloc.start()
    loss.backward()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * x.nbytes


# -- what is kept and freed ------------------------------------------------------------------------


def test_a_graph_dies_by_reference_count_alone():
    gc.collect()
    gc.disable()
    try:
        x = leaf(3, 3)
        y = ag.tanh(x @ x)
        z = (y * y).sum()
        nodes = [weakref.ref(t.node) for t in (y, z)]
        arrays = [weakref.ref(y.data)]
        del y, z
        assert all(ref() is None for ref in nodes + arrays)

        y = ag.tanh(x @ x)
        (g,) = ag.grad((y * y).sum(), [x], create_graph=True)
        node = weakref.ref(g.node)
        y_node = weakref.ref(y.node)
        del g, y
        assert node() is None
        assert y_node() is None
    finally:
        gc.enable()


def test_hooks_and_retained_gradients_make_no_cycle():
    gc.collect()
    gc.disable()
    try:
        x = leaf(3)
        y = x * 2
        y.retain_grad()
        y.register_hook(lambda g: None)
        reference = weakref.ref(y)
        y.sum().backward()
        assert y.grad is not None
        del y
        assert reference() is None
    finally:
        gc.enable()


def test_an_intermediate_that_no_closure_names_dies_at_once():
    x = leaf(1000)
    y = x + 1
    z = y + 1
    data = weakref.ref(y.data)
    del y
    assert data() is None
    z.sum().backward()


def test_buffers_are_freed_as_they_are_replayed():
    x = leaf(10)
    y = ag.exp(x)
    z = y.sum()
    data = weakref.ref(y.data)
    del y
    assert data() is not None, "exp keeps its output for the gradient"
    z.backward()
    assert data() is None


def test_backward_twice_says_why_and_what_to_do():
    x = leaf(3)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(ag.GraphError, match=r"replayed before.*retain_graph=True"):
        loss.backward()
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    np.testing.assert_allclose(x.grad.data, 6 * x.data)


def test_a_freed_part_shared_by_two_losses_is_noticed():
    x = leaf(3)
    shared = x * x
    shared.sum().backward()
    with pytest.raises(ag.GraphError, match="multiply"):
        (shared * 2).sum().backward()


# -- accumulation ----------------------------------------------------------------------------------


def test_two_leaves_get_separate_gradients():
    a, b = leaf(3), leaf(3, seed=1)
    (a + b).sum().backward()
    assert not np.shares_memory(a.grad.data, b.grad.data)
    a.grad.data[:] = 7
    np.testing.assert_array_equal(b.grad.data, 1)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.sum(),
        lambda x: x.T.sum(),
        lambda x: (x.T @ x).sum(),
        lambda x: ag.broadcast_to(x, (2, 3, 4)).sum(),
        lambda x: x[::-1, ::2].sum(),
        lambda x: x.reshape(-1).sum() + x.sum(),
    ],
)
def test_a_leaf_gradient_owns_contiguous_writable_memory(function):
    x = leaf(3, 4)
    function(x).backward()
    g = x.grad.data
    holders_of_base = 2 if g.base is None else sys.getrefcount(g.base)
    assert holders_of_base == 2, "the view itself, and the question"
    assert g.flags.c_contiguous
    assert g.flags.writeable
    assert g.shape == x.shape
    function(x).backward()
    once = np.array(g)
    function(x).backward()
    assert x.grad.data.flags.writeable
    assert once.shape == g.shape


@pytest.mark.parametrize("kind", [np.array, ag.tensor])
def test_a_gradient_in_another_order_is_handed_over_in_rows(kind):
    x, seen = leaf(3, 4), []
    x.register_hook(lambda g: seen.append(g.data.flags.c_contiguous))
    x.T.backward(kind(np.arange(12.0).reshape(4, 3)))
    assert seen == [True]
    other = leaf(3, 4)
    other.T.backward(kind(np.arange(12.0).reshape(4, 3)))
    assert other.grad.data.flags.c_contiguous
    (g,) = ag.grad(x.T * 2.0, [x], kind(np.arange(12.0).reshape(4, 3)))
    np.testing.assert_array_equal(g.data, 2 * np.arange(12.0).reshape(4, 3).T)


def test_a_gradient_captured_by_a_rule_is_copied():
    constant = np.ones(3)

    @ag.op
    def constant_slope(x: ag.Array):
        return x * 1.0, lambda g: constant

    x = leaf(3)
    constant_slope(x).sum().backward()
    x.grad.data[:] = 5
    np.testing.assert_array_equal(constant, 1)


def test_a_gradient_that_is_all_of_an_unshared_array_is_not_copied():
    made = []

    @ag.op
    def rule(x: ag.Array, hold):
        def closure(g):
            whole = np.ones(6)
            made.append(whole.__array_interface__["data"][0])
            if hold:
                made.append(whole)
            return whole.reshape(2, 3)

        return x * 1.0, closure

    for hold, same in ((False, True), (True, False)):
        made.clear()
        x = leaf(2, 3)
        rule(x, hold).sum().backward()
        assert (x.grad.data.__array_interface__["data"][0] == made[0]) is same


def test_a_gradient_that_somebody_holds_is_not_written_to():
    x = leaf(3)
    (x * 2).sum().backward()
    held = x.grad
    (x * 2).sum().backward()
    np.testing.assert_array_equal(held.data, 2)
    np.testing.assert_array_equal(x.grad.data, 4)
    array = x.grad.data
    (x * 2).sum().backward()
    np.testing.assert_array_equal(array, 4)


def test_micro_batches_add_up_to_one_big_batch():
    w = leaf(4, 2)
    data = np.random.default_rng(1).standard_normal((12, 4))
    ag.tanh(ag.Tensor(data) @ w).sum().backward()
    whole = w.grad.data.copy()
    w.grad = None
    for part in np.split(data, 4):
        ag.tanh(ag.Tensor(part) @ w).sum().backward()
    np.testing.assert_allclose(w.grad.data, whole, rtol=1e-12)


def test_threads_that_share_a_leaf_lose_nothing():
    w = leaf(50)
    failures = []

    def work():
        try:
            for _ in range(50):
                (w * 1.0).sum().backward()
        except Exception as error:  # reported below, in the main thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    np.testing.assert_array_equal(w.grad.data, 200)


def test_an_error_on_the_way_changes_no_gradient():
    @ag.op
    def fails(x: ag.Array):
        def closure(g):
            raise ZeroDivisionError("on purpose")

        return x * 1.0, closure

    a, b = leaf(3), leaf(3)
    loss = (a * 2).sum() + fails(b).sum()
    with pytest.raises(ZeroDivisionError) as caught:
        loss.backward()
    note = "".join(caught.value.__notes__)
    assert "fails" in note
    assert "test_engine.py" in note
    assert a.grad is None
    assert b.grad is None


def test_only_what_was_asked_for_is_visited():
    visited = []

    @ag.op
    def spy(x: ag.Array):
        def closure(g):
            visited.append(1)
            return g

        return x * 1.0, closure

    a, b = leaf(3), leaf(3)
    (g,) = ag.grad((spy(a) * b).sum(), [b])
    assert not visited
    np.testing.assert_array_equal(g.data, a.data)
    assert a.grad is None
    assert b.grad is None
    (spy(a) * b).sum().backward(inputs=[b])
    assert not visited
    assert a.grad is None


def test_gradient_of_intermediates_and_of_the_output_itself():
    x = leaf(3)
    y = x * 2
    z = (y * y).sum()
    gy, gz, gx = ag.grad(z, [y, z, x])
    np.testing.assert_allclose(gy.data, 2 * y.data)
    np.testing.assert_allclose(gx.data, 8 * x.data)
    assert gz.item() == 1.0


def test_the_same_input_twice():
    x = leaf(3)
    first, second = ag.grad((x * x).sum(), [x, x])
    np.testing.assert_array_equal(first.data, second.data)


def test_several_outputs_with_gradients():
    x = leaf(3)
    (g,) = ag.grad([x * 2, (x * 3).sum()], [x], grad_outputs=[np.ones(3), None])
    np.testing.assert_array_equal(g.data, 5)


def test_unused_inputs():
    x, y = leaf(3), leaf(2, name="y")
    with pytest.raises(ag.GraphError, match=r"input 1 \(y\).*allow_unused"):
        ag.grad(x.sum(), [x, y])
    g, none = ag.grad(x.sum(), [x, y], allow_unused=True)
    assert none is None
    np.testing.assert_array_equal(g.data, 1)


# -- every order from one rule ---------------------------------------------------------------------


def test_third_derivative():
    x = leaf(4)
    y = ag.tanh(x).sum()
    for _ in range(3):
        (g,) = ag.grad(y, [x], create_graph=True)
        y = g.sum()
    t = np.tanh(x.data)
    expected = -2 * (1 - t**2) * (1 - 3 * t**2)
    np.testing.assert_allclose(g.data, expected, rtol=1e-10)


def test_create_graph_records_even_inside_no_grad():
    x = leaf(3)
    y = (x * x * x).sum()
    with ag.no_grad():
        (g,) = ag.grad(y, [x], create_graph=True)
    assert g.requires_grad
    np.testing.assert_allclose(ag.grad(g.sum(), [x])[0].data, 6 * x.data)


def test_backward_with_create_graph_warns_of_the_cycle():
    x = leaf(3)
    with pytest.warns(ag.GradWarning, match=r"ag\.grad") as caught:
        (x * x).sum().backward(create_graph=True)
    assert [warning.filename for warning in caught] == [__file__]
    assert x.grad.requires_grad
    x.grad = None


def test_a_leaf_whose_data_was_replaced_is_noticed_under_create_graph():
    x = leaf(3)
    y = (x * x).sum()
    x.data = x.data * 2
    with pytest.raises(ag.GraphError, match=r"multiply.*replaced"):
        ag.grad(y, [x], create_graph=True)


def test_an_op_without_second_derivative_says_so():
    @ag.op(max_order=1)
    def once(x: ag.Array):
        return x * x, lambda g: g * 2 * x

    x = leaf(3)
    np.testing.assert_allclose(ag.grad(once(x).sum(), [x])[0].data, 2 * x.data)
    with pytest.raises(ag.GraphError, match="once"):
        ag.grad(once(x).sum(), [x], create_graph=True)
    with pytest.raises(ag.ArgumentError, match="max_order"):
        ag.op(max_order=2)(once.op.body)


def test_a_rule_that_leaks_into_plain_numpy_fails_loudly():
    @ag.op
    def leaky(x: ag.Array):
        return x * x, lambda g: np.asarray(g) * 2 * x

    x = leaf(3)
    ag.grad(leaky(x).sum(), [x])
    with pytest.raises(ag.DTypeError, match="detach"):
        y = leaky(x * 1.0)
        (_g,) = ag.grad((y * y).sum(), [x], create_graph=True)


# -- hooks -----------------------------------------------------------------------------------------


def test_hooks_see_and_replace_gradients():
    x = leaf(3)
    seen = []
    y = x * 2
    handle = y.register_hook(lambda g: seen.append(g.data.copy()))
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    (y.sum() + y.sum()).backward()
    np.testing.assert_array_equal(seen, [[2, 2, 2]])
    np.testing.assert_array_equal(x.grad.data, 41)
    handle.remove()
    handle.remove()


def test_a_hook_that_returns_the_wrong_shape():
    x = leaf(3, name="weight")
    x.register_hook(lambda g: np.ones(4))
    with pytest.raises(ag.ShapeError, match=r"leaf 'weight': .*\(3,\).*\(4,\)"):
        x.sum().backward()
    assert x.grad is None


def test_retain_grad():
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    np.testing.assert_allclose(y.grad.data, 2 * y.data)


def test_the_gradient_of_a_non_leaf_says_why_it_is_none():
    x = leaf(3)
    y = x * 2
    y.sum().backward()
    with pytest.warns(ag.GradWarning, match=r"multiply.*retain_grad"):
        assert y.grad is None


# -- copies ----------------------------------------------------------------------------------------


def test_deepcopy_and_pickle():
    w = leaf(3, name="w")
    (w * 2).sum().backward()
    for copied in (copy.deepcopy(w), pickle.loads(pickle.dumps(w))):
        np.testing.assert_array_equal(copied.data, w.data)
        np.testing.assert_array_equal(copied.grad.data, w.grad.data)
        assert copied.requires_grad
        assert copied.name == "w"
        assert not np.shares_memory(copied.data, w.data)
    first, second = copy.deepcopy((w, w))
    assert first is second
    with pytest.raises(ag.GraphError, match=r"detach"):
        copy.deepcopy(w * 2)


# -- bad input -------------------------------------------------------------------------------------


def test_backward_needs_a_scalar_or_a_gradient():
    x = leaf(3)
    with pytest.raises(ag.GraphError, match=r"shape \(3,\).*loss\.sum"):
        (x * 2).backward()
    with pytest.raises(ag.ShapeError, match=r"\(3,\).*\(2,\)"):
        (x * 2).backward(np.ones(2))
    (x * 2).backward(np.ones(3))
    np.testing.assert_array_equal(x.grad.data, 2)


def test_backward_through_nothing():
    with pytest.raises(ag.GraphError, match="requires no gradient"):
        ag.tensor([1.0]).sum().backward()


def test_integers_require_no_gradient():
    with pytest.raises(ag.DTypeError, match="int64"):
        ag.tensor([1, 2], requires_grad=True)
    with pytest.raises(ag.DTypeError, match="bool"):
        ag.tensor([True]).requires_grad_()


def test_lists_of_tensors_are_refused():
    x = leaf(3)
    with pytest.raises(ag.DTypeError, match=r"ag\.stack"):
        ag.tensor([x, x])
    with pytest.raises(ag.DTypeError, match=r"ag\.stack"):
        np.array([x, x])


def test_shape_errors_name_op_operands_and_shapes():
    with pytest.raises(ag.ShapeError, match=r"add\(a: float64 \(3,\), b: float64 \(4,\)\)"):
        leaf(3) + leaf(4)
    with pytest.raises(ValueError, match="matmul"):
        leaf(3, 4) @ leaf(3, 4)


def test_wrong_operands_and_arguments():
    x = leaf(3)
    with pytest.raises(ag.DTypeError, match=r"operand 'b'.*str"):
        x + "1"
    with pytest.raises(ag.DTypeError, match="no argument 'axes'"):
        ag.sum(x, axes=0)
    with pytest.raises(ag.DTypeError, match=r"'b' is missing"):
        ag.add(x)
    with pytest.raises(ag.DTypeError, match=r"'a' is given twice"):
        ag.add(x, x, a=x)
    with pytest.raises(ag.DTypeError, match=r"plain value"):
        ag.sum(x, axis=leaf())


def test_a_rule_of_the_wrong_shape_names_the_op():
    @ag.op
    def wrong(x: ag.Array):
        return x * 1.0, lambda g: g[:2]

    with pytest.raises(ag.ShapeError, match=r"wrong.*'x'.*\(2,\).*\(3,\)"):
        wrong(leaf(3)).sum().backward()


def test_a_rule_for_each_operand_is_needed():
    @ag.op
    def short(a: ag.Array, b: ag.Array):
        return a * b, (lambda g: g * b,)

    with pytest.raises(ag.GraphError, match=r"short: 2 operands.*1 closures"):
        short(leaf(3), leaf(3))


def test_nothing_but_tensors_is_differentiated():
    x = leaf(3)
    with pytest.raises(ag.DTypeError, match="tensor must be a Tensor, got ndarray"):
        ag.grad(x.sum(), [np.ones(3)])
    with pytest.raises(ag.GraphError, match="requires no gradient"):
        ag.grad(x.sum(), [ag.tensor([1.0])])
