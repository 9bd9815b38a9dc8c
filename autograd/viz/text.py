"""A picture as a tree of text: results first, operands below them."""

from __future__ import annotations

from autograd.viz.describe import constant_in_words
from autograd.viz.formulas import shortened
from autograd.viz.graph import Vertex
from autograd.viz.picture import Box, Picture
from autograd.viz.values import shape_in_words, statistics

_LINES = 200  # longer trees are cut


def tree(picture: Picture) -> str:
    """The picture in lines; what was shown before is named only."""
    operands: dict[Box, list[Box]] = {}
    for arrow in picture.arrows:
        if arrow.kind == "forward":
            operands.setdefault(arrow.head, []).append(arrow.tail)
    used = {box for tails in operands.values() for box in tails}
    roots = [box for box in picture.boxes if box not in used]
    lines: list[str] = []
    seen: set[Box] = set()
    stack = [(box, "", "") for box in reversed(roots)]
    while stack and len(lines) < _LINES:
        box, lead, below = stack.pop()
        again = box in seen and bool(operands.get(box))
        lines.append(lead + line(box) + ("  (as above)" if again else ""))
        if again:
            continue
        seen.add(box)
        children = operands.get(box, [])
        for i, child in reversed(list(enumerate(children))):
            last = i == len(children) - 1
            lead, deeper = ("└─ ", "   ") if last else ("├─ ", "│  ")
            stack.append((child, below + lead, below + deeper))
    if stack:
        lines.append("…")
    return "\n".join([*lines, *(f"({note})" for note in picture.notes)])


def line(box: Box) -> str:
    """One box in one line."""
    if box.role == "group" or not box.vertices:
        return ", ".join(row.text for row in box.rows)
    return describe(box.vertices[0])


def describe(vertex: Vertex) -> str:
    """Name, op, shape, value and gradient of a vertex, as far as there are such."""
    if vertex.kind == "constant" and vertex.dtype is None:
        return f"constant {shortened(constant_in_words(vertex.value), 40)}"
    parts = [vertex.title]
    if vertex.op is not None and vertex.name:
        parts = [f"{vertex.name} = {vertex.op.name}"]
    if vertex.error is not None:
        parts.append(f"FAILED: {shortened(vertex.error, 100)}")
        if vertex.node is None:
            return "  ".join(parts)
    if vertex.shape:
        parts.append(shape_in_words(vertex.shape))
    if vertex.value is not None:
        parts.append(statistics(vertex.value))
    if vertex.gradient is not None:
        parts.append("grad " + statistics(vertex.gradient))
    return "  ".join(parts)
