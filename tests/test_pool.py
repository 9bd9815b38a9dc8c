"""Pooling: what its rows cannot say. Ties, NaN, PyTorch's values, and what is said of bad input."""

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


WINDOWS = [
    {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil}
    for kernel, stride, padding, ceil in itertools.product(
        [2, (3, 2)], [None, 1, (2, 3)], [0, 1], [False, True]
    )
]


@pytest.mark.parametrize("options", WINDOWS, ids=str)
@pytest.mark.parametrize("shape", [(2, 3, 7, 6), (2, 5, 8)], ids=str)
def test_max_pool2d_as_torch(options, shape):
    x = normal(*shape)
    same_as_torch(
        lambda x: ag.max_pool2d(x, **options),
        lambda torch, x: torch.nn.functional.max_pool2d(x, **options),
        [x],
    )
    torch = pytest.importorskip("torch")
    _, indices = ag.max_pool2d(x, **options, return_indices=True)
    _, expected = torch.nn.functional.max_pool2d(torch.tensor(x), **options, return_indices=True)
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(indices, expected.numpy())


@pytest.mark.parametrize("dilation", [2, (1, 3)], ids=str)
def test_dilated_max_pool_as_torch(dilation):
    same_as_torch(
        lambda x: ag.max_pool2d(x, 3, 2, 1, dilation, True),
        lambda torch, x: torch.nn.functional.max_pool2d(x, 3, 2, 1, dilation, True),
        [normal(2, 2, 11, 12)],
    )


@pytest.mark.parametrize("options", WINDOWS, ids=str)
@pytest.mark.parametrize(
    "more", [{}, {"count_include_pad": False}, {"divisor_override": 3}], ids=str
)
def test_avg_pool2d_as_torch(options, more):
    same_as_torch(
        lambda x: ag.avg_pool2d(x, **options, **more),
        lambda torch, x: torch.nn.functional.avg_pool2d(x, **options, **more),
        [normal(2, 3, 7, 6)],
    )


@pytest.mark.parametrize("name", ["max_pool1d", "avg_pool1d"])
def test_pools_of_one_axis_as_torch(name):
    for shape in [(2, 3, 9), (3, 8)]:
        same_as_torch(
            lambda x: getattr(ag, name)(x, 3, 2, 1, ceil_mode=True),
            lambda torch, x: getattr(torch.nn.functional, name)(x, 3, 2, 1, ceil_mode=True),
            [normal(*shape)],
        )


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (4, 5), (7, 11), (5, None), 2], ids=str)
def test_adaptive_pools_as_torch(size):
    for name in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
        same_as_torch(
            lambda x, name=name: getattr(ag, name)(x, size),
            lambda torch, x, name=name: getattr(torch.nn.functional, name)(x, size),
            [normal(2, 3, 7, 10)],
        )


@pytest.mark.parametrize("size", [1, 3, 7])
def test_adaptive_pools_of_one_axis_as_torch(size):
    for name in ("adaptive_avg_pool1d", "adaptive_max_pool1d"):
        same_as_torch(
            lambda x, name=name: getattr(ag, name)(x, size),
            lambda torch, x, name=name: getattr(torch.nn.functional, name)(x, size),
            [normal(2, 3, 7)],
        )


def test_adaptive_max_indices_are_positions_in_the_plane():
    x = normal(2, 3, 7, 5)
    for size in [(7, 5), (3, 2), (1, 5)]:
        out, indices = ag.adaptive_max_pool2d(x, size, return_indices=True)
        np.testing.assert_array_equal(out, ag.ops.plane_gather(x, indices, (7, 5)))
    line, positions = ag.adaptive_max_pool1d(x[0], 2, return_indices=True)
    np.testing.assert_array_equal(line, np.take_along_axis(x[0], positions, -1))


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: ag.max_pool2d(x, 2),
        lambda x: ag.absmax_pool2d(x, 2),
        lambda x: ag.adaptive_max_pool2d(x, (2, 2)),
        lambda x: ag.adaptive_max_pool2d(x, (2, 1)),
    ],
)
def test_ties_go_to_the_first_maximum_in_row_order(pool):
    x = ag.Tensor(np.ones((1, 4, 4)), requires_grad=True)
    out = pool(x)
    out.sum().backward()
    first = np.zeros((1, 4, 4))
    first[:, ::2, :: 4 // out.shape[-1]] = 1
    np.testing.assert_array_equal(x.grad.data, first)


@pytest.mark.parametrize("size", [(2, 2), (3, 3)], ids=str)
def test_nan_wins(size):
    x = normal(1, 4, 4)
    x[0, 1, 1] = np.nan
    out = ag.adaptive_max_pool2d(x, size)
    assert np.isnan(out[0, 0, 0])
    assert not np.isnan(out[0, -1, -1])
    assert np.isnan(ag.max_pool2d(x, 2)[0, 0, 0])
    assert np.isfinite(ag.max_pool2d(x, 2)[0, 1, 1])


@pytest.mark.parametrize("size", [(2, 2), (3, 3)], ids=str)
def test_infinity_stays_in_its_window(size):
    x = np.ones((1, 4, 4))
    x[0, 0, 0] = np.inf
    out = ag.adaptive_avg_pool2d(x, size)
    assert np.isinf(out[0, 0, 0])
    np.testing.assert_array_equal(out[0, 1:, 1:], 1)


def test_absmax_of_zeros_has_no_gradient():
    x = ag.Tensor(np.zeros((1, 2, 2)), requires_grad=True)
    ag.absmax_pool2d(x, 2).sum().backward()
    np.testing.assert_array_equal(x.grad.data, 0)


def test_overlapping_windows_add_up():
    x = ag.Tensor(np.array([[0.0, 5.0, 1.0]]), requires_grad=True)
    ag.max_pool1d(x, 2, 1).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[0, 2, 0]])


def test_global_average():
    x = normal(2, 3, 4, 5)
    np.testing.assert_allclose(ag.global_avg_pool2d(x), x.mean((2, 3)))
    np.testing.assert_allclose(ag.global_avg_pool2d(x, keepdims=True), ag.adaptive_avg_pool2d(x, 1))
    assert ag.global_avg_pool2d(x[0]).shape == (3,)
    ag.check_grads(ag.global_avg_pool2d, [normal(1, 2, 2, 3)])


def test_max_pool_keeps_only_indices():
    x = ag.Tensor(normal(1, 1, 8, 8), requires_grad=True)
    out = ag.max_pool2d(x, 2)
    kept = [cell.cell_contents for cell in out.node.closures[0].__closure__]
    arrays = [a for a in kept if isinstance(a, np.ndarray)]
    assert [a.shape for a in arrays] == [out.shape]
    assert arrays[0].dtype.kind == "u"


@pytest.mark.parametrize("options", [(2,), (3, 2, 1), ((2, 3), 1, 1)], ids=str)
@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_large_images_as_torch(name, options):
    """Enough work for the compiled kernels, in float32, odd sizes and all."""
    same_as_torch(
        lambda x: getattr(ag, name)(x, *options),
        lambda torch, x: getattr(torch.nn.functional, name)(x, *options),
        [normal(8, 16, 37, 35).astype(np.float32)],
        tolerance=1e-6,
    )


def test_large_absmax_is_the_larger_of_both_ends():
    x = normal(8, 16, 36, 34).astype(np.float32)
    expected = np.maximum(ag.max_pool2d(x, 2), ag.max_pool2d(-x, 2))
    np.testing.assert_array_equal(ag.absmax_pool2d(x, 2), expected)


POOLS = [ag.max_pool2d, ag.avg_pool2d, ag.absmax_pool2d]
BAD = [
    *(
        (pool, (normal(5, 5), 2), ShapeError, "x must be (N, C, H, W), or (C, H, W)")
        for pool in POOLS
    ),
    *((pool, (normal(1, 0, 5, 5), 2), ShapeError, "(1, 0, 5, 5)") for pool in POOLS),
    *((pool, (normal(1, 2, 2), 3), ShapeError, "kernel 3x3 is larger than") for pool in POOLS),
    *((pool, (normal(1, 5, 5), 0), ArgumentError, "kernel_size must be") for pool in POOLS),
    *(
        (
            pool,
            (normal(1, 5, 5), 2, 0),
            ArgumentError,
            "stride must be a whole number of at least 1",
        )
        for pool in POOLS
    ),
    *(
        (pool, (normal(1, 5, 5), 3, 1, 2), ArgumentError, "at most half the kernel, 1x1")
        for pool in POOLS
    ),
    *(
        (
            pool,
            (normal(1, 5, 5), 3, 1, -1),
            ArgumentError,
            "padding must be a whole number of at least 0",
        )
        for pool in POOLS
    ),
    *(
        (pool, (np.ones((1, 5, 5), int), 2), DTypeError, "float32 or float64, got int64")
        for pool in POOLS
    ),
    (
        ag.max_pool2d,
        (normal(1, 5, 5), 2, 1, 0, 0),
        ArgumentError,
        "dilation must be a whole number of at least 1",
    ),
    (ag.max_pool2d, (normal(1, 5, 5), (2, 2, 2)), ArgumentError, "got (2, 2, 2)"),
    (ag.max_pool2d, (normal(1, 5, 5), "2"), DTypeError, "got '2'"),
    (ag.max_pool1d, (normal(5), 2), ShapeError, "x must be (N, C, L), or (C, L)"),
    (ag.avg_pool1d, (normal(1, 2, 3), 4), ShapeError, "kernel 4 is larger than"),
    (
        ag.avg_pool2d,
        (normal(1, 5, 5), 2, None, 0, False, True, 0),
        ArgumentError,
        "divisor_override must be an integer other than 0",
    ),
    (ag.adaptive_avg_pool2d, (normal(1, 5, 5), 0), ArgumentError, "output_size must be"),
    (ag.adaptive_avg_pool2d, (normal(1, 5, 5), (1, 2, 3)), ArgumentError, "got (1, 2, 3)"),
    (ag.adaptive_max_pool2d, (normal(5, 5), 2), ShapeError, "x must be (N, C, H, W)"),
    (ag.global_avg_pool2d, (normal(5, 5),), ShapeError, "x must be (N, C, H, W)"),
    (
        ag.subsample2d,
        (normal(5, 5), 0),
        ArgumentError,
        "stride must be a whole number of at least 1",
    ),
    (ag.subsample2d, (normal(5), 2), ShapeError, "x must have"),
]


@pytest.mark.parametrize(("function", "args", "error", "said"), BAD, ids=short)
def test_bad_input_is_named(function, args, error, said):
    with pytest.raises(error, match=re.escape(said)) as caught:
        function(*args)
    assert str(caught.value).startswith(function.__name__)
