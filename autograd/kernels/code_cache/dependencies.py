"""What a compiled function depends on: a digest of everything its code can reach.

A compiler freezes what a function names: constants of its module and of others, functions that it
calls, what its closure and its defaults hold, the code generators of its intrinsics. So the digest
follows the names in the function's code to their values, in whatever package these lie, and what
those name in turn. It does not read source text: a comment changes nothing.

It stops at Python's own modules, NumPy and the compiler (`STOP`), whose versions are part of the
key of kept code. It sees what code names; a function that is found by `getattr` with a computed
name, or a method that was registered with the compiler for a type, it cannot see.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

__all__ = ["digest"]

STOP = sys.stdlib_module_names | {"llvmlite", "numba", "numpy"}

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...))
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def digest(function: Callable[..., Any]) -> str:
    """A digest of the function's code and of all that it names.

    >>> def area(r):
    ...     return scale * r * r
    >>> scale = 3
    >>> rough = digest(area)
    >>> scale = 3.14
    >>> digest(area) == rough
    False
    """
    walk = _Walk()
    walk.visit(function)
    return walk.digest.hexdigest()


class _Walk:
    """One walk from a function: what it meets goes into the digest, in the order of meeting."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.met: dict[int, int] = {}
        self.asked: set[tuple[str, str]] = set()  # modules, and for which of their names
        self.kept: list[Any] = []  # were it freed, its id would be given again

    def note(self, *parts: object) -> None:
        self.digest.update(repr(parts).encode("utf-8", "backslashreplace"))

    def visit(self, value: Any, names: tuple[str, ...] = ()) -> None:
        """A value; of a module only what bears one of the names."""
        kind = type(value)
        if kind in _PLAIN:
            self.note(kind.__name__, value)
        elif isinstance(value, ModuleType):
            self._module(value, names)
        elif kind is tuple or kind is frozenset:
            # Equal constants are one object or two, depending on whether a .pyc was read.
            self._container(value)
        elif id(value) in self.met:
            self.note("again", self.met[id(value)])
        else:
            self.met[id(value)] = len(self.met)
            self.kept.append(value)
            self._new(value)

    def _all(self, values: Iterable[Any]) -> None:
        for value in values:
            self.visit(value)

    def _new(self, value: Any) -> None:
        kind = type(value)
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, tuple | list | dict | set | frozenset):
            self._container(value)
        elif isinstance(value, np.ndarray):
            self._array(value)
        elif isinstance(value, functools.partial):
            self._all((value.func, value.args, value.keywords))
        elif isinstance(value, MethodType):
            self._all((value.__func__, value.__self__))
        elif isinstance(value, property):
            self._all((value.fget, value.fset, value.fdel))
        elif _stops(kind.__module__):
            self.note(kind.__module__, kind.__qualname__, _ADDRESS.sub("", repr(value)))
            self._all(getattr(value, name, None) for name in _WHERE_CODE_IS)
            self.note(getattr(getattr(value, "_cache", None), "key", ""))
        else:
            self.visit(kind)
            self._all(part for item in _state(value) for part in item)

    def _container(self, value: Any) -> None:
        self.note(type(value).__qualname__, len(value))
        if isinstance(value, dict):
            self._all(part for item in value.items() for part in item)
        else:
            self._all(sorted(value, key=repr) if isinstance(value, set | frozenset) else value)

    def _array(self, array: np.ndarray) -> None:
        self.note("array", array.dtype.str, array.shape)
        if array.dtype.hasobject:
            self.visit(array.tolist())
        else:
            self.digest.update(np.ascontiguousarray(array).tobytes())

    def _module(self, module: ModuleType, names: tuple[str, ...]) -> None:
        self.note("module", module.__name__)
        if _stops(module.__name__):
            return
        for name in names:
            if name in vars(module) and (module.__name__, name) not in self.asked:
                self.asked.add((module.__name__, name))
                self.note(name)
                self.visit(vars(module)[name], names)

    def _class(self, cls: type) -> None:
        self.note("class", cls.__module__, cls.__qualname__)
        if _stops(cls.__module__):
            return
        self._all(cls.__bases__)
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):  # its methods cannot be compiled
            self._all((cls._fields, getattr(cls, "_field_defaults", {})))
            return
        for name, value in sorted(vars(cls).items()):
            if name not in _OF_EVERY_CLASS:
                self.note(name)
                self.visit(value)

    def _function(self, function: FunctionType) -> None:
        self.note("function")
        if _stops(function.__module__ or ""):
            self.note(function.__module__, function.__qualname__)
            return
        self._code(function.__code__, function.__globals__)
        self._all((function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            with contextlib.suppress(ValueError):  # nothing in it yet
                self.visit(cell.cell_contents)
        self._all(_overloads(function))

    def _code(self, code: CodeType, space: dict[str, Any]) -> None:
        self.note(
            *(code.co_code, code.co_flags, code.co_argcount, code.co_kwonlyargcount),
            *(code.co_posonlyargcount, code.co_names, code.co_varnames, code.co_freevars),
            *(code.co_cellvars, getattr(code, "co_exceptiontable", b"")),
        )
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant, space)
            else:
                self.visit(constant)
        for name in code.co_names:
            if name in space:
                self.visit(space[name], code.co_names)
            elif name in sys.modules:  # imported in the function
                self.visit(sys.modules[name], code.co_names)


# Where objects of Python and of the compiler keep functions and what else code depends on.
_WHERE_CODE_IS = (
    "__wrapped__",  # functools.cache, static and class methods
    *("py_func", "targetoptions"),  # a dispatcher
    "_defn",  # an intrinsic
    "_dispatcher",  # a compiled ufunc
    "_pyfunc",  # a callback
    *("jit_methods", "jit_static_methods", "jit_props", "struct"),  # a compiled class
)

_OF_EVERY_CLASS = {
    *("__annotations__", "__dict__", "__doc__", "__firstlineno__", "__module__", "__qualname__"),
    *("__slots__", "__static_attributes__", "__weakref__", "_abc_impl", "__abstractmethods__"),
}


def _stops(module: str) -> bool:
    return module.partition(".")[0] in STOP


def _state(value: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of an instance."""
    yield from getattr(value, "__dict__", {}).items()
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and name != "__weakref__":
                yield name, getattr(value, name)


def _overloads(function: FunctionType) -> list[FunctionType]:
    """What Numba was told to compile in place of a function."""
    templates = sys.modules.get("numba.core.typing.templates")
    if templates is None:
        return []
    return [
        template._overload_func
        for known, kind in templates.builtin_registry.globals
        if known is function
        for template in kind.templates
        if hasattr(template, "_overload_func")
    ]
