"""What losses share: their arguments checked, labels looked at once, and the reduction."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from autograd.engine.dtypes import as_array, get_default_dtype
from autograd.engine.late_bound import ops
from autograd.engine.operands import float_dtype
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError
from autograd.kernels.sums import add_up
from autograd.ops.plain_functions import plain
from autograd.ops.positions import all_below, positions
from autograd.support.arguments import require_constant, whole

#: Dtypes that losses are given all the time, taken as they are without a closer look.
_USUAL = frozenset(map(np.dtype, (np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool)))

REDUCTIONS = ("mean", "sum", "none")

Divisor = float | None  # see `divisor_of`


def array_or_tensor(name: str, argument: str, value: Any, *beside: Any) -> Any:
    """A Tensor as it is; arrays of any kind, numbers and lists as an ndarray of numbers.

    Floats take the dtype of the floats `beside` them, before any rounding.
    """
    if isinstance(value, Tensor) or (type(value) is np.ndarray and value.dtype in _USUAL):
        return value
    if isinstance(value, int | float | list | tuple | np.generic) or hasattr(value, "__array__"):
        return as_array(value, f"{name}: {argument}", weak=float_dtype(beside))
    raise DTypeError(
        f"{name}: {argument} must be a Tensor or an array, got {type(value).__name__}",
    )


def scores_and_target(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Scores of classes as floats, and what they are compared with: labels or probabilities.

    Raises `DTypeError` where labels came first and scores second.
    """
    input = array_or_tensor(name, "input", input, target)
    target = array_or_tensor(name, "target", target, input)
    if target.dtype.kind == "f" and input.dtype.kind in "iub" and target.ndim:
        raise DTypeError(
            f"{name}: input must be scores and target labels, got {input.dtype} labels of shape "
            f"{input.shape} and {target.dtype} scores of shape {target.shape}; they are swapped: "
            f"write {name}(input, target)",
        )
    return floats(name, "input", input), target


def floats(name: str, argument: str, value: Any, *beside: Any) -> Any:
    """The same as floats, which a loss is computed in: unsigned integers would wrap.

    float16 becomes float32: it holds no mean over more than 65,504 losses.
    """
    array = array_or_tensor(name, argument, value, *beside)
    if array.dtype.kind == "f":
        return array if array.dtype != np.float16 else array.astype(np.float32)
    return array.astype(get_default_dtype() if isinstance(array, Tensor) else np.float64)


def pair(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Input and target of equal shape; targets of integers or float16 in the dtype of the input."""
    input = floats(name, "input", input, target)
    target = array_or_tensor(name, "target", target, input)
    x, t = plain(input), plain(target)
    if x.shape != t.shape:
        way_out = "give both the same shape"
        if target.size == input.size:
            way_out = f"use target.reshape{input.shape}"
        raise ShapeError(
            f"{name}: input has shape {input.shape}, but target {target.shape}: they must be "
            f"equal, since broadcasting would pair wrong elements; {way_out}",
        )
    if t.dtype is not x.dtype and (t.dtype.kind != "f" or t.dtype == np.float16):
        target = target.astype(x.dtype)
    return input, target


def factor(name: str, argument: str, value: Any, input: Any) -> np.ndarray | None:
    """A constant that broadcasts to the shape of the input, in its dtype (or None)."""
    if value is None:
        return None
    array = constant(name, argument, value, input)
    try:
        fits = np.broadcast_shapes(array.shape, input.shape) == input.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name}: {argument} of shape {array.shape} does not broadcast to that of input, "
            f"{input.shape}",
        )
    return in_dtype_of(input, array)


def in_dtype_of(input: Any, array: Any) -> Any:
    return array.astype(input.dtype, copy=False) if input.dtype.kind == "f" else array


def constant(name: str, argument: str, value: Any, *beside: Any) -> np.ndarray:
    """The plain array of an argument that gets no gradient."""
    array = array_or_tensor(name, argument, value, *beside)
    if not isinstance(array, Tensor):
        return array
    require_constant(name, argument, array)
    return array.data


def class_weight(name: str, value: Any, input: Any) -> np.ndarray | None:
    """The weights of the classes in the dtype of the input (or None)."""
    if value is None:
        return None
    weight, classes = constant(name, "weight", value, input), class_count(input)
    if weight.shape != (classes,):
        raise ShapeError(
            f"{name}: weight must have shape ({classes},), got {weight.shape}; it is one number "
            f"for each of the {classes} classes of input {input.shape}",
        )
    return in_dtype_of(input, weight)


def class_axis(input: Any) -> int:
    """Axis 1 of (N, C, ...), the only axis of (C,)."""
    return 1 if input.ndim > 1 else 0


def class_count(input: Any) -> int:
    return _labels_for(input.shape)[1]


def check_classes(name: str, input: Any) -> None:
    if input.ndim == 0:
        raise ShapeError(
            f"{name}: input must be (N, C, ...) or (C,), got shape (); it has no axis of classes"
        )


def label_shape(input: Any) -> tuple[int, ...]:
    """The shape of the labels that fit an input (N, C, d1, ...) or (C,)."""
    return _labels_for(input.shape)[0]


def labels_of(
    name: str, input: Any, target: Any, ignore_index: int | None
) -> tuple[np.ndarray, bool]:
    """The labels as platform integers, ignored ones as -1, and whether there are any of these."""
    labels, shape = plain(target), input.shape
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"{name}: target must be integer class labels, got {labels.dtype}")
    expected, classes = _labels_for(shape)
    if labels.shape != expected:
        hint = ""
        if labels.shape == shape:
            hint = "; class probabilities must be float, or take target.argmax(axis=1) for labels"
        elif labels.size == np.prod(expected, dtype=int):
            hint = f"; use target.reshape{expected}"
        raise ShapeError(
            f"{name}: target must have shape {expected} for input {shape}, got {labels.shape}{hint}"
        )
    labels = positions(name, "target", labels)
    if type(ignore_index) is not int and ignore_index is not None:
        ignore_index = whole(name, "ignore_index", ignore_index)
    if all_below(labels, classes) and (ignore_index is None or not 0 <= ignore_index < classes):
        return labels, False
    ignored = labels == ignore_index
    wrong = ((labels < 0) | (labels >= classes)) & ~ignored
    if wrong.any():
        position = tuple(int(i) for i in np.argwhere(wrong)[0])
        place = f"target[{', '.join(map(str, position))}]" if position else "target"
        allowed = "" if ignore_index is None else f" (or ignore_index = {ignore_index})"
        raise IndexRangeError(
            f"{name}: {place} = {labels[position]} is no class of input {shape}; labels "
            f"are 0 to {classes - 1}{allowed}",
        )
    return np.where(ignored, -1, labels), bool(ignored.any())


@lru_cache(maxsize=256)
def _labels_for(shape: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """The shape of the labels of an input of that shape, and the number of classes."""
    return (shape[:1] + shape[2:], shape[1]) if len(shape) > 1 else ((), shape[0])


# Reduction: an op of a loss takes the number that its sum is divided by, so that a loss is one
# node of the graph. In its closures `g / (divisor or 1)` is the gradient of each summand, or of all
# of them: a single number that broadcasts.


def divisor_of(name: str, reduction: str, count: float) -> Divisor:
    """What the sum of the losses is divided by, `count` for a mean; None for "none": no sum."""
    if reduction == "none":
        return None
    if reduction == "sum":
        return 1
    if count == 0:
        raise ArgumentError(
            f"{name}: there is no loss to average (every label is ignored or weighs 0, or the "
            "batch is empty); use reduction='sum'",
        )
    return count + 0  # a plain number, whatever kind of one came


def reduced(losses: Any, divisor: Divisor) -> Any:
    """Losses added up and divided, or as they are: for the body of an op."""
    return losses if divisor is None else add_up(losses) / divisor


def reduced_later(losses: Any, divisor: Divisor) -> Any:
    """The same as nodes of their own, for losses that were weighted after their op."""
    if divisor is None:
        return np.asarray(losses) if isinstance(losses, np.generic) else losses
    if divisor == 1:
        return ops.sum(losses)
    if divisor == losses.size:
        return ops.mean(losses)
    return ops.divide(ops.sum(losses), divisor)
