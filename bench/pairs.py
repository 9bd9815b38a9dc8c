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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAIRS = 9
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
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Result:
    """One row: medians in seconds, the ratio PyTorch / ours with quartiles, share of peak."""

    section: str
    name: str
    backward: bool
    ours: float
    torch: float | None = None
    ratio: float | None = None
    quartiles: tuple[float, float] | None = None
    gflops: float | None = None
    share_of_peak: float | None = None
    pairs: list[tuple[float, float]] = field(default_factory=list)

    @property
    def work(self) -> str:
        return "forward + backward" if self.backward else "forward"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "work": self.work}


def torch_is_there() -> bool:
    return importlib.util.find_spec("torch") is not None


def measure_row(
    section: str, index: int, backward: bool, ours: Worker, torchs: Worker | None
) -> Result:
    """Time one row in turn."""
    module = importlib.import_module(f"bench.{section}")
    row = module.ROWS[index]
    request = {"section": section, "row": index, "backward": backward, "seconds": SECONDS}
    has_flops = hasattr(row, "flops")
    if getattr(row, "only_ours", False):
        torchs = None
    mine: list[float] = []
    theirs: list[float] = []
    rates: list[float] = []
    for pair in range(PAIRS):
        for worker in (ours, torchs) if pair % 2 == 0 else (torchs, ours):
            if worker is not None:
                (mine if worker is ours else theirs).append(worker.ask(**request)["seconds"])
        if has_flops:
            rates.append(row.flops(backward) / mine[-1] / ours.ask(peak=0.03)["flops"])
    result = Result(section, row.name, backward, statistics.median(mine))
    if has_flops:
        result.gflops = row.flops(backward) / result.ours / 1e9
        scale = 2.0 if getattr(row, "dtype", "float32") == "float64" else 1.0
        result.share_of_peak = scale * statistics.median(rates)
    if theirs:
        result.pairs = list(zip(mine, theirs, strict=True))
        ratios = [b / a for a, b in result.pairs]
        low, middle, high = statistics.quantiles(ratios, n=4)
        result.torch, result.ratio, result.quartiles = (
            statistics.median(theirs),
            middle,
            (low, high),
        )
    return result
