"""Reverse-mode automatic differentiation that you can see through.

>>> import autograd as ag
>>> x = ag.tensor([1.0, 2.0], requires_grad=True)
>>> (x**2).sum().backward()
>>> x.grad
tensor([2., 4.])

`help(ag.relu)` and the like say more: the equation, shapes, what is raised, an example.

Tensors
    Tensor, tensor, arange, eye, full, full_like, linspace, normal, ones, ones_like,
    permutation, rand, randint, randn, uniform, zeros, zeros_like
Gradients
    Tensor.backward, grad, no_grad, enable_grad, set_grad_enabled, is_grad_enabled, checkpoint,
    func, curvature
Seeing what runs
    draw, watch, replay, backward_steps, explain, to_numpy, lint, profile, detect_anomaly
Ops of your own
    op, Array, check_grads, check_contract, ops
Settings
    manual_seed, default_generator, get_rng_state, set_rng_state, get_default_dtype,
    set_default_dtype
Elementwise
    add, astype, cbrt, copy, divide, erf, exp, expm1, log, log1p, log2, log10, logaddexp,
    multiply, negative, positive, pow, power, reciprocal, sqrt, square, subtract, abs, absolute,
    ceil, clip, floor, heaviside, maximum, minimum, rint, round, sign, trunc, where
Trigonometry
    acos, acosh, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, asin, asinh, atan,
    atan2, atanh, cos, cosh, sin, sinh, tan
Comparisons
    equal, greater, greater_equal, less, less_equal, not_equal
Along axes
    logsumexp, mean, prod, std, sum, var, argmax, argmin, max, min, cumprod, cumsum,
    linear_scan, argsort, sort, topk, norm, log_softmax, softmax
Shapes, parts, joining
    broadcast_to, expand, expand_dims, flatten, flip, moveaxis, ravel, reshape, roll, squeeze,
    swapaxes, transpose, array_split, concatenate, hstack, split, stack, unstack, vstack, pad,
    repeat, tile, embedding, scatter_add, take, take_along_axis
Linear algebra
    cholesky, det, dot, inner, inv, linear, matmul, outer, slogdet, solve, tensordot, einsum,
    diag, diagonal, trace, tril, triu
Activations
    elu, gelu, leaky_relu, relu, selu, sigmoid, silu, softplus, softsign, tanh, dropout,
    dropout2d
Images and signals
    conv1d, conv2d, conv_transpose1d, conv_transpose2d, absmax_pool2d, avg_pool1d, avg_pool2d,
    max_pool1d, max_pool2d, subsample2d, adaptive_avg_pool1d, adaptive_avg_pool2d,
    adaptive_max_pool1d, adaptive_max_pool2d, global_avg_pool2d, fold, local_conv2d, unfold,
    batch_norm, group_norm, instance_norm, layer_norm
Losses
    bce, bce_with_logits, binary_cross_entropy, binary_cross_entropy_with_logits, huber,
    huber_loss, kl_div, l1, l1_loss, mse, mse_loss, smooth_l1_loss, cross_entropy,
    multi_margin_loss, nll_loss
Errors
    errors, AnomalyError, ArgumentError, AxisError, CheckpointError, DTypeError, FileKindError,
    FloatError, GlassgradError, GradCheckError, GradWarning, GraphError, InPlaceError,
    IndexRangeError, IndexTypeError, MissingExtraError, ReadOnlyFileError, ShapeError,
    UnknownNameError
"""

from typing import TYPE_CHECKING

# `name as name`: what type checkers take for public
from autograd import creation
from autograd import errors as errors
from autograd import func as func
from autograd import ops as ops
from autograd.creation import *  # noqa: F403
from autograd.engine import backprop, late_bound, random_source
from autograd.engine.array_methods import explain_methods
from autograd.engine.dtypes import get_default_dtype as get_default_dtype
from autograd.engine.dtypes import set_default_dtype as set_default_dtype
from autograd.engine.grad_mode import enable_grad as enable_grad
from autograd.engine.grad_mode import is_grad_enabled as is_grad_enabled
from autograd.engine.grad_mode import no_grad as no_grad
from autograd.engine.grad_mode import set_grad_enabled as set_grad_enabled
from autograd.engine.op_definition import Array as Array
from autograd.engine.op_definition import op as op
from autograd.engine.random_source import *  # noqa: F403
from autograd.engine.tensors import Tensor as Tensor
from autograd.engine.tensors import tensor as tensor
from autograd.errors import *  # noqa: F403
from autograd.func import grad as grad
from autograd.interop import numpy_protocol
from autograd.interop.einops_backend import serve_einops
from autograd.ops import *  # noqa: F403
from autograd.support.allocator import keep_freed_memory
from autograd.support.lazy_names import later, on_first_use
from autograd.support.unknown_names import answer_for

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
late_bound.bind(
    ops,
    backward=backprop.backward,
    apply_ufunc=numpy_protocol.apply_ufunc,
    apply_function=numpy_protocol.apply_function,
    draw=on_first_use("autograd.viz", "draw"),
    tensor_html=on_first_use("autograd.viz.notebook", "tensor_html"),
)
errors.traceback_in_notebook = on_first_use("autograd.viz.notebook", "traceback_in_notebook")

explain_methods()
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

    __getattr__, __dir__ = later(
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
        },
        modules=("curvature",),
    )
