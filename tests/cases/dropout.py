"""Rows of `autograd/ops/dropouts.py`: masks of a generator that always says the same."""

import numpy as np

import autograd as ag
from autograd.kernels.dropout.numpy_twin import dropout_mask
from tests.row import Row


class Steady(np.random.Generator):
    """A generator whose every integer is 5, so that two calls draw one mask."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def integers(self, *args, **kwargs):
        return 5

    def __repr__(self):
        return "Steady()"


STEADY = Steady()

ROWS = [
    Row(
        "dropout",
        lambda x: ag.dropout(x, 0.3, generator=STEADY),
        [(3, 4)],
        lambda x: x * dropout_mask(x.shape, 0.3, 5, x.dtype),
        also=[((),), ((0, 3),)],
        statics={"p": 0.3, "generator": STEADY},
    ),
    *(
        Row(
            "dropout",
            lambda x, statics=statics: ag.dropout(x, **statics),
            [(3, 4)],
            lambda x, factor=factor: x * factor,
            note=str(statics),
            statics={**statics, "generator": STEADY},
        )
        for statics, factor in [
            ({"training": False}, 1.0),
            ({"p": 0}, 1.0),
            ({"p": 1.0, "generator": STEADY}, 0.0),
        ]
    ),
    Row(
        "dropout2d",
        lambda x: ag.dropout2d(x, 0.4, generator=STEADY),
        [(2, 3, 2, 2)],
        lambda x: x * dropout_mask((*x.shape[:2], 1, 1), 0.4, 5, x.dtype),
        also=[((0, 3, 2, 2),)],
        statics={"p": 0.4, "generator": STEADY},
    ),
    Row(
        "dropout2d",
        lambda x: ag.dropout2d(x, 0.4, generator=STEADY),
        [(3, 2, 2)],
        lambda x: x * dropout_mask((3, 1, 1), 0.4, 5, x.dtype),
        note="unbatched",
        statics={"p": 0.4, "generator": STEADY},
    ),
]
