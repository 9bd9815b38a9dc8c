"""How much of a step is Python: samples of where the calling thread is, taken by Linux's `perf`.

A sample counts as Python where it falls into the interpreter itself, bytecode and object handling.
What NumPy, BLAS and compiled kernels do counts as theirs, their own checking of arguments too.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLES_A_SECOND = 1999  # no divisor of what else goes on at round intervals


def measure_share(run: Callable[[], Any], seconds: float) -> float | None:
    """Share of the time of `run`, called over and over, in the interpreter; None without `perf`."""
    if shutil.which("perf") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        samples = str(Path(folder) / "samples")
        thread = str(threading.get_native_id())
        record = subprocess.Popen(
            ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_A_SECOND), "-t", thread,
             "-o", samples, "--", "sleep", str(seconds)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while record.poll() is None:
            run()
        listed = subprocess.run(
            ["perf", "report", "-i", samples, "--sort", "dso", "--stdio", "-q"],
            capture_output=True, text=True,
        )  # fmt: skip
    return None if record.returncode or listed.returncode else share_of_interpreter(listed.stdout)


def share_of_interpreter(listed: str) -> float | None:
    """Of lines such as `71.99%  libpython3.11.so.1.0`, the share of the interpreter's.

    >>> share_of_interpreter(" 60.00%  python3.11\\n 40.00%  _umath.cpython-311.so\\n")
    0.6
    """
    total = python = 0.0
    for line in listed.splitlines():
        words = line.split()
        if len(words) < 2 or not words[0].endswith("%"):
            continue
        share = float(words[0].rstrip("%"))
        total += share
        if words[1].startswith(("libpython", "python")):
            python += share
    return python / total if total else None
