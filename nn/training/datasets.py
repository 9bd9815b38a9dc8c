"""The images of a run: scikit-learn's digits, or MNIST-type and CIFAR-10 files by path."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from autograd.errors import ArgumentError, ShapeError
from autograd.support.unknown_names import did_you_mean, named_arguments
from nn.data import load_cifar10, load_digits, load_idx, train_test_split
from nn.training.settings import Settings

__all__ = ["Data", "load_data"]

TEST_FRACTION = 0.2

# MNIST's names for its four files, with and without .gz, and with a dot for the second hyphen.
IDX_NAMES = {
    "images": ("train-images-idx3-ubyte", "train-images.idx3-ubyte"),
    "labels": ("train-labels-idx1-ubyte", "train-labels.idx1-ubyte"),
    "test_images": ("t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"),
    "test_labels": ("t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"),
}


@named_arguments
@dataclass(frozen=True)
class Data:
    """Images (N, C, H, W) float32 and labels (N,) int64, to train on and held out."""

    name: str
    x_train: np.ndarray
    x_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        if self.x_train.shape[1:] != self.x_test.shape[1:]:
            raise ShapeError(
                f"{self.name}: images of shape {self.x_train.shape[1:]} to train on and of "
                f"{self.x_test.shape[1:]} to test with; they must be equal"
            )

    @property
    def image(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.x_train.shape[1:]
        return channels, height, width

    @property
    def classes(self) -> int:
        """The number of classes: labels run from 0."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1

    @cached_property
    def fingerprint(self) -> str:
        """Shapes and checksums, by which a resumed run knows that its data is the same."""
        arrays = (self.x_train, self.y_train, self.x_test, self.y_test)
        sums = (zlib.crc32(np.ascontiguousarray(array).data) for array in arrays)
        return f"{len(self.x_train)}+{len(self.x_test)} images, " + "-".join(
            f"{checksum:08x}" for checksum in sums
        )


@named_arguments
def load_data(settings: Settings) -> Data:
    """The images that `settings` name, split where there are no test files.

    Raises `ArgumentError` for an unknown name or a missing file, and what the readers raise.
    """
    if settings.images is not None:
        given = {option: getattr(settings, option) for option in IDX_NAMES}
        return _idx(given, settings.seed)
    if settings.data == "digits":
        return _split("digits", *load_digits(size=32), settings.seed)
    directory = Path(settings.data)
    if not directory.is_dir():
        raise ArgumentError(
            f"--data: there is no data set and no directory {settings.data!r}; choose 'digits', "
            "or give a directory with MNIST-type or CIFAR-10 binary files, or name IDX files by "
            "--images and --labels" + did_you_mean(settings.data, ["digits"])
        )
    found = {option: _first(directory, names) for option, names in IDX_NAMES.items()}
    if found["images"] and found["labels"]:
        return _idx(found, settings.seed)
    batches = sorted(str(path) for path in directory.glob("data_batch_*.bin"))
    if batches:
        return _cifar10(directory, batches, settings.seed)
    raise ArgumentError(
        f"--data: {settings.data} has neither {IDX_NAMES['images'][0]} and "
        f"{IDX_NAMES['labels'][0]} (plain or .gz) nor data_batch_*.bin; name IDX files by "
        "--images and --labels"
    )


def _idx(paths: dict[str, str | None], seed: int) -> Data:
    for option, path in paths.items():
        if path is not None and not Path(path).is_file():
            raise ArgumentError(f"--{option.replace('_', '-')}: there is no file {path!r}")
    x, y = load_idx(str(paths["images"]), str(paths["labels"]))
    name = Path(str(paths["images"])).name
    if not paths["test_images"]:
        return _split(name, x, y, seed)
    x_test, y_test = load_idx(str(paths["test_images"]), str(paths["test_labels"]))
    return Data(name, x, x_test, y, y_test)


def _cifar10(directory: Path, batches: list[str], seed: int) -> Data:
    x, y = load_cifar10(batches)
    test = directory / "test_batch.bin"
    if not test.is_file():
        return _split("CIFAR-10", x, y, seed)
    x_test, y_test = load_cifar10(test)
    return Data("CIFAR-10", x, x_test, y, y_test)


def _split(name: str, x: np.ndarray, y: np.ndarray, seed: int) -> Data:
    return Data(name, *train_test_split(x, y, TEST_FRACTION, seed))


def _first(directory: Path, names: tuple[str, ...]) -> str | None:
    candidates = (directory / (name + end) for name in names for end in ("", ".gz"))
    return next((str(path) for path in candidates if path.is_file()), None)
