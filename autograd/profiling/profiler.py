"""`profile`: where the time and the memory of a computation go, by op and by module."""

from __future__ import annotations

import html
import json
import os
import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from autograd.engine.in_place import owner
from autograd.engine.node import Node
from autograd.engine.scope import Scope, current
from autograd.engine.taps import Call, Tap
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError
from autograd.profiling.multiply_adds import Products, multiply_adds
from autograd.support.arguments import one_of
from autograd.support.files import write_page
from autograd.support.interrupts import begins_at_once, to_the_end
from autograd.support.unknown_names import named_arguments
from autograd.viz.values import bytes_in_words, held_blocks, seconds_in_words
from autograd.viz.watching import Times, times

_GROUPS = ("op", "module")
_NONE = Products(0, ())


@dataclass
class Row:
    """Calls of one op, or in one module: counts, seconds, bytes held, multiply-adds."""

    name: str
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    held: int = 0
    multiply_adds: int = 0  # forward
    backward_multiply_adds: int = 0

    @property
    def gflops(self) -> float | None:
        """10⁹ floating-point operations a second, two for each multiply-add; None without any."""
        seconds = self.forward + self.backward
        done = self.multiply_adds + self.backward_multiply_adds
        return 2e-9 * done / seconds if done and seconds else None

    def add(self, other: Row) -> None:
        """Add up another row."""
        self.calls += other.calls
        self.forward += other.forward
        self.backward += other.backward
        self.held += other.held
        self.multiply_adds += other.multiply_adds
        self.backward_multiply_adds += other.backward_multiply_adds


@dataclass
class _Row(Row):
    scope: Scope | None = None
    path: str = ""
    source: str = ""
    products: Products = _NONE
    began: float = 0.0
    replayed: float = 0.0  # when its backward began
    shape: tuple[int, ...] = field(default=())


@named_arguments
class profile(Tap):
    """Measure time, memory and arithmetic of what runs inside, by op and by module.

    `held` are the bytes that the graph keeps for backward and that the program did not have
    before: distinct memory blocks, each counted with the first call that holds it. Multiply-adds
    are those of products and convolutions. Times of forward are those of the ops' bodies; those of
    backward include adding up the gradient. A call of an op inside the block costs some
    microseconds more.

    `by("op")` and `by("module")` are lists of rows, slowest first; `table()` is text, a notebook
    shows a table, `save("trace.json")` writes a file for chrome://tracing or Perfetto. After it
    `ag.draw(loss, color="time")` shows the times on the graph.

    >>> import autograd as ag
    >>> x = ag.ones(64, 100, requires_grad=True)
    >>> with ag.profile() as p:
    ...     (x @ ag.ones(100, 10)).sum().backward()
    >>> sorted((row.name, row.calls, row.multiply_adds) for row in p.by("op"))
    [('matmul', 1, 64000), ('sum', 1, 0)]
    """

    def __init__(self) -> None:
        self.calls: list[_Row] = []
        self._of_node: WeakKeyDictionary[Node, _Row] = WeakKeyDictionary()
        self._blocks: dict[int, weakref.ref[np.ndarray]] = {}  # counted, or not ours to count
        self._replaying = False

    def __enter__(self) -> Self:
        self.began = time.perf_counter()
        return super().__enter__()

    @begins_at_once
    def __exit__(self, *exc_info: object) -> None:
        to_the_end(self._end, [])

    def _end(self, left: list[Any]) -> None:
        self._leave(left)
        self.ended = time.perf_counter()
        paths: dict[Any, str] = {}
        for row in self.calls:
            row.path = _path(row.scope, paths)
            row.scope = None

    def _on_result(self, call: Call) -> None:
        """Note the time, the memory and the arithmetic of a call."""
        if self._replaying or not call.began or not (call.on_tensors and self._innermost):
            return
        shapes = [np.shape(value) for value in call.values]
        products = multiply_adds(call.op.name, call.out.shape, shapes, call.statics)
        row = _Row(
            call.op.name,
            1,
            call.ended - call.began,
            multiply_adds=products.forward,
            scope=current(),
            products=products,
            began=call.began,
            shape=call.out.shape,
        )
        self.calls.append(row)
        self._note_given(call.operands)
        node = call.node
        if node is not None:
            self._of_node[node] = row
            row.source = str(node.source)
            row.held = self._newly_held(node)
            times.setdefault(node, Times()).forward = row.forward

    def _note_given(self, operands: Iterable[Any]) -> None:
        """Arrays that the program had before are not held by the graph alone."""
        for operand in operands:
            if isinstance(operand, Tensor) and operand.node is None:
                self._is_new(owner(operand._data))
            elif isinstance(operand, np.ndarray):
                self._is_new(owner(operand))

    def _is_new(self, block: np.ndarray) -> bool:
        known = self._blocks.get(id(block))
        if known is not None and known() is block:
            return False
        self._blocks[id(block)] = weakref.ref(block)
        return True

    def _newly_held(self, node: Node) -> int:
        return sum(block.nbytes for block in held_blocks(node).values() if self._is_new(block))

    def _around_visit(self, visit: Callable[[], None], replay: Any, node: Node) -> None:
        """Note the time of a node in backward."""
        row = self._of_node.get(node)
        self._replaying, outer = not replay.create_graph, self._replaying
        began = time.perf_counter()
        try:
            visit()
        finally:
            ended = time.perf_counter()
            self._replaying = outer
        if row is not None:
            row.replayed = began
            row.backward += ended - began
            row.backward_multiply_adds += sum(
                count
                for count, edge in zip(row.products.gradients, node.edges, strict=False)
                if edge is not None
            )
            times.setdefault(node, Times()).backward = ended - began

    # -- what came out --------------------------------------------------------------------------

    @property
    def held(self) -> int:
        """Bytes that the graph kept for backward."""
        return sum(call.held for call in self.calls)

    def by(self, group: str = "op") -> list[Row]:
        """A row for each op, or each module ("" where none was called), the slowest first.

        Raises `ArgumentError` for another grouping.
        """
        one_of("profile", "group", group, _GROUPS)
        rows: dict[str, Row] = {}
        for call in self.calls:
            name = call.name if group == "op" else call.path
            rows.setdefault(name, Row(name)).add(call)
        return sorted(rows.values(), key=lambda row: -(row.forward + row.backward))

    def total(self) -> Row:
        """All calls together."""
        row = Row("all")
        for call in self.calls:
            row.add(call)
        return row

    def table(self, group: str = "op") -> str:
        """The rows as text."""
        cells = [[group, *_HEADINGS], *map(_cells, [*self.by(group), self.total()])]
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        )

    def __repr__(self) -> str:
        return f"<profile of {len(self.calls)} calls, {seconds_in_words(self._seconds())}>"

    __str__ = table

    def _seconds(self) -> float:
        total = self.total()
        return total.forward + total.backward

    def _repr_html_(self) -> str:
        modules = any(call.path for call in self.calls)
        return "".join(self._html_table(group) for group in (_GROUPS if modules else ("op",)))

    def _html_table(self, group: str) -> str:
        head = "".join(f"<th>{html.escape(text)}</th>" for text in (group, *_HEADINGS))
        longest = max(self._seconds(), 1e-12)
        rows = ""
        for row in [*self.by(group), self.total()]:
            share = (row.forward + row.backward) / longest * 100
            bar = (
                ""
                if row.name == "all"
                else f' style="background:linear-gradient(90deg,#4a90d944 {share:.1f}%,'
                f'transparent {share:.1f}%)"'
            )
            first, *others = (html.escape(cell) for cell in _cells(row))
            rows += f'<tr{bar}><td style="text-align:left">{first}</td>'
            rows += "".join(f'<td style="text-align:right">{cell}</td>' for cell in others)
            rows += "</tr>"
        return (
            f'<table class="autograd-profile"><thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )

    def trace(self) -> dict[str, Any]:
        """The calls as a Chrome trace: one line for forward, one for backward."""
        events: list[dict[str, Any]] = [
            {"name": "thread_name", "ph": "M", "pid": 1, "tid": tid, "args": {"name": name}}
            for tid, name in ((1, "forward"), (2, "backward"))
        ]
        for call in self.calls:
            about = {
                "module": call.path,
                "line": call.source,
                "shape": list(call.shape),
                "held bytes": call.held,
                "multiply-adds": call.multiply_adds,
            }
            parts = ((1, call.began, call.forward), (2, call.replayed, call.backward))
            for tid, began, seconds in parts:
                if began:
                    events.append(
                        {
                            "name": call.name,
                            "cat": "op",
                            "ph": "X",
                            "pid": 1,
                            "tid": tid,
                            "ts": (began - self.began) * 1e6,
                            "dur": seconds * 1e6,
                            "args": about,
                        }
                    )
        return {"traceEvents": events, "displayTimeUnit": "ms"}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the trace as `.json`. Raises `ArgumentError` for another name."""
        path = Path(path)
        if path.suffix != ".json":
            raise ArgumentError(f"profile: path must end with .json, got {path.name!r}")
        return write_page(path, json.dumps(self.trace()))


_HEADINGS = ("calls", "forward", "backward", "held", "multiply-adds", "GFLOP/s")


def _cells(row: Row) -> list[str]:
    return [
        row.name or "(no module)",
        str(row.calls),
        seconds_in_words(row.forward),
        seconds_in_words(row.backward) if row.backward else "",
        bytes_in_words(row.held),
        f"{row.multiply_adds:,}" if row.multiply_adds else "",
        "" if row.gflops is None else f"{row.gflops:.3g}",
    ]


def _path(scope: Scope | None, known: dict[Any, str]) -> str:
    if scope is None:
        return ""
    module = scope.module
    key = id(scope if module is None else module)
    if key not in known:
        known[key] = scope.path
    return known[key]
