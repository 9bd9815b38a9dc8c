"""Making arrays larger: padding, tiling, repeating."""

from __future__ import annotations

import numpy as np

from autograd.engine.late_bound import ops
from autograd.engine.op_definition import Array, op
from autograd.errors import ArgumentError, ShapeError
from autograd.ops.axes import normal_axis, of_a_number
from autograd.ops.positions import whole_numbers
from autograd.support.arguments import one_of

__all__ = ["pad", "repeat", "tile"]

_MODES = ("constant", "reflect", "edge", "wrap")


@op
def pad(x: Array, pad_width, mode="constant", constant_values=0):
    """x with `pad_width` more elements before and after along each axis.

    `pad_width`: n, (before, after), or one such pair per axis. `mode`: "constant" (with
    `constant_values`), "reflect" (mirrored about the outermost element), "edge" (that element
    repeated) or "wrap" (periodic), as `numpy.pad`. The gradient adds up at the elements copied.

    >>> import autograd as ag
    >>> ag.pad(ag.tensor([1.0, 2.0, 3.0]), (1, 2), mode="wrap")
    tensor([3., 1., 2., 3., 1., 2.])
    """
    shape = np.shape(x)
    widths = _widths(pad_width, shape)
    if mode == "constant":
        inner = tuple(slice(b, b + n) for (b, _), n in zip(widths, shape, strict=True))
        return _padded(x, widths, constant_values=constant_values), lambda g: g[inner]
    one_of("pad", "mode", mode, _MODES)
    sources = [
        (axis, np.pad(np.arange(n), widths[axis], mode=mode)) for axis, n in enumerate(shape)
    ]
    return _padded(x, widths, mode=mode), lambda g: _folded(g, sources, widths, shape)


def _widths(pad_width, shape):
    """(before, after) for each axis of `shape`."""
    try:
        widths = np.broadcast_to(np.asarray(pad_width), (len(shape), 2))
    except ValueError:
        raise ShapeError(
            f"pad: pad_width {pad_width} does not fit shape {shape}; give n, (before, after) or "
            f"{len(shape)} such pairs"
        ) from None
    if widths.dtype.kind not in "iu" or (widths < 0).any():
        raise ArgumentError(f"pad: pad_width must be integers of 0 or more, got {pad_width}")
    return [(int(before), int(after)) for before, after in widths]


def _padded(x, widths, **how):
    return np.pad(x, widths, **how) if widths else np.array(x)


def _folded(g, sources, widths, shape):
    """g with what lies in the padding added where it was copied from, axis by axis."""
    for axis, source in sources:
        (before, after), n = widths[axis], shape[axis]
        if before or after:
            lead = (slice(None),) * axis
            inner = g[(*lead, slice(before, before + n))]
            ends = [g[(*lead, slice(0, before))], g[(*lead, slice(before + n, None))]]
            origins = np.concatenate([source[:before], source[before + n :]])
            outer = ops.concatenate(ends, axis)
            g = inner + ops.scatter_taken(outer, origins, axis, inner.shape)
    return g


@op
def tile(x: Array, reps):
    """x laid side by side `reps` times along each axis (an integer: along the last)."""
    shape = np.shape(x)
    counts = tuple(reps) if isinstance(reps, tuple | list | np.ndarray) else (reps,)
    ndim = max(len(counts), len(shape))
    counts = (1,) * (ndim - len(counts)) + counts
    sizes = (1,) * (ndim - len(shape)) + shape
    apart = tuple(n for pair in zip(counts, sizes, strict=True) for n in pair)
    copies = tuple(range(0, 2 * ndim, 2))
    return np.tile(x, reps), lambda g: ops.sum(g.reshape(apart), copies).reshape(shape)


@op
def repeat(x: Array, repeats, axis=None):
    """x with each element along `axis` (of the flattened x if None) repeated `repeats` times.

    `repeats`: one number, or one per element.

    >>> import autograd as ag
    >>> ag.repeat(ag.tensor([1.0, 2.0]), [2, 1])
    tensor([1., 1., 2.])
    """
    shape = np.shape(x)
    counts = whole_numbers("repeat", "repeats", repeats)
    if of_a_number(axis, len(shape)):
        axis = None
    if axis is not None:
        axis = normal_axis("repeat", axis, shape)
    if isinstance(counts, int):
        flat = (np.size(x),) if axis is None else shape
        after = 1 + (axis or 0)
        apart = (*flat[:after], counts, *flat[after:])
        return np.repeat(x, counts, axis), lambda g: ops.sum(g.reshape(apart), after).reshape(shape)
    length = np.size(x) if axis is None else shape[axis]
    source = np.repeat(np.arange(length), counts)
    return np.repeat(x, counts, axis), lambda g: ops.scatter_taken(g, source, axis, shape)
