"""How Tensors, modules, optimisers and training histories show themselves in a notebook.

Each function returns HTML that is bounded, escaped and readable in light and dark, or None where
something is odd: then the notebook shows the plain repr. None of them touches the graph.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from autograd.engine.tensors import Tensor
from autograd.viz.heatmap import data_uri
from autograd.viz.values import bytes_in_words, number, shape_in_words, statistics

_NUMBERS = 100  # elements that are shown in numbers
_MODULES = 400  # in one tree
F = TypeVar("F", bound=Callable[..., Any])

_BOX = (
    "display:inline-block;vertical-align:top;border:1px solid rgba(128,128,128,.45);"
    "border-radius:6px;padding:.35em .6em;margin:.15em;font-size:90%;max-width:100%;overflow:auto"
)
_SOFT = "opacity:.7"
_IMAGE = "image-rendering:pixelated;width:12em;max-height:12em;display:block;margin-top:.3em"


def quiet(function: F) -> F:
    """A repr never raises: None in place of any error, and the plain repr is shown."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:
            return None

    return wrapper  # type: ignore[return-value]


@quiet
def tensor_html(tensor: Tensor) -> str | None:
    """Shape, dtype and statistics, the values or a heat map, and the gradient beside them."""
    kind = type(tensor).__name__
    kind = "tensor" if kind == "Tensor" else kind
    facts = [shape_in_words(tensor.shape), str(tensor.dtype), bytes_in_words(tensor.nbytes)]
    if tensor.node is not None:
        facts.append(f"result of {tensor.node.op.name}")
    elif tensor._requires_grad:
        facts.append("requires a gradient")
    title = f"{tensor.name}: {kind}" if tensor.name else kind
    boxes = [_array_box(title, facts, tensor._data)]
    if tensor._grad is not None:
        boxes.append(_array_box("gradient", [], tensor._grad._data))
    return f"<div>{''.join(boxes)}</div>"


def _array_box(title: str, facts: Sequence[str], array: np.ndarray) -> str:
    lines = [f"<b>{html.escape(title)}</b>"]
    if facts:
        lines.append(f'<span style="{_SOFT}">{html.escape("  ".join(facts))}</span>')
    if array.size > 1 or array.size == 0:
        lines.append(html.escape(statistics(array)))
    body = "<br>".join(lines)
    if 0 < array.size <= _NUMBERS:
        text = np.array2string(array, separator=", ", threshold=_NUMBERS)
        body += f'<pre style="margin:.3em 0 0">{html.escape(text)}</pre>'
    elif array.size and array.dtype.kind in "biuf":
        body += f'<img style="{_IMAGE}" alt="heat map" src="{data_uri(array)}">'
    return f'<div style="{_BOX}">{body}</div>'


# -- modules -------------------------------------------------------------------------------------


@quiet
def module_html(module: Any) -> str | None:
    """A foldable tree of modules with their parameters' shapes, numbers and memory."""
    left = [_MODULES]
    tree = _module_tree("", module, left, 0, frozenset())
    if left[0] <= 0:
        tree += f'<p style="{_SOFT}">more than {_MODULES} modules: the rest is not shown</p>'
    return f'<div style="{_BOX};font-family:ui-monospace,monospace">{tree}</div>'


def _module_tree(name: str, module: Any, left: list[int], level: int, above: frozenset[int]) -> str:
    left[0] -= 1
    own = list(module.named_parameters(recurse=False))
    buffers = list(module.named_buffers(recurse=False))
    children = list(module.named_children())
    head = _module_head(name, module)
    rows = [_tensor_row(key, tensor, "parameter") for key, tensor in own]
    rows += [_tensor_row(key, tensor, "buffer") for key, tensor in buffers]
    for key, child in children:
        if id(child) in above or left[0] <= 0:
            continue
        rows.append(_module_tree(key, child, left, level + 1, above | {id(module)}))
    if not rows:
        return f'<div style="padding-left:1.1em">{head}</div>'
    is_open = " open" if level < 2 else ""
    inside = "".join(rows)
    return (
        f"<details{is_open}><summary>{head}</summary>"
        f'<div style="padding-left:1.1em;border-left:1px solid rgba(128,128,128,.3)">{inside}</div>'
        "</details>"
    )


def _module_head(name: str, module: Any) -> str:
    extra = module.extra_repr() if hasattr(module, "extra_repr") else ""
    parameters = list(module.parameters())
    count = sum(p.size for p in parameters)
    memory = sum(p.nbytes for p in parameters)
    facts = f"{count:,} parameters, {bytes_in_words(memory)}" if count else ""
    frozen = sum(p.size for p in parameters if not p.requires_grad)
    if frozen:
        facts += f", {frozen:,} frozen"
    label = f"{html.escape(name)}: " if name else ""
    described = html.escape(f"({extra})") if extra else ""
    return (
        f"{label}<b>{html.escape(type(module).__name__)}</b>{described} "
        f'<span style="{_SOFT}">{facts}</span>'
    )


def _tensor_row(name: str, tensor: Tensor, kind: str) -> str:
    gradient = ""
    if tensor._grad is not None:
        mean = float(np.abs(tensor._grad._data).mean()) if tensor.size else 0.0
        gradient = f"  mean |grad| {number(mean)}"
    elif kind == "parameter":
        gradient = "  no gradient yet" if tensor._requires_grad else "  frozen"
    text = f"{shape_in_words(tensor.shape)}  {tensor.dtype}  {statistics(tensor._data)}{gradient}"
    return (
        f'<div style="padding-left:1.1em">{html.escape(name)} '
        f'<span style="{_SOFT}">{html.escape(text)}</span></div>'
    )


# -- tables: optimisers, histories ---------------------------------------------------------------


@quiet
def optimizer_html(optimizer: Any) -> str | None:
    """The settings of each parameter group, with what it updates."""
    rows = []
    for i, group in enumerate(optimizer.param_groups):
        parameters = list(group["params"])
        settings = {key: value for key, value in group.items() if key != "params"}
        words = ", ".join(f"{key}={_setting(value)}" for key, value in settings.items())
        total = sum(p.size for p in parameters)
        rows.append([str(i), f"{len(parameters)} tensors, {total:,} numbers", words])
    head = f"<b>{html.escape(type(optimizer).__name__)}</b>"
    return f'<div style="{_BOX}">{head}{_table(["group", "parameters", "settings"], rows)}</div>'


def _setting(value: Any) -> str:
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return number(value) if isinstance(value, float) else repr(value)[:60]


@quiet
def history_html(
    history: Mapping[str, Iterable[float]] | Sequence[Mapping[str, float]], title: str = "history"
) -> str | None:
    """A small plot of each quantity, from `{name: values}` or from one mapping for each epoch."""
    if isinstance(history, Mapping):
        curves = history
    else:
        names = dict.fromkeys(name for epoch in history for name in epoch)
        curves = {name: [epoch[name] for epoch in history if name in epoch] for name in names}
    boxes = []
    for name, values in curves.items():
        numbers = [float(v) for v in values]
        if numbers:
            boxes.append(_curve(name, numbers))
    return f'<div style="{_BOX}"><b>{html.escape(title)}</b><br>{"".join(boxes)}</div>'


def _curve(name: str, values: list[float], width: int = 220, height: int = 70) -> str:
    finite = [v for v in values if np.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    span = (high - low) or 1.0
    step = (width - 8) / max(len(values) - 1, 1)
    points = " ".join(
        f"{4 + i * step:.1f},{height - 4 - (v - low) / span * (height - 8):.1f}"
        for i, v in enumerate(values)
        if np.isfinite(v)
    )
    words = f"{number(values[0])} → {number(values[-1])}  [{number(low)}, {number(high)}]"
    bad = len(values) - len(finite)
    if bad:
        words += f"  {bad} not finite"
    return (
        f'<figure style="display:inline-block;margin:.3em">'
        f'<figcaption>{html.escape(name)} <span style="{_SOFT}">{html.escape(words)}</span>'
        f'</figcaption><svg width="{width}" height="{height}" role="img" '
        f'aria-label="{html.escape(name)}"><polyline points="{points}" fill="none" '
        f'stroke="#4f81b3" stroke-width="2"/></svg></figure>'
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<th style='text-align:left'>{html.escape(h)}</th>" for h in heads)
    lines = "".join(
        "<tr>"
        + "".join(f"<td style='text-align:left'>{html.escape(c)}</td>" for c in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{cells}</tr>{lines}</table>"


def traceback_in_notebook(error: BaseException) -> list[str]:
    """Show the two hops around what failed, and return the traceback to be printed after it."""
    import traceback

    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return traceback.format_exception(error)
    # a terminal shows no pictures; a kernel asks twice, for its output and for its reply
    if hasattr(shell, "kernel") and not getattr(error, "pictured", False):
        error.pictured = True  # type: ignore[attr-defined]
        try:
            from IPython.display import display

            from autograd.viz.drawing import draw

            display(draw(error, hops=2))
        except Exception:  # a picture that fails must not hide the error
            pass
    return shell.InteractiveTB.structured_traceback(
        type(error), error, error.__traceback__, tb_offset=1
    )
