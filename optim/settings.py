"""What each setting of an optimiser may be: one check a name, used wherever a value comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autograd.errors import ArgumentError, DTypeError
from autograd.support.arguments import (
    flag,
    fraction,
    nonnegative,
    number,
    one_of,
    require_constant,
    whole,
)

__all__ = [
    "LearningRate",
    "Settings",
    "check_group",
    "check_setting",
    "check_settings",
    "given",
    "learning_rate",
]

#: A learning rate: a number, or a function of the number of steps taken.
LearningRate = float | Callable[[int], float]
Settings = dict[str, Any]


def given(arguments: Mapping[str, Any]) -> Settings:
    """The settings among `locals()` at the start of an optimiser's `__init__`: its arguments."""
    return {n: x for n, x in arguments.items() if n not in ("self", "params", "__class__")}


def learning_rate(where: str, name: str, value: Any) -> Any:
    """`value` as a float of at least 0, or the function of the step that it is."""
    require_constant(where, name, value)
    if callable(value):
        return value
    try:
        return nonnegative(where, name, value)
    except DTypeError:
        raise DTypeError(
            f"{where}: {name} must be a number of at least 0, or a function of the step such as "
            f"optim.schedules.cosine(0.1, total=1000), got {value!r}"
        ) from None


def _two_decays(where: str, name: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise DTypeError(f"{where}: {name} must be a pair such as (0.9, 0.999), got {value!r}")
    wanted = "a number from 0 to below 1"
    return tuple(
        number(where, f"{name}[{i}]", beta, wanted, lambda x: 0 <= x < 1)
        for i, beta in enumerate(value)
    )


def _count(where: str, name: str, value: Any) -> int:
    return whole(where, name, value, 1)


def _count_or_none(where: str, name: str, value: Any) -> int | None:
    return None if value is None else _count(where, name, value)


def _line_search(where: str, name: str, value: Any) -> Any:
    return one_of(where, name, value, (None, "strong_wolfe"))


CHECKS: dict[str, Callable[[str, str, Any], Any]] = {
    "lr": learning_rate,
    "momentum": nonnegative,
    "dampening": number,
    "weight_decay": nonnegative,
    "nesterov": flag,
    "maximize": flag,
    "betas": _two_decays,
    "eps": nonnegative,
    "amsgrad": flag,
    "decoupled_weight_decay": flag,
    "alpha": fraction,
    "centered": flag,
    "lr_decay": nonnegative,
    "initial_accumulator_value": nonnegative,
    "tolerance_grad": nonnegative,
    "tolerance_change": nonnegative,
    "tolerance_cg": nonnegative,
    "history_size": _count,
    "max_iter": _count,
    "max_eval": _count_or_none,
    "line_search_fn": _line_search,
    "damping": nonnegative,
    "max_cg": _count_or_none,
    "max_tries": _count,
}


def check_setting(where: str, name: str, value: Any) -> Any:
    """The value in its standard type; one without a check of ours stays as it is."""
    return CHECKS[name](where, name, value) if name in CHECKS else value


def check_group(where: str, group: Mapping[str, Any]) -> None:
    """Check settings that were written into a group since, where they are of another type.

    All but the learning rate, at which each step looks.
    """
    for name, value in group.items():
        if name != "lr" and type(value) not in (float, int, bool):
            check_setting(where, name, value)


def check_settings(where: str, settings: Mapping[str, Any]) -> Settings:
    """The settings in their standard types, if each is right and they fit each other."""
    checked = {name: check_setting(where, name, value) for name, value in settings.items()}
    if checked.get("nesterov") and (not checked["momentum"] or checked["dampening"]):
        raise ArgumentError(
            f"{where}: nesterov=True needs a momentum above 0 and no dampening, got "
            f"momentum={checked['momentum']} and dampening={checked['dampening']}"
        )
    return checked
