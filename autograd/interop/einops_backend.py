"""What einops needs to know of Tensors: `rearrange`, `reduce`, `repeat`, `einsum` are recorded.

einops looks for its backends among the subclasses of a class of its own. So ours can be made only
when einops has been imported, which may be before or after this library: a finder waits for it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from autograd import ops
from autograd.creation import arange
from autograd.engine.tensors import Tensor, tensor

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

__all__ = ["serve_einops"]

_WHERE = "einops._backends"


def serve_einops() -> None:
    """Give einops a backend for Tensors, now or as soon as it is imported."""
    module = sys.modules.get(_WHERE)
    if module is not None:
        _add_backend(module)
    elif not any(type(finder) is _Waiting for finder in sys.meta_path):
        sys.meta_path.insert(0, _Waiting())  # type: ignore[arg-type]


def _add_backend(module: Any) -> None:
    class Backend(module.AbstractBackend):  # type: ignore[misc]
        framework_name = "autograd"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Tensor)

        def from_numpy(self, x: Any) -> Any:
            return tensor(x)

        def to_numpy(self, x: Any) -> Any:
            return x.numpy()

        def arange(self, start: int, stop: int) -> Any:
            return arange(start, stop)

        def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
            return ops.stack(tensors)

        def tile(self, x: Any, repeats: Sequence[int]) -> Any:
            return ops.tile(x, tuple(repeats))

        def concat(self, tensors: list[Any], axis: int) -> Any:
            return ops.concatenate(tensors, axis=axis)

        def is_float_type(self, x: Any) -> bool:
            return bool(x.dtype.kind == "f")

        def add_axis(self, x: Any, new_position: int) -> Any:
            return ops.expand_dims(x, new_position)

        def einsum(self, pattern: str, *x: Any) -> Any:
            return ops.einsum(pattern, *x)

    module.GlassgradBackend = Backend  # subclasses that nobody holds are gone


class _Waiting:
    """Finds nothing itself; sees to it that einops's module is told of when it has been run."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != _WHERE:
            return None
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)  # type: ignore[arg-type]
        for finder in sys.meta_path:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _ThenAdd(spec.loader)  # type: ignore[assignment]
                return spec
        return None


class _ThenAdd:
    """A module's own loader, and then the backend; gone when the module has been run."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self.loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        with contextlib.suppress(Exception):  # another einops must not fail to be imported
            _add_backend(module)
