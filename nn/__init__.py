"""Modules: they hold parameters and call the ops of `autograd`. No derivative lives here.

>>> import autograd as ag, nn
>>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
>>> net(ag.tensor([[[1.0, 2.0], [3.0, 4.0]]])).shape
(1, 3)
"""

from typing import TYPE_CHECKING, Any

import autograd

if getattr(autograd, "__distribution__", None) != "glassgrad":
    raise ImportError(
        "nn belongs to the distribution glassgrad, but `import autograd` found another one, at "
        f"{getattr(autograd, '__file__', None)}: most likely the package `autograd` of PyPI (HIPS "
        "autograd), which has the same import name and has overwritten or hidden this one. Keep "
        "them in different environments, or run: pip uninstall autograd && "
        "pip install --force-reinstall glassgrad (in a clone: pip install --force-reinstall -e .)"
    )

from autograd.func import functional_call
from nn import functional, init
from nn.containers import ModuleDict, ModuleList, Sequential
from nn.layers import (
    activations,
    convolution,
    dense,
    losses,
    normalization,
    pooling,
    regularization,
    shaping,
)
from nn.layers.activations import *  # noqa: F403
from nn.layers.convolution import *  # noqa: F403
from nn.layers.dense import *  # noqa: F403
from nn.layers.losses import *  # noqa: F403
from nn.layers.normalization import *  # noqa: F403
from nn.layers.pooling import *  # noqa: F403
from nn.layers.regularization import *  # noqa: F403
from nn.layers.shaping import *  # noqa: F403
from nn.module import Module
from nn.parameter import Buffer, Parameter

if TYPE_CHECKING:
    from nn import data, models
    from nn.serialization import load, load_metadata, save
    from nn.summaries import Summary, count_parameters, summary

__all__ = [
    "Buffer",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "Sequential",
    "Summary",
    "count_parameters",
    "data",
    "functional",
    "functional_call",
    "init",
    "load",
    "load_metadata",
    "models",
    "save",
    "summary",
]
__all__ += activations.__all__
__all__ += convolution.__all__
__all__ += dense.__all__
__all__ += losses.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += regularization.__all__
__all__ += shaping.__all__


# Imported when first used: the import costs little.
_LATER = {
    "Summary": "nn.summaries",
    "count_parameters": "nn.summaries",
    "load": "nn.serialization",
    "load_metadata": "nn.serialization",
    "save": "nn.serialization",
    "summary": "nn.summaries",
}
_MODULES_LATER = ("data", "models")


def __getattr__(name: str) -> Any:
    import importlib

    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    if name in _MODULES_LATER:
        return importlib.import_module(f"nn.{name}")
    raise AttributeError(f"module 'nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
