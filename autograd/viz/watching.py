"""`watch`: keep every value and gradient of the graph that is recorded inside."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from autograd.engine.node import Node
from autograd.engine.taps import Call, Tap
from autograd.engine.tensors import Tensor


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


class watch(Tap):
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

    def _on_result(self, call: Call) -> None:
        """Keep the result and the operands of a call that was recorded."""
        if call.node is not None and call.node not in kept:
            keep(call.node, call.out, list(call.values))


def keep(node: Node, value: np.ndarray, operands: list[Any]) -> None:
    """Keep what belongs to `node`, and its gradient when it comes."""
    note = kept[node] = Kept(value, operands)
    node.hook_first(note.keep_gradient)  # which must not hold the node: the node holds it
