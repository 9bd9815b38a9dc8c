"""What a backward pass hands over: memory of its own each, to all leaves or to none."""

import dis
import itertools
import sys
import threading

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.engine import backprop

pytestmark = pytest.mark.filterwarnings("ignore:backward.create_graph=True")


def leaf(*values, dtype=np.float64):
    return ag.tensor(np.array(values, dtype), requires_grad=True)


def buffer_of(tensor):
    return tensor.grad.data


def assert_apart(gradients, *others):
    """Each a writable contiguous array of its own."""
    arrays = [g.data for g in gradients]
    for i, array in enumerate(arrays):
        assert array.flags.carray
        for other in (*arrays[i + 1 :], *others):
            assert not np.shares_memory(array, other)
    assert len({id(g) for g in gradients}) == len(gradients)


CONSTANT = np.array([5.0, 5.0])

FUNCTIONS = {
    "sum": lambda a, b: a + b,
    "view": lambda a, b: (a.reshape(2, 1) + b.reshape(2, 1)).reshape(2),
    "reduced": lambda a, b: a + b.sum() * np.ones(2) + a,
    "squares": lambda a, b: (a + b - np.array([0.0, 1.0])) ** 2,
    "captured": lambda a, b: ag.exp(a) * 1.0 + b * CONSTANT,
    "pieces": lambda a, b: ag.stack([a[0], b[1]]) + a[::-1] + b,
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "make_seed",
    [
        lambda: np.array([1.0, 2.0]),
        lambda: np.broadcast_to(np.float64(2.0), 2),
        lambda: np.arange(4.0)[::2],
        lambda: ag.tensor([1.0, 2.0], dtype=np.float64),
        lambda: leaf(1.0, 2.0),
        lambda: np.ones(2, np.float32),
        lambda: [1, 2],
    ],
    ids=["array", "read-only", "strided", "tensor", "leaf", "float32", "list"],
)
def test_gradients_are_shared_with_nobody(name, make_seed, create_graph):
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = make_seed()
    given = np.array(seed.data if isinstance(seed, ag.Tensor) else seed)
    memory = seed.data if isinstance(seed, ag.Tensor) else np.asarray(seed)
    y = FUNCTIONS[name](a, b)
    found = ag.grad(y, [a, b, a], [seed], retain_graph=True, create_graph=create_graph)
    y.backward(seed, retain_graph=True, create_graph=create_graph)
    assert_apart([*found, a.grad, b.grad], memory, a.data, b.data, y.data, CONSTANT)
    for key, g in ((a, found[0]), (b, found[1]), (a, found[2])):
        np.testing.assert_array_equal(g.data, key.grad.data)
    once = a.grad.data.copy(), b.grad.data.copy()
    with ag.no_grad():
        for g in (*found, a.grad, b.grad):
            g.data[...] = -7.0
    np.testing.assert_array_equal(memory, given)
    a.grad = b.grad = None
    y.backward(seed, create_graph=create_graph)
    y = FUNCTIONS[name](a, b)
    y.backward(seed, create_graph=create_graph)
    for key, g in zip((a, b), once, strict=True):
        np.testing.assert_array_equal(key.grad.data, 2 * g)
    assert_apart([a.grad, b.grad], memory, a.data, b.data, CONSTANT)


def test_recorded_gradients_are_apart_and_stay_connected():
    a, b = leaf(1.0, 1.0), leaf(1.0, 1.0)
    ((a + b) ** 3).sum().backward(create_graph=True)
    assert a.grad.requires_grad
    assert b.grad.requires_grad
    da, db = ag.grad(a.grad.sum(), [a, b], retain_graph=True)
    np.testing.assert_array_equal(da.data, [12.0, 12.0])
    np.testing.assert_array_equal(db.data, [12.0, 12.0])
    with ag.no_grad():
        for p in (a, b):
            p.grad *= 0.5
    np.testing.assert_array_equal(a.grad.data, [6.0, 6.0])
    np.testing.assert_array_equal(b.grad.data, [6.0, 6.0])


def test_recorded_gradients_are_clipped_by_their_joint_norm():
    a, b = leaf(1.0, 1.0), leaf(1.0, 1.0)
    ((a + b) ** 2).sum().backward(create_graph=True)
    optim.clip_grad_norm_([a, b], 1.0)
    norm = np.sqrt((a.grad.data**2).sum() + (b.grad.data**2).sum())
    np.testing.assert_allclose(norm, 1.0, rtol=1e-6)


def test_a_recorded_gradient_of_a_sum_can_be_written_to():
    a = leaf(1.0, 1.0)
    a.sum().backward(create_graph=True)
    a.grad *= 2
    np.testing.assert_array_equal(a.grad.data, [2.0, 2.0])


def test_gradients_add_up_recorded_inside_no_grad():
    a = leaf(2.0)
    y = a**3
    with ag.no_grad():
        y.backward(retain_graph=True, create_graph=True)
        y.backward(create_graph=True)
    np.testing.assert_array_equal(a.grad.data, [24.0])
    np.testing.assert_array_equal(ag.grad(a.grad, [a])[0].data, [24.0])


def test_a_plain_backward_leaves_no_graph_in_grad():
    v, x = leaf(1.0, 1.0), leaf(1.0, 2.0)
    for _ in range(2):
        (x + 0.0).backward(v)
        assert x.grad is not v
        assert x.grad.node is None
        assert not x.grad.requires_grad
    np.testing.assert_array_equal(x.grad.data, [2.0, 2.0])
    (x * v).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    (x * 2).sum().backward()
    assert x.grad.node is None
    assert not x.grad.requires_grad
    np.testing.assert_array_equal(x.grad.data, [5.0, 5.0])


def test_a_recorded_gradient_can_be_differentiated_by_its_seed():
    v, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = x * x
    with ag.no_grad():
        (g,) = ag.grad(y, [x], v, create_graph=True)
    np.testing.assert_array_equal(ag.grad(g.sum(), [v])[0].data, [6.0, 8.0])
    w = leaf(1.0, 2.0, dtype=np.float32)
    y = x * x
    with ag.no_grad():
        (g,) = ag.grad(y, [x], w, create_graph=True)
    (dw,) = ag.grad(g.sum(), [w])
    assert g.dtype == np.float64
    assert dw.dtype == np.float32
    np.testing.assert_array_equal(dw.data, [6.0, 8.0])


def test_what_was_recorded_of_a_seed_does_not_change_with_the_callers_array():
    x, seed = leaf(3.0), np.array([1.0])
    (g,) = ag.grad(x**3, [x], seed, create_graph=True)
    seed[:] = 100.0
    np.testing.assert_array_equal(ag.grad(g, [x])[0].data, [18.0])


@pytest.mark.parametrize(
    ("seed", "kind", "match"),
    [
        (np.ones(3), ag.ShapeError, r"\(2,\).*\(3,\)"),
        (np.ones(2, np.complex128), ag.DTypeError, "complex128"),
        ([1.0, "two"], ag.DTypeError, "<U"),
        ([[1.0], [1.0, 2.0]], ag.ShapeError, r"\(2,\)"),
        ([None, 1.0], ag.DTypeError, "object"),
    ],
)
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_seed_that_is_no_gradient(seed, kind, match, create_graph):
    x = leaf(1.0, 2.0)
    with pytest.raises(kind, match=f"backward: .*{match}"):
        (x * 2).backward(seed, create_graph=create_graph)
    with pytest.raises(kind, match=f"grad: .*{match}"):
        ag.grad(x * 2, [x], [seed], create_graph=create_graph)
    assert x.grad is None


@pytest.mark.parametrize("place", ["seed", "hook"])
def test_a_recorded_gradient_of_another_shape_is_refused(place):
    x, wrong = leaf(1.0, 2.0), leaf(1.0, 2.0, 3.0)
    y = x * 2.0
    if place == "hook":
        y.register_hook(lambda g: wrong * 1.0)
    seed = wrong if place == "seed" else leaf(1.0, 1.0)
    match = r"gradient must have shape \(2,\), got \(3,\)"
    with pytest.raises(ag.ShapeError, match=match):
        ag.grad(y, [x], seed, create_graph=True)


def test_recorded_gradients_are_added_and_not_converted():
    x = leaf(1.0, 2.0)
    for _ in range(2):
        (x**3).sum().backward(create_graph=True)
    assert x.grad.node.op.name == "add"
    np.testing.assert_array_equal(x.grad.data, 6 * x.data**2)
    x.grad = None


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("whole_first", [False, True])
def test_pieces_and_whole_gradients_add_up_in_any_order(whole_first, create_graph):
    x = leaf(1.0, 2.0, 4.0)
    y = x * 1.0
    parts = [lambda: y[1:].sum() * 10.0, lambda: (y * 3.0).sum(), lambda: y[0] * 100.0]
    if whole_first:  # what was made last comes first
        parts = [parts[0], parts[2], parts[1]]
    (g,) = ag.grad(sum(part() for part in parts), [x], create_graph=create_graph)
    np.testing.assert_array_equal(g.data, [103.0, 13.0, 13.0])


# -- hooks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("kind", [np.array, ag.tensor, lambda v: leaf(*v)])
def test_what_a_hook_returns_to_several_is_shared_by_none(kind, create_graph):
    held = kind([5.0, 6.0])
    a, b, y = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(0.0, 0.0) + 1.0
    y.retain_grad()
    for tensor in (a, b, y):
        tensor.register_hook(lambda g: held)
    (a + b + y).sum().backward(create_graph=create_graph)
    memory = held.data if isinstance(held, ag.Tensor) else held
    assert_apart([a.grad, b.grad, y.grad], memory)
    for tensor in (a, b, y):
        np.testing.assert_array_equal(tensor.grad.data, [5.0, 6.0])
        assert tensor.grad.requires_grad is (
            create_graph and isinstance(held, ag.Tensor) and held.requires_grad
        )


def test_a_hook_may_use_one_buffer_for_all():
    buffer = np.zeros(2)
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for i, tensor in enumerate((a, b), 1):
        tensor.register_hook(lambda g, i=i: np.multiply(g.data, i, out=buffer))
    (a + b).sum().backward()
    np.testing.assert_array_equal(a.grad.data, [1.0, 1.0])
    np.testing.assert_array_equal(b.grad.data, [2.0, 2.0])


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_that_writes_to_its_gradient_changes_no_other(create_graph):
    seed, a, b = np.ones(2), leaf(1.0, 2.0), leaf(3.0, 4.0)

    def double(g):
        with ag.no_grad():
            np.multiply(g.data, 2.0, out=g.data)

    a.register_hook(double)
    (a + b).backward(seed, create_graph=create_graph)
    np.testing.assert_array_equal(seed, 1.0)
    np.testing.assert_array_equal(a.grad.data, 2.0)
    np.testing.assert_array_equal(b.grad.data, 1.0)


def recorded(x):
    return x * 1.0


def sliced(x):
    return ag.concatenate([x, x])[1:3]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("place", [lambda x: x, recorded, sliced], ids=["leaf", "op", "piece"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "returned",
    [
        lambda g: np.array([5.0, 5.0]),
        lambda g: np.array([5, 5]),
        lambda g: [5.0, 5.0],
        lambda g: ag.tensor([5.0, 5.0], dtype=np.float64),
        lambda g: ag.tensor([5, 5]),
        lambda g: g * 0 + 5.0,
        lambda g: np.array([5.0, 5.0], np.float16),
    ],
    ids=["float64", "int", "list", "tensor", "int tensor", "computed", "float16"],
)
def test_what_a_hook_returns_is_made_to_fit(returned, dtype, place, create_graph):
    x = leaf(1.0, 2.0, dtype=dtype)
    y = place(x)
    y.register_hook(returned)
    (g,) = ag.grad(y.sum() * 3.0, [x], create_graph=create_graph)
    assert g.dtype == dtype
    np.testing.assert_array_equal(g.data, 5.0)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_of_a_number_may_return_a_number(create_graph):
    x = ag.tensor(1.0, requires_grad=True)
    x.register_hook(lambda g: 5.0)
    (g,) = ag.grad(x * x, [x], create_graph=create_graph)
    assert (g.item(), g.dtype, g.shape) == (5.0, np.float32, ())


def to_rename(g):
    return g.data * 1j


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("place", [lambda x: x, recorded, sliced], ids=["leaf", "op", "piece"])
@pytest.mark.parametrize(
    ("hook", "kind"),
    [
        (lambda g: 5.0, ag.ShapeError),
        (lambda g: np.ones(3), ag.ShapeError),
        (lambda g: ag.tensor([1.0]), ag.ShapeError),
        (lambda g: [1.0, [2.0]], ag.ShapeError),
        (to_rename, ag.DTypeError),
        (lambda g: "text", ag.DTypeError),
        (lambda g: [None, None], ag.DTypeError),
    ],
)
def test_what_a_hook_must_not_return_names_the_hook(hook, kind, place, create_graph):
    x = leaf(1.0, 2.0)
    y = place(x)
    y.register_hook(hook)
    with pytest.raises(kind, match=f"hook {hook.__qualname__} of"):
        y.sum().backward(create_graph=create_graph)
    assert x.grad is None


# -- all or none -----------------------------------------------------------------------------------


def test_gradients_add_up_in_the_memory_of_the_new_one():
    made = []

    @ag.op
    def noted(x: ag.Array):
        def closure(g):
            fresh = g * 2.0
            made.append(fresh.__array_interface__["data"][0])
            return fresh

        return x * 2.0, closure

    x = leaf(1.0, 2.0, 3.0)
    for count in (1, 2, 3):
        noted(x).sum().backward()
        assert buffer_of(x).__array_interface__["data"][0] == made[-1]
        np.testing.assert_array_equal(buffer_of(x), 2.0 * count)


class Interrupt(BaseException):
    pass


CHECKED = ("CALL", "CALL_FUNCTION_EX", "JUMP_BACKWARD", "RESUME")


def interrupted_at(count, function, code):
    """Run `function`, interrupted at the moment number `count` in `code`; whether that came.

    The moments are those at which the interpreter looks for signals: after a call, at a jump
    back, and at the start of a function.
    """
    instructions = list(dis.get_instructions(code))
    moments = {
        after.offset
        for before, after in itertools.pairwise(instructions)
        if before.opname in CHECKED
    }
    left = count

    def trace(frame, event, _):
        nonlocal left
        if frame.f_code is not code:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and frame.f_lasti in moments:
            left -= 1
            if left == 0:
                raise Interrupt
        return trace

    outer = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except Interrupt:
        return True
    finally:
        sys.settrace(outer)
    return False


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_come_to_all_leaves_or_to_none(create_graph):
    leaves = [leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0)]
    kept = leaf(0.0, 0.0) + 1.0
    kept.retain_grad()
    all_of_them = [*leaves, kept]
    seen, count = set(), 0
    while True:
        count += 1
        for tensor in all_of_them:
            tensor.grad = [1.0, 1.0]
        loss = (leaves[0] + leaves[1] + leaves[2] + kept).sum()
        reached = interrupted_at(
            count,
            lambda loss=loss: loss.backward(retain_graph=True, create_graph=create_graph),
            backprop.BackwardPass.deliver.__code__,
        )
        values = {tuple(tensor.grad.data) for tensor in all_of_them}
        assert len(values) == 1, "some have the new gradient, others the old one"
        seen |= values
        if not reached:
            break
    assert seen == {(1.0, 1.0), (2.0, 2.0)}
    assert count > 10
    opened = []  # the lock is open for others too

    def try_lock():
        if backprop._leaves.lock.acquire(blocking=False):
            backprop._leaves.lock.release()
            opened.append(True)

    thread = threading.Thread(target=try_lock)
    thread.start()
    thread.join()
    assert opened == [True]


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_sum_that_cannot_be_made_changes_no_gradient(create_graph):
    a, b = leaf(1.0, 1.0), leaf(1.0, 1.0)
    (a + b).sum().backward()
    b.grad._data = np.ones(1)  # as when the data of b were replaced
    with pytest.raises(ag.ShapeError, match=r"`grad` of a leaf.*\(1,\).*\(2,\)"):
        (a + b).sum().backward(create_graph=create_graph)
    np.testing.assert_array_equal(a.grad.data, 1.0)
    a, big = leaf(0.0), leaf(0.0)
    (a + big * 1.5e308).sum().backward()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        (a + big * 1.5e308).sum().backward(create_graph=create_graph)
    np.testing.assert_array_equal(a.grad.data, 1.0)
    np.testing.assert_array_equal(big.grad.data, 1.5e308)


# -- roots and inputs ------------------------------------------------------------------------------


def test_a_root_that_leads_to_nothing_wanted():
    x, w = leaf(1.0, 2.0), leaf(3.0)
    assert ag.grad((w * 2).sum(), [x], allow_unused=True) == (None,)
    with pytest.raises(ag.GraphError, match="input 0 .* is not in the graph"):
        ag.grad((w * 2).sum(), [x])
    (g,) = ag.grad([(x * x).sum(), (w * 2).sum()], [x])
    np.testing.assert_array_equal(g.data, [2.0, 4.0])
    (w * 2).sum().backward(inputs=[x])
    assert x.grad is None
    assert w.grad is None
    w.sum().backward(inputs=[x])
    assert w.grad is None


def test_roots_that_are_leaves_inputs_or_given_twice():
    x, w = leaf(1.0, 2.0), leaf(3.0)
    y = x * x
    (g,) = ag.grad([x, y], [x], [np.ones(2), np.ones(2)])
    np.testing.assert_array_equal(g.data, [3.0, 5.0])
    gx, gw = ag.grad([x, w], [x, w], [np.ones(2), None])
    np.testing.assert_array_equal(gx.data, 1.0)
    np.testing.assert_array_equal(gw.data, 1.0)
    y = x * x
    (g,) = ag.grad([y, y], [x], [np.ones(2), 2 * np.ones(2)])
    np.testing.assert_array_equal(g.data, [6.0, 12.0])
    y = x * x
    gy, gx = ag.grad([y, (y * 3).sum()], [y, x], [np.ones(2), None])
    np.testing.assert_array_equal(gy.data, 4.0)
    np.testing.assert_array_equal(gx.data, [8.0, 16.0])


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_gradient_by_the_root_itself_leaves_its_graph_alone(create_graph):
    x = leaf(1.0, 2.0)
    y = x * x
    seen = []
    y.register_hook(lambda g: seen.append(g.data.copy()))
    y.retain_grad()
    (gy,) = ag.grad(y, [y], np.ones(2), create_graph=create_graph)
    np.testing.assert_array_equal(gy.data, 1.0)
    assert len(seen) == 1
    y.backward(np.ones(2))
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])


def test_a_leaf_that_requires_no_gradient_any_more_gets_none():
    w, v = leaf(1.0), leaf(2.0)
    y = (w * v * w).sum()
    called = []
    w.register_hook(called.append)
    w.requires_grad = False
    y.backward()
    assert w.grad is None
    assert not called
    np.testing.assert_array_equal(v.grad.data, 1.0)


def test_inputs_of_backward_only():
    x, w = leaf(1.0, 2.0), leaf(3.0)
    (x * w + w).sum().backward(inputs=[w])
    assert x.grad is None
    np.testing.assert_array_equal(w.grad.data, [5.0])


def test_backward_in_a_handler_in_the_middle_of_a_delivery_is_refused(monkeypatch):
    a, b = leaf(1.0), leaf(2.0)
    other = a * b * 10.0
    added = backprop.added

    def interrupted(taker, box):
        total = added(taker, box)
        monkeypatch.setattr(backprop, "added", added)
        other.backward()  # as a signal's handler would
        return total

    monkeypatch.setattr(backprop, "added", interrupted)
    with pytest.raises(ag.GraphError, match="handler"):
        (a * b).backward()
    assert a.grad is None and b.grad is None
    (a * b).backward()  # and nothing is left locked
    assert a.grad.item() == 2.0 and b.grad.item() == 1.0
