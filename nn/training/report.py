"""`report.html`: one page that shows a run: curves, mistakes, a step with its gradients, time."""

from __future__ import annotations

import base64
import copy
import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd as ag
from nn import functional as F
from nn.training import pictures
from nn.training.datasets import Data
from nn.training.fitting import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["report_page"]

_STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --soft: #656d76; --back: #fff; --card: #f6f8fa }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --soft: #9198a1; --back: #0d1117; --card: #161b22 }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 } h2 { margin: 2.5rem 0 .5rem } p.soft, dt { color: var(--soft) }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem }
dl div { background: var(--card); border-radius: .5rem; padding: .5rem .75rem }
dd { margin: 0; font-size: 1.25rem }
.picture { background: #fff; color: #222; border-radius: .5rem; padding: .75rem; overflow-x: auto }
.picture svg, .picture img { max-width: 100%; height: auto }
table { border-collapse: collapse; margin: .75rem 0; font-variant-numeric: tabular-nums }
th { text-align: right; color: var(--soft); font-weight: 600 } th:first-child { text-align: left }
td, th { padding: .15rem .75rem } tbody tr:last-child { font-weight: 600 }
"""


def report_page(run: Run, data: Data, probabilities: np.ndarray) -> str:
    """The page as text: it needs no other file and no network.

    `probabilities` (N, classes) are those of the held-out images. Raises `ImportError` without
    matplotlib. The run, its gradients and the random state stay as they are.
    """
    title = f"{run.settings.model} on {data.name}"
    graph, measured, findings = _one_step(run, data)
    last = run.history[-1]
    wrong = int((probabilities.argmax(axis=1) != data.y_test).sum())
    facts = {
        "test accuracy": f"{last['test_accuracy']:.2%}",
        "misread": f"{wrong} of {len(data.y_test):,}",
        "epochs": f"{len(run.history)}",
        "parameters": f"{sum(p.size for p in run.net.parameters()):,}",
        "training images": f"{len(data.x_train):,}",
        "optimiser": f"{run.settings.optimizer}, lr {run.settings.rate():g}",
        "seconds an epoch": f"{np.median([record['seconds'] for record in run.history]):.1f}",
        "seed": f"{run.settings.seed}",
    }
    listed = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in facts.items()
    )
    checks = findings._repr_html_() if findings else "<p>The checks found nothing.</p>"
    sections = [
        ("Curves", "", _picture(_svg(pictures.curves(run.history, title)))),
        (
            "Mistakes",
            "",
            _picture(_png(pictures.misread(data.x_test, data.y_test, probabilities))),
        ),
        (
            "One step",
            f"Forward on {run.settings.batch_size} training images with the weights at the end, "
            "coloured by the mean |gradient|; point at a box for its formula, values and line.",
            _picture(graph) + checks,
        ),
        ("Where the time goes", "The same step, by op and by module.", measured),
    ]
    body = "".join(
        f"<section><h2>{html.escape(name)}</h2>"
        + (f'<p class="soft">{html.escape(text)}</p>' if text else "")
        + content
        + "</section>\n"
        for name, text, content in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n<dl>{listed}</dl>\n{body}</body></html>\n"
    )


def _one_step(run: Run, data: Data) -> tuple[str, str, Any]:
    """Graph, profile and findings of a step on a copy of the network."""
    count = run.settings.batch_size
    x, y = ag.tensor(data.x_train[:count], name="images"), data.y_train[:count]
    with _random_state_kept():
        net = copy.deepcopy(run.net)
        net.train()
        for parameter in net.parameters():
            parameter.grad = None
        F.cross_entropy(net(x), y).backward()  # what is done once is not the step's
        for parameter in net.parameters():
            parameter.grad = None
        with ag.profile() as measured:
            loss = F.cross_entropy(net(x), y)
            loss.backward()
        for parameter in net.parameters():
            parameter.grad = None
        with ag.watch():
            loss = F.cross_entropy(net(x), y)
        findings = ag.lint(loss, net)
        loss.backward()
        graph = ag.draw(loss, color="grad").html()
    return graph, measured._repr_html_(), findings


@contextmanager
def _random_state_kept() -> Iterator[None]:
    state = ag.get_rng_state()
    try:
        yield
    finally:
        ag.set_rng_state(state)


def _picture(content: str) -> str:
    return f'<div class="picture">{content}</div>'


def _svg(figure: Figure) -> str:
    """A figure as an element of a page."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)


def _png(figure: Figure) -> str:
    coded = base64.b64encode(pictures.png(figure)).decode()
    return f'<img alt="misread images" src="data:image/png;base64,{coded}">'
