"""`replay`: the backward pass as a page to step through, in one file."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from autograd.engine.node import Node
from autograd.engine.source_lines import user_frame
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError
from autograd.support.files import write_page
from autograd.support.unknown_names import named_arguments
from autograd.viz import render
from autograd.viz.describe import NAMES, op_facts
from autograd.viz.dot import dot
from autograd.viz.graph import Recorded, Vertex, collect
from autograd.viz.groups import LIMIT, grouped
from autograd.viz.heatmap import data_uri
from autograd.viz.picture import Box, Picture, compose
from autograd.viz.sources import source_in_words
from autograd.viz.steps import Step, _prepared, _run
from autograd.viz.values import number, sampled, shape_in_words, statistics

_NUMBERS = 64  # an array of up to so many elements is shown in numbers too
_ROOM = "\u2007" * 12  # an invisible label as wide as a number
_PICTURES = 600  # heat maps in one page; further arrays are described in words only


@named_arguments
class Film:
    """A replay of one backward pass: shows itself in a notebook, `save` writes an HTML file."""

    def __init__(self, title: str, picture: Picture, script: dict[str, Any]):
        self.title = title
        self._picture = picture
        self._script = script

    @property
    def steps(self) -> int:
        """How many ops are replayed."""
        return len(self._script["steps"])

    def html(self, whole_page: bool = True) -> str:
        """The page, or what stands inside a notebook's cell; it loads nothing from elsewhere."""
        files = resources.files("autograd.viz")
        # "</script" would end the script wherever it stands in a name
        script = json.dumps(self._script).replace("<", "\\u003c")
        body = (
            f"<style>{(files / 'film.css').read_text('utf-8')}</style>\n"
            '<div class="autograd-film" tabindex="0" role="application" '
            f'aria-label="backward pass, step by step">{self._stage()}'
            f'<script type="application/json">{script}</script></div>\n'
            f"<script>{(files / 'film.js').read_text('utf-8')}</script>"
        )
        if not whole_page:
            return body
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{html.escape(self.title)}</title><link rel="icon" href="data:,"></head>'
            f'\n<body class="autograd-film-page">\n{body}\n</body></html>\n'
        )

    def _stage(self) -> str:
        """The graph as SVG; as a plain list of its boxes where there is no Graphviz."""
        try:
            return f'<div class="stage">{render.inline_svg(dot(self._picture))}</div>'
        except render.NoGraphviz:
            boxes = "".join(
                f'<li><button type="button" class="node {box.role}" id="{box.id}">'
                + "<br>".join(html.escape(row.text) for row in box.rows)
                + "</button></li>"
                for box in self._picture.boxes
            )
            return f'<div class="stage"><ul class="plain">{boxes}</ul></div>'

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write one HTML file that needs nothing else."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ArgumentError(f"save: a replay is an HTML page, got the file name {path.name!r}")
        return write_page(path, self.html())

    def __repr__(self) -> str:
        return f"<replay of {self.title}: {self.steps} steps>"

    def _repr_html_(self) -> str:
        try:
            return self.html(whole_page=False)
        except Exception as error:  # a repr never raises
            return f"<pre>{html.escape(f'{self!r}: {error}')}</pre>"


@named_arguments
def replay(
    loss: Tensor,
    gradient: Any = None,
    *,
    inputs: Sequence[Tensor] | None = None,
    depth: int | None = None,
    collapse: Sequence[str] = (),
    fold: bool | None = None,
    limit: int = LIMIT,
) -> Film:
    """The backward pass of `loss` as a page: step through it with a slider or the arrow keys.

    Shows the graph, the node whose closures are called, the gradients that have arrived so far on
    the edges, and for every node that is clicked its value, gradient and formula. The page is one
    file that needs no network. In a notebook it is shown in the cell; `save("replay.html")` writes
    it. The other arguments are those of `draw` and `backward`.

    The graph is kept, and no `grad` is written. Hooks are called. Values of results are shown as
    far as they are alive: inside `with ag.watch():` all are kept.

    >>> import autograd as ag
    >>> with ag.watch():
    ...     x = ag.tensor([1.0, 2.0], requires_grad=True)
    ...     loss = (x * x).sum()
    >>> ag.replay(loss)
    <replay of loss: 2 steps>
    """
    frame = user_frame()
    prepared = _prepared(loss, gradient, True, inputs, "replay")
    recorded = collect([loss], frame, function="replay")
    names = (collapse,) if isinstance(collapse, str) else tuple(collapse)
    grouping = grouped(recorded, depth, names, fold, limit)
    picture = compose(recorded, grouping, "ops", "forward", "role", NAMES)
    for arrow in picture.arrows:
        if not arrow.label and arrow.source is not None and arrow.source.requires_grad:
            arrow.label = _ROOM  # where the gradient will be written
    steps = list(_run(prepared, deliver=False))
    title = recorded.outputs[0].title
    return Film(title, picture, _Script(recorded, picture, steps).as_dict(title))


class _Script:
    """All that the page shows, as plain data: arrays once each, referred to by number."""

    def __init__(self, recorded: Recorded, picture: Picture, steps: Sequence[Step]):
        self.recorded, self.picture, self.steps = recorded, picture, steps
        self.arrays: list[dict[str, Any]] = []
        self._known: dict[int, int] = {}
        self._alive: list[np.ndarray] = []  # identities hold while the arrays do
        self.arrow = {(a.tail.id, a.head.id): i for i, a in reversed([*enumerate(picture.arrows)])}
        self.arrived: dict[Any, np.ndarray] = {}

    def as_dict(self, title: str) -> dict[str, Any]:
        boxes = {box.id: self._box(box) for box in self.picture.boxes}
        start = self.recorded.outputs[0]
        seed = self.steps[0].gradient if self.steps else None
        return {
            "title": title,
            "start": {"box": self._place(start).id, "gradient": self._array(seed)},
            "boxes": boxes,
            "steps": [self._step(step) for step in self.steps],
            "arrays": self.arrays,
            "notes": self.picture.notes,
        }

    def _place(self, vertex: Vertex) -> Box:
        return self.picture.place[vertex]

    def _vertex(self, edge: Node | Tensor) -> Vertex:
        return self.recorded.of_edge[edge]

    def _box(self, box: Box) -> dict[str, Any]:
        vertex = box.vertices[-1] if box.vertices else None
        facts = [row.text for row in box.rows]
        if vertex is None or box.role == "group":
            return {"title": facts[0], "facts": facts[1:], "value": None}
        facts = op_facts(vertex) if vertex.op is not None else []
        title = vertex.title
        if vertex.op is not None and vertex.name:
            title = f"{vertex.name} = {vertex.op.name}"
        value = vertex.value if isinstance(vertex.value, np.ndarray) else None
        if vertex.value is not None and value is None:
            facts.append(str(vertex.value))
        return {"title": title, "facts": facts, "value": self._array(value)}

    def _step(self, step: Step) -> dict[str, Any]:
        vertex = self._vertex(step.node)
        place = self._place(vertex)
        sent = []
        for out in step.outgoing:
            gradient = out.gradient
            if gradient is None:
                continue
            target = self._vertex(out.edge)
            before = self.arrived.get(out.edge)
            total = gradient if before is None else before + gradient
            self.arrived[out.edge] = total
            box = self._place(target)
            sent.append(
                {
                    "operand": out.operand,
                    "to": target.title,
                    "box": box.id,
                    "arrow": self.arrow.get((box.id, place.id)),
                    "formula": out.formula,
                    "gradient": self._array(gradient),
                    "total": self._array(total),
                }
            )
        return {
            "box": place.id,
            "title": f"{vertex.name} = {step.name}" if vertex.name else step.name,
            "source": source_in_words(step.source),
            "gradient": self._array(step.gradient),
            "sent": sent,
        }

    def _array(self, array: np.ndarray | None) -> int | None:
        """The number of an array's description."""
        if array is None:
            return None
        if id(array) not in self._known:
            self._known[id(array)] = len(self.arrays)
            self._alive.append(array)
            self.arrays.append(self._described(array))
        return self._known[id(array)]

    def _described(self, array: np.ndarray) -> dict[str, Any]:
        one = array.size == 1
        size = f"|g| {number(float(np.abs(sampled(array)).mean()))}" if array.size else "empty"
        described = {
            "shape": shape_in_words(array.shape),
            "words": statistics(array),
            "short": number(array.reshape(-1)[0]) if one else size,
        }
        if array.size <= _NUMBERS:
            described["numbers"] = np.array2string(
                array, separator=", ", max_line_width=60, precision=6
            )
        if not one and array.size and len(self.arrays) < _PICTURES:
            described["image"] = data_uri(array)
        return described
