"""Checkpointing: activations thrown away in forward and computed again in backward."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Container, Iterator
from itertools import repeat
from typing import Any

import numpy as np

from autograd.engine import in_place, random_source
from autograd.engine.backprop import gradients
from autograd.engine.call import recorded
from autograd.engine.captures import captured
from autograd.engine.grad_mode import enable_grad, is_grad_enabled, no_grad
from autograd.engine.in_place import next_id
from autograd.engine.node import Node
from autograd.engine.op_definition import Array, Op
from autograd.engine.scope import current
from autograd.engine.taps import Call, Tap
from autograd.engine.tensors import Tensor
from autograd.engine.walks import leaves_of, nodes_below
from autograd.errors import GlassgradError, GraphError, InPlaceError
from autograd.support.interrupts import at_once
from autograd.support.pytree import flatten
from autograd.support.unknown_names import named_arguments, require_signature
from autograd.transforms.variables import check_function

__all__ = ["checkpoint"]


@named_arguments
def checkpoint(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """`function(*args)`, keeping nothing of its inside for backward but its inputs.

    The backward pass calls the function again, with the same random numbers and its modules in the
    mode they were in; what it wrote to (running statistics) is written to once. Over n layers in √n
    segments the memory is O(√n) for one more forward pass (Chen et al. 2016). Tensors that the
    function captures (parameters above all) get their gradients as usual. The function must return
    one Tensor and compute the same when called again.

    Raises `GraphError` where it does not, and `InPlaceError` in backward for a Tensor that it
    reads and that was overwritten since.

    >>> import autograd as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> ag.checkpoint(lambda x: x * x * x, x).sum().backward()
    >>> x.grad
    tensor([ 3., 12.])
    """
    check_function("checkpoint", function)
    if not is_grad_enabled():
        return _called(function, args, kwargs)
    born = next_id()
    surroundings = _Surroundings()
    out = surroundings.watched(function, args, kwargs)
    if not isinstance(out, Tensor):
        raise GraphError(
            f"checkpoint: the function must return one Tensor, got {type(out).__name__}"
        )
    if out.node is None or out.node.id < born:
        return out
    edges, modules = _outside(out, born)
    surroundings.note_modes(function, modules)
    # Only the edges and the arguments survive this call; `out`'s own graph goes with `out`.
    inputs = [edge if isinstance(edge, Tensor) else _stand_in(edge) for edge in edges]
    shape, finished = out.shape, next_id()
    leaves = [edge for edge in edges if isinstance(edge, Tensor)]
    # Named by the closures, as operands are by those of other ops, so that a backward pass looks
    # for writes to them before it begins.
    values = (*(leaf._data for leaf in leaves), *_arrays((args, kwargs)))

    def pull_back(g: Any, first: int, values: tuple[np.ndarray, ...]) -> list[Any]:
        """Gradients of the inputs from `first` on."""
        create_graph = isinstance(g, Tensor)
        for leaf, data in zip(leaves, values):  # noqa: B905 - those of the arguments follow
            if leaf._data is not data:
                raise InPlaceError(
                    f"checkpoint: the data of a Tensor that it needs (shape {data.shape}) were "
                    "replaced since. Replace data only after backward."
                )
        born_again = next_id()
        with enable_grad():
            again = surroundings.repeated(function, args, kwargs, finished, born_again)
        if not isinstance(again, Tensor) or again.node is None or again.shape != shape:
            raise GraphError(
                f"checkpoint: the function returned a recorded Tensor of shape {shape} at first, "
                f"and in backward {_described(again)}; it must compute the same again"
            )
        wanted = [x for x in inputs[first:] if x._requires_grad]
        with enable_grad() if create_graph else no_grad():
            found = gradients([again], wanted, [g], None, create_graph, True, born_again)
        pulled = dict(zip(map(id, wanted), found, strict=True))
        return [_value(pulled.get(id(x)), x, create_graph) for x in inputs[first:]]

    def closure_for(position: int) -> Callable[[Any], Any]:
        def closure(g: Any) -> Any:  # a joint one: the function is called again once
            own, *others = pull_back(g, position, values)
            return own, tuple(others)

        return closure

    closures = [closure_for(i) for i in range(len(inputs))]
    operands = tuple([edge if isinstance(edge, Tensor) else None for edge in edges])
    return recorded(_CHECKPOINT, operands, edges, closures, out.data)


def _called(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The function's result; an error of ours for arguments that it does not take."""
    try:
        return function(*args, **kwargs)
    except GlassgradError:
        raise
    except TypeError:
        name = getattr(function, "__name__", type(function).__name__)
        require_signature(function, f"checkpoint: {name}", args, kwargs)
        raise


class _Surroundings:
    """What a call depends on beside its arguments, and what it changes beside its result."""

    def __init__(self) -> None:
        default = random_source.default_generator()  # which may be used past our functions, too
        state = default.bit_generator.state
        self.draws: dict[int, tuple[np.random.Generator, Any]] = {id(default): (default, state)}
        self.writes: dict[int, weakref.ref[np.ndarray]] = {}  # owners of the memory
        self.modes: list[tuple[weakref.ref[Any], bool]] = []  # modules, and whether in training

    def watched(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The first call."""
        outer_draw, outer_write = random_source.told.get(), in_place.told.get()

        def draw(generator: np.random.Generator) -> None:
            if id(generator) not in self.draws:
                self.draws[id(generator)] = generator, generator.bit_generator.state
            if outer_draw is not None:
                outer_draw(generator)

        def write(owned: np.ndarray) -> None:
            self.writes[id(owned)] = weakref.ref(owned)
            if outer_write is not None:
                outer_write(owned)

        try:
            random_source.told.set(draw)
            try:
                in_place.told.set(write)
                return _called(function, args, kwargs)
            finally:
                in_place.told.set(outer_write)
        finally:
            random_source.told.set(outer_draw)

    def note_modes(self, function: Any, modules: dict[int, Any]) -> None:
        """Note the modes of `modules`, of those that the function holds, and of all below them."""
        held = [value for _, value in captured(function)]
        for found in (function, getattr(function, "__self__", None), *held):
            if hasattr(found, "modules") and hasattr(found, "training"):
                modules[id(found)] = found
        below = {id(m): m for module in modules.values() for m in module.modules()}
        self.modes = [(weakref.ref(m), m.training) for m in below.values()]

    def repeated(
        self, function: Callable[..., Any], args: Any, kwargs: Any, finished: int, now: int
    ) -> Any:
        """A further call that sees what the first one saw, and leaves no trace."""
        generators = [generator.bit_generator for generator, _ in self.draws.values()]
        states = [generator.state for generator in generators]
        alive = [(m, training) for ref, training in self.modes if (m := ref()) is not None]
        changed = [(m, training) for m, training in alive if m.training is not training]
        written = [owned for ref in self.writes.values() if (owned := ref()) is not None]
        values = [owned.copy() for owned in written]
        known = [in_place.stamp_of(owned) for owned in written]
        tells = random_source.told.get(), in_place.told.get()
        undo = (
            map(setattr, generators, repeat("state"), states),
            map(
                object.__setattr__,  # a module's own is written in Python
                [m for m, _ in changed],
                repeat("training"),
                [m.training for m, _ in changed],
            ),
            map(np.copyto, written, values),
        )
        try:
            random_source.told.set(None)
            in_place.told.set(None)
            at_once(map(setattr, generators, repeat("state"), [s for _, s in self.draws.values()]))
            for module, training in changed:
                module.training = training
            if in_place.latest > finished:
                return self._checked(function, args, kwargs, finished, now)
            return function(*args, **kwargs)
        finally:
            try:
                at_once(undo[0])
            finally:
                try:
                    at_once(undo[1])
                finally:
                    at_once(undo[2])
                    for owned, entry in zip(written, known, strict=True):
                        in_place.put_back(owned, entry)
                    random_source.told.set(tells[0])
                    in_place.told.set(tells[1])

    def _checked(
        self, function: Callable[..., Any], args: Any, kwargs: Any, finished: int, now: int
    ) -> Any:
        """The call, and an error if an op in it read what was written to since the first one."""
        with _Reading(self.writes, finished, now) as reading:
            out = function(*args, **kwargs)
        for stale in reading.stale:
            raise InPlaceError(
                f"checkpoint: a Tensor that it reads {stale}, so that computing it again gives "
                "something else. Change it after backward, or compute with x.clone()."
            )
        return out


class _Reading(Tap):
    """Notes what ops read that was written to between `finished` and `now`."""

    def __init__(self, own: Container[int], finished: int, now: int):
        self.own, self.finished, self.now = own, finished, now  # own: its state, by id
        self.stale: list[str] = []

    def _on_result(self, call: Call) -> None:
        """Look at all that the op was given: operands, and statistics and keys."""
        if not call.on_tensors:
            return
        for array in _arrays((call.operands, list(call.statics.values()))):
            if id(in_place.owner(array)) in self.own:
                continue
            written = in_place.written_since(array, self.finished)
            if written is not None and in_place.id_of(array) < self.now:
                self.stale.append(f"(shape {array.shape}) was changed in place at {written}")


def _arrays(values: Any) -> Iterator[np.ndarray]:
    """The arrays and those of Tensors in a nested structure."""
    for leaf in flatten(values)[0]:
        value = leaf._data if isinstance(leaf, Tensor) else leaf
        if isinstance(value, np.ndarray):
            yield value


def _described(value: Any) -> str:
    return f"one of shape {value.shape}" if isinstance(value, Tensor) else type(value).__name__


def _outside(out: Tensor, born: int) -> tuple[list[Any], dict[int, Any]]:
    """What the function's graph grew from: leaves, and nodes older than the call.

    And the outermost modules that were called.
    """
    nodes = nodes_below([out.node], born)
    modules: dict[int, Any] = {}
    outer = current()
    for scope in {node.scope for node in nodes}:
        if scope is None or scope is outer:
            continue
        while scope.parent is not None and scope.parent is not outer:
            scope = scope.parent
        module = scope.module
        if module is not None:
            modules[id(module)] = module
    return leaves_of(nodes, born), modules


def _stand_in(node: Node) -> Tensor:
    """A Tensor for an older node, to ask for its gradient: only its place in the graph matters."""
    return Tensor._of(np.broadcast_to(np.zeros((), node.dtype), node.shape), node)


def _value(g: Tensor | None, x: Tensor, recorded: bool) -> Any:
    if g is None:
        g = Tensor(np.zeros(x.shape, x.dtype))
    return g if recorded else g.data


def _body(*xs: Array) -> Any:
    raise AssertionError("a checkpoint is recorded by `checkpoint`, not called as an op")


_body.__name__ = "checkpoint"
_CHECKPOINT = Op(_body, None)
