"""The networks of the lectures, and a table of them by name.

Each is a plain function that builds a module; `build("lenet", classes=10)` finds it by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

from autograd.errors import ArgumentError
from autograd.support.arguments import one_of, whole
from autograd.support.lazy_names import later
from autograd.support.unknown_names import name_arguments_in
from nn import functional as F
from nn.containers import Sequential
from nn.layers import activations
from nn.layers.activations import ReLU, Tanh
from nn.layers.convolution import Conv2d
from nn.layers.dense import Linear
from nn.layers.normalization import BatchNorm2d
from nn.layers.pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from nn.layers.shaping import Flatten, Identity
from nn.module import Module

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.engine.annotations import Data

__all__ = [
    "ResNet",
    "build",
    "cnn",
    "deep_mlp",
    "lenet5",
    "linear_classifier",
    "mlp",
    "names",
    "resnet20",
    "three_layer",
    "two_layer",
    "vgg_small",
]

Image = tuple[int, int, int]  # channels, height, width
Activation = Callable[[], Module] | str  # what makes the module, or its name, such as "tanh"


def mlp(sizes: Sequence[int], activation: Activation = ReLU) -> Sequential:
    """A multi-layer perceptron: s(x) = W_L f(... f(W_1 x + b_1) ...) + b_L, of flattened inputs.

    `sizes` are the numbers of inputs, of units in each hidden layer, and of outputs; `activation`
    makes f.

    >>> mlp([3072, 100, 10])
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=3072, out_features=100, bias=True)
      (2): ReLU()
      (3): Linear(in_features=100, out_features=10, bias=True)
    )
    """
    if len(sizes) < 2:
        raise ArgumentError(f"mlp: sizes must be at least input and output, got {sizes!r}")
    make = _activation("mlp", activation)
    layers: list[Module] = [Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [Linear(inputs, outputs), make()]
    return Sequential(*layers[:-1])


def linear_classifier(inputs: int = 1024, classes: int = 10) -> Sequential:
    """s(x) = W x + b."""
    return mlp([inputs, classes])


def two_layer(
    inputs: int = 1024, hidden: int = 100, classes: int = 10, activation: Activation = ReLU
) -> Sequential:
    """s(x) = W₂ f(W₁ x + b₁) + b₂."""
    return mlp([inputs, hidden, classes], activation)


def three_layer(
    inputs: int = 1024,
    hidden: Sequence[int] = (100, 100),
    classes: int = 10,
    activation: Activation = ReLU,
) -> Sequential:
    """s(x) = W₃ f(W₂ f(W₁ x + b₁) + b₂) + b₃."""
    if len(hidden) != 2:
        raise ArgumentError(f"three_layer: hidden must be two sizes, got {hidden!r}")
    return mlp([inputs, *hidden, classes], activation)


def deep_mlp(
    inputs: int = 1024,
    hidden: int = 100,
    classes: int = 10,
    depth: int = 6,
    activation: Activation = ReLU,
) -> Sequential:
    """`depth` layers: s(x) = W₆ f(W₅ f(... f(W₁ x + b₁) ...) + b₅) + b₆ for the default 6."""
    whole("deep_mlp", "depth", depth, 1)
    return mlp([inputs, *[hidden] * (depth - 1), classes], activation)


def lenet5(
    classes: int = 10,
    image: Image = (1, 32, 32),
    activation: Activation = Tanh,
    pool: Callable[[int], Module] = AvgPool2d,
) -> Sequential:
    """LeNet-5 of LeCun et al. (1998): 61,706 parameters on images (1, 32, 32).

    6 maps 5x5, pooling, 16 maps 5x5, pooling, then layers of 120, 84 and `classes` units. Images
    28x28 are padded to 32x32.

    Tanh and average pooling are the classic choices, with one change: the second convolution sees
    all 6 maps, where the paper connects each of its maps to some. `activation=nn.ReLU,
    pool=nn.MaxPool2d` is what is usual today.

    Raises `ArgumentError` for images smaller than 16x16.

    >>> sum(p.size for p in lenet5().parameters())
    61706
    """
    channels, height, width = _image("lenet5", image, least=16)
    make = _activation("lenet5", activation)
    padding = 2 if (height, width) == (28, 28) else 0
    rows, columns = (((n + 2 * padding - 4) // 2 - 4) // 2 for n in (height, width))
    features = Sequential(
        Conv2d(channels, 6, 5, padding=padding), make(), pool(2),
        Conv2d(6, 16, 5), make(), pool(2),
    )  # fmt: skip
    classifier = Sequential(
        Flatten(), Linear(16 * rows * columns, 120), make(), Linear(120, 84), make(),
        Linear(84, classes),
    )  # fmt: skip
    return Sequential({"features": features, "classifier": classifier})


def cnn(
    stages: Sequence[int | str],
    in_channels: int = 1,
    kernel_size: int = 3,
    activation: Activation = ReLU,
    batch_norm: bool = False,
) -> Sequential:
    """A convolutional network from a list: a number is a layer of so many maps, "pool" halves.

    A layer is a convolution that keeps the image's size, batch normalisation if asked for, and the
    activation; "pool" is 2x2 max pooling.

    >>> [type(layer).__name__ for layer in cnn([16, "pool", 32])]
    ['Conv2d', 'ReLU', 'MaxPool2d', 'Conv2d', 'ReLU']
    """
    make = _activation("cnn", activation)
    layers: list[Module] = []
    for stage in stages:
        if stage == "pool":
            layers.append(MaxPool2d(2))
        elif isinstance(stage, str):
            raise ArgumentError(f"cnn: a stage is a number of maps or 'pool', got {stage!r}")
        else:
            bias = not batch_norm  # batch normalisation has its own
            layers.append(Conv2d(in_channels, stage, kernel_size, padding="same", bias=bias))
            layers += [BatchNorm2d(stage)] if batch_norm else []
            layers.append(make())
            in_channels = stage
    return Sequential(*layers)


def vgg_small(classes: int = 10, image: Image = (3, 32, 32)) -> Sequential:
    """A small network in the manner of VGG (Simonyan & Zisserman, 2014).

    Three stages of two 3x3 convolutions with batch normalisation, of 32, 64 and 128 maps, each
    ended by pooling, then layers of 128 and `classes` units.
    """
    channels, height, width = _image("vgg_small", image, least=8)
    stages: list[int | str] = [32, 32, "pool", 64, 64, "pool", 128, 128, "pool"]
    features = cnn(stages, channels, batch_norm=True)
    flat = 128 * (height // 8) * (width // 8)
    classifier = Sequential(Flatten(), Linear(flat, 128), ReLU(), Linear(128, classes))
    return Sequential({"features": features, "classifier": classifier})


class BasicBlock(Module):
    """relu(shortcut(x) + bn(conv(relu(bn(conv(x)))))).

    The shortcut is the identity, or a 1x1 convolution where the number of maps or the size changes.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1):
        super().__init__()
        self.conv1 = Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = BatchNorm2d(channels)
        self.conv2 = Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = BatchNorm2d(channels)
        self.shortcut: Module = Identity()
        if stride != 1 or in_channels != channels:
            self.shortcut = Sequential(
                Conv2d(in_channels, channels, 1, stride, bias=False), BatchNorm2d(channels)
            )

    def forward(self, x: Data) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class ResNet(Module):
    """The residual network of He et al. (2015) for images 32x32: 6n + 2 layers for n `blocks`.

    A 3x3 convolution, then three stages of n blocks with 16, 32 and 64 maps (times `width` / 16),
    each stage halving the image but the first, global average pooling and a linear layer.
    """

    def __init__(self, blocks: int = 3, classes: int = 10, in_channels: int = 3, width: int = 16):
        super().__init__()
        whole("ResNet", "blocks", blocks, 1)
        self.conv1 = Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = BatchNorm2d(width)
        self.layer1 = _stage(width, width, blocks, 1)
        self.layer2 = _stage(width, 2 * width, blocks, 2)
        self.layer3 = _stage(2 * width, 4 * width, blocks, 2)
        self.pool = GlobalAvgPool2d()
        self.fc = Linear(4 * width, classes)

    def forward(self, x: Data) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        return self.fc(self.pool(out))


def _stage(in_channels: int, channels: int, blocks: int, stride: int) -> Sequential:
    first = BasicBlock(in_channels, channels, stride)
    return Sequential(first, *(BasicBlock(channels, channels) for _ in range(blocks - 1)))


def resnet20(classes: int = 10, in_channels: int = 3) -> ResNet:
    """ResNet-20: three blocks a stage, 16, 32 and 64 maps."""
    return ResNet(3, classes, in_channels)


# What `build` calls with an image's shape and the number of classes.
_MODELS: dict[str, Callable[..., Module]] = {
    "linear": lambda image, classes: linear_classifier(prod(image), classes),
    "two_layer": lambda image, classes, hidden=100, activation=ReLU: two_layer(
        prod(image), hidden, classes, activation
    ),
    "three_layer": lambda image, classes, hidden=(100, 100), activation=ReLU: three_layer(
        prod(image), hidden, classes, activation
    ),
    "mlp": lambda image, classes, hidden=100, depth=6, activation=ReLU: deep_mlp(
        prod(image), hidden, classes, depth, activation
    ),
    "lenet": lambda image, classes, activation=ReLU, pool=MaxPool2d: lenet5(
        classes, image, activation, pool
    ),
    "lenet_classic": lambda image, classes: lenet5(classes, image),
    "vgg": lambda image, classes: vgg_small(classes, image),
    "resnet": lambda image, classes, blocks=3, width=16: ResNet(blocks, classes, image[0], width),
}


def names() -> list[str]:
    """The names that `build` knows.

    >>> names()
    ['linear', 'two_layer', 'three_layer', 'mlp', 'lenet', 'lenet_classic', 'vgg', 'resnet']
    """
    return list(_MODELS)


def build(name: str, image: Image = (1, 32, 32), classes: int = 10, **options: Any) -> Module:
    """The network called `name` for images of shape `image`, with its function's options.

    Raises `ArgumentError` for an unknown name or option.

    >>> build("two_layer", image=(1, 8, 8), hidden=32, activation="tanh")
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=64, out_features=32, bias=True)
      (2): Tanh()
      (3): Linear(in_features=32, out_features=10, bias=True)
    )
    """
    one_of("build", "name", name, _MODELS)
    known = list(inspect.signature(_MODELS[name]).parameters)[2:]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ArgumentError(
            f"build: model {name!r} has no option {unknown[0]!r}; it takes "
            + ", ".join(["image", "classes", *known])
        )
    return _MODELS[name](_image(f"build({name!r})", image, least=1), classes, **options)


def _image(where: str, image: Any, least: int) -> Image:
    """An image's shape, if it has three axes and is large enough."""
    if len(image) != 3 or min(image) < 1 or min(image[1:]) < least:
        raise ArgumentError(
            f"{where}: image must be (channels, height, width), height and width at least {least}, "
            f"got {tuple(image)}"
        )
    channels, height, width = (int(n) for n in image)
    return channels, height, width


def _activation(where: str, activation: Activation) -> Callable[[], Module]:
    """What makes the activation, found by name if it is one."""
    if not isinstance(activation, str):
        return activation
    by_name = {name.lower(): getattr(activations, name) for name in activations.__all__}
    return by_name[one_of(where, "activation", activation, by_name)]


name_arguments_in(globals(), __all__)


if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later("nn.models")
