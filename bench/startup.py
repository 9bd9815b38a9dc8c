"""Starting: the imports, and the imports with a first training step of LeNet-5 on one sample.

Each start is a process of its own, the two sides in turn; what they read from disk is warm.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

from bench import comparison, peers
from bench.pairs import Ratio, in_turn, ratio_of

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


def compare_starts(ours: str, theirs: tuple[str, str], threads: int, pairs: int) -> Ratio:
    """Our code in this interpreter against (interpreter, code), in turn."""
    sides = (
        lambda: seconds_of(sys.executable, ours, threads),
        lambda: seconds_of(*theirs, threads),
    )
    for side in sides:
        side()  # compiles what is not compiled yet, warms the disk's cache
    return ratio_of(*in_turn(pairs, sides))


def run(options: Any, machine: dict[str, Any], found: dict[peers.Peer, tuple[str, str]]) -> str:
    """Measure both rows; the section's text."""
    pairs = options.effort.pairs
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
