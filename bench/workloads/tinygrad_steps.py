"""Training steps in tinygrad, the whole step captured by its JIT."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tinygrad import Tensor, TinyJit, nn

from bench.workloads import tasks


def forward(layers: Sequence[tasks.Layer], parameters: Iterator[Tensor], x: Tensor) -> Tensor:
    for kind, *sizes in layers:
        if kind == "linear":
            w, b = next(parameters), next(parameters)
            x = x.linear(w.T, b)
        elif kind == "matmul":
            x = x @ next(parameters)
        elif kind == "conv":
            w = next(parameters)
            b = None if "no bias" in sizes else next(parameters)
            x = x.conv2d(w, b, stride=sizes[3], padding=sizes[4])
        elif kind == "batch_norm":
            w, b = next(parameters), next(parameters)
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            x = x.batchnorm(w, b, mean, (var + 1e-5).rsqrt())
        elif kind == "block":
            first, second, shortcut = tasks.block_layers(*sizes)
            inner = forward(second, parameters, forward(first, parameters, x))
            x = (inner + forward(shortcut, parameters, x)).relu()
        elif kind == "max_pool":
            x = x.max_pool2d((2, 2))
        elif kind == "mean_pool":
            x = x.mean((2, 3))
        elif kind == "flatten":
            x = x.flatten(1)
        elif kind == "gelu":
            x = x * 0.5 * (1 + (x * 0.5**0.5).erf())
        else:
            x = getattr(x, kind)()
    return x


def step(task: tasks.Task) -> Callable[[], Any]:
    """A training step, complete when it returns."""
    inputs, wanted = tasks.data(task)
    x, y = Tensor(inputs).realize(), Tensor(wanted).realize()
    values = [Tensor(w).realize() for w in tasks.weights(task)]
    for value in values:
        value.requires_grad = True
    if task.optimizer == "adam":
        optimizer: Any = nn.optim.Adam(values, lr=task.lr)
    else:
        momentum = 0.9 if task.optimizer == "momentum" else 0.0
        optimizer = nn.optim.SGD(values, lr=task.lr, momentum=momentum)

    @TinyJit
    def captured() -> Tensor:
        optimizer.zero_grad()
        out = forward(task.layers, iter(values), x)
        if task.loss == "squares":
            loss = (out - y).square().sum()
        elif task.loss == "logistic":
            loss = out.binary_crossentropy_logits(y)
        else:
            loss = out.sparse_categorical_crossentropy(y)
        loss.backward()
        optimizer.step()
        return loss.realize()

    def run() -> Any:
        with Tensor.train():
            return captured().item()

    return run
