"""DOT text, groups and back ends: the same bytes every time, escaped, bounded, rendered."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.viz import render
from autograd.viz.dot import escaped, quoted

pytest.importorskip("pygraphviz")

GOLDEN = """\
digraph autograd {
  graph [rankdir=TB, fontname="Helvetica,Arial,sans-serif", fontsize=11, nodesep=0.25, \
ranksep=0.35, bgcolor=white, labelloc=b, labeljust=l, label=<LEGEND>];
  node [shape=plain, fontname="Helvetica,Arial,sans-serif", fontsize=11, margin=0];
  edge [fontname="Helvetica,Arial,sans-serif", fontsize=9, fontcolor="#5a6472", \
color="#6d7f95", arrowsize=0.6];
  n0 [id=n0, class="leaf", tooltip="x&#10;float32  4 B&#10;3&#10;grad 6", label=<<TABLE BORDER="1" \
COLOR="#4f81b3" BGCOLOR="#dcebfa" STYLE="ROUNDED" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">\
<TR><TD><B>x</B></TD></TR></TABLE>>];
  n1 [id=n1, class="output", tooltip="y = square&#10;float32  4 B&#10;9&#10;x²&#10;∂x = g * (2 * x)\
&#10;LINE  freed", label=<<TABLE BORDER="2" COLOR="#8a63b8" BGCOLOR="#eadff7" STYLE="ROUNDED" \
CELLBORDER="0" CELLSPACING="0" CELLPADDING="3"><TR><TD><B>y = square</B></TD></TR></TABLE>>];
  n0 -> n1 [id="e0", class="forward", tooltip="x scalar → y"];
}
"""


def leaf(*shape, seed=0, name=None):
    data = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return ag.Tensor(data, requires_grad=True, name=name)


def boxes(graph):
    return graph._picture.boxes


def titles(graph):
    return [box.rows[0].text for box in boxes(graph)]


def frames(graph):
    found, stack = [], [graph._picture.root]
    while stack:
        frame = stack.pop()
        found.append(frame.title)
        stack.extend(item for item in reversed(frame.items) if hasattr(item, "items"))
    return found[1:]


# -- DOT text ------------------------------------------------------------------------------------


def test_golden_text():
    x = ag.tensor(3.0, requires_grad=True)
    y = ag.square(x)
    y.backward()
    source = ag.draw(y, style="ops", detail="names").source
    source = re.sub(
        r"label=<<TABLE BORDER=\"0\" .*</TABLE>>\];", "label=<LEGEND>];", source, count=1
    )
    source = re.sub(r"test_viz_dot.py:\d+", "LINE", source)
    # a scalar of which only the name is shown has a row for its kind
    source = source.replace(
        '<TR><TD><FONT POINT-SIZE="9" COLOR="#5a6472">scalar</FONT></TD></TR>', ""
    )
    assert source == GOLDEN


def test_the_same_program_gives_the_same_text():
    def program():
        w = leaf(3, 3)
        h = w
        for _ in range(4):
            h = ag.tanh(h @ w) * 2.0
        return ag.draw(h.sum(), detail="all", direction="both").source

    assert program() == program()


def test_the_text_does_not_depend_on_the_process():
    program = (
        "import numpy as np, autograd as ag, nn\n"
        "ag.manual_seed(1)\n"
        "net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))\n"
        "with ag.watch(): loss = net(ag.tensor(np.ones((2, 4), 'f'))).sum()\n"
        "loss.backward()\n"
        "print(ag.draw(loss, fold=True, hops=3, color='grad').source)\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


HOSTILE = [
    "<lambda>",
    'quo"ted',
    "a:b:c",
    "two\nlines",
    "</script><script>alert(1)</script>",
    "back\\slash\\n",
    "&amp;#0;&",
    "nul\x00\x1b[31m\ud800",
    "{record|port}",
    "×" * 500,
    "]]>--><!--",
    "\u202eright to left",
    "'",
    "%s{}",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names(name):
    x = leaf(2, name=name)
    graph = ag.draw((x * 2.0).sum(), detail="all", style="full")
    svg = graph.svg()
    tree = ElementTree.fromstring(svg[svg.index("<svg") :])  # well-formed, so nothing got out
    texts = [t.text for t in tree.iter("{http://www.w3.org/2000/svg}text")]
    shown = escaped(name).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    shown = shown.replace("&#39;", "'").replace("&amp;", "&")
    flat = " ".join("".join(texts).replace("\xa0", " ").split())
    assert " ".join(shown.split())[:40] in flat
    assert not list(tree.iter("{http://www.w3.org/2000/svg}script"))
    assert "<script>alert" not in graph.html()


def test_escaping():
    assert escaped('<a href="x">&') == "&lt;a href=&quot;x&quot;&gt;&amp;"
    assert escaped("a\nb\tc") == "a b c"
    assert quoted('a"b\\n\n') == '"a&quot;b\\\\n&#10;"'


# -- modules and blocks --------------------------------------------------------------------------


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return ag.tanh(x + ag.relu(self.fc(x)))


class Net(nn.Module):
    def __init__(self, blocks=3):
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.blocks = [Block() for _ in range(blocks)]
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def run(net):
    return net(ag.tensor(np.ones((2, 4), np.float32))).sum()


def test_modules_are_nested_frames():
    net = Net(2)
    found = frames(ag.draw(run(net)))
    assert found == [
        "Net",
        "stem: Linear",
        "0: Block",
        "fc: Linear",
        "1: Block",
        "fc: Linear",
        "head: Linear",
    ]


def test_depth_and_collapse():
    net = Net(3)
    loss = run(net)
    shallow = ag.draw(loss, depth=1, style="ops")
    assert frames(shallow) == ["Net"]
    assert titles(shallow)[-6:-1] == [
        "stem: Linear",
        "0: Block",
        "1: Block",
        "2: Block",
        "head: Linear",
    ]
    assert "Net" in titles(ag.draw(loss, depth=0)) and frames(ag.draw(loss, depth=0)) == []
    by_class = ag.draw(loss, collapse=["Block"])
    assert sum("Block" in t for t in titles(by_class)) == 3
    by_path = ag.draw(loss, collapse="blocks.1")
    assert sum("Block" in t for t in titles(by_path)) == 1
    words = [row.text for box in boxes(shallow) for row in box.rows]
    assert any("20 parameters" in text for text in words)
    # collapsed parameters are inside, not beside
    assert not any(box.role == "parameter" for box in boxes(shallow))


def test_equal_blocks_are_drawn_once():
    net = Net(12)
    loss = run(net)
    whole, folded = ag.draw(loss, detail="names"), ag.draw(loss, fold=True, detail="names")
    assert "Block × 12 (blocks.0 … blocks.11)" in frames(folded)
    assert len(boxes(folded)) < len(boxes(whole)) / 3
    assert any(arrow.kind == "again" for arrow in folded._picture.arrows)
    assert not any(arrow.kind == "again" for arrow in whole._picture.arrows)
    # each block's parameters stand for those of the first
    drawn = [t for t in titles(folded) if t.endswith("fc.weight")]
    assert drawn == ["blocks.0.fc.weight"]


def test_a_loop_is_drawn_once():
    w = leaf(3, 3)
    h = w
    for _ in range(50):
        h = ag.tanh(h @ w)
    graph = ag.draw(h.sum(), fold=True)
    assert len(boxes(graph)) < 20
    assert any("× 49" in title or "× 50" in title for title in frames(graph))


def test_a_module_called_twice_has_two_frames():
    layer = nn.Linear(4, 4)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    loss = net(ag.tensor(np.ones((2, 4), np.float32))).sum()
    graph = ag.draw(loss)
    assert sum("Linear" in t for t in frames(graph)) == 2
    assert titles(graph).count("0.weight") == 1


# -- large graphs --------------------------------------------------------------------------------


def test_large_graphs_are_folded_and_say_so():
    net = Net(700)
    graph = ag.draw(run(net))
    total = len(graph._recorded.ops)
    assert total >= 2000 and len(boxes(graph)) <= 300
    assert graph.notes and str(total) in graph.notes[0] and graph.notes[0] in graph.source


def tangle(count):
    """A graph without any structure."""
    rng = np.random.default_rng(1)
    pool = [leaf(2)]
    ops = [ag.maximum, ag.minimum, ag.logaddexp]
    for _ in range(count):
        op = ops[rng.integers(3)]
        pool.append(op(pool[rng.integers(max(0, len(pool) - 20), len(pool))], pool[-1]))
    return ag.stack(pool[-20:]).sum()


def everything_to_everything(layers):
    """Few ops and very many long arrows."""
    found = [leaf(2)]
    for _ in range(layers):
        found.append(ag.tanh(ag.stack(found).sum(axis=0)))
    return found[-1]


def test_many_long_arrows_are_drawn_in_two_seconds():
    for loss in (everything_to_everything(15), everything_to_everything(40), tangle(280)):
        began = time.process_time()
        render.with_pygraphviz(ag.draw(loss).source, "svg")
        assert time.process_time() - began < 2.0


def test_2000_nodes_are_drawn_in_two_seconds():
    loop = leaf(3, 3)
    for _ in range(1000):
        loop = ag.tanh(loop @ loop)
    for loss in (run(Net(700)), loop.sum(), tangle(2000)):
        began = time.process_time()
        svg = render.with_pygraphviz(ag.draw(loss).source, "svg")
        assert time.process_time() - began < 2.0  # of this process: others may be busy
        assert len(svg) < 2_000_000


def test_explicit_limit():
    net = Net(12)
    graph = ag.draw(run(net), limit=10)
    assert len([b for b in boxes(graph) if b.role in ("op", "group", "output")]) <= 10


def test_twenty_thousand_nodes_are_no_obstacle():
    x = y = leaf()
    for _ in range(10_000):
        y = y * 0.5 + x
    graph = ag.draw(y)
    assert len(boxes(graph)) < 300 and "× 999" in " ".join(frames(graph)) + " ".join(titles(graph))


# -- colours -------------------------------------------------------------------------------------


def paints(graph):
    return {box.rows[0].text: box.paint for box in boxes(graph)}


def test_gradients_missing_zero_and_bad():
    x, y, z = leaf(2, name="x"), leaf(2, name="y"), leaf(2, name="z")
    loss = (x * 1e6 + y * 1e-6 + z * 0.0).sum()
    assert paints(ag.draw(loss, color="grad"))["x"].dashed
    loss.backward()
    graph = ag.draw(loss, color="grad")
    found = paints(graph)
    assert found["x"].fill == "#6baed6" and found["y"].fill == "#f7fbff"
    assert found["z"].fill == "#ffe8cc" and not found["z"].dashed
    legend = " ".join(text for _, text in graph._picture.legend)
    assert "mean |g|" in legend and "gradient is zero" in legend and "no gradient" in legend
    x.grad = np.array([np.nan, 1], np.float32)
    assert paints(ag.draw(loss, color="grad"))["x"].border == "#a8200d"


def test_nan_and_inf_are_red():
    x = leaf(2, name="x")
    with ag.watch(), np.errstate(all="ignore"):
        loss = ag.log(x * 0.0).sum()
    found = paints(ag.draw(loss, color="nan", style="ops"))
    red = {title for title, paint in found.items() if paint.border == "#a8200d"}
    assert red == {"log", "loss = sum"}


def test_where_a_nan_was_born_is_apart_from_what_it_reached():
    x = ag.tensor(np.array([1.0, -2.0, 3.0]), requires_grad=True, name="x")
    with ag.watch(), np.errstate(all="ignore"):
        h = ag.tanh(x * 2.0)
        p = ag.sqrt(h)
        loss = (p * 3.0 + 1.0).mean()
        loss.backward()
    found = paints(ag.draw(loss, color="nan", style="ops", constants=False))
    born = found.pop("p = sqrt")
    assert {paint.fill for paint in found.values()} == {"#fff0e6"} != {born.fill}


def test_a_rule_that_makes_a_gradient_infinite_is_marked():
    x = ag.tensor(np.array([0.0, 1.0]), requires_grad=True, name="x")
    with ag.watch(), np.errstate(all="ignore"):
        y = ag.sqrt(x * 1.0)
        loss = (y + 1.0).sum()
        loss.backward()
    found = paints(ag.draw(loss, color="nan", style="ops", constants=False))
    fills = {title: paint.fill for title, paint in found.items()}
    assert fills["y = sqrt"] == "#e0b8ee"
    assert fills["multiply"] == fills["x"] == "#fff0e6"
    assert fills["add"] == fills["loss = sum"] == "#d5efd9"


def test_memory_and_time():
    x = leaf(500, name="x")
    loss = (ag.exp(x) + 1.0).sum()
    found = paints(ag.draw(loss, color="memory", style="ops"))
    assert found["exp"].fill != found["add"].fill
    list(ag.backward_steps(loss, retain_graph=True))
    assert "backward" not in ag.draw(loss).source  # no times unless they are asked for
    list(ag.backward_steps(loss, retain_graph=True, measure=True))
    graph = ag.draw(loss, color="time", style="ops")
    assert any("µs" in text or "ms" in text for _, text in graph._picture.legend)
    assert "backward" in graph.source
    assert not paints(graph)["exp"].dashed and paints(graph)["x"].dashed


def test_directions():
    x = leaf(3, name="x")
    loss = ag.exp(x).sum()
    loss.backward()
    kinds = {
        direction: [a.kind for a in ag.draw(loss, style="ops", direction=direction)._picture.arrows]
        for direction in ("forward", "backward", "both")
    }
    assert set(kinds["forward"]) == {"forward"} and set(kinds["backward"]) == {"backward"}
    assert len(kinds["both"]) == 2 * len(kinds["forward"])
    assert "∂x: mean |g|" in ag.draw(loss, direction="backward").source


# -- back ends -----------------------------------------------------------------------------------

MAGIC = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


@pytest.mark.parametrize("form", sorted(MAGIC))
def test_pygraphviz_renders(form, tmp_path):
    source = ag.draw(run(Net(2)), direction="both").source
    assert render.with_pygraphviz(source, form).startswith(MAGIC[form])


@pytest.mark.skipif(shutil.which("dot") is None, reason="the dot program is not installed")
@pytest.mark.parametrize("form", sorted(MAGIC))
def test_the_dot_program_renders(form):
    source = ag.draw(run(Net(2)), direction="both").source
    assert render.with_dot_program(source, form).startswith(MAGIC[form])


def test_save_every_format(tmp_path):
    graph = ag.draw(run(Net(1)))
    for form in ("svg", "png", "pdf", "html", "dot", "txt"):
        path = graph.save(tmp_path / "deep" / f"graph.{form}")
        assert path.stat().st_size > 100
    assert (tmp_path / "deep" / "graph.dot").read_text("utf-8") == graph.source
    page = (tmp_path / "deep" / "graph.html").read_text("utf-8")
    assert "<svg" in page and "http" not in re.sub(r'"http://www.w3.org[^"]*"', "", page)


def test_a_broken_back_end_gives_way_to_the_next(monkeypatch):
    def broken(dot_text, form):
        raise RuntimeError("format not recognized")

    graph = ag.draw(leaf(2) * 2.0)
    monkeypatch.setattr(render, "back_ends", lambda: [broken, render.with_pygraphviz])
    assert "<svg" in graph.svg()
    monkeypatch.setattr(render, "back_ends", lambda: [broken])
    with pytest.raises(ag.MissingExtraError, match="format not recognized"):
        graph.png()
    assert "multiply" in graph._repr_mimebundle_()["text/html"]
