"""The one source of randomness: every random function draws from it unless given a generator."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from autograd.errors import CheckpointError, DTypeError
from autograd.support.arguments import whole
from autograd.support.locks import hold_while_forking
from autograd.support.unknown_names import named_arguments

__all__ = ["default_generator", "get_rng_state", "manual_seed", "set_rng_state"]

_default: np.random.Generator | None = None

#: What is told of every generator here before numbers are drawn from it: `checkpoint` asks.
told: ContextVar[Callable[[np.random.Generator], None] | None] = ContextVar(
    "glassgrad_told_draws", default=None
)


def default_generator() -> np.random.Generator:
    """The generator that random functions use; seeded by the system until `manual_seed`."""
    global _default
    if _default is None:
        made = np.random.Generator(np.random.PCG64())
        hold_while_forking(made.bit_generator.lock)  # a child of a thread that draws can draw too
        _default = made
    return _default


@named_arguments
def manual_seed(seed: int) -> np.random.Generator:
    """Start the default generator anew from `seed` and return it.

    >>> import autograd as ag
    >>> _ = ag.manual_seed(0)
    >>> a = ag.randn(3)
    >>> _ = ag.manual_seed(0)
    >>> bool((a == ag.randn(3)).all())
    True
    """
    start = np.random.PCG64(whole("manual_seed", "seed", seed, 0))
    generator = default_generator()
    generator.bit_generator.state = start.state
    return generator


@named_arguments
def get_rng_state() -> dict[str, Any]:
    """The state of the default generator: plain Python values, which fit into JSON."""
    import copy

    return copy.deepcopy(dict(default_generator().bit_generator.state))


@named_arguments
def set_rng_state(state: dict[str, Any]) -> None:
    """Put the default generator into a state from `get_rng_state`.

    >>> import autograd as ag
    >>> state = ag.get_rng_state()
    >>> a = ag.rand(3)
    >>> ag.set_rng_state(state)
    >>> bool((a == ag.rand(3)).all())
    True
    """
    try:
        np.random.PCG64().state = state  # type: ignore[assignment]
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise CheckpointError(f"set_rng_state: this is no state of a PCG64: {error}") from None
    default_generator().bit_generator.state = state


def pick(generator: np.random.Generator | None, name: str) -> np.random.Generator:
    """`generator`, or the default one if it is None."""
    if generator is None:
        generator = default_generator()
    elif not isinstance(generator, np.random.Generator):
        raise DTypeError(
            f"{name}: generator must be a numpy.random.Generator, got {type(generator).__name__}"
        )
    tell = told.get()
    if tell is not None:
        tell(generator)
    return generator
