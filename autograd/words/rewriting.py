"""Functions of the library made to run on symbols: the same code, other globals.

In a rewritten function `np` passes symbols through conversions, an op runs its own body on symbols
(or the formula that stands for it), a kernel is its NumPy twin, and a helper is rewritten in its
turn.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd.engine.captures import cells_of, rebound
from autograd.engine.op_definition import Array, Op, registry
from autograd.kernels.pointwise.numpy_twin import kept
from autograd.ops.index import piece
from autograd.words import formulas, readable
from autograd.words.symbols import CannotEmitError, Symbol

#: Characters of an expression that a twin makes; a longer one has repeated itself.
_LONGEST, _LONGEST_TO_READ = 20_000, 160


class Scattered:
    """A contribution that is added into zeros at `key`."""

    def __init__(self, g: Symbol, key: Any):
        self.g, self.key = g, key


class Rewriter:
    """Rewrites functions. `opaque(op, args, kwargs)` stands for ops that cannot be written out;
    `approximate(op)` is told of those whose kernel rounds otherwise than its twin. What is not
    `to_be_run` may use words that are no NumPy, and leaves twins out that are long."""

    def __init__(
        self,
        opaque: Callable[[Op, tuple, dict], Any],
        approximate: Callable[[Op], Any],
        to_be_run: bool,
    ):
        self._opaque, self._approximate = opaque, approximate
        self._tables = (formulas,) if to_be_run else (readable, formulas)
        self._longest = _LONGEST if to_be_run else _LONGEST_TO_READ
        self._twins = 0  # how often one ran
        self._functions: dict[int, Any] = {}
        self._kept: list[Any] = []  # identities hold while the objects do
        self._globals: dict[int, dict[str, Any]] = {}

    def function(
        self, original: Any, cells: Iterable[types.CellType] | None = None
    ) -> types.FunctionType:
        """`original` with rewritten globals and the given cells (or its own, rewritten)."""
        if cells is None:
            cells = [self._cell(cell) for _, cell in cells_of(original)]
        return rebound(original, cells, self._globals_for(original.__globals__))

    def value(self, value: Any) -> Any:
        """A global or captured value as rewritten code sees it."""
        if value is np:
            return _NumPy()
        if value is piece:
            return lambda g, key, shape: Scattered(g, key)
        if value is kept:  # which does it by bits
            return lambda chosen, g: np.where(chosen, g, 0)
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith("autograd."):
                return _Module(self, value)
            return value
        spec = getattr(value, "op", None)
        if isinstance(spec, Op):
            return self._once(value, lambda: self._op(spec))
        if isinstance(value, types.FunctionType):
            module = str(value.__module__)  # None of a function that `exec` made
            if module.startswith("autograd.kernels."):
                return self._once(value, lambda: self._kernel(value))
            if module.startswith("autograd."):
                return self._once(value, lambda: self.function(value))
        return value

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if id(key) not in self._functions:
            self._kept.append(key)
            self._functions[id(key)] = make()
        return self._functions[id(key)]

    def _globals_for(self, original: dict[str, Any]) -> dict[str, Any]:
        if id(original) not in self._globals:
            self._globals[id(original)] = _Globals(self, original)
        return self._globals[id(original)]

    def _cell(self, cell: types.CellType) -> types.CellType:
        try:
            return types.CellType(self.value(cell.cell_contents))
        except ValueError:  # a name the body never reached
            return cell

    def _kernel(self, kernel: Any) -> Callable[..., Any]:
        """What stands for a function of the kernels: its NumPy twin, or itself if it is NumPy."""
        twins = getattr(sys.modules[kernel.__module__], "twin", None)
        twin = kernel if twins is None else getattr(twins, kernel.__name__, None)
        if not isinstance(twin, types.FunctionType) or _parameters(twin) != _parameters(kernel):
            return _compiled
        rewritten = self.function(twin)
        if twin is kernel:
            return rewritten

        def run(*args: Any, **kwargs: Any) -> Any:
            self._twins += 1
            return rewritten(*args, **kwargs)

        return run

    def _op(self, op: Op) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if not any(isinstance(x, Symbol) for x in [*args, *kwargs.values()]):
                return op.call(*args, **kwargs)
            result = self.run(op, args, kwargs)
            return result[0] if len(result) == 2 else (result[0], result[2])

        return call

    def run(self, op: Op, args: tuple, kwargs: dict[str, Any]) -> Any:
        """What the op's body returns on symbols."""
        for table in self._tables if registry.get(op.name) is op else ():
            given = getattr(table, op.name, None)
            if given is not None:
                return given(*args, **kwargs), ()
        try:
            before = self._twins
            result = self.function(formulas.BODIES.get(op.name, op.body))(*args, **kwargs)
            by_twin = self._twins > before
            if isinstance(result[0], Symbol) and not (by_twin and self._is_long(result[0])):
                if by_twin:
                    self._approximate(op)
                return result
        except (CannotEmitError, AttributeError, TypeError, ValueError):
            pass
        return self._opaque(op, args, kwargs), ()

    def _is_long(self, symbol: Symbol) -> bool:
        return len(symbol.text) > self._longest


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


class _Globals(dict[str, Any]):
    """Globals that are rewritten when they are first used."""

    def __init__(self, rewriter: Rewriter, original: dict[str, Any]):
        super().__init__({n: original[n] for n in ("__builtins__", "__name__")})
        self._rewriter, self._original = rewriter, original

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._rewriter.value(self._original[name])
        return value


class _Module:
    """A module of ours whose functions are rewritten."""

    def __init__(self, rewriter: Rewriter, module: types.ModuleType):
        self._rewriter, self._module = rewriter, module

    def __getattr__(self, name: str) -> Any:
        return self._rewriter.value(getattr(self._module, name))


def _compiled(*args: Any, **kwargs: Any) -> Any:
    raise CannotEmitError("it calls compiled code")


class _NumPy:
    """NumPy, with conversions that let symbols pass."""

    ndarray = Array | Symbol  # for isinstance

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def asarray(x: Any, dtype: Any = None) -> Any:
        if isinstance(x, Symbol):
            return x if dtype is None or x.dtype == dtype else x.astype(dtype)
        return np.asarray(x, dtype)

    ascontiguousarray = asarray
