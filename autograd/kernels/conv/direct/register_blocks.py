"""The register blocks at the bottom of every compiled convolution, written as LLVM IR.

Both are a small outer product, repeated: M scalars (or vectors) times V vectors are added into
M x V vector accumulators that live in registers for the whole loop.

`image_block`   M output channels x V vectors of pixels, looping over the taps:

    acc[m][v] += weight[tap][m] * image[pos[v] + taps[tap] : + lanes]

`weight_block`  M output channels x V taps, looping over vectors of pixels:

    acc[m][v] += g[m][gpos[p] : + lanes] * image[pos[p] + taps[v] : + lanes]

Numba's own vectoriser finds neither, so the loops are emitted here, with vector types
(`emitter.py`): each fused multiply-add is one instruction, and M + V loads feed M·V of them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd.kernels.codegen.emitter import Emitter, literals
from autograd.kernels.conv.tables import PREFETCH_TAPS


@intrinsic(prefer_literal=True)
def image_block(  # type: ignore[no-untyped-def]
    typingctx, lanes, rows, vectors, low, image, pos, taps, tap_count, weight, bias, out, out_row,
    opos,
):  # fmt: skip
    """out[m][opos[v]] = max(low, bias[m] + Σ_t weight[t][m] · image[pos[v] + taps[t]])

    image, pos, taps, weight, bias, out and opos are addresses; rows of out are `out_row` elements
    apart, and every access to image and out is a vector of `lanes` elements. low is 0 for a ReLU,
    -inf for none.
    """
    if not literals(lanes, rows, vectors):
        return None
    L, M, V = lanes.literal_value, rows.literal_value, vectors.literal_value

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        low_, image_, pos_, taps_, tap_count_, weight_, bias_, out_, out_row_, opos_ = args[3:]
        e = Emitter(context, builder, low_.type, L)
        image_, weight_, bias_, out_ = map(e.pointer, (image_, weight_, bias_, out_))
        pos_, taps_, opos_ = (e.pointer(a, ir.IntType(32)) for a in (pos_, taps_, opos_))

        views = [e.at(image_, e.index(pos_, e.number(v))) for v in range(V)]
        starts = [e.load_splat(e.at(bias_, e.number(m))) for m in range(M)]
        acc = e.accumulators([starts[m] for m in range(M) for _ in range(V)])
        with cgutils.for_range(builder, tap_count_) as loop:
            shift = e.index(taps_, loop.index)
            ahead = e.index(taps_, builder.add(loop.index, e.number(PREFETCH_TAPS)))
            e.prefetch(e.at(views[-1], ahead))
            pixels = [(e.load, e.at(view, shift)) for view in views]
            column = e.at(weight_, e.times(loop.index, M))
            scalars = [(e.load_splat, e.at(column, e.number(m))) for m in range(M)]
            e.outer_product(scalars, pixels, acc)
        targets = [e.at(out_, e.times(out_row_, m)) for m in range(M)]
        e.store_results(acc, low_, targets, [e.index(opos_, e.number(v)) for v in range(V)])
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(lanes, rows, vectors, low, *[i64] * 9), codegen


@intrinsic(prefer_literal=True)
def weight_block(  # type: ignore[no-untyped-def]
    typingctx, lanes, rows, columns, kind, g, g_row, gpos, image, taps, pos, pos_count, sums,
    sums_row, skip_rows, skip_columns,
):  # fmt: skip
    """sums[m][v] += Σ_p Σ_lane g[m][gpos[p] + lane] · image[pos[p] + taps[v] + lane]

    Addresses and pitches as in `image_block`; `kind` is any number of the element type. The first
    skip_rows rows and skip_columns columns were summed by the block before and are left alone.
    """
    if not literals(lanes, rows, columns):
        return None
    L, M, V = lanes.literal_value, rows.literal_value, columns.literal_value

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind_, g_, g_row_, gpos_, image_, taps_, pos_, pos_count_, sums_, sums_row_ = args[3:13]
        e = Emitter(context, builder, kind_.type, L)
        g_, image_, sums_ = map(e.pointer, (g_, image_, sums_))
        pos_, taps_, gpos_ = (e.pointer(a, ir.IntType(32)) for a in (pos_, taps_, gpos_))

        g_rows = [e.at(g_, e.times(g_row_, m)) for m in range(M)]
        views = [e.at(image_, e.index(taps_, e.number(v))) for v in range(V)]
        nothing = ir.Constant(e.vector, [0.0] * L)
        acc = e.accumulators([nothing] * (M * V))
        with cgutils.for_range(builder, pos_count_) as loop:
            q, shift = e.index(gpos_, loop.index), e.index(pos_, loop.index)
            gradients = [(e.load, e.at(row, q)) for row in g_rows]
            pixels = [(e.load, e.at(view, shift)) for view in views]
            e.outer_product(gradients, pixels, acc)
        targets = [e.at(sums_, e.times(sums_row_, m)) for m in range(M)]
        e.add_totals(acc, targets, [e.number(v) for v in range(V)], args[13], args[14])
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(lanes, rows, columns, kind, *[i64] * 11), codegen
