"""What an op is: `@op` makes one of a function that returns its value and its closures."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, overload

import numpy as np

from autograd.engine.call_template import call_of
from autograd.errors import ArgumentError, DTypeError
from autograd.support.unknown_names import named_arguments, switches_of

__all__ = ["Array", "Op", "op", "registry"]

Array = np.ndarray
"""Annotation that marks an operand of an op: the body sees an ndarray or a Python number."""

registry: dict[str, Op] = {}
"""Every op of this library by name."""

# `Array` as written in the source, or as Python shows it when annotations are evaluated
_ARRAY = {"Array", "ndarray", "ndarray'>"}


class Op:
    """What is known of an op: its body, its operands' names, its highest order of derivative."""

    __slots__ = (
        "body",
        "call",
        "flags",
        "foreign",
        "max_order",
        "name",
        "operands",
        "optional",
        "starred",
        "statics",
        "texts",
    )

    def __init__(self, body: Callable[..., Any], max_order: int | None):
        self.name = body.__name__
        if max_order not in (None, 1):
            raise ArgumentError(
                f"op {self.name}: max_order is 1 (no second derivative) or None, got {max_order!r}"
            )
        self.body = body
        self.call: Callable[..., Any] = body  # what `@op` makes of it
        #: Whether it is a user's, so that what its body returns is checked.
        self.foreign = not str(body.__module__).startswith("autograd.ops.")
        self.max_order = max_order
        operands: list[str] = []
        optional: set[str] = set()
        statics: list[str] = []
        self.starred = False
        for name, written, starred in _parameters(body):
            kind, bar, other = written.partition("|")
            if not statics and kind.rpartition(".")[2] in _ARRAY and other in ("", "None"):
                operands.append(name)
                if bar:
                    optional.add(name)
                self.starred = starred
            else:
                statics.append(name)
        if not operands:
            raise DTypeError(f"op {self.name}: no leading parameter is annotated `Array`")
        self.operands = tuple(operands)
        self.optional = frozenset(optional)
        self.statics = tuple(statics)
        self.flags = switches_of(body)  # a text would count as true
        #: The texts that plain arguments may be unseen, None if any: a default is no switch.
        self.texts = (
            frozenset(d for d in body.__defaults__ or () if type(d) is str) if self.flags else None
        )

    def defaults(self) -> dict[str, Any]:
        """Static arguments by name as they are when left out."""
        body = self.body
        places = body.__code__.co_varnames[: body.__code__.co_argcount]
        usual = body.__defaults__ or ()
        by_place = zip(places[len(places) - len(usual) :], usual, strict=True)
        return {
            name: value
            for name, value in (*by_place, *(body.__kwdefaults__ or {}).items())
            if name in self.statics
        }

    def operand_name(self, position: int) -> str:
        """The operand's parameter name; `xs[2]` for a starred one."""
        return f"{self.operands[0]}[{position}]" if self.starred else self.operands[position]

    def __repr__(self) -> str:
        return f"<op {self.name}({', '.join(self.operands + self.statics)})>"


def _parameters(body: Callable[..., Any]) -> Iterator[tuple[str, str, bool]]:
    """Name and annotation of each parameter, and whether it is the starred one.

    What `inspect.signature` knows, in a fifth of its time: all ops are defined at import.
    """
    code = body.__code__
    plain, keywords = code.co_argcount, code.co_kwonlyargcount
    starred = [plain + keywords] if code.co_flags & inspect.CO_VARARGS else []
    for place in (*range(plain), *starred, *range(plain, plain + keywords)):
        name = code.co_varnames[place]
        yield name, str(body.__annotations__.get(name, "")).replace(" ", ""), place in starred


@overload
def op(body: Callable[..., Any]) -> Callable[..., Any]: ...
@overload
def op(*, max_order: int | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
@named_arguments
def op(body: Any = None, *, max_order: int | None = None) -> Any:
    """Make an op of a function that returns its value and one closure per operand.

    ```
    @op
    def mul(a: Array, b: Array):
        return a * b, (lambda g: g * b, lambda g: g * a)
    ```

    The contract:

    1. *Operands* are the leading parameters annotated `Array` (`Array | None`: may be None or
       left out; `*xs: Array`: any number). Later parameters are static: plain values. Operands
       whose derivative does not exist (indices, labels, masks) have the closure None.
    2. The body sees ndarrays; Python numbers stay Python numbers. It writes to no operand and has
       no side effect.
    3. It returns `out, closures` or `out, closures, aux`; the op then returns `out` or
       `(out, aux)`. Only `out` has a gradient. One operand: its closure may stand alone.
    4. A *closure* maps the gradient of `out` to the gradient of its operand (a vector-Jacobian
       product). It names operands, the starred tuple and `out` directly, not through a helper, a
       default argument or a container; the body never rebinds those names. Everything else it
       captures is a constant that does not move with a float operand (shapes, axes, masks,
       indices). Loop items are bound by default: `lambda g, i=i: g[i]`. One more value may move:
       under the name `aux` what was returned as such, work of the body that is not to be done
       again. It is only handed to an op, as an argument without gradient, and that op's rules for
       the operands account for it.
    5. What no closure names is not kept alive. Closures of operands that need no gradient are
       dropped when the op is recorded.
    6. A plain backward calls the closures on ndarrays. With `create_graph=True` the engine puts
       Tensors in the place of operands and `out` and calls the same closures, which are thereby
       recorded: one rule serves every order.
    7. So a closure uses only what runs on both: operators, array methods that Tensor has, NumPy
       functions that Tensor maps, other ops. It never writes to `g` or to an operand. Kernels are
       called in bodies only.
    8. The engine sums out broadcasting and casts the gradient to the operand's dtype.
    9. An op that cannot be differentiated any further says so: `@op(max_order=1)`; then
       `create_graph=True` raises instead of returning a wrong number.
    10. A *joint closure* returns a pair, as does a call of an op with `aux`: the gradient of its
       operand, and that of the next operand or a tuple of those of the next ones. Their own
       closures are then not called; they are there for when the first needs no gradient, and give
       the same. Where `create_graph=True` meets a plain array (`aux`) in a pair, it calls them.

    Called without any Tensor, an op returns a plain ndarray.

    >>> import numpy as np
    >>> import autograd as ag
    >>> from autograd import Array
    >>> @ag.op
    ... def cube(x: Array):
    ...     return x**3, lambda g: g * 3 * x**2
    >>> x = ag.tensor(2.0, requires_grad=True)
    >>> cube(x).backward()
    >>> x.grad.item()
    12.0
    """
    if body is None:
        return functools.partial(_make_op, max_order=max_order)
    return _make_op(body, max_order)


def _make_op(body: Callable[..., Any], max_order: int | None) -> Callable[..., Any]:
    if not isinstance(body, FunctionType):
        raise DTypeError(f"op: it decorates a function, got {type(body).__name__}")
    spec = Op(body, max_order)
    call = call_of(spec)
    functools.update_wrapper(call, body)
    call.op = spec  # type: ignore[attr-defined]
    spec.call = call
    if not spec.foreign:
        registry[spec.name] = spec
    return call
