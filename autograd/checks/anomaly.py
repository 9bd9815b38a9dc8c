"""`detect_anomaly`: the first NaN or Inf, and arrays that were changed behind the graph's back."""

from __future__ import annotations

import contextlib
import math
import zlib
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from autograd.engine.captures import captured_arrays
from autograd.engine.error_notes import origin
from autograd.engine.node import Node
from autograd.engine.source_lines import Source, caller
from autograd.engine.taps import Call, Tap
from autograd.engine.tensors import Tensor
from autograd.errors import AnomalyError, InPlaceError
from autograd.support.unknown_names import named_arguments


@named_arguments
class detect_anomaly(Tap, contextlib.ContextDecorator):
    """Raise at the first NaN or Inf, forward or backward, with op, operand, element and line.

    Inside the block every result and every gradient is looked at. With `writes` also every array
    that a derivative needs: one that was written to past the graph (through `.data` or
    `.numpy()`) between its use and backward raises, which nothing else would notice.

    Raises `AnomalyError` for a NaN or Inf; `InPlaceError` for a changed array. A graph recorded
    outside the block is checked for its gradients only.

    Cost: a step of LeNet-5 on 32 images takes 1.6 times as long, 1.3 times with `writes=False`
    (`python -m bench.anomaly`, one BLAS thread); outside the block, nothing.

    >>> import autograd as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.detect_anomaly():
    ...     try:
    ...         y = x * ag.tensor([1.0, float("inf")])
    ...     except ag.AnomalyError as error:
    ...         print(str(error).partition(" (")[0])
    detect_anomaly: multiply gave Inf at [1]
    """

    def __init__(self, writes: bool = True):
        self.writes = writes
        self.sums: WeakKeyDictionary[Node, dict[str, int]] = WeakKeyDictionary()

    def _on_result(self, call: Call) -> None:
        """Look at a result, and note what its closures captured."""
        if not (call.on_tensors and self._innermost):
            return
        if call.began and not is_finite(call.out):
            raise AnomalyError(_forward_message(call))
        if call.node is not None and self.writes:
            self.sums[call.node] = _checksums(call.node)

    def _around_visit(self, visit: Callable[[], None], replay: Any, node: Node) -> None:
        """Look at the gradient that comes to a node, and at those that it sends on."""
        if not self._innermost:
            visit()
            return
        _check_sums(self, node)
        incoming = _array(replay.waiting[node])
        if not is_finite(incoming):  # from outside: a seed or a hook
            at, what = _first(incoming)
            raise AnomalyError(
                f"detect_anomaly: the gradient given to {node!r} has {what} at {_shown(at)}"
            )
        operands = _operands(node)
        visit()
        for position, edge in enumerate(node.edges):
            sent = _array(replay.waiting.get(edge)) if edge is not None else None
            if sent is not None and not is_finite(sent):
                raise AnomalyError(_backward_message(node, position, sent, operands.get(position)))


def is_finite(array: np.ndarray) -> bool:
    """Whether there is neither NaN nor Inf: a sum of squares tells, nearly always."""
    if array.dtype.kind != "f":
        return True
    flat = array.ravel(order="K")
    return math.isfinite(np.dot(flat, flat)) or bool(np.isfinite(array).all())


# -- forward -------------------------------------------------------------------------------------


def _forward_message(call: Call) -> str:
    array, op = call.out, call.op
    index, what = _first(array)
    where = call.node.source if call.node is not None else Source(*caller())
    message = (
        f"detect_anomaly: {op.name} gave {what} at {_shown(index)} (shape {array.shape}), "
        f"called at {where}"
    )
    for position, operand in enumerate(call.operands):
        value = operand._data if isinstance(operand, Tensor) else operand
        if value is None:
            continue
        message += f"\n  {op.operand_name(position)}: {origin(operand)}"
        if isinstance(value, np.ndarray) and not is_finite(value):
            at, bad = _first(value)
            message += f"; it had {bad} at {_shown(at)}"
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.shape:
            there = _element(value, index, array.shape)
            message += f"; {there}" if there else ""
    return message


def _first(array: np.ndarray) -> tuple[tuple[int, ...], str]:
    """The first element that is no number, and what it is."""
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    value = float(array[index])
    return index, "NaN" if math.isnan(value) else ("Inf" if value > 0 else "-Inf")


def _element(value: np.ndarray, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """The operand's element that the result's element came from, where shapes broadcast."""
    try:
        there = np.broadcast_to(value, shape)[index]
    except ValueError:
        return ""
    return f"{float(there):.6g} at {_shown(index)}"


def _shown(index: tuple[int, ...]) -> str:
    return str(list(index)) if index else "its only element"


# -- backward ------------------------------------------------------------------------------------


def _array(g: Any) -> Any:
    return g._data if isinstance(g, Tensor) else g


def _operands(node: Node) -> dict[int, Any]:
    from autograd.viz.values import operands_in_closures

    return operands_in_closures(node)


def _backward_message(node: Node, position: int, g: np.ndarray, operand: Any) -> str:
    index, what = _first(g)
    edge = node.edges[position]
    made = (
        f"made by {edge.op.name} at {edge.source}"
        if isinstance(edge, Node)
        else origin(edge).partition(", ")[2]
    )
    message = (
        f"detect_anomaly: the gradient of {node.op.name} with respect to "
        f"'{node.op.operand_name(position)}' has {what} at {_shown(index)} (shape {g.shape}); "
        f"{node.op.name} was called at {node.source}, its operand {made}"
    )
    if isinstance(operand, np.ndarray):
        there = _element(operand, index, g.shape)
        message += f"; it is {there}" if there else ""
    return message


# -- arrays written past the graph ---------------------------------------------------------------


def _checksums(node: Node) -> dict[str, int]:
    return {name: _checksum(array) for name, array in _captured_arrays(node).items()}


def _captured_arrays(node: Node) -> dict[str, np.ndarray]:
    """The arrays that the closures of a node captured, by name."""
    found: dict[str, np.ndarray] = {}
    for closure in node.closures or ():
        for name, array in captured_arrays(closure):
            if array.dtype.kind != "O":
                found.setdefault(name, array)
    return found


def _checksum(array: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _check_sums(detector: detect_anomaly, node: Node) -> None:
    known = detector.sums.get(node)
    if not known:
        return
    for name, array in _captured_arrays(node).items():
        if name in known and known[name] != _checksum(array):
            raise InPlaceError(
                f"detect_anomaly: {node.op.name} (recorded at {node.source}) needs the value of "
                f"its '{name}' (shape {array.shape}) for the gradient, but that was written to "
                "since, past the graph (through .data, .numpy() or an array that shares its "
                "memory). Change it after backward, or compute with x.clone()."
            )
