"""How time and memory grow: LeNet-5 with the batch, a deep network with its depth.

Both should be affine: a fixed part, and one in proportion. On logarithmic axes the slope then goes
from 0 to 1; it is fitted from N = 128 and from depth 100 up.
"""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

from bench.workloads.tasks import Task, lenet_task, mlp

BATCHES = tuple(2**i for i in range(11))
DEPTHS = (10, 20, 50, 100, 200, 500, 1000)
FROM = {"N": 128, "depth": 100}


def deep_task(depth: int) -> Task:
    return Task(f"depth {depth}", mlp(*[64] * depth, 10), (32, 64), lr=1e-3)


def seconds_and_bytes(task: Task, budget: float, least: int = 3) -> tuple[float, int]:
    """Median seconds of a step, and the most memory held: network, gradients, graph, data."""
    from bench.worker import time_call
    from bench.workloads.ours import step

    run = step(task)
    for _ in range(2):
        run()
    seconds = time_call(run, budget, least)
    del run
    tracemalloc.start()
    run = step(task)
    for _ in range(2):
        run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak


def slope(x: Sequence[float], y: Sequence[float], start: float) -> float:
    """Least-squares slope of log y over log x, for x from `start` on."""
    points = [(math.log(a), math.log(b)) for a, b in zip(x, y, strict=True) if a >= start]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    above = sum((a - mean_x) * (b - mean_y) for a, b in points)
    return above / sum((a - mean_x) ** 2 for a, _ in points)


def run(
    options: Any, machine: dict[str, Any], found: Any, *, batches: Sequence[int] = BATCHES,
    depths: Sequence[int] = DEPTHS,
) -> str:  # fmt: skip
    """Measure both curves, draw them; the section's text."""
    from autograd.kernels import set_num_threads
    from bench import report

    set_num_threads(options.threads)
    makers: dict[str, tuple[Sequence[int], Callable[[int], Task]]] = {
        "N": (options.effort.some(batches), lenet_task),
        "depth": (options.effort.some(depths), deep_task),
    }
    curves: dict[str, dict[str, list[float]]] = {}
    lines = []
    for axis, (sizes, make) in makers.items():
        measured = [seconds_and_bytes(make(size), *options.effort.sample(0.3)) for size in sizes]
        seconds, memory = [s for s, _ in measured], [float(b) for _, b in measured]
        curves[axis] = {"x": [float(s) for s in sizes], "seconds": seconds, "bytes": memory}
        start = min(FROM[axis], sizes[-2])
        slopes = [slope(sizes, values, start) for values in (seconds, memory)]
        lines += [f"| {axis} | ms | MiB |", "|--:|--:|--:|"]
        lines += [
            f"| {size} | {s * 1e3:.3g} | {b / 2**20:.3g} |"
            for size, s, b in zip(sizes, seconds, memory, strict=True)
        ]
        text = "Log-log slope from {} = {} up: time {:.2f}, memory {:.2f}."
        lines += ["", text.format(axis, start, *slopes), ""]
    content = {"machine": machine, "curves": curves}
    report.keep(options.out, "growth", content, lambda plt: _draw(plt, curves))
    return "\n".join([f"{report.describe(machine)}.", "", *lines])


def _draw(plt: Any, curves: dict[str, dict[str, list[float]]]) -> Any:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    titles = {"N": "LeNet-5 step over the batch", "depth": "step of 64-unit layers over the depth"}
    for plot, (axis, curve) in zip(axes, curves.items(), strict=True):
        x = curve["x"]
        plot.loglog(x, [1e3 * s for s in curve["seconds"]], "o-", color="C0", label="time, ms")
        plot.loglog(x, [b / 2**20 for b in curve["bytes"]], "s-", color="C1", label="memory, MiB")
        plot.set(title=titles[axis], xlabel=axis, ylabel="ms, MiB")
        plot.grid(which="both", alpha=0.25)
        plot.legend()
    return figure
