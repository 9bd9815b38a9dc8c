"""Run the notebooks from top to bottom: `python notebooks/execute.py [--write] [names...]`.

The .py files (jupytext "percent" format) are the sources; with `--write` the .ipynb beside each is
made anew, with its outputs. Without it nothing is written: an error in any cell is the result.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of file names; all notebooks if none")
    parser.add_argument("--write", action="store_true", help="keep the outputs in the .ipynb")
    options = parser.parse_args()
    for source in sorted(HERE.glob("[0-9]*.py")):
        if options.names and not any(name in source.name for name in options.names):
            continue
        notebook = jupytext.read(source)
        started = time.perf_counter()
        NotebookClient(
            notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": HERE}}
        ).execute()
        print(f"{source.name}: {time.perf_counter() - started:.1f} s", flush=True)
        if options.write:
            nbformat.write(notebook, source.with_suffix(".ipynb"))


if __name__ == "__main__":
    sys.exit(main())
