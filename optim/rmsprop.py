"""RMSprop: the gradient divided by a running mean of its size."""

from __future__ import annotations

import numpy as np

from optim import compiled
from optim.groups import Params
from optim.optimizer import Array, Optimizer, Scratch, Settings, State, objective_gradient
from optim.settings import LearningRate, given

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """w ← w - lr·g / (√v + eps), with the running mean v ← α·v + (1 - α)·g².

    g is the gradient plus weight_decay·w. With `centered` v is made a variance: v - m², where
    m ← α·m + (1 - α)·g. With `momentum` b ← momentum·b + g / (√v + eps) and w ← w - lr·b.
    `maximize` climbs.

    Raises what `Optimizer` does. Source: Tieleman and Hinton, "Lecture 6.5: rmsprop" (2012);
    centred: Graves, "Generating sequences with recurrent neural networks" (2013).

    >>> import autograd as ag
    >>> w = ag.tensor([1.0, -100.0], requires_grad=True)
    >>> opt = RMSprop([w], lr=0.5, alpha=0.75)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([  0., -99.], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    @staticmethod
    def initial_state(settings: Settings) -> dict[str, float]:
        """v, and where they are used m and b."""
        wanted = {
            "square_avg": True,
            "momentum_buffer": settings["momentum"],
            "grad_avg": settings["centered"],
        }
        return {name: 0.0 for name, used in wanted.items() if used}

    @staticmethod
    def update(
        w: Array, g: Array, state: State, settings: Settings, step: int, scratch: Scratch
    ) -> None:
        """One step, in place."""
        g = objective_gradient(w, g, settings, scratch)
        alpha, v, root = settings["alpha"], state["square_avg"], scratch[1]

        np.multiply(g, 1 - alpha, out=root)
        np.multiply(root, g, out=root)
        np.add(np.multiply(v, alpha, out=v), root, out=v)
        if settings["centered"]:
            m = state["grad_avg"]
            np.subtract(g, m, out=root)
            np.add(m, np.multiply(root, 1 - alpha, out=root), out=m)
            np.subtract(v, np.multiply(m, m, out=root), out=root)
            np.sqrt(root, out=root)
        else:
            np.sqrt(v, out=root)
        np.add(root, settings["eps"], out=root)

        change = scratch[0]
        if settings["momentum"]:
            b = state["momentum_buffer"]
            np.divide(g, root, out=change)
            np.add(np.multiply(b, settings["momentum"], out=b), change, out=b)
            np.multiply(b, settings["lr"], out=change)
        else:
            np.multiply(g, settings["lr"], out=change)
            np.divide(change, root, out=change)
        np.subtract(w, change, out=w)

    compiled = staticmethod(compiled.rmsprop)
