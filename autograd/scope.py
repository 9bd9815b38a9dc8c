"""The modules that are being called right now, innermost first.

`nn.Module.__call__` enters itself here; a node keeps a reference to the scope it was recorded in.
So errors and pictures can say `features.3.conv` although nothing in this package knows `nn`. The
path is worked out from the outermost module's `named_modules()` only when somebody asks.
"""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import Any


class Scope:
    """A module being called, and the scope of its caller."""

    __slots__ = ("_module", "kind", "parent")

    _module: weakref.ref[Any]
    kind: type  # the module's class, which is known when the module is gone
    parent: Scope | None

    @property
    def module(self) -> Any | None:
        return self._module()

    @property
    def path(self) -> str:
        """Dotted path of the module below the outermost one, e.g. `features.3`.

        A module that no attribute leads to, or that is gone, goes by its class name.
        """
        module = self.module
        if module is None:
            return self.kind.__name__
        root = self
        while root.parent is not None:
            root = root.parent
        outermost = root.module
        for name, candidate in outermost.named_modules() if outermost is not None else ():
            if candidate is module:
                return name or type(module).__name__
        return type(module).__name__


_current: ContextVar[Scope | None] = ContextVar("glassgrad_scope", default=None)

current = _current.get


_new_scope = Scope.__new__


def enter(module: Any) -> Scope | None:
    """Make `module` the innermost scope; return what `leave` needs."""
    outer = _current.get()
    inner = _new_scope(Scope)
    inner._module = weakref.ref(module)
    inner.kind = type(module)
    inner.parent = outer
    try:
        _current.set(inner)
    except BaseException:  # from the handler of a signal
        _current.set(outer)
        raise
    return outer


#: `leave(outer)`: return to the scope that `enter` left. A single call into C.
leave = _current.set


def prefix() -> str:
    """`"path: "` of the innermost module being called, or nothing: the start of an error."""
    scope = _current.get()
    return f"{scope.path}: " if scope is not None else ""
