"""Second order: what it costs beside first order, and beside PyTorch; memory of `checkpoint`.

A row has two works: of first order (`backward=False`) and of second order (`backward=True`). The
four of them (two orders, two frameworks, each framework in its own process) take turns, so that
every ratio is the median of ratios of neighbours in time.
"""

from __future__ import annotations

import math
import statistics
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bench import report
from bench.effort import Effort
from bench.pairs import SECONDS, Ratio, Worker, in_turn, ratio_of, torch_is_there

Workload = Callable[[], Any]


class Row(NamedTuple):
    """A work of second order, what of first order it is compared with, and the bound wanted."""

    name: str
    kind: str  # "hvp", "penalty" or "black_scholes"
    model: str  # "lenet" or "mlp"
    batch: int
    most: float | None  # second order / first order
    least: float | None  # PyTorch / ours, at second order


_PINN = "tanh MLP 2-32-32-32-1"

ROWS = (
    Row("LeNet-5, N=64: gradient, Hessian-vector product", "hvp", "lenet", 64, 4.0, None),
    Row("MLP 784-128-10, N=64: gradient, Hessian-vector product", "hvp", "mlp", 64, 4.0, None),
    Row("LeNet-5, N=64: SGD step, with gradient penalty", "penalty", "lenet", 64, 6.0, None),
    Row("MLP 784-128-10, N=64: SGD step, with penalty", "penalty", "mlp", 64, None, None),
    Row(f"{_PINN}, N=256: Adam step, Black-Scholes", "black_scholes", "", 256, None, 1.0),
    Row(f"{_PINN}, N=2048: Adam step, Black-Scholes", "black_scholes", "", 2048, None, 1.0),
)  # fmt: skip

RATE, VOLATILITY, STRIKE = 0.05, 0.4, 1.0


def _images(row: Row) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (row.batch, 1, 32, 32) if row.model == "lenet" else (row.batch, 784)
    return rng.standard_normal(shape).astype(np.float32), rng.integers(0, 10, row.batch)


def _points(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (price, time to expiry) inside, points where the value is known, and those values."""
    rng = np.random.default_rng(0)
    inside = rng.uniform([0.0, 0.0], [2.0, 1.0], (count, 2))
    known = rng.uniform([0.0, 0.0], [2.0, 1.0], (count // 2, 2))
    known[: count // 4, 1] = 0.0  # at expiry: max(price - strike, 0)
    known[count // 4 :, 0] = np.where(np.arange(count // 2 - count // 4) % 2, 0.0, 2.0)
    later = STRIKE * np.exp(-RATE * known[:, 1:])
    values = np.maximum(known[:, :1] - later, 0.0)
    return inside.astype(np.float32), known.astype(np.float32), values.astype(np.float32)


def ours(row: Row, backward: bool) -> Workload:
    """One of the row's two works in this library."""
    import autograd as ag
    import nn
    import optim
    from nn import functional as F
    from nn import models

    if row.kind == "black_scholes":
        net = models.mlp([2, 32, 32, 32, 1], nn.Tanh)
        inside, known, values = map(ag.tensor, _points(row.batch))
        adam = optim.Adam(net.parameters(), lr=1e-3)

        def residual() -> Any:
            x = ag.tensor(inside.data, requires_grad=True)
            value = net(x)
            (slope,) = ag.grad(value.sum(), [x], create_graph=True)
            (bend,) = ag.grad(slope[:, 0].sum(), [x], create_graph=True)
            s = inside[:, 0]
            curved = 0.5 * VOLATILITY**2 * s * s * bend[:, 0]
            return curved + RATE * s * slope[:, 0] - RATE * value[:, 0] - slope[:, 1]

        def fit() -> None:
            adam.zero_grad()
            loss = ((net(known) - values) ** 2).mean()
            if backward:
                loss = loss + (residual() ** 2).mean()
            loss.backward()
            adam.step()

        return fit

    x, labels = _images(row)
    inputs = ag.tensor(x)
    made = models.lenet5() if row.model == "lenet" else models.mlp([784, 128, 10], nn.Tanh)
    weights = list(made.parameters())
    directions = [ag.tensor(np.ones(w.shape, np.float32)) for w in weights]
    sgd = optim.SGD(weights, lr=1e-3, momentum=0.9)

    def slopes(create_graph: bool) -> tuple[Any, Any]:
        loss = F.cross_entropy(made(inputs), labels)
        return loss, ag.grad(loss, weights, create_graph=create_graph)

    def hvp() -> Any:
        found = slopes(backward)[1]
        return ag.grad(found, weights, directions) if backward else found

    def step() -> None:
        sgd.zero_grad()
        if backward:
            loss, found = slopes(True)
            loss = loss + 0.01 * sum((g * g).sum() for g in found)
        else:
            loss = F.cross_entropy(made(inputs), labels)
        loss.backward()
        sgd.step()

    return hvp if row.kind == "hvp" else step


def torchs(row: Row, backward: bool) -> Workload:
    """The same in PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    if row.kind == "black_scholes":
        layers: list[Any] = []
        for a, b in ((2, 32), (32, 32), (32, 32), (32, 1)):
            layers += [nn.Linear(a, b), nn.Tanh()]
        net = nn.Sequential(*layers[:-1])
        inside, known, values = map(torch.tensor, _points(row.batch))
        adam = torch.optim.Adam(net.parameters(), lr=1e-3)

        def residual() -> Any:
            x = inside.clone().requires_grad_()
            value = net(x)
            (slope,) = torch.autograd.grad(value.sum(), [x], create_graph=True)
            (bend,) = torch.autograd.grad(slope[:, 0].sum(), [x], create_graph=True)
            s = inside[:, 0]
            curved = 0.5 * VOLATILITY**2 * s * s * bend[:, 0]
            return curved + RATE * s * slope[:, 0] - RATE * value[:, 0] - slope[:, 1]

        def fit() -> None:
            adam.zero_grad()
            loss = ((net(known) - values) ** 2).mean()
            if backward:
                loss = loss + (residual() ** 2).mean()
            loss.backward()
            adam.step()

        return fit

    x, labels = map(torch.tensor, _images(row))
    if row.model == "lenet":
        made = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
        )  # fmt: skip
    else:
        made = nn.Sequential(nn.Linear(784, 128), nn.Tanh(), nn.Linear(128, 10))
    weights = list(made.parameters())
    directions = [torch.ones_like(w) for w in weights]
    sgd = torch.optim.SGD(weights, lr=1e-3, momentum=0.9)

    def slopes(create_graph: bool) -> tuple[Any, Any]:
        loss = F.cross_entropy(made(x), labels)
        return loss, torch.autograd.grad(loss, weights, create_graph=create_graph)

    def hvp() -> Any:
        found = slopes(backward)[1]
        return torch.autograd.grad(found, weights, directions) if backward else found

    def step() -> None:
        sgd.zero_grad()
        if backward:
            loss, found = slopes(True)
            loss = loss + 0.01 * sum((g * g).sum() for g in found)
        else:
            loss = F.cross_entropy(made(x), labels)
        loss.backward()
        sgd.step()

    return hvp if row.kind == "hvp" else step


def measure(index: int, workers: dict[str, Worker], effort: Effort) -> dict[str, list[float]]:
    """Seconds of each of the four works, in turn."""
    sample = effort.sample(SECONDS)

    def timed(side: str, second: bool) -> Callable[[], float]:
        request = {"section": "higher_order", "row": index, "backward": second, "sample": sample}
        return lambda: workers[side].ask(**request)["seconds"]

    works = {f"{side} {n}": timed(side, n == 2) for side in workers for n in (1, 2)}
    return dict(zip(works, in_turn(effort.pairs, [*works.values()]), strict=True))


def line(row: Row, times: dict[str, list[float]]) -> str:
    """A row of the table; what misses its bound is marked with ▼."""
    cells = [row.name]
    for key in ("ours 1", "ours 2", "torchs 1", "torchs 2"):
        cells.append(f"{statistics.median(times[key]) * 1e3:.3g}" if key in times else "")
    orders = ratio_of(times["ours 1"], times["ours 2"])
    cells.append(_cell(orders, row.most, "≤", row.most is None or orders.ratio <= row.most))
    if "torchs 2" in times:
        sides = ratio_of(times["ours 2"], times["torchs 2"])
        cells.append(_cell(sides, row.least, ">", row.least is None or sides.ratio > row.least))
    else:
        cells.append("")
    return "| " + " | ".join(cells) + " |"


def _cell(found: Ratio, bound: float | None, sign: str, met: bool) -> str:
    wanted = "" if bound is None else f", wanted {sign} {bound:g}"
    low, high = found.quartiles
    return f"{found.ratio:.2f}{'' if met else ' ▼'} ({low:.2f}-{high:.2f}{wanted})"


def checkpoint_memory() -> str:
    """Peak memory of forward and backward through n layers, plain and in √n checkpoints."""
    import autograd as ag

    def run(x: Any, count: int) -> Any:
        for _ in range(count):
            x = ag.sin(x)
        return x

    def peak(layers: int, segments: int) -> int:
        x = ag.Tensor(np.ones((200, 250)), requires_grad=True)
        tracemalloc.start()
        y = x
        for _ in range(segments):
            y = ag.checkpoint(run, y, layers // segments) if segments > 1 else run(y, layers)
        y.sum().backward()
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    counts = [25, 100, 400]
    plain = [peak(n, 1) / 2**20 for n in counts]
    saved = [peak(n, math.isqrt(n)) / 2**20 for n in counts]
    lines = ["| layers | plain MB | in √n checkpoints MB |", "|--:|--:|--:|"]
    rows = zip(counts, plain, saved, strict=True)
    lines += [f"| {n} | {a:.1f} | {b:.1f} |" for n, a, b in rows]
    exponents = [float(np.polyfit(np.log(counts), np.log(y), 1)[0]) for y in (plain, saved)]
    lines += ["", f"Exponents: plain {exponents[0]:.2f}, checkpoints {exponents[1]:.2f}."]
    return "\n".join(lines)


def run(options: Any, machine: dict[str, Any], found: Any) -> str:
    """Measure the rows whose name contains `options.rows`, and `checkpoint`; the section's text."""
    sides = ["ours", "torchs"] if torch_is_there() else ["ours"]
    workers = {side: Worker(side, options.threads) for side in sides}
    head = ["first order, second order", "ours ms", "ours ms", "PyTorch ms", "PyTorch ms"]
    head += ["second / first, ours (quartiles)", "PyTorch / ours, second (quartiles)"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    results = []
    try:
        for index, row in enumerate(ROWS):
            if options.rows not in row.name:
                continue
            times = measure(index, workers, options.effort)
            lines.append(line(row, times))
            print(lines[-1], flush=True)
            results.append({"name": row.name, "seconds": times})
    finally:
        for worker in workers.values():
            worker.close()
    report.keep(options.out, "higher_order", {"machine": machine, "rows": results})
    return "\n".join([f"{report.describe(machine)}.", "", *lines, "", checkpoint_memory(), ""])
