"""A plot of the loss that grows in place in a notebook while a model is trained."""

from __future__ import annotations

import html
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from autograd.support.arguments import nonnegative
from autograd.support.unknown_names import named_arguments

__all__ = ["LivePlot"]

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 28, 32
POINTS = 400  # of a line: longer ones are averaged down


@named_arguments
class LivePlot:
    """The loss of each step, and of held-out data after each epoch, on a logarithmic axis.

    In a notebook it shows itself once and is updated in place, at most every `every` seconds;
    elsewhere it only gathers. `after_step` and `after_epoch` fit `nn.training.fit`; in a loop of
    your own call `plot.after_step(loss)`. A loss that is no number leaves a gap, and is counted.

    Raises `ArgumentError` for `every` below 0.

    >>> plot = LivePlot()
    >>> for loss in (2.0, 1.0, 0.5):
    ...     plot.after_step(loss)
    >>> plot
    <LivePlot of 3 steps, loss 0.5>
    """

    def __init__(self, title: str = "loss", every: float = 0.25):
        self.title, self.every = title, nonnegative("LivePlot", "every", every)
        self.losses: list[float] = []
        self.held_out: list[tuple[int, float]] = []  # after how many steps, and the loss
        self._handle: Any = None
        self._shown = -math.inf

    def after_step(self, loss: Any) -> None:
        """Another step's loss: a number or a Tensor."""
        self.losses.append(float(loss))
        if time.monotonic() - self._shown >= self.every:
            self.show()

    def after_epoch(self, record: dict[str, float]) -> None:
        """The loss on held-out data, `record["test_loss"]`, if it has one."""
        if "test_loss" in record:
            self.held_out.append((len(self.losses), float(record["test_loss"])))
        self.show()

    def show(self) -> None:
        """Show, or update, the plot in a notebook; nothing elsewhere. It never raises."""
        self._shown = time.monotonic()
        display = _notebook_display()
        if display is None:
            return
        try:
            if self._handle is None:
                self._handle = display(self, display_id=True)
            else:
                self._handle.update(self)
        except Exception:  # a picture that fails must not end the training
            self._handle = None

    def __enter__(self) -> LivePlot:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.show()

    def __repr__(self) -> str:
        last = f", loss {self.losses[-1]:.4g}" if self.losses else ""
        return f"<LivePlot of {len(self.losses)} steps{last}>"

    def _repr_html_(self) -> str:
        return self.svg()

    def svg(self) -> str:
        """The plot as an SVG element."""
        lost = sum(not math.isfinite(loss) for loss in self.losses)
        drawn = [y for y in [*self.losses, *(y for _, y in self.held_out)] if _drawable(y)]
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" style="max-width:100%;background:#fff;font:12px sans-serif">'
        )
        last = f": {self.losses[-1]:.4g} after {len(self.losses):,} steps" if self.losses else ""
        bad = f", {lost} not finite" if lost else ""
        text = f'<text x="{LEFT}" y="18" fill="#222">{html.escape(self.title)}{last}{bad}</text>'
        if not drawn:
            return f"{head}{text}</svg>"
        y = _log_scale(min(drawn), max(drawn))
        steps = max(len(self.losses), 1)

        def x(step: float) -> float:
            return LEFT + (WIDTH - LEFT - RIGHT) * step / steps

        parts = [head, text, _axes(min(drawn), max(drawn), y)]
        for points in _runs(self.losses):
            parts.append(_line([(x(s), y(v)) for s, v in points], "#1f77b4"))
        if self.held_out:
            points = [(x(s), y(v)) for s, v in self.held_out if _drawable(v)]
            parts.append(_line(points, "#ff7f0e"))
            parts += [
                f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="#ff7f0e"/>' for a, b in points
            ]
            parts.append(_legend())
        parts.append(
            f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 10}" text-anchor="end" fill="#555">'
            f"{steps:,} steps</text></svg>"
        )
        return "".join(parts)


def _notebook_display() -> Callable[..., Any] | None:
    """IPython's `display`, where there is a front end that shows HTML."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    shell = get_ipython()
    return display if shell is not None and hasattr(shell, "kernel") else None


def _drawable(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _log_scale(low: float, high: float) -> Callable[[float], float]:
    bottom, top = math.log10(low), math.log10(high)
    if top - bottom < 1e-3:
        bottom, top = bottom - 0.5, top + 0.5
    height = HEIGHT - TOP - BOTTOM
    return lambda value: TOP + height * (top - math.log10(value)) / (top - bottom)


def _axes(low: float, high: float, y: Callable[[float], float]) -> str:
    """Lines at round numbers."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    rounds = [f * 10.0**e for e in range(first, last + 1) for f in factors]
    shown = [v for v in rounds if low <= v <= high] or [low]
    return "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 6}" y="{y(v) + 4:.1f}" text-anchor="end" fill="#555">{v:g}</text>'
        for v in shown
    )


def _runs(losses: Sequence[float]) -> list[list[tuple[float, float]]]:
    """`(step, loss)` without gaps, means of neighbours where there are many steps."""
    width = -(-len(losses) // POINTS)
    runs: list[list[tuple[float, float]]] = [[]]
    for start in range(0, len(losses), width or 1):
        part = losses[start : start + width]
        good = [loss for loss in part if _drawable(loss)]
        if good:
            runs[-1].append((start + (len(part) + 1) / 2, sum(good) / len(good)))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    text = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _legend() -> str:
    right = WIDTH - RIGHT
    return (
        f'<text x="{right}" y="18" text-anchor="end"><tspan fill="#1f77b4">each step</tspan>'
        '<tspan fill="#ff7f0e" dx="12">held out</tspan></text>'
    )
