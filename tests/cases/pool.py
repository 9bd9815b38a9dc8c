"""Rows of `autograd/ops/{pool,adaptive_pool}.py`: values against loops over every window."""

import math

import numpy as np

import autograd as ag
from tests.row import Row, distinct


def windows(shape, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """For each output position: the in-image index arrays of its window, one per axis."""
    axes = len(shape)
    each = lambda v: (v,) * axes if isinstance(v, int) else v
    kernel, padding, dilation = each(kernel_size), each(padding), each(dilation)
    stride = kernel if stride is None else each(stride)
    sizes, taps = [], []
    for n, k, s, p, d in zip(shape, kernel, stride, padding, dilation, strict=True):
        steps = (n + 2 * p - d * (k - 1) - 1) / s
        count = (math.ceil(steps) if ceil_mode else math.floor(steps)) + 1
        while ceil_mode and (count - 1) * s >= n + p:
            count -= 1
        sizes.append(count)
        taps.append([np.arange(k) * d + i * s - p for i in range(count)])
    for position in np.ndindex(*sizes):
        yield position, tuple(sizes), [taps[a][i] for a, i in enumerate(position)]


def pooled(reduce, axes, x, **options):
    """Each window of x, in-image elements only, flattened and reduced."""
    plane = x.shape[-axes:]
    out = None
    for position, sizes, taps in windows(plane, **options):
        if out is None:
            out = np.zeros(x.shape[:-axes] + sizes)
        inside = [t[(t >= 0) & (t < n)] for t, n in zip(taps, plane, strict=True)]
        patch = x[(..., *np.ix_(*inside))]
        patch = patch.reshape(*x.shape[:-axes], math.prod(patch.shape[-axes:]))
        out[(..., *position)] = reduce(patch, taps)
    return out


def average(axes, x, count_include_pad=True, divisor_override=None, **options):
    plane, padding = x.shape[-axes:], options.get("padding", 0)
    each = (padding,) * axes if isinstance(padding, int) else padding

    def mean(patch, taps):
        counted = math.prod(
            int(np.sum((t >= -p) & (t < n + p))) for t, n, p in zip(taps, plane, each, strict=True)
        )
        size = counted if count_include_pad else patch.shape[-1]
        return patch.sum(-1) / (divisor_override or size)

    return pooled(mean, axes, x, **options)


MAX_OPTIONS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": 1},
    {"kernel_size": 2, "stride": 3, "dilation": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True},
]
AVG_OPTIONS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True, "divisor_override": 5},
]
SHAPES = {1: [(2, 3, 6), (2, 5)], 2: [(2, 2, 5, 4), (2, 4, 5)]}


def flat(options):
    """Options for one axis: the first of each pair."""
    return {k: v[0] if isinstance(v, tuple) else v for k, v in options.items()}


def rows(name, axes, options, reference, draw, **kwargs):
    function = getattr(ag.ops, name)
    return [
        Row(
            name,
            lambda x: function(x, **options),
            [draw(*shape)],
            lambda x: reference(axes, x, **options),
            also=[((0, *shape[1:]),)] if len(shape) == axes + 2 else (),
            note=f"{shape} {options}",
            statics=options,
            **kwargs,
        )
        for shape in SHAPES[axes]
    ]


def maximum(axes, x, **options):
    return pooled(lambda patch, _: patch.max(-1), axes, x, **options)


def absolute(axes, x, **options):
    return pooled(lambda patch, _: np.abs(patch).max(-1), axes, x, **options)


def normal(*shape):
    return shape


def distinct_magnitudes(*shape):
    """Numbers of either sign whose magnitudes are 0.1 apart."""

    def draw(rng):
        count = math.prod(shape)
        magnitudes = (rng.permutation(count) + 1) * 0.1
        return (magnitudes * rng.choice([-1.0, 1.0], count)).reshape(shape)

    return draw


INDICES = np.array([[[0, 5, 5], [2, 1, 0]], [[3, 3, 3], [0, 1, 2]]])  # two planes of 2x3


def gathered(x):
    return np.take_along_axis(x.reshape(2, 6), INDICES.reshape(2, 6), 1).reshape(2, 2, 3)


def scattered(g):
    out = np.zeros((2, 6))
    for plane in range(2):
        for position, value in zip(INDICES[plane].ravel(), g[plane].ravel(), strict=True):
            out[plane, position] += value
    return out.reshape(2, 2, 3)


def shared(g, x_shape, options):
    """The gradient of ⟨g, average(x)⟩, element by element."""
    out = np.zeros(x_shape)
    for index in np.ndindex(*x_shape):
        basis = np.zeros(x_shape)
        basis[index] = 1
        out[index] = (g * average(2, basis, **options)).sum()
    return out


def adaptive(reduce, x, output_size):
    """Each window from ⌊iH/n⌋ to ⌈(i + 1)H/n⌉, reduced."""
    out = np.zeros((*x.shape[:-2], *output_size))
    edges = [
        [(math.floor(i * n / count), math.ceil((i + 1) * n / count)) for i in range(count)]
        for n, count in zip(x.shape[-2:], output_size, strict=True)
    ]
    for i, j in np.ndindex(*output_size):
        (top, bottom), (left, right) = edges[0][i], edges[1][j]
        out[..., i, j] = reduce(x[..., top:bottom, left:right], axis=(-2, -1))
    return out


ADAPTIVE = [((2, 2, 4, 6), (2, 3)), ((1, 2, 5, 3), (3, 2)), ((2, 3, 4), (5, 1))]


def adaptive_rows(shape, size):
    def shares(g):
        out = np.zeros(shape)
        for index in np.ndindex(*shape):
            basis = np.zeros(shape)
            basis[index] = 1
            out[index] = (g * adaptive(np.mean, basis, size)).sum()
        return out

    return [
        Row(
            "adaptive_avg_pool2d",
            lambda x: ag.adaptive_avg_pool2d(x, size),
            [shape],
            lambda x: adaptive(np.mean, x, size),
            also=[((0, *shape[1:]),)] if len(shape) == 4 else (),
            note=f"{shape} {size}",
            statics={"output_size": size},
        ),
        Row(
            "adaptive_avg_pool2d_grad",
            lambda g: ag.ops.adaptive_avg_pool2d_grad(g, shape),
            [(*shape[:-2], *size)],
            shares,
            note=f"{shape} {size}",
            statics={"input_shape": shape},
        ),
        Row(
            "adaptive_max_pool2d",
            lambda x: ag.adaptive_max_pool2d(x, size),
            [distinct(*shape)],
            lambda x: adaptive(np.max, x, size),
            also=[((0, *shape[1:]),)] if len(shape) == 4 else (),
            note=f"{shape} {size}",
            statics={"output_size": size},
        ),
    ]


ROWS = [
    Row(
        "max_pool2d",
        lambda x: ag.tanh(ag.max_pool2d(x, 2)),
        [distinct(1, 2, 4)],
        lambda x: np.tanh(maximum(2, x, kernel_size=2)),
        note="third order",
        order=3,
        statics={"kernel_size": 2},
    ),
    Row(
        "avg_pool2d",
        lambda x: ag.tanh(ag.avg_pool2d(x, 2, 1, 1)),
        [(1, 2, 3)],
        lambda x: np.tanh(average(2, x, kernel_size=2, stride=1, padding=1)),
        note="third order",
        order=3,
        statics={"kernel_size": 2, "stride": 1, "padding": 1},
    ),
    *(
        row
        for options in MAX_OPTIONS
        for row in (
            *rows("max_pool2d", 2, options, maximum, distinct),
            *rows("max_pool1d", 1, flat(options), maximum, distinct),
            *rows("absmax_pool2d", 2, options, absolute, distinct_magnitudes),
        )
    ),
    *(row for options in AVG_OPTIONS for row in rows("avg_pool2d", 2, options, average, normal)),
    *(
        row
        for options in AVG_OPTIONS[:4]
        for row in rows("avg_pool1d", 1, flat(options), average, normal)
    ),
    *(
        Row(
            "avg_pool2d",
            lambda x, size=size: ag.avg_pool2d(x, size, 2),
            [shape],
            lambda x, size=size: average(2, x, kernel_size=size, stride=2),
            note=f"{shape} by {size}",
            statics={"kernel_size": size, "stride": 2},
        )
        for shape, size in [((1, 2, 3, 4), (3, 4)), ((1, 2, 7, 6), (5, 4))]
    ),
    *(
        Row(
            "avg_pool2d_grad",
            lambda g, options=options: ag.ops.avg_pool2d_grad(g, (2, 5, 4), **options),
            [average(2, np.zeros((2, 5, 4)), **options).shape],
            lambda g, options=options: shared(g, (2, 5, 4), options),
            note=str(options),
            statics={"input_shape": (2, 5, 4), **options},
        )
        for options in AVG_OPTIONS
    ),
    Row(
        "plane_gather",
        lambda x: ag.ops.plane_gather(x, INDICES, (2, 3)),
        [(2, 2, 3)],
        gathered,
        operands=lambda x: (x, INDICES),
        statics={"plane": (2, 3)},
    ),
    Row(
        "plane_scatter",
        lambda g: ag.ops.plane_scatter(g, INDICES, (2, 3)),
        [(2, 2, 3)],
        scattered,
        operands=lambda g: (g, INDICES),
        statics={"plane": (2, 3)},
    ),
    Row(
        "subsample2d",
        lambda x: ag.subsample2d(x, (2, 3)),
        [(2, 5, 7)],
        lambda x: x[..., np.arange(x.shape[-2]) % 2 == 0, :][..., np.arange(x.shape[-1]) % 3 == 0],
        also=[((5, 4),), ((0, 3, 3),)],
        statics={"stride": (2, 3)},
    ),
    *(row for case in ADAPTIVE for row in adaptive_rows(*case)),
]
