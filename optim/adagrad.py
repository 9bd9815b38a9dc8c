"""Adagrad: the gradient divided by the root of the sum of its squares so far."""

from __future__ import annotations

import numpy as np

from optim import compiled
from optim.groups import Params
from optim.optimizer import Array, Optimizer, Scratch, Settings, State, objective_gradient
from optim.settings import LearningRate, given

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """w ← w - lr / (1 + (t - 1)·lr_decay)·g / (√s + eps), with the sum s ← s + g².

    g is the gradient plus weight_decay·w, t = 1, 2, ... the step of each parameter; s begins at
    `initial_accumulator_value`. `maximize` climbs.

    Raises what `Optimizer` does. Source: Duchi, Hazan and Singer, "Adaptive subgradient methods
    for online learning and stochastic optimization" (2011).

    >>> import autograd as ag
    >>> w = ag.tensor([1.0, -100.0], requires_grad=True)
    >>> opt = Adagrad([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([  0.5, -99.5], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    @staticmethod
    def initial_state(settings: Settings) -> dict[str, float]:
        """The sum of squares."""
        return {"sum": settings["initial_accumulator_value"]}

    @staticmethod
    def update(
        w: Array, g: Array, state: State, settings: Settings, step: int, scratch: Scratch
    ) -> None:
        """One step, in place."""
        g = objective_gradient(w, g, settings, scratch)
        total, root = state["sum"], scratch[1]
        lr = settings["lr"] / (1 + (step - 1) * settings["lr_decay"])
        np.add(total, np.multiply(g, g, out=root), out=total)
        np.add(np.sqrt(total, out=root), settings["eps"], out=root)
        change = np.multiply(g, lr, out=scratch[0])
        np.subtract(w, np.divide(change, root, out=change), out=w)

    compiled = staticmethod(compiled.adagrad)
