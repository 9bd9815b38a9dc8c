"""Convolution kernels against their NumPy twins, PyTorch, and themselves on other settings."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.kernels import runtime
from autograd.kernels.conv import dispatch as conv
from autograd.kernels.conv import numpy_twin as conv_twin
from autograd.kernels.conv.machine import machine, set_machine
from autograd.kernels.conv.shape import ConvShape, conv_shape

# input, weight, stride, padding (top, bottom, left, right), dilation, groups
SHAPES = {
    "lenet 1": ((9, 1, 28, 28), (6, 1, 5, 5), (1, 1), (2, 2, 2, 2), (1, 1), 1),
    "lenet 2": ((9, 6, 14, 14), (16, 6, 5, 5), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    "primes": ((3, 5, 13, 11), (7, 5, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "wide": ((2, 3, 7, 67), (5, 3, 3, 5), (1, 1), (1, 1, 2, 2), (1, 1), 1),
    "tall": ((2, 3, 71, 3), (2, 3, 5, 3), (1, 1), (2, 2, 1, 1), (1, 1), 1),
    "whole rows of vectors": ((5, 8, 16, 16), (12, 8, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "many small images": ((37, 4, 4, 4), (8, 4, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "tiny images": ((11, 3, 2, 2), (4, 3, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "kernel covers the image": ((6, 4, 5, 5), (10, 4, 5, 5), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    "kernel covers the padded image": (
        (6, 4, 3, 3),
        (10, 4, 5, 5),
        (1, 1),
        (1, 1, 1, 1),
        (1, 1),
        1,
    ),
    "one image": ((1, 16, 24, 24), (16, 16, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "one channel in and out": ((4, 1, 9, 9), (1, 1, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "large image in pieces": ((1, 40, 61, 61), (4, 40, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "large rows in pieces": ((2, 32, 64, 64), (3, 32, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "1x1": ((5, 8, 7, 9), (6, 8, 1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    "1x1 on one pixel": ((5, 8, 1, 1), (6, 8, 1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    "1x1 stride 2": ((3, 4, 9, 8), (6, 4, 1, 1), (2, 2), (0, 0, 0, 0), (1, 1), 1),
    "1x1 padded": ((3, 4, 6, 6), (6, 4, 1, 1), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    "stride 2": ((5, 6, 32, 32), (8, 6, 3, 3), (2, 2), (1, 1, 1, 1), (1, 1), 1),
    "stride 2, 7x7": ((2, 3, 31, 33), (8, 3, 7, 7), (2, 2), (3, 3, 3, 3), (1, 1), 1),
    "stride 3 by 1": ((2, 3, 20, 17), (5, 3, 4, 2), (3, 1), (1, 2, 0, 1), (1, 1), 1),
    "stride > kernel": ((3, 4, 19, 23), (4, 4, 2, 2), (4, 5), (0, 0, 0, 0), (1, 1), 1),
    "stride leaves a rest": ((2, 3, 10, 10), (4, 3, 3, 3), (3, 3), (0, 0, 0, 0), (1, 1), 1),
    "dilation": ((2, 5, 17, 19), (4, 5, 3, 3), (1, 1), (2, 2, 3, 3), (2, 3), 1),
    "dilation and stride": ((2, 3, 21, 18), (4, 3, 3, 2), (2, 3), (1, 0, 2, 1), (2, 2), 1),
    "asymmetric padding": ((3, 4, 9, 10), (5, 4, 3, 3), (1, 1), (0, 2, 3, 1), (1, 1), 1),
    "padding > kernel": ((2, 2, 5, 5), (3, 2, 2, 2), (1, 1), (4, 3, 5, 4), (1, 1), 1),
    "padding > kernel, stride": ((2, 2, 5, 6), (3, 2, 2, 2), (3, 2), (4, 3, 5, 4), (1, 1), 1),
    "groups": ((3, 8, 12, 12), (12, 4, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 2),
    "groups of 3 and 5": ((3, 9, 12, 12), (15, 3, 3, 3), (2, 2), (1, 1, 1, 1), (1, 1), 3),
    "depthwise": ((3, 10, 16, 16), (10, 1, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 10),
    "depthwise, two each": ((2, 6, 15, 15), (12, 1, 5, 5), (2, 2), (2, 2, 2, 2), (1, 1), 6),
    "depthwise 1x1": ((2, 6, 5, 5), (6, 1, 1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 6),
    "conv1d": ((4, 6, 1, 100), (8, 6, 1, 5), (1, 1), (0, 0, 2, 2), (1, 1), 1),
}

DTYPES = [np.float32, np.float64]
needs_numba = pytest.mark.skipif(not runtime.use_numba(), reason="the compiled kernels are off")


def problem(name: str, dtype: type, seed: int = 0):
    """x, weight, bias, output gradient and the ConvShape of a row of `SHAPES`."""
    input_shape, weight_shape, stride, padding, dilation, groups = SHAPES[name]
    c = conv_shape(input_shape, weight_shape, stride, padding, dilation, groups)
    rng = np.random.default_rng(seed)
    shapes = (c.input_shape, c.weight_shape, (c.K,), c.output_shape)
    return *(rng.standard_normal(s).astype(dtype) for s in shapes), c


def options(c: ConvShape):
    return c.stride, c.padding, c.dilation, c.groups


def run(x, weight, bias, g, c: ConvShape):
    """All three kernels, through the public functions."""
    return (
        conv.conv2d(x, weight, bias, options(c)),
        conv.conv2d_input_grad(g, weight, x.shape, options(c)),
        conv.conv2d_weight_grad(g, x, weight.shape, options(c)),
    )


def run_reference(x, weight, bias, g, c: ConvShape):
    return (
        conv_twin.conv2d(x, weight, bias, c),
        conv_twin.conv2d_input_grad(g, weight, c),
        conv_twin.conv2d_weight_grad(g, x, c),
    )


def assert_close(got, expected, dtype):
    """Within rounding of sums of a few thousand terms, relative to the largest element."""
    tolerance = 2e-5 if dtype == np.float32 else 1e-12
    for a, b in zip(got, expected, strict=True):
        assert a.shape == b.shape and a.dtype == dtype and a.flags.c_contiguous
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


@pytest.fixture
def threads():
    """Sets the thread count for one test."""
    before = runtime.get_num_threads()
    yield runtime.set_num_threads
    runtime.set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_kernels_equal_their_twins(name, dtype):
    *arrays, c = problem(name, dtype)
    wide = [a.astype(np.float64) for a in arrays]
    assert_close(run(*arrays, c), run_reference(*wide, c), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_bias_gradient_falls_off_with_the_weight_gradient(name, dtype, threads):
    x, weight, _, g, c = problem(name, dtype)
    wanted = conv.conv2d_weight_grad(g, x, weight.shape, options(c))
    total = g.astype(np.float64).sum(axis=(0, 2, 3))
    of_threads = []
    for count in (1, 2, 3):
        threads(count)
        dw, db = conv.conv2d_weight_bias_grads(g, x, weight.shape, options(c))
        np.testing.assert_array_equal(dw, wanted)
        assert_close([db], [total], dtype)
        of_threads.append(db.tobytes())
    assert len(set(of_threads)) == 1


@pytest.mark.parametrize("name", SHAPES)
def test_twins_equal_torch(name):
    torch = pytest.importorskip("torch")
    *arrays, c = problem(name, np.float64)
    x, weight, bias, g = (torch.tensor(a) for a in arrays)
    x.requires_grad_()
    weight.requires_grad_()
    top, bottom, left, right = c.padding
    padded = torch.nn.functional.pad(x, (left, right, top, bottom))
    out = torch.nn.functional.conv2d(padded, weight, bias, c.stride, 0, c.dilation, c.groups)
    out.backward(g)
    expected = [t.detach().numpy() for t in (out, x.grad, weight.grad)]
    assert_close(run_reference(*arrays, c), expected, np.float64)


@pytest.fixture
def vectors(request):
    """Code for the named kind of CPU, for one test."""

    set_machine(request.param)
    yield request.param
    set_machine(None)


@needs_numba
@pytest.mark.parametrize("vectors", ["avx512", "avx2", "neon", "generic"], indirect=True)
@pytest.mark.parametrize("name", SHAPES)
def test_every_vector_width(name, vectors):
    *arrays, c = problem(name, np.float32)
    wide = [a.astype(np.float64) for a in arrays]
    assert_close(run(*arrays, c), run_reference(*wide, c), np.float32)


@needs_numba
@pytest.mark.parametrize("vectors", ["avx512", "avx2", "neon", "generic"], indirect=True)
@pytest.mark.parametrize("name", list(SHAPES)[::5])
def test_every_vector_width_in_float64(name, vectors):
    *arrays, c = problem(name, np.float64)
    assert_close(run(*arrays, c), run_reference(*arrays, c), np.float64)


@needs_numba
def test_vector_width_by_environment(monkeypatch):

    monkeypatch.setattr("autograd.kernels.conv.machine._machine", None)
    monkeypatch.setenv("AUTOGRAD_VECTOR", "generic")
    assert machine().name == "generic"
    with pytest.raises(ArgumentError, match="sse9"):
        set_machine("sse9")


@pytest.mark.parametrize("name", SHAPES)
def test_same_bits_for_any_thread_count(name, threads):
    *arrays, c = problem(name, np.float32)
    threads(1)
    expected = [a.tobytes() for a in run(*arrays, c)]
    for count in (2, 4, 2):
        threads(count)
        assert [a.tobytes() for a in run(*arrays, c)] == expected


@needs_numba
def test_blocks_of_channels_that_overlap_lose_nothing_to_each_other(threads):
    """11 channels in blocks of 6 or 4: what two blocks share, only one of them may write to."""
    c = conv_shape((1, 64, 20, 20), (11, 64, 5, 5), (1, 1), (1, 1, 1, 1), (1, 1), 1)
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal(s).astype(np.float32) for s in (c.input_shape, c.output_shape))
    threads(1)
    expected = conv.conv2d_weight_grad(g, x, c.weight_shape, options(c))
    for count in (2, 3):
        threads(count)
        for _ in range(300):  # a lost addition is rare: one call in ten
            got = conv.conv2d_weight_grad(g, x, c.weight_shape, options(c))
            np.testing.assert_array_equal(got, expected)


def fenced(a: np.ndarray, memory: list[mmap.mmap], at_end: bool) -> np.ndarray:
    """A copy of a with a page before and one after it that the process may not touch."""
    page = mmap.PAGESIZE
    pages = -(-a.nbytes // page)
    memory.append(mmap.mmap(-1, (pages + 2) * page))
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory[-1]))
    for forbidden in (start, start + (pages + 1) * page):
        assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(forbidden), page, 0) == 0
    offset = (pages + 1) * page - a.nbytes if at_end else page
    copy = np.frombuffer(memory[-1], a.dtype, a.size, offset).reshape(a.shape)
    copy[...] = a
    return copy


@needs_numba
@pytest.mark.skipif(sys.platform != "linux", reason="fences memory with mprotect")
@pytest.mark.parametrize("at_end", [True, False], ids=["end", "start"])
@pytest.mark.parametrize("name", SHAPES)
def test_nothing_is_read_outside_the_arrays(name, at_end):
    memory: list[mmap.mmap] = []
    *arrays, c = problem(name, np.float32)
    expected = run(*arrays, c)
    got = run(*(fenced(a, memory, at_end) for a in arrays), c)  # else a segmentation fault
    assert_close(got, expected, np.float32)


def test_python_threads_at_once(threads):
    threads(2)
    names = ("primes", "lenet 2", "stride 2", "groups", "1x1")
    problems = [problem(name, np.float32) for name in names for _ in range(2)]  # of a shape, too
    expected = [[a.tobytes() for a in run(*p)] for p in problems]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            results = list(pool.map(lambda p: run(*p), problems))
            assert [[a.tobytes() for a in result] for result in results] == expected


def without_memory(lo, hi, source, weight, bias, out, numbers, tables):
    for i in range(lo, hi):
        out[0, 0, 0, i] = np.ones(numbers[1 + i], np.uint8)[-1]
    return 0


@needs_numba
@pytest.mark.parametrize("work_ns", [1.0, 1e6], ids=["alone", "together"])
def test_a_kernel_without_memory_raises(threads, work_ns):
    from autograd.kernels.conv.numba_kernels import kernel_address, kernel_at

    threads(2)
    address = kernel_address(runtime.jit(without_memory), np.dtype(np.float32))
    images, vector = np.zeros((1, 1, 1, 8), np.float32), np.zeros(1, np.float32)
    for greedy in (None, 0, 5, 7):
        numbers, tables = np.array([address] + [4] * 8), np.zeros(1, np.int32)
        arguments = images, images, vector, images, numbers, tables
        if greedy is None:
            runtime.parallel_for(kernel_at, 8, *arguments, work_ns=work_ns)
            assert images.all()
        else:
            numbers[1 + greedy] = 1 << 60
            with pytest.raises(MemoryError):
                runtime.parallel_for(kernel_at, 8, *arguments, work_ns=work_ns)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_child(threads):
    threads(2)
    arrays = problem("lenet 2", np.float32)
    expected = [a.tobytes() for a in run(*arrays)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads around
        child = os.fork()
    if child == 0:
        same = [a.tobytes() for a in run(*arrays)] == expected
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_images_too_large_for_the_tables_go_through_the_twin():
    c = conv_shape((1, 1, 1 << 15, 1 << 15), (1, 1, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1)
    assert not conv._compiled(c)


def test_zero_images():
    arguments = ((1, 1), (1, 1, 1, 1), (1, 1), 1)
    x, weight = np.zeros((0, 3, 5, 5), np.float32), np.ones((4, 3, 3, 3), np.float32)
    out = conv.conv2d(x, weight, np.ones(4, np.float32), arguments)
    assert out.shape == (0, 4, 5, 5) and out.dtype == np.float32
    assert conv.conv2d_input_grad(out, weight, x.shape, arguments).shape == x.shape
    np.testing.assert_array_equal(
        conv.conv2d_weight_grad(out, x, weight.shape, arguments), np.zeros_like(weight)
    )
    assert conv.unfold(x, (3, 3), *arguments[:3]).shape == (0, 27, 25)


@pytest.mark.parametrize(
    ("input_shape", "weight_shape", "stride", "padding", "dilation", "groups"),
    [
        ((2, 0, 5, 5), (4, 0, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),  # no channels
        ((2, 3, 5, 5), (0, 3, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
        ((2, 3, 5), (4, 3, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),  # not 4-d
        ((2, 3, 5, 5), (4, 2, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),  # channels differ
        ((2, 4, 5, 5), (3, 2, 3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 2),  # groups do not divide
        ((2, 3, 5, 5), (4, 3, 7, 3), (1, 1), (0, 1, 0, 0), (1, 1), 1),  # kernel too tall
        ((2, 3, 5, 5), (4, 3, 3, 3), (1, 1), (0, 0, 0, 0), (1, 3), 1),  # dilated too wide
        ((2, 3, 5, 5), (4, 3, 3, 3), (0, 1), (0, 0, 0, 0), (1, 1), 1),
        ((2, 3, 5, 5), (4, 3, 3, 3), (1, 1), (0, -1, 0, 0), (1, 1), 1),
    ],
)
def test_shapes_that_do_not_fit(input_shape, weight_shape, stride, padding, dilation, groups):
    x, weight = np.zeros(input_shape, np.float32), np.zeros(weight_shape, np.float32)
    with pytest.raises(ShapeError, match="conv2d"):
        conv.conv2d(x, weight, None, (stride, padding, dilation, groups))


def test_wrong_gradient_bias_or_dtype():
    x, weight, bias, g, c = problem("primes", np.float32)
    with pytest.raises(ShapeError, match="bias"):
        conv.conv2d(x, weight, bias[1:], options(c))
    with pytest.raises(ShapeError, match="gradient"):
        conv.conv2d_input_grad(g[:, :, 1:], weight, x.shape, options(c))
    with pytest.raises(ShapeError, match="gradient"):
        conv.conv2d_weight_grad(g[1:], x, weight.shape, options(c))
    with pytest.raises(DTypeError):
        conv.conv2d(x.astype(np.complex64), weight, None, options(c))


@pytest.mark.parametrize("name", ["primes", "stride 2", "1x1", "groups"])
def test_any_layout_and_inputs_unchanged(name):
    x, weight, bias, g, c = problem(name, np.float32)
    expected = run(x, weight, bias, g, c)
    odd = (np.asfortranarray(x), weight[::-1][::-1], np.repeat(bias, 2)[::2], g.astype(">f4"))
    before = [a.tobytes() for a in odd]
    for a in odd:
        a.flags.writeable = False
    for a, b in zip(run(*odd, c), expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.flags.c_contiguous and a.flags.writeable and a.dtype.isnative
    assert [a.tobytes() for a in odd] == before


def test_mixed_and_narrow_dtypes():
    x, weight, bias, _, c = problem("primes", np.float32)
    assert conv.conv2d(x.astype(np.float64), weight, bias, options(c)).dtype == np.float64
    assert conv.conv2d(x.astype(np.float16), weight.astype(np.float16), None, options(c)).dtype == (
        np.float32
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_without_bias_and_with_relu(dtype):
    x, weight, bias, _, c = problem("primes", dtype)
    plain = conv.conv2d(x, weight, None, options(c))
    shifted = conv.conv2d(x, weight, bias, options(c))
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(plain + bias[:, None, None], shifted, atol=tolerance)
    rectified = conv.conv2d(x, weight, bias, options(c), relu=True)
    np.testing.assert_array_equal(rectified, np.maximum(shifted, 0))


@pytest.mark.parametrize("name", ["primes", "wide", "whole rows of vectors", "1x1"])
def test_nan_reaches_exactly_its_outputs(name):
    x, weight, bias, _, c = problem(name, np.float32)
    x[0, 0, 3, 2] = np.nan
    for relu in (False, True):
        out = conv.conv2d(x, weight, bias, options(c), relu=relu)
        expected = conv_twin.conv2d(x, weight, bias, c, relu=relu)
        np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))


@needs_numba
def test_numpy_twins_on_request(monkeypatch):
    from autograd.kernels.conv.direct import launch as direct_launch

    def refuse(*_):
        raise AssertionError("a compiled kernel was asked for")

    for name in ("forward", "input_grad", "weight_grad"):
        monkeypatch.setattr(direct_launch, name, refuse)
    *arrays, c = problem("primes", np.float64)
    conv.forget()
    with pytest.raises(AssertionError, match="compiled"):
        run(*arrays, c)
    runtime.set_kernels("numpy")
    try:
        assert_close(run(*arrays, c), run_reference(*arrays, c), np.float64)
    finally:
        runtime.set_kernels(None)


@pytest.mark.parametrize("name", ["primes", "stride 3 by 1", "dilation and stride", "1x1"])
def test_unfold_and_fold_are_adjoint(name):
    x, _, _, _, c = problem(name, np.float64)
    where = ((c.R, c.S), c.stride, c.padding, c.dilation)
    cols = conv.unfold(x, *where)
    assert cols.shape == (c.N, c.C * c.R * c.S, c.Ho * c.Wo)
    other = np.random.default_rng(1).standard_normal(cols.shape)
    folded = conv.fold(other, x.shape, *where)
    np.testing.assert_allclose((cols * other).sum(), (x * folded).sum(), rtol=1e-12)
    i, j = 1, 1  # the patch at position (1, 1), tap by tap
    padded = np.pad(x, ((0, 0), (0, 0), c.padding[:2], c.padding[2:]))
    patch = padded[:, :, i * c.stride[0] :: c.dilation[0], j * c.stride[1] :: c.dilation[1]][
        :, :, : c.R, : c.S
    ]
    np.testing.assert_array_equal(cols[:, :, i * c.Wo + j], patch.reshape(c.N, -1))


def test_fold_and_unfold_copy_and_check():
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    same = conv.unfold(x, (1, 1), (1, 1), (0, 0, 0, 0), (1, 1))
    assert not np.shares_memory(same, x)
    with pytest.raises(ShapeError, match="unfold"):
        conv.unfold(x, (4, 1), (1, 1), (0, 0, 0, 0), (1, 1))
    with pytest.raises(ShapeError, match="unfold"):
        conv.unfold(x[0], (1, 1), (1, 1), (0, 0, 0, 0), (1, 1))
    with pytest.raises(ShapeError, match="fold"):
        conv.fold(same[:, :, 1:], x.shape, (1, 1), (1, 1), (0, 0, 0, 0), (1, 1))
