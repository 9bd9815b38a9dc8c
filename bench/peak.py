"""The machine's own peak: multiply-adds on registers only, nothing read or written.

Twelve vectors are updated in turn, v = v * a + b, which is enough to keep the multiply-add units
of any current core busy; on all threads at once.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

_CHAINS = 12
_ROUNDS = 100_000


def _vector_bytes() -> int:
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64
    return 32 if features.get("avx") else 16


def _fma_kernel(lanes: int) -> Any:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    from autograd.kernels.runtime import jit

    vector = ir.VectorType(ir.FloatType(), lanes)

    @intrinsic
    def chains(typingctx: Any, start: Any, rounds: Any) -> Any:
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            def all_lanes(value: float) -> Any:
                return ir.Constant(vector, [value] * lanes)

            first = builder.insert_element(all_lanes(1.0), args[0], ir.Constant(ir.IntType(32), 0))
            slots = [cgutils.alloca_once_value(builder, first) for _ in range(_CHAINS)]
            kind = ir.FunctionType(vector, [vector] * 3)
            name = f"llvm.fma.v{lanes}f32"
            fma = cgutils.get_or_insert_function(builder.module, kind, name)
            with cgutils.for_range(builder, args[1]):
                for slot in slots:
                    args_ = [builder.load(slot), all_lanes(0.999), all_lanes(0.001)]
                    builder.store(builder.call(fma, args_), slot)
            total = builder.load(slots[0])
            for slot in slots[1:]:
                total = builder.fadd(total, builder.load(slot))
            return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

        return types.float32(types.float32, types.int64), codegen

    @jit(key=lanes)
    def fma_loop(lo, hi, out, rounds):  # type: ignore[no-untyped-def]
        for i in range(lo, hi):
            out[i] = chains(out[i], rounds)  # type: ignore[call-arg]

    return fma_loop


_kernel: Any = None


def measure_peak(seconds: float) -> float:
    """Best rate seen in that time, in float32 operations a second, on all threads."""
    global _kernel
    from autograd.kernels.runtime import get_num_threads, parallel_for

    lanes = _vector_bytes() // 4
    if _kernel is None:
        _kernel = _fma_kernel(lanes)
    chunks = 4 * get_num_threads()
    out = np.ones(chunks, np.float32)
    parallel_for(_kernel, chunks, out, 1, work_ns=1e9)  # the first call compiles
    operations = 2.0 * lanes * _CHAINS * _ROUNDS * chunks
    best = 0.0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or best == 0.0:
        start = time.perf_counter()
        parallel_for(_kernel, chunks, out, _ROUNDS, work_ns=1e9)
        best = max(best, operations / (time.perf_counter() - start))
    return best
