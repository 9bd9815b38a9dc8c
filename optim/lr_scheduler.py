"""Schedules for those who expect `scheduler.step()`: they set the groups' lr from outside.

A learning rate that is a function of the step (`optim.schedules`) needs none of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import starmap
from operator import setitem
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import ArgumentError, CheckpointError, DTypeError, GlassgradError
from autograd.support.arguments import nonnegative
from autograd.support.interrupts import at_once
from autograd.support.lazy_names import later
from autograd.support.unknown_names import NamedArguments, named_arguments
from optim import schedules
from optim.optimizer import Optimizer
from optim.settings import check_setting

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "StepLR",
]

Schedule = Callable[[int], float]
Write = tuple[dict[str, Any], str, Any]  # where, under which name, what


@named_arguments
class LRScheduler(NamedArguments):
    """Sets each group's lr to a function of the number of `step()` calls, from 0.

    `make(base_lr)` gives the function of a group that began with `base_lr`. `last_epoch` is the
    last count of a run that is gone on with, whose state the optimiser has loaded; -1 begins a
    new one.

    Where another hand has set a group's lr meanwhile (a second scheduler, or you), the function's
    change is applied to what is there: the schedules of two schedulers multiply. A group added
    later follows from its own lr.

    Raises `DTypeError` for what is no optimiser, `ArgumentError` if its lr is a function already,
    or if it is to go on and a group does not know the lr it began with.
    """

    _least = 0.0  # changes are factors of what is above it

    def __init__(
        self, optimizer: Optimizer, make: Callable[[float], Schedule], last_epoch: int = -1
    ) -> None:
        where = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise DTypeError(
                f"{where}: optimizer must be an optim.Optimizer, got {type(optimizer).__name__}"
            )
        for index, group in enumerate(optimizer.param_groups):
            if callable(group["lr"]):
                raise ArgumentError(
                    f"{where}: the lr of group {index} is {group['lr']!r}, a function of the step "
                    "already; use a number there, or no scheduler"
                )
            if last_epoch != -1 and "initial_lr" not in group:
                raise ArgumentError(
                    f"{where}: last_epoch={last_epoch} goes on with a run, but group {index} has "
                    "no 'initial_lr'; load the optimiser's state first, or leave last_epoch out"
                )
        self.optimizer = optimizer
        self._make = make
        groups = optimizer.param_groups
        self.base_lrs = [float(group.get("initial_lr", group["lr"])) for group in groups]
        begun = [(group, "initial_lr", lr) for group, lr in zip(groups, self.base_lrs, strict=True)]
        self.schedules = [self._schedule(lr, index) for index, lr in enumerate(self.base_lrs)]
        self.last_epoch = last_epoch + 1
        self._moved = [False] * len(groups)  # whether another hand has set the lr
        if last_epoch == -1:
            self._last_lrs = list(self.base_lrs)
            self._go_to(0, self.base_lrs, begun)
        else:
            self._go_to(self.last_epoch, None, begun)

    def _schedule(self, lr: float, index: int) -> Schedule:
        """The function of group number `index`, which began with `lr`."""
        return self._make(lr)

    @named_arguments
    def step(self) -> None:
        """Count one more epoch (or batch: as often as you call it) and set the learning rates.

        Raises `ArgumentError` if one is no number of at least 0, and changes nothing then.
        """
        self._follow_new_groups()
        before = [schedule(self.last_epoch) for schedule in self.schedules]
        self._go_to(self.last_epoch + 1, before)

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _go_to(
        self,
        epoch: int,
        from_lrs: Sequence[float] | None = None,
        beside: Sequence[Write] = (),
    ) -> None:
        """Set the rates of `epoch`; `from_lrs` are what the functions gave when they were set last.

        Without these, the rates are the functions', whatever is there. `beside`: what is to be
        written with them.
        """
        lrs = [schedule(epoch) for schedule in self.schedules]
        moved = list(self._moved)
        for index, group in enumerate(self.optimizer.param_groups[: len(lrs)]):
            if from_lrs is None:
                moved[index] = False
                continue
            moved[index] |= group["lr"] != self._last_lrs[index]
            if moved[index]:
                lrs[index] = self._moved_on(group["lr"], from_lrs[index], lrs[index])
        self._commit(epoch, lrs, moved, beside)

    def _moved_on(self, lr: float, before: float, after: float) -> float:
        """What becomes of `lr` where the function goes from `before` to `after`."""
        least = self._least
        if before == least:
            return lr + after - before
        return least + (lr - least) * ((after - least) / (before - least))

    def _commit(
        self, epoch: int, lrs: Sequence[float], moved: list[bool], beside: Sequence[Write]
    ) -> None:
        """Set the groups' rates and what is kept here; all of it, or nothing."""
        checked = [nonnegative(type(self).__name__, "lr", lr) for lr in lrs]
        groups = self.optimizer.param_groups
        writes: list[Write] = [
            *beside,
            *((group, "lr", lr) for group, lr in zip(groups, checked, strict=False)),
        ]
        writes += self._other_settings(epoch)
        here = vars(self)
        writes += [(here, "_last_lrs", checked), (here, "_moved", moved)]
        writes.append((here, "last_epoch", epoch))
        at_once(starmap(setitem, writes))

    def _other_settings(self, epoch: int) -> list[Write]:
        """`(group, name, value)` of what moves beside the learning rates."""
        return []

    def _follow_new_groups(self) -> None:
        first = len(self.base_lrs)
        added = self.optimizer.param_groups[first:]
        if not added:
            return
        lrs = [float(group.get("initial_lr", group["lr"])) for group in added]
        made = [self._schedule(lr, index) for index, lr in enumerate(lrs, first)]
        here = vars(self)
        writes: list[Write] = [
            *((group, "initial_lr", lr) for group, lr in zip(added, lrs, strict=True)),
            (here, "base_lrs", self.base_lrs + lrs),
            (here, "schedules", [*self.schedules, *made]),
            (here, "_last_lrs", [*self._last_lrs, *lrs]),
            (here, "_moved", self._moved + [True] * len(added)),
        ]
        at_once(starmap(setitem, writes))

    def state_dict(self) -> dict[str, Any]:
        """The count, the rates it began with and those in force, as plain values."""
        lrs = [float(lr) for lr in self.get_last_lr()[: len(self.base_lrs)]]
        moved = [m or a != b for m, a, b in zip(self._moved, lrs, self._last_lrs, strict=True)]
        return {
            "last_epoch": self.last_epoch,
            "base_lrs": list(self.base_lrs),
            "last_lrs": lrs,
            "moved": moved,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken, with the learning rates that were in force there.

        It does not matter whether the optimiser's own state is loaded before or after.

        Raises `CheckpointError`, and changes nothing then.
        """
        where = f"{type(self).__name__}.load_state_dict"
        epoch = state_dict.get("last_epoch") if isinstance(state_dict, Mapping) else None
        if type(epoch) is not int or epoch < 0:
            raise CheckpointError(
                f"{where}: state_dict must be what state_dict() returned, got {state_dict!r}"
            )
        count = len(self.optimizer.param_groups)
        base_lrs = _numbers(where, "base_lrs", state_dict.get("base_lrs"), count)
        schedules = [self._schedule(lr, index) for index, lr in enumerate(base_lrs)]
        if "last_lrs" in state_dict:
            lrs = _numbers(where, "last_lrs", state_dict["last_lrs"], len(base_lrs))
            moved = state_dict.get("moved")
            if not isinstance(moved, list) or len(moved) != len(lrs):
                raise CheckpointError(
                    f"{where}: 'moved' must be a list of {len(lrs)}, got {moved!r}"
                )
        else:  # written before the rates were part of it
            lrs, moved = [schedule(epoch) for schedule in schedules], [False] * len(base_lrs)
        groups = zip(self.optimizer.param_groups, base_lrs, strict=False)
        writes: list[Write] = [(group, "initial_lr", lr) for group, lr in groups]
        writes += [(vars(self), "base_lrs", base_lrs), (vars(self), "schedules", schedules)]
        self._commit(epoch, lrs, [bool(each) for each in moved], writes)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(last_epoch={self.last_epoch}, lr={self.get_last_lr()})"


def _numbers(where: str, name: str, values: Any, count: int) -> list[float]:
    """`values` as learning rates, one a group."""
    fitting = isinstance(values, list | tuple) and len(values) == count
    try:
        if fitting:
            return [nonnegative(where, name, value) for value in values]
    except GlassgradError as error:
        raise CheckpointError(str(error)) from None
    raise CheckpointError(f"{where}: {name!r} must be a list of {count} numbers, got {values!r}")


class StepLR(LRScheduler):
    """`schedules.step`: lr·gamma^⌊epoch / step_size⌋.

    >>> import autograd as ag, optim
    >>> opt = optim.SGD([ag.tensor([1.0], requires_grad=True)], lr=1.0)
    >>> scheduler = StepLR(opt, step_size=2, gamma=0.5)
    >>> for _ in range(2):
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, lambda lr: schedules.step(lr, step_size, gamma), last_epoch)


class MultiStepLR(LRScheduler):
    """`schedules.multistep`: lr·gamma^(number of milestones reached)."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Sequence[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        listed = isinstance(milestones, Sequence | np.ndarray)
        steps = tuple(milestones) if listed else milestones
        super().__init__(optimizer, lambda lr: schedules.multistep(lr, steps, gamma), last_epoch)


class ConstantLR(LRScheduler):
    """lr·factor for the first `total_iters` epochs, lr from then on."""

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        factor = nonnegative("ConstantLR", "factor", factor)

        def make(lr: float) -> Schedule:
            return lambda epoch: lr * factor if epoch < total_iters else lr

        super().__init__(optimizer, make, last_epoch)


class ExponentialLR(LRScheduler):
    """`schedules.exponential`: lr·gamma^epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        super().__init__(optimizer, lambda lr: schedules.exponential(lr, gamma), last_epoch)


class LinearLR(LRScheduler):
    """`schedules.linear`: lr times a factor from `start_factor` to `end_factor`; a warm-up."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        super().__init__(
            optimizer,
            lambda lr: schedules.linear(lr, total_iters, start_factor, end_factor),
            last_epoch,
        )


class CosineAnnealingLR(LRScheduler):
    """`schedules.cosine` from lr down to `eta_min` in `T_max` epochs, up again, and so on."""

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        def make(lr: float) -> Schedule:
            down = schedules.cosine(lr, T_max, eta_min)
            return lambda epoch: down(T_max - abs(epoch % (2 * T_max) - T_max))

        self._least = eta_min
        super().__init__(optimizer, make, last_epoch)


class LambdaLR(LRScheduler):
    """lr times `lr_lambda(epoch)`; a list has one function for each group.

    What another hand has set meanwhile is overwritten.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = optimizer.param_groups
        self._factors = [lr_lambda] * len(groups) if callable(lr_lambda) else list(lr_lambda)
        if len(self._factors) != len(groups):
            raise ArgumentError(
                f"LambdaLR: lr_lambda must be a function or {len(groups)}, one a group, got "
                f"{len(self._factors)}"
            )
        super().__init__(optimizer, lambda lr: lambda epoch: lr, last_epoch)

    def _schedule(self, lr: float, index: int) -> Schedule:
        factor = self._factors[index] if index < len(self._factors) else lambda epoch: 1.0
        return lambda epoch: lr * factor(epoch)

    def _moved_on(self, lr: float, before: float, after: float) -> float:
        return after


class OneCycleLR(LRScheduler):
    """`schedules.one_cycle`, a step a batch, with momentum (or Adam's β₁) running the other way.

    The length is `total_steps`, or `epochs` times `steps_per_epoch`. `cycle_momentum=False`
    leaves the momentum alone.

    Raises `ArgumentError` without a length, after the last step, or if there is no momentum to
    cycle.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ArgumentError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        groups = optimizer.param_groups
        if cycle_momentum and not all("betas" in g or g.get("momentum") for g in groups):
            raise ArgumentError(
                "OneCycleLR: this optimiser has no momentum to cycle; give it one, or pass "
                "cycle_momentum=False"
            )
        rates = list(max_lr) if isinstance(max_lr, Sequence) else [max_lr] * len(groups)
        if len(rates) != len(groups):
            raise ArgumentError(
                f"OneCycleLR: max_lr must be a number or {len(groups)}, one a group, got "
                f"{len(rates)}"
            )
        cycles = [
            schedules.one_cycle(
                lr,
                total_steps,
                pct_start,
                div_factor,
                final_div_factor,
                anneal_strategy,
                three_phase,
            )
            for lr in rates
        ]
        base_momentum = check_setting("OneCycleLR: base_momentum", "momentum", base_momentum)
        max_momentum = check_setting("OneCycleLR: max_momentum", "momentum", max_momentum)
        self.total_steps = total_steps
        self._momenta = [max_momentum, base_momentum, max_momentum] + [max_momentum] * three_phase
        self._cycle = cycles[0] if cycle_momentum else None
        self._cycles = cycles
        super().__init__(optimizer, schedules.constant, last_epoch)

    def _schedule(self, lr: float, index: int) -> Schedule:
        return self._cycles[index] if index < len(self._cycles) else schedules.constant(lr)

    def _moved_on(self, lr: float, before: float, after: float) -> float:
        return after

    def _other_settings(self, epoch: int) -> list[Write]:
        if epoch >= self.total_steps:
            raise ArgumentError(
                f"OneCycleLR: step {epoch} is past the cycle of {self.total_steps} steps"
            )
        if self._cycle is None:
            return []
        momentum = self._cycle.between(epoch, self._momenta)
        return [
            (group, "betas", (momentum, *group["betas"][1:])) if "betas" in group
            else (group, "momentum", momentum)
            for group in self.optimizer.param_groups
        ]  # fmt: skip


if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later("optim.lr_scheduler")
