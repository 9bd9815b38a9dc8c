"""A picture as DOT text for Graphviz: opaque ids, escaped text, the same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograd.viz.colours import Paint
from autograd.viz.describe import Row
from autograd.viz.graph import Vertex
from autograd.viz.picture import Arrow, Box, Frame, Picture

_FONT = "Helvetica,Arial,sans-serif"
# What XML cannot hold, and what would turn text around.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u202a-\u202e]")
_BARS = re.compile(r"(.*?)((?:  )?[▁▂▃▄▅▆▇█]*)", re.DOTALL)
_GAP = "\u00a0\u00a0\u00a0"  # readers' fonts may be wider than the one it was laid out with
_LONGEST = 120  # characters of a row

_STYLES = {
    "title": "<B>{}</B>",
    "plain": '<FONT POINT-SIZE="10">{}</FONT>',
    "small": '<FONT POINT-SIZE="9" COLOR="#5a6472">{}</FONT>',
    "grad": '<FONT POINT-SIZE="10" COLOR="#8a4b08">{}</FONT>',
    "bad": '<FONT POINT-SIZE="10" COLOR="#a8200d"><B>{}</B></FONT>',
}


def dot(picture: Picture) -> str:
    """The DOT text of a picture."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    yield "digraph autograd {"
    # Bounds on the layout's search, so that a tangle takes seconds and not minutes.
    quick = ", splines=line, nslimit=1, nslimit1=1, mclimit=0.3" if picture.crowded else ""
    yield (
        f'  graph [rankdir={picture.rankdir}, fontname="{_FONT}", fontsize=11, nodesep=0.25, '
        f"ranksep=0.35, bgcolor=white, labelloc=b, labeljust=l{quick}{_caption(picture)}];"
    )
    yield f'  node [shape=plain, fontname="{_FONT}", fontsize=11, margin=0];'
    yield (
        f'  edge [fontname="{_FONT}", fontsize=9, fontcolor="#5a6472", color="#6d7f95", '
        "arrowsize=0.6];"
    )
    counter = iter(range(1_000_000_000))
    for item in picture.root.items:
        yield from _item(item, "  ", counter)
    for number, arrow in enumerate(picture.arrows):
        yield f"  {_arrow(arrow, number, labelled=not picture.crowded)}"
    yield "}"


def _item(item: Frame | Box, indent: str, counter: Iterator[int]) -> Iterator[str]:
    if isinstance(item, Box):
        yield indent + _box(item)
        return
    yield f"{indent}subgraph cluster_{next(counter)} {{"
    background = ', bgcolor="#f6f2ff"' if item.role == "repeat" else ""
    yield (
        f'{indent}  graph [label=<{escaped(item.title)}>, style="rounded", color="#b4bfcc", '
        f'fontcolor="#42505f", class="{item.role}", labelloc=t, labeljust=l{background}];'
    )
    for child in item.items:
        yield from _item(child, indent + "  ", counter)
    yield indent + "}"


def _box(box: Box) -> str:
    paint = box.paint
    style = "ROUNDED,DASHED" if paint.dashed else "ROUNDED"
    rows = "".join(f"<TR><TD>{_row(row)}</TD></TR>" for row in box.rows)
    width = 2 if box.role in ("output", "failed") else 1
    label = (
        f'<<TABLE BORDER="{width}" COLOR="{paint.border}" BGCOLOR="{paint.fill}" STYLE="{style}" '
        f'CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{rows}</TABLE>>'
    )
    tooltip = quoted(box.tooltip)
    return f'{box.id} [id={box.id}, class="{box.role}", tooltip={tooltip}, label={label}];'


def _row(row: Row) -> str:
    text, bars = _BARS.fullmatch(row.text).groups()  # type: ignore[union-attr]
    spark = f'<FONT POINT-SIZE="8" COLOR="#7c93ad">{_GAP}{bars.lstrip()}</FONT>' if bars else ""
    return (_STYLES[row.style].format(escaped(text)) if text else "") + spark or " "


def _arrow(arrow: Arrow, number: int, labelled: bool) -> str:
    attributes = [f'id="e{number}"', f'class="{arrow.kind}"']
    if arrow.kind == "backward":
        attributes.append('dir=back, color="#b0640f", fontcolor="#8a4b08", style=dashed')
    if arrow.kind == "again":
        attributes.append("style=dashed, constraint=false")
    if arrow.kind == "forward" and arrow.source is not None and arrow.head.role != "group":
        if _is_of_parameters(arrow.source):
            attributes.append("minlen=0")  # beside the op, so that data run straight down
        elif arrow.source.kind == "op":
            attributes.append("weight=6")
    if arrow.label and labelled:
        attributes.append(f"label=< {escaped(arrow.label)} >")
    if arrow.tooltip:
        attributes.append(f"tooltip={quoted(arrow.tooltip)}")
        if arrow.label and labelled:
            attributes.append(f"labeltooltip={quoted(arrow.tooltip)}")
    return f"{arrow.tail.id} -> {arrow.head.id} [{', '.join(attributes)}];"


def _is_of_parameters(vertex: Vertex) -> bool:
    """Whether it is a parameter, or computed from one parameter alone (a transposed weight)."""
    if vertex.kind == "op" and len(vertex.operands) == 1:
        vertex = vertex.operands[0][1]
    return vertex.is_parameter


def _caption(picture: Picture) -> str:
    """Legend and notes below the picture."""
    rows = []
    if picture.legend:
        cells = "".join(_swatch(paint, text) for paint, text in picture.legend)
        rows.append(f'<TR><TD><TABLE BORDER="0" CELLSPACING="2"><TR>{cells}</TR></TABLE></TD></TR>')
    rows += [
        f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="9">{escaped(note)}</FONT></TD></TR>'
        for note in picture.notes
    ]
    table = "".join(rows)
    return f', label=<<TABLE BORDER="0" CELLSPACING="0">{table}</TABLE>>' if rows else ""


def _swatch(paint: Paint, text: str) -> str:
    dashed = ' STYLE="DASHED"' if paint.dashed else ""
    return (
        f'<TD><TABLE BORDER="1" COLOR="{paint.border}" BGCOLOR="{paint.fill}" CELLBORDER="0" '
        f'CELLSPACING="0" CELLPADDING="0"{dashed}><TR><TD WIDTH="14" HEIGHT="10"></TD></TR>'
        f'</TABLE></TD><TD ALIGN="LEFT"><FONT POINT-SIZE="9" COLOR="#42505f">{escaped(text)}</FONT>'
        "</TD>"
    )


def escaped(text: str) -> str:
    """Text inside an HTML-like label: nothing in it is markup, all of it on one line."""
    text = _UNPRINTABLE.sub("�", text.replace("\n", " ").replace("\r", " ").replace("\t", " "))
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    )


def quoted(text: str) -> str:
    """Text as a quoted DOT string; Graphviz decodes entities in it, so they are encoded."""
    text = _UNPRINTABLE.sub("�", text.replace("\r", " "))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace("\\", "\\\\").replace('"', "&quot;").replace("\n", "&#10;")
    return f'"{text}"'
