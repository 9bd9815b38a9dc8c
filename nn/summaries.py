"""What a network is made of, layer by layer: shapes, units, parameters, weights, connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, starmap
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import autograd as ag
from autograd.errors import ArgumentError, DTypeError
from autograd.support.interrupts import at_once
from autograd.support.unknown_names import named_arguments
from nn import init
from nn.layers.convolution import ConvNd, ConvTransposeNd, LocalConv2d
from nn.layers.dense import Bilinear, Embedding, Linear
from nn.layers.normalization import Normalization
from nn.module import Module, writing_modes

__all__ = ["LayerSize", "Summary", "count_parameters", "summary"]

Shape = tuple[int, ...]


class LayerSize(NamedTuple):
    """The sizes of one call of a layer, for one example."""

    name: str
    kind: str
    output_shape: Shape
    units: int  # numbers it puts out: what is kept for the backward pass
    parameters: int  # those that no layer above has had
    weights: int  # parameters without biases
    connections: int | None  # uses of a weight: multiplications; None if not known


@named_arguments
class Summary:
    """The table that `summary` returns: `rows`, their totals, and all of it as text."""

    def __init__(self, rows: list[LayerSize], input_shapes: list[Shape], parameters: int):
        self.rows = rows
        self.input_shapes = input_shapes
        self.parameters = parameters  # of the model: also those no layer of the table holds
        self.units = sum(row.units for row in rows)
        self.weights = sum(row.weights for row in rows)
        self.connections = sum(row.connections or 0 for row in rows)

    def __iter__(self) -> Iterator[LayerSize]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _cells(self) -> list[list[str]]:
        """The table: heads, the input, a line for each layer, and the totals."""
        heads = ["layer", "type", "output", "units", "parameters", "weights", "connections"]
        lines = [["input", "", " ".join(map(_by, self.input_shapes)), "", "", "", ""]]
        lines += [
            [row.name, row.kind, _by(row.output_shape), *map(_count, row[3:])] for row in self
        ]
        sums = (self.units, self.parameters, self.weights, self.connections)
        return [heads, *lines, ["total", "", "", *map(_count, sums)]]

    def __repr__(self) -> str:
        table = self._cells()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        text = [_line(cells, widths) for cells in table]
        return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])

    def _repr_html_(self) -> str:
        import html

        rows = []
        for i, cells in enumerate(self._cells()):
            tag = "th" if i == 0 else "td"
            aligned = ["left"] * 3 + ["right"] * 4
            rows.append(
                "".join(
                    f'<{tag} style="text-align:{side}">{html.escape(cell)}</{tag}>'
                    for cell, side in zip(cells, aligned, strict=True)
                )
            )
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


@named_arguments
def summary(
    model: Module,
    input_shape: Shape | Sequence[Shape],
    dtype: npt.DTypeLike | None = None,
) -> Summary:
    """Run `model` on one example of zeros and tell the size of every layer it called.

    `input_shape` is the shape of one example, without the batch axis, such as (1, 32, 32), or a
    list of them for several inputs; `dtype` is the inputs' (whole numbers for embeddings). The
    model runs in evaluation mode and is left as it was.

    A layer's *units* are the numbers it puts out for one example, its *weights* the parameters
    that are no biases, its *connections* the uses of a weight: for a convolution
    K² C_in C_out H_out W_out. Shared parameters count once.

    >>> import nn
    >>> nn.summary(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU()), (1, 28, 28))
    layer  type    output   units  parameters  weights  connections
    ---------------------------------------------------------------
    input          1x28x28
    0      Conv2d  6x24x24  3,456         156      150       86,400
    1      ReLU    6x24x24  3,456           0        0            0
    ---------------------------------------------------------------
    total                   6,912         156      150       86,400
    """
    shapes = _input_shapes(input_shape)
    wanted = ag.get_default_dtype() if dtype is None else np.dtype(dtype)
    inputs = [ag.Tensor(np.zeros((1, *shape), wanted)) for shape in shapes]
    rows: list[LayerSize] = []
    seen: set[int] = set()  # parameters that are in a row already
    measuring = []
    for name, module in model.named_modules():
        if not list(module.children()) or list(module.parameters(recurse=False)):
            hook = partial(_measure, name or type(module).__name__, rows, seen)
            hooks: dict[Any, Any] = {**(module._forward_hooks or {}), object(): hook}
            measuring.append((module, "_forward_hooks", hooks))
    before = [(module, "_forward_hooks", module._forward_hooks) for module, *_ in measuring]
    back = chain(
        starmap(object.__setattr__, before),
        writing_modes((module, module.training) for module in model.modules()),
    )
    try:
        at_once(starmap(object.__setattr__, measuring))
        with ag.no_grad():
            model.eval()(*inputs)
    finally:
        at_once(back)
    return Summary(rows, shapes, sum(parameter.size for parameter in model.parameters()))


@named_arguments
def count_parameters(model: Module | Callable[[], Module]) -> int:
    """The number of parameters, shared ones once.

    Given a function that builds the network, no memory is taken for them, however many:

    >>> import nn
    >>> count_parameters(lambda: nn.Linear(200 * 200, 400_000, bias=False))
    16000000000
    """
    if not isinstance(model, Module):
        if not callable(model):
            raise DTypeError(
                "count_parameters: model must be an nn.Module or a function that builds one, got "
                f"{type(model).__name__}"
            )
        with init.without_memory():
            model = model()
    return sum(parameter.size for parameter in model.parameters())


def _measure(
    name: str, rows: list[LayerSize], seen: set[int], module: Module, args: Any, out: Any
) -> None:
    """A forward hook that adds the row of one call."""
    shape = _example_shape(out)
    new = [(n, p) for n, p in module.named_parameters(recurse=False) if id(p) not in seen]
    seen.update(id(p) for _, p in new)
    rows.append(
        LayerSize(
            name=name,
            kind=type(module).__name__,
            output_shape=shape,
            units=prod(shape),
            parameters=sum(p.size for _, p in new),
            weights=sum(p.size for n, p in new if not n.endswith("bias")),
            connections=_connections(module, _example_shape(args), shape),
        )
    )


def _connections(module: Any, before: Shape, after: Shape) -> int | None:
    """How often a weight of the layer is used for one example."""
    if not list(module.parameters(recurse=False)):
        return 0
    if isinstance(module, Linear | Bilinear):
        return module.weight.size * prod(after[:-1])
    if isinstance(module, ConvNd):
        return module.weight.size * prod(after[1:])
    if isinstance(module, ConvTransposeNd):
        return module.weight.size * prod(before[1:])
    if isinstance(module, LocalConv2d):
        return module.weight.size
    if isinstance(module, Normalization):
        return prod(after)
    return 0 if isinstance(module, Embedding) else None


def _input_shapes(input_shape: Any) -> list[Shape]:
    given = list(input_shape)
    shapes = [tuple(shape) for shape in given] if given and np.ndim(given[0]) else [tuple(given)]
    for shape in shapes:
        if not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
            raise ArgumentError(
                "summary: input_shape is the shape of one example, such as (1, 32, 32), or a list "
                f"of shapes; got {input_shape!r}"
            )
    return shapes


def _example_shape(values: Any) -> Shape:
    """The shape, without the batch, of the first Tensor or array there is."""
    if hasattr(values, "shape"):
        return tuple(values.shape[1:])
    items = values.values() if isinstance(values, dict) else values
    for item in items if isinstance(items, tuple | list) else ():
        return _example_shape(item)
    return ()


def _by(shape: Shape) -> str:
    return "x".join(map(str, shape))


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _line(cells: list[str], widths: list[int]) -> str:
    """Words to the left, numbers to the right."""
    words = [cell.ljust(width) for cell, width in zip(cells[:3], widths[:3], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[3:], widths[3:], strict=True)]
    return "  ".join(words + numbers).rstrip()
