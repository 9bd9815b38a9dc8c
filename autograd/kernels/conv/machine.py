"""What convolution kernels need to know of the CPU: its vectors, and the blocks of registers."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from autograd.support.arguments import one_of


class Block(NamedTuple):
    """Accumulators of a micro-kernel: `rows` output channels by `columns` vectors or taps."""

    rows: int
    columns: int

    def cycles(self) -> float:
        """Estimated cycles of one step: two fused multiply-adds or two loads each, 4 to finish."""
        loads = self.rows + 1.4 * self.columns + 1  # a shifted vector often straddles two lines
        return max(self.rows * self.columns / 2, loads / 2, 4.0)


class Machine(NamedTuple):
    """What the generator needs to know of a CPU."""

    name: str
    vector_bytes: int
    image_blocks: tuple[Block, ...]
    weight_blocks: tuple[Block, ...]

    def lanes(self, itemsize: int) -> int:
        return self.vector_bytes // itemsize


_FEW = tuple(Block(m, v) for m, v in ((6, 2), (4, 3), (3, 4), (2, 6), (1, 8)))
_MANY = tuple(Block(m, v) for m, v in ((8, 3), (6, 4), (4, 6), (3, 8), (2, 12), (1, 12)))
_SMALL = tuple(Block(m, v) for m, v in ((4, 1), (1, 9), (1, 5), (1, 3), (2, 2), (1, 1)))


MACHINES = {
    "avx512": Machine("avx512", 64, _MANY, _MANY + _SMALL),  # 32 registers of 16 floats
    "avx2": Machine("avx2", 32, _FEW, _FEW + _SMALL),  # 16 registers of 8 floats
    "neon": Machine("neon", 16, _MANY, _MANY + _SMALL),  # 32 registers of 4 floats
    "generic": Machine("generic", 16, _FEW, _FEW + _SMALL),  # 16 registers of 4 floats
}


_machine: Machine | None = None

#: Called when another machine was set: what was worked out for the one before is to be forgotten.
after_change: list[Callable[[], None]] = []


def machine() -> Machine:
    """Vector width and blocks: the CPU's, or what `AUTOGRAD_VECTOR` or `set_machine` names."""
    if _machine is None:
        set_machine(os.environ.get("AUTOGRAD_VECTOR") or None)
        assert _machine is not None
    return _machine


def set_machine(name: str | None) -> None:
    """Generate code for the named kind of CPU from now on; None: for the one that runs.

    Raises ArgumentError for a name that is not in `MACHINES`.
    """
    global _machine
    name = name or _host_vectors()
    _machine = MACHINES[one_of("set_machine", "name", name, MACHINES)]
    for forget in after_change:
        forget()


@cache
def _host_vectors() -> str:
    from llvmlite import binding
    from numba.core import config

    chosen = getattr(config, "CPU_FEATURES", None)  # NUMBA_CPU_FEATURES
    if getattr(config, "CPU_NAME", None) == "generic":
        return "generic"
    if chosen is None:
        features = dict(binding.get_host_cpu_features())
    else:
        features = {f[1:]: True for f in chosen.split(",") if f.startswith("+")}
    if features.get("avx512f"):
        return "avx512"
    if features.get("avx2") and features.get("fma"):
        return "avx2"
    return "neon" if features.get("neon") else "generic"
