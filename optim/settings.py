"""What each setting of an optimiser may be: one check a name, used wherever a value comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd.errors import ArgumentError, DTypeError
from autograd.support.arguments import nonnegative, number, require_constant

__all__ = [
    "LearningRate",
    "Settings",
    "check_group",
    "check_setting",
    "check_settings",
    "given",
    "learning_rate",
    "nonnegative",
    "number",
]

#: A learning rate: a number, or a function of the number of steps taken.
LearningRate = float | Callable[[int], float]
Settings = dict[str, Any]


def given(arguments: Mapping[str, Any]) -> Settings:
    """The settings among `locals()` at the start of an optimiser's `__init__`: its arguments."""
    return {n: x for n, x in arguments.items() if n not in ("self", "params", "__class__")}


def _fraction(where: str, name: str, value: Any) -> float:
    """`value` as a Python float from 0 to 1."""
    result = number(where, name, value)
    if not 0 <= result <= 1:
        raise ArgumentError(f"{where}: {name} came as {value!r}; give a number from 0 to 1")
    return result


def learning_rate(where: str, name: str, value: Any) -> Any:
    """`value` as a float of at least 0, or the function of the step that it is."""
    require_constant(where, name, value)
    if callable(value):
        return value
    try:
        return nonnegative(where, name, value)
    except DTypeError:
        raise DTypeError(
            f"{where}: {name} came as {value!r}; give a number of at least 0, "
            "or a function of the step such as optim.schedules.cosine(0.1, total=1000)"
        ) from None


def _decay(where: str, name: str, value: Any) -> float:
    result = number(where, name, value)
    if not 0 <= result < 1:
        raise ArgumentError(
            f"{where}: {name} came as {value!r}; give a number from 0 to 1, below 1"
        )
    return result


def _two_decays(where: str, name: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise DTypeError(f"{where}: {name} came as {value!r}; give a pair such as (0.9, 0.999)")
    return tuple(_decay(where, f"{name}[{i}]", beta) for i, beta in enumerate(value))


def _flag(where: str, name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise DTypeError(f"{where}: {name} came as {value!r}; give True or False")
    return value


def _count(where: str, name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise DTypeError(f"{where}: {name} came as {value!r}; give a whole number")
    if value < 1:
        raise ArgumentError(f"{where}: {name} came as {value!r}; give a number of at least 1")
    return int(value)


def _count_or_none(where: str, name: str, value: Any) -> int | None:
    return None if value is None else _count(where, name, value)


def _line_search(where: str, name: str, value: Any) -> Any:
    if value not in (None, "strong_wolfe"):
        raise ArgumentError(f"{where}: {name} came as {value!r}; give None or 'strong_wolfe'")
    return value


CHECKS: dict[str, Callable[[str, str, Any], Any]] = {
    "lr": learning_rate,
    "momentum": nonnegative,
    "dampening": number,
    "weight_decay": nonnegative,
    "nesterov": _flag,
    "maximize": _flag,
    "betas": _two_decays,
    "eps": nonnegative,
    "amsgrad": _flag,
    "decoupled_weight_decay": _flag,
    "alpha": _fraction,
    "centered": _flag,
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
            f"{where}: nesterov=True came with momentum={checked['momentum']} and "
            f"dampening={checked['dampening']}; it needs a momentum above 0 and no dampening"
        )
    return checked
