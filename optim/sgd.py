"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

import numpy as np

from optim import compiled
from optim.groups import Params
from optim.optimizer import Array, Optimizer, Scratch, Settings, State, objective_gradient
from optim.settings import LearningRate, given

__all__ = ["SGD"]


class SGD(Optimizer):
    """w ← w - lr·v with v ← momentum·v + (1 - dampening)·g; v = g in the first step with
    momentum.

    g is the gradient plus weight_decay·w (minus, if `maximize`: then the sum is climbed). With
    `nesterov` the step is along g + momentum·v. Without momentum v = g.

    Raises what `Optimizer` does. Source: Sutskever et al., "On the importance of initialization
    and momentum in deep learning" (2013), in PyTorch's form of the equations.

    >>> import autograd as ag
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> opt = SGD([w], lr=0.25, momentum=0.5)
    >>> for _ in range(2):
    ...     opt.zero_grad()
    ...     (w * w).sum().backward()
    ...     opt.step()
    >>> w
    tensor([0., 0.], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    @staticmethod
    def initial_state(settings: Settings) -> dict[str, float]:
        """The velocity v, if there is momentum."""
        return {"momentum_buffer": 0.0} if settings["momentum"] else {}

    @staticmethod
    def update(
        w: Array, g: Array, state: State, settings: Settings, step: int, scratch: Scratch
    ) -> None:
        """One step, in place."""
        g = objective_gradient(w, g, settings, scratch)
        momentum, temporary = settings["momentum"], scratch[1]
        if momentum:
            v = state["momentum_buffer"]
            if step == 1:
                np.copyto(v, g)
            else:
                np.multiply(v, momentum, out=v)
                if settings["dampening"]:
                    np.add(v, np.multiply(g, 1 - settings["dampening"], out=temporary), out=v)
                else:
                    np.add(v, g, out=v)
            if settings["nesterov"]:
                np.multiply(v, momentum, out=temporary)
                g = np.add(g, temporary, out=temporary)
            else:
                g = v
        np.multiply(g, settings["lr"], out=temporary)
        np.subtract(w, temporary, out=w)

    compiled = staticmethod(compiled.sgd)
    counts_from_state = True  # the first velocity is a gradient, whenever momentum is switched on
