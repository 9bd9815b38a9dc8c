"""What a mistake is made with, and whether the mistake has changed any of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
import optim


@dataclass(frozen=True)
class Row:
    what: str
    call: Callable[[World], Any]
    error: type[Exception]
    message: str


class World:
    """A small network in the middle of its training, data, and a folder with one file."""

    def __init__(self, folder: Path):
        ag.manual_seed(0)
        self.folder = folder
        self.file = folder / "net.safetensors"
        self.x = ag.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
        self.d = self.x.detach().clone()
        self.images = ag.ones(2, 3, 8, 8)
        self.labels = np.array([0, 2])
        self.net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3))
        self.conv = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.opt = optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        nn.functional.cross_entropy(self.net(self.d), self.labels).backward()
        self.opt.step()
        nn.save(self.net, self.file)

    def state(self) -> dict[str, Any]:
        """All that must be as it was after a mistake."""
        return {
            "x": _bytes(self.x),
            "d": _bytes(self.d),
            "images": _bytes(self.images),
            "labels": self.labels.tobytes(),
            "grads": [_bytes(p.grad) for p in (self.x, *self.net.parameters())],
            "nets": [
                (name, _bytes(value))
                for net in (self.net, self.conv)
                for name, value in net.state_dict().items()
            ],
            "training": [m.training for net in (self.net, self.conv) for m in net.modules()],
            "requires_grad": [p.requires_grad for p in self.net.parameters()],
            "opt": repr(self.opt.state_dict()),
            "groups": repr([{**g, "params": len(g["params"])} for g in self.opt.param_groups]),
            "recording": ag.is_grad_enabled(),
            "dtype": ag.get_default_dtype(),
            "files": sorted(
                (str(p), p.read_bytes()) for p in self.folder.rglob("*") if p.is_file()
            ),
        }


def _bytes(value: Any) -> Any:
    if value is None:
        return None
    array = value.data if isinstance(value, ag.Tensor) else np.asarray(value)
    return array.dtype.str, array.shape, array.tobytes()
