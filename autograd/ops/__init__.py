"""Every differentiable op, by family: one function with its closures each."""

from importlib import import_module
from typing import Any

from autograd.ops.compare import __all__ as _COMPARISONS
from autograd.ops.plain_functions import front

#: The files of ops. Their names are those of this module (`__init__.pyi`: what type checkers read).
FAMILIES = (
    "activation",
    "adaptive_pool",
    "class_loss",
    "compare",
    "conv",
    "conv_transpose",
    "dropouts",
    "einsums",
    "elementwise",
    "extremes",
    "index",
    "joining",
    "linalg",
    "loss",
    "normalization",
    "normalization_rules",
    "padding",
    "patches",
    "piecewise",
    "pool",
    "reduce",
    "scan",
    "shape",
    "softmaxes",
    "sorting",
    "triangles",
    "trigonometry",
    "vector_norms",
)

_names: dict[str, Any] = {}
for _family in FAMILIES:
    _module = import_module(f"autograd.ops.{_family}")
    _names |= {name: getattr(_module, name) for name in _module.__all__}
globals().update(_names)

#: Ops that other ops are made of: derivatives, and what stands behind a function that takes a list
#: or an option. They are reached as `autograd.ops.<name>` and shown nowhere else.
HELPERS = frozenset(
    {
        "adaptive_avg_pool2d_grad",
        "add_at",
        "avg_pool2d_grad",
        "concatenate_arrays",
        "conv2d_input_grad",
        "conv2d_weight_grad",
        "einsum_arrays",
        "embed_diagonal",
        "euclidean_norm",
        "getitem",
        "log_abs_det",
        "normalize_by",
        "normalize_channels",
        "normalize_channels_input_grad",
        "normalize_channels_weight_grad",
        "normalize_rows",
        "normalize_rows_input_grad",
        "normalize_rows_weight_grad",
        "plain_key",
        "plane_gather",
        "plane_scatter",
        "scatter",
        "scatter_along_axis",
        "scatter_taken",
        "stack_arrays",
    }
)
__all__ = [name for name in _names if name not in HELPERS]
PUBLIC = frozenset(__all__)

# Plain functions take PyTorch's words and name their arguments as ops do. (Not the comparisons,
# which have none to take, and for which a call more is felt.)
_fronts: dict[Any, Any] = {}  # a function of two names stays one
for _name in {*__all__} - {*_COMPARISONS}:
    _function = _names[_name]
    if not hasattr(_function, "op") and not hasattr(_function, "__wrapped__"):
        globals()[_name] = _fronts.setdefault(_function, front(_function))

#: Ops that stand for functions of `numpy.linalg`.
LINALG = frozenset(
    {"cholesky", "det", "inv", "norm", "slogdet", "solve", "matmul", "outer", "tensordot"}
)
