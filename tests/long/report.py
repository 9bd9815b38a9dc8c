"""`python -m tests.long.report`: the figures of the campaigns, written into docs/reliability.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.long.campaign import FIGURES

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def table() -> str:
    """One line for each test of each campaign, with what it counted."""
    lines = ["| campaign | test | counted | minutes | commit |", "|---|---|---|--:|---|"]
    return "\n".join([*lines, *_rows()])


def _rows() -> Iterator[str]:
    for path in sorted(FIGURES.glob("*.json")):
        for test, run in sorted(json.loads(path.read_text(encoding="utf-8")).items()):
            counted = ", ".join(f"{count:,} {what}" for what, count in run["counts"].items())
            failed = "" if run["passed"] else "**failed**: "
            name = test.removeprefix("test_").replace("_", " ")
            minutes = run["seconds"] / 60
            yield f"| {path.stem} | {name} | {failed}{counted} | {minutes:.1f} | {run['commit']} |"


def main() -> None:
    """Put the table between the two marks of the document."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
