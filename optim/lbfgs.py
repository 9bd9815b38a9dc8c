"""L-BFGS: a quasi-Newton method for the whole batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import GraphError
from optim.groups import Params
from optim.line_search import Trial, strong_wolfe
from optim.settings import LearningRate, Settings, given
from optim.whole_vector import Closure, Memory, WholeVectorOptimizer, gather, number_of, put

__all__ = ["LBFGS", "two_loop"]


class LBFGS(WholeVectorOptimizer):
    """x ← x + t·d with d = -H g; H is made of the last `history_size` steps and gradient changes.

    `step(closure)` makes up to `max_iter` iterations and returns the loss before the first. The
    closure calls `zero_grad`, computes the loss and its gradients (`backward`), and returns the
    loss; it must be the same function at every call: the whole batch, no dropout.

    t = `lr` (for the very first iteration lr·min(1, 1/|g|₁)), or with
    `line_search_fn="strong_wolfe"`, which is what to use, a length that satisfies the strong Wolfe
    conditions. A step ends when max |g| ≤ `tolerance_grad`, when the loss or a parameter moves by
    less than `tolerance_change`, or after `max_eval` evaluations (5/4 max_iter by default).

    Without a line search, a step to where the loss is not finite is taken back and the history
    forgotten. Any error in the closure leaves the parameters as they were before `step`.

    Raises what `Optimizer` does; `ArgumentError` for several parameter groups; `GraphError` if the
    loss at the start is not finite. Source: Liu and Nocedal, "On the limited memory BFGS method
    for large scale optimization" (1989); interface as in PyTorch.

    >>> import numpy as np
    >>> import autograd as ag
    >>> w = ag.tensor(np.array([-1.2, 1.0]), requires_grad=True)
    >>> opt = LBFGS([w], max_iter=100, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     opt.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> round(opt.step(closure).item(), 6)
    24.2
    >>> w.data.round(4)
    array([1., 1.])
    """

    empty_memory: Memory = {
        "steps": None,  # (n, size) array, oldest first
        "changes": None,  # (n, size): of the gradient, over those steps
        "last_step": None,  # (size,): not yet in the history
        "last_gradient": None,  # (size,): where it began
        "iterations": 0,
        "evaluations": 0,
        "size": None,
    }

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        super().__init__(params, given(locals()))

    def advance(
        self, closure: Closure, tensors: list[Tensor], settings: Settings, memory: Memory
    ) -> Any:
        """Up to `max_iter` iterations."""
        dtype = np.result_type(*[tensor.dtype for tensor in tensors])
        x = gather(tensors, tensors, dtype)
        memory["size"] = x.size
        most = settings["max_eval"] or settings["max_iter"] * 5 // 4
        evaluations = 0

        def evaluate() -> tuple[Any, float, np.ndarray]:
            nonlocal evaluations
            evaluations += 1
            loss = closure()
            return (
                loss,
                number_of("LBFGS.step", loss),
                gather([t.grad for t in tensors], tensors, dtype),
            )

        first, value, gradient = evaluate()
        if not math.isfinite(value) or not np.isfinite(gradient).all():
            raise GraphError(
                f"LBFGS.step: the loss is {value} and its gradient "
                f"{'finite' if np.isfinite(gradient).all() else 'not finite'} at the parameters "
                "as they stand; there is nowhere to go from there"
            )

        for iteration in range(settings["max_iter"]):
            if np.abs(gradient).max() <= settings["tolerance_grad"]:
                break
            direction = _direction(gradient, settings["history_size"], memory)
            slope = float(gradient @ direction)
            if slope > -settings["tolerance_change"]:
                break
            very_first = memory["iterations"] == 0
            shorter = min(1.0, 1 / float(np.abs(gradient).sum())) if very_first else 1.0
            t = settings["lr"] * shorter
            before, old = value, gradient
            last = iteration == settings["max_iter"] - 1

            if settings["line_search_fn"] == "strong_wolfe":

                def trial(t: float, x: Any = x, direction: Any = direction) -> Trial:
                    put(x + t * direction, tensors)
                    _, value, gradient = evaluate()
                    return Trial(t, value, float(gradient @ direction), gradient)

                longest = float(np.abs(direction).max())
                found, _ = strong_wolfe(
                    trial,
                    Trial(0.0, value, slope, gradient),
                    t,
                    shortest=settings["tolerance_change"] / longest,
                    precision=float(np.finfo(dtype).eps),
                )
                t, value, gradient = found.t, found.value, found.found
            else:
                put(x + t * direction, tensors)
                if not last:  # the next step begins with an evaluation in any case
                    _, value, gradient = evaluate()
                    if not math.isfinite(value) or not np.isfinite(gradient).all():
                        _forget(memory)
                        put(x, tensors)
                        break

            step = t * direction
            x = x + step
            put(x, tensors)
            if t == 0:  # no decrease along it: start again from the gradient
                _forget(memory)
                break
            memory["last_step"], memory["last_gradient"] = step, old
            memory["iterations"] += 1
            if evaluations >= most or np.abs(step).max() <= settings["tolerance_change"]:
                break
            if abs(value - before) < settings["tolerance_change"] and not last:
                break
        memory["evaluations"] += evaluations
        return first


def _direction(gradient: np.ndarray, history_size: int, memory: Memory) -> np.ndarray:
    """-H g, after the last step went into the history (if the loss is convex along it)."""
    if memory["last_step"] is not None:
        s, y = memory["last_step"], gradient - memory["last_gradient"]
        memory["last_step"] = memory["last_gradient"] = None
        if s @ y > np.finfo(gradient.dtype).eps * (y @ y):
            for name, vector in (("steps", s), ("changes", y)):
                known = memory[name]
                rows = vector[None] if known is None else np.concatenate([known, vector[None]])
                memory[name] = rows[-history_size:]
    if memory["steps"] is not None:
        direction = -two_loop(gradient, memory["steps"], memory["changes"])
        if direction @ gradient < 0:
            return direction
        _forget(memory)
    return -gradient


def two_loop(gradient: np.ndarray, steps: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """H g for the inverse Hessian that steps s and gradient changes y imply, oldest first.

    H₀ = (s·y / y·y) I of the newest pair (Nocedal and Wright 2006, algorithm 7.4).

    >>> import numpy as np
    >>> two_loop(np.array([4.0, 2.0]), np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]]))
    array([2., 1.])
    """
    pairs = [(s, y, 1 / float(s @ y)) for s, y in zip(steps, changes)]  # noqa: B905 - one each
    q, weights = gradient.copy(), []
    for s, y, r in reversed(pairs):
        weights.append(r * float(s @ q))
        q -= weights[-1] * y
    q *= float(steps[-1] @ changes[-1]) / float(changes[-1] @ changes[-1])
    for s, y, r in pairs:
        q += (weights.pop() - r * float(y @ q)) * s
    return q


def _forget(memory: Memory) -> None:
    for name in ("steps", "changes", "last_step", "last_gradient"):
        memory[name] = None
