"""Names that users gave to Tensors, by the arrays that they name.

A graph keeps the arrays that its derivatives need and not the Tensors that were computed with, so
the name of an input would be gone with its variable.
"""

from __future__ import annotations

import weakref

import numpy as np

_names: dict[int, tuple[weakref.ref[np.ndarray], str]] = {}


def note_name(array: np.ndarray, name: str | None) -> None:
    """Remember that a Tensor of `array` is called `name`, for as long as the array lives."""
    key = id(array)
    if name is None:
        _names.pop(key, None)
    else:
        _names[key] = (weakref.ref(array, lambda _: _names.pop(key, None)), name)


def name_of(array: np.ndarray) -> str | None:
    """The name that a Tensor of just this array was given."""
    known = _names.get(id(array))
    return known[1] if known is not None else None
