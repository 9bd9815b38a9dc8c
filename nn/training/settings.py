"""What a training run is asked to do, and the optimisers and schedules it can name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import optim
from autograd import Tensor
from autograd.errors import ArgumentError
from autograd.support.unknown_names import did_you_mean, named_arguments
from nn import models
from optim import schedules

__all__ = ["OPTIMIZERS", "SCHEDULES", "Settings"]

#: name -> (the optimiser, its usual learning rate here)
OPTIMIZERS: dict[str, tuple[Callable[..., optim.Optimizer], float]] = {
    "adam": (optim.Adam, 5e-3),
    "adamw": (optim.AdamW, 5e-3),
    "sgd": (lambda params, **settings: optim.SGD(params, momentum=0.9, **settings), 0.05),
    "rmsprop": (optim.RMSprop, 1e-3),
    "adagrad": (optim.Adagrad, 0.02),
}

#: name -> function of (lr, steps in an epoch, epochs); only the last two depend on the end
SCHEDULES: dict[str, Callable[[float, int, int], schedules.LearningRate]] = {
    "decay": lambda lr, steps, epochs: schedules.step(lr, every=steps, factor=0.87),
    "constant": lambda lr, steps, epochs: schedules.constant(lr),
    "cosine": lambda lr, steps, epochs: schedules.cosine(lr, total=steps * epochs),
    "one-cycle": lambda lr, steps, epochs: schedules.one_cycle(lr, total=steps * epochs),
}


@named_arguments
@dataclass(frozen=True)
class Settings:
    """A training run; equal settings give equal runs. The command line has an option for each.

    Raises `ArgumentError` for an unknown name, with those there are, or a number out of range.

    >>> Settings(epochs=3, optimizer="sgd").rate()
    0.05
    """

    model: str = "lenet"
    data: str = "digits"
    images: str | None = None
    labels: str | None = None
    test_images: str | None = None
    test_labels: str | None = None
    epochs: int = 25
    batch_size: int = 32
    optimizer: str = "adam"
    lr: float | None = None
    schedule: str = "decay"
    weight_decay: float = 0.0
    clip: float | None = None
    shift: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (
            ("model", models.names()),
            ("optimizer", list(OPTIMIZERS)),
            ("schedule", list(SCHEDULES)),
        ):
            chosen = getattr(self, name)
            if chosen not in known:
                raise ArgumentError(
                    f"--{name} must be one of {', '.join(known)}, got {chosen!r}"
                    + did_you_mean(str(chosen), known)
                )
        for name, least in (("epochs", 1), ("batch_size", 1), ("shift", 0), ("seed", 0)):
            if getattr(self, name) < least:
                option = name.replace("_", "-")
                raise ArgumentError(
                    f"--{option} must be at least {least}, got {getattr(self, name)}"
                )
        for name in ("lr", "weight_decay"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                option = name.replace("_", "-")
                raise ArgumentError(f"--{option} must be a finite number, got {value}")
        self._check_files()
        if self.clip is not None and not self.clip > 0:
            raise ArgumentError(f"--clip must be a norm above 0, got {self.clip}")

    def _check_files(self) -> None:
        """Files of images come in pairs, and those to test with beside those to train on."""
        pairs = [("images", "labels"), ("test_images", "test_labels")]
        for first, second in (*pairs, *(pair[::-1] for pair in pairs)):
            if getattr(self, first) is not None and getattr(self, second) is None:
                raise ArgumentError(
                    f"--{second.replace('_', '-')} is missing; images and labels come in pairs"
                )
        if self.test_images is not None and self.images is None:
            raise ArgumentError(
                "--test-images must be given with --images, the files to train on; data sets by "
                "name and directories have test images of their own"
            )

    def rate(self) -> float:
        """The learning rate that training begins with, or its peak for one-cycle."""
        return OPTIMIZERS[self.optimizer][1] if self.lr is None else self.lr

    def make_optimizer(
        self, parameters: Iterable[tuple[str, Tensor]], steps: int
    ) -> optim.Optimizer:
        """The optimiser of these settings, for epochs of so many steps."""
        make: Callable[..., Any] = OPTIMIZERS[self.optimizer][0]
        lr = SCHEDULES[self.schedule](self.rate(), steps, self.epochs)
        return make(parameters, lr=lr, weight_decay=self.weight_decay)
