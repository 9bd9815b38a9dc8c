"""How large a campaign is, and the figures it notes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

LONG = os.environ.get("GLASSGRAD_CAMPAIGN", "sample") == "long"
"""Whether whole campaigns run, and not their samples."""

FIGURES = Path(__file__).parent / "figures"


def cases(sample: int, long: int) -> int:
    """How many cases to run: `sample` of them in `make test`, `long` in `make test-long`.

    `GLASSGRAD_SCALE=0.1` makes the long campaigns a tenth as long, `3` three times.
    """
    if not LONG:
        return sample
    return max(sample, round(long * float(os.environ.get("GLASSGRAD_SCALE", "1"))))


def note(
    campaign: str, test: str, counts: Mapping[str, int | float], seconds: float, passed: bool
) -> None:
    """Keep the figures of one test of a campaign, in place of those of its last run."""
    FIGURES.mkdir(exist_ok=True)
    path = FIGURES / f"{campaign}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[test] = {
        "counts": dict(counts),
        "seconds": round(seconds, 1),
        "passed": passed,
        "commit": _commit(),
    }
    ordered = dict(sorted(known.items()))
    path.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def _commit() -> str:
    """The commit that was tested; with a + where the work tree differs from it."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no", "--", "../..", ":!figures"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+" if changed else "")
