"""Training steps in PyTorch, eager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn, optim
from torch.nn import functional as F

from bench.workloads import tasks


class Block(nn.Module):
    def __init__(self, channels: int, maps: int, stride: int) -> None:
        super().__init__()
        first, second, shortcut = tasks.block_layers(channels, maps, stride)
        self.first, self.second, self.shortcut = map(network, (first, second, shortcut))

    def forward(self, x: Any) -> Any:
        return F.relu(self.second(self.first(x)) + self.shortcut(x))


class MatMul(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))

    def forward(self, x: Any) -> Any:
        return x @ self.weight


def network(layers: Sequence[tasks.Layer]) -> nn.Sequential:
    make: dict[str, Callable[..., nn.Module]] = {
        "linear": nn.Linear,
        "matmul": MatMul,
        "conv": lambda c, k, r, s, p, *rest: nn.Conv2d(c, k, r, s, p, bias=not rest),
        "batch_norm": nn.BatchNorm2d,
        "block": Block,
        "max_pool": lambda: nn.MaxPool2d(2),
        "mean_pool": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        "relu": nn.ReLU,
        "gelu": nn.GELU,
        "sigmoid": nn.Sigmoid,
        "flatten": nn.Flatten,
    }
    return nn.Sequential(*[make[kind](*sizes) for kind, *sizes in layers])


def loss_of(task: tasks.Task) -> Callable[[Any, Any], Any]:
    if task.loss == "squares":
        return lambda out, y: F.mse_loss(out, y, reduction="sum")
    if task.loss == "logistic":
        return F.binary_cross_entropy_with_logits
    return F.cross_entropy


def optimizer_of(task: tasks.Task, parameters: Any) -> Any:
    if task.optimizer == "adam":
        return optim.Adam(parameters, lr=task.lr)
    momentum = 0.9 if task.optimizer == "momentum" else 0.0
    return optim.SGD(parameters, lr=task.lr, momentum=momentum)


def step(task: tasks.Task, compiler: Callable[[Any], Any] = lambda f: f) -> Callable[[], Any]:
    """A training step; `compiler` is applied to network and loss together."""
    net = network(task.layers).to(getattr(torch, task.dtype))
    for parameter, array in zip(net.parameters(), tasks.weights(task), strict=True):
        parameter.data = torch.tensor(array)
    loss_function, optimizer = loss_of(task), optimizer_of(task, net.parameters())
    x, y = map(torch.tensor, tasks.data(task))

    objective = compiler(lambda x, y: loss_function(net(x), y))

    def run() -> Any:
        optimizer.zero_grad()
        loss = objective(x, y)
        loss.backward()
        optimizer.step()
        return loss

    return run


def chain(count: int) -> Callable[[], Any]:
    """`count` operations on 10 floats, forward and backward."""
    x = torch.tensor([0.1 * i for i in range(10)], requires_grad=True)

    def run() -> Any:
        y = x
        for _ in range(count // 2):
            y = y * 1.001 + 0.1
        loss = y.sum()
        x.grad = None
        loss.backward()
        return loss

    return run
