"""`Module`: holds parameters, calls ops. Its state is found by looking at its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat, starmap
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar
from weakref import getweakrefcount

import numpy as np

from autograd import Tensor
from autograd.engine import scope
from autograd.engine.error_notes import note_failure, note_inputs
from autograd.engine.hooks import RemovableHook
from autograd.engine.source_lines import is_ours
from autograd.errors import ArgumentError, DTypeError, GlassgradError
from autograd.support.arguments import flag
from autograd.support.interrupts import at_once, each
from autograd.support.unknown_names import (
    NamedArguments,
    answer_for,
    named_arguments,
    require_signature,
)
from nn import state as states
from nn.parameter import Buffer, Parameter

if TYPE_CHECKING:
    import numpy.typing as npt

    from autograd.engine.annotations import Data

__all__ = ["Module"]

Self = TypeVar("Self", bound="Module")
P = ParamSpec("P")
R = TypeVar("R", covariant=True)

if TYPE_CHECKING:

    class _Called(Protocol[P, R]):
        def forward(self, *args: P.args, **kwargs: P.kwargs) -> R: ...


_HOOKS = ("_forward_pre_hooks", "_forward_hooks")


class MissingForwardError(GlassgradError, NotImplementedError):
    """A module was called whose class has no `forward`."""


def _no_forward(self: Module, *args: Any, **kwargs: Any) -> Any:
    raise MissingForwardError(
        f"{type(self).__name__} has no forward; define `def forward(self, x): ...`"
    )


@named_arguments
class Module(NamedArguments):
    """Base of all layers and networks: subclass it, set attributes, define `forward`.

    State is what the attributes hold: a `Parameter` is trained, a `Buffer` is kept, a `Module` is
    a child, and lists, tuples and dicts of these are looked into, all in order of definition. A
    plain Tensor or array is no state. Nothing is registered anywhere, so `super().__init__()` may
    be called early, late or never.

    >>> import autograd as ag, nn
    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc = nn.Linear(3, 3)
    ...     def forward(self, x):
    ...         return self.fc(self.fc(x))
    >>> net = Twice()
    >>> [name for name, _ in net.named_parameters()]
    ['fc.weight', 'fc.bias']
    >>> net(ag.tensor([[1.0, 2.0, 3.0]])).shape
    (1, 3)
    """

    training: bool = True
    _forward_pre_hooks: dict[int, Any] | None = None
    _forward_hooks: dict[int, Any] | None = None

    #: Attributes that the repr shows, by name.
    _shown: tuple[str, ...] = ()

    #: Defined by subclasses; called through `module(x)`, which also runs the hooks.
    forward: Callable[..., Any] = _no_forward

    if TYPE_CHECKING:  # a call takes what `forward` takes, and gives what it gives

        def __call__(self: _Called[P, R], *args: P.args, **kwargs: P.kwargs) -> R: ...

    else:

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """`forward`, with the hooks around it; errors inside name this module's path."""
            outer = scope.enter(self)
            try:
                if self._forward_pre_hooks is not None or self._forward_hooks is not None:
                    return self._call_with_hooks(args, kwargs)
                if len(args) == 1 and not kwargs:  # nearly always, and cheaper than unpacking
                    return self.forward(args[0])
                return self.forward(*args, **kwargs)
            except Exception as error:
                _note(error, self, args, kwargs)
                raise
            finally:
                scope.leave(outer)

    def __del__(self) -> None:
        """A graph that was recorded here and lives on keeps the names for its pictures."""
        if getweakrefcount(self):
            scope.remember(self)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for hook in list((self._forward_pre_hooks or {}).values()):
            changed = hook(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        out = self.forward(*args, **kwargs)
        for hook in list((self._forward_hooks or {}).values()):
            changed = hook(self, args, out)
            if changed is not None:
                out = changed
        return out

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> RemovableHook:
        """Call `hook(module, args)` before `forward`; what it returns replaces `args`."""
        return self._add_hook("_forward_pre_hooks", hook)

    def register_forward_hook(self, hook: Callable[..., Any]) -> RemovableHook:
        """Call `hook(module, args, output)` after `forward`; what it returns replaces `output`.

        >>> import autograd as ag, nn
        >>> layer = nn.Linear(2, 5)
        >>> with layer.register_forward_hook(lambda module, args, out: print(out.shape)):
        ...     _ = layer(ag.tensor([[1.0, 2.0]]))
        (1, 5)
        """
        return self._add_hook("_forward_hooks", hook)

    def _add_hook(self, attribute: str, hook: Callable[..., Any]) -> RemovableHook:
        if not callable(hook):
            raise DTypeError(
                f"{attribute[1:-1]}: hook must be a function, got {type(hook).__name__}"
            )
        if getattr(self, attribute) is None:
            setattr(self, attribute, {})
        return RemovableHook(getattr(self, attribute), hook)

    # -- what it holds ----------------------------------------------------------------------

    def named_modules(
        self, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """`(path, module)` of this module and all below it, parents first.

        A module that is reached by several paths comes once, or, without `remove_duplicate`, once
        for each of them.
        """
        return ((path, module) for path, module, _ in _walk(self, prefix, remove_duplicate))

    def modules(self) -> Iterator[Module]:
        """This module and all below it, parents first, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """`(name, module)` of the modules held directly, each once."""
        seen: set[int] = set()
        for name, child in _members(self):
            if isinstance(child, Module) and id(child) not in seen:
                seen.add(id(child))
                yield name, child

    def children(self) -> Iterator[Module]:
        """The modules held directly, each once."""
        return (child for _, child in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """`(path, parameter)`, a module's own before its children's; a shared one comes once."""
        return self._named(Parameter, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once: what an optimiser takes."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Buffer]]:
        """`(path, buffer)`, a module's own before its children's; a shared one comes once."""
        return self._named(Buffer, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Buffer]:
        """All buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named(
        self, kind: type[Any], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        walk = (
            _walk(self, prefix, remove_duplicate) if recurse else [(prefix, self, _members(self))]
        )
        for path, _, members in walk:
            for name, member in members:
                if isinstance(member, kind) and not (remove_duplicate and id(member) in seen):
                    seen.add(id(member))
                    yield _join(path, name), member

    def get_submodule(self, target: str) -> Module:
        """The module at the path `target`, such as `"features.3"`."""
        for path, module in self.named_modules(remove_duplicate=False):
            if path == target:
                return module
        raise ArgumentError(
            f"get_submodule: {type(self).__name__} has no module {target!r}; it has "
            + ", ".join(path for path, _ in self.named_modules() if path)
        )

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """`self.<name> = param`, under a name that need not be an identifier."""
        self._hold(name, param, Parameter)

    def register_buffer(self, name: str, tensor: Data | None, persistent: bool = True) -> None:
        """`self.<name> = Buffer(tensor, persistent)`."""
        self._hold(name, None if tensor is None else Buffer(tensor, persistent), Buffer)

    def add_module(self, name: str, module: Module | None) -> None:
        """`self.<name> = module`, under a name that need not be an identifier."""
        self._hold(name, module, Module)

    register_module = add_module

    def _hold(self, name: str, value: Any, kind: type[Any]) -> None:
        where = f"{type(self).__name__}: {kind.__name__.lower()} {name!r}"
        if value is not None and not isinstance(value, kind):
            raise DTypeError(f"{where} must be an nn.{kind.__name__}, got {type(value).__name__}")
        if not isinstance(name, str) or not name or "." in name:
            raise ArgumentError(f"{where}: its name must be a non-empty string without '.'")
        if name not in vars(self) and hasattr(self, name):
            raise ArgumentError(f"{where}: {name!r} is an attribute of every module already")
        setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        held = vars(self).get(name)
        if isinstance(held, Parameter | Buffer):
            value = _successor(f"{type(self).__name__}.{name}", held, value)
        object.__setattr__(self, name, value)

    # -- state ------------------------------------------------------------------------------

    def state_dict(self, prefix: str = "") -> dict[str, Tensor]:
        """Every parameter and persistent buffer under each of its names.

        The values share memory with the module: `copy.deepcopy` them to keep them while training
        goes on. What is shared between modules is one object here, too.
        """
        return states.state_dict(self, prefix)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> states.IncompatibleKeys:
        """Copy the values of `state_dict` into this module's parameters and buffers.

        Raises `CheckpointError` with every problem there is: names missing or unexpected, shapes,
        dtypes; then nothing is changed. `strict=False` leaves out missing and unexpected names,
        which it returns, and rounds floats to a smaller dtype.
        """
        return states.load_state_dict(self, state_dict, strict)

    def train(self: Self, mode: bool = True) -> Self:
        """Put this module and all below it into training mode (dropout drops); returns it."""
        wanted = flag("train", "mode", mode)
        at_once(writing_modes((module, wanted) for module in self.modules()))
        return self

    def eval(self: Self) -> Self:
        """Put this module and all below it into evaluation mode; returns it."""
        return self.train(False)

    def apply(self: Self, function: Callable[[Module], Any]) -> Self:
        """Call `function` on every module, children before their parents; returns this one."""
        for module in _children_first(self, set()):
            function(module)
        return self

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Whether this module's parameters are trained (False: frozen); returns it."""
        wanted = flag(f"{type(self).__name__}.requires_grad_", "requires_grad", requires_grad)
        parameters = list(self.parameters())
        for parameter in parameters:
            parameter._check_requires_grad(wanted)
        at_once(each(setattr, parameters, repeat("_requires_grad"), repeat(wanted)))
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the parameters' gradients, or fill them with zeros."""
        parameters = list(self.parameters())
        if not set_to_none:
            parameters = [p for p in parameters if p.grad is not None]
        gradients = [None if set_to_none else Tensor(np.zeros_like(p.data)) for p in parameters]
        at_once(each(setattr, parameters, repeat("_grad"), gradients))

    def to(self: Self, dtype: npt.DTypeLike) -> Self:
        """Convert all float parameters, their gradients and float buffers; returns this module."""
        wanted = _float_dtype(dtype)
        writes: list[tuple[Tensor, str, Any]] = []
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.kind != "f" or tensor.dtype == wanted:
                continue
            writes.append((tensor, "_data", tensor.data.astype(wanted)))
            if tensor.grad is not None:
                writes.append((tensor, "_grad", tensor.grad.detach().astype(wanted)))
        at_once(starmap(setattr, writes))
        return self

    def double(self: Self) -> Self:
        """`to(float64)`."""
        return self.to(np.float64)

    def float(self: Self) -> Self:
        """`to(float32)`."""
        return self.to(np.float32)

    # -- text -------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the brackets of the repr: override it in a layer."""
        values = {name: getattr(self, name) for name in self._shown}
        return ", ".join(
            f"{name}={value!r}" if isinstance(value, str) else f"{name}={value}"
            for name, value in values.items()
        )

    def _repr_html_(self) -> str | None:
        from autograd.viz.notebook import module_html

        return module_html(self)

    @recursive_repr("...")
    def __repr__(self) -> str:
        name, extra = type(self).__name__, self.extra_repr()
        children = [
            f"  ({child_name}): " + repr(child).replace("\n", "\n  ")
            for child_name, child in _members(self)
            if isinstance(child, Module)
        ]
        if not children:
            return f"{name}({extra})"
        return "\n".join([f"{name}(", *([f"  {extra}"] if extra else []), *children, ")"])


answer_for(Module, "Module")


# Tuples: isinstance is quicker with them than with unions, and a walk asks it of every attribute.
_STATE = (Module, Parameter, Buffer)
_CONTAINERS = (list, tuple, dict)

Members = list[tuple[str, Any]]


def _walk(root: Module, prefix: str, distinct: bool) -> Iterator[tuple[str, Module, Members]]:
    """`(path, module, members)` of a module and all below it; see `Module.named_modules`."""
    seen: set[int] = set()
    above: frozenset[int] = frozenset()
    waiting: list[tuple[str, Module, frozenset[int]]] = [(prefix, root, above)]
    while waiting:
        path, module, above = waiting.pop()
        if id(module) in (seen if distinct else above):
            continue  # if not distinct, only a module below itself is cut off
        members = _members(module)
        yield path, module, members
        if distinct:
            seen.add(id(module))
        else:
            above = above | {id(module)}
        waiting += [
            (_join(path, name), member, above)
            for name, member in reversed(members)
            if isinstance(member, Module)
        ]


def _members(module: Module) -> Members:
    """`(name, state)` of what the attributes hold, themselves or in lists, tuples and dicts."""
    members: Members = []
    for name, value in vars(module).items():
        if isinstance(value, _STATE):
            members.append((name, value))
        elif isinstance(value, _CONTAINERS) and name not in _HOOKS:
            members += _inside(name, value)
    return members


def _inside(path: str, container: Any) -> Members:
    """`(path, state)` of what a list, tuple or dict holds, at any depth."""
    members: Members = []
    waiting: list[tuple[str, Any, frozenset[int]]] = [(path, container, frozenset())]
    while waiting:
        path, value, above = waiting.pop()
        if isinstance(value, _STATE):
            members.append((path, value))
        elif id(value) not in above:  # else a list that holds itself
            items = value.items() if isinstance(value, dict) else enumerate(value)
            held = [(k, v) for k, v in items if isinstance(v, _STATE + _CONTAINERS)]
            below = above | {id(value)}
            waiting += [(f"{path}.{key}", item, below) for key, item in reversed(held)]
    return members


def _children_first(module: Module, seen: set[int]) -> Iterator[Module]:
    seen.add(id(module))
    for child in module.children():
        if id(child) not in seen:
            yield from _children_first(child, seen)
    yield module


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _successor(where: str, held: Parameter | Buffer, value: Any) -> Any:
    """What takes the place of a parameter or buffer: state must not get lost by an assignment."""
    if not isinstance(value, Tensor | np.ndarray) or isinstance(value, Parameter | Buffer):
        return value
    if isinstance(held, Buffer) and not getattr(value, "requires_grad", False):
        return Buffer(value, held.persistent, name=held.name)
    kind = type(held).__name__
    raise DTypeError(
        f"{where} is an nn.{kind}; got a {type(value).__name__}, which would not be state. Write "
        f"`with ag.no_grad(): module.{where.split('.')[-1]}.copy_(value)` for a new value, or "
        f"assign nn.{kind}(value)"
    )


def _note(error: Exception, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Note on an error that no op has described which module it left, and with which inputs."""
    name = type(module).__name__
    code = getattr(module.forward, "__code__", None)
    names = code.co_varnames[1 : code.co_argcount] if code is not None else ()
    given = [*zip(names, args, strict=False), *kwargs.items()]
    tensors = [(word, value) for word, value in given if isinstance(value, Tensor)]
    if tensors:
        note_failure(error, name, tensors)
    if not isinstance(error, GlassgradError):
        if isinstance(error, TypeError):
            _check_call(error, module, args, kwargs)
    elif not error.located:
        scope.locate(error)
        note_inputs(error, name, args)


def writing_modes(modes: Iterable[tuple[Module, bool]]) -> Iterator[None]:
    """What `at_once` sets modules' `training` with: made before a `try:`, run in its `finally:`."""
    return starmap(object.__setattr__, [(module, "training", mode) for module, mode in modes])


def _check_call(
    error: TypeError, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raise an error of ours where it was the arguments that did not fit `forward`."""
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    if innermost is not None and is_ours[innermost.tb_frame.f_code.co_filename]:
        method = getattr(module.forward, "__func__", None)
        if method is not None:
            try:
                require_signature(method, "forward", (module, *args), kwargs)
            except DTypeError as misfit:
                _note(misfit, module, args, kwargs)
                raise


def _float_dtype(dtype: Any) -> np.dtype:
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        wanted = None
    if wanted is None or wanted.kind != "f":
        raise DTypeError(
            f"Module.to: dtype must be a float dtype such as np.float32, got {dtype!r} "
            "(arrays are always in the CPU's memory, there is no device to choose)"
        )
    return wanted
