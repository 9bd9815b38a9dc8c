"""The thread pool of the kernels: how many threads, who helps, and what happens in a fork.

Why not Numba's `prange`: its `workqueue` layer aborts the process when two Python threads launch
at once, its `omp` layer kills forked children, and a parallel kernel takes two to four times as
long to compile. Why not a `ThreadPoolExecutor`: waking a thread and passing the GIL to and fro
costs 20-100 µs a launch. Here helpers watch shared memory for a while before they sleep, and a
job is handed over in compiled code without the GIL (`numba_pool.py`): 0.3 µs a launch while
helpers are awake, against 2 µs for `prange`; and one compiled kernel serves both ways, since the
serial variant is the same function called over all chunks.

- The work is cut into *chunks* by the shape alone and a kernel treats each chunk alone, so the
  bits of the result do not depend on the thread count.
- The caller takes blocks of chunks like any helper and waits only for helpers that are inside the
  job. Helpers that come late (asleep, a loaded machine) find it done.
- One caller has the pool at a time; another Python thread that comes meanwhile runs its kernel
  alone. Nobody waits, and no more threads compute than were asked for.
- A KeyboardInterrupt is seen when the kernel has returned: it leaves nothing half done.
- A child of `fork` or `multiprocessing` starts with one thread, since its siblings are using the
  cores; `set_num_threads` there starts a pool of its own.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.errors import ArgumentError
from autograd.support.locks import Guard, in_forked_child

__all__ = ["PARALLEL_NS", "get_num_threads", "parallel_for", "prepared", "set_num_threads"]

PARALLEL_NS = 20_000
"""Work below this, in nanoseconds of one core, runs on the calling thread."""

# Less is left to helpers that are awake: one that is roused takes the GIL on its way, so that the
# caller waits for it, and comes too late.
_ROUSE_NS = 100_000
_BLOCK_NS = 10_000  # a block of chunks is worth at least about this much
_BLOCKS_PER_THREAD = 8  # enough that a thread which was held up does not hold up the others
_PATIENCE = 1000  # rounds of about 0.7 µs that an idle helper watches before it sleeps

_threads: int | None = None
_forked = False
_growing = Guard()


class _Helper:
    """A thread that watches and works in compiled code, then sleeps on a lock until roused."""

    def __init__(self, number: int, state: np.ndarray) -> None:
        self.asleep = False
        self.wake = threading.Lock()
        self.wake.acquire()
        name = f"autograd-kernel-{number}"
        threading.Thread(target=self._live, args=(number, state), name=name, daemon=True).start()

    def _live(self, number: int, state: np.ndarray) -> None:
        from autograd.kernels.launch.numba_pool import helper_loop

        seen = 0
        while True:
            seen = helper_loop(state, number, seen, _PATIENCE)
            self.asleep = True
            self.wake.acquire()
            self.asleep = False

    def rouse(self) -> None:
        with contextlib.suppress(RuntimeError):  # another caller was first
            self.wake.release()


class _Pool:
    """The helpers of this process and the memory they watch."""

    def __init__(self) -> None:
        from autograd.kernels.launch.numba_pool import STATE_WORDS

        self.state = np.zeros(STATE_WORDS, np.int64)
        self.helpers: list[_Helper] = []

    def rouse(self, count: int, work_ns: float) -> None:
        """See to it that so many helpers are awake or about to be, if the work is worth it."""
        helpers = self.helpers
        if len(helpers) < count and work_ns >= _ROUSE_NS:
            with _growing.lock:
                while len(helpers) < count:
                    helpers.append(_Helper(len(helpers) + 1, self.state))
        for helper in helpers[:count]:
            if helper.asleep and work_ns >= _ROUSE_NS:
                helper.rouse()


_pool: _Pool | None = None
_launchers: dict[Any, Any] = {}
_ready: set[Any] = set()  # kernels that `prepared` compiled


def parallel_for(kernel: Any, chunks: int, *args: Any, work_ns: float) -> None:
    """Call `kernel(lo, hi, *args)` over ranges that together cover the chunks 0..chunks-1.

    `kernel` is made by `jit`. It must treat each chunk alone, whatever lo and hi, write disjoint
    memory for different chunks, and raise nothing but MemoryError. `work_ns` estimates the whole
    loop in nanoseconds of one core. Returns when everything is written.

    Raises MemoryError if the kernel did, on any thread.
    """
    if chunks <= 0:
        return
    launch = _launchers.get(kernel)
    if launch is None:
        launch = _make_launcher(kernel)
    state, helpers, blocks = _shared_out(chunks, work_ns)
    if launch(state, helpers, blocks, chunks, *args):
        raise MemoryError("no memory for the scratch of a kernel")


def prepared(kernel: Any, chunks: int, *args: Any, work_ns: float) -> Callable[[], int]:
    """`parallel_for` as a call into C that no handler of a signal divides, to be made soon.

    The kernel is compiled already when this returns, and must not raise. Its arguments are of the
    same types in every call.
    """
    launch = _launchers.get(kernel)
    if launch is None:
        launch = _make_launcher(kernel)
    state, helpers, blocks = _shared_out(chunks, work_ns)
    if kernel not in _ready:
        launch(state, 0, 1, 0, *args)  # over no chunk at all
        _ready.add(kernel)
    return functools.partial(launch, state, helpers, blocks, chunks, *args)


def _shared_out(chunks: int, work_ns: float) -> tuple[np.ndarray, int, int]:
    """The pool's memory, how many helpers are awake for a job, and into how many blocks it goes."""
    global _pool
    if _pool is None:
        _pool = _Pool()
    if work_ns < PARALLEL_NS:
        return _pool.state, 0, 1
    threads = min(get_num_threads(), chunks)
    if threads > 1:
        _pool.rouse(threads - 1, work_ns)
    blocks = min(chunks, threads * _BLOCKS_PER_THREAD, max(threads, int(work_ns / _BLOCK_NS)))
    return _pool.state, threads - 1, blocks


def _make_launcher(kernel: Any) -> Any:
    from autograd.kernels.launch.numba_pool import make_launcher

    launch = make_launcher(kernel, kernel._cache.identity)
    kernel._cache.disable()  # its code is kept as part of the launcher's
    return _launchers.setdefault(kernel, launch)


def get_num_threads() -> int:
    """How many threads a kernel may use.

    At first `AUTOGRAD_NUM_THREADS`, else `OMP_NUM_THREADS`, else the cores this process may use;
    1 in a child process of `fork` or `multiprocessing`.

    >>> before = get_num_threads()
    >>> set_num_threads(2)
    >>> get_num_threads()
    2
    >>> set_num_threads(before)
    """
    global _threads
    if _threads is None:
        _threads = _default_threads()
    return _threads


def set_num_threads(count: int) -> None:
    """Let kernels use `count` threads from now on. Results do not depend on it.

    Raises ArgumentError unless `count` is an int of at least 1.
    """
    global _threads
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ArgumentError(f"set_num_threads: count must be an int of at least 1, got {count!r}")
    _threads = count


def _default_threads() -> int:
    for name in ("AUTOGRAD_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(name, "").split(",")[0].strip()
        if text.isdecimal() and int(text) > 0:
            return int(text)
    if _forked or _is_multiprocessing_child():
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_multiprocessing_child() -> bool:
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


@in_forked_child
def _start_anew() -> None:
    """The helpers did not survive the fork, and a job may have been under way."""
    global _threads, _forked, _pool
    _forked = True
    _threads = None
    _pool = None
