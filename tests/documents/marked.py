"""A part of a page between two marks, which a program writes."""

from __future__ import annotations

from pathlib import Path


def replaced(page: Path, mark: str, content: str) -> str:
    """The page's text with `content` between `<!-- mark: begin -->` and `<!-- mark: end -->`."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{content}\n{end}{after}"
