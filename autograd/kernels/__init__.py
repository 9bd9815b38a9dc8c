"""The hot core: functions on plain arrays, float32 or float64, that know nothing of gradients.

Arrays in, fresh C-contiguous arrays out; inputs may have any memory layout and are never written.
Each kernel exists twice: compiled by Numba, and as a NumPy twin (`*_reference.py`) that is its
oracle in tests and stands in for it on small arrays or where Numba is switched off
(`AUTOGRAD_KERNELS=numpy`). Importing this package does not import Numba.
"""

from autograd.kernels.blas import matmul
from autograd.kernels.dropout import dropout_mask
from autograd.kernels.norm import (
    batch_norm,
    batch_norm_apply,
    batch_norm_grads,
    batch_norm_sums,
    layer_norm,
    layer_norm_grads,
    layer_norm_sums,
)
from autograd.kernels.pointwise import (
    elu,
    elu_grad,
    erf,
    gelu,
    gelu_grad,
    logit_loss,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    silu,
    silu_grad,
    softplus,
    softplus_grad,
    tanh,
    tanh_grad,
)
from autograd.kernels.pool import (
    avg_pool2d,
    avg_pool2d_grad,
    max_pool2d,
    plane_gather,
    plane_scatter_add,
)
from autograd.kernels.runtime import get_num_threads, set_kernels, set_num_threads, use_numba
from autograd.kernels.softmax_rows import (
    cross_entropy,
    cross_entropy_grad,
    log_softmax,
    log_softmax_grad,
    softmax,
    softmax_grad,
)

__all__ = [
    "avg_pool2d",
    "avg_pool2d_grad",
    "batch_norm",
    "batch_norm_apply",
    "batch_norm_grads",
    "batch_norm_sums",
    "cross_entropy",
    "cross_entropy_grad",
    "dropout_mask",
    "elu",
    "elu_grad",
    "erf",
    "gelu",
    "gelu_grad",
    "get_num_threads",
    "layer_norm",
    "layer_norm_grads",
    "layer_norm_sums",
    "log_softmax",
    "log_softmax_grad",
    "logit_loss",
    "matmul",
    "max_pool2d",
    "plane_gather",
    "plane_scatter_add",
    "relu",
    "relu_grad",
    "set_kernels",
    "set_num_threads",
    "sigmoid",
    "sigmoid_grad",
    "silu",
    "silu_grad",
    "softmax",
    "softmax_grad",
    "softplus",
    "softplus_grad",
    "tanh",
    "tanh_grad",
    "use_numba",
]
