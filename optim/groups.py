"""Parameter groups: what may be given as `params`, and what it becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autograd import Tensor
from autograd.errors import ArgumentError, DTypeError, GraphError
from optim.settings import check_settings

__all__ = ["Params", "as_group", "as_groups", "as_tensors", "describe"]

Params = Iterable[Tensor | tuple[str, Tensor] | dict[str, Any]]

#: Keys of a group that are no settings of the update rule.
LABELS = ("params", "param_names", "name", "initial_lr")

_CONSUMED = (
    "params must hold a parameter or more, got none (a generator such as net.parameters() gives "
    "its items only once: ask for a new one, or keep list(net.parameters()))"
)


def as_groups(where: str, params: Any) -> list[dict[str, Any]]:
    """`params` as a list of dictionaries with the key 'params'."""
    items = _as_list(where, params)
    if any(isinstance(item, Mapping) for item in items):
        for item in items:
            if not isinstance(item, Mapping):
                raise DTypeError(
                    f"{where}: params mixes dictionaries with a {type(item).__name__}; give "
                    "Tensors alone, or parameter groups alone: [{'params': [...], 'lr': 0.1}]"
                )
        return [dict(item) for item in items]
    return [{"params": items}]


def as_group(where: str, group: Any, defaults: Mapping[str, Any], index: int) -> dict[str, Any]:
    """A complete, checked group: its parameters as a list, each setting given or by default."""
    where = f"{where}: parameter group {index}"
    if not isinstance(group, Mapping):
        raise DTypeError(
            f"{where} must be a dictionary such as {{'params': [...], 'lr': 0.1}}, got "
            f"{type(group).__name__}"
        )
    if "params" not in group:
        raise ArgumentError(f"{where} has the keys {list(group)}; the key 'params' is missing")
    unknown = [key for key in group if key not in defaults and key not in LABELS]
    if unknown:
        raise ArgumentError(
            f"{where} has the unknown setting {unknown[0]!r}; "
            f"it takes {', '.join(defaults)} (and a label 'name')"
        )
    names, tensors = _named(where, _as_list(where, group["params"]))
    complete: dict[str, Any] = {"params": tensors}
    if names:
        complete["param_names"] = names
    given = {key: value for key, value in group.items() if key not in ("params", "param_names")}
    return complete | check_settings(where, {**defaults, **given})


def as_tensors(where: str, params: Any) -> list[Tensor]:
    """One Tensor, or an iterable of Tensors, as a list in which each is present once."""
    items = [params] if isinstance(params, Tensor) else _as_list(where, params)
    for position, item in enumerate(items):
        if not isinstance(item, Tensor):
            raise DTypeError(_no_tensor(where, position, item))
    return list(dict.fromkeys(items))


def describe(group: Mapping[str, Any], index: int, position: int) -> str:
    """A parameter as messages call it: its name where one is known, else its place."""
    tensor = group["params"][position]
    name = group["param_names"][position] if "param_names" in group else tensor.name
    return f"parameter {name!r}" if name else f"parameter {position} of group {index}"


def _as_list(where: str, params: Any) -> list[Any]:
    if isinstance(params, Tensor):
        raise DTypeError(f"{where}: params must be a list of Tensors, got one Tensor; write [w]")
    if callable(getattr(params, "parameters", None)):
        kind = type(params).__name__
        raise DTypeError(f"{where}: params must be Tensors, got a {kind}; write net.parameters()")
    if callable(params):
        raise DTypeError(
            f"{where}: params must be Tensors, got a function; call it: net.parameters()"
        )
    if isinstance(params, (str, bytes, Mapping, set, frozenset)) or not isinstance(
        params, Iterable
    ):
        raise DTypeError(
            f"{where}: params must be Tensors in an order, such as net.parameters() or [w, b], or "
            "a list of dictionaries such as [{'params': [w], 'lr': 0.1}], got "
            f"{type(params).__name__}"
        )
    items = list(params)
    if not items:
        raise ArgumentError(f"{where}: {_CONSUMED}")
    return items


def _named(where: str, items: list[Any]) -> tuple[list[str], list[Tensor]]:
    """Names (if `(name, Tensor)` pairs came) and Tensors, each Tensor once."""
    pairs = [isinstance(item, tuple) and len(item) == 2 for item in items]
    if any(pairs) and not all(pairs):
        raise DTypeError(
            f"{where}: params mixes (name, Tensor) pairs with other things; give "
            "net.named_parameters() or net.parameters()"
        )
    named: dict[Tensor, str] = {}
    for position, item in enumerate(items):
        name, tensor = item if pairs[0] else ("", item)
        if not isinstance(tensor, Tensor):
            raise DTypeError(_no_tensor(where, position, tensor))
        _check_trainable(f"{where}: parameter {repr(name) if name else position}", tensor)
        named.setdefault(tensor, name)
    return (list(named.values()) if pairs[0] else []), list(named)


def _check_trainable(where: str, tensor: Tensor) -> None:
    if tensor.node is not None:
        raise GraphError(
            f"{where} is no leaf but the result of {tensor.node!r}, which would be computed anew "
            "in each step; give the Tensors it was computed from, or start from x.detach()"
        )
    # A module's parameter (a subclass) may be frozen for now; a plain Tensor was forgotten.
    if not tensor.requires_grad and type(tensor) is Tensor:
        raise GraphError(
            f"{where} (shape {tensor.shape}) requires no gradient, so it would never move; "
            "make it with requires_grad=True"
        )


def _no_tensor(where: str, position: int, item: Any) -> str:
    return (
        f"{where}: parameter {position} must be a Tensor that requires a gradient, such as "
        f"ag.tensor(..., requires_grad=True) or an nn.Parameter, got {type(item).__name__}"
    )
