"""Rows of `autograd/ops/shape.py`."""

import numpy as np

import autograd as ag
from tests.row import Row


def unary(name, *args, inputs=((2, 3, 4),), note="", **statics):
    """A row for a one-operand op that NumPy has under the same name."""
    return Row(
        name,
        lambda x: getattr(ag, name)(x, *args, **statics),
        inputs,
        lambda x: getattr(np, name)(x, *args, **statics),
        note=note,
        statics=dict(zip(getattr(ag, name).op.statics, args, strict=False)) | statics,
    )


ROWS = [
    unary("reshape", (4, -1)),
    unary("reshape", (4, -1), order="F", note="F"),
    unary("transpose"),
    unary("transpose", (1, -1, 0), note="axes"),
    unary("swapaxes", 0, -1),
    unary("broadcast_to", (5, 2, 3), inputs=((2, 1),)),
]
