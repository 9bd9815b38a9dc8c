"""optim.schedules, optim.lr_scheduler, and clipping."""

import math
import pickle

import numpy as np
import pytest

import autograd as ag
import optim
from autograd.errors import ArgumentError, CheckpointError, DTypeError, GraphError, InPlaceError
from optim import lr_scheduler, schedules
from optim.clipping import _norm
from tests.interrupting import interrupted_everywhere


def leaf(values):
    return ag.tensor(np.array(values, np.float32), requires_grad=True)


def with_gradients(*values):
    tensors = []
    for value in values:
        tensor = leaf(np.zeros_like(value))
        tensor.grad = np.array(value, np.float32)
        tensors.append(tensor)
    return tensors


# ------------------------------------------------------------------------------------ schedules

EVERY = [
    schedules.constant(0.1),
    schedules.step(0.1, every=3),
    schedules.multistep(0.1, milestones=(2, 5)),
    schedules.exponential(0.1, factor=0.9),
    schedules.linear(0.1, total=7),
    schedules.cosine(0.1, total=7, final=0.01),
    schedules.warmup(0.1, steps=3),
    schedules.warmup(schedules.cosine(0.1, total=4), steps=3, start=0.0),
    schedules.one_cycle(0.1, total=9),
    schedules.one_cycle(0.1, total=9, three_phase=True, anneal="linear"),
]
every = pytest.mark.parametrize("schedule", EVERY, ids=repr)


@every
def test_schedules_are_plain_values(schedule):
    twin = pickle.loads(pickle.dumps(schedule))
    assert twin == schedule
    assert eval(repr(schedule), vars(schedules)) == schedule
    rates = [schedule(t) for t in range(12)]
    assert rates == [twin(t) for t in range(12)]
    assert all(type(rate) is float and 0 <= rate <= 0.1 + 1e-12 for rate in rates)


def test_values_at_the_turning_points():
    cosine = schedules.cosine(1.0, total=10, final=0.2)
    assert (cosine(0), cosine(5), cosine(10), cosine(99)) == pytest.approx((1, 0.6, 0.2, 0.2))
    warm = schedules.warmup(schedules.step(1.0, every=2, factor=0.5), steps=4, start=0.0)
    assert [warm(t) for t in range(9)] == [0, 0.25, 0.5, 0.75, 1, 1, 0.5, 0.5, 0.25]
    cycle = schedules.one_cycle(1.0, total=100, rise=0.25)
    assert cycle(0) == pytest.approx(1 / 25)
    assert max(range(100), key=cycle) == 24
    assert cycle(99) == cycle(500) == pytest.approx(1 / 25e4)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: schedules.constant(-1), ArgumentError, "constant: lr must be .*, got -1"),
        (lambda: schedules.step(0.1, every=0), ArgumentError, "step: every must be .*, got 0"),
        (lambda: schedules.step(0.1, every=2.5), DTypeError, "every must be .*, got 2.5"),
        (lambda: schedules.multistep(0.1, (5, 2)), ArgumentError, "rising order"),
        (
            lambda: schedules.exponential("a", 0.1),
            DTypeError,
            "exponential: lr must be .*, got 'a'",
        ),
        (
            lambda: schedules.linear(0.1, total=-3),
            ArgumentError,
            "linear: total must be .*, got -3",
        ),
        (
            lambda: schedules.cosine(0.1, total=True),
            DTypeError,
            "cosine: total must be .*, got True",
        ),
        (lambda: schedules.cosine(0.1, 3, final=-1), ArgumentError, "final must be .*, got -1"),
        (
            lambda: schedules.warmup(-0.1, steps=3),
            ArgumentError,
            "warmup: after must be .*, got -0.1",
        ),
        (lambda: schedules.warmup(0.1, steps=0), ArgumentError, "steps must be .*, got 0"),
        (lambda: schedules.one_cycle(0.1, 9, rise=2), ArgumentError, "rise must be .*, got 2"),
        (lambda: schedules.one_cycle(0.1, 9, divide=0), ArgumentError, "above 0"),
        (
            lambda: schedules.one_cycle(0.1, 9, anneal="sine"),
            ArgumentError,
            "'cos' or 'linear', got 'sine'",
        ),
    ],
)
def test_schedules_refuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


# --------------------------------------------------------------------------------- lr_scheduler

FRONTS = {
    "StepLR": {"step_size": 3, "gamma": 0.5},
    "MultiStepLR": {"milestones": [2, 4, 4, 11], "gamma": 0.3},
    "ConstantLR": {"factor": 0.25, "total_iters": 4},
    "ExponentialLR": {"gamma": 0.8},
    "LinearLR": {},
    "LinearLR down": {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 9},
    "CosineAnnealingLR": {"T_max": 6, "eta_min": 0.01},
    "LambdaLR": {"lr_lambda": lambda epoch: 0.95**epoch},
    "LambdaLR list": {"lr_lambda": [lambda epoch: 1 / (1 + epoch), lambda epoch: epoch]},
    "OneCycleLR": {"max_lr": 0.5, "total_steps": 20},
    "OneCycleLR each": {"max_lr": [0.5, 0.1], "epochs": 4, "steps_per_epoch": 5},
    "OneCycleLR phases": {"max_lr": 0.5, "total_steps": 20, "three_phase": True},
    "OneCycleLR linear": {
        "max_lr": 0.5,
        "total_steps": 20,
        "anneal_strategy": "linear",
        "div_factor": 10.0,
        "final_div_factor": 100.0,
        "pct_start": 0.2,
    },
}


def optimizer_of(module, tensors, **settings):
    a, b = tensors
    groups = [{"params": [a]}, {"params": [b], "lr": 0.2}]
    return module.SGD(groups, lr=0.4, momentum=0.9, **settings)


@pytest.mark.parametrize(("name", "settings"), FRONTS.items(), ids=FRONTS)
def test_schedulers_equal_pytorchs(name, settings):
    torch = pytest.importorskip("torch")
    cls = name.split()[0]
    theirs = optimizer_of(torch.optim, [torch.ones(1, requires_grad=True) for _ in range(2)])
    reference = getattr(torch.optim.lr_scheduler, cls)(theirs, **settings)
    ours = optimizer_of(optim, [leaf([1.0]), leaf([1.0])])
    scheduler = getattr(lr_scheduler, cls)(ours, **settings)
    for _ in range(20):
        expected = [(group["lr"], group["momentum"]) for group in theirs.param_groups]
        got = [(group["lr"], group["momentum"]) for group in ours.param_groups]
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)
        assert scheduler.get_last_lr() == [lr for lr, _ in got]
        theirs.step()
        ours.step()
        if scheduler.last_epoch < 19:
            reference.step()
            scheduler.step()


def test_one_cycle_moves_adams_first_beta():
    adam = optim.Adam([leaf([1.0])], betas=(0.9, 0.99))
    scheduler = lr_scheduler.OneCycleLR(adam, max_lr=0.1, total_steps=10)
    assert adam.param_groups[0]["betas"] == (0.95, 0.99)
    for _ in range(2):
        scheduler.step()
    assert adam.param_groups[0]["betas"] == pytest.approx((0.85, 0.99))
    left_alone = optim.SGD([leaf([1.0])])
    lr_scheduler.OneCycleLR(left_alone, max_lr=0.1, total_steps=10, cycle_momentum=False)
    assert left_alone.param_groups[0]["momentum"] == 0


def test_a_scheduler_goes_on_where_it_was_saved():
    def pair():
        optimizer = optimizer_of(optim, [leaf([1.0]), leaf([1.0])])
        return optimizer, lr_scheduler.CosineAnnealingLR(optimizer, T_max=7)

    optimizer, scheduler = pair()
    for _ in range(3):
        scheduler.step()
    states = optimizer.state_dict(), scheduler.state_dict()
    resumed, again = pair()
    resumed.load_state_dict(states[0])
    again.load_state_dict(states[1])
    assert again.get_last_lr() == scheduler.get_last_lr()
    for _ in range(3):
        scheduler.step()
        again.step()
    assert again.get_last_lr() == scheduler.get_last_lr()
    third = lr_scheduler.CosineAnnealingLR(resumed, T_max=7, last_epoch=5)
    assert third.get_last_lr() == again.get_last_lr()
    assert repr(again).startswith("CosineAnnealingLR(last_epoch=6, lr=[")


RESUMED = [
    ("StepLR", {"step_size": 2}),
    ("MultiStepLR", {"milestones": [2, 5], "gamma": 0.5}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 3}),
    ("ExponentialLR", {"gamma": 0.8}),
    ("LinearLR", {"start_factor": 0.1, "total_iters": 4}),
    ("CosineAnnealingLR", {"T_max": 4, "eta_min": 0.01}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 1 / (1 + epoch)}),
    ("OneCycleLR", {"max_lr": 2.0, "total_steps": 9}),
]


def in_force(optimizer):
    return [(group["lr"], group["momentum"]) for group in optimizer.param_groups]


@pytest.mark.parametrize("order", ["load make resume", "make load resume", "make resume load"])
@pytest.mark.parametrize(("name", "settings"), RESUMED)
def test_the_rates_of_a_resumed_run_are_those_of_an_uninterrupted_one(name, settings, order):
    def begun(lr):
        return optim.SGD(
            [{"params": [leaf([1.0])]}, {"params": [leaf([1.0])], "lr": 2 * lr}], lr, 0.9
        )

    optimizer = begun(1.0)
    scheduler = getattr(lr_scheduler, name)(optimizer, **settings)
    rates, states = [], []
    for _ in range(8):
        rates.append(in_force(optimizer))
        states.append((optimizer.state_dict(), scheduler.state_dict()))
        scheduler.step()
    for epoch, (of_optimizer, of_scheduler) in enumerate(states):
        optimizer = begun(0.3)  # what it is made with does not count
        for part in order.split():
            if part == "make":
                scheduler = getattr(lr_scheduler, name)(optimizer, **settings)
            elif part == "load":
                optimizer.load_state_dict(of_optimizer)
            else:
                scheduler.load_state_dict(of_scheduler)
        for expected in rates[epoch:]:
            assert in_force(optimizer) == expected
            scheduler.step()


@pytest.mark.parametrize(("second", "its"), RESUMED[:6])
@pytest.mark.parametrize(("first", "settings"), RESUMED[:6])
def test_two_schedulers_and_a_hand_on_one_optimizer(first, settings, second, its):
    """The schedules multiply, and what was set by hand is gone on from; resumed, too."""
    torch = pytest.importorskip("torch")

    def all_of(module, schedulers, tensor):
        optimizer = module.SGD([tensor], lr=1.0)
        one = getattr(schedulers, first)(optimizer, **settings)
        return optimizer, one, getattr(schedulers, second)(optimizer, **its)

    ours = all_of(optim, lr_scheduler, leaf([1.0]))
    theirs = all_of(torch.optim, torch.optim.lr_scheduler, torch.ones(1, requires_grad=True))
    theirs[0].step()
    for epoch in range(9):
        if epoch == 4:
            states = [part.state_dict() for part in ours]
            ours = all_of(optim, lr_scheduler, leaf([1.0]))
            for part, state in zip(ours, states, strict=True):
                part.load_state_dict(state)
        if epoch == 6:
            for optimizer in (ours[0], theirs[0]):
                optimizer.param_groups[0]["lr"] *= 0.7
        for parts in (ours, theirs):
            parts[1].step()
            parts[2].step()
        rate, expected = (parts[0].param_groups[0]["lr"] for parts in (ours, theirs))
        assert rate == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_group_added_later_follows_from_its_own_rate():
    optimizer = optim.SGD([leaf([1.0])], lr=1.0)
    scheduler = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    scheduler.step()
    optimizer.add_param_group({"params": [leaf([1.0])], "lr": 8.0})
    rates = []
    for _ in range(3):
        scheduler.step()
        rates.append(scheduler.get_last_lr())
    assert rates == [[0.5, 4.0], [0.5, 4.0], [0.25, 2.0]]
    again = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    again.load_state_dict(scheduler.state_dict())
    assert again.get_last_lr() == [0.25, 2.0]


def test_a_schedule_that_fails_changes_nothing():
    optimizer = optim.SGD([leaf([1.0])], lr=1.0)

    def until_two(epoch):
        if epoch > 2:
            raise ValueError("no more")
        return 1 / (1 + epoch)

    scheduler = lr_scheduler.LambdaLR(optimizer, until_two)
    scheduler.step()
    scheduler.step()
    before = scheduler.state_dict()
    with pytest.raises(ValueError, match="no more"):
        scheduler.step()
    assert scheduler.state_dict() == before


@pytest.mark.parametrize(("name", "settings"), RESUMED)
def test_a_scheduler_that_is_interrupted_has_stepped_or_not(name, settings):
    def begun():
        optimizer = optim.SGD([{"params": [leaf([1.0])]}, {"params": [leaf([1.0])]}], 1.0, 0.9)
        return getattr(lr_scheduler, name)(optimizer, **settings)

    scheduler = begun()
    old = scheduler.state_dict(), in_force(scheduler.optimizer)
    scheduler.step()
    new = scheduler.state_dict(), in_force(scheduler.optimizer)
    latest = [begun()]
    for _ in interrupted_everywhere(lambda: latest[0].step()):
        assert (latest[0].state_dict(), in_force(latest[0].optimizer)) in (old, new)
        latest[0] = begun()


def test_schedulers_refuse():
    optimizer = optim.SGD([leaf([1.0])], lr=0.1)
    with pytest.raises(DTypeError, match="StepLR: optimizer must be .*, got float"):
        lr_scheduler.StepLR(0.1, 3)
    with pytest.raises(ArgumentError, match="a function of the step already"):
        lr_scheduler.StepLR(optim.SGD([leaf([1.0])], lr=schedules.cosine(0.1, 9)), 3)
    with pytest.raises(ArgumentError, match="last_epoch=3 goes on .* group 0 has no 'initial_lr'"):
        lr_scheduler.StepLR(optimizer, 3, last_epoch=3)
    with pytest.raises(ArgumentError, match="step: every must be .*, got 0"):
        lr_scheduler.StepLR(optimizer, 0)
    with pytest.raises(ArgumentError, match="lr_lambda must be a function or 1, .*, got 2"):
        lr_scheduler.LambdaLR(optimizer, [lambda t: 1, lambda t: 1])
    with pytest.raises(ArgumentError, match="lr must be .*, got -0.1"):
        lr_scheduler.LambdaLR(optimizer, lambda t: -1)
    with pytest.raises(ArgumentError, match="give total_steps"):
        lr_scheduler.OneCycleLR(optimizer, 0.1)
    with pytest.raises(ArgumentError, match="no momentum to cycle"):
        lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=3)
    with pytest.raises(ArgumentError, match="max_lr must be a number or 1, .*, got 2"):
        lr_scheduler.OneCycleLR(optimizer, [0.1, 0.2], total_steps=3, cycle_momentum=False)
    last = lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=1, cycle_momentum=False)
    with pytest.raises(ArgumentError, match="past the cycle of 1 steps"):
        last.step()
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    before = scheduler.state_dict()
    for wrong, message in [
        ({"base_lrs": [7.0, 7.0]}, "'base_lrs' must be a list of 1 numbers"),
        ({"base_lrs": [-7.0]}, "base_lrs must be .*, got -7.0"),
        ({"base_lrs": [7.0], "last_lrs": None}, "'last_lrs' must be a list"),
        ({"base_lrs": [7.0], "last_lrs": [1.0], "moved": [1, 0]}, "'moved' must be a list"),
        ({"base_lrs": [7.0], "last_epoch": True}, "must be what state_dict"),
    ]:
        with pytest.raises(CheckpointError, match=message):
            scheduler.load_state_dict({"last_epoch": 3} | wrong)
    with pytest.raises(CheckpointError, match="must be what state_dict"):
        scheduler.load_state_dict({"epoch": 3})
    assert scheduler.state_dict() == before


# ------------------------------------------------------------------------------------- clipping


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 2, 3.5, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e6, 0.0])
def test_clip_grad_norm_equals_pytorch(norm_type, max_norm):
    torch = pytest.importorskip("torch")
    values = [np.random.default_rng(s).normal(size=(s + 2, 3)) for s in range(3)]
    ours, theirs = with_gradients(*values), []
    for tensor in ours:
        theirs.append(torch.zeros(tensor.shape, requires_grad=True))
        theirs[-1].grad = torch.tensor(tensor.grad.data.copy())
    norm = optim.clip_grad_norm_(iter(ours), max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert norm.item() == pytest.approx(expected.item(), rel=1e-6)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.data, b.grad.numpy(), rtol=1e-5)


def test_clip_grad_norm_scales_all_by_one_factor():
    a, b, without = *with_gradients([3.0], [[4.0]]), leaf([1.0])
    before = a.grad.data
    assert optim.clip_grad_norm_([a, b, a, without], max_norm=2.5) == 5  # a counts once
    assert a.grad.data is before
    assert (a.grad.item(), b.grad.item()) == pytest.approx((1.5, 2.0))
    assert optim.clip_grad_norm_(b, max_norm=100.0).item() == pytest.approx(2.0)
    assert b.grad.item() == pytest.approx(2.0)
    assert optim.clip_grad_norm_([without], 1.0).item() == 0
    assert optim.clip_grad_norm_([a], 1.0).dtype == np.float32


@pytest.mark.parametrize(("max_norm", "factor"), [(4.0, 4 / (5 + 1e-6)), (5.5, 1.0), (9.0, 1.0)])
def test_clip_grad_norm_shortens_what_is_longer(max_norm, factor):
    a = ag.tensor(np.zeros(2), requires_grad=True)
    a.grad = np.array([3.0, -4.0])
    assert optim.clip_grad_norm_([a], max_norm).dtype == np.float64
    np.testing.assert_allclose(a.grad.data, [3 * factor, -4 * factor], rtol=1e-15)


def test_clip_grad_norm_of_huge_gradients_does_not_overflow():
    (a,) = with_gradients(np.full(4, 1e30))
    assert optim.clip_grad_norm_([a], 1.0).item() == pytest.approx(2e30)
    np.testing.assert_allclose(a.grad.data, 0.5, rtol=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3.5, math.inf])
@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e-160, 1e-90, 1.0, 1e90, 1e200])
def test_a_norm_is_found_where_its_powers_are_out_of_range(order, size):
    x = np.array([3.0, -4.0]) * size
    expected = 4.0 if order == math.inf else (3.0**order + 4.0**order) ** (1 / order)
    rough = 1e-3 if size == 1e-320 else 1e-14  # of which there are not many digits
    assert _norm(x, order) == pytest.approx(expected * size, rel=rough, abs=0)
    assert _norm(0 * x, order) == 0
    assert _norm(np.array([1.0, np.inf]) * size, order) == math.inf
    assert math.isnan(_norm(np.array([1.0, np.nan]) * size, order))


def test_a_norm_within_range_is_numpys_to_the_last_bit():
    for x in np.random.default_rng(0).uniform(0, 1e-3, (50, 7)):
        assert _norm(x, 2) == np.linalg.norm(x, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_clip_grad_norm_that_is_not_finite(bad):
    a, b = with_gradients([bad], [1.0])
    with pytest.raises(GraphError, match="the norm of the gradients is (nan|inf)"):
        optim.clip_grad_norm_([a, b], 1.0, error_if_nonfinite=True)
    assert b.grad.item() == 1
    norm = optim.clip_grad_norm_([a, b], 1.0)
    assert not np.isfinite(norm.item())
    assert np.isnan(a.grad.item())


def test_clip_grad_value():
    a, b, without = *with_gradients([3.0, -0.5], [[-4.0]]), leaf([1.0])
    assert optim.clip_grad_value_(iter([a, b, without]), 1.0) is None
    assert a.grad.tolist() == [1.0, -0.5]
    assert b.grad.tolist() == [[-1.0]]
    optim.clip_grad_value_(a, 0.25)
    assert a.grad.tolist() == [0.25, -0.25]


def test_clipping_refuses():
    (a,) = with_gradients([3.0])
    for clip in (optim.clip_grad_norm_, optim.clip_grad_value_):
        with pytest.raises(ArgumentError, match=f"{clip.__name__}: params must hold"):
            clip([], 1.0)
        with pytest.raises(ArgumentError, match=f"{clip.__name__}: (max_norm|clip_value) must be"):
            clip([a], -1.0)
        with pytest.raises(DTypeError, match="parameter 0 must be .*, got ndarray"):
            clip([np.ones(3)], 1.0)
        with pytest.raises(DTypeError, match="params must be .*, got str"):
            clip("all", 1.0)
    for norm_type in (-2, 0):
        with pytest.raises(ArgumentError, match=f"norm_type must be .*, got {norm_type}"):
            optim.clip_grad_norm_([a], 1.0, norm_type=norm_type)
    with pytest.raises(DTypeError, match="clip_grad_norm_: norm_type must be .*, got 'two'"):
        optim.clip_grad_norm_([a], 1.0, norm_type="two")
    a.grad.data.flags.writeable = False
    with pytest.raises(InPlaceError, match="read-only"):
        optim.clip_grad_value_([a], 1.0)


def test_a_gradient_that_was_clipped_is_stale_in_a_graph_that_used_it():
    for clip in (optim.clip_grad_norm_, optim.clip_grad_value_):
        (p,) = with_gradients([3.0, 4.0])
        x = ag.tensor([1.0, 2.0], requires_grad=True)
        loss = (x * p.grad).sum()
        clip([p], 0.5)
        with pytest.raises(InPlaceError, match="changed in place"):
            loss.backward()


@pytest.mark.parametrize("clip", ["norm", "value"])
def test_clipping_that_is_interrupted_has_clipped_all_or_nothing(clip):
    def begun():
        return with_gradients([3.0, 4.0], [12.0], [[-1.0, 5.0]])

    def clipped(params):
        if clip == "norm":
            optim.clip_grad_norm_(params, 1.0)
        else:
            optim.clip_grad_value_(params, 1.0)
        return params

    old = [p.grad.tolist() for p in begun()]
    new = [p.grad.tolist() for p in clipped(begun())]
    latest = [begun()]
    for _ in interrupted_everywhere(lambda: clipped(latest[0])):
        assert [p.grad.tolist() for p in latest[0]] in (old, new)
        latest[0] = begun()


@pytest.mark.parametrize("milestones", [np.array([1, 2]), [np.int64(1), np.uint8(2)], range(1, 3)])
def test_milestones_of_every_kind_of_whole_number(milestones):
    optimizer = optim.SGD([ag.tensor([1.0], requires_grad=True)], lr=8.0)
    scheduler = lr_scheduler.MultiStepLR(optimizer, milestones, gamma=0.5)
    rates = []
    for _ in range(4):
        rates += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()
    assert rates == [8.0, 4.0, 2.0, 2.0]
