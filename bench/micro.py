"""Micro-benchmarks for contributors, in the form that `asv` collects: `time_*` methods.

    python -m bench.micro            all of them
    python -m bench.micro Losses     those whose name contains a word

asv runs this file as it is: the classes have `params`, `param_names` and `setup`.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import autograd as ag
import nn
import optim
from nn import functional as F


class Operations:
    """One recorded operation, and its backward."""

    params = [[10, 10_000]]
    param_names = ["size"]

    def setup(self, size: int) -> None:
        self.x = ag.tensor(np.linspace(0.1, 1, size, dtype=np.float32), requires_grad=True)
        self.y = ag.tensor(np.ones(size, np.float32))
        self.total = ag.tensor(np.zeros((), np.float32), requires_grad=True)

    def time_add_constant(self, size: int) -> None:
        _ = self.x + 1.0

    def time_multiply(self, size: int) -> None:
        _ = self.x * self.y

    def time_tanh(self, size: int) -> None:
        ag.tanh(self.x)

    def time_sum_axis(self, size: int) -> None:
        self.x.sum(axis=0)

    def time_slice(self, size: int) -> None:
        _ = self.x[2:8]

    def time_multiply_backward(self, size: int) -> None:
        ag.grad((self.x * self.y).sum(), [self.x])

    def time_plain_arrays(self, size: int) -> None:
        ag.multiply(self.y.data, self.y.data)


class Graphs:
    """Whole graphs: long chains, wide sums, many slices, second derivatives."""

    def setup(self) -> None:
        self.x = ag.tensor(np.ones(10, np.float32), requires_grad=True)
        self.rows = ag.tensor(np.ones((200, 4), np.float32), requires_grad=True)

    def time_chain_200(self) -> None:
        y = self.x
        for _ in range(100):
            y = y * 1.001 + 0.1
        ag.grad(y.sum(), [self.x])

    def time_fan_out_200(self) -> None:
        total = self.x
        for _ in range(200):
            total = total + self.x
        ag.grad(total.sum(), [self.x])

    def time_rows_200(self) -> None:
        total = ag.zeros(4)
        for row in self.rows:
            total = total + row
        ag.grad(total.sum(), [self.rows])

    def time_second_derivative(self) -> None:
        (first,) = ag.grad(ag.tanh(self.x).sum(), [self.x], create_graph=True)
        ag.grad(first.sum(), [self.x])


class Losses:
    """Losses of a batch of 64, forward and backward."""

    def setup(self) -> None:
        rng = np.random.default_rng(0)
        self.logits = ag.tensor(rng.standard_normal((64, 10), np.float32), requires_grad=True)
        self.labels = rng.integers(0, 10, 64)
        self.values = rng.standard_normal((64, 10), np.float32)

    def time_cross_entropy(self) -> None:
        ag.grad(F.cross_entropy(self.logits, self.labels), [self.logits])

    def time_mse(self) -> None:
        ag.grad(F.mse_loss(self.logits, self.values), [self.logits])


class Layers:
    """A layer's call, forward and backward."""

    params = [["linear", "conv", "batch_norm", "max_pool"], [1, 32]]
    param_names = ["layer", "samples"]

    def setup(self, layer: str, samples: int) -> None:
        shape = (samples, 64) if layer == "linear" else (samples, 8, 16, 16)
        make: dict[str, Callable[[], nn.Module]] = {
            "linear": lambda: nn.Linear(64, 64),
            "conv": lambda: nn.Conv2d(8, 8, 3, padding=1),
            "batch_norm": lambda: nn.BatchNorm2d(8),
            "max_pool": lambda: nn.MaxPool2d(2),
        }
        self.layer = make[layer]()
        self.x = ag.tensor(np.ones(shape, np.float32), requires_grad=True)

    def time_forward(self, layer: str, samples: int) -> None:
        self.layer(self.x)

    def time_both(self, layer: str, samples: int) -> None:
        ag.grad(self.layer(self.x).sum(), [self.x])


class Updates:
    """One step of an optimiser on an MLP 784-128-10."""

    params = [["SGD", "SGD momentum", "Adam", "AdamW", "RMSprop", "Adagrad"]]
    param_names = ["optimizer"]

    def setup(self, optimizer: str) -> None:
        net = nn.models.mlp([784, 128, 10])
        for parameter in net.parameters():
            parameter.grad = np.full(parameter.shape, 1e-3, np.float32)
        name, *momentum = optimizer.split()
        settings = {"momentum": 0.9} if momentum else {}
        self.optimizer = getattr(optim, name)(net.parameters(), lr=1e-3, **settings)

    def time_step(self, optimizer: str) -> None:
        self.optimizer.step()

    def time_zero_grad(self, optimizer: str) -> None:
        self.optimizer.zero_grad()


SUITES = (Operations, Graphs, Losses, Layers, Updates)


def cases() -> Iterator[tuple[str, Callable[[], Any]]]:
    """`(name, function)` of every benchmark with every combination of its parameters."""
    for suite in SUITES:
        names = [name for name, _ in inspect.getmembers(suite) if name.startswith("time_")]
        for values in itertools.product(*getattr(suite, "params", [])):
            for name in names:
                instance: Any = suite()
                instance.setup(*values)
                label = f"{suite.__name__}.{name}" + (f"{values}" if values else "")
                method = getattr(instance, name)
                yield label, functools.partial(method, *values)


def main(word: str = "", budget: float = 0.1) -> None:
    from bench.worker import time_call

    for label, function in cases():
        if word in label:
            function()
            print(f"{time_call(function, budget) * 1e6:10.1f} us  {label}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "")
