"""nn.data: batches, their resumption, and splits."""

import copy
import json

import numpy as np
import pytest

from autograd.errors import (
    ArgumentError,
    CheckpointError,
    DTypeError,
    IndexRangeError,
    ShapeError,
)
from nn.data import (
    ArrayDataset,
    DataLoader,
    train_test_split,
)


def loader_of(rows=10, batch_size=3, seed=0, **settings):
    x = np.arange(rows * 2).reshape(rows, 2)
    settings.setdefault("shuffle", True)
    generator = np.random.default_rng(seed)
    return DataLoader(x, np.arange(rows), batch_size=batch_size, generator=generator, **settings)


def labels_of(batches):
    return [y.tolist() for _, y in batches]


# ---------------------------------------------------------------------------- ArrayDataset


def test_dataset_rows_by_every_kind_of_index():
    x, y = np.arange(12).reshape(6, 2), np.arange(6) * 10
    data = ArrayDataset(x, y)
    assert len(data) == 6
    for index in (2, -1, slice(1, 5, 2), np.array([5, 0, 5]), y > 20, [1, 2]):
        got_x, got_y = data[index]
        np.testing.assert_array_equal(got_x, x[index])
        np.testing.assert_array_equal(got_y, y[index])
    assert "int64[6, 2]" in repr(data)


def test_dataset_takes_nested_lists():
    assert ArrayDataset([[1, 2], [3, 4]], [0, 1]).arrays[0].shape == (2, 2)


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ((), ArgumentError, "at least one"),
        ((np.zeros((3, 2)), np.zeros(4)), ShapeError, r"of equal length.*\(3, 2\), \(4,\)"),
        ((np.zeros(3), 64), ShapeError, "argument 1 must be .*, got 64.*batch_size=64"),
        (((np.zeros(3), np.zeros(3)),), DTypeError, "tuple of arrays.*one by one"),
        (([[1, 2], [3]],), ShapeError, "argument 0 is no array"),
    ],
)
def test_dataset_refuses(arrays, error, words):
    with pytest.raises(error, match=words):
        ArrayDataset(*arrays)
    with pytest.raises(error, match=words):
        DataLoader(*arrays, batch_size=2)


def test_dataset_index_out_of_range():
    with pytest.raises(IndexRangeError, match=r"of 3 rows.*7"):
        ArrayDataset(np.zeros(3))[7]


# ---------------------------------------------------------------------------- DataLoader


@pytest.mark.parametrize("rows", [1, 2, 3, 9, 10])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_each_row_comes_once(rows, drop_last, shuffle):
    if drop_last and rows < 3:
        with pytest.raises(ArgumentError, match=f"{rows} rows.*drop_last=False"):
            loader_of(rows, drop_last=drop_last, shuffle=shuffle)
        return
    loader = loader_of(rows, drop_last=drop_last, shuffle=shuffle)
    for _ in range(3):
        batches = list(loader)
        assert len(batches) == len(loader) == (rows // 3 if drop_last else -(-rows // 3))
        sizes = [len(y) for _, y in batches]
        assert sizes[:-1] == [3] * (len(sizes) - 1)
        assert sum(sizes) == (rows - rows % 3 if drop_last else rows)
        labels = np.concatenate([y for _, y in batches])
        assert len(set(labels.tolist())) == len(labels)
        for x, y in batches:
            np.testing.assert_array_equal(x, np.stack([2 * y, 2 * y + 1], axis=1))
        if not shuffle:
            np.testing.assert_array_equal(labels, np.arange(len(labels)))


def test_epochs_differ_and_equal_generators_agree():
    a, b, other = loader_of(50), loader_of(50), loader_of(50, seed=1)
    first = labels_of(a)
    assert first == labels_of(b)
    second = labels_of(a)
    assert second == labels_of(b)
    assert first != second
    assert first != labels_of(other)


def test_batches_keep_dtype_and_are_not_views():
    x = np.ones((4, 2), dtype=np.float32)
    for shuffle in (False, True):
        loader = DataLoader(x, batch_size=2, shuffle=shuffle, generator=np.random.default_rng(0))
        for (batch,) in loader:
            assert batch.dtype == np.float32
            batch += 1
    np.testing.assert_array_equal(x, np.ones((4, 2)))


def test_loader_takes_a_dataset_and_numpy_batch_size():
    data = ArrayDataset(np.arange(4), np.arange(4) * 2)
    loader = DataLoader(data, batch_size=np.int64(3))
    assert labels_of(loader) == [[0, 2, 4], [6]]
    assert loader.dataset is data
    assert "batch_size=3" in repr(loader)


def test_without_shuffle_the_generator_is_left_alone():
    generator = np.random.default_rng(3)
    before = copy.deepcopy(generator.bit_generator.state)
    list(DataLoader(np.arange(5), generator=generator))
    assert generator.bit_generator.state == before


def test_without_a_generator_the_librarys_own_is_used(monkeypatch):
    own = np.random.default_rng(0)
    monkeypatch.setattr("autograd.default_generator", lambda: own, raising=False)
    loader = DataLoader(np.zeros(10), np.arange(10), batch_size=3, shuffle=True)
    assert labels_of(loader) == labels_of(loader_of())
    assert loader.generator is own


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"batch_size": 0}, ArgumentError, "batch_size must be .*at least 1, got 0"),
        ({"batch_size": -2}, ArgumentError, "batch_size must be .*, got -2"),
        ({"batch_size": 2.5}, DTypeError, "batch_size must be .*, got 2.5"),
        ({"generator": 7}, DTypeError, "generator must be .*default_rng.*, got int"),
        (
            {"generator": np.random.RandomState(0)},
            DTypeError,
            "generator must be .*, got RandomState",
        ),
        ({"batch_size": 6, "drop_last": True}, ArgumentError, "5 rows.*batch_size=6"),
    ],
)
def test_loader_refuses(settings, error, words):
    with pytest.raises(error, match=words):
        DataLoader(np.zeros(5), **settings)


def test_loader_refuses_no_rows_and_a_dataset_among_arrays():
    with pytest.raises(ArgumentError, match="0 rows"):
        DataLoader(np.zeros((0, 3)))
    with pytest.raises(ArgumentError, match="one ArrayDataset alone"):
        DataLoader(ArrayDataset(np.zeros(3)), 2)


# ---------------------------------------------------------------------------- resumption


@pytest.mark.parametrize("served", range(9))
@pytest.mark.parametrize("shuffle", [False, True])
def test_resumes_after_any_batch(served, shuffle):
    """Two epochs of four batches, cut after `served` of them: the rest comes out the same."""

    def batches(loader, epochs):
        for _ in range(epochs):
            yield from labels_of(loader)

    whole = list(batches(loader_of(shuffle=shuffle), 4))
    cut = loader_of(shuffle=shuffle)
    seen, state = [], cut.state_dict()
    for _ in range(2):
        for _, y in cut:
            if len(seen) < served:
                seen.append(y.tolist())
                state = json.loads(json.dumps(cut.state_dict()))
    resumed = loader_of(seed=99, shuffle=shuffle)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state  # loading and saving again loses nothing
    rest = list(batches(resumed, 4 - served // 4))
    assert seen + rest == whole


def test_resumes_between_the_order_and_the_first_batch():
    loader = loader_of()
    epoch = iter(loader)
    resumed = loader_of(seed=5)
    resumed.load_state_dict(loader.state_dict())
    assert labels_of(resumed) == labels_of(epoch)
    assert labels_of(resumed) == labels_of(loader)


def test_resumes_with_a_generator_that_others_draw_from():
    """Dropout may share the generator: resuming must neither repeat nor skip its numbers."""

    def run(loader, generator, steps):
        out = []
        while len(out) < steps:
            for _, y in loader:
                out.append((y.tolist(), generator.random()))
                if len(out) == steps:
                    break
        return out

    generator = np.random.default_rng(0)
    loader = DataLoader(
        np.zeros(10), np.arange(10), batch_size=3, shuffle=True, generator=generator
    )
    run(loader, generator, 6)
    state = loader.state_dict()

    expected_generator = np.random.default_rng(0)
    expected = run(
        DataLoader(
            np.zeros(10), np.arange(10), batch_size=3, shuffle=True, generator=expected_generator
        ),
        expected_generator,
        20,
    )[6:]
    fresh = np.random.default_rng(123)
    resumed = DataLoader(np.zeros(10), np.arange(10), batch_size=3, shuffle=True, generator=fresh)
    resumed.load_state_dict(state)
    assert run(resumed, fresh, 14) == expected


def test_state_after_break_names_the_batches_seen():
    loader = loader_of()
    for i, _ in enumerate(loader):
        if i == 1:
            break
    assert loader.state_dict()["served"] == 2
    assert [len(y) for y in labels_of(loader)] == [3, 3, 3, 1]  # a new loop is a new epoch
    assert loader.state_dict()["served"] is None


def test_a_state_is_not_changed_by_going_on():
    loader = loader_of()
    next(iter(loader))
    state = loader.state_dict()
    kept = copy.deepcopy(state)
    list(loader)
    other = loader_of()
    other.load_state_dict(state)
    list(other)
    assert state == kept


def test_state_of_any_bit_generator():
    def make(seed):
        generator = np.random.Generator(np.random.MT19937(seed))
        return DataLoader(
            np.zeros(7), np.arange(7), batch_size=2, shuffle=True, generator=generator
        )

    loader, other = make(0), make(1)
    epoch = iter(loader)
    next(epoch)
    other.load_state_dict(loader.state_dict())
    assert labels_of(other) == labels_of(epoch)
    assert labels_of(other) == labels_of(loader)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": 11}, "rows is 10 here and 11"),
        ({"batch_size": 4, "drop_last": True}, "batch_size is 3.*; drop_last is False"),
        ({"shuffle": False}, "shuffle is True here"),
        ({"served": 9}, "served is 9"),
        ({"served": "two"}, "served is 'two'"),
        ({"served": 1, "epoch_start": None}, "epoch_start is no state of a PCG64"),
        ({"generator": {"bit_generator": "MT19937"}}, "generator is no state of a PCG64"),
        ({"generator": None}, "generator is no state of a PCG64"),
    ],
)
def test_refused_states_change_nothing(change, words):
    loader = loader_of()
    next(iter(loader))
    before = loader.state_dict()
    with pytest.raises(CheckpointError, match=words):
        loader.load_state_dict({**loader_of(seed=8).state_dict(), **change})
    assert loader.state_dict() == before


def test_refused_states_name_every_missing_entry():
    with pytest.raises(CheckpointError, match="missing 'rows'; missing 'batch_size'"):
        loader_of().load_state_dict({"generator": None})
    with pytest.raises(CheckpointError, match="must be .*, got a list"):
        loader_of().load_state_dict([])


# ---------------------------------------------------------------------------- train_test_split


def test_split_is_a_partition_with_each_class_in_proportion():
    generator = np.random.default_rng(0)
    y = generator.permutation(np.repeat([3, 5, 9], [100, 50, 25]))
    x = np.arange(len(y))
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_fraction=0.2, seed=1)
    assert len(x_test) == 35
    np.testing.assert_array_equal(np.sort(np.concatenate([x_train, x_test])), x)
    np.testing.assert_array_equal(y_train, y[x_train])
    np.testing.assert_array_equal(y_test, y[x_test])
    assert [int((y_test == c).sum()) for c in (3, 5, 9)] == [20, 10, 5]
    assert (np.diff(x_train) < 0).any()  # both parts are in random order
    assert (np.diff(x_test) < 0).any()


@pytest.mark.parametrize("fraction", [0.01, 0.1, 1 / 3, 0.5, 0.77, 0.99])
def test_split_sizes_are_exact_and_quotas_within_one(fraction):
    y = np.random.default_rng(2).integers(0, 7, size=101)
    *_, y_test = train_test_split(y, y, test_fraction=fraction)
    assert len(y_test) == round(fraction * 101)
    shares = np.bincount(y, minlength=7) * len(y_test) / 101
    assert (np.abs(np.bincount(y_test, minlength=7) - shares) < 1).all()


def test_split_follows_its_seed():
    x, y = np.arange(40), np.arange(40) % 4
    one, same, other = (train_test_split(x, y, seed=s)[1] for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    drawn = train_test_split(x, y, seed=np.random.default_rng(0))[1]
    np.testing.assert_array_equal(one, drawn)


def test_split_takes_strings_as_classes():
    *_, y_test = train_test_split(np.zeros((4, 2)), ["a", "b", "a", "b"], test_fraction=0.5)
    assert sorted(y_test.tolist()) == ["a", "b"]


@pytest.mark.parametrize(
    ("x", "y", "fraction", "error", "words"),
    [
        (np.zeros(4), np.zeros(3, int), 0.5, ShapeError, r"\(4,\).*\(3,\)"),
        (np.zeros(4), np.zeros((4, 1), int), 0.5, ShapeError, r"y \(N,\)"),
        (np.zeros(4), np.zeros(4), 0.5, DTypeError, "float64"),
        (np.zeros(4), np.zeros(4, int), 1.0, ArgumentError, "test_fraction must be .*, got 1.0"),
        (np.zeros(4), np.zeros(4, int), float("nan"), ArgumentError, "must be .*, got nan"),
        (np.zeros(4), np.zeros(4, int), 0.1, ArgumentError, "4 rows leaves 0"),
        (np.zeros(4), np.zeros(4, int), 0.95, ArgumentError, "0 for training"),
    ],
)
def test_split_refuses(x, y, fraction, error, words):
    with pytest.raises(error, match=words):
        train_test_split(x, y, test_fraction=fraction)


def test_a_batch_that_did_not_come_is_still_to_come():
    class Rows:
        broken = True

        def __len__(self):
            return 3

        def __getitem__(self, i):
            if i == 1 and self.broken:
                raise OSError("unreadable")
            return np.float64(i)

    rows = Rows()
    loader = DataLoader(rows)
    batches = iter(loader)
    assert next(batches)[0].tolist() == [0.0]
    with pytest.raises(OSError, match="unreadable"):
        next(batches)
    state = loader.state_dict()
    rows.broken = False
    resumed = DataLoader(rows)
    resumed.load_state_dict(state)
    assert [batch[0].tolist() for batch in resumed] == [[1.0], [2.0]]
