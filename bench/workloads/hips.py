"""Training steps in HIPS autograd: imported as `autograd` too, it needs its own environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
from bench.workloads import tasks


def step(task: tasks.Task) -> Callable[[], Any]:
    """A training step of a network without convolutions."""
    known = ("linear", "matmul", "relu", "sigmoid", "flatten")
    if any(layer[0] not in known for layer in task.layers):
        raise NotImplementedError("it has no convolution, pooling or erf of its own")
    x, y = tasks.data(task)
    values = tasks.weights(task)
    m, v = ([anp.zeros_like(w) for w in values] for _ in range(2))
    steps = 0

    def objective(values: Any) -> Any:
        out, parameters = x, iter(values)
        for kind, *_ in task.layers:
            if kind == "linear":
                out = anp.dot(out, next(parameters).T) + next(parameters)
            elif kind == "matmul":
                out = anp.dot(out, next(parameters))
            elif kind == "relu":
                out = anp.maximum(out, 0)
            elif kind == "sigmoid":
                out = 0.5 * anp.tanh(0.5 * out) + 0.5  # its exp's gradient overflows
        if task.loss == "squares":
            return anp.sum(anp.square(out - y))
        if task.loss == "logistic":
            softplus = anp.maximum(out, 0) + anp.log1p(anp.exp(-anp.abs(out)))
            return anp.mean(softplus - out * y)
        shifted = out - anp.max(out, axis=1, keepdims=True)
        log_sum = anp.log(anp.sum(anp.exp(shifted), axis=1))
        return anp.mean(log_sum - shifted[anp.arange(len(y)), y])

    value_and_grad = autograd.value_and_grad(objective)  # type: ignore[attr-defined]

    def run() -> Any:
        nonlocal steps
        loss, gradients = value_and_grad(values)
        steps += 1
        for w, g, m_, v_ in zip(values, gradients, m, v, strict=True):
            if task.optimizer == "adam":
                m_ += 0.1 * (g - m_)
                v_ += 0.001 * (g * g - v_)
                root = anp.sqrt(v_) / (1 - 0.999**steps) ** 0.5 + 1e-8
                w -= task.lr / (1 - 0.9**steps) * m_ / root
            elif task.optimizer == "momentum":
                m_ *= 0.9
                m_ += g
                w -= task.lr * m_
            else:
                w -= task.lr * g
        return loss

    return run


def chain(count: int) -> Callable[[], Any]:
    """`count` operations on 10 floats, forward and backward."""
    x = anp.arange(10, dtype=anp.float32) * anp.float32(0.1)

    def value(x: Any) -> Any:
        for _ in range(count // 2):
            x = x * 1.001 + 0.1
        return anp.sum(x)

    gradient = autograd.grad(value)
    return lambda: gradient(x)
