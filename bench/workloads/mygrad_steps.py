"""Training steps in MyGrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet import conv_nd, max_pool, relu, sigmoid, softmax_crossentropy

from bench.workloads import tasks


def step(task: tasks.Task) -> Callable[[], Any]:
    """A training step of a network without batch normalisation or erf."""
    if any(layer[0] in ("batch_norm", "block", "gelu") for layer in task.layers):
        raise NotImplementedError("it has neither a trainable batch norm nor erf")
    x, y = tasks.data(task)
    values = [mg.tensor(w) for w in tasks.weights(task)]
    m, v = ([np.zeros_like(w.data) for w in values] for _ in range(2))
    steps = 0

    def objective() -> Any:
        out, parameters = mg.tensor(x, constant=True), iter(values)
        for kind, *sizes in task.layers:
            if kind == "linear":
                out = mg.matmul(out, next(parameters).T) + next(parameters)
            elif kind == "matmul":
                out = mg.matmul(out, next(parameters))
            elif kind == "conv":
                weight = next(parameters)
                out = conv_nd(out, weight, stride=sizes[3], padding=sizes[4])
                out = out + next(parameters).reshape(1, -1, 1, 1)
            elif kind == "max_pool":
                out = max_pool(out, (2, 2), 2)
            elif kind == "flatten":
                out = out.reshape(len(x), -1)
            else:
                out = {"relu": relu, "sigmoid": sigmoid}[kind](out)
        if task.loss == "squares":
            return ((out - y) ** 2).sum()
        if task.loss == "logistic":
            return mg.mean(mg.logaddexp(out, 0) - out * y)
        return softmax_crossentropy(out, y)

    def run() -> Any:
        nonlocal steps
        loss = objective()
        loss.backward()
        steps += 1
        for w, m_, v_ in zip(values, m, v, strict=True):
            g = w.grad
            if task.optimizer == "adam":
                m_ += 0.1 * (g - m_)
                v_ += 0.001 * (g * g - v_)
                root = np.sqrt(v_) / (1 - 0.999**steps) ** 0.5 + 1e-8
                w.data -= task.lr / (1 - 0.9**steps) * m_ / root
            elif task.optimizer == "momentum":
                m_ *= 0.9
                m_ += g
                w.data -= task.lr * m_
            else:
                w.data -= task.lr * g
            w.null_grad()
        return loss.item()

    return run


def chain(count: int) -> Callable[[], Any]:
    """`count` operations on 10 floats, forward and backward."""
    x = mg.tensor(np.arange(10, dtype=np.float32) * np.float32(0.1))

    def run() -> Any:
        y = x
        for _ in range(count // 2):
            y = y * 1.001 + 0.1
        loss = y.sum()
        loss.backward()
        return loss

    return run
