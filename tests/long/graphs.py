"""Random programs: rows of the op table and what surrounds them, joined to graphs.

A program is a list of steps over a pool of values, which begins with the inputs. It is planned once
on plain arrays, so that every step fits, and then run on Tensors, on arrays, or on PyTorch's
tensors. A step adds one value. A row of the table enters with its own inputs, moved a little by
values of the pool: so each op stays where its row says that it is smooth.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd as ag
from autograd import func
from tests.op_cases import ROWS
from tests.row import Row, make

try:
    import torch
except ImportError:
    torch = None

SHAPES = [(), (1,), (2,), (3,), (0,), (1, 3), (2, 1), (2, 3), (0, 3), (2, 0), (1, 1), (2, 1, 3)]
INDEX_DTYPES = [np.dtype(f"{sign}int{bits}") for bits in (8, 16, 32, 64) for sign in ("", "u")]
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": lambda x: np.array(x, order="C"),
    "Fortran": lambda x: np.array(x, order="F"),
    "negative strides": lambda x: np.ascontiguousarray(x[::-1])[::-1] if x.ndim else x,
    "gaps": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "read only": lambda x: np.broadcast_to(x, x.shape),
}
NUDGE = 0.02  # how far a row's inputs are moved: less than half of what `distinct` keeps apart


@dataclass
class Run:
    """One run: the library, and what is constant in it however the inputs move."""

    lib: str = "ours"  # or "torch"
    frozen: dict[int, np.ndarray] = field(default_factory=dict)  # what no_grad() regions gave

    def constant(self, array: np.ndarray) -> Any:
        """An array beside Tensors: a plain one here, a tensor for PyTorch."""
        return torch.tensor(array) if self.lib == "torch" else array


Body = Callable[[Run, list[Any]], Any]


@dataclass
class Step:
    """`body(run, pool)`: the value that is added to the pool. `name`, for the message."""

    name: str
    body: Body
    torch: bool = True  # whether the body runs on PyTorch's tensors too
    smooth: bool = True  # whether it has a second derivative


@dataclass
class Program:
    """The inputs, the steps, and how much of each value counts in the result."""

    inputs: list[np.ndarray]
    steps: list[Step]
    weights: list[np.ndarray]  # of the last values of the pool

    def pool(self, run: Run, inputs: list[Any]) -> list[Any]:
        """The values of all steps."""
        pool = list(inputs)
        for step in self.steps:
            pool.append(step.body(run, pool))
        return pool

    def __call__(self, run: Run, inputs: list[Any]) -> Any:
        """A number made of the last values."""
        last = self.pool(run, inputs)[-len(self.weights) :]
        terms = zip(last, self.weights, strict=True)
        return sum((value * run.constant(w)).sum() for value, w in terms)

    def __repr__(self) -> str:
        shapes = ", ".join(str(x.shape) for x in self.inputs)
        return f"inputs {shapes}; " + "; ".join(step.name for step in self.steps)


# -- what moves between shapes ---------------------------------------------------------------------


def gather(run: Run, value: Any, places: np.ndarray, shape: tuple[int, ...], how: str) -> Any:
    """Elements of `value` at flat `places`, in `shape`."""
    flat = value.reshape(-1)
    if run.lib == "torch":
        return flat[torch.tensor(places.astype(np.int64))].reshape(shape)
    if how == "take":
        return ag.take(flat, places).reshape(shape)
    if how == "along":
        return ag.take_along_axis(flat, places, 0).reshape(shape)
    return flat[places.tolist() if how == "list" else places].reshape(shape)


class Planner:
    """Draws a program step by step, with the values of a run on plain arrays at hand."""

    def __init__(self, draw: Callable[[Any], Any]):
        self.draw = draw
        seed = draw(st.integers(0, 2**32 - 1))
        self.rng = np.random.default_rng(seed)
        self.inputs = [
            self.rng.uniform(-1, 1, self.choose(SHAPES)) for _ in range(self.count(1, 3))
        ]
        self.run = Run()
        self.pool: list[Any] = list(self.inputs)
        self.steps: list[Step] = []

    def choose(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def count(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def which(self) -> int:
        """A place in the pool."""
        return self.count(0, len(self.pool) - 1)

    def add(self, step: Step) -> None:
        value = step.body(self.run, self.pool)
        size = float(np.abs(np.asarray(value)).max(initial=0.0))
        if size > 3:  # values stay of the size of one
            body, scale = step.body, 1 / size
            step.body = lambda run, pool: body(run, pool) * scale
            value = value * scale
        self.pool.append(value)
        self.steps.append(step)

    def fitted(self, shape: tuple[int, ...]) -> Body:
        """A value of the pool brought to `shape` by picking elements of it."""
        i = self.which()
        size = self.pool[i].size
        if size == 0 or math.prod(shape) == 0:
            filler = np.zeros(shape)
            return lambda run, pool: run.constant(filler)
        dtype = self.choose(INDEX_DTYPES)
        places = self.rng.integers(0, size, math.prod(shape))
        if dtype.kind == "i" and self.count(0, 1):
            places = np.where(places % 2, places, places - size)
        places, how = places.astype(dtype), self.choose(["index", "list", "take", "along"])
        if how == "list" and not places.size:
            how = "index"
        return lambda run, pool: gather(run, pool[i], places, shape, how)


# -- steps -----------------------------------------------------------------------------------------

UNARY = ["sin", "tanh", "exp", "square", "cos", "arctan", "negative"]
STEPS: list[Callable[[Planner], Step | None]] = []


def step(plan: Callable[[Planner], Step | None]) -> Callable[[Planner], Step | None]:
    STEPS.append(plan)
    return plan


@step
def elementwise(p: Planner) -> Step:
    name, i = p.choose(UNARY), p.which()
    return Step(name, lambda run, pool: lib(run, name)(pool[i]))


def lib(run: Run, name: str) -> Any:
    return getattr(torch if run.lib == "torch" else ag, name)


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / (b * b + 1.5),
    "**": lambda a, b: (a * a + 0.5) ** (b * 0.5),
}


@step
def broadcasting(p: Planner) -> Step:
    name, i = p.choose(list(BINARY)), p.which()
    fitting = [
        j
        for j, value in enumerate(p.pool)
        if all(n == m or 1 in (n, m) for n, m in zip(value.shape[::-1], p.pool[i].shape[::-1]))  # noqa: B905
    ]
    j = p.choose(fitting)
    return Step(f"{name} of {i} and {j}", lambda run, pool: BINARY[name](pool[i], pool[j]))


@step
def key(p: Planner) -> Step:
    """Basic, advanced and boolean keys, with None and Ellipsis."""
    i = p.which()
    parts: list[Any] = []
    advanced = 0
    for n in p.pool[i].shape:
        kind = p.choose(["slice", "all", "number", "array", "mask"])
        if kind == "number" and n:
            parts.append(p.count(-n, n - 1))
        elif kind == "array" and n and not advanced:
            dtype, shape = p.choose(INDEX_DTYPES), p.choose([(2,), (0,), (1,), (2, 2)])
            low = -n if dtype.kind == "i" else 0
            parts.append(p.rng.integers(low, n, shape).astype(dtype))
            advanced += 1
        elif kind == "mask" and not advanced:
            parts.append(p.rng.integers(0, 2, n).astype(bool))
            advanced += 1
        elif kind == "slice":
            parts.append(slice(p.count(-1, 2), None, p.choose([1, 2, -1, -2])))
        else:
            parts.append(slice(None))
    if p.count(0, 3) == 0:
        parts.insert(p.count(0, len(parts)), None)
    if p.count(0, 3) == 0:
        parts = parts[: p.count(0, len(parts))] + [...]
    whole = tuple(parts)
    backward = any(isinstance(part, slice) and (part.step or 1) < 0 for part in whole)

    def body(run: Run, pool: list[Any]) -> Any:
        if run.lib == "torch":
            arrays = [torch.tensor(k.astype(np.int64 if k.dtype.kind != "b" else bool))
                      if isinstance(k, np.ndarray) else k for k in whole]  # fmt: skip
            return pool[i][tuple(arrays)]
        return pool[i][whole]

    # PyTorch has no negative steps, and puts the axes of arrays beside numbers elsewhere
    return Step(f"{i}[{whole}]", body, torch=not backward and not advanced)


@step
def view(p: Planner) -> Step | None:
    i = p.which()
    shape = p.pool[i].shape
    axes = tuple(p.draw(st.permutations(range(len(shape)))))
    kinds: dict[str, Callable[[Run, Any], Any]] = {
        "transpose": lambda run, x: (
            x.permute(axes) if run.lib == "torch" else ag.transpose(x, axes)
        ),
        "reshape": lambda run, x: x.reshape((math.prod(shape),)),
        "expand": lambda run, x: x[None, ..., None],
        "squeeze": lambda run, x: x.squeeze(),
        "broadcast": lambda run, x: lib(run, "broadcast_to")(x, (2, *shape)),
        "flip": lambda run, x: x.flip(0) if run.lib == "torch" else ag.flip(x, 0),
        "joined": lambda run, x: lib(run, "stack")([x, x * 2.0, x]),
    }
    name = p.choose([k for k in kinds if shape or k != "flip"])
    if p.pool[i].size > 200:
        return None
    return Step(f"{name} of {i}", lambda run, pool: kinds[name](run, pool[i]))


@step
def reduction(p: Planner) -> Step:
    i = p.which()
    shape = p.pool[i].shape
    name = p.choose(["sum", "mean", "var", "logsumexp"] if p.pool[i].size else ["sum"])
    axes = p.draw(st.sets(st.sampled_from(range(len(shape))))) if shape else set()
    chosen = tuple(sorted(axes)) or tuple(range(len(shape)))
    keep = bool(p.count(0, 1))

    def body(run: Run, pool: list[Any]) -> Any:
        if run.lib == "torch":
            more = {"correction": 0} if name == "var" else {}
            return getattr(torch, name)(pool[i], dim=chosen, keepdim=keep, **more)
        return getattr(ag, name)(pool[i], axis=chosen, keepdims=keep)

    return Step(f"{name} of {i} over {chosen}", body, torch=bool(shape))


@step
def product(p: Planner) -> Step:
    """Matrices of any layout times one another."""
    n, m = p.count(0, 3), p.count(1, 3)
    a, b = p.fitted((2, n)), p.fitted((m, n))
    return Step("product", lambda run, pool: a(run, pool) @ b(run, pool).T)


@functools.cache
def torchs(index: int) -> Callable[..., Any] | None:
    """What PyTorch has for a row: what its row says, or its function of that name if it agrees."""
    row = ROWS[index]
    arrays = [make(spec, np.random.default_rng(0)) for spec in row.inputs]
    candidate = row.torch_reference
    theirs = functools.partial(candidate, torch) if candidate else getattr(torch, row.op, None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = theirs(  # type: ignore[misc]
                *(torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays)
            )
            found.sum().backward()
        expected, given = row.call(*arrays), found.detach().numpy()
        agrees = given.shape == expected.shape and np.allclose(given, expected, rtol=1e-9)
    except Exception:  # PyTorch has no such function, or no derivative of it
        return None
    return theirs if agrees else None


def moved_row(p: Planner, index: int) -> tuple[str, Body, bool]:
    """A row's op on its own inputs, its float inputs moved by values of the pool."""
    row: Row = ROWS[index]
    rng = np.random.default_rng(p.count(0, 3))
    specs = p.choose([row.inputs, row.inputs, *row.also])
    arrays = [make(spec, rng) for spec in specs]
    floats = [k for k, x in enumerate(arrays) if x.dtype.kind == "f"]
    moves = {k: p.fitted(arrays[k].shape) for k in floats if k == floats[0] or p.count(0, 1)}
    on_torch = torch is not None and specs is row.inputs and torchs(index) is not None

    def body(run: Run, pool: list[Any]) -> Any:
        given = [run.constant(x) for x in arrays]
        for k, move in moves.items():
            given[k] = given[k] + NUDGE * lib(run, "sin")(move(run, pool))
        if run.lib == "torch":
            return torchs(index)(*given)  # type: ignore[misc]
        return row.call(*given)

    return row.id, body, on_torch


@step
def row_of_the_table(p: Planner) -> Step:
    name, body, on_torch = moved_row(p, p.count(0, len(ROWS) - 1))
    return Step(name, body, on_torch)


STEPS += [row_of_the_table] * 6


@step
def written(p: Planner) -> Step:
    """Writing in place where that is allowed: into a constant before use, onto a result."""
    shape = p.choose([(2,), (2, 3), (1, 3)])
    start, factor, value = p.rng.uniform(-1, 1, shape), p.fitted(shape), p.fitted(shape)
    places = p.rng.integers(0, shape[0], 2).astype(p.choose(INDEX_DTYPES))

    def body(run: Run, pool: list[Any]) -> Any:
        if run.lib == "torch":
            c = start.copy()
            c[places] = 0.5
            return torch.tensor(c * 1.5 + 1) * factor(run, pool) * 1.25 + value(run, pool)
        c = ag.tensor(start)
        c[places] = 0.5
        c *= 1.5
        c += 1.0
        y = c * factor(run, pool)
        y *= 1.25
        y += value(run, pool)
        return y if any(isinstance(v, ag.Tensor) for v in pool) else y.data

    return Step("written in place", body)


@step
def constant_region(p: Planner) -> Step:
    """What is computed inside no_grad() is constant, however the inputs move."""
    i, place = p.which(), len(p.pool)

    def body(run: Run, pool: list[Any]) -> Any:
        if run.lib == "torch":
            return torch.sin(pool[i].detach()) * pool[i]
        with ag.no_grad():
            inside = ag.sin(pool[i])
            inside = inside * 1.0 if isinstance(inside, ag.Tensor) else ag.Tensor(inside)
        assert not inside.requires_grad
        held = run.frozen.setdefault(place, inside.data)
        return held * pool[i]

    return Step(f"no_grad of {i}", body)


@step
def checkpointed(p: Planner) -> Step:
    name, body, on_torch = moved_row(p, p.count(0, len(ROWS) - 1))

    def kept(run: Run, pool: list[Any]) -> Any:
        if run.lib == "torch" or not any(isinstance(v, ag.Tensor) for v in pool):
            return body(run, pool)
        return ag.checkpoint(lambda pool: body(run, pool) + ag.Tensor(0.0, dtype=float), pool)

    return Step(f"checkpoint of {name}", kept, on_torch)


TRANSFORMS: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda f, u: ag.grad(f)(u),
    "value_and_grad": lambda f, u: ag.sin(func.value_and_grad(f)(u)[0]) * u,
    "vjp": lambda f, u: func.vjp(f, u)[1](0.7)[0],
    "jvp": lambda f, u: func.jvp(f, (u,), (0.3 * u,))[1] * u,
    "jacobian": lambda f, u: func.jacobian(lambda u: ag.sin(u) * f(u))(u).sum(-1),
    "forward": lambda f, u: func.jacobian(f, mode="forward")(u),
    "hessian": lambda f, u: func.hessian(f)(u).sum(-1),
    "hvp": lambda f, u: func.hvp(f, u, np.ones(u.shape)),
    "vmap": lambda f, u: func.vmap(lambda k: k * ag.grad(f)(u))(np.array([0.5, 1.0])),
}


@step
def transformed(p: Planner) -> Step:
    """A transform of a function that captures values and holds a row or a transform."""
    outer, inner = p.choose(list(TRANSFORMS)), p.choose([None, "row", *TRANSFORMS])
    u, captured = p.rng.uniform(0.2, 1, 2), p.fitted((2,))
    if inner == "row":
        name, row, _ = moved_row(Inner(p), p.count(0, len(ROWS) - 1))
    else:
        name = inner

    def body(run: Run, pool: list[Any]) -> Any:
        value = captured(run, pool)

        def f(u: Any) -> Any:
            base = (ag.sin(u * value) * (1 + u)).sum()
            if inner is None:
                return base
            if inner == "row":
                return base + ag.sin(row(run, [*pool, u])).sum()
            return base + TRANSFORMS[inner](lambda v: (ag.cos(v * u) * value).sum(), 0.5 * u).sum()

        return TRANSFORMS[outer](f, u)

    # derivatives of second order around a row are of third order in the second check
    smooth = inner != "row" or outer not in ("hessian", "hvp")
    return Step(f"{outer} around {name}", body, torch=False, smooth=smooth)


class Inner:
    """A planner whose pool has one more value: the argument of the function being planned."""

    def __init__(self, p: Planner):
        self.planner, self.pool = p, [*p.pool, np.ones(2)]
        self.rng, self.choose, self.count = p.rng, p.choose, p.count

    def which(self) -> int:
        return len(self.pool) - 1

    fitted = Planner.fitted


@st.composite
def programs(draw: Callable[[Any], Any]) -> Program:
    """A program of a few steps."""
    planner = Planner(draw)
    for _ in range(planner.count(1, 6)):
        planned = planner.choose(STEPS)(planner)
        if planned is not None:
            planner.add(planned)
    last = planner.pool[-planner.count(1, 3) :]
    weights = [planner.rng.uniform(0.5, 1, value.shape) for value in last]
    return Program(planner.inputs, planner.steps, weights)
