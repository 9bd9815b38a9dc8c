"""`Tensor`: an array, its gradient, and the node that made it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Never

import numpy as np

from autograd.engine import late_bound
from autograd.engine.dtypes import as_array, as_dtype, get_default_dtype
from autograd.engine.given_names import note_name
from autograd.engine.grad_mode import is_grad_enabled
from autograd.engine.hooks import RemovableHook
from autograd.engine.in_place import stamp
from autograd.engine.late_bound import ops
from autograd.engine.operators import Operators
from autograd.engine.size import Size
from autograd.errors import (
    ArgumentError,
    DTypeError,
    GlassgradError,
    GradWarning,
    GraphError,
    InPlaceError,
    ours,
)
from autograd.support.arguments import flag
from autograd.support.unknown_names import answer_for, named_arguments, unknown_keyword

if TYPE_CHECKING:
    import numpy.typing as npt

    from autograd.engine.annotations import Data

__all__ = ["Tensor", "tensor"]


class Tensor(Operators):
    """An n-dimensional array that remembers how it was computed.

    Operators, methods and NumPy functions on it are recorded if it requires a gradient, so that
    `backward` can replay them. `data` is the ndarray, `grad` the gradient (a Tensor) of a leaf
    after `backward`, `node` the recorded call that made it (None for a leaf), `name` anything you
    like.

    >>> import autograd as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_hooks", "_name", "_requires_grad", "node")

    def __init__(
        self,
        data: npt.ArrayLike,
        requires_grad: bool = False,
        *,
        dtype: npt.DTypeLike | None = None,
        name: str | None = None,
        **unknown: Never,
    ):
        if unknown:
            raise unknown_keyword(Tensor.__init__, type(self).__name__, unknown)
        if isinstance(data, Tensor):
            data = _without_gradient(data, type(self).__name__)
        self._data: np.ndarray = as_array(data, type(self).__name__, dtype)
        self._grad: Tensor | None = None
        self._hooks: dict[int, Callable[[Tensor], Any]] | None = None
        self.node: Any = None
        self._name: str | None = None
        self._requires_grad = False
        if name is not None:
            self.name = name
        if requires_grad is not False:
            self.requires_grad = requires_grad

    #: `Tensor._of(array, node=None)`: the Tensor of an op's result, no checks, no copy.
    _of: ClassVar[Callable[..., Tensor]]

    # -- what it is -------------------------------------------------------------------------

    @property
    def data(self) -> np.ndarray:
        """The ndarray itself. Writing to it is not seen by the graph."""
        return self._data

    @data.setter
    def data(self, value: npt.ArrayLike) -> None:
        given = value._data if isinstance(value, Tensor) else value
        array = as_array(given, "data", weak=self._float_dtype)
        if self._requires_grad and array.dtype.kind != "f":
            raise DTypeError(f"data: a Tensor that requires a gradient is float, got {array.dtype}")
        self._data = array

    @property
    def name(self) -> str | None:
        """What pictures and messages call this Tensor."""
        return self._name

    @name.setter
    def name(self, value: str | None) -> None:
        note_name(self._data, value)
        self._name = value

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this Tensor are recorded."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        value = flag(type(self).__name__, "requires_grad", value)
        self._check_requires_grad(value)
        self._requires_grad = value

    def _check_requires_grad(self, value: bool) -> None:
        """Raise unless `requires_grad` can be set to `value`."""
        if value and self._data.dtype.kind != "f":
            raise DTypeError(
                f"requires_grad: only float Tensors can require a gradient, got {self.dtype}; "
                "convert first: x.astype(np.float32)"
            )
        if not value and self.node is not None:
            raise GraphError(
                f"requires_grad: this Tensor is the result of {self.node!r}; "
                "use x.detach() for a Tensor that needs no gradient"
            )

    @named_arguments
    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` and return this Tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` left here: leaves, and Tensors after `retain_grad()`."""
        if self._grad is None and self.node is not None and self.node.retainer is None:
            import warnings

            warnings.warn(
                f"grad is None because this Tensor is no leaf: it is the result of {self.node!r}. "
                "Call x.retain_grad() before backward, or use ag.grad(loss, [x]).",
                GradWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | npt.ArrayLike | None) -> None:
        if value is None:
            self._grad = None
            return
        if not isinstance(value, Tensor):
            value = Tensor(as_array(value, "grad", self.dtype))
        gradient = value if value.dtype == self.dtype else value.astype(self.dtype)
        if gradient.shape != self.shape:
            raise ArgumentError(
                f"grad: the gradient must have shape {self.shape}, got {gradient.shape}"
            )
        self._grad = gradient

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made this Tensor."""
        return self.node is None

    @property
    def grad_fn(self) -> Any:
        """The node that made this Tensor (PyTorch's word for `node`)."""
        return self.node

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes along each axis."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return Size(self._data.size)

    @property
    def dtype(self) -> np.dtype:
        """Type of the elements."""
        return self._data.dtype

    @property
    def _float_dtype(self) -> np.dtype | None:
        return self._data.dtype if self._data.dtype.kind == "f" else None

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._data.nbytes

    def dim(self) -> int:
        """Number of axes (PyTorch's word for `ndim`)."""
        return self._data.ndim

    def numel(self) -> int:
        """Number of elements (PyTorch's word for `size`)."""
        return self._data.size

    # -- the graph --------------------------------------------------------------------------

    def backward(
        self,
        gradient: Data | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Tensor] | None = None,
        **unknown: Never,
    ) -> None:
        """Replay the graph backward and add the gradients to the leaves' `grad`.

        `gradient` is the gradient of this Tensor, needed unless it has one element. The graph is
        freed on the way unless `retain_graph`. `inputs`: only these leaves.
        """
        if unknown:
            raise unknown_keyword(Tensor.backward, "backward", unknown)
        late_bound.backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """A Tensor on the same memory that the graph does not know."""
        return Tensor._of(self._data)

    def clone(self) -> Tensor:
        """A recorded copy."""
        return ops.copy(self)

    def copy(self) -> Tensor:
        """A recorded copy (NumPy's word)."""
        return ops.copy(self)

    def retain_grad(self) -> None:
        """Keep the gradient of this recorded Tensor in `grad` during backward."""
        if not self._requires_grad:
            raise GraphError("retain_grad: this Tensor requires no gradient")
        if self.node is not None:
            import weakref

            self.node.retainer = weakref.ref(self)

    @named_arguments
    def register_hook(self, hook: Callable[[Tensor], Any]) -> RemovableHook:
        """Call `hook(gradient)` when this Tensor's gradient is complete; it may return another.

        >>> import autograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda g: g * 10)
        >>> x.sum().backward()
        >>> x.grad
        tensor([10., 10.])
        """
        if not self._requires_grad:
            raise GraphError("register_hook: this Tensor requires no gradient")
        if not callable(hook):
            raise DTypeError(f"register_hook: hook must be a function, got {type(hook).__name__}")
        holder = self if self.node is None else self.node
        attribute = "_hooks" if self.node is None else "hooks"
        if getattr(holder, attribute) is None:
            setattr(holder, attribute, {})
        return RemovableHook(getattr(holder, attribute), hook)

    def draw(self, **options: Any) -> Any:
        """Draw the graph that made this Tensor: `ag.draw(self, **options)`."""
        return late_bound.draw(self, **options)

    @named_arguments
    def astype(self, dtype: npt.DTypeLike, copy: bool = True) -> Tensor:
        """This Tensor in another dtype; recorded between float dtypes."""
        dtype = as_dtype(dtype, "astype")
        if dtype == self.dtype and not copy:
            return self
        if dtype.kind == self.dtype.kind == "f":
            return ops.astype(self, dtype)
        return Tensor(self._data.astype(dtype))

    @named_arguments
    def to(self, dtype: npt.DTypeLike) -> Tensor:
        """This Tensor in another dtype; itself if it has that already."""
        dtype = as_dtype(dtype, "to")
        return self.astype(dtype, copy=False)

    def float(self) -> Tensor:
        """This Tensor in float32."""
        return self.astype(np.float32, copy=False)

    def double(self) -> Tensor:
        """This Tensor in float64."""
        return self.astype(np.float64, copy=False)

    # -- leaving for NumPy and Python -------------------------------------------------------

    @named_arguments
    def numpy(self) -> np.ndarray:
        """The ndarray, sharing memory; an error while a gradient could get lost."""
        return self.__array__()

    def item(self) -> Any:
        """The only element, as a Python number."""
        if self._data.size != 1:
            raise ArgumentError(f"item: the Tensor must have one element, got shape {self.shape}")
        return self._data.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self._data.tolist()

    def to_numpy(self) -> np.ndarray:
        """The values, to be read and not written: what plotting libraries ask for.

        No gradient follows them, whether this Tensor requires one or not.
        """
        values = self._data.view()
        values.flags.writeable = False
        return values

    # To checkers, of objects: then what NumPy makes of a Tensor is Any, as it may be a Tensor.
    def __array__(
        self, dtype: Any = None, copy: bool | None = None
    ) -> np.ndarray[Any, np.dtype[np.object_]]:
        if self._requires_grad and is_grad_enabled():
            raise DTypeError(
                "this Tensor requires a gradient, which would be lost in a plain array: "
                "use x.detach(), or `with ag.no_grad():`; x.item() is a number. "
                "To join Tensors into one use ag.stack or ag.concatenate."
            )
        if copy:
            return np.array(self._data, dtype=dtype)
        if dtype is None or dtype == self._data.dtype:
            return self._data
        if copy is not None:
            raise ArgumentError(
                f"a {self.dtype} Tensor does not become a {np.dtype(dtype)} array without a copy, "
                "got copy=False; leave copy out"
            )
        return self._data.astype(dtype)

    def __dlpack__(self, **options: Any) -> Any:
        """This memory for another library's array; refused while a gradient could get lost."""
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._data.__dlpack_device__()

    __array_priority__ = 1000.0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return late_bound.apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return late_bound.apply_function(function, args, kwargs)

    def __float__(self) -> builtins.float:
        return builtins.float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._data.dtype.kind not in "iu":
            raise DTypeError(f"a {self.dtype} Tensor is no index; use int(x)")
        return int(self.item())

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ArgumentError(
                f"bool: a Tensor of shape {self.shape} is neither true nor false; "
                "use (x > 0).any() or (x > 0).all()"
            )
        return bool(self._data.item())

    def __len__(self) -> int:
        if self._data.ndim == 0:
            raise DTypeError("len: a Tensor without axes has no length")
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        if self._data.ndim == 0:
            raise DTypeError("iter: a Tensor without axes cannot be iterated over")
        return (self[i] for i in range(len(self._data)))

    def __contains__(self, value: Any) -> bool:
        return bool((self._data == (value._data if isinstance(value, Tensor) else value)).any())

    def __repr__(self) -> str:
        text = np.array2string(self._data, separator=", ", prefix="tensor(", threshold=200)
        extras = []
        if self._data.dtype != get_default_dtype() and self._data.dtype.kind not in "b":
            extras.append(f"dtype={self._data.dtype}")
        if self.node is not None:
            extras.append(f"op={self.node.op.name}")
        elif self._requires_grad:
            extras.append("requires_grad=True")
        return f"tensor({', '.join([text, *extras])})"

    def _repr_html_(self) -> str | None:
        return late_bound.tensor_html(self)

    def __format__(self, spec: str) -> str:
        return format(self._data.item(), spec) if self._data.size == 1 and spec else str(self)

    # -- copies and files -------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        if self.node is not None:
            raise GraphError(
                f"only leaves can be copied or pickled; this Tensor is the result of {self.node!r}."
                " Use x.detach() (without its graph) or x.clone() (a recorded copy)."
            )
        state = (self._data, self._requires_grad, self.name, self._grad)
        return _rebuild, (type(self), *state)

    # -- writing in place -------------------------------------------------------------------

    def __setitem__(self, key: Any, value: Data) -> None:
        if self.node is not None:
            raise InPlaceError(
                f"x[...] = value: x is the result of {self.node!r}, which the graph still needs. "
                "Use ag.where(mask, value, x) or ag.scatter_add for a recorded result."
            )
        value = self._to_write(value, "x[...] = value")
        self._write(lambda: self._data.__setitem__(ops.plain_key(key), value))

    def _to_write(self, value: Any, what: str) -> Any:
        """What is to be written here, unless its gradient would be lost."""
        if isinstance(value, int | builtins.float):
            return value
        if not isinstance(value, Tensor):
            return as_array(value, what, weak=self._float_dtype)
        if value._requires_grad and is_grad_enabled():
            raise InPlaceError(
                f"{what}: the gradient of the value would be lost. Use ag.where, ag.stack or "
                "ag.concatenate, or value.detach()."
            )
        return value._data

    def _write(self, write: Callable[[], Any]) -> None:
        """Run a write to a leaf's memory, if it may be written here, and stamp it."""
        if self._requires_grad and is_grad_enabled():
            raise InPlaceError(
                "a leaf that requires a gradient can only be written to inside "
                "`with ag.no_grad():`; elsewhere write `x = x + y` for a recorded result"
            )
        try:
            write()
        except GlassgradError:
            raise
        except (IndexError, TypeError, ValueError) as error:  # all of NumPy, and nothing written
            raise ours(error)(
                f"writing to a Tensor of shape {self.shape} and dtype {self.dtype}: {error}"
            ) from error
        stamp(self._data)

    def _in_place(self, operator: Callable[..., Any], ufunc: np.ufunc, other: Any) -> Tensor:
        other_needs_grad = isinstance(other, Tensor) and other._requires_grad
        if self.node is not None or (
            other_needs_grad and is_grad_enabled() and not self._requires_grad
        ):
            return operator(self, other)
        if isinstance(other, Tensor):
            other = other._data
        elif not isinstance(other, int | float | np.generic):
            other = as_array(other, f"{ufunc.__name__}: operand 'b'", weak=self._float_dtype)
        self._write(lambda: ufunc(self._data, other, out=self._data, casting="same_kind"))
        return self

    def __iadd__(self, other: Data) -> Tensor:
        return self._in_place(ops.add, np.add, other)

    def __isub__(self, other: Data) -> Tensor:
        return self._in_place(ops.subtract, np.subtract, other)

    def __imul__(self, other: Data) -> Tensor:
        return self._in_place(ops.multiply, np.multiply, other)

    def __itruediv__(self, other: Data) -> Tensor:
        return self._in_place(ops.divide, np.true_divide, other)

    def __ipow__(self, other: Data) -> Tensor:
        return self._in_place(ops.power, np.power, other)

    @named_arguments
    def fill_(self, value: Data) -> Tensor:
        """Set every element, in place."""
        value = self._to_write(value, "fill_")
        self._write(lambda: self._data.fill(value))
        return self

    def zero_(self) -> Tensor:
        """Set every element to zero, in place."""
        return self.fill_(0)

    @named_arguments
    def copy_(self, other: Data) -> Tensor:
        """Take over the values of `other`, in place."""
        other = self._to_write(other, "copy_")
        self._write(lambda: np.copyto(self._data, other, casting="same_kind"))
        return self

    __hash__ = object.__hash__


answer_for(Tensor, "Tensor")

_new_tensor = Tensor.__new__


def _of(array: np.ndarray, node: Any = None) -> Tensor:
    self = _new_tensor(Tensor)
    self._data = array
    self._grad = self._hooks = self._name = None
    self.node = node
    self._requires_grad = node is not None
    return self


Tensor._of = _of


def tensor(
    data: npt.ArrayLike,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
    *,
    name: str | None = None,
    **unknown: Never,
) -> Tensor:
    """A new leaf Tensor that owns a copy of `data`.

    Python floats and lists take the default dtype; arrays keep theirs.

    >>> import autograd as ag
    >>> ag.tensor([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    if unknown:
        raise unknown_keyword(tensor, "tensor", unknown)
    if _holds_tensor(data):
        raise DTypeError(
            "tensor: a list of Tensors would lose their graph; use ag.stack(list) to join them, "
            "or pass their .data"
        )
    if isinstance(data, Tensor):
        data = _without_gradient(data, "tensor")
    array = as_array(data, "tensor", dtype)
    return Tensor(np.array(array, order="C"), requires_grad, name=name)


def _without_gradient(x: Tensor, what: str) -> np.ndarray:
    """The array of a Tensor, unless a gradient would be lost with it."""
    if x._requires_grad and is_grad_enabled():
        raise DTypeError(
            f"{what}: the Tensor given requires a gradient, which would be lost in a new one; give "
            "x.detach(), or x.clone() for a recorded copy"
        )
    return x._data


def _holds_tensor(data: Any) -> bool:
    return isinstance(data, list | tuple) and any(
        isinstance(item, Tensor) or _holds_tensor(item) for item in data
    )


def _rebuild(
    cls: type[Tensor], data: np.ndarray, requires_grad: bool, name: str | None, grad: Tensor | None
) -> Tensor:
    self = cls.__new__(cls)
    Tensor.__init__(self, data, requires_grad, name=name)
    self._grad = grad
    return self
