"""Dropout: elements left out at random in training, the others made up for."""

from __future__ import annotations

import numpy as np

from autograd import kernels
from autograd.engine.op_definition import Array, op
from autograd.engine.random_source import pick
from autograd.errors import ShapeError
from autograd.ops.pool_geometry import require_float
from autograd.support.arguments import fraction

__all__ = ["dropout", "dropout2d"]


@op
def dropout(x: Array, p=0.5, training=True, generator=None):
    """x with each element zeroed with probability p, the others divided by 1 − p.

    out = x · m / (1 − p), m ~ Bernoulli(1 − p) elementwise; the expected value is x. Not
    `training`, or p = 0: x itself. p = 1: zeros. The mask comes from `generator` (a
    `numpy.random.Generator`), or else from the generator that `ag.manual_seed` sets. Source:
    Srivastava et al., "Dropout", JMLR 15, 2014.

    Raises ArgumentError unless 0 <= p <= 1.

    >>> import numpy as np
    >>> dropout(np.ones(8), 0.5, generator=np.random.default_rng(0)).mean() in np.arange(17) / 8
    True
    """
    return _dropped("dropout", x, np.shape(x), p, training, generator)


@op
def dropout2d(x: Array, p=0.5, training=True, generator=None):
    """x with whole channels zeroed with probability p, the others divided by 1 − p.

    x (N, C, H, W) or (C, H, W). All else as for `dropout`. Source: Tompson et al., "Efficient
    Object Localization Using Convolutional Networks", 2015.
    """
    if np.ndim(x) not in (3, 4):
        raise ShapeError(
            f"dropout2d: x must be (N, C, H, W), or (C, H, W) unbatched, got {np.shape(x)}"
        )
    return _dropped("dropout2d", x, (*np.shape(x)[:-2], 1, 1), p, training, generator)


def _dropped(name, x, mask_shape, p, training, generator):
    """Value and closure of a dropout whose mask of `mask_shape` broadcasts against x."""
    fraction(name, "p", p)
    if not training or p == 0:
        return x, lambda g: g
    if isinstance(x, int | float) and not isinstance(x, bool):  # a NumPy scalar comes as one too
        x = np.asarray(x, np.float64)
    require_float(name, x)
    seed = int(pick(generator, name).integers(1 << 63))
    mask = kernels.dropout_mask(mask_shape, float(p), seed, x.dtype)
    return x * mask, lambda g: g * mask
