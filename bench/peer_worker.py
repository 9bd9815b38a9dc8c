"""One library in a process of its own: `python bench/peer_worker.py WORKLOAD THREADS`.

Reads a request a line and answers a line, both JSON; an answer is `{"value": ...}` or
`{"error": "why"}`:

    {"step": 3}       prepare the step of task 3: ten first steps, give the losses and the
                      seconds of the last
    {"chain": 2000}   prepare a chain of so many operations, the same without losses
    {"time": [0.1, 3]}  the median seconds of what is prepared, over so long and so many calls
    {"python_share": 1}  the share of so many seconds that it spends in the interpreter
    {"peak": true}    the machine's peak in float32 operations a second, on all threads

Run as a file, so that the folder above is not on the path: there `import autograd` is this library,
while HIPS autograd's process must find its own.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent


def import_workload(name: str) -> ModuleType:
    """`bench.workloads.<name>`, with the folder above on the path for our own only."""
    sys.path.remove(str(HERE))
    if name == "ours":
        sys.path.insert(0, str(HERE.parent))
    else:
        package = ModuleType("bench")
        package.__path__ = [str(HERE)]
        sys.modules["bench"] = package
    return importlib.import_module(f"bench.workloads.{name}")


class Prepared:
    """What is timed next: a function, and the request it was made for."""

    def __init__(self, workload: ModuleType) -> None:
        self.workload = workload
        self.run: Any = None

    def step(self, index: int) -> dict[str, Any]:
        from bench.workloads.tasks import TASKS

        self.run = None  # let the arrays of the last one go first
        self.run = self.workload.step(TASKS[index])
        losses, seconds = [], 0.0
        for _ in range(10):
            start = time.perf_counter()
            losses.append(float(self.run()))
            seconds = time.perf_counter() - start
        return {"losses": losses, "seconds": seconds}

    def chain(self, count: int) -> dict[str, Any]:
        if not hasattr(self.workload, "chain"):
            raise NotImplementedError("it compiles or delays whole programs")
        self.run = None
        self.run = self.workload.chain(count)
        for _ in range(3):
            self.run()
        start = time.perf_counter()
        self.run()
        return {"losses": [], "seconds": time.perf_counter() - start}

    def time(self, sample: tuple[float, int]) -> float:
        from bench.worker import time_call

        return time_call(self.run, *sample)

    def python_share(self, seconds: float) -> float | None:
        from bench.python_share import measure_share

        return measure_share(self.run, seconds)

    def peak(self, _: bool) -> float:
        from bench.peak import measure_peak

        return measure_peak(0.05)


def main(name: str, threads: int) -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        prepared = Prepared(import_workload(name))
    except Exception as error:
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
        return
    for line in sys.stdin:
        ((what, argument),) = json.loads(line).items()
        try:
            answer = {"value": getattr(prepared, what)(argument)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
