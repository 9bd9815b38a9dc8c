"""Starting: the imports, and the imports with a first training step of LeNet-5 on one sample.

Each start is a process of its own, the two sides in turn; what they read from disk is warm.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

from bench import comparison, peers

PAIRS = 9

_TIMED = "import time; start = time.perf_counter(); {code}; print(time.perf_counter() - start)"


def seconds_of(python: str, code: str, threads: int) -> float:
    """What `code` takes in a fresh process, the interpreter's own start not counted."""
    done = subprocess.run(
        [python, "-P", "-c", _TIMED.format(code=code)],
        capture_output=True, text=True, check=True, cwd=peers.HERE, env=peers.environment(threads),
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def first_step(workload: str) -> str:
    """Code that imports a library and takes a step, with what the step needs around it."""
    return (
        f"import sys; sys.path.insert(0, {str(peers.HERE)!r}); import peer_worker; "
        f"w = peer_worker.import_workload({workload!r}); "
        "from bench.workloads.tasks import lenet_task; float(w.step(lenet_task(1))())"
    )


def import_ours() -> str:
    return f"import sys; sys.path.insert(0, {str(peers.HERE.parent)!r}); import autograd, nn, optim"


def compare_starts(
    ours: str, theirs: tuple[str, str], threads: int, pairs: int
) -> comparison.Ratio:
    """Our code in this interpreter against (interpreter, code), in turn."""
    sides = ((sys.executable, ours), theirs)
    times: tuple[list[float], list[float]] = ([], [])
    for side in sides:
        seconds_of(*side, threads)  # compiles what is not compiled yet, warms the disk's cache
    for pair in range(pairs):
        for number in (0, 1) if pair % 2 == 0 else (1, 0):
            times[number].append(seconds_of(*sides[number], threads))
    ratios = [b / a for a, b in zip(*times, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return comparison.Ratio(*map(statistics.median, times), middle, (low, high))


def run(
    options: Any, machine: dict[str, Any], found: dict[peers.Peer, tuple[str, str]],
    pairs: int = PAIRS,
) -> str:  # fmt: skip
    """Measure both rows; the section's text."""
    imports = comparison.Row("import", wanted={"import numpy": 1 / 1.3, "PyTorch": 1.0})
    imports.ratios["import numpy"] = compare_starts(
        import_ours(), (sys.executable, "import numpy"), options.threads, pairs
    )
    steps = comparison.Row("import + first LeNet-5 step, N=1", wanted={"PyTorch": 2.0})
    modules = {"PyTorch": "import torch", "JAX jit": "import jax.numpy"}
    for peer, (python, _) in found.items():
        if peer.label not in modules:
            continue
        for row, ours, theirs in (
            (imports, import_ours(), modules[peer.label]),
            (steps, first_step("ours"), first_step(peer.workload)),
        ):
            try:
                ratio = compare_starts(ours, (python, theirs), options.threads, pairs)
                row.ratios[peer.label] = ratio
            except subprocess.CalledProcessError as error:
                row.skipped[peer.label] = f"a process ended with {error.returncode}"
    if not steps.ratios:
        steps.ours = seconds_of(sys.executable, first_step("ours"), options.threads)
    rows = [imports, steps]
    for row in rows:
        if row.ratios:
            row.ours = statistics.median(ratio.ours for ratio in row.ratios.values())
        comparison.show(row)
    versions = {peer.label: version for peer, (_, version) in found.items()}
    return comparison.finish("startup", rows, options, machine, versions)
