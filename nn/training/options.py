"""The options of `python -m nn`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from autograd.errors import ArgumentError
from autograd.support.unknown_names import did_you_mean
from nn import models
from nn.training.checkpoints import stored_settings
from nn.training.settings import OPTIMIZERS, SCHEDULES, Settings

__all__ = ["Job", "parse"]

EXAMPLES = """examples:
  python -m nn --model lenet --data digits --out runs/lenet-digits
  python -m nn --data path/to/mnist --optimizer sgd --lr 0.02 --out runs/mnist
  python -m nn --images train-images-idx3-ubyte.gz --labels train-labels-idx1-ubyte.gz --out runs/a
  python -m nn --resume --out runs/a --epochs 40
"""


class Job(NamedTuple):
    """What is to be done: the settings of a new run, or of the one to be resumed."""

    settings: Settings
    out: Path
    resume: bool


def parse(arguments: list[str] | None = None) -> Job:
    """The job that the command line describes.

    Raises `ArgumentError` for values that are none, `CheckpointError` for a run that cannot be
    resumed; exits with a usage message for unknown options.
    """
    given = _given(arguments)
    out, resume = _directory(given.pop("out", "runs/latest")), given.pop("resume", False)
    for option in ("images", "labels", "test_images", "test_labels"):
        if option in given:
            given[option] = _absolute(given[option])
    if given.get("data", "digits") != "digits" and Path(given["data"]).is_dir():
        given["data"] = _absolute(given["data"])
    _refuse_ignored(given)
    if not resume:
        return Job(Settings(**given), out, False)
    stored = asdict(stored_settings(out))
    for option, value in given.items():
        if option != "epochs" and value != stored[option]:
            raise ArgumentError(
                f"--{option.replace('_', '-')} must be as in the run in {out} with --resume, "
                f"{stored[option]!r}, got {value!r}; only --epochs may change, or begin a new run"
            )
    return Job(Settings(**{**stored, **given}), out, True)


def _given(arguments: list[str] | None) -> dict[str, Any]:
    """The options that came; exits with a usage message that names the nearest for unknown ones."""
    parser = _parser()
    given, unknown = parser.parse_known_args(arguments)
    for word in unknown:
        near = did_you_mean(word.partition("=")[0], [*parser._option_string_actions])
        parser.error(f"there is no option {word}{near}")
    return vars(given)


def _directory(text: str) -> Path:
    if not text:
        raise ArgumentError("--out must be a directory (. for this one), got an empty name")
    return Path(text)


def _refuse_ignored(given: dict[str, Any]) -> None:
    """Raise for an option beside others that would make it count for nothing."""
    for option in ("images", "labels", "test_images", "test_labels"):
        if option in given and "data" in given:
            raise ArgumentError(
                f"--{option.replace('_', '-')} must not be given beside --data; images are named "
                "by --images and --labels, or all together by --data"
            )


def _absolute(path: str) -> str:
    """So that a run can be resumed from another directory."""
    return str(Path(path).absolute())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nn",
        description="Train a model on labelled images; the results go into a directory.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,  # what is not given is told apart from a default
        allow_abbrev=False,
    )

    def add(option: str, text: str, **settings: Any) -> None:
        default = getattr(Settings, option[2:].replace("-", "_"), None)
        shown = "" if default is None else f" (default {default})"
        parser.add_argument(option, help=text + shown, **settings)

    add("--model", f"one of {', '.join(models.names())}", metavar="NAME")
    add(
        "--data",
        "'digits' (scikit-learn's, 32x32), or a directory with MNIST-type or CIFAR-10 files",
        metavar="NAME|DIR",
    )
    add("--images", "IDX file of images to train on, plain or .gz", metavar="FILE")
    add("--labels", "IDX file of their labels", metavar="FILE")
    add("--test-images", "IDX file of images held out; without it a fifth is", metavar="FILE")
    add("--test-labels", "IDX file of their labels", metavar="FILE")
    add("--epochs", "passes over the training images, in all", type=int, metavar="N")
    add("--batch-size", "images in a step", type=int, metavar="N")
    add("--optimizer", f"one of {', '.join(OPTIMIZERS)}", metavar="NAME")
    rates = ", ".join(f"{name} {lr:g}" for name, (_, lr) in OPTIMIZERS.items())
    add("--lr", f"learning rate (default: {rates})", type=float, metavar="RATE")
    add(
        "--schedule",
        f"of the learning rate: one of {', '.join(SCHEDULES)}",
        metavar="NAME",
    )
    add("--weight-decay", "pull of the weights towards 0", type=float, metavar="X")
    add("--clip", "largest norm of the gradient; without it, any", type=float, metavar="NORM")
    add("--shift", "move training images by up to so many pixels", type=int, metavar="PIXELS")
    add("--seed", "of split, weights, order and all other chance", type=int, metavar="N")
    add("--out", "directory for the results (default runs/latest)", metavar="DIR")
    add("--resume", "go on with the run in --out, bit for bit", action="store_true")
    return parser
