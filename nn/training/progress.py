"""What a run says while it trains: tqdm's bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from nn.training.fitting import Run

__all__ = ["Progress"]


class Progress:
    """A bar over all steps where there are tqdm and a terminal; a line after each epoch anyway.

    >>> import numpy as np
    >>> from nn.training import Data, Settings, fit, new_run
    >>> x, y = np.eye(4, dtype=np.float32).reshape(4, 1, 2, 2), np.arange(4)
    >>> data = Data("dots", x, x, y, y)
    >>> run = new_run(Settings(model="linear", epochs=1), data)
    >>> with Progress(run, bar=False) as progress:
    ...     fit(run, data, progress.after_step, progress.after_epoch)
    epoch 1/1: loss 1..., test accuracy ...
    """

    def __init__(self, run: Run, bar: bool | None = None) -> None:
        self.run = run
        self.bar: Any = None
        if bar is None:
            bar = sys.stderr.isatty()
        if bar:
            self.bar = _tqdm(
                total=run.settings.epochs * len(run.loader),
                initial=len(run.history) * len(run.loader),
            )

    def after_step(self, loss: float) -> None:
        """One step further."""
        if self.bar is not None:
            self.bar.set_description(f"epoch {len(self.run.history) + 1}", refresh=False)
            self.bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
            self.bar.update()

    def after_epoch(self, record: dict[str, float]) -> None:
        """One epoch further: a line for it."""
        line = (
            f"epoch {record['epoch']}/{self.run.settings.epochs}: loss {record['train_loss']:.4f}, "
            f"test accuracy {record['test_accuracy']:.4f}, {record['seconds']:.1f} s"
        )
        if self.bar is not None:
            self.bar.write(line, file=sys.stdout)
        else:
            print(line, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.bar is not None:
            self.bar.close()


def _tqdm(**settings: Any) -> Any:
    """A bar that vanishes at its end, or None without tqdm."""
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(unit="step", leave=False, dynamic_ncols=True, **settings)
