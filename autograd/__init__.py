"""Reverse-mode automatic differentiation that you can see through.

>>> import autograd as ag
>>> x = ag.tensor([1.0, 2.0], requires_grad=True)
>>> (x**2).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from typing import TYPE_CHECKING

# `name as name`: what type checkers take for public
from autograd import creation
from autograd import errors as errors
from autograd import func as func
from autograd import ops as ops
from autograd.creation import *  # noqa: F403
from autograd.engine import backprop, bound, random_source
from autograd.engine.definition import Array as Array
from autograd.engine.definition import op as op
from autograd.engine.dtypes import get_default_dtype as get_default_dtype
from autograd.engine.dtypes import set_default_dtype as set_default_dtype
from autograd.engine.grad_mode import enable_grad as enable_grad
from autograd.engine.grad_mode import is_grad_enabled as is_grad_enabled
from autograd.engine.grad_mode import no_grad as no_grad
from autograd.engine.grad_mode import set_grad_enabled as set_grad_enabled
from autograd.engine.random_source import *  # noqa: F403
from autograd.engine.tensors import Tensor as Tensor
from autograd.engine.tensors import tensor as tensor
from autograd.errors import *  # noqa: F403
from autograd.func import grad as grad
from autograd.interop import numpy_protocol
from autograd.interop.einops_backend import serve_einops
from autograd.ops import *  # noqa: F403
from autograd.support.freed_memory import keep_freed_memory
from autograd.support.lazy_names import later, on_first_use
from autograd.support.unknown import answer_for

if TYPE_CHECKING:
    from autograd import curvature as curvature
    from autograd.checks.anomaly import detect_anomaly as detect_anomaly
    from autograd.checks.contract import check_contract as check_contract
    from autograd.checks.gradcheck import check_grads as check_grads
    from autograd.checks.linting import lint as lint
    from autograd.profiling.profiler import profile as profile
    from autograd.transforms.checkpointing import checkpoint as checkpoint
    from autograd.viz import backward_steps as backward_steps
    from autograd.viz import draw as draw
    from autograd.viz import replay as replay
    from autograd.viz import watch as watch
    from autograd.words import explain as explain
    from autograd.words import to_numpy as to_numpy

# What stands below reaches what stands above it through these, and knows none of it.
bound.bind(
    ops,
    backward=backprop.backward,
    apply_ufunc=numpy_protocol.apply_ufunc,
    apply_function=numpy_protocol.apply_function,
    draw=on_first_use("autograd.viz", "draw"),
    tensor_html=on_first_use("autograd.viz.notebook", "tensor_html"),
)
errors.traceback_in_notebook = on_first_use("autograd.viz.notebook", "traceback_in_notebook")

answer_for(Tensor, "Tensor", ops.PUBLIC)  # x.topk(1) is ag.topk(x, 1)

__version__ = "0.1.0"

keep_freed_memory()
serve_einops()

#: Tells this package from another distribution that has the same import name.
__distribution__ = "glassgrad"

if not TYPE_CHECKING:  # checkers know the names there are
    __all__ = [
        "Array",
        "Tensor",
        "backward_steps",
        "check_contract",
        "check_grads",
        "checkpoint",
        "curvature",
        "detect_anomaly",
        "draw",
        "enable_grad",
        "errors",
        "explain",
        "func",
        "get_default_dtype",
        "grad",
        "is_grad_enabled",
        "lint",
        "no_grad",
        "op",
        "ops",
        "profile",
        "replay",
        "set_default_dtype",
        "set_grad_enabled",
        "tensor",
        "to_numpy",
        "watch",
    ]
    __all__ += creation.__all__
    __all__ += errors.__all__
    __all__ += ops.__all__
    __all__ += random_source.__all__

    __getattr__ = later(
        "autograd",
        {
            "check_contract": "autograd.checks.contract",
            "check_grads": "autograd.checks.gradcheck",
            "checkpoint": "autograd.transforms.checkpointing",
            "draw": "autograd.viz",
            "watch": "autograd.viz",
            "backward_steps": "autograd.viz",
            "replay": "autograd.viz",
            "explain": "autograd.words",
            "detect_anomaly": "autograd.checks.anomaly",
            "lint": "autograd.checks.linting",
            "profile": "autograd.profiling.profiler",
            "to_numpy": "autograd.words",
            **dict.fromkeys(ops.HELPERS, "autograd.ops"),  # within reach, but out of sight
        },
        modules=("curvature",),
    )

    def __dir__() -> list[str]:
        return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
