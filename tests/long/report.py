"""`python -m tests.long.report`: the figures of the campaigns, written into docs/reliability.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.documents.marked import replaced
from tests.long.campaign import FIGURES

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"


def table() -> str:
    """One line for each test of each campaign, with what it counted."""
    lines = ["| campaign | test | counted | minutes | commit |", "|---|---|---|--:|---|"]
    return "\n".join([*lines, *_rows()])


def _rows() -> Iterator[str]:
    for path in sorted(FIGURES.glob("*.json")):
        runs = json.loads(path.read_text(encoding="utf-8"))
        names = dict.fromkeys(test.partition("[")[0] for test in sorted(runs))
        for name in names:  # the cases of a parametrised test together
            parts = [run for test, run in runs.items() if test.partition("[")[0] == name]
            counts: Counter[str] = Counter()
            for run in parts:
                counts.update(run["counts"])
            counted = ", ".join(f"{count:,} {what}" for what, count in counts.items())
            failed = sum(not run["passed"] for run in parts)
            outcome = f"**{failed} of {len(parts)} failed**: " if failed else ""
            minutes = sum(run["seconds"] for run in parts) / 60
            commits = ", ".join(sorted({run["commit"] for run in parts}))
            words = name.removeprefix("test_").replace("_", " ")
            yield f"| {path.stem} | {words} | {outcome}{counted} | {minutes:.1f} | {commits} |"


def main() -> None:
    """Put the table between the two marks of the document."""
    DOCUMENT.write_text(replaced(DOCUMENT, "figures", table()), encoding="utf-8")


if __name__ == "__main__":
    main()
