"""The layers, by family. `nn` lists them: `nn.Linear`, `nn.Conv2d`, ..."""

from typing import TYPE_CHECKING

from nn.layers.activations import *  # noqa: F403
from nn.layers.convolution import *  # noqa: F403
from nn.layers.dense import *  # noqa: F403
from nn.layers.losses import *  # noqa: F403
from nn.layers.normalization import *  # noqa: F403
from nn.layers.pooling import *  # noqa: F403
from nn.layers.regularization import *  # noqa: F403
from nn.layers.shaping import *  # noqa: F403

if not TYPE_CHECKING:  # checkers take every name that a star brings
    __all__ = [name for name, value in globals().items() if isinstance(value, type)]
