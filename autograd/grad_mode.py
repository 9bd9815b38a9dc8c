"""Whether ops are recorded: per thread and per task, restored on any exit."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

F = TypeVar("F", bound=Callable[..., Any])

_enabled: ContextVar[bool] = ContextVar("glassgrad_recording", default=True)

is_grad_enabled = _enabled.get


class set_grad_enabled:
    """Switch recording on or off inside a `with` block or a decorated function.

    A decorated generator is switched at each resume. A `with` block that spans a `yield` leaks to
    the consumer, as every context manager does.

    >>> import autograd as ag
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.set_grad_enabled(False):
    ...     (w * 2).requires_grad
    False
    """

    def __init__(self, mode: bool):
        self.mode = bool(mode)
        self._outer: list[bool] = []

    def __enter__(self) -> None:
        self._outer.append(_enabled.get())
        _enabled.set(self.mode)

    def __exit__(self, *exc_info: object) -> None:
        if self._outer:
            _enabled.set(self._outer.pop())

    def __call__(self, function: F) -> F:
        return _decorate(function, self.mode)


def record_ops(mode: bool) -> bool:
    """Switch recording on or off; what it was before, to switch back to."""
    before = _enabled.get()
    if before is not mode:
        _enabled.set(mode)
    return before


class no_grad(set_grad_enabled):
    """Record nothing inside: `with no_grad(): w -= lr * w.grad`; or `@no_grad()`.

    >>> import autograd as ag
    >>> w = ag.tensor(3.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     w -= 1.0
    >>> w.item()
    2.0
    """

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        if function is not None:  # used as a bare @no_grad
            return _decorate(function, cls._mode)
        return super().__new__(cls)

    _mode = False

    def __init__(self) -> None:
        super().__init__(self._mode)


class enable_grad(no_grad):
    """Record inside, also within a `no_grad` block."""

    _mode = True


def _decorate(function: F, mode: bool) -> F:
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return (yield from _switched(function(*args, **kwargs), mode))

    elif inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with set_grad_enabled(mode):
                return await function(*args, **kwargs)

    else:

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with set_grad_enabled(mode):
                return function(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


def _switched(generator: Any, mode: bool) -> Any:
    """Run `generator`, switching the mode at each resume and back at each yield."""
    resume, value = generator.send, None
    while True:
        try:
            with set_grad_enabled(mode):
                item = resume(value)
        except StopIteration as stop:
            return stop.value
        try:
            resume, value = generator.send, (yield item)
        except GeneratorExit:
            with set_grad_enabled(mode):
                generator.close()
            raise
        except BaseException as error:
            resume, value = generator.throw, error
