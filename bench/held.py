"""What a convolution holds beside its arrays: copies, padding, scratch, in resident memory.

A process of its own for each row (`python -m bench.held ROW ours|torchs THREADS`), since pages that
an earlier row has touched would not be seen. A call on one image loads the code and the threads;
what the allocator is given back goes to the system at once, so that it is seen when used again.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

from bench import conv
from bench.memory import resident
from bench.pairs import ROOT
from bench.worker import set_threads

CLEAR = Path("/proc/self/clear_refs")


def measure_here(row: conv.Row, side: str) -> int:
    """Bytes by which forward + backward exceed inputs, output and the three gradients."""
    make = {"ours": conv.ours, "torchs": conv.torchs}[side]
    make(row._replace(input_shape=(1, *row.input_shape[1:])), True)()
    run = make(row, True)
    before = resident("VmRSS")
    CLEAR.write_text("5")  # the highest so far is now's
    gradients = run()
    grown = resident("VmHWM") - before
    itemsize = 8 if row.dtype == "float64" else 4
    return grown - itemsize * math.prod(row.output_shape()) - sum(g.nbytes for g in gradients)


def environment() -> dict[str, str]:
    return {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "AUTOGRAD_QUIET": "1"}


def measure(index: int, side: str, threads: int) -> int | None:
    """`measure_here` of that row in a fresh process; None where the system does not tell."""
    if not CLEAR.exists():
        return None
    done = subprocess.run(
        [sys.executable, "-m", "bench.held", str(index), side, str(threads)],
        capture_output=True, text=True, check=True, cwd=ROOT,
        env=environment(),
    )  # fmt: skip
    return max(0, int(done.stdout))


if __name__ == "__main__":
    set_threads(sys.argv[2], int(sys.argv[3]))
    print(measure_here(conv.ROWS[int(sys.argv[1])], sys.argv[2]))
