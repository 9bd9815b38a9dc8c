"""The memory of a training step: how far the process grows above what it had before.

Each library and task gets a process of its own (`python bench/memory.py WORKLOAD TASK`), which
notes its resident memory after the imports and again after steps on one sample (kernels, code and
thread pools are loaded by then), and then the peak over three whole steps.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TASKS = (3, 4, 6, 7, 8, 9, 10)  # of bench/workloads/tasks.py: those that hold some megabytes
MIB = 1 << 20


def resident(field: str) -> int:
    """A line of the process's status, in bytes: VmRSS (now) or VmHWM (highest so far)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def measure_here(workload: str, index: int) -> dict[str, int]:
    """In a fresh process: bytes after the imports, after steps on one sample, and at the peak."""
    from bench.peer_worker import import_workload

    library = import_workload(workload)
    from bench.workloads.tasks import TASKS as ALL

    task = ALL[index]
    imported = resident("VmRSS")
    run = library.step(task._replace(shape=(1, *task.shape[1:])))
    for _ in range(2):
        run()
    del run
    loaded = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest so far is now's
    run = library.step(task)
    for _ in range(3):
        run()
    return {"imported": imported, "loaded": loaded, "peak": resident("VmHWM")}


def measure(python: str, workload: str, index: int, threads: int) -> dict[str, int]:
    """`measure_here` in a fresh process."""
    from bench.peers import HERE, environment

    done = subprocess.run(
        [python, str(HERE / "memory.py"), workload, str(index)],
        capture_output=True, text=True, cwd=HERE, env=environment(threads),
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(options: Any, machine: dict[str, Any], found: dict[Any, tuple[str, str]]) -> str:
    """A table of peaks, ours and PyTorch's and JAX's; the section's text."""
    from bench import report
    from bench.peers import OURS
    from bench.pictures import draw_memory
    from bench.workloads.tasks import TASKS as ALL

    if not Path("/proc/self/clear_refs").exists():
        return "Memory is measured on Linux only.\n"
    sides = [(OURS, sys.executable)]
    sides += [(p, python) for p, (python, _) in found.items() if p.label in ("PyTorch", "JAX jit")]
    lines = [
        "| MiB above imports (above a step on one sample) | "
        + " | ".join(p.label for p, _ in sides) + " | PyTorch / ours |",
        "|---" + "|--:" * (len(sides) + 1) + "|",
    ]  # fmt: skip
    results = []
    for index in options.effort.some(TASKS):
        if options.rows not in ALL[index].name:
            continue
        cells, above = [], {}
        for peer, python in sides:
            try:
                m = measure(python, peer.workload, index, options.threads)
            except RuntimeError as error:
                print(f"{ALL[index].name}, {peer.label}: {error}", file=sys.stderr)
                cells.append("")
                continue
            above[peer.label] = (m["peak"] - m["imported"], m["peak"] - m["loaded"])
            cells.append("{:.1f} ({:.1f})".format(*(n / MIB for n in above[peer.label])))
            results.append({"task": ALL[index].name, "library": peer.label, **m})
        ratio = ""
        if "PyTorch" in above and "ours" in above:
            first, second = (
                b / max(a, MIB) for a, b in zip(above["ours"], above["PyTorch"], strict=True)
            )
            ratio = f"{first:.2f}{' ▼' if first < 1 else ''} ({second:.2f})"
        lines.append("| " + " | ".join([ALL[index].name, *cells, ratio]) + " |")
        print(lines[-1], flush=True)
    content = {"machine": machine, "results": results}
    report.keep(options.out, "memory", content, lambda plt: draw_memory(plt, results))
    return "\n".join([f"{report.describe(machine)}.", "", *lines, ""])


if __name__ == "__main__":
    # As in bench/peer_worker.py: run as a file, the folder above must not be on the path.
    here = Path(__file__).resolve().parent
    from types import ModuleType

    package = ModuleType("bench")
    package.__path__ = [str(here)]
    sys.modules["bench"] = package
    print(json.dumps(measure_here(sys.argv[1], int(sys.argv[2]))))
