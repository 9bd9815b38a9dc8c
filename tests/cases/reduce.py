"""Rows of `autograd/ops/{reduce,extremes,vector_norms,scan}.py`."""

import numpy as np

import autograd as ag
from tests.row import Row, between, distinct

AXES = [{}, {"axis": 0}, {"axis": (0, -1), "keepdims": True}]
EMPTY = [((),), ((0, 3, 2),)]


def reductions(name, inputs, reference, axes=AXES, **kwargs):
    """A row for each choice of axes."""
    function = getattr(ag.ops, name)
    return [
        Row(
            name,
            lambda x, statics=statics: function(x, **statics),
            inputs,
            lambda x, statics=statics: reference(x, **statics),
            note=str(statics),
            statics=statics,
            **kwargs,
        )
        for statics in axes
    ]


def total(name, reference, **kwargs):
    """A row over all axes whose operand may have none, or no elements."""
    return Row(name, getattr(ag.ops, name), [(2, 3)], reference, note="any shape", **kwargs)


def np_logsumexp(x, **axes):
    return np.logaddexp.reduce(x, **{"axis": None, **axes})


def some_zeros(*shape):
    """Numbers of which some are zero."""
    return lambda rng: np.where(rng.random(shape) < 0.4, 0.0, rng.uniform(0.5, 2.0, shape))


def scan_reference(b, a, reverse=False):
    """hₖ = bₖ + aₖ hₖ₋₁ as a sum of products, along the last axis."""
    n, h = b.shape[-1], np.zeros_like(b)
    for k in range(n):
        for j in range(k, n) if reverse else range(k + 1):
            low, high = (k, j) if reverse else (j, k)
            h[..., k] += b[..., j] * a[..., low + 1 : high + 1].prod(-1)
    return h


MANY_AXES = [*AXES, {"axis": (2, 0)}, {"axis": -1, "keepdims": True}, {"axis": ()}]
DDOF = [*AXES, {"axis": 1, "ddof": 1}, {"axis": (0, 2), "correction": 1}]

ROWS = [
    *reductions("sum", [(2, 3, 4)], np.sum, MANY_AXES),
    total("sum", np.sum, also=EMPTY),
    Row("sum", lambda x: ag.sum(x, 1), [(2, 3)], lambda x: x.sum(1), statics={"axis": 1}),
    Row("prod", ag.prod, [(1,)], np.prod, keeps="x", note="one element"),
    *reductions("mean", [(2, 3, 4)], np.mean, MANY_AXES),
    total("mean", np.mean, also=[((),)]),
    *reductions("var", [(2, 3, 4)], np.var, DDOF, keeps="x"),
    total("var", np.var, keeps="x", also=[((),)]),
    *reductions("std", [(2, 3, 4)], np.std, DDOF, keeps="x out"),
    *reductions("max", [distinct(2, 3, 4)], np.max, MANY_AXES),
    total("max", np.max, also=[((),)]),
    Row(
        "max",
        lambda x: ag.max(x, axis=1),
        [(2, 3)],
        lambda x: np.max(x, 1),
        also=[((0, 3),)],
        statics={"axis": 1},
        note="empty",
    ),
    *reductions("min", [distinct(2, 3, 4)], np.min, MANY_AXES),
    total("min", np.min, also=[((),)]),
    *reductions("prod", [(2, 3, 4)], np.prod, MANY_AXES, keeps="x"),
    *(
        Row(
            "prod",
            lambda x, axis=axis: ag.prod(x, axis),
            [some_zeros(3, 2, 4)],
            lambda x, axis=axis: np.prod(x, axis),
            keeps="x",
            statics={"axis": axis},
            note=f"zeros {axis}",
        )
        for axis in [(0, 1), 2, None]
    ),
    total("prod", np.prod, keeps="x", also=EMPTY),
    *reductions("logsumexp", [(2, 3, 4)], np_logsumexp, MANY_AXES, keeps="x"),
    total("logsumexp", np_logsumexp, keeps="x", also=[((),)]),
    *reductions(
        "euclidean_norm",
        [(2, 3, 4)],
        lambda x, **axes: np.sqrt((x * x).sum(**axes)),
        MANY_AXES,
        keeps="x out",
    ),
    Row(
        "euclidean_norm",
        ag.norm,
        [(2, 3)],
        np.linalg.norm,
        keeps="x out",
        note="norm",
        also=[((5,),)],
    ),
    *reductions("cumsum", [(2, 3, 4)], np.cumsum, [{}, {"axis": 1}, {"axis": -1}]),
    Row("cumsum", ag.cumsum, [(3,)], np.cumsum, note="any shape", also=EMPTY),
    *reductions("cumprod", [(2, 3, 4)], np.cumprod, [{}, {"axis": 1}, {"axis": -1}], keeps="x out"),
    Row(
        "cumprod",
        lambda x: ag.cumprod(x, 1),
        [some_zeros(3, 5)],
        lambda x: np.cumprod(x, 1),
        keeps="x out",
        statics={"axis": 1},
        note="zeros",
    ),
    Row("cumprod", ag.cumprod, [(3,)], np.cumprod, keeps="x out", note="any shape", also=EMPTY),
    *(
        Row(
            "linear_scan",
            lambda b, a, r=reverse: ag.linear_scan(b, a, reverse=r),
            [(2, 4), between(-1, 1, 2, 4)],
            lambda b, a, r=reverse: scan_reference(b, a, r),
            keeps="a out",
            statics={"reverse": reverse},
            note=f"reverse={reverse}",
            also=[((2, 0), (2, 0))],
        )
        for reverse in (False, True)
    ),
    *(
        Row(
            "linear_scan",
            lambda b, a, axis=axis, r=reverse: ag.linear_scan(b, a, axis, reverse=r),
            [(3, 2, 3), between(-1, 1, *shape)],
            lambda b, a, axis=axis, r=reverse: np.moveaxis(
                scan_reference(np.moveaxis(b, axis, -1), np.moveaxis(a, axis, -1), r), -1, axis
            ),
            keeps="a out",
            statics={"axis": axis, "reverse": reverse},
            note=f"{shape} axis {axis} reverse={reverse}",
        )
        for reverse in (False, True)
        for axis, shape in [
            (0, (3,)),
            (-1, (3,)),
            (0, (3, 3)),
            (-1, (2, 3)),
            (1, (3, 2, 1)),
            (2, (1, 2, 3)),
        ]
    ),
]
