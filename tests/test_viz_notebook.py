"""What a notebook shows: bounded, escaped, never raising, never touching the graph."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd.viz.heatmap import colours, data_uri, grid, png
from autograd.viz.notebook import history_html, module_html, optimizer_html, tensor_html


def test_a_tensor_shows_shape_values_and_its_gradient():
    x = ag.tensor([1.5, -2.0], requires_grad=True, name="speed")
    (x * x).sum().backward()
    shown = x._repr_html_()
    for piece in ("speed", "(2,)", "float32", "8 B", "1.5", "gradient", "-4"):
        assert piece in shown
    result = (x * 2.0)._repr_html_()
    assert "result of multiply" in result and "gradient" not in result


def test_a_huge_tensor_is_bounded():
    shown = ag.Tensor(np.zeros((4000, 3000), np.float32))._repr_html_()
    assert "data:image/png" in shown and len(shown) < 20_000
    deep = ag.Tensor(np.random.default_rng(0).standard_normal((8, 64, 60, 60)))._repr_html_()
    assert "data:image/png" in deep and len(deep) < 40_000


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.array(3.0),
        np.array([np.nan, np.inf, -np.inf]),
        np.full((30, 30), np.nan),
        np.arange(300),
        np.ones((20, 20), bool),
        np.zeros((2, 0, 5)),
        np.ones((2, 2, 2, 2, 2)),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_odd_arrays_are_shown(array):
    assert tensor_html(ag.Tensor(array)) is not None


def test_text_is_escaped():
    x = ag.tensor([1.0], name="</script><b>&'\"")
    assert "<b>&amp;" not in x._repr_html_() and "&lt;/script&gt;" in x._repr_html_()


def test_a_repr_records_nothing_and_keeps_gradients():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2.0
    before = y.node, y.node.hooks, x.grad
    repr(y), y._repr_html_(), x._repr_html_(), ag.draw(y)._repr_mimebundle_()
    assert (y.node, y.node.hooks, x.grad) == before
    assert len(repr(y)) < 60


def test_a_module_shows_its_tree():
    net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(6, 2))
    net[3].requires_grad_(False)
    shown = net._repr_html_()
    for piece in ("<details open>", "Conv2d", "(6, 1, 5, 5)", "170 parameters", "14 frozen"):
        assert piece in shown
    assert "no gradient yet" in shown
    net(ag.tensor(np.ones((1, 1, 5, 5), np.float32))).sum().backward()
    assert "mean |grad|" in net._repr_html_()


def test_a_module_tree_is_bounded_and_survives_cycles():
    many = nn.Sequential(*[nn.ReLU() for _ in range(1000)])
    assert module_html(many).count("ReLU") < 500

    class Odd(nn.Module):
        def extra_repr(self):
            raise RuntimeError("no")

    assert Odd()._repr_html_() is None  # the plain repr is shown

    one = nn.Sequential(nn.Linear(1, 1))
    one.me = one
    assert "Linear" in module_html(one)


def test_an_optimiser_shows_its_groups():
    w = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    shown = optim.SGD([w], lr=0.125, momentum=0.9)._repr_html_()
    for piece in ("SGD", "1 tensors, 3 numbers", "lr=0.125", "momentum=0.9"):
        assert piece in shown
    assert optimizer_html(object()) is None


def test_a_history_shows_curves():
    shown = history_html({"loss": [2.0, 1.0, float("nan"), 0.5], "empty": []}, "run <1>")
    assert "2 → 0.5" in shown and "1 not finite" in shown and "run &lt;1&gt;" in shown
    assert shown.count("<polyline") == 1
    assert "2 → 1" in history_html([{"loss": 2.0}, {"loss": 1.0}])


# -- heat maps -----------------------------------------------------------------------------------


def test_heat_map_cells_are_means_of_what_they_cover():
    cells = grid(np.arange(100.0).reshape(10, 10), largest=5)
    np.testing.assert_allclose(cells, np.arange(100.0).reshape(5, 2, 5, 2).mean((1, 3)))
    assert grid(np.arange(7.0)).shape == (1, 7)
    tiles = grid(np.arange(1.0, 3 * 4 * 5 + 1).reshape(3, 1, 4, 5))  # two rows of two, one empty
    assert tiles.shape == (4 + 1 + 4, 5 + 1 + 5)
    assert tiles[0, 6] == 21 and tiles[5, 0] == 41 and (tiles[4] == 0).all()
    assert (tiles[5:, 6:] == 0).all()


def test_heat_map_colours():
    rgb = colours(np.array([[-2.0, 0.0, 2.0, np.nan]]))
    assert rgb[0].tolist() == [[33, 102, 172], [255, 255, 255], [178, 24, 43], [255, 0, 255]]
    assert (colours(np.zeros((2, 2))) == 255).all()


def test_png_is_a_png():
    rgb = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    file = png(rgb)
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    start = file.index(b"IDAT")
    length = int.from_bytes(file[start - 4 : start], "big")
    lines = np.frombuffer(zlib.decompress(file[start + 4 : start + 4 + length]), np.uint8)
    np.testing.assert_array_equal(lines.reshape(2, 10)[:, 1:].reshape(2, 3, 3), rgb)
    assert data_uri(np.zeros((0, 2))).startswith("data:image/png;base64,")
