"""What stays whole when the handler of a signal raises at an unlucky moment, as Ctrl-C's does.

CPython lets handlers run when a call into C has returned, when a Python function begins and when
a loop goes back; nowhere else. So a single call into C is done or not done. What must not be left
half done is therefore one such call (`at_once`), or is put right by one in a `finally:`; a method
that puts things right, like `__exit__`, begins before a handler may run (`begins_at_once`); and
what takes several calls can be called again until it was done (`to_the_end`).
"""

from __future__ import annotations

import dis
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

__all__ = ["at_once", "begins_at_once", "each", "to_the_end"]

F = TypeVar("F", bound=Callable[..., Any])

#: `at_once(each(function, ...))`: all these calls of a function written in C, as one call into C.
at_once: Callable[[Any], None] = deque[Any](maxlen=0).extend

#: `map`, of functions in C whose types a checker cannot follow.
each: Callable[..., Iterator[Any]] = map

_RESUME = dis.opmap.get("RESUME")  # a function begins with it from Python 3.11 on
_WITHOUT_HANDLERS = 2  # "after `yield from`": a handler had its turn where that began


def begins_at_once(function: F) -> F:
    """Decorator: no handler runs before the first call in `function` has returned.

    >>> @begins_at_once
    ... def f(x):
    ...     return x + 1
    >>> f(1)
    2
    """
    code = function.__code__  # type: ignore[attr-defined]
    for instruction in dis.get_instructions(code):
        if instruction.opcode == _RESUME:
            changed = bytearray(code.co_code)
            changed[instruction.offset + 1] = _WITHOUT_HANDLERS
            function.__code__ = code.replace(co_code=bytes(changed))  # type: ignore[attr-defined]
            break
    return function


@begins_at_once
def to_the_end(function: Callable[..., Any], *args: Any) -> None:
    """Call a function that may be called twice without harm; again if an exception ended it.

    The exception goes on when the function has come to its end.
    """
    try:
        function(*args)
    except BaseException:
        try:
            function(*args)
        except BaseException:
            function(*args)
            raise
        raise
