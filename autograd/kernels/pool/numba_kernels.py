"""Pooling kernels. A chunk is one plane (one channel of one image), arrays are flat.

An output whose window lies inside the image needs no test of borders. These interior outputs form
a rectangle; each of its rows is one loop over outputs with the taps unrolled inside, and since
kernel and column stride are constants of the compiled code, LLVM turns the loop over outputs into
vector code, strided loads included. `inside` is that rectangle (top, bottom, left, right), empty
for windows too large to unroll.

The frame around the rectangle goes row by row, tap by tap, and innermost over outputs: which
outputs of a row a tap serves (`spans`, one pair lo, hi for each tap) is worked out before, so that
no loop tests for borders there either.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from autograd.kernels.codegen.vector_math import number, peek, poke, reread, select
from autograd.kernels.norm.numba_kernels import sum_of
from autograd.kernels.runtime import jit

_F32 = ir.FloatType()


@register_jitable(forceinline=True)
def geometry(table):  # type: ignore[no-untyped-def]
    """What `dispatch._table` put into one array: an argument that is a tuple of tuples costs
    more to hand over than a small image to pool.
    """
    height, width, out_height, out_width = table[0], table[1], table[2], table[3]
    step, start, dilation = (table[4], table[5]), (table[6], table[7]), (table[8], table[9])
    inside = (table[10], table[11], table[12], table[13])
    a = 16
    b = a + out_height
    c = b + out_width
    d = c + 2 * table[14]
    first = table[a:b], table[b:c]
    spans = table[c:d].reshape(-1, 2), table[d : d + 2 * table[15]].reshape(-1, 2)
    return (height, width, out_height, out_width), step, start, dilation, inside, first, spans


def _strided(builder: Any, base: Any, stride: int, lanes: int) -> Any:
    """base[0], base[stride], ..., `lanes` of them; reads nothing beyond the last."""
    element = base.type.pointee
    vector = ir.VectorType(element, lanes)
    i32 = ir.IntType(32)

    def load(offset: int) -> Any:
        place = builder.gep(base, [ir.Constant(i32, offset)])
        return builder.load(builder.bitcast(place, vector.as_pointer()), align=element_bytes)

    element_bytes = 4 if isinstance(element, ir.FloatType) else 8
    if stride == 1:
        return load(0)
    if stride == 2:
        half = lanes // 2
        even = [2 * k for k in range(half)] + [lanes + 2 * k + 1 for k in range(half)]
        pick = ir.Constant(ir.VectorType(i32, lanes), even)
        return builder.shuffle_vector(load(0), load(lanes - 1), pick)
    value = ir.Constant(vector, ir.Undefined)
    for lane in range(lanes):
        number = builder.load(builder.gep(base, [ir.Constant(i32, lane * stride)]))
        value = builder.insert_element(value, number, ir.Constant(i32, lane))
    return value


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    i32 = ir.IntType(32)
    vector = ir.VectorType(value.type, lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(i32, 0))
    zeros = ir.Constant(ir.VectorType(i32, lanes), [0] * lanes)
    return builder.shuffle_vector(first, first, zeros)


@cache
def _some_windows(kernel: tuple[int, int], stride: int, absolute: bool, lanes: int) -> Any:
    """Maximum and position of `lanes` neighbouring windows, as vector instructions."""
    kh, kw = kernel

    @intrinsic
    def some_windows(typingctx, x, plane, corner, width, out, indices, target):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            data, to_out, to_indices = (
                context.make_array(signature.args[k])(context, builder, args[k]).data
                for k in (0, 4, 5)
            )
            position = ir.IntType(32 if signature.args[5].dtype.bitwidth <= 32 else 64)
            offsets = ir.VectorType(position, lanes)
            best = best_at = None
            for r in range(kh):
                row = builder.mul(args[3], ir.Constant(args[3].type, r))
                for s in range(kw):
                    tap = builder.add(row, ir.Constant(row.type, s))
                    place = builder.add(builder.add(args[1], args[2]), tap)
                    v = _strided(builder, builder.gep(data, [place]), stride, lanes)
                    if absolute:
                        name = f"llvm.fabs.v{lanes}f{32 if data.type.pointee == _F32 else 64}"
                        kind = ir.FunctionType(v.type, [v.type])
                        v = builder.call(
                            cgutils.get_or_insert_function(builder.module, kind, name), [v]
                        )
                    narrow = tap if position.width == 64 else builder.trunc(tap, position)
                    at = _splat(builder, narrow, lanes)
                    if best is None:
                        best, best_at = v, at
                        continue
                    first_nan = builder.and_(
                        builder.fcmp_unordered("uno", v, v),
                        builder.fcmp_ordered("ord", best, best),
                    )
                    wins = builder.or_(builder.fcmp_ordered(">", v, best), first_nan)
                    best = builder.select(wins, v, best)
                    best_at = builder.select(wins, at, best_at)
            base = args[2] if position.width == 64 else builder.trunc(args[2], position)
            steps = ir.Constant(offsets, [lane * stride for lane in range(lanes)])
            best_at = builder.add(best_at, builder.add(_splat(builder, base, lanes), steps))
            stored = ir.VectorType(to_indices.type.pointee, lanes)
            if stored.element.width < position.width:
                best_at = builder.trunc(best_at, stored)
            for pointer, value in ((to_out, best), (to_indices, best_at)):
                place = builder.gep(pointer, [args[6]])
                builder.store(value, builder.bitcast(place, value.type.as_pointer()), align=1)
            return context.get_dummy_value()

        i64 = types.int64
        return types.void(x, i64, i64, i64, out, indices, i64), codegen

    return some_windows


@cache
def max_pool(kernel: tuple[int, int], stride: int, absolute: bool, index: Any, lanes: int) -> Any:
    """The max-pool kernel for that window, column stride (0: any) and index type, of x or |x|.

    A row's interior is done in blocks of `lanes` outputs, the last block moved back over the one
    before: no remainder is left to scalar code, whose branches a processor cannot predict here.
    """
    some_windows = _some_windows(kernel, stride, absolute, lanes)

    @jit(key=(kernel, stride, absolute, index, lanes))
    def max_pool(lo, hi, x, out, indices, table):  # type: ignore[no-untyped-def]
        shapes, step, start, dilation, inside, first, spans = geometry(table)
        height, width, out_height, out_width = shapes
        top, bottom, left, right = inside
        first_y, first_x = first
        spans_y, spans_x = spans
        across = stride if stride > 0 else step[1]
        for p in range(lo, hi):
            plane = p * height * width
            for i in range(out_height):
                target = (p * out_height + i) * out_width
                end, begin = out_width, out_width
                if top <= i < bottom:
                    end, begin = left, right
                    corner = (i * step[0] - start[0]) * width - start[1]
                    for block in range(left, right, lanes):
                        j = min(block, right - lanes)
                        place = corner + j * across
                        some_windows(x, plane, place, width, out, indices, target + j)
                for side in range(2):
                    j0, j1 = (0, end) if side == 0 else (begin, out_width)
                    for j in range(j0, j1):
                        met = (first_y[i] < height) & (first_x[j] < width)
                        at = index(first_y[i] * width + first_x[j])
                        poke(out, target + j, number(x[0], -np.inf))
                        poke(indices, target + j, select(met, at, index(0)))
                    for r in range(spans_y.shape[0]):
                        if j0 == j1 or not spans_y[r, 0] <= i < spans_y[r, 1]:
                            continue
                        row = (i * step[0] - start[0] + r * dilation[0]) * width - start[1]
                        for s in range(spans_x.shape[0]):
                            corner = row + s * dilation[1]
                            for j in range(max(spans_x[s, 0], j0), min(spans_x[s, 1], j1)):
                                v = peek(x, plane + corner + j * across)
                                v = abs(v) if absolute else v
                                best = reread(out, target + j)
                                wins = (v > best) | ((v != v) & (best == best))
                                at = reread(indices, target + j)
                                poke(out, target + j, select(wins, v, best))
                                here = index(corner + j * across)
                                poke(indices, target + j, select(wins, here, at))

    return max_pool


@jit
def gather(lo, hi, x, indices, out, planes):  # type: ignore[no-untyped-def]
    """out[p, k] = x[p, indices[p, k]], of arrays (planes, ...)."""
    size, count = x.size // planes, out.size // planes
    for p in range(lo, hi):
        plane = x[p * size : (p + 1) * size]
        at, target = indices[p * count : (p + 1) * count], out[p * count : (p + 1) * count]
        for k in range(count):
            target[k] = peek(plane, np.int64(at[k]))


@jit
def scatter_add(lo, hi, g, indices, out, planes):  # type: ignore[no-untyped-def]
    """out[p] = 0; out[p, indices[p, k]] += g[p, k], of arrays (planes, ...)."""
    size, count = out.size // planes, g.size // planes
    for p in range(lo, hi):
        plane = out[p * size : (p + 1) * size]
        gradient, at = g[p * count : (p + 1) * count], indices[p * count : (p + 1) * count]
        plane[:] = 0
        for k in range(count):
            where = np.int64(at[k])
            poke(plane, where, reread(plane, where) + gradient[k])


@jit
def plane_mean(lo, hi, x, out, sizes, table):  # type: ignore[no-untyped-def]
    """The mean of whole planes."""
    size = table[0] * table[1]
    for p in range(lo, hi):
        out[p] = sum_of(x, p * size, size) / sizes[0]


@jit
def plane_fill(lo, hi, g, out, sizes, table, sums):  # type: ignore[no-untyped-def]
    """The adjoint of `plane_mean`."""
    size = table[0] * table[1]
    for p in range(lo, hi):
        out[p * size : (p + 1) * size] = g[p] / sizes[0]


@cache
def avg_pool(kernel: tuple[int, int], stride: int) -> Any:
    """The average-pool kernel for that window and column stride (0: any)."""
    kh, kw = kernel

    @jit(key=(kernel, stride))
    def avg_pool(lo, hi, x, out, sizes, table):  # type: ignore[no-untyped-def]
        shapes, step, start, _, inside, _, spans = geometry(table)
        height, width, out_height, out_width = shapes
        top, bottom, left, right = inside
        spans_y, spans_x = spans
        across = stride if stride > 0 else step[1]
        for p in range(lo, hi):
            for i in range(out_height):
                target = (p * out_height + i) * out_width
                end, begin = out_width, out_width
                if top <= i < bottom:
                    end, begin = left, right
                    y = i * step[0] - start[0]
                    corner = (p * height + y) * width - start[1]
                    for j in range(left, right):
                        total = number(x[0], 0.0)
                        for r in range(kh):
                            for s in range(kw):
                                total += peek(x, corner + r * width + s + j * across)
                        poke(out, target + j, total)
                for side in range(2):
                    j0, j1 = (0, end) if side == 0 else (begin, out_width)
                    out[target + j0 : target + j1] = 0
                    for r in range(spans_y.shape[0]):
                        if j0 == j1 or not spans_y[r, 0] <= i < spans_y[r, 1]:
                            continue
                        y = i * step[0] - start[0] + r
                        for s in range(spans_x.shape[0]):
                            corner = (p * height + y) * width - start[1] + s
                            for j in range(max(spans_x[s, 0], j0), min(spans_x[s, 1], j1)):
                                total = reread(out, target + j) + peek(x, corner + j * across)
                                poke(out, target + j, total)
                for j in range(out_width):
                    poke(out, target + j, reread(out, target + j) / peek(sizes, i * out_width + j))

    return avg_pool


@cache
def small_avg_pool_grad(kw: int, stride: int) -> Any:
    """The adjoint of average pooling for windows of that width and column stride.

    A row of the image gets the shares of all windows that cover it, summed over rows of outputs
    first. Then pixel x is the sum of at most `reach + 1` neighbours of these sums, at j = (x +
    padding) / stride and before: which ones depends on the remainder alone, so that a loop over j
    writes `stride` pixels at a time. Zeros on both sides of the sums stand for missing windows.
    """
    reach = (kw - 1) // stride

    @jit(key=(kw, stride))
    def small_avg_pool_grad(lo, hi, g, out, sizes, table, sums):  # type: ignore[no-untyped-def]
        shapes, step, start, _, _, _, spans = geometry(table)
        kh = spans[0].shape[0]
        height, width, out_height, out_width = shapes
        room = sums.size // (g.size // (out_height * out_width))
        begin = (start[1] + stride - 1) // stride
        end = max(begin, (width + start[1]) // stride)
        for p in range(lo, hi):
            row = p * room + reach
            sums[p * room : (p + 1) * room] = 0
            above = (0, 0)
            for y in range(height):
                top = max(0, (y + start[0] - kh + step[0]) // step[0])
                bottom = min(out_height, (y + start[0]) // step[0] + 1)
                if above != (top, bottom):
                    above = (top, bottom)
                    for j in range(out_width):
                        poke(sums, row + j, number(g[0], 0.0))
                    for i in range(top, bottom):
                        source = (p * out_height + i) * out_width
                        for j in range(out_width):
                            share = peek(g, source + j) / peek(sizes, i * out_width + j)
                            poke(sums, row + j, reread(sums, row + j) + share)
                target = (p * height + y) * width - start[1]
                for j in range(begin, end):
                    for s in range(stride):
                        total = number(g[0], 0.0)
                        for k in range((kw - 1 - s) // stride + 1):
                            total += reread(sums, row + j - k)
                        poke(out, target + j * stride + s, total)
                for side in range(2):  # pixels before and after those that fill a whole step
                    first = start[1] if side == 0 else max(end * stride, start[1])
                    last = min(begin * stride, width + start[1]) if side == 0 else width + start[1]
                    for x in range(first, last):
                        total = number(g[0], 0.0)
                        for k in range((kw - 1 - x % stride) // stride + 1):
                            total += reread(sums, row + x // stride - k)
                        poke(out, target + x, total)

    return small_avg_pool_grad


@jit
def avg_pool_grad(lo, hi, g, out, sizes, table, share):  # type: ignore[no-untyped-def]
    """The adjoint of average pooling for any window."""
    shapes, step, start, _, _, _, spans = geometry(table)
    height, width, out_height, out_width = shapes
    spans_y, spans_x = spans
    for p in range(lo, hi):
        out[p * height * width : (p + 1) * height * width] = 0
        row = p * out_width
        for i in range(out_height):
            source = (p * out_height + i) * out_width
            for j in range(out_width):
                poke(share, row + j, peek(g, source + j) / peek(sizes, i * out_width + j))
            for r in range(spans_y.shape[0]):
                if not spans_y[r, 0] <= i < spans_y[r, 1]:
                    continue
                y = i * step[0] - start[0] + r
                target = (p * height + y) * width - start[1]
                for s in range(spans_x.shape[0]):
                    for j in range(spans_x[s, 0], spans_x[s, 1]):
                        k = target + s + j * step[1]
                        poke(out, k, reread(out, k) + reread(share, row + j))
