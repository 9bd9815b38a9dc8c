"""What a box's colour means, and the legend that says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autograd.errors import ArgumentError
from autograd.viz.graph import Vertex
from autograd.viz.keeping import times
from autograd.viz.values import (
    bytes_in_words,
    has_bad,
    held_bytes,
    number,
    sampled,
    seconds_in_words,
)

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
    colour: str, shown: Sequence[Sequence[Vertex]]
) -> tuple[Callable[[Sequence[Vertex]], Paint | None], Legend]:
    """A function from the vertices in a box to its paint (None: by role), and the legend."""
    if colour not in COLOURS:
        raise ArgumentError(f"draw: color={colour!r} is unknown; there are {', '.join(COLOURS)}")
    if colour == "role":
        return (lambda vertices: None), []
    if colour == "nan":
        return _nan_paint, [
            (Paint(_RED, "#a8200d"), "NaN or Inf"),
            (Paint("#d5efd9", "#4a8f5f"), "finite"),
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


def _nan_paint(vertices: Sequence[Vertex]) -> Paint:
    arrays = [a for v in vertices for a in (v.value, v.gradient) if isinstance(a, np.ndarray)]
    if any(has_bad(array) for array in arrays) or any(v.error is not None for v in vertices):
        return Paint(_RED, "#a8200d")
    return Paint("#d5efd9", "#4a8f5f") if arrays else _UNKNOWN


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
