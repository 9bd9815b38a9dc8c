"""The code on a page of the documentation, run from top to bottom as one program.

A block that has prompts is checked like a docstring, any other Python block is run; both see what
came before them on their page. A picture that a page shows is the one that its code saves.
"""

from __future__ import annotations

import contextlib
import doctest
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

_BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^):]+\.svg)\)")


def name(page: Path) -> str:
    """What a page is called: its path in the project."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[tuple[int, str]]:
    """The Python blocks of a page: the number of the line above each, and its text."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield line, re.sub(f"^{found[1]}", "", found[2], flags=re.MULTILINE)


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^( *)```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def run(page: Path, directory: Path) -> int:
    """Run the page's code in `directory`; how many examples and blocks there were.

    Raises `AssertionError` where an example gives something else than the page says.
    """
    scope: dict[str, Any] = {"__name__": "__main__"}
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=FLAGS)
    program, count = "", 0
    with contextlib.chdir(directory):
        for line, block in blocks(page):
            if block.startswith(">>>"):
                examples = parser.get_examples(block)
                where = f"{name(page)}:{line}"
                test = doctest.DocTest(examples, scope, where, str(page), line, block)
                test.globs = scope  # it has taken a copy
                runner.run(test, clear_globs=False)
                count += len(examples)
            else:
                _run_plain(block, f"{page.stem}.py", program, scope)
                program, count = program + block, count + 1
    failed = runner.summarize(verbose=False).failed
    assert not failed, f"{failed} examples of {name(page)} failed"
    return count


def _run_plain(block: str, file: str, before: str, scope: dict[str, Any]) -> None:
    """Run a block as the next lines of a file, whose lines pictures and errors can quote."""
    lines = (before + block).splitlines(keepends=True)
    linecache.cache[file] = (sum(map(len, lines)), None, lines, file)
    exec(compile("\n" * before.count("\n") + block, file, "exec"), scope)


def pictures(page: Path) -> list[Path]:
    """The pictures that a page shows."""
    found = _PICTURE.findall(page.read_text(encoding="utf-8"))
    return [(page.parent / path).resolve() for path in found]


def said(picture: Path) -> list[str]:
    """All texts of a picture: titles, rows, arrows and tooltips, whatever Graphviz drew it."""
    texts = []
    for element in ElementTree.parse(picture).iter():
        texts += [text for key, text in element.attrib.items() if key.endswith("}title")]
        if element.tag.endswith(("}text", "}title")):
            texts.append(element.text or "")
    return sorted(" ".join(text.split()) for text in texts)
