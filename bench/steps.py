"""Whole training steps: forward, loss, backward, update, in every library that is installed."""

from __future__ import annotations

from typing import Any

from bench import comparison
from bench.peers import Peer
from bench.workloads.tasks import TASKS, flops

SECONDS = 0.15  # of each side of a pair

# what is aimed at, by the beginning of a task's name
WANTED: tuple[tuple[str, dict[str, float]], ...] = (
    ("lecture", {"PyTorch": 1.0, "NumPy by hand": 0.95}),
    ("MLP", {"PyTorch": 1.5, "JAX jit": 1.0}),
    ("LeNet-5, N=1", {"PyTorch": 3.0, "JAX jit": 1.5}),
    ("LeNet-5, N=64", {"PyTorch": 3.0, "JAX jit": 4.0}),
    ("LeNet-5, N=256", {"PyTorch": 3.0, "JAX jit": 4.0}),
    ("VGG", {"PyTorch": 1.2}),
    ("ResNet", {"PyTorch": 1.2}),
    ("GELU", {"PyTorch": 1.0}),
    ("logistic", {"PyTorch": 3.0}),
)


def wanted(name: str) -> dict[str, float]:
    """The aims of a task: those of the longest beginning that fits."""
    fitting = [(len(start), aims) for start, aims in WANTED if name.startswith(start)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else {}


def run(options: Any, machine: dict[str, Any], found: dict[Peer, tuple[str, str]]) -> str:
    """Measure every task whose name contains `options.rows`; the section's text."""
    rows = []
    with comparison.Workers(found, options.threads) as workers:
        for index, task in enumerate(TASKS):
            if options.rows not in task.name:
                continue
            row = comparison.Row(task.name, wanted=wanted(task.name))
            comparison.measure(workers, row, {"step": index}, SECONDS, options.effort)
            scale = 2 if task.dtype == "float64" else 1
            peak = workers.ours.ask(peak=True)
            row.share_of_peak = scale * flops(task) / row.ours / peak
            row.python = workers.ours.ask(python_share=options.effort.share)
            rows.append(row)
    versions = {peer.label: version for peer, (_, version) in found.items()}
    return comparison.finish("steps", rows, options, machine, versions)
