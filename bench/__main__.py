"""`python -m bench [sections]`: time the sections (by default all), print and keep their tables.

With --quick the same tables come from fewer pairs and shorter samples, in about a quarter of
the time, to see whether a change helps; they are printed only, not kept with the full ones.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from bench import held, peers, pictures, report
from bench.effort import FULL, QUICK, Effort
from bench.pairs import Result, Worker, measure_row, torch_is_there

RESULTS = Path(__file__).parent / "results"

# section: {backward: (floor of every row, geometric mean wanted)}, as PyTorch's time / ours
SECTIONS: dict[str, report.Floors] = {
    "conv": {False: (0.8, 1.2), True: (1.0, 2.0)},
    "pool": {True: (3.0, 5.0)},
    "elementwise": {True: (1.0, 1.5)},
}

# sections that time whole programs, against every library there is, each with a `run` of its own
WHOLE = ("overhead", "steps", "startup", "memory", "growth", "higher_order")


def run_section(
    section: str, options: argparse.Namespace, ours: Worker, torchs: Worker | None
) -> list[Result]:
    results = []
    module = importlib.import_module(f"bench.{section}")
    for index, row in enumerate(module.ROWS):
        if options.rows not in row.name:
            continue
        for backward in SECTIONS[section]:
            result = measure_row(section, index, backward, ours, torchs, options.effort)
            if section == "conv" and backward and options.effort.memory:
                sides = ("ours",) if torchs is None else ("ours", "torchs")
                result.held = [held.measure(index, side, options.threads) for side in sides]
            ratio = "      " if result.ratio is None else f"{result.ratio:6.2f}"
            print(f"{ratio}  {result.ours * 1e3:9.3f} ms  {row.name}, {result.work}", flush=True)
            results.append(result)
    return results


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The command line; `effort` and `out` (None: keep nothing) follow from `--quick`."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, *WHOLE, []])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rows", default="", help="only rows whose name contains this")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK.pairs} pairs instead of {FULL.pairs} and a fifth of each sample; without "
        "libraries that compile whole steps, and without the memory that convolutions hold",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder of the JSON files and pictures (default: bench/results; none with --quick)",
    )
    parser.add_argument("--readme", type=Path, help="also put the tables into this file")
    parser.add_argument(
        "--environments",
        nargs="+",
        default=[],
        help="virtual environments to look for other libraries in",
    )
    options = parser.parse_args(words)
    options.effort = QUICK if options.quick else FULL
    if options.quick and options.readme:
        parser.error("--quick is for a first look: only a full run goes into --readme")
    if options.quick and options.out and options.out.resolve() == RESULTS.resolve():
        parser.error("--quick is for a first look: only a full run goes into bench/results")
    if not options.quick and options.out is None:
        options.out = RESULTS
    return options


def main(words: list[str] | None = None) -> None:
    options = read_options(words)
    wanted = options.sections or [*SECTIONS, *WHOLE]
    found = report.machine(options.threads, options.effort)
    print(report.describe(found))
    time_kernels([section for section in wanted if section in SECTIONS], options, found)
    time_programs([section for section in wanted if section in WHOLE], options, found)


def time_programs(sections: list[str], options: Any, found: dict[str, Any]) -> None:
    """The sections of `WHOLE`."""
    if not sections:
        return
    installed = find_peers(options.environments, options.effort)
    for section in sections:
        print(f"\n{section}", flush=True)
        text = importlib.import_module(f"bench.{section}").run(options, found, installed)
        print(f"\n{text}")
        put_into_readme(options, section, text)


def find_peers(named: list[str], effort: Effort) -> dict[peers.Peer, tuple[str, str]]:
    """The libraries to compare with; says which are not."""
    installed = peers.find(peers.environments(named))
    for peer in peers.PEERS:
        if peer not in installed:
            print(f"{peer.label} is not installed: skipped.", file=sys.stderr)
        elif peer.compiles and not effort.compiled:
            print(f"{peer.label} compiles for longer than --quick takes: skipped.", file=sys.stderr)
            del installed[peer]
    return installed


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
            results = run_section(section, options, ours, torchs)
            text = report.table(results, SECTIONS[section])
            text = f"{report.describe(found)}.\n\n{text}"
            print(f"\n{text}")
            content = {"machine": found, "results": [r.as_dict() for r in results]}
            draw = functools.partial(pictures.draw_bars, section=section, results=results)
            report.keep(options.out, section, content, draw)
            put_into_readme(options, section, text)
    finally:
        ours.close()
        if torchs is not None:
            torchs.close()


if __name__ == "__main__":
    main()
