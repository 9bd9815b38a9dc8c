"""Winograd's convolution against its twin and the direct kernels, and the rule that chooses it."""

from __future__ import annotations

import itertools
import mmap
import subprocess
import sys

import numpy as np
import pytest

from autograd.errors import ArgumentError
from autograd.kernels import runtime
from autograd.kernels.conv import dispatch as conv
from autograd.kernels.conv import numpy_twin as conv_twin
from autograd.kernels.conv.machine import set_machine
from autograd.kernels.conv.shape import ConvShape, conv_shape
from autograd.kernels.conv.winograd import choice as winograd
from autograd.kernels.conv.winograd import numpy_twin as winograd_twin
from tests.test_kernels_conv import fenced, needs_numba

# images, channels in, height, width, channels out, padding (top, bottom, left, right)
SHAPES = {
    "one tile": (1, 32, 2, 2, 32, (1, 1, 1, 1)),
    "even": (3, 32, 8, 8, 32, (1, 1, 1, 1)),
    "odd": (2, 33, 7, 9, 35, (1, 1, 1, 1)),
    "primes": (5, 37, 13, 11, 41, (1, 1, 1, 1)),
    "three rows": (4, 16, 3, 5, 8, (0, 0, 1, 1)),
    "only padding beside one pixel": (2, 8, 1, 1, 8, (2, 2, 2, 2)),
    "no padding": (2, 32, 10, 14, 24, (0, 0, 0, 0)),
    "asymmetric": (3, 20, 9, 10, 28, (0, 2, 2, 1)),
    "padding 2": (2, 12, 6, 21, 12, (2, 2, 2, 2)),
    "wide": (1, 8, 4, 150, 16, (1, 1, 1, 1)),
    "more channels than a group": (2, 16, 6, 6, 150, (1, 1, 1, 1)),
    "several blocks": (2, 64, 30, 31, 16, (1, 1, 1, 1)),
    "several blocks of sums": (9, 8, 31, 30, 12, (0, 1, 2, 1)),
    "long columns": (1, 300, 12, 12, 16, (1, 1, 1, 1)),
}


def problem(name: str, dtype: type, seed: int = 0):
    """x, weight, bias, output gradient and the ConvShape of a row of `SHAPES`."""
    n, channels, height, width, k, padding = SHAPES[name]
    c = conv_shape((n, channels, height, width), (k, channels, 3, 3), (1, 1), padding, (1, 1), 1)
    rng = np.random.default_rng(seed)
    shapes = (c.input_shape, c.weight_shape, (c.K,), c.output_shape)
    return *(rng.standard_normal(s).astype(dtype) for s in shapes), c


class Compiled:
    """The functions that `direct_launch` or `winograd_launch` makes, called as a twin's are."""

    def __init__(self, module):
        self.module = module

    def conv2d(self, x, weight, bias, c: ConvShape, relu=False):
        run = self.module.forward(c, x.dtype, runtime.get_num_threads(), relu)
        return run(x, weight, bias)

    def conv2d_input_grad(self, g, weight, c: ConvShape):
        return self.module.input_grad(c, g.dtype, runtime.get_num_threads())(g, weight)

    def conv2d_weight_grad(self, g, x, c: ConvShape):
        return self.module.weight_grad(c, g.dtype, runtime.get_num_threads())(g, x)


def compiled() -> Compiled:
    from autograd.kernels.conv.winograd import launch as winograd_launch

    return Compiled(winograd_launch)


def direct() -> Compiled:
    from autograd.kernels.conv.direct import launch as direct_launch

    return Compiled(direct_launch)


def run(*arrays_and_shape):
    return run_twin(compiled(), *arrays_and_shape)


def run_twin(module, x, weight, bias, g, c: ConvShape):
    out, dx = module.conv2d(x, weight, bias, c), module.conv2d_input_grad(g, weight, c)
    return out, dx, module.conv2d_weight_grad(g, x, c)


def assert_close(got, expected, tolerance=3e-5):
    for a, b in zip(got, expected, strict=True):
        assert a.shape == b.shape and a.flags.c_contiguous
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


@pytest.fixture
def threads():
    """Sets the thread count for one test."""
    before = runtime.get_num_threads()
    yield runtime.set_num_threads
    runtime.set_num_threads(before)


@pytest.fixture
def vectors(request):
    """Code for the named kind of CPU, for one test."""

    set_machine(request.param)
    yield request.param
    set_machine(None)


@pytest.mark.parametrize("name", SHAPES)
def test_twin_is_a_convolution(name):
    arrays = problem(name, np.float64)
    assert_close(run_twin(winograd_twin, *arrays), run_twin(conv_twin, *arrays), tolerance=1e-12)


@needs_numba
@pytest.mark.parametrize("name", SHAPES)
def test_kernels_equal_their_twin(name):
    *arrays, c = problem(name, np.float32)
    wide = [a.astype(np.float64) for a in arrays]
    got = run(*arrays, c)
    assert all(a.dtype == np.float32 for a in got)
    assert_close(got, run_twin(winograd_twin, *wide, c))


@needs_numba
@pytest.mark.parametrize("vectors", ["avx512", "avx2", "neon", "generic"], indirect=True)
@pytest.mark.parametrize("name", SHAPES)
def test_every_vector_width(name, vectors):
    *arrays, c = problem(name, np.float32)
    wide = [a.astype(np.float64) for a in arrays]
    assert_close(run(*arrays, c), run_twin(conv_twin, *wide, c))


@needs_numba
@pytest.mark.parametrize("padding", list(itertools.product(range(3), repeat=4)))
def test_every_padding(padding):
    c = conv_shape((2, 6, 5, 4), (7, 6, 3, 3), (1, 1), padding, (1, 1), 1)
    rng = np.random.default_rng(1)
    shapes = (c.input_shape, c.weight_shape, (c.K,), c.output_shape)
    arrays = [rng.standard_normal(s).astype(np.float32) for s in shapes]
    assert_close(run(*arrays, c), run_twin(conv_twin, *arrays, c))


@needs_numba
@pytest.mark.parametrize("name", SHAPES)
def test_same_bits_for_any_thread_count(name, threads):
    *arrays, c = problem(name, np.float32)
    threads(1)
    expected = [a.tobytes() for a in run(*arrays, c)]
    for count in (2, 4, 2):
        threads(count)
        assert [a.tobytes() for a in run(*arrays, c)] == expected


@needs_numba
@pytest.mark.skipif(sys.platform != "linux", reason="fences memory with mprotect")
@pytest.mark.parametrize("at_end", [True, False], ids=["end", "start"])
@pytest.mark.parametrize("name", SHAPES)
def test_nothing_is_read_outside_the_arrays(name, at_end):
    memory: list[mmap.mmap] = []
    *arrays, c = problem(name, np.float32)
    expected = run(*arrays, c)
    got = run(*(fenced(a, memory, at_end) for a in arrays), c)  # else a segmentation fault
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@needs_numba
def test_without_bias_and_with_relu():
    x, weight, bias, _, c = problem("odd", np.float32)
    plain = compiled().conv2d(x, weight, None, c)
    shifted = compiled().conv2d(x, weight, bias, c)
    np.testing.assert_array_equal(plain + bias[:, None, None], shifted)
    rectified = compiled().conv2d(x, weight, bias, c, relu=True)
    np.testing.assert_array_equal(rectified, np.maximum(shifted, 0))


@needs_numba
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_inf_reach_exactly_their_outputs(value):
    x, weight, bias, _, c = problem("even", np.float32)
    for at in itertools.product((0, 3, 4, 7), repeat=2):
        spoilt, marked = x.copy(), x.copy()
        spoilt[1, 5, *at], marked[1, 5, *at] = value, np.nan
        touched = np.isnan(conv_twin.conv2d(marked, weight, bias, c))
        for relu in (False, True):
            out = compiled().conv2d(spoilt, weight, bias, c, relu)
            assert np.isfinite(out[~touched]).all()
            assert relu or not np.isfinite(out[touched]).any()
            assert np.isnan(out[touched]).all() or value == np.inf


def rms_error(got: np.ndarray, exact: np.ndarray) -> float:
    return float(np.sqrt(np.mean((got - exact) ** 2)))


@needs_numba
@pytest.mark.parametrize("channels", [32, 64, 256])
def test_rounding_error_beside_the_direct_kernels(channels):
    """At most four times their rms error, for all three."""
    c = conv_shape((2, channels, 14, 14), (64, channels, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1)
    rng = np.random.default_rng(0)
    shapes = (c.input_shape, c.weight_shape, c.output_shape)
    x, weight, g = (rng.standard_normal(s).astype(np.float32) for s in shapes)
    wide = [a.astype(np.float64) for a in (x, weight, g)]
    exact = conv_twin.conv2d(wide[0], wide[1], None, c)
    error = rms_error(compiled().conv2d(x, weight, None, c), exact)
    assert error <= 4 * rms_error(direct().conv2d(x, weight, None, c), exact)
    exact = conv_twin.conv2d_input_grad(wide[2], wide[1], c)
    error = rms_error(compiled().conv2d_input_grad(g, weight, c), exact)
    assert error <= 4 * rms_error(direct().conv2d_input_grad(g, weight, c), exact)
    exact = conv_twin.conv2d_weight_grad(wide[2], wide[0], c)
    error = rms_error(compiled().conv2d_weight_grad(g, x, c), exact)
    assert error <= 4 * rms_error(direct().conv2d_weight_grad(g, x, c), exact)


MANY = ((4, 64, 14, 14), (64, 64, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1)


def fits(input_shape, weight_shape, *options, dtype=np.float32):
    c = conv_shape(input_shape, weight_shape, *options)
    return winograd.fits(c, np.dtype(dtype), c.Ho, c.Wo)


def test_what_it_is_chosen_for():
    assert fits(*MANY)
    assert not fits(*MANY, dtype=np.float64)
    x, weight, one, padding, dilation, groups = MANY
    assert not fits((0, *x[1:]), *MANY[1:])
    assert not fits((1, 64, 6, 6), *MANY[1:])  # few tiles
    assert not fits((4, 32, 14, 14), (32, 32, 3, 3), *MANY[2:])  # few channels
    assert not fits((4, 8, 14, 14), (512, 8, 3, 3), *MANY[2:])
    assert not fits(x, (64, 64, 3, 5), *MANY[2:])
    assert not fits(x, weight, (2, 1), *MANY[3:])
    assert not fits(x, weight, one, (1, 1, 3, 1), dilation, groups)
    assert not fits(x, weight, one, padding, (1, 2), groups)
    assert not fits(x, (64, 32, 3, 3), *MANY[2:5], 2)


def weight_fits(*shape):
    return winograd.weight_fits(conv_shape(*shape), np.dtype(np.float32))


def test_what_the_weight_gradient_is_chosen_for():
    assert weight_fits(*MANY)
    assert not weight_fits((4, 64, 14, 14), (16, 64, 3, 3), *MANY[2:])
    assert not weight_fits((2, 64, 14, 14), *MANY[1:])  # few tiles
    assert not weight_fits((64, 64, 7, 7), *MANY[1:])  # a row and a column of tiles half empty
    assert weight_fits((64, 128, 7, 7), (64, 128, 3, 3), *MANY[2:])


@pytest.fixture
def switch(monkeypatch):
    """`set_winograd`, undone afterwards."""
    monkeypatch.delenv("AUTOGRAD_WINOGRAD", raising=False)
    winograd.set_winograd(None)
    yield winograd.set_winograd
    winograd.set_winograd(None)


def test_switch(switch, monkeypatch):
    assert winograd.use_winograd()
    switch(False)
    assert not fits(*MANY)
    switch(None)
    monkeypatch.setenv("AUTOGRAD_WINOGRAD", "0")
    assert not fits(*MANY)
    switch(True)
    assert fits(*MANY)
    with pytest.raises(ArgumentError, match="set_winograd"):
        switch("off")


@needs_numba
@pytest.mark.parametrize("on", [True, False])
def test_public_functions_take_it_where_it_fits(switch, monkeypatch, on):
    switch(on)
    input_shape, weight_shape, *moves = MANY
    options = tuple(moves)
    c = conv_shape(*MANY)
    rng = np.random.default_rng(0)
    shapes = (input_shape, weight_shape, (c.K,), c.output_shape)
    x, weight, bias, g = (rng.standard_normal(s).astype(np.float32) for s in shapes)
    module = compiled() if on else direct()
    expected = (
        module.conv2d(x, weight, bias, c, True),
        module.conv2d_input_grad(g, weight, c),
        module.conv2d_weight_grad(g, x, c),
    )
    odd = np.asfortranarray(x), weight.swapaxes(0, 1).copy().swapaxes(0, 1)  # any layout
    got = (
        conv.conv2d(*odd, bias, options, relu=True),
        conv.conv2d_input_grad(g, odd[1], input_shape, options),
        conv.conv2d_weight_grad(g, odd[0], weight_shape, options),
    )
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


SMALL_NET = """
import sys
import numpy as np
from autograd.kernels.conv import dispatch as conv
x, weight = np.ones((9, 6, 14, 14), np.float32), np.ones((16, 6, 5, 5), np.float32)
out = conv.conv2d(x, weight, None, ((1, 1), (0, 0, 0, 0), (1, 1), 1))
conv.conv2d_input_grad(out, weight, x.shape, ((1, 1), (0, 0, 0, 0), (1, 1), 1))
assert not [name for name in sys.modules if "winograd.launch" in name]
"""


def test_other_convolutions_do_not_compile_it():
    subprocess.run([sys.executable, "-c", SMALL_NET], check=True)
