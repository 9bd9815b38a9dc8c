"""The page of a run, and the plot that grows in a notebook."""

import math
import re
import sys
import types
from html.parser import HTMLParser

import numpy as np
import pytest

import autograd as ag
from autograd.errors import ArgumentError
from nn.training import Data, LivePlot, Settings, evaluate, fit, new_run
from nn.training.report import report_page
from tests import browser

VOID = {"meta", "img", "br", "input", "link", "hr"}


def stripes():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.1, (40, 1, 8, 8)).astype("f4")
    y = np.arange(40) % 4
    for image, label in zip(x, y, strict=True):
        image[0, 2 * label] += 1
    return Data('<stripes> & "dots"', x[:32], x[32:], y[:32], y[32:])


@pytest.fixture(scope="module")
def trained():
    data = stripes()
    run = new_run(Settings(model="linear", epochs=2, shift=0, batch_size=8), data)
    fit(run, data)
    return run, data, evaluate(run.net, data.x_test, data.y_test).probabilities


@pytest.fixture(scope="module")
def page(trained):
    return report_page(*trained)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        self.links += [v for k, v in attributes if k in ("src", "href", "xlink:href") and v]

    def handle_startendtag(self, tag, attributes):
        self.links += [v for k, v in attributes if k in ("src", "href", "xlink:href") and v]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_other_file(page):
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert all(link.startswith(("data:", "#")) for link in tags.links)
    assert "<script" not in page
    assert not re.search(r"url\((?!#|data:)|@import", page)


def test_it_shows_graph_curves_profile_and_mistakes(page, trained):
    run, data, probabilities = trained
    for heading in ("Curves", "One step", "Where the time goes", "Mistakes"):
        assert f"<h2>{heading}</h2>" in page
    assert "&lt;stripes&gt; &amp;" in page
    assert "<stripes>" not in page
    assert "label_cross_entropy" in page
    assert 'class="autograd-profile"' in page
    assert page.count("<svg") >= 1
    wrong = int((probabilities.argmax(axis=1) != data.y_test).sum())
    assert f"{wrong} of {len(data.y_test)}" in page
    assert f"{run.history[-1]['test_accuracy']:.2%}" in page


def test_the_run_stays_as_it_was(trained):
    run, data, probabilities = trained
    parameters = list(run.net.parameters())
    grads = [None if p.grad is None else p.grad.data.copy() for p in parameters]
    values = [p.data.copy() for p in parameters]
    state = str(ag.get_rng_state())
    report_page(run, data, probabilities)
    assert str(ag.get_rng_state()) == state
    for p, g, v in zip(parameters, grads, values, strict=True):
        np.testing.assert_array_equal(p.data, v)
        if g is not None:
            np.testing.assert_array_equal(p.grad.data, g)


@pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))
def test_a_browser_shows_it(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    with browser.Browser(tmp_path / "profile") as window:
        window.open(path)
        boxes = window.run(
            "return [...document.querySelectorAll('.picture svg, .picture img')]"
            ".map(e => e.getBoundingClientRect().width)"
        )
        assert len(boxes) >= 3
        assert all(width > 200 for width in boxes)
        assert window.run("return document.documentElement.scrollWidth <= innerWidth")
        assert window.log() == []


# -- the live plot -------------------------------------------------------------------------------


def notebook(monkeypatch):
    """A notebook's display, noting what it is given."""
    shown = []

    class Handle:
        def update(self, thing):
            shown.append(("update", thing._repr_html_()))

    def display(thing, display_id):
        shown.append(("display", thing._repr_html_()))
        return Handle()

    root, part = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    root.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    part.display = display
    monkeypatch.setitem(sys.modules, "IPython", root)
    monkeypatch.setitem(sys.modules, "IPython.display", part)
    return shown


def test_it_is_shown_once_and_updated_in_place(monkeypatch):
    shown = notebook(monkeypatch)
    plot = LivePlot(every=0)
    for loss in (2.0, 1.0, 0.5):
        plot.after_step(loss)
    plot.after_epoch({"test_loss": 0.7})
    assert [kind for kind, _ in shown] == ["display", "update", "update", "update"]
    assert "0.5 after 3 steps" in shown[-1][1]
    assert "held out" in shown[-1][1]
    assert "held out" not in shown[0][1]


def test_updates_are_rare_where_steps_are_quick(monkeypatch):
    shown = notebook(monkeypatch)
    with LivePlot(every=60) as plot:
        for _ in range(1000):
            plot.after_step(1.0)
    assert len(shown) == 2  # the first, and the end


def test_it_fits_the_training_loop(trained):
    data = trained[1]
    run = new_run(Settings(model="linear", epochs=2, shift=0, batch_size=8), data)
    with LivePlot() as plot:
        fit(run, data, plot.after_step, plot.after_epoch)
    assert len(plot.losses) == 2 * len(run.loader)
    assert [step for step, _ in plot.held_out] == [4, 8]


def test_a_picture_that_fails_does_not_end_the_training(monkeypatch):
    notebook(monkeypatch)

    def broken(thing, display_id):
        raise RuntimeError("no front end")

    monkeypatch.setattr(sys.modules["IPython.display"], "display", broken)
    plot = LivePlot(every=0)
    plot.after_step(1.0)
    assert plot.losses == [1.0]


@pytest.mark.parametrize(
    "losses", [[], [0.0], [math.nan, 1.0, math.inf, 2.0], [1.0], [3.0] * 5, [1e-30, 1e30], [-1.0]]
)
def test_any_loss_gives_a_picture(losses):
    plot = LivePlot(title="</svg><script>")
    for loss in losses:
        plot.after_step(loss)
    svg = plot.svg()
    assert "nan" not in svg.replace("nan after", "")
    assert "<script>" not in svg
    assert svg.count("<svg") == svg.count("</svg>") == 1


def test_long_lines_are_averaged_and_tensors_are_losses():
    plot = LivePlot()
    for _ in range(5000):
        plot.losses.append(1.0)
    plot.after_step(ag.tensor(2.0))
    assert plot.losses[-1] == 2.0
    assert len(plot.svg()) < 20_000


def test_bad_input():
    with pytest.raises(ArgumentError, match="every must be a number of at least 0"):
        LivePlot(every=-1)
