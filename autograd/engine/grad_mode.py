"""Whether ops are recorded: per thread and per task, restored on any exit."""

from __future__ import annotations

import dis
import functools
import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any, Never, TypeVar

import numpy as np

from autograd.errors import DTypeError
from autograd.support.interrupts import begins_at_once
from autograd.support.unknown_names import named_arguments, unknown_keyword

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

F = TypeVar("F", bound=Callable[..., Any])

_enabled: ContextVar[bool] = ContextVar("glassgrad_recording", default=True)

is_grad_enabled = _enabled.get


class _Switch:
    """Recording on or off in a `with` block, which may be entered again inside itself."""

    mode: bool

    def __init__(self) -> None:
        self._outer: dict[int, bool] = {}  # what was before, for each depth
        self._depth = 0

    # What is kept changes without a call, and with it the mode in one: they stay in step.

    def __enter__(self) -> None:
        before = _enabled.get()
        self._outer[self._depth] = before
        self._depth += 1
        try:
            _enabled.set(self.mode)
        except BaseException:  # from the handler of a signal
            self._depth -= 1
            _enabled.set(before)
            raise

    @begins_at_once
    def __exit__(self, *exc_info: object) -> None:
        if self._depth:
            self._depth -= 1
            _enabled.set(self._outer[self._depth])

    def __call__(self, function: F) -> F:
        return _decorate(function, self.mode)


class _To(_Switch):
    """The switch of a decorated function."""

    def __init__(self, mode: bool):
        super().__init__()
        self.mode = mode


@named_arguments
class set_grad_enabled(_Switch):
    """Switch recording on or off: at once, inside a `with` block, or in a decorated function.

    A decorated generator is switched at each resume. A `with` block that spans a `yield` leaks to
    the consumer, as every context manager does.

    Raises `DTypeError` unless `mode` is True or False.

    >>> import autograd as ag
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.set_grad_enabled(False):
    ...     (w * 2).requires_grad
    False
    >>> _ = ag.set_grad_enabled(False)
    >>> ag.is_grad_enabled()
    False
    >>> _ = ag.set_grad_enabled(True)
    """

    def __init__(self, mode: bool):
        super().__init__()
        if not isinstance(mode, bool | np.bool_):
            raise DTypeError(f"set_grad_enabled: mode must be True or False, got {mode!r}")
        self.mode = bool(mode)
        self._before: bool | None = None  # what was before the call, if it switched
        if not _begins_a_with_block(sys._getframe(2)):
            self._before = _enabled.get()
            _enabled.set(self.mode)

    def __enter__(self) -> None:
        super().__enter__()
        if self._before is not None:
            self._outer[self._depth - 1] = self._before
            self._before = None

    def __call__(self, function: F) -> F:
        if self._before is not None:
            _enabled.set(self._before)
            self._before = None
        return super().__call__(function)


def _begins_a_with_block(frame: FrameType) -> bool:
    """Whether `frame` is calling for a context manager, so that its `__enter__` will switch.

    If the call itself switched, a signal's handler that raised right after it would leave the mode
    switched, since `__exit__` is called only where `__enter__` was.
    """
    code = frame.f_code.co_code
    place = frame.f_lasti + 2
    while code[place : place + 1] == _CACHE:
        place += 2
    return code[place : place + 1] == _BEFORE_WITH


_CACHE = bytes([dis.opmap.get("CACHE", 0)])
_BEFORE_WITH = bytes([dis.opmap["BEFORE_WITH"]]) if "BEFORE_WITH" in dis.opmap else None


def record_ops(mode: bool) -> bool:
    """Switch recording on or off; what it was before, for `restore` in a `finally:`."""
    before = _enabled.get()
    if before is not mode:
        try:
            _enabled.set(mode)
        except BaseException:  # from the handler of a signal
            _enabled.set(before)
            raise
    return before


#: `restore(before)`: a single call into C, which no handler of a signal can divide.
restore = _enabled.set


class no_grad(_Switch):
    """Record nothing inside: `with no_grad(): w -= lr * w.grad`; or `@no_grad()`.

    >>> import autograd as ag
    >>> w = ag.tensor(3.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     w -= 1.0
    >>> w.item()
    2.0
    """

    mode = False

    def __new__(cls, function: Callable[..., Any] | None = None, **unknown: Never) -> Any:
        if unknown:
            raise unknown_keyword(no_grad.__new__, cls.__name__, unknown)
        if function is None:
            return super().__new__(cls)
        if not callable(function):
            raise DTypeError(
                f"{cls.__name__}: it takes nothing, or the function that it decorates, got "
                f"{function!r}; for a switch write ag.set_grad_enabled({function!r})"
            )
        return _decorate(function, cls.mode)  # used as a bare @no_grad


class enable_grad(no_grad):
    """Record inside, also within a `no_grad` block."""

    mode = True


def _decorate(function: F, mode: bool) -> F:
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return (yield from _switched(function(*args, **kwargs), mode))

    elif inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume, value = generator.asend, None
            while True:
                try:
                    with _To(mode):
                        item = await resume(value)
                except StopAsyncIteration:
                    return
                try:
                    resume, value = generator.asend, (yield item)
                except GeneratorExit:
                    with _To(mode):
                        await generator.aclose()
                    raise
                except BaseException as error:
                    resume, value = generator.athrow, error

    elif inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _To(mode):
                return await function(*args, **kwargs)

    else:

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _To(mode):
                return function(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


def _switched(generator: Any, mode: bool) -> Any:
    """Run `generator`, switching the mode at each resume and back at each yield."""
    resume, value = generator.send, None
    while True:
        try:
            with _To(mode):
                item = resume(value)
        except StopIteration as stop:
            return stop.value
        try:
            resume, value = generator.send, (yield item)
        except GeneratorExit:
            with _To(mode):
                generator.close()
            raise
        except BaseException as error:
            resume, value = generator.throw, error
