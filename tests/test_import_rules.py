"""Imports run down: which room may import which, and no module imports itself by a detour."""

import ast
from pathlib import Path

import pytest

import autograd

ROOT = Path(autograd.__file__).parents[1]

# From the ground up. A room may import those on lines above its own; so may the modules at the top
# of `autograd/`, which are named here too. (Rooms on one line know nothing of each other.)
FLOORS = [
    ["autograd.errors"],
    ["autograd.support"],
    ["autograd.kernels"],
    ["autograd.engine"],
    ["autograd.ops"],
    ["autograd.creation"],
    ["autograd.transforms", "autograd.interop"],
    ["autograd.func"],
    ["autograd.curvature", "autograd.viz"],
    ["autograd.words", "autograd.checks", "autograd.profiling"],
    ["autograd"],
    ["autograd.numpy"],
    ["optim"],
    ["nn"],
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
AT_THE_TOP = 12  # modules beside the rooms


def modules():
    """Every module's dotted name and its file."""
    for package in ("autograd", "nn", "optim"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())


def statements(tree):
    """The statements of a module that run, in functions too: not what is there for checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from (inner for other in node.orelse for inner in [other, *statements(other)])
        else:
            yield node
            yield from statements(node)


def imports(name):
    """The modules that a module imports, wherever in it."""
    found = set()
    for node in statements(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}: write `from autograd...`, not a relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(path if path in MODULES else node.module for path in whole)
    return {path for path in found if path in MODULES} - {name}


IMPORTS = {name: imports(name) for name in MODULES}


def room(name):
    """The room a module is in: the longest of `FLOOR` that its name begins with."""
    while name not in FLOOR:
        name = name.rpartition(".")[0]
    return name


def test_every_room_has_a_floor():
    """A new folder or module at the top of `autograd/` is to be placed in `FLOORS`."""
    top = {name for name in MODULES if name.startswith("autograd.") and name.count(".") == 1}
    assert top == {name for name in FLOOR if name.startswith("autograd.")}
    assert len([*(ROOT / "autograd").glob("*.py")]) <= AT_THE_TOP


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_down(name):
    mine = room(name)
    for other in IMPORTS[name]:
        theirs = room(other)
        below = theirs == mine or FLOOR[theirs] < FLOOR[mine]
        assert below, f"{name} imports {other}, which stands above it or beside it"


def test_no_module_imports_itself_by_a_detour():
    """A circle within a room. (Across rooms there is none, since imports run down.)"""
    known, path = set(), []

    def visit(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in known:
            return
        path.append(name)
        for other in sorted(o for o in IMPORTS[name] if room(o) == room(name)):
            visit(other)
        path.pop()
        known.add(name)

    for name in MODULES:
        visit(name)


def test_imports_for_type_checkers_are_left_out():
    tree = ast.parse("if TYPE_CHECKING:\n    import a\nelse:\n    import b\ndef f():\n    import c")
    found = [alias.name for s in statements(tree) if isinstance(s, ast.Import) for alias in s.names]
    assert found == ["b", "c"]
