"""NumPy's functions, under the name by which other libraries look for them (opt_einsum does).

A NumPy function on a Tensor is recorded anyway, so these are NumPy's own.

>>> import autograd as ag
>>> from autograd import numpy as anp
>>> anp.einsum("i,i", ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0]))
tensor(11.)
"""

from __future__ import annotations

from typing import Any

import numpy


def __getattr__(name: str) -> Any:
    return getattr(numpy, name)


def __dir__() -> list[str]:
    return dir(numpy)
