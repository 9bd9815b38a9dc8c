"""One framework in a process of its own, timing what it is asked for.

`python -m bench.worker ours|torchs THREADS` reads one request a line and answers one line, both
JSON:

    {"section": "conv", "row": 3, "backward": true, "sample": [0.1, 3]}  ->  {"seconds": 0.0012}
    {"peak": 0.03}                                                       ->  {"flops": 7.1e10}

It waits in a blocking read, so that it leaves the cores to the other worker meanwhile. Imports and
compilation happen before the first timing of a row.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any


def time_call(work: Callable[[], Any], budget: float, least: int = 3) -> float:
    """Median seconds of a call of `work`, over about `budget` seconds and `least` calls."""
    times: list[float] = []
    end = time.perf_counter() + budget
    while len(times) < least or (time.perf_counter() < end and len(times) < 1000):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def set_threads(side: str, threads: int) -> None:
    if side == "ours":
        from autograd.kernels import set_num_threads

        set_num_threads(threads)
    else:
        import torch

        torch.set_num_threads(threads)


def main(side: str, threads: int) -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    set_threads(side, threads)
    prepared: tuple[Any, Any] = (None, None)
    for line in sys.stdin:
        request = json.loads(line)
        if "peak" in request:
            from bench.peak import measure_peak

            answer = {"flops": measure_peak(request["peak"])}
        else:
            key = (request["section"], request["row"], request["backward"])
            if prepared[0] != key:
                prepared = (None, None)  # let the arrays of the last row go first
                section = importlib.import_module(f"bench.{request['section']}")
                work = getattr(section, side)(section.ROWS[request["row"]], request["backward"])
                for _ in range(3):
                    work()
                prepared = (key, work)
            answer = {"seconds": time_call(prepared[1], *request["sample"])}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
