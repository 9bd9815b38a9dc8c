"""nn.data: the digits, IDX and CIFAR-10 files."""

import gzip
import struct
import sys

import numpy as np
import pytest

from autograd.errors import (
    ArgumentError,
    CheckpointError,
    DTypeError,
    GlassgradError,
    ShapeError,
)
from nn.data import (
    load_cifar10,
    load_digits,
    load_idx,
    read_cifar10,
    read_idx,
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
        ({"size": 7}, ArgumentError, "size must be .*at least 8, got 7"),
        ({"size": 31.5}, DTypeError, "size must be .*, got 31.5"),
        ({"std": 0.0}, ArgumentError, "std must be .*, got 0.0"),
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
PACKED = gzip.compress(GOOD, mtime=0)


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
        (PACKED[:-9], "does not unpack"),
        (PACKED[:12] + b"????" + PACKED[16:], "does not unpack"),
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
            "least 6, .*4x6",
        ),
        (
            np.zeros((3, 4, 4), "u1"),
            np.zeros(3, "u1"),
            {"std": 0.0},
            ArgumentError,
            "std must be .*, got 0",
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
    with pytest.raises(ArgumentError, match="paths must be one or more.*, got none"):
        read_cifar10([])
    path = write(tmp_path / "a.bin", bytes(3073))
    with pytest.raises(ArgumentError, match="three values"):
        load_cifar10(path, mean=(0.5,))
    with pytest.raises(ArgumentError, match="std must be"):
        load_cifar10(path, std=(0.5, 0.0, 0.5))


# ---------------------------------------------------------------------------- hostile sizes


def test_no_more_is_unpacked_than_the_header_speaks_of(tmp_path, monkeypatch):
    unpacked = []
    read = gzip.GzipFile.read

    def counted(self, size=-1):
        piece = read(self, size)
        unpacked.append(len(piece))
        return piece

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    path = write(tmp_path / "bomb.gz", gzip.compress(GOOD + bytes(1 << 24)))
    with pytest.raises(CheckpointError, match=r"too long: .*\(2, 3\) and int16 takes 24"):
        read_idx(path)
    assert sum(unpacked) == len(GOOD) + 1
    monkeypatch.setattr("nn.data.files.CIFAR_IMAGES", 2)
    assert len(read_cifar10(write(tmp_path / "two.gz", gzip.compress(bytes(2 * 3073))))[0]) == 2
    with pytest.raises(CheckpointError, match="more than the 2 images"):
        read_cifar10(write(tmp_path / "bomb.gz", gzip.compress(bytes(3 * 3073))))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((2**32 - 1, 2**32 - 1, 0), "claims shape"),  # NumPy has no such array
        ((2**32 - 1,) * 3, "truncated by"),
        ((2**31, 2**31), "truncated by"),
    ],
)
def test_sizes_that_nothing_can_have(tmp_path, sizes, words, packed):
    content = bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    path = write(tmp_path / "file", gzip.compress(content) if packed else content)
    with pytest.raises(CheckpointError, match=words):
        read_idx(path)
