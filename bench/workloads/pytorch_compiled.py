"""Training steps in PyTorch with network and loss compiled by `torch.compile`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench.workloads import pytorch, tasks


def step(task: tasks.Task) -> Callable[[], Any]:
    """A training step; the update is the optimiser's own."""
    return pytorch.step(task, compiler=torch.compile)
