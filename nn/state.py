"""State dictionaries: what a module holds, by name, and how it is taken over from another."""

from collections.abc import Mapping
from itertools import repeat
from operator import setitem
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import Tensor
from autograd.engine.in_place import stamp
from autograd.errors import CheckpointError, DTypeError
from autograd.support.arguments import require_unmasked
from autograd.support.interrupts import at_once, each
from nn.parameter import Buffer

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["IncompatibleKeys", "load_state_dict", "state_dict"]


# Annotations are evaluated in this file: NamedTuple would compile them one by one.
class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(strict=False)` left out."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def _named_state(module: "Module", prefix: str = "") -> dict[str, Tensor]:
    """Every parameter and persistent buffer under each of its names, parents first."""
    named: dict[str, Tensor] = {}
    for path, part in module.named_modules(prefix, remove_duplicate=False):
        own = [
            *part.named_parameters(path, recurse=False, remove_duplicate=False),
            *part.named_buffers(path, recurse=False, remove_duplicate=False),
        ]
        for name, tensor in own:
            if isinstance(tensor, Buffer) and not tensor.persistent:
                continue
            if named.setdefault(name, tensor) is not tensor:
                raise CheckpointError(
                    f"state_dict: two different tensors have the name {name!r}, one through a "
                    "dict key or list position; rename one of them"
                )
    return named


def state_dict(module: "Module", prefix: str = "") -> dict[str, Tensor]:
    """`Module.state_dict`."""
    detached: dict[int, Tensor] = {}
    return {
        name: detached.setdefault(id(tensor), tensor.detach())
        for name, tensor in _named_state(module, prefix).items()
    }


def load_state_dict(
    module: "Module", state: Mapping[str, Any], strict: bool = True
) -> IncompatibleKeys:
    """`Module.load_state_dict`: all is checked and copied first, and then written at once."""
    if not isinstance(state, Mapping):
        raise DTypeError(
            f"load_state_dict: state must be a dict of names and arrays, got {type(state).__name__}"
        )
    targets = _named_state(module)
    missing = [name for name in targets if name not in state]
    unexpected = [str(name) for name in state if name not in targets]
    problems: list[str] = []
    if strict:
        problems += [f"missing: {name} {_described(targets[name].data)}" for name in missing]
        problems += [f"unexpected: {name}" for name in unexpected]
    arrays: dict[int, tuple[str, np.ndarray]] = {}  # by target, which tied names share
    for name, target in targets.items():
        if name not in state:
            continue
        array = _fitting(name, state[name], target.data, strict, problems)
        if array is None:
            continue
        first, known = arrays.setdefault(id(target), (name, array))
        if known is not array and not np.array_equal(known, array, equal_nan=True):
            problems.append(f"{name}: tied to {first} here, but their values differ")
    if problems:
        count = f"{len(problems)} problem" + "s" * (len(problems) > 1)
        raise CheckpointError(
            f"load_state_dict: {type(module).__name__} cannot take this over: {count}, nothing "
            "was changed\n  " + "\n  ".join(problems)
        )
    written = [target.data for name, target in targets.items() if name in state]
    values = [arrays[id(target)][1] for name, target in targets.items() if name in state]
    try:
        at_once(each(setitem, written, repeat(...), values))
    finally:
        stamp(*written)
    return IncompatibleKeys(missing, unexpected)


def _fitting(
    name: str, value: Any, target: np.ndarray, strict: bool, problems: list[str]
) -> np.ndarray | None:
    """A copy of `value` in the dtype of `target`, or None and a problem more."""
    try:
        require_unmasked(value, name)
        array = value.data if isinstance(value, Tensor) else np.asarray(value)
    except Exception as error:
        problems.append(f"{name} must be a Tensor or array, got {type(value).__name__}: {error}")
        return None
    before = len(problems)
    if array.shape != target.shape:
        problems.append(f"{name} must have shape {target.shape}, got {array.shape}")
    if not np.can_cast(array.dtype, target.dtype, "safe" if strict else "same_kind"):
        problems.append(
            f"{name} must have dtype {target.dtype}, got {array.dtype}"
            + _way_out(array.dtype, target.dtype)
        )
    if not target.flags.writeable:
        problems.append(f"{name}: the array of this parameter is read-only")
    return None if len(problems) > before else np.array(array, target.dtype)


def _way_out(came: np.dtype, needed: np.dtype) -> str:
    if came.kind == needed.kind == "f":
        return f" (module.to('{came}') first, or strict=False to round)"
    return ""


def _described(array: np.ndarray) -> str:
    return f"{array.shape} {array.dtype}"
