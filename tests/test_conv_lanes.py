"""Convolution with images in the lanes: against its twin, on any machine, and when it is chosen."""

from __future__ import annotations

import mmap
import sys

import numpy as np
import pytest

from autograd.kernels import runtime
from autograd.kernels.conv import dispatch as conv
from autograd.kernels.conv import numpy_twin as conv_twin
from autograd.kernels.conv.lanes import choice as lanes
from autograd.kernels.conv.machine import machine, set_machine
from autograd.kernels.conv.shape import ConvShape, conv_shape
from tests.test_kernels_conv import SHAPES, assert_close, fenced, needs_numba, threads

__all__ = ["threads"]  # a fixture

pytestmark = needs_numba
MOST_LANES = 16  # float32 with AVX-512
DTYPES = [np.float32, np.float64]
WIDTHS = ["avx512", "avx2", "neon", "generic"]

# images that have pixels for a square of the widest vectors
NAMES = [
    name
    for name, (x, w, *rest) in SHAPES.items()
    if rest[-1] == 1
    and min(np.prod(conv_shape(x, w, *rest).output_shape[2:]), x[2] * x[3]) >= MOST_LANES
]


def problem(name: str, dtype: type, images: int):
    """x, weight, bias, output gradient and the ConvShape of a row, with so many images."""
    input_shape, *rest = SHAPES[name]
    c = conv_shape((images, *input_shape[1:]), *rest)
    rng = np.random.default_rng(0)
    shapes = (c.input_shape, c.weight_shape, (c.K,), c.output_shape)
    return *(rng.standard_normal(s).astype(dtype) for s in shapes), c


def run(x, weight, bias, g, c: ConvShape):
    """Forward, input gradient, weight and bias gradient."""
    from autograd.kernels.conv.lanes import launch as lanes_launch

    dtype, count = x.dtype, runtime.get_num_threads()
    return (
        lanes_launch.forward(c, dtype, count, False)(x, weight, bias),
        lanes_launch.input_grad(c, dtype, count)(g, weight),
        *lanes_launch.weight_grad(c, dtype, count, True)(g, x),
    )


def expected(*arrays_and_shape):
    *arrays, c = arrays_and_shape
    x, weight, bias, g = (a.astype(np.float64) for a in arrays)
    return (
        conv_twin.conv2d(x, weight, bias, c),
        conv_twin.conv2d_input_grad(g, weight, c),
        conv_twin.conv2d_weight_grad(g, x, c),
        g.sum(axis=(0, 2, 3)),
    )


@pytest.fixture
def vectors(request):
    """Code for the named kind of CPU, for one test."""

    set_machine(request.param)
    yield request.param
    set_machine(None)


@pytest.mark.parametrize("vectors", WIDTHS, indirect=True)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_equals_the_twin_at_every_vector_width(name, dtype, vectors):
    if vectors != "avx2" and name not in NAMES[:2] + NAMES[2::4]:
        pytest.skip("every fourth shape for the other widths")
    given = problem(name, dtype, MOST_LANES + 3)
    assert_close(run(*given), expected(*given), dtype)


@pytest.mark.parametrize("images", [8, 9, 15, 16, 31])
def test_any_number_of_images(images):
    given = problem("lenet 2", np.float32, images)
    assert_close(run(*given), expected(*given), np.float32)


@pytest.mark.parametrize("name", ["lenet 1", "lenet 2", "stride 2", "large rows in pieces"])
def test_same_bits_for_any_thread_count(name, threads):
    given = problem(name, np.float32, 21)
    results = []
    for count in (1, 2, 3, 5):
        threads(count)
        results.append([a.tobytes() for a in run(*given)])
    assert all(result == results[0] for result in results)


@pytest.mark.skipif(sys.platform != "linux", reason="fences memory with mprotect")
@pytest.mark.parametrize("at_end", [True, False], ids=["end", "start"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_read_outside_the_arrays(name, at_end):
    memory: list[mmap.mmap] = []
    *arrays, c = problem(name, np.float32, 9)
    wanted = run(*arrays, c)
    got = run(*(fenced(a, memory, at_end) for a in arrays), c)  # else a segmentation fault
    assert_close(got, wanted, np.float32)


def test_relu_and_no_bias():
    from autograd.kernels.conv.lanes import launch as lanes_launch

    x, weight, _, _, c = problem("lenet 2", np.float32, 8)
    plain = lanes_launch.forward(c, x.dtype, 1, False)(x, weight)
    cut = lanes_launch.forward(c, x.dtype, 1, True)(x, weight)
    np.testing.assert_array_equal(cut, np.maximum(plain, 0))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_reaches_what_it_does_in_sums(value):
    x, weight, bias, g, c = problem("lenet 2", np.float32, 11)
    x[9, 3, 6, 6] = g[2, 5, 4, 4] = value
    with np.errstate(invalid="ignore"):
        pairs = zip(
            run(x, weight, bias, g, c)[:2], expected(x, weight, bias, g, c)[:2], strict=True
        )
    for got, wanted in pairs:
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(wanted))
        np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))


# what a layer's three passes take: F forward, I input gradient, W weight gradient in lanes
CHOSEN = {
    "a batch of small images": (((64, 6, 14, 14), (16, 6, 5, 5), 1, 0), "FIW"),
    "one image": (((1, 6, 14, 14), (16, 6, 5, 5), 1, 0), ""),
    "fewer images than lanes": (((7, 6, 14, 14), (16, 6, 5, 5), 1, 0), ""),
    "half of the lanes twice": (((9, 6, 14, 14), (16, 6, 5, 5), 1, 0), ""),
    "tiny images": (((32, 16, 4, 4), (16, 16, 3, 3), 1, 1), "FIW"),
    "whole vectors in rows": (((32, 16, 16, 16), (16, 16, 3, 3), 1, 1), ""),
    "large images": (((32, 16, 56, 56), (16, 16, 3, 3), 1, 1), ""),
    "few taps": (((64, 1, 28, 28), (6, 1, 5, 5), 1, 2), "IW"),
    "stride": (((64, 16, 7, 7), (32, 16, 3, 3), 2, 1), "FIW"),
}


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("vectors", ["avx2"], indirect=True)
def test_chosen_by_shape(name, vectors, monkeypatch):

    (x, w, stride, padding), wanted = CHOSEN[name]
    c = conv_shape(x, w, (stride, stride), (padding,) * 4, (1, 1), 1)
    rules = lanes.forward_fits, lanes.input_grad_fits, lanes.weight_grad_fits
    fits = [rule(c, 4, machine()) for rule in rules]
    assert "".join(letter for letter, fit in zip("FIW", fits, strict=True) if fit) == wanted


def test_the_public_functions_take_it(monkeypatch):
    from autograd.kernels.conv.lanes import launch as lanes_launch

    taken = []
    for name in ("forward", "input_grad", "weight_grad"):
        make = getattr(lanes_launch, name)

        def spy(*args, name=name, make=make):
            taken.append(name)
            return make(*args)

        monkeypatch.setattr(lanes_launch, name, spy)
    x, weight, bias, g, c = problem("lenet 2", np.float32, 64)
    how = (c.stride, c.padding, c.dilation, c.groups)
    conv.forget()
    got = (
        conv.conv2d(x, weight, bias, how),
        conv.conv2d_input_grad(g, weight, x.shape, how),
        *conv.conv2d_weight_bias_grads(g, x, weight.shape, how),
    )
    conv.forget()
    assert taken == ["forward", "input_grad", "weight_grad"]
    assert_close(got, expected(x, weight, bias, g, c), np.float32)


def test_scratch_is_bounded():
    """What the launch asks for, from the plans: the rule and the module's docstring promise it."""
    from autograd.kernels.conv.lanes.image_plan import lanes_forward_plan
    from autograd.kernels.conv.lanes.weight_plan import lanes_weight_plan

    for (x, w, stride, padding), _ in CHOSEN.values():
        c = conv_shape(x, w, (stride, stride), (padding,) * 4, (1, 1), 1)
        cpu = machine()
        if lanes.forward_fits(c, 4, cpu):
            plan = lanes_forward_plan(c, 4, cpu)
            assert 4 * plan.layout.channels_in * plan.layout.plane <= 1.5 * (1 << 18)
            assert 4 * plan.block.rows * plan.buffer <= 1.5 * (1 << 15)
        if lanes.weight_grad_fits(c, 4, cpu):
            sums = lanes_weight_plan(c, 4, cpu)
            group = c.C * sums.layout.plane + c.K * sums.g_plane
            assert 4 * sums.together * group <= 1.5 * (1 << 19)


@pytest.mark.parametrize("kernel", [11, 25, 32])
def test_large_kernels(kernel):
    """Too many sets of taps to list the pixels of each: all are summed over."""
    c = conv_shape((16, 2, 40, 40), (3, 2, kernel, kernel), (1, 1), (kernel // 2,) * 4, (1, 1), 1)
    rng = np.random.default_rng(0)
    shapes = (c.input_shape, c.weight_shape, (c.K,), c.output_shape)
    given = *(rng.standard_normal(s) for s in shapes), c
    assert_close(run(*given), expected(*given), np.float64)
