"""What all transforms of `func.py` share: variables of their own, and what lies outside of them.

A transform calls its function on *variables*: nodes without a rule, made for this call alone.
Whatever the graph of a result reaches beyond them is older than the call (nodes are numbered in
order of creation) or a leaf. Then the function captured, or was given, something that requires a
gradient itself, so the result belongs to the graph around the transform: it is recorded and keeps
its graph. Otherwise it is a value like any other. Only the finished graph can tell: what a function
captures is not seen from its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.engine.backprop import gradients
from autograd.engine.call import recorded
from autograd.engine.dtypes import as_array
from autograd.engine.grad_mode import enable_grad, is_grad_enabled
from autograd.engine.in_place import next_id
from autograd.engine.op_definition import Array, Op
from autograd.engine.tensors import Tensor
from autograd.engine.walks import leaves_of, nodes_below
from autograd.errors import ArgumentError, DTypeError, GlassgradError, GraphError, ShapeError
from autograd.support.pytree import flatten, matching, paths

Function = Callable[..., Any]
Positions = int | tuple[int, ...]


class Call:
    """One call of a transformed function: its variables, what it returned, and their derivatives.

    `leaves` are the variables in the place of the leaves of the arguments at `argnums`; `args` the
    arguments with them. `own`: plain arrays are copied, for a derivative that is asked for later.
    """

    def __init__(
        self,
        transform: str,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: Positions | None = None,
        *,
        own: bool = False,
    ):
        self.transform = transform
        self.recording = is_grad_enabled()
        self.born = next_id()  # what is older, or a leaf, is outside
        self.kwargs = kwargs
        self.args = list(args)
        self.given: list[Any] = []
        self.leaves: list[Tensor] = []
        self.rebuilds: list[tuple[Any, int]] = []
        positions = _positions(transform, argnums, len(args), kwargs)
        self.single = isinstance(argnums, int)
        for position in positions:
            given, rebuild = flatten(args[position])
            made = [self._variable(position, i, leaf, own) for i, leaf in enumerate(given)]
            self.rebuilds.append((rebuild, len(given)))
            self.given += given
            self.leaves += made
            self.args[position] = rebuild(made)
        self.plain = not any(
            isinstance(leaf, Tensor) for tree in (*args, kwargs) for leaf in flatten(tree)[0]
        )

    def _variable(self, position: int, which: int, leaf: Any, own: bool) -> Tensor:
        try:
            array = leaf._data if isinstance(leaf, Tensor) else exact(leaf, "")
            if array.dtype.kind != "f":
                raise DTypeError(
                    f" of dtype {array.dtype} cannot be differentiated by; pass floats"
                )
        except GlassgradError as error:
            path = list(paths(self.args[position]))[which]
            where = f"{self.transform}: argument {position}{path}"
            raise type(error)(f"{where}{error}") from None
        if isinstance(leaf, Tensor):
            return variable(array, leaf if self.recording else None)
        return variable(array.copy() if own else array)

    def run(self, function: Function, has_aux: bool = False) -> Any:
        """What the function returns on the variables; with `has_aux` (that, anything)."""
        try:
            with enable_grad():
                result = function(*self.args, **self.kwargs)
        finally:
            for leaf in self.leaves:
                leaf.node.op = _ARGUMENT
        if not has_aux:
            return result, None
        if not isinstance(result, tuple) or len(result) != 2:
            raise GraphError(
                f"{self.transform}: with has_aux the function returns (value, aux), "
                f"got {describe(result)}"
            )
        return result

    def outputs(self, result: Any) -> list[Tensor]:
        """The leaves of what the function returned, as Tensors; arrays among them are constants."""
        leaves = flatten(result)[0]
        if not leaves and result is None:
            raise GraphError(
                f"{self.transform}: the function returned None; does it lack a return?"
            )
        return [self._output(leaf) for leaf in leaves]

    def _output(self, value: Any) -> Tensor:
        if isinstance(value, np.ndarray | np.generic):
            value = Tensor(value)
        if not isinstance(value, Tensor):
            raise GraphError(
                f"{self.transform}: the function must return Tensors, got {describe(value)}. What "
                "x.item() or float(x) gives has no derivative; a constant is ag.tensor(number)"
            )
        if value.dtype.kind != "f":
            raise DTypeError(
                f"{self.transform}: the function must return floats, got {describe(value)} of "
                f"dtype {value.dtype}, which has no derivative"
            )
        return value

    def one_element(self, result: Any) -> Tensor:
        """What the function returned, if that can have a gradient."""
        if isinstance(result, np.ndarray | np.generic | Tensor) and result.size == 1:
            return self._output(result)
        hint = ""
        if isinstance(result, Tensor | np.ndarray):
            hint = "; use ag.func.jacobian or ag.func.vjp for a function of several values"
        elif isinstance(result, int | float):
            hint = ": what x.item() or float(x) gives has no derivative; return the Tensor"
        elif result is None:
            hint = "; does the function lack a return?"
        raise GraphError(
            f"{self.transform}: the function must return one element, got {describe(result)}{hint}"
        )

    def outside(self, *tensors: Tensor) -> bool:
        """Whether what is made of these belongs to a graph around the transform."""
        return self.recording and any(reaches_outside(tensor, self.born) for tensor in tensors)

    def pull(
        self,
        outputs: Sequence[Tensor],
        seeds: Sequence[Any],
        record: bool = False,
        retain_graph: bool | None = None,
    ) -> list[Tensor]:
        """Gradients of the outputs by the variables.

        Where an op has no second derivative, what was recorded raises once it is differentiated.
        """
        try:
            return pull_back(outputs, self.leaves, seeds, self.born, record, retain_graph)
        except GraphError as error:
            roots = [out.node for out in outputs if out.node is not None]
            order = nodes_below(roots, self.born)
            if not record or all(node.op.max_order is None for node in order):
                raise
            refusal = str(error)
        found = pull_back(outputs, self.leaves, seeds, self.born, retain_graph=True)

        def refuse(g: Any) -> Any:
            raise GraphError(refusal)

        edges = tuple(roots)
        return [recorded(_LAST, (), edges, (refuse,) * len(edges), g._data) for g in found]

    def arrange(self, found: Sequence[Tensor], *, keep_graph: bool = False) -> Any:
        """A flat list with one entry per variable, in the structure of the arguments.

        Those that lead nowhere outside lose their graph, unless `keep_graph`.
        """
        arranged, start = [], 0
        kept = [g if keep_graph or self.outside(g) else g.detach() for g in found]
        for rebuild, count in self.rebuilds:
            part = slice(start, start + count)
            arranged.append(rebuild([*map(_as_plain, kept[part], self.given[part])]))
            start += count
        return arranged[0] if self.single else tuple(arranged)

    def result(self, tensor: Tensor, keep_graph: bool) -> Any:
        """What is returned for one of the outputs: a plain value where all arguments are plain."""
        tensor = tensor if keep_graph else tensor.detach()
        return _as_plain(tensor, None) if self.plain else tensor

    def results(self, returned: Any, tensors: Sequence[Tensor]) -> Any:
        """What is returned for the outputs, in the structure of what the function returned."""
        return flatten(returned)[1]([self.result(x, self.outside(x)) for x in tensors])

    def released(self, aux: Any) -> tuple[Any, bool]:
        """`aux`, its Tensors without their graph unless that goes outside; whether one does."""
        leaves, rebuild = flatten(aux)
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.requires_grad]
        inside = {id(tensor) for tensor in tensors if not self.outside(tensor)}
        if inside:
            aux = rebuild([leaf.detach() if id(leaf) in inside else leaf for leaf in leaves])
        return aux, len(inside) < len(tensors)


def reaches_outside(tensor: Tensor, born: int) -> bool:
    """Whether the graph of `tensor` grew from a leaf or from a node older than `born`."""
    if not tensor._requires_grad:
        return False
    start = tensor.node
    if start is None or start.id < born:
        return True
    return bool(leaves_of(nodes_below([start], born), born))


def pull_back(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    seeds: Sequence[Any],
    since: int,
    record: bool = False,
    retain_graph: bool | None = None,
) -> list[Tensor]:
    """`gradients`, with zeros for inputs and outputs that are not connected."""
    connected = [pair for pair in zip(outputs, seeds, strict=True) if pair[0].requires_grad]
    found: Sequence[Tensor | None] = [None] * len(inputs)
    if connected:
        roots, given = zip(*connected, strict=True)
        found = gradients(roots, inputs, given, retain_graph, record, True, since)
    return [zeros(x) if g is None else g for g, x in zip(found, inputs, strict=True)]


def zeros(like: Tensor) -> Tensor:
    """A constant of zeros."""
    return Tensor(np.zeros(like.shape, like.dtype))


def variable(array: np.ndarray, connected: Tensor | None = None) -> Tensor:
    """A Tensor of its own place in the graph, which hands gradients on to `connected`."""
    edge, closure = None, None
    if connected is not None and connected.requires_grad:
        edge, closure = connected.node or connected, lambda g: g
    return recorded(_VARIABLE, (), (edge,), (closure,), array)


def within_a_transform(tensor: Tensor) -> bool:
    """Whether `tensor` depends on a variable of a transform whose function is running."""
    order = nodes_below([tensor.node])
    return any(node.op is _VARIABLE for node in order)


def _argument(x: Array) -> Any:
    """The argument x of a function that is transformed."""
    return x, lambda g: g


def _last_derivative(*xs: Array) -> Any:
    """A derivative that cannot be differentiated any further."""
    raise AssertionError("recorded by a transform, not called as an op")


_VARIABLE, _ARGUMENT = (
    Op(_argument, None),
    Op(_argument, None),
)  # while the function runs, afterwards
_LAST = Op(_last_derivative, None)
for _spec in (_VARIABLE, _ARGUMENT, _LAST):
    _spec.name = _spec.name[1:]


def directions(
    transform: str, what: str, given: Any, tree: Any, leaves: Sequence[Tensor]
) -> list[Any]:
    """The leaves of `given`, which looks like `tree`, each of shape and dtype of its leaf."""
    what = f"{transform}: {what}"
    found = [
        d if isinstance(d, Tensor) else exact(d, what, leaf.dtype)
        for d, leaf in zip(matching(tree, given, what), leaves, strict=True)
    ]
    shapes, wanted = [d.shape for d in found], [leaf.shape for leaf in leaves]
    if shapes != wanted:
        raise ShapeError(f"{what} must have shapes {wanted}, got {shapes}")
    return found


def connected(seeds: Sequence[Any]) -> bool:
    """Whether any of the seeds requires a gradient."""
    return any(isinstance(seed, Tensor) and seed.requires_grad for seed in seeds)


def check_function(transform: str, function: Any) -> None:
    """Raise unless `function` can be called."""
    if not callable(function):
        raise DTypeError(f"{transform}: its argument must be a function, got {describe(function)}")


def check_argnums(transform: str, argnums: Any) -> Positions:
    """`argnums` as an int or a tuple of ints, if it is such."""
    many = tuple(argnums) if isinstance(argnums, tuple | list) else (argnums,)
    for position in many:
        if isinstance(position, bool) or not isinstance(position, int | np.integer):
            raise DTypeError(
                f"{transform}: argnums must be an int or a tuple of ints, got {argnums!r}"
            )
    if not many:
        raise ArgumentError(f"{transform}: argnums must name an argument, got {argnums!r}")
    positions = tuple(map(int, many))
    return positions if isinstance(argnums, tuple | list) else positions[0]


def _positions(
    transform: str, argnums: Positions | None, count: int, kwargs: dict[str, Any]
) -> tuple[int, ...]:
    """The places among `count` arguments, counted from the front; None: all of them."""
    if argnums is None:
        return tuple(range(count))
    many = (argnums,) if isinstance(argnums, int) else argnums
    for position in many:
        if not -count <= position < count:
            hint = "; by name come only those it does not differentiate by" if kwargs else ""
            raise ArgumentError(
                f"{transform}: argnums names argument {position}, but {count} were given{hint}"
            )
    positions = tuple(position % count for position in many)
    if len(set(positions)) < len(positions):
        raise ArgumentError(f"{transform}: argnums must name each argument once, got {argnums!r}")
    return positions


def describe(value: Any) -> str:
    """What came, in a message."""
    if isinstance(value, Tensor):
        return f"a Tensor of shape {value.shape}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return type(value).__name__


def exact(value: Any, what: str, dtype: Any = None) -> np.ndarray:
    """A plain value as an array; without a `dtype` of its own precision: Python's is float64."""
    return as_array(value, what, dtype, weak=np.dtype(np.float64))


def _as_plain(result: Tensor, given: Any) -> Any:
    """A result as plain as what was given, unless its graph would be lost."""
    if isinstance(given, Tensor) or result.requires_grad:
        return result
    return result._data if isinstance(given, np.ndarray) else result._data[()]
