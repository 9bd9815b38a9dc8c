"""Products of matrices beside convolutions: BLAS keeps to the calling thread.

After a product, the threads of OpenBLAS go on spinning for some 25 ms, in case another one comes.
In a network of convolutions none does, and meanwhile they keep this library's own threads off the
cores: a step of LeNet-5 with 64 images took 4.4 ms instead of 3.2, of a VGG-like network 79
instead of 48, for the sake of products that take 0.1 ms. So the linear layers and backward passes
that follow a convolution of some size have their products on the calling thread. Networks without
convolutions are left alone, and so is what NumPy is asked for directly.

How many follow is counted, not timed: BLAS rounds differently with another number of threads, and
a program shall give the same bits in every run.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from autograd.support.interrupts import begins_at_once, to_the_end
from autograd.support.locks import Guard, in_forked_child

__all__ = [
    "beside_convolutions",
    "follows_convolution",
    "hold_beside_convolutions",
    "matmul",
    "note_convolution",
    "release",
]

_FOLLOWING = 100  # products and backward passes
_SERIAL = 1 << 18  # multiplications; up to here OpenBLAS uses one thread by itself

_left = 0  # of those that follow a convolution
_guard = Guard()
_holders: dict[object, int] = {}  # who hold it now, and on which thread
_before: list[tuple[Any, int]] = []  # each BLAS and its number of threads, while it is held


def note_convolution() -> None:
    """A convolution large enough for several threads runs."""
    global _left
    _left = _FOLLOWING


def follows_convolution() -> bool:
    """Whether a convolution ran before the product, or backward pass, that asks; counts it."""
    global _left
    if not _left:
        return False
    _left -= 1
    return True


def hold_beside_convolutions(follows: bool | None = None) -> object | None:
    """If a convolution ran before, keep BLAS to one thread until `release(what this returns)`.

    A pass that holds it several times asks `follows_convolution()` once, and hands on the answer.
    """
    if follows is None:
        follows = _left > 0 and follows_convolution()
    return _hold() if follows else None


class beside_convolutions:
    """Inside a `with` block, BLAS uses one thread if a convolution ran before."""

    def __init__(self, follows: bool | None = None) -> None:
        self._follows = follows

    def __enter__(self) -> None:
        self._held = hold_beside_convolutions(self._follows)

    @begins_at_once
    def __exit__(self, *exc_info: object) -> None:
        release(self._held)


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b of matrices or stacks of them."""
    if not _left or a.size * b.shape[-1] <= _SERIAL:
        return np.matmul(a, b)
    held = hold_beside_convolutions()
    try:
        return np.matmul(a, b)
    finally:
        release(held)


def _hold() -> object:
    holder = object()
    thread = threading.get_ident()
    try:
        _holders[holder] = thread
        _settle()
    except BaseException:  # from the handler of a signal
        release(holder)
        raise
    return holder


@begins_at_once
def release(holder: object | None) -> None:
    """What `hold_beside_convolutions` held goes back to its threads; nothing for None."""
    if holder is not None:
        to_the_end(_let_go, holder)


def _let_go(holder: object) -> None:
    _holders.pop(holder, None)
    _settle()


def _settle() -> None:
    """See to it that BLAS is held while there are holders, and else has its threads."""
    with _guard.lock:
        if _holders and not _before:
            _before[:] = [(library, library.get_num_threads()) for library in _libraries()]
            for library, _ in _before:
                _set_threads(library, 1)
        elif not _holders and _before:
            for library, threads in _before:
                _set_threads(library, threads)
            _before.clear()


def _set_threads(library: Any, count: int) -> None:
    # threadpoolctl's `set_num_threads` does nothing on any thread but the first that called it,
    # and asks a lock of its own, which a fork may copy locked.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(count)


@in_forked_child
def _forget_other_threads() -> None:
    """Those that held BLAS on threads which a forked child does not have never let it go."""
    ours = threading.get_ident()
    for holder, thread in list(_holders.items()):
        if thread != ours:
            _holders.pop(holder, None)
    _settle()


_found: list[Any] | None = None


def _libraries() -> list[Any]:
    """The BLAS libraries that are loaded, as threadpoolctl's controllers."""
    global _found
    if _found is None:
        try:
            from threadpoolctl import ThreadpoolController
        except ImportError:  # an installation from before it was needed
            _found = []
        else:
            _found = ThreadpoolController().select(user_api="blas").lib_controllers
    return _found
