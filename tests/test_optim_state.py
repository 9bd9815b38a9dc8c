"""optim: the state of optimisers, saved, loaded, copied."""

import copy
import json
import pickle

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd.errors import CheckpointError
from optim import schedules
from tests.optim_rules import rules
from tests.test_optim import LR, gradients, leaf, random_leaf, run


@rules
def test_state_goes_on_bit_for_bit(cls, settings):
    grads = gradients(8, (3, 4))
    straight, halted = random_leaf(), random_leaf()
    lr = schedules.cosine(LR, total=8)
    run(cls([straight], lr=lr, **settings), straight, grads)
    first = cls([halted], lr=lr, **settings)
    run(first, halted, grads[:4])
    state, resumed = first.state_dict(), leaf(halted.data)
    run(first, halted, grads[:2])  # the dictionary is a copy

    second = cls([resumed], lr=lr, **settings)
    second.load_state_dict(state)
    assert np.array_equal(run(second, resumed, grads[4:]), straight.data)
    assert second.steps == 8


def test_state_dict_has_pytorchs_layout_and_plain_settings():
    a, b = leaf([1.0]), leaf([[1.0, 2.0]])
    optimizer = optim.Adam([{"params": [a]}, {"params": [b], "lr": 0.5}])
    b.grad = ag.tensor([[1.0, 1.0]])
    optimizer.step()
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0], [1]]
    assert list(state["state"]) == [1]
    assert set(state["state"][1]) == {"step", "exp_avg", "exp_avg_sq"}
    json.dumps(state["param_groups"])
    restored = optim.Adam([{"params": [leaf([1.0])]}, {"params": [leaf([[1.0, 2.0]])]}])
    state["param_groups"] = json.loads(json.dumps(state["param_groups"]))
    restored.load_state_dict(state)
    assert restored.param_groups[1]["lr"] == 0.5
    assert restored.param_groups[1]["betas"] == (0.9, 0.999)


def test_state_is_converted_to_the_parameters_dtype():
    w = leaf([1.0], np.float64)
    optimizer = optim.SGD([w], momentum=0.9)
    run(optimizer, w, [np.ones(1)])
    other = leaf([1.0])
    narrow = optim.SGD([other], momentum=0.9)
    narrow.load_state_dict(optimizer.state_dict())
    assert narrow.state[other]["momentum_buffer"].dtype == np.float32


def test_every_problem_of_a_state_is_listed_and_nothing_changed():
    a, b = leaf([1.0, 2.0]), leaf([1.0])
    optimizer = optim.SGD([("a", a), ("b", b)], momentum=0.9)
    a.grad, b.grad = ag.tensor([1.0, 1.0]), ag.tensor([1.0])
    optimizer.step()
    before = optimizer.state_dict()
    wrong = copy.deepcopy(before)
    wrong["state"][0]["momentum_buffer"] = np.zeros(3, np.float32)
    wrong["state"][1] = {"step": 1.5, "exp_avg": np.zeros(1)}
    wrong["state"][7] = {}
    group = wrong["param_groups"][0]
    group["lr"] = -1.0
    group["param_names"] = ["a", "c"]
    group["surprise"] = 1
    del group["nesterov"]
    with pytest.raises(CheckpointError) as caught:
        optimizer.load_state_dict(wrong)
    for part in [
        "lr must be a number of at least 0, got -1.0",
        "missing 'nesterov'",
        "unknown 'surprise'",
        "parameter 'b' is 'c' there",
        "'momentum_buffer' has shape (3,), the parameter (2,)",
        "'step' is 1.5",
        "unknown 'exp_avg'",
        "parameter 7: there are 2 parameters",
    ]:
        assert part in str(caught.value)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for number in (0, 1):
        assert np.array_equal(
            after["state"][number]["momentum_buffer"], before["state"][number]["momentum_buffer"]
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: 3, "returned, got a int"),
        (lambda s: {}, "missing 'steps'; missing 'state'; missing 'param_groups'"),
        (lambda s: s | {"more": 1}, "unknown 'more'"),
        (lambda s: s | {"steps": "1"}, "'steps' is a str, not a int"),
        (lambda s: s | {"steps": -1}, "'steps' is -1"),
        (lambda s: s | {"param_groups": []}, "1 parameter groups here and 0 in the state"),
        (lambda s: s | {"param_groups": [3]}, "group 0 is no dictionary"),
        (
            lambda s: s | {"param_groups": [s["param_groups"][0] | {"params": [0, 1]}]},
            "group 0 has 1 parameters here and 2",
        ),
        (lambda s: s | {"state": {0: 3}}, "is a int, not a dictionary"),
        (
            lambda s: s | {"state": {0: {"step": 1, "momentum_buffer": np.array([1])}}},
            "is of int64, not of floats",
        ),
        (
            lambda s: s | {"param_groups": [s["param_groups"][0] | {"lr": "cosine(...)"}]},
            r"'lr' was the function cosine\(...\)",
        ),
    ],
)
def test_foreign_states(change, message):
    optimizer = optim.SGD([leaf([1.0])], momentum=0.9)
    with pytest.raises(CheckpointError, match=message):
        optimizer.load_state_dict(change(optimizer.state_dict()))


def test_copies_and_pickles_train_on():
    w = leaf([1.0])
    optimizer = optim.Adam([w], lr=schedules.warmup(0.1, steps=3))
    run(optimizer, w, [np.ones(1, np.float32)])
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        (twin,) = other.param_groups[0]["params"]
        assert twin is not w
        mine = copy.deepcopy(optimizer)
        (reference,) = mine.param_groups[0]["params"]
        grads = gradients(3, (1,))
        assert run(other, twin, grads) == run(mine, reference, grads)
    assert w.item() == pytest.approx(0.99)


SWITCHED = [
    (optim.SGD, {}, {"momentum": 0.9, "dampening": 0.5}),
    (optim.SGD, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.0}),
    (optim.SGD, {"momentum": 0.9, "nesterov": True}, {"dampening": 0.5}),
    (optim.SGD, {"momentum": 0.9}, {"nesterov": True, "weight_decay": 0.1, "maximize": True}),
    (optim.Adam, {}, {"amsgrad": True, "weight_decay": 0.1}),
    (optim.AdamW, {"amsgrad": True}, {"amsgrad": False, "decoupled_weight_decay": False}),
    (optim.RMSprop, {}, {"centered": True, "momentum": 0.5}),
    (optim.RMSprop, {"centered": True, "momentum": 0.5}, {"centered": False, "momentum": 0.0}),
    (optim.Adagrad, {}, {"weight_decay": 0.1, "lr_decay": 0.1}),
]


@pytest.mark.parametrize(("cls", "settings", "switched"), SWITCHED)
@pytest.mark.parametrize("halt", range(5))
def test_a_state_goes_on_whatever_was_switched_before_it_was_saved(cls, settings, switched, halt):
    """On after two steps, off again after the fourth; halted before, between and after these."""

    def train(optimizer, tensor, first, last):
        for step in range(first, last):
            if step in (2, 4):
                optimizer.param_groups[0].update(switched if step == 2 else settings_before)
            if halted is not None and step == halted:
                return
            tensor.grad = ag.tensor(grads[step])
            optimizer.step()

    grads = gradients(6, (3,))
    straight, tensor = random_leaf((3,)), random_leaf((3,))
    whole, first = cls([straight], LR, **settings), cls([tensor], LR, **settings)
    settings_before = {name: whole.param_groups[0][name] for name in switched}
    halted = None
    train(whole, straight, 0, 6)
    halted = halt
    train(first, tensor, 0, 6)
    resumed = leaf(tensor.data)
    second = cls([resumed], LR, **settings)
    second.load_state_dict(first.state_dict())
    halted = None
    train(second, resumed, halt, 6)
    assert np.array_equal(resumed.data, straight.data)


@pytest.mark.parametrize("size", [3, 20_000])
def test_the_first_velocity_is_a_gradient_whenever_momentum_is_switched_on(size):
    """As in PyTorch: dampening counts from the second step with momentum on."""
    torch = pytest.importorskip("torch")
    ours = [leaf(np.ones(size)), leaf(np.ones(size))]
    theirs = [torch.ones(size, requires_grad=True) for _ in range(2)]
    for module, params in ((optim, ours), (torch.optim, theirs)):
        optimizer = module.SGD(params, lr=0.5, dampening=0.5)
        for step, momentum in enumerate((0.0, 0.5, 0.5, 0.0, 0.5)):
            optimizer.param_groups[0]["momentum"] = momentum
            for number, p in enumerate(params):
                p.grad = None
                if number == 0 or step % 2 == 0:  # the second one has its velocity later
                    slope = np.full(size, 1.0 + step, np.float32)
                    p.grad = ag.tensor(slope) if module is optim else torch.tensor(slope)
            optimizer.step()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a.data, b.detach().numpy())


# ------------------------------------------------------- what is kept beside arrays of the shape


class Kept(optim.Optimizer):
    """A rule of one's own that keeps of each kind, for each parameter and for each group."""

    def __init__(self, params, lr=0.1, decay=0.5):
        trace = np.zeros(2)
        super().__init__(params, {"lr": lr, "decay": decay, "mean": trace, "calls": 0, "of": "a"})

    @staticmethod
    def initial_state(settings):
        return {"velocity": 0.0}

    @staticmethod
    def initial_values(w, settings):
        rows = np.zeros(w.shape[:1], w.dtype)
        return {
            "product": 1.0,
            "count": 0,
            "phase": "begun",
            "rows": rows,
            "last": None,
            "on": True,
        }

    @staticmethod
    def update(w, g, state, settings, step, scratch):
        state["product"] *= settings["decay"]
        state["count"] += 1
        state["phase"] = f"after {step}"
        state["rows"] += g.sum(axis=tuple(range(1, g.ndim)))
        state["last"] = {"norms": [float(np.linalg.norm(g))], "gradient": g.copy()}
        state["on"] = not state["on"]
        state["velocity"] += g * state["product"]
        w -= settings["lr"] * (
            state["velocity"] + np.reshape(state["rows"], (-1, *[1] * (g.ndim - 1)))
        )

    def step(self, closure=None):
        result = super().step(closure)
        for group in self.param_groups:
            group["calls"] += 1
            group["mean"] = group["mean"] + [1.0, self.steps]
        return result


SIZES = [(3, 2), (200, 150)]  # the second is more than a block


def kept_after(steps, shape):
    w = random_leaf(shape, np.float64)
    optimizer = Kept([w])
    run(optimizer, w, gradients(steps, shape, np.float64))
    return w, optimizer


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("through_a_file", [False, True])
def test_a_state_of_every_kind_goes_on(shape, through_a_file, tmp_path):
    grads = gradients(6, shape, np.float64)
    straight, whole = random_leaf(shape, np.float64), random_leaf(shape, np.float64)
    ahead, first = Kept([straight]), Kept([whole])
    run(ahead, straight, grads)
    run(first, whole, grads[:3])
    state = first.state_dict()
    if through_a_file:
        nn.save(state, tmp_path / "state.safetensors")
        state = nn.load(tmp_path / "state.safetensors")
    resumed = leaf(whole.data, np.float64)
    run(first, whole, grads[:2])  # the dictionary is a copy
    second = Kept([resumed])
    second.load_state_dict(state)
    run(second, resumed, grads[3:])
    np.testing.assert_array_equal(resumed.data, straight.data)
    np.testing.assert_equal(second.state_dict(), ahead.state_dict())
    assert second.state[resumed]["phase"] == "after 6"
    assert second.state[resumed]["rows"].shape == shape[:1]
    assert second.state[resumed]["product"] == 0.5**6  # once a step, of whatever size
    assert second.param_groups[0]["calls"] == 6


def test_a_state_of_every_kind_is_copied_and_pickled():
    _, optimizer = kept_after(2, (3, 2))
    before = optimizer.state_dict()
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        np.testing.assert_equal(other.state_dict(), before)
        (twin,) = other.param_groups[0]["params"]
        run(other, twin, gradients(1, (3, 2), np.float64))
        np.testing.assert_equal(optimizer.state_dict(), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"product": "x"}, "'product' is 'x', not a number"),
        ({"product": True}, "'product' is True, not a number"),
        ({"on": 1}, "'on' is 1, not True or False"),
        ({"phase": 3}, "'phase' is 3, not a str"),
        ({"rows": 3.0}, "'rows' is a number, not an array of float64"),
        ({"rows": np.zeros(4)}, r"'rows' has shape \(4,\), not \(3,\)"),
        ({"rows": np.zeros(3, int)}, "'rows' is an array of int64, not an array of float64"),
        ({"surprise": 1}, "unknown 'surprise'"),
        ({"velocity": 3.0}, r"'velocity' has shape \(\), the parameter \(3, 2\)"),
    ],
)
def test_a_value_of_another_kind(change, message):
    _, optimizer = kept_after(1, (3, 2))
    before, wrong = optimizer.state_dict(), optimizer.state_dict()
    wrong["state"][0] |= change
    with pytest.raises(CheckpointError, match=message):
        optimizer.load_state_dict(wrong)
    np.testing.assert_equal(optimizer.state_dict(), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"calls": "many"}, "group 0: 'calls' is 'many', not a number"),
        ({"mean": np.zeros(3)}, r"group 0: 'mean' has shape \(3,\), not \(2,\)"),
        ({"of": 3.0}, "group 0: 'of' is 3.0, not a str"),
    ],
)
def test_a_value_of_another_kind_in_a_group(change, message):
    _, optimizer = kept_after(1, (3, 2))
    wrong = optimizer.state_dict()
    wrong["param_groups"][0] |= change
    with pytest.raises(CheckpointError, match=message):
        optimizer.load_state_dict(wrong)


def test_numbers_and_switches_of_numpy_are_such():
    _, optimizer = kept_after(1, (3, 2))
    state = optimizer.state_dict()
    state["state"][0] |= {"product": np.float32(0.25), "count": np.int64(2), "on": np.bool_(True)}
    optimizer.load_state_dict(state)
    (kept,) = optimizer.state.values()
    assert (kept["product"], kept["count"], kept["on"]) == (0.25, 2, True)


def test_a_missing_value():
    _, optimizer = kept_after(1, (3, 2))
    wrong = optimizer.state_dict()
    del wrong["state"][0]["count"]
    with pytest.raises(CheckpointError, match="missing 'count'"):
        optimizer.load_state_dict(wrong)


@pytest.mark.parametrize("size", [3, 40_000])
def test_a_rule_whose_state_has_an_entry_that_nothing_names(size):
    class Forgets(optim.Optimizer):
        @staticmethod
        def initial_state(settings):
            return dict.fromkeys("abcdefgh", 0.0)

        @staticmethod
        def update(w, g, state, settings, step, scratch):
            w -= g
            state["mean"] = g.copy()

    w = leaf(np.ones(size))
    w.grad = np.ones(size, np.float32)
    optimizer = Forgets([w], {"lr": 1.0})
    with pytest.raises(ag.ArgumentError, match=r"Forgets.update: state .* got 'mean' too"):
        optimizer.step()
    assert (w.data == 1).all()
    assert not optimizer.state


def test_an_array_that_a_rule_puts_in_place_of_another_is_kept_of_any_size():
    class Averaged(optim.Optimizer):
        @staticmethod
        def initial_state(settings):
            return {"mean": 0.0}

        @staticmethod
        def update(w, g, state, settings, step, scratch):
            state["mean"] = state["mean"] + (g - state["mean"]) / step
            w -= state["mean"]

    for size in (3, 40_000):  # the second comes in blocks
        w = leaf(np.zeros(size))
        optimizer = Averaged([w], {"lr": 1.0})
        run(optimizer, w, [np.full(size, slope, np.float32) for slope in (1, 3, 5)])
        np.testing.assert_array_equal(w.data, -(1 + 2 + 3))
        np.testing.assert_array_equal(optimizer.state[w]["mean"], 3)


def test_a_label_and_a_setting_may_be_of_another_kind_than_here():
    saved = optim.NewtonCG([{"params": [leaf([1.0])], "name": "all"}]).state_dict()
    optimizer = optim.NewtonCG([{"params": [leaf([1.0])], "name": 1, "max_cg": 5}])
    optimizer.load_state_dict(saved)
    (group,) = optimizer.param_groups
    assert (group["name"], group["max_cg"]) == ("all", None)


def test_a_learning_rate_that_is_a_function_is_saved_as_its_name():
    rate = schedules.cosine(0.1, total=9)
    (group,) = optim.SGD([leaf([1.0])], lr=rate).state_dict()["param_groups"]
    assert group["lr"] == repr(rate)
