"""The training loop and the evaluation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
from autograd.errors import GlassgradError
from autograd.support.interrupts import at_once
from autograd.support.unknown_names import named_arguments
from nn import functional as F
from nn import models
from nn.data import DataLoader
from nn.module import Module, writing_modes
from nn.training.augmentation import shifted
from nn.training.datasets import Data
from nn.training.settings import Settings
from optim import Optimizer, clip_grad_norm_

__all__ = ["Evaluation", "NonFiniteLossError", "Run", "evaluate", "fit", "new_run"]

EVALUATION_BATCH = 256


class NonFiniteLossError(GlassgradError, ArithmeticError):
    """The loss became infinite or NaN: training cannot go on."""


@named_arguments
@dataclass
class Run:
    """A training under way: everything that the next epoch depends on, but for the random state.

    All randomness (weights, order, shifts, dropout) comes from the library's generator.
    """

    settings: Settings
    net: Module
    optimizer: Optimizer
    loader: DataLoader
    history: list[dict[str, float]] = field(default_factory=list)  # an entry for each epoch done

    def _repr_html_(self) -> str | None:
        from autograd.viz.notebook import history_html

        return history_html(self.history)


class Evaluation(NamedTuple):
    """Mean loss, share of right answers, and the class probabilities (N, classes)."""

    loss: float
    accuracy: float
    probabilities: np.ndarray


@named_arguments
def new_run(settings: Settings, data: Data, build: Callable[[], Module] | None = None) -> Run:
    """A run at its beginning; `build` makes another network than the settings name."""
    ag.manual_seed(settings.seed)
    if build is None:
        net = models.build(settings.model, image=data.image, classes=data.classes)
    else:
        net = build()
    loader = DataLoader(
        data.x_train, data.y_train, batch_size=settings.batch_size, shuffle=True
    )  # without a generator of its own: the order comes from the library's
    optimizer = settings.make_optimizer(net.named_parameters(), len(loader))
    return Run(settings, net, optimizer, loader)


@named_arguments
def fit(
    run: Run,
    data: Data,
    after_step: Callable[[float], Any] = lambda loss: None,
    after_epoch: Callable[[dict[str, float]], Any] = lambda record: None,
) -> None:
    """Train until all epochs of the settings are done, evaluating after each.

    `after_step(loss)` and `after_epoch(record)` are called on the way; `record` is the epoch's
    entry in the history.

    Raises `NonFiniteLossError` as soon as the loss is no number, before the weights follow it.
    """
    while len(run.history) < run.settings.epochs:
        lr = run.optimizer.current_lr()[0]
        started = time.perf_counter()
        with np.errstate(all="ignore"):  # what overflows ends in a loss that is no number
            loss, accuracy = _train_epoch(run, after_step)
            seconds = time.perf_counter() - started
            test = evaluate(run.net, data.x_test, data.y_test)
        if not math.isfinite(test.loss):
            raise NonFiniteLossError(
                f"the loss on held-out images became {test.loss} after epoch "
                f"{len(run.history) + 1}, at step {run.optimizer.steps} with lr {lr:g}"
            )
        record = {
            "epoch": len(run.history) + 1,
            "lr": lr,
            "train_loss": loss,
            "train_accuracy": accuracy,
            "test_loss": test.loss,
            "test_accuracy": test.accuracy,
            "steps": len(run.loader),
            "seconds": seconds,
        }
        run.history.append(record)
        after_epoch(record)


def _train_epoch(run: Run, after_step: Callable[[float], Any]) -> tuple[float, float]:
    """The mean loss and accuracy over the epoch, each batch judged before its step."""
    run.net.train()
    settings, parameters = run.settings, list(run.net.parameters())
    total_loss = right = seen = 0.0
    for x, y in run.loader:
        if settings.shift:
            x = shifted(x, settings.shift, ag.default_generator())
        scores = run.net(ag.tensor(x))
        loss = F.cross_entropy(scores, y)
        value = loss.item()
        if not math.isfinite(value):
            raise NonFiniteLossError(
                f"the loss became {value} in epoch {len(run.history) + 1}, at step "
                f"{run.optimizer.steps + 1} with lr {run.optimizer.current_lr()[0]:g}"
            )
        run.optimizer.zero_grad()
        loss.backward()
        if settings.clip is not None:
            clip_grad_norm_(parameters, settings.clip)
        run.optimizer.step()
        total_loss += value * len(y)
        right += int((scores.argmax(axis=1) == y).sum())
        seen += len(y)
        after_step(value)
    return total_loss / seen, right / seen


@named_arguments
def evaluate(net: Module, x: np.ndarray, y: np.ndarray) -> Evaluation:
    """Loss and accuracy of `net` in evaluation mode; nothing is recorded or trained.

    Shapes: x (N, ...), y (N,) classes.
    """
    back = writing_modes((module, module.training) for module in net.modules())
    try:
        net.eval()
        with ag.no_grad():
            scores = np.concatenate(
                [
                    net(ag.tensor(x[start : start + EVALUATION_BATCH])).numpy()
                    for start in range(0, len(x), EVALUATION_BATCH)
                ]
            )
            loss = float(F.cross_entropy(scores, y))
            probabilities = np.asarray(F.softmax(scores, axis=1))
    finally:
        at_once(back)
    return Evaluation(loss, float((scores.argmax(axis=1) == y).mean()), probabilities)
