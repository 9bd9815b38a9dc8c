"""How a kernel is compiled: by Numba, at its first call, kept on disk for the next process."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from autograd.support.locks import hold_while_forking

__all__ = ["jit"]


def jit(
    function: Callable[..., Any] | None = None, *, key: object = (), fastmath: Any = False
) -> Any:
    """Decorator: a lazily compiled, disk-cached, GIL-free Numba function.

    Division follows NumPy (no ZeroDivisionError), so loops with it vectorise. `fastmath` takes
    Numba's flags, for example {"contract", "reassoc"}.
    """
    if function is None:
        return lambda function: jit(function, key=key, fastmath=fastmath)

    import hashlib

    import numba
    from numba.core.compiler_lock import global_compiler_lock

    from autograd.kernels.code_cache.kernel_cache import KernelCache

    hold_while_forking(global_compiler_lock)
    options = sorted(fastmath) if isinstance(fastmath, set) else fastmath
    # The symbols of compiled code are named after the function. Two kernels of one factory, read
    # from the cache into one process, must not share a name: the linker would take the first.
    variant = hashlib.sha256(repr((key, options)).encode()).hexdigest()[:12]
    named = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    named.__qualname__ = f"{function.__qualname__}_{variant}"
    named.__module__ = function.__module__
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy", fastmath=fastmath)(named)
    dispatcher._cache = KernelCache(named, (key, dispatcher.targetoptions))
    return dispatcher
