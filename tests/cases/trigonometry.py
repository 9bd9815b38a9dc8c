"""Rows of `autograd/ops/trigonometry.py`."""

from functools import partial

from tests.cases.elementwise import binary, reals, unary
from tests.row import between, positive

inside = partial(between, -0.9, 0.9)
above_one = partial(between, 1.2, 3)

ROWS = [
    unary("sin", reals, keeps="x"),
    unary("cos", reals, keeps="x"),
    unary("tan", inside, keeps="out"),
    unary("arcsin", inside, keeps="x"),
    unary("arccos", inside, keeps="x"),
    unary("arctan", reals, keeps="x"),
    binary(
        "arctan2",
        (3, 4),
        (3, 4),
        keeps="x y",
        also=[((3, 1), positive(4)), ((), positive(2, 3)), ((0, 3), positive(3))],
    ),
    unary("sinh", reals, keeps="x"),
    unary("cosh", reals, keeps="x"),
    unary("arcsinh", reals, keeps="x"),
    unary("arccosh", above_one, keeps="x"),
    unary("arctanh", inside, keeps="x"),
]
