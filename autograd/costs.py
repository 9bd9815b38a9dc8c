"""How many multiply-adds an op takes, from the shapes of its operands and result."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Shape = tuple[int, ...]

# Result shape and operand shapes -> multiply-adds. What is not here counts as none: elementwise
# work is bound by memory, and a rate in FLOP/s says nothing of it.
_RULES: dict[str, Callable[[Shape, list[Shape]], int]] = {}


def multiply_adds(op: str, out: Shape, operands: list[Any]) -> int:
    """Multiply-adds of one forward call; the gradient of each operand takes as many again.

    >>> multiply_adds("matmul", (64, 10), [(64, 100), (100, 10)])
    64000
    """
    rule = _RULES.get(op)
    return rule(out, operands) if rule is not None else 0


def _size(shape: Shape) -> int:
    return math.prod(shape)


def _tensordot(out: Shape, operands: list[Shape]) -> int:
    a, b = operands
    summed = math.isqrt(_size(a) * _size(b) // (_size(out) or 1))
    return _size(out) * summed


_RULES["matmul"] = lambda out, operands: _size(out) * operands[0][-1]
_RULES["linear"] = lambda out, operands: _size(out) * operands[1][1]
_RULES["tensordot"] = _tensordot
for _name in ("conv1d", "conv2d", "conv3d", "conv"):
    _RULES[_name] = lambda out, operands: _size(out) * _size(operands[1][1:])
for _name in ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "conv_transpose"):
    _RULES[_name] = lambda out, operands: _size(operands[0]) * _size(operands[1][1:])
