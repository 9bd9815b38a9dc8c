"""A long training in flat memory, and trainings that run out of it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
import optim
from tests.long.campaign import cases

resource = pytest.importorskip("resource")


def test_many_steps_in_flat_memory(figures):
    """The resident memory stops growing, and a second run gives the same bits."""
    steps = cases(200, 20_000)

    def resident() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("no /proc here")

    def run(count: int) -> tuple[float, list[int]]:
        ag.manual_seed(0)
        net = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(4 * 36, 10)
        )
        opt = optim.Adam(net.parameters(), lr=1e-3)
        x = np.random.default_rng(0).standard_normal((8, 1, 8, 8)).astype(np.float32)
        labels = np.arange(8)
        memory = []
        for step in range(count):
            opt.zero_grad()
            loss = F.cross_entropy(net(ag.tensor(x)), labels)
            loss.backward()
            optim.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            if step % max(count // 20, 1) == 0:
                memory.append(resident())
        return loss.item(), memory

    run(100)
    loss, memory = run(steps)
    assert memory[-1] - memory[len(memory) // 2] < 4e6
    assert run(steps)[0] == loss
    figures["steps"] += 2 * steps


SCRIPT = """
    import os, resource, sys
    import numpy as np
    import autograd as ag, nn, optim
    from autograd.errors import GlassgradError

    # Elementwise alone: OpenBLAS ends the process where it gets no memory.
    net = nn.Sequential(nn.Linear(300, 300, bias=False), nn.Linear(300, 300, bias=False))
    first, second = net.parameters()
    opt = optim.Adam(net.parameters())
    path = sys.argv[2]

    def everything():
        state = [np.copy(v) for p in net.parameters() for v in opt.state[p].values()]
        return [p.data.copy() for p in net.parameters()] + state + [opt.steps]

    def forward():
        return ((ag.tanh(first * 2.0) - second) ** 2).sum()

    def step():
        opt.zero_grad()
        forward().backward()
        opt.step()

    for _ in range(3):
        step()
    nn.save(net, path)
    opt.zero_grad()
    forward().backward()
    before = everything()

    def used_up(room):  # takes all memory there is, save `room` bytes
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 50_000_000, resource.RLIM_INFINITY))
        taken = []
        for size in (1 << 20, 1 << 17, 1 << 15):
            try:
                while True:
                    taken.append(bytearray(size))
            except MemoryError:
                pass
        while room > 0 and taken:
            room -= len(taken.pop(0))
        return taken

    failed = []
    for name, act in [
        ("forward", forward),
        ("backward", lambda: forward().backward()),
        ("step", opt.step),
        ("another optimiser's first step", lambda: optim.Adam(net.parameters()).step()),
        ("save", lambda: nn.save(net, path)),
    ]:
        before = everything()
        grads = [p.grad.data.copy() for p in net.parameters()]
        taken = used_up(int(sys.argv[1]))
        try:
            act()
        except (MemoryError, GlassgradError):
            failed.append(name)
        finally:
            taken.clear()
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        if name in failed:
            assert all(map(np.array_equal, grads, [p.grad.data for p in net.parameters()])), name
            assert all(map(np.array_equal, before, everything())), name
        assert ag.is_grad_enabled()
    nn.load(path)
    step()
    print(*failed, sep="\\n")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")
def test_no_memory(figures, tmp_path):
    """What fails raises MemoryError or an error of ours, and nothing is half changed."""
    count = cases(2, 60)
    for case in range(count):
        room = case * 2_000_000 // max(count // 10, 1)
        path = tmp_path / f"{case}.safetensors"
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(SCRIPT), str(room), str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "AUTOGRAD_QUIET": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, (room, done.stderr)
        figures["limits"] += 1
        failed = [line for line in done.stdout.splitlines() if line]
        assert failed or room, "no act failed although there was no memory"
        figures["failures"] += len(failed)
