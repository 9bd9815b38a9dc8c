"""nn.data: batches and their resumption, splits, the digits, IDX and CIFAR-10 files."""

import copy
import gzip
import json
import struct
import sys

import numpy as np
import pytest

from autograd.errors import (
    ArgumentError,
    CheckpointError,
    DTypeError,
    GlassgradError,
    IndexRangeError,
    ShapeError,
)
from nn.data import (
    ArrayDataset,
    DataLoader,
    load_cifar10,
    load_digits,
    load_idx,
    read_cifar10,
    read_idx,
    train_test_split,
)

IDX_CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array):
    """`array` in IDX format, written from the format's description, not from our reader."""
    header = bytes([0, 0, IDX_CODES[array.dtype.str[1:]], array.ndim])
    sizes = b"".join(struct.pack(">I", n) for n in array.shape)
    return header + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write(path, content):
    path.write_bytes(content)
    return path


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
        ((np.zeros((3, 2)), np.zeros(4)), ShapeError, r"\(3, 2\), \(4,\).*first dimensions"),
        ((np.zeros(3), 64), ShapeError, "argument 1 came as 64.*batch_size=64"),
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
        ({"batch_size": 0}, ArgumentError, "batch_size came as 0.*at least 1"),
        ({"batch_size": -2}, ArgumentError, "batch_size came as -2"),
        ({"batch_size": 2.5}, DTypeError, "batch_size came as 2.5"),
        ({"generator": 7}, DTypeError, "generator came as int.*default_rng"),
        ({"generator": np.random.RandomState(0)}, DTypeError, "generator came as RandomState"),
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
    with pytest.raises(CheckpointError, match="list came"):
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
        (np.zeros(4), np.zeros(4, int), 1.0, ArgumentError, "test_fraction came as 1.0"),
        (np.zeros(4), np.zeros(4, int), float("nan"), ArgumentError, "came as nan"),
        (np.zeros(4), np.zeros(4, int), 0.1, ArgumentError, "4 rows leaves 0"),
        (np.zeros(4), np.zeros(4, int), 0.95, ArgumentError, "0 for training"),
    ],
)
def test_split_refuses(x, y, fraction, error, words):
    with pytest.raises(error, match=words):
        train_test_split(x, y, test_fraction=fraction)


# ---------------------------------------------------------------------------- load_digits


def test_digits_at_their_own_size_are_scikit_learns():
    datasets = pytest.importorskip("sklearn.datasets")
    raw = datasets.load_digits()
    x, y = load_digits(size=8, mean=0.0, std=1.0)
    assert x.shape == (1797, 1, 8, 8)
    np.testing.assert_array_equal(x[:, 0] * 16, raw.images)
    np.testing.assert_array_equal(y, raw.target)


def test_digits_for_lenet():
    pytest.importorskip("sklearn.datasets")
    x, y = load_digits()
    assert x.shape == (1797, 1, 32, 32)
    assert x.flags.c_contiguous
    assert (x.dtype, y.dtype) == (np.float32, np.int64)
    assert abs(x.mean()) < 0.02
    assert 0.8 < x.std() < 1.1
    assert set(y.tolist()) == set(range(10))


@pytest.mark.parametrize("size", [9, 16, 28, 32])
def test_digits_are_enlarged_bilinearly(size):
    """Against interpolation pixel by pixel, by the definition."""
    pytest.importorskip("sklearn.datasets")
    small, _ = load_digits(size=8, mean=0.0, std=1.0)
    large, _ = load_digits(size=size, mean=0.0, std=1.0)
    image = small[7, 0].astype(float)

    def at(row, column):
        row, column = (min(max(v, 0.0), 7.0) for v in (row, column))
        r, c = min(int(row), 6), min(int(column), 6)
        a, b = row - r, column - c
        top = (1 - b) * image[r, c] + b * image[r, c + 1]
        bottom = (1 - b) * image[r + 1, c] + b * image[r + 1, c + 1]
        return (1 - a) * top + a * bottom

    centres = [(i + 0.5) * 8 / size - 0.5 for i in range(size)]
    expected = [[at(r, c) for c in centres] for r in centres]
    np.testing.assert_allclose(large[7, 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"size": 7}, ArgumentError, "size came as 7.*at least 8"),
        ({"size": 31.5}, DTypeError, "size came as 31.5"),
        ({"std": 0.0}, ArgumentError, "std came as 0.0"),
    ],
)
def test_digits_refuse(settings, error, words):
    with pytest.raises(error, match=words):
        load_digits(**settings)


def test_digits_without_scikit_learn_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"scikit-learn.*glassgrad\[demo\]") as caught:
        load_digits()
    assert isinstance(caught.value, GlassgradError)


# ---------------------------------------------------------------------------- IDX


@pytest.mark.parametrize("code", IDX_CODES)
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (3, 4, 5), (2, 1, 2, 3)])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_round_trip(tmp_path, code, shape, packed):
    values = np.random.default_rng(0).normal(scale=50, size=shape)
    array = np.asarray(values).astype("i8").astype(code) if code[0] in "ui" else values.astype(code)
    content = idx_bytes(array)
    path = write(tmp_path / "file", gzip.compress(content) if packed else content)
    got = read_idx(path)
    assert got.dtype == array.dtype
    assert got.dtype.isnative
    assert got.flags.writeable
    np.testing.assert_array_equal(got, array)
    assert got.shape == shape
    np.testing.assert_array_equal(read_idx(str(path)), array)


GOOD = idx_bytes(np.arange(6, dtype="i2").reshape(2, 3))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "begins with nothing"),
        (b"\0\0\x08", "begins with 00 00 08;"),
        (b"PK\x03\x04" + bytes(20), "begins with 50 4b 03 04"),
        (b"\0\0\x0a\x01" + bytes(8), "00 00 0a 01.*08 09 0b 0c 0d 0e"),
        (GOOD[:9], "claims 2 dimensions and has 9 bytes.*12"),
        (GOOD[:-1], r"23 bytes; an array of shape \(2, 3\) and int16 takes 24.*truncated by 1"),
        (GOOD + b"!!", "26 bytes.*2 too long"),
        (b"\0\0\x08\x04" + b"\xff" * 16, "truncated by"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "255 dimensions.*at most 64"),
        (gzip.compress(GOOD)[:-9], "does not unpack"),
        (gzip.compress(GOOD)[:12] + b"????" + gzip.compress(GOOD)[16:], "does not unpack"),
    ],
)
def test_corrupt_idx(tmp_path, content, words):
    path = write(tmp_path / "bad", content)
    with pytest.raises(CheckpointError, match=words) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_missing_idx_is_pythons_own_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_idx(tmp_path / "absent")


def idx_pair(tmp_path, images, labels):
    return (
        write(tmp_path / "images", idx_bytes(images)),
        write(tmp_path / "labels.gz", gzip.compress(idx_bytes(labels))),
    )


def test_load_idx(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, size=(7, 5, 4)).astype("u1")
    labels = np.arange(7, dtype="u1")
    x, y = load_idx(*idx_pair(tmp_path, pixels, labels))
    assert (x.shape, x.dtype, y.dtype) == ((7, 1, 5, 4), np.float32, np.int64)
    np.testing.assert_allclose(x[:, 0], (pixels / 255 - 0.1307) / 0.3081, atol=1e-6)
    np.testing.assert_array_equal(y, labels)


def test_load_idx_frames_to_size(tmp_path):
    pixels = np.full((3, 28, 28), 255, dtype="u1")
    files = idx_pair(tmp_path, pixels, np.zeros(3, "u1"))
    x, _ = load_idx(*files, size=32, mean=0.0, std=1.0)
    expected = np.zeros((3, 1, 32, 32), np.float32)
    expected[:, :, 2:30, 2:30] = 1
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize(
    ("images", "labels", "settings", "error", "words"),
    [
        (np.zeros((3, 4, 4), "u1"), np.zeros(2, "u1"), {}, ShapeError, r"\(3, 4, 4\).*\(2,\)"),
        (np.zeros((3, 4), "u1"), np.zeros(3, "u1"), {}, ShapeError, r"\(N, H, W\)"),
        (np.zeros((3, 4, 4), "f4"), np.zeros(3, "u1"), {}, DTypeError, "float32.*read_idx"),
        (np.zeros((3, 4, 4), "u1"), np.zeros(3, "f8"), {}, DTypeError, "float64"),
        (
            np.zeros((3, 4, 6), "u1"),
            np.zeros(3, "u1"),
            {"size": 5},
            ArgumentError,
            "least 6: .*4x6",
        ),
        (
            np.zeros((3, 4, 4), "u1"),
            np.zeros(3, "u1"),
            {"std": 0.0},
            ArgumentError,
            "std came as 0",
        ),
    ],
)
def test_load_idx_refuses(tmp_path, images, labels, settings, error, words):
    files = idx_pair(tmp_path, images, labels)
    with pytest.raises(error, match=words):
        load_idx(*files, **settings)


# ---------------------------------------------------------------------------- CIFAR-10


def cifar_bytes(images, labels):
    return b"".join(
        bytes([label]) + image.tobytes() for image, label in zip(images, labels, strict=True)
    )


def test_cifar10_files_in_given_order(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, size=(5, 3, 32, 32)).astype("u1")
    labels = np.array([9, 0, 3, 3, 7])
    a = write(tmp_path / "a.bin", cifar_bytes(images[:2], labels[:2]))
    b = write(tmp_path / "b.bin", cifar_bytes(images[2:], labels[2:]))
    got_images, got_labels = read_cifar10([b, str(a)])
    order = [2, 3, 4, 0, 1]
    np.testing.assert_array_equal(got_images, images[order])
    np.testing.assert_array_equal(got_labels, labels[order])
    assert (got_images.dtype, got_labels.dtype) == (np.uint8, np.int64)
    assert got_images.flags.c_contiguous and got_images.flags.writeable
    np.testing.assert_array_equal(read_cifar10(str(a))[0], images[:2])

    x, y = load_cifar10([a, b])
    mean, std = np.array([0.4914, 0.4822, 0.4465]), np.array([0.2470, 0.2435, 0.2616])
    expected = (images / 255 - mean[:, None, None]) / std[:, None, None]
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, expected, atol=1e-5)
    np.testing.assert_array_equal(y, labels)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes.*0 records and 0 bytes"),
        (bytes(3072), "3072 bytes.*0 records and 3072"),
        (bytes(2 * 3073 + 5), "2 records and 5 bytes"),
        (bytes(3073) + bytes([10]) + bytes(3072), "label 10 in record 1.*0 to 9"),
    ],
)
def test_corrupt_cifar10(tmp_path, content, words):
    path = write(tmp_path / "bad.bin", content)
    with pytest.raises(CheckpointError, match=words) as caught:
        read_cifar10(path)
    assert str(path) in str(caught.value)


def test_cifar10_refuses_no_paths_and_wrong_channels(tmp_path):
    with pytest.raises(ArgumentError, match="no path"):
        read_cifar10([])
    path = write(tmp_path / "a.bin", bytes(3073))
    with pytest.raises(ArgumentError, match="three values"):
        load_cifar10(path, mean=(0.5,))
    with pytest.raises(ArgumentError, match="std came as"):
        load_cifar10(path, std=(0.5, 0.0, 0.5))
