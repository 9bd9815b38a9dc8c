"""What a box says of its op, tensor or group: a few rows, and all of it in the tooltip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograd.viz.formulas import derivatives, formula, shortened
from autograd.viz.graph import Vertex
from autograd.viz.groups import Group
from autograd.viz.sources import source_in_words
from autograd.viz.values import (
    bytes_in_words,
    has_bad,
    held_bytes,
    number,
    seconds_in_words,
    shape_in_words,
    statistics,
)
from autograd.viz.watching import times

_LONGEST_ERROR = 54

#: How much a box says.
NAMES, VALUES, ALL = range(3)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of text in a box."""

    text: str
    style: Literal["title", "plain", "small", "grad", "bad"] = "plain"


def op_rows(vertex: Vertex, detail: int, result: bool) -> list[Row]:
    """An op, with its result where `result`; formulas, memory, source line where there is room."""
    assert vertex.op is not None or vertex.error is not None
    name = vertex.op.name if vertex.op is not None else vertex.title
    if result and vertex.name and vertex.op is not None:
        name = f"{vertex.name} = {name}"
    rows = [Row(name, "title")]
    if vertex.error is not None:
        rows += [Row(line, "bad") for line in wrapped(vertex.error)]
        rows += [
            Row(f"{name}: {shape_in_words(operand.shape)} {operand.dtype or ''}".rstrip())
            for name, operand in vertex.operands
        ]
    if result and detail >= VALUES and (vertex.error is None or vertex.node is not None):
        rows += tensor_rows(vertex, detail, named=False)
    if detail >= ALL:
        rows += [Row(text, "small") for text in op_facts(vertex)]
    return rows


def op_facts(vertex: Vertex) -> list[str]:
    """Formula, derivatives, memory, source line and time of an op."""
    facts = []
    if vertex.op is not None:
        text = formula(vertex.op)
        if text:
            facts.append(text)
    node = vertex.node
    if node is None:
        return facts
    facts += [f"∂{name} = {shortened(text, 48)}" for name, text in derivatives(node)]
    where = source_in_words(node.source)
    if node.closures is None:
        facts.append(f"{where}  freed")
    else:
        facts.append(f"{where}  holds {bytes_in_words(held_bytes([node]))}")
    measured = times.get(node)
    if measured is not None:
        parts = (("forward", measured.forward), ("backward", measured.backward))
        facts.append("  ".join(f"{n} {seconds_in_words(s)}" for n, s in parts if s is not None))
    return facts


def tensor_rows(vertex: Vertex, detail: int, named: bool = True) -> list[Row]:
    """A tensor: name, shape and dtype; value and gradient; bytes where there is room."""
    if vertex.kind == "constant" and vertex.dtype is None:
        return [Row(shortened(constant_in_words(vertex.value), 24), "title")]
    rows = [Row(vertex.title, "title")] if named else []
    shape = shape_in_words(vertex.shape) if vertex.shape or detail < VALUES else ""
    kind = str(vertex.dtype) if detail >= ALL or (vertex.shape and detail >= VALUES) else ""
    size = bytes_in_words(vertex.nbytes) if detail >= ALL else ""
    facts = "  ".join(filter(None, [shape, kind, size]))
    if facts:
        rows.append(Row(facts, "small"))
    if detail < VALUES:
        return rows
    for array, prefix, style in ((vertex.value, "", "plain"), (vertex.gradient, "grad ", "grad")):
        if array is not None:
            bad = has_bad(np.asarray(array))
            rows.append(Row(prefix + statistics(np.asarray(array)), "bad" if bad else style))  # type: ignore[arg-type]
    return rows


def group_rows(group: Group, parameters: list[Vertex]) -> list[Row]:
    """A collapsed group: what it is, what it gives, how much it holds."""
    ops = group.ops()
    rows = [Row(group.title, "title")]
    if ops:
        rows.append(Row(f"→ {shape_in_words(ops[-1].shape)}", "small"))
    counts = f"{len(ops)} op{'s' if len(ops) != 1 else ''}"
    if parameters:
        total = sum(int(np.prod(p.shape, dtype=np.int64)) for p in parameters)
        counts += f", {total:,} parameters"
    rows.append(Row(counts, "small"))
    return rows


def tooltip(vertex: Vertex) -> str:
    """Everything that is known, in lines."""
    rows = tensor_rows(vertex, ALL)
    lines = [row.text for row in rows]
    if vertex.scopes:
        lines.append("in " + " > ".join(s.kind.__name__ for s in vertex.scopes))
    if vertex.op is not None:
        lines[:1] = [f"{vertex.name + ' = ' if vertex.name else ''}{vertex.op.name}"]
        lines += op_facts(vertex)
    if vertex.error is not None:
        lines.append(vertex.error)
    return "\n".join(lines)


def constant_in_words(value: Any) -> str:
    """A constant that is no array."""
    if isinstance(value, bool | int | float | np.generic):
        return number(value)
    return type(value).__name__


def wrapped(text: str, width: int = _LONGEST_ERROR, lines: int = 6) -> list[str]:
    """Text broken at blanks."""
    rows = [""]
    for word in text.split():
        if rows[-1] and len(rows[-1]) + 1 + len(word) > width:
            rows.append("")
        rows[-1] += (" " if rows[-1] else "") + word[: 2 * width]
    return rows if len(rows) <= lines else [*rows[: lines - 1], rows[lines - 1] + " …"]
