"""Modules: they hold parameters and call the ops of `autograd`. No derivative lives here.

>>> import autograd as ag, nn
>>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
>>> net(ag.tensor([[[1.0, 2.0], [3.0, 4.0]]])).shape
(1, 3)

`help(nn.Linear)` and the like say more: the equation, shapes, what is raised, an example.

Modules
    Module, Parameter, Buffer, Sequential, ModuleList, ModuleDict, Identity
Layers with weights
    Bilinear, Embedding, Linear, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, LocalConv2d,
    BatchNorm1d, BatchNorm2d, GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm
Activations
    ELU, GELU, SELU, LeakyReLU, LogSigmoid, LogSoftmax, ReLU, SiLU, Sigmoid, Softmax, Softplus,
    Softsign, Tanh
Pooling, dropout, shapes
    AbsMaxPool2d, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
    AvgPool1d, AvgPool2d, GlobalAvgPool2d, MaxPool1d, MaxPool2d, Subsample2d, Dropout,
    Dropout2d, Flatten, Fold, Unflatten, Unfold
Losses
    BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, KLDivLoss, L1Loss, MSELoss,
    MultiMarginLoss, NLLLoss, SmoothL1Loss
Functions, starting values, networks, data
    functional, init, models, data, functional_call
Saving, looking
    save, load, load_metadata, summary, Summary, count_parameters
"""

from typing import TYPE_CHECKING

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
from autograd.support.lazy_names import later
from nn import functional, init
from nn.containers import ModuleDict, ModuleList, Sequential
from nn.module import Module
from nn.parameter import Buffer, Parameter

if TYPE_CHECKING:
    from nn import data, models
    from nn import layers as layers
    from nn.layers import *  # noqa: F403
    from nn.serialization import load, load_metadata, save
    from nn.summaries import Summary, count_parameters, summary

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "AbsMaxPool2d",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Bilinear",
    "Buffer",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout2d",
    "Embedding",
    "Flatten",
    "Fold",
    "GlobalAvgPool2d",
    "GroupNorm",
    "HuberLoss",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "KLDivLoss",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalConv2d",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool1d",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiMarginLoss",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Softsign",
    "Subsample2d",
    "Summary",
    "Tanh",
    "Unflatten",
    "Unfold",
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

if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later(
        "nn",
        {
            **dict.fromkeys(__all__, "nn.layers"),
            "Summary": "nn.summaries",
            "count_parameters": "nn.summaries",
            "load": "nn.serialization",
            "load_metadata": "nn.serialization",
            "save": "nn.serialization",
            "summary": "nn.summaries",
        },
        modules=("data", "layers", "models"),
    )
