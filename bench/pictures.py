"""Pictures of ratios, bars for one peer, points for many, and of memory; `plt` is pyplot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.pairs import Ratio, Result

if TYPE_CHECKING:
    from bench.comparison import Row

_MARKERS = "osD^vP*X"
_AXIS = "{} time / ours (right of 1: ours is quicker)"


def draw_bars(plt: Any, section: str, results: Sequence[Result]) -> Any:
    """A bar from 1 for each kind of work of a row, quartiles as whiskers."""
    shown = [r for r in results if r.ratio and r.quartiles]
    if not shown:
        return None
    names = list(dict.fromkeys(r.name for r in shown))
    works = sorted({r.work for r in shown})  # forward before forward + backward
    title = section if len(works) > 1 else f"{section}, {works[0]}"
    figure, axes = _rows(plt, title, names, 0.14 + 0.16 * len(works))
    height = 0.8 / len(works)
    for number, work in enumerate(works):
        ratios = [Ratio(r.ours, 0.0, r.ratio or 0.0, r.quartiles or (0.0, 0.0))
                  for r in shown if r.work == work]  # fmt: skip
        places = [names.index(r.name) for r in shown if r.work == work]
        axes.barh([y + _shift(number, len(works)) for y in places],
                  [r.ratio - 1 for r in ratios], height, left=1, label=work,
                  color=("tab:cyan", "tab:blue")[number - len(works)],
                  xerr=_whiskers(ratios), ecolor="0.3")  # fmt: skip
    _ratio_axis(axes, [r.ratio or 1.0 for r in shown], "PyTorch's")
    if len(works) > 1:
        axes.legend(loc="lower right", fontsize=8)
    return figure


def draw_points(plt: Any, section: str, rows: Sequence[Row]) -> Any:
    """A point for each peer on each row, quartiles as whiskers, the peers one below the other."""
    labels = list(dict.fromkeys(label for row in rows for label in row.ratios))
    if not labels:
        return None
    names = [row.name for row in rows]
    figure, axes = _rows(plt, section, names, 0.2 + 0.07 * len(labels))
    for number, label in enumerate(labels):
        places = [y for y, row in enumerate(rows) if label in row.ratios]
        ratios = [rows[y].ratios[label] for y in places]
        axes.errorbar([r.ratio for r in ratios],
                      [y + _shift(number, len(labels)) for y in places],
                      xerr=_whiskers(ratios), fmt=_MARKERS[number % len(_MARKERS)], markersize=5,
                      color=f"C{number}", label=label, elinewidth=1, capsize=2)  # fmt: skip
    _ratio_axis(axes, [r.ratio for row in rows for r in row.ratios.values()], "peer's")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
    return figure


def draw_memory(plt: Any, results: Sequence[dict[str, Any]]) -> Any:
    """For each task and library what it loads with its first step, and what a step takes then."""
    if not results:
        return None
    names = list(dict.fromkeys(r["task"] for r in results))
    libraries = list(dict.fromkeys(r["library"] for r in results))
    figure, axes = _rows(plt, "memory", names, 0.14 + 0.14 * len(libraries))
    height = 0.8 / len(libraries)
    for number, library in enumerate(libraries):
        mine = [r for r in results if r["library"] == library]
        places = [names.index(r["task"]) + _shift(number, len(libraries)) for r in mine]
        code, step = (
            [(r[after] - r[before]) / 2**20 for r in mine]
            for before, after in (("imported", "loaded"), ("loaded", "peak"))
        )
        axes.barh(places, code, height, color=f"C{number}", alpha=0.35)
        axes.barh(places, step, height, left=code, color=f"C{number}", label=library)
    axes.set_xlabel("MiB above imports; pale: loaded by a step on one sample")
    axes.grid(axis="x", color="0.85", linewidth=0.8)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
    return figure


def _rows(plt: Any, title: str, names: Sequence[str], height: float) -> tuple[Any, Any]:
    """Axes with a line of that height, in inches, for each name, from the top down."""
    size = (9, 0.9 + height * len(names))
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.5, -0.5)
    for y in range(0, len(names), 2):
        axes.axhspan(y - 0.5, y + 0.5, color="0.95", zorder=0)
    axes.set_axisbelow(True)
    axes.set_title(title)
    return figure, axes


def _shift(number: int, count: int) -> float:
    """Where the number-th of so many lies on its row, from -0.4 to 0.4."""
    return 0.8 * ((number + 0.5) / count - 0.5)


def _whiskers(ratios: Sequence[Ratio]) -> list[list[float]]:
    """From the ratios down and up to their quartiles."""
    low = [max(0.0, r.ratio - r.quartiles[0]) for r in ratios]
    high = [max(0.0, r.quartiles[1] - r.ratio) for r in ratios]
    return [low, high]


def _ratio_axis(axes: Any, ratios: Sequence[float], whose: str) -> None:
    """A logarithmic scale on which all ratios lie, whiskers perhaps not, with a line at 1."""
    from matplotlib import ticker

    low, high = min(0.95, *ratios), max(1.05, *ratios)
    axes.set_xscale("log")
    margin = (high / low) ** 0.06 * 1.02
    axes.set_xlim(low / margin, high * margin)
    few = (1, 2, 5) if high / low > 12 else (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=few, numticks=50))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.grid(axis="x", color="0.85", linewidth=0.8)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xlabel(_AXIS.format(whose))
