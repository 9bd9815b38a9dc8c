"""How many multiply-adds an op takes, from the shapes of its operands and result.

Products are counted: of matrices, of convolutions, of `einsum`. A bias is a sum and counts nothing,
and neither does elementwise work, which is bound by memory: a rate in FLOP/s says nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Shape = tuple[int, ...]


class Products(NamedTuple):
    """Multiply-adds of a forward call, and of the gradient of each operand."""

    forward: int
    gradients: tuple[int, ...]


# Result's and operands' shapes -> multiply-adds of the forward call. Each gradient of an operand
# that is multiplied is a product of the same size.
_RULES: dict[str, Callable[[Shape, Sequence[Shape]], int]] = {}


def multiply_adds(
    op: str, out: Shape, operands: Sequence[Shape], statics: Mapping[str, Any] | None = None
) -> Products:
    """Multiply-adds of one call, and of the gradients of its operands.

    `statics`: the static arguments given by name (`einsum` needs its subscripts).

    >>> multiply_adds("linear", (64, 10), [(64, 100), (10, 100), (10,)])
    Products(forward=64000, gradients=(64000, 64000, 0))
    """
    if op == "einsum_arrays" and statics:
        return _of_einsum(statics["subscripts"], operands)
    rule = _RULES.get(op)
    if rule is None:
        return Products(0, (0,) * len(operands))
    count = rule(out, operands)
    return Products(count, (count, count, *(0,) * (len(operands) - 2)))


def _size(shape: Sequence[int]) -> int:
    return math.prod(shape)


def _of_tensordot(out: Shape, operands: Sequence[Shape]) -> int:
    a, b = operands
    summed = math.isqrt(_size(a) * _size(b) // (_size(out) or 1))
    return _size(out) * summed


def _of_einsum(subscripts: str, operands: Sequence[Shape]) -> Products:
    """The pairs of operands as `einsum` multiplies them, forward and for each gradient."""
    from autograd.ops.einsums import gradient_subscripts, pairs

    def count(subscripts: str, shapes: Sequence[Shape]) -> int:
        return sum(_size(pair.lengths) for pair in pairs(subscripts, tuple(shapes)))

    left, _, output = subscripts.partition("->")
    lengths = {
        label: n
        for term, shape in zip(left.split(","), operands, strict=True)
        for label, n in zip(term, shape, strict=True)
    }
    g = tuple(lengths[label] for label in output)
    return Products(
        count(subscripts, operands),
        tuple(
            count(backward, [g, *operands[:i], *operands[i + 1 :]])
            for i, backward in enumerate(gradient_subscripts(subscripts))
        ),
    )


_RULES["matmul"] = lambda out, operands: _size(out) * operands[0][-1]
_RULES["linear"] = lambda out, operands: _size(out) * operands[1][1]
_RULES["tensordot"] = _of_tensordot
_RULES["conv1d"] = _RULES["conv2d"] = lambda out, operands: _size(out) * _size(operands[1][1:])
_RULES["conv2d_weight_grad"] = lambda out, operands: _size(operands[0]) * _size(out[1:])
_RULES["local_conv2d"] = lambda out, operands: _size(out) * _size(operands[1][3:])
for _name in ("conv_transpose1d", "conv_transpose2d", "conv2d_input_grad"):
    _RULES[_name] = lambda out, operands: _size(operands[0]) * _size(operands[1][1:])
