"""The signatures of all ops, for type checkers and editors: `autograd/ops/__init__.pyi`.

`@op` makes a function of arrays and numbers into one of Tensors too, which takes PyTorch's keywords
besides its own; no checker can read that from a decorator. So it is written out, by

    python -m tests.stubs

from the ops themselves. A test compares.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from inspect import Parameter
from pathlib import Path
from typing import Any

from autograd import ops

PATH = Path(ops.__file__).with_suffix(".pyi")

HEAD = '''"""The signatures of all ops. Written by `python -m tests.stubs`; do not edit."""

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from autograd.engine.tensors import Tensor

_Axis = int | Sequence[int] | None
_Plain = np.ndarray | float

HELPERS: frozenset[str]
LINALG: frozenset[str]
PUBLIC: frozenset[str]
'''
TYPES = {"axis": "_Axis", "keepdims": "bool"}
WORDS = {"axis": "dim: _Axis", "keepdims": "keepdim: bool"}


def text() -> str:
    """The whole stub."""
    names = sorted({*ops.__all__, *ops.HELPERS})
    return "\n".join([HEAD, *(stub(name, getattr(ops, name)) for name in names)])


def stub(name: str, function: Callable[..., Any]) -> str:
    """The overloads of one function."""
    spec = getattr(function, "op", None)
    operands = () if spec is None else spec.operands
    parameters = list(inspect.signature(function).parameters.values())
    result = "Tensor"
    if spec is None:
        written = str(inspect.signature(function).return_annotation)
        result = written if written in ("Tensor", "np.ndarray", "list[Any]") else "Any"
    elif _gives_more(spec.body):
        result = "Any"
    first = parameters[0]
    calls = []
    if spec is not None and result == "Tensor":
        calls.append((_shown(parameters, operands, "_Plain"), "np.ndarray"))
    calls.append((_shown(parameters, operands, "Any"), result))
    if first.name != "input" and first.kind is Parameter.POSITIONAL_OR_KEYWORD:
        rest = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in parameters[1:] if not _starred(p)]
        renamed = first.replace(name="input", kind=Parameter.KEYWORD_ONLY)
        calls.append((_shown([renamed, *rest], (*operands, "input"), "Any"), result))
    if len(calls) == 1:
        return f"def {name}({calls[0][0]}) -> {calls[0][1]}: ..."
    return "\n".join(f"@overload\ndef {name}({shown}) -> {gives}: ..." for shown, gives in calls)


def _shown(parameters: list[Parameter], operands: tuple[str, ...], operand: str) -> str:
    """Parameters as written in a stub, PyTorch's words at the end."""
    names = {p.name for p in parameters}
    parts = []
    keyword_only = False
    for p in parameters:
        if p.kind is Parameter.VAR_KEYWORD:
            continue
        if p.kind is Parameter.KEYWORD_ONLY and not keyword_only:
            parts.append("*")
        keyword_only = keyword_only or p.kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_POSITIONAL)
        kind = TYPES.get(p.name, "Any")
        if p.name in operands:
            kind = operand if p.default is Parameter.empty else f"{operand} | None"
        star = "*" if p.kind is Parameter.VAR_POSITIONAL else ""
        default = "" if p.default is Parameter.empty else " = ..."
        parts.append(f"{star}{p.name}: {kind}{default}")
    words = [
        word for name, word in WORDS.items() if name in names and word.split(":")[0] not in names
    ]
    if words and not keyword_only:
        parts.append("*")
    return ", ".join(parts + [f"{word} = ..." for word in words])


def _starred(p: Parameter) -> bool:
    return p.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def _gives_more(body: Callable[..., Any]) -> bool:
    """Whether an op returns something besides its value: `out, closures, aux`."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(body)))
    function = tree.body[0]
    nested = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef) and n is not function]
    inside = {id(n) for f in nested for n in ast.walk(f)}
    returns = [n for n in ast.walk(function) if isinstance(n, ast.Return) and id(n) not in inside]
    return any(isinstance(r.value, ast.Tuple) and len(r.value.elts) == 3 for r in returns)


if __name__ == "__main__":
    PATH.write_text(text() + "\n", encoding="utf-8")
