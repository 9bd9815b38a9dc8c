"""Every differentiable op, by family: one function with its closures each."""

from typing import Any

from autograd.ops import (
    activation,
    adaptive_pool,
    class_loss,
    compare,
    conv,
    conv_transpose,
    dropouts,
    elementwise,
    index,
    joining,
    linalg,
    loss,
    normalize,
    norms,
    order,
    padding,
    patches,
    piecewise,
    pool,
    reduce,
    scan,
    shape,
    softmaxes,
    summation,
    triangles,
    trigonometry,
)
from autograd.ops.activation import *  # noqa: F403
from autograd.ops.adaptive_pool import *  # noqa: F403
from autograd.ops.class_loss import *  # noqa: F403
from autograd.ops.compare import *  # noqa: F403
from autograd.ops.conv import *  # noqa: F403
from autograd.ops.conv_transpose import *  # noqa: F403
from autograd.ops.dropouts import *  # noqa: F403
from autograd.ops.elementwise import *  # noqa: F403
from autograd.ops.fronts import front
from autograd.ops.index import *  # noqa: F403
from autograd.ops.joining import *  # noqa: F403
from autograd.ops.linalg import *  # noqa: F403
from autograd.ops.loss import *  # noqa: F403
from autograd.ops.normalize import *  # noqa: F403
from autograd.ops.norms import *  # noqa: F403
from autograd.ops.order import *  # noqa: F403
from autograd.ops.padding import *  # noqa: F403
from autograd.ops.patches import *  # noqa: F403
from autograd.ops.piecewise import *  # noqa: F403
from autograd.ops.pool import *  # noqa: F403
from autograd.ops.reduce import *  # noqa: F403
from autograd.ops.scan import *  # noqa: F403
from autograd.ops.shape import *  # noqa: F403
from autograd.ops.softmaxes import *  # noqa: F403
from autograd.ops.summation import *  # noqa: F403
from autograd.ops.triangles import *  # noqa: F403
from autograd.ops.trigonometry import *  # noqa: F403

# One line each, which is what type checkers can read.
__all__: list[str] = []
__all__ += activation.__all__
__all__ += adaptive_pool.__all__
__all__ += class_loss.__all__
__all__ += compare.__all__
__all__ += conv.__all__
__all__ += conv_transpose.__all__
__all__ += dropouts.__all__
__all__ += elementwise.__all__
__all__ += index.__all__
__all__ += joining.__all__
__all__ += linalg.__all__
__all__ += loss.__all__
__all__ += normalize.__all__
__all__ += norms.__all__
__all__ += order.__all__
__all__ += padding.__all__
__all__ += patches.__all__
__all__ += piecewise.__all__
__all__ += pool.__all__
__all__ += reduce.__all__
__all__ += scan.__all__
__all__ += shape.__all__
__all__ += softmaxes.__all__
__all__ += summation.__all__
__all__ += triangles.__all__
__all__ += trigonometry.__all__

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
__all__ = [name for name in __all__ if name not in HELPERS]
PUBLIC = frozenset(__all__)

# Plain functions take PyTorch's words and name their arguments as ops do. (Not the comparisons,
# which have none to take, and for which a call more is felt.)
_fronts: dict[Any, Any] = {}  # a function of two names stays one
for _name in {*__all__} - {*compare.__all__}:
    _function = globals()[_name]
    if not hasattr(_function, "op") and not hasattr(_function, "__wrapped__"):
        globals()[_name] = _fronts.setdefault(_function, front(_function))

#: Ops that stand for functions of `numpy.linalg`.
LINALG = frozenset(
    {"cholesky", "det", "inv", "norm", "slogdet", "solve", "matmul", "outer", "tensordot"}
)
