"""Recording: `@op` turns a function with closures into an op that leaves a node in the graph."""

from __future__ import annotations

import functools
import inspect
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import CellType, CodeType, FunctionType
from typing import Any, ClassVar, NoReturn, overload

import numpy as np

from autograd.engine import scope as scopes
from autograd.engine import shortcuts
from autograd.engine.dtypes import as_array, get_default_dtype
from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.in_place import next_id
from autograd.engine.source import Source, caller, is_ours, outermost
from autograd.engine.tensors import Tensor
from autograd.errors import (
    ArgumentError,
    DTypeError,
    ForeignOperandError,
    GlassgradError,
    GraphError,
    ShapeError,
    ours,
)
from autograd.support.unknown import check_switches, keyword_hint, named_arguments, switches_of

__all__ = ["Array", "Node", "Op", "op", "ops_by_code", "registry"]

Array = np.ndarray
"""Annotation that marks an operand of an op: the body sees an ndarray or a Python number."""

Closure = Callable[[Any], Any]
Edge = Any  # Node of the tensor that an operand was, or the leaf Tensor itself

registry: dict[str, Op] = {}
"""Every op of this library by name."""

ops_by_code: dict[CodeType, Op] = {}
"""Every op, users' own too, by the code of its body."""

_SPELLINGS = {"dim": "axis", "keepdim": "keepdims"}  # PyTorch's words for NumPy's arguments
_SHORTCUTS = {1: shortcuts.unary, 2: shortcuts.binary, 3: shortcuts.ternary}  # by operands
_FLOAT16, _FLOAT32, _FLOAT64 = map(np.dtype, (np.float16, np.float32, np.float64))
_PLAIN = {np.ndarray, float, int, bool}  # operands that are passed on as they are
_VALUES = {int, float, bool, str, type(None)}  # statics that are what they are
# `Array` as written in the source, or as Python shows it when annotations are evaluated
_ARRAY = {"Array", "ndarray", "ndarray'>"}


class Op:
    """What is known of an op: its body, its operands' names, its highest order of derivative."""

    __slots__ = (
        "body",
        "call",
        "fitting",
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
        self.foreign = not body.__module__.startswith("autograd.ops.")  # what it returns is checked
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
        #: Whether the types of operands without Tensors are those that the body takes as they are.
        self.fitting = shortcuts.all_arrays_or_none if optional else shortcuts.all_arrays

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


class Node:
    """One recorded call of an op: where its operands came from, and a closure for each.

    `edges[i]` is the node that made operand i, or the leaf Tensor itself; None (as `closures[i]`)
    where no gradient is needed. A node holds no data but what its closures captured.
    """

    __slots__ = (
        "__weakref__",
        "_code",
        "_offset",
        "closures",
        "dtype",
        "edges",
        "hooks",
        "id",
        "op",
        "retainer",
        "scope",
        "shape",
    )

    op: Op
    edges: Sequence[Edge]
    closures: Sequence[Closure | None] | None
    shape: tuple[int, ...]
    dtype: np.dtype
    id: int
    scope: scopes.Scope | None
    hooks: dict[int, Callable[[Tensor], Any]] | None
    retainer: weakref.ref[Tensor] | None  # the Tensor that asked to keep its grad

    _code: CodeType  # where it was called
    _offset: int

    #: `Node.result(op, edges, closures, out)`: record a call; the Tensor of its result.
    result: ClassVar[Callable[..., Tensor]]

    @property
    def source(self) -> Source:
        """The user's line that called the op."""
        return Source(self._code, self._offset)

    def __repr__(self) -> str:
        return f"<{self.op.name} {self.shape} recorded at {self.source}>"

    def closure_on_tensors(self, position: int) -> Closure:
        """The closure of operand `position`, its captured operands and `out` made Tensors again.

        The same rule then records what it does, which is how one rule serves every order.
        """
        closure = self.closures[position]  # type: ignore[index]
        if not isinstance(closure, FunctionType):
            raise GraphError(f"{self.op.name}: its closure is no plain function: {closure!r}")
        cells = tuple(
            self._cell_on_tensors(name, cell)
            for name, cell in zip(
                closure.__code__.co_freevars, closure.__closure__ or (), strict=True
            )
        )
        rebound = FunctionType(
            closure.__code__, closure.__globals__, closure.__name__, closure.__defaults__, cells
        )
        rebound.__kwdefaults__ = closure.__kwdefaults__
        return rebound

    def _cell_on_tensors(self, name: str, cell: CellType) -> CellType:
        if name == "out":
            return CellType(Tensor._of(cell.cell_contents, self))
        if name not in self.op.operands:
            return cell
        if self.op.starred:
            arrays = cell.cell_contents
            return CellType(tuple(map(self._operand_as_tensor, range(len(arrays)), arrays)))
        return CellType(self._operand_as_tensor(self.op.operands.index(name), cell.cell_contents))

    def _operand_as_tensor(self, position: int, array: Any) -> Any:
        edge = self.edges[position]
        if edge is None:
            return array
        if isinstance(edge, Node):
            return Tensor._of(array, edge)
        if edge._data is not array:
            raise GraphError(
                f"{self.op.name} (recorded at {self.source}): the data of its operand "
                f"'{self.op.operand_name(position)}' was replaced since, so the gradient of its "
                "gradient would be wrong. Replace data only after the last backward."
            )
        return edge


_new_node, _new_tensor = Node.__new__, Tensor.__new__


def _result(op: Op, edges: Sequence[Edge], closures: Any, out: np.ndarray) -> Tensor:
    """One frame for a node and its Tensor: every recorded call comes through here."""
    node = _new_node(Node)
    node.op = op
    node.edges = edges
    node.closures = closures
    node.shape = out.shape
    node.dtype = out.dtype
    node.id = next_id()
    node.scope = scopes.current()
    node.hooks = node.retainer = None
    try:
        frame: Any = sys._getframe(2)  # frame 1 is the op's call
        while is_ours[frame.f_code.co_filename]:
            frame = frame.f_back
        node._code, node._offset = frame.f_code, frame.f_lasti
    except (AttributeError, ValueError):  # no frame of a program: all there are belong to us
        node._code, node._offset = outermost()
    tensor = _new_tensor(Tensor)
    tensor._data = out
    tensor._grad = tensor._hooks = tensor._name = None
    tensor.node = node
    tensor._requires_grad = True
    return tensor


Node.result = _result


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
       indices). Loop items are bound by default: `lambda g, i=i: g[i]`.
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
    starred, arity, foreign = spec.starred, len(spec.operands), spec.foreign

    def call(*args: Any, **kwargs: Any) -> Any:
        count = len(args) if starred else arity
        if kwargs or len(args) < count:
            args, kwargs = _arrange(spec, args, kwargs)
        values = list(args)
        edges: list[Edge] = [None] * count
        any_tensor, no_numbers = False, None
        tracked = 0
        for i in range(count):
            operand = args[i]
            if isinstance(operand, Tensor):
                any_tensor = True
                values[i] = operand._data
                if operand._requires_grad:
                    tracked += 1
                    edges[i] = operand.node or operand
            elif type(operand) not in _PLAIN:
                values[i] = _as_operand(spec, i, operand, args[:count])
            elif type(operand) is np.ndarray:
                if operand.dtype.kind not in "fiub":
                    no_numbers = operand.dtype
                elif not operand.dtype.isnative:
                    values[i] = as_array(operand, spec.name)
        if no_numbers is not None and any_tensor:
            raise _no_numbers(spec, args[:count], no_numbers)
        if kwargs or len(values) > count:
            if spec.flags:
                named = dict(zip(spec.statics, args[count:], strict=False), **kwargs)
                check_switches(spec.name, named, spec.flags)
            for i in range(count, len(values)):
                if type(values[i]) not in _VALUES:
                    values[i] = _as_static(spec, values[i])
            kwargs = {name: _as_static(spec, value) for name, value in kwargs.items()}

        try:
            result = body(*values, **kwargs)
        except Exception as error:
            _failed(spec, error, args[:count], values[:count])
        if foreign:
            return _finished(spec, args, values[:count], edges, any_tensor, result)
        out = result[0]
        if type(out) is not np.ndarray:
            out = np.asarray(out)
        if out.dtype is not _FLOAT32 and (out.dtype is not _FLOAT64 or _promoted(values, count)):
            if _halved(out, values[:count]):
                values[:count] = _in_default_dtype(values[:count])
                result = body(*values, **kwargs)
            return _finished(spec, args, values[:count], edges, any_tensor, result)
        if tracked and is_grad_enabled():
            closures = result[1]
            if tracked != count or type(closures) is not tuple:
                closures = _needed(spec, closures, edges)
            out = Node.result(spec, edges, closures, out)
        elif any_tensor:
            out = Tensor._of(out)
        return out if len(result) == 2 else (out, result[2])

    if not starred and arity in _SHORTCUTS:
        call = _SHORTCUTS[arity](call, spec, Node, _finished, _failed)
    functools.update_wrapper(call, body)
    call.op = spec  # type: ignore[attr-defined]
    spec.call = call
    ops_by_code[body.__code__] = spec
    if not spec.foreign:
        registry[spec.name] = spec
    return call


def _finished(
    spec: Op,
    args: tuple[Any, ...],  # as they were given: whoever looks at results finds them here
    values: Sequence[Any],
    edges: Sequence[Edge],
    any_tensor: bool,
    result: Any,
) -> Any:
    """What a call returns, from what its body returned for the operands `values`."""
    if spec.foreign:
        result = _checked(spec, result, values)
    out = result[0] if type(result[0]) is np.ndarray else np.asarray(result[0])
    if out.dtype is _FLOAT64 and any_tensor and _promoted(values, len(edges)):
        result = _demoted(out, result, values)
        out = result[0]
    tracked = 0
    for edge in edges:
        if edge is not None:
            tracked += 1
    wrapped: Any = out
    if tracked and is_grad_enabled() and out.dtype.kind == "f":
        closures = result[1]
        if type(closures) is not tuple or len(closures) != len(edges) or tracked != len(edges):
            closures = _needed(spec, closures, edges)
        wrapped = Node.result(spec, edges, closures, out)
    elif any_tensor:
        if tracked and spec.foreign and is_grad_enabled():
            _check_differentiable(spec, out, _needed(spec, result[1], edges))
        if out.dtype.kind not in "fiub":
            raise _no_numbers(spec, args[: len(edges)], out.dtype)
        wrapped = Tensor._of(out)
    return wrapped if len(result) == 2 else (wrapped, result[2])


def _checked(spec: Op, result: Any, operands: Sequence[Any]) -> tuple[Any, ...]:
    """What the body of a user's op returned, as `(out, closures)` or `(out, closures, aux)`."""
    if not isinstance(result, tuple | list) or len(result) not in (2, 3):
        got = type(result).__name__
        if isinstance(result, tuple | list):
            got = f"a {got} of {len(result)}"
        raise _broken(
            spec, f"its body must return `out, closures` (or `out, closures, aux`), got {got}"
        )
    out, closures, *aux = result
    if isinstance(out, Tensor):
        raise _broken(spec, "its body must return an array as `out`, got a Tensor")
    try:
        out = np.asarray(out)
    except (ValueError, GlassgradError) as error:
        raise _broken(spec, f"its body must return an array as `out`: {error}") from None
    if out.dtype.kind not in "fiub":
        raise DTypeError(
            f"{scopes.prefix()}{spec.name}: its body must return real numbers as `out`, got dtype "
            f"{out.dtype}"
        )
    if callable(closures) or closures is None:
        closures = (closures,)
    elif not isinstance(closures, tuple | list):
        raise _broken(
            spec,
            "its body must return a closure (a function of the gradient of `out`) or None for "
            f"each operand beside `out`, got {type(closures).__name__}",
        )
    if aux and callable(aux[0]):
        raise _broken(
            spec,
            "its body must return the closures as one tuple beside `out`, got two functions, the "
            "second where aux belongs",
        )
    if len(closures) != len(operands):
        raise _broken(
            spec, f"{len(operands)} operands, but its body returned {len(closures)} closures"
        )
    for position, closure in enumerate(closures):
        if closure is not None and not callable(closure):
            raise _broken(
                spec,
                f"its closure for '{spec.operand_name(position)}' must be a function of the "
                f"gradient of `out`, or None, got {type(closure).__name__}",
            )
    for value in operands:  # a later write to one of the two must not change the other
        if value is out or (out.base is not None and np.may_share_memory(out, value)):
            out = out.copy()
    return (out, tuple(closures), *aux)


def _broken(spec: Op, complaint: str) -> GraphError:
    return GraphError(f"{scopes.prefix()}{spec.name}: {complaint}")


def _check_differentiable(spec: Op, out: np.ndarray, closures: Sequence[Closure | None]) -> None:
    """Raise where a result that has no gradient comes with a closure."""
    for position, closure in enumerate(closures):
        if closure is not None:
            raise DTypeError(
                f"{scopes.prefix()}{spec.name}: `out` of dtype {out.dtype} has no gradient, but "
                f"its body returned a closure for '{spec.operand_name(position)}'; return floats, "
                "or None in the place of the closure"
            )


def _arrange(spec: Op, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Operands given by name, or left out, put in their places; PyTorch's spellings translated."""
    for theirs, name in _SPELLINGS.items():
        if theirs in kwargs and theirs not in spec.statics:
            if name in kwargs:
                raise DTypeError(f"{spec.name}: got both '{theirs}' and '{name}'")
            kwargs[name] = kwargs.pop(theirs)
    if "input" in kwargs and "input" not in spec.operands and not args:
        args = (kwargs.pop("input"),)  # PyTorch's word for the first operand, whatever it is here
    unknown = [name for name in kwargs if name not in spec.statics + spec.operands]
    if unknown:
        raise DTypeError(
            f"{spec.name}: no argument '{unknown[0]}'; "
            f"it takes ({', '.join(spec.operands + spec.statics)})"
            f"{keyword_hint(unknown[0], (*spec.operands, *spec.statics, 'input'))}"
        )
    if spec.starred:
        return args, kwargs
    arranged = list(args)
    for name in spec.operands[len(args) :]:
        if name in kwargs:
            arranged.append(kwargs.pop(name))
        elif name in spec.optional:
            arranged.append(None)
        else:
            raise DTypeError(f"{spec.name}: operand '{name}' is missing")
    twice = [name for name in spec.operands if name in kwargs]
    if twice:
        raise DTypeError(f"{spec.name}: operand '{twice[0]}' is given twice")
    return tuple(arranged), kwargs


def _as_operand(spec: Op, position: int, value: Any, beside: Sequence[Any]) -> Any:
    if isinstance(value, np.generic) and value.dtype.kind in "fiub":
        return value.item()  # as weak as a Python number: float32 stays float32 beside it
    if isinstance(value, int | float):
        return value
    name = spec.operand_name(position)
    if value is None and name in spec.optional:
        return None
    what = f"{scopes.prefix()}{spec.name}: operand '{name}'"
    if isinstance(value, list | tuple | np.ndarray) or hasattr(value, "__array__"):
        return as_array(value, what, weak=float_dtype(beside))
    raise ForeignOperandError(
        f"{what} must be a Tensor, an array or a number, got {type(value).__name__}"
    )


def _no_numbers(spec: Op, operands: Sequence[Any], dtype: np.dtype) -> DTypeError:
    """Complex numbers, objects, text beside a Tensor: no gradient could go through."""
    odd = (i for i, x in enumerate(operands) if getattr(x, "dtype", dtype).kind not in "fiub")
    return DTypeError(
        f"{scopes.prefix()}{spec.name}: operand '{spec.operand_name(next(odd, 0))}' must be of "
        f"floats, integers or booleans, got {dtype}"
    )


def float_dtype(operands: Sequence[Any]) -> np.dtype | None:
    """The dtype of the floats among Tensors and arrays, which a list beside them takes too."""
    dtypes = [x.dtype for x in operands if isinstance(x, Tensor | np.ndarray)]
    floats = [dtype for dtype in dtypes if dtype.kind == "f"]
    return np.result_type(*floats) if floats else None


def _as_static(spec: Op, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value._requires_grad:
            raise DTypeError(
                f"{spec.name}: a Tensor that requires a gradient was passed where a plain value "
                f"belongs; operands are ({', '.join(spec.operands)}). Pass x.detach() if its "
                "gradient is not wanted."
            )
        return value._data
    if isinstance(value, np.generic):
        return value.item()  # a Python number: an unsigned one would wrap where it is negated
    if type(value) in (tuple, list) and not all(type(item) in _VALUES for item in value):
        return type(value)(_as_static(spec, item) for item in value)
    return value


def _needed(spec: Op, closures: Any, edges: Sequence[Edge]) -> list[Closure | None]:
    """The closures of operands that need a gradient; the others go, with what they captured."""
    if type(closures) is not tuple:
        closures = (closures,)
    return [None if edge is None else closures[i] for i, edge in enumerate(edges)]


def _promoted(values: Sequence[Any], count: int) -> bool:
    """Whether float64 came only from an integer array beside a weaker float."""
    first = values[0]
    if type(first) is np.ndarray and first.dtype is _FLOAT64:  # nearly always
        return False
    kinds = [v.dtype for v in values[:count] if isinstance(v, np.ndarray)]
    return _FLOAT64 not in kinds and any(dtype.kind in "iub" for dtype in kinds)


def _halved(out: Any, operands: Sequence[Any]) -> bool:
    """Whether NumPy took a function of 8-bit integers or booleans in float16, three digits long."""
    return getattr(out, "dtype", None) is _FLOAT16 and not any(
        isinstance(v, np.ndarray) and v.dtype.kind == "f" for v in operands
    )


def _in_default_dtype(operands: Sequence[Any]) -> list[Any]:
    dtype = get_default_dtype()
    return [np.asarray(v, dtype) if isinstance(v, np.ndarray | bool) else v for v in operands]


def _demoted(out: np.ndarray, result: tuple[Any, ...], values: Sequence[Any]) -> tuple[Any, ...]:
    """A result in the float dtype of the operands that are no integers, or in the default dtype.

    `out` is rounded rather than computed anew, and put in the place of the one in the closures.
    """
    floats = [v.dtype for v in values if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else get_default_dtype()
    if dtype == out.dtype:
        return (out, *result[1:])
    rounded = out.astype(dtype)
    closures = result[1] if isinstance(result[1], tuple) else (result[1],)
    for closure in closures:
        code = getattr(closure, "__code__", None)
        for name, cell in zip(code.co_freevars, closure.__closure__ or ()) if code else ():  # noqa: B905
            if name == "out" and cell.cell_contents is result[0]:
                cell.cell_contents = rounded
    aux = [
        a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype is _FLOAT64 else a
        for a in result[2:]
    ]
    return (rounded, closures, *aux)


def _failed(spec: Op, error: Exception, operands: Sequence[Any], values: Sequence[Any]) -> NoReturn:
    """Raise what an exception in the body of an op means to its caller."""
    for position, value in enumerate(values):
        if value is None and spec.operand_name(position) not in spec.optional:
            _as_operand(spec, position, None, operands)  # says what is needed there
    if isinstance(error, GlassgradError):
        raise _with_origins(_located(error), spec, operands) from None
    if not isinstance(
        error, ValueError | IndexError | TypeError | ArithmeticError | AttributeError
    ):
        raise error
    raise _with_origins(_explained(spec, error, values), spec, operands) from error


def _located(error: GlassgradError) -> GlassgradError:
    """The same error with the path of the module that was being called in front, once."""
    path = scopes.prefix()
    if path and error.args and not str(error.args[0]).startswith(path):
        error.args = (path + str(error.args[0]), *error.args[1:])
    return error


def _with_origins(error: GlassgradError, spec: Op, operands: Sequence[Any]) -> GlassgradError:
    """The same error with notes: the line that called the op, and where its operands were made."""
    from autograd.engine.error_notes import (
        note_operands,  # imported when there is an error to explain
    )

    note_operands(error, spec, operands, Source(*caller(2)))
    return error


def _statics_given(spec: Op, error: Exception) -> list[str]:
    """The plain arguments that the body was called with, but for those that are as by default."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code is not spec.body.__code__:
        traceback = traceback.tb_next
    if traceback is None:
        return []
    found, usual = traceback.tb_frame.f_locals, inspect.signature(spec.body).parameters
    shown = []
    for name in spec.statics:
        value = found.get(name)
        plain = value is not None and type(value) in _VALUES | {tuple, list}
        if plain and value is not usual[name].default and len(repr(value)) < 60:
            shown.append(f"{name}={value!r}")
    return shown


def _explained(spec: Op, error: Exception, values: Sequence[Any]) -> GlassgradError:
    """NumPy's complaint, with the op, its arguments and the module that called it."""
    described = ", ".join(
        f"{spec.operand_name(i)}: {v.dtype} {v.shape}"
        if isinstance(v, np.ndarray)
        else f"{spec.operand_name(i)}: {v!r}"
        for i, v in enumerate(values)
    )
    # A body that asks a number for what arrays have finds that it lacks the attribute.
    numbers = [i for i, v in enumerate(values) if isinstance(v, (bool, int, float))]
    if numbers and isinstance(error, AttributeError):
        name = spec.operand_name(numbers[0])
        return ShapeError(
            f"{scopes.prefix()}{spec.name}({described}): {name} must be an array, "
            f"got the number {values[numbers[0]]!r}"
        )
    given = _statics_given(spec, error)
    beside = f" with {', '.join(given)}" if given else ""
    return ours(error)(f"{scopes.prefix()}{spec.name}({described}){beside}: {error}")
