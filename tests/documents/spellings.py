"""The tables of `docs/spellings.md`, from the hints that the library gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from autograd.support.spellings import KEYWORDS, SPELLINGS
from tests.documents.marked import replaced
from tests.documents.names import escaped
from tests.documents.pages import ROOT

PATH = ROOT / "docs" / "spellings.md"

#: Where somebody asks -> the title of the table, and how the names are written.
TABLES = {
    "Tensor": ("Of a Tensor, and as functions", "x."),
    "autograd": ("`torch`", "torch."),
    "Module": ("Of a module", "module."),
    "nn": ("`torch.nn`", "nn."),
    "nn.functional": ("`torch.nn.functional`", "F."),
    "optim": ("`torch.optim`", "optim."),
    "optim.lr_scheduler": ("`torch.optim.lr_scheduler`", "lr_scheduler."),
    "autograd.func": ("`torch.func`", "func."),
    "nn.data": ("`torch.utils.data`", "data."),
}


def text() -> str:
    """The whole page."""
    return replaced(PATH, "spellings", "\n".join(_lines()).rstrip("\n"))


def _lines() -> Iterator[str]:
    missing = SPELLINGS.keys() - TABLES.keys()
    assert not missing, f"no title for {missing}"
    of_tensors = SPELLINGS["Tensor"]
    for where, (title, prefix) in TABLES.items():
        hints = SPELLINGS[where]
        if where == "autograd":
            hints = {n: hint for n, hint in hints.items() if of_tensors.get(n) != hint}
        yield from _table(title, prefix, hints)
    yield from _table("Arguments", "", {f"{name}=": hint for name, hint in KEYWORDS.items()})


def _table(title: str, prefix: str, hints: Mapping[str, str]) -> Iterator[str]:
    """One row for each hint, with all names that it is for."""
    names: dict[str, list[str]] = {}
    for name, hint in hints.items():
        names.setdefault(hint, []).append(f"`{prefix}{name}`")
    yield f"### {title}\n"
    yield "| PyTorch | here |"
    yield "|---|---|"
    for hint, asked in names.items():
        yield f"| {', '.join(asked)} | {_shown(hint)} |"
    yield ""


def _shown(hint: str) -> str:
    """A hint as a cell: the code that it begins with as code, the rest as text."""
    code = code_of(hint)
    if not code:
        return escaped(hint)
    rest = hint.removeprefix("write ")[len(code) :]
    return f"`{code}`{escaped(rest)}"


def code_of(hint: str) -> str:
    """What a hint says to write, as far as it is Python."""
    said = hint.removeprefix("write ")
    if said == hint:
        return ""
    if said.isidentifier():
        return said
    ends = [len(said), *(i for i in range(len(said))[::-1] if said[i] in " ,;")]
    return next((said[:end] for end in ends if _is_code(said[:end])), "")


def _is_code(text: str) -> bool:
    """Whether this is an import, an assignment or an expression, and not English that parses."""
    try:
        (statement,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    if not isinstance(statement, ast.Expr):
        return isinstance(statement, ast.Import | ast.Assign)
    value = statement.value
    english = isinstance(value, ast.Compare) and isinstance(value.ops[0], ast.In)
    return not english and not isinstance(value, ast.Name | ast.BoolOp | ast.Tuple)
