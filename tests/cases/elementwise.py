"""Rows of `autograd/ops/elementwise.py`."""

import numpy as np

import autograd as ag
from tests.row import Row, positive

BINARY_ALSO = [((3, 1), (4,)), ((), (2, 3)), ((0, 3), (3,)), ((), ())]
UNARY_ALSO = [((),), ((0, 3),)]

ROWS = [
    Row("add", ag.add, [(3, 4), (3, 4)], np.add, also=BINARY_ALSO),
    Row("subtract", ag.subtract, [(3, 4), (3, 4)], np.subtract, also=BINARY_ALSO),
    Row("multiply", ag.multiply, [(3, 4), (3, 4)], np.multiply, keeps="a b", also=BINARY_ALSO),
    Row("divide", ag.divide, [(3, 4), positive(3, 4)], np.divide, keeps="b out"),
    Row("negative", ag.negative, [(3, 4)], np.negative, also=UNARY_ALSO),
    Row("square", ag.square, [(3, 4)], np.square, keeps="x", also=UNARY_ALSO),
    Row("exp", ag.exp, [(3, 4)], np.exp, keeps="out", also=UNARY_ALSO),
    Row("tanh", ag.tanh, [(3, 4)], np.tanh, keeps="out", also=UNARY_ALSO),
    Row("copy", ag.copy, [(3, 4)], np.copy, also=UNARY_ALSO),
    Row(
        "astype",
        lambda x: ag.astype(x, x.dtype),
        [(3, 4)],
        lambda x: x,
        statics={"dtype": np.float64},
    ),
]
