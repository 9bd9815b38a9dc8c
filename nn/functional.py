"""What layers do, as functions, with PyTorch's names and argument order.

>>> import autograd as ag
>>> import nn.functional as F
>>> F.relu(ag.tensor([-1.0, 2.0]))
tensor([0., 2.])

Most are ops of `autograd` under the same name; those defined here only arrange arguments. `inplace`
is accepted and changes nothing: results are new arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import autograd as ag
from autograd import (
    absmax_pool2d,
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    batch_norm,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    cross_entropy,
    embedding,
    fold,
    gelu,
    global_avg_pool2d,
    group_norm,
    huber_loss,
    instance_norm,
    kl_div,
    l1_loss,
    layer_norm,
    local_conv2d,
    log_softmax,
    max_pool1d,
    max_pool2d,
    mse_loss,
    multi_margin_loss,
    nll_loss,
    sigmoid,
    smooth_l1_loss,
    softmax,
    softplus,
    softsign,
    subsample2d,
    tanh,
    unfold,
)
from autograd.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError
from autograd.ops.loss_inputs import floats
from autograd.support.arguments import one_of, whole
from autograd.support.lazy_names import later
from autograd.support.unknown_names import name_arguments_in

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.engine.annotations import Data, PadMode

__all__ = [
    "absmax_pool2d",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "elu",
    "embedding",
    "fold",
    "gelu",
    "global_avg_pool2d",
    "group_norm",
    "huber_loss",
    "instance_norm",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_conv2d",
    "log_softmax",
    "logsigmoid",
    "max_pool1d",
    "max_pool2d",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "subsample2d",
    "tanh",
    "unfold",
]


# -- layers of weights -------------------------------------------------------------------------


def linear(input: Data, weight: Data, bias: Data | None = None) -> Tensor:
    """input Wᵀ + b.

    Shapes: input (..., in), weight (out, in), bias (out,) -> (..., out). Raises `ShapeError`.

    >>> import numpy as np
    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]), np.array([0.5, 0.0]))
    array([[11.5,  2. ]])
    """
    return ag.linear(input, weight, bias)


def bilinear(input1: Data, input2: Data, weight: Data, bias: Data | None = None) -> Tensor:
    """out[..., k] = input1ᵀ weight[k] input2 + bias[k].

    Shapes: input1 (..., in1), input2 (..., in2), weight (out, in1, in2), bias (out,).
    """
    first, second = shape_of(input1), shape_of(input2)
    out, in1, in2 = shape_of(weight)
    if first[:-1] != second[:-1] or first[-1:] != (in1,) or second[-1:] != (in2,):
        raise ShapeError(
            f"bilinear: weight {shape_of(weight)} needs inputs (..., {in1}) and (..., {in2}) that "
            f"agree in all axes but the last, got {first} and {second}"
        )
    rows = ag.reshape(input1, (-1, in1))
    turned = ag.matmul(rows, ag.reshape(ag.transpose(weight, (1, 0, 2)), (in1, out * in2)))
    products = ag.reshape(turned, (-1, out, in2)) * ag.reshape(input2, (-1, 1, in2))
    result = ag.reshape(ag.sum(products, axis=-1), (*first[:-1], out))
    return result if bias is None else result + bias


# -- activations -------------------------------------------------------------------------------


def relu(input: Data, inplace: bool = False, *, at_zero: float = 0.0) -> Tensor:
    """max(x, 0), elementwise; the derivative at 0 is `at_zero`."""
    return ag.relu(input, at_zero)


def leaky_relu(input: Data, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, negative_slope · x elsewhere."""
    return ag.leaky_relu(input, negative_slope)


def elu(input: Data, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, α (eˣ − 1) elsewhere."""
    return ag.elu(input, alpha)


def selu(input: Data, inplace: bool = False) -> Tensor:
    """1.0507 · elu(x, α = 1.6733)."""
    return ag.selu(input)


def silu(input: Data, inplace: bool = False) -> Tensor:
    """x σ(x)."""
    return ag.silu(input)


def logsigmoid(input: Data) -> Tensor:
    """log σ(x), without overflow."""
    return -softplus(-_floats("logsigmoid", "input", input))


def softmin(input: Data, dim: int = -1) -> Tensor:
    """e^(−x) / Σ e^(−x) along `dim`."""
    return softmax(-_floats("softmin", "input", input), dim)


# -- dropout -----------------------------------------------------------------------------------


def dropout(
    input: Data,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """In training each element zeroed with probability p, the others divided by 1 − p."""
    return ag.dropout(input, p, training, generator)


def dropout2d(
    input: Data,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """In training whole channels of (N, C, H, W) zeroed with probability p."""
    return ag.dropout2d(input, p, training, generator)


# -- vectors -----------------------------------------------------------------------------------


def one_hot(tensor: Data, num_classes: int = -1) -> ag.Tensor:
    """Whole numbers (...) as rows (..., num_classes) of zeros with a 1 at the number's place.

    `num_classes=-1` takes the largest number and one. Raises `IndexRangeError` for a number that
    has no place.

    >>> one_hot([0, 2])
    tensor([[1, 0, 0],
            [0, 0, 1]], dtype=int64)
    """
    labels = tensor.data if isinstance(tensor, ag.Tensor) else np.asarray(tensor)
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"one_hot: input must be whole numbers, got {labels.dtype}")
    num_classes = whole("one_hot", "num_classes", num_classes)
    if num_classes == -1:
        if not labels.size:
            raise ArgumentError(
                "one_hot: num_classes must be given where there is no number, got -1"
            )
        if labels.min() < 0:
            raise IndexRangeError(f"one_hot: labels must be at least 0, got {labels.min()}")
        num_classes = int(labels.max()) + 1
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.size:
        raise IndexRangeError(
            f"one_hot: {wrong.flat[0]} lies outside the classes 0 to {num_classes - 1}"
        )
    return ag.Tensor((labels[..., np.newaxis] == np.arange(num_classes)).astype(np.int64))


def normalize(input: Data, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(‖x‖ₚ, eps) along `dim`.

    >>> normalize(ag.tensor([[3.0, 4.0]]))
    tensor([[0.6, 0.8]])
    """
    input = _floats("normalize", "input", input)
    size = ag.norm(input, ord=p, axis=dim, keepdims=True)
    return input / ag.maximum(size, eps)


def cosine_similarity(x1: Data, x2: Data, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """⟨x1, x2⟩ / (max(‖x1‖, eps) max(‖x2‖, eps)) along `dim`, after x1 and x2 are broadcast.

    >>> cosine_similarity(np.array([[3.0, 4.0], [0.0, 2.0]]), np.array([1.0, 0.0]))
    array([0.6, 0. ])
    """
    x1 = _floats("cosine_similarity", "x1", x1, x2)
    x2 = _floats("cosine_similarity", "x2", x2, x1)
    if shape_of(x1) != shape_of(x2):
        try:
            shape = np.broadcast_shapes(shape_of(x1), shape_of(x2))
        except ValueError:
            raise ShapeError(
                f"cosine_similarity: x1 and x2 must broadcast, got {shape_of(x1)} and "
                f"{shape_of(x2)}"
            ) from None
        x1, x2 = ag.broadcast_to(x1, shape), ag.broadcast_to(x2, shape)
    return ag.sum(normalize(x1, 2.0, dim, eps) * normalize(x2, 2.0, dim, eps), axis=dim)


_PAD_MODES: dict[str, PadMode] = {
    "constant": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
}


def pad(
    input: Data,
    pad: Sequence[int],
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant",
    value: float | None = None,
) -> Tensor:
    """More elements at the ends: `pad` is (left, right, top, bottom, ...), from the last axis on.

    `mode`: 'constant' (`value`, 0 if None), 'reflect', 'replicate' or 'circular'. A negative number
    cuts off: what the other end is filled with comes from the whole input, but in mode 'circular'
    from what is left of it. 'reflect' adds less than an axis is long, 'circular' at most as much as
    is left of it. (`ag.pad` takes NumPy's arguments.) Raises `ArgumentError`, `ShapeError`.

    >>> pad(ag.tensor([[1.0, 2.0]]), (1, 0))
    tensor([[0., 1., 2.]])
    """
    ndim = len(shape_of(input))
    if not isinstance(pad, Sequence | np.ndarray) or not all(
        isinstance(n, int | np.integer) for n in pad
    ):
        raise DTypeError(f"pad: pad must be a sequence of whole numbers, got {pad!r}")
    if len(pad) % 2 or len(pad) > 2 * ndim:
        raise ArgumentError(
            f"pad: pad must be pairs of numbers for at most {ndim} axes, got {tuple(pad)}"
        )
    one_of("pad", "mode", mode, _PAD_MODES)
    if mode != "constant" and value is not None:
        raise ArgumentError(f"pad: value is for mode='constant', got it with {mode!r}")
    ends = list(zip(pad[::2], pad[1::2], strict=True))
    widths = [(0, 0)] * (ndim - len(ends)) + ends[::-1]
    _require_room(shape_of(input), widths, mode)
    cuts = any(a < 0 or b < 0 for a, b in widths)
    keep = tuple(slice(max(-a, 0), b if b < 0 else None) for a, b in widths)
    widths = [(max(a, 0), max(b, 0)) for a, b in widths]
    if cuts and mode == "circular":
        input = ag.ops.getitem(input, keep)
    if mode == "constant":
        out = ag.pad(input, widths, "constant", constant_values=0 if value is None else value)
    else:
        out = ag.pad(input, widths, _PAD_MODES[mode])
    return out[keep] if cuts and mode != "circular" else out


def _require_room(shape: tuple[int, ...], widths: list[tuple[int, int]], mode: str) -> None:
    """Raise unless an input of `shape` can be padded by `widths` in this way."""
    for axis, (n, (before, after)) in enumerate(zip(shape, widths, strict=True)):
        left = n + min(before, 0) + min(after, 0)
        room = {"reflect": n - 1, "circular": left}.get(mode)
        if n + before + after < 0 or (left < 0 and mode == "circular"):
            raise ShapeError(
                f"pad: {before} and {after} cut off more than the {n} elements of axis {axis} "
                f"(input of shape {shape})"
            )
        if room is not None and max(before, after) > max(room, 0):
            raise ShapeError(
                f"pad: mode={mode!r} can add at most {max(room, 0)} to axis {axis} of an input of "
                f"shape {shape}, got {before} before and {after} after"
            )


def _floats(name: str, argument: str, x: Any, *beside: Any) -> Any:
    """What is computed with before an op has seen it: a Tensor, an array or a number, of floats."""
    return float(x) if isinstance(x, int | float) else floats(name, argument, x, *beside)


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a Tensor or array, or of what would become one. (Quicker than `np.shape`.)"""
    return x.shape if hasattr(x, "shape") else np.shape(x)


def _takes_input(function: Any) -> Any:
    """The same function, under PyTorch's name for its first parameter: `input`.

    It takes that name already; this one shows it too, in its signature and its help. The code is
    the same, and nothing is called in between.
    """
    parameters = list(inspect.signature(function).parameters.values())
    first = parameters[0].name
    twin = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__dict__.update(function.__dict__)
    twin.__annotations__ = {
        k if k != first else "input": v for k, v in function.__annotations__.items()
    }
    twin.__module__, twin.__qualname__ = __name__, function.__name__
    twin.__doc__ = (
        f"{inspect.cleandoc(function.__doc__)}\n\n`input` is called {first} in this text.\n"
    )
    parameters[0] = parameters[0].replace(name="input")
    twin.__signature__ = inspect.signature(function).replace(  # type: ignore[attr-defined]
        parameters=parameters
    )
    return twin


_ours = [name for name in __all__ if globals()[name].__module__ == __name__]  # not the ops
name_arguments_in(globals(), _ours)
for _name in {*__all__} - {*_ours}:
    if next(iter(inspect.signature(globals()[_name]).parameters)) in ("x", "indices", "columns"):
        globals()[_name] = _takes_input(globals()[_name])

if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later("nn.functional")
