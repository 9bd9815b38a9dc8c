"""Rows of `autograd/ops/piecewise.py`."""

import numpy as np

import autograd as ag
from autograd.ops import piecewise
from tests.cases.elementwise import BINARY_ALSO, binary, unary
from tests.row import Row, distinct

STEPS = np.array([-1, 0, 2], np.float32)  # a constant follows the dtype of x
MASK = np.arange(12).reshape(3, 4) % 3 == 0

ROWS = [
    unary("absolute", distinct, keeps="x"),
    *(unary(name, distinct) for name in ("sign", "floor", "ceil", "trunc", "rint")),
    unary("round", distinct, note="whole"),
    Row(
        "round",
        lambda x: ag.round(x, 1),
        [lambda rng: rng.integers(-20, 20, (3, 4)) / 10 + 0.02],
        lambda x: np.round(x, 1),
        statics={"decimals": 1},
        note="decimals",
    ),
    binary("heaviside", distinct(3, 4), (3, 4), keeps="x"),
    Row(
        "heaviside",
        lambda h: ag.heaviside(STEPS, h),
        [(2, 3)],
        lambda h: np.heaviside(STEPS, h),
        operands=lambda h: (STEPS, h),
        keeps="x",
        note="at zero",
    ),
    binary("maximum", distinct(3, 4), (3, 4)),
    binary("minimum", distinct(3, 4), (3, 4)),
    Row(
        "keep",
        lambda x: piecewise.keep(x, MASK),
        [(3, 4)],
        lambda x: x * MASK,
        operands=lambda x: (x, MASK),
        keeps="mask",
    ),
    Row(
        "where",
        lambda a, b: ag.where(MASK, a, b),
        [(3, 4), (3, 4)],
        lambda a, b: np.where(MASK, a, b),
        operands=lambda a, b: (MASK, a, b),
        keeps="condition",
        also=[((3, 1), (4,)), ((), (2, 3, 4)), ((), ())],
    ),
    Row(
        "where",
        lambda a, b: ag.where(a > b, a * 2, b),
        [(0, 4), (0, 4)],
        lambda a, b: np.where(a > b, a * 2, b),
        operands=lambda a, b: (a > b, a, b),
        keeps="condition",
        note="empty",
    ),
    Row(
        "clip_between",
        lambda x: ag.clip(x, -0.4, 0.3),
        [distinct(3, 4)],
        lambda x: np.clip(x, -0.4, 0.3),
        operands=lambda x: (x, -0.4, 0.3),
        also=[(distinct(),), ((0, 3),)],
        note="numbers",
    ),
    Row(
        "clip_between",
        lambda x, high: ag.clip(x, max=high),
        [distinct(3, 4), lambda rng: rng.integers(-5, 5, 4) / 10],
        lambda x, high: np.clip(x, None, high),
        operands=lambda x, high: (x, None, high),
        note="one bound",
    ),
    Row(
        "clip_between",
        piecewise.clip,
        [distinct(4, 5), lambda rng: np.full(5, -0.33), lambda rng: np.full((4, 1), 0.28)],
        np.clip,
        also=[(distinct(2, 3), *BINARY_ALSO[3])],
        note="arrays",
    ),
]
