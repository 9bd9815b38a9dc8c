"""`Symbol`: an array that writes down, as NumPy code, how it is computed.

It carries a value too, so that rules which look at shapes and dtypes run as they always do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.errors import GraphError

ATOM, POWER, UNARY, PRODUCT, SUM, AND, OR, COMPARE = 20, 14, 12, 11, 10, 9, 8, 5

_INFIX: dict[Any, tuple[str, int]] = {
    np.add: ("+", SUM),
    np.subtract: ("-", SUM),
    np.multiply: ("*", PRODUCT),
    np.true_divide: ("/", PRODUCT),
    np.matmul: ("@", PRODUCT),
    np.power: ("**", POWER),
    np.greater: (">", COMPARE),
    np.greater_equal: (">=", COMPARE),
    np.less: ("<", COMPARE),
    np.less_equal: ("<=", COMPARE),
    np.equal: ("==", COMPARE),
    np.not_equal: ("!=", COMPARE),
    np.bitwise_and: ("&", AND),
    np.bitwise_or: ("|", OR),
}
_PREFIX: dict[Any, str] = {np.negative: "-", np.invert: "~"}
_REDUCTIONS = {np.add: "sum", np.multiply: "prod", np.maximum: "max", np.minimum: "min"}
_DEFAULTS = (("keepdims", False), ("axis", None))  # not written
_PLAIN_ATTRIBUTES = {"shape", "dtype", "ndim", "size", "nbytes", "itemsize", "flags", "strides"}


class CannotEmitError(GraphError):
    """A rule that leaves what can be written as NumPy code."""


Constant = Callable[[np.ndarray], "Symbol"]


class Symbol:
    """A NumPy expression with its value.

    `uniform` is the number that all elements have, where that is known: such a symbol is written
    as a number wherever it multiplies, divides or is added to an array of the full shape.
    """

    __slots__ = ("constant", "level", "text", "uniform", "value")

    def __init__(
        self,
        text: str,
        value: Any,
        constant: Constant,
        level: int = ATOM,
        uniform: float | None = None,
    ):
        self.text, self.level, self.constant, self.uniform = text, level, constant, uniform
        self.value = np.asarray(value)

    @classmethod
    def filled(
        cls, number: float, shape: tuple[int, ...], dtype: Any, constant: Constant
    ) -> Symbol:
        """All elements the same: a view of one number, as the engine makes it."""
        value = np.broadcast_to(np.asarray(number, dtype), shape)
        text = f"np.{dtype}({literal(number)})"
        if shape:
            text = f"np.broadcast_to({text}, {shape})"
        return cls(
            text, value, constant, uniform=float(value.reshape(-1)[0]) if value.size else 0.0
        )

    def made(self, text: str, value: Any, level: int = ATOM) -> Symbol:
        """A new symbol in the same context."""
        return Symbol(text, value, self.constant, level)

    def shown(self, value: Any, above: int = 0) -> str:
        """`value` as code, in brackets if it binds no stronger than `above`."""
        if isinstance(value, Symbol):
            return f"({value.text})" if value.level <= above else value.text
        if isinstance(value, tuple):
            inner = ", ".join(self.shown(item) for item in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, list):
            return f"[{', '.join(self.shown(item) for item in value)}]"
        if isinstance(value, np.ndarray):
            if value.ndim or value.dtype != self.value.dtype:
                return self.constant(value).text
            value = value.item()
            value = int(value) if value in (-1, 1) or repr(value) == "0.0" else value
        text = literal(value)
        return f"({text})" if text.startswith("-") and above >= UNARY else text

    # -- operators ----------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", ())
        if out:
            return self._overwritten(out, getattr(ufunc, method)(*inputs, **kwargs))
        if method == "reduce" and kwargs.get("axis") == () and inputs[0] is self:
            return self  # over no axis
        value = _computed(getattr(ufunc, method), inputs, kwargs)
        if method == "reduce" and ufunc in _REDUCTIONS:
            return self._called(f"np.{_REDUCTIONS[ufunc]}", inputs, kwargs, value)
        name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        if method != "__call__" or kwargs:
            return self._called(name, inputs, kwargs, value)
        if ufunc in _PREFIX:
            if self.uniform is not None and ufunc is np.negative:
                return Symbol.filled(-self.uniform, self.value.shape, value.dtype, self.constant)
            return self.made(_PREFIX[ufunc] + self.shown(inputs[0], UNARY - 1), value, UNARY)
        if ufunc in _INFIX:
            return self._infix(ufunc, inputs[0], inputs[1], value)
        return self._called(name, inputs, kwargs, value)

    def _overwritten(self, out: Any, made: Symbol) -> Symbol:
        """What a name stands for once a ufunc has written into its array."""
        (target,) = out
        if not isinstance(target, Symbol) or target.value.shape != made.value.shape:
            raise CannotEmitError("the rule writes into an array")
        target.text, target.level, target.uniform = made.text, made.level, made.uniform
        target.value = made.value
        return target

    def _infix(self, ufunc: np.ufunc, a: Any, b: Any, value: np.ndarray) -> Symbol:
        sign, level = _INFIX[ufunc]
        if ufunc in (np.add, np.subtract, np.multiply, np.true_divide, np.power):
            numbers = [_uniform(x) for x in (a, b)]
            if None not in numbers and value.size:
                number = float(value.reshape(-1)[0])
                return Symbol.filled(number, value.shape, value.dtype, self.constant)
            a, b = _as_number(a, b, value), _as_number(b, a, value)
            if ufunc is np.multiply and _is_one(a):
                return b
            if ufunc in (np.multiply, np.true_divide) and _is_one(b):
                return a
            if ufunc is np.multiply and type(a) is float and a == -1.0:
                return -b
        if ufunc is np.power:
            text = f"{self.shown(a, level)} {sign} {self.shown(b, level - 1)}"
        else:
            text = f"{self.shown(a, level - 1)} {sign} {self.shown(b, level)}"
        return self.made(text, value, level)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        value = _computed(function, args, kwargs)
        if function in (np.shape, np.ndim, np.size, np.result_type):
            return value
        if function is np.broadcast_to and self.uniform is not None:
            return Symbol.filled(self.uniform, value.shape, value.dtype, self.constant)
        if function is np.transpose and len(args) == 2 and args[1] is None and not kwargs:
            return args[0].T
        name = function.__name__
        path = f"np.linalg.{name}" if function is getattr(np.linalg, name, None) else f"np.{name}"
        if isinstance(value, tuple | list):
            kind = type(value)
            parts = [
                self.made(f"{self._text_of_call(path, args, kwargs)}[{i}]", part)
                for i, part in enumerate(value)
            ]
            return parts if kind is list else tuple(parts)
        return self._called(path, args, kwargs, value)

    def _called(self, name: str, args: Any, kwargs: dict[str, Any], value: Any) -> Symbol:
        return self.made(self._text_of_call(name, args, kwargs), value)

    def _text_of_call(self, name: str, args: Any, kwargs: dict[str, Any]) -> str:
        shown = [self.shown(arg) for arg in args]
        shown += [
            f"{key}={self.shown(v)}"
            for key, v in kwargs.items()
            if not any(key == k and v is d for k, d in _DEFAULTS)
        ]
        return f"{name}({', '.join(shown)})"

    # -- methods of arrays --------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"an array has no attribute {name!r}")
        if name in _PLAIN_ATTRIBUTES:
            return getattr(self.value, name)
        found = getattr(self.value, name)
        if not callable(found):
            text = "T" if name == "mT" and self.value.ndim == 2 else name
            return self.made(f"{self.shown(self, ATOM - 1)}.{text}", found)

        def method(*args: Any, **kwargs: Any) -> Any:
            if name == "reshape" and kwargs == {"order": "C"}:
                kwargs = {}
            value = getattr(self.value, name)(*plain(args), **plain(kwargs))
            if name == "reshape" and value.shape == self.value.shape and not kwargs:
                return self
            if self.uniform is not None and name == "reshape":
                return Symbol.filled(self.uniform, value.shape, value.dtype, self.constant)
            if name == "astype" and value.dtype == self.value.dtype and kwargs.get("copy") is False:
                return self
            if name == "astype":
                return self.made(f"{self.shown(self, ATOM - 1)}.astype(np.{value.dtype})", value)
            if not isinstance(value, np.ndarray | np.generic):
                return value
            return self._called(f"{self.shown(self, ATOM - 1)}.{name}", args, kwargs, value)

        return method

    def __getitem__(self, key: Any) -> Symbol:
        value = self.value[plain(key)]
        if self.uniform is not None and value.size:
            return Symbol.filled(self.uniform, value.shape, value.dtype, self.constant)
        return self.made(f"{self.shown(self, ATOM - 1)}[{self.shown_key(key)}]", value)

    def shown_key(self, key: Any) -> str:
        """An index key as it is written between brackets."""
        if isinstance(key, slice):
            parts = ["" if p is None else self.shown(p) for p in (key.start, key.stop, key.step)]
            return ":".join(parts if key.step is not None else parts[:2])
        if key is Ellipsis:
            return "..."
        if isinstance(key, tuple) and key:
            return ", ".join(self.shown_key(k) for k in key) + ("," if len(key) == 1 else "")
        return self.shown(key)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise CannotEmitError("the rule makes a plain array of an operand")

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise CannotEmitError("the rule writes into an array")

    def __add__(self, b: Any) -> Any:
        return np.add(self, b)

    def __radd__(self, a: Any) -> Any:
        return np.add(a, self)

    def __sub__(self, b: Any) -> Any:
        return np.subtract(self, b)

    def __rsub__(self, a: Any) -> Any:
        return np.subtract(a, self)

    def __mul__(self, b: Any) -> Any:
        return np.multiply(self, b)

    def __rmul__(self, a: Any) -> Any:
        return np.multiply(a, self)

    def __truediv__(self, b: Any) -> Any:
        return np.true_divide(self, b)

    def __rtruediv__(self, a: Any) -> Any:
        return np.true_divide(a, self)

    def __pow__(self, b: Any) -> Any:
        if self.uniform is None and isinstance(b, int | float):  # ** has fast ways of its own
            return self.made(f"{self.shown(self, POWER)} ** {self.shown(b)}", self.value**b, POWER)
        return np.power(self, b)

    def __rpow__(self, a: Any) -> Any:
        return np.power(a, self)

    def __matmul__(self, b: Any) -> Any:
        return np.matmul(self, b)

    def __rmatmul__(self, a: Any) -> Any:
        return np.matmul(a, self)

    def __neg__(self) -> Any:
        return np.negative(self)

    def __abs__(self) -> Any:
        return np.absolute(self)  # type: ignore[call-overload]

    def __invert__(self) -> Any:
        return np.invert(self)  # type: ignore[call-overload]

    def __and__(self, b: Any) -> Any:
        return np.bitwise_and(self, b)

    def __rand__(self, a: Any) -> Any:
        return np.bitwise_and(a, self)

    def __or__(self, b: Any) -> Any:
        return np.bitwise_or(self, b)

    def __ror__(self, a: Any) -> Any:
        return np.bitwise_or(a, self)

    def __gt__(self, b: Any) -> Any:
        return np.greater(self, b)

    def __ge__(self, b: Any) -> Any:
        return np.greater_equal(self, b)

    def __lt__(self, b: Any) -> Any:
        return np.less(self, b)

    def __le__(self, b: Any) -> Any:
        return np.less_equal(self, b)

    def __eq__(self, b: object) -> Any:
        return np.equal(self, b)  # type: ignore[call-overload]

    def __ne__(self, b: object) -> Any:
        return np.not_equal(self, b)  # type: ignore[call-overload]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return self.text


def plain(value: Any) -> Any:
    """`value` with the arrays of symbols in their place."""
    if isinstance(value, Symbol):
        return value.value
    if type(value) in (tuple, list):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(plain(value.start), plain(value.stop), plain(value.step))
    return value


def literal(value: Any) -> str:
    """A plain value as Python writes it."""
    if isinstance(value, np.dtype):
        return f"np.{value}"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "np.nan" if math.isnan(value) else ("np.inf" if value > 0 else "-np.inf")
    if value is Ellipsis:
        return "..."
    if value is None or isinstance(value, bool | int | float | str | slice):
        return repr(value)
    if isinstance(value, range):
        return repr(value)
    raise CannotEmitError(f"a {type(value).__name__} cannot be written as code")


def _computed(function: Any, args: Any, kwargs: Any) -> Any:
    with np.errstate(all="ignore"):
        return function(*plain(args), **plain(kwargs))


def _uniform(x: Any) -> float | None:
    if isinstance(x, Symbol):
        return x.uniform
    return float(x) if isinstance(x, int | float) else None


def _as_number(x: Any, other: Any, value: np.ndarray) -> Any:
    """A uniform symbol as the number it is, where its shape and dtype add nothing."""
    if isinstance(x, Symbol) and x.uniform is not None and isinstance(other, Symbol):
        fits = other.value.shape == value.shape and other.value.dtype == value.dtype
        return x.uniform if fits and math.isfinite(x.uniform) else x
    return x


def _is_one(x: Any) -> bool:
    return isinstance(x, float) and x == 1.0
