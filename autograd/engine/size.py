"""What `x.size` is: a number, which says so where PyTorch's `x.size()` was meant."""

from __future__ import annotations

from typing import Any

from autograd.errors import DTypeError


class Size(int):
    """A number of elements, which says so where PyTorch's `size()` was meant.

    NumPy takes an `int` for weak, but not what derives from it: so it is given a plain one.
    """

    __slots__ = ()

    def __call__(self, *axis: Any) -> Any:
        meant = f"x.shape[{axis[0]}]" if axis else "x.shape"
        raise DTypeError(f"size: x.size is the number of elements, as in NumPy; write {meant}")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*map(_plain, inputs), **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        named = {name: _plain(value) for name, value in kwargs.items()}
        return function(*map(_plain, args), **named)

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int(self),)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Size) else value
