"""The first NaN or Inf with its op, operand and line; arrays written past the graph; notes."""

import sys
import threading
import types

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.engine.taps import open_taps
from autograd.errors import AnomalyError, InPlaceError, ShapeError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def test_forward_names_op_element_operand_and_line():
    x = ag.tensor([4.0, -1.0, 9.0], requires_grad=True, name="x")
    with ag.detect_anomaly(), pytest.raises(AnomalyError) as caught:
        y = x * 2.0
        ag.log(y)  # here
    message = str(caught.value)
    assert "log gave NaN at [1] (shape (3,))" in message
    assert f"{__file__}:" in message
    assert "x: float32 (3,), made by multiply at" in message
    assert "-2 at [1]" in message


def test_forward_without_a_gradient_is_seen_too():
    with ag.detect_anomaly(), ag.no_grad(), pytest.raises(AnomalyError, match="divide gave Inf"):
        ag.tensor([1.0]) / ag.tensor([0.0])


def test_what_came_in_bad_is_said_to_have():
    bad = ag.tensor([1.0, np.nan], name="batch")
    w = ag.tensor([1.0, 1.0], requires_grad=True)
    with ag.detect_anomaly(), pytest.raises(AnomalyError) as caught:
        w * bad
    assert "a constant named 'batch'; it had NaN at [1]" in str(caught.value)


def test_backward_names_op_operand_and_both_lines():
    x = ag.tensor([4.0, 0.0], requires_grad=True, name="x")
    with ag.detect_anomaly(), pytest.raises(AnomalyError) as caught:
        y = x * 1.0
        z = ag.sqrt(y)
        z.sum().backward()
    message = str(caught.value)
    assert "the gradient of sqrt with respect to 'x' has Inf at [1]" in message
    assert "its operand made by multiply at" in message
    assert message.count(__file__) == 2
    assert x.grad is None


def test_the_first_in_backward_is_the_one_named():
    x = ag.tensor([0.0], requires_grad=True)
    with ag.detect_anomaly(), pytest.raises(AnomalyError, match="gradient of sqrt"):
        (ag.sqrt(x * x) * 3.0 + x).sum().backward()


def test_create_graph_is_checked():
    x = ag.tensor([0.0], requires_grad=True)
    with ag.detect_anomaly(), pytest.raises(AnomalyError):
        ag.grad(ag.sqrt(x).sum(), [x], create_graph=True)


def test_large_finite_numbers_are_no_anomaly():
    x = ag.tensor([1e38, -1e38, 3e38], requires_grad=True)
    with ag.detect_anomaly():
        ag.relu(x).max().backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.0, 1.0])


def test_a_write_through_data_is_found():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.detect_anomaly():
        y = x * x
        x.data[0] = 5.0
        with pytest.raises(InPlaceError, match=r"multiply.*'a'|multiply.*'b'"):
            y.sum().backward()


def test_a_write_to_a_view_of_a_result_is_found():
    x = ag.tensor([[1.0, 2.0]], requires_grad=True)
    with ag.detect_anomaly():
        y = ag.exp(x)
        y.detach().numpy()[0, 0] = 0.0
        with pytest.raises(InPlaceError, match=r"exp.*'out'.*past the graph"):
            y.sum().backward()


def test_writes_are_not_looked_for_where_that_was_asked():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.detect_anomaly(writes=False):
        y = x * x
        x.data[0] = 5.0
        y.sum().backward()
    assert x.grad.data[0] == 10.0


def test_a_sound_step_is_as_without():
    w = np.random.default_rng(0).standard_normal((5, 3)).astype("f4")

    def gradient():
        p = ag.tensor(w, requires_grad=True)
        loss = (ag.softmax(ag.relu(p @ p.T)) ** 2).sum()
        loss.backward()
        return p.grad.data

    plain = gradient()
    with ag.detect_anomaly():
        np.testing.assert_array_equal(gradient(), plain)


def test_nothing_is_left_behind():
    with ag.detect_anomaly(), ag.watch(), ag.detect_anomaly():
        assert len(open_taps) == 3
    assert not open_taps
    ag.log(ag.tensor([0.0]))  # an infinity, and nobody looks


def test_it_nests_with_watch_and_works_as_a_decorator():
    @ag.detect_anomaly()
    def run():
        with ag.watch():
            return ag.log(ag.tensor([0.0], requires_grad=True))

    for _ in range(2):
        with pytest.raises(AnomalyError):
            run()


def test_other_threads_are_left_alone():
    found = []
    with ag.detect_anomaly():
        thread = threading.Thread(target=lambda: found.append(ag.log(ag.tensor([0.0])).item()))
        thread.start()
        thread.join()
    assert found == [-np.inf]


# -- notes on errors -----------------------------------------------------------------------------


def test_a_forward_error_has_notes_of_both_ends():
    w = ag.ones(3, 4, requires_grad=True)
    w.name = "w"
    h = w * 2.0
    with pytest.raises(ShapeError) as caught:
        h @ ag.ones(3, 2)
    notes = caught.value.__notes__
    assert f"matmul was called at {__file__}:" in notes[0]
    assert "a: float32 (3, 4), made by multiply at" in notes[1]
    assert __file__ in notes[1]
    assert "b: float32 (3, 2), a constant" in notes[2]
    assert notes[0].rpartition(":")[2] != notes[1].rpartition(":")[2]


def test_a_backward_error_has_notes_of_both_ends():
    @ag.op
    def broken(x: ag.Array):
        return x * 1.0, lambda g: g.no_such_thing

    x = ag.tensor([1.0], requires_grad=True)
    y = broken(x * 2.0)
    with pytest.raises(AttributeError) as caught:
        y.sum().backward()
    notes = "\n".join(caught.value.__notes__)
    assert "in the gradient of broken with respect to 'x', recorded at" in notes
    assert "its operand was made by multiply at" in notes


def test_an_error_of_a_layer_has_notes_of_both_ends():
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))
    with pytest.raises(ShapeError, match="1: Linear") as caught:
        net(ag.ones(2, 3))
    notes = caught.value.__notes__
    assert f"Linear was called at {__file__}:" in notes[0]
    assert "input 0: float32 (2, 4), made by linear at" in notes[1]


# -- errors in a notebook ------------------------------------------------------------------------


def fake_notebook(monkeypatch, display):
    def structured(kind, error, trace, tb_offset):
        return [f"{kind.__name__}: {error}"]

    shell = types.SimpleNamespace(
        kernel=object(), InteractiveTB=types.SimpleNamespace(structured_traceback=structured)
    )
    root, part = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    root.get_ipython = lambda: shell
    part.display = display
    monkeypatch.setitem(sys.modules, "IPython", root)
    monkeypatch.setitem(sys.modules, "IPython.display", part)


def test_a_notebook_shows_the_graph_around_the_failure(monkeypatch):
    shown = []
    fake_notebook(monkeypatch, shown.append)
    w = ag.ones(3, 4, requires_grad=True)
    h = w
    for _ in range(5):
        h = h * 2.0
    with pytest.raises(ShapeError) as caught:
        h @ ag.ones(3, 2)
    for _ in range(2):  # a kernel asks twice, and shows it once
        text = caught.value._render_traceback_()
    assert text[0].startswith("ShapeError: matmul")
    (graph,) = shown
    assert "matmul" in graph.text()
    assert graph.text().count("multiply") == 2  # two hops


def test_a_picture_that_fails_does_not_hide_the_error(monkeypatch):
    def broken(_):
        raise RuntimeError("no front end")

    fake_notebook(monkeypatch, broken)
    assert ShapeError("wrong")._render_traceback_() == ["ShapeError: wrong"]


def test_ipython_itself_prints_the_traceback_and_its_notes():
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    config = pytest.importorskip("traitlets.config").Config()
    config.HistoryManager.enabled = False
    shell = interactive.InteractiveShell.instance(config=config)
    try:
        result = shell.run_cell(
            "import autograd as ag\nw = ag.ones(3, 4, requires_grad=True)\nw @ ag.ones(3, 2)",
            silent=True,
        )
        assert isinstance(result.error_in_exec, ShapeError)
        text = "\n".join(result.error_in_exec._render_traceback_())
        assert "ShapeError" in text
        assert "matmul was called at" in text
    finally:
        interactive.InteractiveShell.clear_instance()
