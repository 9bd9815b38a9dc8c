"""Modules made of modules: one after the other, in a list, under names."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, overload

from autograd.errors import ArgumentError, DTypeError, IndexRangeError
from autograd.support.unknown_names import named_arguments
from nn.module import Module

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.engine.annotations import Data

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


@named_arguments
class _Row(Module):
    """Children in a row: attributes named "0", "1", ... unless they were given names."""

    def __len__(self) -> int:
        return len(self._row())

    def __iter__(self) -> Iterator[Module]:
        return iter(list(self._row().values()))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: Any) -> Any:
        names = list(self._row())
        if isinstance(index, slice):
            return type(self)._of({name: self._row()[name] for name in names[index]})
        return self._row()[self._name(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        self._check(module, index)
        vars(self)[self._name(index)] = module

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._row())
        gone = names[index] if isinstance(index, slice) else [self._name(index)]
        self._refill([(name, m) for name, m in self._row().items() if name not in gone])

    def append(self, module: Module) -> Self:
        """Add `module` at the end; returns this container."""
        return self.insert(len(self), module)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add `modules` at the end; returns this container."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put `module` before position `index`; returns this container."""
        self._check(module, index)
        row = list(self._row().items())
        row.insert(operator.index(index), (str(len(row)), module))
        self._refill(row)
        return self

    @classmethod
    def _of(cls, named: Mapping[str, Module]) -> Self:
        """A container of this kind on modules that have names already."""
        self = cls.__new__(cls)
        self._refill(list(named.items()))
        return self

    def _row(self) -> dict[str, Module]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Module)}

    def _refill(self, row: list[tuple[str, Module]]) -> None:
        """Put the children in this order; those named by their position get their new one."""
        for name in self._row():
            del vars(self)[name]
        for position, (name, module) in enumerate(row):
            vars(self)[str(position) if name.isdecimal() else name] = module

    def _name(self, index: Any) -> str:
        row = self._row()
        try:
            return list(row)[operator.index(index)]
        except TypeError:
            raise DTypeError(
                f"{type(self).__name__}: a position must be a number or a slice, got {index!r}"
            ) from None
        except IndexError:
            raise IndexRangeError(
                f"{type(self).__name__} of {len(row)} modules has no position {index}"
            ) from None

    def _check(self, module: Any, position: Any) -> None:
        if isinstance(module, Module):
            return
        what = getattr(module, "__name__", type(module).__name__)
        hint = "; give a module (nn.ReLU() in place of F.relu)" if callable(module) else ""
        hint = f"; give an instance, nn.{what}(...)" if isinstance(module, type) else hint
        raise DTypeError(
            f"{type(self).__name__}: item {position} must be an nn.Module, got {what}{hint}"
        )


class Sequential(_Row):
    """Modules called one after the other: x -> f_n(... f_1(x)).

    Takes modules, or one dict of names and modules. Raises `DTypeError` for anything else.

    >>> import nn
    >>> net = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    >>> net[-1]
    Linear(in_features=100, out_features=10, bias=True)
    >>> list(net.state_dict())
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Module | Mapping[str, Module]):
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self.extend(modules)  # type: ignore[arg-type]

    def forward(self, x: Data) -> Tensor:
        for module in list(vars(self).values()):
            if isinstance(module, Module):
                x = module(x)
        return x  # type: ignore[return-value]


class ModuleList(_Row):
    """A list of modules that are called by hand. (A plain list does as well.)

    >>> import nn
    >>> layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    >>> len(layers), [name for name, _ in layers[1:].named_children()]
    (3, ['0', '1'])
    """

    def __init__(self, modules: Iterable[Module] = ()):
        super().__init__()
        self.extend(modules)


@named_arguments
class ModuleDict(Module):
    """A dict of modules that are called by hand. (A plain dict does as well.)

    >>> import nn
    >>> heads = nn.ModuleDict({"digit": nn.Linear(84, 10), "parity": nn.Linear(84, 2)})
    >>> list(heads), heads["parity"]
    (['digit', 'parity'], Linear(in_features=84, out_features=2, bias=True))
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()):
        super().__init__()
        self.update(modules)

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __getitem__(self, name: str) -> Module:
        if name not in self:
            raise ArgumentError(f"ModuleDict: no module {name!r}; it has {self.keys()}")
        module: Module = vars(self)[name]
        return module

    def __setitem__(self, name: str, module: Module) -> None:
        if not isinstance(module, Module):
            raise DTypeError(
                f"ModuleDict: {name!r} must be an nn.Module, got {type(module).__name__}"
            )
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def pop(self, name: str) -> Module:
        """Take out the module under `name`."""
        module = self[name]
        del vars(self)[name]
        return module

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add or replace modules, from a dict or from pairs."""
        for name, module in dict(modules).items():
            self[name] = module

    def keys(self) -> list[str]:
        """The names, in order."""
        return [name for name, value in vars(self).items() if isinstance(value, Module)]

    def values(self) -> list[Module]:
        """The modules, in order."""
        return [self[name] for name in self.keys()]

    def items(self) -> list[tuple[str, Module]]:
        """`(name, module)` pairs, in order."""
        return [(name, self[name]) for name in self.keys()]
