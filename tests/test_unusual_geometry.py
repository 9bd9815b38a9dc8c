"""Layers where geometry or options are unusual: values, first and second derivatives."""

import warnings

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.kernels import set_kernels
from tests.row import short
from tests.test_nn_layers import LAYERS

rng = np.random.default_rng(0)
normal = rng.standard_normal


@pytest.fixture(params=["numba", "numpy"], autouse=True)
def kernels(request):
    set_kernels(request.param)
    yield
    set_kernels(None)


# -- pooling -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1, 7, 1), (2, 9, 40, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pool", [F.max_pool2d, F.absmax_pool2d])
def test_a_window_that_steps_over_the_image_has_no_gradient(pool, shape, dtype):
    x = ag.Tensor(normal(shape).astype(dtype), requires_grad=True)
    out = pool(x, (1, 2), None, (0, 1), 2)  # taps at columns -1 and 1 of images one wide
    assert (out.data == -np.inf).all()
    for g in (np.ones(out.shape, dtype), np.full(out.shape, -np.inf, dtype)):
        (first,) = ag.grad(out, [x], grad_outputs=g, create_graph=True)
        np.testing.assert_array_equal(first.data, np.zeros(shape))


def test_a_window_that_steps_over_the_image_is_at_position_0():
    out, indices = F.max_pool1d(normal((1, 2, 1)), 2, None, 1, 2, return_indices=True)
    assert (out == -np.inf).all() and (indices == 0).all()


def test_windows_beside_empty_ones_keep_their_gradient():
    x = normal((2, 3, 2))  # windows with taps at -2 and 1, at -1 and 2, and at 0 and 3
    options = {"kernel_size": 2, "stride": 1, "padding": 2, "dilation": 3}
    out = F.max_pool1d(x, **options)
    assert np.isfinite(out[0, 0]).tolist() == [True, False, True]
    finite = lambda x: ag.where(np.isfinite(out), F.max_pool1d(x, **options), 0.0) ** 2
    ag.check_grads(finite, [x])


@pytest.mark.parametrize(
    ("kernel", "stride", "shape", "largest", "mean"),
    [
        (5, 5, (4, 9), [[31.0, 35.0]], [[15.5, 20.0]]),
        (3, 2, (2, 2), [[3.0]], [[1.5]]),
        ((1, 9), (1, 2), (2, 8), [[7.0], [15.0]], [[3.5], [11.5]]),
    ],
)
def test_ceil_mode_takes_kernels_larger_than_the_image(kernel, stride, shape, largest, mean):
    x = np.arange(float(np.prod(shape))).reshape(1, 1, *shape)
    assert F.max_pool2d(x, kernel, stride, ceil_mode=True).tolist() == [[largest]]
    assert F.avg_pool2d(x, kernel, stride, ceil_mode=True).tolist() == [[mean]]
    ag.check_grads(lambda x: F.max_pool2d(x, kernel, stride, ceil_mode=True), [x])
    ag.check_grads(lambda x: F.avg_pool2d(x, kernel, stride, ceil_mode=True), [x])
    with pytest.raises(ShapeError, match="larger than the padded input"):
        F.max_pool2d(x, kernel, stride)


def test_a_kernel_larger_by_a_stride_fits_in_no_mode():
    with pytest.raises(ShapeError, match="kernel 5 is larger than the padded input 2"):
        F.avg_pool1d(normal((1, 2)), 5, 3, ceil_mode=True)


@pytest.mark.parametrize("size", [(7, 2), (5, 9), (1, 4)])
def test_adaptive_pools_to_more_than_there_is(size):
    x = normal((2, 3, 3, 4))
    for pool, reduce in ((F.adaptive_avg_pool2d, np.mean), (F.adaptive_max_pool2d, np.max)):
        out = pool(x, size)
        for i, j in np.ndindex(*size):
            rows = slice(i * 3 // size[0], -(-(i + 1) * 3 // size[0]))
            columns = slice(j * 4 // size[1], -(-(j + 1) * 4 // size[1]))
            expected = reduce(x[..., rows, columns], axis=(2, 3))
            np.testing.assert_allclose(out[..., i, j], expected, atol=1e-12)
        ag.check_grads(lambda x, pool=pool: pool(x, size), [x])


# -- padding -------------------------------------------------------------------------------------

PADS = [  # of [0, 1, 2, 3]
    ((3, -2), "reflect", [3, 2, 1, 0, 1]),
    ((-2, 2), "reflect", [2, 3, 2, 1]),
    ((3, -5), "reflect", [3, 2]),
    ((-5, 3), "reflect", [1, 0]),
    ((-2, 2), "circular", [2, 3, 2, 3]),
    ((-1, 1), "circular", [1, 2, 3, 1]),
    ((4, 0), "circular", [0, 1, 2, 3, 0, 1, 2, 3]),
    ((2, -3), "replicate", [0, 0, 0]),
    ((-3, 2), "replicate", [3, 3, 3]),
    ((5, -6), "replicate", [0, 0, 0]),
    ((-6, 5), "replicate", [3, 3, 3]),
    ((2, -3), "constant", [9, 9, 0]),
    ((5, -6), "constant", [9, 9, 9]),
    ((-2, -2), "constant", []),
]


@pytest.mark.parametrize(("widths", "mode", "expected"), PADS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_negative_padding(widths, mode, expected, axis):
    x = np.moveaxis(np.broadcast_to(np.arange(4.0), (2, 3, 4)), 2, axis)
    pad = [0, 0] * (2 - axis) + list(widths)
    value = 9.0 if mode == "constant" else None
    out = F.pad(x, pad, mode, value)
    line = np.moveaxis(out, axis, 2)
    np.testing.assert_array_equal(line, np.broadcast_to(np.array(expected, float), line.shape))
    assert line.shape == (2, 3, len(expected))
    ag.check_grads(lambda x: F.pad(x, pad, mode, value), [x])


@pytest.mark.parametrize(
    ("widths", "mode", "error", "message"),
    [
        ((-3, -2), "constant", ShapeError, "cut off more than the 4 elements of axis 1"),
        ((-5, 0), "replicate", ShapeError, "cut off more"),
        ((4, 0), "reflect", ShapeError, "can add at most 3 to axis 1"),
        ((5, 0), "circular", ShapeError, "can add at most 4 to axis 1"),
        ((3, -2), "circular", ShapeError, "can add at most 2 to axis 1"),
        ((-5, 3), "circular", ShapeError, "cut off more"),
        ((0.5, 1), "constant", DTypeError, "whole numbers"),
        (1, "constant", DTypeError, "pad must be a sequence"),
    ],
)
def test_padding_that_no_input_has_room_for(widths, mode, error, message):
    with pytest.raises(error, match=message):
        F.pad(np.zeros((1, 4)), widths, mode)


@pytest.mark.parametrize("mode", ["zeros", "circular", "reflect", "replicate"])
@pytest.mark.parametrize("kernel", [(2, 4), (3, 1)])
def test_same_padding_of_even_kernels_keeps_the_size_in_every_mode(mode, kernel):
    x, w = normal((2, 4, 5, 6)), normal((4, 2, *kernel))
    options = {"padding": "same", "dilation": (2, 1), "groups": 2, "padding_mode": mode}
    assert F.conv2d(x, w, **options).shape == x.shape
    total = [2 * (kernel[0] - 1), kernel[1] - 1]
    sides = [total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2]
    padded = F.pad(x, sides, "constant" if mode == "zeros" else mode)
    expected = F.conv2d(padded, w, dilation=(2, 1), groups=2)
    np.testing.assert_allclose(F.conv2d(x, w, **options), expected, atol=1e-12)
    ag.check_grads(lambda x, w: F.conv2d(x, w, **options), [x, w])


# -- transposed convolution ----------------------------------------------------------------------


def stamped(x, w, stride, padding, output_padding, dilation):
    """Transposed convolution of (N, C, H, W), stamp by stamp."""
    full = [
        (n - 1) * s + d * (k - 1) + 1 + e
        for n, s, d, k, e in zip(
            x.shape[2:], stride, dilation, w.shape[2:], output_padding, strict=True
        )
    ]
    out = np.zeros((len(x), w.shape[1], *full))
    for i, j, r, s in np.ndindex(*x.shape[2:], *w.shape[2:]):
        place = i * stride[0] + r * dilation[0], j * stride[1] + s * dilation[1]
        out[:, :, place[0], place[1]] += np.einsum("nc,ck->nk", x[:, :, i, j], w[:, :, r, s])
    (top, left), (height, width) = padding, full
    return out[:, :, top : height - top, left : width - left]


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "padding", "output_padding", "dilation"),
    [
        ((4, 4), (4, 5), (1, 2), (0, 2), (0, 3), (1, 4)),  # beyond the stride, within the padding
        ((3, 2), (2, 2), (2, 1), (1, 0), (1, 2), (1, 3)),  # beyond the last stamp
        ((2, 3), (3, 2), (1, 1), (2, 3), (4, 4), (5, 6)),  # both
        ((1, 1), (1, 1), (1, 1), (1, 3), (2, 9), (3, 10)),  # nothing but what no stamp reaches
    ],
)
def test_output_padding_that_reaches_the_stride(
    shape, kernel, stride, padding, output_padding, dilation
):
    x, w, b = normal((2, 2, *shape)), normal((2, 3, *kernel)), normal(3)
    call = lambda x, w, b: F.conv_transpose2d(
        x, w, b, stride, padding, output_padding, dilation=dilation
    )
    expected = stamped(x, w, stride, padding, output_padding, dilation) + b[:, None, None]
    np.testing.assert_allclose(call(x, w, b), expected, atol=1e-12)
    np.testing.assert_allclose(
        call(*(a.astype(np.float32) for a in (x, w, b))), expected, atol=1e-4
    )
    ag.check_grads(call, [x, w, b])
    one = lambda x, w, b: F.conv_transpose1d(
        x, w, b, stride[1], padding[1], output_padding[1], dilation=dilation[1]
    )
    x, w = x[:, :, :1], w[:, :, :1]
    line = stamped(x, w, (1, stride[1]), (0, padding[1]), (0, output_padding[1]), (1, dilation[1]))
    np.testing.assert_allclose(
        one(x[:, :, 0], w[:, :, 0], b), line[:, :, 0] + b[:, None], atol=1e-12
    )
    ag.check_grads(one, [x[:, :, 0], w[:, :, 0], b])


# -- similarity ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "axis"),
    [((1, 2, 3), (2, 1, 3), -2), ((1, 2, 3), (2, 1, 3), 0), ((4, 3), (3,), 1), ((4,), (2, 1), 0)],
)
def test_cosine_similarity_broadcasts_before_it_reduces(first, second, axis):
    a, b = normal(first), normal(second)
    wide, other = np.broadcast_arrays(a, b)
    lengths = np.linalg.norm(wide, axis=axis) * np.linalg.norm(other, axis=axis)
    expected = (wide * other).sum(axis) / lengths
    np.testing.assert_allclose(F.cosine_similarity(a, b, axis), expected, atol=1e-12)
    ag.check_grads(lambda a, b: F.cosine_similarity(a, b, axis), [a, b])
    with pytest.raises(ShapeError, match=r"cosine_similarity: x1 and x2 must broadcast"):
        F.cosine_similarity(normal((2, 3)), normal(4))


# -- empty batches -------------------------------------------------------------------------------

BATCHED = [row for row in LAYERS if not row[0].endswith("Loss") and row[3][0].ndim != 1]


@pytest.mark.parametrize(("name", "args", "options", "inputs"), BATCHED, ids=short)
def test_an_empty_batch_goes_through_every_layer(name, args, options, inputs):
    if inputs[0].shape == (4, 9, 8):
        pytest.skip("one image has no batch")
    layer = getattr(nn, name)(*args, **options)
    if name.startswith("BatchNorm"):  # in training there would be nothing to take statistics of
        if not layer.track_running_stats:
            pytest.skip("uses the batch's statistics in evaluation too")
        layer.eval()
    expected = layer(*inputs).shape
    tensors = [ag.Tensor(x[:0], requires_grad=x.dtype.kind == "f") for x in inputs]
    out = layer(*tensors)
    assert out.shape[1:] == expected[1:] or name == "Flatten"
    assert out.size == 0
    if out.requires_grad:
        out.sum().backward()
    for tensor in tensors:
        assert not tensor.requires_grad or tensor.grad.shape == tensor.shape
    for parameter in layer.parameters():
        assert (parameter.grad.data == 0).all()


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kernel", [(1, 1), (5, 5), (3, 2), (5, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_empty_batch_under_kernels_of_every_size(kernel, groups, dtype):
    x = ag.Tensor(np.zeros((0, 4, 5, 5), dtype), requires_grad=True)
    w = ag.Tensor(normal((6, 4 // groups, *kernel)).astype(dtype), requires_grad=True)
    out = F.conv2d(x, w, groups=groups)
    assert out.shape == (0, 6, 6 - kernel[0], 6 - kernel[1]) and out.dtype == dtype
    dx, dw = ag.grad((out * out).sum(), [x, w], create_graph=True)
    assert dx.shape == x.shape and (dw.data == 0).all() and dw.shape == w.shape
    (second,) = ag.grad((dw * dw).sum() + dx.sum(), [w])
    assert (second.data == 0).all() and second.shape == w.shape


# -- options of norms ----------------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0.1, None])
def test_batch_norm_keeps_its_statistics_once_tracking_is_switched_off(momentum):
    norm = nn.BatchNorm1d(2, momentum=momentum)
    norm(np.array([[1.0, 2.0], [3.0, 6.0]], np.float32))
    before = {key: value.data.copy() for key, value in norm.state_dict().items()}
    norm.track_running_stats = False
    norm(np.array([[5.0, 2.0], [3.0, 7.0]], np.float32))
    for key, value in norm.state_dict().items():
        np.testing.assert_array_equal(value.data, before[key])
    x = np.array([[5.0, 2.0]], np.float32)
    mean, var = before["running_mean"], before["running_var"]
    np.testing.assert_allclose(norm.eval()(x).data, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-6)
    norm.train().track_running_stats = True
    norm(np.array([[5.0, 2.0], [3.0, 7.0]], np.float32))
    assert norm.num_batches_tracked.item() == 2 and (norm.running_mean.data != mean).all()


def test_batch_norm_that_was_built_without_statistics_uses_the_batch():
    norm = nn.BatchNorm1d(2, track_running_stats=False)
    norm.track_running_stats = True
    x = normal((5, 2)).astype(np.float32)
    np.testing.assert_array_equal(norm(x).data, norm.eval()(x).data)


@pytest.mark.parametrize("momentum", [0.3, None])
def test_instance_norm_moves_statistics_by_momentum(momentum):
    norm = nn.InstanceNorm1d(3, momentum=momentum, track_running_stats=True)
    x = normal((2, 3, 4)).astype(np.float32)
    out = norm(x)
    np.testing.assert_allclose(out.mean(2), np.zeros((2, 3)), atol=1e-6)
    moved = 0 if momentum is None else momentum * x.mean((0, 2))
    np.testing.assert_allclose(norm.running_mean.data, np.zeros(3) + moved, rtol=1e-6)
    assert norm.num_batches_tracked.item() == 0  # as PyTorch's
    norm.eval().track_running_stats = False
    np.testing.assert_allclose(norm(x).data if momentum is None else out, out, rtol=1e-6)


def test_instance_norm_takes_one_example():
    x, y = normal((3, 4)), normal((3, 4, 5))
    lines, images = nn.InstanceNorm1d(3), nn.InstanceNorm2d(3)
    np.testing.assert_array_equal(lines(x), lines(x[None])[0])
    np.testing.assert_array_equal(images(y), images(y[None])[0])


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.BatchNorm1d(2), (1, 2)),
        (nn.BatchNorm1d(2), (0, 2)),
        (nn.BatchNorm2d(2, track_running_stats=False).eval(), (1, 2, 1, 1)),
        (nn.InstanceNorm1d(2), (3, 2, 1)),
        (nn.InstanceNorm2d(2).eval(), (2, 1, 1)),
    ],
    ids=str,
)
def test_a_single_value_has_no_statistics(layer, shape):
    before = {key: value.data.copy() for key, value in layer.state_dict().items()}
    with pytest.raises(ArgumentError, match="more than one value per channel"):
        layer(np.zeros(shape, np.float32))
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.data, before[key])


# -- images as files hold them -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "order"),
    [
        (lambda: nn.Conv2d(3, 8, 3)(np.zeros((4, 9, 9, 3))), "0, 3, 1, 2"),
        (lambda: nn.Conv2d(3, 8, 3)(np.zeros((9, 9, 3))), "2, 0, 1"),
        (lambda: nn.Conv1d(3, 8, 3)(np.zeros((4, 9, 3))), "0, 2, 1"),
        (lambda: nn.ConvTranspose2d(3, 8, 3)(np.zeros((4, 9, 9, 3))), "0, 3, 1, 2"),
        (lambda: nn.LocalConv2d(3, 8, 3, 9)(np.zeros((4, 9, 9, 3))), "0, 3, 1, 2"),
        (lambda: nn.BatchNorm2d(3)(np.zeros((4, 9, 9, 3))), "0, 3, 1, 2"),
        (lambda: nn.InstanceNorm2d(3)(np.zeros((9, 9, 3))), "2, 0, 1"),
        (lambda: nn.GroupNorm(1, 3)(np.zeros((4, 9, 9, 3))), "0, 3, 1, 2"),
        (lambda: F.conv2d(np.zeros((4, 9, 9, 3)), np.zeros((8, 3, 3, 3))), "0, 3, 1, 2"),
        (lambda: F.conv_transpose1d(np.zeros((9, 3)), np.zeros((3, 8, 3))), "1, 0"),
    ],
)
def test_channels_at_the_end_are_told_to_be_moved(call, order):
    with pytest.raises(ShapeError, match=rf"give x\.transpose\({order}\)"):
        call()


def test_bytes_are_taken_as_they_are_and_said_to_be():
    pixels = rng.integers(0, 256, (2, 3, 5, 5)).astype(np.uint8)
    layer = nn.Conv2d(3, 4, 3)
    with pytest.warns(UserWarning, match=r"x\.astype\(np\.float32\) / 255"):
        out = layer(pixels)
    np.testing.assert_array_equal(out.data, layer(pixels.astype(np.float32)).data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for whole in (pixels > 9, (pixels > 9).astype(np.uint8), pixels.astype(np.int64)):
            assert layer(whole).dtype == np.float32
