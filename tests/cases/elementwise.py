"""Rows of `autograd/ops/elementwise.py`."""

import math

import numpy as np

import autograd as ag
from tests.row import Row, between, positive

BINARY_ALSO = [((3, 1), (4,)), ((), (2, 3)), ((0, 3), (3,)), ((), ())]


def binary(name, a, b, also=BINARY_ALSO, **kwargs):
    """A row for a two-operand op that NumPy has under the same name."""
    return Row(name, getattr(ag.ops, name), [a, b], getattr(np, name), also=also, **kwargs)


def unary(name, spec, reference=None, **kwargs):
    """A row for a one-operand op whose numbers `spec(*shape)` draws."""
    return Row(
        name,
        getattr(ag.ops, name),
        [spec(3, 4)],
        reference or getattr(np, name),
        also=[(spec(),), (spec(0, 3),)],
        **kwargs,
    )


def reals(*shape):
    return between(-2, 2, *shape)


def power_row(a, b, note, keeps):
    """aᵇ for a fixed number a or b."""
    number_is_base = not callable(a) and not isinstance(a, tuple)
    bind = (lambda x: (a, x)) if number_is_base else (lambda x: (x, b))
    return Row(
        "power",
        lambda x: ag.power(*bind(x)),
        [b if number_is_base else a],
        lambda x: np.power(*bind(x)),
        operands=bind,
        keeps=keeps,
        note=note,
    )


ROWS = [
    binary("add", (3, 4), (3, 4)),
    binary("subtract", (3, 4), (3, 4)),
    binary("multiply", (3, 4), (3, 4), keeps="a b"),
    binary(
        "divide",
        (3, 4),
        positive(3, 4),
        keeps="b out",
        also=[((3, 1), positive(4)), ((), positive(2, 3)), ((0, 3), positive(3))],
    ),
    binary(
        "power",
        positive(3, 4),
        (3, 4),
        keeps="a b out",
        note="arrays",
        also=[(positive(3, 1), (4,)), (positive(), (2, 3)), (positive(0, 3), (3,))],
    ),
    power_row((3, 4), 2, "square", "a b out"),
    power_row((3, 4), 3, "cube", "a b out"),
    power_row((3, 4), 1, "one", "a b out"),
    power_row((3, 4), 0, "zero", "a b out"),
    power_row(positive(3, 4), -1.5, "fraction", "a b out"),
    power_row(2.5, (3, 4), "exponential", "a b out"),
    binary("logaddexp", (3, 4), (3, 4), keeps="a b"),
    unary("negative", reals),
    unary("positive", reals),
    unary("reciprocal", positive, keeps="out"),
    unary("square", reals, keeps="x"),
    unary("sqrt", positive, keeps="out"),
    unary("cbrt", positive, keeps="out"),
    unary("exp", reals, keeps="out"),
    unary("expm1", reals, keeps="out"),
    unary("log", positive, keeps="x"),
    unary("log1p", positive, keeps="x"),
    unary("log2", positive, keeps="x"),
    unary("log10", positive, keeps="x"),
    unary("erf", reals, np.vectorize(math.erf, otypes=[float]), keeps="x"),
    unary("copy", reals),
    Row(
        "astype",
        lambda x: ag.astype(x, x.dtype),
        [(3, 4)],
        lambda x: x,
        statics={"dtype": np.float64},
    ),
]
