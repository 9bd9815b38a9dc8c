"""Arrays of positions: every op that takes them, in every integer dtype and memory layout.

The right values are those of int64 positions, in C order, on the same op; and NumPy's.
"""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
from autograd.errors import DTypeError, GlassgradError, IndexRangeError, IndexTypeError
from nn import functional as F

DTYPES = [np.dtype(c) for c in "bBhHiIlLqQ"] + [np.dtype(">i4"), np.dtype(">u2"), np.dtype(">i8")]
RNG = np.random.default_rng(5)


def unaligned(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)
    memory[1:] = np.frombuffer(x.tobytes(), np.uint8)
    return memory[1:].view(x.dtype).reshape(x.shape)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "plain": lambda x: x,
    "gaps": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "negative stride": lambda x: x[..., ::-1].copy()[..., ::-1],
    "read-only": read_only,
    "unaligned": unaligned,
    "tensor": ag.Tensor,
    "list": lambda x: x.tolist(),
}

# name -> (op of x and positions, shape of x, positions below `high`, of this shape)
TAKERS = {
    "getitem": (lambda x, i: x[i], (40, 10), 40, (3,)),
    "getitem matrix": (lambda x, i: x[i], (40, 10), 40, (2, 3)),
    "getitem behind": (lambda x, i: x[:, i], (3, 120), 120, (4,)),
    "getitem pairs": (lambda x, i: x[i, i], (40, 40), 40, (3,)),
    "getitem pair": (lambda x, i: x[i, 1:], (40, 10), 40, (3,)),
    "take": (lambda x, i: ag.take(x, i, axis=0), (40, 10), 40, (3,)),
    "take behind": (lambda x, i: ag.take(x, i, axis=1), (3, 120), 120, (2, 2)),
    "take flat": (lambda x, i: ag.take(x, i), (12, 10), 120, (4,)),
    "take wrap": (lambda x, i: ag.take(x, i, axis=0, mode="wrap"), (7, 40), 120, (4,)),
    "take clip": (lambda x, i: ag.take(x, i, axis=0, mode="clip"), (7, 40), 120, (4,)),
    "take_along_axis": (lambda x, i: ag.take_along_axis(x, i, 0), (20, 20), 20, (2, 20)),
    "take_along_axis flat": (lambda x, i: ag.take_along_axis(x, i, None), (20, 6), 120, (5,)),
    "embedding": (lambda x, i: ag.embedding(i, x), (120, 64), 120, (4,)),
    "embedding padded": (lambda x, i: ag.embedding(i, x, padding_idx=3), (120, 8), 120, (4,)),
    "scatter": (lambda x, i: ag.ops.scatter(x, i, (120, 8)), (3, 8), 120, (3,)),
    "scatter_taken": (lambda x, i: ag.ops.scatter_taken(x, i, 0, (120, 8)), (3, 8), 120, (3,)),
    "scatter_along": (
        lambda x, i: ag.ops.scatter_along_axis(x, i, 0, (20, 20)), (2, 20), 20, (2, 20)
    ),
    "scatter_add": (lambda x, i: ag.scatter_add(ag.ones(20, 20), 0, i, x), (2, 20), 20, (2, 20)),
    "scatter_add to": (lambda x, i: ag.scatter_add(x, 1, i, np.ones((3, 2))), (3, 99), 99, (3, 2)),
    "plane_gather": (lambda x, i: ag.ops.plane_gather(x, i, (11, 11)), (2, 11, 11), 121, (2, 3, 3)),
    "plane_scatter": (lambda x, i: ag.ops.plane_scatter(x, i, (11, 11)), (2, 3, 3), 121, (2, 3, 3)),
    "cross_entropy": (lambda x, i: F.cross_entropy(x, i, reduction="none"), (4, 120), 120, (4,)),
    "cross_entropy soft": (
        lambda x, i: F.cross_entropy(x, i, label_smoothing=0.1), (4, 120), 120, (4,)
    ),
    "cross_entropy pixels": (
        lambda x, i: F.cross_entropy(x, i, reduction="none"), (2, 30, 3), 30, (2, 3)
    ),
    "nll_loss": (lambda x, i: F.nll_loss(x, i, reduction="none"), (4, 120), 120, (4,)),
    "multi_margin_loss": (
        lambda x, i: F.multi_margin_loss(x, i, p=2, reduction="none"), (4, 120), 120, (4,)
    ),
}  # fmt: skip
NEGATIVE = [name for name in TAKERS if not name.startswith(("emb", "cross", "nll", "mul", "pla"))]


def results(call, x, i):
    """Value, gradient, and the second derivative where there is one."""
    x = ag.tensor(x, requires_grad=True)
    out = call(x, i)
    weights = np.linspace(1, 2, out.size).reshape(out.shape)
    (g,) = ag.grad((out * out * weights).sum(), [x], create_graph=True)
    seconds = ag.grad((g * g).sum(), [x], allow_unused=True)
    y = ag.tensor(x.data, requires_grad=True)
    (call(y, i) * weights).sum().backward()
    return [out.data, g.data, seconds[0].data, y.grad.data]


def same(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", TAKERS)
def test_dtype_and_layout_of_positions_do_not_matter(name):
    call, shape, high, count = TAKERS[name]
    x = RNG.standard_normal(shape)
    places = RNG.integers(0, high, count)
    places.reshape(-1)[-1] = high - 1
    wanted = results(call, x, places)
    for dtype in DTYPES:
        if high - 1 <= np.iinfo(dtype).max:
            for layout in LAYOUTS if dtype in (np.uint8, np.int16, np.uint64) else ("plain",):
                same(results(call, x, LAYOUTS[layout](places.astype(dtype))), wanted)


@pytest.mark.parametrize("name", NEGATIVE)
def test_negative_positions_count_from_the_end(name):
    call, shape, high, count = TAKERS[name]
    x = RNG.standard_normal(shape)
    places = RNG.integers(0, high, count)
    if "take clip" in name or "take wrap" in name:
        high = shape[0]
        places = np.where(places % 2, places % high, -1 if "wrap" in name else 0)
    negative = places - high if "clip" not in name else places
    wanted = results(call, x, places)
    for dtype in (np.int8, np.int16, np.int64):
        if negative.min() >= np.iinfo(dtype).min:
            same(results(call, x, negative.astype(dtype)), wanted)


@pytest.mark.parametrize(
    ("dtype", "shape"), [(np.uint8, (300, 2)), (np.int8, (256, 3)), (np.uint16, (70000, 2))]
)
def test_axes_longer_than_the_dtype_reaches(dtype, shape):
    x = RNG.standard_normal(shape)
    places = np.array([1, np.iinfo(dtype).max, 0, np.iinfo(dtype).max], dtype)
    for call in (
        lambda x, i: x[i],
        lambda x, i: ag.take(x, i, axis=0),
        lambda x, i: ag.take(x, i, axis=0, mode="clip"),
        lambda x, i: ag.take(x, i, axis=0, mode="wrap"),
        lambda x, i: ag.take_along_axis(x, i[:, None], 0),
        lambda x, i: ag.embedding(i, x),
        lambda x, i: ag.scatter_add(x, 0, i[:, None], np.ones((4, 1))),
        lambda x, i: ag.ops.scatter(x[:4], i, shape),
    ):
        same(results(call, x, places), results(call, x, places.astype(np.int64)))


MASK = np.array([True, False, True, False, False])
KEYS = {
    "uint8 scalar": np.uint8(3),
    "uint64 scalar": np.uint64(3),
    "0-d": np.array(3, np.uint8),
    "0-d of a tuple": (slice(None), np.array(3, np.uint8)),
    "0-d behind dots": (..., np.array(1, np.uint16)),
    "list": [0, -1, 2],
    "nested list": [[0, 1], [2, 3]],
    "empty list": [],
    "tuple of lists": ([0, 1], [2, 3]),
    "uint64 and int8": (np.array([0, 1], np.uint64), np.array([-1, 2], np.int8)),
    "mask": MASK,
    "list mask": [True, False, True, False, True],
    "mask and array": (MASK, np.array([1, 1], np.uint8)),
    "array and slice": (np.array([1, 1, 0], np.uint8), slice(1, np.uint8(4))),
    "apart": (np.array([1, 1], np.uint8), None, np.array([0, 3], np.uint8)),
    "true": True,
    "tensor": ag.tensor(np.array([1, 2, 1], np.uint8)),
    "tensors": (ag.tensor(np.array([1, 2, 1], np.uint8)), ag.tensor(np.array([0, 0, 1]))),
    "tensor mask": ag.tensor(MASK),
    "number in a list": [np.uint8(1), np.uint8(4)],
    "range": range(3),
}


def numpy_key(key):
    if isinstance(key, tuple):
        return tuple(map(numpy_key, key))
    return key.data if isinstance(key, ag.Tensor) else key


@pytest.mark.parametrize("name", KEYS)
def test_keys_mean_what_they_mean_to_numpy(name):
    key = KEYS[name]
    x = RNG.standard_normal((5, 6))
    np.testing.assert_array_equal(ag.tensor(x)[key].data, x[numpy_key(key)])
    wanted = np.zeros_like(x)
    np.add.at(wanted, numpy_key(key), 2 * x[numpy_key(key)])
    value, gradient, *_ = results(lambda x, _: x[key], x, None)
    np.testing.assert_array_equal(value, x[numpy_key(key)])
    weights = np.linspace(1, 2, value.size).reshape(value.shape)
    wanted = np.zeros_like(x)
    np.add.at(wanted, numpy_key(key), 2 * value * weights)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-15)
    written = ag.tensor(x)
    written[key] = 7.0
    x[numpy_key(key)] = 7.0
    np.testing.assert_array_equal(written.data, x)


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize("container", [np.asarray, ag.Tensor])
def test_what_the_caller_writes_to_his_positions_later_changes_nothing(name, container):
    call, shape, high, count = TAKERS[name]
    x = ag.tensor(RNG.standard_normal(shape), requires_grad=True)
    for create_graph in (False, True):
        places = RNG.integers(0, high, count)
        (wanted,) = ag.grad(call(x, places.copy()).sum(), [x])
        mine = container(places.copy())
        out = call(x, mine).sum()
        mine[...] = 0
        (g,) = ag.grad(out, [x], create_graph=create_graph)
        np.testing.assert_array_equal(g.data, wanted.data)


def test_lists_masks_and_bounds_of_slices_may_change_later_too():
    rows, mask, start = [0, 0, 2], MASK.copy(), np.array(1)
    x = ag.tensor(RNG.standard_normal((5, 4)), requires_grad=True)
    out = x[rows].sum() + x[mask].sum() + x[start:3].sum()
    rows[:], mask[:], start[...] = [1, 1, 1], False, 2
    out.backward()
    np.testing.assert_array_equal(x.grad.data[:, 0], [3, 1, 3, 0, 0])


PLANE = np.zeros((1, 1), np.uint8)
MISUSES = [
    ("getitem.*index 5.*axis 0.*size 5", lambda x: x[[0, 5]]),
    ("getitem.*index -6.*axis 0.*size 5", lambda x: x[np.array([-6], np.int8)]),
    ("getitem.*18446744073709551615", lambda x: x[np.array([2**64 - 1], np.uint64)]),
    ("take.*index 5 .*axis 0 of size 5.*-5 to 4", lambda x: ag.take(x, [5], 0)),
    ("take.*index -6 .*axis 0 of size 5", lambda x: ag.take(x, [-6], 0)),
    ("take.*index 20 .*size 20.*-20 to 19", lambda x: ag.take(x, 20)),
    ("take.*18446744073709551615", lambda x: ag.take(x, np.array([2**64 - 1], np.uint64), 0)),
    ("take_along_axis.*index 5 .*axis 0", lambda x: ag.take_along_axis(x, [[5, 0, 0, 0]], 0)),
    ("embedding: index 5 .*5 rows.*0 to 4", lambda x: ag.embedding([5], x)),
    ("embedding: index -1 .*5 rows", lambda x: ag.embedding(np.int8([-1]), x)),
    ("scatter_taken.*index 7 .*size 3", lambda x: ag.ops.scatter_taken(x, [7] * 5, 0, (3, 4))),
    (
        "scatter_along_axis.*index 9",
        lambda x: ag.ops.scatter_along_axis(x, [[9] * 4] * 5, 0, (5, 4)),
    ),
    ("scatter_add.*index -6 .*axis 0 of size 5", lambda x: ag.scatter_add(x, 0, [[-6]], x)),
    ("plane_gather.*index 20 .*0 to 19", lambda x: ag.ops.plane_gather(x, PLANE + 20, (5, 4))),
    ("plane_gather.*index 255", lambda x: ag.ops.plane_gather(x, PLANE - np.uint8(1), (5, 4))),
    ("plane_scatter.*index -1", lambda x: ag.ops.plane_scatter(x, np.full((5, 4), -1), (9, 9))),
    ("cross_entropy.*= 4 is no class", lambda x: F.cross_entropy(x, np.uint8([0, 1, 2, 3, 4]))),
    ("cross_entropy.*516", lambda x: F.cross_entropy(x, np.full(5, 2**64 - 100, np.uint64))),
    ("nll_loss.*= -1 is no class", lambda x: F.nll_loss(x, np.int8([0, 1, 2, 3, -1]))),
    ("scatter.*index 9.*size 5", lambda x: ag.ops.scatter(x, ([9] * 5,), (5, 4))),
]  # fmt: skip


@pytest.mark.parametrize(("message", "call"), MISUSES, ids=[m for m, _ in MISUSES])
def test_positions_outside_are_named(message, call):
    x = ag.tensor(RNG.standard_normal((5, 4)), requires_grad=True)
    with pytest.raises(IndexRangeError, match=message):
        call(x)


NO_POSITIONS = [np.array([1.0, 0.0]), np.array([True, False]), np.array(["a", "b"]), [0.5, 1.5]]


@pytest.mark.parametrize("wrong", NO_POSITIONS, ids=str)
@pytest.mark.parametrize(
    "name", ["take", "take_along_axis flat", "embedding", "scatter_taken", "nll_loss"]
)
def test_floats_booleans_and_words_are_refused(name, wrong):
    call, *_ = TAKERS[name]
    x = ag.tensor(RNG.standard_normal((2, 3)), requires_grad=True)
    with pytest.raises(DTypeError, match=name.split()[0]):
        call(x, wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        np.array([1.0]), [0.5], "rows", [slice(None), 1], {1}, np.array([1], object),
        np.ma.array([0, 1], mask=[0, 1]), (0, "a"), 1.5, np.float64(1),
    ],
    ids=str,
)  # fmt: skip
def test_keys_that_are_none_are_refused(wrong):
    x = ag.tensor(RNG.standard_normal((5, 4)), requires_grad=True)
    with pytest.raises(IndexTypeError, match="getitem: key") as caught:
        x[wrong]
    assert isinstance(caught.value, IndexError | TypeError | GlassgradError)


def test_unsigned_numbers_as_arguments_do_not_wrap():
    x = ag.tensor(RNG.standard_normal((5, 4)), requires_grad=True)
    w = np.arange(20.0).reshape(5, 4)
    for call in (
        lambda n: ag.roll(x, n, axis=0),
        lambda n: ag.roll(x, (n, n), axis=(0, 1)),
        lambda n: ag.roll(x, n),
        lambda n: ag.tril(x, n),
        lambda n: ag.flip(x, n),
        lambda n: ag.repeat(x, n, axis=n)[:, :4],
        lambda n: ag.moveaxis(x, n, type(n)(0)).T,
    ):
        (wanted,) = ag.grad((call(1) * w).sum(), [x])
        (got,) = ag.grad((call(np.uint8(1)) * w).sum(), [x])
        np.testing.assert_array_equal(got.data, wanted.data)
    for offset in (np.uint8(1), 1):
        (got,) = ag.grad(ag.diagonal(x, offset).sum(), [x])
        np.testing.assert_array_equal(got.data, np.eye(5, 4, 1))


def test_shifts_and_counts_may_be_arrays_of_any_integer_dtype():
    x = ag.tensor(RNG.standard_normal((5, 4)), requires_grad=True)
    w = np.arange(20.0).reshape(5, 4)
    for dtype in (np.int64, np.uint8, np.int8):
        shifts, counts = np.array([1, 2], dtype), np.array([1, 0, 1, 2, 1], dtype)
        (rolled,) = ag.grad((ag.roll(x, shifts, (0, 1)) * w).sum(), [x])
        np.testing.assert_array_equal(rolled.data, np.roll(w, (-1, -2), (0, 1)))
        out = ag.repeat(x, counts, axis=0)
        counts[...] = 1
        (repeated,) = ag.grad(out.sum(), [x])
        np.testing.assert_array_equal(repeated.data[:, 0], [1, 0, 1, 2, 1])
        parts = ag.split(x, np.array([1, 3], dtype))
        assert [len(part) for part in parts] == [1, 2, 2]
    with pytest.raises(DTypeError, match="split"):
        ag.split(x, [1.5])
    with pytest.raises(DTypeError, match="repeat"):
        ag.repeat(x, 1.5)
    with pytest.raises(DTypeError, match="roll"):
        ag.roll(x, 1.5)
