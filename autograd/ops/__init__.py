"""Every differentiable op, by family: one function with its closures each."""

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
from autograd.ops.index import *  # noqa: F403
from autograd.ops.joining import *  # noqa: F403
from autograd.ops.linalg import *  # noqa: F403
from autograd.ops.loss import *  # noqa: F403
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

_FAMILIES = (
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

__all__ = [name for family in _FAMILIES for name in family.__all__]

#: Ops that stand for functions of `numpy.linalg`.
LINALG = frozenset(
    {"cholesky", "det", "inv", "norm", "slogdet", "solve", "matmul", "outer", "tensordot"}
)
