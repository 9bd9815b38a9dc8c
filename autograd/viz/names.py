"""Names for what a picture shows: paths of modules and parameters, the caller's variables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

import numpy as np

from autograd.engine.scope import Scope
from autograd.engine.tensors import Tensor

_MANY = 200  # items of a list or attributes of an object that are looked at


def is_module(thing: Any) -> bool:
    """Whether `thing` has the methods of a module."""
    return callable(getattr(type(thing), "named_modules", None)) and callable(
        getattr(type(thing), "named_parameters", None)
    )


class Variables:
    """The Tensors, arrays and modules that the variables of a frame lead to, by name."""

    def __init__(self, frame: FrameType | None):
        self.tensors: dict[int, str] = {}  # id of a Tensor or array -> name of its variable
        self.items: dict[int, str] = {}  # the same for what lists, dicts and objects hold
        self.of_node: dict[int, str] = {}  # id of a node -> name of its Tensor
        self.held: list[Tensor] = []
        self.integers: list[tuple[str, np.ndarray]] = []
        self.modules: dict[str, Any] = {}
        if frame is None:
            return
        for name, value in _variables(frame):
            with contextlib.suppress(Exception):  # an odd object is no reason not to draw
                self._look(name, value)

    def name_of(self, array: np.ndarray) -> str | None:
        """The variable that holds an array, or held it when an op took its copy of positions."""
        name = self.tensors.get(id(array))
        if name is None and array.dtype == np.intp:
            name = next((other for other, value in self.integers if same(value, array)), None)
        return name

    def _look(self, name: str, value: Any) -> None:
        array = value._data if isinstance(value, Tensor) else value
        if isinstance(array, np.ndarray) and array.dtype.kind in "iu":
            self.integers.append((name, array))
        if isinstance(value, Tensor):
            self._add(name, value, self.tensors)
        elif isinstance(value, np.ndarray):
            self.tensors.setdefault(id(value), name)
        elif isinstance(value, list | tuple):
            for i, item in enumerate(value[:_MANY]):
                self._add(f"{name}[{i}]", item)
        elif isinstance(value, dict):
            for key, item in list(value.items())[:_MANY]:
                self._add(f"{name}[{key!r}]", item)
        elif is_module(value):
            self.modules.setdefault(name, value)
        elif not isinstance(value, type) and type(value).__module__ != "builtins":
            for key, item in list(getattr(value, "__dict__", {}).items())[:_MANY]:
                self._add(f"{name}.{key}", item)

    def _add(self, name: str, value: Any, names: dict[int, str] | None = None) -> None:
        names = self.items if names is None else names
        if not isinstance(value, Tensor):
            return
        self.held.append(value)
        if value.node is not None:
            self.of_node.setdefault(id(value.node), name)
        else:
            names.setdefault(id(value), name)
            names.setdefault(id(value._data), name)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two integer arrays hold the same numbers."""
    return a.shape == b.shape and a.dtype.kind in "iu" and np.array_equal(a, b)


def _variables(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """Local variables, then global ones; private names and a notebook's history are left out."""
    spaces = [frame.f_locals]
    if frame.f_globals is not frame.f_locals:
        spaces.append(frame.f_globals)
    for space in spaces:
        for name, value in list(space.items()):
            if name.isidentifier() and name[0] != "_" and name not in ("In", "Out"):
                yield name, value


def module_paths(scopes: Iterable[Scope | None], variables: Variables) -> Paths:
    """The paths of all modules that were called, and of their parameters and buffers."""
    paths = Paths()
    seen: set[int] = set()
    for scope in scopes:
        root = scope
        while root is not None and root.parent is not None:
            root = root.parent
        if root is None or id(root) in seen:
            continue
        seen.add(id(root))
        paths.add(root.module)
    for module in variables.modules.values():
        paths.add(module)
    return paths


class Paths:
    """Dotted paths of modules, parameters and buffers below the modules that were added."""

    def __init__(self) -> None:
        self.modules: dict[int, str] = {}
        self.tensors: dict[int, str] = {}
        self._roots: set[int] = set()

    def add(self, root: Any) -> None:
        """Take in everything below `root`; the first path of a thing holds."""
        if root is None or id(root) in self._roots or not is_module(root):
            return
        self._roots.add(id(root))
        for path, module in root.named_modules():
            self.modules.setdefault(id(module), path)
        for path, parameter in root.named_parameters():
            self.tensors.setdefault(id(parameter), path)
        for path, buffer in getattr(root, "named_buffers", tuple)():
            self.tensors.setdefault(id(buffer), path)
            if isinstance(buffer, Tensor):
                self.tensors.setdefault(id(buffer._data), path)
