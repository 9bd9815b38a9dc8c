"""Walking through a graph: the one way in which nodes are gone through."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Any

from autograd.engine.node import Node

_age = attrgetter("id")


def nodes_below(starts: Iterable[Any], since: int = 0) -> list[Node]:
    """The nodes among `starts` and all that lead to them, newest first.

    That is a topological order, since an operand is always older than its result. Nodes with an id
    below `since` count as leaves.
    """
    order = [start for start in dict.fromkeys(starts) if type(start) is Node and start.id >= since]
    seen = set(order)
    for node in order:  # grows as it is walked through
        for edge in node.edges:
            if type(edge) is Node and edge not in seen and edge.id >= since:
                seen.add(edge)
                order.append(edge)
    order.sort(key=_age, reverse=True)
    return order


def leaves_of(nodes: Iterable[Node], since: int = 0) -> list[Any]:
    """What the graph of these nodes grew from: leaf Tensors, and nodes with an id below `since`."""
    found: dict[Any, None] = {}
    for node in nodes:
        for edge in node.edges:
            if edge is not None and (type(edge) is not Node or edge.id < since):
                found[edge] = None
    return list(found)


def schedule(
    starts: Collection[Any], targets: Iterable[Any] | None, since: int = 0
) -> tuple[list[Node], set[Any] | None]:
    """The nodes to visit, newest first, and (for targets) every edge that leads to one.

    Nodes with an id below `since` count as leaves. A target is visited only if it leads to another.
    """
    order = nodes_below(starts, since)
    if targets is None:
        return order, None
    wanted = set(targets)
    leading = wanted.intersection(starts)
    visited = set()
    for node in reversed(order):
        on_the_way = [edge for edge in node.edges if edge in wanted or edge in leading]
        if on_the_way:
            leading.update(on_the_way)
            leading.add(node)
            visited.add(node)
    return [node for node in order if node in visited], leading
