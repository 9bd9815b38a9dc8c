"""What the closures of a graph captured: the values of their free variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import CellType, FunctionType
from typing import Any

import numpy as np


def cells_of(function: Any) -> Iterator[tuple[str, CellType]]:
    """`(name, cell)` of the free variables of a function; nothing of what is no function."""
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    return zip(names, getattr(function, "__closure__", None) or (), strict=True)


def rebound(
    function: FunctionType, cells: Iterable[CellType], names: dict[str, Any] | None = None
) -> FunctionType:
    """The same code with other cells, and other globals if `names` are given."""
    twin = FunctionType(
        function.__code__,
        function.__globals__ if names is None else names,
        function.__name__,
        function.__defaults__,
        tuple(cells),
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def captured(closure: Any) -> Iterator[tuple[str, Any]]:
    """`(name, value)` of the free variables of a closure."""
    for name, cell in cells_of(closure):
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
