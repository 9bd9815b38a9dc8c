"""Interrupted at whatever moment, modules, optimisers, schedulers and loaders are old or new."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
import nn
import nn.training
import optim
from autograd.support.interrupts import at_once
from nn.training.fitting import evaluate
from optim import lr_scheduler
from tests.interrupting import interrupted_everywhere


def network():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2))
    net(ag.ones(4, 2)).sum().backward()
    return net


def state(net):
    """All that the methods here change."""
    tensors = (*net.parameters(), *net.buffers())
    return [module.training for module in net.modules()], [
        (t.dtype, t.data.tolist(), t.requires_grad, None if t._grad is None else t._grad.tolist())
        for t in tensors
    ]


METHODS = {
    "train": lambda net: net.train(),
    "eval": lambda net: net.eval(),
    "double": lambda net: net.double(),
    "to": lambda net: net.to(np.float16),
    "requires_grad_": lambda net: net.requires_grad_(False),
    "zero_grad": lambda net: net.zero_grad(),
    "zero_grad to zeros": lambda net: net.zero_grad(set_to_none=False),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_a_module_is_done_or_not_done(name):
    def begun():
        ag.manual_seed(0)
        net = network()
        return net.eval() if name == "train" else net

    method = METHODS[name]
    new, old = begun(), state(begun())
    method(new)
    assert state(new) != old
    latest, places = [begun()], 0
    for _ in interrupted_everywhere(lambda: method(latest[0]), stride=2):
        places += 1
        assert state(latest[0]) in (old, state(new))
        latest[0] = begun()
    assert places > 5


def test_a_module_that_cannot_be_trained_whole_is_left_as_it_was():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)).requires_grad_(False)
    net[1].bias = nn.Parameter(np.zeros(2, np.int64), requires_grad=False)
    with pytest.raises(ag.DTypeError, match="only float Tensors can require a gradient"):
        net.requires_grad_()
    assert not any(parameter.requires_grad for parameter in net.parameters())
    with pytest.raises(ag.DTypeError, match="requires_grad must be .*, got 'no'"):
        net.requires_grad_("no")


def leaf():
    return ag.tensor([1.0, 2.0], requires_grad=True)


def settled(opt):
    kept = {k: v for k, v in opt.state_dict().items() if k != "state"}
    return repr(kept), repr([sorted(entry.items()) for entry in opt.state.values()])


@pytest.mark.parametrize(
    "make",
    [
        lambda: optim.Adam([leaf()], lr=0.1),
        lambda: optim.SGD([{"params": [leaf()]}, {"params": [leaf()], "lr": 0.2}], lr=0.1),
        lambda: optim.LBFGS([leaf()]),
    ],
)
def test_an_optimiser_has_loaded_a_state_or_not(make):
    def begun(steps):
        opt = make()
        weight = opt.param_groups[0]["params"][0]

        def closure():
            opt.zero_grad()
            loss = (weight * weight * weight).sum()
            loss.backward()
            return loss

        for _ in range(steps):
            opt.step(closure)
        return opt

    given = begun(2).state_dict()
    old, new = settled(begun(1)), begun(1)
    new.load_state_dict(given)
    assert settled(new) != old
    latest = [begun(1)]
    for _ in interrupted_everywhere(lambda: latest[0].load_state_dict(given), stride=3):
        assert settled(latest[0]) in (old, settled(new))
        latest[0] = begun(1)


SCHEDULERS = {
    "LinearLR": {"start_factor": 0.5},
    "OneCycleLR": {"max_lr": 1.0, "total_steps": 9},
    "StepLR": {"step_size": 2},
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_is_made_or_not(name):
    def make(opt):
        return getattr(lr_scheduler, name)(opt, **SCHEDULERS[name])

    def sgd():
        return optim.SGD([leaf()], lr=0.1, momentum=0.9)

    def of(opt):
        return [{k: v for k, v in g.items() if k != "params"} for g in opt.param_groups]

    old, new = of(sgd()), sgd()
    make(new)
    latest = [sgd()]
    for _ in interrupted_everywhere(lambda: make(latest[0])):
        assert of(latest[0]) in (old, of(new))
        latest[0] = sgd()


def test_a_scheduler_has_loaded_a_state_or_not_and_follows_a_new_group_or_not():
    def begun():
        opt = optim.SGD([leaf()], lr=0.1)
        return lr_scheduler.ExponentialLR(opt, gamma=0.5)

    def of(scheduler):
        groups = [g["lr"] for g in scheduler.optimizer.param_groups]
        kept = {k: v for k, v in vars(scheduler).items() if k not in ("optimizer", "_make")}
        return repr((groups, kept))

    given = begun()
    given.step()
    given = given.state_dict()
    old, new = of(begun()), begun()
    new.load_state_dict(given)
    assert of(new) != old
    latest = [begun()]
    for _ in interrupted_everywhere(lambda: latest[0].load_state_dict(given)):
        assert of(latest[0]) in (old, of(new))
        latest[0] = begun()

    def with_another_group():
        scheduler = begun()
        scheduler.optimizer.add_param_group({"params": [leaf()], "lr": 0.4})
        return scheduler

    whole = with_another_group()
    whole.step()
    latest = [with_another_group()]
    for _ in interrupted_everywhere(lambda: latest[0].step()):
        if len(latest[0].base_lrs) == 1 or latest[0].last_epoch == 0:
            latest[0].step()  # it goes on as if nothing had been
        assert of(latest[0]) == of(whole)
        latest[0] = with_another_group()


def test_an_epoch_of_a_loader_has_begun_or_not():
    x = np.arange(7)

    def begun():
        return nn.data.DataLoader(x, batch_size=3, shuffle=True, generator=np.random.default_rng(0))

    def rest(loader):
        """What it yields from here on, for three epochs."""
        return [[batch.tolist() for (batch,) in loader] for _ in range(3)]

    ours = rest(begun())
    latest, kept = [begun()], []
    for _ in interrupted_everywhere(lambda: kept.append(iter(latest[0]))):
        resumed = begun()
        resumed.load_state_dict(latest[0].state_dict())
        assert rest(resumed) == ours
        latest[0] = begun()


def test_a_loader_has_loaded_a_state_or_not():
    x = np.arange(7)

    def begun(served=0):
        loader = nn.data.DataLoader(
            x, batch_size=3, shuffle=True, generator=np.random.default_rng(served)
        )
        batches = iter(loader)
        for _ in range(served):
            next(batches)
        return loader

    given = begun(2).state_dict()
    old, new = begun().state_dict(), begun()
    new.load_state_dict(given)
    latest = [begun()]
    for _ in interrupted_everywhere(lambda: latest[0].load_state_dict(given), stride=3):
        assert latest[0].state_dict() in (old, new.state_dict())
        latest[0] = begun()


def test_evaluation_and_summaries_leave_modes_and_hooks():
    net = network()
    net[2].eval()
    modes = [module.training for module in net.modules()]
    x, y = np.ones((3, 2), np.float32), np.zeros(3, int)
    for run, stride in (
        (lambda: evaluate(net, x, y), 3),
        (lambda: nn.summary(net, (2,)), 17),
    ):
        run()  # what is imported late is there
        for _ in interrupted_everywhere(run, stride=stride):
            assert [module.training for module in net.modules()] == modes
            assert all(not module._forward_hooks for module in net.modules())
            assert ag.is_grad_enabled()
    assert [module.training for module in net.modules()] == modes


def test_backward_by_steps_delivers_all_or_nothing_and_keeps_its_rules():
    a, b = leaf(), leaf()
    loss = (ag.tanh(a) * b).sum()

    def run():
        for _ in ag.backward_steps(loss, retain_graph=True):
            pass

    run()
    a.grad = b.grad = None
    for _ in interrupted_everywhere(run, stride=7):
        assert ag.is_grad_enabled()
        assert (a.grad is None) == (b.grad is None)
        a.grad = b.grad = None
        assert "_noting" not in repr(list(loss.node.closures))
    slopes = ag.grad(loss, [a, b])
    assert [g.tolist() for g in slopes] == [a.grad.tolist(), b.grad.tolist()]


def test_a_plot_gathers_a_loss_or_not():
    plot = nn.training.LivePlot()
    seen = 0
    for _ in interrupted_everywhere(lambda: plot.after_step(1.0)):
        assert len(plot.losses) in (seen, seen + 1)
        seen = len(plot.losses)
    assert "<svg" in plot.svg()


def test_training_goes_on_after_an_interrupt():
    images = np.random.default_rng(0).standard_normal((8, 1, 2, 2)).astype("f")
    labels = np.arange(8) % 2
    data = nn.training.Data("mine", images, images, labels, labels)
    settings = nn.training.Settings(epochs=1, batch_size=4, shift=0)

    def begun():
        return nn.training.new_run(
            settings, data, lambda: nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
        )

    latest = [begun()]
    for _ in interrupted_everywhere(lambda: nn.training.fit(latest[0], data), stride=53):
        run = latest[0]
        assert ag.is_grad_enabled()
        weights = [p.data.copy() for p in run.net.parameters()]
        assert all(np.isfinite(w).all() for w in weights)
        assert all(module.training for module in run.net.modules())
        nn.training.fit(run, data)
        assert len(run.history) == 1
        latest[0] = begun()


def test_sampled_batches_are_served_or_to_come():
    loader = nn.data.DataLoader(np.arange(6), batch_size=2)
    got = []

    def run():
        batches = iter(loader)
        for batch in batches:
            at_once(map(got.append, [batch[0].tolist()]))

    for _ in interrupted_everywhere(run):
        state = loader.state_dict()
        if state["served"] is not None and got:
            assert len(got) in (state["served"], state["served"] - 1)
        got.clear()
    assert got == [[0, 1], [2, 3], [4, 5]]


def test_a_checkpoint_leaves_generators_and_modes():
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    x = ag.tensor(np.ones((3, 2), np.float32), requires_grad=True)
    net.train()
    loss = ag.checkpoint(net, x).sum()
    net.eval()  # computed again in the mode that it was in
    ag.rand(3)
    drawn = ag.get_rng_state()
    leaves = [x, *net.parameters()]
    for _ in interrupted_everywhere(lambda: loss.backward(retain_graph=True), stride=5):
        assert ag.get_rng_state() == drawn
        assert not any(module.training for module in net.modules())
        assert len({leaf.grad is None for leaf in leaves}) == 1  # all at once, or not yet
        for leaf in leaves:
            leaf.grad = None
    assert ag.get_rng_state() == drawn
    assert x.grad is not None
