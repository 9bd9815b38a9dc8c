"""Which values and gradients of a graph are still alive, and what can be said of them in a line.

A node keeps no data but what its closures captured. So a value is looked for where it may be: in
closures (the node's own `out`, its consumers' operands), in Tensors that somebody holds, and in
what `watch` kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.engine.captures import captured
from autograd.engine.in_place import owner
from autograd.engine.node import Node
from autograd.engine.tensors import Tensor
from autograd.viz.watching import kept

BARS = "▁▂▃▄▅▆▇█"
_SAMPLE = 1 << 20  # statistics of larger arrays look at about this many elements


def operands_in_closures(node: Node) -> dict[int, Any]:
    """Position -> value of the operands that the closures of `node` captured."""
    found: dict[int, Any] = {}
    names = node.op.operands
    for closure in node.closures or ():
        for name, value in captured(closure):
            if name not in names:
                continue
            if node.op.starred:
                found.update(enumerate(value))
            else:
                found[names.index(name)] = value
    return found


def output_in_closures(node: Node) -> np.ndarray | None:
    """The result of `node`, if one of its own closures captured it."""
    for closure in node.closures or ():
        for name, value in captured(closure):
            if name == "out" and isinstance(value, np.ndarray) and value.shape == node.shape:
                return value
    return None


class Alive:
    """Values and gradients of nodes and leaves, as far as they are to be had."""

    def __init__(self, nodes: Iterable[Node], held: Iterable[Tensor] = ()):
        self._values: dict[Any, np.ndarray] = {}
        self._grads: dict[Any, np.ndarray] = {}
        for tensor in held:
            self._hold(tensor)
        for node in nodes:
            self._look_into(node)

    def value(self, edge: Node | Tensor) -> np.ndarray | None:
        """The value of a leaf, or of the result of a node."""
        return edge._data if isinstance(edge, Tensor) else self._values.get(edge)

    def gradient(self, edge: Node | Tensor) -> np.ndarray | None:
        """The gradient that backward left."""
        if isinstance(edge, Tensor):
            return None if edge._grad is None else edge._grad._data
        return self._grads.get(edge)

    def _hold(self, tensor: Tensor) -> None:
        if tensor.node is not None:
            self._values[tensor.node] = tensor._data
            if tensor._grad is not None:
                self._grads[tensor.node] = tensor._grad._data

    def _look_into(self, node: Node) -> None:
        retainer = node.retainer() if node.retainer is not None else None
        if retainer is not None:
            self._hold(retainer)
        watched = kept.get(node)
        if watched is not None:
            self._values.setdefault(node, watched.value)
            if watched.gradient is not None:
                self._grads[node] = watched.gradient
        out = output_in_closures(node)
        if out is not None:
            self._values.setdefault(node, out)
        for position, value in operands_in_closures(node).items():
            edge = node.edges[position]
            if isinstance(edge, Node) and getattr(value, "shape", None) == edge.shape:
                self._values.setdefault(edge, value)


def held_buffers(node: Node) -> dict[int, int]:
    """Identity -> bytes of the distinct memory blocks that the closures of `node` keep alive."""
    return {key: block.nbytes for key, block in held_blocks(node).items()}


def held_blocks(node: Node) -> dict[int, np.ndarray]:
    """Identity -> the arrays that own the memory which the closures of `node` keep alive."""
    blocks: dict[int, np.ndarray] = {}
    seen: set[int] = set()
    waiting: list[Any] = list(node.closures or ())
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            block = owner(thing)
            blocks[id(block)] = block
        elif isinstance(thing, Tensor):
            waiting.append(thing._data)
        elif isinstance(thing, tuple | list):
            waiting.extend(thing)
        elif isinstance(thing, dict):
            waiting.extend(thing.values())
        elif callable(thing):
            waiting.extend(value for _, value in captured(thing))
            waiting.extend(getattr(thing, "__defaults__", None) or ())
    return blocks


def held_bytes(nodes: Iterable[Node]) -> int:
    """Bytes of the distinct memory blocks that the closures of these nodes keep alive."""
    blocks: dict[int, int] = {}
    for node in nodes:
        blocks.update(held_buffers(node))
    return sum(blocks.values())


# -- in words ------------------------------------------------------------------------------------


def number(value: Any) -> str:
    """A number in at most about eight characters."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return str(int(value)) if abs(int(value)) < 10**8 else f"{int(value):.3g}"
    if isinstance(value, complex | np.complexfloating):
        return f"{value:.3g}"
    return f"{float(value):.4g}"


def bytes_in_words(count: float) -> str:
    """`3.2 kB`: powers of 1,000, as disks and memory bills count."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def seconds_in_words(seconds: float) -> str:
    """`12 µs`, `3.4 ms`, `1.2 s`."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def shape_in_words(shape: tuple[int, ...]) -> str:
    """`(64, 10)`; a 0-d array is a `scalar`."""
    return str(tuple(shape)) if shape else "scalar"


def sampled(array: np.ndarray) -> np.ndarray:
    """The elements in one row; of a huge array, evenly spaced ones."""
    flat = array.reshape(-1)
    step = -(-flat.size // _SAMPLE)
    return flat[::step] if step > 1 else flat


def statistics(array: np.ndarray) -> str:
    """The number, or mean, [min, max] and a tiny histogram; NaN and Inf are counted."""
    if array.size == 0:
        return "empty"
    if array.size == 1:
        return number(array.reshape(-1)[0])
    flat = sampled(array)
    if flat.dtype.kind == "b":
        return f"{flat.mean():.0%} true"
    if flat.dtype.kind not in "iuf":
        return str(array.dtype)
    finite = flat[np.isfinite(flat)]
    bad = _not_finite(flat, finite.size)
    if finite.size == 0:
        return bad
    wide = finite.astype(np.float64)
    low, high = wide.min(), wide.max()
    if low == high:
        words = f"all {number(low)}" if finite.size == flat.size else number(low)
    else:
        words = f"mean {number(wide.mean())}  [{number(low)}, {number(high)}]"
    return "  ".join(filter(None, [words, bad, sparkline(wide)]))


def sparkline(numbers: np.ndarray, bins: int = 9) -> str:
    """A histogram in `bins` characters; nothing where all numbers are equal."""
    low, high = numbers.min(), numbers.max()
    with np.errstate(over="ignore"):
        width = high - low
    if not 0 < width < np.inf or low + width / bins == low:
        return ""
    counts = np.histogram(numbers, bins=bins, range=(low, high))[0]
    levels = np.ceil(counts / counts.max() * (len(BARS) - 1)).astype(int)
    return "".join(BARS[level] for level in levels)


def _not_finite(flat: np.ndarray, finite: int) -> str:
    if finite == flat.size:
        return ""
    nans = int(np.isnan(flat).sum())
    infinite = flat.size - finite - nans
    return ", ".join(f"{n} {what}" for n, what in ((nans, "NaN"), (infinite, "Inf")) if n)


def has_bad(array: np.ndarray | None) -> bool:
    """Whether there is a NaN or an infinity."""
    return array is not None and array.dtype.kind in "fc" and not bool(np.isfinite(array).all())
