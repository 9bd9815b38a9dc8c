"""Writing files: whole or not at all, and only where a file is meant.

Everything that the library writes goes through `write_whole`: weights, checkpoints, histories,
pages, pictures, compiled kernels. The content goes into a new file beside the old one, which takes
its place by one rename when it is complete. So whoever reads sees the old file or the new one, and
a failure, an interrupt or a kill leaves the old one as it was.

What stands at the path decides:

- nothing: a new file, with the mode that the umask gives;
- a regular file: it is replaced, and its mode, owner and group are kept as far as the system lets
  us. Other hard links to it keep the old content, and so do access lists and extended attributes;
- a file that is read-only (no write bit for anybody, or none for us) is refused, for root too;
- a link: it stays, and what it points to is replaced or made;
- a character device or a FIFO that somebody reads (`/dev/null`, `/dev/stdout`): written to as it
  is. Directories, sockets, block devices and FIFOs without a reader are refused.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autograd.errors import DTypeError, FileKindError, ReadOnlyFileError

__all__ = ["StrPath", "write_page", "write_whole"]

StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def write_whole(path: StrPath, *content: Any, durable: bool = False, mode: int = 0o666) -> None:
    """Put `content`, bytes or other buffers one after the other, at `path`, or leave what is there.

    `durable` waits until it is on the disk, for what must survive a power cut; `mode` is that of a
    new file, from which the umask takes.

    Raises `FileKindError` and `ReadOnlyFileError` for what is no file to be replaced (see above),
    `OSError` with this path for what the system refuses, such as a full disk.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> write_whole(path, b"kept")
    >>> path.read_bytes(), [file.name for file in path.parent.iterdir()]
    (b'kept', ['note.txt'])
    """
    name = name_of(path)
    old = _existing(name)
    target = os.path.realpath(name)
    if old is None:
        _replace(name, target, content, None, durable, mode)
    elif not stat.S_ISREG(old.st_mode) or not _is(target, old):
        _write_into(name, content, old)
    else:
        _refuse_read_only(name, old)
        _replace(name, target, content, old, durable, mode)


def name_of(path: StrPath, where: str = "save") -> str:
    """The path as a str; `where` is who was given it."""
    try:
        name = os.fsdecode(path)
    except TypeError:
        raise DTypeError(
            f"{where}: path must be a str or Path, got {type(path).__name__}: {path!r:.80}"
        ) from None
    if not name or "\0" in name:
        raise FileKindError(errno.EINVAL, "an empty name, or one with a NUL, is no file", name)
    return name


def _existing(name: str) -> os.stat_result | None:
    """What the name stands for, links followed."""
    try:
        old = os.stat(name)
    except FileNotFoundError:
        # a name that ends like that of a directory, "a/", is none for a file that is to be made
        if name.endswith(os.sep):
            raise FileKindError(
                errno.EISDIR, "the name of a directory, not of a file", name
            ) from None
        return None
    if stat.S_ISDIR(old.st_mode):
        raise FileKindError(errno.EISDIR, "there is a directory; give the name of a file", name)
    return old


def _is(target: str, old: os.stat_result) -> bool:
    """Whether renaming to `target` replaces `old`; not so for /dev/stdout and its like."""
    try:
        return os.path.samestat(os.stat(target), old)
    except OSError:
        return False


def _refuse_read_only(name: str, old: os.stat_result) -> None:
    # A rename would replace it nevertheless, and root may write anything: so its mode is asked.
    effective = os.access in os.supports_effective_ids
    if not old.st_mode & 0o222 or not os.access(name, os.W_OK, effective_ids=effective):
        raise ReadOnlyFileError(
            errno.EACCES,
            f"the file is read-only (mode {stat.S_IMODE(old.st_mode):04o}); chmod u+w it, or give "
            "another name",
            name,
        )


def _write_into(name: str, content: Iterable[Any], old: os.stat_result) -> None:
    """Write to a device, a FIFO or an open file, in place."""
    if not (stat.S_ISCHR(old.st_mode) or stat.S_ISFIFO(old.st_mode) or stat.S_ISREG(old.st_mode)):
        raise FileKindError(errno.EINVAL, "there is a socket or a block device, no file", name)
    flags = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        descriptor = os.open(name, flags)  # it would wait for a reader that may never come
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise FileKindError(errno.ENXIO, "there is a FIFO that nobody reads", name) from None
    with open(descriptor, "wb") as file:
        os.set_blocking(descriptor, True)
        file.writelines(content)


def _replace(
    name: str,
    target: str,
    content: Iterable[Any],
    old: os.stat_result | None,
    durable: bool,
    mode: int,
) -> None:
    directory = os.path.dirname(target)
    # Of its own name, short: the longest name that a file may have must stay possible.
    temporary = os.path.join(directory, f".{os.urandom(8).hex()}.part")
    # Never wider than the old one, not even while it is written.
    first_mode = mode if old is None else stat.S_IMODE(old.st_mode) & 0o600

    def opener(path: str, flags: int) -> int:
        return os.open(path, flags, first_mode)

    try:
        with open(temporary, "xb", opener=opener) as file:
            file.writelines(content)
            if old is not None:
                _take_over(file.fileno(), old)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, PermissionError):
            why = "the directory may not be written to, and a file is replaced as a whole"
            raise ReadOnlyFileError(errno.EACCES, why, name) from None
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, name) from None  # not the temporary's name
        raise
    if durable and hasattr(os, "O_DIRECTORY"):  # the new name, too, must survive a power cut
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _take_over(descriptor: int, old: os.stat_result) -> None:
    """Owner, group and mode of the old file."""
    if not hasattr(os, "fchown"):  # Windows
        return
    mode = stat.S_IMODE(old.st_mode)
    now = os.fstat(descriptor)
    if now.st_uid != old.st_uid:
        try:
            os.fchown(descriptor, old.st_uid, -1)
        except OSError:  # only root may: the file is ours from now on
            mode &= ~(stat.S_ISUID | stat.S_ISGID)
    if now.st_gid != old.st_gid:
        try:
            os.fchown(descriptor, -1, old.st_gid)
        except OSError:  # another group must not read what this one could
            mode &= ~(stat.S_ISUID | stat.S_ISGID | stat.S_IRWXG)
    os.fchmod(descriptor, mode)


def write_page(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a picture, a page or a trace, making its directory; its path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.encode() if isinstance(content, str) else content)
    return path
