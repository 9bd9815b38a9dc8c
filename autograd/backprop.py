"""Replaying: the closures of a graph called backward, each gradient added to what needs it.

Nodes are visited from the newest to the oldest, which is a topological order since an operand is
always older than its result. Gradients wait in a dictionary under the node (or leaf Tensor) they
belong to and are freed as they are used; leaves get theirs at the very end, so that an error on
the way leaves every `.grad` as it was.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from operator import attrgetter
from sys import getrefcount
from typing import Any

import numpy as np

from autograd import ops, stamps
from autograd.errors import DTypeError, GradWarning, GraphError, InPlaceError, ShapeError
from autograd.grad_mode import record_ops, restore
from autograd.kernels import blas
from autograd.locks import Guard
from autograd.ops.index import Piece
from autograd.record import Edge, Node
from autograd.tensors import Tensor

_leaves = Guard()
_age = attrgetter("id")


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
    seed = _seed(root, gradient, "backward")
    targets = None if inputs is None else [_leaf(tensor) for tensor in inputs]
    replayed = _Replay([root], targets, bool(retain_graph or create_graph), create_graph)
    replayed.run([seed])
    replayed.deliver()


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
    checked = [_seed(root, seed, "grad") for root, seed in zip(outputs, seeds, strict=True)]
    replayed = _Replay(outputs, keys, bool(retain_graph or create_graph), create_graph, since)
    if not allow_unused:
        for position, key in enumerate(keys):
            if replayed.reached is not None and key not in replayed.reached:
                described = inputs[position].name or f"shape {inputs[position].shape}"
                raise GraphError(
                    f"grad: input {position} ({described}) is not in the graph of the output; "
                    "pass allow_unused=True to get None for it"
                )
    replayed.run(checked)
    found: dict[Edge, Tensor | None] = {}
    for key in set(keys):
        box = [replayed.results.pop(key, None)]
        plain = isinstance(box[0], np.ndarray)
        found[key] = Tensor._of(_owned(box)) if plain else box[0]
    return [found[key] for key in keys]


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
        self.with_hooks = since == 0
        self.starts = [root.node or root for root in roots]
        self.order, self.reached = schedule(self.starts, targets, since)
        self.waiting: dict[Edge, Any] = {}
        self.owned: set[Edge] = set()  # whose waiting gradient is a buffer of ours
        self.results: dict[Edge, Any] = {}
        self.retained: list[tuple[Tensor, Any]] = []
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
        if self.order and stamps.latest > self.order[-1].id:
            for node in self.order:
                _check_unchanged(node)

    def run(self, seeds: Sequence[Any]) -> None:
        """Call the closures of every node, newest first."""
        outer = record_ops(self.create_graph)
        try:
            held = blas.hold_beside_convolutions()
            try:
                self.begin(seeds)
                self.visit(self.order)
                self.finish()
            finally:
                blas.release(held)
        finally:
            restore(outer)

    def begin(self, seeds: Sequence[Any]) -> None:
        """Give the roots their gradients."""
        for start, seed in zip(self.starts, seeds):  # noqa: B905 - as many as there are roots
            if self.create_graph or start in self.waiting:
                self._add(start, self._wrapped(seed))
            else:
                self.waiting[start] = seed

    def finish(self) -> None:
        """What still waits are the gradients of leaves, now complete."""
        waiting = self.waiting
        if self.with_hooks:
            for leaf, g in waiting.items():
                if leaf._hooks:
                    waiting[leaf] = self._hooked(g, leaf, leaf._hooks)
        self.results.update(waiting)
        waiting.clear()

    def visit(self, nodes: Iterable[Node]) -> None:
        """Call the closures of each node on its gradient, which is complete when it is reached."""
        waiting, reached, targets = self.waiting, self.reached, self.targets
        create_graph, retain_graph = self.create_graph, self.retain_graph
        kind = Tensor if create_graph else np.ndarray
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
            for position, closure in enumerate(closures):  # type: ignore[arg-type]
                if closure is None:
                    continue
                edge = edges[position]
                if reached is not None and edge not in reached:
                    continue
                try:
                    if create_graph:
                        closure = node.closure_on_tensors(position)
                    contribution = closure(g)
                except Exception as error:
                    _note_where(error, node, position)
                    raise
                expected = edge if type(edge) is Node else edge._data
                if (
                    type(contribution) is not kind
                    or contribution.shape != expected.shape
                    or contribution.dtype is not expected.dtype
                ):
                    contribution = _fitted(self._wrapped(contribution), edge, node, position)
                if edge in waiting or type(contribution) is Piece:
                    self._add(edge, contribution)
                    contribution = None  # let it go before the next closure allocates
                else:
                    waiting[edge] = contribution
            if not retain_graph:
                node.closures = None

    def _retain(self, node: Node, g: Any) -> None:
        """Note the gradient for the Tensor that asked to keep it, if that still lives."""
        tensor = node.retainer() if node.retainer is not None else None
        if tensor is not None:
            self.retained.append((tensor, g))

    def _wrapped(self, g: Any) -> Any:
        """Under `create_graph` every gradient is a Tensor, constants too."""
        return Tensor._of(g) if self.create_graph and type(g) is np.ndarray else g

    def _hooked(self, g: Any, edge: Edge, hooks: dict[int, Callable[[Tensor], Any]]) -> Any:
        """The finished gradient of `edge` as its hooks leave it."""
        for hook in tuple(hooks.values()):
            changed = hook(g if isinstance(g, Tensor) else Tensor._of(g))
            if changed is None:
                continue
            if not self.create_graph:
                changed = changed._data if isinstance(changed, Tensor) else np.asarray(changed)
            if changed.shape != edge.shape:
                raise ShapeError(
                    f"hook: a gradient of shape {edge.shape} is needed, got {changed.shape}"
                )
            g = changed
        return g

    def _add(self, edge: Edge, g: Any) -> None:
        """Add a gradient to what waits for `edge`; the first is shared, the second copies."""
        have = self.waiting.get(edge)
        if type(g) is Piece:
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
        """Add the results to the `grad` of the leaves (and of those that retain theirs)."""
        with _leaves.lock:
            for leaf in list(self.results):
                _accumulate(leaf, [self.results.pop(leaf)])
            while self.retained:
                tensor, *box = self.retained.pop()
                _accumulate(tensor, box)


def schedule(
    starts: Collection[Edge], targets: Iterable[Edge] | None, since: int = 0
) -> tuple[list[Node], set[Edge] | None]:
    """The nodes to visit, newest first, and (for targets) every edge that leads to one.

    Nodes with an id below `since` count as leaves.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    for start in starts:
        if type(start) is Node and start not in seen and start.id >= since:
            seen.add(start)
            order.append(start)
    for node in order:  # grows as it is walked through
        for edge in node.edges:
            if type(edge) is Node and edge not in seen and edge.id >= since:
                seen.add(edge)
                order.append(edge)
    order.sort(key=_age, reverse=True)
    if targets is None:
        return order, None
    wanted = set(targets)
    leading = wanted.intersection(starts)
    for node in reversed(order):
        on_the_way = [edge for edge in node.edges if edge in wanted or edge in leading]
        if on_the_way:
            leading.update(on_the_way)
            leading.add(node)
    return [node for node in order if node in leading], leading


def _note_where(error: Exception, node: Node, position: int) -> None:
    """Say in an error of a closure whose gradient it was, and where that was recorded."""
    edge = node.edges[position]
    error.add_note(
        f"in the gradient of {node.op.name} with respect to "
        f"'{node.op.operand_name(position)}', recorded at {node.source}"
    )
    if type(edge) is Node:
        error.add_note(f"its operand was made by {edge.op.name} at {edge.source}")


def _key(tensor: Any, function: str) -> Edge:
    """What stands for a Tensor in the graph: its node, or the leaf itself."""
    if not isinstance(tensor, Tensor):
        raise DTypeError(f"{function}: a Tensor is needed, got {type(tensor).__name__}")
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


def _seed(root: Any, gradient: Any, function: str) -> Any:
    """The gradient to start with at `root`."""
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
    if isinstance(gradient, Tensor):
        given = gradient if gradient._requires_grad else gradient._data
    else:
        given = np.asarray(gradient)
    if given.shape != root.shape:
        raise ShapeError(
            f"{function}: a gradient of shape {root.shape} is needed, got {given.shape}"
        )
    fitting = given.astype(root.dtype, copy=False)
    # an array object of this pass alone: ops find what they keep for a gradient by its identity
    return fitting.view() if isinstance(fitting, np.ndarray) else fitting


def _check_unchanged(node: Node) -> None:
    """Raise if an array that a closure captured was written to after the node was recorded."""
    for closure in node.closures or ():
        code = getattr(closure, "__code__", None)
        for name, cell in zip(code.co_freevars, closure.__closure__ or ()) if code else ():  # type: ignore[union-attr] # noqa: B905
            try:
                captured = cell.cell_contents
            except ValueError:  # a name the body never reached
                continue
            for array in captured if isinstance(captured, tuple) else (captured,):
                if not isinstance(array, np.ndarray):
                    continue
                written = stamps.written_since(array, node.id)
                if written is not None:
                    raise InPlaceError(
                        f"{node.op.name} (recorded at {node.source}) needs the value of its "
                        f"'{name}' (shape {array.shape}) for the gradient, but that was changed "
                        f"in place at {written}. Change it after backward, or compute with "
                        "x.clone()."
                    )


def _fitted(g: Any, edge: Edge, node: Node, position: int) -> Any:
    """A closure's result in the shape and dtype of its operand: broadcasting undone, once."""
    kind = type(g)
    if kind is Piece:
        return g
    if kind is not np.ndarray and kind is not Tensor:
        if g is None:
            raise GraphError(
                f"{node.op.name}: its rule for '{node.op.operand_name(position)}' returned None"
            )
        g = np.asarray(g)
    if g.shape != edge.shape:
        g = _unbroadcast(g, edge.shape, node, position)
    if g.dtype != edge.dtype:
        g = g.astype(edge.dtype)
    return g


def _unbroadcast(g: Any, shape: tuple[int, ...], node: Node, position: int) -> Any:
    """Sum `g` over the axes along which an operand of `shape` was broadcast."""
    extra = g.ndim - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[extra:], strict=True)):
        raise ShapeError(
            f"{node.op.name} (recorded at {node.source}): its rule for "
            f"'{node.op.operand_name(position)}' returned shape {g.shape} for an operand of shape "
            f"{shape}"
        )
    axes = tuple(range(extra)) + tuple(
        extra + i for i, (n, m) in enumerate(zip(shape, g.shape[extra:], strict=True)) if n != m
    )
    return ops.sum(g, axis=axes, keepdims=True).reshape(shape)


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


def _accumulate(tensor: Tensor, box: list[Any]) -> None:
    """Add the gradient in `box` to `tensor.grad`, in place where nobody else holds the old one."""
    old, tensor._grad = [tensor._grad], None
    if isinstance(box[0], Tensor):  # a recorded gradient
        tensor._grad = box[0] if old[0] is None else old[0] + box[0]
    elif old[0] is None:
        tensor._grad = Tensor._of(_owned(box))
    elif (
        old[0].node is None
        and getrefcount(old[0]) == _ALONE
        and getrefcount(old[0]._data) == _ALONE
        and old[0]._data.flags.writeable
    ):
        np.add(old[0]._data, box[0], out=old[0]._data)
        tensor._grad = old[0]
    else:
        tensor._grad = Tensor._of(np.asarray(old[0]._data + box[0]))
