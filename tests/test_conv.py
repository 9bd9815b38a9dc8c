"""Convolution: what its rows cannot say. PyTorch's values, and what is said of bad input."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

import autograd as ag
from autograd.errors import ArgumentError, DTypeError, ShapeError
from tests.against_torch import same_as_torch
from tests.row import short

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape)


CONV2D = [
    {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    for stride, padding, dilation, groups in itertools.product(
        [1, (2, 3)], [0, (2, 1), 3], [1, (1, 2)], [1, 2]
    )
] + [{"padding": "same"}, {"padding": "same", "dilation": 2, "groups": 2}, {"padding": "valid"}]


@pytest.mark.parametrize("kernel", [(3, 3), (2, 4)], ids=str)
@pytest.mark.parametrize("options", CONV2D, ids=str)
def test_conv2d_as_torch(options, kernel):
    groups = options.get("groups", 1)
    same_as_torch(
        lambda x, w, b: ag.conv2d(x, w, b, **options),
        lambda torch, x, w, b: torch.conv2d(x, w, b, **options),
        [normal(2, 4, 9, 8), normal(6, 4 // groups, *kernel), normal(6)],
    )


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_padding_modes_as_torch(mode):
    same_as_torch(
        lambda x, w: ag.conv2d(x, w, padding=(1, 3), padding_mode=mode),
        lambda torch, x, w: torch.conv2d(torch.nn.functional.pad(x, (3, 3, 1, 1), mode=mode), w),
        [normal(2, 2, 4, 5), normal(3, 2, 3, 2)],
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"stride": (3, 1), "padding": (0, 2), "groups": 2, "dilation": (1, 2)},
        {"dilation": 3, "output_padding": 2},
    ],
    ids=str,
)
def test_conv_transpose2d_as_torch(options):
    groups = options.get("groups", 1)
    same_as_torch(
        lambda x, w, b: ag.conv_transpose2d(x, w, b, **options),
        lambda torch, x, w, b: torch.conv_transpose2d(x, w, b, **options),
        [normal(2, 4, 4, 5), normal(4, 3, 3, 2), normal(3 * groups)],
    )


def test_conv_transpose1d_as_torch():
    same_as_torch(
        lambda x, w, b: ag.conv_transpose1d(x, w, b, 3, 1, 2, 2, 2),
        lambda torch, x, w, b: torch.conv_transpose1d(x, w, b, 3, 1, 2, 2, 2),
        [normal(2, 4, 5), normal(4, 3, 3), normal(6)],
    )


def test_conv1d_as_torch():
    same_as_torch(
        lambda x, w, b: ag.conv1d(x, w, b, 2, 3, 2, 2),
        lambda torch, x, w, b: torch.conv1d(x, w, b, 2, 3, 2, 2),
        [normal(2, 4, 9), normal(6, 2, 3), normal(6)],
    )


def test_unfold_and_fold_as_torch():
    options = {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 2), "stride": (1, 2)}
    same_as_torch(
        lambda x: ag.unfold(x, **options),
        lambda torch, x: torch.nn.functional.unfold(x, **options),
        [normal(2, 3, 5, 6)],
    )
    columns = ag.unfold(normal(2, 3, 5, 6), **options)
    same_as_torch(
        lambda c: ag.fold(c, (5, 6), **options),
        lambda torch, c: torch.nn.functional.fold(c, (5, 6), **options),
        [columns],
    )


def test_true_convolution_is_polynomial_multiplication():
    a, b = normal(5), normal(3)
    out = ag.conv1d(a[None], b[None, None], padding="full", flip=True)
    np.testing.assert_allclose(out[0], np.convolve(a, b))


def test_circular_true_convolution_is_a_product_of_spectra():
    x, w = normal(6, 6), normal(6, 6)
    out = ag.conv2d(
        x[None], w[None, None], padding=(5, 0, 5, 0), padding_mode="circular", flip=True
    )
    spectrum = np.fft.fft2(x) * np.fft.fft2(w)
    np.testing.assert_allclose(out[0], np.fft.ifft2(spectrum).real, atol=1e-12)


def test_local_with_one_kernel_everywhere_is_conv2d():
    x, w = normal(2, 3, 5, 4), normal(2, 3, 3, 2)
    everywhere = np.broadcast_to(w, (5, 5, *w.shape))
    np.testing.assert_allclose(
        ag.local_conv2d(x, everywhere, padding=1), ag.conv2d(x, w, padding=1), atol=1e-12
    )


def test_lists_and_numpy_integers_are_taken():
    x, w = normal(1, 2, 5, 5), normal(3, 2, 3, 3)
    expected = ag.conv2d(x, w, None, (2, 1), (1, 2))
    out = ag.conv2d(x, w, stride=[2, 1], padding=np.array([1, 2]), groups=np.int64(1))
    np.testing.assert_array_equal(out, expected)


def test_integer_images_take_the_dtype_of_the_weight():
    image = np.arange(9).reshape(1, 3, 3)
    out = ag.conv2d(ag.Tensor(image), np.ones((1, 1, 2, 2), np.float32))
    assert out.dtype == np.float32


def test_backward_keeps_no_columns():
    """Closures keep the operands, not the patches."""
    x = ag.Tensor(normal(1, 1, 8, 8), requires_grad=True)
    out = ag.conv2d(x, normal(1, 1, 3, 3))
    kept = [cell.cell_contents for cell in out.node.closures[0].__closure__]
    assert sum(a.size for a in kept if isinstance(a, np.ndarray)) == 9


BAD = [
    (ag.conv2d, (normal(5, 5), normal(1, 1, 2, 2)), {}, ShapeError, "(N, C, H, W), or (C, H, W)"),
    (ag.conv2d, (normal(1, 1, 5, 5), normal(1, 2, 2)), {}, ShapeError, "(K, C/groups, R, S)"),
    (ag.conv1d, (normal(5), normal(1, 1, 2)), {}, ShapeError, "x must be (N, C, L), or (C, L)"),
    (ag.conv1d, (normal(1, 5), normal(1, 1, 1, 2)), {}, ShapeError, "(K, C/groups, S)"),
    (
        ag.conv2d,
        (normal(1, 6, 5, 5), normal(8, 3, 2, 2)),
        {},
        ShapeError,
        "x has 6 channels, so with groups=1 weight (K, C/groups, R, S) must have "
        "shape (8, 6, 2, 2), got (8, 3, 2, 2)",
    ),
    (
        ag.conv2d,
        (normal(1, 6, 5, 5), normal(8, 6, 2, 2)),
        {"groups": 2},
        ShapeError,
        "with groups=2 weight (K, C/groups, R, S) must have shape (8, 3, 2, 2)",
    ),
    (
        ag.conv2d,
        (normal(1, 6, 5, 5), normal(8, 2, 2, 2)),
        {"groups": 3},
        ShapeError,
        "groups=3 must divide the 6 channels of x and the 8 of weight (8, 2, 2, 2)",
    ),
    (ag.conv2d, (normal(1, 1, 5, 5), normal(1, 1, 2, 2)), {"groups": 0}, ArgumentError, "groups"),
    (ag.conv2d, (normal(1, 0, 5, 5), normal(1, 1, 2, 2)), {}, ShapeError, "(1, 0, 5, 5)"),
    (ag.conv2d, (normal(1, 1, 5, 5), normal(0, 1, 2, 2)), {}, ShapeError, "(0, 1, 2, 2)"),
    (
        ag.conv2d,
        (normal(1, 1, 4, 6), normal(1, 1, 5, 3)),
        {"dilation": (2, 1), "padding": (1, 0)},
        ShapeError,
        "kernel 5x3 (dilated to 9x3) is larger than the padded input 6x6 (input 4x6",
    ),
    (ag.conv1d, (normal(1, 4), normal(1, 1, 5)), {}, ShapeError, "kernel 5 is larger than"),
    (
        ag.conv2d,
        (normal(1, 2, 5, 5), normal(3, 2, 2, 2), normal(2)),
        {},
        ShapeError,
        "bias must have shape (3,), got (2,)",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 5, 5), normal(1, 1, 2, 2)),
        {"stride": 0},
        ArgumentError,
        "stride must be a whole number of at least 1, got 0",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 5, 5), normal(1, 1, 2, 2)),
        {"dilation": (1, 0)},
        ArgumentError,
        "dilation must be a whole number of at least 1, got 0",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 5, 5), normal(1, 1, 2, 2)),
        {"padding": -1},
        ArgumentError,
        "padding must be a whole number of at least 0, got -1",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 5, 5), normal(1, 1, 2, 2)),
        {"padding": "same", "stride": 2},
        ArgumentError,
        "padding='same' needs stride 1",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 5, 5), normal(1, 1, 2, 2)),
        {"padding": "half"},
        ArgumentError,
        "'half'",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 5, 5), normal(1, 1, 2, 2)),
        {"stride": 1.5},
        DTypeError,
        "stride must be a whole number of at least 1, got 1.5",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 5, 5), normal(1, 1, 2, 2)),
        {"stride": (1, 2, 3)},
        ArgumentError,
        "(1, 2, 3)",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 5, 5), normal(1, 1, 2, 2)),
        {"padding_mode": "mirror"},
        ArgumentError,
        "'zeros', 'circular', 'reflect', 'replicate', got 'mirror'",
    ),
    (
        ag.conv2d,
        (normal(1, 1, 3, 5), normal(1, 1, 2, 2)),
        {"padding": 3, "padding_mode": "reflect"},
        ShapeError,
        "can add at most 2 to an axis of length 3",
    ),
    (ag.conv2d, (1.0, normal(1, 1, 2, 2)), {}, ShapeError, "got ()"),
    (
        ag.ops.conv2d_input_grad,
        (normal(1, 3, 3, 3), normal(3, 2, 2, 2), (1, 2, 5, 5)),
        {},
        ShapeError,
        "g must have shape (1, 3, 4, 4), got (1, 3, 3, 3)",
    ),
    (
        ag.conv_transpose2d,
        (normal(1, 4, 3, 3), normal(3, 2, 2, 2)),
        {},
        ShapeError,
        "so with groups=1 weight (C, K/groups, R, S) must have shape (4, 2, 2, 2)",
    ),
    (
        ag.conv_transpose2d,
        (normal(1, 4, 3, 3), normal(4, 2, 2, 2)),
        {"output_padding": 2, "stride": 2},
        ArgumentError,
        "output_padding must be less than stride (2, 2)",
    ),
    (
        ag.conv_transpose2d,
        (normal(1, 4, 3, 3), normal(4, 2, 2, 2)),
        {"padding": 2},
        ShapeError,
        "leaves no output",
    ),
    (
        ag.conv_transpose2d,
        (normal(1, 4, 3, 3), normal(4, 2, 2, 2), normal(2)),
        {"groups": 2},
        ShapeError,
        "bias must have shape (4,), got (2,)",
    ),
    (
        ag.local_conv2d,
        (normal(1, 2, 4, 4), normal(2, 3, 5, 2, 2, 2)),
        {},
        ShapeError,
        "the output is 3x3, so weight must have shape (3, 3, 5, 2, 2, 2)",
    ),
    (
        ag.local_conv2d,
        (normal(1, 2, 3, 3), normal(2, 2, 5, 2, 2, 2), normal(5)),
        {},
        ShapeError,
        "bias must have shape (5, 2, 2)",
    ),
    (ag.unfold, (normal(4, 4), 2), {}, ShapeError, "unfold: x must be (N, C, H, W)"),
    (ag.unfold, (normal(1, 4, 4), 5), {}, ShapeError, "kernel 5x5 is larger than"),
    (ag.fold, (normal(1, 6, 9), (4, 4), 2), {}, ShapeError, "(N, C·4, 9)"),
    (ag.fold, (normal(1, 8, 8), (4, 4), 2), {}, ShapeError, "output_size 4x4"),
]


@pytest.mark.parametrize(("function", "args", "options", "error", "said"), BAD, ids=short)
def test_bad_input_is_named(function, args, options, error, said):
    with pytest.raises(error, match=re.escape(said)) as caught:
        function(*args, **options)
    assert str(caught.value).startswith(function.__name__)


@pytest.mark.parametrize(
    "options",
    [{"padding": (2, 1)}, {"stride": 2, "padding": 1}, {"dilation": 2}, {"groups": 2}],
    ids=str,
)
def test_large_images_as_torch(options):
    """Enough work for the compiled kernels, in float32, odd sizes and all."""
    weight = normal(16, 6 // options.get("groups", 1), 5, 3)
    arrays = [normal(8, 6, 29, 31), weight, normal(16)]
    same_as_torch(
        lambda x, w, b: ag.conv2d(x, w, b, **options),
        lambda torch, x, w, b: torch.conv2d(x, w, b, **options),
        [a.astype(np.float32) for a in arrays],
        tolerance=1e-5,
    )


@pytest.mark.parametrize(
    "shape", [(4, 64, 14, 14), (3, 64, 9, 7), (64, 9, 7), (0, 64, 9, 7)], ids=str
)
@pytest.mark.parametrize("frozen", [False, True], ids=["", "weight frozen"])
def test_bias_gradient_by_every_way(shape, frozen):
    """It falls off with the weight's, if that is wanted, or is summed alone."""
    x, weight = normal(*shape).astype(np.float32), normal(64, 64, 3, 3).astype(np.float32)
    w, b = ag.tensor(weight, requires_grad=not frozen), ag.zeros(64, requires_grad=True)
    out = ag.conv2d(x, w, b, padding=1)
    total = np.zeros(64)
    for time in range(3):
        g = normal(*out.shape).astype(np.float32)
        out.backward(ag.tensor(g), retain_graph=time < 2)
        total += g.astype(np.float64).sum(axis=tuple(a for a in range(g.ndim) if a != g.ndim - 3))
        np.testing.assert_allclose(b.grad, total, atol=1e-3)
    recorded = ag.conv2d(x, w, b, padding=1)
    (db,) = ag.grad((recorded * recorded).sum(), [b], create_graph=True)
    np.testing.assert_allclose(
        db.data, 2 * recorded.data.sum(axis=tuple(a for a in range(g.ndim) if a != g.ndim - 3)),
        rtol=1e-3, atol=1e-1,
    )  # fmt: skip
    (second,) = ag.grad(db.sum(), [b])
    np.testing.assert_allclose(second, np.full(64, 2 * g.size / 64), rtol=1e-6)
