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

from autograd.kernels.codegen.emitter import INDEX, Emitter, literals
from autograd.kernels.conv.direct.plan import PREFETCH_TAPS


@intrinsic
def address(typingctx, array, offset):  # type: ignore[no-untyped-def]
    """Where array[offset] lies. The array must outlive the use of the number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(builder.gep(data, [args[1]]), INDEX)

    return types.int64(array, types.int64), codegen


@intrinsic
def value(typingctx, array, offset):  # type: ignore[no-untyped-def]
    """Element number `offset` of a C-contiguous array of any shape.

    Unlike array[offset] it does not ask first whether offset counts from the end.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.load(builder.gep(data, [args[1]]))

    return array.dtype(array, types.int64), codegen


@intrinsic
def put(typingctx, array, offset, number):  # type: ignore[no-untyped-def]
    """The same element becomes `number`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        builder.store(args[2], builder.gep(data, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.int64, array.dtype), codegen


@intrinsic
def fields(typingctx, kind, numbers, start):  # type: ignore[no-untyped-def]
    """A NamedTuple of integers, read from numbers[start:].

    To a kernel's launcher, each argument costs time at every call. So all numbers of a shape come
    in one array, and are named again here.
    """
    names = kind.instance_class
    count = len(names._fields)
    result = types.NamedUniTuple(types.int64, count, names)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[1])(context, builder, args[1]).data
        first = builder.gep(data, [args[2]])
        read = [builder.load(builder.gep(first, [INDEX(i)])) for i in range(count)]
        return context.make_tuple(builder, result, read)

    return result(kind, numbers, types.int64), codegen


@intrinsic
def call(typingctx, function, args):  # type: ignore[no-untyped-def]
    """Call the compiled kernel at this address with a tuple of arguments.

    Returns the int64 that it does, which is not negative; -1 if it raised.

    Calling by address keeps the loops around the blocks apart from them: a block of another size
    compiles alone, and is not inlined and optimised once more in every caller.
    """

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kinds = signature.args[1].types
        function_type = context.call_conv.get_function_type(types.int64, kinds)
        pointer = builder.inttoptr(values[0], function_type.as_pointer())
        result = cgutils.alloca_once(builder, function_type.args[0].pointee)
        builder.store(INDEX(-1), result)
        error = cgutils.alloca_once(builder, function_type.args[1].pointee)
        unpacked = [builder.extract_value(values[1], i) for i in range(len(kinds))]
        passed = context.get_arg_packer(kinds).as_arguments(builder, unpacked)
        builder.call(pointer, [result, error, *passed])
        return builder.load(result)

    return types.int64(types.int64, args), codegen


def function_address(dispatcher: Any, signature: tuple[Any, ...]) -> int:
    """Where the machine code of a compiled kernel is, for `call`."""
    dispatcher.compile(signature)
    compiled = dispatcher.overloads[signature]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


COPY_BYTES = 32  # vectors of this size copy rows, whatever the CPU


@intrinsic
def copy_row(typingctx, kind, source, source_step, target, target_step, count):  # type: ignore[no-untyped-def]
    """target[j·target_step] = source[j·source_step] for j < count; both are addresses.

    Rows are short and lie anywhere, so a compiler's own vector loop, with its checks, costs more
    than the copy: here the last vector overlaps the one before. `kind` is any number of the type.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = COPY_BYTES // (8 if isinstance(args[0].type, ir.DoubleType) else 4)
        e = Emitter(context, builder, args[0].type, lanes)
        source_, source_step_, target_, target_step_, count_ = args[1:]
        source_, target_ = e.pointer(source_), e.pointer(target_)
        wide = e.number(lanes)
        dense = builder.icmp_signed("==", target_step_, e.number(1))

        def scalars(start: Any) -> None:
            with cgutils.for_range_slice(builder, start, count_, e.number(1)) as (j, _):
                value = builder.load(e.at(source_, builder.mul(j, source_step_)))
                builder.store(value, e.at(target_, builder.mul(j, target_step_)))

        def vectors(step: int) -> None:
            """Every `step`-th element (1 or 2), `lanes` of them at a time."""
            mask = ir.VectorType(ir.IntType(32), lanes)
            half = lanes // 2
            evens_then_odds = [2 * i if i < half else 2 * i + 1 for i in range(lanes)]
            with cgutils.for_range_slice(builder, e.number(0), count_, wide) as (j, _):
                last = builder.sub(count_, wide)
                j = builder.select(builder.icmp_signed("<", j, last), j, last)
                first = e.at(source_, e.times(j, step))
                value = e.load(first)
                if step == 2:  # the second load starts one early, to end with the last element
                    second = e.load(e.at(first, e.number(lanes - 1)))
                    value = builder.shuffle_vector(
                        value, second, ir.Constant(mask, evens_then_odds)
                    )
                e.store(value, e.at(target_, j))

        enough = builder.icmp_signed(">=", count_, wide)
        with builder.if_else(builder.and_(dense, enough)) as (then, otherwise):
            with then:
                one = builder.icmp_signed("==", source_step_, e.number(1))
                two = builder.icmp_signed("==", source_step_, e.number(2))
                with builder.if_else(one) as (if_one, if_more):
                    with if_one:
                        vectors(1)
                    with if_more, builder.if_else(two) as (if_two, if_many):
                        with if_two:
                            vectors(2)
                        with if_many:
                            scalars(e.number(0))
            with otherwise:
                scalars(e.number(0))
        return context.get_dummy_value()

    return types.void(kind, *[types.int64] * 5), codegen


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
