"""Where kernels run: which implementation, how it is compiled and cached, on which threads.

What a kernel module needs:

`use_numba()`
    False: call the NumPy twin. `AUTOGRAD_KERNELS=numpy` or `NUMBA_DISABLE_JIT=1` choose the
    twins, `set_kernels` does while a program runs.

`@jit` or `@jit(key=..., fastmath=...)`
    A Numba dispatcher (`jit.py`), compiled at its first call for each signature, cached on disk
    (`code_cache/`), that releases the GIL. It imports Numba, so it is used in modules that are
    themselves imported at the first kernel call (`numba_kernels.py`). A kernel made by a factory
    names in `key` everything its closure holds: vector width, block sizes, generated intrinsics.

`parallel_for(kernel, chunks, *args, work_ns=...)`
    Runs `kernel(lo, hi, *args)` over the chunk numbers 0..chunks-1 on all threads (`threads.py`).

    >>> import numpy as np
    >>> @jit
    ... def double(lo, hi, x, out):          # a chunk is one row
    ...     for i in range(lo, hi):
    ...         for j in range(x.shape[1]):
    ...             out[i, j] = 2 * x[i, j]
    >>> x = np.ones((3, 4))
    >>> out = np.empty_like(x)
    >>> parallel_for(double, 3, x, out, work_ns=12)
    >>> out.sum()
    np.float64(24.0)

Kernels expect C-contiguous arrays of one float dtype: each layout, dtype and read-only flag would
compile its own copy. `dense` makes them so.
"""

from __future__ import annotations

import os

import numpy as np

from autograd.kernels.launch.jit import jit
from autograd.kernels.launch.threads import (
    PARALLEL_NS,
    get_num_threads,
    parallel_for,
    prepared,
    set_num_threads,
)
from autograd.support.arguments import one_of

__all__ = [
    "PARALLEL_NS",
    "dense",
    "get_num_threads",
    "jit",
    "parallel_for",
    "pays_off",
    "prepared",
    "set_kernels",
    "set_num_threads",
    "use_numba",
]


def _chosen_by_environment() -> str:
    environ = os.environ
    if environ.get("AUTOGRAD_KERNELS", "") == "numpy":
        return "numpy"
    if environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return "numpy"
    import importlib.util

    return "numba" if importlib.util.find_spec("numba") is not None else "numpy"


_choice: str | None = None


def use_numba() -> bool:
    """Whether the compiled kernels are used; otherwise their NumPy twins are.

    Decided once from the environment, without importing Numba, or by `set_kernels`.
    """
    global _choice
    if _choice is None:
        _choice = _chosen_by_environment()
    return _choice == "numba"


def set_kernels(name: str | None) -> None:
    """Use the "numba" kernels or the "numpy" twins from now on; None: as the environment says.

    Raises ArgumentError for any other name.

    >>> set_kernels("numpy")
    >>> use_numba()
    False
    >>> set_kernels(None)
    """
    global _choice
    _choice = one_of("set_kernels", "name", name, ("numba", "numpy", None))


class _Writable:
    """The memory of a read-only array, as NumPy's array interface."""

    def __init__(self, x: np.ndarray) -> None:
        self.owner = x
        interface = x.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def dense(x: np.ndarray) -> np.ndarray:
    """x as a kernel takes it: C-contiguous, aligned, native byte order, not marked read-only.

    Each of these is a type of its own to Numba, and would compile its own copy of the kernel. A
    contiguous read-only array is passed as a second view of its memory: kernels never write to
    their inputs.
    """
    flags = x.flags
    if flags.carray and x.dtype.isnative:  # nearly always
        return x
    if not (flags.c_contiguous and flags.aligned and x.dtype.isnative):
        return np.array(x, dtype=x.dtype.newbyteorder("="), order="C")
    return x if flags.writeable else np.asarray(_Writable(x))


def pays_off(x: np.ndarray, small: int) -> bool:
    """Whether an array goes to a compiled kernel: above a size, and of a type that kernels take.

    Below it a call into compiled code saves nothing, and a program that stays below never imports
    Numba. The size alone decides, whatever ran before, so the same call gives the same bits.
    """
    dtype = x.dtype
    return x.size > small and dtype.char in "fd" and dtype.isnative and use_numba()
