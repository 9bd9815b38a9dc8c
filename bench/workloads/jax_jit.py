"""Training steps in JAX, the whole step compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from bench.workloads import tasks


def forward(layers: Sequence[tasks.Layer], parameters: Iterator[Any], x: Any) -> Any:
    for kind, *sizes in layers:
        if kind == "linear":
            w, b = next(parameters), next(parameters)
            x = x @ w.T + b
        elif kind == "matmul":
            x = x @ next(parameters)
        elif kind == "conv":
            stride, padding = sizes[3:5]
            x = jax.lax.conv_general_dilated(
                x, next(parameters), (stride, stride), [(padding, padding)] * 2,
                dimension_numbers=("NCHW", "OIHW", "NCHW"),
            )  # fmt: skip
            x = x if "no bias" in sizes else x + next(parameters)[:, None, None]
        elif kind == "batch_norm":
            w, b = next(parameters)[:, None, None], next(parameters)[:, None, None]
            mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
            x = (x - mean) * jax.lax.rsqrt(var + 1e-5) * w + b
        elif kind == "block":
            first, second, shortcut = tasks.block_layers(*sizes)
            inner = forward(second, parameters, forward(first, parameters, x))
            x = jax.nn.relu(inner + forward(shortcut, parameters, x))
        elif kind == "max_pool":
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        elif kind == "mean_pool":
            x = x.mean((2, 3))
        elif kind == "flatten":
            x = x.reshape(len(x), -1)
        elif kind == "gelu":
            x = jax.nn.gelu(x, approximate=False)
        else:
            x = getattr(jax.nn, kind)(x)
    return x


def loss_of(task: tasks.Task, out: Any, y: Any) -> Any:
    if task.loss == "squares":
        return jnp.square(out - y).sum()
    if task.loss == "logistic":
        return (jax.nn.softplus(out) - out * y).mean()
    return -jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], 1).mean()


def updated(task: tasks.Task, values: Any, gradients: Any, state: Any) -> tuple[Any, Any]:
    """New parameters and state, in PyTorch's form of the rules."""
    if task.optimizer == "sgd":
        return [w - task.lr * g for w, g in zip(values, gradients, strict=True)], state
    if task.optimizer == "momentum":
        v = [0.9 * v + g for v, g in zip(state["v"], gradients, strict=True)]
        return [w - task.lr * v for w, v in zip(values, v, strict=True)], {"v": v}
    t = state["t"] + 1
    m = [0.9 * m + 0.1 * g for m, g in zip(state["m"], gradients, strict=True)]
    v = [0.999 * v + 0.001 * g * g for v, g in zip(state["v"], gradients, strict=True)]
    scale, root = task.lr / (1 - 0.9**t), jnp.sqrt(1 - 0.999**t)
    new = [
        w - scale * m / (jnp.sqrt(v) / root + 1e-8) for w, m, v in zip(values, m, v, strict=True)
    ]
    return new, {"t": t, "m": m, "v": v}


def step(task: tasks.Task) -> Callable[[], Any]:
    """A training step, complete when it returns."""
    if task.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    x, y = map(jnp.asarray, tasks.data(task))
    values = [jnp.asarray(w) for w in tasks.weights(task)]
    zeros = [jnp.zeros_like(w) for w in values]
    state: Any = {"t": jnp.zeros(()), "m": zeros, "v": [z + 0 for z in zeros]}
    if task.optimizer == "momentum":
        state = {"v": zeros}

    def objective(values: Any) -> Any:
        return loss_of(task, forward(task.layers, iter(values), x), y)

    @jax.jit
    def compiled(values: Any, state: Any) -> tuple[Any, Any, Any]:
        loss, gradients = jax.value_and_grad(objective)(values)
        return (loss, *updated(task, values, gradients, state))

    def run() -> Any:
        nonlocal values, state
        loss, values, state = compiled(values, state)
        jax.block_until_ready(values)
        return loss

    return run
