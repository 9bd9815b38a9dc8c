"""`explain`: the derivation of the gradients, line by line."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.source_lines import user_frame
from autograd.engine.tensors import Tensor
from autograd.errors import ArgumentError, DTypeError
from autograd.support.unknown_names import named_arguments
from autograd.viz.graph import collect
from autograd.viz.names import Variables
from autograd.viz.values import shape_in_words
from autograd.words.derivation import derive
from autograd.words.lines import Derivation, Line
from autograd.words.observing import Calls, observed


@named_arguments
class Explanation:
    """The lines of a derivation; `str` of it, and a notebook, show them with their shapes.

    `forward` and `backward` are lists of lines with `name`, `text`, `shape` and `where`;
    `inputs` says what the other names stand for.
    """

    def __init__(self, derivation: Derivation):
        self.forward: list[Line] = derivation.forward
        self.backward: list[Line] = derivation.backward
        self.inputs = derivation.inputs
        self.notes = derivation.notes

    def __str__(self) -> str:
        parts = []
        for title, lines in (("forward", self.forward), ("backward", self.backward)):
            if lines:
                parts += [title, *_aligned(lines)]
        kept = [i for i in self.inputs.values() if i.what not in ("a leaf", "a constant")]
        if kept:
            parts.append("where")
            parts += [f"  {i.name}: {shape_in_words(i.value.shape)} {i.what}" for i in kept]
        parts += [f"note: {note}" for note in self.notes]
        return "\n".join(parts)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _aligned(lines: list[Line]) -> list[str]:
    texts = [f"  {line.name} = {line.text}" for line in lines]
    width = min(max(map(len, texts)), 72)
    return [
        f"{text:<{width}}  {shape_in_words(line.shape)}" + (f"  {line.where}" if line.where else "")
        for text, line in zip(texts, lines, strict=True)
    ]


@named_arguments
def explain(loss: Tensor | Callable[..., Tensor], *inputs: Any) -> Explanation:
    """The backward pass of `loss` in words: how each gradient is computed, with names and shapes.

    `dh` is the gradient of the loss with respect to `h`. Names are those of parameters and of your
    own variables; what has no name stands as the expression that computes it. Given a function
    and its inputs instead of a Tensor, it is run, and all it computes with is known, also what a
    graph does not keep (written as … otherwise). Nothing is changed; call it before `backward`.

    Raises `DTypeError` for what is no Tensor, `GraphError` for one without a graph, with more than
    one element, or whose graph was freed.

    >>> import numpy as np, autograd as ag
    >>> x = ag.tensor(np.ones((8, 4)))
    >>> w1 = ag.tensor(np.ones((4, 3)), requires_grad=True)
    >>> w2 = ag.tensor(np.ones((3, 2)), requires_grad=True)
    >>> h = ag.sigmoid(x @ w1)
    >>> y = h @ w2
    >>> for line in ag.explain(ag.sum(y**2)).backward:
    ...     print(line.name, "=", line.text, line.shape)
    dy = 2 * y (8, 2)
    dw2 = h.T @ dy (3, 2)
    dh = dy @ w2.T (8, 3)
    dw1 = x.T @ (dh * h * (1 - h)) (4, 3)
    """
    derivation = derived("explain", loss, inputs, strict=False)
    return Explanation(derivation)


def derived(function: str, loss: Any, inputs: Sequence[Any], strict: bool) -> Derivation:
    """The derivation of a loss, which a function may have to compute first."""
    calls: Calls | None = None
    frame = user_frame()
    if not isinstance(loss, Tensor) and callable(loss):
        loss, calls = observed(loss, inputs)
    elif inputs:
        raise ArgumentError(f"{function}: loss must be a function of the inputs, got a Tensor")
    if not isinstance(loss, Tensor):
        raise DTypeError(
            f"{function}: loss must be a Tensor, or a function that returns one, got "
            f"{type(loss).__name__}"
        )
    recorded = collect([loss], frame, function=function)
    return derive(loss, recorded, Variables(frame), calls, strict, function)
