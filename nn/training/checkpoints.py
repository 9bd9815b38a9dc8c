"""A run on the disk, after each epoch, and back: resumed it goes on bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import autograd as ag
from autograd.errors import CheckpointError, GlassgradError
from nn.module import Module
from nn.serialization import load, save
from nn.training.datasets import Data
from nn.training.fitting import Run, new_run
from nn.training.settings import Settings

__all__ = ["CHECKPOINT", "load_run", "save_run", "stored_settings"]

CHECKPOINT = "checkpoint.safetensors"
KIND = "glassgrad training run, version 1"
PARTS = ("kind", "settings", "data", "model", "optimizer", "random", "history")


def save_run(run: Run, data: Data, directory: Path) -> None:
    """Write `directory`/checkpoint.safetensors as a whole, or leave the one that is there."""
    state = {
        "kind": KIND,
        "settings": asdict(run.settings),
        "data": data.fingerprint,
        "model": run.net.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "random": ag.get_rng_state(),
        "history": run.history,
    }
    save(state, directory / CHECKPOINT)


def stored_settings(directory: Path) -> Settings:
    """The settings of the run in `directory`."""
    return _settings(_read(directory), directory)


def load_run(
    directory: Path,
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
            f"--epochs: {settings.epochs} came, but the run in {directory} has {done} behind it; "
            "give that many or more"
        )
    if state["data"] != data.fingerprint:
        raise CheckpointError(
            f"the run in {directory} was trained on other data: {state['data']} there, "
            f"{data.fingerprint} here"
        )
    run = new_run(settings, data, build)
    run.net.load_state_dict(state["model"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.history = state["history"]
    ag.set_rng_state(state["random"])
    return run


def _read(directory: Path) -> dict[str, Any]:
    path = directory / CHECKPOINT
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


def _settings(state: dict[str, Any], directory: Path) -> Settings:
    try:
        return Settings(**state["settings"])
    except (TypeError, GlassgradError) as error:
        raise CheckpointError(
            f"the settings of the run in {directory} are not of this version: {error}"
        ) from None
