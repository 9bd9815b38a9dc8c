"""Interleaved pairs: the two frameworks take turns, each in its own process.

Absolute times drift on a shared machine, and two frameworks in one process fight over the cores
with their thread pools. So a row is measured as pairs: ours, then PyTorch's, at once after each
other, the order swapped from pair to pair. The row's ratio is the median of the pairs' ratios, and
its quartiles say how far to trust it.

A section is a module `bench/<name>.py` with

    ROWS                    objects with a `name`, and `flops(backward)` if a rate makes sense
    ours(row, backward)     the row's work as a function of no arguments, in this library
    torchs(row, backward)   the same in PyTorch; None where PyTorch has no counterpart
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.effort import Effort

ROOT = Path(__file__).parent.parent
SECONDS = 0.1  # of each side of a pair


class Worker:
    """A process of one framework; see `bench/worker.py`."""

    def __init__(self, side: str, threads: int) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "AUTOGRAD_QUIET": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", side, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def ask(self, **request: Any) -> dict[str, float]:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended while asked for {request}")
        answer: dict[str, float] = json.loads(line)
        return answer

    def close(self) -> None:
        self.process.communicate()  # closes its input, at which it ends


@dataclass
class Ratio:
    """A peer's time against ours: medians in seconds, ratio theirs / ours with quartiles."""

    ours: float
    theirs: float
    ratio: float
    quartiles: tuple[float, float]


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The median of the pairs' ratios.

    >>> ratio_of([1.0, 2.0, 1.0], [2.0, 6.0, 4.0])
    Ratio(ours=1.0, theirs=4.0, ratio=3.0, quartiles=(2.0, 4.0))
    """
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return Ratio(statistics.median(ours), statistics.median(theirs), middle, (low, high))


def in_turn(pairs: int, sides: Sequence[Callable[[], float]]) -> list[list[float]]:
    """What each side gives, asked in turn, the order swapped from pair to pair."""
    given: list[list[float]] = [[] for _ in sides]
    order = list(zip(sides, given, strict=True))
    for _ in range(pairs):
        for side, answers in order:
            answers.append(side())
        order.reverse()
    return given


@dataclass
class Result:
    """One row: medians in seconds, the ratio PyTorch / ours with quartiles, share of peak.

    `held` are the bytes beside its arrays, ours and PyTorch's.
    """

    section: str
    name: str
    backward: bool
    ours: float
    torch: float | None = None
    ratio: float | None = None
    quartiles: tuple[float, float] | None = None
    gflops: float | None = None
    share_of_peak: float | None = None
    held: list[int | None] = field(default_factory=list)
    pairs: list[tuple[float, float]] = field(default_factory=list)

    @property
    def work(self) -> str:
        return "forward + backward" if self.backward else "forward"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "work": self.work}


def torch_is_there() -> bool:
    return importlib.util.find_spec("torch") is not None


def measure_row(
    section: str, index: int, backward: bool, ours: Worker, torchs: Worker | None, effort: Effort
) -> Result:
    """Time one row in turn."""
    row = importlib.import_module(f"bench.{section}").ROWS[index]
    request = {"section": section, "row": index, "backward": backward}
    sample = effort.sample(SECONDS)

    def timed(worker: Worker) -> Callable[[], float]:
        return lambda: worker.ask(**request, sample=sample)["seconds"]

    sides = {"ours": timed(ours)}
    if torchs is not None:
        sides["torch"] = timed(torchs)
    if hasattr(row, "flops"):
        sides["peak"] = lambda: ours.ask(peak=0.03 * effort.share)["flops"]
    given = dict(zip(sides, in_turn(effort.pairs, [*sides.values()]), strict=True))

    mine = given["ours"]
    result = Result(section, row.name, backward, statistics.median(mine))
    if "peak" in given:
        flops = row.flops(backward)
        result.gflops = flops / result.ours / 1e9
        scale = 2.0 if getattr(row, "dtype", "float32") == "float64" else 1.0
        rates = [flops / t / peak for t, peak in zip(mine, given["peak"], strict=True)]
        result.share_of_peak = scale * statistics.median(rates)
    if "torch" in given:
        result.pairs = list(zip(mine, given["torch"], strict=True))
        r = ratio_of(mine, given["torch"])
        result.torch, result.ratio, result.quartiles = r.theirs, r.ratio, r.quartiles
    return result
