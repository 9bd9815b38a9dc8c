"""A forked child goes on, whatever the threads of its parent were doing."""

import os

import pytest

from tests.forking import output_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

#: What the scripts below begin with: a step of a small network, a child that must end in time.
SETTING = """
    import os, signal, threading, time
    import numpy as np
    import autograd as ag, nn, optim, nn.functional as F
    from autograd.support import locks
    from autograd.kernels import blas
    from autograd.kernels.launch import threads

    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    opt = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    x, labels = np.ones((4, 6), np.float32), np.arange(4) % 3

    def step():
        opt.zero_grad()
        loss = F.cross_entropy(net(ag.tensor(x)), labels)
        loss.backward()
        opt.step()
        return loss.item()

    def in_child(function):
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)  # ends it, should it wait for ever
            try:
                function()
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(3)
            os._exit(0)
        return os.waitpid(pid, 0)[1]
"""


def run(script):
    return output_of(SETTING, script, timeout=300)


def test_every_lock_that_another_thread_holds_is_open_in_the_child():
    run("""
        step()
        held = [guard.lock for guard in locks._guards]
        taken, leave = threading.Event(), threading.Event()

        def hold():
            for lock in held:
                lock.acquire()
            blas.note_convolution()
            blas.hold_beside_convolutions()  # and never let go
            taken.set()
            leave.wait()

        # its own guard would keep this thread from holding BLAS, were it not the same thread's
        threading.Thread(target=hold, daemon=True).start()
        taken.wait()

        def child():
            assert not blas._holders and not blas._before
            blas.note_convolution()
            step()
            assert not blas._holders and not blas._before

        assert len(held) >= 3
        assert in_child(child) == 0
        leave.set()
    """)


def test_a_fork_inside_of_what_the_same_thread_holds():
    run("""
        step()
        guard = locks._guards[0]
        blas.note_convolution()
        with ag.no_grad(), blas.beside_convolutions():
            def child():
                assert not ag.is_grad_enabled()
                assert len(blas._holders) == 1
                with ag.enable_grad():
                    step()
            assert in_child(child) == 0
            with guard.lock:
                assert in_child(child) == 0
                pid = os.fork()
        if pid == 0:
            assert ag.is_grad_enabled() and not blas._holders
            step()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    """)


def test_a_fork_in_a_hook_and_a_child_that_forks_again():
    run("""
        step()
        codes = []

        def child():
            with ag.enable_grad():  # a hook is called where nothing is recorded
                step()
                assert in_child(step) == 0
                step()

        def forks(gradient):
            if not codes:
                codes.append(None)
                codes[0] = in_child(child)

        parameter = next(net.parameters())
        parameter.register_hook(forks)
        step()
        assert codes == [0], codes
    """)


def test_children_compute_what_their_parent_computes():
    out = run("""
        x = np.random.default_rng(0).standard_normal((64, 6)).astype(np.float32)
        labels = np.arange(64) % 3
        stop = []
        step()  # a child cannot import what another thread was importing

        def train():
            other = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3))
            while not stop:
                F.cross_entropy(other(ag.tensor(x)), labels).backward()

        thread = threading.Thread(target=train, daemon=True)
        thread.start()
        losses = []
        for _ in range(10):
            read, write = os.pipe()
            code = in_child(lambda: os.write(write, repr([step(), step()]).encode()))
            assert code == 0
            losses.append(os.read(read, 1000).decode())
        stop.append(True)
        thread.join()
        print(len(set(losses)), losses[0] == repr([step(), step()]))
    """)
    assert out.split() == ["1", "True"]


def test_a_child_draws_random_numbers_though_another_thread_was_drawing():
    run("""
        generator, drawing = ag.default_generator(), threading.Event()

        def draw():
            with generator.bit_generator.lock:  # as every method of a generator does
                drawing.set()
                time.sleep(0.2)

        threading.Thread(target=draw).start()
        drawing.wait()
        assert in_child(lambda: ag.randn(3)) == 0
    """)
