"""Mutation testing: change one thing in a file, and see whether a test notices.

`python -m tests.long.mutants autograd/ops/conv.py optim/adam.py` tries every mutant of these files
and prints one line of JSON for each. A mutant lives in memory only: a forked child gives the loaded
functions their changed code, and asks the rows of the op table, then the tests that concern it.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import gc
import importlib
import inspect
import io
import itertools
import json
import os
import signal
import sys
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).parent / "survivors.toml"
SECONDS = 240  # a mutant that takes longer has made a loop endless: it is noticed
MEMORY = 6 << 30  # bytes that a mutant may take, if it fills a list without an end
UNCHANGED = 3  # exit status of a child in which there is no mutant
SLOW = "million or 100_000 or 1600 or third_order"  # only asked if they name the function

# Which tests are asked, the likeliest to notice first. Of an op its rows come before these.
_SHARED = ("test_higher_order",)
CONCERNED: dict[str, tuple[str, ...]] = {
    "autograd/ops/activation": ("test_elementwise", "test_nn_functional"),
    "autograd/ops/adaptive_pool": ("test_pool",),
    "autograd/ops/axes": ("test_norms",),
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
    "autograd/ops/reduce": ("test_far_norms", "test_norms"),
    "autograd/ops/softmaxes": ("test_shifted_logits", "test_loss"),
    "autograd/ops/trigonometry": ("test_elementwise",),
    "autograd/ops": ("test_op_values", "test_shapes", "test_operand_dtypes"),
    "autograd/engine/walks": ("test_engine", "test_func", "test_viz_graph"),
    "autograd/engine": (
        "test_own_ops",
        "test_joint_closures",
        "test_delivery",
        "test_engine",
        "test_grad_mode",
        "test_in_place",
        "test_stamps",
        "test_checkpoint",
        "test_kernels_blas",
        "test_anomaly",
        "test_func",
    ),
    "optim/adagrad": ("test_optim",),
    "optim/adam": ("test_optim",),
    "optim/clipping": ("test_optim_schedules",),
    "optim/compiled": ("test_optim_compiled", "test_optim_whole"),
    "optim/groups": ("test_optim", "test_optim_state"),
    "optim/lbfgs": ("test_second_order_steps", "test_optim_second_order"),
    "optim/levenberg_marquardt": ("test_second_order_steps", "test_optim_second_order"),
    "optim/line_search": ("test_line_search",),
    "optim/lr_scheduler": ("test_optim_schedules",),
    "optim/newton_cg": ("test_second_order_steps", "test_optim_second_order"),
    "optim/optimizer": ("test_optim", "test_optim_state", "test_optim_plan"),
    "optim/blocks": ("test_optim_plan", "test_optim", "test_optim_whole", "test_optim_state"),
    "optim/plan": ("test_optim_plan", "test_optim", "test_optim_whole"),
    "optim/rmsprop": ("test_optim",),
    "optim/schedules": ("test_optim_schedules",),
    "optim/settings": ("test_optim", "test_optim_schedules"),
    "optim/sgd": ("test_optim", "test_optim_state"),
    "optim/state": ("test_optim_state",),
    "optim/whole_vector": ("test_optim_second_order",),
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


_SYMMETRIC = {"maximum", "minimum"}  # functions of two arguments in any order


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
    elif isinstance(node, ast.Call) and _has_an_order(node):
        first, second, *rest = node.args
        yield ast.Call(node.func, [second, first, *rest], node.keywords)
    if isinstance(node, ast.Call) and node.keywords:
        yield ast.Call(node.func, node.args, node.keywords[1:])


def _has_an_order(call: ast.Call) -> bool:
    """Whether it matters which of a call's first two arguments comes first."""
    symmetric = isinstance(call.func, ast.Attribute) and call.func.attr in _SYMMETRIC
    different = len({ast.dump(argument) for argument in _plain_arguments(call)[:2]}) == 2
    return different and not symmetric


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


def _rewrites(tree: ast.Module, of_ops: bool) -> Iterator[tuple[Rewrite, str, ast.AST]]:
    """Every mutation of a module: the rewrite, the function's name, the node it replaces."""
    for name, region in _regions(tree, of_ops):
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
                    if not of_ops:
                        news += _without(node)
                    for new in news:
                        yield (parent, field, place, new), name, node


def _regions(tree: ast.Module, of_ops: bool) -> Iterator[tuple[str, ast.AST]]:
    """All functions, or what computes the derivatives of ops; each with the outermost's name."""
    if of_ops:
        yield from _closures(tree)
        return
    for outer in ast.walk(tree):
        if isinstance(outer, ast.FunctionDef) and _is_outermost(tree, outer):
            yield outer.name, outer


def _closures(tree: ast.Module) -> list[tuple[str, ast.AST]]:
    """The closures of ops, then the functions of the file that these call."""
    functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
    ops = {n: f for n, f in functions.items() if any("op" in ast.dump(d) for d in f.decorator_list)}
    calls = [node for op in ops.values() for node in ast.walk(op) if isinstance(node, ast.Call)]
    arguments = [argument for call in calls for argument in call.args]  # lambdas are no closures
    found: list[tuple[str, ast.AST]] = [
        (name, part)
        for name, op in ops.items()
        for part in ast.walk(op)
        if isinstance(part, ast.Lambda | ast.FunctionDef) and part not in (op, *arguments)
    ]
    seen = set(ops)
    for _, region in found:  # which grows as it is walked
        for node in ast.walk(region):
            name = node.id if isinstance(node, ast.Name) else ""
            if name in functions and name not in seen:
                seen.add(name)
                found.append((name, functions[name]))
    return found


def _is_outermost(tree: ast.Module, function: ast.FunctionDef) -> bool:
    holders = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    return any(function in holder.body for holder in holders)


def _is_ops(file: str) -> bool:
    return file.startswith("autograd/ops/")


def mutants(file: str) -> list[Mutant]:
    """Every mutant of a file: of an op's file those of its derivatives, else of all functions."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found: list[Mutant] = []
    seen: set[tuple[Any, ...]] = set()
    elsewhere = _no_code(tree)
    for number, ((_, _, _, new), name, node) in enumerate(_rewrites(tree, _is_ops(file))):
        if node in elsewhere or _is_turned_round(node, new):
            continue
        line = getattr(node, "lineno", 0)
        change = f"{_text(node)} -> {_text(new)}"
        key = line, getattr(node, "col_offset", 0), change
        if key not in seen:  # a lambda inside a nested function is found twice
            seen.add(key)
            found.append(Mutant(file, number, name, line, change))
    return found


def _is_turned_round(node: ast.AST, new: ast.AST) -> bool:
    """Whether `new` is a sum, product, minimum or maximum with its operands in the other order."""
    if not isinstance(node, ast.Call) or not isinstance(new, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", None))
    return name in ("add", "multiply", "min", "max") and new.args != node.args


def _no_code(tree: ast.Module) -> set[ast.AST]:
    """What stands in annotations and in defaults of arguments."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            found.update(ast.walk(node))
        for field in ("annotation", "returns"):
            if hint := getattr(node, field, None):
                found.update(ast.walk(hint))
    return found


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
    return text if len(text) <= 90 else text[:87] + "..."


@functools.cache
def known_survivors() -> dict[tuple[str, str, str], str]:
    """(file, function, change) -> why no test can notice it, or none does."""
    entries = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    return {(e["file"], e["function"], c): e["reason"] for e in entries for c in e["changes"]}


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


def _install(mutant: Mutant) -> bool:
    """Give the functions of a loaded module their code in its mutant; whether it differs."""
    module = importlib.import_module(mutant.file.removesuffix(".py").replace("/", "."))
    changed = False
    codes = {_place(code): code for code in _outermost(mutated(mutant.file, mutant.number))}
    for function in gc.get_objects():
        if type(function) is FunctionType and function.__globals__ is vars(module):
            old = function.__code__
            new = codes.get(_place(old), old)
            if not new.co_freevars:  # the call of `super()` may be what was left out
                new = new.replace(co_freevars=old.co_freevars)
            function.__code__ = new
            changed |= function.__code__ != old
    return changed


def _outermost(code: CodeType) -> Iterator[CodeType]:
    """The code of a module's functions and of its classes' methods."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & inspect.CO_OPTIMIZED:
                yield inner
            else:  # the body of a class
                yield from _outermost(inner)


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def notices(mutant: Mutant, rows_only: bool = False) -> str:
    """What notices a mutant: "rows", "tests", "time", "crash", or "" if nothing does.

    Of an op's known survivors only the rows are asked: no test is left to notice them.
    """
    rows_only |= (mutant.file, mutant.function, mutant.change) in known_survivors()
    found = _ask(mutant, rows_only)
    if found == "rows":
        _check_unchanged(mutant.file, mutant.function, rows_only=True)
    elif found:
        _check_unchanged(mutant.file, "", rows_only=False)
    return found


@functools.cache
def _check_unchanged(file: str, function: str, rows_only: bool) -> None:
    """Raise where the unchanged program does not pass what its mutants are asked."""
    found = _ask(Mutant(file, -1, function, 0, "nothing"), rows_only)
    if found:
        raise RuntimeError(f"without a mutant too: {found} of {file} {function}")


def _ask(mutant: Mutant, rows_only: bool) -> str:
    pid = os.fork()
    if pid == 0:
        status = UNCHANGED
        try:
            if mutant.number < 0 or _install(mutant):
                status = 1  # what is raised from here on is a row that fails
                status = _try(mutant, rows_only)
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
    code = os.waitstatus_to_exitcode(status)
    if code == UNCHANGED:
        raise RuntimeError(f"no loaded function has become this mutant: {mutant}")
    return {0: "", 1: "rows", 2: "tests"}.get(code, "crash")


def _try(mutant: Mutant, rows_only: bool) -> int:
    """In a child: 0 if every test passes, 2 if one does not; raises where a row fails."""
    import resource  # where there is a fork

    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    if _is_ops(mutant.file):
        _rows(_ops_of(mutant.function))
        if rows_only:
            return 0
    files = [f"tests/{test}.py" for test in _concerned(mutant.file)]
    wanted = f"{mutant.function or 'nothing'} or not ({SLOW})"
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-k", wanted, "--tb=no"]
    with contextlib.redirect_stdout(io.StringIO()):
        return 2 if pytest.main([*quiet, *files], plugins=[_Likely(mutant.function)]) != 0 else 0


class _Likely:
    """Tests whose name has that of the function come first."""

    def __init__(self, function: str):
        self.function = function

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.function not in item.name)


def _concerned(file: str) -> list[str]:
    """The names of the test files for a source file, that of the longest known path first."""
    known = sorted((path for path in CONCERNED if file.startswith(path)), key=len, reverse=True)
    found = [test for path in known for test in CONCERNED[path]]
    if _is_ops(file):
        found += _SHARED
    return [test for test in dict.fromkeys(found) if (ROOT / "tests" / f"{test}.py").exists()]


def _rows(ops: Set[str]) -> None:
    """The tests of the op table for the rows of some ops, near and far out."""
    from tests import test_ops, test_rows_reach

    near = [f for name, f in vars(test_ops).items() if name.startswith("test_")]
    warnings.simplefilter("error")
    for check in (*near, test_rows_reach.test_far_out, test_rows_reach.test_float32_far_out):
        for case in _cases(check):
            if "row" in case and case["row"].op in ops:
                check(**case)


def _cases(test: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """The arguments of each run of a parametrized test."""
    marks = [m for m in getattr(test, "pytestmark", ()) if m.name == "parametrize"]
    for values in itertools.product(*(mark.args[1] for mark in marks)):
        case: dict[str, Any] = {}
        for mark, value in zip(marks, values, strict=True):
            names = mark.args[0]
            case.update(
                [(names, value)] if isinstance(names, str) else zip(names, value, strict=True)
            )
        yield case


def _ops_of(function: str) -> set[str]:
    """An op; or of a helper the ops that call it, or whose helpers do."""
    from autograd.engine.op_definition import registry

    if function in registry:
        return {function}
    return {name for name, op in registry.items() if function in _names(op.body)}


def _names(function: Any) -> set[str]:
    """The names in a function, in its closures, and in the helpers of ops that it calls."""
    found: set[str] = set()
    todo = [(function.__code__, function.__globals__)]
    while todo:
        code, space = todo.pop()
        todo += [(inner, space) for inner in code.co_consts if isinstance(inner, CodeType)]
        for name in set(code.co_names) - found:
            found.add(name)
            other = space.get(name)
            if not isinstance(other, FunctionType) or hasattr(other, "op"):
                continue
            if other.__module__.startswith("autograd.ops."):
                todo.append((other.__code__, other.__globals__))
    return found


def run(
    chosen: Sequence[Mutant], workers: int = 1, rows_only: bool = False
) -> Iterator[tuple[Mutant, str]]:
    """Try each mutant in a process of its own; what noticed it."""
    for test in {"test_ops", "test_rows_reach"}.union(*(_concerned(m.file) for m in chosen)):
        importlib.import_module(f"tests.{test}")  # loaded once, before the forks
    with ThreadPoolExecutor(workers) as pool:
        tried = pool.map(functools.partial(notices, rows_only=rows_only), chosen)
        yield from zip(chosen, tried, strict=True)


def main(arguments: Sequence[str]) -> None:
    """Print a line of JSON for every mutant of the files."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.mutants", description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--every", type=int, default=1, help="try each N-th mutant only")
    parser.add_argument("--workers", type=int, default=1, help="processes at a time")
    parser.add_argument("--rows", action="store_true", help="of ops: ask the op table only")
    parser.add_argument("--results", type=Path, help="lines of runs before, not tried again")
    options = parser.parse_args(arguments)
    chosen = [mutant for file in options.files for mutant in mutants(file)]
    chosen = chosen[options.every // 2 :: options.every]
    known = _known(options.results)
    for mutant in chosen:
        if mutant in known:
            print(known[mutant])
    new = [mutant for mutant in chosen if mutant not in known]
    for mutant, noticed in run(new, options.workers, options.rows):
        line = json.dumps({**vars(mutant), "noticed": noticed})
        print(line, flush=True)
        if options.results and (noticed or not options.rows):
            with options.results.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def _known(results: Path | None) -> dict[Mutant, str]:
    """The lines of earlier runs, by their mutant."""
    if results is None or not results.exists():
        return {}
    known = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        del fields["noticed"]
        known[Mutant(**fields)] = line
    return known


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    main(sys.argv[1:])
