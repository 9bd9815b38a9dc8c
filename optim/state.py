"""An optimiser's state as a dictionary, and back with every problem found before a change."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor
from autograd.errors import CheckpointError, GlassgradError
from optim.groups import LABELS, describe
from optim.settings import CHECKS, check_setting

if TYPE_CHECKING:
    from optim.optimizer import Optimizer

__all__ = ["loaded_state", "saved_state", "value_problem"]

Groups = list[dict[str, Any]]
State = dict[Tensor, dict[str, Any]]


def saved_state(optimizer: Optimizer) -> dict[str, Any]:
    """What `Optimizer.state_dict` returns."""
    numbers: dict[Tensor, int] = {}
    saved_groups = []
    for group in optimizer.param_groups:
        for tensor in group["params"]:
            numbers[tensor] = len(numbers)
        saved = {key: value for key, value in group.items() if key != "params"}
        if callable(saved["lr"]):
            saved["lr"] = repr(saved["lr"])
        saved = copy.deepcopy(saved)
        saved["params"] = [numbers[tensor] for tensor in group["params"]]
        saved_groups.append(saved)
    state = {}
    for group in optimizer.param_groups:
        names, _ = _names(optimizer, group)
        for tensor in group["params"]:
            kept = optimizer.state.get(tensor)
            if kept is not None:
                arrays = {name: np.array(kept[name]) for name in names if name in kept}
                others = optimizer.initial_values(tensor.data, dict(group))
                values = {name: kept[name] for name in others if name in kept}
                state[numbers[tensor]] = {"step": kept["step"], **arrays, **copy.deepcopy(values)}
    return {"steps": optimizer.steps, "state": state, "param_groups": saved_groups}


def loaded_state(optimizer: Optimizer, state_dict: Any) -> tuple[Groups, State, int]:
    """The groups, state and step count of `state_dict` for the parameters of `optimizer`."""
    problems = _outline_problems(optimizer, state_dict)
    if not problems:
        groups = [
            _loaded_group(own, saved, index, problems)
            for index, (own, saved) in enumerate(
                zip(optimizer.param_groups, state_dict["param_groups"], strict=True)
            )
        ]
        state = _loaded_state(optimizer, groups, state_dict["state"], problems)
    if problems:
        raise CheckpointError(f"{type(optimizer).__name__}.load_state_dict: {'; '.join(problems)}")
    return groups, state, state_dict["steps"]


def _names(optimizer: Optimizer, group: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The arrays the rule may keep for a parameter of a group, and those it keeps in any case.

    A setting that was switched off leaves its array, which counts when it is switched on again;
    one that was just switched on has no array yet.
    """
    switches = {name: x for name, x in group.items() if isinstance(x, bool | int | float)}
    on = {**group, **{name: value or True for name, value in switches.items()}}
    off = {**group, **{name: type(value)(0) for name, value in switches.items()}}
    initial_state = type(optimizer).initial_state
    now, needed = initial_state(dict(group)), initial_state(off)
    return list({**now, **initial_state(on), **needed}), [name for name in now if name in needed]


def _outline_problems(optimizer: Optimizer, state_dict: Any) -> list[str]:
    """What makes `state_dict` no state of an optimiser with these groups at all."""
    kinds = {"steps": int, "state": Mapping, "param_groups": list}
    if not isinstance(state_dict, Mapping):
        return [f"it must be what state_dict() returned, got a {type(state_dict).__name__}"]
    problems = [f"missing {key!r}" for key in kinds if key not in state_dict]
    problems += [f"unknown {key!r}" for key in state_dict if key not in kinds]
    problems += [
        f"{key!r} is a {type(state_dict[key]).__name__}, not a {kind.__name__}"
        for key, kind in kinds.items()
        if key in state_dict and not isinstance(state_dict[key], kind)
    ]
    if problems:
        return problems
    if state_dict["steps"] < 0:
        problems.append(f"'steps' is {state_dict['steps']}")
    own, saved = optimizer.param_groups, state_dict["param_groups"]
    if len(own) != len(saved):
        return [*problems, f"{len(own)} parameter groups here and {len(saved)} in the state"]
    for index, (group, other) in enumerate(zip(own, saved, strict=True)):
        if not isinstance(other, Mapping) or not isinstance(other.get("params"), list):
            problems.append(f"group {index} is no dictionary with a list 'params'")
        elif len(group["params"]) != len(other["params"]):
            problems.append(
                f"group {index} has {len(group['params'])} parameters here and "
                f"{len(other['params'])} in the state"
            )
    return problems


def _loaded_group(
    own: dict[str, Any], saved: Mapping[str, Any], index: int, problems: list[str]
) -> dict[str, Any]:
    """The saved settings for the parameters of `own`; what does not fit goes to `problems`."""
    where = f"group {index}"
    names = zip(own.get("param_names", ()), saved.get("param_names", ()), strict=False)
    found = [f"parameter {ours!r} is {theirs!r} there" for ours, theirs in names if ours != theirs]
    found += [f"missing {key!r}" for key in own if key not in saved and key not in LABELS]
    found += [f"unknown {key!r}" for key in saved if key not in own and key not in LABELS]

    settings = {key: value for key, value in saved.items() if key not in ("params", "param_names")}
    if callable(own["lr"]):
        settings["lr"] = own["lr"]
    elif isinstance(settings.get("lr"), str):
        found.append(
            f"'lr' was the function {settings.pop('lr')}, and functions are not stored; give this "
            "optimiser that function as its lr"
        )
    checked = {}
    for key, value in settings.items():
        try:
            checked[key] = check_setting(where, key, copy.deepcopy(value))
        except GlassgradError as error:
            problems.append(str(error))
            continue
        if key not in LABELS and key not in CHECKS:
            found.append(value_problem(key, checked[key], own.get(key)))
    problems += [f"{where}: {problem}" for problem in found if problem]
    if problems:
        return own
    return {key: own[key] for key in ("params", "param_names") if key in own} | checked


def _loaded_state(
    optimizer: Optimizer, groups: Groups, saved: Mapping[Any, Any], problems: list[str]
) -> State:
    """The saved arrays in each parameter's dtype; what does not fit goes to `problems`."""
    places = [
        (group, index, position)
        for index, group in enumerate(groups)
        for position in range(len(group["params"]))
    ]
    state: State = {}
    for number, kept in saved.items():
        if type(number) is not int or not 0 <= number < len(places):
            problems.append(f"state of parameter {number!r}: there are {len(places)} parameters")
            continue
        group, index, position = places[number]
        where = f"state of {describe(group, index, position)}"
        if not isinstance(kept, Mapping):
            problems.append(f"{where} is a {type(kept).__name__}, not a dictionary")
            continue
        tensor = group["params"][position]
        names, needed = _names(optimizer, group)
        others = optimizer.initial_values(tensor.data, dict(group))
        wanted = ["step", *(name for name in names if name in kept or name in needed)]
        found = [_entry_problem(name, kept, tensor) for name in wanted]
        found += [
            value_problem(name, kept[name], value) if name in kept else f"missing {name!r}"
            for name, value in others.items()
        ]
        known = {"step", *names, *others}
        found += [f"unknown {name!r}" for name in kept if name not in known]
        found = [problem for problem in found if problem]
        problems += [f"{where}: {problem}" for problem in found]
        if not found:
            arrays = {n: np.array(kept[n], dtype=tensor.dtype, order="C") for n in wanted[1:]}
            values = {name: copy.deepcopy(kept[name]) for name in others}
            state[tensor] = {"step": int(kept["step"]), **arrays, **values}
    return state


def _entry_problem(name: str, kept: Mapping[str, Any], tensor: Tensor) -> str:
    """What is wrong with one entry of a parameter's state, or nothing."""
    if name not in kept:
        return f"missing {name!r}"
    value = kept[name]
    if name == "step":
        whole = isinstance(value, (int, np.integer)) and value >= 0
        return "" if whole else f"'step' is {value!r}, not a whole number"
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return f"{name!r} is of {array.dtype}, not of floats"
    if array.shape != tensor.shape:
        return f"{name!r} has shape {array.shape}, the parameter {tensor.shape}"
    return ""


def value_problem(name: str, value: Any, first: Any) -> str:
    """What is wrong with a value in place of `first`, told by its kind, or nothing."""
    if isinstance(first, np.ndarray):
        if isinstance(value, np.ndarray) and value.dtype.kind == first.dtype.kind:
            fits = value.shape == first.shape
            return "" if fits else f"{name!r} has shape {value.shape}, not {first.shape}"
        return f"{name!r} is {_kind(value)}, not {_kind(first)}"
    fits = first is None or _kind(value) == _kind(first)
    return "" if fits else f"{name!r} is {value!r}, not {_kind(first)}"


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    if isinstance(value, bool | np.bool_):
        return "True or False"
    if isinstance(value, int | float | np.number):
        return "a number"
    return f"a {type(value).__name__}"
