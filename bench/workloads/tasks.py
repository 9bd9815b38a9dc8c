"""What is trained: networks as lists of layers, their first weights and the data, as NumPy arrays.

Every library builds the same list and starts from the same arrays, so that losses can be compared.

    ("linear", i, o)         x Wᵀ + b, weight (o, i)
    ("matmul", i, o)         x W, weight (i, o)
    ("conv", c, k, r, s, p)  c to k maps, kernel r, stride s, padding p; weight (k, c, r, r)
    ("batch_norm", c)        with the batch's statistics; running ones are kept
    ("block", c, k, s)       residual block of two 3x3 convolutions; see `block_layers`
    ("max_pool",), ("relu",), ("gelu",), ("sigmoid",), ("flatten",), ("mean_pool",)

Convolutions before a batch norm have no bias: ("conv", ..., "no bias").
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Layer = tuple[Any, ...]


class Task(NamedTuple):
    """A training step: network, shape of a batch, loss and update rule."""

    name: str
    layers: Sequence[Layer]
    shape: tuple[int, ...]  # of the inputs, samples first
    loss: str = "cross_entropy"  # or "squares" (summed) or "logistic" (labels 0 and 1)
    optimizer: str = "sgd"  # or "momentum" (0.9) or "adam"
    lr: float = 0.01
    classes: int = 10
    dtype: str = "float32"


def block_layers(
    channels: int, maps: int, stride: int
) -> tuple[list[Layer], list[Layer], list[Layer]]:
    """A residual block's first half, second half (no relu yet) and shortcut (empty: identity)."""
    first = [("conv", channels, maps, 3, stride, 1, "no bias"), ("batch_norm", maps), ("relu",)]
    second = [("conv", maps, maps, 3, 1, 1, "no bias"), ("batch_norm", maps)]
    if stride == 1 and channels == maps:
        return first, second, []
    shortcut = [("conv", channels, maps, 1, stride, 0, "no bias"), ("batch_norm", maps)]
    return first, second, shortcut


def simple_layers(layers: Sequence[Layer]) -> Iterator[Layer]:
    """The layers with blocks taken apart, in the order in which their weights come."""
    for layer in layers:
        if layer[0] == "block":
            for part in block_layers(*layer[1:]):
                yield from part
        else:
            yield layer


def weights(task: Task) -> list[np.ndarray]:
    """First values of all parameters, layer by layer: weight, then bias."""
    rng = np.random.default_rng(0)
    made: list[Any] = []
    for kind, *sizes in simple_layers(task.layers):
        if kind == "batch_norm":
            made += [np.ones(sizes[0]), np.zeros(sizes[0])]
        elif kind == "matmul":
            made.append(rng.standard_normal((sizes[0], sizes[1])))
        elif kind == "linear":
            bound = 1 / math.sqrt(sizes[0])
            made += [rng.uniform(-bound, bound, (sizes[1], sizes[0]))]
            made += [rng.uniform(-bound, bound, sizes[1])]
        elif kind == "conv":
            channels, maps, size = sizes[:3]
            bound = 1 / math.sqrt(channels * size * size)
            made.append(rng.uniform(-bound, bound, (maps, channels, size, size)))
            if "no bias" not in sizes:
                made.append(rng.uniform(-bound, bound, maps))
    return [array.astype(task.dtype) for array in made]


def data(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Inputs, and labels (or the values wanted, for the loss "squares")."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal(task.shape).astype(task.dtype)
    samples = task.shape[0]
    if task.loss == "squares":
        return x, rng.standard_normal((samples, task.classes)).astype(task.dtype)
    if task.loss == "logistic":
        return x, rng.integers(0, 2, (samples, 1)).astype(task.dtype)
    return x, rng.integers(0, task.classes, samples)


def flops(task: Task) -> float:
    """Multiplications and additions of matrix products and convolutions, forward and backward.

    Each costs as much again for the weights' gradient, and for the input's; the first layer's
    input needs none.
    """
    total, first = 0.0, True
    samples, *size = task.shape
    side = size[-1]
    for layer in task.layers:
        for kind, *sizes in simple_layers([layer]):
            if kind in ("linear", "matmul"):
                rows = samples * math.prod(size[:-1]) if len(size) == 2 else samples
                forward = 2.0 * rows * sizes[0] * sizes[1]
            elif kind == "conv":
                channels, maps, kernel, stride, padding = sizes[:5]
                shortcut = kernel == 1
                if not shortcut:  # a shortcut's output is as large as what its block made already
                    side = (side + 2 * padding - kernel) // stride + 1
                forward = 2.0 * samples * maps * channels * kernel**2 * side**2
            else:
                side = side // 2 if kind == "max_pool" else side
                continue
            total += forward * (2 if first else 3)
            first = False
    return total


# -- networks ----------------------------------------------------------------------------------


def mlp(*sizes: int) -> list[Layer]:
    layers: list[Layer] = []
    for inputs, outputs in pairwise(sizes):
        layers += [("linear", inputs, outputs), ("relu",)]
    return layers[:-1]


LENET: list[Layer] = [
    ("conv", 1, 6, 5, 1, 2), ("relu",), ("max_pool",),
    ("conv", 6, 16, 5, 1, 0), ("relu",), ("max_pool",),
    ("flatten",), *mlp(400, 120, 84, 10),
]  # fmt: skip


def _vgg() -> list[Layer]:
    layers: list[Layer] = []
    channels = 3
    for maps in (32, 64, 128):
        for _ in range(2):
            layers += [("conv", channels, maps, 3, 1, 1, "no bias"), ("batch_norm", maps)]
            layers += [("relu",)]
            channels = maps
        layers.append(("max_pool",))
    return [*layers, ("flatten",), *mlp(2048, 128, 10)]


def _resnet() -> list[Layer]:
    layers: list[Layer] = [("conv", 3, 16, 3, 1, 1, "no bias"), ("batch_norm", 16), ("relu",)]
    channels = 16
    for maps in (16, 32, 64):
        for number in range(3):
            stride = 2 if maps > 16 and number == 0 else 1
            layers.append(("block", channels, maps, stride))
            channels = maps
    return [*layers, ("mean_pool",), ("linear", 64, 10)]


LECTURE: list[Layer] = [("matmul", 1000, 100), ("sigmoid",), ("matmul", 100, 10)]


def lenet_task(samples: int) -> Task:
    return Task(f"LeNet-5, N={samples}", LENET, (samples, 1, 28, 28), optimizer="momentum")


TASKS: tuple[Task, ...] = (
    *(
        Task(f"lecture's net 64/1000/100/10 {dtype}", LECTURE, (64, 1000), "squares", lr=1e-4,
             dtype=dtype)
        for dtype in ("float32", "float64")
    ),
    *(
        Task(f"MLP 784-128-10 Adam, N={n}", mlp(784, 128, 10), (n, 784), optimizer="adam", lr=1e-3)
        for n in (1, 64, 256)
    ),
    *(lenet_task(n) for n in (1, 64, 256)),
    Task("VGG-like, N=32", _vgg(), (32, 3, 32, 32), optimizer="momentum", lr=1e-3),
    Task("ResNet-20, N=32", _resnet(), (32, 3, 32, 32), optimizer="momentum", lr=1e-3),
    Task("GELU block 512-2048-512, N=256", [("linear", 512, 2048), ("gelu",),
         ("linear", 2048, 512)], (256, 512), "squares", classes=512, lr=1e-6),
    Task("logistic regression 64, N=32", [("linear", 64, 1)], (32, 64), "logistic", lr=0.1),
)  # fmt: skip
