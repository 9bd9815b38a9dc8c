"""Time, memory and arithmetic by op and module; the bytes agree with the interpreter's."""

import gc
import json
import sys
import tracemalloc

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.errors import ArgumentError
from nn import functional as F


def mlp_loss(x, w1, w2):
    h = ag.tanh(x @ w1) * 0.5
    return ag.square(ag.exp(h * h) @ w2).mean()


def test_bytes_held_are_what_the_interpreter_measures():
    x = ag.ones(512, 256)
    w1 = ag.full((256, 300), 0.01, requires_grad=True)
    w2 = ag.full((300, 64), 0.01, requires_grad=True)
    mlp_loss(x, w1, w2).backward()  # compiles, imports
    with ag.profile() as p:
        kept = mlp_loss(x, w1, w2)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    loss = mlp_loss(x, w1, w2)
    measured = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert loss.item() == kept.item()
    assert p.held == pytest.approx(measured, rel=0.05)
    assert p.held > 1_000_000


def test_bytes_of_a_convolutional_net_too():
    net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(1))
    x = ag.ones(16, 3, 32, 32)
    net(x).sum().backward()
    with ag.profile() as p:
        kept = net(x).sum()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    loss = net(x).sum()
    measured = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert loss.shape == kept.shape
    assert p.held == pytest.approx(measured, rel=0.05)


def test_multiply_adds_and_calls_by_op():
    net = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 5))
    with ag.profile() as p:
        F.cross_entropy(net(ag.ones(8, 20)), np.zeros(8, int)).backward()
    rows = {row.name: row for row in p.by("op")}
    assert rows["linear"].calls == 2
    assert rows["linear"].multiply_adds == 8 * 20 * 30 + 8 * 30 * 5
    # x needs no gradient, and a bias is a sum
    assert rows["linear"].backward_multiply_adds == 8 * 20 * 30 + 2 * 8 * 30 * 5
    assert rows["linear"].gflops > 0
    assert rows["relu"].gflops is None
    assert all(row.forward > 0 and row.backward > 0 for row in rows.values())


def test_convolution_counts_every_tap():
    conv = nn.Conv2d(3, 8, 5, padding=2)
    with ag.profile() as p:
        conv(ag.ones(2, 3, 10, 10))
    assert p.total().multiply_adds == 2 * 8 * 10 * 10 * 3 * 25


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("layer", "shape", "count"),
    [
        (lambda bias: nn.Linear(64, 32, bias=bias), (16, 64), 16 * 64 * 32),
        (lambda bias: nn.Conv1d(3, 4, 5, bias=bias), (2, 3, 20), 2 * 4 * 16 * 15),
        (lambda bias: nn.Conv2d(4, 6, 3, groups=2, bias=bias), (2, 4, 8, 8), 2 * 6 * 36 * 18),
        (lambda bias: nn.ConvTranspose2d(3, 4, 2, bias=bias), (2, 3, 5, 5), 2 * 3 * 25 * 4 * 4),
        (lambda bias: nn.LocalConv2d(1, 2, 3, (6, 6), bias=bias), (1, 1, 6, 6), 2 * 16 * 9),
    ],
    ids=["linear", "conv1d", "conv2d", "conv_transpose2d", "local_conv2d"],
)
def test_a_bias_adds_no_products(layer, shape, count, bias):
    with ag.profile() as p:
        layer(bias)(ag.ones(*shape, requires_grad=True)).sum().backward()
    assert p.total().multiply_adds == count
    assert p.total().backward_multiply_adds == 2 * count


@pytest.mark.parametrize(
    ("subscripts", "shapes", "forward", "backward"),
    [
        ("ij,jk->ik", [(8, 9), (9, 7)], 8 * 9 * 7, 2 * 8 * 9 * 7),
        ("bij,bjk->bik", [(4, 3, 2), (4, 2, 5)], 4 * 3 * 2 * 5, 2 * 4 * 3 * 2 * 5),
        ("i,i->", [(50,), (50,)], 50, 100),
        ("ij,jk,kl->il", [(8, 9), (9, 7), (7, 5)], 8 * 9 * 7 + 8 * 7 * 5, None),
    ],
)
def test_einsum_counts_the_pairs_it_multiplies(subscripts, shapes, forward, backward):
    with ag.profile() as p:
        operands = [ag.ones(*shape, requires_grad=True) for shape in shapes]
        ag.einsum(subscripts, *operands).sum().backward()
    (row,) = [row for row in p.by("op") if row.name == "einsum_arrays"]
    assert row.multiply_adds == forward
    assert row.backward_multiply_adds == (backward or row.backward_multiply_adds)


def test_gradients_that_are_recorded_count_like_forward_calls():
    x, w = ag.ones(2, 3, 8, 8, requires_grad=True), ag.ones(4, 3, 3, 3, requires_grad=True)
    with ag.profile() as p:
        ag.grad(ag.conv2d(x, w).sum(), [x, w], create_graph=True)
    counts = {row.name: row.multiply_adds for row in p.by("op") if row.multiply_adds}
    forward = counts.pop("conv2d")
    assert counts == {"conv2d_input_grad": forward, "conv2d_weight_grad": forward}


def test_modules_by_path_and_times_on_the_graph():
    net = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2)))
    with ag.profile() as p:
        loss = net(ag.ones(3, 4)).sum()
        loss.backward(retain_graph=True)
    assert {row.name for row in p.by("module")} == {"0", "1.0", "1.1", ""}
    assert "forward" in str(ag.draw(loss, color="time").source)


def test_times_add_up_to_less_than_the_clock_says():
    x = ag.ones(200, 200, requires_grad=True)
    with ag.profile() as p:
        (x @ x @ x).sum().backward()
    total = p.total()
    assert 0 < total.forward + total.backward <= p.ended - p.began


def test_the_table_and_the_html():
    x = ag.ones(64, 100, requires_grad=True)
    with ag.profile() as p:
        (x @ ag.ones(100, 10)).sum().backward()
    lines = p.table().splitlines()
    assert lines[0].split()[:3] == ["op", "calls", "forward"]
    assert lines[-1].startswith("all")
    assert "64,000" in p.table()
    assert "<table" in p._repr_html_()
    assert "matmul" in p._repr_html_()
    assert "2 calls" in repr(p)


def test_the_trace_is_a_chrome_trace(tmp_path):
    x = ag.ones(8, 8, requires_grad=True)
    with ag.profile() as p:
        (x @ x).sum().backward()
    events = json.loads(p.save(tmp_path / "trace.json").read_text())["traceEvents"]
    spans = [e for e in events if e["ph"] == "X"]
    assert {(e["name"], e["tid"]) for e in spans} == {
        ("matmul", 1), ("sum", 1), ("matmul", 2), ("sum", 2),
    }  # fmt: skip
    assert all(e["dur"] >= 0 and e["ts"] >= 0 for e in spans)
    assert any(__file__ in e["args"]["line"] for e in spans)


def test_nothing_is_left_behind_and_gradients_are_the_same():
    before = sys.getprofile()
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.profile(), ag.detect_anomaly():
        (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])
    assert sys.getprofile() is before


def test_bad_input():
    with ag.profile() as p:
        pass
    with pytest.raises(ArgumentError, match="group must be .*'op' or 'module', got 'line'"):
        p.by("line")
    with pytest.raises(ArgumentError, match=r"\.json.*'trace\.txt'"):
        p.save("trace.txt")
    assert p.table()
