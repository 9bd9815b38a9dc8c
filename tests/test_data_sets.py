"""DataLoader on data sets that are objects of their own."""

from __future__ import annotations

import array
import collections

import numpy as np
import pytest

import autograd as ag
from autograd.errors import ArgumentError, DTypeError, GlassgradError, ShapeError
from nn.data import ArrayDataset, DataLoader, Dataset

Pair = collections.namedtuple("Pair", "image label")


class Examples:
    """A data set of `count` examples; it writes down which it was asked for."""

    def __init__(self, example, count=8):
        self.example, self.count, self.asked = example, count, []

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        assert type(i) is int
        if not 0 <= i < self.count:
            raise IndexError(i)
        self.asked.append(i)
        return self.example(i)


@pytest.mark.parametrize(
    ("example", "shapes"),
    [
        (lambda i: (np.ones((1, 4, 4), np.float32), i % 2), [((3, 1, 4, 4), "f4"), ((3,), "i8")]),
        (lambda i: (0.5 * i, i % 2), [((3,), "f8"), ((3,), "i8")]),
        (lambda i: [0.5 * i, True], [((3,), "f8"), ((3,), "?")]),
        (lambda i: np.float32(i), [((3,), "f4")]),
        (lambda i: np.zeros(2), [((3, 2), "f8")]),
        (lambda i: ag.tensor([1.0, i]), [((3, 2), "f4")]),
        (lambda i: Pair(ag.tensor([1.0]), "name"), [((3, 1), "f4"), ((3,), "<U4")]),
        (lambda i: (np.zeros((0, 2)), 1j), [((3, 0, 2), "f8"), ((3,), "c16")]),
    ],
)  # fmt: skip
def test_examples_are_collated(example, shapes):
    data = Examples(example)
    assert isinstance(data, Dataset)
    loader = DataLoader(data, batch_size=3)
    batches = list(loader)
    assert len(batches) == len(loader) == 3 and data.asked == list(range(8))
    assert all(type(batch) is tuple for batch in batches)
    assert [(part.shape, part.dtype) for part in batches[0]] == [
        (shape, np.dtype(dtype)) for shape, dtype in shapes
    ]
    assert all(type(part) is np.ndarray and len(part) == 2 for part in batches[2])


def test_nests_and_dictionaries():
    data = Examples(lambda i: {"x": (np.full(2, i), {"deep": i}), "y": -i}, 3)
    (batch,) = DataLoader(data, batch_size=3)
    np.testing.assert_array_equal(batch["x"][0], [[0, 0], [1, 1], [2, 2]])
    np.testing.assert_array_equal(batch["x"][1]["deep"], [0, 1, 2])
    np.testing.assert_array_equal(batch["y"], [0, -1, -2])


def test_the_order_is_that_of_arrays_and_is_resumed():
    x, y = np.arange(16.0).reshape(8, 2), np.arange(8)

    def loader(*data):
        return DataLoader(
            *data, batch_size=3, shuffle=True, drop_last=True, generator=np.random.default_rng(3)
        )

    ours, arrays = loader(Examples(lambda i: (x[i], y[i]))), loader(x, y)
    for _ in range(2):
        for a, b in zip(ours, arrays, strict=True):
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(a[1], b[1])
    whole = [batch[1].tolist() for batch in ours]
    begun = loader(Examples(lambda i: (x[i], y[i])))
    for _ in range(2):
        list(begun)
    next(iter(begun))
    other = loader(Examples(lambda i: (x[i], y[i])))
    other.load_state_dict(begun.state_dict())
    assert [batch[1].tolist() for batch in other] == whole[1:]


def test_a_batch_that_is_written_to_leaves_the_data_alone():
    x = np.zeros((4, 2))
    for (batch,) in DataLoader(Examples(lambda i: x[i], 4), batch_size=2):
        batch += 1
    assert not x.any()


@pytest.mark.parametrize(
    ("example", "error", "words"),
    [
        (
            lambda i: np.zeros(i + 1),
            ShapeError,
            r"examples of one batch have shapes \(1,\), \(2,\)",
        ),
        (lambda i: ag.tensor([1.0], requires_grad=True), DTypeError, "requires a gradient"),
        (lambda i: (np.zeros(2), [0] * i), ShapeError, r"examples\[1\] of one batch differ"),
        (lambda i: {"x": 1, i: 2}, ShapeError, "differ in their length or keys"),
        (lambda i: (1, None), DTypeError, r"examples\[1\] are of type NoneType"),
        (lambda i: {"x": object()}, DTypeError, r"examples\['x'\] are of type object"),
    ],
)
def test_examples_that_make_no_batch_are_refused_by_name(example, error, words):
    with pytest.raises(error, match=words):
        next(iter(DataLoader(Examples(example), batch_size=4)))


def test_data_sets_stand_alone():
    data = Examples(lambda i: i)
    for call, error, words in (
        (lambda: DataLoader(data, np.zeros(8)), ArgumentError, "an Examples among them"),
        (lambda: DataLoader(data, data), ArgumentError, "one Examples alone"),
        (lambda: ArrayDataset(data), DTypeError, "argument 0 is a Examples.*DataLoader"),
        (lambda: DataLoader(Examples(None, 0)), ArgumentError, "0 rows"),
        (lambda: DataLoader({"x": np.zeros(3)}), DTypeError, "argument 0 must be .*, got a dict"),
        (lambda: DataLoader(iter([1, 2])), DTypeError, "got a list_iterator"),
        (lambda: DataLoader({1, 2}), DTypeError, "got a set"),
        (lambda: DataLoader(Examples), GlassgradError, "argument 0"),
    ):
        with pytest.raises(error, match=words):
            call()


@pytest.mark.parametrize(
    "rows",
    [[1, 2, 3], (1, 2, 3), range(1, 4), array.array("i", [1, 2, 3]), ag.tensor([1.0, 2.0, 3.0])],
    ids=lambda rows: type(rows).__name__,
)
def test_what_numpy_makes_an_array_of_is_one(rows):
    ((batch,),) = DataLoader(rows, batch_size=3)
    np.testing.assert_array_equal(batch, [1, 2, 3])


def test_pandas_and_torch_are_arrays():
    pandas = pytest.importorskip("pandas")
    ((batch,),) = DataLoader(pandas.DataFrame({"a": [1, 2], "b": [3, 4]}), batch_size=2)
    np.testing.assert_array_equal(batch, [[1, 3], [2, 4]])
