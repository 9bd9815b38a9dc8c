"""Reverse-mode automatic differentiation that you can see through.

>>> import autograd as ag
>>> x = ag.tensor([1.0, 2.0], requires_grad=True)
>>> (x**2).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from autograd.tensors import Tensor, tensor  # isort: skip  (first: it closes the import circle)
from autograd import creation, errors, func, ops, random_source
from autograd.creation import *  # noqa: F403
from autograd.dtypes import get_default_dtype, set_default_dtype
from autograd.errors import *  # noqa: F403
from autograd.func import grad
from autograd.grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from autograd.later import later
from autograd.memory import keep_freed_memory
from autograd.ops import *  # noqa: F403
from autograd.random_source import *  # noqa: F403
from autograd.record import Array, op

__version__ = "0.1.0"

keep_freed_memory()

#: Tells this package from another distribution that has the same import name.
__distribution__ = "glassgrad"

__all__ = [
    "Array",
    "Tensor",
    "check_contract",
    "check_grads",
    "checkpoint",
    "curvature",
    "enable_grad",
    "errors",
    "func",
    "get_default_dtype",
    "grad",
    "is_grad_enabled",
    "no_grad",
    "op",
    "ops",
    "set_default_dtype",
    "set_grad_enabled",
    "tensor",
]
__all__ += creation.__all__
__all__ += errors.__all__
__all__ += ops.__all__
__all__ += random_source.__all__

__getattr__ = later(
    "autograd",
    {
        "check_contract": "autograd.contract",
        "check_grads": "autograd.gradcheck",
        "checkpoint": "autograd.recompute",
        "draw": "autograd.viz",
        "watch": "autograd.viz",
        "backward_steps": "autograd.viz",
        "replay": "autograd.viz",
        "explain": "autograd.words",
        "detect_anomaly": "autograd.anomaly",
        "lint": "autograd.linting",
        "profile": "autograd.profiler",
        "to_numpy": "autograd.words",
    },
    modules=("curvature",),
)
