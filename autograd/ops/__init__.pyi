"""The signatures of all ops. Written by `python -m tests.stubs`; do not edit."""

# mypy: disable-error-code="overload-overlap"

import numpy as np
from collections.abc import Sequence
from typing import Any, Literal, overload
from autograd.engine.annotations import (
    Approximate,
    Arrays,
    Axis,
    DType,
    Data,
    PadMode,
    Padding,
    Plain,
    PlainArrays,
    Reduction,
    Shape,
    Size,
)
from autograd.engine.tensors import Tensor
from autograd.ops.linalg import SlogdetResult as SlogdetResult

HELPERS: frozenset[str]
LINALG: frozenset[str]
PUBLIC: frozenset[str]
__all__ = [
    "abs",
    "absmax_pool2d",
    "absolute",
    "acos",
    "acosh",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "argsort",
    "array_split",
    "asin",
    "asinh",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "bce",
    "bce_with_logits",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "broadcast_to",
    "cbrt",
    "ceil",
    "cholesky",
    "clip",
    "concatenate",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "copy",
    "cos",
    "cosh",
    "cross_entropy",
    "cumprod",
    "cumsum",
    "det",
    "diag",
    "diagonal",
    "divide",
    "dot",
    "dropout",
    "dropout2d",
    "einsum",
    "elu",
    "embedding",
    "equal",
    "erf",
    "exp",
    "expand",
    "expand_dims",
    "expm1",
    "flatten",
    "flip",
    "floor",
    "fold",
    "gelu",
    "global_avg_pool2d",
    "greater",
    "greater_equal",
    "group_norm",
    "heaviside",
    "hstack",
    "huber",
    "huber_loss",
    "inner",
    "instance_norm",
    "inv",
    "kl_div",
    "l1",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "less",
    "less_equal",
    "linear",
    "linear_scan",
    "local_conv2d",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "matmul",
    "max",
    "max_pool1d",
    "max_pool2d",
    "maximum",
    "mean",
    "min",
    "minimum",
    "moveaxis",
    "mse",
    "mse_loss",
    "multi_margin_loss",
    "multiply",
    "negative",
    "nll_loss",
    "norm",
    "not_equal",
    "outer",
    "pad",
    "positive",
    "pow",
    "power",
    "prod",
    "ravel",
    "reciprocal",
    "relu",
    "repeat",
    "reshape",
    "rint",
    "roll",
    "round",
    "scatter_add",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "slogdet",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "softsign",
    "solve",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subsample2d",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "topk",
    "trace",
    "transpose",
    "tril",
    "triu",
    "trunc",
    "unfold",
    "unstack",
    "var",
    "vstack",
    "where",
]

@overload
def abs(x: Tensor) -> Tensor: ...
@overload
def abs(x: Plain) -> np.ndarray: ...
@overload
def abs(x: Data) -> Tensor: ...
@overload
def abs(*, input: Data) -> Tensor: ...
@overload
def absmax_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor: ...
@overload
def absmax_pool2d(
    x: Plain,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> np.ndarray: ...
@overload
def absmax_pool2d(
    x: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor: ...
@overload
def absmax_pool2d(
    *,
    input: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor: ...
@overload
def absolute(x: Tensor) -> Tensor: ...
@overload
def absolute(x: Plain) -> np.ndarray: ...
@overload
def absolute(x: Data) -> Tensor: ...
@overload
def absolute(*, input: Data) -> Tensor: ...
@overload
def acos(x: Tensor) -> Tensor: ...
@overload
def acos(x: Plain) -> np.ndarray: ...
@overload
def acos(x: Data) -> Tensor: ...
@overload
def acos(*, input: Data) -> Tensor: ...
@overload
def acosh(x: Tensor) -> Tensor: ...
@overload
def acosh(x: Plain) -> np.ndarray: ...
@overload
def acosh(x: Data) -> Tensor: ...
@overload
def acosh(*, input: Data) -> Tensor: ...
@overload
def adaptive_avg_pool1d(x: Tensor, output_size: int | Sequence[int | None] | None) -> Tensor: ...
@overload
def adaptive_avg_pool1d(x: Plain, output_size: int | Sequence[int | None] | None) -> np.ndarray: ...
@overload
def adaptive_avg_pool1d(x: Data, output_size: int | Sequence[int | None] | None) -> Tensor: ...
@overload
def adaptive_avg_pool1d(
    *, input: Data, output_size: int | Sequence[int | None] | None
) -> Tensor: ...
@overload
def adaptive_avg_pool2d(x: Tensor, output_size: int | Sequence[int | None] | None) -> Tensor: ...
@overload
def adaptive_avg_pool2d(x: Plain, output_size: int | Sequence[int | None] | None) -> np.ndarray: ...
@overload
def adaptive_avg_pool2d(x: Data, output_size: int | Sequence[int | None] | None) -> Tensor: ...
@overload
def adaptive_avg_pool2d(
    *, input: Data, output_size: int | Sequence[int | None] | None
) -> Tensor: ...
@overload
def adaptive_max_pool1d(
    x: Data, output_size: int | Sequence[int | None] | None, *, return_indices: Literal[True]
) -> tuple[Tensor, np.ndarray]: ...
@overload
def adaptive_max_pool1d(
    x: Tensor, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> Tensor: ...
@overload
def adaptive_max_pool1d(
    x: Plain, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> np.ndarray: ...
@overload
def adaptive_max_pool1d(
    x: Data, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> Tensor: ...
@overload
def adaptive_max_pool1d(
    *, input: Data, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> Tensor: ...
@overload
def adaptive_max_pool2d(
    x: Data, output_size: int | Sequence[int | None] | None, *, return_indices: Literal[True]
) -> tuple[Tensor, np.ndarray]: ...
@overload
def adaptive_max_pool2d(
    x: Tensor, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> Tensor: ...
@overload
def adaptive_max_pool2d(
    x: Plain, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> np.ndarray: ...
@overload
def adaptive_max_pool2d(
    x: Data, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> Tensor: ...
@overload
def adaptive_max_pool2d(
    *, input: Data, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> Tensor: ...
@overload
def add(a: Tensor, b: Data) -> Tensor: ...
@overload
def add(a: Data, b: Tensor) -> Tensor: ...
@overload
def add(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def add(a: Data, b: Data) -> Tensor: ...
@overload
def add(*, input: Data, b: Data) -> Tensor: ...
@overload
def arccos(x: Tensor) -> Tensor: ...
@overload
def arccos(x: Plain) -> np.ndarray: ...
@overload
def arccos(x: Data) -> Tensor: ...
@overload
def arccos(*, input: Data) -> Tensor: ...
@overload
def arccosh(x: Tensor) -> Tensor: ...
@overload
def arccosh(x: Plain) -> np.ndarray: ...
@overload
def arccosh(x: Data) -> Tensor: ...
@overload
def arccosh(*, input: Data) -> Tensor: ...
@overload
def arcsin(x: Tensor) -> Tensor: ...
@overload
def arcsin(x: Plain) -> np.ndarray: ...
@overload
def arcsin(x: Data) -> Tensor: ...
@overload
def arcsin(*, input: Data) -> Tensor: ...
@overload
def arcsinh(x: Tensor) -> Tensor: ...
@overload
def arcsinh(x: Plain) -> np.ndarray: ...
@overload
def arcsinh(x: Data) -> Tensor: ...
@overload
def arcsinh(*, input: Data) -> Tensor: ...
@overload
def arctan(x: Tensor) -> Tensor: ...
@overload
def arctan(x: Plain) -> np.ndarray: ...
@overload
def arctan(x: Data) -> Tensor: ...
@overload
def arctan(*, input: Data) -> Tensor: ...
@overload
def arctan2(y: Tensor, x: Data) -> Tensor: ...
@overload
def arctan2(y: Data, x: Tensor) -> Tensor: ...
@overload
def arctan2(y: Plain, x: Plain) -> np.ndarray: ...
@overload
def arctan2(y: Data, x: Data) -> Tensor: ...
@overload
def arctan2(*, input: Data, x: Data) -> Tensor: ...
@overload
def arctanh(x: Tensor) -> Tensor: ...
@overload
def arctanh(x: Plain) -> np.ndarray: ...
@overload
def arctanh(x: Data) -> Tensor: ...
@overload
def arctanh(*, input: Data) -> Tensor: ...
@overload
def argmax(
    x: Data,
    axis: int | None = None,
    keepdims: bool = False,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> np.ndarray: ...
@overload
def argmax(
    *,
    input: Data,
    axis: int | None = None,
    keepdims: bool = False,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> np.ndarray: ...
@overload
def argmin(
    x: Data,
    axis: int | None = None,
    keepdims: bool = False,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> np.ndarray: ...
@overload
def argmin(
    *,
    input: Data,
    axis: int | None = None,
    keepdims: bool = False,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> np.ndarray: ...
@overload
def argsort(
    x: Data,
    axis: int | None = -1,
    *,
    descending: bool = False,
    stable: bool = True,
    dim: Axis = ...,
) -> np.ndarray: ...
@overload
def argsort(
    *,
    input: Data,
    axis: int | None = -1,
    descending: bool = False,
    stable: bool = True,
    dim: Axis = ...,
) -> np.ndarray: ...
@overload
def array_split(
    x: Tensor, indices_or_sections: Size, axis: int = 0, *, dim: Axis = ...
) -> list[Tensor]: ...
@overload
def array_split(
    x: Plain, indices_or_sections: Size, axis: int = 0, *, dim: Axis = ...
) -> list[np.ndarray]: ...
@overload
def array_split(
    x: Data, indices_or_sections: Size, axis: int = 0, *, dim: Axis = ...
) -> list[Tensor]: ...
@overload
def array_split(
    *, input: Data, indices_or_sections: Size, axis: int = 0, dim: Axis = ...
) -> list[Tensor]: ...
@overload
def asin(x: Tensor) -> Tensor: ...
@overload
def asin(x: Plain) -> np.ndarray: ...
@overload
def asin(x: Data) -> Tensor: ...
@overload
def asin(*, input: Data) -> Tensor: ...
@overload
def asinh(x: Tensor) -> Tensor: ...
@overload
def asinh(x: Plain) -> np.ndarray: ...
@overload
def asinh(x: Data) -> Tensor: ...
@overload
def asinh(*, input: Data) -> Tensor: ...
@overload
def astype(x: Tensor, dtype: DType) -> Tensor: ...
@overload
def astype(x: Plain, dtype: DType) -> np.ndarray: ...
@overload
def astype(x: Data, dtype: DType) -> Tensor: ...
@overload
def astype(*, input: Data, dtype: DType) -> Tensor: ...
@overload
def atan(x: Tensor) -> Tensor: ...
@overload
def atan(x: Plain) -> np.ndarray: ...
@overload
def atan(x: Data) -> Tensor: ...
@overload
def atan(*, input: Data) -> Tensor: ...
@overload
def atan2(y: Tensor, x: Data) -> Tensor: ...
@overload
def atan2(y: Data, x: Tensor) -> Tensor: ...
@overload
def atan2(y: Plain, x: Plain) -> np.ndarray: ...
@overload
def atan2(y: Data, x: Data) -> Tensor: ...
@overload
def atan2(*, input: Data, x: Data) -> Tensor: ...
@overload
def atanh(x: Tensor) -> Tensor: ...
@overload
def atanh(x: Plain) -> np.ndarray: ...
@overload
def atanh(x: Data) -> Tensor: ...
@overload
def atanh(*, input: Data) -> Tensor: ...
@overload
def avg_pool1d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor: ...
@overload
def avg_pool1d(
    x: Plain,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> np.ndarray: ...
@overload
def avg_pool1d(
    x: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor: ...
@overload
def avg_pool1d(
    *,
    input: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor: ...
@overload
def avg_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor: ...
@overload
def avg_pool2d(
    x: Plain,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> np.ndarray: ...
@overload
def avg_pool2d(
    x: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor: ...
@overload
def avg_pool2d(
    *,
    input: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor: ...
@overload
def batch_norm(
    x: Tensor,
    running_mean: Data | None = None,
    running_var: Data | None = None,
    weight: Data | None = None,
    bias: Data | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def batch_norm(
    x: Plain,
    running_mean: Plain | None = None,
    running_var: Plain | None = None,
    weight: Plain | None = None,
    bias: Plain | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> np.ndarray: ...
@overload
def batch_norm(
    x: Data,
    running_mean: Data | None = None,
    running_var: Data | None = None,
    weight: Data | None = None,
    bias: Data | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def batch_norm(
    *,
    input: Data,
    running_mean: Data | None = None,
    running_var: Data | None = None,
    weight: Data | None = None,
    bias: Data | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def bce(
    input: Tensor, target: Data, weight: Data | None = None, reduction: Reduction = "mean"
) -> Tensor: ...
@overload
def bce(
    input: Data, target: Tensor, weight: Data | None = None, reduction: Reduction = "mean"
) -> Tensor: ...
@overload
def bce(
    input: Plain, target: Plain, weight: Plain | None = None, reduction: Reduction = "mean"
) -> np.ndarray: ...
@overload
def bce(
    input: Data, target: Data, weight: Data | None = None, reduction: Reduction = "mean"
) -> Tensor: ...
@overload
def bce_with_logits(
    input: Tensor,
    target: Data,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    pos_weight: Data | None = None,
) -> Tensor: ...
@overload
def bce_with_logits(
    input: Data,
    target: Tensor,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    pos_weight: Data | None = None,
) -> Tensor: ...
@overload
def bce_with_logits(
    input: Plain,
    target: Plain,
    weight: Plain | None = None,
    reduction: Reduction = "mean",
    pos_weight: Plain | None = None,
) -> np.ndarray: ...
@overload
def bce_with_logits(
    input: Data,
    target: Data,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    pos_weight: Data | None = None,
) -> Tensor: ...
@overload
def binary_cross_entropy(
    input: Tensor, target: Data, weight: Data | None = None, reduction: Reduction = "mean"
) -> Tensor: ...
@overload
def binary_cross_entropy(
    input: Data, target: Tensor, weight: Data | None = None, reduction: Reduction = "mean"
) -> Tensor: ...
@overload
def binary_cross_entropy(
    input: Plain, target: Plain, weight: Plain | None = None, reduction: Reduction = "mean"
) -> np.ndarray: ...
@overload
def binary_cross_entropy(
    input: Data, target: Data, weight: Data | None = None, reduction: Reduction = "mean"
) -> Tensor: ...
@overload
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Data,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    pos_weight: Data | None = None,
) -> Tensor: ...
@overload
def binary_cross_entropy_with_logits(
    input: Data,
    target: Tensor,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    pos_weight: Data | None = None,
) -> Tensor: ...
@overload
def binary_cross_entropy_with_logits(
    input: Plain,
    target: Plain,
    weight: Plain | None = None,
    reduction: Reduction = "mean",
    pos_weight: Plain | None = None,
) -> np.ndarray: ...
@overload
def binary_cross_entropy_with_logits(
    input: Data,
    target: Data,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    pos_weight: Data | None = None,
) -> Tensor: ...
@overload
def broadcast_to(x: Tensor, shape: Shape) -> Tensor: ...
@overload
def broadcast_to(x: Plain, shape: Shape) -> np.ndarray: ...
@overload
def broadcast_to(x: Data, shape: Shape) -> Tensor: ...
@overload
def broadcast_to(*, input: Data, shape: Shape) -> Tensor: ...
@overload
def cbrt(x: Tensor) -> Tensor: ...
@overload
def cbrt(x: Plain) -> np.ndarray: ...
@overload
def cbrt(x: Data) -> Tensor: ...
@overload
def cbrt(*, input: Data) -> Tensor: ...
@overload
def ceil(x: Tensor) -> Tensor: ...
@overload
def ceil(x: Plain) -> np.ndarray: ...
@overload
def ceil(x: Data) -> Tensor: ...
@overload
def ceil(*, input: Data) -> Tensor: ...
@overload
def cholesky(a: Tensor) -> Tensor: ...
@overload
def cholesky(a: Plain) -> np.ndarray: ...
@overload
def cholesky(a: Data) -> Tensor: ...
@overload
def cholesky(*, input: Data) -> Tensor: ...
@overload
def clip(
    x: Tensor,
    a_min: Data | None = None,
    a_max: Data | None = None,
    *,
    min: Data | None = None,
    max: Data | None = None,
) -> Tensor: ...
@overload
def clip(
    x: Plain,
    a_min: Plain | None = None,
    a_max: Plain | None = None,
    *,
    min: Plain | None = None,
    max: Plain | None = None,
) -> np.ndarray: ...
@overload
def clip(
    x: Data,
    a_min: Data | None = None,
    a_max: Data | None = None,
    *,
    min: Data | None = None,
    max: Data | None = None,
) -> Tensor: ...
@overload
def clip(
    *,
    input: Data,
    a_min: Data | None = None,
    a_max: Data | None = None,
    min: Data | None = None,
    max: Data | None = None,
) -> Tensor: ...
@overload
def concatenate(
    arrays: Sequence[Tensor] | Tensor, axis: int | None = 0, *, dim: Axis = ...
) -> Tensor: ...
@overload
def concatenate(arrays: PlainArrays, axis: int | None = 0, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def concatenate(arrays: Arrays, axis: int | None = 0, *, dim: Axis = ...) -> Tensor: ...
@overload
def concatenate(*, input: Arrays, axis: int | None = 0, dim: Axis = ...) -> Tensor: ...
@overload
def conv1d(
    x: Tensor,
    weight: Data,
    bias: Data | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> Tensor: ...
@overload
def conv1d(
    x: Data,
    weight: Tensor,
    bias: Data | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> Tensor: ...
@overload
def conv1d(
    x: Plain,
    weight: Plain,
    bias: Plain | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> np.ndarray: ...
@overload
def conv1d(
    x: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> Tensor: ...
@overload
def conv1d(
    *,
    input: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> Tensor: ...
@overload
def conv2d(
    x: Tensor,
    weight: Data,
    bias: Data | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> Tensor: ...
@overload
def conv2d(
    x: Data,
    weight: Tensor,
    bias: Data | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> Tensor: ...
@overload
def conv2d(
    x: Plain,
    weight: Plain,
    bias: Plain | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> np.ndarray: ...
@overload
def conv2d(
    x: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> Tensor: ...
@overload
def conv2d(
    *,
    input: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    padding_mode: Any = "zeros",
    flip: bool = False,
) -> Tensor: ...
@overload
def conv_transpose1d(
    x: Tensor,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def conv_transpose1d(
    x: Data,
    weight: Tensor,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def conv_transpose1d(
    x: Plain,
    weight: Plain,
    bias: Plain | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> np.ndarray: ...
@overload
def conv_transpose1d(
    x: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def conv_transpose1d(
    *,
    input: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def conv_transpose2d(
    x: Tensor,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def conv_transpose2d(
    x: Data,
    weight: Tensor,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def conv_transpose2d(
    x: Plain,
    weight: Plain,
    bias: Plain | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> np.ndarray: ...
@overload
def conv_transpose2d(
    x: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def conv_transpose2d(
    *,
    input: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def copy(x: Tensor) -> Tensor: ...
@overload
def copy(x: Plain) -> np.ndarray: ...
@overload
def copy(x: Data) -> Tensor: ...
@overload
def copy(*, input: Data) -> Tensor: ...
@overload
def cos(x: Tensor) -> Tensor: ...
@overload
def cos(x: Plain) -> np.ndarray: ...
@overload
def cos(x: Data) -> Tensor: ...
@overload
def cos(*, input: Data) -> Tensor: ...
@overload
def cosh(x: Tensor) -> Tensor: ...
@overload
def cosh(x: Plain) -> np.ndarray: ...
@overload
def cosh(x: Data) -> Tensor: ...
@overload
def cosh(*, input: Data) -> Tensor: ...
@overload
def cross_entropy(
    input: Tensor,
    target: Data,
    weight: Data | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor: ...
@overload
def cross_entropy(
    input: Data,
    target: Tensor,
    weight: Data | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor: ...
@overload
def cross_entropy(
    input: Plain,
    target: Plain,
    weight: Plain | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> np.ndarray: ...
@overload
def cross_entropy(
    input: Data,
    target: Data,
    weight: Data | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor: ...
@overload
def cumprod(x: Tensor, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def cumprod(x: Plain, axis: Axis = None, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def cumprod(x: Data, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def cumprod(*, input: Data, axis: Axis = None, dim: Axis = ...) -> Tensor: ...
@overload
def cumsum(x: Tensor, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def cumsum(x: Plain, axis: Axis = None, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def cumsum(x: Data, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def cumsum(*, input: Data, axis: Axis = None, dim: Axis = ...) -> Tensor: ...
@overload
def det(a: Tensor) -> Tensor: ...
@overload
def det(a: Plain) -> np.ndarray: ...
@overload
def det(a: Data) -> Tensor: ...
@overload
def det(*, input: Data) -> Tensor: ...
@overload
def diag(x: Tensor, k: int = 0) -> Tensor: ...
@overload
def diag(x: Plain, k: int = 0) -> np.ndarray: ...
@overload
def diag(x: Data, k: int = 0) -> Tensor: ...
@overload
def diag(*, input: Data, k: int = 0) -> Tensor: ...
@overload
def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def diagonal(x: Plain, offset: int = 0, axis1: int = 0, axis2: int = 1) -> np.ndarray: ...
@overload
def diagonal(x: Data, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def diagonal(*, input: Data, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def divide(a: Tensor, b: Data) -> Tensor: ...
@overload
def divide(a: Data, b: Tensor) -> Tensor: ...
@overload
def divide(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def divide(a: Data, b: Data) -> Tensor: ...
@overload
def divide(*, input: Data, b: Data) -> Tensor: ...
@overload
def dot(a: Tensor, b: Data) -> Tensor: ...
@overload
def dot(a: Data, b: Tensor) -> Tensor: ...
@overload
def dot(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def dot(a: Data, b: Data) -> Tensor: ...
@overload
def dot(*, input: Data, b: Data) -> Tensor: ...
@overload
def dropout(
    x: Tensor, p: float = 0.5, training: bool = True, generator: np.random.Generator | None = None
) -> Tensor: ...
@overload
def dropout(
    x: Plain, p: float = 0.5, training: bool = True, generator: np.random.Generator | None = None
) -> np.ndarray: ...
@overload
def dropout(
    x: Data, p: float = 0.5, training: bool = True, generator: np.random.Generator | None = None
) -> Tensor: ...
@overload
def dropout(
    *,
    input: Data,
    p: float = 0.5,
    training: bool = True,
    generator: np.random.Generator | None = None,
) -> Tensor: ...
@overload
def dropout2d(
    x: Tensor, p: float = 0.5, training: bool = True, generator: np.random.Generator | None = None
) -> Tensor: ...
@overload
def dropout2d(
    x: Plain, p: float = 0.5, training: bool = True, generator: np.random.Generator | None = None
) -> np.ndarray: ...
@overload
def dropout2d(
    x: Data, p: float = 0.5, training: bool = True, generator: np.random.Generator | None = None
) -> Tensor: ...
@overload
def dropout2d(
    *,
    input: Data,
    p: float = 0.5,
    training: bool = True,
    generator: np.random.Generator | None = None,
) -> Tensor: ...
@overload
def einsum(subscripts: str, *operands: Tensor, optimize: Any = True) -> Tensor: ...
@overload
def einsum(subscripts: str, *operands: Plain, optimize: Any = True) -> np.ndarray: ...
@overload
def einsum(subscripts: str, *operands: Data, optimize: Any = True) -> Tensor: ...
@overload
def elu(x: Tensor, alpha: float = 1.0) -> Tensor: ...
@overload
def elu(x: Plain, alpha: float = 1.0) -> np.ndarray: ...
@overload
def elu(x: Data, alpha: float = 1.0) -> Tensor: ...
@overload
def elu(*, input: Data, alpha: float = 1.0) -> Tensor: ...
@overload
def embedding(indices: Tensor, weight: Data, padding_idx: int | None = None) -> Tensor: ...
@overload
def embedding(indices: Data, weight: Tensor, padding_idx: int | None = None) -> Tensor: ...
@overload
def embedding(indices: Plain, weight: Plain, padding_idx: int | None = None) -> np.ndarray: ...
@overload
def embedding(indices: Data, weight: Data, padding_idx: int | None = None) -> Tensor: ...
@overload
def embedding(*, input: Data, weight: Data, padding_idx: int | None = None) -> Tensor: ...
@overload
def equal(a: Data, b: Data) -> np.ndarray: ...
@overload
def equal(*, input: Data, b: Data) -> np.ndarray: ...
@overload
def erf(x: Tensor) -> Tensor: ...
@overload
def erf(x: Plain) -> np.ndarray: ...
@overload
def erf(x: Data) -> Tensor: ...
@overload
def erf(*, input: Data) -> Tensor: ...
@overload
def exp(x: Tensor) -> Tensor: ...
@overload
def exp(x: Plain) -> np.ndarray: ...
@overload
def exp(x: Data) -> Tensor: ...
@overload
def exp(*, input: Data) -> Tensor: ...
@overload
def expand(x: Tensor, shape: Shape) -> Tensor: ...
@overload
def expand(x: Plain, shape: Shape) -> np.ndarray: ...
@overload
def expand(x: Data, shape: Shape) -> Tensor: ...
@overload
def expand(*, input: Data, shape: Shape) -> Tensor: ...
@overload
def expand_dims(x: Tensor, axis: Axis, *, dim: Axis = ...) -> Tensor: ...
@overload
def expand_dims(x: Plain, axis: Axis, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def expand_dims(x: Data, axis: Axis, *, dim: Axis = ...) -> Tensor: ...
@overload
def expand_dims(*, input: Data, axis: Axis, dim: Axis = ...) -> Tensor: ...
@overload
def expm1(x: Tensor) -> Tensor: ...
@overload
def expm1(x: Plain) -> np.ndarray: ...
@overload
def expm1(x: Data) -> Tensor: ...
@overload
def expm1(*, input: Data) -> Tensor: ...
@overload
def flatten(
    x: Tensor, start_dim: int = 0, end_dim: int = -1, order: Literal["C", "F"] = "C"
) -> Tensor: ...
@overload
def flatten(
    x: Plain, start_dim: int = 0, end_dim: int = -1, order: Literal["C", "F"] = "C"
) -> np.ndarray: ...
@overload
def flatten(
    x: Data, start_dim: int = 0, end_dim: int = -1, order: Literal["C", "F"] = "C"
) -> Tensor: ...
@overload
def flatten(
    *, input: Data, start_dim: int = 0, end_dim: int = -1, order: Literal["C", "F"] = "C"
) -> Tensor: ...
@overload
def flip(x: Tensor, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def flip(x: Plain, axis: Axis = None, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def flip(x: Data, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def flip(*, input: Data, axis: Axis = None, dim: Axis = ...) -> Tensor: ...
@overload
def floor(x: Tensor) -> Tensor: ...
@overload
def floor(x: Plain) -> np.ndarray: ...
@overload
def floor(x: Data) -> Tensor: ...
@overload
def floor(*, input: Data) -> Tensor: ...
@overload
def fold(
    columns: Tensor,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size | None = 1,
) -> Tensor: ...
@overload
def fold(
    columns: Plain,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size | None = 1,
) -> np.ndarray: ...
@overload
def fold(
    columns: Data,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size | None = 1,
) -> Tensor: ...
@overload
def fold(
    *,
    input: Data,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size | None = 1,
) -> Tensor: ...
@overload
def gelu(x: Tensor, approximate: Approximate = "none") -> Tensor: ...
@overload
def gelu(x: Plain, approximate: Approximate = "none") -> np.ndarray: ...
@overload
def gelu(x: Data, approximate: Approximate = "none") -> Tensor: ...
@overload
def gelu(*, input: Data, approximate: Approximate = "none") -> Tensor: ...
@overload
def global_avg_pool2d(x: Tensor, keepdims: bool = False, *, keepdim: bool = ...) -> Tensor: ...
@overload
def global_avg_pool2d(x: Plain, keepdims: bool = False, *, keepdim: bool = ...) -> np.ndarray: ...
@overload
def global_avg_pool2d(x: Data, keepdims: bool = False, *, keepdim: bool = ...) -> Tensor: ...
@overload
def global_avg_pool2d(*, input: Data, keepdims: bool = False, keepdim: bool = ...) -> Tensor: ...
@overload
def greater(a: Data, b: Data) -> np.ndarray: ...
@overload
def greater(*, input: Data, b: Data) -> np.ndarray: ...
@overload
def greater_equal(a: Data, b: Data) -> np.ndarray: ...
@overload
def greater_equal(*, input: Data, b: Data) -> np.ndarray: ...
@overload
def group_norm(
    x: Tensor,
    num_groups: int,
    weight: Data | None = None,
    bias: Data | None = None,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def group_norm(
    x: Plain,
    num_groups: int,
    weight: Plain | None = None,
    bias: Plain | None = None,
    eps: float = 1e-05,
) -> np.ndarray: ...
@overload
def group_norm(
    x: Data,
    num_groups: int,
    weight: Data | None = None,
    bias: Data | None = None,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def group_norm(
    *,
    input: Data,
    num_groups: int,
    weight: Data | None = None,
    bias: Data | None = None,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def heaviside(x: Tensor, at_zero: Data) -> Tensor: ...
@overload
def heaviside(x: Data, at_zero: Tensor) -> Tensor: ...
@overload
def heaviside(x: Plain, at_zero: Plain) -> np.ndarray: ...
@overload
def heaviside(x: Data, at_zero: Data) -> Tensor: ...
@overload
def heaviside(*, input: Data, at_zero: Data) -> Tensor: ...
@overload
def hstack(arrays: Sequence[Tensor] | Tensor) -> Tensor: ...
@overload
def hstack(arrays: PlainArrays) -> np.ndarray: ...
@overload
def hstack(arrays: Arrays) -> Tensor: ...
@overload
def hstack(*, input: Arrays) -> Tensor: ...
@overload
def huber(
    input: Tensor, target: Data, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor: ...
@overload
def huber(
    input: Data, target: Tensor, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor: ...
@overload
def huber(
    input: Plain, target: Plain, reduction: Reduction = "mean", delta: float = 1.0
) -> np.ndarray: ...
@overload
def huber(
    input: Data, target: Data, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor: ...
@overload
def huber_loss(
    input: Tensor, target: Data, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor: ...
@overload
def huber_loss(
    input: Data, target: Tensor, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor: ...
@overload
def huber_loss(
    input: Plain, target: Plain, reduction: Reduction = "mean", delta: float = 1.0
) -> np.ndarray: ...
@overload
def huber_loss(
    input: Data, target: Data, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor: ...
@overload
def inner(a: Tensor, b: Data) -> Tensor: ...
@overload
def inner(a: Data, b: Tensor) -> Tensor: ...
@overload
def inner(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def inner(a: Data, b: Data) -> Tensor: ...
@overload
def inner(*, input: Data, b: Data) -> Tensor: ...
@overload
def instance_norm(
    x: Tensor,
    running_mean: Data | None = None,
    running_var: Data | None = None,
    weight: Data | None = None,
    bias: Data | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def instance_norm(
    x: Plain,
    running_mean: Plain | None = None,
    running_var: Plain | None = None,
    weight: Plain | None = None,
    bias: Plain | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> np.ndarray: ...
@overload
def instance_norm(
    x: Data,
    running_mean: Data | None = None,
    running_var: Data | None = None,
    weight: Data | None = None,
    bias: Data | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def instance_norm(
    *,
    input: Data,
    running_mean: Data | None = None,
    running_var: Data | None = None,
    weight: Data | None = None,
    bias: Data | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def inv(a: Tensor) -> Tensor: ...
@overload
def inv(a: Plain) -> np.ndarray: ...
@overload
def inv(a: Data) -> Tensor: ...
@overload
def inv(*, input: Data) -> Tensor: ...
@overload
def kl_div(
    input: Tensor,
    target: Data,
    reduction: Reduction | Literal["batchmean"] = "mean",
    log_target: bool = False,
) -> Tensor: ...
@overload
def kl_div(
    input: Data,
    target: Tensor,
    reduction: Reduction | Literal["batchmean"] = "mean",
    log_target: bool = False,
) -> Tensor: ...
@overload
def kl_div(
    input: Plain,
    target: Plain,
    reduction: Reduction | Literal["batchmean"] = "mean",
    log_target: bool = False,
) -> np.ndarray: ...
@overload
def kl_div(
    input: Data,
    target: Data,
    reduction: Reduction | Literal["batchmean"] = "mean",
    log_target: bool = False,
) -> Tensor: ...
@overload
def l1(input: Tensor, target: Data, reduction: Reduction = "mean") -> Tensor: ...
@overload
def l1(input: Data, target: Tensor, reduction: Reduction = "mean") -> Tensor: ...
@overload
def l1(input: Plain, target: Plain, reduction: Reduction = "mean") -> np.ndarray: ...
@overload
def l1(input: Data, target: Data, reduction: Reduction = "mean") -> Tensor: ...
@overload
def l1_loss(input: Tensor, target: Data, reduction: Reduction = "mean") -> Tensor: ...
@overload
def l1_loss(input: Data, target: Tensor, reduction: Reduction = "mean") -> Tensor: ...
@overload
def l1_loss(input: Plain, target: Plain, reduction: Reduction = "mean") -> np.ndarray: ...
@overload
def l1_loss(input: Data, target: Data, reduction: Reduction = "mean") -> Tensor: ...
@overload
def layer_norm(
    x: Tensor,
    normalized_shape: Size,
    weight: Data | None = None,
    bias: Data | None = None,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def layer_norm(
    x: Plain,
    normalized_shape: Size,
    weight: Plain | None = None,
    bias: Plain | None = None,
    eps: float = 1e-05,
) -> np.ndarray: ...
@overload
def layer_norm(
    x: Data,
    normalized_shape: Size,
    weight: Data | None = None,
    bias: Data | None = None,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def layer_norm(
    *,
    input: Data,
    normalized_shape: Size,
    weight: Data | None = None,
    bias: Data | None = None,
    eps: float = 1e-05,
) -> Tensor: ...
@overload
def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor: ...
@overload
def leaky_relu(x: Plain, negative_slope: float = 0.01) -> np.ndarray: ...
@overload
def leaky_relu(x: Data, negative_slope: float = 0.01) -> Tensor: ...
@overload
def leaky_relu(*, input: Data, negative_slope: float = 0.01) -> Tensor: ...
@overload
def less(a: Data, b: Data) -> np.ndarray: ...
@overload
def less(*, input: Data, b: Data) -> np.ndarray: ...
@overload
def less_equal(a: Data, b: Data) -> np.ndarray: ...
@overload
def less_equal(*, input: Data, b: Data) -> np.ndarray: ...
@overload
def linear(x: Tensor, weight: Data, bias: Data | None = None) -> Tensor: ...
@overload
def linear(x: Data, weight: Tensor, bias: Data | None = None) -> Tensor: ...
@overload
def linear(x: Plain, weight: Plain, bias: Plain | None = None) -> np.ndarray: ...
@overload
def linear(x: Data, weight: Data, bias: Data | None = None) -> Tensor: ...
@overload
def linear(*, input: Data, weight: Data, bias: Data | None = None) -> Tensor: ...
@overload
def linear_scan(
    b: Tensor, a: Data, axis: Axis = -1, reverse: Any = False, *, dim: Axis = ...
) -> Tensor: ...
@overload
def linear_scan(
    b: Data, a: Tensor, axis: Axis = -1, reverse: Any = False, *, dim: Axis = ...
) -> Tensor: ...
@overload
def linear_scan(
    b: Plain, a: Plain, axis: Axis = -1, reverse: Any = False, *, dim: Axis = ...
) -> np.ndarray: ...
@overload
def linear_scan(
    b: Data, a: Data, axis: Axis = -1, reverse: Any = False, *, dim: Axis = ...
) -> Tensor: ...
@overload
def linear_scan(
    *, input: Data, a: Data, axis: Axis = -1, reverse: Any = False, dim: Axis = ...
) -> Tensor: ...
@overload
def local_conv2d(
    x: Tensor,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def local_conv2d(
    x: Data,
    weight: Tensor,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def local_conv2d(
    x: Plain,
    weight: Plain,
    bias: Plain | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> np.ndarray: ...
@overload
def local_conv2d(
    x: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def local_conv2d(
    *,
    input: Data,
    weight: Data,
    bias: Data | None = None,
    stride: Size | None = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> Tensor: ...
@overload
def log(x: Tensor) -> Tensor: ...
@overload
def log(x: Plain) -> np.ndarray: ...
@overload
def log(x: Data) -> Tensor: ...
@overload
def log(*, input: Data) -> Tensor: ...
@overload
def log10(x: Tensor) -> Tensor: ...
@overload
def log10(x: Plain) -> np.ndarray: ...
@overload
def log10(x: Data) -> Tensor: ...
@overload
def log10(*, input: Data) -> Tensor: ...
@overload
def log1p(x: Tensor) -> Tensor: ...
@overload
def log1p(x: Plain) -> np.ndarray: ...
@overload
def log1p(x: Data) -> Tensor: ...
@overload
def log1p(*, input: Data) -> Tensor: ...
@overload
def log2(x: Tensor) -> Tensor: ...
@overload
def log2(x: Plain) -> np.ndarray: ...
@overload
def log2(x: Data) -> Tensor: ...
@overload
def log2(*, input: Data) -> Tensor: ...
@overload
def log_softmax(x: Tensor, axis: Axis = -1, *, dim: Axis = ...) -> Tensor: ...
@overload
def log_softmax(x: Plain, axis: Axis = -1, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def log_softmax(x: Data, axis: Axis = -1, *, dim: Axis = ...) -> Tensor: ...
@overload
def log_softmax(*, input: Data, axis: Axis = -1, dim: Axis = ...) -> Tensor: ...
@overload
def logaddexp(a: Tensor, b: Data) -> Tensor: ...
@overload
def logaddexp(a: Data, b: Tensor) -> Tensor: ...
@overload
def logaddexp(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def logaddexp(a: Data, b: Data) -> Tensor: ...
@overload
def logaddexp(*, input: Data, b: Data) -> Tensor: ...
@overload
def logsumexp(
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def logsumexp(
    x: Plain, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> np.ndarray: ...
@overload
def logsumexp(
    x: Data, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def logsumexp(
    *, input: Data, axis: Axis = None, keepdims: bool = False, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def matmul(a: Tensor, b: Data) -> Tensor: ...
@overload
def matmul(a: Data, b: Tensor) -> Tensor: ...
@overload
def matmul(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def matmul(a: Data, b: Data) -> Tensor: ...
@overload
def matmul(*, input: Data, b: Data) -> Tensor: ...
@overload
def max(
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def max(
    x: Plain, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> np.ndarray: ...
@overload
def max(
    x: Data, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def max(
    *, input: Data, axis: Axis = None, keepdims: bool = False, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def max_pool1d(
    x: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, np.ndarray]: ...
@overload
def max_pool1d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor: ...
@overload
def max_pool1d(
    x: Plain,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> np.ndarray: ...
@overload
def max_pool1d(
    x: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor: ...
@overload
def max_pool1d(
    *,
    input: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor: ...
@overload
def max_pool2d(
    x: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, np.ndarray]: ...
@overload
def max_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor: ...
@overload
def max_pool2d(
    x: Plain,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> np.ndarray: ...
@overload
def max_pool2d(
    x: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor: ...
@overload
def max_pool2d(
    *,
    input: Data,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor: ...
@overload
def maximum(a: Tensor, b: Data) -> Tensor: ...
@overload
def maximum(a: Data, b: Tensor) -> Tensor: ...
@overload
def maximum(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def maximum(a: Data, b: Data) -> Tensor: ...
@overload
def maximum(*, input: Data, b: Data) -> Tensor: ...
@overload
def mean(
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def mean(
    x: Plain, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> np.ndarray: ...
@overload
def mean(
    x: Data, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def mean(
    *, input: Data, axis: Axis = None, keepdims: bool = False, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def min(
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def min(
    x: Plain, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> np.ndarray: ...
@overload
def min(
    x: Data, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def min(
    *, input: Data, axis: Axis = None, keepdims: bool = False, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def minimum(a: Tensor, b: Data) -> Tensor: ...
@overload
def minimum(a: Data, b: Tensor) -> Tensor: ...
@overload
def minimum(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def minimum(a: Data, b: Data) -> Tensor: ...
@overload
def minimum(*, input: Data, b: Data) -> Tensor: ...
@overload
def moveaxis(x: Tensor, source: Size, destination: Size) -> Tensor: ...
@overload
def moveaxis(x: Plain, source: Size, destination: Size) -> np.ndarray: ...
@overload
def moveaxis(x: Data, source: Size, destination: Size) -> Tensor: ...
@overload
def moveaxis(*, input: Data, source: Size, destination: Size) -> Tensor: ...
@overload
def mse(input: Tensor, target: Data, reduction: Reduction = "mean") -> Tensor: ...
@overload
def mse(input: Data, target: Tensor, reduction: Reduction = "mean") -> Tensor: ...
@overload
def mse(input: Plain, target: Plain, reduction: Reduction = "mean") -> np.ndarray: ...
@overload
def mse(input: Data, target: Data, reduction: Reduction = "mean") -> Tensor: ...
@overload
def mse_loss(input: Tensor, target: Data, reduction: Reduction = "mean") -> Tensor: ...
@overload
def mse_loss(input: Data, target: Tensor, reduction: Reduction = "mean") -> Tensor: ...
@overload
def mse_loss(input: Plain, target: Plain, reduction: Reduction = "mean") -> np.ndarray: ...
@overload
def mse_loss(input: Data, target: Data, reduction: Reduction = "mean") -> Tensor: ...
@overload
def multi_margin_loss(
    input: Tensor,
    target: Data,
    p: int = 1,
    margin: float = 1.0,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    *,
    divide_by_classes: bool = True,
) -> Tensor: ...
@overload
def multi_margin_loss(
    input: Data,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    *,
    divide_by_classes: bool = True,
) -> Tensor: ...
@overload
def multi_margin_loss(
    input: Plain,
    target: Plain,
    p: int = 1,
    margin: float = 1.0,
    weight: Plain | None = None,
    reduction: Reduction = "mean",
    *,
    divide_by_classes: bool = True,
) -> np.ndarray: ...
@overload
def multi_margin_loss(
    input: Data,
    target: Data,
    p: int = 1,
    margin: float = 1.0,
    weight: Data | None = None,
    reduction: Reduction = "mean",
    *,
    divide_by_classes: bool = True,
) -> Tensor: ...
@overload
def multiply(a: Tensor, b: Data) -> Tensor: ...
@overload
def multiply(a: Data, b: Tensor) -> Tensor: ...
@overload
def multiply(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def multiply(a: Data, b: Data) -> Tensor: ...
@overload
def multiply(*, input: Data, b: Data) -> Tensor: ...
@overload
def negative(a: Tensor) -> Tensor: ...
@overload
def negative(a: Plain) -> np.ndarray: ...
@overload
def negative(a: Data) -> Tensor: ...
@overload
def negative(*, input: Data) -> Tensor: ...
@overload
def nll_loss(
    input: Tensor,
    target: Data,
    weight: Data | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor: ...
@overload
def nll_loss(
    input: Data,
    target: Tensor,
    weight: Data | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor: ...
@overload
def nll_loss(
    input: Plain,
    target: Plain,
    weight: Plain | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> np.ndarray: ...
@overload
def nll_loss(
    input: Data,
    target: Data,
    weight: Data | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor: ...
@overload
def norm(
    x: Tensor,
    ord: float | str | None = None,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def norm(
    x: Plain,
    ord: float | str | None = None,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> np.ndarray: ...
@overload
def norm(
    x: Data,
    ord: float | str | None = None,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def norm(
    *,
    input: Data,
    ord: float | str | None = None,
    axis: Axis = None,
    keepdims: bool = False,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def not_equal(a: Data, b: Data) -> np.ndarray: ...
@overload
def not_equal(*, input: Data, b: Data) -> np.ndarray: ...
@overload
def outer(a: Tensor, b: Data) -> Tensor: ...
@overload
def outer(a: Data, b: Tensor) -> Tensor: ...
@overload
def outer(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def outer(a: Data, b: Data) -> Tensor: ...
@overload
def outer(*, input: Data, b: Data) -> Tensor: ...
@overload
def pad(
    x: Tensor, pad_width: Any, mode: PadMode = "constant", constant_values: Any = 0
) -> Tensor: ...
@overload
def pad(
    x: Plain, pad_width: Any, mode: PadMode = "constant", constant_values: Any = 0
) -> np.ndarray: ...
@overload
def pad(
    x: Data, pad_width: Any, mode: PadMode = "constant", constant_values: Any = 0
) -> Tensor: ...
@overload
def pad(
    *, input: Data, pad_width: Any, mode: PadMode = "constant", constant_values: Any = 0
) -> Tensor: ...
@overload
def positive(a: Tensor) -> Tensor: ...
@overload
def positive(a: Plain) -> np.ndarray: ...
@overload
def positive(a: Data) -> Tensor: ...
@overload
def positive(*, input: Data) -> Tensor: ...
@overload
def pow(a: Tensor, b: Data) -> Tensor: ...
@overload
def pow(a: Data, b: Tensor) -> Tensor: ...
@overload
def pow(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def pow(a: Data, b: Data) -> Tensor: ...
@overload
def pow(*, input: Data, b: Data) -> Tensor: ...
@overload
def power(a: Tensor, b: Data) -> Tensor: ...
@overload
def power(a: Data, b: Tensor) -> Tensor: ...
@overload
def power(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def power(a: Data, b: Data) -> Tensor: ...
@overload
def power(*, input: Data, b: Data) -> Tensor: ...
@overload
def prod(
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def prod(
    x: Plain, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> np.ndarray: ...
@overload
def prod(
    x: Data, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def prod(
    *, input: Data, axis: Axis = None, keepdims: bool = False, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def ravel(x: Tensor, order: Literal["C", "F"] = "C") -> Tensor: ...
@overload
def ravel(x: Plain, order: Literal["C", "F"] = "C") -> np.ndarray: ...
@overload
def ravel(x: Data, order: Literal["C", "F"] = "C") -> Tensor: ...
@overload
def ravel(*, input: Data, order: Literal["C", "F"] = "C") -> Tensor: ...
@overload
def reciprocal(x: Tensor) -> Tensor: ...
@overload
def reciprocal(x: Plain) -> np.ndarray: ...
@overload
def reciprocal(x: Data) -> Tensor: ...
@overload
def reciprocal(*, input: Data) -> Tensor: ...
@overload
def relu(x: Tensor, at_zero: float = 0.0) -> Tensor: ...
@overload
def relu(x: Plain, at_zero: float = 0.0) -> np.ndarray: ...
@overload
def relu(x: Data, at_zero: float = 0.0) -> Tensor: ...
@overload
def relu(*, input: Data, at_zero: float = 0.0) -> Tensor: ...
@overload
def repeat(x: Tensor, repeats: Size, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def repeat(x: Plain, repeats: Size, axis: Axis = None, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def repeat(x: Data, repeats: Size, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def repeat(*, input: Data, repeats: Size, axis: Axis = None, dim: Axis = ...) -> Tensor: ...
@overload
def reshape(x: Tensor, shape: Shape, order: Literal["C", "F"] = "C") -> Tensor: ...
@overload
def reshape(x: Plain, shape: Shape, order: Literal["C", "F"] = "C") -> np.ndarray: ...
@overload
def reshape(x: Data, shape: Shape, order: Literal["C", "F"] = "C") -> Tensor: ...
@overload
def reshape(*, input: Data, shape: Shape, order: Literal["C", "F"] = "C") -> Tensor: ...
@overload
def rint(x: Tensor) -> Tensor: ...
@overload
def rint(x: Plain) -> np.ndarray: ...
@overload
def rint(x: Data) -> Tensor: ...
@overload
def rint(*, input: Data) -> Tensor: ...
@overload
def roll(x: Tensor, shift: Size, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def roll(x: Plain, shift: Size, axis: Axis = None, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def roll(x: Data, shift: Size, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def roll(*, input: Data, shift: Size, axis: Axis = None, dim: Axis = ...) -> Tensor: ...
@overload
def round(x: Tensor, decimals: int = 0) -> Tensor: ...
@overload
def round(x: Plain, decimals: int = 0) -> np.ndarray: ...
@overload
def round(x: Data, decimals: int = 0) -> Tensor: ...
@overload
def round(*, input: Data, decimals: int = 0) -> Tensor: ...
@overload
def scatter_add(x: Tensor, axis: int, index: Data, src: Data, *, dim: Axis = ...) -> Tensor: ...
@overload
def scatter_add(x: Data, axis: int, index: Tensor, src: Data, *, dim: Axis = ...) -> Tensor: ...
@overload
def scatter_add(x: Data, axis: int, index: Data, src: Tensor, *, dim: Axis = ...) -> Tensor: ...
@overload
def scatter_add(
    x: Plain, axis: int, index: Plain, src: Plain, *, dim: Axis = ...
) -> np.ndarray: ...
@overload
def scatter_add(x: Data, axis: int, index: Data, src: Data, *, dim: Axis = ...) -> Tensor: ...
@overload
def scatter_add(*, input: Data, axis: int, index: Data, src: Data, dim: Axis = ...) -> Tensor: ...
@overload
def selu(x: Tensor) -> Tensor: ...
@overload
def selu(x: Plain) -> np.ndarray: ...
@overload
def selu(x: Data) -> Tensor: ...
@overload
def selu(*, input: Data) -> Tensor: ...
@overload
def sigmoid(x: Tensor) -> Tensor: ...
@overload
def sigmoid(x: Plain) -> np.ndarray: ...
@overload
def sigmoid(x: Data) -> Tensor: ...
@overload
def sigmoid(*, input: Data) -> Tensor: ...
@overload
def sign(x: Tensor) -> Tensor: ...
@overload
def sign(x: Plain) -> np.ndarray: ...
@overload
def sign(x: Data) -> Tensor: ...
@overload
def sign(*, input: Data) -> Tensor: ...
@overload
def silu(x: Tensor) -> Tensor: ...
@overload
def silu(x: Plain) -> np.ndarray: ...
@overload
def silu(x: Data) -> Tensor: ...
@overload
def silu(*, input: Data) -> Tensor: ...
@overload
def sin(x: Tensor) -> Tensor: ...
@overload
def sin(x: Plain) -> np.ndarray: ...
@overload
def sin(x: Data) -> Tensor: ...
@overload
def sin(*, input: Data) -> Tensor: ...
@overload
def sinh(x: Tensor) -> Tensor: ...
@overload
def sinh(x: Plain) -> np.ndarray: ...
@overload
def sinh(x: Data) -> Tensor: ...
@overload
def sinh(*, input: Data) -> Tensor: ...
@overload
def slogdet(a: Data) -> SlogdetResult: ...
@overload
def slogdet(*, input: Data) -> SlogdetResult: ...
@overload
def smooth_l1_loss(
    input: Tensor, target: Data, reduction: Reduction = "mean", beta: float = 1.0
) -> Tensor: ...
@overload
def smooth_l1_loss(
    input: Data, target: Tensor, reduction: Reduction = "mean", beta: float = 1.0
) -> Tensor: ...
@overload
def smooth_l1_loss(
    input: Plain, target: Plain, reduction: Reduction = "mean", beta: float = 1.0
) -> np.ndarray: ...
@overload
def smooth_l1_loss(
    input: Data, target: Data, reduction: Reduction = "mean", beta: float = 1.0
) -> Tensor: ...
@overload
def softmax(x: Tensor, axis: Axis = -1, *, dim: Axis = ...) -> Tensor: ...
@overload
def softmax(x: Plain, axis: Axis = -1, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def softmax(x: Data, axis: Axis = -1, *, dim: Axis = ...) -> Tensor: ...
@overload
def softmax(*, input: Data, axis: Axis = -1, dim: Axis = ...) -> Tensor: ...
@overload
def softplus(x: Tensor, beta: float = 1.0, threshold: float | None = None) -> Tensor: ...
@overload
def softplus(x: Plain, beta: float = 1.0, threshold: float | None = None) -> np.ndarray: ...
@overload
def softplus(x: Data, beta: float = 1.0, threshold: float | None = None) -> Tensor: ...
@overload
def softplus(*, input: Data, beta: float = 1.0, threshold: float | None = None) -> Tensor: ...
@overload
def softsign(x: Tensor) -> Tensor: ...
@overload
def softsign(x: Plain) -> np.ndarray: ...
@overload
def softsign(x: Data) -> Tensor: ...
@overload
def softsign(*, input: Data) -> Tensor: ...
@overload
def solve(a: Tensor, b: Data) -> Tensor: ...
@overload
def solve(a: Data, b: Tensor) -> Tensor: ...
@overload
def solve(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def solve(a: Data, b: Data) -> Tensor: ...
@overload
def solve(*, input: Data, b: Data) -> Tensor: ...
@overload
def sort(
    x: Tensor,
    axis: int | None = -1,
    *,
    descending: bool = False,
    stable: bool = True,
    dim: Axis = ...,
) -> Tensor: ...
@overload
def sort(
    x: Plain,
    axis: int | None = -1,
    *,
    descending: bool = False,
    stable: bool = True,
    dim: Axis = ...,
) -> np.ndarray: ...
@overload
def sort(
    x: Data,
    axis: int | None = -1,
    *,
    descending: bool = False,
    stable: bool = True,
    dim: Axis = ...,
) -> Tensor: ...
@overload
def sort(
    *,
    input: Data,
    axis: int | None = -1,
    descending: bool = False,
    stable: bool = True,
    dim: Axis = ...,
) -> Tensor: ...
@overload
def split(
    x: Tensor, indices_or_sections: Size, axis: int = 0, *, dim: Axis = ...
) -> list[Tensor]: ...
@overload
def split(
    x: Plain, indices_or_sections: Size, axis: int = 0, *, dim: Axis = ...
) -> list[np.ndarray]: ...
@overload
def split(
    x: Data, indices_or_sections: Size, axis: int = 0, *, dim: Axis = ...
) -> list[Tensor]: ...
@overload
def split(
    *, input: Data, indices_or_sections: Size, axis: int = 0, dim: Axis = ...
) -> list[Tensor]: ...
@overload
def sqrt(x: Tensor) -> Tensor: ...
@overload
def sqrt(x: Plain) -> np.ndarray: ...
@overload
def sqrt(x: Data) -> Tensor: ...
@overload
def sqrt(*, input: Data) -> Tensor: ...
@overload
def square(x: Tensor) -> Tensor: ...
@overload
def square(x: Plain) -> np.ndarray: ...
@overload
def square(x: Data) -> Tensor: ...
@overload
def square(*, input: Data) -> Tensor: ...
@overload
def squeeze(x: Tensor, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def squeeze(x: Plain, axis: Axis = None, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def squeeze(x: Data, axis: Axis = None, *, dim: Axis = ...) -> Tensor: ...
@overload
def squeeze(*, input: Data, axis: Axis = None, dim: Axis = ...) -> Tensor: ...
@overload
def stack(arrays: Sequence[Tensor] | Tensor, axis: int = 0, *, dim: Axis = ...) -> Tensor: ...
@overload
def stack(arrays: PlainArrays, axis: int = 0, *, dim: Axis = ...) -> np.ndarray: ...
@overload
def stack(arrays: Arrays, axis: int = 0, *, dim: Axis = ...) -> Tensor: ...
@overload
def stack(*, input: Arrays, axis: int = 0, dim: Axis = ...) -> Tensor: ...
@overload
def std(
    x: Tensor,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def std(
    x: Plain,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> np.ndarray: ...
@overload
def std(
    x: Data,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def std(
    *,
    input: Data,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def subsample2d(x: Tensor, stride: Size | None) -> Tensor: ...
@overload
def subsample2d(x: Plain, stride: Size | None) -> np.ndarray: ...
@overload
def subsample2d(x: Data, stride: Size | None) -> Tensor: ...
@overload
def subsample2d(*, input: Data, stride: Size | None) -> Tensor: ...
@overload
def subtract(a: Tensor, b: Data) -> Tensor: ...
@overload
def subtract(a: Data, b: Tensor) -> Tensor: ...
@overload
def subtract(a: Plain, b: Plain) -> np.ndarray: ...
@overload
def subtract(a: Data, b: Data) -> Tensor: ...
@overload
def subtract(*, input: Data, b: Data) -> Tensor: ...
@overload
def sum(
    x: Tensor, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def sum(
    x: Plain, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> np.ndarray: ...
@overload
def sum(
    x: Data, axis: Axis = None, keepdims: bool = False, *, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def sum(
    *, input: Data, axis: Axis = None, keepdims: bool = False, dim: Axis = ..., keepdim: bool = ...
) -> Tensor: ...
@overload
def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor: ...
@overload
def swapaxes(x: Plain, axis1: int, axis2: int) -> np.ndarray: ...
@overload
def swapaxes(x: Data, axis1: int, axis2: int) -> Tensor: ...
@overload
def swapaxes(*, input: Data, axis1: int, axis2: int) -> Tensor: ...
@overload
def take(
    x: Tensor,
    indices: Data,
    axis: Axis = None,
    mode: Literal["raise", "wrap", "clip"] = "raise",
    *,
    dim: Axis = ...,
) -> Tensor: ...
@overload
def take(
    x: Data,
    indices: Tensor,
    axis: Axis = None,
    mode: Literal["raise", "wrap", "clip"] = "raise",
    *,
    dim: Axis = ...,
) -> Tensor: ...
@overload
def take(
    x: Plain,
    indices: Plain,
    axis: Axis = None,
    mode: Literal["raise", "wrap", "clip"] = "raise",
    *,
    dim: Axis = ...,
) -> np.ndarray: ...
@overload
def take(
    x: Data,
    indices: Data,
    axis: Axis = None,
    mode: Literal["raise", "wrap", "clip"] = "raise",
    *,
    dim: Axis = ...,
) -> Tensor: ...
@overload
def take(
    *,
    input: Data,
    indices: Data,
    axis: Axis = None,
    mode: Literal["raise", "wrap", "clip"] = "raise",
    dim: Axis = ...,
) -> Tensor: ...
@overload
def take_along_axis(x: Tensor, indices: Data, axis: Axis = -1, *, dim: Axis = ...) -> Tensor: ...
@overload
def take_along_axis(x: Data, indices: Tensor, axis: Axis = -1, *, dim: Axis = ...) -> Tensor: ...
@overload
def take_along_axis(
    x: Plain, indices: Plain, axis: Axis = -1, *, dim: Axis = ...
) -> np.ndarray: ...
@overload
def take_along_axis(x: Data, indices: Data, axis: Axis = -1, *, dim: Axis = ...) -> Tensor: ...
@overload
def take_along_axis(*, input: Data, indices: Data, axis: Axis = -1, dim: Axis = ...) -> Tensor: ...
@overload
def tan(x: Tensor) -> Tensor: ...
@overload
def tan(x: Plain) -> np.ndarray: ...
@overload
def tan(x: Data) -> Tensor: ...
@overload
def tan(*, input: Data) -> Tensor: ...
@overload
def tanh(x: Tensor) -> Tensor: ...
@overload
def tanh(x: Plain) -> np.ndarray: ...
@overload
def tanh(x: Data) -> Tensor: ...
@overload
def tanh(*, input: Data) -> Tensor: ...
@overload
def tensordot(a: Tensor, b: Data, axes: Any = 2) -> Tensor: ...
@overload
def tensordot(a: Data, b: Tensor, axes: Any = 2) -> Tensor: ...
@overload
def tensordot(a: Plain, b: Plain, axes: Any = 2) -> np.ndarray: ...
@overload
def tensordot(a: Data, b: Data, axes: Any = 2) -> Tensor: ...
@overload
def tensordot(*, input: Data, b: Data, axes: Any = 2) -> Tensor: ...
@overload
def tile(x: Tensor, reps: Size) -> Tensor: ...
@overload
def tile(x: Plain, reps: Size) -> np.ndarray: ...
@overload
def tile(x: Data, reps: Size) -> Tensor: ...
@overload
def tile(*, input: Data, reps: Size) -> Tensor: ...
@overload
def topk(
    x: Tensor, k: int, axis: int = -1, largest: bool = True, *, dim: Axis = ...
) -> tuple[Tensor, np.ndarray]: ...
@overload
def topk(
    x: Plain, k: int, axis: int = -1, largest: bool = True, *, dim: Axis = ...
) -> tuple[np.ndarray, np.ndarray]: ...
@overload
def topk(
    x: Data, k: int, axis: int = -1, largest: bool = True, *, dim: Axis = ...
) -> tuple[Tensor, np.ndarray]: ...
@overload
def topk(
    *, input: Data, k: int, axis: int = -1, largest: bool = True, dim: Axis = ...
) -> tuple[Tensor, np.ndarray]: ...
@overload
def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def trace(x: Plain, offset: int = 0, axis1: int = 0, axis2: int = 1) -> np.ndarray: ...
@overload
def trace(x: Data, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def trace(*, input: Data, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def transpose(x: Tensor, axes: Any = None) -> Tensor: ...
@overload
def transpose(x: Plain, axes: Any = None) -> np.ndarray: ...
@overload
def transpose(x: Data, axes: Any = None) -> Tensor: ...
@overload
def transpose(*, input: Data, axes: Any = None) -> Tensor: ...
@overload
def tril(x: Tensor, k: int = 0) -> Tensor: ...
@overload
def tril(x: Plain, k: int = 0) -> np.ndarray: ...
@overload
def tril(x: Data, k: int = 0) -> Tensor: ...
@overload
def tril(*, input: Data, k: int = 0) -> Tensor: ...
@overload
def triu(x: Tensor, k: int = 0) -> Tensor: ...
@overload
def triu(x: Plain, k: int = 0) -> np.ndarray: ...
@overload
def triu(x: Data, k: int = 0) -> Tensor: ...
@overload
def triu(*, input: Data, k: int = 0) -> Tensor: ...
@overload
def trunc(x: Tensor) -> Tensor: ...
@overload
def trunc(x: Plain) -> np.ndarray: ...
@overload
def trunc(x: Data) -> Tensor: ...
@overload
def trunc(*, input: Data) -> Tensor: ...
@overload
def unfold(
    x: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size | None = 1
) -> Tensor: ...
@overload
def unfold(
    x: Plain, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size | None = 1
) -> np.ndarray: ...
@overload
def unfold(
    x: Data, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size | None = 1
) -> Tensor: ...
@overload
def unfold(
    *,
    input: Data,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size | None = 1,
) -> Tensor: ...
@overload
def unstack(x: Tensor, axis: int = 0, *, dim: Axis = ...) -> tuple[Tensor, ...]: ...
@overload
def unstack(x: Plain, axis: int = 0, *, dim: Axis = ...) -> tuple[np.ndarray, ...]: ...
@overload
def unstack(x: Data, axis: int = 0, *, dim: Axis = ...) -> tuple[Tensor, ...]: ...
@overload
def unstack(*, input: Data, axis: int = 0, dim: Axis = ...) -> tuple[Tensor, ...]: ...
@overload
def var(
    x: Tensor,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def var(
    x: Plain,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> np.ndarray: ...
@overload
def var(
    x: Data,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    *,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def var(
    *,
    input: Data,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    dim: Axis = ...,
    keepdim: bool = ...,
) -> Tensor: ...
@overload
def vstack(arrays: Sequence[Tensor] | Tensor) -> Tensor: ...
@overload
def vstack(arrays: PlainArrays) -> np.ndarray: ...
@overload
def vstack(arrays: Arrays) -> Tensor: ...
@overload
def vstack(*, input: Arrays) -> Tensor: ...
@overload
def where(condition: Tensor, a: Data, b: Data) -> Tensor: ...
@overload
def where(condition: Data, a: Tensor, b: Data) -> Tensor: ...
@overload
def where(condition: Data, a: Data, b: Tensor) -> Tensor: ...
@overload
def where(condition: Plain, a: Plain, b: Plain) -> np.ndarray: ...
@overload
def where(condition: Data, a: Data, b: Data) -> Tensor: ...
@overload
def where(*, input: Data, a: Data, b: Data) -> Tensor: ...
def adaptive_avg_pool2d_grad(*args: Any, **kwargs: Any) -> Any: ...
def add_at(*args: Any, **kwargs: Any) -> Any: ...
def avg_pool2d_grad(*args: Any, **kwargs: Any) -> Any: ...
def concatenate_arrays(*args: Any, **kwargs: Any) -> Any: ...
def conv2d_input_grad(*args: Any, **kwargs: Any) -> Any: ...
def conv2d_weight_grad(*args: Any, **kwargs: Any) -> Any: ...
def einsum_arrays(*args: Any, **kwargs: Any) -> Any: ...
def embed_diagonal(*args: Any, **kwargs: Any) -> Any: ...
def euclidean_norm(*args: Any, **kwargs: Any) -> Any: ...
def getitem(*args: Any, **kwargs: Any) -> Any: ...
def log_abs_det(*args: Any, **kwargs: Any) -> Any: ...
def normalize_by(*args: Any, **kwargs: Any) -> Any: ...
def normalize_channels(*args: Any, **kwargs: Any) -> Any: ...
def normalize_channels_input_grad(*args: Any, **kwargs: Any) -> Any: ...
def normalize_channels_weight_grad(*args: Any, **kwargs: Any) -> Any: ...
def normalize_rows(*args: Any, **kwargs: Any) -> Any: ...
def normalize_rows_input_grad(*args: Any, **kwargs: Any) -> Any: ...
def normalize_rows_weight_grad(*args: Any, **kwargs: Any) -> Any: ...
def plain_key(*args: Any, **kwargs: Any) -> Any: ...
def plane_gather(*args: Any, **kwargs: Any) -> Any: ...
def plane_scatter(*args: Any, **kwargs: Any) -> Any: ...
def scatter(*args: Any, **kwargs: Any) -> Any: ...
def scatter_along_axis(*args: Any, **kwargs: Any) -> Any: ...
def scatter_taken(*args: Any, **kwargs: Any) -> Any: ...
def stack_arrays(*args: Any, **kwargs: Any) -> Any: ...
