"""What a box's colour means, and the legend that says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autograd.errors import ArgumentError
from autograd.support.arguments import one_of
from autograd.viz.graph import Vertex
from autograd.viz.nan_origins import Bad, bad_vertices
from autograd.viz.values import (
    bytes_in_words,
    held_bytes,
    number,
    sampled,
    seconds_in_words,
)
from autograd.viz.watching import times

COLOURS = ("role", "grad", "time", "memory", "nan")

_RAMP = ("#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6")  # ColorBrewer's Blues
_RED = "#ffd0c8"


@dataclass(frozen=True, slots=True)
class Paint:
    """Fill and border of a box."""

    fill: str
    border: str = "#8796a8"
    dashed: bool = False


ROLES = {
    "parameter": Paint("#d5efd9", "#4a8f5f"),
    "leaf": Paint("#dcebfa", "#4f81b3"),
    "constant": Paint("#eeeeee", "#a0a0a0"),
    "op": Paint("#fff6dc", "#c2a14d"),
    "tensor": Paint("#ffffff", "#8796a8"),
    "output": Paint("#eadff7", "#8a63b8"),
    "group": Paint("#e6ecf3", "#6d7f95"),
    "failed": Paint(_RED, "#a8200d"),
}
_UNKNOWN = Paint("#ffffff", "#b0b0b0", dashed=True)

Legend = list[tuple[Paint, str]]


def role(vertex: Vertex, as_tensor: bool = False) -> str:
    """The key into `ROLES`."""
    if vertex.error is not None and not as_tensor:
        return "failed"
    if vertex.is_output and (as_tensor or vertex.kind == "op"):
        return "output"
    if vertex.kind == "op":
        return "tensor" if as_tensor else "op"
    return "parameter" if vertex.is_parameter else vertex.kind


def painter(
    colour: str, shown: Sequence[Sequence[Vertex]], vertices: Sequence[Vertex]
) -> tuple[Callable[[Sequence[Vertex]], Paint | None], Legend]:
    """A function from the vertices in a box to its paint (None: by role), and the legend.

    `shown` are the vertices of each box, `vertices` all of the graph in order of creation.
    """
    one_of("draw", "color", colour, COLOURS)
    if colour == "role":
        return (lambda vertices: None), []
    if colour == "nan":
        return _nan_painter(vertices), [
            *((paint, words) for paint, words in _NAN_PAINTS.values()),
            (_FINITE, "finite"),
            (_UNKNOWN, "neither value nor gradient is alive"),
        ]
    measure, words, unit = _MEASURES[colour]
    amounts = [a for vertices in shown if (a := measure(vertices)) is not None and a > 0]
    if colour == "time" and not amounts:
        raise ArgumentError(
            "draw: color='time' needs measured times, and no op of this graph has one; step "
            "through list(ag.backward_steps(loss, retain_graph=True, measure=True)) first"
        )
    finite = [math.log10(a) for a in amounts if math.isfinite(a)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)

    def paint(vertices: Sequence[Vertex]) -> Paint | None:
        amount = measure(vertices)
        if amount is None:
            return _UNKNOWN
        if not math.isfinite(amount):
            return ROLES["failed"]
        if amount == 0:
            return Paint("#ffe8cc", "#d08a2e")
        place = (math.log10(amount) - low) / (high - low) if high > low else 1.0
        return Paint(_RAMP[min(int(place * len(_RAMP)), len(_RAMP) - 1)], "#4f81b3")

    legend: Legend = []
    for i, fill in enumerate(_RAMP if high > low else _RAMP[-1:]):
        at = low + (high - low) * (i + 0.5) / len(_RAMP) if high > low else low
        if finite:
            legend.append((Paint(fill, "#4f81b3"), words(10**at)))
    legend.append((Paint("#ffe8cc", "#d08a2e"), f"{unit} is zero"))
    legend.append((_UNKNOWN, f"no {unit}"))
    if colour == "grad":
        legend.append((ROLES["failed"], "NaN or Inf"))
    return paint, legend


_FINITE = Paint("#d5efd9", "#4a8f5f")
_NAN_PAINTS = {  # the first that fits a box with several vertices
    Bad.BORN_FORWARD: (Paint("#ff9d8a", "#a8200d"), "NaN or Inf is born here, of finite operands"),
    Bad.BORN_BACKWARD: (Paint("#e0b8ee", "#a8200d"), "its gradient rule makes NaN or Inf"),
    Bad.REACHED: (Paint("#fff0e6", "#a8200d"), "reached by NaN or Inf"),
}


def _nan_painter(vertices: Sequence[Vertex]) -> Callable[[Sequence[Vertex]], Paint]:
    bad = bad_vertices(vertices)

    def paint(inside: Sequence[Vertex]) -> Paint:
        found = {bad[vertex] for vertex in inside if vertex in bad}
        for kind, (chosen, _) in _NAN_PAINTS.items():
            if kind in found:
                return chosen
        if any(vertex.error is not None for vertex in inside):
            return ROLES["failed"]
        alive = any(isinstance(a, np.ndarray) for v in inside for a in (v.value, v.gradient))
        return _FINITE if alive else _UNKNOWN

    return paint


def _mean_gradient(vertices: Sequence[Vertex]) -> float | None:
    """Mean |g|, of several the largest; infinite where one has a NaN."""
    found = []
    for vertex in vertices:
        if vertex.gradient is not None and vertex.gradient.size:
            mean = float(np.abs(sampled(vertex.gradient).astype(np.float64)).mean())
            found.append(mean if math.isfinite(mean) else math.inf)
    return max(found, default=None)


def _seconds(vertices: Sequence[Vertex]) -> float | None:
    measured = [times[v.node] for v in vertices if v.node is not None and v.node in times]
    if not measured:
        return None
    return sum((m.forward or 0.0) + (m.backward or 0.0) for m in measured)


def _memory(vertices: Sequence[Vertex]) -> float | None:
    nodes = [v.node for v in vertices if v.node is not None]
    return held_bytes(nodes) if nodes else sum(v.nbytes for v in vertices)


_MEASURES: dict[str, tuple[Callable[..., float | None], Callable[[float], str], str]] = {
    "grad": (_mean_gradient, lambda a: f"mean |g| ≈ {number(float(f'{a:.1g}'))}", "gradient"),
    "time": (_seconds, seconds_in_words, "time"),
    "memory": (_memory, bytes_in_words, "memory"),
}
