"""The layers, by family. `nn` lists them: `nn.Linear`, `nn.Conv2d`, ..."""

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

# One line each, which is what type checkers can read.
__all__: list[str] = []
__all__ += activations.__all__
__all__ += convolution.__all__
__all__ += dense.__all__
__all__ += losses.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += regularization.__all__
__all__ += shaping.__all__
