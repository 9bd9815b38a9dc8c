"""Pooling kernels against their NumPy twins, and twins against a loop over windows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from autograd import kernels
from autograd.kernels import runtime
from autograd.kernels.pool import numpy_twin as pool_twin

DTYPES = (np.float32, np.float64)
NONE = (0, 0, 0, 0)

# name: (shape, kernel, stride, padding, dilation, out_size)
CASES = {
    "halves": ((2, 3, 38, 40), (2, 2), (2, 2), NONE, (1, 1), (19, 20)),
    "halves, ceil mode, padded": ((2, 3, 37, 41), (2, 2), (2, 2), (1, 0, 0, 0), (1, 1), (19, 21)),
    "stride 1, dilated": ((1, 3, 43, 37), (3, 2), (1, 1), (1, 0, 0, 1), (2, 3), (40, 35)),
    "stride 5 > kernel": ((1, 2, 40, 43), (2, 3), (4, 5), NONE, (1, 1), (10, 9)),
    "large window, asymmetric": ((1, 2, 47, 41), (5, 6), (2, 3), (2, 1, 3, 2), (1, 1), (23, 14)),
    "kernel = image": ((60, 2, 7, 7), (7, 7), (1, 1), NONE, (1, 1), (1, 1)),
    "rows of 7": ((60, 2, 14, 18), (2, 2), (2, 2), NONE, (1, 1), (7, 7)),
    "small": ((1, 1, 5, 4), (2, 2), (2, 2), (1, 1, 0, 0), (1, 1), (3, 2)),
    "no image": ((0, 3, 8, 8), (2, 2), (2, 2), NONE, (1, 1), (4, 4)),
}
DIVISORS = ((True, None), (False, None), (True, 7))


def image(shape, dtype, ties=True):
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, shape) if ties else rng.standard_normal(shape)
    return x.astype(dtype)


def windows(case):
    """For each output: its place and the positions inside the image that its window meets."""
    (_, _, height, width), kernel, stride, padding, dilation, out_size = CASES[case]
    for i, j in itertools.product(*map(range, out_size)):
        rows = (i * stride[0] - padding[0] + r * dilation[0] for r in range(kernel[0]))
        columns = [j * stride[1] - padding[2] + s * dilation[1] for s in range(kernel[1])]
        inside = [(y, x) for y in rows for x in columns if 0 <= y < height and 0 <= x < width]
        yield (i, j), inside


@pytest.mark.parametrize("case", ["small", "stride 5 > kernel"])
def test_the_twin_finds_the_first_maximum_of_each_window(case):
    shape, *rest = CASES[case]
    x = image(shape, np.float64)
    out, indices = pool_twin.max_pool2d(x, *rest)
    for (i, j), inside in windows(case):
        values = [x[0, 0, y, k] for y, k in inside]
        best = int(np.argmax(values))
        assert out[0, 0, i, j] == values[best]
        assert divmod(int(indices[0, 0, i, j]), shape[3]) == inside[best]


def check_max_pool(case, dtype, absolute=False):
    shape, *rest = CASES[case]
    x = image(shape, dtype)
    x.flat[:: max(1, x.size // 20)] = np.nan
    out, indices = kernels.max_pool2d(x, *rest, absolute)
    twin_out, twin_indices = pool_twin.max_pool2d(x, *rest, absolute)
    assert out.dtype == dtype and indices.dtype == twin_indices.dtype
    np.testing.assert_array_equal(out, twin_out)
    np.testing.assert_array_equal(indices, twin_indices)


@pytest.mark.parametrize("case", CASES)
def test_max_pool_equals_its_twin(case):
    check_max_pool(case, np.float32)


def test_max_pool_of_magnitudes_and_of_float64():
    for case in ("halves", "stride 5 > kernel"):
        check_max_pool(case, np.float32, absolute=True)
    check_max_pool("halves", np.float64)


def test_three_by_three_windows():
    x = image((2, 3, 37, 45), np.float32)
    args = (x, (3, 3), (2, 2), (1, 1, 1, 1), (1, 1), (19, 23))
    for got, wanted in zip(kernels.max_pool2d(*args), pool_twin.max_pool2d(*args), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("case", CASES)
def test_gather_and_scatter_are_adjoint(case):
    shape, *rest = CASES[case]
    x = image(shape, np.float32, ties=False)
    out, indices = kernels.max_pool2d(x, *rest)
    np.testing.assert_array_equal(kernels.plane_gather(x, indices), out)
    g = image(out.shape, np.float32, ties=False)
    scattered = kernels.plane_scatter_add(g, indices, shape[2:])
    twin = pool_twin.plane_scatter_add(g, indices, shape[2:])
    np.testing.assert_allclose(scattered, twin, rtol=1e-5, atol=1e-5)
    assert np.vdot(scattered, x) == pytest.approx(np.vdot(g, out), rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("case", [name for name in CASES if CASES[name][4] == (1, 1)])
def test_average_pool_equals_its_twin_and_its_adjoint(case):
    shape, kernel, stride, padding, _, out_size = CASES[case]
    for dtype in DTYPES if case == "halves" else DTYPES[:1]:
        x = image(shape, dtype, ties=False)
        for divisor in DIVISORS:
            args = (kernel, stride, padding)
            out = kernels.avg_pool2d(x, *args, out_size, *divisor)
            twin = pool_twin.avg_pool2d(x, *args, out_size, *divisor)
            tolerance = 8 * np.finfo(dtype).eps
            np.testing.assert_allclose(out, twin, rtol=tolerance, atol=4 * tolerance)
            g = image(out.shape, dtype, ties=False)
            grad = kernels.avg_pool2d_grad(g, shape, *args, *divisor)
            twin = pool_twin.avg_pool2d_grad(g, shape, *args, *divisor)
            np.testing.assert_allclose(grad, twin, rtol=tolerance, atol=4 * tolerance)
            together = np.vdot(out.astype(np.float64), g), np.vdot(x.astype(np.float64), grad)
            assert together[0] == pytest.approx(together[1], rel=1e-4, abs=1e-3)


def test_padding_counts_or_does_not():
    x = np.ones((1, 1, 4, 4), np.float32)
    args = (x, (3, 3), (2, 2), (1, 1, 1, 1), (2, 2))  # on the twins
    np.testing.assert_allclose(kernels.avg_pool2d(*args)[0, 0, 0], [4 / 9, 6 / 9], rtol=1e-6)
    np.testing.assert_array_equal(kernels.avg_pool2d(*args, False), np.ones((1, 1, 2, 2)))
    np.testing.assert_array_equal(kernels.avg_pool2d(*args, True, 2)[0, 0, 0, 0], 2)


def test_positions_have_the_smallest_type_that_holds_them():
    for side, wanted in ((16, np.uint8), (18, np.uint16), (256, np.uint16), (258, np.uint32)):
        x = np.zeros((8, 2, side, side), np.float32)
        x[:, :, -1, -1] = 1
        half = side // 2
        out, indices = kernels.max_pool2d(x, (2, 2), (2, 2), NONE, (1, 1), (half, half))
        assert indices.dtype == wanted and (indices[:, :, -1, -1] == side * side - 1).all()
        assert kernels.plane_scatter_add(out, indices, (side, side))[0, 0, -1, -1] == 1


def test_a_window_outside_the_image_gives_minus_infinity():
    for side in (4, 64):
        x = np.zeros((1, 1, side, side), np.float32)
        out, indices = kernels.max_pool2d(x, (1, 1), (1, 1), (1, 1, 0, 0), (1, 1), (side + 2, side))
        assert (out[0, 0, [0, -1]] == -np.inf).all() and not indices[0, 0, [0, -1]].any()


def test_any_layout_comes_in_and_nothing_is_written():
    shape, *rest = CASES["halves"]
    x = image(shape, np.float32)
    out, indices = kernels.max_pool2d(x, *rest)
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    frozen = x.copy()
    frozen.flags.writeable = False
    for view in (last, frozen, np.asfortranarray(x)):
        again, at = kernels.max_pool2d(view, *rest)
        np.testing.assert_array_equal(again, out)
        np.testing.assert_array_equal(at, indices)
        assert again.flags.c_contiguous
    np.testing.assert_array_equal(x, image(shape, np.float32))
    g = np.broadcast_to(np.float32(2), out.shape)
    scattered = kernels.plane_scatter_add(g, np.asfortranarray(indices), shape[2:])
    assert scattered.sum() == 2 * out.size


def test_results_do_not_depend_on_the_thread_count():
    shape = (64, 8, 32, 32)
    x = image(shape, np.float32, ties=False)
    args = ((2, 2), (2, 2), (0, 0, 0, 0))
    before = runtime.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 4):
            runtime.set_num_threads(threads)
            out, indices = kernels.max_pool2d(x, *args, (1, 1), (16, 16))
            scattered = kernels.plane_scatter_add(out, indices, (32, 32))
            mean = kernels.avg_pool2d(x, *args, (16, 16))
            grad = kernels.avg_pool2d_grad(mean, shape, *args)
            results.append([a.tobytes() for a in (out, indices, scattered, mean, grad)])
    finally:
        runtime.set_num_threads(before)
    assert results[0] == results[1] == results[2]
