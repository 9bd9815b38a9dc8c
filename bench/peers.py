"""The other libraries: where they are installed, and a process of its own for each.

They are looked for in the running Python's environment, then in those named by `--environments` or
`GLASSGRAD_BENCH_ENVIRONMENTS` (folders of virtual environments, separated as in PATH). HIPS
autograd needs one of its own, since it is imported as `autograd` too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.effort import FULL, Effort
from bench.pairs import Ratio, in_turn, ratio_of

HERE = Path(__file__).parent
VARIABLE = "GLASSGRAD_BENCH_ENVIRONMENTS"
SLOW = 1.0  # seconds of a step; what takes longer is not timed


@dataclass(frozen=True)
class Peer:
    """A library: its label, the distribution that brings it, its file in `bench/workloads`."""

    label: str
    distribution: str
    workload: str
    only: tuple[str, ...] = ()  # beginnings of the tasks' names, if compiling all takes too long
    compiles: bool = False  # each step, before it is timed

    def takes(self, task: str) -> bool:
        return not self.only or task.startswith(self.only)


SOME = ("lecture", "MLP 784-128-10 Adam, N=64", "LeNet-5, N=64", "logistic")

PEERS = (
    Peer("PyTorch", "torch", "pytorch"),
    Peer("torch.compile", "torch", "pytorch_compiled", SOME, compiles=True),
    Peer("JAX jit", "jax", "jax_jit", compiles=True),
    Peer("NumPy by hand", "numpy", "numpy_by_hand"),
    Peer("HIPS autograd", "autograd", "hips"),
    Peer("MyGrad", "mygrad", "mygrad_steps"),
    Peer("tinygrad", "tinygrad", "tinygrad_steps", SOME, compiles=True),
)
OURS = Peer("ours", "numpy", "ours")

_ASK = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def environments(named: list[str]) -> list[str]:
    """The interpreters to look in: this one, then those of the named environments."""
    folders = named or [f for f in os.environ.get(VARIABLE, "").split(os.pathsep) if f]
    return [sys.executable, *(str(Path(folder, "bin", "python")) for folder in folders)]


def find(pythons: list[str]) -> dict[Peer, tuple[str, str]]:
    """`{peer: (interpreter, version)}` of those that are installed somewhere."""
    found: dict[Peer, tuple[str, str]] = {}
    names = sorted({peer.distribution for peer in PEERS})
    for python in pythons:
        asked = subprocess.run(
            [python, "-c", _ASK, *names], capture_output=True, text=True, check=True, cwd=HERE
        )
        versions = json.loads(asked.stdout)
        for peer in PEERS:
            if peer.distribution in versions:
                found.setdefault(peer, (python, versions[peer.distribution]))
    return found


def environment(threads: int) -> dict[str, str]:
    """What a worker's process is started with: so many threads for every library.

    Without a PYTHONPATH, on which this library's `autograd` may be found before the other one.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    ours = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    inherited = {k: v for k, v in os.environ.items() if k not in ours}
    return {**inherited, **dict.fromkeys(names, str(threads)), "TF_CPP_MIN_LOG_LEVEL": "3"}


class PeerError(Exception):
    """Why a worker could not do what it was asked for."""


class PeerWorker:
    """A process that imports one library; see `bench/peer_worker.py`."""

    def __init__(self, peer: Peer, python: str, threads: int) -> None:
        self.peer = peer
        self.process = subprocess.Popen(
            [python, str(HERE / "peer_worker.py"), peer.workload, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=HERE,
            env=environment(threads),
        )

    def ask(self, **request: Any) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            raise PeerError("its process ended") from None
        line = self.process.stdout.readline()
        if not line:
            raise PeerError("its process ended")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        self.process.communicate()  # closes its input, at which it ends


def compare(ours: PeerWorker, theirs: PeerWorker, seconds: float, effort: Effort = FULL) -> Ratio:
    """Time what both have prepared in turn, the order swapped from pair to pair."""
    sample = effort.sample(seconds)
    sides = (lambda: ours.ask(time=sample), lambda: theirs.ask(time=sample))
    return ratio_of(*in_turn(effort.pairs, sides))
