"""`lint`: mistakes that a graph shows before they cost a training run."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine.node import Node
from autograd.engine.source_lines import user_frame
from autograd.engine.tensors import Tensor
from autograd.errors import DTypeError, GraphError
from autograd.support.unknown_names import named_arguments
from autograd.viz.graph import Recorded, Vertex, collect
from autograd.viz.names import Variables, is_module
from autograd.viz.nan_origins import Bad, bad_vertices
from autograd.viz.sources import source_in_words
from autograd.viz.values import statistics

_STEPS = {"sign", "floor", "ceil", "round", "trunc", "heaviside", "rint"}
_SOFTMAXES = {"softmax", "log_softmax", "sigmoid"}
_OF_LOGITS = {"label_cross_entropy", "log_softmax"}
_SAME_ELEMENTS = {"reshape", "squeeze", "expand_dims"}
_LOGITS = {"logit_loss"}  # the op of binary_cross_entropy_with_logits
_RECTIFIERS = {"relu"}
_SATURATING = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
_CLOSE = 0.01  # of the way to the limit counts as saturated
_MOSTLY = 0.5  # share of saturated values that is worth a finding
_FEW = 8  # samples from which on a unit can be called dead

if TYPE_CHECKING:
    from autograd.engine.annotations import Parameters


@dataclass(frozen=True)
class Finding:
    """One suspicion: a short `kind`, what it is about, the message, and what to do."""

    kind: str
    subject: str
    message: str
    advice: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}. {self.advice}"


class Findings(list[Finding]):
    """The findings of a `lint`; empty where there is nothing to say."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "nothing found"

    def _repr_html_(self) -> str:
        if not self:
            return "<p>nothing found</p>"
        items = "".join(
            f"<li><b>{html.escape(f.kind)}</b>: {html.escape(f.message)}. "
            f"<i>{html.escape(f.advice)}</i></li>"
            for f in self
        )
        return f"<ul>{items}</ul>"


@named_arguments
def lint(loss: Tensor, model: Parameters | None = None) -> Findings:
    """What looks wrong in the graph of `loss`, before `backward` is called.

    - `no path`: a parameter of `model` that the loss does not depend on;
    - `old gradient`: a parameter whose `grad` is still there, so that backward adds to it;
    - `softmax twice`: cross entropy of what is a softmax, or a sigmoid with logits, already;
    - `not finite`: values with a NaN or an infinity, told where it was born;
    - `dead units`: units of a relu that are 0 for every sample (of 8 or more);
    - `saturated`: a tanh or sigmoid most of whose values are within 1 % of a limit;
    - `cut`: an op whose derivative is 0 everywhere, such as sign or round; and the value of a
      recorded Tensor that comes in as a constant, through `detach()` or `.data`.

    `model` is a module, or the parameters as a list. Values are looked at as far as the graph
    keeps them (`with ag.watch():` keeps all). Raises `DTypeError` for what is no Tensor or no
    module, `GraphError` for a loss without a graph: everything was detached.

    >>> import autograd as ag, nn
    >>> net = nn.Linear(2, 1)
    >>> for finding in ag.lint(ag.sign(net(ag.ones(3, 2))).sum(), net):
    ...     print(finding.kind, "-", finding.subject)
    cut - sign
    """
    if not isinstance(loss, Tensor):
        raise DTypeError(f"lint: loss must be a Tensor, got {type(loss).__name__}")
    parameters = _parameters(model)
    if not loss._requires_grad:
        raise GraphError(
            "lint: this loss requires no gradient, so that no parameter gets one: it was made "
            "inside no_grad(), from constants, or of detached Tensors"
        )
    frame = user_frame()
    recorded = collect([loss], frame, function="lint")
    found = Findings()
    found += _without_path(recorded, parameters)
    found += _old_gradients(recorded, parameters)
    found += _not_finite(recorded)
    for check in _CHECKS:
        for vertex in recorded.ops:
            found += check(vertex)
    found += _detached(recorded, [*Variables(frame).held, loss])
    return found


def _parameters(model: Any) -> list[tuple[str, Tensor]]:
    if model is None:
        return []
    if is_module(model):
        return list(model.named_parameters())
    if isinstance(model, Tensor):
        model = [model]
    given = list(model) if isinstance(model, Sequence) or hasattr(model, "__iter__") else None
    if given is None or not all(isinstance(p, Tensor) for p in given):
        raise DTypeError(
            f"lint: model must be a module or a list of parameters, got {type(model).__name__}"
        )
    return [(p.name or f"parameter {i}", p) for i, p in enumerate(given)]


def _without_path(recorded: Recorded, parameters: list[tuple[str, Tensor]]) -> Iterator[Finding]:
    for name, parameter in parameters:
        if parameter in recorded.of_edge:
            continue
        if not parameter._requires_grad:
            continue  # frozen on purpose
        yield Finding(
            "no path",
            name,
            f"the loss does not depend on parameter {name} {parameter.shape}: its gradient stays "
            "None",
            "Is it used in forward? Is there a detach(), .data or no_grad() between it and the "
            "loss, or a result that was thrown away?",
        )


def _old_gradients(recorded: Recorded, parameters: list[tuple[str, Tensor]]) -> Iterator[Finding]:
    names = {id(p): name for name, p in parameters}
    leaves = [v for v in recorded.vertices if v.kind == "leaf" and v.tensor is not None]
    old = [v for v in leaves if v.tensor is not None and v.tensor._grad is not None]
    if not old:
        return
    shown = [names.get(id(v.tensor)) or v.title for v in old]
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    yield Finding(
        "old gradient",
        shown[0],
        f"{', '.join(shown[:3])}{more} still hold a gradient of an earlier backward, to which "
        "the next one is added",
        "Call optimizer.zero_grad() before backward, unless gradients are accumulated on purpose.",
    )


def _not_finite(recorded: Recorded) -> Iterator[Finding]:
    for vertex, kind in bad_vertices(recorded.vertices).items():
        if kind is not Bad.BORN_FORWARD:
            continue
        counted = statistics(np.asarray(vertex.value))
        if vertex.node is None:
            what = "parameter" if vertex.is_parameter else "input"
            message = f"the {what} {vertex.title} {vertex.shape} is not finite: {counted}"
            advice = "Look where it comes from: np.isfinite(x).all() should be true."
        else:
            lost = any(operand.value is None for _, operand in vertex.operands)
            origin = "whose operands are no longer alive" if lost else "of operands that are"
            message = f"{_place(vertex)} is not finite, {origin}: {counted}"
            advice = (
                "What comes after it is NaN or Inf too. `with ag.detect_anomaly():` stops at the "
                "line; ag.draw(loss, color='nan') shows it."
            )
        yield Finding("not finite", vertex.title, message, advice)


def _softmax_twice(vertex: Vertex) -> Iterator[Finding]:
    node = vertex.node
    if node is None or node.op.name not in _OF_LOGITS | _LOGITS:
        return
    made = node.edges[0]
    while isinstance(made, Node) and made.op.name in _SAME_ELEMENTS:
        made = made.edges[0]
    if not isinstance(made, Node) or made.op.name not in _SOFTMAXES:
        return
    if node.op.name in _LOGITS and made.op.name != "sigmoid":
        return
    yield Finding(
        "softmax twice",
        made.op.name,
        f"{made.op.name} ({source_in_words(made.source)}) goes into {node.op.name} "
        f"({source_in_words(node.source)}), which takes logits and applies its own",
        f"Leave out the {made.op.name}; after a log-softmax use nll_loss.",
    )


def _dead_units(vertex: Vertex) -> Iterator[Finding]:
    node, value = vertex.node, vertex.value
    if node is None or node.op.name not in _RECTIFIERS or not isinstance(value, np.ndarray):
        return
    if value.ndim < 2:
        return
    samples = tuple(i for i in range(value.ndim) if i != (1 if value.ndim > 2 else value.ndim - 1))
    if np.prod([value.shape[i] for i in samples]) < _FEW:
        return
    dead = (value <= 0).all(axis=samples)  # a NaN is not dead
    if dead.any():
        count = int(np.prod([value.shape[i] for i in samples]))
        yield Finding(
            "dead units",
            vertex.title,
            f"{int(dead.sum())} of {dead.size} units of {_place(vertex)} are 0 in all {count} "
            "places of this batch, so that nothing in it trains them",
            "If it is so in every batch: try a smaller learning rate, another initialisation "
            "(nn.init.kaiming_normal_), or leaky_relu.",
        )


def _saturated(vertex: Vertex) -> Iterator[Finding]:
    node, value = vertex.node, vertex.value
    if node is None or node.op.name not in _SATURATING or not isinstance(value, np.ndarray):
        return
    low, high = _SATURATING[node.op.name]
    margin = _CLOSE * (high - low)
    share = float(((value < low + margin) | (value > high - margin)).mean()) if value.size else 0.0
    if share >= _MOSTLY:
        yield Finding(
            "saturated",
            vertex.title,
            f"{share:.0%} of the values of {_place(vertex)} are at a limit of {node.op.name}, "
            "where the derivative is nearly 0",
            "Scale the inputs, or choose smaller initial weights or a normalisation before it.",
        )


def _place(vertex: Vertex) -> str:
    """Name, module and line of a result."""
    assert vertex.node is not None
    module = f" in {vertex.scopes[-1].path}" if vertex.scopes else ""
    return f"{vertex.title}{module} ({source_in_words(vertex.node.source)})"


def _cuts(vertex: Vertex) -> Iterator[Finding]:
    node = vertex.node
    if node is not None and node.op.name in _STEPS:
        yield Finding(
            "cut",
            node.op.name,
            f"{node.op.name} ({source_in_words(node.source)}) has the derivative 0 everywhere: "
            "nothing before it gets a gradient through it",
            "Use a smooth function in training (tanh for sign, sigmoid for a step), or add a path "
            "around it.",
        )


def _detached(recorded: Recorded, held: list[Tensor]) -> Iterator[Finding]:
    """Constants that are the very array of a recorded result."""
    made = {id(t._data): t.node for t in held if t.node is not None}
    made.update({id(v.value): v.node for v in recorded.ops if v.value is not None})
    for vertex in recorded.vertices:
        node = made.get(id(vertex.value)) if vertex.kind == "constant" else None
        if node is not None:
            yield Finding(
                "cut",
                vertex.title,
                f"the result of {node.op.name} ({source_in_words(node.source)}) comes in as a "
                "constant: detach(), .data or no_grad() cuts the graph there",
                "Use the Tensor itself, unless its gradient is to be stopped on purpose.",
            )


_CHECKS: tuple[Callable[[Vertex], Iterator[Finding]], ...] = (
    _softmax_twice,
    _dead_units,
    _saturated,
    _cuts,
)
