"""Rows of `autograd/ops/index.py`."""

import numpy as np

import autograd as ag
from tests.row import Row

MASK = np.array([True, False, True])
KEYS = {
    "integer": 1,
    "slice": (slice(None, None, -2), 1),
    "newaxis": (None, ..., slice(1, 3)),
    "advanced": ([0, 0, 2],),
    "pairs": ([0, 0, 2], [1, 1, 3]),
    "boolean": (MASK,),
}

ROWS = [
    *(
        Row(
            "getitem",
            lambda x, key=key: x[key],
            [(3, 4)],
            lambda x, key=key: x[key],
            note=note,
            statics={"key": key},
        )
        for note, key in KEYS.items()
    ),
    Row(
        "scatter",
        lambda x: ag.scatter(x, ([0, 0, 2],), (3, 4)),
        [(3, 4)],
        lambda x: np.stack([x[0] + x[1], 0 * x[0], x[2]]),
        statics={"key": ([0, 0, 2],), "shape": (3, 4)},
    ),
]
