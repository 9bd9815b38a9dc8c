"""The benchmarks run: tiny settings, no assertion about time."""

import json
import math
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from bench import __main__ as command
from bench import (
    comparison,
    conv,
    growth,
    held,
    higher_order,
    memory,
    micro,
    overhead,
    pairs,
    peers,
    pictures,
    python_share,
    report,
    startup,
    steps,
)
from bench.effort import FULL, QUICK, Effort
from bench.workloads import numpy_by_hand, ours, tasks


@pytest.fixture
def options(tmp_path):
    return SimpleNamespace(threads=1, rows="", out=tmp_path, effort=TINY)


TINY = Effort(pairs=2, share=0.0, calls=1)
MACHINE = {
    "cpu": "some", "cores": 1, "threads": 1, "load at start": None, "system": "s",
    "commit": "c", "effort": "tiny", "python": "3", "numpy": "2", "numba": "0", "torch": "2",
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
    text = steps.run(options, MACHINE, BY_HAND)
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
    overhead.run(options, MACHINE, {})
    (row,) = rows_of(options, "overhead")
    assert row["name"] == "20 operations" and row["ours"] > 0


def test_startup_gives_rows(options):
    startup.run(options, MACHINE, {})
    imports, first = rows_of(options, "startup")
    assert imports["ratios"]["import numpy"]["ours"] > 0 and first["ours"] > 0


def test_memory_gives_a_table(options):
    options.rows = "MLP 784-128-10 Adam, N=64"
    text = memory.run(options, MACHINE, {})
    assert options.rows in text or "Linux only" in text


def test_growth_gives_two_curves(options):
    growth.run(options, MACHINE, {}, batches=(1, 16), depths=(2, 4))
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


def test_a_quick_run_measures_less_and_says_so():
    assert QUICK.pairs < FULL.pairs and QUICK.sample(1.0)[0] < FULL.sample(1.0)[0] == 1.0
    assert QUICK.some([1, 2, 4, 8, 16]) == [1, 8] and FULL.some([1, 2]) == [1, 2]
    assert "QUICK" in report.describe(report.machine(1, QUICK))
    assert "QUICK" not in report.describe(report.machine(1, FULL))


def test_a_quick_run_prints_a_table_and_leaves_no_file(monkeypatch, capsys):
    monkeypatch.setattr("bench.__main__.torch_is_there", lambda: False)
    kept = {p: p.stat().st_mtime_ns for p in command.RESULTS.iterdir()}
    command.main(["pool", "--quick", "--rows", "64,16,10,10", "--threads", "1"])
    assert {p: p.stat().st_mtime_ns for p in command.RESULTS.iterdir()} == kept
    printed = capsys.readouterr().out
    assert "QUICK" in printed and "| max_pool2d 64,16,10,10 kernel 2 stride 2 |" in printed


def test_a_quick_run_is_not_written_where_full_ones_stand(capsys):
    places = {"--readme": "bench/README.md", "--out": str(command.RESULTS)}
    for option, place in places.items():
        with pytest.raises(SystemExit):
            command.read_options(["pool", "--quick", option, place])
        assert "only a full run goes into" in capsys.readouterr().err
    assert command.read_options(["pool"]).out == command.RESULTS


def test_a_quick_run_leaves_out_libraries_that_compile(monkeypatch, capsys):
    everything = dict.fromkeys(peers.PEERS, (sys.executable, "1"))
    monkeypatch.setattr(peers, "find", lambda pythons: dict(everything))
    assert command.find_peers([], FULL) == everything
    quick = {p.label for p in command.find_peers([], QUICK)}
    assert quick == {"PyTorch", "NumPy by hand", "HIPS autograd", "MyGrad"}
    assert "JAX jit compiles for longer" in capsys.readouterr().err


def test_bars_begin_at_one_and_rows_stand_from_the_top_down():
    plt = pyplot()
    results = [
        pairs.Result("conv", name, backward, 1.0, ratio=ratio, quartiles=(ratio / 2, 2 * ratio))
        for name, backward, ratio in (("a", False, 0.5), ("a", True, 2.0), ("b", True, 3.0))
    ]
    (axes,) = pictures.draw_bars(plt, "conv", results).axes
    ends = [[bar.get_x(), bar.get_x() + bar.get_width()] for bar in axes.patches[-3:]]
    assert ends == [[1, 0.5], [1, 2], [1, 3]]
    assert axes.yaxis_inverted() and [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"]
    assert pictures.draw_bars(plt, "conv", []) is None
    plt.close("all")


def test_points_of_a_row_do_not_cover_each_other():
    plt = pyplot()
    same = pairs.Ratio(1.0, 2.0, 2.0, (0.01, 400.0))
    rows = [comparison.Row("a", ratios={"one": same, "other": same})]
    (axes,) = pictures.draw_points(plt, "steps", rows).axes
    first, second = (container.lines[0].get_xydata()[0] for container in axes.containers)
    assert first[0] == second[0] == 2 and abs(first[1] - second[1]) > 0.3
    low, high = axes.get_xlim()
    assert 0.5 < low < 1 and 2 < high < 4  # the points, not the whiskers, make the scale
    plt.close("all")


def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def test_sides_are_asked_in_turn_and_the_order_swaps():
    asked = []
    sides = [lambda: asked.append("a") or 1.0, lambda: asked.append("b") or 2.0]
    assert pairs.in_turn(3, sides) == [[1.0] * 3, [2.0] * 3]
    assert "".join(asked) == "abbaab"
    assert pairs.ratio_of([1.0, 2.0, 1.0], [2.0, 6.0, 4.0]) == pairs.Ratio(1, 4, 3, (2, 4))


def test_second_order_gives_a_row_and_what_checkpoints_hold(options, monkeypatch):
    monkeypatch.setattr(higher_order, "torch_is_there", lambda: False)
    options.rows = "SGD step, with penalty"
    text = higher_order.run(options, MACHINE, {})
    (row,) = rows_of(options, "higher_order")
    assert min(row["seconds"]["ours 1"] + row["seconds"]["ours 2"]) > 0
    assert row["name"] in text and "in √n checkpoints" in text


@pytest.mark.skipif(not held.CLEAR.exists(), reason="Linux only")
def test_what_a_convolution_holds_is_seen():
    """A copy of the images, made on the way, shows as its bytes."""
    row = conv.Row("", (8, 16, 128, 128), (4, 16, 1, 1))
    plain, copying = (held_of(row, code) for code in ("", COPYING))
    images = 4 * math.prod(row.input_shape)
    assert images * 0.9 < copying - plain < images * 1.1


COPYING = """
make = conv.ours
def with_copy(row, backward):
    work, images = make(row, backward), conv.arrays(row)[0]
    def run():
        copied = images + 1
        return work()
    return run
conv.ours = with_copy
"""


def held_of(row, code):
    code = f"from bench import conv, held\n{code}\nprint(held.measure_here(conv.{row}, 'ours'))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=held.environment()
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
