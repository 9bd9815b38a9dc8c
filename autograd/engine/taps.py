"""Taps: the one way to watch a computation, which costs nothing while nobody does.

`with tap:` tells the tap of every op that is called in this thread (or task), and lets every node
that a backward pass visits go through it. `watch`, `detect_anomaly`, `profile` and whatever else
wants to know what runs are taps, or use one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autograd.engine.tensors import Tensor
from autograd.support.interrupts import begins_at_once, to_the_end

if TYPE_CHECKING:
    from autograd.engine.backprop import BackwardPass
    from autograd.engine.node import Node
    from autograd.engine.op_definition import Op

__all__ = ["Call", "Tap", "open_taps", "tell", "through_taps"]


class Call:
    """One call of an op: what it was given, and what came out.

    `operands` as they were given, Tensors among them; `values` as the body saw them, arrays and
    numbers. `out` is the result's array, `node` its node (None if nothing was recorded).
    `on_tensors`: whether any operand is a Tensor; closures call ops on plain arrays. `began` and
    `ended` are the times of the body, by `time.perf_counter`; both are 0 for a call without a body,
    as `checkpoint` records.
    """

    __slots__ = (
        "_statics",
        "began",
        "ended",
        "node",
        "on_tensors",
        "op",
        "operands",
        "out",
        "values",
    )

    def __init__(
        self,
        op: Op,
        operands: Sequence[Any],
        values: Sequence[Any],
        statics: tuple[tuple[Any, ...], dict[str, Any]],
        out: Any,
        began: float = 0.0,
        ended: float = 0.0,
    ):
        self.op, self.operands, self.values, self._statics = op, operands, values, statics
        self.began, self.ended = began, ended
        self.on_tensors = isinstance(out, Tensor)
        self.out: np.ndarray = out._data if self.on_tensors else out
        self.node: Node | None = out.node if self.on_tensors else None

    @property
    def statics(self) -> dict[str, Any]:
        """The static arguments by name, those too that were left out."""
        by_place, named = self._statics
        return self.op.defaults() | dict(zip(self.op.statics, by_place, strict=False), **named)


class Tap:
    """What is told of a computation inside its `with` block; a derived class says what it hears.

    Blocks may be nested, of one tap too, and end in any order; other threads are left alone.
    """

    def _on_result(self, call: Call) -> None:
        """An op was called. What this raises, the call raises."""

    def _around_visit(self, visit: Callable[[], None], replay: BackwardPass, node: Node) -> None:
        """A backward pass has come to `node`: it goes on when `visit()` is called, once.

        `replay.waiting` holds the gradients on their way, by node or leaf.
        """
        visit()

    @property
    def _innermost(self) -> bool:
        """Whether no other tap of this class has been opened inside its block."""
        for block in reversed(_here.get()):
            if type(block.tap) is type(self) and block in open_taps:
                return block.tap is self
        return False

    def __enter__(self) -> Self:
        block = _Block(self)
        try:
            open_taps.add(block)
            _here.set((*_blocks(), block))
        except BaseException:  # from the handler of a signal
            to_the_end(_close, block)
            raise
        return self

    @begins_at_once
    def __exit__(self, *exc_info: object) -> None:
        to_the_end(self._leave, [])

    def _leave(self, left: list[_Block]) -> None:
        """Close the latest block of this tap, which is then in `left`, should this begin anew."""
        if not left:
            # a generator may end in another thread than it began in
            for blocks in (_blocks(), tuple(open_taps)):
                left.extend([b for b in blocks if b.tap is self][-1:])
                if left:
                    break
        for block in left:
            _close(block)


class _Block:
    """One `with` block of a tap."""

    __slots__ = ("tap",)

    def __init__(self, tap: Tap):
        self.tap = tap


#: Open blocks of all threads. If there are any, a call looks in `_here` for those of its thread.
open_taps: set[_Block] = set()

_here: ContextVar[tuple[_Block, ...]] = ContextVar("glassgrad_taps", default=())


def _close(block: _Block) -> None:
    open_taps.discard(block)
    _here.set(tuple(_blocks()))


def _blocks() -> list[_Block]:
    """The open blocks of this thread or task, the outermost first."""
    return [block for block in _here.get() if block in open_taps]


def tell(call: Call) -> None:
    """Tell the taps of a call."""
    for block in _here.get():
        if block in open_taps:
            block.tap._on_result(call)


def through_taps(visit: Callable[[Any], None], replay: BackwardPass, node: Node) -> None:
    """Visit a node through the taps: the one opened last is called first and wraps the others."""

    def inner() -> None:
        visit((node,))

    for block in _blocks():
        inner = _around(block.tap, inner, replay, node)
    inner()


def _around(
    tap: Tap, inner: Callable[[], None], replay: BackwardPass, node: Node
) -> Callable[[], None]:
    return lambda: tap._around_visit(inner, replay, node)
