"""`watch`: keep every value and gradient of the graph that is recorded inside."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from autograd.engine.observers import add_looker, remove_looker
from autograd.engine.record import Node
from autograd.engine.tensors import Tensor
from autograd.support.interrupts import begins_at_once, to_the_end

_HOOK = -1  # key among a node's hooks: first, so that it sees the gradient before others change it


class Kept:
    """The value, operands and gradient of one node."""

    __slots__ = ("gradient", "operands", "value")

    def __init__(self, value: np.ndarray, operands: list[Any]):
        self.value = value
        self.operands = operands
        self.gradient: np.ndarray | None = None

    def keep_gradient(self, gradient: Tensor) -> None:
        """Hook of the node."""
        self.gradient = gradient._data


class Times:
    """Seconds that one node took, as far as they were measured."""

    __slots__ = ("backward", "forward")

    def __init__(self, forward: float | None = None, backward: float | None = None):
        self.forward, self.backward = forward, backward


#: What `watch` kept, for as long as the node lives.
kept: WeakKeyDictionary[Node, Kept] = WeakKeyDictionary()

#: Seconds of each node in a measured pass, for as long as the node lives.
times: WeakKeyDictionary[Node, Times] = WeakKeyDictionary()

_watching: ContextVar[bool] = ContextVar("glassgrad_watching", default=False)


class watch:
    """Keep all values and gradients of what is recorded inside, for pictures and replays.

    Without it a graph keeps only what its derivatives need. What is kept lives as long as the
    graph: until the Tensors made inside are gone. Nothing else changes: no value, no gradient.

    >>> import autograd as ag
    >>> with ag.watch():
    ...     x = ag.tensor(2.0, requires_grad=True, name="x")
    ...     y = (x + 1.0) * 3.0
    >>> y.backward()
    >>> print(ag.draw(y).text())
    y = multiply  9  grad 1
    ├─ add  3  grad 3
    │  ├─ x  2  grad 3
    │  └─ constant 1
    └─ constant 3
    """

    def __enter__(self) -> watch:
        self._before = _watching.get()
        self._looker = functools.partial(_keep_result)  # one that equals no other watch's
        try:
            add_looker(self._looker)
            _watching.set(True)
        except BaseException:  # from the handler of a signal
            to_the_end(self._leave)
            raise
        return self

    @begins_at_once
    def __exit__(self, *exc_info: object) -> None:
        to_the_end(self._leave)

    def _leave(self) -> None:
        _watching.set(self._before)
        remove_looker(self._looker)


def _keep_result(array: np.ndarray, node: Any, frame: FrameType) -> None:
    """Note a result and the operands of the op that makes it."""
    if node is not None and _watching.get() and node not in kept:
        given = frame.f_locals.get("args", ())[: len(node.edges)]
        operands = [arg._data if isinstance(arg, Tensor) else arg for arg in given]
        keep(node, array, operands)


def keep(node: Node, value: np.ndarray, operands: list[Any]) -> None:
    """Keep what belongs to `node`, and its gradient when it comes."""
    note = kept[node] = Kept(value, operands)
    # The hook must not hold the node: the node holds the hook.
    node.hooks = {_HOOK: note.keep_gradient, **(node.hooks or {})}
