"""Winograd's transforms of a 3x3 convolution on vectors of tiles, written as LLVM IR.

Tiles that lie side by side are transformed together, one a lane: the 4x4 inputs of neighbouring
tiles start two elements apart, so their columns are the even and odd elements of a row. Each
transform is applied along the rows, then along the columns.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd.kernels.codegen.emitter import Emitter

LANES = 8  # tiles transformed together, whatever the CPU: LLVM cuts vectors into those there are


def _before(builder: Any, d: list[Any]) -> list[Any]:
    """Bᵀ d: four elements of an input tile."""
    return [
        builder.fsub(d[0], d[2]),
        builder.fadd(d[1], d[2]),
        builder.fsub(d[2], d[1]),
        builder.fsub(d[1], d[3]),
    ]


def _after(builder: Any, m: list[Any]) -> list[Any]:
    """Aᵀ m: two elements of an output tile."""
    return [
        builder.fadd(builder.fadd(m[0], m[1]), m[2]),
        builder.fsub(builder.fsub(m[1], m[2]), m[3]),
    ]


def _pick(e: Emitter, pair: tuple[Any, Any], lanes: list[int]) -> Any:
    """These lanes of two vectors, the second's counted on after the first's."""
    mask = ir.VectorType(ir.IntType(32), len(lanes))
    return e.builder.shuffle_vector(*pair, ir.Constant(mask, lanes))


@intrinsic
def transform_rows(typingctx, kind, row0, row1, row2, row3, target, pitch, count):  # type: ignore[no-untyped-def]
    """target[i·pitch + j] = Bᵀ (row0[j], row1[j], row2[j], row3[j])ᵢ for j < count; addresses.

    Nothing outside is read or written: the last vector overlaps the one before.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        e = Emitter(context, builder, args[0].type, LANES)
        rows = [e.pointer(a) for a in args[1:5]]
        target_ = e.pointer(args[5])
        targets = [e.at(target_, e.times(args[6], i)) for i in range(4)]
        count_, wide, one = args[7], e.number(LANES), e.number(1)
        enough = builder.icmp_signed(">=", count_, wide)
        with builder.if_else(enough) as (vectors, scalars):
            with vectors, cgutils.for_range_slice(builder, e.number(0), count_, wide) as (j, _):
                last = builder.sub(count_, wide)
                j = builder.select(builder.icmp_signed("<", j, last), j, last)
                d = [e.load(e.at(row, j)) for row in rows]
                for value, to in zip(_before(builder, d), targets, strict=True):
                    e.store(value, e.at(to, j))
            with scalars, cgutils.for_range_slice(builder, e.number(0), count_, one) as (j, _):
                d = [builder.load(e.at(row, j)) for row in rows]
                for value, to in zip(_before(builder, d), targets, strict=True):
                    builder.store(value, e.at(to, j))
        return context.get_dummy_value()

    return types.void(kind, *[types.int64] * 7), codegen


@intrinsic
def transform_columns(typingctx, kind, rows, pitch, target, step, tiles):  # type: ignore[no-untyped-def]
    """target[(4i+s)·step + t] = (row i from element 2t) B, column s, for t < tiles; addresses.

    Up to a whole vector more is read and written.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        e = Emitter(context, builder, args[0].type, LANES)
        rows_, target_ = e.pointer(args[1]), e.pointer(args[3])
        evens = list(range(0, 2 * LANES, 2))
        odds = list(range(1, 2 * LANES, 2))
        sources = [e.at(rows_, e.times(args[2], i)) for i in range(4)]
        targets = [e.at(target_, e.times(args[4], f)) for f in range(16)]
        limits = e.number(0), args[5], e.number(LANES)
        with cgutils.for_range_slice(builder, *limits) as (t, _):
            for i in range(4):
                first = e.at(sources[i], e.times(t, 2))
                a, b = e.load(first), e.load(e.at(first, e.number(LANES)))
                next_ = e.at(first, e.number(2))
                p, q = e.load(next_), e.load(e.at(next_, e.number(LANES)))
                d = [_pick(e, pair, lanes) for pair in ((a, b), (p, q)) for lanes in (evens, odds)]
                for s, value in enumerate(_before(builder, d)):
                    e.store(value, e.at(targets[4 * i + s], t))
        return context.get_dummy_value()

    return types.void(kind, *[types.int64] * 5), codegen


@intrinsic
def transform_back(typingctx, low, bias, sums, step, target, pitch, tiles):  # type: ignore[no-untyped-def]
    """target[i·pitch + 2t + j] = max(low, bias + (Aᵀ M A)ᵢⱼ), M_f = sums[f·step + t].

    Up to a whole vector more is read and written.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        e = Emitter(context, builder, args[0].type, LANES)
        sums_, target_ = e.pointer(args[2]), e.pointer(args[4])
        lowest, bias_ = e.splat(args[0]), e.splat(args[1])
        sources = [e.at(sums_, e.times(args[3], f)) for f in range(16)]
        targets = [e.at(target_, e.times(args[5], i)) for i in range(2)]
        first = [k // 2 + (k % 2) * LANES for k in range(LANES)]
        second = [k + LANES // 2 for k in first]
        limits = e.number(0), args[6], e.number(LANES)
        with cgutils.for_range_slice(builder, *limits) as (t, _):
            columns = []
            for s in range(4):
                m = [e.load(e.at(sources[4 * i + s], t)) for i in range(4)]
                columns.append(_after(builder, m))
            for i in range(2):
                y = []
                for value in _after(builder, [column[i] for column in columns]):
                    value = builder.fadd(value, bias_)
                    below = builder.fcmp_ordered("<", value, lowest)  # a NaN is not: it stays
                    y.append(builder.select(below, lowest, value))
                at = e.at(targets[i], e.times(t, 2))
                e.store(_pick(e, (y[0], y[1]), first), at)
                e.store(_pick(e, (y[0], y[1]), second), e.at(at, e.number(LANES)))
        return context.get_dummy_value()

    return types.void(low, low, *[types.int64] * 5), codegen


@intrinsic
def transform_gradient(typingctx, kind, rows, pitch, target, step, tiles):  # type: ignore[no-untyped-def]
    """target[(4i+s)·step + t] = (A g Aᵀ)ᵢₛ of the 2x2 tile at element 2t of two rows, t < tiles.

    Up to a whole vector more is read and written.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        e = Emitter(context, builder, args[0].type, LANES)
        rows_, target_ = e.pointer(args[1]), e.pointer(args[3])
        evens = list(range(0, 2 * LANES, 2))
        odds = list(range(1, 2 * LANES, 2))
        sources = [e.at(rows_, e.times(args[2], i)) for i in range(2)]
        targets = [e.at(target_, e.times(args[4], f)) for f in range(16)]
        limits = e.number(0), args[5], e.number(LANES)
        with cgutils.for_range_slice(builder, *limits) as (t, _):
            first = [e.at(source, e.times(t, 2)) for source in sources]
            pairs = [(e.load(at), e.load(at_next)) for at, at_next in _with_next(e, first)]
            columns = [_spread(e, [_pick(e, p, lanes) for p in pairs]) for lanes in (evens, odds)]
            for i in range(4):
                for s, value in enumerate(_spread(e, [column[i] for column in columns])):
                    e.store(value, e.at(targets[4 * i + s], t))
        return context.get_dummy_value()

    return types.void(kind, *[types.int64] * 5), codegen


def _with_next(e: Emitter, pointers: list[Any]) -> list[tuple[Any, Any]]:
    return [(p, e.at(p, e.number(LANES))) for p in pointers]


def _spread(e: Emitter, g: list[Any]) -> list[Any]:
    """A g: four elements from two."""
    add, subtract = e.builder.fadd(g[0], g[1]), e.builder.fsub(g[0], g[1])
    return [g[0], add, subtract, e.builder.fneg(g[1])]
