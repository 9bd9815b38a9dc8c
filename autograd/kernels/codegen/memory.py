"""Memory by its address: what the loops around register blocks read, write, copy and call."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd.kernels.codegen.emitter import INDEX, Emitter


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
