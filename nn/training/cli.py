"""`python -m nn`: one training run from the command line to its pictures."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from autograd.errors import ArgumentError, GlassgradError
from autograd.support.files import write_page, write_whole
from nn.serialization import save
from nn.training.checkpoints import CHECKPOINT, load_run, save_run
from nn.training.datasets import Data, load_data
from nn.training.fitting import NonFiniteLossError, Run, evaluate, fit, new_run
from nn.training.options import Job, parse
from nn.training.progress import Progress

__all__ = ["main"]

PREVIOUS = "previous-checkpoint.safetensors"
INTERRUPTED = 130  # what shells report of a program ended by Ctrl-C


def main(arguments: list[str] | None = None) -> int:
    """Run a job; 0 if it was done, 2 for bad input, 1 for a loss that became no number."""
    job: Job | None = None
    try:
        job = parse(arguments)
        _check_writable(job.out)
        data = load_data(job.settings)
        if job.resume:
            run = load_run(job.out, data, job.settings.epochs)
        else:
            run = _begin(job, data)
        _describe(run, data, job)
        with _one_blas_thread():
            _train(run, data, job.out)
        _report(run, data, job.out)
    except KeyboardInterrupt:
        print(f"\ninterrupted; {_kept(job)}", file=sys.stderr)
        if job is not None:
            print(f"go on with: python -m nn --resume --out {job.out}", file=sys.stderr)
        return INTERRUPTED
    except NonFiniteLossError as error:
        print(f"stopped: {error}; {_kept(job)}. Try a smaller --lr, or --clip 1", file=sys.stderr)
        return 1
    except (GlassgradError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _check_writable(directory: Path) -> None:
    """Raise now rather than after the first epoch."""
    if directory.exists() and not directory.is_dir():
        raise ArgumentError(
            f"--out: cannot write into {directory}: it is a file; give the name of a directory"
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise ArgumentError(f"--out: cannot write into {directory}: {error}") from error


def _begin(job: Job, data: Data) -> Run:
    """A new run, saved before its first step; the one that was there is kept under another name."""
    run, path = new_run(job.settings, data), job.out / CHECKPOINT
    if path.is_file():  # copied, not renamed: at no moment there is none
        write_whole(path.with_name(PREVIOUS), path.read_bytes(), durable=True)
        print(f"the run that was in {job.out} is kept as {PREVIOUS}")
    save_run(run, data, job.out)
    return run


def _describe(run: Run, data: Data, job: Job) -> None:
    settings, parameters = run.settings, sum(p.size for p in run.net.parameters())
    print(
        f"{settings.model} ({parameters:,} parameters) on {data.name}: {len(data.x_train):,} "
        f"images to train on, {len(data.x_test):,} held out"
    )
    shift = f", shifted by up to {settings.shift} pixels" if settings.shift else ""
    print(
        f"{settings.optimizer}, lr {settings.rate():g}, {settings.schedule} schedule, "
        f"batches of {settings.batch_size}{shift}, seed {settings.seed}"
    )
    if job.resume:
        print(f"resumed after epoch {len(run.history)} of {settings.epochs}")


def _one_blas_thread() -> contextlib.AbstractContextManager[object]:
    """Keep BLAS to one thread, if threadpoolctl is there (it comes with scikit-learn).

    Its products are small here: a second thread gains nothing, and where others want the
    processor it spins for most of the time. Nor do results then depend on the number of threads.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return contextlib.nullcontext()
    return threadpool_limits(1, user_api="blas")


def _train(run: Run, data: Data, out: Path) -> None:
    with Progress(run) as progress:

        def after_epoch(record: dict[str, float]) -> None:
            save_run(run, data, out)
            progress.after_epoch(record)

        try:
            fit(run, data, progress.after_step, after_epoch)
        except NonFiniteLossError as error:
            _write_history(run, data, out, stopped=str(error))
            raise


def _report(run: Run, data: Data, out: Path) -> None:
    """Write weights, history and pictures; print what came out."""
    result = evaluate(run.net, data.x_test, data.y_test)
    wrong = int((result.probabilities.argmax(axis=1) != data.y_test).sum())
    rate = statistics.median(record["steps"] / record["seconds"] for record in run.history)
    save(run.net, out / "model.safetensors")
    _write_history(
        *(run, data, out),
        test_accuracy=result.accuracy,
        test_loss=result.loss,
        misread=wrong,
        steps_per_second=rate,
    )
    pictures = _draw(run, data, result.probabilities, out)
    print(f"test accuracy: {result.accuracy:.4f}")
    print(f"misread: {wrong} of {len(data.y_test)} held-out images")
    print(f"step rate: {rate:.1f} steps/s, {rate * run.settings.batch_size:,.0f} images/s")
    names = [CHECKPOINT, "model.safetensors", "history.json", *pictures]
    print(f"in {out}: {', '.join(names)}")


def _write_history(run: Run, data: Data, out: Path, **outcome: Any) -> None:
    """Write history.json: the epochs so far, and what came out if the run has ended."""
    known = {"settings": asdict(run.settings), "data": data.fingerprint}
    content = {**known, **outcome, "epochs": run.history}
    write_page(out / "history.json", json.dumps(content, indent=2, allow_nan=False) + "\n")


def _draw(run: Run, data: Data, probabilities: np.ndarray, out: Path) -> list[str]:
    """The names of the pictures written; none without matplotlib."""
    from nn.training import pictures
    from nn.training.report import report_page

    title = f"{run.settings.model} on {data.name}"
    try:
        pictures.save_picture(pictures.curves(run.history, title), out / "curves.png")
        picture = pictures.misread(data.x_test, data.y_test, probabilities)
        pictures.save_picture(picture, out / "misread.png")
        write_page(out / "report.html", report_page(run, data, probabilities))
    except ImportError as error:
        print(f"no pictures: {error}; pip install 'glassgrad[demo]'", file=sys.stderr)
        return []
    return ["curves.png", "misread.png", "report.html"]


def _kept(job: Job | None) -> str:
    """What an unfinished run leaves."""
    if job is None or not (job.out / CHECKPOINT).is_file():
        return "nothing was begun yet"
    return f"{job.out / CHECKPOINT} is as it was after the last whole epoch"
