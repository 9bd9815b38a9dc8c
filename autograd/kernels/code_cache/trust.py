"""Whether a directory or file can only have been written by the user or by root.

Machine code from the cache runs as the user. So it is read only from where nobody else can have
put it: every directory on the way and every link belongs to the user or to root, and is writable
by nobody else (or is sticky, as /tmp, where one cannot touch what belongs to others); the
directory itself and the file are writable by nobody else at all.

Access lists show in the group's bits, so they are seen. Where there are no such owners and modes
(Windows), the user's own directories are trusted as they are.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["UntrustedError", "complaint", "make_directory", "read_trusted"]

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MOST_LINKS = 40


class UntrustedError(Exception):
    """Somebody else may have written this file."""


def _owners() -> set[int]:
    return {0, os.geteuid()}


def complaint(directory: Path) -> str | None:
    """Why a directory that exists is not trusted; None if it is."""
    if not hasattr(os, "geteuid"):
        return None
    steps = _steps(os.path.join(os.getcwd(), directory))
    current, links = os.sep, 0
    problem = _problem(current, os.lstat(current), last=False)
    while steps and problem is None:
        name = steps.pop()
        if name == os.pardir:
            current = os.path.dirname(current)
            continue
        current = os.path.join(current, name)
        status = os.lstat(current)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if status.st_uid not in _owners() or links > _MOST_LINKS:
                return f"the link {current} belongs to user {status.st_uid}, or leads on and on"
            target = os.readlink(current)
            current = os.sep if os.path.isabs(target) else os.path.dirname(current)
            steps += _steps(target)
            continue
        problem = _problem(current, status, last=not steps)
    return problem


def _steps(path: str) -> list[str]:
    """The names in a path, the first one last."""
    return [name for name in reversed(path.split(os.sep)) if name not in ("", os.curdir)]


def _problem(path: str, status: os.stat_result, last: bool) -> str | None:
    if not stat.S_ISDIR(status.st_mode):
        return f"{path} is no directory"
    if status.st_uid not in _owners():
        return f"{path} belongs to user {status.st_uid}"
    if status.st_mode & _OTHERS_WRITE and (last or not status.st_mode & stat.S_ISVTX):
        return f"others may write to {path} (mode {stat.S_IMODE(status.st_mode):04o})"
    return None


def make_directory(directory: Path, mode: int) -> None:
    """Make a directory and what is missing above it, writable by nobody else."""
    missing = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    for each in reversed(missing):
        try:
            each.mkdir(mode & ~_OTHERS_WRITE)
        except FileExistsError:  # another process was first
            if not each.is_dir():
                raise


def read_trusted(path: Path) -> bytes:
    """The content of a file in a trusted directory. Raises `UntrustedError`, and OSError."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    with open(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())  # of what was opened, not of what has that name now
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedError("it is no regular file")
        if hasattr(os, "geteuid"):
            if status.st_uid not in _owners():
                raise UntrustedError(f"it belongs to user {status.st_uid}")
            if status.st_mode & _OTHERS_WRITE:
                raise UntrustedError(f"others may write to it ({stat.S_IMODE(status.st_mode):04o})")
        return file.read()
