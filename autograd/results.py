"""Looking at every result of an op, and every step of backward, for as long as somebody does.

`Tensor._of` wraps each result and `_Replay.visit` replays each node; they are exchanged while
there is a looker, so that nothing is in the way of a computation that nobody looks at.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from autograd.backprop import _Replay
from autograd.record import Node, Op
from autograd.tensors import Tensor

#: Called with the array, its node (None if nothing was recorded), and the frame that wraps it.
Looker = Callable[[np.ndarray, Any, FrameType], Any]

_lookers: list[Looker] = []
_plain_of = Tensor._of


def add_looker(looker: Looker) -> None:
    """Call `looker` with every result from now on."""
    _lookers.append(looker)
    Tensor._of = _shown_of  # type: ignore[method-assign, assignment]


def remove_looker(looker: Looker) -> None:
    """Stop calling `looker`."""
    _lookers.remove(looker)
    if not _lookers:
        Tensor._of = _plain_of  # type: ignore[method-assign]


def _shown_of(array: np.ndarray, node: Any = None) -> Tensor:
    frame = sys._getframe(1)
    tensor = _plain_of(array, node)
    for looker in tuple(_lookers):
        looker(array, node, frame)
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
    """Stop calling `around`."""
    _arounds.remove(around)
    if not _arounds:
        _Replay.visit = _plain_visit  # type: ignore[method-assign]


def _nested_visit(replay: Any, node: Node) -> None:
    visit: Callable[[Any, Node], None] = _plain_visit
    for around in _arounds:
        visit = functools.partial(around, visit)
    visit(replay, node)


def call_in(frame: FrameType) -> tuple[Op, tuple[Any, ...]] | None:
    """The op that is being called in `frame`, and its operands as they were given."""
    op, args = frame.f_locals.get("spec"), frame.f_locals.get("args")
    if not isinstance(op, Op) or not isinstance(args, tuple):
        return None
    return op, args if op.starred else args[: len(op.operands)]
