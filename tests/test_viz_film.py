"""The backward pass step by step: the same end state, and a page that shows it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import nn
from tests import browser


def two_layer_net(seed=0):
    rng = np.random.default_rng(seed)
    x = ag.Tensor(rng.standard_normal((6, 4)).astype(np.float32))
    w1 = ag.Tensor(rng.standard_normal((4, 5)).astype(np.float32), requires_grad=True)
    b1 = ag.Tensor(np.zeros(5, np.float32), requires_grad=True)
    w2 = ag.Tensor(rng.standard_normal((5, 3)).astype(np.float32), requires_grad=True)

    def forward():
        hidden = ag.sigmoid(x @ w1 + b1)
        scores = hidden @ w2
        return (scores * scores).mean()

    return forward, [w1, b1, w2]


def pieces(seed=0):
    w = ag.Tensor(np.random.default_rng(seed).standard_normal((5, 3)), requires_grad=True)

    def forward():
        rows = [row * float(i) for i, row in enumerate(w)]
        return ag.stack(rows).sum() + (w[[0, 0, 2]] ** 2).sum() + w.mean()

    return forward, [w]


def convolution(seed=0):
    ag.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)
    )
    x = ag.Tensor(np.random.default_rng(seed).standard_normal((2, 1, 8, 8)).astype(np.float32))
    return lambda: nn.functional.cross_entropy(net(x), np.array([1, 3])), list(net.parameters())


# -- steps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", [two_layer_net, pieces, convolution])
@pytest.mark.parametrize("retain_graph", [False, True])
def test_the_end_state_is_that_of_backward_bit_for_bit(program, retain_graph):
    forward, leaves = program()
    for times in (1, 2):  # the second adds to the first
        loss = forward()
        loss.backward(retain_graph=retain_graph)
        stepped, stepped_leaves = program()
        for _ in range(times):
            again = stepped()
            steps = list(ag.backward_steps(again, retain_graph=retain_graph))
        for leaf, other in zip(leaves, stepped_leaves, strict=True):
            np.testing.assert_array_equal(leaf.grad.data, other.grad.data)
        assert len(steps) == steps[-1].count == steps[-1].number
        assert (again.node.closures is None) == (loss.node.closures is None) == (not retain_graph)


def test_a_step_says_what_arrived_and_what_was_sent():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    b = ag.tensor(3.0, requires_grad=True)
    first, second = ag.backward_steps((x * b).sum())
    assert (first.name, second.name) == ("sum", "multiply")
    assert first.gradient == 1 and second.gradient.tolist() == [1, 1]
    sent = {out.operand: out for out in second.outgoing}
    assert sent["a"].edge is x and sent["a"].formula == "g * b"
    assert sent["a"].gradient.tolist() == [3, 3]
    assert sent["b"].gradient.shape == () and sent["b"].gradient == 3  # broadcasting is undone
    assert sent["b"].closure(np.ones(2, np.float32)).tolist() == [1, 2]
    assert "step 2 of 2: multiply" in repr(second) and Path(__file__).name in str(second.source)


def test_leaves_get_their_gradient_at_the_end():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    steps = ag.backward_steps((x * x).sum())
    next(steps)
    next(steps)
    assert x.grad is None
    assert next(steps, None) is None
    assert x.grad.tolist() == [2, 4]


def test_abandoned_steps_leave_no_gradient():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    loss = ag.exp(x).sum()
    next(ag.backward_steps(loss, retain_graph=True))
    assert x.grad is None
    loss.backward()
    np.testing.assert_array_equal(x.grad.data, np.exp(x.data))


def test_hooks_retained_gradients_and_inputs_hold_in_steps():
    x, y = (ag.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    h = x * y
    h.retain_grad()
    x.register_hook(lambda g: g * 10)
    list(ag.backward_steps(h.sum(), inputs=[x]))
    assert x.grad.tolist() == [10, 20] and y.grad is None and h.grad.tolist() == [1, 1]


def test_recording_is_on_between_the_steps():
    x = ag.tensor(2.0, requires_grad=True)
    for _ in ag.backward_steps(x * x * x):
        assert ag.is_grad_enabled() and (x * 1.0).requires_grad


def test_bad_input_is_refused_at_once():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ag.GraphError, match="backward_steps: a gradient is needed"):
        ag.backward_steps(x * 2.0)
    with pytest.raises(ag.DTypeError, match="replay: tensor must be a Tensor, got float"):
        ag.replay(3.0)
    with pytest.raises(ag.GraphError, match="requires no gradient"):
        ag.replay(ag.tensor(3.0))
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(ag.GraphError, match="replayed before"):
        ag.replay(loss)


# -- the page ------------------------------------------------------------------------------------


def script_of(page):
    return json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.S)[1])


def test_a_replay_writes_no_gradient_and_keeps_the_graph():
    forward, leaves = two_layer_net()
    loss = forward()
    film = ag.replay(loss)
    assert all(leaf.grad is None for leaf in leaves)
    loss.backward()
    script = script_of(film.html())
    assert film.steps == len(script["steps"]) == 6 and repr(film) == "<replay of loss: 6 steps>"
    by_title = {box["title"]: id for id, box in script["boxes"].items()}
    for name, leaf in zip(("w1", "b1", "w2"), leaves, strict=True):
        totals = [
            sent["total"]
            for step in script["steps"]
            for sent in step["sent"]
            if sent["box"] == by_title[name]
        ]
        shown = script["arrays"][totals[-1]]["numbers"]
        expected = np.array2string(leaf.grad.data, separator=", ", max_line_width=60, precision=6)
        assert shown == expected


def test_the_page_needs_nothing_from_elsewhere(tmp_path):
    forward, _ = two_layer_net()
    page = ag.replay(forward()).save(tmp_path / "deep" / "replay.html").read_text("utf-8")
    assert "http" not in re.sub(r"http://www.w3.org/[\w/]*", "", page)
    assert "src=" not in re.sub(r"<img[^>]*>|picture.src = image|src=\\?\"data:", "", page)
    with pytest.raises(ag.ArgumentError, match="graph.png"):
        ag.replay(forward()).save(tmp_path / "graph.png")


def test_hostile_names_stay_data():
    x = ag.tensor([1.0], requires_grad=True, name='</script><script>window.bad=1</script><!-- "')
    page = ag.replay((x * 2.0).sum()).html()
    assert "<script>window.bad" not in page
    assert any("</script>" in box["title"] for box in script_of(page)["boxes"].values())


def test_large_nets_are_folded_in_the_film():
    x = y = ag.tensor([0.5, 0.25], requires_grad=True)
    for _ in range(500):
        y = ag.tanh(y + x)
    film = ag.replay(y.sum())
    assert film.steps == 1001
    assert len(film._script["boxes"]) < 300 and len(film.html()) < 6_000_000


def test_without_graphviz_the_boxes_are_a_list(monkeypatch):
    monkeypatch.setattr("autograd.viz.render.back_ends", list)
    forward, _ = two_layer_net()
    page = ag.replay(forward()).html()
    assert "<ul" in page and 'class="node output"' in page
    assert ag.replay(forward())._repr_html_().startswith("<style>")


# -- in a browser --------------------------------------------------------------------------------

needs_browser = pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))


def _panel(window):
    return window.run("return document.querySelector('.panel').innerText")


def _count(window):
    return window.run("return document.querySelector('.count').innerText")


@pytest.fixture
def net_page(tmp_path):
    forward, leaves = two_layer_net()
    with ag.watch():
        loss = forward()
    path = ag.replay(loss).save(tmp_path / "replay.html")
    loss.backward()
    return path, leaves


@needs_browser
def test_keys_slider_and_click(net_page, tmp_path):
    path, leaves = net_page
    with browser.Browser(tmp_path / "profile") as window:
        window.open(path)
        assert _count(window) == "step 0 of 6" and "starts here" in _panel(window)
        window.press("right")
        assert _count(window) == "step 1 of 6" and _panel(window).startswith("loss = mean")
        lit = "return [...document.querySelectorAll('.node.current')].map(n => n.id)"
        first = window.run(lit)
        window.press("right", "right")
        assert len(first) == 1 and window.run(lit) != first
        window.press("left")
        assert _count(window) == "step 2 of 6"
        assert window.run("return document.querySelectorAll('text.flow').length") == 2
        window.press("end")
        assert _count(window) == "step 6 of 6"
        assert window.run("return document.querySelectorAll('.node:not(.reached)').length") == 1
        window.press("home")
        assert window.run("return document.querySelectorAll('text.flow').length") == 0
        window.run(
            "const s = document.querySelector('input'); s.value = 4;"
            "s.dispatchEvent(new Event('input'))"
        )
        assert _count(window) == "step 4 of 6" and "sigmoid" in _panel(window)

        # a click shows a node; what it says is the engine's gradient
        window.press("end")
        window.run(
            "const text = [...document.querySelectorAll('.node text')];"
            "text.find(t => t.textContent.trim() === 'w2').closest('.node').id = 'wanted'"
        )
        window.click("#wanted")
        shown = window.run("return document.querySelector('pre.gradient').textContent")
        numbers = [float(n) for n in re.findall(r"-?\d[\d.e+-]*", shown)]
        np.testing.assert_allclose(numbers, leaves[2].grad.data.ravel(), rtol=1e-5, atol=1e-6)
        window.press("escape")
        assert "matmul" in _panel(window)
        assert window.log() == []
        picture = window.screenshot()
    assert picture[:4] == b"\x89PNG"
    keep = os.environ.get("AUTOGRAD_SCREENSHOTS")  # a folder, to look at them
    if keep:
        Path(keep, "replay.png").write_bytes(picture)


@needs_browser
def test_a_person_without_a_mouse_can_choose_a_node(net_page, tmp_path):
    with browser.Browser(tmp_path / "profile") as window:
        window.open(net_page[0])
        window.run("document.querySelector('.node.parameter, .node.leaf').focus()")
        window.press("\ue007")  # Enter
        assert "gradient so far" in _panel(window)
        window.run("document.querySelector('[aria-label^=play]').click()")
        assert "pause" in window.run("return document.querySelector('.bar').innerText")
        assert window.log() == []


@needs_browser
def test_two_films_in_one_page_do_not_meet(tmp_path):
    forward, _ = two_layer_net()
    first, second = ag.replay(forward()), ag.replay(ag.tensor(2.0, requires_grad=True) * 3.0)
    page = tmp_path / "two.html"
    cells = first._repr_html_() + second._repr_html_()
    page.write_text(f'<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,">{cells}')
    with browser.Browser(tmp_path / "profile") as window:
        window.open(page)
        window.run("document.querySelectorAll('.autograd-film')[1].focus()")
        window.press("right")
        counts = window.run("return [...document.querySelectorAll('.count')].map(c => c.innerText)")
        assert counts == ["step 0 of 6", "step 1 of 1"]
        assert window.log() == []


@needs_browser
def test_readable_in_the_dark(net_page, tmp_path):
    with browser.Browser(tmp_path / "profile", "--blink-settings=preferredColorScheme=0") as window:
        window.open(net_page[0])
        colours = window.run(
            "const s = getComputedStyle(document.querySelector('.autograd-film'));"
            "return [s.color, s.backgroundColor]"
        )
        ink, paper = (np.mean([int(n) for n in re.findall(r"\d+", c)[:3]]) for c in colours)
        assert ink > 200 and paper < 50
