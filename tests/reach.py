"""What a row of the op table is run on beside what it draws: far numbers, special ones, kernels."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

import autograd as ag
from autograd import kernels, ops
from autograd.kernels import runtime
from tests.row import Row, make

# Far out, and close to zero; no multiple of what rows draw, so that no step of `floor` is hit.
SCALES = {"60": 61.37, "1e4": 12347.0, "1e-8": 1.3e-8}

OPS = [*pkgutil.iter_modules(ops.__path__)]
LENGTHS = ("LONG", "FEW", "_MANY")  # from which ops take another way

SPECIAL = {
    "NaN": (np.nan,),
    "infinities": (np.inf, -np.inf),
    "zeros and subnormal numbers": (0.0, -0.0, 1e-310, -5e-324, 1e-45),
    "large": (1e18, -1e18),
    "ties": (1.0, 1.0, 1.0, 1.0),
}


def drawn(row: Row, scale: float = 1.0, dtype: Any = np.float64) -> list[np.ndarray]:
    """The inputs that a row draws, its floats times `scale`."""
    rng = np.random.default_rng(7)
    arrays = [make(spec, rng) for spec in row.inputs]
    return [np.asarray(x * scale, dtype) if x.dtype.kind == "f" else x for x in arrays]


def kernel_modules() -> list[ModuleType]:
    """The modules that choose between a compiled kernel and its NumPy twin."""
    return [importlib.import_module(n) for n in kernel_names() if leaf(n) in ("dispatch", "launch")]


def kernel_names() -> list[str]:
    """The names of all modules of kernels."""
    return [m.name for m in pkgutil.walk_packages(kernels.__path__, "autograd.kernels.")]


def leaf(name: str) -> str:
    """The last part of a dotted name."""
    return name.rpartition(".")[2]


@contextlib.contextmanager
def kernels_for_all_sizes() -> Iterator[Counter[Any]]:
    """No array is too small for a compiled kernel; yields the most chunks that each ran over."""
    ran: Counter[Any] = Counter()
    changed: list[tuple[ModuleType, str, Any]] = []

    def put(module: ModuleType, name: str, value: Any) -> None:
        changed.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    def parallel_for(kernel: Any, chunks: int, *args: Any, **options: Any) -> None:
        ran[kernel] = max(ran[kernel], chunks)
        runtime.parallel_for(kernel, chunks, *args, **options)

    for module in kernel_modules():
        for name, value in vars(module).copy().items():
            if name == "SMALL" or name.startswith("SMALL_") or name == "_SHORT":
                put(module, name, 0)
            elif name == "parallel_for" and module is not runtime and value is runtime.parallel_for:
                put(module, name, parallel_for)
    runtime.set_kernels("numba")
    try:
        yield ran
    finally:
        runtime.set_kernels(None)
        for module, name, value in changed:
            setattr(module, name, value)


@contextlib.contextmanager
def every_array_is_long() -> Iterator[None]:
    """What ops do with arrays of many numbers they do with all."""
    modules = [importlib.import_module(f"autograd.ops.{m.name}") for m in OPS]
    changed = [(m, n) for m in modules for n in LENGTHS if hasattr(m, n)]
    values = [getattr(module, name) for module, name in changed]
    for module, name in changed:
        setattr(module, name, 0)
    try:
        yield
    finally:
        for (module, name), value in zip(changed, values, strict=True):
            setattr(module, name, value)


@contextlib.contextmanager
def twins() -> Iterator[None]:
    """NumPy twins only."""
    runtime.set_kernels("numpy")
    try:
        yield
    finally:
        runtime.set_kernels(None)


def derivatives(
    row: Row, arrays: list[np.ndarray], order: int = 2, tiles: int = 1
) -> list[np.ndarray]:
    """The value, the gradients, and the gradients of a weighted sum of these.

    The weights repeat `tiles` times along the first axis, as the arrays may.
    """

    def drawn_like(x: Any) -> np.ndarray:
        shape = (x.shape[0] // tiles, *x.shape[1:]) if x.ndim else ()
        weights = rng.standard_normal(shape)
        return np.tile(weights, (tiles, *[1] * (x.ndim - 1))).reshape(x.shape).astype(x.dtype)

    tensors = [ag.Tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    floats = [t for t in tensors if t.requires_grad]
    out = row.call(*tensors)
    rng = np.random.default_rng(3)
    weights = drawn_like(out)
    second = order > 1 and row.order > 1
    first = ag.grad(out, floats, grad_outputs=weights, create_graph=second, allow_unused=True)
    found = [out, *first]
    if second:
        moving = [g for g in first if g is not None and g.requires_grad]
        if moving:
            seeds = [drawn_like(g) for g in moving]
            found += ag.grad(moving, floats, grad_outputs=seeds, allow_unused=True)
    return [None if t is None else t.data for t in found]


def repeated(arrays: list[np.ndarray], size: int) -> list[np.ndarray]:
    """The arrays with more rows, so that the first of them holds `size` numbers or more; those with
    as many axes and rows as the first grow with it."""
    first = next(x for x in arrays if x.ndim)
    times = -(-size // max(first.size, 1))

    def grow(x: np.ndarray) -> np.ndarray:
        alike = x.ndim and (x.ndim, len(x)) == (first.ndim, len(first))
        return np.tile(x, (times, *[1] * (x.ndim - 1))) if alike else x

    return [grow(x) for x in arrays]


def inject(arrays: list[np.ndarray], values: tuple[float, ...]) -> list[np.ndarray]:
    """Copies of the arrays with the values at some places of each float array."""
    copies = [x.copy() for x in arrays]
    for x in copies:
        if x.dtype.kind == "f" and x.size:
            flat = x.reshape(-1)
            for i, value in enumerate(values):
                flat[(2 + 3 * i) % flat.size] = value
    return copies


def module_of(function: Any) -> str:
    """The last part of the name of the module in which a function was written."""
    return leaf(function.__module__)


def compiled() -> Iterator[tuple[str, Any]]:
    """Name and dispatcher of each kernel at the top of a module of compiled code.

    Kernels take the range of their chunks first; what they call themselves does not.
    """
    from numba.core.dispatcher import Dispatcher

    for module in kernel_names():
        if leaf(module).startswith("numba_"):
            for name, value in vars(importlib.import_module(module)).items():
                if not isinstance(value, Dispatcher) or value.py_func.__module__ != module:
                    continue
                if value.py_func.__code__.co_varnames[:2] == ("lo", "hi"):
                    yield f"{module.removeprefix('autograd.kernels.')}.{name}", value
