"""Replaying: the closures of a graph called backward, each gradient added to what needs it.

Nodes are visited from the newest to the oldest, which is a topological order since an operand is
always older than its result. Gradients wait in a dictionary under the node (or leaf Tensor) they
belong to and are freed as they are used; leaves get theirs at the very end and all at once, so that
an error or an interrupt on the way leaves every `.grad` as it was.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np

from autograd.engine import in_place
from autograd.engine.captures import captured_arrays
from autograd.engine.error_notes import note_failure
from autograd.engine.given_gradients import check_given, given_array, key_of, leaf_of, seed_of
from autograd.engine.grad_mode import record_ops, restore
from autograd.engine.gradient_memory import added, copied, own
from autograd.engine.late_bound import ops
from autograd.engine.node import Edge, Node, edge_name
from autograd.engine.returned_gradients import check_callable, fitted, note_where, of_dtype, split
from autograd.engine.sparse_gradient import SparseGradient
from autograd.engine.taps import open_taps, through_taps
from autograd.engine.tensors import Tensor
from autograd.engine.walks import schedule
from autograd.errors import (
    GradWarning,
    GraphError,
    InPlaceError,
)
from autograd.kernels import blas
from autograd.support.interrupts import at_once
from autograd.support.locks import Guard

T = TypeVar("T")

_leaves = Guard()
_delivering: Any = (
    None  # the lock under which gradients are being added; a forked child has another
)
_grad_of = attrgetter("_grad")


def backward(
    root: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | None = None,
) -> None:
    """`Tensor.backward`: add the gradient of `root` to the `grad` of the leaves below it."""
    if create_graph:
        warnings.warn(
            "backward(create_graph=True) makes a cycle between a leaf and its gradient's graph, "
            "which only the cyclic collector frees; ag.grad(loss, inputs, create_graph=True) "
            "returns the gradients without one",
            GradWarning,
            stacklevel=3,
        )
    seed = seed_of(root, gradient, "backward", create_graph)
    targets = None if inputs is None else [leaf_of(tensor) for tensor in inputs]
    replayed = BackwardPass([root], targets, bool(retain_graph or create_graph), create_graph)
    replayed.run([seed], replayed.deliver)


def gradients(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    seeds: Sequence[Any],
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
    since: int = 0,
) -> list[Tensor | None]:
    """The gradients of `outputs` with respect to `inputs`, touching no `.grad`.

    Nodes with an id below `since` count as leaves: nothing below them is visited, no hook called.
    """
    keys = [key_of(tensor, "grad") for tensor in inputs]
    pairs = zip(outputs, seeds)  # noqa: B905 - as many, which the callers see to
    checked = [seed_of(root, seed, "grad", create_graph) for root, seed in pairs]
    replayed = BackwardPass(outputs, keys, bool(retain_graph or create_graph), create_graph, since)
    if not allow_unused:
        for position, key in enumerate(keys):
            if replayed.reached is not None and key not in replayed.reached:
                described = inputs[position].name or f"shape {inputs[position].shape}"
                raise GraphError(
                    f"grad: input {position} ({described}) is not in the graph of the output; "
                    "pass allow_unused=True to get None for it"
                )
    return replayed.run(checked, lambda: replayed.taken(keys))


class BackwardPass:
    """One backward pass: what is visited, the gradients under way, and the results."""

    def __init__(
        self,
        roots: Sequence[Tensor],
        targets: Iterable[Edge] | None,
        retain_graph: bool,
        create_graph: bool,
        since: int = 0,
    ):
        self.roots = roots  # drawn when a closure fails
        self.retain_graph = retain_graph
        self.create_graph = create_graph
        self.targets = None if targets is None else set(targets)
        self.since = since
        self.starts = [root.node or root for root in roots]
        self.order, self.reached = schedule(self.starts, targets, since)
        self.waiting: dict[Edge, Any] = {}
        self.owned: set[Edge] = set()  # whose waiting gradient is a buffer of ours
        self.results: dict[Edge, Any] = {}
        self.retained: list[tuple[Tensor, Any]] = []
        #: Told what a closure is given and sends on: `told(position, given, sent)`.
        self.told: Callable[[int, Any, Any], None] | None = None
        self._check()

    def _check(self) -> None:
        """Everything that could go wrong before the first closure is called."""
        for node in self.order:
            if node.closures is None:
                raise GraphError(
                    f"this graph was replayed before, which freed {node!r}. Call "
                    "backward(retain_graph=True) the first time, or compute the loss anew."
                )
        for node in self.order if self.create_graph else ():
            if node.op.max_order is not None:
                raise GraphError(
                    f"{node!r}: this op has no rule for derivatives above order "
                    f"{node.op.max_order}, so create_graph=True is not possible here"
                )
        if self.order and in_place.latest > self.order[-1].id:
            for node in self.order:
                _check_unchanged(node)

    def run(self, seeds: Sequence[Any], then: Callable[[], T]) -> T:
        """Call the closures of every node, newest first, and return `then()`."""
        outer = record_ops(self.create_graph)
        try:
            held = blas.hold_beside_convolutions()
            try:
                self.begin(seeds)
                self.advance(self.order)
                self.finish()
                return then()
            finally:
                blas.release(held)
        finally:
            restore(outer)

    def begin(self, seeds: Sequence[Any]) -> None:
        """Give the roots their gradients; those that lead to nothing that is wanted get none."""
        for start, seed in zip(self.starts, seeds):  # noqa: B905 - as many as there are roots
            if self.reached is not None and start not in self.reached:
                continue
            if self.create_graph or start in self.waiting:
                self._add(start, self._fitting(seed))
            else:
                self.waiting[start] = seed

    def finish(self) -> None:
        """What still waits is complete: leaves, and targets that lead to no other target."""
        waiting = self.waiting
        for edge in list(waiting):
            g = waiting.pop(edge)
            if type(edge) is Node:
                if edge.hooks and edge.id >= self.since:
                    g = self._hooked(g, edge, edge.hooks)
            elif not edge._requires_grad:  # no longer, since it was recorded
                continue
            elif edge._hooks and self.since == 0:
                g = self._hooked(g, edge, edge._hooks)
            self.results[edge] = g

    def advance(self, nodes: Iterable[Node]) -> None:
        """Visit nodes, through the taps that are open."""
        if not open_taps:
            self.visit(nodes)
            return
        for node in nodes:
            if node in self.waiting:
                through_taps(self.visit, self, node)

    def visit(self, nodes: Iterable[Node]) -> None:
        """Call the closures of each node on its gradient, which is complete when it is reached."""
        waiting, reached, targets = self.waiting, self.reached, self.targets
        create_graph, retain_graph, told = self.create_graph, self.retain_graph, self.told
        kind: type[Any] = Tensor if create_graph else np.ndarray
        for node in nodes:
            g = waiting.pop(node, None)
            if g is None:  # nothing flowed here
                continue
            if node.hooks:
                g = self._hooked(g, node, node.hooks)
            if targets is not None and node in targets:
                self.results[node] = g
            if node.retainer is not None:
                self._retain(node, g)
            closures, edges = node.closures, node.edges
            pending = enumerate(closures)  # type: ignore[arg-type]
            for position, closure in pending:
                if closure is None:
                    continue
                edge = edges[position]
                if reached is not None and edge not in reached:
                    continue
                try:
                    if create_graph:
                        closure = node.closure_on_tensors(position)
                    contribution = closure(g)
                    expected = edge if type(edge) is Node else edge._data
                    if (
                        type(contribution) is not kind
                        or contribution.shape != expected.shape
                        or contribution.dtype is not expected.dtype
                    ):
                        if type(contribution) is tuple:
                            contribution = self._own_of(contribution, g, node, position, pending)
                        else:
                            contribution = self._fitting(fitted(contribution, edge, node, position))
                except Exception as error:
                    note_failure(error, node.op, (), node, self.roots)
                    note_where(error, node, position)
                    check_callable(error, node, position, closures[position])  # type: ignore[index]
                    raise
                if told is not None:
                    told(position, g, contribution)
                if edge in waiting or type(contribution) is SparseGradient:
                    self._add(edge, contribution)
                    contribution = None  # let it go before the next closure allocates
                else:
                    waiting[edge] = contribution
            if not retain_graph:
                node.closures = None

    def _own_of(
        self,
        pair: tuple[Any, ...],
        given: Any,
        node: Node,
        position: int,
        pending: Iterator[tuple[int, Any]],
    ) -> Any:
        """What a joint closure found for its own operand; what it found for later ones is added.

        The closures of these are not called any more. Under `create_graph` an array is the `aux` of
        an op, which has no derivative: from there on the closures are called after all.
        """
        own, others = split(pair, node, position)
        edges, reached = node.edges, self.reached
        for g in others:
            if self.create_graph and not isinstance(g, Tensor):
                break
            later, closure = next(pending)
            edge = edges[later]
            if closure is not None and (reached is None or edge in reached):
                sent = self._fitting(fitted(g, edge, node, later))
                if self.told is not None:
                    self.told(later, given, sent)
                self._add(edge, sent)
        return self._fitting(fitted(own, edges[position], node, position))

    def _retain(self, node: Node, g: Any) -> None:
        """Note the gradient for the Tensor that asked to keep it, if that still lives."""
        tensor = node.retainer()  # type: ignore[misc]
        if tensor is not None:
            self.retained.append((tensor, g))

    def _fitting(self, g: Any) -> Any:
        """Under `create_graph` every gradient is a Tensor, constants too; else none is."""
        if self.create_graph:
            return Tensor._of(g) if type(g) is np.ndarray else g
        return g._data if isinstance(g, Tensor) else g

    def _hooked(self, g: Any, edge: Edge, hooks: dict[int, Callable[[Tensor], Any]]) -> Any:
        """The finished gradient of `edge` as its hooks leave it.

        A hook gets memory of its own, since it may write to it, and may return an array that it
        writes to again later.
        """
        for hook in tuple(hooks.values()):
            given: Any = copied(g)
            try:
                changed = hook(given)
                if changed is None:
                    changed = given
                what = f"{_hook_name(hook)} of {edge_name(edge)}"
                if self.create_graph and isinstance(changed, Tensor):
                    check_given(changed, edge, what)
                    box = [of_dtype(changed, edge.dtype)]
                else:
                    box = [self._fitting(given_array(changed, edge, what))]
            except Exception as error:
                if type(edge) is Node:
                    note_failure(error, edge.op, (), edge, self.roots)
                raise
            given = changed = None
            g = self._fitting(own(box))
        return g

    def _add(self, edge: Edge, g: Any) -> None:
        """Add g to what waits for `edge`: the first as it is, a second makes a buffer of ours."""
        have = self.waiting.get(edge)
        if type(g) is SparseGradient:
            if edge not in self.owned:
                buffer = np.zeros(edge.shape, edge.dtype)
                if have is not None:
                    buffer += have
                self.waiting[edge] = buffer
                self.owned.add(edge)
            ops.add_at(self.waiting[edge], g.key, g.value)
        elif have is None:
            self.waiting[edge] = g
        elif self.create_graph:
            self.waiting[edge] = have + g
        elif edge in self.owned:
            np.add(have, g, out=have)
        else:
            self.waiting[edge] = np.add(have, g, out=np.empty(edge.shape, edge.dtype))
            self.owned.add(edge)

    def deliver(self) -> None:
        """Add the results to the `grad` of the leaves (and of those that retain theirs).

        First all sums are made, in memory of their own; then all are handed over at once.
        """
        global _delivering
        results, retained = self.results, self.retained
        with _leaves.lock:
            held = _leaves.lock
            if _delivering is held:  # this thread's: sums that were made would go over its own
                raise GraphError(
                    "backward: a signal's handler called it while gradients were being added to "
                    "the leaves, and the sum of one of the two would be lost; let the handler "
                    "note the signal, and call backward later"
                )
            try:
                _delivering = held
                takers: list[Tensor] = list(results)  # type: ignore[arg-type]
                sums = [added(leaf, [results.pop(leaf)]) for leaf in takers]
                while retained:
                    tensor, *box = retained.pop()
                    takers.append(tensor)
                    sums.append(added(tensor, box))
                before = list(map(_grad_of, takers))  # freed when all is done
                at_once(map(setattr, takers, repeat("_grad"), sums))
            finally:
                _delivering = None
        del before

    def taken(self, keys: Sequence[Edge]) -> list[Tensor | None]:
        """The results for `keys`, each a Tensor of its own, or None."""
        found: dict[Edge, Tensor | None] = {}
        taken: list[Tensor | None] = []
        for key in keys:
            if key not in found:
                found[key] = own([self.results.pop(key, None)])
                taken.append(found[key])
            else:
                taken.append(own([found[key]]))
        return taken


def _hook_name(hook: Any) -> str:
    return f"hook {getattr(hook, '__qualname__', None) or type(hook).__qualname__}"


def _check_unchanged(node: Node) -> None:
    """Raise if an array that a closure captured was written to after the node was recorded."""
    for closure in node.closures or ():
        for name, array in captured_arrays(closure):
            written = in_place.written_since(array, node.id)
            if written is not None:
                raise InPlaceError(
                    f"{node.op.name} (recorded at {node.source}) needs the value of its "
                    f"'{name}' (shape {array.shape}) for the gradient, but that was changed "
                    f"in place at {written}. Change it after backward, or compute with x.clone()."
                )
