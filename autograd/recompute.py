"""Checkpointing: activations thrown away in forward and computed again in backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.backprop import gradients, schedule
from autograd.errors import GraphError
from autograd.grad_mode import enable_grad, is_grad_enabled, no_grad
from autograd.random_source import get_rng_state, set_rng_state
from autograd.record import Array, Node, Op
from autograd.stamps import next_id
from autograd.tensors import Tensor

__all__ = ["checkpoint"]


def checkpoint(function: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
    """`function(*args)`, keeping nothing of its inside for backward but its inputs.

    The backward pass calls the function again, with the same random numbers. Over n layers in √n
    segments the memory is O(√n) for one more forward pass (Chen et al. 2016). Tensors that the
    function captures (parameters above all) get their gradients as usual. The function must return
    one Tensor and compute the same when called again.

    >>> import autograd as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> ag.checkpoint(lambda x: x * x * x, x).sum().backward()
    >>> x.grad
    tensor([ 3., 12.])
    """
    state = get_rng_state()
    if not is_grad_enabled():
        return function(*args, **kwargs)
    born = next_id()
    out = function(*args, **kwargs)
    if not isinstance(out, Tensor):
        raise GraphError(
            f"checkpoint: the function must return one Tensor, got {type(out).__name__}"
        )
    if out.node is None or out.node.id < born:
        return out
    edges = _outside(out, born)
    # Only the edges and the arguments survive this call; `out`'s own graph goes with `out`.
    inputs = [edge if isinstance(edge, Tensor) else _stand_in(edge) for edge in edges]
    memo: list[Any] = []

    def pull_back_all(g: Any) -> list[Any]:
        """Gradients of all inputs, computed at the first closure's call for a given g."""
        if memo and memo[0] is g:
            return memo[1]
        create_graph = isinstance(g, Tensor)
        outer = get_rng_state()
        set_rng_state(state)
        born_again = next_id()
        try:
            with enable_grad():
                again = function(*args, **kwargs)
        finally:
            set_rng_state(outer)
        with enable_grad() if create_graph else no_grad():
            found = gradients([again], inputs, [g], None, create_graph, True, born_again)
        memo[:] = [g, [_value(f, x, create_graph) for f, x in zip(found, inputs, strict=True)]]
        return memo[1]

    def closure_for(position: int) -> Callable[[Any], Any]:
        def closure(g: Any) -> Any:
            pulled = pull_back_all(g)[position]
            if position == len(inputs) - 1:
                memo.clear()
            return pulled

        return closure

    closures = [closure_for(i) for i in range(len(inputs))]
    return Node.result(_CHECKPOINT, edges, closures, out.data)


def _outside(out: Tensor, born: int) -> list[Any]:
    """What the function's graph grew from: leaves, and nodes older than the call."""
    order, _ = schedule([out.node], None, born)
    found: dict[Any, None] = {}
    for node in order:
        for edge in node.edges:
            if edge is not None and (isinstance(edge, Tensor) or edge.id < born):
                found[edge] = None
    return list(found)


def _stand_in(node: Node) -> Tensor:
    """A Tensor for an older node, to ask for its gradient: only its place in the graph matters."""
    return Tensor._of(np.broadcast_to(np.zeros((), node.dtype), node.shape), node)


def _value(g: Tensor | None, x: Tensor, recorded: bool) -> Any:
    if g is None:
        g = Tensor(np.zeros(x.shape, x.dtype))
    return g if recorded else g.data


def _body(*xs: Array) -> Any:
    raise AssertionError("a checkpoint is recorded by `checkpoint`, not called as an op")


_body.__name__ = "checkpoint"
_CHECKPOINT = Op(_body, None)
