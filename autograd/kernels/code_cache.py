"""Compiled kernels on disk: one self-checking file for each kernel, signature and machine.

Numba's own cache keeps an index file beside numbered data files. A truncated file raises on every
later run, an edited helper in another file goes unnoticed, compile options are not part of the
key, and two processes that save at once can leave an index that names the wrong data. Here the
file's name is a digest of everything the machine code depends on, its contents start with their
own checksum, and it appears by an atomic rename: a reader finds the right code or none.

Where: `AUTOGRAD_CACHE_DIR`, else `NUMBA_CACHE_DIR`, else `__pycache__` beside this file, else
the user's cache directory; without a writable one, one warning, and kernels are compiled anew in
each process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FORMAT = b"glassgrad-kernel-1\n"
_PACKAGE = Path(__file__).parent
_DAY, _MONTH = 86_400.0, 30 * 86_400.0
_IMPORT = re.compile(
    r"^\s*(?:from autograd\.kernels import |(?:from|import) autograd\.kernels\.)(\w+)", re.MULTILINE
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


def _candidates() -> list[Path]:
    for name in ("AUTOGRAD_CACHE_DIR", "NUMBA_CACHE_DIR"):
        chosen = os.environ.get(name)
        if chosen:
            return [Path(chosen) / "glassgrad"]
    if sys.platform == "win32":
        user = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        user = Path.home() / "Library" / "Caches"
    else:
        user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [_PACKAGE / "__pycache__", Path(user) / "glassgrad"]


_chosen: dict[tuple[str, ...], Path | None] = {}


def cache_directory() -> Path | None:
    """The first directory that can be written, or one that can at least be read, or None."""
    candidates = _candidates()
    key = tuple(map(str, candidates))
    if key not in _chosen:
        _chosen[key] = _choose(candidates)
    return _chosen[key]


def _choose(candidates: list[Path]) -> Path | None:
    for directory in candidates:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory):
                return directory
        except OSError:
            continue
    readable = [directory for directory in candidates if directory.is_dir()]
    warn_once(
        f"no writable directory for compiled kernels (tried {', '.join(map(str, candidates))}); "
        "set AUTOGRAD_CACHE_DIR to one, else kernels are compiled anew in every process"
    )
    return readable[0] if readable else None


def source_digest(path: Path, _known: dict[Path, str] = {}) -> str:  # noqa: B006
    """Digest of a kernel module and of the modules of this package that it imports."""
    if path not in _known:
        digest, todo, seen = hashlib.sha256(), [path], {path}
        while todo:
            file = todo.pop()
            text = file.read_text(encoding="utf-8") if file.is_file() else ""
            digest.update(text.encode())
            for name in _IMPORT.findall(text):
                imported = _PACKAGE / f"{name}.py"
                if imported not in seen:
                    seen.add(imported)
                    todo.append(imported)
        _known[path] = digest.hexdigest()
    return _known[path]


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears under its name only when it is complete."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    try:
        os.replace(file.name, path)
    except OSError:
        os.unlink(file.name)
        raise


def _remove_unused(directory: Path) -> None:
    """Drop code that nobody loaded for a month, as of sources that have changed since."""
    for file in directory.glob("*.kernel"):
        if time.time() - file.stat().st_mtime > _MONTH:
            file.unlink(missing_ok=True)


def _note_use(path: Path) -> None:
    now = time.time()
    if now - path.stat().st_mtime > _DAY:
        with contextlib.suppress(OSError):
            os.utime(path, (now, now))


class KernelCache:
    """What a Numba dispatcher asks for compiled code; see the module's docstring.

    `key` is whatever the code depends on beside its source, signature and machine: compile
    options, the vector width or block sizes that a generated kernel closes over.
    """

    def __init__(self, function: Callable[..., Any], key: object) -> None:
        self._function = function
        self._key = repr(key)
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
        compiled = None
        path = self._path(signature, target_context) if self._enabled else None
        if path is not None:
            try:
                compiled = self._read(path, target_context)
            except FileNotFoundError:
                pass
            except Exception as error:  # whatever is in that file, compile again
                warn_once(f"cannot use the compiled kernel {path}, compiling again: {error!r}")
        if compiled is None:
            _announce_compilation()
        return compiled

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep newly compiled code for the next process."""
        path = self._path(signature, compiled.target_context) if self._enabled else None
        if path is None or compiled.library.has_dynamic_globals:
            return
        from numba.core.serialize import dumps

        payload = dumps(compiled._reduce())
        try:
            _write_whole(path, _FORMAT + hashlib.sha256(payload).digest() + payload)
            _remove_unused(path.parent)
        except OSError as error:
            warn_once(f"cannot keep compiled kernels in {path.parent}: {error}")

    @property
    def identity(self) -> str:
        """Names the kernel and everything its code depends on but signature and machine."""
        source = source_digest(Path(self._function.__code__.co_filename))
        return f"{self._stem()} {source} {self._key}"

    # -- files ---------------------------------------------------------------------------------

    def _stem(self) -> str:
        module = self._function.__module__.rpartition(".")[2]
        return f"{module}.{self._function.__qualname__}".replace("<locals>.", "")

    def _path(self, signature: Any, target_context: Any) -> Path | None:
        directory = cache_directory()
        if directory is None:
            return None
        import llvmlite
        import numba

        parts = (
            self.identity,
            str(signature),
            str(target_context.codegen().magic_tuple()),
            numba.__version__,
            llvmlite.__version__,
            sys.version,
        )
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
        return directory / f"{self._stem()}-{digest}.kernel"

    def _read(self, path: Path, target_context: Any) -> Any:
        from numba.core.compiler import CompileResult

        content = path.read_bytes()
        start = len(_FORMAT) + 32
        digest, payload = content[len(_FORMAT) : start], content[start:]
        if not content.startswith(_FORMAT) or hashlib.sha256(payload).digest() != digest:
            raise ValueError("the file is damaged")
        _note_use(path)
        return CompileResult._rebuild(target_context, *pickle.loads(payload))
