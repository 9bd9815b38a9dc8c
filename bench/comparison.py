"""Sections with many peers: what is measured, as a table, a picture and JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import report
from bench.effort import Effort
from bench.pairs import Ratio
from bench.peers import OURS, SLOW, Peer, PeerError, PeerWorker, compare
from bench.pictures import draw_points

_NOT_THERE = "NotImplementedError"  # a workload that a library has no layers for


@dataclass
class Row:
    """One piece of work: our time in seconds, and each peer's ratio or why there is none."""

    name: str
    ours: float = 0.0
    share_of_peak: float | None = None
    python: float | None = None  # share of our time spent in the interpreter
    ratios: dict[str, Ratio] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, float] = field(default_factory=dict)


class Workers:
    """A worker for us and each peer found; closes them at the end."""

    def __init__(self, found: dict[Peer, tuple[str, str]], threads: int) -> None:
        self.ours = PeerWorker(OURS, sys.executable, threads)
        self.theirs = [PeerWorker(peer, python, threads) for peer, (python, _) in found.items()]

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for worker in (self.ours, *self.theirs):
            worker.close()


def measure(
    workers: Workers,
    row: Row,
    request: dict[str, Any],
    seconds: float,
    effort: Effort,
) -> Row:
    """Let every peer prepare `request` and time it against ours, one peer after the other."""
    expected = workers.ours.ask(**request)["losses"]
    row.ours = workers.ours.ask(time=effort.sample(seconds))
    print(f"{row.name}: ours {row.ours * 1e3:.3f} ms", flush=True)
    for worker in workers.theirs:
        label = worker.peer.label
        if not worker.peer.takes(row.name):
            continue
        try:
            first = worker.ask(**request)
            _check_losses(expected, first["losses"])
            if first["seconds"] > SLOW:
                raise PeerError(f"takes {first['seconds']:.1f} s")
            r = row.ratios[label] = compare(workers.ours, worker, seconds, effort)
            print(f"    {r.ratio:6.2f}  {label}, {r.theirs * 1e3:.3f} ms", flush=True)
        except PeerError as error:
            row.skipped[label] = str(error)
            if not row.skipped[label].startswith(_NOT_THERE):
                print(f"         -  {label}: {error}", flush=True)
    if row.ratios:
        row.ours = sorted(r.ours for r in row.ratios.values())[len(row.ratios) // 2]
    return row


def _check_losses(ours: list[float], theirs: list[float]) -> None:
    """Nobody times different work: the first loss agrees closely, the tenth still does."""
    for step, bound in ((0, 1e-4), (-1, 2e-2)) if ours else ():
        a, b = ours[step], theirs[step]
        if not abs(a - b) <= bound * abs(a):
            place = "first" if step == 0 else "last"
            raise PeerError(f"another {place} loss of 10: {b:.6g}, ours {a:.6g}")


def show(row: Row) -> None:
    """A line for each peer."""
    print(f"{row.name}: ours {row.ours * 1e3:.3f} ms", flush=True)
    for label, r in row.ratios.items():
        print(f"    {r.ratio:6.2f}  {label}, {r.theirs * 1e3:.3f} ms", flush=True)
    for label, why in row.skipped.items():
        print(f"         -  {label}: {why}", flush=True)


def table(rows: Sequence[Row]) -> str:
    """Markdown: our time, then each peer's ratio with quartiles; ▼ below what is wanted."""
    labels = list(dict.fromkeys(label for row in rows for label in row.ratios))
    shares = [name for name in ("share_of_peak", "python") if any(getattr(r, name) for r in rows)]
    head = ["", "ours ms", *(name.replace("_", " ") for name in shares), *labels]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    for row in rows:
        cells = [row.name, f"{row.ours * 1e3:.3g}"]
        values = [getattr(row, name) for name in shares]
        cells += ["" if value is None else f"{value:.0%}" for value in values]
        cells += [_cell(row, label) for label in labels]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(
        [*lines, "", "Ratio: the peer's time / ours (quartiles); ▼: below the aim.", ""]
    )


def _cell(row: Row, label: str) -> str:
    if label not in row.ratios:
        return "too slow" if row.skipped.get(label, "").startswith("takes") else ""
    r = row.ratios[label]
    mark = " ▼" if r.ratio < row.wanted.get(label, 0.0) else ""
    return f"{r.ratio:.2f}{mark} ({r.quartiles[0]:.2f}-{r.quartiles[1]:.2f})"


def finish(
    section: str,
    rows: Sequence[Row],
    options: Any,
    machine: dict[str, Any],
    versions: dict[str, str],
) -> str:
    """Keep the section's results; its text for the README."""
    content = {"machine": machine, "peers": versions, "rows": [asdict(row) for row in rows]}
    report.keep(options.out, section, content, lambda plt: draw_points(plt, section, rows))
    peers = ", ".join(f"{label} {version}" for label, version in versions.items())
    skipped = [
        f"- {row.name}, {label}: {why}" for row in rows for label, why in row.skipped.items()
        if not why.startswith(_NOT_THERE)
    ]  # fmt: skip
    lines = [f"{report.describe(machine)}; {peers}.", "", table(rows)]
    return "\n".join([*lines, *(["Not timed:", "", *skipped, ""] if skipped else [])])
