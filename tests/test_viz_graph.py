"""What a picture says: names, shapes, values, gradients, formulas, lines, failures."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Array
from autograd.viz.formulas import derivatives, formula
from autograd.viz.graph import collect
from autograd.viz.values import (
    bytes_in_words,
    held_bytes,
    number,
    seconds_in_words,
    sparkline,
    statistics,
)


def vertices(output, frame=None):
    return collect([output], frame or sys._getframe(1)).vertices


def named(output):
    return {v.name: v for v in vertices(output, sys._getframe(1)) if v.name}


def leaf(*shape, seed=0, name=None):
    data = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return ag.Tensor(data, requires_grad=True, name=name)


# -- names ---------------------------------------------------------------------------------------


def test_names_of_the_callers_variables_and_of_assigned_results():
    W = leaf(3, 2)
    x = ag.tensor(np.ones((4, 3), np.float32))

    def forward():
        h = ag.tanh(x @ W)
        h2 = h * 2.0
        return h2.sum()

    loss = forward()
    found = named(loss)
    assert {"W", "x", "h", "h2", "loss"} <= set(found)
    assert found["h"].op.name == "tanh" and found["loss"].op.name == "sum"
    assert found["x"].kind == "constant" and found["W"].kind == "leaf"


def test_names_of_operands_are_read_from_the_line_that_used_them():
    def forward():
        weights, bias = leaf(3, 2), leaf(2)
        inputs = np.ones((4, 3), np.float32)
        return ag.maximum(inputs @ weights, bias).sum()

    out = forward()
    assert {v.name for v in vertices(out) if v.kind != "op"} == {"weights", "inputs", "bias"}


def test_a_name_given_to_a_tensor_wins():
    w = leaf(3, name="weights")
    result = w.sum()
    result.name = "total"
    assert {"weights", "total"} == set(named(result))


def test_names_in_lists_dicts_and_objects():
    class Bag:
        pass

    bag = Bag()
    bag.w = leaf(2, seed=1)
    params = [leaf(2, seed=2)]
    table = {"a": leaf(2, seed=3)}
    total = (bag.w * params[0] * table["a"]).sum()
    assert {"bag.w", "params[0]", "table['a']", "total"} <= set(named(total))


def test_an_augmented_assignment_names_its_result_and_not_its_operand():
    w = leaf()
    y = w * 2.0
    y += w * 3.0
    assert [v.name for v in vertices(y) if v.kind == "op"] == ["y", None, "y"]


def test_parameters_are_named_by_their_path_in_the_module():
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))

    def run(module):
        return module(ag.tensor(np.ones((2, 4), np.float32))).sum()

    out = run(net)
    del net
    found = {v.name for v in vertices(out) if v.kind == "leaf"}
    assert found == {"0.weight", "0.bias", "2.weight", "2.bias"}
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    out = run(net)
    leaves = [v for v in vertices(out) if v.kind == "leaf"]
    assert {v.name for v in leaves} == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert all(v.is_parameter for v in leaves)


# -- values, gradients, memory -------------------------------------------------------------------


def test_values_are_shown_where_they_are_alive():
    x = leaf(5)
    h = ag.exp(x)  # keeps its output
    y = (h + 1.0).sum()
    del h
    by_op = {v.op.name: v for v in vertices(y) if v.kind == "op"}
    assert by_op["exp"].value is not None
    assert by_op["add"].value is None  # nothing needs it
    y.backward()
    by_op = {v.op.name: v for v in vertices(y) if v.kind == "op"}
    assert by_op["exp"].value is None and by_op["exp"].shape == (5,)
    assert next(v for v in vertices(y) if v.kind == "leaf").gradient is not None


def test_watch_keeps_every_value_operand_and_gradient():
    x = leaf(5)
    with ag.watch():
        y = ((x + 1.0) * np.float32(3.0)).sum()
    y.backward()
    found = vertices(y)
    assert all(v.value is not None for v in found)
    assert all(v.gradient is not None for v in found if v.requires_grad)
    assert [v.value for v in found if v.dtype is None] == [1.0, 3.0]
    add = next(v for v in found if v.op and v.op.name == "add")
    np.testing.assert_array_equal(add.value, x.data + 1)
    np.testing.assert_array_equal(add.gradient, np.full(5, 3, np.float32))


def test_watch_changes_no_result_and_ends_with_its_block():
    def run():
        w = leaf(4, 4)
        loss = ag.tanh(w @ w).sum()
        loss.backward()
        return loss.item(), w.grad.data

    plain = run()
    with ag.watch(), ag.watch():
        watched = run()
    np.testing.assert_array_equal(plain[1], watched[1])
    assert plain[0] == watched[0]
    y = leaf(3) + 1.0
    assert vertices(y * 2.0)[1].value is not None  # y itself is held
    z = (leaf(3) + 1.0) * 2.0
    assert next(v for v in vertices(z) if v.op and v.op.name == "add").value is None


def test_watch_leaves_everything_as_it_was():
    from autograd.engine.taps import open_taps

    with pytest.raises(ZeroDivisionError), ag.watch(), ag.watch():
        assert open_taps
        leaf(2) * 2.0
        raise ZeroDivisionError
    assert not open_taps


def test_watch_is_for_its_own_thread():
    import threading

    from autograd.viz.watching import kept

    made, go, done = [], threading.Event(), threading.Event()

    def elsewhere():
        go.wait(10)
        made.append(leaf(2) * 2.0)
        done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    with ag.watch():
        go.set()
        assert done.wait(10)
        here = leaf(2) * 2.0
    thread.join()
    assert here.node in kept and made[0].node not in kept


def test_odd_variables_are_no_obstacle():
    class Odd:
        @property
        def __dict__(self):
            raise RuntimeError("no")

    class Key:
        def __repr__(self):
            raise RuntimeError("no")

    odd, table = Odd(), {Key(): leaf(2)}
    x = leaf(2)
    assert "x" in ag.draw(x * table[next(iter(table))]).text() and odd is not None


def test_what_watch_keeps_dies_with_the_graph():
    import weakref

    with ag.watch():
        y = leaf(1000) * 2.0
        z = y.sum()
    array = weakref.ref(y.data)
    del y
    assert array() is not None
    del z
    assert array() is None


def test_held_bytes_count_each_block_once():
    x = leaf(100)
    y = x * x  # two closures, one array
    assert held_bytes([y.node]) == 400
    assert held_bytes([(x + 1.0).node]) == 0
    assert held_bytes([(x[:10] * x[10:20]).node]) == 400  # two views, one owner


def test_statistics_in_words():
    assert statistics(np.float32(2.5).reshape(())) == "2.5"
    assert statistics(np.zeros((0, 3))) == "empty"
    assert statistics(np.ones(4)) == "all 1"
    assert statistics(np.array([True, False])) == "50% true"
    bad = statistics(np.array([1.0, np.nan, np.inf, 3.0]))
    assert "mean 2  [1, 3]" in bad and "1 NaN, 1 Inf" in bad
    assert statistics(np.full(3, np.nan)) == "3 NaN"
    assert statistics(np.array([1e308, -1e308])).startswith("mean 0")
    assert sparkline(np.arange(9.0)) == "█" * 9
    assert sparkline(np.full(3, 2.0)) == ""
    assert number(123456.789) == "1.235e+05" and number(3) == "3" and number(True) == "True"
    assert bytes_in_words(999) == "999 B" and bytes_in_words(3200) == "3.2 kB"
    assert bytes_in_words(4e9) == "4 GB"
    assert [seconds_in_words(s) for s in (1e-5, 2e-3, 3)] == ["10 µs", "2 ms", "3 s"]


# -- formulas ------------------------------------------------------------------------------------


@ag.op
def both(a: Array, b: Array):
    """a² b³, elementwise. And more."""

    def grad_b(upstream):
        # of the second
        return upstream * a**2 * 3 * b**2

    return a**2 * b**3, (lambda g: g * 2 * a * b**3, grad_b)


def test_formulas_are_read_from_docstring_and_closures():
    x, y = leaf(3), leaf(3, seed=1)
    node = both(x, y).node
    assert formula(node.op) == "a² b³"
    assert derivatives(node) == [("a", "g * 2 * a * b ** 3"), ("b", "g * a ** 2 * 3 * b ** 2")]
    product = (x * y).node
    assert derivatives(product) == [("a", "g * b"), ("b", "g * a")]


def test_formulas_of_a_freed_graph_are_read_from_the_body():
    x, y = leaf(3), leaf(3, seed=1)
    out = both(x, y)
    out.backward(np.ones(3))
    assert out.node.closures is None
    assert [text for _, text in derivatives(out.node)] == [
        "g * 2 * a * b ** 3",
        "g * a ** 2 * 3 * b ** 2",
    ]


def test_formula_of_an_op_without_source():
    space = {"Array": Array, "ag": ag, "__name__": "typed"}
    exec("@ag.op\ndef nameless(x: Array):\n    return x * 2, lambda g: g * 2", space)
    out = space["nameless"](leaf(2))
    assert formula(out.node.op) == ""
    assert derivatives(out.node) == [("x", "<lambda>(g)")]
    assert "nameless" in ag.draw(out).text()


def test_every_registered_op_has_a_formula_in_one_line():
    from autograd.engine.op_definition import registry

    for op in registry.values():
        text = formula(op)
        assert "\n" not in text and len(text) <= 72


# -- what else can be drawn ----------------------------------------------------------------------


def test_leaf_constant_and_result_of_no_grad_are_one_box_each():
    x = leaf(3)
    with ag.no_grad():
        y = x * 2.0
    for tensor, role in ((x, "leaf"), (y, "constant"), (ag.tensor([1, 2]), "constant")):
        graph = ag.draw(tensor)
        assert [box.role for box in graph._picture.boxes] == [role]
        assert graph.source.count("->") == 0


def test_several_outputs_and_a_shared_part():
    x = leaf(3)
    h = x * 2.0
    ends = [h.sum(), h.mean()]
    graph = ag.draw(*ends, style="ops")
    assert len(graph._picture.boxes) == 5  # x, 2, h and the two ends
    assert ag.draw(ends, style="ops").source == graph.source


def test_constants_can_be_hidden():
    x = leaf(3)
    y = ag.matmul(np.ones((2, 3), np.float32), x) ** 3
    roles = [box.role for box in ag.draw(y)._picture.boxes]
    assert roles.count("constant") == 2
    assert "constant" not in [b.role for b in ag.draw(y, constants=False)._picture.boxes]


def test_the_graph_of_an_error_in_forward():
    w = leaf(3, 4)
    x = ag.tensor(np.ones((2, 3), np.float32))
    with pytest.raises(ag.ShapeError) as caught:
        ag.relu(x @ w) @ w
    graph = ag.draw(caught.value)
    failed = next(b for b in graph._picture.boxes if b.role == "failed")
    words = " ".join(row.text for row in failed.rows)
    assert "matmul" in words and "a: (2, 4)" in words and "b: (3, 4)" in words
    assert {"relu", "matmul"} <= {
        v.op.name for b in graph._picture.boxes for v in b.vertices if v.op
    }
    assert "FAILED" in graph.text()


def test_the_graph_of_an_error_inside_a_module():
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(5, 2))
    with pytest.raises(ag.GlassgradError) as caught:
        net(ag.tensor(np.ones((2, 4), np.float32)))
    roles = [box.role for box in ag.draw(caught.value)._picture.boxes]
    assert roles.count("failed") == 1


def test_the_graph_of_an_error_in_backward():
    @ag.op
    def faulty(x: Array):
        """x."""
        return x * 1, lambda g: g[7]

    x = leaf(3)
    y = faulty(x * 2.0).sum()
    with pytest.raises(IndexError) as caught:
        y.backward()
    graph = ag.draw(caught.value)
    failed = [b for b in graph._picture.boxes if b.paint.border == "#a8200d"]
    assert [b.vertices[0].op.name for b in failed] == ["faulty"]
    near = ag.draw(caught.value, hops=1)
    assert len(near._picture.boxes) < len(graph._picture.boxes)


@pytest.mark.parametrize("closure", [lambda g: g[:2], lambda g: None, lambda g: 1 / 0, "hook"])
def test_the_graph_of_all_that_goes_wrong_in_backward(closure):
    @ag.op
    def faulty(x: Array):
        """x."""
        return x * 1, (lambda g: g) if closure == "hook" else closure

    y = faulty(leaf(3) * 2.0)
    if closure == "hook":
        y.register_hook(lambda g: g[:2])
    with pytest.raises((ag.GlassgradError, ZeroDivisionError)) as caught:
        y.sum().backward()
    failed = [b for b in ag.draw(caught.value)._picture.boxes if b.paint.border == "#a8200d"]
    assert [b.vertices[0].op.name for b in failed] == ["faulty"]


def test_the_graph_of_an_error_of_a_module_is_what_it_was_given():
    class Divides(nn.Module):
        def forward(self, x, by):
            return x * (1 / by)

    with pytest.raises(ZeroDivisionError) as caught:
        nn.Sequential(nn.ReLU())(leaf(3))
        Divides()(leaf(3) * 2.0, by=0)
    graph = ag.draw(caught.value)
    failed = next(b for b in graph._picture.boxes if b.role == "failed")
    assert "Divides" in " ".join(row.text for row in failed.rows)
    assert "multiply" in graph.text()


def test_an_exception_from_elsewhere_is_refused():
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        with pytest.raises(ag.GraphError, match="no op of this library"):
            ag.draw(error)


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "fancy"}, "style must be .*, got 'fancy'"),
        ({"direction": "up"}, "direction must be .*, got 'up'"),
        ({"color": "blue"}, "color must be one of 'role', 'grad'.*, got 'blue'"),
        ({"rankdir": "XY"}, "rankdir must be .*, got 'XY'"),
        ({"detail": "much"}, "detail must be .*, got 'much'"),
        ({"depth": -1}, "depth must be .*, got -1"),
        ({"limit": 0}, "limit must be .*, got 0"),
        ({"collapse": "nowhere"}, "collapse='nowhere'"),
        ({"color": "time"}, "measured times"),
    ],
)
def test_unknown_options_are_named(options, message):
    with pytest.raises(ag.ArgumentError, match=message.replace("(", r"\(")):
        ag.draw(leaf(2) * 2.0, **options)


def test_what_is_no_tensor_is_named():
    for wrong in (3.0, np.ones(2), None, "x"):
        with pytest.raises(ag.DTypeError, match=type(wrong).__name__):
            ag.draw(wrong)
    with pytest.raises(ag.DTypeError, match="outputs must be Tensors, got none"):
        ag.draw()
    with pytest.raises(ag.DTypeError, match="depth"):
        ag.draw(leaf(2), depth="two")


def test_unknown_format_and_no_graphviz(tmp_path, monkeypatch):
    graph = ag.draw(leaf(2) * 2.0)
    with pytest.raises(ag.ArgumentError, match="'gif'"):
        graph.save(tmp_path / "graph.gif")
    with pytest.raises(ag.ArgumentError, match="no suffix"):
        graph.save(tmp_path / "graph")
    monkeypatch.setattr("autograd.viz.render.back_ends", list)
    with pytest.raises(ag.MissingExtraError, match="pygraphviz"):
        graph.save(tmp_path / "graph.png")
    assert "multiply" in graph.save(tmp_path / "graph.html").read_text("utf-8")
    bundle = graph._repr_mimebundle_()
    assert "multiply" in bundle["text/plain"] and "<pre>" in bundle["text/html"]
    assert "image/svg+xml" not in bundle


def test_importing_the_library_imports_no_pictures():
    code = (
        "import sys, autograd\n"
        "for m in ('autograd.viz', 'graphviz', 'pygraphviz', 'numba', 'matplotlib'):\n"
        "    assert m not in sys.modules, m\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def titles(frame):
    """Names of ops, and of frames with what is in them, in order."""
    for item in frame.items:
        if hasattr(item, "items"):
            yield [item.title.rpartition("× ")[2], *titles(item)]
        elif item.role not in ("leaf", "parameter", "constant"):
            yield item.rows[0].text


def test_a_folded_loop_is_cut_where_an_iteration_begins():
    w, u = leaf(4, 4, name="w"), leaf(4, 4, name="u")
    xs, h = np.ones((50, 2, 4), np.float32), ag.tensor(np.zeros((2, 4), np.float32))
    for t in range(50):
        h = ag.tanh(xs[t] @ w + h @ u)
    drawn = list(titles(ag.draw((h**2).sum(), fold=True, style="ops")._picture.root))
    (frame,) = [item for item in drawn if isinstance(item, list)]
    assert frame == ["49", "matmul", "matmul", "add", "h = tanh"]


def test_a_folded_loop_over_functions_is_cut_where_least_is_carried_over():
    w = leaf(4, 4, name="w")

    def gate(x):
        return ag.sigmoid(x @ w)

    def cell(h):
        return ag.exp(ag.negative(gate(h) + ag.sin(h)))

    h = leaf(2, 4, name="h0")
    for _ in range(20):
        h = cell(h)
    drawn = list(titles(ag.draw(h.sum(), fold=True, style="ops")._picture.root))
    (frame,) = [item for item in drawn if isinstance(item, list)]
    assert [name.split()[-1] for name in frame] == [
        "19", "matmul", "sigmoid", "sin", "add", "negative", "exp",
    ]  # fmt: skip


def tangle(ops, leaves, reach):
    rng = np.random.default_rng(0)
    ws = [leaf(4) for _ in range(leaves)]
    made = [ws[0] * 1.0]
    while len(made) < ops:
        kind = rng.integers(0, 3)
        earlier = made[rng.integers(max(0, len(made) - reach), len(made))]
        made.append(
            ag.tanh(made[-1])
            if kind == 0
            else made[-1] * ws[rng.integers(leaves)]
            if kind == 1
            else made[-1] + earlier
        )
    return made[-1].sum()


def test_leaves_that_many_ops_share_count_as_a_tangle():
    few = ag.draw(tangle(150, leaves=1, reach=3))
    assert few._picture.crowded
    many = ag.draw(tangle(2000, leaves=5, reach=40))
    assert many.source.count("->") < 300


def test_a_layout_that_takes_too_long_is_drawn_coarser(monkeypatch):
    pytest.importorskip("pygraphviz")
    graph = ag.draw(tangle(200, leaves=2, reach=3))
    before = len(graph._picture.boxes)
    monkeypatch.setattr("autograd.viz.render.LAYOUT_SECONDS", 0.0)
    monkeypatch.setattr("autograd.viz.render._SURELY_QUICK", 160)
    assert "<svg" in graph.svg()
    assert len(graph._picture.boxes) < before
    assert any("took too long" in note for note in graph.notes)


def test_names_of_inputs_and_modules_outlive_them():
    def step():
        net = nn.Sequential(nn.Sequential(nn.Linear(4, 3)))
        x = ag.tensor(np.ones((2, 4), np.float32), name="images")
        labelled = ag.tensor(np.ones((2, 3), np.float32))
        labelled.name = "weights"
        return (net(x) * labelled).sum()

    source = ag.draw(step()).source
    assert "<B>images</B>" in source and "<B>weights</B>" in source
    assert "0: Linear" in source and "<B>0.0.weight</B>" in source
    assert "NoneType" not in source
