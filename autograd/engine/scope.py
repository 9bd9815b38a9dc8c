"""The modules that are being called right now, innermost first.

`nn.Module.__call__` enters itself here; a node keeps a reference to the scope it was recorded in.
So errors and pictures can say `features.3.conv` although nothing in this package knows `nn`. The
path is worked out from the outermost module's `named_modules()` only when somebody asks.
"""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import Any

from autograd.engine.given_names import name_of, note_name
from autograd.errors import GlassgradError


class Scope(weakref.ref):  # type: ignore[type-arg]
    """A module being called, as a weak reference to it, and the scope of its caller."""

    __slots__ = ("kind", "last_path", "parent")

    kind: type  # the module's class
    last_path: str | None  # where the module was when it, or what held it, ceased to be
    parent: Scope | None

    # A call is itself and no other, though of the same module.
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__

    @property
    def module(self) -> Any | None:
        """The module, if it still lives."""
        return self()

    @property
    def path(self) -> str:
        """Dotted path of the module below the outermost one, e.g. `features.3`.

        A module that no attribute leads to goes by its class name.
        """
        module = self()
        root = self
        while root.parent is not None:
            root = root.parent
        outermost = root()
        if module is not None and outermost is not None:
            for name, candidate in outermost.named_modules():
                if candidate is module:
                    return name or self.kind.__name__
        return self.last_path or self.kind.__name__


_current: ContextVar[Scope | None] = ContextVar("glassgrad_scope", default=None)

current = _current.get


def enter(module: Any) -> Scope | None:
    """Make `module` the innermost scope; return what `leave` needs."""
    outer = _current.get()
    inner = Scope(module)
    inner.kind = type(module)
    inner.last_path = None
    inner.parent = outer
    try:
        _current.set(inner)
    except BaseException:  # from the handler of a signal
        _current.set(outer)
        raise
    return outer


#: `leave(outer)`: return to the scope that `enter` left. A single call into C.
leave = _current.set


def remember(root: Any) -> None:
    """Note the paths of what is below a module that is about to be gone, where graphs need them."""
    for path, module in root.named_modules():
        for reference in weakref.getweakrefs(module):
            if isinstance(reference, Scope) and reference.last_path is None:
                reference.last_path = path
    for path, parameter in root.named_parameters():
        if parameter.name is None and name_of(parameter._data) is None:
            note_name(parameter._data, path)


def locate(error: GlassgradError) -> None:
    """Put the path of the innermost module being called in front of an error's message, once.

    Called where an op fails and where an error leaves a module, so that nobody else has to.
    """
    scope = _current.get()
    if scope is None or error.located:
        return
    error.located = True
    if error.args and isinstance(error.args[0], str):  # those of an OSError begin with a number
        error.args = (f"{scope.path}: {error.args[0]}", *error.args[1:])
