"""Rows of `autograd/ops/shape.py`, `joining.py`, `padding.py` and `triangles.py`."""

import numpy as np

import autograd as ag
from tests.row import Row


def unary(name, *args, inputs=((2, 3, 4),), note="", also=(), **statics):
    """A row for a one-operand op that NumPy has under the same name."""
    return Row(
        name,
        lambda x: getattr(ag.ops, name)(x, *args, **statics),
        inputs,
        lambda x: getattr(np, name)(x, *args, **statics),
        note=note or ", ".join(map(str, (*args, *statics.values()))),
        also=also,
        statics=dict(zip(getattr(ag.ops, name).op.statics, args, strict=False)) | statics,
    )


def front(op, call, reference, *, inputs=((2, 3, 4),), note="", also=(), **statics):
    """A row for a public function over the op `op`."""
    return Row(op, call, inputs, reference, note=note, also=also, statics=statics)


def join(op, name, inputs, note, also=(), statics=None, operands=None, **kwargs):
    """A row for a function of a list over a starred op."""
    return Row(
        op,
        lambda *arrays: getattr(ag.ops, name)(arrays, **kwargs),
        inputs,
        lambda *arrays: getattr(np, name)(arrays, **kwargs),
        note=note,
        also=also,
        statics=statics or kwargs,
        operands=operands,
    )


ANY = [((),), ((0, 3),)]

RESHAPING = [
    unary("reshape", (4, -1)),
    unary("reshape", (4, -1), order="F"),
    unary("reshape", -1, also=ANY),
    front("reshape", ag.ravel, np.ravel, note="ravel", also=ANY, shape=-1),
    front(
        "reshape",
        lambda x: ag.ravel(x, "F"),
        lambda x: np.ravel(x, "F"),
        note="ravel F",
        shape=-1,
        order="F",
    ),
    front("reshape", ag.flatten, np.ravel, note="flatten", also=ANY, shape=-1),
    front(
        "reshape",
        lambda x: ag.flatten(x, 1),
        lambda x: x.reshape(2, 12),
        note="flatten from 1",
        shape=(2, 12),
    ),
    front(
        "reshape",
        lambda x: ag.flatten(x, 0, 1, order="F"),
        lambda x: np.transpose(x, (1, 0, 2)).reshape(6, 4),
        note="flatten to 1 F",
        shape=(6, 4),
        order="F",
    ),
    unary("transpose", also=ANY),
    unary("transpose", (1, -1, 0)),
    unary("swapaxes", 0, -1),
    unary("moveaxis", 0, -1),
    unary("moveaxis", (0, 1), (2, 0)),
    unary("expand_dims", 1),
    unary("expand_dims", (0, -1), also=ANY),
    unary("squeeze", inputs=((1, 3, 1),), also=ANY),
    unary("squeeze", -1, inputs=((1, 3, 1),)),
    unary("broadcast_to", (5, 2, 3), inputs=((2, 1),), also=[((),), ((2, 3),)]),
    unary("broadcast_to", (0, 3), inputs=((1, 3),), also=[((),)]),
    front(
        "broadcast_to",
        lambda x: ag.expand(x, (2, -1, 4)),
        lambda x: np.broadcast_to(x, (2, 3, 4)),
        inputs=((3, 1),),
        note="expand",
        shape=(2, 3, 4),
    ),
    unary("flip", also=ANY),
    unary("flip", (0, -1)),
    unary("roll", 3, also=ANY),
    unary("roll", -1, 1),
    unary("roll", (1, 2), (0, -1)),
]

JOINING = [
    join("concatenate_arrays", "concatenate", [(2, 3), (4, 3), (2, 3)], "", [((0, 3),) * 3]),
    join(
        "concatenate_arrays",
        "concatenate",
        [(2, 3, 2), (2, 1, 2)],
        "axis -2",
        statics={"axis": 1},
        axis=-2,
    ),
    join("concatenate_arrays", "concatenate", [(2,)], "one"),
    join(
        "concatenate_arrays",
        "vstack",
        [(3,), (2, 3)],
        "vstack",
        operands=lambda a, b: [a[None], b],
    ),
    join("concatenate_arrays", "hstack", [(2, 1), (2, 3)], "hstack", statics={"axis": 1}),
    join("concatenate_arrays", "hstack", [(2,), (3,)], "hstack vectors", [((), ())]),
    join("stack_arrays", "stack", [(2, 3), (2, 3), (2, 3)], "", [((),) * 3, ((0, 2),) * 3]),
    join("stack_arrays", "stack", [(2, 3), (2, 3)], "axis -1", statics={"axis": 2}, axis=-1),
    join("stack_arrays", "stack", [(2, 3), (2, 3)], "axis 1", axis=1),
]
PADDING = [
    unary("pad", 1, also=ANY),
    unary("pad", ((0, 1), (2, 0), (0, 0)), constant_values=7.0),
    unary("pad", ((0, 1), (2, 0), (0, 0)), constant_values=((1, 2), (3, 4), (5, 6))),
    *(
        unary("pad", ((0, 0), (2, 1), (1, 3)), mode, inputs=((2, 3, 4),), also=[((0, 3, 4),)])
        for mode in ("reflect", "edge", "wrap")
    ),
    *(unary("pad", 5, mode, inputs=((3,),), note=f"{mode} far") for mode in ("reflect", "wrap")),
    unary("pad", ((2, 0), (0, 1)), "wrap", inputs=((3, 2),)),
    unary("tile", 2, also=ANY),
    unary("tile", (2, 1), inputs=((2, 3, 2),)),
    unary("tile", (2, 3, 1), inputs=((2,),), also=[((),)]),
    unary("repeat", 2, also=ANY),
    unary("repeat", 3, axis=1),
    unary("repeat", [1, 0, 2], axis=-2),
]

TRIANGLES = [
    unary("tril", inputs=((2, 3, 4),), also=[((0, 3),)]),
    unary("tril", -1, inputs=((3, 3),)),
    unary("triu", inputs=((2, 3, 4),), also=[((0, 3),)]),
    unary("triu", 1, inputs=((3, 3),)),
    unary("diagonal", inputs=((3, 4),), also=[((0, 3),)]),
    unary("diagonal", -1, 2, 0),
    unary("diagonal", 9, inputs=((3, 4),)),
    front("diagonal", ag.diag, np.diag, inputs=((3, 4),), note="diag"),
    front("diagonal", ag.trace, np.trace, inputs=((3, 4),), note="trace", also=[((3, 4, 2),)]),
    *(
        front(
            "embed_diagonal",
            lambda x, k=k: ag.diag(x, k),
            lambda x, k=k: np.diag(x, k),
            inputs=((3,),),
            note=f"diag {k}",
            shape=(3 + abs(k), 3 + abs(k)),
            offset=k,
        )
        for k in (0, 2, -1)
    ),
]

ROWS = [*RESHAPING, *JOINING, *PADDING, *TRIANGLES]
