"""Where kernels run: which implementation, how they are compiled and cached, on which threads.

Three things are all that a kernel module needs:

`use_numba()`
    False: call the NumPy twin. `AUTOGRAD_KERNELS=numpy` or `NUMBA_DISABLE_JIT=1` choose the twins.

`@jit` / `@jit(key=...)`
    `numba.njit(nogil=True)` with a cache of its own. It imports Numba, so it is used in modules
    that are themselves imported at the first kernel call (`*_numba.py`).

`parallel_for(kernel, chunks, *args)`
    Runs `kernel(lo, hi, *args)` over the chunk numbers 0..chunks-1, on all threads.
"""

from __future__ import annotations

import importlib.util
import os

__all__ = ["use_numba"]

_installed: bool | None = None


def use_numba() -> bool:
    """Whether the compiled kernels are used; otherwise their NumPy twins are.

    Read anew from the environment at each call, and never imports Numba.
    """
    global _installed
    environ = os.environ
    if environ.get("AUTOGRAD_KERNELS", "") == "numpy":
        return False
    if environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return False
    if _installed is None:
        _installed = importlib.util.find_spec("numba") is not None
    return _installed
