"""What several files of tests share, and what is not collected.

`typed` is for type checkers, and would raise if it ran.
"""

import pytest

from autograd.kernels import blas

collect_ignore = ["typed"]


class Library:
    """A BLAS whose number of threads can be looked at."""

    def __init__(self):
        self.threads = 4

    def get_num_threads(self):
        return self.threads

    def set_num_threads(self, count):
        self.threads = count


@pytest.fixture
def library(monkeypatch):
    """A `Library` in the place of the BLAS that is loaded; no convolution has run yet."""
    found = Library()
    monkeypatch.setattr(blas, "_found", [found])
    monkeypatch.setattr(blas, "_left", 0)
    return found
