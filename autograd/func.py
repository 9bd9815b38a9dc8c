"""Derivatives as functions of functions: grad, vjp, jvp, Jacobians, Hessians.

Arguments may be Tensors, arrays, numbers, or nested dicts, lists and tuples of them; derivatives
come in the same structure. Plain in, plain out: of an array the derivative is an array, of a number
a number, of the same precision (a Python float is float64), of a Tensor a Tensor.

Everything composes: `hessian(f)` is `jacobian(grad(f))`. Where a function captures, or is given,
something that requires a gradient itself, results are Tensors that keep their graph, so that
transforms nest, and a loss that uses one is differentiated through it. Inside `no_grad()` they do
not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from autograd.engine.backprop import gradients
from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError
from autograd.support.arguments import one_of
from autograd.support.lazy_names import later
from autograd.support.pytree import flatten
from autograd.support.unknown_names import name_arguments_in
from autograd.transforms.batching import vmap
from autograd.transforms.jacobians import by_columns, by_rows
from autograd.transforms.stateless import functional_call
from autograd.transforms.variables import (
    Call,
    Function,
    Positions,
    check_argnums,
    check_function,
    connected,
    describe,
    directions,
    pull_back,
    variable,
)

if TYPE_CHECKING:
    from autograd.engine.annotations import Data

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


@overload
def grad(
    outputs: Function, *, argnums: Positions = 0, has_aux: bool = False
) -> Callable[..., Any]: ...
@overload
def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Data | Sequence[Data | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: Literal[False] = False,
) -> tuple[Tensor, ...]: ...
@overload
def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Data | Sequence[Data | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    allow_unused: bool,
) -> tuple[Tensor | None, ...]: ...
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


def value_and_grad(
    function: Function, argnums: Positions = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """The function x ↦ (f(x), ∇f(x)) with respect to argument `argnums`.

    >>> import autograd as ag
    >>> value, slope = ag.func.value_and_grad(lambda x: x**2)(5.0)
    >>> value.item(), slope.item()
    (25.0, 10.0)
    """
    check_function("grad", function)
    argnums = check_argnums("grad", argnums)

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        call = Call("grad", args, kwargs, argnums)
        result, aux = call.run(function, has_aux)
        value = call.one_element(result)
        record = call.outside(value)
        aux, aux_kept = call.released(aux)  # its graph may be part of the value's
        slopes = call.pull([value], [None], record, retain_graph=aux_kept)
        value = call.result(value, record)
        return (value, aux) if has_aux else value, call.arrange(slopes)

    return evaluate


@overload
def vjp(
    function: Function, *primals: Any, has_aux: Literal[False] = False
) -> tuple[Any, Callable[..., Any]]: ...
@overload
def vjp(
    function: Function, *primals: Any, has_aux: bool
) -> tuple[Any, Callable[..., Any], Any]: ...
def vjp(function: Function, *primals: Any, has_aux: bool = False) -> Any:
    """`(f(*primals), pullback)`: the pullback maps ū to ūᵀJ, a tuple with one entry per primal.

    The pullback can be called again. With `has_aux`, returns (value, pullback, aux).

    >>> import autograd as ag
    >>> value, pullback = ag.func.vjp(lambda x: x * x, ag.tensor([1.0, 2.0]))
    >>> pullback(ag.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    check_function("vjp", function)
    if not primals:
        raise ArgumentError("vjp: the arguments of the function are missing")
    call = Call("vjp", primals, {}, own=True)
    result, aux = call.run(function, has_aux)
    outputs = call.outputs(result)
    nested = call.outside(*outputs)

    def pullback(cotangent: Any) -> Any:
        seeds = directions("vjp", "the cotangent", cotangent, result, outputs)
        record = is_grad_enabled() and (nested or connected(seeds))
        found = call.pull(outputs, seeds, record, retain_graph=True)
        return call.arrange(found, keep_graph=connected(seeds))

    value = call.results(result, outputs)
    return (value, pullback, call.released(aux)[0]) if has_aux else (value, pullback)


def jvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """`(f(*primals), J ẋ)`: the derivative of f in the direction of the tangents.

    Computed by reverse mode twice: the pullback ū ↦ ūᵀJ is linear in ū, and its own pullback,
    taken at ẋ, is J ẋ.

    >>> import autograd as ag
    >>> _, slope = ag.func.jvp(lambda x: x**2, [ag.tensor([1.0, 3.0])], [ag.tensor([1.0, 0.0])])
    >>> slope
    tensor([2., 0.])
    """
    check_function("jvp", function)
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, list | tuple):
            raise DTypeError(
                f"jvp: {name} must be a tuple with one entry per argument, got {describe(given)}"
            )
    call = Call("jvp", primals, {})
    seeds = directions("jvp", "tangents", tangents, primals, call.leaves)
    result, _ = call.run(function)
    outputs = call.outputs(result)
    record = call.recording and (call.outside(*outputs) or connected(seeds))
    probes = [variable(np.zeros(out.shape, out.dtype)) for out in outputs]
    pulled = pull_back(outputs, call.leaves, probes, call.born, record=True)
    pushed = pull_back(pulled, probes, seeds, call.born, record)
    return call.results(result, outputs), call.results(result, pushed)


def jacobian(
    function: Function, argnums: Positions = 0, mode: Literal["auto", "reverse", "forward"] = "auto"
) -> Function:
    """The function x ↦ J with J[i..., j...] = ∂f(x)[i...] / ∂x[j...].

    Shape: output shape + input shape. Of nested outputs and inputs, the structure of the outputs
    with that of the inputs in each place. "reverse" takes one pullback per output element,
    "forward" one derivative per input element (each twice the work); "auto" the cheaper of the two.

    >>> import autograd as ag
    >>> ag.func.jacobian(lambda x: x * x)(ag.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    check_function("jacobian", function)
    argnums = check_argnums("jacobian", argnums)
    one_of("jacobian", "mode", mode, ("auto", "reverse", "forward"))

    def evaluate(*args: Any, **kwargs: Any) -> Any:
        call = Call("jacobian", args, kwargs, argnums)
        result, _ = call.run(function)
        outputs = call.outputs(result)
        inward = sum(leaf.size for leaf in call.leaves)
        outward = sum(out.size for out in outputs)
        forward = mode == "forward" or (mode == "auto" and 2 * inward < outward)
        record = call.outside(*outputs)
        if forward:
            blocks = by_columns(outputs, call.leaves, call.born, record)
        else:
            pull = partial(call.pull, record=record, retain_graph=True)
            blocks = by_rows(outputs, call.leaves, pull)
        return flatten(result)[1]([call.arrange(row) for row in blocks])

    return evaluate


def hessian(function: Function, argnums: Positions = 0) -> Function:
    """The function x ↦ H with H[i..., j...] = ∂²f(x) / ∂x[i...] ∂x[j...].

    Of several or nested arguments the blocks of mixed derivatives: the structure of the arguments
    with the same structure in each place.

    >>> import autograd as ag
    >>> ag.func.hessian(lambda x: (x**3).sum())(ag.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    >>> ag.func.hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 1.0})["a"]["b"].item()
    6.0
    """
    check_function("hessian", function)
    argnums = check_argnums("hessian", argnums)
    return jacobian(_gradient_function(function, argnums, has_aux=False), argnums, mode="reverse")


def hvp(function: Function, primals: Any, tangents: Any) -> Any:
    """H v, the Hessian of f at the primals times the tangents, without the Hessian.

    Hv = ∇⟨∇f(x), v⟩: two backward passes. `primals` is a tuple of f's arguments (or its only
    argument, which may be a nested structure); `tangents` and the result look alike.

    >>> import autograd as ag
    >>> x, v = ag.tensor([1.0, 2.0]), ag.tensor([1.0, 1.0])
    >>> ag.func.hvp(lambda x: (x**3).sum(), x, v)
    tensor([ 6., 12.])
    """
    check_function("hvp", function)
    single = type(primals) is not tuple
    call = Call("hvp", (primals,) if single else primals, {}, 0 if single else None)
    seeds = directions("hvp", "tangents", tangents, primals, call.leaves)
    value = call.one_element(call.run(function)[0])
    record = call.recording and (call.outside(value) or connected(seeds))
    slopes = pull_back([value], call.leaves, [None], call.born, record=True)
    return call.arrange(call.pull(slopes, seeds, record))


name_arguments_in(globals(), __all__)

if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later("autograd.func")
