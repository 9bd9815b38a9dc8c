"""The register block of convolutions whose vector lanes are images, and the transposes around it,
written as LLVM IR.

`lane_block`       M output channels x V pixels, looping over the taps of those pixels:

    acc[m][v] += weight[tap][m] * images[pos[v] + tap : + lanes]

`images_to_lanes`, `lanes_to_images` copy between images and lanes, a square of vectors at a time,
transposed in registers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd.kernels.codegen.emitter import Emitter, literals

REGISTER_BYTES = 16  # within which shuffles are cheapest, on every CPU


def transposed(e: Emitter, rows: list[Any]) -> list[Any]:
    """Vectors of `e.lanes` elements, as many as lanes: element j of vector i goes to i of j.

    First squares of 16 bytes change places, in pairs of rows at distance d; then the elements in
    each: pairs of rows at half a square's distance are interleaved, log2 times.
    """
    L = e.lanes
    inner = min(L, REGISTER_BYTES // e.bytes)
    mask = ir.VectorType(ir.IntType(32), L)

    def pick(a: Any, b: Any, lanes: list[int]) -> Any:
        return e.builder.shuffle_vector(a, b, ir.Constant(mask, lanes))

    d = L // 2
    while d >= inner:
        low = [l if not l & d else L + l - d for l in range(L)]
        high = [l + d if not l & d else L + l for l in range(L)]
        for i in range(L):
            if not i & d:
                a, b = rows[i], rows[i + d]
                rows[i], rows[i + d] = pick(a, b, low), pick(a, b, high)
        d //= 2
    low = [q + (L if p % 2 else 0) + p // 2 for q in range(0, L, inner) for p in range(inner)]
    high = [lane + inner // 2 for lane in low]
    half, n = inner // 2, inner
    while n > 1:
        turned = []
        for i in range(0, L, inner):
            for j in range(half):
                a, b = rows[i + j], rows[i + j + half]
                turned += [pick(a, b, low), pick(a, b, high)]
        rows = turned
        n //= 2
    return rows


def _squares(builder: Any, e: Emitter, count: Any) -> Any:
    """Starts of squares that cover 0..count, the last one overlapping the one before."""
    return cgutils.for_range_slice(builder, e.number(0), count, e.number(e.lanes))


def _at_most(builder: Any, e: Emitter, j: Any, count: Any) -> Any:
    last = builder.sub(count, e.number(e.lanes))
    return builder.select(builder.icmp_signed("<", j, last), j, last)


@intrinsic(prefer_literal=True)
def images_to_lanes(  # type: ignore[no-untyped-def]
    typingctx, lanes, kind, source, step, skip, zeros, count, target, places
):  # fmt: skip
    """target[places[p] + i] = source[i·step + p] for p < count, but zeros[p] for i < skip.

    `kind` is any number of the element type; all but it are addresses or integers.
    """
    if not literals(lanes):
        return None
    L = lanes.literal_value

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        e = Emitter(context, builder, args[1].type, L)
        source_, zeros_, target_ = e.pointer(args[2]), e.pointer(args[5]), e.pointer(args[7])
        count_, places_ = args[6], e.pointer(args[8], ir.IntType(32))
        rows = [
            builder.select(
                builder.icmp_signed("<", e.number(i), args[4]),
                zeros_,
                e.at(source_, e.times(args[3], i)),
            )
            for i in range(L)
        ]
        with _squares(builder, e, count_) as (j, _):
            j = _at_most(builder, e, j, count_)
            for p, value in enumerate(transposed(e, [e.load(e.at(row, j)) for row in rows])):
                place = e.index(places_, builder.add(j, e.number(p)))
                e.store(value, e.at(target_, place))
        return context.get_dummy_value()

    return types.void(lanes, kind, *[types.int64] * 7), codegen


@intrinsic(prefer_literal=True)
def lanes_to_images(typingctx, lanes, kind, source, count, target, step):  # type: ignore[no-untyped-def]
    """target[i·step + p] = source[p·lanes + i] for p < count."""
    if not literals(lanes):
        return None
    L = lanes.literal_value

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        e = Emitter(context, builder, args[1].type, L)
        source_, count_, target_ = e.pointer(args[2]), args[3], e.pointer(args[4])
        rows = [e.at(target_, e.times(args[5], i)) for i in range(L)]
        with _squares(builder, e, count_) as (j, _):
            j = _at_most(builder, e, j, count_)
            first = e.at(source_, e.times(j, L))
            values = [e.load(e.at(first, e.number(p * L))) for p in range(L)]
            for value, row in zip(transposed(e, values), rows, strict=True):
                e.store(value, e.at(row, j))
        return context.get_dummy_value()

    return types.void(lanes, kind, *[types.int64] * 4), codegen


@intrinsic(prefer_literal=True)
def lane_block(  # type: ignore[no-untyped-def]
    typingctx, lanes, rows, vectors, low, images, pos, taps, tap_count, weight, weight_row, bias,
    out, out_row, opos,
):  # fmt: skip
    """out[m][opos[v]] = max(low, bias[m] + Σ_t weight[m][taps[t][1]] · images[pos[v] + taps[t][0]])

    images, pos, taps, weight, bias, out and opos are addresses; rows of out and of weight are
    `out_row` and `weight_row` elements apart, and every access to images and out is a vector of
    `lanes` elements. low is 0 for a ReLU, -inf for none.
    """
    if not literals(lanes, rows, vectors):
        return None
    L, M, V = lanes.literal_value, rows.literal_value, vectors.literal_value

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        low_, images_, pos_, taps_, tap_count_, weight_, weight_row_, bias_, *rest = args[3:]
        out_, out_row_, opos_ = rest
        e = Emitter(context, builder, low_.type, L)
        images_, weight_, bias_, out_ = map(e.pointer, (images_, weight_, bias_, out_))
        pos_, taps_, opos_ = (e.pointer(a, ir.IntType(32)) for a in (pos_, taps_, opos_))

        views = [e.at(images_, e.index(pos_, e.number(v))) for v in range(V)]
        filters = [e.at(weight_, e.times(weight_row_, m)) for m in range(M)]
        starts = [e.load_splat(e.at(bias_, e.number(m))) for m in range(M)]
        acc = e.accumulators([starts[m] for m in range(M) for _ in range(V)])
        with cgutils.for_range(builder, tap_count_) as loop:
            tap = e.at(taps_, e.times(loop.index, 2))
            shift, column = e.index(tap, e.number(0)), e.index(tap, e.number(1))
            pixels = [(e.load, e.at(view, shift)) for view in views]
            scalars = [(e.load_splat, e.at(filter_, column)) for filter_ in filters]
            e.outer_product(scalars, pixels, acc)
        targets = [e.at(out_, e.times(out_row_, m)) for m in range(M)]
        e.store_results(acc, low_, targets, [e.index(opos_, e.number(v)) for v in range(V)])
        return context.get_dummy_value()

    return types.void(lanes, rows, vectors, low, *[types.int64] * 10), codegen


@intrinsic(prefer_literal=True)
def lane_sums(  # type: ignore[no-untyped-def]
    typingctx, lanes, rows, columns, kind, g, g_row, gpos, images, taps, pos, pos_count, sums,
    sums_row, targets, skip_rows, skip_columns,
):  # fmt: skip
    """sums[m][targets[v]] += Σ_p Σ_lane g[m][gpos[p] + lane] · images[pos[p] + taps[v] + lane]

    As `weight_block` does, but the sums of neighbouring taps may lie anywhere.
    """
    if not literals(lanes, rows, columns):
        return None
    L, M, V = lanes.literal_value, rows.literal_value, columns.literal_value

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        g_, g_row_, gpos_, images_, taps_, pos_, pos_count_, sums_, sums_row_, targets_ = args[4:14]
        e = Emitter(context, builder, args[3].type, L)
        g_, images_, sums_ = map(e.pointer, (g_, images_, sums_))
        gpos_, taps_, pos_, targets_ = (
            e.pointer(a, ir.IntType(32)) for a in (gpos_, taps_, pos_, targets_)
        )
        g_rows = [e.at(g_, e.times(g_row_, m)) for m in range(M)]
        views = [e.at(images_, e.index(taps_, e.number(v))) for v in range(V)]
        acc = e.accumulators([ir.Constant(e.vector, [0.0] * L)] * (M * V))
        with cgutils.for_range(builder, pos_count_) as loop:
            q, shift = e.index(gpos_, loop.index), e.index(pos_, loop.index)
            gradients = [(e.load, e.at(row, q)) for row in g_rows]
            pixels = [(e.load, e.at(view, shift)) for view in views]
            e.outer_product(gradients, pixels, acc)
        rows_ = [e.at(sums_, e.times(sums_row_, m)) for m in range(M)]
        places = [e.index(targets_, e.number(v)) for v in range(V)]
        e.add_totals(acc, rows_, places, args[14], args[15])
        return context.get_dummy_value()

    return types.void(lanes, rows, columns, kind, *[types.int64] * 12), codegen
