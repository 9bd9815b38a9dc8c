"""Data sets as NumPy arrays: arrays in, shuffled batches out.

- `DataLoader`, `ArrayDataset`: batches, in an order drawn from a `numpy.random.Generator`; of
  arrays, or of any object with `__len__` and `__getitem__` (`Dataset`).
- `train_test_split`: a random split that keeps the share of each class.
- `load_digits`: the handwritten digits of scikit-learn, scaled to LeNet's 32x32.
- `load_idx`, `load_cifar10`: MNIST-type and CIFAR-10 files as training arrays; `read_idx` and
  `read_cifar10` give their raw content.
"""

from typing import TYPE_CHECKING

from autograd.support.lazy_names import later
from nn.data.dataset import Dataset
from nn.data.digits import load_digits
from nn.data.files import load_cifar10, load_idx, read_cifar10, read_idx
from nn.data.loader import ArrayDataset, DataLoader
from nn.data.splitting import train_test_split

__all__ = [
    "ArrayDataset",
    "DataLoader",
    "Dataset",
    "load_cifar10",
    "load_digits",
    "load_idx",
    "read_cifar10",
    "read_idx",
    "train_test_split",
]

if not TYPE_CHECKING:  # checkers know the names there are
    __getattr__, __dir__ = later("nn.data")
