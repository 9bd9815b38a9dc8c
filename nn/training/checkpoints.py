"""A run on the disk, after each epoch, and back: resumed it goes on bit for bit."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import autograd as ag
from autograd.errors import ArgumentError, CheckpointError, DTypeError, GlassgradError
from autograd.support.unknown_names import named_arguments
from nn.module import Module
from nn.serialization import load, save
from nn.training.datasets import Data
from nn.training.fitting import Run, new_run
from nn.training.settings import Settings

__all__ = ["CHECKPOINT", "load_run", "save_run", "stored_settings"]

CHECKPOINT = "checkpoint.safetensors"
StrPath = str | os.PathLike[str]

KIND = "glassgrad training run, version 1"
PARTS = ("kind", "settings", "data", "model", "optimizer", "random", "history")


@named_arguments
def save_run(run: Run, data: Data, directory: StrPath) -> None:
    """Write `directory`/checkpoint.safetensors as a whole, or leave the one that is there.

    The directory is made if it is missing. Raises `DTypeError` for arguments of other kinds.
    """
    for name, value, kind in (("run", run, Run), ("data", data, Data)):
        if not isinstance(value, kind):
            raise DTypeError(
                f"save_run: {name} must be a {kind.__name__}, got {type(value).__name__}; its "
                "arguments are run, data, directory"
            )
    path = _path(directory, "save_run")
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "kind": KIND,
        "settings": asdict(run.settings),
        "data": data.fingerprint,
        "model": run.net.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "random": ag.get_rng_state(),
        "history": run.history,
    }
    save(state, path)


def stored_settings(directory: StrPath) -> Settings:
    """The settings of the run in `directory`."""
    return _settings(_read(directory), directory)


@named_arguments
def load_run(
    directory: StrPath,
    data: Data,
    epochs: int | None = None,
    build: Callable[[], Module] | None = None,
) -> Run:
    """The run in `directory`, to be gone on with to `epochs` in all; the random state, too.

    Raises `CheckpointError` if there is none, or it is damaged, of other data, or past `epochs`.
    """
    state = _read(directory)
    settings = _settings(state, directory)
    settings = replace(settings, epochs=settings.epochs if epochs is None else epochs)
    done = len(state["history"])
    if done > settings.epochs:
        raise CheckpointError(
            f"--epochs must be at least {done}, which the run in {directory} has behind it, got "
            f"{settings.epochs}"
        )
    if state["data"] != data.fingerprint:
        raise CheckpointError(
            f"the run in {directory} was trained on other data: {state['data']} there, "
            f"{data.fingerprint} here"
        )
    try:
        run = new_run(settings, data, build)
        run.net.load_state_dict(state["model"])
    except GlassgradError as error:
        if build is not None:
            raise
        raise CheckpointError(
            f"load_run: the network of the run in {directory} is not the {settings.model!r} of its "
            "settings; if it was begun as new_run(settings, data, build), give the same build. "
            f"({error})"
        ) from None
    run.optimizer.load_state_dict(state["optimizer"])
    run.history = state["history"]
    ag.set_rng_state(state["random"])
    return run


def _path(directory: StrPath, where: str) -> Path:
    if not isinstance(directory, str | os.PathLike):
        raise DTypeError(
            f"{where}: directory must be a str or Path, got {type(directory).__name__}"
        )
    if not os.fspath(directory):
        raise ArgumentError(f"{where}: directory must be a name (. for this one), got an empty one")
    return Path(directory) / CHECKPOINT


def _read(directory: StrPath) -> dict[str, Any]:
    path = _path(directory, "load_run")
    if not path.is_file():
        raise CheckpointError(
            f"there is no checkpoint {path} to resume; the first epoch writes it "
            "(--out names the directory of the run)"
        )
    state = load(path)
    missing = [part for part in PARTS if part not in state] if isinstance(state, dict) else PARTS
    if missing or state["kind"] != KIND:
        raise CheckpointError(
            f"{path} is no checkpoint of a training run of this version ({KIND!r}); "
            f"missing: {', '.join(missing) or 'nothing'}"
        )
    return state


def _settings(state: dict[str, Any], directory: StrPath) -> Settings:
    try:
        return Settings(**state["settings"])
    except (TypeError, GlassgradError) as error:
        raise CheckpointError(
            f"the settings of the run in {directory} are not of this version: {error}"
        ) from None
