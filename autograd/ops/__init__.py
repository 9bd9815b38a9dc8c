"""Every differentiable op, by family: one function with its closures each."""

from autograd.ops import elementwise, index, linalg, reduce, shape
from autograd.ops.elementwise import *  # noqa: F403
from autograd.ops.index import *  # noqa: F403
from autograd.ops.linalg import *  # noqa: F403
from autograd.ops.reduce import *  # noqa: F403
from autograd.ops.shape import *  # noqa: F403

_FAMILIES = (elementwise, index, linalg, reduce, shape)

__all__ = [name for family in _FAMILIES for name in family.__all__]

#: Ops that stand for functions of `numpy.linalg`.
LINALG = frozenset({"cholesky", "det", "inv", "norm", "slogdet", "solve", "matmul", "trace"})
