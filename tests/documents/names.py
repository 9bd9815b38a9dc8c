"""`docs/names.md`: every public name with the first sentence of its docstring."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import autograd as ag
import nn
import nn.data
import nn.functional
import nn.init
import nn.layers
import nn.models
import nn.training
import optim
import optim.lr_scheduler
import optim.schedules
from autograd import creation, curvature, errors, func, ops
from autograd.engine import random_source
from tests.documents.pages import ROOT

PATH = ROOT / "docs" / "names.md"

#: Each public module, and what its names are written with.
MODULES: dict[str, ModuleType] = {
    "ag.": ag,
    "ag.func.": func,
    "ag.curvature.": curvature,
    "ag.errors.": errors,
    "nn.": nn,
    "F.": nn.functional,
    "nn.init.": nn.init,
    "nn.models.": nn.models,
    "nn.data.": nn.data,
    "nn.training.": nn.training,
    "optim.": optim,
    "optim.schedules.": optim.schedules,
    "optim.lr_scheduler.": optim.lr_scheduler,
}

HEAD = """# All public names

`help(ag.relu)` and the like say the rest: the equation, shapes, what is raised, an example.
Written by `make documents` from the first sentences of the docstrings.
"""

#: What has no docstring of its own.
SAID = {
    "ag.Array": "What operands of an op are annotated with: `def f(x: Array, ...)`.",
    "ag.is_grad_enabled": "Whether what is computed is recorded.",
    "module.forward": "What the module computes: subclasses define it, `module(x)` calls it.",
    "module.training": "Whether the module is in training mode; `train()` and `eval()` set it.",
    "optim.schedules.LearningRate": "A number, or a function of the number of steps taken.",
    "x.all": "Whether all elements are true: a plain boolean, or an array of them.",
    "x.any": "Whether any element is true: a plain boolean, or an array of them.",
    "x.clamp": "PyTorch's word for `clip`.",
    "x.div": "PyTorch's word for `divide`.",
    "x.mul": "PyTorch's word for `multiply`.",
    "x.node": "What the graph knows of the op that made this Tensor; None for a leaf.",
    "x.permute": "PyTorch's word for `transpose`.",
    "x.sub": "PyTorch's word for `subtract`.",
    "x.unsqueeze": "PyTorch's word for `expand_dims`.",
    "x.view": "PyTorch's word for `reshape`.",
}


def text() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_lines()])


def _lines() -> Iterator[str]:
    op_names = {*ops.__all__}
    making, chance = [*creation.__all__], [*random_source.__all__]
    known = {*op_names, *making, *chance, *errors.__all__}
    yield from _section("`autograd`", "ag.", ag, [n for n in ag.__all__ if n not in known])
    yield from _section("Making Tensors", "ag.", ag, making)
    yield from _section("Random numbers", "ag.", ag, chance)
    yield from _section(
        "Attributes and methods of a Tensor that are no ops", "x.", *_own(ag.Tensor)
    )
    yield "## Ops\n"
    yield "Most are methods of a Tensor, too: `x.exp()` is `ag.exp(x)`.\n"
    yield from _families(ops, "ag.", ag, op_names)
    yield from _section("`autograd.func`", "ag.func.", func, func.__all__)
    yield from _section("`autograd.curvature`", "ag.curvature.", curvature, curvature.__all__)
    yield from _section("`autograd.errors`, and in `ag`", "ag.", errors, errors.__all__)
    layers = {*nn.layers.__all__}
    yield from _section("`nn`", "nn.", nn, [n for n in nn.__all__ if n not in layers])
    yield from _section("Attributes and methods of a module", "module.", *_own(nn.Module))
    yield "## Layers\n"
    yield from _families(nn.layers, "nn.", nn, layers)
    yield "## `nn.functional`\n"
    same = [n for n in nn.functional.__all__ if n in op_names]
    yield f"As in `ag`: {', '.join(f'`{n}`' for n in sorted(same, key=str.lower))}.\n"
    rest = [n for n in nn.functional.__all__ if n not in op_names]
    yield from _table("F.", nn.functional, rest)
    for module in (nn.init, nn.models, nn.data, nn.training):
        yield from _section(f"`{module.__name__}`", f"{module.__name__}.", module, module.__all__)
    for module in (optim, optim.schedules, optim.lr_scheduler):
        yield from _section(f"`{module.__name__}`", f"{module.__name__}.", module, module.__all__)


def _families(package: ModuleType, prefix: str, home: Any, public: Iterable[str]) -> Iterator[str]:
    """A section for each file of a package that has public names."""
    left = set(public)
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        names = [n for n in getattr(module, "__all__", ()) if n in left]
        left.difference_update(names)
        yield from _section(_title(module), prefix, home, names, level="###")
    assert not left, f"public, but in no file of {package.__name__}: {left}"


def _title(module: ModuleType) -> str:
    return sentence(module).partition(": ")[0].rstrip(".")


def _section(
    title: str, prefix: str, home: Any, names: Iterable[str], level: str = "##"
) -> Iterator[str]:
    names = list(names)
    if names:
        yield f"{level} {title}\n"
        yield from _table(prefix, home, names)


def _table(prefix: str, home: Any, names: Iterable[str]) -> Iterator[str]:
    yield "| name | what it is |"
    yield "|---|---|"
    for name in sorted(names, key=str.lower):
        said = SAID.get(prefix + name) or _said(home, name)
        yield f"| `{prefix}{name}` | {escaped(said)} |"
    yield ""


def _said(home: Any, name: str) -> str:
    value = getattr(home, name)
    called = getattr(value, "__name__", name)
    if called != name and getattr(home, called, None) is value:
        return f"The same as `{called}`."
    said = sentence(value)
    assert said, f"{home.__name__}.{name} has no docstring"
    return said


def _own(kind: type) -> tuple[type, list[str]]:
    """A class, and its public attributes and methods that are no ops."""
    there = dir(kind.__new__(kind))
    return kind, [n for n in there if not n.startswith("_") and n not in ops.__all__]


def sentence(value: Any) -> str:
    """The first paragraph of a docstring, up to a full stop that ends a sentence."""
    paragraph = " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[^.]\.)\s+(?=[A-Z])", paragraph)[0]


def escaped(line: str) -> str:
    """A line inside a table: nothing in it is markup but code."""
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(
        part.replace("|", "\\|") if part.startswith("`") else re.sub(r"([|*_<])", r"\\\1", part)
        for part in parts
    )
