"""Adam, and AdamW with weight decay apart from the gradient."""

from __future__ import annotations

import math

import numpy as np

from optim import compiled
from optim.groups import Params
from optim.optimizer import Array, Optimizer, Scratch, Settings, State, objective_gradient
from optim.settings import LearningRate, given

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """w ← w - lr·m̂ / (√v̂ + eps), with running means m of the gradient and v of its square.

    m ← β₁·m + (1 - β₁)·g, m̂ = m / (1 - β₁ᵗ); v ← β₂·v + (1 - β₂)·g², v̂ = v / (1 - β₂ᵗ), in step
    t = 1, 2, ... of each parameter. g is the gradient plus weight_decay·w, or with
    `decoupled_weight_decay` the gradient alone, and w ← w - lr·weight_decay·w first. `amsgrad`
    divides by the largest v so far. `maximize` climbs.

    Raises what `Optimizer` does. Source: Kingma and Ba, "Adam: a method for stochastic
    optimization" (2015); Reddi et al., "On the convergence of Adam and beyond" (2018).

    >>> import autograd as ag
    >>> w = ag.tensor([1.0, -100.0], requires_grad=True)
    >>> opt = Adam([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.data.round(6)
    array([  0.5, -99.5], dtype=float32)
    """

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    @staticmethod
    def initial_state(settings: Settings) -> dict[str, float]:
        """m, v, and with amsgrad the largest v."""
        means = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
        return means | {"max_exp_avg_sq": 0.0} if settings["amsgrad"] else means

    @staticmethod
    def update(
        w: Array, g: Array, state: State, settings: Settings, step: int, scratch: Scratch
    ) -> None:
        """One step, in place."""
        lr, (beta1, beta2) = settings["lr"], settings["betas"]
        decay = settings["weight_decay"]
        if decay and settings["decoupled_weight_decay"]:
            np.multiply(w, 1 - lr * decay, out=w)
            settings = {**settings, "weight_decay": 0.0}
        g = objective_gradient(w, g, settings, scratch)
        m, v, temporary = state["exp_avg"], state["exp_avg_sq"], scratch[1]

        np.subtract(g, m, out=temporary)  # m + (1 - β₁)(g - m), as PyTorch rounds it
        np.add(m, np.multiply(temporary, 1 - beta1, out=temporary), out=m)

        np.multiply(g, 1 - beta2, out=temporary)
        np.multiply(temporary, g, out=temporary)
        np.add(np.multiply(v, beta2, out=v), temporary, out=v)

        if settings["amsgrad"]:
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        denominator = np.sqrt(v, out=temporary)
        np.divide(denominator, math.sqrt(1 - beta2**step), out=denominator)
        np.add(denominator, settings["eps"], out=denominator)
        change = np.multiply(m, lr / (1 - beta1**step), out=scratch[0])
        np.subtract(w, np.divide(change, denominator, out=change), out=w)

    compiled = staticmethod(compiled.adam)


class AdamW(Adam):
    """`Adam` with decoupled weight decay: w ← w - lr·weight_decay·w, then Adam's step.

    Raises what `Optimizer` does. Source: Loshchilov and Hutter, "Decoupled weight decay
    regularization" (2019).

    >>> import autograd as ag
    >>> w = ag.tensor([1.0], requires_grad=True)
    >>> AdamW([w]).param_groups[0]["weight_decay"]
    0.01
    """

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
        )
