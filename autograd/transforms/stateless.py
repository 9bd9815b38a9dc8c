"""A module as a function of its parameters, for derivatives with respect to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import setitem
from typing import Any

from autograd.engine.dtypes import as_array
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError, ShapeError
from autograd.support.interrupts import at_once
from autograd.transforms.variables import describe, variable

__all__ = ["functional_call"]


def functional_call(
    module: Any,
    state: Mapping[str, Any],
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """`module(*args, **kwargs)` with the values of `state` in place of its own.

    `state` holds Tensors (or arrays) under the names of parameters and buffers; what is not named
    stays. A shared parameter is replaced wherever it is used. The module is left as it was. `args`
    that is no tuple is the only argument. Not for use by several threads at once.

    Raises `ArgumentError` for a name the module does not have, or for one tensor's two names with
    different values, and `ShapeError` for another shape.

    >>> import autograd as ag, nn
    >>> net = nn.Linear(2, 1, bias=False)
    >>> w, x = ag.tensor([[3.0, 4.0]], requires_grad=True), ag.tensor([[1.0, 2.0]])
    >>> loss = (ag.func.functional_call(net, {"weight": w}, x) ** 2).sum()
    >>> ag.grad(loss, [w])
    (tensor([[22., 44.]]),)
    """
    if not hasattr(module, "named_modules"):
        raise DTypeError(f"functional_call: module must be a Module, got {describe(module)}")
    if not isinstance(state, Mapping):
        raise DTypeError(
            f"functional_call: state must be a dict of names and values, got {describe(state)}"
        )
    args = args if isinstance(args, tuple) else (args,)
    places = list(_places(module))
    new = _values_by_tensor({name: tensor for name, _, _, tensor in places}, state)
    places = [place for place in places if id(place[3]) in new]
    for name, holder, _, _ in places:
        if isinstance(holder, tuple):
            raise ArgumentError(f"functional_call: {name} is in a tuple; keep it in a list")
    _, holders, keys, tensors = zip(*places, strict=True) if places else ((),) * 4
    values = [new[id(tensor)][2] for tensor in tensors]
    put, put_back = map(setitem, holders, keys, values), map(setitem, holders, keys, tensors)
    try:
        at_once(put)
        return module(*args, **(kwargs or {}))
    finally:
        at_once(put_back)


Place = tuple[str, Any, Any, Tensor]  # holder[key] is the parameter or buffer of that name


def _places(module: Any) -> Iterator[Place]:
    """Where the parameters and buffers of a module and all below it are, under each name."""
    state = {id(tensor) for tensor in (*module.parameters(), *module.buffers())}
    for path, part in module.named_modules(remove_duplicate=False):
        yield from _held(path, vars(part), state, frozenset())


def _held(path: str, holder: Any, state: set[int], above: frozenset[int]) -> Iterator[Place]:
    if id(holder) in above:  # a list that holds itself
        return
    items = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in list(items):
        name = f"{path}.{key}" if path else str(key)
        if id(value) in state:
            yield name, holder, key, value
        elif isinstance(value, list | tuple | dict):
            yield from _held(name, value, state, above | {id(holder)})


def _values_by_tensor(
    known: Mapping[str, Tensor], state: Mapping[str, Any]
) -> dict[int, tuple[str, Any, Tensor]]:
    """Name, value, and what takes its place, of each tensor to be replaced, by its id."""
    new: dict[int, tuple[str, Any, Tensor]] = {}
    for name, value in state.items():
        if name not in known:
            raise ArgumentError(
                f"functional_call: the module has no {name!r}; it has {', '.join(known)}"
            )
        tensor = known[name]
        if id(tensor) not in new:
            new[id(tensor)] = (name, value, _like(tensor, value, name))
        first, chosen, _ = new[id(tensor)]
        if chosen is not value:
            raise ArgumentError(
                f"functional_call: {first} and {name} are one tensor here, but got two values"
            )
    return new


def _like(tensor: Tensor, value: Any, name: str) -> Tensor:
    """`value` as the module would hold it: of the type of `tensor`, so that it counts as state."""
    if not isinstance(value, Tensor):
        value = Tensor(as_array(value, f"functional_call: {name}", weak=tensor.dtype))
    if value.shape != tensor.shape:
        raise ShapeError(f"functional_call: {name} has shape {tensor.shape}, got {value.shape}")
    kind = type(tensor)
    if isinstance(value, kind):
        return value
    made = kind.__new__(kind)
    Tensor.__init__(made, value._data)
    for base in kind.__mro__[: kind.__mro__.index(Tensor)]:
        for slot in base.__dict__.get("__slots__", ()):
            setattr(made, slot, getattr(tensor, slot))
    vars(made).update(vars(tensor)) if hasattr(made, "__dict__") else None
    made.name = value.name
    if value.requires_grad:
        made.node, made._requires_grad = (value.node or variable(value._data, value).node), True
    return made
