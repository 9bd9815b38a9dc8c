"""Schedules for those who expect `scheduler.step()`: they set the groups' lr from outside.

A learning rate that is a function of the step (`optim.schedules`) needs none of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.errors import ArgumentError, CheckpointError, DTypeError
from optim import schedules
from optim.optimizer import Optimizer
from optim.settings import nonnegative

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


class LRScheduler:
    """Sets each group's lr to a function of the number of `step()` calls, from 0.

    `make(base_lr)` gives the function of a group that began with `base_lr`. `last_epoch` is the
    last count of a run that is gone on with, whose state the optimiser has loaded; -1 begins a
    new one.

    Raises `DTypeError` for what is no optimiser, `ArgumentError` if its lr is a function already,
    or if it is to go on and a group does not know the lr it began with.
    """

    def __init__(
        self, optimizer: Optimizer, make: Callable[[float], Schedule], last_epoch: int = -1
    ) -> None:
        where = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise DTypeError(
                f"{where}: optimizer came as {type(optimizer).__name__}; give an optim.Optimizer"
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
        self.base_lrs = [
            float(group.setdefault("initial_lr", group["lr"])) for group in optimizer.param_groups
        ]
        self.schedules = [make(lr) for lr in self.base_lrs]
        self.last_epoch = last_epoch + 1
        self._set()

    def step(self) -> None:
        """Count one more epoch (or batch: as often as you call it) and set the learning rates."""
        self.last_epoch += 1
        self._set()

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _set(self) -> None:
        rates = [schedule(self.last_epoch) for schedule in self.schedules]
        for group, lr in zip(self.optimizer.param_groups, rates, strict=False):
            group["lr"] = nonnegative(type(self).__name__, "lr", lr)

    def state_dict(self) -> dict[str, Any]:
        """The count and the rates it began with, as plain values."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken. Raises `CheckpointError`, and changes nothing then.

        The optimiser's own state has the learning rates; load both.
        """
        where = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state_dict, Mapping) or not isinstance(state_dict.get("last_epoch"), int):
            raise CheckpointError(f"{where}: give what state_dict() returned, got {state_dict!r}")
        if state_dict.get("base_lrs") != self.base_lrs:
            raise CheckpointError(
                f"{where}: base_lrs are {self.base_lrs} here and {state_dict.get('base_lrs')} in "
                "the state"
            )
        self.last_epoch = state_dict["last_epoch"]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(last_epoch={self.last_epoch}, lr={self.get_last_lr()})"


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
        steps = tuple(milestones)
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

        super().__init__(optimizer, make, last_epoch)


class LambdaLR(LRScheduler):
    """lr times `lr_lambda(epoch)`; a list has one function for each group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        factors = [lr_lambda] * len(optimizer.param_groups) if callable(lr_lambda) else lr_lambda
        if len(factors) != len(optimizer.param_groups):
            raise ArgumentError(
                f"LambdaLR: {len(factors)} functions came for {len(optimizer.param_groups)} groups"
            )
        remaining = iter(factors)

        def make(lr: float) -> Schedule:
            factor = next(remaining)
            return lambda epoch: lr * factor(epoch)

        super().__init__(optimizer, make, last_epoch)


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
            raise ArgumentError(f"OneCycleLR: {len(rates)} max_lr came for {len(groups)} groups")
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
        self.total_steps = total_steps
        self._momenta = [max_momentum, base_momentum, max_momentum] + [max_momentum] * three_phase
        self._cycle = cycles[0] if cycle_momentum else None
        remaining = iter(cycles)
        super().__init__(optimizer, lambda _: next(remaining), last_epoch)

    def _set(self) -> None:
        if self.last_epoch >= self.total_steps:
            raise ArgumentError(
                f"OneCycleLR: step {self.last_epoch} is past the cycle of {self.total_steps} steps"
            )
        super()._set()
        if self._cycle is None:
            return
        momentum = self._cycle.between(self.last_epoch, self._momenta)
        for group in self.optimizer.param_groups:
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum
