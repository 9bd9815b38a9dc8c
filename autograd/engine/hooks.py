"""What `register_hook` returns, of a Tensor and of a module."""

from __future__ import annotations

import itertools
from typing import Any


class RemovableHook:
    """What `register_hook` returns: `remove()` takes the hook off again."""

    _ids = itertools.count()

    def __init__(self, hooks: dict[int, Any], hook: Any):
        self._hooks, self._id = hooks, next(self._ids)
        hooks[self._id] = hook

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        self._hooks.pop(self._id, None)

    def __enter__(self) -> RemovableHook:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove()
