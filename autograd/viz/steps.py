"""The backward pass one step at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.engine.backprop import BackwardPass
from autograd.engine.given_gradients import leaf_of, seed_of
from autograd.engine.grad_mode import no_grad
from autograd.engine.node import Node
from autograd.engine.source_lines import Source
from autograd.engine.sparse_gradient import SparseGradient
from autograd.engine.tensors import Tensor
from autograd.kernels import blas
from autograd.ops.index import add_at
from autograd.support.unknown_names import named_arguments
from autograd.viz.formulas import expression
from autograd.viz.watching import Times, times


@dataclass(eq=False)
class Outgoing:
    """What one closure sent to its operand."""

    operand: str
    edge: Node | Tensor  # the node that made the operand, or the leaf
    closure: Callable[[Any], Any]
    sent: Any = None  # None before the closure was called

    @property
    def formula(self) -> str:
        """The closure's expression in g, as it is written."""
        return expression(self.closure)

    @property
    def gradient(self) -> np.ndarray | None:
        """The contribution to the operand's gradient, in the operand's shape."""
        if isinstance(self.sent, SparseGradient):
            whole = np.zeros(self.edge.shape, self.edge.dtype)
            add_at(whole, self.sent.key, self.sent.value)
            return whole
        return self.sent


@named_arguments
@dataclass(eq=False)
class Step:
    """One node of the backward pass: what arrived, and what its closures sent on.

    `node`: the recorded call. `gradient`: that of its result, complete. `outgoing`: for every
    operand that has one its name, closure, formula and contribution. `number` of `count` steps;
    `seconds` that the closures took.
    """

    number: int
    count: int
    node: Node
    gradient: np.ndarray
    outgoing: list[Outgoing] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """The op's name."""
        return self.node.op.name

    @property
    def source(self) -> Source:
        """The line that recorded the op."""
        return self.node.source

    def __repr__(self) -> str:
        rules = "; ".join(f"∂{out.operand} = {out.formula}" for out in self.outgoing)
        return f"<step {self.number} of {self.count}: {self.name} {self.node.shape}: {rules}>"


@named_arguments
def backward_steps(
    loss: Tensor,
    gradient: Any = None,
    retain_graph: bool = False,
    inputs: Sequence[Tensor] | None = None,
    measure: bool = False,
) -> Iterator[Step]:
    """`loss.backward()` one step at a time, as an iterator.

    At its end the leaves' `grad` are what `backward` would have left, bit for bit; until then they
    are untouched. A graph whose steps were begun and not finished is freed as far as they went,
    unless `retain_graph`. `measure=True` notes the seconds of each step for later pictures (with
    `color="time"`). Raises as `backward` does, and at once.

    >>> import autograd as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> for step in ag.backward_steps((x * x) / 2.0):
    ...     print(step.name, step.gradient, [out.formula for out in step.outgoing])
    divide 1.0 ['g / b']
    multiply 0.5 ['g * b', 'g * a']
    >>> x.grad.item()
    3.0
    """
    prepared = _prepared(loss, gradient, retain_graph, inputs, "backward_steps")
    return _run(prepared, deliver=True, measure=measure)


def _prepared(
    loss: Tensor,
    gradient: Any,
    retain_graph: bool,
    inputs: Sequence[Tensor] | None,
    function: str,
) -> tuple[BackwardPass, Any]:
    seed = seed_of(loss, gradient, function)
    targets = None if inputs is None else [leaf_of(tensor) for tensor in inputs]
    return BackwardPass([loss], targets, bool(retain_graph), create_graph=False), seed


def _run(
    prepared: tuple[BackwardPass, Any], deliver: bool, measure: bool = False
) -> Iterator[Step]:
    replayed, seed = prepared
    with no_grad():
        replayed.begin([seed])
    order = list(replayed.order)
    follows = blas.follows_convolution()  # as in `backward`, so that products have the same bits
    for number, node in enumerate(order, 1):
        if node not in replayed.waiting:
            continue
        with no_grad(), blas.beside_convolutions(follows):
            step = _step(replayed, node, number, len(order))
        if measure:
            times.setdefault(node, Times()).backward = step.seconds
        yield step
    with no_grad():
        replayed.finish()
    if deliver:
        replayed.deliver()


def _step(replayed: BackwardPass, node: Node, number: int, count: int) -> Step:
    """Visit one node, and note what its closures are given and send on."""
    step = Step(number, count, node, replayed.waiting[node])
    outgoing = {
        position: Outgoing(node.op.operand_name(position), node.edges[position], closure)
        for position, closure in enumerate(node.closures or ())
        if closure is not None
        and (replayed.reached is None or node.edges[position] in replayed.reached)
    }
    step.outgoing.extend(outgoing.values())

    def note(position: int, given: Any, sent: Any) -> None:
        step.gradient, outgoing[position].sent = given, sent

    replayed.told = note
    began = time.perf_counter()
    replayed.advance([node])
    step.seconds = time.perf_counter() - began
    return step
