"""Forks, spawns and pools of threads in all orders: every child computes, none waits for ever."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.forking import output_of
from tests.long.campaign import cases

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

SETTING = """
    import os, random, signal, sys, threading, time
    from concurrent.futures import ThreadPoolExecutor
    import numpy as np
    import autograd as ag, nn, optim, nn.functional as F

    def made():
        return nn.Sequential(
            nn.Conv2d(1, 8, 5), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 144, 64), nn.Linear(64, 10)
        )

    start = made().state_dict()  # the generator is shared by all threads
    x = np.random.default_rng(0).standard_normal((8, 1, 16, 16)).astype(np.float32)
    labels = np.arange(8)

    def train(steps=2):
        net = made()
        net.load_state_dict(start)
        opt = optim.Adam(net.parameters())
        for _ in range(steps):
            opt.zero_grad()
            loss = F.cross_entropy(net(ag.tensor(x)), labels)
            loss.backward()
            opt.step()
        return loss.item()

    def forked(function):
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)  # ends this child alone; faulthandler's limit hangs in a grandchild
            try:
                os._exit(0 if function() else 4)
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(3)
        return os.waitpid(pid, 0)[1]
"""


def run(script: str, timeout: int = 1000) -> str:
    return output_of(SETTING, script, timeout)


def test_forks_while_threads_train(figures):
    """Each child trains to the same loss as its parent, and forks again.

    Everything was imported and compiled before: a child of a process in which another thread was
    importing waits for ever for that thread's lock, whatever this library does.
    """
    forks = cases(2, 400)
    run(f"""
        expected = train()
        stop = []

        def work():
            while not stop:
                train()

        threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        draw = random.Random(0)

        def child():
            return train() == expected and forked(lambda: train() == expected) == 0

        for k in range({forks}):
            time.sleep(draw.uniform(0, 0.02))
            assert forked(child) == 0, k
        stop.append(True)
        for thread in threads:
            thread.join()
    """)
    figures["forks"] += 2 * forks


ACTS = {
    "train": "assert train() == expected",
    "pool": (
        "with ThreadPoolExecutor(3) as pool:\n"
        "    assert set(pool.map(train, [2, 2, 2])) == {expected}"
    ),
    "fork": "assert forked(lambda: train() == expected) == 0",
    "fork and pool": (
        "def child():\n"
        "    with ThreadPoolExecutor(3) as pool:\n"
        "        return set(pool.map(train, [2, 2, 2])) == {expected}\n"
        "assert forked(child) == 0"
    ),
    "spawn": (
        "import subprocess\n"
        "code = 'import autograd as ag; print((ag.ones(3) * 2).sum().item())'\n"
        "done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)\n"
        "assert done.stdout.split() == ['6.0'], done.stderr"
    ),
    "threads": "from autograd import kernels; kernels.set_num_threads(2)",
}


def test_acts_in_all_orders(figures):
    orders = list(itertools.permutations(ACTS, 4))
    chosen = orders[:: max(1, len(orders) // cases(1, len(orders)))]
    bodies = []
    for order in chosen:
        bodies += [ACTS[act] for act in order]
    run("expected = train()\n" + "\n".join(bodies))
    figures["orders"] += len(chosen)
    figures["acts"] += len(bodies)
