"""Gauss-Newton with damping, for small least-squares problems."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd as ag
from autograd import Tensor
from autograd.curvature import flat_jacobian, flat_parameters
from autograd.errors import DTypeError, GraphError
from optim.blocks import QUIET
from optim.groups import Params
from optim.settings import LearningRate, Settings, given
from optim.whole_vector import Closure, Memory, WholeVectorOptimizer, put

__all__ = ["LevenbergMarquardt"]

#: What the damping becomes when a step without any was of no use.
_FIRST_DAMPING = 1e-3


class LevenbergMarquardt(WholeVectorOptimizer):
    """x ← x + lr·p with (JᵀJ + λD²) p = -Jᵀr, minimising ½|r(x)|².

    `step(closure)` is one iteration and returns ½|r|² before it. The closure computes the residuals
    r, a Tensor of any shape, from the parameters and returns them, without `backward()`. J = ∂r/∂x
    is formed, by rows (reverse mode) or by columns (forward), whichever is cheaper. D² is the
    largest diagonal of JᵀJ so far (Moré 1978); p is the least-squares solution of
    [J; √λ D] p = [-r; 0], which does not square J's condition number.

    λ starts at `damping`, falls where the model predicted well and rises until a trial lowers
    the sum (Nielsen 1999), up to `max_tries` times; if none does, the parameters stay.
    `damping=0` is the Gauss-Newton method, which is damped only after a step that fails.

    Raises as `LBFGS`.

    >>> import numpy as np
    >>> import autograd as ag
    >>> t = np.linspace(0, 2, 20)
    >>> y = 3 * np.exp(-0.7 * t)
    >>> w = ag.tensor(np.array([1.0, 0.0]), requires_grad=True)
    >>> opt = LevenbergMarquardt([w])
    >>> for _ in range(12):
    ...     half_square = opt.step(lambda: w[0] * ag.exp(w[1] * t) - y)
    >>> w.data.round(6)
    array([ 3. , -0.7])
    """

    empty_memory: Memory = {"damping": None, "growth": 2.0, "scale": None, "size": None}

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1.0,
        damping: float = 1e-3,
        max_tries: int = 20,
    ) -> None:
        super().__init__(params, given(locals()))

    def advance(
        self, closure: Closure, tensors: list[Tensor], settings: Settings, memory: Memory
    ) -> float:
        """One iteration."""
        residuals = _residuals(closure())
        r = residuals.data.astype(np.float64).ravel()
        before = float(r @ r) / 2
        if not np.isfinite(before):
            raise GraphError(
                "LevenbergMarquardt.step: the residuals are not finite at the parameters as they "
                "stand; there is nowhere to go from there"
            )
        jacobian = flat_jacobian(lambda: residuals, tensors)
        if not np.isfinite(jacobian).all():
            raise GraphError("LevenbergMarquardt.step: the residuals' derivatives are not finite")
        x = flat_parameters(tensors)
        squares = (jacobian**2).sum(axis=0)
        scale = squares if memory["scale"] is None else np.maximum(memory["scale"], squares)
        damping = settings["damping"] if memory["damping"] is None else memory["damping"]
        growth = memory["growth"]
        memory["size"], memory["scale"] = x.size, scale
        tiny = np.finfo(np.float64).eps * max(float(scale.max()), 1.0)

        for _ in range(settings["max_tries"]):
            diagonal = np.sqrt(damping * np.maximum(scale, tiny))
            step = settings["lr"] * _damped_solution(jacobian, r, diagonal)
            put(x + step, tensors)
            actual = flat_parameters(tensors) - x  # as it was rounded
            with ag.no_grad():
                trial = _residuals(closure()).data.astype(np.float64).ravel()
            after = float(QUIET.copy().run(np.matmul, trial, trial)) / 2
            predicted = before - float(np.sum((r + jacobian @ actual) ** 2)) / 2
            if after < before and predicted > 0:
                gain = (before - after) / predicted
                memory["damping"] = damping * max(1 / 3, 1 - (2 * gain - 1) ** 3)
                memory["growth"] = 2.0
                return before
            damping = damping * growth if damping else _FIRST_DAMPING
            growth *= 2
        put(x, tensors)
        return before


def _damped_solution(jacobian: np.ndarray, r: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """The least-squares solution of [J; diag] p = [-r; 0]."""
    matrix, wanted = jacobian, -r
    if diagonal.any():
        matrix = np.concatenate([jacobian, np.diag(diagonal)])
        wanted = np.concatenate([-r, np.zeros(len(diagonal))])
    # In a context of its own: what NumPy does on an error there ends with it, interrupted or not.
    solution: np.ndarray = QUIET.copy().run(np.linalg.lstsq, matrix, wanted)[0]
    return solution


def _residuals(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise DTypeError(
            f"LevenbergMarquardt.step: the closure returned {type(value).__name__}; it must "
            "return the residuals as a Tensor"
        )
    if value.size == 0:
        raise GraphError("LevenbergMarquardt.step: the closure returned no residual at all")
    if ag.is_grad_enabled() and not value.requires_grad:
        raise GraphError(
            "LevenbergMarquardt.step: the residuals were not computed from the parameters, or "
            "inside no_grad()"
        )
    return value
