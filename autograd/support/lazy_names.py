"""Public names whose module is imported when one of them is first used: the import costs little."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

from autograd.support.unknown_names import register, unknown_name


def on_first_use(module: str, name: str) -> Callable[..., Any]:
    """A function of a module that is imported when the function is first called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*args, **kwargs)

    return call


def later(
    package: str, names: Mapping[str, str] | None = None, modules: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of a module that has an `__all__`.

    `names` says which module has a name; `modules` are its own. A name that was found is the
    module's own from then on. One that nobody has raises `UnknownNameError`, which says what was
    probably meant. `dir` and completion show `__all__`, and not what the module imports.
    """
    places = names or {}
    register(package, sys.modules[package])

    def find(name: str) -> Any:
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        asked = sys.modules[package]
        if name not in places:
            raise unknown_name(package, name, shown, f"module {package!r}")
        found = getattr(importlib.import_module(places[name]), name)
        setattr(asked, name, found)
        return found

    def shown() -> list[str]:
        module = sys.modules[package]
        return sorted({*module.__all__, *(name for name in vars(module) if name.startswith("__"))})

    return find, shown
