"""`draw`: a graph as something that shows itself in a notebook and saves itself as a file."""

from __future__ import annotations

import functools
import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from autograd.engine.source_lines import user_frame
from autograd.engine.tensors import Tensor
from autograd.errors import DTypeError, GraphError
from autograd.support.arguments import one_of, whole
from autograd.support.files import write_page
from autograd.support.unknown_names import named_arguments
from autograd.viz import render
from autograd.viz.dot import dot
from autograd.viz.failures import failure_in
from autograd.viz.graph import Recorded, collect
from autograd.viz.groups import LIMIT, grouped
from autograd.viz.picture import Picture, compose
from autograd.viz.text import tree

FORMATS = (*render.FORMATS, "html", "dot", "txt")
_FEWEST = 40  # boxes; a picture of so many is not made coarser
_CHOICES = {
    "style": (None, "ops", "full"),
    "direction": ("forward", "backward", "both"),
    "rankdir": ("TB", "LR"),
    "detail": (None, "names", "values", "all"),
}


@named_arguments
class Graph:
    """A drawn graph: shows itself in a notebook, `save` writes a file, `text()` is a tree of text.

    `notes` says what was left out. `source` is the DOT text.
    """

    def __init__(self, recorded: Recorded, options: dict[str, Any]):
        self._recorded = recorded
        self._options = options
        self._picture = self._composed(**options)

    def _composed(self, **options: Any) -> Picture:
        names = ("depth", "collapse", "fold", "limit")
        grouping = grouped(self._recorded, **{name: options.pop(name) for name in names})
        return compose(self._recorded, grouping, **options)

    @property
    def notes(self) -> list[str]:
        """What the picture leaves out."""
        return self._picture.notes

    @functools.cached_property
    def source(self) -> str:
        """The DOT text: the same for the same program, byte for byte."""
        return dot(self._picture)

    def text(self) -> str:
        """The graph as a tree of text, results first."""
        return tree(self._composed(**{**self._options, "style": "ops", "direction": "forward"}))

    def svg(self) -> str:
        """The picture as SVG text. Raises `MissingExtraError` without any Graphviz."""
        return self._bytes("svg").decode()

    def png(self) -> bytes:
        """The picture as PNG. Raises `MissingExtraError` without any Graphviz."""
        return self._bytes("png")

    def html(self) -> str:
        """The picture for inside a page: SVG with its tooltips, or text without any Graphviz."""
        try:
            svg = render.inlined(self.svg())
            return f'<div class="autograd-graph" style="overflow-x:auto">{svg}</div>'
        except render.NoGraphviz as error:
            return (
                f"<pre>{html.escape(self.text())}</pre>"
                f"<p><small>{html.escape(str(error))}</small></p>"
            )

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> Path:
        """Write a file: `.svg`, `.png`, `.pdf`, `.html`, `.dot` or `.txt` by its name.

        Raises `ArgumentError` for another format and `MissingExtraError` without any Graphviz
        (only `.html`, `.dot` and `.txt` need none).
        """
        path = Path(path)
        form = format or path.suffix[1:].lower() or "no suffix"
        one_of("save", "format", form, FORMATS)
        if form == "dot":
            content = self.source.encode()
        elif form == "txt":
            content = (self.text() + "\n").encode()
        elif form == "html":
            content = page("Graph", self.html()).encode()
        else:
            content = self._bytes(form)
        return write_page(path, content)

    @functools.lru_cache(maxsize=4)  # noqa: B019  (a picture lives as long as its cell)
    def _bytes(self, form: str) -> bytes:
        while True:
            try:
                return render.render(self.source, form)
            except render.LayoutTooSlow:
                if not self._coarsen():
                    raise

    def _coarsen(self) -> bool:
        """Draw fewer boxes than now; False where there are few already."""
        boxes = len(self._picture.boxes)
        if boxes <= _FEWEST:
            return False
        fewer = {"limit": max(boxes // 4, _FEWEST // 2), "depth": None, "fold": None}
        self._picture = self._composed(**{**self._options, **fewer})
        self._picture.notes.append(f"the layout of {boxes} boxes took too long")
        self.__dict__.pop("source", None)
        return len(self._picture.boxes) < boxes

    def __repr__(self) -> str:
        ops, boxes = len(self._recorded.ops), len(self._picture.boxes)
        return f"<Graph of {ops} op{'s' if ops != 1 else ''} in {boxes} boxes>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """HTML for notebooks, SVG for where HTML is not shown, a text tree for the rest."""
        bundle: dict[str, Any] = {"text/plain": repr(self)}
        try:
            bundle["text/plain"] = self.text()
            bundle["text/html"] = self.html()
            bundle["image/svg+xml"] = self.svg()
        except Exception:  # a repr never raises
            bundle["text/plain"] += "\n"
        return bundle


@named_arguments
def draw(
    *outputs: Any,
    style: Literal["ops", "full"] | None = None,
    direction: Literal["forward", "backward", "both"] = "forward",
    color: Literal["role", "grad", "time", "memory", "nan"] = "role",
    depth: int | None = None,
    collapse: Sequence[str] = (),
    fold: bool | None = None,
    constants: bool = True,
    detail: Literal["names", "values", "all"] | None = None,
    limit: int = LIMIT,
    hops: int | None = None,
    rankdir: Literal["TB", "LR"] = "TB",
) -> Graph:
    """Draw the graph that Tensors were computed by; or, of an exception, the graph that failed.

    `style`: `"ops"` draws an op and its result as one box, `"full"` as two (default: full for
    small graphs). `direction`: arrows with the values, with the gradients, or both. `color`: by
    role, by mean |gradient|, measured time, memory held for backward, or NaN and Inf: where one was
    born, forward or backward, apart from what it has reached.

    Modules are frames; those nested deeper than `depth`, and those whose path or class is in
    `collapse`, are one box. `fold=True` draws equal blocks in a row once ("Block × 12"). Above
    `limit` boxes the picture folds and collapses by itself and says so in `notes`.

    `constants=False` leaves out what needs no gradient. `detail`: what boxes say, beside their
    tooltips (default: the more the smaller the graph). `hops`: only what is at most so many ops
    away from an output or a failed op. `rankdir="LR"` runs from left to right.

    Values and gradients are shown as far as they are still alive; inside `with ag.watch():` all
    of them are kept. Raises `DTypeError` for what is no Tensor, `ArgumentError` for an unknown
    choice, `GraphError` for an exception that no op raised.

    >>> import autograd as ag
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> y = x**2
    >>> y.backward()
    >>> print(ag.draw(y).text())
    y = power  9
    └─ x  3  grad 6
    """
    choices = {"style": style, "direction": direction, "rankdir": rankdir, "detail": detail}
    for name, choice in choices.items():
        one_of("draw", name, choice, _CHOICES[name])
    for name, number in (("depth", depth), ("hops", hops), ("limit", limit)):
        if number is not None:
            whole("draw", name, number, 1 if name == "limit" else 0)
    recorded = _recorded(outputs, constants, hops)
    options = {
        "depth": depth,
        "collapse": (collapse,) if isinstance(collapse, str) else tuple(collapse),
        "fold": fold,
        "limit": limit,
        "style": style,
        "direction": direction,
        "colour": color,
        "detail": None if detail is None else _CHOICES["detail"].index(detail) - 1,
        "rankdir": rankdir,
    }
    return Graph(recorded, options)


def _recorded(outputs: Sequence[Any], constants: bool, hops: int | None) -> Recorded:
    if len(outputs) == 1 and isinstance(outputs[0], list | tuple):
        outputs = outputs[0]
    if not outputs:
        raise DTypeError("draw: outputs must be Tensors, got none")
    failure = None
    if isinstance(outputs[0], BaseException):
        failure = failure_in(outputs[0])
        if failure is None:
            raise GraphError(
                f"draw: no op of this library is in the traceback of this "
                f"{type(outputs[0]).__name__}; pass the exception as it was caught"
            )
        outputs = [*failure.roots]
        outputs += [o for _, o in failure.operands if isinstance(o, Tensor)]
    recorded = collect(outputs, user_frame(), constants, failure)
    return recorded if hops is None else recorded.near(hops)


def page(title: str, body: str) -> str:
    """A self-contained HTML page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title>"
        "<style>body{font-family:system-ui,sans-serif;margin:1rem;background:#fff;color:#222}"
        "</style></head>\n<body>\n" + body + "\n</body></html>\n"
    )
