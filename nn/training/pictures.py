"""Pictures of a run: the curves of loss and accuracy, and the images it misreads."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autograd.support.files import write_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["curves", "misread", "png", "save_picture"]

COLUMNS, ROWS = 8, 5


def curves(history: list[dict[str, float]], title: str) -> Figure:
    """Loss and accuracy after each epoch, on the training and on the held-out images."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter

    figure = Figure(figsize=(10, 4), layout="constrained")
    figure.suptitle(title)
    epochs = [record["epoch"] for record in history]
    for axes, quantity in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for part, label in (("train", "training"), ("test", "held out")):
            values = [record[f"{part}_{quantity}"] for record in history]
            axes.plot(epochs, values, marker="o", markersize=3, label=label)
        axes.set(xlabel="epoch", ylabel=quantity)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.axes[0].set_yscale("log")
    figure.axes[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    figure.axes[0].yaxis.set_major_formatter("{x:g}")
    figure.axes[0].yaxis.set_minor_formatter(NullFormatter())
    figure.axes[1].yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure


def misread(x: np.ndarray, y: np.ndarray, probabilities: np.ndarray) -> Figure:
    """The images whose most likely class is not theirs, the surest mistakes first.

    If there is none: a row of those that were read with the least sureness.

    Shapes: x (N, C, H, W), y (N,), probabilities (N, classes).
    """
    from matplotlib.figure import Figure

    read = probabilities.argmax(axis=1)
    sureness = probabilities.max(axis=1)
    wrong = np.flatnonzero(read != y)
    wrong = wrong[np.argsort(-sureness[wrong], kind="stable")]
    shown = wrong[: COLUMNS * ROWS] if len(wrong) else np.argsort(sureness)[:COLUMNS]
    rows = max(1, -(-len(shown) // COLUMNS))
    height = 1.8 * rows + 0.4
    figure = Figure(figsize=(1.4 * COLUMNS, height))
    rest = f"; the surest {len(shown)} of them" if len(shown) < len(wrong) else ""
    rest = rest if len(wrong) else "; the least sure ones"
    figure.suptitle(f"{len(wrong)} of {len(y)} held-out images misread{rest}")
    for place, i in enumerate(shown):
        row, column = divmod(place, COLUMNS)
        bottom = (1.8 * (rows - row) - 1.6) / height  # inches from below, as a part of the height
        axes = figure.add_axes(((column + 0.05) / COLUMNS, bottom, 0.9 / COLUMNS, 1.2 / height))
        axes.axis("off")
        axes.imshow(_pixels(x[i], x), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(f"{y[i]}, read as {read[i]}\n({sureness[i]:.0%} sure)", fontsize=9)
    return figure


def _pixels(image: np.ndarray, images: np.ndarray) -> np.ndarray:
    """An image (C, H, W) as (H, W) or (H, W, 3), from 0 to 1 over all images."""
    low, high = float(images.min()), float(images.max())
    scaled = (image - low) / ((high - low) or 1.0)
    return scaled.transpose(1, 2, 0) if len(image) == 3 else scaled.mean(axis=0)


def save_picture(figure: Figure, path: Path) -> None:
    """Write a PNG file as a whole, or leave the one that is there."""
    write_page(path, png(figure))


def png(figure: Figure) -> bytes:
    """A figure as the content of a PNG file."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=120)
    return data.getvalue()
