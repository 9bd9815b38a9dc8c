"""Scripts that fork, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

__all__ = ["output_of"]


def output_of(setting: str, script: str, timeout: int) -> str:
    """What a script prints that begins with `setting`; its process must end well, in time."""
    # OpenBLAS with several threads of its own can hang in `fork` while another thread multiplies.
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "AUTOGRAD_QUIET": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-"],  # a long script is no argument
        input=textwrap.dedent(setting) + textwrap.dedent(script),
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
