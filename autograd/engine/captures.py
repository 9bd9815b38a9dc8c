"""What the closures of a graph captured: the values of their free variables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def captured(closure: Any) -> Iterator[tuple[str, Any]]:
    """`(name, value)` of the free variables of a closure; nothing of what is no function."""
    code = getattr(closure, "__code__", None)
    if code is None:
        return
    for name, cell in zip(code.co_freevars, closure.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # a name the body never reached
            continue
        yield name, value


def captured_arrays(closure: Any) -> Iterator[tuple[str, np.ndarray]]:
    """`(name, array)` of the arrays among them, and `xs[2]` for those in a tuple."""
    for name, value in captured(closure):
        if isinstance(value, tuple):
            for i, part in enumerate(value):
                if isinstance(part, np.ndarray):
                    yield f"{name}[{i}]", part
        elif isinstance(value, np.ndarray):
            yield name, value
