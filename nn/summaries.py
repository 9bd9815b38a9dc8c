"""What a network is made of, as a table: shapes, units, weights and connections of each layer."""

from __future__ import annotations

from typing import Any

Summary = None


def summary(model: Any, input_shape: Any) -> Any: ...
