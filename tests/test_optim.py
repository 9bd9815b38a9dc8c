"""optim: update rules against NumPy loops and PyTorch, parameter groups, bad input."""

import math
import subprocess
import sys

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.errors import (
    ArgumentError,
    DTypeError,
    GraphError,
    InPlaceError,
    ShapeError,
)
from optim import schedules
from tests.optim_rules import rules

LR = 0.05


def leaf(values, dtype=np.float32):
    return ag.tensor(np.array(values, dtype), requires_grad=True)


def random_leaf(shape=(3, 4), dtype=np.float32, seed=0):
    return leaf(np.random.default_rng(seed).normal(size=shape), dtype)


def gradients(count, shape, dtype=np.float32, seed=1):
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape).astype(dtype) for _ in range(count)]


def run(optimizer, tensor, grads):
    for grad in grads:
        tensor.grad = ag.tensor(grad)
        optimizer.step()
    return tensor.data


def units_apart(a, b):
    """The largest difference in units of the last place of the larger values."""
    scale = np.maximum(np.abs(a), np.abs(b)).max()
    return np.abs(a.astype(np.float64) - b).max() / (np.finfo(a.dtype).eps * scale)


# ------------------------------------------------------------------------------ update rules


def loop_sgd(w, grads, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, sign=1):
    v = None
    for dw in grads:
        dw = sign * dw + weight_decay * w
        v = dw if v is None else momentum * v + (1 - dampening) * dw
        w = w - LR * (dw + momentum * v if nesterov else v if momentum else dw)
    return w


def loop_adam(w, grads, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, **rest):
    decoupled, sign = rest.get("decoupled"), rest.get("sign", 1)
    m = v = top = np.zeros_like(w)
    for t, dw in enumerate(grads, 1):
        dw = sign * dw
        if decoupled:
            w = w * (1 - LR * weight_decay)
        else:
            dw = dw + weight_decay * w
        m = betas[0] * m + (1 - betas[0]) * dw
        v = betas[1] * v + (1 - betas[1]) * dw**2
        top = np.maximum(top, v)
        second = (top if amsgrad else v) / (1 - betas[1] ** t)
        w = w - LR * (m / (1 - betas[0] ** t)) / (np.sqrt(second) + eps)
    return w


def loop_rmsprop(w, grads, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, **rest):
    centered, sign = rest.get("centered"), rest.get("sign", 1)
    m = v = b = np.zeros_like(w)
    for dw in grads:
        dw = sign * dw + weight_decay * w
        v = alpha * v + (1 - alpha) * dw**2
        m = alpha * m + (1 - alpha) * dw
        step = dw / (np.sqrt(v - m**2 if centered else v) + eps)
        b = momentum * b + step
        w = w - LR * b
    return w


def loop_adagrad(w, grads, lr_decay=0.0, weight_decay=0.0, eps=1e-10, sign=1, **rest):
    total = np.full_like(w, rest.get("initial_accumulator_value", 0.0))
    for t, dw in enumerate(grads):
        dw = sign * dw + weight_decay * w
        total = total + dw**2
        w = w - LR / (1 + t * lr_decay) * dw / (np.sqrt(total) + eps)
    return w


def loop(cls, w, grads, settings):
    """The textbook's loop in float64 for any of the rules."""
    settings = dict(settings)
    settings["sign"] = -1 if settings.pop("maximize", False) else 1
    if settings.pop("decoupled_weight_decay", cls is optim.AdamW):
        settings = {"weight_decay": 0.01, **settings, "decoupled": True}
    loops = {
        "SGD": loop_sgd,
        "Adam": loop_adam,
        "AdamW": loop_adam,
        "RMSprop": loop_rmsprop,
        "Adagrad": loop_adagrad,
    }
    assert cls.__name__ in loops, f"write the textbook's loop of {cls.__name__} in `loops`"
    return loops[cls.__name__](w, grads, **settings)


def pytorchs(cls):
    """PyTorch's class of that name."""
    torch = pytest.importorskip("torch")
    return getattr(torch.optim, cls.__name__, None) or pytest.skip("PyTorch has no such rule")


@rules
def test_float64_equals_the_textbook(cls, settings):
    w, grads = random_leaf(dtype=np.float64), gradients(20, (3, 4), np.float64)
    expected = loop(cls, w.data.copy(), grads, settings)
    np.testing.assert_allclose(run(cls([w], lr=LR, **settings), w, grads), expected, rtol=1e-11)


@rules
def test_float32_equals_pytorch(cls, settings):
    torch = pytest.importorskip("torch")
    ours, grads = random_leaf((50, 40)), gradients(25, (50, 40))
    theirs = torch.tensor(ours.data.copy(), requires_grad=True)
    optimizer = pytorchs(cls)([theirs], lr=LR, **settings)
    for grad in grads:
        theirs.grad = torch.tensor(grad)
        optimizer.step()
    result = run(cls([ours], lr=LR, **settings), ours, grads)
    assert units_apart(result, theirs.detach().numpy()) < 8


@rules
def test_defaults_are_pytorchs(cls, settings):
    torch = pytest.importorskip("torch")
    ours = cls([leaf([1.0])]).defaults
    theirs = pytorchs(cls)([torch.ones(1, requires_grad=True)]).defaults
    switches = {"foreach", "capturable", "differentiable", "fused"}  # of its implementation
    assert ours == {key: value for key, value in theirs.items() if key not in switches}


def test_momentum_bit_for_bit_as_written_by_hand():
    w, grads = random_leaf((7, 5)), gradients(30, (7, 5))
    by_hand, v, rho, lr = w.data.copy(), np.zeros((7, 5), np.float32), 0.9, 0.03
    for dw in grads:
        v = rho * v + dw
        by_hand -= lr * v
    assert np.array_equal(run(optim.SGD([w], lr=lr, momentum=rho), w, grads), by_hand)


def test_plain_descent_bit_for_bit_as_written_by_hand():
    w, grads = random_leaf(), gradients(9, (3, 4))
    by_hand = w.data.copy()
    for dw in grads:
        by_hand -= 0.03 * dw
    assert np.array_equal(run(optim.SGD([w], lr=0.03), w, grads), by_hand)


@rules
def test_float32_stays_float32_and_float64_float64(cls, settings):
    for dtype in (np.float32, np.float64):
        w = random_leaf(dtype=dtype)
        optimizer = cls([w], lr=np.float64(0.1), **settings)
        run(optimizer, w, gradients(2, (3, 4), dtype))
        arrays = [
            w.data,
            *(optimizer.state[w][name] for name in cls.initial_state(optimizer.defaults)),
        ]
        assert {array.dtype for array in arrays} == {np.dtype(dtype)}


@rules
def test_large_arrays_in_blocks_give_the_same_as_whole_ones(cls, settings):
    """Contiguous arrays come in flat blocks, others whole: same numbers, same array."""
    w = random_leaf((300, 200))
    strided = ag.Tensor(np.asfortranarray(w.data), requires_grad=True)
    grads = gradients(3, (300, 200))
    array = w.data
    first = run(cls([w], lr=LR, **settings), w, grads)
    second = run(cls([strided], lr=LR, **settings), strided, grads)
    assert first is array
    assert np.array_equal(first, second)


@rules
@pytest.mark.parametrize("shape", [(), (0, 3), (1,)])
def test_scalars_and_empty_arrays(cls, settings, shape):
    w, grads = random_leaf(shape, np.float64), gradients(3, shape, np.float64)
    expected = loop(cls, w.data.copy(), grads, settings)
    np.testing.assert_allclose(run(cls([w], lr=LR, **settings), w, grads), expected, rtol=1e-11)


@rules
def test_the_gradient_is_not_written_to(cls, settings):
    w, (grad,) = random_leaf(), gradients(1, (3, 4))
    w.grad = ag.tensor(grad)
    cls([w], lr=LR, **settings).step()
    assert np.array_equal(w.grad.data, grad)


def test_a_step_allocates_little():
    import tracemalloc

    w = random_leaf((1000, 500))  # 2 MB
    optimizer = optim.Adam([w])
    w.grad = ag.tensor(gradients(1, (1000, 500))[0])
    optimizer.step()
    tracemalloc.start()
    optimizer.step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@rules
def test_a_rule_computes_in_the_arrays_that_it_is_given(cls, settings):
    import tracemalloc

    optimizer = cls([leaf([0.0])], lr=LR, **settings)
    w, g, *scratch = np.random.default_rng(0).normal(size=(4, 20_000))
    state = {name: np.ones(20_000) for name in cls.initial_state(optimizer.defaults)}
    state |= cls.initial_values(w, optimizer.defaults)
    cls.update(w, g, state, optimizer.defaults, 1, tuple(scratch))
    tracemalloc.start()
    cls.update(w, g, state, optimizer.defaults, 2, tuple(scratch))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < w.nbytes / 10


def test_huge_gradients_update_everything_without_a_warning():
    w = random_leaf()
    run(optim.Adam([w]), w, [np.full((3, 4), 1e30, np.float32)])
    assert np.isfinite(w.data).all()


# ------------------------------------------------------------------------ a training's habits


def test_the_usual_loop_learns_a_line():
    x = np.linspace(-1, 1, 20, dtype=np.float32)
    w, b = leaf(0.0), leaf(0.0)
    optimizer = optim.Adam([w, b], lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        ((w * x + b - (3 * x - 1)) ** 2).mean().backward()
        optimizer.step()
    assert abs(w.item() - 3) < 1e-3
    assert abs(b.item() + 1) < 1e-3


def test_parameters_without_gradient_and_frozen_ones_are_skipped():
    a, b, c = leaf([1.0]), leaf([1.0]), leaf([1.0])
    optimizer = optim.SGD([a, b, c], lr=1.0, weight_decay=0.5)
    a.grad = c.grad = ag.tensor([1.0])
    c.requires_grad_(False)
    optimizer.step()
    assert (a.item(), b.item(), c.item()) == (-0.5, 1.0, 1.0)
    assert list(optimizer.state) == [a]


def test_zero_grad():
    w = leaf([1.0, 2.0])
    optimizer = optim.SGD([w])
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is None
    w.grad = ag.tensor([1.0, 2.0])
    grad = w.grad
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is grad
    assert grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert w.grad is None
    w.grad = ag.tensor(np.broadcast_to(np.float32(1), 2))
    w.grad.data.flags.writeable = False
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0, 0]


def test_closure_is_recorded_and_its_loss_returned():
    w = leaf([2.0])
    optimizer = optim.SGD([w], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with ag.no_grad():
        assert optimizer.step(closure).item() == 4
    assert w.item() == 1


def test_replaced_data_is_trained():
    w = leaf([1.0, 2.0])
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5)
    run(optimizer, w, [np.ones(2, np.float32)])
    new = np.array([10.0, 20.0], np.float32)
    w.data = new
    run(optimizer, w, [np.ones(2, np.float32)])
    assert new.tolist() == [8.5, 18.5]  # momentum went on: v = 1.5


def test_a_parameter_converted_to_float64_takes_its_state_along():
    w = leaf([1.0])
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5)
    run(optimizer, w, [np.ones(1, np.float32)])
    w.data = w.data.astype(np.float64)
    run(optimizer, w, [np.ones(1)])
    assert w.tolist() == [-1.5]
    assert optimizer.state[w]["momentum_buffer"].dtype == np.float64


def test_tied_parameters_move_once():
    w = leaf([1.0])
    optimizer = optim.SGD([w, w], lr=1.0)
    assert optimizer.param_groups[0]["params"] == [w]
    run(optimizer, w, [np.ones(1, np.float32)])
    assert w.item() == 0


def test_a_step_before_backward_is_noticed():
    w = leaf([2.0])
    optimizer = optim.SGD([w], lr=0.1)
    w.grad = ag.tensor([1.0])
    loss = (w * w).sum()
    optimizer.step()
    with pytest.raises(InPlaceError) as caught:
        loss.backward()
    message = str(caught.value)
    lines = [part.split(".py:")[1] for part in message.split() if ".py:" in part]
    assert "multiply" in message
    assert len(lines) == 2, message
    assert message.count("test_optim.py") == 2


def test_a_step_with_the_graph_of_the_next_loss_alive_is_fine():
    w = leaf([2.0])
    optimizer = optim.SGD([w], lr=0.1)
    for _ in range(3):
        (w * w).sum().backward()
        optimizer.step()
        optimizer.zero_grad()


# -------------------------------------------------------------------- groups and learning rates


def test_groups_have_their_own_settings():
    a, b = leaf([1.0]), leaf([1.0])
    optimizer = optim.SGD([{"params": [a]}, {"params": iter([b]), "lr": 0.5}], lr=0.25)
    a.grad = b.grad = ag.tensor([1.0])
    optimizer.step()
    assert (a.item(), b.item()) == (0.75, 0.5)
    c = leaf([1.0])
    optimizer.add_param_group({"params": [c], "name": "late", "weight_decay": 1.0})
    c.grad = ag.tensor([0.0])
    optimizer.step()
    assert c.item() == 0.75


def test_named_parameters_are_named_in_errors():
    w = leaf([1.0])
    optimizer = optim.SGD([("fc.weight", w)])
    w.data = np.zeros(3, np.float32)
    w.grad = np.zeros(3, np.float32)
    optimizer.step()
    w.data = np.zeros(2, np.float32)
    with pytest.raises(ShapeError, match=r"'fc.weight' has shape \(2,\) and a gradient .*\(3,\)"):
        optimizer.step()


def test_learning_rate_as_a_function_of_the_step():
    w = leaf([0.0])
    seen = []

    def rate(step):
        seen.append(step)
        return [1.0, 0.5, 0.25][step]

    optimizer = optim.SGD([w], lr=rate)
    run(optimizer, w, [np.ones(1, np.float32)] * 3)
    assert (w.item(), seen) == (-1.75, [0, 1, 2])


def test_settings_may_be_changed_between_steps():
    w = leaf([0.0])
    optimizer = optim.SGD([w], lr=1.0)
    run(optimizer, w, [np.ones(1, np.float32)])
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.param_groups[0]["momentum"] = 0.9  # its buffer is made now
    run(optimizer, w, [np.ones(1, np.float32)])
    assert w.item() == -1.5
    optimizer.param_groups[0]["lr"] = -1
    with pytest.raises(ArgumentError, match="lr must be .*, got -1"):
        run(optimizer, w, [np.ones(1, np.float32)])
    assert w.item() == -1.5


def test_repr():
    w = random_leaf((3, 4))
    assert repr(optim.SGD([w], lr=schedules.cosine(0.1, total=9))) == (
        "SGD(1 parameter of 12 elements, lr=cosine(lr=0.1, total=9, final=0.0), momentum=0.0, "
        "dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False)"
    )
    two = optim.Adagrad([{"params": [w]}, {"params": [leaf([1.0]), leaf([1.0])], "lr": 1}])
    assert len(repr(two).splitlines()) == 4
    assert "2 parameters of 2 elements, lr=1.0" in repr(two)


# ------------------------------------------------------------------------------------ bad input


class Net:
    def parameters(self):
        yield leaf([1.0])


def consumed():
    generator = Net().parameters()
    list(generator)
    return generator


def recorded():
    return leaf([1.0]) * 2


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (list, ArgumentError, "params must hold"),
        (consumed, ArgumentError, "only once"),
        (lambda: leaf([1.0]), DTypeError, r"got one Tensor; write \[w\]"),
        (Net, DTypeError, r"got a Net; write net.parameters\(\)"),
        (lambda: Net().parameters, DTypeError, r"call it: net.parameters\(\)"),
        (lambda: np.ones(3), DTypeError, "parameter 0 must be .*, got float64"),
        (lambda: [np.ones(3)], DTypeError, "parameter 0 must be .*, got ndarray"),
        (lambda: [leaf([1.0]), None], DTypeError, "parameter 1 must be .*, got NoneType"),
        (lambda: {leaf([1.0])}, DTypeError, "params must be .*, got set"),
        (lambda: {"params": [leaf([1.0])]}, DTypeError, "params must be .*, got dict"),
        (lambda: "weights", DTypeError, "params must be .*, got str"),
        (lambda: None, DTypeError, "params must be .*, got NoneType"),
        (lambda: [recorded()], GraphError, "parameter 0 is no leaf but the result of <multiply"),
        (lambda: [ag.tensor([1.0])], GraphError, r"parameter 0 \(shape \(1,\)\) requires no grad"),
        (lambda: [("w", ag.tensor([1.0]))], GraphError, "parameter 'w'"),
        (lambda: [("w", leaf([1.0])), leaf([1.0])], DTypeError, "mixes"),
        (lambda: [{"params": [leaf([1.0])]}, leaf([1.0])], DTypeError, "mixes dictionaries"),
        (lambda: [{"lr": 0.1}], ArgumentError, r"has the keys \['lr'\]; the key 'params'"),
        (lambda: [{"params": []}], ArgumentError, "parameter group 0: params must hold"),
        (
            lambda: [{"params": [leaf([1.0])], "rate": 0.1}],
            ArgumentError,
            "unknown setting 'rate'; it takes lr, momentum",
        ),
        (
            lambda: [{"params": [leaf([1.0])], "lr": -0.1}],
            ArgumentError,
            "parameter group 0: lr must be .*, got -0.1",
        ),
    ],
)
def test_what_is_no_list_of_parameters(params, error, message):
    with pytest.raises(error, match=message):
        optim.SGD(params())


def test_a_parameter_in_two_groups():
    w, b = leaf([1.0]), leaf([1.0])
    with pytest.raises(ArgumentError, match="parameter 0 of group 1 is already in group 0"):
        optim.SGD([{"params": [w]}, {"params": [w]}])
    optimizer = optim.SGD([w])
    with pytest.raises(ArgumentError, match="already in group 0"):
        optimizer.add_param_group({"params": [b, w]})
    with pytest.raises(DTypeError, match="parameter group 1 must be .*, got list"):
        optimizer.add_param_group([b])
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize(
    ("cls", "settings", "error"),
    [
        (optim.SGD, {"lr": -0.1}, ArgumentError),
        (optim.SGD, {"lr": math.nan}, ArgumentError),
        (optim.SGD, {"lr": math.inf}, ArgumentError),
        (optim.SGD, {"lr": "fast"}, DTypeError),
        (optim.SGD, {"lr": None}, DTypeError),
        (optim.SGD, {"momentum": -1}, ArgumentError),
        (optim.SGD, {"momentum": [0.9]}, DTypeError),
        (optim.SGD, {"weight_decay": -1e-4}, ArgumentError),
        (optim.SGD, {"nesterov": True}, ArgumentError),
        (optim.SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, ArgumentError),
        (optim.SGD, {"nesterov": 2}, DTypeError),
        (optim.Adam, {"betas": 0.9}, DTypeError),
        (optim.Adam, {"betas": (0.9, 1.0)}, ArgumentError),
        (optim.Adam, {"betas": (-0.1, 0.9)}, ArgumentError),
        (optim.Adam, {"eps": -1}, ArgumentError),
        (optim.Adam, {"amsgrad": "yes"}, DTypeError),
        (optim.AdamW, {"weight_decay": -1}, ArgumentError),
        (optim.RMSprop, {"alpha": 1.5}, ArgumentError),
        (optim.RMSprop, {"centered": None}, DTypeError),
        (optim.Adagrad, {"lr_decay": -1}, ArgumentError),
        (optim.Adagrad, {"initial_accumulator_value": -1}, ArgumentError),
    ],
)
def test_settings_outside_their_range(cls, settings, error):
    name = list(settings)[-1] if "nesterov" not in settings else "nesterov"
    with pytest.raises(error, match=f"{cls.__name__}: {name}"):
        cls([leaf([1.0])], **settings)


def test_nothing_moves_if_one_parameter_cannot():
    a, b = leaf([1.0]), leaf([1.0])
    optimizer = optim.SGD([a, b], lr=1.0)
    a.grad, b.grad = ag.tensor([1.0]), ag.tensor([1.0])
    b.data.flags.writeable = False
    with pytest.raises(InPlaceError, match="parameter 1 of group 0 has a read-only array"):
        optimizer.step()
    b.data = np.ones(2, np.float32)
    with pytest.raises(ShapeError, match=r"parameter 1 of group 0 has shape \(2,\)"):
        optimizer.step()
    optimizer = optim.SGD([a], lr=lambda step: -1)
    with pytest.raises(
        ArgumentError, match=r"lr \(the function's value at step 0\) must be .*, got -1"
    ):
        optimizer.step()
    assert a.item() == 1
    assert optimizer.steps == 0


def test_state_of_another_shape_than_the_parameter():
    w = leaf([1.0])
    optimizer = optim.SGD([w], momentum=0.9)
    run(optimizer, w, [np.ones(1, np.float32)])
    w.data, w.grad = np.ones(2, np.float32), None
    w.grad = np.ones(2, np.float32)
    with pytest.raises(ShapeError, match=r"shape \(2,\) and optimiser state of shape \(1,\)"):
        optimizer.step()


def test_another_distribution_named_autograd_is_told_apart(tmp_path):
    (tmp_path / "autograd").mkdir()
    (tmp_path / "autograd" / "__init__.py").write_text("")
    path = [str(tmp_path), *sys.path]
    code = f"import sys; sys.path[:] = {path!r}; import optim"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert "ImportError" in result.stderr
    assert "HIPS autograd" in result.stderr
    assert "pip uninstall autograd" in result.stderr
