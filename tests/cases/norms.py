"""Rows of `autograd/ops/{normalization,normalization_rules}.py`: values with np.mean and np.var."""

import numpy as np

import autograd as ag
from tests.row import Row, positive, value_of

MEAN, VAR = np.array([0.5, -1.0, 0.25]), np.array([0.5, 2.0, 1.5])


def standard(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def column(v, x):
    return v.reshape(-1, *(1,) * (x.ndim - 2))


def per_channel(x, weight=None, bias=None, eps=1e-5):
    out = standard(x, tuple(i for i in range(x.ndim) if i != 1), eps)
    out = out if weight is None else out * column(weight, x)
    return out if bias is None else out + column(bias, x)


def by_differences(function, x, h=1e-5):
    """The gradient of a scalar `function` at x by central differences."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[index] = h
        gradient[index] = (function(x + step) - function(x - step)) / (2 * h)
    return gradient


SHAPES = [(4, 3), (3, 2, 4), (2, 3, 2, 2)]

ROWS = [
    *(
        Row(
            "normalize_channels",
            lambda x, w, b: ag.batch_norm(x, None, None, w, b, training=True),
            [x, (x[1],), (x[1],)],
            per_channel,
            keeps="x weight aux",
            note=str(x),
        )
        for x in SHAPES
    ),
    Row(
        "normalize_channels",
        lambda x: ag.batch_norm(x, training=True, eps=0.1),
        [(2, 2, 3)],
        lambda x: per_channel(x, eps=0.1),
        keeps="x weight aux",
        statics={"eps": 0.1},
        order=3,
        note="third order",
    ),
    Row(
        "normalize_by",
        lambda x, w, b: ag.batch_norm(x, MEAN, VAR, w, b),
        [(2, 3, 4), (3,), (3,)],
        lambda x, w, b: (
            (x - column(MEAN, x)) / np.sqrt(column(VAR, x) + 1e-5) * column(w, x) + column(b, x)
        ),
        keeps="x weight",
        also=[((0, 3, 4), (3,), (3,)), ((2, 3), (3,), (3,))],
        statics={"mean": MEAN, "var": VAR},
    ),
    Row(
        "normalize_by",
        lambda x: ag.batch_norm(x, MEAN, VAR),
        [(2, 3, 4)],
        lambda x: (x - column(MEAN, x)) / np.sqrt(column(VAR, x) + 1e-5),
        operands=lambda x: (x, None, None),
        keeps="x weight",
        statics={"mean": MEAN, "var": VAR},
        note="no weight",
    ),
    Row(
        "normalize_channels_input_grad",
        value_of(ag.ops.normalize_channels_input_grad),
        [(3, 2, 2), (3, 2, 2), positive(2)],
        lambda g, x, w: by_differences(lambda x: (g * per_channel(x, w)).sum(), x),
        keeps="g x weight",
        apart={"large": "gradients of 1e18 cancel to 1e2"},
        tolerance=1e-8,
    ),
    Row(
        "normalize_channels_input_grad",
        value_of(ag.ops.normalize_channels_input_grad),
        [(3, 2, 2), (3, 2, 2)],
        lambda g, x: by_differences(lambda x: (g * per_channel(x)).sum(), x),
        operands=lambda g, x: (g, x, None),
        keeps="g x weight",
        tolerance=1e-8,
        note="no weight",
    ),
    Row(
        "normalize_channels_weight_grad",
        value_of(ag.ops.normalize_channels_weight_grad),
        [(3, 2, 2), (3, 2, 2)],
        lambda g, x: (g * per_channel(x)).sum((0, 2)),
        keeps="g x",
    ),
    *(
        Row(
            "normalize_rows",
            lambda x, w, b, row=row: ag.layer_norm(x, row, w, b),
            [(2, 3, 4), row, row],
            lambda x, w, b, row=row: standard(x, tuple(range(-len(row), 0))) * w + b,
            keeps="x weight aux",
            also=[((0, 3, 4), row, row), (row, row, row)],
            note=str(row),
            statics={"row_ndim": len(row)},
        )
        for row in [(4,), (3, 4)]
    ),
    Row(
        "normalize_rows",
        lambda x: ag.layer_norm(x, 3, eps=0.1),
        [(2, 3)],
        lambda x: standard(x, (1,), 0.1),
        keeps="x weight aux",
        statics={"eps": 0.1},
        order=3,
        note="third order",
    ),
    *(
        Row(
            "normalize_rows",
            lambda x, w, b, groups=groups: ag.group_norm(x, groups, w, b),
            [(2, 4, 3), (4,), (4,)],
            lambda x, w, b, groups=groups: (
                standard(x.reshape(2, groups, -1), (2,)).reshape(x.shape) * column(w, x)
                + column(b, x)
            ),
            keeps="x weight aux",
            operands=lambda x, w, b, groups=groups: (x.reshape(2, groups, -1),),
            note=f"{groups} groups",
        )
        for groups in (1, 2)
    ),
    Row(
        "normalize_rows",
        lambda x, w, b: ag.instance_norm(x, None, None, w, b),
        [(2, 3, 2, 2), (3,), (3,)],
        lambda x, w, b: standard(x, (2, 3)) * column(w, x) + column(b, x),
        keeps="x weight aux",
        operands=lambda x, w, b: (x.reshape(2, 3, -1),),
        note="instances",
    ),
    Row(
        "normalize_rows_input_grad",
        value_of(ag.ops.normalize_rows_input_grad),
        [(3, 4), (3, 4), positive(4)],
        lambda g, x, w: by_differences(lambda x: (g * standard(x, (1,)) * w).sum(), x),
        keeps="g x weight",
        tolerance=1e-8,
    ),
    Row(
        "normalize_rows_input_grad",
        value_of(ag.ops.normalize_rows_input_grad),
        [(3, 4), (3, 4)],
        lambda g, x: by_differences(lambda x: (g * standard(x, (1,))).sum(), x),
        operands=lambda g, x: (g, x, None),
        keeps="g x weight",
        tolerance=1e-8,
        note="no weight",
    ),
    Row(
        "normalize_rows_weight_grad",
        value_of(ag.ops.normalize_rows_weight_grad),
        [(3, 4), (3, 4)],
        lambda g, x: (g * standard(x, (1,))).sum(0),
        keeps="g x",
    ),
]
