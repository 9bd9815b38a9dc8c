"""What type checkers say of users' programs: every mistake is found, and nothing else.

`typed/mistakes.py` has a mistake in each line that ends in `# wrong: ...`; `typed/programs.py` and
the examples of the README have none. mypy reads them all in one run, with its own settings and not
this project's; so does pyright, where it is installed.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TYPED = Path(__file__).parent / "typed"
#: A page is several programs, which give other meanings to the same names.
PAGE = '# mypy: disable-error-code="assignment"\n'

Errors = dict[str, dict[int, str]]  # by the name of the file and the line


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Path:
    """A folder with what is to be read."""
    folder = tmp_path_factory.mktemp("programs")
    for path in TYPED.glob("*.py"):
        shutil.copy(path, folder)
    examples = doctest.DocTestParser().get_examples((ROOT / "README.md").read_text("utf-8"))
    (folder / "readme.py").write_text(PAGE + "".join(e.source for e in examples), "utf-8")
    return folder


def errors_of_mypy(folder: Path) -> Errors:
    pytest.importorskip("mypy")
    (folder / "mypy.ini").write_text("[mypy]\n", encoding="utf-8")
    cache = Path(tempfile.gettempdir(), f"glassgrad-mypy-{Path.home().name}")  # stays
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=mypy.ini", "--check-untyped-defs"]
        + [f"--cache-dir={cache}", "--follow-imports=silent", *sorted(map(str, sources(folder)))],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found: Errors = {}
    for name, line, message in re.findall(r"^(\S+?):(\d+): error: (.*)$", run.stdout, re.M):
        found.setdefault(Path(name).name, {})[int(line)] = message
    return found


def errors_of_pyright(folder: Path) -> Errors:
    checker = shutil.which("basedpyright") or shutil.which("pyright")
    if checker is None:
        pytest.skip("pyright is not installed")
    settings = {
        "include": sorted(map(str, sources(folder))),
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "standard",
        "reportPossiblyUnbound": False,  # after a loop, in programs written for readers
        "reportPossiblyUnboundVariable": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    run = subprocess.run(
        [checker, "--outputjson", "--pythonpath", sys.executable, "--project", str(folder)],
        capture_output=True,
        text=True,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found: Errors = {}
    for said in json.loads(run.stdout)["generalDiagnostics"]:
        if said["severity"] == "error":
            line = said["range"]["start"]["line"] + 1
            found.setdefault(Path(said["file"]).name, {})[line] = said["message"]
    return found


def sources(folder: Path) -> list[Path]:
    return list(folder.glob("*.py"))


@pytest.mark.parametrize("errors_of", [errors_of_mypy, errors_of_pyright])
def test_every_mistake_is_found_and_nothing_else(programs, errors_of):
    lines = (TYPED / "mistakes.py").read_text(encoding="utf-8").splitlines()
    wrong = {n for n, line in enumerate(lines, 1) if re.search(r"\S  # wrong: ", line)}
    assert len(wrong) > 80
    found = errors_of(programs)
    reported = found.pop("mistakes.py")
    assert found == {}
    assert {n: reported[n] for n in reported.keys() - wrong} == {}
    assert [lines[n - 1] for n in sorted(wrong - reported.keys())] == []
