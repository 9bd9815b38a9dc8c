"""Random hyper-parameters and inputs for every layer, function and loss that PyTorch has too.

`MODULES[name](rng)` and `FUNCTIONS[name](rng)` draw a `Case`. Names of arguments are those that
both libraries know. Sizes of 0 and 1, unbatched inputs, and arguments that do not fit are drawn
too: what one library refuses, the other should.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Rng = np.random.Generator


@dataclass
class Case:
    """One call: `name(*args, **options)`; of a layer, which is then called with `inputs`.

    Arrays among the arguments become the library's tensors. `constant`: positions of inputs that no
    gradient is asked of. `attributes` are set on a layer after it is built.
    """

    inputs: list[Any]
    args: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    constant: tuple[int, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inputs = [np.asarray(x) if isinstance(x, np.generic) else x for x in self.inputs]


MODULES: dict[str, Callable[[Rng], Case]] = {}
FUNCTIONS: dict[str, Callable[[Rng], Case]] = {}


def module(*names: str) -> Callable[[Callable[[Rng, str], Case]], Any]:
    """The decorated function draws the cases of these layers."""
    return lambda draw: [MODULES.update({n: lambda rng, n=n: draw(rng, n)}) for n in names]


def function(*names: str) -> Callable[[Callable[[Rng, str], Case]], Any]:
    """The decorated function draws the cases of these functions."""
    return lambda draw: [FUNCTIONS.update({n: lambda rng, n=n: draw(rng, n)}) for n in names]


# -- what is drawn -------------------------------------------------------------------------------


def one(rng: Rng, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def flip(rng: Rng, p: float = 0.5) -> bool:
    return bool(rng.random() < p)


def some(rng: Rng, **options: Any) -> dict[str, Any]:
    """Each of these options with probability 1/2."""
    return {key: value for key, value in options.items() if flip(rng)}


def axes_of(name: str) -> int:
    return 2 if "2d" in name else 1


def per_axis(rng: Rng, axes: int, *choices: int) -> Any:
    """One of the choices, or one for each axis."""
    if flip(rng):
        return one(rng, *choices)
    return tuple(one(rng, *choices) for _ in range(axes))


def normal(rng: Rng, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


def plane(rng: Rng, axes: int, large: bool = False) -> tuple[int, ...]:
    if large:
        return tuple(int(rng.integers(8, 20)) for _ in range(axes))
    return tuple(one(rng, 1, 2, 3, 4, 5, 6, 8) for _ in range(axes))


def images(rng: Rng, channels: int, axes: int) -> np.ndarray:
    """A batch of images, empty or of one pixel at times, or a single image."""
    large = flip(rng, 0.25)
    shape = (channels, *plane(rng, axes, large))
    if not flip(rng, 0.15):
        shape = (one(rng, 0, 1, 2, 3) if not large else int(rng.integers(4, 10)), *shape)
    return normal(rng, *shape)


def shape(rng: Rng, least: int = 0, most: int = 4) -> tuple[int, ...]:
    return tuple(one(rng, 0, 1, 2, 3, 5) for _ in range(rng.integers(least, most + 1)))


def labels(rng: Rng, classes: int, *sizes: int) -> np.ndarray:
    return rng.integers(0, classes, sizes)


# -- layers of weights ---------------------------------------------------------------------------


@module("Linear")
def _(rng: Rng, name: str) -> Case:
    wide = one(rng, 1, 2, 7)
    return Case(
        [normal(rng, *shape(rng, 0, 3), wide)], (wide, one(rng, 1, 3)), some(rng, bias=False)
    )


@function("linear")
def _(rng: Rng, name: str) -> Case:
    wide, out = one(rng, 1, 2, 7), one(rng, 1, 3)
    bias = [normal(rng, out)] if flip(rng) else []
    return Case([normal(rng, *shape(rng, 0, 3), wide), normal(rng, out, wide), *bias])


@module("Bilinear")
def _(rng: Rng, name: str) -> Case:
    lead, a, b = shape(rng, 1, 3), one(rng, 1, 3), one(rng, 1, 4)
    return Case(
        [normal(rng, *lead, a), normal(rng, *lead, b)],
        (a, b, one(rng, 1, 3)),
        some(rng, bias=False),
    )


@function("bilinear")
def _(rng: Rng, name: str) -> Case:
    lead, a, b, out = shape(rng, 1, 3), one(rng, 1, 3), one(rng, 1, 4), one(rng, 1, 3)
    bias = [normal(rng, out)] if flip(rng) else []
    return Case([normal(rng, *lead, a), normal(rng, *lead, b), normal(rng, out, a, b), *bias])


@module("Embedding")
def _(rng: Rng, name: str) -> Case:
    rows = one(rng, 1, 4, 9)
    padding = some(rng, padding_idx=int(rng.integers(-rows, rows)))
    return Case([_places(rng, rows)], (rows, one(rng, 1, 3)), padding)


@function("embedding")
def _(rng: Rng, name: str) -> Case:
    rows = one(rng, 1, 4, 9)
    padding = some(rng, padding_idx=int(rng.integers(-rows, rows)))
    return Case([_places(rng, rows), normal(rng, rows, one(rng, 1, 3))], options=padding)


def _places(rng: Rng, rows: int) -> np.ndarray:
    beyond = flip(rng, 0.03)
    return rng.integers(0, rows + beyond, shape(rng, 0, 3)).astype(one(rng, np.int64, np.int32))


def _channels(rng: Rng) -> tuple[int, int, int]:
    groups = one(rng, 1, 1, 1, 2, 3)
    return groups * one(rng, 1, 2, 3), groups * one(rng, 1, 2, 4), groups


def _convolution(rng: Rng, axes: int) -> dict[str, Any]:
    options = some(rng, stride=per_axis(rng, axes, 1, 2, 3), dilation=per_axis(rng, axes, 1, 2))
    padding = one(rng, "same", "valid") if flip(rng, 0.2) else per_axis(rng, axes, 0, 1, 2, 3)
    return {**options, **some(rng, padding=padding)}


@module("Conv1d", "Conv2d")
def _(rng: Rng, name: str) -> Case:
    axes, (channels, out, groups) = axes_of(name), _channels(rng)
    mode = one(rng, "zeros", "zeros", "circular", "reflect", "replicate")
    options = {"groups": groups, "padding_mode": mode, **some(rng, bias=False)}
    options |= _convolution(rng, axes)
    kernel = per_axis(rng, axes, 1, 2, 3, 5)
    return Case([images(rng, channels, axes)], (channels, out, kernel), options)


@function("conv1d", "conv2d")
def _(rng: Rng, name: str) -> Case:
    axes, (channels, out, groups) = axes_of(name), _channels(rng)
    kernel = tuple(one(rng, 1, 2, 3, 5) for _ in range(axes))
    bias = [normal(rng, out)] if flip(rng) else []
    weight = normal(rng, out, channels // groups, *kernel)
    options = {"groups": groups, **_convolution(rng, axes)}
    return Case([images(rng, channels, axes), weight, *bias], options=options)


def _transposed(rng: Rng, axes: int) -> dict[str, Any]:
    return some(
        rng,
        stride=per_axis(rng, axes, 1, 2, 3),
        padding=per_axis(rng, axes, 0, 1, 2, 3),
        output_padding=per_axis(rng, axes, 0, 1, 2),
        dilation=per_axis(rng, axes, 1, 2, 4),
    )


@module("ConvTranspose1d", "ConvTranspose2d")
def _(rng: Rng, name: str) -> Case:
    axes, (channels, out, groups) = axes_of(name), _channels(rng)
    options = {"groups": groups, **_transposed(rng, axes), **some(rng, bias=False)}
    return Case(
        [images(rng, channels, axes)], (channels, out, per_axis(rng, axes, 1, 2, 3)), options
    )


@function("conv_transpose1d", "conv_transpose2d")
def _(rng: Rng, name: str) -> Case:
    axes, (channels, out, groups) = axes_of(name), _channels(rng)
    weight = normal(rng, channels, out // groups, *(one(rng, 1, 2, 3) for _ in range(axes)))
    bias = [normal(rng, out)] if flip(rng) else []
    options = {"groups": groups, **_transposed(rng, axes)}
    return Case([images(rng, channels, axes), weight, *bias], options=options)


# -- pooling and patches -------------------------------------------------------------------------


def _max_pool(rng: Rng, name: str) -> dict[str, Any]:
    axes = axes_of(name)
    return {
        "kernel_size": per_axis(rng, axes, 1, 2, 3, 5),
        **some(
            rng,
            stride=per_axis(rng, axes, 1, 2, 3),
            padding=per_axis(rng, axes, 0, 1, 2),
            dilation=per_axis(rng, axes, 1, 2, 3),
            ceil_mode=True,
            return_indices=True,
        ),
    }


@module("MaxPool1d", "MaxPool2d")
def _(rng: Rng, name: str) -> Case:
    return Case([images(rng, one(rng, 1, 3), axes_of(name))], options=_max_pool(rng, name))


@function("max_pool1d", "max_pool2d")
def _(rng: Rng, name: str) -> Case:
    return Case([images(rng, one(rng, 1, 3), axes_of(name))], options=_max_pool(rng, name))


def _avg_pool(rng: Rng, name: str) -> dict[str, Any]:
    axes = axes_of(name)
    options = {
        "kernel_size": per_axis(rng, axes, 1, 2, 3, 5),
        **some(
            rng,
            stride=per_axis(rng, axes, 1, 2, 3),
            padding=per_axis(rng, axes, 0, 1, 2),
            ceil_mode=True,
            count_include_pad=False,
        ),
    }
    if axes == 2:
        options |= some(rng, divisor_override=one(rng, 1, 3, -2))
    return options


@module("AvgPool1d", "AvgPool2d")
def _(rng: Rng, name: str) -> Case:
    return Case([images(rng, one(rng, 1, 3), axes_of(name))], options=_avg_pool(rng, name))


@function("avg_pool1d", "avg_pool2d")
def _(rng: Rng, name: str) -> Case:
    return Case([images(rng, one(rng, 1, 3), axes_of(name))], options=_avg_pool(rng, name))


def _adaptive(rng: Rng, name: str) -> Case:
    axes = axes_of(name)
    size = one(rng, 1, 2, 3, 4, 7, 12)
    if axes == 2 and flip(rng):
        size = (size, one(rng, 1, 3, 5, None))
    indices = some(rng, return_indices=True) if "max" in name.lower() else {}
    return Case([images(rng, one(rng, 1, 3), axes)], (), {"output_size": size, **indices})


ADAPTIVE = ("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d")
module(*ADAPTIVE)(_adaptive)
function("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d",
         "adaptive_max_pool2d")(_adaptive)  # fmt: skip


def _patches(rng: Rng) -> dict[str, Any]:
    return {
        "kernel_size": per_axis(rng, 2, 1, 2, 3),
        **some(
            rng,
            dilation=per_axis(rng, 2, 1, 2),
            padding=per_axis(rng, 2, 0, 1, 2),
            stride=per_axis(rng, 2, 1, 2),
        ),
    }


def _unfold(rng: Rng, name: str) -> Case:
    return Case([images(rng, one(rng, 1, 3), 2)], options=_patches(rng))


module("Unfold")(_unfold)
function("unfold")(_unfold)


def _fold(rng: Rng, name: str) -> Case:
    size, options = plane(rng, 2), _patches(rng)
    both = lambda value: value if isinstance(value, tuple) else (value, value)
    kernel = both(options["kernel_size"])
    steps = zip(
        size,
        kernel,
        both(options.get("padding", 0)),
        both(options.get("dilation", 1)),
        both(options.get("stride", 1)),
        strict=True,
    )
    counts = [max((n + 2 * p - d * (k - 1) - 1) // s + 1, 0) for n, k, p, d, s in steps]
    rows = (one(rng, 1, 2) * math.prod(kernel), math.prod(counts))
    lead = () if flip(rng, 0.2) else (one(rng, 0, 1, 3),)
    return Case([normal(rng, *lead, *rows)], options={"output_size": size, **options})


module("Fold")(_fold)
function("fold")(_fold)


@function("pad")
def _(rng: Rng, name: str) -> Case:
    mode = one(rng, "constant", "reflect", "replicate", "circular")
    axes = one(rng, 1, 2, 3)
    x = normal(rng, one(rng, 1, 2), one(rng, 1, 2), *(one(rng, 1, 2, 3, 5) for _ in range(axes)))
    if mode == "constant":
        axes = one(rng, 1, x.ndim)
    low = -3 if flip(rng) else 0
    widths = [int(rng.integers(low, 4)) for _ in range(2 * axes)]
    value = some(rng, value=1.5) if mode == "constant" else {}
    return Case([x], (), {"pad": widths, "mode": mode, **value})


# -- normalisation -------------------------------------------------------------------------------


@module("BatchNorm1d", "BatchNorm2d", "InstanceNorm1d", "InstanceNorm2d")
def _(rng: Rng, name: str) -> Case:
    channels = one(rng, 1, 2, 3)
    x = images(rng, channels, axes_of(name))
    if name == "BatchNorm1d" and flip(rng):
        x = normal(rng, one(rng, 1, 2, 7), channels)
    options = some(
        rng,
        eps=one(rng, 1e-5, 1e-3, 0.1),
        momentum=one(rng, None, 0.0, 1.0, 0.37),
        affine=flip(rng),
        track_running_stats=flip(rng),
    )
    if x.shape[0] == 0 and name.startswith("Instance"):
        options.pop("track_running_stats", None)  # PyTorch's become NaN
    switched = {"track_running_stats": flip(rng)} if flip(rng, 0.2) else {}
    return Case([2 * x + 1], (channels,), options, attributes=switched)


@function("batch_norm", "instance_norm")
def _(rng: Rng, name: str) -> Case:
    channels, axes = one(rng, 1, 2, 3), one(rng, 1, 2)
    x = normal(rng, one(rng, 1, 2, 4), channels, *plane(rng, axes))
    inputs = [x, normal(rng, channels), rng.uniform(0.5, 2, channels)]
    if flip(rng):
        inputs += [normal(rng, channels), normal(rng, channels)]
    mode = {"batch_norm": "training", "instance_norm": "use_input_stats"}[name]
    options = some(rng, eps=0.01, momentum=one(rng, 0.0, 0.3, 1.0))
    return Case(inputs, (), {mode: flip(rng), **options}, constant=(1, 2))


@module("LayerNorm")
def _(rng: Rng, name: str) -> Case:
    row = tuple(one(rng, 1, 2, 5) for _ in range(one(rng, 1, 2)))
    size = one(rng, row, list(row)) if len(row) > 1 or flip(rng) else row[0]
    options = some(rng, eps=0.01, elementwise_affine=False, bias=False)
    return Case([normal(rng, *shape(rng, 0, 2), *row)], (size,), options)


@function("layer_norm")
def _(rng: Rng, name: str) -> Case:
    row = tuple(one(rng, 1, 2, 5) for _ in range(one(rng, 1, 2)))
    x = normal(rng, *shape(rng, 0, 2), *row)
    weights = [normal(rng, *row) for _ in range(rng.integers(3))]
    return Case([x, list(row), *weights], options=some(rng, eps=0.01))


@module("GroupNorm")
def _(rng: Rng, name: str) -> Case:
    groups, each = one(rng, 1, 2, 3), one(rng, 1, 2)
    x = normal(rng, one(rng, 0, 1, 2), groups * each, *plane(rng, one(rng, 0, 1, 2)))
    return Case([x], (groups, groups * each), some(rng, eps=0.01, affine=False))


@function("group_norm")
def _(rng: Rng, name: str) -> Case:
    groups, each = one(rng, 1, 2, 3), one(rng, 1, 2)
    x = normal(rng, one(rng, 0, 1, 2), groups * each, *plane(rng, one(rng, 0, 1, 2)))
    weights = [normal(rng, groups * each) for _ in range(rng.integers(3))]
    return Case([x, groups, *weights], options=some(rng, eps=0.01))


# -- elementwise, along an axis, shapes ----------------------------------------------------------

SLOPES: dict[str, Callable[[Rng], dict[str, Any]]] = {
    "LeakyReLU": lambda rng: some(rng, negative_slope=one(rng, 0.2, -0.3, 0.0)),
    "ELU": lambda rng: some(rng, alpha=one(rng, 0.5, 2.0)),
    "Softplus": lambda rng: {  # ours is exact unless a threshold is given
        **some(rng, beta=one(rng, 0.5, 3.0)),
        "threshold": one(rng, 2.0, 20.0),
    },
    "GELU": lambda rng: some(rng, approximate=one(rng, "none", "tanh")),
}
CALLED = {
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "Softplus": "softplus",
    "GELU": "gelu",
    "ReLU": "relu",
    "SELU": "selu",
    "SiLU": "silu",
    "Softsign": "softsign",
    "Sigmoid": "sigmoid",
    "LogSigmoid": "logsigmoid",
    "Tanh": "tanh",
}


def _elementwise(options: Callable[[Rng], dict[str, Any]]) -> Callable[[Rng, str], Case]:
    def draw(rng: Rng, name: str) -> Case:
        large = (40, 50) if flip(rng, 0.2) else shape(rng)
        return Case([one(rng, 1, 1, 10) * normal(rng, *large)], options=options(rng))

    return draw


for layer, called in CALLED.items():
    drawn = _elementwise(SLOPES.get(layer, lambda rng: {}))
    module(layer)(drawn)
    function(called)(drawn)


def _along(rng: Rng, name: str) -> Case:
    sizes = shape(rng, 1)
    x = normal(rng, *((20, 30) if flip(rng, 0.2) else sizes))
    return Case([x], options={"dim": int(rng.integers(-x.ndim, x.ndim))})


module("Softmax", "LogSoftmax")(_along)
function("softmax", "log_softmax", "softmin")(_along)


@function("normalize")
def _(rng: Rng, name: str) -> Case:
    case = _along(rng, name)
    case.options |= some(rng, p=one(rng, 1.0, 2.0, 3.0), eps=0.5)
    return case


@function("cosine_similarity")
def _(rng: Rng, name: str) -> Case:
    sizes = tuple(one(rng, 1, 2, 3) for _ in range(one(rng, 1, 2, 3)))
    mixed = [tuple(one(rng, n, n, 1) for n in sizes) for _ in range(2)]
    shorter = mixed[1][rng.integers(len(sizes)) :] if flip(rng, 0.3) else mixed[1]
    dim = int(rng.integers(-len(sizes), len(sizes)))
    return Case([normal(rng, *mixed[0]), normal(rng, *shorter)], options={"dim": dim})


@function("one_hot")
def _(rng: Rng, name: str) -> Case:
    classes = int(rng.integers(1, 6))
    size = {"num_classes": classes - one(rng, 0, 0, 1)} if flip(rng) else {}
    return Case([labels(rng, classes, *shape(rng, 0, 3))], options=size)


@module("Flatten")
def _(rng: Rng, name: str) -> Case:
    x = normal(rng, *shape(rng, 1))
    return Case(
        [x], options=some(rng, start_dim=one(rng, 0, 1, -1, -2), end_dim=one(rng, 0, 1, 2, -1, -2))
    )


@module("Unflatten")
def _(rng: Rng, name: str) -> Case:
    parts = tuple(one(rng, 1, 2, 3) for _ in range(one(rng, 1, 2, 3)))
    before, after = shape(rng, 0, 2), shape(rng, 0, 2)
    x = normal(rng, *before, math.prod(parts), *after)
    return Case([x], (one(rng, len(before), len(before) - x.ndim), parts))


@module("Identity")
def _(rng: Rng, name: str) -> Case:
    return Case([normal(rng, *shape(rng))])


@module("Dropout", "Dropout2d")
def _(rng: Rng, name: str) -> Case:
    x = images(rng, 2, 2) if name == "Dropout2d" else normal(rng, *shape(rng))
    return Case([x], (one(rng, 0.0, 1.0),))


@function("dropout", "dropout2d")
def _(rng: Rng, name: str) -> Case:
    x = images(rng, 2, 2) if name == "dropout2d" else normal(rng, *shape(rng))
    if flip(rng):
        return Case([x], options={"p": one(rng, 0.0, 1.0)})
    return Case([x], options={"p": rng.random(), "training": False})


# -- losses --------------------------------------------------------------------------------------


def _of_classes(rng: Rng) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Shape of scores, shape of labels, number of classes."""
    classes = one(rng, 1, 2, 5)
    batch = () if flip(rng, 0.15) else (one(rng, 0, 1, 3, 6),)
    rest = plane(rng, one(rng, 0, 1, 2)) if batch and flip(rng, 0.4) else ()
    return (*batch, classes, *rest), (*batch, *rest), classes


def _cross_entropy(rng: Rng, name: str) -> Case:
    scores, wanted, classes = _of_classes(rng)
    options = some(
        rng,
        weight=rng.uniform(0.2, 2, classes),
        reduction=one(rng, "mean", "sum", "none"),
        ignore_index=one(rng, 0, 1, -100),
        label_smoothing=one(rng, 0.1, 0.7),
    )
    x = one(rng, 1, 1, 20) * normal(rng, *scores)
    if flip(rng, 0.3):
        options.pop("ignore_index", None)
        shares = rng.uniform(0, 1, scores)
        return Case([x, shares], options=options)
    return Case([x, labels(rng, classes, *wanted)], options=options)


module("CrossEntropyLoss")(_cross_entropy)
function("cross_entropy")(_cross_entropy)


def _nll(rng: Rng, name: str) -> Case:
    scores, wanted, classes = _of_classes(rng)
    options = some(
        rng,
        weight=rng.uniform(0.2, 2, classes),
        reduction=one(rng, "mean", "sum", "none"),
        ignore_index=one(rng, 0, 1, -100),
    )
    return Case([normal(rng, *scores), labels(rng, classes, *wanted)], options=options)


module("NLLLoss")(_nll)
function("nll_loss")(_nll)


def _of_values(rng: Rng, name: str) -> Case:
    """Losses of two arrays of equal shape."""
    sizes = shape(rng)
    x, target = normal(rng, *sizes), normal(rng, *sizes)
    options = some(rng, reduction=one(rng, "mean", "sum", "none"))
    kind, constant = name.lower().replace("_", ""), ()
    if kind.startswith("huber"):
        options |= some(rng, delta=one(rng, 0.3, 2.0))
    if kind.startswith("smooth"):
        options |= some(rng, beta=one(rng, 0.3, 2.0))
    if kind.startswith(("bce", "binary")):
        target, constant = rng.uniform(0, 1, sizes), (1,)
        options |= some(rng, weight=rng.uniform(0.2, 2, sizes[-1:]))
        if "logits" in kind:
            options |= some(rng, pos_weight=rng.uniform(0.2, 2, sizes[-1:]))
        else:
            x = rng.uniform(0.05, 0.95, sizes)
    if kind.startswith("kl"):
        if flip(rng):
            options["reduction"] = "batchmean"
        options |= some(rng, log_target=True)
        target = target if options.get("log_target") else rng.uniform(0.1, 1, sizes)
    return Case([x, target], options=options, constant=constant)


module("MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss", "BCELoss", "BCEWithLogitsLoss",
       "KLDivLoss")(_of_values)  # fmt: skip
function("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy",
         "binary_cross_entropy_with_logits", "kl_div")(_of_values)  # fmt: skip


def _multi_margin(rng: Rng, name: str) -> Case:
    classes = one(rng, 2, 5)
    batch = () if flip(rng, 0.2) else (one(rng, 1, 4),)  # PyTorch reads beyond empty ones
    options = some(
        rng,
        p=one(rng, 1, 2),
        margin=one(rng, 0.5, 2.0),
        weight=rng.uniform(0.2, 2, classes),
        reduction=one(rng, "mean", "sum", "none"),
    )
    return Case([normal(rng, *batch, classes), labels(rng, classes, *batch)], options=options)


module("MultiMarginLoss")(_multi_margin)
function("multi_margin_loss")(_multi_margin)
