"""Compiled kernels on disk: one self-checking file for each kernel, signature and machine.

Numba's own cache keeps an index file beside numbered data files. A truncated file raises on every
later run, an edited helper in another file goes unnoticed, compile options are not part of the
key, and two processes that save at once can leave an index that names the wrong data. Here the
file's name is a digest of everything the machine code depends on (`dependencies.py`), its contents
start with their own checksum and are plain data (`file_format.py`), and it appears by an atomic
rename: a reader finds the right code or none.

Where: `AUTOGRAD_CACHE_DIR`, else `NUMBA_CACHE_DIR`, else `__pycache__` beside this file; then the
user's own cache directory. Code is looked for in each that is trusted, that is, which nobody but
the user and root can have written to (`trust.py`), and kept in the first that can be written: so
what an administrator compiled into a shared directory serves everybody. A directory that was named
and is not trusted is left alone, with one warning; without any, kernels are compiled anew in each
process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from autograd.kernels.code_cache.dependencies import digest
from autograd.kernels.code_cache.trust import (
    UntrustedError,
    complaint,
    make_directory,
    read_trusted,
)
from autograd.support.files import write_whole

_PACKAGE = Path(__file__).parents[1]  # that of all kernels
_DAY, _MONTH = 86_400.0, 30 * 86_400.0

# What of the compiler's settings changes its code. (Processor and features are asked for apart.)
_SETTINGS = (
    *("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "USING_SVML"),
    *("BOUNDSCHECK", "DEBUGINFO_DEFAULT", "DEBUG_NRT", "NRT_STATS", "ENABLE_PROFILING"),
    *("LLVM_REFPRUNE_PASS", "LLVM_REFPRUNE_FLAGS", "EXTEND_VARIABLE_LIFETIMES"),
)

_warned = False
_announced = False


def warn_once(message: str) -> None:
    """One warning a process about the cache, whatever goes wrong how often."""
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(f"{message} (reported once)", RuntimeWarning, stacklevel=2)


def _announce_compilation() -> None:
    global _announced
    if not _announced and os.environ.get("AUTOGRAD_QUIET", "0") in ("", "0"):
        print(
            "glassgrad: compiling kernels for this machine, some seconds, once "
            "(AUTOGRAD_QUIET=1 hides this line)",
            file=sys.stderr,
            flush=True,
        )
    _announced = True


class _Place(NamedTuple):
    """A directory that may hold code, the mode it is made with, the variable that named it."""

    path: Path
    mode: int
    named_by: str = ""


class _Directories(NamedTuple):
    """Where code is looked for, in this order, and where it is kept."""

    readable: tuple[Path, ...] = ()
    writable: Path | None = None


def _candidates() -> list[_Place]:
    if sys.platform == "win32":
        user = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        user = Path.home() / "Library" / "Caches"
    else:
        user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    own = _Place(user / "glassgrad", 0o700)
    for name in ("AUTOGRAD_CACHE_DIR", "NUMBA_CACHE_DIR"):
        chosen = os.environ.get(name)
        if chosen:
            return [_Place(Path(chosen) / "glassgrad", 0o755, name), own]
    return [_Place(_PACKAGE / "__pycache__", 0o755), own]


_chosen: dict[tuple[_Place, ...], _Directories] = {}


def _directories() -> _Directories:
    key = tuple(_candidates())
    if key not in _chosen:
        _chosen[key] = _choose(key)
    return _chosen[key]


def cache_directory() -> Path | None:
    """Where newly compiled code is kept, or None."""
    return _directories().writable


def _choose(candidates: tuple[_Place, ...]) -> _Directories:
    readable: list[Path] = []
    refused: list[str] = []
    for place in candidates:
        try:
            make_directory(place.path, place.mode)
        except OSError as error:
            problem: str | None = str(error)
        else:
            problem = complaint(place.path)
        if problem is None:
            readable.append(place.path)
            if _can_write(place.path):
                return _Directories(tuple(readable), place.path)
            refused.append(f"{place.path} cannot be written")
        elif place.named_by:
            warn_once(
                f"compiled kernels are neither read from {place.path} ({place.named_by}) nor kept "
                f"there: {problem}. It must be a directory to which only you and root may write; "
                "kernels are compiled anew in every process"
            )
            return _Directories()
        else:
            refused.append(problem)
    warn_once(
        f"no writable directory for compiled kernels ({'; '.join(refused)}); "
        "set AUTOGRAD_CACHE_DIR to one, else new kernels are compiled anew in every process"
    )
    return _Directories(tuple(readable))


def _can_write(directory: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def _remove_unused(directory: Path) -> None:
    """Drop code that nobody loaded for a month, as of sources that have changed since."""
    for file in directory.glob("*.kernel"):
        with contextlib.suppress(OSError):  # another process may be doing the same
            if time.time() - file.stat().st_mtime > _MONTH:
                file.unlink(missing_ok=True)


def _note_use(path: Path) -> None:
    now = time.time()
    with contextlib.suppress(OSError):
        if now - path.stat().st_mtime > _DAY:
            os.utime(path, (now, now))


class KernelCache:
    """What a Numba dispatcher asks for compiled code; see the module's docstring.

    `key` is what the code depends on beside its dependencies, signature and machine.
    """

    def __init__(self, function: Callable[..., Any], key: object) -> None:
        self._function = function
        self.key = repr(key)
        self._enabled = True

    # -- Numba's interface ---------------------------------------------------------------------

    @property
    def cache_path(self) -> str | None:
        directory = cache_directory()
        return None if directory is None else str(directory)

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        directory = cache_directory()
        if directory is not None:
            for file in directory.glob(f"{self._stem()}-*.kernel"):
                file.unlink(missing_ok=True)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled code for a signature, or None, in which case Numba compiles it.

        Numba's own cache first loads all that the compiler knows (`target_context.refresh()`), and
        with it SciPy. Machine code needs only the runtime it is linked to.
        """
        from numba.core.runtime.nrt import rtsys

        rtsys.initialize(target_context)
        if self._enabled:
            directories = _directories()
            name = self._file_name(signature, target_context) if directories.readable else ""
            for directory in directories.readable:
                compiled = _load(directory / name, signature, target_context)
                if compiled is not None:
                    return compiled
        _announce_compilation()
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep newly compiled code for the next process."""
        directory = cache_directory() if self._enabled else None
        if directory is None or compiled.library.has_dynamic_globals:
            return
        from autograd.kernels.code_cache.file_format import NotKeptError, to_bytes

        try:
            content = to_bytes(compiled)
        except NotKeptError:
            return
        path = directory / self._file_name(signature, compiled.target_context)
        try:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()  # it was not to be used: nothing of it is kept, not even its owner
            write_whole(path, content, mode=0o644)  # for others to read, by whatever umask
            _remove_unused(directory)
        except OSError as error:
            warn_once(f"cannot keep compiled kernels in {directory}: {error}")

    @property
    def identity(self) -> str:
        """Names the kernel and everything its code depends on but signature and machine.

        The whole name of its module too: loading looks for the module that is written in the file.
        """
        return f"{self._function.__module__} {self._stem()} {digest(self._function)} {self.key}"

    # -- files ---------------------------------------------------------------------------------

    def _stem(self) -> str:
        module = self._function.__module__.removeprefix("autograd.kernels.")
        return f"{module}.{self._function.__qualname__}".replace("<locals>.", "")

    def _file_name(self, signature: Any, target_context: Any) -> str:
        import llvmlite
        import numba
        import numpy

        parts = (
            self.identity,
            str(signature),
            str(target_context.codegen().magic_tuple()),
            str([getattr(numba.config, name, None) for name in _SETTINGS]),
            numba.__version__,
            llvmlite.__version__,
            numpy.__version__,
            sys.version,
        )
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
        return f"{self._stem()[:200]}-{key}.kernel"


def _load(path: Path, signature: Any, target_context: Any) -> Any:
    from autograd.kernels.code_cache.file_format import from_bytes

    try:
        compiled = from_bytes(read_trusted(path), signature, target_context)
    except FileNotFoundError:
        return None
    except UntrustedError as error:
        warn_once(f"the compiled kernel {path} is not used, compiling again: {error}")
        return None
    except Exception as error:  # whatever is in that file, compile again
        warn_once(f"cannot use the compiled kernel {path}, compiling again: {error!r}")
        return None
    _note_use(path)
    return compiled
