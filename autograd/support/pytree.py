"""Nested dicts, lists and tuples of leaves: flattened, matched with one another, and rebuilt."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd.errors import ShapeError


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of `tree` in order, and the function that builds it again from other leaves.

    None is a place without a leaf, and stays.

    >>> leaves, rebuild = flatten({"a": 1, "b": (2, [3, None])})
    >>> leaves, rebuild([10, 20, 30])
    ([1, 2, 3], {'a': 10, 'b': (20, [30, None])})
    """
    if tree is None:
        return [], lambda leaves: None
    if not isinstance(tree, dict | list | tuple):
        return [tree], lambda leaves: leaves[0]
    keys = [key for key, _ in _items(tree)]
    parts = [flatten(value) for _, value in _items(tree)]
    sizes = [len(leaves) for leaves, _ in parts]

    def rebuild(leaves: Sequence[Any]) -> Any:
        items, start = [], 0
        for size, (_, build) in zip(sizes, parts, strict=True):
            items.append(build(leaves[start : start + size]))
            start += size
        return _like(tree, keys, items)

    return [leaf for leaves, _ in parts for leaf in leaves], rebuild


def matching(tree: Any, other: Any, what: str) -> list[Any]:
    """What `other` has in the places of the leaves of `tree`, in their order.

    Dictionaries match by key, whatever order they are in. Raises `ShapeError` for another
    structure; `what` begins its message.

    >>> matching({"a": 1, "b": [2, 3]}, {"b": [20, 30], "a": 10}, "example")
    [10, 20, 30]
    """
    if tree is None or not isinstance(tree, dict | list | tuple):
        if tree is None and other is not None:
            raise ShapeError(f"{what} must have None where the other has, got {_kind(other)}")
        return [] if tree is None else [other]
    if isinstance(tree, dict):
        if not isinstance(other, dict) or other.keys() != tree.keys():
            got = list(other) if isinstance(other, dict) else _kind(other)
            raise ShapeError(f"{what} must be a dict with the keys {list(tree)}, got {got}")
    elif not isinstance(other, list | tuple) or len(other) != len(tree):
        got = f"{len(other)}" if isinstance(other, list | tuple) else _kind(other)
        raise ShapeError(f"{what} must be a {type(tree).__name__} of {len(tree)}, got {got}")
    return [
        leaf
        for key, value in _items(tree)
        for leaf in matching(value, other[key], f"{what}[{key!r}]")
    ]


def spread(prefix: Any, tree: Any, what: str) -> list[Any]:
    """The value of `prefix` for each leaf of `tree`: one value stands for all below its place.

    >>> spread((0, {"w": None, "b": 1}), ("x", {"w": ["y", "z"], "b": "v"}), "in_axes")
    [0, None, None, 1]
    """
    if not isinstance(prefix, dict | list | tuple):
        return [prefix] * len(flatten(tree)[0])
    if isinstance(prefix, dict):
        fits = isinstance(tree, dict) and tree.keys() == prefix.keys()
    else:
        fits = isinstance(tree, list | tuple) and len(tree) == len(prefix)
    if not fits:
        raise ShapeError(f"{what}: {prefix!r} does not fit the structure of {_kind(tree)}")
    return [
        leaf
        for key, value in _items(tree)
        for leaf in spread(prefix[key], value, f"{what}[{key!r}]")
    ]


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """`function` applied to every leaf."""
    leaves, rebuild = flatten(tree)
    return rebuild([function(leaf) for leaf in leaves])


def paths(tree: Any, start: str = "") -> Iterator[str]:
    """Where each leaf is, as it is written behind the tree: `['w'][0]`."""
    if isinstance(tree, dict | list | tuple):
        for key, value in _items(tree):
            yield from paths(value, f"{start}[{key!r}]")
    elif tree is not None:
        yield start


def _items(tree: Any) -> list[tuple[Any, Any]]:
    return list(tree.items() if isinstance(tree, dict) else enumerate(tree))


def _like(tree: Any, keys: list[Any], items: list[Any]) -> Any:
    """A container of the type of `tree`, with `items` at `keys`."""
    if isinstance(tree, dict):
        made = copy.copy(tree)  # keeps what its type keeps, such as a default factory
        made.clear()
        for key, item in zip(keys, items, strict=True):
            made[key] = item
        return made
    return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)


def _kind(value: Any) -> str:
    shape = getattr(value, "shape", None)
    name = type(value).__name__
    return name if shape is None else f"{name} of shape {shape}"
