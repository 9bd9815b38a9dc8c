"""What a run leaves behind: a Markdown table, a PNG and a JSON file for each section."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.effort import Effort
from bench.pairs import ROOT, Result

Floors = dict[bool, tuple[float, float]]


def machine(threads: int, effort: Effort) -> dict[str, Any]:
    """What the numbers were measured on, and how thoroughly."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [s for s in info.read_text().splitlines() if s.startswith("model name")]
        cpu = names[0].split(":")[1].strip() if names else cpu
    try:
        import llvmlite.binding as llvm

        target = llvm.get_host_cpu_name()
    except ImportError:
        target = "unknown"
    versions = {"python": platform.python_version()}
    for package in ("numpy", "numba", "torch"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "cpu": f"{cpu} ({target})",
        "cores": os.cpu_count(),
        "threads": threads,
        "load at start": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(terse=True),
        "commit": commit(),
        "effort": effort.describe(),
        **versions,
    }


def commit() -> str:
    """The commit that was measured; marked where the tree had other changes."""

    def git(*args: str) -> str:
        command = ["git", *args]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()

    dirty = git(
        "status", "--porcelain", "--untracked-files=no", "--",
        "autograd", "nn", "optim", "bench/*.py",
    )  # fmt: skip
    return git("rev-parse", "--short=12", "HEAD") + (" with changes" if dirty else "")


def describe(found: dict[str, Any]) -> str:
    load = "" if found["load at start"] is None else f", load {found['load at start']:.1f} at start"
    return (
        f"{found['cpu']}, {found['cores']} cores, {found['threads']} threads{load}; "
        f"{found['system']}; Python {found['python']}, NumPy {found['numpy']}, "
        f"Numba {found['numba']}, PyTorch {found['torch']}; commit {found['commit']}; "
        f"{found['effort']}"
    )


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e3:.3g}"


def _mebibytes(held: list[int | None]) -> str:
    ours, torchs = (["" if b is None else f"{b / 2**20:.1f}" for b in held] + ["", ""])[:2]
    return f"{ours} ({torchs})" if torchs else ours


def table(results: list[Result], floors: Floors) -> str:
    """Rows in Markdown; a ratio below its floor is marked with ▼."""
    rated = any(r.gflops for r in results)
    head = ["row", "work", "ours ms", "PyTorch ms", "ratio", "quartiles"]
    head += ["GFLOP/s", "share of peak"] if rated else []
    head += ["MiB held (PyTorch)"] if any(r.held for r in results) else []
    lines = ["| " + " | ".join(head) + " |", "|---|---" + "|--:" * (len(head) - 2) + "|"]
    for r in results:
        floor = floors.get(r.backward, (0.0, 0.0))[0]
        ratio = "" if r.ratio is None else f"{r.ratio:.2f}" + (" ▼" if r.ratio < floor else "")
        spread = "" if r.quartiles is None else f"{r.quartiles[0]:.2f}-{r.quartiles[1]:.2f}"
        cells = [r.name, r.work, _milliseconds(r.ours), _milliseconds(r.torch), ratio, spread]
        if rated:
            cells += ["" if r.gflops is None else f"{r.gflops:.0f}"]
            cells += ["" if r.share_of_peak is None else f"{r.share_of_peak:.0%}"]
        if "MiB held (PyTorch)" in head:
            cells += [_mebibytes(r.held)]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *summary(results, floors)]
    return "\n".join(lines)


def summary(results: list[Result], floors: Floors) -> list[str]:
    """One line for each kind of work: geometric mean and lowest row against their bounds."""
    lines = []
    for backward, (floor, mean) in floors.items():
        ratios = {r.name: r.ratio for r in results if r.backward == backward and r.ratio}
        if not ratios:
            continue
        worst = min(ratios, key=lambda name: ratios[name] or 0.0)
        work = "forward + backward" if backward else "forward"
        lines.append(
            f"{work}: geometric mean {geometric_mean([*ratios.values()]):.2f} "
            f"(wanted {mean}), lowest {ratios[worst]:.2f}, {worst} (wanted {floor})."
        )
    return [line + "\n" for line in lines]


def keep(
    out: Path | None,
    section: str,
    content: dict[str, Any],
    draw: Callable[[Any], Any] | None = None,
) -> None:
    """The section's JSON file and its picture, `draw(pyplot)`, in the folder `out` if there is one.

    `draw` returns the figure, None if there is nothing to see.
    """
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{section}.json").write_text(json.dumps(content, indent=1) + "\n")
    if draw is None:
        return
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no pictures", file=sys.stderr)
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure = draw(plt)
    if figure is not None:
        figure.savefig(out / f"{section}.png", dpi=110)
        plt.close(figure)


def fill_readme(path: Path, section: str, text: str) -> None:
    """Put a section's table between its markers in the README; append it if there are none."""
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    block = f"{begin}\n{text}\n{end}"
    old = path.read_text() if path.exists() else ""
    if begin in old and end in old:
        before, rest = old.split(begin, 1)
        path.write_text(before + block + rest.split(end, 1)[1])
    else:
        path.write_text(f"{old.rstrip()}\n\n## {section}\n\n{block}\n")
