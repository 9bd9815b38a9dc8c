"""A gradient that is zero but for a part: what indexing gives back."""

from __future__ import annotations

from typing import Any

import numpy as np


class SparseGradient:
    """Zero but for `x[key]`, where it is `value`: backward adds all of them into one buffer."""

    __slots__ = ("key", "value")

    def __init__(self, key: Any, value: np.ndarray):
        self.key, self.value = key, value
