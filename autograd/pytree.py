"""Nested dicts, lists and tuples of Tensors, flattened and rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of `tree` in order, and the function that builds it again from other leaves.

    >>> leaves, rebuild = flatten({"a": 1, "b": (2, [3])})
    >>> leaves, rebuild([10, 20, 30])
    ([1, 2, 3], {'a': 10, 'b': (20, [30])})
    """
    if isinstance(tree, dict):
        parts = [flatten(value) for value in tree.values()]
        keys = list(tree)

        def make(items: list[Any]) -> Any:
            return type(tree)(zip(keys, items, strict=True))

    elif isinstance(tree, list | tuple):
        parts = [flatten(value) for value in tree]

        def make(items: list[Any]) -> Any:
            return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)

    else:
        return [tree], lambda leaves: leaves[0]

    sizes = [len(leaves) for leaves, _ in parts]

    def rebuild(leaves: Sequence[Any]) -> Any:
        items, start = [], 0
        for size, (_, build) in zip(sizes, parts, strict=True):
            items.append(build(leaves[start : start + size]))
            start += size
        return make(items)

    return [leaf for leaves, _ in parts for leaf in leaves], rebuild


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """`function` applied to every leaf."""
    leaves, rebuild = flatten(tree)
    return rebuild([function(leaf) for leaf in leaves])
