"""The native half of the thread pool: how a job is published, joined and finished.

A kernel launch is a compiled function (`make_launcher`) that unpacks its arguments once, without
the GIL writes down where they are, and takes blocks of chunks from a shared counter until none is
left. Helpers (`helper_loop`) watch a counter in shared memory; one that sees a new job takes
blocks from the same counter. Nobody touches the GIL or the kernel's Python objects meanwhile.

The shared memory is an int64 array, every word on a cache line of its own, all accesses atomic
and sequentially consistent:

    GENERATION  counts jobs: what helpers watch
    BUSY        1 while a caller has the pool; a second caller runs its kernel serially
    OPEN        1 while the job may be joined
    ACTIVE      helpers inside the job
    NEXT        the next block to take
    FAILED      1 if a block of the job ran out of memory: a helper cannot raise
    BODY, ARGS, BLOCKS, CHUNKS, WANTED   the job: function, arguments, sizes, helpers it can use

A helper adds itself to ACTIVE and then looks at OPEN; the caller clears OPEN and then waits until
ACTIVE is 0. So either the helper sees the job closed, or the caller sees the helper.
"""

from __future__ import annotations

import platform
import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd.kernels.launch.jit import jit

_LINE = 8  # int64 words in a cache line
GENERATION, BUSY, OPEN, ACTIVE, NEXT, FAILED, BODY, ARGS, BLOCKS, CHUNKS, WANTED = (
    _LINE * i for i in range(11)
)
STATE_WORDS = _LINE * 11

_I64 = ir.IntType(64)
_I8P = ir.IntType(8).as_pointer()
_BODY_TYPE = ir.FunctionType(_I64, [_I64, _I64, _I8P])  # returns whether it failed
_ORDER = "seq_cst"


def _word(builder: Any, state: Any, index: int | Any) -> Any:
    if isinstance(index, int):
        index = ir.Constant(_I64, index)
    return builder.gep(state, [index])


def _data_pointer(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return context.make_array(array_type)(context, builder, array).data


@intrinsic
def load(typingctx, state, index):  # type: ignore[no-untyped-def]
    """state[index], atomically."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        data = _data_pointer(context, builder, signature.args[0], args[0])
        return builder.load_atomic(_word(builder, data, args[1]), _ORDER, 8)

    return types.int64(state, types.int64), codegen


@intrinsic
def add(typingctx, state, index, amount):  # type: ignore[no-untyped-def]
    """state[index] += amount, atomically; returns the value before."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        data = _data_pointer(context, builder, signature.args[0], args[0])
        return builder.atomic_rmw("add", _word(builder, data, args[1]), args[2], _ORDER)

    return types.int64(state, types.int64, types.int64), codegen


@intrinsic
def exchange(typingctx, state, index, value):  # type: ignore[no-untyped-def]
    """state[index] = value, atomically; returns the value before."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        data = _data_pointer(context, builder, signature.args[0], args[0])
        return builder.atomic_rmw("xchg", _word(builder, data, args[1]), args[2], _ORDER)

    return types.int64(state, types.int64, types.int64), codegen


_ON_X86 = platform.machine() in ("x86_64", "AMD64", "i686")


@intrinsic
def relax(typingctx):  # type: ignore[no-untyped-def]
    """Some hundred cycles of doing nothing, then let another thread have the core."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        def call(name: str, result: Any) -> None:
            kind = ir.FunctionType(result, [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])

        if _ON_X86:
            with cgutils.for_range(builder, ir.Constant(_I64, 16)):
                call("llvm.x86.sse2.pause", ir.VoidType())
        if sys.platform != "win32":
            call("sched_yield", ir.IntType(32))
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def run_block(typingctx, state, block):  # type: ignore[no-untyped-def]
    """Run the published job's function over the chunks of one block."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        data = _data_pointer(context, builder, signature.args[0], args[0])
        body, packed, blocks, chunks = (
            builder.load(_word(builder, data, i)) for i in (BODY, ARGS, BLOCKS, CHUNKS)
        )
        one = ir.Constant(_I64, 1)
        lo = builder.sdiv(builder.mul(chunks, args[1]), blocks)
        hi = builder.sdiv(builder.mul(chunks, builder.add(args[1], one)), blocks)
        function = builder.inttoptr(body, _BODY_TYPE.as_pointer())
        failed = builder.call(function, [lo, hi, builder.inttoptr(packed, _I8P)])
        with builder.if_then(builder.icmp_signed("!=", failed, ir.Constant(_I64, 0)), likely=False):
            builder.store_atomic(one, _word(builder, data, FAILED), _ORDER, 8)
        return context.get_dummy_value()

    return types.void(state, types.int64), codegen


@jit
def helper_loop(state, number, seen, patience):  # type: ignore[no-untyped-def]
    """Watch for jobs and help with them; after `patience` idle rounds, return what was seen."""
    idle = 0
    while idle < patience:
        generation = load(state, GENERATION)
        if generation == seen:
            idle += 1
            relax()
            continue
        seen = generation
        idle = 0
        add(state, ACTIVE, 1)
        if load(state, OPEN) == 1 and number <= load(state, WANTED):
            blocks = load(state, BLOCKS)
            block = add(state, NEXT, 1)
            while block < blocks:
                run_block(state, block)
                block = add(state, NEXT, 1)
        add(state, ACTIVE, -1)
    return seen


def make_launcher(kernel: Any, identity: str) -> Any:
    """launch(state, helpers, blocks, chunks, *args): run kernel(lo, hi, *args) over all chunks.

    Returns 0, or 1 if the kernel raised.
    """

    @intrinsic
    def publish_or_run(typingctx, state, ours, helpers, blocks, chunks, args):  # type: ignore[no-untyped-def]
        """If the pool is ours write the job down and open it, else do it all here: whether that
        failed.

        One intrinsic, so that the kernel's code appears, and is optimised, once.
        """
        kernel.compile((types.int64, types.int64, *args.types))

        def codegen(context, builder, sig, values):  # type: ignore[no-untyped-def]
            data = _data_pointer(context, builder, sig.args[0], values[0])
            packed = cgutils.alloca_once_value(builder, values[5])
            body = _make_body(context, builder, kernel, sig.args[5].types, values[5].type)
            job = {
                BODY: builder.ptrtoint(body, _I64),
                ARGS: builder.ptrtoint(packed, _I64),
                BLOCKS: values[3],
                CHUNKS: values[4],
                WANTED: values[2],
                NEXT: ir.Constant(_I64, 0),
                FAILED: ir.Constant(_I64, 0),
                OPEN: ir.Constant(_I64, 1),
            }
            failed = cgutils.alloca_once_value(builder, ir.Constant(_I64, 0))
            with builder.if_else(values[1]) as (is_ours, is_not):
                with is_ours:
                    for index, value in job.items():
                        builder.store_atomic(value, _word(builder, data, index), _ORDER, 8)
                with is_not:
                    whole = [ir.Constant(_I64, 0), values[4], builder.bitcast(packed, _I8P)]
                    builder.store(builder.call(body, whole), failed)
            return builder.load(failed)

        i64 = types.int64
        return i64(state, types.boolean, i64, i64, i64, args), codegen

    @jit(key=identity)
    def launch(state, helpers, blocks, chunks, *args):  # type: ignore[no-untyped-def]
        ours = helpers > 0 and exchange(state, BUSY, 1) == 0
        failed = publish_or_run(state, ours, helpers, blocks, chunks, args)
        if not ours:
            return failed
        add(state, GENERATION, 1)
        block = add(state, NEXT, 1)
        while block < blocks:
            run_block(state, block)
            block = add(state, NEXT, 1)
        exchange(state, OPEN, 0)
        while load(state, ACTIVE) > 0:
            relax()
        failed = load(state, FAILED)
        exchange(state, BUSY, 0)
        return failed

    return launch


def _make_body(context: Any, builder: Any, kernel: Any, arg_types: Any, packed: Any) -> Any:
    """A function (lo, hi, pointer to packed arguments) that calls the kernel: 1 if it raised."""
    compiled = kernel.overloads[(types.int64, types.int64, *arg_types)]
    context.active_code_library.add_linking_library(compiled.library)
    module = builder.module
    name = module.get_unique_name("autograd_kernel_body")
    body = ir.Function(module, _BODY_TYPE, name)
    body.linkage = "internal"
    body.attributes.add("noinline")
    inner = ir.IRBuilder(body.append_basic_block("entry"))
    lo, hi, pointer = body.args
    values = inner.load(inner.bitcast(pointer, packed.as_pointer()))
    unpacked = [inner.extract_value(values, i) for i in range(len(packed.elements))]
    status, _ = context.call_conv.call_function(
        inner,
        context.declare_function(module, compiled.fndesc),
        compiled.fndesc.restype,
        compiled.fndesc.argtypes,
        [lo, hi, *unpacked],
    )
    inner.ret(inner.zext(status.is_error, _I64))
    return body
