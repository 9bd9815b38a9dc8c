"""Rows of `autograd/ops/reduce.py`."""

import numpy as np

import autograd as ag
from tests.row import Row

AXES = [{}, {"axis": 0}, {"axis": (0, -1), "keepdims": True}]


def reductions(name, inputs, reference, **kwargs):
    """A row for each choice of axes."""
    function = getattr(ag, name)
    return [
        Row(
            name,
            lambda x, axes=axes: function(x, **axes),
            inputs,
            lambda x, axes=axes: reference(x, **axes),
            note=str(axes),
            statics=axes,
            **kwargs,
        )
        for axes in AXES
    ]


ROWS = [
    *reductions("sum", [(2, 3, 4)], np.sum),
    *reductions("mean", [(2, 3, 4)], np.mean),
]
