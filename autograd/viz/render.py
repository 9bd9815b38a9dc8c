"""DOT text to SVG, PNG or PDF by whatever Graphviz there is."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Callable

from autograd.errors import MissingExtraError

FORMATS = ("svg", "png", "pdf")
_SMALLEST = 0.65  # of its size; then the reader has to scroll
_PNG_DPI = 144  # twice what a page has, for sharp text on today's screens

_HOW = (
    "no Graphviz to draw with: install the `dot` program (graphviz) or pip install pygraphviz. "
    "`print(graph.text())` and `graph.save('graph.dot')` need neither."
)


class NoGraphviz(MissingExtraError):
    """Neither the `dot` program nor pygraphviz is there."""


def render(dot_text: str, form: str) -> bytes:
    """The picture in `form`; raises `MissingExtraError` where no back end works."""
    failures = []
    for back_end in back_ends():
        try:
            return back_end(dot_text, form)
        except Exception as error:  # a broken installation: the other one may do
            failures.append(f"{back_end.__name__}: {error}")
    raise NoGraphviz(_HOW if not failures else f"Graphviz failed: {'; '.join(failures)[:2000]}")


def back_ends() -> list[Callable[[str, str], bytes]]:
    """What can draw here, best first."""
    found: list[Callable[[str, str], bytes]] = []
    if shutil.which("dot"):
        found.append(with_dot_program)
    try:
        import pygraphviz  # noqa: F401
    except ImportError:
        pass
    else:
        found.append(with_pygraphviz)
    return found


def with_dot_program(dot_text: str, form: str) -> bytes:
    """By the `graphviz` package and the `dot` program on the PATH."""
    import graphviz

    source = _with_dpi(dot_text, form)
    return graphviz.Source(source, engine="dot").pipe(format=form, quiet=True)


def with_pygraphviz(dot_text: str, form: str) -> bytes:
    """By the Graphviz inside pygraphviz."""
    import pygraphviz

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = pygraphviz.AGraph(string=_with_dpi(dot_text, form))
        try:
            drawn = graph.draw(format=form, prog="dot")
        finally:
            graph.close()
    return drawn if isinstance(drawn, bytes) else str(drawn).encode()


def _with_dpi(dot_text: str, form: str) -> str:
    return (
        dot_text.replace("  graph [", f"  graph [dpi={_PNG_DPI}, ", 1)
        if form == "png"
        else dot_text
    )


def inline_svg(dot_text: str) -> str:
    """SVG to stand inside HTML: no XML header, shrunk to the page while it stays readable."""
    svg = render(dot_text, "svg").decode()
    svg = svg[svg.index("<svg") :]
    match = re.match(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    if match:
        width = float(match[1])
        size = f"width:100%;max-width:{width:.0f}pt;min-width:{width * _SMALLEST:.0f}pt;height:auto"
        svg = f'<svg style="{size}"' + svg[match.end() :]
    return svg
