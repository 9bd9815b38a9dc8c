"""Mutation testing: change one thing in a file, and see whether a test notices.

`python -m tests.long.mutants autograd/ops/conv.py optim/adam.py` tries every mutant of these files
and prints one line of JSON for each. A mutant is made in memory: a forked child imports the changed
module in the place of the file, and runs the tests that concern it.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.abc
import importlib.util
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SECONDS = 240  # a mutant that takes longer has made a loop endless: it is noticed

# Which tests are asked, the likeliest to notice first. Of an op its rows come before these.
_SHARED = ("test_higher_order", "test_engine")
CONCERNED: dict[str, tuple[str, ...]] = {
    "autograd/ops/activation": ("test_elementwise", "test_nn_functional"),
    "autograd/ops/adaptive_pool": ("test_pool",),
    "autograd/ops/class_loss": ("test_loss",),
    "autograd/ops/conv": ("test_conv", "test_unusual_geometry"),
    "autograd/ops/dropout": ("test_dropout",),
    "autograd/ops/elementwise": ("test_elementwise",),
    "autograd/ops/index": ("test_index_arrays",),
    "autograd/ops/linalg": ("test_norms",),
    "autograd/ops/loss": ("test_loss", "test_shifted_logits"),
    "autograd/ops/norm": ("test_norms",),
    "autograd/ops/piecewise": ("test_elementwise",),
    "autograd/ops/padding": ("test_unusual_geometry",),
    "autograd/ops/pool": ("test_pool", "test_unusual_geometry"),
    "autograd/ops/softmaxes": ("test_shifted_logits", "test_loss"),
    "autograd/ops/trigonometry": ("test_elementwise",),
    "autograd/ops": ("test_op_values", "test_shapes"),
    "autograd/backprop": (
        "test_engine",
        "test_delivery",
        "test_own_ops",
        "test_checkpoint",
        "test_grad_mode",
        "test_in_place",
        "test_higher_order",
        "test_func",
        "test_nesting",
        "test_stamps",
        "test_anomaly",
        "test_viz_film",
        "test_kernels_blas",
        "test_readme_habits",
    ),
    "optim": (
        "test_optim",
        "test_optim_whole",
        "test_optim_compiled",
        "test_optim_plan",
        "test_optim_state",
        "test_optim_second_order",
        "test_optim_schedules",
    ),
}


@dataclass(frozen=True)
class Mutant:
    """One changed expression or statement of a file."""

    file: str  # from the root of the repository
    number: int  # of the file's mutants, in order
    function: str
    line: int
    change: str  # "before -> after"


Rewrite = tuple[ast.AST, str, "int | None", ast.AST]  # parent, field, place in a list, new node

_OTHER_OPERATOR = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """What could stand in a node's place and would be wrong."""
    if isinstance(node, ast.BinOp):
        other = _OTHER_OPERATOR.get(type(node.op))
        if other is not None:
            yield ast.BinOp(node.left, other(), node.right)
        yield node.left
        yield node.right
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = _OTHER_OPERATOR[type(node.ops[0])]
        yield ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(_OTHER_OPERATOR[type(node.op)](), node.values)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Constant) and not isinstance(node.value, str | bytes):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, int | float):
            yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.Call) and len(_plain_arguments(node)) >= 2:
        first, second, *rest = node.args
        yield ast.Call(node.func, [second, first, *rest], node.keywords)
    if isinstance(node, ast.Call) and node.keywords:
        yield ast.Call(node.func, node.args, node.keywords[1:])


def _plain_arguments(call: ast.Call) -> list[ast.expr]:
    """The positional arguments before a starred one."""
    starred = [isinstance(argument, ast.Starred) for argument in call.args]
    return call.args[: starred.index(True)] if any(starred) else call.args


def _without(node: ast.AST) -> Iterator[ast.AST]:
    """A statement left out, or its condition turned round."""
    if isinstance(node, ast.If):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        return
    call = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if call or stored or isinstance(node, ast.AugAssign):
        yield ast.Pass()


def _rewrites(tree: ast.Module, of_closures: bool) -> Iterator[tuple[Rewrite, str, ast.AST]]:
    """Every mutation of a module: the rewrite, the function's name, the node it replaces."""
    for name, region in _regions(tree, of_closures):
        for parent in ast.walk(region):
            if isinstance(parent, ast.JoinedStr | ast.Raise | ast.arguments | ast.Slice):
                continue
            for field, value in ast.iter_fields(parent):
                if field in ("annotation", "returns", "decorator_list", "format_spec", "exc"):
                    continue
                for place, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                    if not isinstance(node, ast.AST) or isinstance(node, ast.Raise):
                        continue
                    news = [*_others(node)]
                    if not of_closures:
                        news += _without(node)
                    for new in news:
                        yield (parent, field, place, new), name, node


def _regions(tree: ast.Module, of_closures: bool) -> Iterator[tuple[str, ast.AST]]:
    """The closures of ops, or all functions, each with the name of the outermost function."""
    for outer in ast.walk(tree):
        if not isinstance(outer, ast.FunctionDef):
            continue
        if not of_closures:
            if _is_outermost(tree, outer):
                yield outer.name, outer
        elif any("op" in ast.dump(d) for d in outer.decorator_list):
            for part in ast.walk(outer):
                inner = part is not outer and isinstance(part, ast.FunctionDef)
                if isinstance(part, ast.Lambda) or inner:
                    yield outer.name, part


def _is_outermost(tree: ast.Module, function: ast.FunctionDef) -> bool:
    holders = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    return any(function in holder.body for holder in holders)


def _is_ops(file: str) -> bool:
    return file.startswith("autograd/ops/")


def mutants(file: str) -> list[Mutant]:
    """Every mutant of a file: of an op's file those of its closures, else of all functions."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found: list[Mutant] = []
    seen: set[tuple[Any, ...]] = set()
    for number, ((_, _, _, new), name, node) in enumerate(_rewrites(tree, _is_ops(file))):
        line = getattr(node, "lineno", 0)
        change = f"{_text(node)} -> {_text(new)}"
        key = line, getattr(node, "col_offset", 0), change
        if key not in seen:  # a lambda inside a nested function is found twice
            seen.add(key)
            found.append(Mutant(file, number, name, line, change))
    return found


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
    return text if len(text) <= 90 else text[:87] + "..."


def mutated(file: str, number: int) -> Any:
    """The code object of a file with its mutant of that number."""
    path = ROOT / file
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for i, ((parent, field, place, new), _, node) in enumerate(_rewrites(tree, _is_ops(file))):
        if i == number:
            ast.copy_location(new, node)
            if place is None:
                setattr(parent, field, new)
            else:
                getattr(parent, field)[place] = new
            break
    return compile(ast.fix_missing_locations(tree), str(path), "exec")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a code object."""

    def __init__(self, name: str, path: Path, code: Any):
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        exec(self.code, module.__dict__)


def notices(mutant: Mutant) -> str:
    """What notices a mutant: "rows", "tests", "time", or "" if nothing does."""
    pid = os.fork()
    if pid == 0:
        status = 3
        try:
            status = _try(mutant)
        except BaseException:
            status = 1
        finally:
            os._exit(status)
    deadline = time.monotonic() + SECONDS
    pause = 0.01
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return "time"
        time.sleep(pause)
        pause = min(0.2, pause * 1.5)
    return {0: "", 1: "rows", 2: "tests"}.get(os.waitstatus_to_exitcode(status), "crash")


def _try(mutant: Mutant) -> int:
    """In a child: 0 if every test passes, 1 if a row fails (or nothing works), 2 if a test does."""
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    name = mutant.file.removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, _Finder(name, ROOT / mutant.file, mutated(mutant.file, mutant.number)))
    if _is_ops(mutant.file):
        _rows(mutant.function)
    import pytest

    files = [f"tests/{test}.py" for test in _concerned(mutant.file)]
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-k", "not million", "--tb=no"]
    with contextlib.redirect_stdout(io.StringIO()):
        return 2 if pytest.main([*quiet, *files]) != 0 else 0


def _concerned(file: str) -> list[str]:
    """The names of the test files for a source file, that of the longest known path first."""
    known = sorted((path for path in CONCERNED if file.startswith(path)), key=len, reverse=True)
    found = [test for path in known for test in CONCERNED[path]]
    if _is_ops(file):
        found += _SHARED
    return [test for test in dict.fromkeys(found) if (ROOT / "tests" / f"{test}.py").exists()]


def _rows(function: str) -> None:
    """Every test of the op table, for the rows of one op."""
    import warnings

    from tests import test_ops

    warnings.simplefilter("error")
    checks: list[Callable[..., Any]] = [
        check
        for check in vars(test_ops).values()
        if callable(check)
        and getattr(check, "__name__", "").startswith("test_")
        and [mark.args[0] for mark in getattr(check, "pytestmark", ())] == ["row"]
    ]
    for row in test_ops.ROWS:
        if row.op == function:
            for check in checks:
                check(row)


def run(chosen: Sequence[Mutant], workers: int = 2) -> Iterator[tuple[Mutant, str]]:
    """Try each mutant in a process of its own; what noticed it."""
    import numpy  # noqa: F401 - loaded once, before the forks
    import pytest  # noqa: F401

    with ThreadPoolExecutor(workers) as pool:
        yield from zip(chosen, pool.map(notices, chosen), strict=True)


def main(files: Sequence[str], every: int = 1) -> None:
    """Print a line of JSON for every mutant of `files` (or each `every`-th of them)."""
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    chosen = [mutant for file in files for mutant in mutants(file)]
    for mutant, noticed in run(chosen[every // 2 :: every]):
        print(json.dumps({**vars(mutant), "noticed": noticed}), flush=True)


if __name__ == "__main__":
    paths = [argument for argument in sys.argv[1:] if not argument.startswith("--every=")]
    steps = [argument.partition("=")[2] for argument in sys.argv[1:] if argument not in paths]
    main(paths, int(steps[0]) if steps else 1)
