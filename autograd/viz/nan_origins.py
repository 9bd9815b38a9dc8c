"""Where a NaN or an infinity was born, apart from what it has reached since."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import numpy as np

from autograd.viz.graph import Vertex
from autograd.viz.values import has_bad


class Bad(Enum):
    """What is known of a vertex whose value or gradient is not finite."""

    BORN_FORWARD = "not finite, of finite operands"
    BORN_BACKWARD = "its rule made a gradient that is not finite, of a finite one"
    REACHED = "not finite because something before it is"


def bad_vertices(vertices: Iterable[Vertex]) -> dict[Vertex, Bad]:
    """The vertices (given in order of creation) with a NaN or Inf, as far as values are alive.

    An input or a parameter that is not finite counts as born there. A value that is not alive says
    nothing, but a NaN is followed through it.
    """
    ordered = list(vertices)
    found: dict[Vertex, Bad] = {}
    tainted: set[Vertex] = set()  # not finite, or of unknown value behind what is not
    for vertex in ordered:
        behind = any(operand in tainted for _, operand in vertex.operands)
        bad = vertex.error is None and _is_bad(vertex.value)
        if bad:
            found[vertex] = Bad.REACHED if behind else Bad.BORN_FORWARD
        if bad or (behind and vertex.value is None):
            tainted.add(vertex)
    _look_backward(ordered, found)
    return found


def _look_backward(ordered: list[Vertex], found: dict[Vertex, Bad]) -> None:
    """Add the rules that made a gradient bad, and the vertices that it reached."""
    for user in reversed(ordered):  # a gradient comes from what was computed later
        sick = user in found or any(operand in found for _, operand in user.operands)
        for _, operand in user.operands:
            if not _is_bad(operand.gradient):
                continue
            if not sick and user.gradient is not None and not _is_bad(user.gradient):
                found[user] = Bad.BORN_BACKWARD
            found.setdefault(operand, Bad.REACHED)
    for vertex in ordered:
        if _is_bad(vertex.gradient):
            found.setdefault(vertex, Bad.REACHED)


def _is_bad(value: object) -> bool:
    if isinstance(value, float):
        return not np.isfinite(value)
    return isinstance(value, np.ndarray) and has_bad(value)
