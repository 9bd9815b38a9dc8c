"""Taps: the one way to watch a computation, which costs nothing while nobody does.

`with tap:` tells the tap of every op that is called in this thread (or task), and lets every node
that a backward pass visits go through it. `watch`, `detect_anomaly`, `profile` and whatever else
wants to know what runs are taps, or use one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autograd.engine.tensors import Tensor
from autograd.support.interrupts import begins_at_once, to_the_end

if TYPE_CHECKING:
    from autograd.engine.backprop import _Replay
    from autograd.engine.definition import Op
    from autograd.engine.node import Node

__all__ = ["Call", "Tap", "open_taps", "tell", "through_taps"]


class Call:
    """One call of an op: what it was given, and what came out.

    `operands` as they were given, Tensors among them; `values` as the body saw them, arrays and
    numbers; `statics` by name, those left out too. `out` is the result's array, `node` its node
    (None if nothing was recorded). `began` and `ended` are the times of the body, by
    `time.perf_counter`; both are 0 where none ran (`checkpoint` records a call of its own).
    """

    __slots__ = ("began", "ended", "node", "op", "operands", "out", "statics", "values")

    def __init__(
        self,
        op: Op,
        operands: tuple[Any, ...],
        values: tuple[Any, ...],
        statics: dict[str, Any],
        out: Any,
        began: float = 0.0,
        ended: float = 0.0,
    ):
        self.op, self.operands, self.values, self.statics = op, operands, values, statics
        self.out: np.ndarray = out._data if isinstance(out, Tensor) else out
        self.node: Node | None = out.node if isinstance(out, Tensor) else None
        self.began, self.ended = began, ended

    @property
    def on_tensors(self) -> bool:
        """Whether there is a Tensor among the operands: closures call ops on plain arrays."""
        return any(isinstance(operand, Tensor) for operand in self.operands)


class Tap:
    """What is told of a computation inside its `with` block; a derived class says what it hears.

    Blocks may be nested, of one tap too, and end in any order; other threads are left alone.
    """

    def _on_result(self, call: Call) -> None:
        """An op was called. What this raises, the call raises."""

    def _around_visit(self, visit: Callable[[], None], replay: _Replay, node: Node) -> None:
        """A backward pass has come to `node`: it goes on when `visit()` is called, once.

        `replay.waiting` holds the gradients on their way, by node or leaf.
        """
        visit()

    @property
    def _innermost(self) -> bool:
        """Whether no other tap of this class has been opened inside its block."""
        alike = [tap for tap in _taps() if type(tap) is type(self)]
        return bool(alike) and alike[-1] is self

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


#: The blocks that are open, in all threads: a call looks for its own where this is not empty.
open_taps: set[_Block] = set()

_here: ContextVar[tuple[_Block, ...]] = ContextVar("glassgrad_taps", default=())


def _close(block: _Block) -> None:
    open_taps.discard(block)
    _here.set(tuple(_blocks()))


def _blocks() -> list[_Block]:
    """The open blocks of this thread or task, the outermost first."""
    return [block for block in _here.get() if block in open_taps]


def _taps() -> list[Tap]:
    return [block.tap for block in _blocks()]


def tell(call: Call) -> None:
    """Tell the taps of a call."""
    for tap in _taps():
        tap._on_result(call)


def through_taps(visit: Callable[[Any], None], replay: _Replay, node: Node) -> None:
    """Visit a node through the taps; the one that was opened last is the outermost."""

    def inner() -> None:
        visit((node,))

    for tap in _taps():
        inner = _around(tap, inner, replay, node)
    inner()


def _around(tap: Tap, inner: Callable[[], None], replay: _Replay, node: Node) -> Callable[[], None]:
    return lambda: tap._around_visit(inner, replay, node)
