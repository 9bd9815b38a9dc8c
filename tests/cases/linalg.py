"""Rows of `autograd/ops/linalg.py`."""

import numpy as np

import autograd as ag
from tests.row import Row

ROWS = [
    *(
        Row("matmul", ag.matmul, shapes, np.matmul, keeps="a b", note=f"{shapes}")
        for shapes in [
            ((3, 4), (4, 2)),
            ((4,), (4,)),
            ((4,), (4, 2)),
            ((3, 4), (4,)),
            ((4,), (2, 4, 3)),
            ((2, 3, 4), (4,)),
            ((2, 3, 4), (4, 2)),
            ((3, 4), (2, 4, 2)),
            ((2, 1, 3, 4), (5, 4, 2)),
        ]
    ),
]
