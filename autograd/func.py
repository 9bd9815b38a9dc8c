"""Derivatives as functions of functions: grad, vjp, jvp, Jacobians, Hessians.

Arguments may be Tensors, arrays, numbers, or nested dicts, lists and tuples of them; derivatives
come in the same structure. Everything composes: `hessian(f)` is `jacobian(grad(f))`, and a result
is recorded where an argument required a gradient, so that transforms nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from autograd import ops
from autograd.backprop import gradients
from autograd.errors import ArgumentError, DTypeError, GraphError, ShapeError
from autograd.grad_mode import enable_grad
from autograd.pytree import flatten, tree_map
from autograd.stateless import functional_call
from autograd.tensors import Tensor

__all__ = [
    "functional_call",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
    "vmap",
]

Function = Callable[..., Any]
Positions = int | tuple[int, ...]


def grad(
    outputs: Tensor | Sequence[Tensor] | Function,
    inputs: Tensor | Sequence[Tensor] | None = None,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
    *,
    argnums: Positions = 0,
    has_aux: bool = False,
) -> Any:
    """Gradients of Tensors, or the gradient function of a function.

    `grad(loss, [w, b])` returns a tuple of ∂loss/∂w, ∂loss/∂b and touches no `.grad`. With
    `create_graph=True` the gradients are recorded, to be differentiated again. `grad(f)` returns
    the function x ↦ ∇f(x) with respect to argument `argnums`; with `has_aux`, f returns
    (value, anything) and the gradient function (gradient, anything).

    Raises `GraphError` for an input that is not in the graph, unless `allow_unused` (then None).

    >>> import autograd as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> dx, = ag.grad(x**3, [x], create_graph=True)
    >>> ag.grad(dx, [x])[0].item()
    18.0
    >>> ag.grad(lambda x: x**2)(5.0).item()
    10.0
    """
    if callable(outputs) and not isinstance(outputs, Tensor):
        if inputs is not None:
            raise DTypeError("grad: a function takes no `inputs`; call grad(f)(x) instead")
        return _gradient_function(outputs, argnums, has_aux)
    if inputs is None:
        raise DTypeError("grad: the Tensors to differentiate with respect to are missing")
    many: Sequence[Any] = outputs if isinstance(outputs, list | tuple) else [outputs]
    wanted: Sequence[Any] = inputs if isinstance(inputs, list | tuple) else [inputs]
    if grad_outputs is None:
        grad_outputs = [None] * len(many)
    elif not isinstance(grad_outputs, list | tuple):
        grad_outputs = [grad_outputs]
    if len(grad_outputs) != len(many):
        raise ArgumentError(f"grad: {len(many)} outputs but {len(grad_outputs)} grad_outputs")
    return tuple(gradients(many, wanted, grad_outputs, retain_graph, create_graph, allow_unused))


def _gradient_function(function: Function, argnums: Positions, has_aux: bool) -> Function:
    both = value_and_grad(function, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, slope = both(*args, **kwargs)
        return (slope, value[1]) if has_aux else slope

    return gradient


def value_and_grad(function: Function, argnums: Positions = 0, has_aux: bool = False) -> Function:
    """The function x ↦ (f(x), ∇f(x)) with respect to argument `argnums`.

    >>> import autograd as ag
    >>> value, slope = ag.func.value_and_grad(lambda x: x**2)(5.0)
    >>> value.item(), slope.item()
    (25.0, 10.0)
    """

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        inputs = _Inputs("grad", args, argnums)
        result = inputs.call(function, kwargs)
        value, aux = _split_aux("grad", result, has_aux)
        if not isinstance(value, Tensor) or value.size != 1:
            raise GraphError(
                f"grad: the function must return one element, got {_describe(value)}; "
                "use ag.func.jacobian or ag.func.vjp for a function of several values"
            )
        slopes = _pull_back([value], inputs.leaves, [None], inputs.nested)
        value = inputs.released(value)
        return (value, aux) if has_aux else value, inputs.arrange(slopes)

    return evaluate


def vjp(function: Function, *primals: Any, has_aux: bool = False) -> Any:
    """`(f(*primals), pullback)`: the pullback maps ū to ūᵀJ, a tuple with one entry per primal.

    The pullback can be called again. With `has_aux`, returns (value, pullback, aux).

    >>> import autograd as ag
    >>> value, pullback = ag.func.vjp(lambda x: x * x, ag.tensor([1.0, 2.0]))
    >>> pullback(ag.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    inputs = _Inputs("vjp", primals, tuple(range(len(primals))))
    value, aux = _split_aux("vjp", inputs.call(function, {}), has_aux)
    outputs, _ = flatten(value)

    def pullback(cotangent: Any) -> Any:
        seeds, _ = flatten(cotangent)
        _same_structure("vjp", "cotangent", seeds, outputs)
        nested = inputs.nested or any(isinstance(s, Tensor) and s.requires_grad for s in seeds)
        return inputs.arrange(_pull_back(outputs, inputs.leaves, seeds, nested, retain_graph=True))

    value = tree_map(inputs.released, value)
    return (value, pullback, aux) if has_aux else (value, pullback)


def jvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """`(f(*primals), J ẋ)`: the derivative of f in the direction of the tangents.

    Computed by reverse mode twice: the pullback ū ↦ ūᵀJ is linear in ū, and its own pullback,
    taken at ẋ, is J ẋ.

    >>> import autograd as ag
    >>> _, slope = ag.func.jvp(lambda x: x**2, [ag.tensor([1.0, 3.0])], [ag.tensor([1.0, 0.0])])
    >>> slope
    tensor([2., 0.])
    """
    inputs = _Inputs("jvp", primals, tuple(range(len(primals))))
    directions, _ = flatten(tuple(tangents))
    _same_structure("jvp", "tangents", directions, inputs.leaves)
    value = inputs.call(function, {})
    outputs, rebuild = flatten(value)
    probes = [Tensor(np.zeros_like(out.data), requires_grad=True) for out in outputs]
    with enable_grad():
        pulled = _pull_back(outputs, inputs.leaves, probes, create_graph=True)
        reached = [
            (p, _as_tensor(d)) for p, d in zip(pulled, directions, strict=True) if p.requires_grad
        ]
        if reached:
            pushed = _pull_back(
                [p for p, _ in reached], probes, [d for _, d in reached], inputs.nested
            )
        else:
            pushed = [Tensor(np.zeros_like(out.data)) for out in outputs]
    return tree_map(inputs.released, value), rebuild(pushed)


def jacobian(
    function: Function, argnums: Positions = 0, mode: Literal["auto", "reverse", "forward"] = "auto"
) -> Function:
    """The function x ↦ J with J[i..., j...] = ∂f(x)[i...] / ∂x[j...].

    Shape: output shape + input shape. "reverse" takes one pullback per output element, "forward"
    one derivative per input element (each twice the work); "auto" the cheaper of the two.

    >>> import autograd as ag
    >>> ag.func.jacobian(lambda x: x * x)(ag.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if mode not in ("auto", "reverse", "forward"):
        raise ArgumentError(f"jacobian: mode is 'auto', 'reverse' or 'forward', got {mode!r}")

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        inputs = _Inputs("jacobian", args, argnums)
        value = inputs.call(function, kwargs)
        if not isinstance(value, Tensor):
            raise GraphError(
                f"jacobian: the function must return one Tensor, got {_describe(value)}"
            )
        inward = sum(leaf.size for leaf in inputs.leaves)
        forward = mode == "forward" or (mode == "auto" and 2 * inward < value.size)
        rows = _columns(inputs, value) if forward else _rows(inputs, value)
        return inputs.arrange(rows)

    return evaluate


def _rows(inputs: _Inputs, value: Tensor) -> list[Tensor]:
    """Jacobians by one pullback per output element."""
    found: list[list[Tensor]] = [[] for _ in inputs.leaves]
    for index in np.ndindex(*value.shape):
        seed = np.zeros(value.shape, value.dtype)
        seed[index] = 1
        pulled = _pull_back([value], inputs.leaves, [seed], inputs.nested, retain_graph=True)
        for column, g in zip(found, pulled, strict=True):
            column.append(g)
    return [
        ops.stack(rows).reshape(value.shape + leaf.shape) if rows
        else Tensor(np.zeros(value.shape + leaf.shape, leaf.dtype))
        for rows, leaf in zip(found, inputs.leaves, strict=True)
    ]  # fmt: skip


def _columns(inputs: _Inputs, value: Tensor) -> list[Tensor]:
    """Jacobians by one directional derivative per input element."""
    probe = Tensor(np.zeros_like(value.data), requires_grad=True)
    with enable_grad():
        pulled = _pull_back([value], inputs.leaves, [probe], create_graph=True)
    found = []
    for leaf, p in zip(inputs.leaves, pulled, strict=True):
        columns = []
        for index in np.ndindex(*leaf.shape):
            direction = np.zeros(leaf.shape, leaf.dtype)
            direction[index] = 1
            if p.requires_grad:
                columns += _pull_back([p], [probe], [direction], inputs.nested, retain_graph=True)
            else:
                columns.append(Tensor(np.zeros_like(value.data)))
        stacked = ops.stack(columns, axis=-1) if columns else Tensor(np.zeros((*value.shape, 0)))
        found.append(stacked.reshape(value.shape + leaf.shape))
    return found


def hessian(function: Function, argnums: Positions = 0) -> Function:
    """The function x ↦ H with H[i..., j...] = ∂²f(x) / ∂x[i...] ∂x[j...].

    For several arguments a tuple of tuples: the blocks of mixed derivatives.

    >>> import autograd as ag
    >>> ag.func.hessian(lambda x: (x**3).sum())(ag.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    if isinstance(argnums, int):
        return jacobian(grad(function, argnums=argnums), argnums, mode="reverse")

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        return tuple(
            jacobian(grad(function, argnums=i), argnums, mode="reverse")(*args, **kwargs)
            for i in argnums
        )

    return evaluate


def hvp(function: Function, primals: Any, tangents: Any) -> Any:
    """H v, the Hessian of f at the primals times the tangents, without the Hessian.

    Hv = ∇⟨∇f(x), v⟩: two backward passes. `primals` is a tuple of f's arguments (or its only
    argument, which may be a nested structure); `tangents` and the result look alike.

    >>> import autograd as ag
    >>> x, v = ag.tensor([1.0, 2.0]), ag.tensor([1.0, 1.0])
    >>> ag.func.hvp(lambda x: (x**3).sum(), x, v)
    tensor([ 6., 12.])
    """
    single = not isinstance(primals, tuple)
    args = (primals,) if single else primals
    inputs = _Inputs("hvp", args, tuple(range(len(args))))
    directions, _ = flatten((tangents,) if single else tuple(tangents))
    _same_structure("hvp", "tangents", directions, inputs.leaves)
    value = inputs.call(function, {})
    if not isinstance(value, Tensor) or value.size != 1:
        raise GraphError(f"hvp: the function must return one element, got {_describe(value)}")
    slopes = _pull_back([value], inputs.leaves, [None], create_graph=True)
    pairs = [(s, _as_tensor(d)) for s, d in zip(slopes, directions, strict=True) if s.requires_grad]
    curved = (
        _pull_back([s for s, _ in pairs], inputs.leaves, [d for _, d in pairs], inputs.nested)
        if pairs
        else [Tensor(np.zeros_like(leaf.data)) for leaf in inputs.leaves]
    )
    arranged = inputs.arrange(curved)
    return arranged[0] if single else arranged


def vmap(function: Function, in_axes: Any = 0, out_axes: int = 0) -> Function:
    """The function applied to each slice along an axis, the results stacked along `out_axes`.

    `in_axes` is an axis, or one per argument (None: the argument goes to every call whole). This
    is a loop, not a batched computation: as right as the function itself, and as slow as as many
    calls of it.

    >>> import autograd as ag
    >>> ag.func.vmap(lambda row, w: (row * w).sum(), (0, None))(ag.ones((3, 2)), 2.0)
    tensor([4., 4., 4.])
    """

    def evaluate(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple | list) else [in_axes] * len(args)
        if len(axes) != len(args):
            raise ArgumentError(f"vmap: {len(args)} arguments but {len(axes)} in_axes")
        moved = [
            arg if axis is None else ops.moveaxis(arg, axis, 0)
            for arg, axis in zip(args, axes, strict=True)
        ]
        sizes = {len(m) for m, axis in zip(moved, axes, strict=True) if axis is not None}
        if len(sizes) != 1:
            raise ShapeError(f"vmap: the mapped axes must have one length, got {sorted(sizes)}")
        results = [
            function(*(m if axis is None else m[i] for m, axis in zip(moved, axes, strict=True)))
            for i in range(sizes.pop())
        ]
        if not results:
            raise ShapeError("vmap: there is nothing to map over, the mapped axis has length 0")
        _, rebuild = flatten(results[0])
        columns = zip(*(flatten(result)[0] for result in results), strict=True)
        return rebuild([ops.stack(list(column), axis=out_axes) for column in columns])

    return evaluate


class _Inputs:
    """The arguments of a transformed function, those at `argnums` as Tensors to differentiate by.

    An argument that requires a gradient itself stays connected (`nested`), so that the derivative
    can be differentiated by it once more.
    """

    def __init__(self, transform: str, args: Sequence[Any], argnums: Positions):
        self.single = isinstance(argnums, int)
        positions: tuple[int, ...] = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        for position in positions:
            if not -len(args) <= position < len(args):
                raise ArgumentError(
                    f"{transform}: argnums names argument {position}, but {len(args)} were given"
                )
        self.args = list(args)
        self.leaves: list[Tensor] = []
        self.nested = any(
            isinstance(leaf, Tensor) and leaf.requires_grad
            for arg in args
            for leaf in flatten(arg)[0]
        )
        self.rebuilds = []
        for position in positions:
            leaves, rebuild = flatten(args[position])
            variables = [_variable(leaf, transform) for leaf in leaves]
            self.rebuilds.append((rebuild, len(leaves)))
            self.leaves += variables
            self.args[position] = rebuild(variables)

    def call(self, function: Function, kwargs: dict[str, Any]) -> Any:
        with enable_grad():
            return function(*self.args, **kwargs)

    def arrange(self, found: Sequence[Any]) -> Any:
        """A flat list with one entry per leaf, in the structure of the arguments."""
        arranged, start = [], 0
        for rebuild, count in self.rebuilds:
            arranged.append(rebuild(found[start : start + count]))
            start += count
        return arranged[0] if self.single else tuple(arranged)

    def released(self, value: Any) -> Any:
        """An output without its graph, unless an outer transform needs that."""
        return value if self.nested or not isinstance(value, Tensor) else value.detach()


def _variable(value: Any, transform: str) -> Tensor:
    """`value` as a Tensor of its own place in the graph that requires a gradient."""
    tensor = _as_tensor(value)
    if tensor.dtype.kind != "f":
        raise DTypeError(
            f"{transform}: an argument of dtype {tensor.dtype} cannot be differentiated by; "
            "pass floats"
        )
    if tensor.requires_grad:
        with enable_grad():
            return ops.copy(tensor)
    return Tensor(tensor.data, requires_grad=True)


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value)


def _pull_back(
    outputs: Sequence[Any],
    inputs: Sequence[Tensor],
    seeds: Sequence[Any],
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> list[Tensor]:
    """`gradients`, with zeros for inputs and outputs that are not connected."""
    connected = [
        (out, seed)
        for out, seed in zip(outputs, seeds, strict=True)
        if isinstance(out, Tensor) and out.requires_grad
    ]
    found: Sequence[Tensor | None] = [None] * len(inputs)
    if connected:
        roots, given = zip(*connected, strict=True)
        found = gradients(roots, inputs, given, retain_graph, create_graph, allow_unused=True)
    return [
        Tensor(np.zeros_like(x.data)) if g is None else g
        for g, x in zip(found, inputs, strict=True)
    ]


def _split_aux(transform: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise GraphError(
            f"{transform}: with has_aux the function returns (value, aux), got {_describe(result)}"
        )
    return result


def _same_structure(
    transform: str, what: str, given: Sequence[Any], wanted: Sequence[Tensor]
) -> None:
    shapes = [np.shape(g.data if isinstance(g, Tensor) else g) for g in given]
    expected = [w.shape for w in wanted]
    if shapes != expected:
        raise ShapeError(f"{transform}: {what} must have shapes {expected}, got {shapes}")


def _describe(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a Tensor of shape {value.shape}"
    return type(value).__name__
