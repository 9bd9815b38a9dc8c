"""The documentation: its code runs, its pictures are what the code draws, its paths are there."""

from __future__ import annotations

import math
import re
from itertools import chain

import pytest

import autograd as ag
import nn.layers
import nn.models
import optim.lr_scheduler
from tests.documents import names, pages, spellings
from tests.documents.pages import PAGES, ROOT
from tests.test_import_rules import FLOORS

#: Everything that readers are sent to, with code that runs or without.
WRITTEN = [
    *PAGES,
    *(ROOT / f for f in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "notebooks/README.md")),
]
LISTED = names.PATH.read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
EXPLAINED = "".join(
    page.read_text(encoding="utf-8")
    for page in [*WRITTEN, *NOTEBOOKS]
    if page not in (names.PATH, spellings.PATH)
)

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
BARS = re.compile("[▁▂▃▄▅▆▇█]+")


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_the_code_of_a_page_runs_and_draws_its_pictures(page, tmp_path):
    pages.run(page, tmp_path)
    for picture in pages.pictures(page):
        if (tmp_path / picture.name).exists():
            assert_same_picture(tmp_path / picture.name, picture)


def assert_same_picture(drawn, kept):
    now, then = pages.said(drawn), pages.said(kept)
    remedy = f"{kept.name} is not what the code draws: run `make documents`"
    assert [NUMBER.sub("#", BARS.sub("", t)) for t in now] == [
        NUMBER.sub("#", BARS.sub("", t)) for t in then
    ], remedy
    for a, b in zip(now, then, strict=True):  # another BLAS rounds otherwise
        for x, y in zip(NUMBER.findall(a), NUMBER.findall(b), strict=True):
            assert math.isclose(float(x), float(y), rel_tol=0.01, abs_tol=1e-6), f"{remedy} ({a})"


def test_every_picture_that_is_shown_is_drawn_by_a_page():
    shown = set(chain.from_iterable(map(pages.pictures, WRITTEN)))
    code = "".join(block for page in PAGES for _, block in pages.blocks(page))
    assert shown
    for picture in shown:
        assert picture.exists()
        assert f'.save("{picture.name}")' in code


def test_a_picture_that_the_code_no_longer_draws_is_noticed(tmp_path):
    kept = ROOT / "docs" / "two_layer_net.svg"
    other = tmp_path / kept.name
    other.write_text(
        kept.read_text(encoding="utf-8").replace(">hidden = sigmoid<", ">hidden = tanh<"),
        encoding="utf-8",
    )
    with pytest.raises(AssertionError, match="make documents"):
        assert_same_picture(other, kept)


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [names, spellings], ids=lambda part: part.PATH.name)
def test_the_lists_are_what_the_code_says(part):
    written = part.PATH.read_text(encoding="utf-8")
    assert written == part.text(), "not up to date: run `make documents`"


@pytest.mark.parametrize(("prefix", "module"), names.MODULES.items())
def test_every_public_name_is_in_the_documentation(prefix, module):
    code = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", LISTED))))
    missing = [prefix + name for name in module.__all__ if name not in code]
    assert not missing


@pytest.mark.parametrize(("prefix", "module"), names.MODULES.items())
def test_what_is_no_op_layer_or_error_is_explained_on_a_page(prefix, module):
    """In words or in an example, not only in a list."""
    listed = {*ag.ops.__all__, *nn.layers.__all__, *ag.errors.__all__, *ag.creation.__all__}
    listed |= {*nn.init.__all__, *nn.models.__all__, *optim.lr_scheduler.__all__}
    listed |= {*nn.functional.__all__}
    words = set(re.findall(r"\w+", EXPLAINED))
    missing = [prefix + name for name in module.__all__ if name not in listed | words]
    assert not missing, "say on a page of the documentation what it is for"


# -- paths -----------------------------------------------------------------------------------------

LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)")
PATH = re.compile(r"`((?:autograd|nn|optim|tests|docs|bench|notebooks)/[\w./-]*)`")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@pytest.mark.parametrize("page", WRITTEN, ids=pages.name)
def test_what_a_page_points_to_is_there(page):
    text = pages.prose(page)
    missing = [path for path in PATH.findall(text) if not (ROOT / path).exists()]
    for path, heading in LINK.findall(text):
        target = page.parent / path if path else page
        if not target.exists() or (heading and heading not in anchors(target)):
            missing.append(f"{path}#{heading}")
    assert not missing, f"{pages.name(page)} names what is not there: {missing}"


def test_the_rooms_on_the_page_are_those_that_the_layers_are_tested_by():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", page.partition("## A training step")[0], re.MULTILINE)
    rooms = [re.findall(r"`([\w/]+?)(?:/__init__)?(?:\.py|/)`", row) for row in rows]
    assert rooms == [[room.replace(".", "/") for room in floor] for floor in FLOORS]


def test_every_notebook_is_in_their_list():
    listed = set(LINK.findall((ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")))
    assert listed == {(path.name, "") for path in (ROOT / "notebooks").glob("*.ipynb")}


def anchors(page):
    """The names of a page's headings in links."""
    headings = HEADING.findall(pages.prose(page))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
