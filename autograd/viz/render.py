"""DOT text to SVG, PNG or PDF by whatever Graphviz there is."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from autograd.errors import MissingExtraError

FORMATS = ("svg", "png", "pdf")
LAYOUT_SECONDS = 20.0
"""How long a layout may take; a tangle can take hours."""

_SURELY_QUICK = 80  # arrows; up to so many the layout runs in this process
_SMALLEST = 0.65  # of its size; then the reader has to scroll
_PNG_DPI = 144  # twice what a page has, for sharp text on today's screens

_HOW = (
    "no Graphviz to draw with: install the `dot` program (graphviz) or pip install pygraphviz. "
    "`print(graph.text())` and `graph.save('graph.dot')` need neither."
)


class NoGraphviz(MissingExtraError):
    """Neither the `dot` program nor pygraphviz is there."""


class LayoutTooSlow(NoGraphviz):
    """Graphviz did not come to an end in `LAYOUT_SECONDS`."""


def render(dot_text: str, form: str) -> bytes:
    """The picture in `form`; raises `MissingExtraError` where no back end works.

    That is `LayoutTooSlow` where one works, but not in `LAYOUT_SECONDS`.
    """
    quick = dot_text.count("->") <= _SURELY_QUICK
    failures = []
    for back_end in back_ends():
        try:
            return back_end(dot_text, form) if quick else _in_time(back_end, dot_text, form)
        except LayoutTooSlow:
            raise
        except Exception as error:  # a broken installation: the other one may do
            failures.append(f"{back_end.__name__}: {error}")
    raise NoGraphviz(_HOW if not failures else f"Graphviz failed: {'; '.join(failures)[:2000]}")


def _in_time(back_end: Callable[[str, str], bytes], dot_text: str, form: str) -> bytes:
    """What a back end draws, in a process of its own: nothing else can stop a layout."""
    code = (
        "import sys; from autograd.viz import render; sys.stdout.buffer.write("
        f"render.{back_end.__name__}(sys.stdin.buffer.read().decode(), {form!r}))"
    )
    here = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # its own child, `dot`, is to end with it
    ) as process:
        try:
            drawn, complaint = process.communicate(dot_text.encode(), LAYOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise LayoutTooSlow(
                f"Graphviz found no layout in {LAYOUT_SECONDS:.0f} s; draw less (depth=, "
                "collapse=, fold=True, hops=), or print(graph.text())"
            ) from None
        finally:
            _end(process)
    if process.returncode:
        raise RuntimeError(complaint.decode(errors="replace").strip()[-500:])
    return drawn


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it started, if it has not come to its end."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


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
    """SVG to stand inside HTML."""
    return inlined(render(dot_text, "svg").decode())


def inlined(svg: str) -> str:
    """SVG without its XML header, shrunk to the page while it stays readable."""
    svg = svg[svg.index("<svg") :]
    match = re.match(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    if match:
        width = float(match[1])
        size = f"width:100%;max-width:{width:.0f}pt;min-width:{width * _SMALLEST:.0f}pt;height:auto"
        svg = f'<svg style="{size}"' + svg[match.end() :]
    return svg
