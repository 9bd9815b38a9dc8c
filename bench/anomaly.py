"""What `detect_anomaly` costs: a training step of LeNet-5 with and without it, interleaved.

`OPENBLAS_NUM_THREADS=1 python -m bench.anomaly` prints the medians and their ratios.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd as ag
from nn import functional as F
from nn import models

REPEATS = 30


def step(net: Any, x: Any, y: np.ndarray) -> None:
    """Forward and backward."""
    for parameter in net.parameters():
        parameter.grad = None
    F.cross_entropy(net(x), y).backward()


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(0)
    net = models.build("lenet", image=(1, 32, 32), classes=10)
    x = ag.tensor(rng.standard_normal((32, 1, 32, 32), dtype=np.float32))
    y = rng.integers(0, 10, 32)
    ways: dict[str, Callable[[], Any]] = {
        "plain": contextlib.nullcontext,
        "detect_anomaly(writes=False)": lambda: ag.detect_anomaly(writes=False),
        "detect_anomaly()": ag.detect_anomaly,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(REPEATS + 3):
        for name, way in ways.items():
            with way():
                began = time.perf_counter()
                step(net, x, y)
                if repeat >= 3:
                    seconds[name].append(time.perf_counter() - began)
    plain = statistics.median(seconds["plain"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{name:30} {median * 1e3:7.2f} ms  {median / plain:.2f} x")


if __name__ == "__main__":
    main()
