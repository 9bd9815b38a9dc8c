"""What several update rules have in common."""

from __future__ import annotations

import numpy as np

from optim.optimizer import Scratch, Settings

__all__ = ["objective_gradient"]


def objective_gradient(
    w: np.ndarray, g: np.ndarray, settings: Settings, scratch: Scratch
) -> np.ndarray:
    """The gradient of what is minimised: ±g + weight_decay·w; `g` itself, or in `scratch[0]`.

    >>> w, g, scratch = np.array([2.0]), np.array([1.0]), (np.empty(1), np.empty(1))
    >>> objective_gradient(w, g, {"maximize": True, "weight_decay": 0.25}, scratch)
    array([-0.5])
    """
    if settings["maximize"]:
        g = np.negative(g, out=scratch[0])
    if settings["weight_decay"]:
        decay = np.multiply(w, settings["weight_decay"], out=scratch[1])
        g = np.add(g, decay, out=scratch[0])
    return g
