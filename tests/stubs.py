"""What type checkers and editors read of ops and of Tensor's methods, written from the ops.

`@op` makes a function of arrays and numbers into one of Tensors too, which takes PyTorch's keywords
besides its own; no checker can read that from a decorator. So it is written out, by

    python -m tests.stubs

to `autograd/ops/__init__.pyi` and `autograd/engine/array_methods.pyi`. A test compares.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from inspect import Parameter
from pathlib import Path
from types import MappingProxyType

from autograd import ops
from autograd.engine import array_methods

HEAD = '''"""{what}. Written by `python -m tests.stubs`; do not edit."""

# mypy: disable-error-code="overload-overlap"
'''

IMPORTS = {
    "collections.abc": ("Callable", "Sequence"),
    "typing": ("Any", "Literal", "overload"),
    "autograd.engine.annotations": (
        "Approximate", "Arrays", "Axis", "DType", "Data", "PadMode", "Padding", "Plain",
        "PlainArrays", "Reduction", "Shape", "Size",
    ),
    "autograd.engine.tensors": ("Tensor",),
}  # fmt: skip

#: Parameters that hold data, where an op does not say so itself.
DATA = {
    *("a", "b", "bias", "index", "input", "pos_weight", "running_mean", "running_var"),
    *("src", "target", "weight", "x", "a_min", "a_max", "min", "max"),
}

#: Types of the other parameters; those that a function annotates itself come first.
TYPES = {
    "alpha": "float",
    "approximate": "Approximate",
    "at_zero": "float",
    "axis": "Axis",
    "axis1": "int",
    "axis2": "int",
    "beta": "float",
    "ceil_mode": "bool",
    "correction": "float | None",
    "count_include_pad": "bool",
    "ddof": "float",
    "decimals": "int",
    "destination": "Size",
    "dilation": "Size",
    "divisor_override": "int | None",
    "dtype": "DType",
    "eps": "float",
    "flip": "bool",
    "generator": "np.random.Generator | None",
    "groups": "int",
    "k": "int",
    "keepdims": "bool",
    "kernel_size": "Size",
    "negative_slope": "float",
    "normalized_shape": "Size",
    "offset": "int",
    "ord": "float | str | None",
    "order": 'Literal["C", "F"]',
    "output_padding": "Size",
    "output_size": "int | Sequence[int | None] | None",
    "p": "float",
    "padding": "Size",
    "padding_idx": "int | None",
    "reduction": "Reduction",
    "repeats": "Size",
    "reps": "Size",
    "return_indices": "bool",
    "shape": "Shape",
    "shift": "Size",
    "source": "Size",
    "stride": "Size | None",
    "threshold": "float | None",
    "training": "bool",
}

#: Where a name means something else.
SPECIAL = {
    ("array_split", "indices_or_sections"): "Size",
    ("conv1d", "padding"): "Padding",
    ("conv1d", "stride"): "Size",
    ("conv2d", "padding"): "Padding",
    ("conv2d", "stride"): "Size",
    ("conv_transpose1d", "padding"): "Padding",
    ("conv_transpose2d", "padding"): "Padding",
    ("fold", "output_size"): "Size",
    ("kl_div", "reduction"): 'Reduction | Literal["batchmean"]',
    ("local_conv2d", "padding"): "Padding",
    ("pad", "mode"): "PadMode",
    ("split", "indices_or_sections"): "Size",
    ("take", "mode"): 'Literal["raise", "wrap", "clip"]',
}

#: What is returned instead of one Tensor; `Tensor` is an ndarray where only plain data came.
RESULTS = {
    "array_split": "list[Tensor]",
    "split": "list[Tensor]",
    "topk": "tuple[Tensor, np.ndarray]",
    "unstack": "tuple[Tensor, ...]",
}

#: One spelling for what holds anything, to keep the stub short.
ANY_CALL = "def {}(*args: Any, **kwargs: Any) -> Any: ..."

JOINING = {"arrays"}  # parameters that are a sequence of arrays
JOINED = {"Data": "Arrays", "Plain": "PlainArrays", "Tensor": "Sequence[Tensor] | Tensor"}
WORDS = {"axis": "dim", "keepdims": "keepdim"}  # PyTorch's


def ops_text() -> str:
    """The stub of `autograd.ops`."""
    lines = [
        "HELPERS: frozenset[str]\nLINALG: frozenset[str]\nPUBLIC: frozenset[str]",
        f"__all__ = {sorted(ops.__all__)!r}",
        *(_defined(name, calls_of(name)) for name in sorted(ops.__all__)),
        *(ANY_CALL.format(name) for name in sorted(ops.HELPERS)),
    ]
    return _whole("The signatures of all ops", lines)


def _whole(what: str, lines: Iterable[str]) -> str:
    """A stub that imports what it mentions."""
    body = "\n".join(lines)
    mentioned = set(re.findall(r"\w+", body))
    imports = ["import numpy as np"]
    for module, names in IMPORTS.items():
        wanted = [name for name in names if name in mentioned]
        imports += [f"from {module} import {', '.join(wanted)}"] if wanted else []
    if "SlogdetResult" in mentioned:
        imports.append("from autograd.ops.linalg import SlogdetResult as SlogdetResult")
    return "\n".join([HEAD.format(what=what), *imports, body])


def calls_of(name: str) -> list[tuple[str, str]]:
    """The parameters and the result of each way to call a function of `autograd.ops`.

    Ways with a Tensor come before the one with plain data: checkers take the first for what they
    know nothing of, such as the argument of a lambda.
    """
    parameters = list(inspect.signature(getattr(ops, name)).parameters.values())
    first = parameters[0]
    operands = [p for p in parameters if p.name in JOINING or _is_data(name, p)]
    needed = [p for p in operands if p.default is Parameter.empty]
    result = _fixed_result(name) or _result(name, "Tensor")
    calls = []
    if _fixed_result(name) is None:
        calls += [(_shown(name, parameters, "Data", {p.name: "Tensor"}), result) for p in needed]
        calls.append((_shown(name, parameters, "Plain"), _result(name, "np.ndarray")))
    calls.append((_shown(name, parameters, "Data"), result))
    if operands[:1] == [first] and first.name != "input" and not _starred(first):
        rest = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in parameters[1:]]
        renamed = [first.replace(name="input", kind=Parameter.KEYWORD_ONLY), *rest]
        calls.append((_shown(name, renamed, "Data"), result))
    if "return_indices" in {p.name for p in parameters}:
        shown = _shown(name, parameters, "Data", asked="return_indices")
        calls.insert(0, (shown, "tuple[Tensor, np.ndarray]"))
    return calls


def _starred(p: Parameter) -> bool:
    return p.kind is Parameter.VAR_POSITIONAL


def _fixed_result(name: str) -> str | None:
    """The result that is the same for plain data."""
    if hasattr(getattr(ops, name), "op"):
        return None
    written = str(inspect.signature(getattr(ops, name)).return_annotation)
    return written if written in ("np.ndarray", "SlogdetResult") else None


def _result(name: str, kind: str) -> str:
    return RESULTS.get(name, "Tensor").replace("Tensor", kind)


def _is_data(name: str, p: Parameter) -> bool:
    spec = getattr(getattr(ops, name), "op", None)
    return p.name in (DATA if spec is None else {*spec.operands, "input"}) or p.name == "operands"


def _type_of(name: str, p: Parameter, data: str) -> str:
    if (p.name in JOINING and not _starred(p)) or (p.name == "input" and _joins(name)):
        return {"Plain": "PlainArrays", "Data": "Arrays", "Tensor": "Sequence[Tensor] | Tensor"}[
            data
        ]
    if _is_data(name, p):
        return data if p.default is Parameter.empty else f"{data} | None"
    written = "Any" if p.annotation is Parameter.empty else str(p.annotation)
    kind = SPECIAL.get((name, p.name))
    if kind is None:
        kind = TYPES.get(p.name, "Any") if written in ("Any", "str") else written
        kind = written if kind == "Any" else kind
    optional = p.default is None and kind not in ("Any", "Axis") and "None" not in kind
    return f"{kind} | None" if optional else kind


def _joins(name: str) -> bool:
    return next(iter(inspect.signature(getattr(ops, name)).parameters)) in JOINING


def _shown(
    name: str,
    parameters: list[Parameter],
    data: str,
    special: Mapping[str, str] = MappingProxyType({}),
    asked: str = "",
) -> str:
    """Parameters as written in a stub, PyTorch's words at the end.

    Operands are of type `data`, but for `special` ones; `asked` is a switch that is on.
    """
    names = {p.name for p in parameters}
    ordinary = [p for p in parameters if p.kind is not Parameter.VAR_KEYWORD and p.name != asked]
    parts = []
    keyword_only = False
    for p in ordinary:
        if p.kind is Parameter.KEYWORD_ONLY and not keyword_only:
            parts.append("*")
        keyword_only = keyword_only or p.kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_POSITIONAL)
        star = "*" if _starred(p) else ""
        default = "" if p.default is Parameter.empty else f" = {p.default!r}"
        parts.append(f"{star}{p.name}: {_type_of(name, p, special.get(p.name, data))}{default}")
    words = [f"{WORDS[n]}: {TYPES[n]} = ..." for n in WORDS if n in names and WORDS[n] not in names]
    words += [f"{asked}: Literal[True]"] if asked else []
    if words and not keyword_only:
        parts.append("*")
    return ", ".join(parts + words)


def _defined(name: str, calls: list[tuple[str, str]]) -> str:
    """One function, or its overloads."""
    if len(calls) == 1:
        return f"def {name}({calls[0][0]}) -> {calls[0][1]}: ..."
    return "\n".join(f"@overload\ndef {name}({shown}) -> {gives}: ..." for shown, gives in calls)


# -- methods -----------------------------------------------------------------------------------


def methods_text() -> str:
    """The stub of `autograd.engine.array_methods`: what hands on to an op has its arguments."""
    source = Path(inspect.getfile(array_methods)).read_text(encoding="utf-8")
    parts = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            parts.append(
                f"class {node.name}:\n" + textwrap.indent("\n".join(_methods(node)), "    ")
            )
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            parts.append(_heading(node))
    return _whole("The methods that a Tensor shares with arrays", parts)


def _methods(owner: ast.ClassDef) -> Iterator[str]:
    for node in owner.body:
        if isinstance(node, ast.FunctionDef):
            passes_on = node.args.vararg is not None and node.args.vararg.arg == "args"
            known = passes_on and node.name in ops.PUBLIC
            yield _method(node.name) if known else _heading(node)
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node)


def _method(name: str) -> str:
    """A method with the arguments that the op of its name takes after the first."""
    function = getattr(ops, name)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    shown = _shown(name, parameters, "Data")
    if name in ("max", "min"):  # which give no pair as PyTorch's do with `dim`
        shown = shown.replace("dim: Axis = ..., ", "")
    result = _fixed_result(name) or _result(name, "Tensor")
    return f"def {name}(self, {shown}) -> {result}: ..."


def _heading(node: ast.FunctionDef) -> str:
    """A function as it is written, without its body."""
    if node.args.kwarg is not None and ast.unparse(node.args.kwarg.annotation or node) == "Never":
        node.args.kwarg = None  # gathered to be refused
    node.body = [ast.Expr(ast.Constant(...))]
    return ast.unparse(node)


STUBS = {
    Path(ops.__file__).with_suffix(".pyi"): ops_text,
    Path(array_methods.__file__).with_suffix(".pyi"): methods_text,
}


if __name__ == "__main__":
    for path, text in STUBS.items():
        path.write_text(text() + "\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", *map(str, STUBS)], check=True)
