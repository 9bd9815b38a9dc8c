"""Rows of `autograd/ops/{conv,conv_transpose,patches}.py`: values against plain loops."""

import numpy as np

import autograd as ag
from tests.row import Row

NUMPY_MODES = {
    "zeros": "constant",
    "circular": "wrap",
    "reflect": "reflect",
    "replicate": "edge",
}


def sides(padding, kernel, dilation):
    """(before, after) of each axis."""
    spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if padding == "same":
        return [(span // 2, span - span // 2) for span in spans]
    if padding == "full":
        return [(span, span) for span in spans]
    if padding == "valid":
        return [(0, 0) for _ in spans]
    if isinstance(padding, int):
        return [(padding, padding) for _ in spans]
    if len(padding) == len(spans):
        return [(p, p) for p in padding]
    return list(zip(padding[::2], padding[1::2], strict=True))


def correlate(
    x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros",
    flip=False,
):  # fmt: skip
    """conv1d or conv2d, one output position after the other."""
    axes = weight.ndim - 2
    if x.ndim == axes + 1:
        return correlate(
            x[None], weight, bias, stride, padding, dilation, groups, padding_mode, flip
        )[0]
    kernel = weight.shape[2:]
    stride = (stride,) * axes if isinstance(stride, int) else stride
    dilation = (dilation,) * axes if isinstance(dilation, int) else dilation
    if flip:
        weight = np.flip(weight, tuple(range(2, weight.ndim)))
    widths = [(0, 0), (0, 0), *sides(padding, kernel, dilation)]
    x = np.pad(x, widths, mode=NUMPY_MODES[padding_mode])
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    sizes = [(n - span) // s + 1 for n, span, s in zip(x.shape[2:], spans, stride, strict=True)]
    out_channels, group_in = weight.shape[:2]
    group_out = out_channels // groups
    out = np.zeros((len(x), out_channels, *sizes))
    for position in np.ndindex(*sizes):
        window = tuple(
            slice(i * s, i * s + span, d)
            for i, s, span, d in zip(position, stride, spans, dilation, strict=True)
        )
        patch = x[(slice(None), slice(None), *window)]
        for k in range(out_channels):
            first = k // group_out * group_in
            products = patch[:, first : first + group_in] * weight[k]
            out[(slice(None), k, *position)] = products.sum(tuple(range(1, products.ndim)))
    return out if bias is None else out + bias.reshape(-1, *(1,) * axes)


CASES_2D = {
    "plain": ((2, 2, 4, 5), (3, 2, 2, 3), {}),
    "stride": ((2, 1, 6, 5), (2, 1, 3, 2), {"stride": (2, 3), "padding": (1, 0)}),
    "dilation": ((1, 2, 5, 6), (2, 2, 2, 3), {"dilation": (3, 2), "padding": 1}),
    "groups": ((2, 4, 4, 3), (6, 2, 2, 2), {"groups": 2}),
    "depthwise": ((2, 3, 4, 3), (6, 1, 3, 3), {"groups": 3, "padding": 1, "stride": 2}),
    "same": ((1, 2, 3, 4), (2, 2, 2, 4), {"padding": "same"}),
    "same dilated": ((1, 1, 4, 4), (1, 1, 2, 3), {"padding": "same", "dilation": (3, 1)}),
    "full": ((1, 2, 3, 2), (2, 2, 2, 3), {"padding": "full"}),
    "valid flipped": ((1, 2, 4, 3), (2, 2, 3, 2), {"padding": "valid", "flip": True}),
    "uneven": ((1, 1, 4, 3), (2, 1, 3, 2), {"padding": (2, 0, 1, 3), "stride": 2}),
    "circular": ((1, 2, 4, 3), (1, 2, 3, 2), {"padding": (2, 3), "padding_mode": "circular"}),
    "reflect": ((1, 1, 4, 3), (2, 1, 3, 2), {"padding": (3, 1, 1, 2), "padding_mode": "reflect"}),
    "replicate": (
        (1, 1, 3, 4),
        (2, 1, 3, 2),
        {"padding": 4, "padding_mode": "replicate", "stride": 3, "flip": True},
    ),
    "unbatched": ((2, 4, 3), (2, 2, 3, 2), {"padding": 1}),
    "1x1": ((2, 3, 2, 3), (2, 3, 1, 1), {}),
}
CASES_1D = {
    "plain": ((2, 2, 5), (3, 2, 2), {}),
    "options": ((2, 4, 7), (2, 2, 3), {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}),
    "same flipped": ((1, 2, 4), (2, 2, 4), {"padding": "same", "flip": True}),
    "circular": ((1, 2, 4), (2, 2, 3), {"padding": (1, 2), "padding_mode": "circular"}),
    "unbatched": ((2, 5), (3, 2, 2), {"padding": "full"}),
}
EMPTY_BATCH = {"plain": [((0, 2, 4, 5), (3, 2, 2, 3), (3,))]}


def forward(name, note, x, weight, options):
    """A row for conv1d or conv2d with a bias."""
    function = getattr(ag.ops, name)
    return Row(
        name,
        lambda x, w, b: function(x, w, b, **options),
        [x, weight, weight[:1]],
        lambda x, w, b: correlate(x, w, b, **options),
        keeps="x weight",
        also=EMPTY_BATCH.get(note, []) if name == "conv2d" else (),
        note=note,
        statics=options,
    )


def out_shape(x, weight, options):
    return correlate(np.zeros(x), np.zeros(weight), **options).shape


def by_basis(function, shape):
    """The gradient of a scalar linear `function` of an array of `shape`, element by element."""
    gradient = np.zeros(shape)
    for index in np.ndindex(*shape):
        basis = np.zeros(shape)
        basis[index] = 1
        gradient[index] = function(basis)
    return gradient


def adjoints(note, x, weight, options):
    """Rows for the two gradient ops of `conv2d`."""
    out = out_shape(x, weight, options)
    return [
        Row(
            "conv2d_input_grad",
            lambda g, w: ag.ops.conv2d_input_grad(g, w, x, **options),
            [out, weight],
            lambda g, w: by_basis(lambda e: (g * correlate(e, w, **options)).sum(), x),
            keeps="g weight",
            note=note,
            statics={"input_shape": x, **options},
        ),
        Row(
            "conv2d_weight_grad",
            lambda g, x: ag.ops.conv2d_weight_grad(g, x, weight, **options),
            [out, x],
            lambda g, x: by_basis(lambda e: (g * correlate(x, e, **options)).sum(), weight),
            keeps="g x",
            note=note,
            statics={"weight_shape": weight, **options},
        ),
    ]


def pair(value, axes=2):
    return (value,) * axes if isinstance(value, int) else tuple(value)


def stamp(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """conv_transpose1d or 2d: the kernel times each element, added where it falls."""
    axes = weight.ndim - 2
    if x.ndim == axes + 1:
        return stamp(x[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
    stride, padding = pair(stride, axes), pair(padding, axes)
    extra, dilation = pair(output_padding, axes), pair(dilation, axes)
    channels, group_out, *kernel = weight.shape
    whole = [
        (n - 1) * s + d * (k - 1) + 1 + e
        for n, s, d, k, e in zip(x.shape[2:], stride, dilation, kernel, extra, strict=True)
    ]
    out = np.zeros((len(x), group_out * groups, *whole))
    for c in range(channels):
        first = c // (channels // groups) * group_out
        for i in np.ndindex(*x.shape[2:]):
            for r in np.ndindex(*kernel):
                at = tuple(a * s + b * d for a, s, b, d in zip(i, stride, r, dilation, strict=True))
                for k in range(group_out):
                    element = x[(slice(None), c, *i)] * weight[(c, k, *r)]
                    out[(slice(None), first + k, *at)] += element
    crop = tuple(slice(p, n - p) for p, n in zip(padding, whole, strict=True))
    out = out[(slice(None), slice(None), *crop)]
    return out if bias is None else out + bias.reshape(-1, *(1,) * axes)


TRANSPOSED = {
    "plain": ((2, 2, 2, 3), (2, 3, 2, 2), {}),
    "stride": (
        (1, 2, 3, 2),
        (2, 2, 3, 2),
        {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2)},
    ),
    "groups": ((2, 4, 2, 2), (4, 2, 2, 3), {"groups": 2, "dilation": (1, 2), "padding": 1}),
    "beyond reach": ((1, 1, 2, 3), (1, 2, 2, 2), {"dilation": 3, "output_padding": (2, 0)}),
    "unbatched": ((2, 2, 3), (2, 1, 2, 2), {"stride": 2}),
    "unbatched beyond reach": ((1, 1, 2), (1, 2, 2, 1), {"dilation": 3, "output_padding": (2, 0)}),
}
TRANSPOSED_1D = {
    "plain": ((2, 2, 3), (2, 3, 2), {}),
    "options": (
        (1, 4, 3),
        (4, 1, 3),
        {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "dilation": 2},
    ),
    "unbatched": ((2, 3), (2, 2, 2), {"stride": 3}),
}


def transposed(name, note, x, weight, options):
    function = getattr(ag.ops, name)
    out_channels = weight[1] * options.get("groups", 1)
    return Row(
        name,
        lambda x, w, b: function(x, w, b, **options),
        [x, weight, (out_channels,)],
        lambda x, w, b: stamp(x, w, b, **options),
        keeps="x weight",
        also=[((0, *x[1:]), weight, (out_channels,))] if note == "plain" else (),
        note=note,
        statics=options,
    )


def patches(x, kernel_size, dilation=1, padding=0, stride=1):
    """unfold: one column after the other, found by correlating with one-hot kernels."""
    kernel = pair(kernel_size)
    channels = x.shape[-3]
    taps = channels * kernel[0] * kernel[1]
    one_hot = np.eye(taps).reshape(taps, channels, *kernel)
    out = correlate(x, one_hot, None, stride, padding, dilation)
    return out.reshape(*out.shape[:-2], out.shape[-2] * out.shape[-1])


PATCHES = {
    "plain": ((2, 2, 3, 4), {"kernel_size": (2, 3)}),
    "options": ((1, 1, 5, 4), {"kernel_size": 2, "dilation": 2, "padding": 1, "stride": (1, 2)}),
    "unbatched": ((2, 3, 4), {"kernel_size": 2, "padding": (1, 0)}),
}


def patch_rows(note, x, options):
    columns = patches(np.zeros(x), **options).shape
    return [
        Row(
            "unfold",
            lambda x: ag.unfold(x, **options),
            [x],
            lambda x: patches(x, **options),
            also=[((0, *x[1:]),)] if len(x) == 4 else (),
            note=note,
            statics=options,
        ),
        Row(
            "fold",
            lambda c: ag.fold(c, x[-2:], **options),
            [columns],
            lambda c: by_basis(lambda e: (c * patches(e, **options)).sum(), x),
            note=note,
            statics={"output_size": x[-2:], **options},
        ),
    ]


LOCAL = {
    "plain": ((2, 2, 3, 3), (2, 2, 3, 2, 2, 2), {}),
    "options": ((2, 1, 4, 5), (2, 3, 1, 1, 2, 2), {"stride": 2, "padding": 1, "dilation": 2}),
    "unbatched": ((1, 2, 4), (2, 3, 2, 1, 2, 2), {"padding": (0, 1, 0, 0)}),
}


def unshared(x, weight, bias, **options):
    """local_conv2d: a whole convolution for every position, of which one output is taken."""
    out = np.zeros((*x.shape[:-3], weight.shape[2], *weight.shape[:2]))
    for i, j in np.ndindex(*weight.shape[:2]):
        out[..., i, j] = correlate(x, weight[i, j], **options)[..., i, j]
    return out + bias


ROWS = [
    *(forward("conv2d", note, *case) for note, case in CASES_2D.items()),
    *(forward("conv1d", note, *case) for note, case in CASES_1D.items()),
    *(
        row
        for note in ("stride", "groups", "same", "valid flipped", "circular", "unbatched")
        for row in adjoints(note, *CASES_2D[note])
    ),
    Row(
        "conv2d",
        lambda x, w: ag.conv2d(x, w, padding=1),
        [(1, 2, 3, 2), (1, 2, 2, 3)],
        lambda x, w: correlate(x, w, padding=1),
        keeps="x weight",
        note="third order",
        order=3,
        statics={"padding": 1},
    ),
    *(transposed("conv_transpose2d", note, *case) for note, case in TRANSPOSED.items()),
    *(transposed("conv_transpose1d", note, *case) for note, case in TRANSPOSED_1D.items()),
    *(row for note, case in PATCHES.items() for row in patch_rows(note, *case)),
    *(
        Row(
            "local_conv2d",
            lambda x, w, b, options=options: ag.local_conv2d(x, w, b, **options),
            [x, weight, (weight[2], *weight[:2])],
            lambda x, w, b, options=options: unshared(x, w, b, **options),
            keeps="x weight",
            also=[((0, 2, 3, 3), weight, (weight[2], *weight[:2]))] if note == "plain" else (),
            note=note,
            statics=options,
        )
        for note, (x, weight, options) in LOCAL.items()
    ),
]
