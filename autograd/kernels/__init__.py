"""The hot core: functions on plain arrays, float32 or float64, that know nothing of gradients.

Arrays in, fresh C-contiguous arrays out; inputs may have any memory layout and are never written.
Each family is a folder of three files: `dispatch.py` is what ops call, and chooses between
`numba_kernels.py`, compiled, and `numpy_twin.py`, the same in NumPy: the oracle in tests, and what
runs on small arrays or where Numba is switched off (`AUTOGRAD_KERNELS=numpy`). A family is imported
when its first function is used, Numba when the first kernel is compiled.

`runtime.py` is what the modules of a family import. Behind it `launch/` compiles and runs kernels
on threads, `code_cache/` keeps what was compiled; `codegen/` writes vector instructions.
"""

from typing import TYPE_CHECKING

from autograd.support.lazy_names import later

if TYPE_CHECKING:
    from autograd.kernels.blas import *  # noqa: F403
    from autograd.kernels.conv.dispatch import *  # noqa: F403
    from autograd.kernels.dropout.dispatch import *  # noqa: F403
    from autograd.kernels.norm.dispatch import *  # noqa: F403
    from autograd.kernels.pointwise.dispatch import *  # noqa: F403
    from autograd.kernels.pool.dispatch import *  # noqa: F403
    from autograd.kernels.runtime import *  # noqa: F403
    from autograd.kernels.scan.dispatch import *  # noqa: F403
    from autograd.kernels.softmaxes.dispatch import *  # noqa: F403
    from autograd.kernels.sums import *  # noqa: F403

_FAMILIES = {
    "blas": ("matmul",),
    "conv.dispatch": (
        "conv2d",
        "conv2d_input_grad",
        "conv2d_weight_bias_grads",
        "conv2d_weight_grad",
        "fold",
        "unfold",
    ),
    "dropout.dispatch": ("dropout_mask",),
    "norm.dispatch": (
        "batch_norm",
        "batch_norm_apply",
        "batch_norm_grads",
        "batch_norm_sums",
        "layer_norm",
        "layer_norm_grads",
        "layer_norm_sums",
    ),
    "pointwise.dispatch": (
        "elu",
        "elu_grad",
        "erf",
        "gelu",
        "gelu_grad",
        "logit_loss",
        "relu",
        "relu_grad",
        "sigmoid",
        "sigmoid_grad",
        "silu",
        "silu_grad",
        "softplus",
        "softplus_grad",
        "tanh",
        "tanh_grad",
    ),
    "pool.dispatch": (
        "avg_pool2d",
        "avg_pool2d_grad",
        "max_pool2d",
        "plane_gather",
        "plane_scatter_add",
    ),
    "scan.dispatch": ("running_products", "running_sums"),
    "runtime": ("get_num_threads", "set_kernels", "set_num_threads", "use_numba"),
    "softmaxes.dispatch": (
        "cross_entropy",
        "cross_entropy_grad",
        "log_softmax",
        "log_softmax_grad",
        "softmax",
        "softmax_grad",
    ),
    "sums": ("add_up", "channel_sums", "long_matmul", "row_sums"),
}
_LATER = {
    name: f"autograd.kernels.{family}" for family, names in _FAMILIES.items() for name in names
}
__all__ = [*_LATER]

__getattr__, __dir__ = later("autograd.kernels", _LATER)
