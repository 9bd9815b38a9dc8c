"""What a row of the op table says; `tests/test_ops.py` says what is tested of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np

Spec = Any  # a shape (standard normal numbers), an array, or a function of a Generator


@dataclass(frozen=True)
class Row:
    """One op under test, with one set of statics.

    `op`: registered name. `call`: the public call, on Tensors or arrays. `inputs`: one spec per
    operand. `reference`: the same value by independent means, on ndarrays (NumPy, or PyTorch where
    `torch_reference` is given). `keeps`: the operands (and "out") that the closures keep alive.
    `also`: further input sets (0-d, empty, broadcast) for which value, gradient shape and dtype
    are checked. `order`: up to which order the derivatives are checked.
    """

    op: str
    call: Callable[..., Any]
    inputs: Sequence[Spec]
    reference: Callable[..., Any] | None = None
    torch_reference: Callable[..., Any] | None = None  # called with (torch, *torch tensors)
    keeps: str = ""  # space-separated
    also: Sequence[Sequence[Spec]] = ()
    order: int = 2
    note: str = ""
    statics: dict[str, Any] = field(default_factory=dict)  # for the contract check of the bare op
    operands: Callable[..., Sequence[Any]] | None = None  # call's inputs -> the bare op's operands
    apart: dict[str, str] = field(default_factory=dict)  # special values where kernel and twin
    # differ: their name in `tests/reach.py` -> why they may
    tolerance: float = 1e-12
    tolerance32: float = 1e-4

    @property
    def id(self) -> str:
        return f"{self.op}-{self.note}" if self.note else self.op


def value_of(op: Callable[..., Any]) -> Callable[..., Any]:
    """The call of an op with `aux`, without that."""
    return lambda *args: op(*args)[0]


def make(spec: Spec, rng: np.random.Generator) -> np.ndarray:
    """The float64 (or integer) array that a spec stands for."""
    if callable(spec):
        return np.asarray(spec(rng))
    if isinstance(spec, np.ndarray):
        return spec.copy()
    return rng.standard_normal(spec)


def _named(maker: Callable[..., Any]) -> Callable[..., Any]:
    """Name the functions that `maker` returns by its arguments: "positive(2, 3)"."""

    @wraps(maker)
    def make_named(*args: Any) -> Any:
        spec = maker(*args)
        spec.__name__ = f"{maker.__name__}({', '.join(map(str, args))})"
        return spec

    return make_named


@_named
def positive(*shape: int) -> Spec:
    """Numbers in [0.5, 2.5): away from the edge of log, sqrt, division."""
    return lambda rng: rng.uniform(0.5, 2.5, shape)


@_named
def between(low: float, high: float, *shape: int) -> Spec:
    """Uniform numbers in [low, high)."""
    return lambda rng: rng.uniform(low, high, shape)


@_named
def distinct(*shape: int) -> Spec:
    """Numbers at least 0.1 apart and 0.05 from zero: no ties and no kinks near."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        count = int(np.prod(shape))
        return ((rng.permutation(count) - count // 2) * 0.1 + 0.05).reshape(shape)

    return draw


@_named
def integers(high: int, *shape: int) -> Spec:
    """Integers in [0, high)."""
    return lambda rng: rng.integers(0, high, shape)


def short(value: Any) -> str:
    """The part of a test's name that stands for an argument: the same in every process."""
    if isinstance(value, Row):
        return value.id
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(short, value))})"
    return getattr(value, "__name__", None) or str(value)[:30]
