"""Rows of `autograd/ops/linalg.py` and `autograd/ops/einsums.py`."""

import numpy as np

import autograd as ag
from tests.row import Row


def regular(*shape):
    """Matrices far from singular."""
    return lambda rng: rng.standard_normal(shape) + 3 * np.eye(shape[-1])


def singular(n):
    """(1, 1, n, n): the last row is the mean of the others, also with the same added to all."""
    rows = np.random.default_rng(n).integers(-4, 5, (n - 1, n)) / 64
    return np.vstack([rows, rows.mean(0)])[None, None]


def definite(x):
    """A symmetric positive definite matrix, of an array or a Tensor."""
    return x @ x.mT + np.eye(x.shape[-1], dtype=x.dtype)


def summed(subscripts, *shapes, also=(), core=None, operands=None, op="einsum_arrays", **kwargs):
    """A row for `einsum`; `core`: what its op gets if it differs."""
    return Row(
        op,
        lambda *xs: ag.einsum(subscripts, *xs),
        shapes,
        lambda *xs: np.einsum(subscripts, *xs),
        note=f"einsum {subscripts}",
        also=also,
        statics=kwargs or ({"subscripts": core or subscripts} if op == "einsum_arrays" else {}),
        operands=operands,
        keeps="operands" if op == "einsum_arrays" else "",
    )


LINEAR = [
    Row(
        "linear",
        ag.linear,
        [(*lead, 3), (4, 3), (4,)],
        lambda x, w, b: x @ w.T + b,
        keeps="x weight",
        note=f"{lead}",
        also=[((0, 3), (4, 3), (4,)), ((2, 0), (4, 0), (4,))],
    )
    for lead in [(5,), (1,), (), (2, 5)]
] + [
    Row(
        "linear",
        lambda x, w: ag.linear(x, w),
        [(5, 3), (4, 3)],
        lambda x, w: x @ w.T,
        keeps="x weight",
        note="no bias",
    )
]

MATMUL = [
    *(
        Row("matmul", ag.matmul, shapes, np.matmul, keeps="a b", note=f"{shapes}")
        for shapes in [
            ((3, 4), (4, 2)),
            ((4,), (4,)),
            ((4,), (4, 2)),
            ((3, 4), (4,)),
            ((4,), (2, 4, 3)),
            ((2, 3, 4), (4,)),
            ((2, 3, 4), (4, 2)),
            ((2, 1, 3, 4), (4, 2)),
            ((3, 4), (2, 4, 2)),
            ((2, 1, 3, 4), (5, 4, 2)),
        ]
    ),
    Row(
        "matmul",
        lambda a, b: a @ b,
        [(2, 2), (2, 2)],
        np.matmul,
        keeps="a b",
        note="empty",
        also=[((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 0, 3), (3, 0)), ((0,), (0,))],
    ),
    Row("matmul", ag.dot, [(3, 4), (4, 2)], np.dot, keeps="a b", note="dot"),
    Row("matmul", ag.dot, [(4,), (4,)], np.dot, keeps="a b", note="dot of vectors"),
    Row("multiply", ag.dot, [(), (4, 2)], np.dot, keeps="a b", note="dot with a number"),
    Row(
        "multiply",
        ag.outer,
        [(2, 2), (3,)],
        np.outer,
        keeps="a b",
        note="outer",
        operands=lambda a, b: [a.reshape(-1, 1), b.reshape(1, -1)],
        also=[((), (3,)), ((0,), (3,))],
    ),
]

TENSORDOT = [
    *(
        Row(
            "tensordot",
            lambda a, b, axes=axes: ag.tensordot(a, b, axes),
            shapes,
            lambda a, b, axes=axes: np.tensordot(a, b, axes),
            keeps="a b",
            note=f"{shapes} {axes}",
            statics={"axes": axes},
        )
        for shapes, axes in [
            (((2, 3, 4), (3, 4, 2)), 2),
            (((2, 3), (4,)), 0),
            (((2, 3, 4), (4, 2, 3)), ([1, 0], [-1, 1])),
            (((2, 3, 4), (4, 3, 2)), ([2, 0, 1], [0, 2, 1])),
            (((2, 3), (3, 2)), (1, 0)),
            (((2, 0), (0, 3)), 1),
        ]
    ),
    Row(
        "tensordot",
        ag.dot,
        [(2, 3), (2, 3, 2)],
        np.dot,
        keeps="a b",
        note="dot",
        statics={"axes": ([-1], [-2])},
    ),
    Row(
        "tensordot",
        ag.dot,
        [(2, 2, 3), (3,)],
        np.dot,
        keeps="a b",
        note="dot with a vector",
        statics={"axes": 1},
    ),
    Row(
        "tensordot",
        ag.inner,
        [(2, 3), (4, 3)],
        np.inner,
        keeps="a b",
        note="inner",
        statics={"axes": ([-1], [-1])},
    ),
]

EINSUM = [
    summed("ij,jk->ik", (2, 3), (3, 4), also=[((0, 3), (3, 2)), ((2, 0), (0, 3))]),
    summed("ij,jk", (2, 3), (3, 4), core="ij,jk->ik"),
    summed("ji,jk", (2, 3), (2, 4), core="ji,jk->ik"),
    summed("bij,bjk->bik", (2, 2, 3), (2, 3, 4)),
    summed("bhqd,bhkd->bhqk", (2, 2, 3, 2), (2, 2, 2, 2)),
    summed("i,j->ji", (2,), (3,)),
    summed("ij,ij->ij", (2, 3), (2, 3)),
    summed("ij,ij", (2, 3), (2, 3), core="ij,ij->"),
    summed(",i->i", (), (3,)),
    summed("ij,jk,kl->il", (2, 3), (3, 2), (2, 3)),
    summed("ij,i,j->", (2, 3), (2,), (3,)),
    summed("ij,ij,ij->i", (2, 3), (2, 3), (2, 3)),
    summed("i,i,i,i->i", (2,), (2,), (2,), (2,)),
    summed("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2), core="aij,ajk->aik"),
    summed("...i,...i", (2, 3), (2, 2, 3), core="bi,abi->ab"),
    summed("i...,i...->i...", (2, 3), (2, 1), core="ia,i->ia", operands=lambda a, b: [a, b[:, 0]]),
    summed(
        "ij,jk->k",
        (2, 3),
        (3, 2),
        core="j,jk->k",
        operands=lambda a, b: [a.sum(0), b],
    ),
    summed(
        "iij,j->i",
        (2, 2, 3),
        (3,),
        core="ji,j->i",
        operands=lambda a, b: [np.einsum("iij->ji", a), b],
    ),
    summed("ii", (3, 3), op="diagonal"),
    summed("ii->i", (3, 3), op="diagonal", also=[((0, 0),)]),
    summed("iji->j", (2, 3, 2), op="diagonal", axis1=0, axis2=2),
    summed("iii->i", (2, 2, 2), op="diagonal"),
    summed("ij->ji", (2, 3), op="transpose"),
    summed("ba", (2, 3), op="transpose"),
    summed("...ij->...ji", (2, 3, 4), op="transpose"),
    summed("ijk->j", (2, 3, 4), op="sum"),
]

FACTORS = [
    Row("inv", ag.inv, [regular(3, 3)], np.linalg.inv, keeps="out", also=[((0, 0),)]),
    Row("inv", ag.inv, [regular(2, 2, 2)], np.linalg.inv, keeps="out", note="stack"),
    *(
        Row("solve", ag.solve, [regular(*a), b], np.linalg.solve, keeps="a out", note=f"{a} {b}")
        for a, b in [
            ((3, 3), (3,)),
            ((3, 3), (3, 2)),
            ((2, 3, 3), (3,)),
            ((2, 3, 3), (3, 2)),
            ((3, 3), (2, 3, 1)),
        ]
    ),
    Row("det", ag.det, [regular(3, 3)], np.linalg.det, keeps="a out"),
    Row("det", ag.det, [regular(2, 2, 2)], np.linalg.det, keeps="a out", note="stack"),
    Row("det", ag.det, [regular(1, 1)], np.linalg.det, keeps="a out", note="1x1"),
    *(
        Row("det", ag.det, [singular(n)], np.linalg.det, keeps="a", note=f"singular {n}x{n}")
        for n in (2, 3, 4)
    ),
    *(
        Row(
            "log_abs_det",
            lambda a: ag.slogdet(a).logabsdet,
            [regular(*shape)],
            lambda a: np.linalg.slogdet(a)[1],
            keeps="a",
            note=f"{shape}",
        )
        for shape in [(3, 3), (2, 2, 2)]
    ),
    *(
        Row(
            "cholesky",
            lambda x: ag.cholesky(definite(x)),
            [shape],
            lambda x: np.linalg.cholesky(definite(x)),
            keeps="out",
            note=f"{shape}",
            operands=lambda x: [definite(x)],
        )
        for shape in [(3, 3), (2, 2, 2)]
    ),
]

ROWS = [*LINEAR, *MATMUL, *TENSORDOT, *EINSUM, *FACTORS]
