"""Newton's method on Hessian-vector products, for small and middle-sized problems."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.curvature import (
    extreme_eigenvalues,
    flat_gradient,
    flat_parameters,
    quadratic_model,
)
from autograd.errors import GraphError
from optim.groups import Params
from optim.line_search import Trial, strong_wolfe
from optim.settings import LearningRate, Settings, given
from optim.whole_vector import Closure, Memory, WholeVectorOptimizer, number_of, put

__all__ = ["NewtonCG"]


class NewtonCG(WholeVectorOptimizer):
    """x ← x + t·p with H p ≈ -g, solved by conjugate gradients on Hessian-vector products.

    `step(closure)` is one iteration and returns the loss before it. The closure computes the loss
    from the parameters and returns it: without `backward()`, since the optimiser differentiates it
    twice. The residual of H p = -g goes down to min(`tolerance_cg`, √|g|)·|g|, so that
    convergence is superlinear, or for `max_cg` products (the number of parameters by default). t
    satisfies the strong Wolfe conditions; the first that is tried is `lr`.

    Where conjugate gradients meet a direction of negative curvature they stop with what they have;
    in the first iteration that is -g. A point with max |g| ≤ `tolerance_grad` is left only along an
    eigenvector of negative curvature, if there is one (found by Lanczos' method): saddles are no
    end. At a minimum `step` changes nothing.

    Raises as `LBFGS`. Source: Nocedal and Wright, "Numerical Optimization" (2006), algorithm 7.1.

    >>> import autograd as ag
    >>> w = ag.tensor([-1.2, 1.0], dtype="float64", requires_grad=True)
    >>> opt = NewtonCG([w])
    >>> for _ in range(30):
    ...     loss = opt.step(lambda: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2)
    >>> w.data.round(6)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1.0,
        max_cg: int | None = None,
        tolerance_cg: float = 1e-3,
        tolerance_grad: float = 1e-7,
    ) -> None:
        super().__init__(params, given(locals()))

    def advance(
        self, closure: Closure, tensors: list[Tensor], settings: Settings, memory: Memory
    ) -> Any:
        """One iteration."""
        precision = max(float(np.finfo(tensor.dtype).eps) for tensor in tensors)
        loss_of = _checked(closure)
        try:
            loss, gradient, product = quadratic_model(loss_of, tensors)
        except GraphError as error:
            error.add_note(
                "NewtonCG.step: the closure only returns the loss; it calls no backward()"
            )
            raise
        value = float(loss.item())
        if not math.isfinite(value) or not np.isfinite(gradient).all():
            raise GraphError(
                f"NewtonCG.step: the loss is {value} (or its gradient not finite) at the "
                "parameters as they stand; there is nowhere to go from there"
            )

        x = flat_parameters(tensors)
        if np.abs(gradient).max() <= settings["tolerance_grad"]:
            direction = _way_down(closure, tensors, gradient, precision)
            if direction is None:
                return loss
            _leave_saddle(closure, tensors, x, direction, value)
            return loss

        most = settings["max_cg"] or gradient.size
        norm = float(np.linalg.norm(gradient))
        enough = min(settings["tolerance_cg"], math.sqrt(norm)) * norm
        direction = conjugate_direction(product, gradient, most, enough)

        def trial(t: float) -> Trial:
            put(x + t * direction, tensors)
            reached = loss_of()
            g = flat_gradient(lambda: reached, tensors)
            return Trial(t, float(reached.item()), float(g @ direction))

        start = Trial(0.0, value, float(gradient @ direction))
        found, _ = strong_wolfe(trial, start, settings["lr"], precision=precision)
        put(x + found.t * direction, tensors)
        return loss


def conjugate_direction(
    product: Callable[[np.ndarray], np.ndarray], gradient: np.ndarray, most: int, enough: float
) -> np.ndarray:
    """p with |H p + g| ≤ `enough`, or as far as conjugate gradients get in `most` iterations.

    They stop with what they have where they meet negative curvature, with -g if that is at once.

    >>> import numpy as np
    >>> conjugate_direction(lambda v: 2 * v, np.array([2.0, 4.0]), most=2, enough=1e-9)
    array([-1., -2.])
    """
    p = np.zeros_like(gradient)
    residual = gradient.copy()
    direction = -residual
    squared = float(residual @ residual)
    for count in range(most):
        image = product(direction)
        curvature = float(direction @ image)
        if not curvature > 1e-14 * float(direction @ direction):
            return -gradient if count == 0 else p
        alpha = squared / curvature
        p = p + alpha * direction
        residual = residual + alpha * image
        before, squared = squared, float(residual @ residual)
        if math.sqrt(squared) <= enough:
            break
        direction = -residual + (squared / before) * direction
    return p


def _checked(closure: Closure) -> Callable[[], Tensor]:
    """The closure, with our word for what is no loss to differentiate."""

    def loss() -> Tensor:
        value = closure()
        number_of("NewtonCG.step", value)
        if not isinstance(value, Tensor) or not value.requires_grad:
            raise GraphError(
                "NewtonCG.step: the closure must return the loss as a Tensor that was computed "
                "from the parameters, outside no_grad()"
            )
        return value

    return loss


def _way_down(
    closure: Closure, tensors: list[Tensor], gradient: np.ndarray, precision: float
) -> np.ndarray | None:
    """A unit vector along which the loss curves down, if there is one."""
    found = extreme_eigenvalues(closure, tensors, steps=30)
    low, high = float(found.smallest[0]), float(found.largest[0])
    if low >= -math.sqrt(precision) * max(abs(low), abs(high)):
        return None
    direction = found.smallest_vectors[0]
    return -direction if gradient @ direction > 0 else direction


def _leave_saddle(
    closure: Closure,
    tensors: list[Tensor],
    x: np.ndarray,
    direction: np.ndarray,
    value: float,
) -> None:
    """Go along `direction` as far as the loss goes down, in steps that double, or else halve."""

    def at(t: float) -> float:
        put(x + t * direction, tensors)
        reached = number_of("NewtonCG.step", closure())
        return reached if math.isfinite(reached) else math.inf

    scale = max(1.0, float(np.linalg.norm(x)))
    t = 1e-2 * scale
    reached = at(t)
    for _ in range(25):
        if reached < value:
            break
        t /= 2
        reached = at(t)
    else:
        put(x, tensors)
        return
    while t < scale:
        further = at(2 * t)
        if further >= reached:
            break
        t, reached = 2 * t, further
    put(x + t * direction, tensors)
