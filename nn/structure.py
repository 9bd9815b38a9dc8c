"""A nest of dicts, lists and tuples as named arrays and a JSON-able description, and back.

A flat dict of Tensors, such as a state dictionary, needs no description: names are enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import CheckpointError, DTypeError
from autograd.support.arguments import require_unmasked

__all__ = ["flatten", "unflatten"]

# How many dicts, lists and tuples may lie within each other: what is saved can be loaded, whatever
# Python's recursion limit and the caller's own depth leave for it.
MOST_LEVELS = 100

# A description is [kind, content]: the content of "tensor" and "array" is a name, of "value" the
# value itself, of "list" and "tuple" descriptions, of "dict" pairs of a key and a description.


def flatten(obj: Any) -> tuple[dict[str, np.ndarray], list[Any] | None]:
    """`(arrays by name, description)` of a nest; the description of a state dictionary is None.

    >>> flatten({"step": 3, "moments": [np.zeros(2)]})
    ({'moments.0': array([0., 0.])}, ['dict', [['step', ['value', 3]], ['moments', ['list', ...]]]])
    """
    if isinstance(obj, Mapping) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in obj.items()
    ):
        return {name: tensor.data for name, tensor in obj.items()}, None
    arrays: dict[str, np.ndarray] = {}
    return arrays, _described("", obj, arrays, MOST_LEVELS)


def unflatten(arrays: Mapping[str, np.ndarray], description: list[Any] | None) -> Any:
    """The nest that `flatten` took apart; equal arrays under two names become one Tensor."""
    tensors: dict[int, Tensor] = {}
    if description is None:
        return {name: tensors.setdefault(id(a), Tensor(a)) for name, a in arrays.items()}
    return _rebuilt(description, arrays, tensors, MOST_LEVELS)


def _described(path: str, obj: Any, arrays: dict[str, np.ndarray], levels: int) -> list[Any]:
    if isinstance(obj, Tensor | np.ndarray):
        require_unmasked(obj, f"save: {path}" if path else "save")
        if path in arrays:
            raise CheckpointError(f"save: two different places are called {path!r}; rename a key")
        arrays[path] = obj.data if isinstance(obj, Tensor) else obj
        return ["tensor" if isinstance(obj, Tensor) else "array", path]
    if isinstance(obj, np.generic):
        return _described(path, obj.item(), arrays, levels)
    if obj is None or isinstance(obj, bool | int | float | str):
        return ["value", obj]
    if not levels and isinstance(obj, Mapping | list | tuple):
        raise CheckpointError(
            f"save: {path[:40]}... lies more than {MOST_LEVELS} dicts, lists and tuples deep; "
            "flatten it, or does it contain itself?"
        )
    if isinstance(obj, Mapping):
        for key in obj:
            if not isinstance(key, str | int):
                raise DTypeError(f"save: key {key!r} of {path or 'the dict'} is no string or int")
        return [
            "dict",
            [[k, _described(_join(path, k), v, arrays, levels - 1)] for k, v in obj.items()],
        ]
    if isinstance(obj, list | tuple):
        kind = "list" if isinstance(obj, list) else "tuple"
        items = enumerate(obj)
        return [kind, [_described(_join(path, i), v, arrays, levels - 1) for i, v in items]]
    raise DTypeError(
        f"save: {path or 'the object'} is of type {type(obj).__name__}; a file can hold dicts, "
        "lists, tuples, Tensors, arrays, numbers, strings, booleans and None"
    )


def _rebuilt(
    description: list[Any],
    arrays: Mapping[str, np.ndarray],
    tensors: dict[int, Tensor],
    levels: int,
) -> Any:
    kind, content = description
    if kind == "tensor":
        array = arrays[content]
        return tensors.setdefault(id(array), Tensor(array))
    if kind == "array":
        return arrays[content]
    if kind == "value":
        return content
    if not levels:
        raise ValueError(f"more than {MOST_LEVELS} dicts, lists and tuples within each other")
    if kind == "dict":
        return {key: _rebuilt(value, arrays, tensors, levels - 1) for key, value in content}
    if kind not in ("list", "tuple"):
        raise ValueError(f"unknown kind {kind!r:.40}")
    items = [_rebuilt(value, arrays, tensors, levels - 1) for value in content]
    return items if kind == "list" else tuple(items)


def _join(path: str, key: str | int) -> str:
    return f"{path}.{key}" if path else str(key)
