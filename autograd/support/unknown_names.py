"""Names and arguments that nobody has: errors that say what was probably meant.

Modules, Tensors and layers answer `ag.cat`, `x.cpu()`, `F.crossentropy`, `nn.Linear(3, 2, bais=0)`
in this one way: by what the name is called here (`spellings.py`), or the nearest name. The
hint is looked for when somebody reads the error, since `hasattr` and `getattr` with a default ask
often, and throw the error away.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable
from typing import Any, Self, TypeVar

import numpy as np

from autograd.errors import DTypeError, GlassgradError, UnknownNameError
from autograd.support.arguments import check_annotated, flag

__all__ = [
    "NamedArguments",
    "answer_for",
    "answering",
    "check_switches",
    "did_you_mean",
    "keyword_hint",
    "name_arguments_in",
    "named_arguments",
    "register",
    "require_signature",
    "respelled",
    "switches_of",
    "unknown_keyword",
    "unknown_name",
]

F = TypeVar("F", bound=Callable[..., Any])

_OURS = {"autograd", "nn", "optim"}  # whose constructors' annotations are checked
_SHORT = {"autograd": "ag.", "nn.functional": "F.", "Tensor": "x.", "Module": "module."}


_owners: dict[str, Any] = {}


def register(where: str, owner: Any) -> None:
    """Make a module or class known, whose names hints about others may mention."""
    _owners[where] = owner


def unknown_name(
    where: str, name: str, known: Callable[[], Iterable[str]], owner: str = ""
) -> UnknownNameError:
    """The error for `where.name`; `owner` is what the message calls it, if not `where`."""
    message = f"{owner or where} has no attribute {name!r}"
    if name.startswith("_"):  # somebody probes for a protocol
        return UnknownNameError(message)
    return UnknownNameError(message, lambda: _name_hint(where, name, known()))


def _name_hint(where: str, name: str, known: Iterable[str]) -> str:
    from autograd.support.spellings import ELSEWHERE, SPELLINGS

    table = SPELLINGS.get(where, {})
    if name in table:
        return f"; {table[name]}"
    if where == "autograd":
        if name in ELSEWHERE:
            return f"; {ELSEWHERE[name]}"
        if hasattr(_owners["Tensor"], name):
            call = "(...)" if callable(getattr(_owners["Tensor"], name)) else ""
            return f"; write x.{name}{call}"
    near = nearest(name, (n for n in known if not n.startswith("_")))
    if near is not None:
        return f"; did you mean {_SHORT.get(where, where + '.')}{near}?"
    if where == "Tensor" and name in dir(_owners["autograd"]):
        return f"; write ag.{name}(x, ...)"
    if where in ("Tensor", "autograd") and callable(getattr(np, name, None)):
        return f"; np.{name} takes Tensors, where no gradient is needed"
    if name in SPELLINGS["autograd"] and where == "nn.functional":
        return f"; {SPELLINGS['autograd'][name]}"
    return ""


class _Missing:
    """An attribute that is not there, and says so in our words.

    A `__getattr__` would do the same, and make each look at `_data` take several times as long.
    """

    def __init__(self, where: str, name: str):
        self.where, self.name = where, name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise unknown_name(self.where, self.name, tuple, owner.__name__)


def answer_for(owner: type, where: str, names: Iterable[str] = ()) -> None:
    """Let a class answer for the names of PyTorch that it has not, and for further `names`."""
    from autograd.support.spellings import SPELLINGS

    register(where, owner)
    for name in (*SPELLINGS[where], *names):
        if not hasattr(owner, name) and name not in vars(owner):
            setattr(owner, name, _Missing(where, name))
    owner.__dir__ = _present  # type: ignore[assignment]


def _present(self: Any) -> list[str]:
    """What `dir` shows: what is there."""
    names = object.__dir__(self)
    return [n for n in names if not isinstance(inspect.getattr_static(self, n, None), _Missing)]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that differs in case, underscores or order of letters, or else by a letter.

    Or else the shortest that begins with `name`.
    """
    plain = {_letters(n): n for n in sorted(known, key=len, reverse=True)}
    asked = _letters(name)
    if asked in plain:
        return plain[asked]
    for letters, found in plain.items():
        if sorted(letters) == sorted(asked):
            return found
    close = difflib.get_close_matches(asked, plain, n=1, cutoff=0.75)
    if close:
        return plain[close[0]]
    longer = [found for letters, found in plain.items() if letters.startswith(asked)]
    return min(longer, key=len) if longer and len(asked) > 2 else None  # mse: mse_loss


def _letters(name: str) -> str:
    return name.lower().replace("_", "")


def keyword_hint(name: str, known: Iterable[str]) -> str:
    """What to write for a keyword that is not taken, as the end of a sentence."""
    from autograd.support.spellings import KEYWORDS

    if name in KEYWORDS:
        return f"; {KEYWORDS[name]}"
    return did_you_mean(name, known)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question for the nearest known name, as the end of a sentence; "" where none is near."""
    near = nearest(name, known)
    return "" if near is None else f"; did you mean '{near}'?"


def switches_of(function: Callable[..., Any]) -> frozenset[str]:
    """The parameters that are true or false by default; `inplace` changes nothing, so not that."""
    code = function.__code__
    plain = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    usual = dict(zip(plain[len(plain) - len(defaults) :], defaults, strict=True))
    usual.update(function.__kwdefaults__ or {})
    return frozenset(name for name, value in usual.items() if type(value) is bool) - {"inplace"}


def check_switches(where: str, given: dict[str, Any], switches: Iterable[str]) -> None:
    """Raise for a text where True or False belongs: it would count as true, "no" as well."""
    for name in switches:
        if type(given.get(name)) is str:
            flag(where, name, given[name])


def named_arguments(named: F) -> F:
    """Let a function answer arguments that do not fit its signature with an error of ours.

    Of a class: its constructor, and the methods that can be given an argument by name.
    """
    if not isinstance(named, type):
        return answering(named, named.__name__)  # type: ignore[no-any-return]
    answered = issubclass(named, NamedArguments)
    for name, member in list(vars(named).items()):
        if inspect.isfunction(member) and (
            (name == "__init__" and not answered)
            or (not name.startswith("_") and _takes_names(member))
        ):
            setattr(named, name, answering(member, ""))
    return named


def name_arguments_in(namespace: dict[str, Any], names: Iterable[str]) -> None:
    """`named_arguments` of these functions and classes of a module, whose `globals()` are given."""
    for name in names:
        namespace[name] = named_arguments(namespace[name])


def _takes_names(method: Callable[..., Any]) -> bool:
    """Whether a method has parameters with names, and refuses other names."""
    code = method.__code__
    takes = code.co_argcount + code.co_kwonlyargcount > 1
    return takes and not code.co_flags & inspect.CO_VARKEYWORDS


#: PyTorch's words for arguments that have NumPy's names here.
_ARGUMENTS = {"dim": "axis", "keepdim": "keepdims"}


def respelled(
    where: str, args: tuple[Any, ...], named: dict[str, Any], takes: Collection[str]
) -> tuple[Any, ...]:
    """The arguments by place, with those in `named` under the names that are among `takes`.

    `dim` and `keepdim` are `axis` and `keepdims`, `input` is the first, whatever its name is.
    """
    for theirs, ours in _ARGUMENTS.items():
        if theirs in named and theirs not in takes:
            if ours in named:
                raise DTypeError(f"{where}: got both '{theirs}' and '{ours}'")
            named[ours] = named.pop(theirs)
    if "input" in named and "input" not in takes and not args:
        return (named.pop("input"),)
    return args


Translate = Callable[[tuple[Any, ...], dict[str, Any]], tuple[Any, ...]]


def answering(function: Any, name: str, translate: Translate | None = None) -> Any:
    """The function, answering in the name of its class where `name` is empty.

    `translate(args, kwargs)` returns args and changes kwargs: from other libraries' words to ours.
    """
    switches = switches_of(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            if translate is not None:
                args = translate(args, kwargs)
            if switches:
                check_switches(name or function.__name__, kwargs, switches)
        try:
            return function(*args, **kwargs)
        except GlassgradError:
            raise
        except TypeError:
            where = name or _called(function, type(args[0]) if args else None)
            require_signature(function, where, args, kwargs)
            raise

    return call


def _called(method: Callable[..., Any], owner: type | None) -> str:
    """What messages call a method of `owner`: its own name, or the class for a constructor."""
    where = method.__qualname__.split(".")[0] if owner is None else owner.__name__
    return where if method.__name__ == "__init__" else f"{where}.{method.__name__}"


def unknown_keyword(function: Callable[..., Any], name: str, unknown: Iterable[str]) -> DTypeError:
    """The error for keywords that a function gathers only to refuse them.

    It does so where being wrapped by `named_arguments` would take a part of its time worth having.
    """
    parameters = inspect.signature(function).parameters.values()
    takes = [p for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]
    return _no_argument(name, next(iter(unknown)), takes)


class NamedArguments:
    """Base of classes whose constructors answer arguments that do not fit with an error of ours."""

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if args or kwargs:  # without any, it may be a copy that is being made
            constructor = cls.__init__
            given = _fitted(_signature(constructor), cls.__name__, (None, *args), kwargs)
            if str(constructor.__module__).partition(".")[0] in _OURS:
                check_annotated(cls.__name__, constructor.__annotations__, given)
        return super().__new__(cls)


@functools.lru_cache(maxsize=512)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """That of a constructor, kept: it is asked for each time."""
    if function is object.__init__:
        return inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)])
    return inspect.signature(function)


def require_signature(
    function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raise `DTypeError` if a function cannot be called with these arguments."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # one in C, which tells nothing
        return
    _fitted(signature, name, args, kwargs)


def _fitted(
    signature: inspect.Signature, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """The arguments by name; `DTypeError` if they do not fit."""
    try:
        return signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        problem = str(error)
    takes = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    names = {p.name for p in takes}
    if not any(p.kind is p.VAR_KEYWORD for p in takes):
        for unknown in kwargs:
            if unknown not in names:
                raise _no_argument(name, unknown, takes, kwargs)
    raise DTypeError(f"{name}: {problem}; it takes ({', '.join(map(_shown, takes))})")


def _no_argument(
    name: str, unknown: str, takes: Collection[inspect.Parameter], given: Collection[str] = ()
) -> DTypeError:
    shown = ", ".join(map(_shown, takes))
    near = [p.name for p in takes if p.kind not in _STARS and p.name not in given]
    hint = keyword_hint(unknown, near)
    return DTypeError(f"{name}: no argument '{unknown}'; it takes ({shown}){hint}")


_STARS: dict[Any, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


def _shown(parameter: inspect.Parameter) -> str:
    return _STARS.get(parameter.kind, "") + parameter.name
