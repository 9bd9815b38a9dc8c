"""Training steps in plain NumPy, derivatives worked out by hand, as on the lecture's slide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.workloads import tasks


def step(task: tasks.Task) -> Callable[[], Any]:
    """The lecture's two-layer net, or logistic regression."""
    x, y = tasks.data(task)
    if task.loss == "squares" and task.layers == tasks.LECTURE:
        return _lecture(x, y, task.lr, *tasks.weights(task))
    if task.loss == "logistic":
        return _logistic(x, y, task.lr, *tasks.weights(task))
    raise NotImplementedError("only the nets that people write out by hand")


def _lecture(
    x: np.ndarray, y: np.ndarray, lr: float, w1: np.ndarray, w2: np.ndarray
) -> Callable[[], Any]:
    def run() -> Any:
        nonlocal w1, w2
        h = 1.0 / (1.0 + np.exp(-x.dot(w1)))
        y_pred = h.dot(w2)
        loss = np.square(y_pred - y).sum()
        dy_pred = 2.0 * (y_pred - y)
        dw2 = h.T.dot(dy_pred)
        dh = dy_pred.dot(w2.T)
        dw1 = x.T.dot(dh * h * (1 - h))
        w1 -= lr * dw1
        w2 -= lr * dw2
        return loss

    return run


def _logistic(
    x: np.ndarray, y: np.ndarray, lr: float, w: np.ndarray, b: np.ndarray
) -> Callable[[], Any]:
    def run() -> Any:
        nonlocal w, b
        z = x.dot(w.T) + b
        loss = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).mean()
        dz = (1 / (1 + np.exp(-z)) - y) / len(y)
        w -= lr * dz.T.dot(x)
        b -= lr * dz.sum(axis=0)
        return loss

    return run
