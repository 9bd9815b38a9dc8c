"""The runtime of the kernels: threads, forks, interrupts, the cache and its failures."""

from __future__ import annotations

import os
import pkgutil
import signal
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from autograd import kernels
from autograd.errors import ArgumentError
from autograd.kernels import runtime
from autograd.kernels.code_cache import kernel_cache
from autograd.kernels.launch import threads
from autograd.kernels.pointwise import numpy_twin as pointwise_twin

ROOT = Path(__file__).parent.parent

needs_numba = pytest.mark.skipif(not kernels.use_numba(), reason="the twins are in use")


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh process."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def two_threads():
    before = runtime.get_num_threads()
    runtime.set_num_threads(2)
    yield
    runtime.set_num_threads(before)


def add_one(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = x[i] + 1


def count_chunk(lo, hi, counts):
    for i in range(lo, hi):
        counts[i] += 1


# -- which implementation ----------------------------------------------------------------------


def test_no_family_bears_the_name_of_a_function():
    """Its import would put the module in the function's place."""
    families = {family.name for family in pkgutil.iter_modules(kernels.__path__)}
    assert not families & set(kernels.__all__)


def test_small_arrays_and_switches_never_import_numba():
    program = """
        import sys
        import numpy as np
        from autograd import kernels
        x = np.ones({size}, np.float32)
        g = kernels.gelu_grad(x[:400], kernels.gelu(x[:400]))
        for f in (kernels.sigmoid, kernels.relu, kernels.tanh):
            f(x)
        image = x[:256].reshape(1, 1, 16, 16)
        kernels.max_pool2d(image, (2, 2), (2, 2), (0, 0, 0, 0), (1, 1), (8, 8))
        kernels.dropout_mask(x.shape, 0.5, 0, np.float32)
        assert "numba" not in sys.modules, "numba was imported"
    """
    for size, environment in (
        ("4000", {}),
        ("100000", {"AUTOGRAD_KERNELS": "numpy"}),
        ("100000", {"NUMBA_DISABLE_JIT": "1"}),
    ):
        done = python(program.format(size=size), **environment)
        assert done.returncode == 0, done.stderr


def test_set_kernels():
    chosen = runtime._choice
    try:
        runtime.set_kernels("numpy")
        assert not runtime.use_numba()
        with pytest.raises(ArgumentError, match="'numba', 'numpy', None, got 'fast'"):
            runtime.set_kernels("fast")
    finally:
        runtime.set_kernels(chosen)


def test_dense_shares_memory_where_it_can():
    x = np.arange(6.0).reshape(2, 3)
    assert runtime.dense(x) is x
    x.flags.writeable = False
    view = runtime.dense(x)
    assert view.flags.writeable and np.shares_memory(view, x) and view.shape == (2, 3)
    for other in (x.T, x[:, ::2], x.astype(">f8"), np.broadcast_to(x, (2, 2, 3))):
        made = runtime.dense(other)
        assert made.flags.c_contiguous and made.flags.writeable and made.dtype == np.float64
        np.testing.assert_array_equal(made, other)
    assert runtime.dense(np.array(1.0)).shape == ()


# -- threads -----------------------------------------------------------------------------------


def test_thread_count_comes_from_the_environment(monkeypatch):
    before = threads._threads
    try:
        for value, wanted in (("3", 3), ("2,1", 2)):
            monkeypatch.setattr(threads, "_threads", None)
            monkeypatch.setenv("AUTOGRAD_NUM_THREADS", value)
            assert runtime.get_num_threads() == wanted
    finally:
        threads._threads = before
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(ArgumentError, match="set_num_threads"):
            runtime.set_num_threads(wrong)


@needs_numba
def test_each_chunk_is_done_once():
    kernel = runtime.jit(count_chunk)
    before = runtime.get_num_threads()
    try:
        for count in (1, 2, 3, 5):
            runtime.set_num_threads(count)
            for chunks in (0, 1, 2, 7, 1000):
                counts = np.zeros(chunks, np.int64)
                for _ in range(20):
                    runtime.parallel_for(kernel, chunks, counts, work_ns=1e6)
                assert (counts == 20).all()
    finally:
        runtime.set_num_threads(before)


def fill_scratch(lo, hi, sizes, out):
    for i in range(lo, hi):
        out[i] = np.ones(sizes[i], np.uint8)[-1]


@needs_numba
@pytest.mark.parametrize("work_ns", [1.0, 1e6], ids=["alone", "together"])
def test_a_kernel_without_memory_for_its_scratch_is_noticed(two_threads, work_ns):
    kernel = runtime.jit(fill_scratch)
    sizes, out = np.full(64, 8), np.zeros(64, np.uint8)
    runtime.parallel_for(kernel, 64, sizes, out, work_ns=work_ns)
    assert out.all()
    for greedy in (0, 31, 63):
        wanted = sizes.copy()
        wanted[greedy] = 1 << 60
        with pytest.raises(MemoryError, match="scratch"):
            runtime.parallel_for(kernel, 64, wanted, out, work_ns=work_ns)
    runtime.parallel_for(kernel, 64, sizes, out, work_ns=work_ns)


@needs_numba
def test_python_threads_may_all_launch_at_once(two_threads):
    x = np.linspace(-4, 4, 200_000, dtype=np.float32)
    wanted = kernels.sigmoid(x)
    wrong = []

    def hammer():
        for _ in range(50):
            if not np.array_equal(kernels.sigmoid(x), wanted):
                wrong.append(1)

    users = [threading.Thread(target=hammer) for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert not wrong


@needs_numba
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer")
def test_an_interrupt_leaves_nothing_broken(two_threads):
    x = np.linspace(-4, 4, 100_000, dtype=np.float32)
    wanted = kernels.sigmoid(x)
    caught = 0

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for pause in np.linspace(0.0002, 0.004, 40):
            try:
                signal.setitimer(signal.ITIMER_REAL, float(pause))
                for _ in range(100_000):
                    kernels.sigmoid(x)
            except KeyboardInterrupt:
                caught += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert caught == 40
    np.testing.assert_array_equal(kernels.sigmoid(x), wanted)


@needs_numba
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forked_and_spawned_children_compute(tmp_path):
    script = tmp_path / "children.py"
    script.write_text(
        textwrap.dedent("""
        import multiprocessing as mp, os, sys, threading
        import numpy as np
        from autograd import kernels
        from autograd.kernels.conv import dispatch as conv

        def work(_=None):
            x = np.linspace(-4, 4, 300_000, dtype=np.float32)
            serial = kernels.get_num_threads()
            first = kernels.sigmoid(x)
            kernels.set_num_threads(2)
            same = bool((kernels.sigmoid(x) == first).all())
            images, weight = x[:8192].reshape(8, 4, 16, 16), x[:144].reshape(4, 4, 3, 3)
            out = conv.conv2d(images, weight, None, ((1, 1), (1, 1, 1, 1), (1, 1), 1))
            return serial, same, float(first.sum()), out.tobytes()

        if __name__ == "__main__":
            kernels.set_num_threads(2)
            busy = threading.Event()
            def hammer():
                while not busy.is_set():
                    work()
            user = threading.Thread(target=hammer)
            user.start()
            _, _, *wanted = work()
            for _ in range(5):
                child = os.fork()
                if child == 0:
                    os._exit(0 if work() == (1, True, *wanted) else 1)
                assert os.waitpid(child, 0)[1] == 0
            busy.set()
            user.join()
            with mp.get_context("spawn").Pool(1) as pool:
                assert pool.map(work, range(1)) == [(1, True, *wanted)]
            print("done")
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("OMP_NUM_THREADS", None)
    environment.pop("AUTOGRAD_NUM_THREADS", None)
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.stdout == "done\n", done.stderr


# -- compiled code on disk ---------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache directory of its own, nothing announced or warned of yet."""
    monkeypatch.setenv("AUTOGRAD_CACHE_DIR", str(tmp_path / "deep" / "cache"))
    monkeypatch.setattr(kernel_cache, "_announced", False)
    monkeypatch.setattr(kernel_cache, "_warned", False)
    monkeypatch.delenv("AUTOGRAD_QUIET", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "deep" / "cache" / "glassgrad"


def run_afresh(key: object = ()) -> None:
    """Compile or load `add_one` as a new process would, and check that it works."""
    kernel = runtime.jit(add_one, key=key)
    x = np.arange(5.0)
    out = np.empty_like(x)
    kernel(0, 5, x, out)
    np.testing.assert_array_equal(out, x + 1)


@needs_numba
def test_code_is_kept_and_found_again(cache, capsys):
    run_afresh()
    assert "compiling kernels" in capsys.readouterr().err
    (file,) = cache.iterdir()
    kernel_cache._announced = False
    run_afresh()
    assert capsys.readouterr().err == ""
    assert [*cache.iterdir()] == [file]


@needs_numba
def test_kept_code_is_read_without_the_compiler(tmp_path):
    program = """
        import sys
        import numpy as np
        from autograd import kernels
        x = np.linspace(-1, 1, 65_536, dtype=np.float32).reshape(1, 1, 256, 256)
        kernels.set_num_threads(2)
        out, _ = kernels.max_pool2d(x, (2, 2), (2, 2), (0, 0, 0, 0), (1, 1), (128, 128))
        assert (out == x[:, :, 1::2, 1::2]).all()
        print("numba.np.linalg" in sys.modules)
    """
    for loaded in ("True", "False"):  # the first process compiles
        done = python(program, AUTOGRAD_CACHE_DIR=str(tmp_path), AUTOGRAD_QUIET="1")
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == loaded


@needs_numba
def test_the_notice_can_be_switched_off(cache, capsys, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_QUIET", "1")
    run_afresh()
    assert capsys.readouterr().err == ""


@needs_numba
def test_options_are_part_of_the_key(cache):
    for key in ((), ("avx2", 8), ("avx512", 16)):
        run_afresh(key)
    runtime.jit(add_one, fastmath=True)(0, 0, np.ones(1), np.ones(1))
    assert len([*cache.iterdir()]) == 4


@needs_numba
def test_a_damaged_file_is_reported_once_and_replaced(cache):
    run_afresh(1)
    run_afresh(2)
    files = sorted(cache.iterdir())
    whole = files[0].read_bytes()
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 1
    for damage in (bytes(flipped), whole[:1000], b"", b"not a kernel"):
        for file in files:
            file.write_bytes(damage)
        kernel_cache._warned = False
        with pytest.warns(RuntimeWarning, match="compiling again") as caught:
            run_afresh(1)
            run_afresh(2)
        assert len(caught) == 1
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run_afresh(1)


@needs_numba
def test_without_a_directory_it_warns_once_and_works(tmp_path, cache, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("AUTOGRAD_CACHE_DIR", str(tmp_path / "file"))
    with pytest.warns(RuntimeWarning, match="AUTOGRAD_CACHE_DIR") as caught:
        run_afresh()
        run_afresh()
    assert len(caught) == 1


@needs_numba
def test_many_processes_share_one_directory(cache):
    program = """
        import numpy as np
        from autograd import kernels
        x = np.linspace(-4, 4, 20_000, dtype=np.float32)
        for _ in range(3):
            print(float(kernels.relu_grad(x, x).sum()))
    """
    wanted = float(
        pointwise_twin.relu_grad(*[np.linspace(-4, 4, 20_000, dtype=np.float32)] * 2).sum()
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in running:
        out, _ = process.communicate(timeout=300)
        assert out.split() == [str(wanted)] * 3 and process.returncode == 0
    assert not [f for f in cache.iterdir() if f.suffix != ".kernel"]


@needs_numba
def test_code_unused_for_a_month_is_removed(cache):
    run_afresh(1)
    (old,) = cache.iterdir()
    os.utime(old, (0, 0))
    run_afresh(2)
    assert len([*cache.iterdir()]) == 1 and not old.exists()
    (kept,) = cache.iterdir()
    week = kernel_cache.time.time() - 7 * 86_400
    os.utime(kept, (week, week))
    run_afresh(2)
    assert kept.stat().st_mtime > week + 86_400
