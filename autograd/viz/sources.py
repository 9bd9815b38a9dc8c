"""Places in the user's program, in few words."""

from __future__ import annotations

import re

from autograd.engine.source_lines import Source


def source_in_words(source: Source) -> str:
    """`train.py:12`; the number of a notebook's cell in place of its file."""
    return f"{file_in_words(source.filename)}:{source.line}"


def file_in_words(filename: str) -> str:
    """The file's name without folders; `In [3]` or `cell` in a notebook."""
    typed = re.match(r"<ipython-input-(\d+)-", filename)
    if typed:
        return f"In [{typed[1]}]"
    if "ipykernel_" in filename:
        return "cell"
    return filename.replace("\\", "/").rpartition("/")[2]
