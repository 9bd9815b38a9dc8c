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
from sys import getrefcount
from typing import Any, TypeVar

import numpy as np

from autograd.engine import in_place, late_bound
from autograd.engine.captures import captured_arrays
from autograd.engine.dtypes import as_array, unmasked
from autograd.engine.error_notes import note_failure
from autograd.engine.grad_mode import enable_grad, record_ops, restore
from autograd.engine.late_bound import ops
from autograd.engine.node import Edge, Node
from autograd.engine.sparse_gradient import SparseGradient
from autograd.engine.taps import open_taps, through_taps
from autograd.engine.tensors import Tensor
from autograd.engine.walks import schedule
from autograd.errors import (
    DTypeError,
    GlassgradError,
    GradWarning,
    GraphError,
    InPlaceError,
    ShapeError,
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
    seed = _seed(root, gradient, "backward", create_graph)
    targets = None if inputs is None else [_leaf(tensor) for tensor in inputs]
    replayed = _Replay([root], targets, bool(retain_graph or create_graph), create_graph)
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
    keys = [_key(tensor, "grad") for tensor in inputs]
    pairs = zip(outputs, seeds)  # noqa: B905 - as many, which the callers see to
    checked = [_seed(root, seed, "grad", create_graph) for root, seed in pairs]
    replayed = _Replay(outputs, keys, bool(retain_graph or create_graph), create_graph, since)
    if not allow_unused:
        for position, key in enumerate(keys):
            if replayed.reached is not None and key not in replayed.reached:
                described = inputs[position].name or f"shape {inputs[position].shape}"
                raise GraphError(
                    f"grad: input {position} ({described}) is not in the graph of the output; "
                    "pass allow_unused=True to get None for it"
                )
    return replayed.run(checked, lambda: replayed.taken(keys))


class _Replay:
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
        """Call the closures of every node, newest first; what `then` makes of the results."""
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
        """What still waits is complete: leaves, and wanted nodes with nothing wanted below."""
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
                            contribution = self._fitting(
                                _fitted(contribution, edge, node, position)
                            )
                except Exception as error:
                    note_failure(error, node.op, (), node, self.roots)
                    _note_where(error, node, position)
                    _check_callable(error, node, position, closures[position])  # type: ignore[index]
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
        own, others = _split(pair, node, position)
        edges, reached = node.edges, self.reached
        for g in others:
            if self.create_graph and not isinstance(g, Tensor):
                break
            later, closure = next(pending)
            edge = edges[later]
            if closure is not None and (reached is None or edge in reached):
                sent = self._fit(g, edge, node, later)
                if self.told is not None:
                    self.told(later, given, sent)
                self._add(edge, sent)
        return self._fit(own, edges[position], node, position)

    def _fit(self, g: Any, edge: Edge, node: Node, position: int) -> Any:
        """One of the gradients of a joint closure, made to fit its operand if it does not."""
        expected = edge if type(edge) is Node else edge._data
        kind: type[Any] = Tensor if self.create_graph else np.ndarray
        if type(g) is kind and g.shape == expected.shape and g.dtype is expected.dtype:
            return g
        return self._fitting(_fitted(g, edge, node, position))

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
            given: Any = _copied(g)
            try:
                changed = hook(given)
                if changed is None:
                    changed = given
                what = f"{_hook_name(hook)} of {_edge_name(edge)}"
                if self.create_graph and isinstance(changed, Tensor):
                    _check_gradient(changed, edge, what)
                    box = [_of_dtype(changed, edge.dtype)]
                else:
                    box = [self._fitting(_gradient_array(changed, edge, what))]
            except Exception as error:
                if type(edge) is Node:
                    note_failure(error, edge.op, (), edge, self.roots)
                raise
            given = changed = None
            g = self._fitting(_own(box))
        return g

    def _add(self, edge: Edge, g: Any) -> None:
        """Add a gradient to what waits for `edge`; the first is shared, the second copies."""
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
                sums = [_added(leaf, [results.pop(leaf)]) for leaf in takers]
                while retained:
                    tensor, *box = retained.pop()
                    takers.append(tensor)
                    sums.append(_added(tensor, box))
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
                found[key] = _own([self.results.pop(key, None)])
                taken.append(found[key])
            else:
                taken.append(_own([found[key]]))
        return taken


def _split(pair: tuple[Any, ...], node: Node, position: int) -> tuple[Any, tuple[Any, ...]]:
    """What a joint closure returned: the gradient of its operand, and those of the next ones."""
    after, got = len(node.edges) - position - 1, ""
    if len(pair) == 2:
        own, others = pair if type(pair[1]) is tuple else (pair[0], pair[1:])
        if len(others) <= after:
            return own, others
        got = f"gradients for {len(others)} operands after it, of which there are {after}"
    raise GraphError(
        f"{_rule(node, position)} must return one array of shape {node.edges[position].shape}, or "
        "a pair: that, and the gradient of the next operand or a tuple of those of the next ones; "
        f"got {got or f'a tuple of {len(pair)}'}"
    )


def _note_where(error: Exception, node: Node, position: int) -> None:
    """Say in an error of a closure whose gradient it was, and where that was recorded."""
    edge = node.edges[position]
    error.add_note(
        f"in the gradient of {node.op.name} with respect to "
        f"'{node.op.operand_name(position)}', recorded at {node.source}"
    )
    if type(edge) is Node:
        error.add_note(f"its operand was made by {edge.op.name} at {edge.source}")


def _check_callable(error: Exception, node: Node, position: int, closure: Any) -> None:
    """Raise ours for a closure that could not be called: it is no function of one gradient."""
    traceback = error.__traceback__
    if isinstance(error, TypeError) and traceback is not None and traceback.tb_next is None:
        raise GraphError(
            f"{node.op.name} (recorded at {node.source}): its closure for "
            f"'{node.op.operand_name(position)}' must be a function of the gradient of its result, "
            f"got {closure!r}: {error}"
        ) from error


def _key(tensor: Any, function: str) -> Edge:
    """What stands for a Tensor in the graph: its node, or the leaf itself."""
    if not isinstance(tensor, Tensor):
        raise DTypeError(f"{function}: tensor must be a Tensor, got {type(tensor).__name__}")
    if not tensor._requires_grad:
        raise GraphError(
            f"{function}: this Tensor (shape {tensor.shape}) requires no gradient: it was made "
            "from constants, inside no_grad(), or detached. Set requires_grad=True on what the "
            "gradient is wanted of, before computing with it."
        )
    return tensor.node or tensor


def _leaf(tensor: Any) -> Tensor:
    key = _key(tensor, "backward")
    if key is not tensor:
        raise GraphError(
            f"backward: inputs must be leaves, got the result of {key!r}; "
            "ag.grad(loss, [x]) returns gradients of recorded Tensors"
        )
    return key


def _seed(root: Any, gradient: Any, function: str, create_graph: bool = False) -> Any:
    """The gradient to start with at `root`: a Tensor if it is to be differentiated by itself."""
    _key(root, function)
    if gradient is None:
        if root._data.size != 1:
            raise GraphError(
                f"{function}: a gradient is needed for a Tensor of shape {root.shape}; reduce it "
                f"first (loss.sum() or loss.mean()) or pass one of shape {root.shape}"
            )
        seed = np.empty(root._data.shape, root._data.dtype)
        seed.fill(1)
        return seed
    if create_graph and isinstance(gradient, Tensor) and gradient._requires_grad:
        _check_gradient(gradient, root, function)
        with enable_grad():
            return _of_dtype(gradient, root.dtype)
    fitting = _gradient_array(gradient, root, function)
    # what is recorded of it must not change when the caller's array does
    return fitting.copy() if create_graph else fitting


def _gradient_array(given: Any, wanted: Any, what: str) -> np.ndarray:
    """A gradient from outside as an array of the shape and dtype of the Tensor or node `wanted`."""
    if isinstance(given, Tensor):
        given = given._data
    array = as_array(given, f"{what}: a gradient of shape {wanted.shape}", wanted.dtype)
    _check_gradient(array, wanted, what)
    return array


def _check_gradient(given: Any, wanted: Any, what: str) -> None:
    if given.dtype.kind not in "fiub":
        raise DTypeError(f"{what}: the gradient must have dtype {wanted.dtype}, got {given.dtype}")
    if given.shape != wanted.shape:
        raise ShapeError(f"{what}: the gradient must have shape {wanted.shape}, got {given.shape}")


def _hook_name(hook: Any) -> str:
    return f"hook {getattr(hook, '__qualname__', None) or type(hook).__qualname__}"


def _edge_name(edge: Edge) -> str:
    if type(edge) is Node:
        return repr(edge)
    return f"leaf {edge.name!r}" if edge.name else f"a leaf of shape {edge.shape}"


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


def _fitted(g: Any, edge: Edge, node: Node, position: int) -> Any:
    """A closure's result in the shape and dtype of its operand: broadcasting undone, once."""
    if type(g) is SparseGradient:
        return g
    if type(g) is not np.ndarray and not isinstance(g, Tensor):
        if g is None:
            raise GraphError(
                f"{node.op.name}: its rule for '{node.op.operand_name(position)}' returned None"
            )
        kind = type(g).__name__
        if isinstance(g, tuple):
            raise GraphError(
                f"{_rule(node, position)} must return one array of shape {edge.shape}, got a tuple"
            )
        try:
            g = np.asarray(unmasked(g, "a gradient"))  # who made it is worked out when it fails
        except (ValueError, GlassgradError) as error:  # a ragged list, one of Tensors, a mask
            raise GraphError(f"{_rule(node, position)} returned {kind}: {error}") from None
        if kind == "list" and g.shape != edge.shape:  # several gradients would be added up
            raise ShapeError(
                f"{_rule(node, position)} must return one array of shape {edge.shape}, got a list "
                f"of shape {g.shape}"
            )
    if g.dtype.kind not in "fiub":
        raise DTypeError(
            f"{_rule(node, position)} returned dtype {g.dtype} for an operand of dtype {edge.dtype}"
        )
    if g.shape != edge.shape:
        g = _unbroadcast(g, edge.shape, node, position)
    return _of_dtype(g, edge.dtype)


def _of_dtype(g: Any, dtype: np.dtype[Any]) -> Any:
    """The array or Tensor `g` itself, or what it is in another dtype."""
    return g if g.dtype == dtype else g.astype(dtype)


def _rule(node: Node, position: int) -> str:
    operand = node.op.operand_name(position)
    return f"{node.op.name} (recorded at {node.source}): its rule for '{operand}'"


def _unbroadcast(g: Any, shape: tuple[int, ...], node: Node, position: int) -> Any:
    """Sum `g` over the axes along which an operand of `shape` was broadcast."""
    aligned = (1,) * (g.ndim - len(shape)) + shape
    if len(aligned) > g.ndim or any(n not in (1, m) for n, m in zip(aligned, g.shape)):  # noqa: B905
        raise ShapeError(
            f"{_rule(node, position)} returned shape {g.shape} for an operand of shape {shape}"
        )
    axes = tuple(i for i, n in enumerate(aligned) if n != g.shape[i])
    if axes:
        # With its axes, as a sum over all of them would be a number and no array.
        g = late_bound.added(g, axes, True) if type(g) is np.ndarray else ops.sum(g, axis=axes)
    return g.reshape(shape)


def _owned(box: list[np.ndarray]) -> np.ndarray:
    """Contiguous, writable memory shared with nothing: the box's array where no one else has it."""
    if box[0].flags.carray and getrefcount(box[0]) == _ALONE:
        whole: list[Any] = [box[0].base]  # of a reshaped array: the one that owns the memory
        if whole[0] is None:
            return box[0]
        if type(whole[0]) is np.ndarray and whole[0].base is None and _of_one(whole, box[0]):
            return box[0]
    return np.array(box[0], order="C")


def _of_one(whole: list[np.ndarray], view: np.ndarray) -> bool:
    """Whether `view` is all of the array in the box `whole`, and nobody else holds that."""
    return whole[0].nbytes == view.nbytes and getrefcount(whole[0]) == _ALONE + 1


_box = [object()]
_ALONE = getrefcount(_box[0])  # references to an object that nothing but a list holds


def _own(box: list[Any]) -> Tensor | None:
    """The gradient in `box` as a Tensor with memory of its own, connected as it was."""
    if box[0] is None:
        return None
    if not isinstance(box[0], Tensor):
        return Tensor._of(_owned(box))
    if (
        getrefcount(box[0]) == _ALONE
        and getrefcount(box[0]._data) == _ALONE
        and box[0]._data.base is None
        and box[0]._data.flags.carray
    ):
        return box[0]
    return _copied(box[0])


def _copied(g: Any) -> Tensor:
    """A Tensor with the values of the gradient `g`, recorded if `g` is."""
    if isinstance(g, Tensor) and g._requires_grad:
        return ops.copy(g)
    return Tensor._of(np.array(g._data if isinstance(g, Tensor) else g, order="C"))


def _added(tensor: Tensor, box: list[Any]) -> Tensor:
    """The gradient in `box` and what is in `tensor.grad` already, in memory of their own."""
    old = tensor._grad
    recorded = isinstance(box[0], Tensor)
    if old is None:
        return _own(box) if recorded else Tensor._of(_owned(box))  # type: ignore[return-value]
    if old.shape != box[0].shape:
        raise ShapeError(
            f"backward: the `grad` of {_edge_name(tensor)} has shape {old.shape}, but its gradient "
            f"has shape {box[0].shape}. Set it to None when the data are replaced."
        )
    if recorded:
        return _of_dtype(old + box[0], tensor.dtype)
    fresh = _owned(box)
    np.add(old._data, fresh, out=fresh, casting="same_kind")
    return Tensor._of(fresh)
