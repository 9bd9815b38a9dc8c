"""Looking at every result of an op, and every step of backward, for as long as somebody does.

`Node.result` and (where nothing is recorded) `Tensor._of` wrap each result, and `_Replay.visit`
replays nodes; they are exchanged while there is a looker, so that nothing is in the way of a
computation that nobody looks at.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from autograd.engine.backprop import _Replay
from autograd.engine.record import Node, Op
from autograd.engine.tensors import Tensor

#: Called with the array, its node (None if nothing was recorded), and the frame that wraps it.
Looker = Callable[[np.ndarray, Any, FrameType], Any]

_lookers: list[Looker] = []
_plain_of, _plain_result = Tensor._of, Node.result


def add_looker(looker: Looker) -> None:
    """Call `looker` with every result from now on."""
    _lookers.append(looker)
    Tensor._of, Node.result = _shown_of, _shown_result


def remove_looker(looker: Looker) -> None:
    """Stop calling `looker`, if it is called."""
    if looker in _lookers:
        _lookers.remove(looker)
    if not _lookers:
        Tensor._of, Node.result = _plain_of, _plain_result


def _shown_of(array: np.ndarray, node: Any = None) -> Tensor:
    return _shown(_plain_of(array, node), sys._getframe(1))


def _shown_result(op: Op, edges: Sequence[Any], closures: Any, out: np.ndarray) -> Tensor:
    return _shown(_plain_result(op, edges, closures, out), sys._getframe(1))


def _shown(tensor: Tensor, frame: FrameType) -> Tensor:
    for looker in tuple(_lookers):
        looker(tensor._data, tensor.node, frame)
    return tensor


# Called as `around(visit, replay, node)`; calls `visit(replay, node)`.
Around = Callable[[Callable[[Any, Node], None], Any, Node], None]

_arounds: list[Around] = []
_plain_visit = _Replay.visit


def add_around(around: Around) -> None:
    """Call `around` in the place of every visit of a node in backward, from now on."""
    _arounds.append(around)
    _Replay.visit = _nested_visit  # type: ignore[method-assign, assignment]


def remove_around(around: Around) -> None:
    """Stop calling `around`, if it is called."""
    if around in _arounds:
        _arounds.remove(around)
    if not _arounds:
        _Replay.visit = _plain_visit  # type: ignore[method-assign]


def _nested_visit(replay: Any, nodes: Iterable[Node]) -> None:
    visit: Callable[[Any, Node], None] = _visit_one
    for around in _arounds:
        visit = functools.partial(around, visit)
    for node in nodes:
        if node in replay.waiting:
            visit(replay, node)


def _visit_one(replay: Any, node: Node) -> None:
    _plain_visit(replay, (node,))


def call_in(frame: FrameType) -> tuple[Op, tuple[Any, ...]] | None:
    """The op that is being called in `frame`, and its operands as they were given."""
    op, args = frame.f_locals.get("spec"), frame.f_locals.get("args")
    if not isinstance(op, Op) or not isinstance(args, tuple):
        return None
    return op, args if op.starred else args[: len(op.operands)]


def statics_in(frame: FrameType) -> dict[str, Any]:
    """The static arguments given by name to the op that is being called in `frame`."""
    for place in (frame, frame.f_back):  # the call itself, or what it leaves the end of its work to
        if place is not None and isinstance(place.f_locals.get("kwargs"), dict):
            return place.f_locals["kwargs"]
    return {}
