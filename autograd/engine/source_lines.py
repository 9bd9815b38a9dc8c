"""Where in the user's program something happened, noted cheaply and resolved on demand."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

_ROOT = str(Path(__file__).parents[2])
GENERATED = "<glassgrad: "
"""How the file names of code begin that was written by this library's own code."""

_OURS = (
    *(os.path.join(_ROOT, package) + os.sep for package in ("autograd", "nn", "optim")),
    GENERATED,
    "<frozen ",
)


class _IsOurs(dict[str, bool]):
    """File name -> whether it belongs to this library (remembered: it is asked at every op)."""

    def __missing__(self, filename: str) -> bool:
        ours = self[filename] = filename.startswith(_OURS)
        return ours


is_ours = _IsOurs()


class Source(NamedTuple):
    """A place in a program: code object and instruction offset."""

    code: CodeType
    offset: int

    @property
    def filename(self) -> str:
        return self.code.co_filename

    @property
    def line(self) -> int:
        lines = list(self.code.co_positions())
        return lines[self.offset // 2][0] or self.code.co_firstlineno

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}"


def user_frame(depth: int = 1) -> FrameType | None:
    """The innermost frame outside this library, searched from `depth` frames up."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None and is_ours[frame.f_code.co_filename]:
        frame = frame.f_back
    return frame


def caller(depth: int = 1) -> tuple[CodeType, int]:
    """Code and instruction offset of that frame: `Source(*caller())`.

    Where the whole stack is ours, as in `python -m nn`, that of the frame `depth` frames up.
    """
    frame = user_frame(depth + 1) or sys._getframe(depth)
    return frame.f_code, frame.f_lasti


def outermost() -> tuple[CodeType, int]:
    """The frame that everything else in this thread was called from, as `caller` returns it."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti
