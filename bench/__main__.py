"""`python -m bench [sections]`: time the sections (by default all), print and keep their tables."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from bench import peers, report
from bench.pairs import Result, Worker, measure_row, torch_is_there

# section: {backward: (floor of every row, geometric mean wanted)}, as PyTorch's time / ours
SECTIONS: dict[str, report.Floors] = {
    "conv": {False: (0.8, 1.2), True: (1.0, 2.0)},
    "pool": {True: (3.0, 5.0)},
    "elementwise": {True: (1.0, 1.5)},
}

# sections that time whole programs, against every library there is, each with a `run` of its own
WHOLE = ("overhead", "steps", "startup", "memory", "growth")


def run_section(section: str, only: str, ours: Worker, torchs: Worker | None) -> list[Result]:
    results = []
    module = importlib.import_module(f"bench.{section}")
    for index, row in enumerate(module.ROWS):
        if only not in row.name:
            continue
        for backward in SECTIONS[section]:
            result = measure_row(section, index, backward, ours, torchs)
            ratio = "      " if result.ratio is None else f"{result.ratio:6.2f}"
            print(f"{ratio}  {result.ours * 1e3:9.3f} ms  {row.name}, {result.work}", flush=True)
            results.append(result)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, *WHOLE, []])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rows", default="", help="only rows whose name contains this")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--readme", type=Path, help="also put the tables into this file")
    parser.add_argument(
        "--environments",
        nargs="+",
        default=[],
        help="virtual environments to look for other libraries in",
    )
    options = parser.parse_args()
    wanted = options.sections or [*SECTIONS, *WHOLE]

    found = report.machine(options.threads)
    print(report.describe(found))
    time_kernels([section for section in wanted if section in SECTIONS], options, found)
    time_programs([section for section in wanted if section in WHOLE], options, found)


def time_programs(sections: list[str], options: Any, found: dict[str, Any]) -> None:
    """The sections of `WHOLE`."""
    if not sections:
        return
    installed = peers.find(peers.environments(options.environments))
    for peer in peers.PEERS:
        if peer not in installed:
            print(f"{peer.label} is not installed: skipped.", file=sys.stderr)
    for section in sections:
        print(f"\n{section}", flush=True)
        text = importlib.import_module(f"bench.{section}").run(options, found, installed)
        print(f"\n{text}")
        put_into_readme(options, section, text)


def put_into_readme(options: Any, section: str, text: str) -> None:
    """The section's text, and its picture if there is one, where `--readme` says."""
    if options.readme:
        path = options.out / f"{section}.png"
        picture = os.path.relpath(path, options.readme.parent)
        text += f"\n![{section}]({picture})" if path.exists() else ""
        report.fill_readme(options.readme, section, text)


def time_kernels(sections: list[str], options: Any, found: dict[str, Any]) -> None:
    """The sections of `SECTIONS`."""
    if not sections:
        return
    ours = Worker("ours", options.threads)
    torchs = Worker("torchs", options.threads) if torch_is_there() else None
    if torchs is None:
        print("PyTorch is not installed: its column stays empty.", file=sys.stderr)
    try:
        for section in sections:
            results = run_section(section, options.rows, ours, torchs)
            text = report.table(results, SECTIONS[section])
            print(f"\n{text}")
            options.out.mkdir(parents=True, exist_ok=True)
            report.write_json(options.out / f"{section}.json", found, results)
            report.write_png(options.out / f"{section}.png", section, results)
            put_into_readme(options, section, f"{report.describe(found)}.\n\n{text}")
    finally:
        ours.close()
        if torchs is not None:
            torchs.close()


if __name__ == "__main__":
    main()
