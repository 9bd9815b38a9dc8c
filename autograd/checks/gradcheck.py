"""Checking derivatives against central differences, and saying whose rule is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.engine.backprop import gradients
from autograd.engine.source_lines import Source, caller
from autograd.engine.taps import Call, Tap
from autograd.engine.tensors import Tensor
from autograd.errors import DTypeError, GradCheckError
from autograd.support.arguments import flag, nonnegative, number, whole
from autograd.support.unknown_names import named_arguments

__all__ = ["check_grads"]


@dataclass(frozen=True)
class _Tolerance:
    eps: float
    rtol: float
    atol: float
    richardson: bool


@named_arguments
def check_grads(
    function: Callable[..., Any],
    inputs: Sequence[Any] | Any,
    *,
    order: int = 2,
    eps: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-6,
    richardson: bool = False,
    seed: int = 0,
) -> None:
    """Check the derivatives of `function(*inputs)` up to any `order` against central differences.

    The output is weighted with fixed random numbers u, and each element of the gradient of
    φ(x) = ⟨u, f(x)⟩ is compared with D(h) = (φ(x + h eᵢ) − φ(x − h eᵢ)) / 2h. For the next order
    the same is done to the recorded gradient, the mixed derivatives included. Float inputs are
    taken in float64; integer inputs are constants. `richardson` uses (4 D(h) − D(2h)) / 3 instead,
    whose error is of fourth order: take it with a larger `eps`, such as 1e-3.

    Raises `GradCheckError`, which names order, input and element; says so if the point looks like a
    kink (the slopes from left and right differ); and for a composite function names the op whose
    own rule disagrees, and the line that called it.

    >>> import numpy as np
    >>> import autograd as ag
    >>> ag.check_grads(lambda a, b: ag.tanh(a @ b), [np.eye(2), np.ones((2, 3))])
    """
    order = whole("check_grads", "order", order, 1)
    if not isinstance(inputs, list | tuple):
        inputs = [inputs]
    arrays = [np.array(x.data if isinstance(x, Tensor) else x) for x in inputs]
    arrays = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in arrays]
    if not any(x.dtype.kind == "f" for x in arrays):
        raise DTypeError("check_grads: none of the inputs is float")
    tolerance = _Tolerance(
        number("check_grads", "eps", eps),
        nonnegative("check_grads", "rtol", rtol),
        nonnegative("check_grads", "atol", atol),
        flag("check_grads", "richardson", richardson),
    )
    try:
        _check_order(
            function,
            arrays,
            1,
            order,
            tolerance,
            np.random.default_rng(whole("check_grads", "seed", seed, 0)),
        )
    except GradCheckError as error:
        culprits = _disagreeing_rules(function, arrays, order, tolerance)
        if culprits:
            raise GradCheckError(f"{error}\n{culprits}") from None
        raise


def _check_order(
    function: Callable[..., Any],
    arrays: list[np.ndarray],
    this_order: int,
    last_order: int,
    tolerance: _Tolerance,
    rng: np.random.Generator,
) -> None:
    floats = [i for i, x in enumerate(arrays) if x.dtype.kind == "f"]
    weights = rng.standard_normal(function(*_variables(arrays)).shape)

    def weighted(*tensors: Any) -> Tensor:
        return (function(*tensors) * weights).sum()

    def value(*moved: np.ndarray) -> float:
        return weighted(*_variables(moved)).item()

    def gradient(*tensors: Any, create_graph: bool) -> list[Any]:
        wanted = [tensors[i] for i in floats]
        found = gradients([weighted(*tensors)], wanted, [None], None, create_graph, True)
        return [
            g if g is not None else Tensor(np.zeros(x.shape))
            for g, x in zip(found, wanted, strict=True)
        ]

    for i, computed in zip(floats, gradient(*_variables(arrays), create_graph=False), strict=True):
        _check_input(value, arrays, i, computed.data, this_order, tolerance)
    if this_order == last_order:
        return

    mix = [rng.standard_normal(arrays[i].shape) for i in floats]

    def directional(*tensors: Any) -> Tensor:
        slopes = gradient(*tensors, create_graph=True)
        total: Any = sum((g * v).sum() for g, v in zip(slopes, mix, strict=True))
        return total + sum(0.0 * tensors[i].sum() for i in floats)

    _check_order(directional, arrays, this_order + 1, last_order, tolerance, rng)


def _variables(arrays: Sequence[np.ndarray]) -> list[Any]:
    return [Tensor(x, requires_grad=True) if x.dtype.kind == "f" else x for x in arrays]


def _check_input(
    value: Callable[..., float],
    arrays: Sequence[np.ndarray],
    which: int,
    computed: np.ndarray,
    order: int,
    tolerance: _Tolerance,
) -> None:
    def along(index: tuple[int, ...], step: float) -> float:
        moved = list(arrays)
        moved[which] = arrays[which].copy()
        moved[which][index] += step
        return value(*moved)

    estimated = np.zeros(computed.shape)
    for index in np.ndindex(*computed.shape):
        estimated[index] = _slope(lambda step, at=index: along(at, step), tolerance)  # type: ignore[misc]
    scale = max(1.0, float(np.abs(estimated).max(initial=0.0)))
    wrong = ~(np.abs(computed - estimated) <= tolerance.rtol * scale + tolerance.atol)
    if not wrong.any():
        return
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    message = (
        f"check_grads: derivative of order {order} with respect to input {which}: "
        f"{int(wrong.sum())} of {wrong.size} elements differ, the first at {index}: "
        f"the rule gives {computed[index]:.10g}, central differences {estimated[index]:.10g}"
    )
    left, right = _one_sided(lambda step: along(index, step), tolerance.eps)
    if abs(left - right) > 1e-2 * max(abs(left), abs(right)) + tolerance.atol:
        message += (
            f". This looks like a kink: the slope is {left:.6g} from the left and {right:.6g} from "
            "the right; move the input away from it"
        )
    raise GradCheckError(message)


def _slope(along: Callable[[float], float], tolerance: _Tolerance) -> float:
    h = tolerance.eps
    near = (along(h) - along(-h)) / (2 * h)
    if not tolerance.richardson:
        return near
    far = (along(2 * h) - along(-2 * h)) / (4 * h)
    return (4 * near - far) / 3


def _one_sided(along: Callable[[float], float], h: float) -> tuple[float, float]:
    """Slopes from the left and the right, of second order in h, so that curvature is no kink."""
    here = along(0.0)

    def slope(step: float) -> float:
        return (4 * along(step) - along(2 * step) - 3 * here) / (2 * step)

    return slope(-h), slope(h)


# -- whose rule is wrong -----------------------------------------------------------------------


class _Listening(Tap):
    """Notes the calls inside, and the line that caused each."""

    def __init__(self) -> None:
        self.calls: list[tuple[Call, Source]] = []

    def _on_result(self, call: Call) -> None:
        """Note a call."""
        self.calls.append((call, Source(*caller())))


def _disagreeing_rules(
    function: Callable[..., Any], arrays: list[np.ndarray], order: int, tolerance: _Tolerance
) -> str:
    """One line for each op that `function` calls whose own rule fails on the operands it got."""
    with _Listening() as listening:
        function(*_variables(arrays))
    if len(listening.calls) < 2:  # no composite: the first message says it all
        return ""
    found: list[str] = []
    for call, source in listening.calls:
        floats = [
            i
            for i, x in enumerate(call.values)
            if isinstance(x, np.ndarray) and x.dtype.kind == "f"
        ]

        def local(*tensors: Any, call: Call = call, floats: list[int] = floats) -> Tensor:
            operands = list(call.values)
            for i, tensor in zip(floats, tensors, strict=True):
                operands[i] = tensor
            out = call.op.call(*operands, **call.statics)
            return out[0] if isinstance(out, tuple) else out

        try:
            if floats:
                inputs = [call.values[i] for i in floats]
                rng = np.random.default_rng(0)
                _check_order(local, inputs, 1, order, tolerance, rng)
        except GradCheckError as error:
            where = f"the rule of op {call.op.name}, called at {source}, disagrees: "
            found.append(where + str(error).removeprefix("check_grads: "))
    return "\n".join(dict.fromkeys(found))
