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

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = [
    "beside_convolutions",
    "hold_beside_convolutions",
    "matmul",
    "note_convolution",
    "release",
]

_FOLLOWING = 100  # products and backward passes
_SERIAL = 1 << 18  # multiplications; up to here OpenBLAS uses one thread by itself

_left = 0  # of those that follow a convolution
_lock = threading.Lock()
_users = 0  # who hold it now
_before: list[tuple[Any, int]] = []  # each BLAS and its number of threads, while there are users


def note_convolution() -> None:
    """A convolution large enough for several threads runs."""
    global _left
    _left = _FOLLOWING


def hold_beside_convolutions() -> bool:
    """If a convolution ran before, keep BLAS to one thread until `release`; whether it is kept."""
    global _left
    if not _left:
        return False
    _left -= 1
    _hold()
    return True


@contextlib.contextmanager
def beside_convolutions() -> Iterator[None]:
    """Inside, BLAS uses one thread if a convolution ran before."""
    held = hold_beside_convolutions()
    try:
        yield
    finally:
        if held:
            release()


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b of matrices or stacks of them."""
    if not _left or a.size * b.shape[-1] <= _SERIAL:
        return np.matmul(a, b)
    with beside_convolutions():
        return np.matmul(a, b)


def _hold() -> None:
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            _before[:] = [(library, library.get_num_threads()) for library in _libraries()]
            for library, _ in _before:
                library.set_num_threads(1)


def release() -> None:
    """What `hold_beside_convolutions` held goes back to its threads."""
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            for library, threads in _before:
                library.set_num_threads(threads)


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
