"""Rows of `autograd/ops/index.py` and `autograd/ops/sorting.py`."""

import numpy as np

import autograd as ag
from tests.row import Row, distinct, integers

MASK = np.array([True, False, True])
KEYS = {
    "integer": 1,
    "slice": (slice(None, None, -2), 1),
    "newaxis": (None, ..., slice(1, 3)),
    "ellipsis": ...,
    "advanced": ([0, 0, 2],),
    "negative": np.array([[0, -1], [-3, 2]]),
    "pairs": ([0, 0, 2], [1, 1, 3]),
    "apart": (slice(1, 3), None, np.array([[0], [3]])),
    "boolean": (MASK,),
    "boolean and integer": (MASK, [1, 1]),
    "full mask": np.arange(12).reshape(3, 4) % 5 > 1,
    "nothing": ([],),
    "0-d mask": np.True_,
}


def scatter_reference(x, key, shape):
    """Adds one element after another."""
    out, places = np.zeros(shape), np.arange(np.prod(shape)).reshape(shape)[key]
    for place, value in zip(places.ravel(), x.ravel(), strict=True):
        out.flat[place] += value
    return out


def put(x, axis, index, src):
    """`scatter_add` as a loop."""
    out = x.copy()
    for place in np.ndindex(index.shape):
        target = list(place)
        target[axis] = index[place]
        out[tuple(target)] += src[place]
    return out


INDEXING = [
    *(
        Row(
            "getitem",
            lambda x, key=key: ag.ops.getitem(x, key),
            [(3, 4)],
            lambda x, key=key: x[key],
            note=note,
            statics={"key": key},
        )
        for note, key in KEYS.items()
    ),
    *(
        Row(
            "scatter",
            lambda x, key=key: ag.ops.scatter(x, key, (3, 4)),
            [shape],
            lambda x, key=key: scatter_reference(x, key, (3, 4)),
            note=note,
            statics={"key": key, "shape": (3, 4)},
        )
        for note, key, shape in [
            ("rows", ([0, 0, 2],), (3, 4)),
            ("pairs", ([0, 0, 2], [1, 1, 3]), (3,)),
            ("basic", (slice(None, None, 2), 1), (2,)),
            ("mask", KEYS["full mask"], (int(KEYS["full mask"].sum()),)),
        ]
    ),
    *(
        Row(
            "take",
            lambda x, i, axis=axis: ag.take(x, i, axis),
            [(3, 4), np.array([[0, 2], [-1, 2]])],
            lambda x, i, axis=axis: np.take(x, i, axis),
            note=f"axis {axis}",
            statics={"axis": axis},
            also=[((3, 4, 2), np.array(1)), ((3, 3, 0), integers(3, 2))],
        )
        for axis in (0, 1)
    ),
    Row(
        "take",
        ag.take,
        [(3, 4), np.array([11, 0, 11])],
        np.take,
        also=[((), np.array([0, 0]))],
    ),
    *(
        Row(
            "take",
            lambda x, i, mode=mode: ag.take(x, i, axis=1, mode=mode),
            [(3, 4), np.array([-9, 2, 7])],
            lambda x, i, mode=mode: np.take(x, i, 1, mode=mode),
            note=mode,
            statics={"axis": 1, "mode": mode},
        )
        for mode in ("wrap", "clip")
    ),
    *(
        Row(
            "scatter_taken",
            lambda x, i, axis=axis, shape=shape: ag.ops.scatter_taken(x, i, axis, shape),
            [given, np.array([1, 1, -1])],
            lambda x, i, axis=axis, shape=shape: scatter_reference(
                x, (slice(None),) * axis + (i,), shape
            ),
            note=f"axis {axis}",
            statics={"axis": axis, "shape": shape},
        )
        for axis, shape, given in [
            (0, (3, 4), (3, 4)),
            (1, (2, 4), (2, 3)),
            (1, (2, 3, 2), (2, 3, 2)),
        ]
    ),
    *(
        Row(
            "take_along_axis",
            lambda x, i, axis=axis: ag.take_along_axis(x, i, axis),
            [shape, integers(3, *index)],
            lambda x, i, axis=axis: np.take_along_axis(x, i, axis),
            note=f"{shape} {index} {axis}",
            statics={"axis": axis},
            also=[((3, 0), integers(3, 2, 0))] if axis == 0 and len(shape) == 2 else (),
        )
        for shape, index, axis in [
            ((3, 4), (5, 4), 0),
            ((3, 4), (3, 2), 1),
            ((3, 4), (1, 2), -1),
            ((1, 4), (3, 2), -1),
            ((2, 3, 4), (2, 1, 4), 1),
            ((3, 4), (6,), None),
        ]
    ),
    *(
        Row(
            "scatter_along_axis",
            lambda x, i, axis=axis, shape=shape: ag.ops.scatter_along_axis(x, i, axis, shape),
            [given, integers(3, *index)],
            lambda x, i, axis=axis, shape=shape: put(
                np.zeros(shape), axis, np.broadcast_to(i, x.shape), x
            ),
            note=f"{given} {index}",
            statics={"axis": axis, "shape": shape},
        )
        for given, index, axis, shape in [
            ((5, 4), (5, 4), 0, (3, 4)),
            ((2, 5), (2, 5), -1, (2, 3)),
            ((2, 5), (1, 5), 1, (2, 3)),
        ]
    ),
    *(
        Row(
            "scatter_along_axis",
            lambda x, src, index=index: ag.scatter_add(x, 1, index, src),
            [(3, 4), (3, 5)],
            lambda x, src, index=index: put(x, 1, index, src),
            torch_reference=lambda torch, x, src, index=index: torch.scatter_add(
                x, 1, torch.as_tensor(index), src
            ),
            note=f"scatter_add {index.shape}",
            operands=lambda x, src: [src, np.zeros((3, 5), int)],
            statics={"axis": 1, "shape": (3, 4)},
        )
        for index in (np.arange(15).reshape(3, 5) % 4, np.array([[3, 3, 0], [1, 2, 1]]))
    ),
    Row(
        "embedding",
        ag.embedding,
        [np.array([[0, 2], [2, 1]]), (4, 3)],
        lambda i, w: w[i],
        also=[(np.array(1), (4, 3)), (np.zeros((0, 2), int), (4, 3)), (np.array([1]), (4, 0))],
    ),
    Row(
        "embedding",
        lambda i, w: ag.embedding(i, w, padding_idx=-2),
        [np.array([[0, 3], [1, 1]]), (4, 3)],
        lambda i, w: w[i],
        note="padding",
        statics={"padding_idx": -2},
    ),
]

ORDER = [
    *(
        Row(
            "take_along_axis",
            lambda x, axis=axis: ag.sort(x, axis),
            [distinct(3, 4)],
            lambda x, axis=axis: np.sort(x, axis),
            note=f"sort {axis}",
            operands=lambda x, axis=axis: [x, np.argsort(x, axis)],
            statics={"axis": axis},
            also=[((0, 3),)],
        )
        for axis in (0, -1)
    ),
    Row(
        "take",
        lambda x: ag.sort(x, None),
        [distinct(3, 4)],
        lambda x: np.sort(x, None),
        note="sort all",
        operands=lambda x: [x, np.argsort(x, None)],
    ),
    *(
        Row(
            "take_along_axis",
            lambda x, largest=largest: ag.topk(x, 2, 0, largest)[0],
            [distinct(4, 3)],
            lambda x, largest=largest: (-np.sort(-x, 0) if largest else np.sort(x, 0))[:2],
            torch_reference=lambda torch, x, largest=largest: torch.topk(x, 2, 0, largest)[0],
            note=f"topk largest={largest}",
            operands=lambda x: [x, np.argsort(x, 0)[:2]],
            statics={"axis": 0},
        )
        for largest in (True, False)
    ),
]

ROWS = [*INDEXING, *ORDER]
