"""The benchmarks run: tiny settings, no assertion about time."""

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from bench import (
    comparison,
    growth,
    memory,
    micro,
    overhead,
    peers,
    python_share,
    startup,
    steps,
)
from bench.workloads import numpy_by_hand, ours, tasks


@pytest.fixture
def options(tmp_path):
    return SimpleNamespace(threads=1, rows="", out=tmp_path)


MACHINE = {
    "cpu": "some", "cores": 1, "threads": 1, "load at start": None, "system": "s",
    "commit": "c", "python": "3", "numpy": "2", "numba": "0", "torch": "2",
}  # fmt: skip
BY_HAND = {p: (sys.executable, "1") for p in peers.PEERS if p.label == "NumPy by hand"}


def rows_of(options, section):
    return json.loads((options.out / f"{section}.json").read_text())["rows"]


def test_numpy_is_found_here_and_named_environments_are_looked_at_too(monkeypatch):
    monkeypatch.setenv(peers.VARIABLE, "")
    found = peers.find(peers.environments([]))
    assert {p.label for p in found} >= {"NumPy by hand"}
    monkeypatch.setenv(peers.VARIABLE, "/one:/two")
    assert peers.environments([])[1:] == ["/one/bin/python", "/two/bin/python"]
    assert peers.environments(["/three"])[1:] == ["/three/bin/python"]


def test_steps_gives_a_row_with_equal_losses(options):
    options.rows = "logistic"
    text = steps.run(options, MACHINE, BY_HAND, pairs=2)
    (row,) = rows_of(options, "steps")
    assert row["ours"] > 0 and row["ratios"]["NumPy by hand"]["ratio"] > 0
    assert "logistic regression" in text and not row["skipped"]


def test_a_peer_that_times_other_work_is_left_out():
    with pytest.raises(peers.PeerError, match="another first loss"):
        comparison._check_losses([1.0] * 10, [1.1] * 10)
    with pytest.raises(peers.PeerError, match="another last loss"):
        comparison._check_losses([1.0] * 10, [1.0] * 9 + [float("nan")])


def test_overhead_gives_a_row(options, monkeypatch):
    monkeypatch.setattr(overhead, "COUNTS", (20,))
    overhead.run(options, MACHINE, {}, pairs=2)
    (row,) = rows_of(options, "overhead")
    assert row["name"] == "20 operations" and row["ours"] > 0


def test_startup_gives_rows(options):
    startup.run(options, MACHINE, {}, pairs=2)
    imports, first = rows_of(options, "startup")
    assert imports["ratios"]["import numpy"]["ours"] > 0 and first["ours"] > 0


def test_memory_gives_a_table(options):
    options.rows = "MLP 784-128-10 Adam, N=64"
    text = memory.run(options, MACHINE, {})
    assert options.rows in text or "Linux only" in text


def test_growth_gives_two_curves(options):
    growth.run(options, MACHINE, {}, batches=(1, 16), depths=(2, 4), budget=0.0)
    curves = json.loads((options.out / "growth.json").read_text())["curves"]
    assert curves["N"]["bytes"][1] > curves["N"]["bytes"][0] > 0
    assert curves["depth"]["x"] == [2, 4]


def test_slope_of_a_straight_line_is_one():
    assert growth.slope([1, 2, 4, 8], [9, 6, 12, 24], 2) == pytest.approx(1)


def test_every_task_has_weights_that_fit_its_network():
    for task in tasks.TASKS:
        net = ours.network(task.layers)
        shapes = [p.shape for p in net.parameters()]
        assert shapes == [w.shape for w in tasks.weights(task)], task.name
        assert tasks.flops(task) > 0


def test_lenet_flops():
    forward = 2 * (6 * 25 * 28**2 + 16 * 150 * 100 + 400 * 120 + 120 * 84 + 840)
    first = 2 * 6 * 25 * 28**2
    assert tasks.flops(tasks.lenet_task(1)) == 3 * forward - first


@pytest.mark.filterwarnings("ignore:overflow encountered in exp")  # the slide's, in float32
def test_hand_written_steps_agree_with_ours():
    for task in (tasks.TASKS[0], tasks.TASKS[1], tasks.TASKS[-1]):
        mine, hand = ours.step(task), numpy_by_hand.step(task)
        losses = [(float(mine()), float(hand())) for _ in range(5)]
        np.testing.assert_allclose(*zip(*losses, strict=True), rtol=1e-4)


def test_every_micro_benchmark_runs():
    labels = []
    for label, function in micro.cases():
        function()
        labels.append(label)
    assert len(labels) == len(set(labels)) > 30


def test_share_of_the_interpreter_is_read_from_the_list_of_samples():
    listed = """
    30.00%  libpython3.11.so.1.0
    50.00%  libscipy_openblas64_-32a4b2a6.so
    20.00%  _nrt_python.cpython-311-x86_64-linux-gnu.so
    """
    assert python_share.share_of_interpreter(listed) == pytest.approx(0.3)
    assert python_share.share_of_interpreter("") is None


@pytest.mark.skipif(shutil.which("perf") is None, reason="needs perf")
def test_a_loop_is_python_and_a_sum_is_not():
    numbers = np.ones(10_000_000)
    loop = python_share.measure_share(lambda: [i % 7 for i in range(10_000)], 0.3)
    total = python_share.measure_share(numbers.sum, 0.3)
    if loop is None or total is None:
        pytest.skip("perf may not sample here")
    assert loop > 0.8 > 0.2 > total
