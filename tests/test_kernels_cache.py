"""Which compiled code is taken from the disk: what its key covers, and whose files are trusted."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

import numba
from numba.extending import intrinsic, overload

from autograd.kernels import runtime
from autograd.kernels.code_cache import file_format, kernel_cache, trust
from autograd.kernels.code_cache.dependencies import digest

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners of files here")
root_only = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away"
)

# -- the key -----------------------------------------------------------------------------------

MODULES = {
    "numbers_of.py": "SCALE = 2.0\nTABLE = (1.0, 2.0)\n",
    "helpers.py": """
        import numba
        import numbers_of
        @numba.njit
        def scaled(x):
            return x * numbers_of.SCALE
        def in_words():
            return "not called by any kernel"
    """,
    "kernels_of_a_user.py": """
        import numpy as np
        from autograd.kernels.runtime import jit
        from helpers import scaled
        from numbers_of import TABLE
        SHIFT = 1.0
        def make(more):
            @jit
            def kernel(lo, hi, x, out, again=1):
                for i in range(lo, hi):
                    out[i] = scaled(x[i]) + SHIFT + more + TABLE[1]
            return kernel
    """,
    "program.py": """
        import numpy as np
        from autograd.kernels.code_cache import kernel_cache
        from kernels_of_a_user import make
        out = np.zeros(1)
        make(0.0)(0, 1, np.ones(1), out)
        print(out[0], kernel_cache._announced)
    """,
}


def test_an_edit_anywhere_is_compiled_and_nothing_else_is(tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).write_text(textwrap.dedent(text))

    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-B", str(tmp_path / "program.py")],
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
                "AUTOGRAD_CACHE_DIR": str(tmp_path / "cache"),
                "AUTOGRAD_QUIET": "1",
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def edit(name: str, old: str, new: str) -> None:
        path = tmp_path / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    assert run() == "5.0 True"
    edit("helpers.py", "not called", "never called")
    edit("kernels_of_a_user.py", "SHIFT = 1.0", "SHIFT = 1.0  # a comment")
    assert run() == "5.0 False"
    edit("numbers_of.py", "SCALE = 2.0", "SCALE = 3.0")
    edit("numbers_of.py", "(1.0, 2.0)", "(1.0, 4.0)")
    edit("kernels_of_a_user.py", "SHIFT = 1.0", "SHIFT = 2.0")
    edit("helpers.py", "SCALE\n", "SCALE + 10.0\n")
    assert run() == "19.0 True"


CONSTANT = 1
ARRAY = np.arange(3)
LIST = [1, {"a": (2, 3)}]


def plain():
    return CONSTANT, ARRAY, LIST


def nested():
    return [plain() for _ in range(2)]


def with_default(x=CONSTANT, *, y=(1, 2)):
    return x, y


@numba.njit
def compiled():
    return CONSTANT


def calls_compiled():
    return compiled()


class Settings:
    width = 4

    def __init__(self):
        self.height = 5

    def area(self):
        return self.width * self.height * CONSTANT


SETTINGS = Settings()


def uses_an_object():
    return SETTINGS.area()


def imports_inside():
    from autograd.kernels.code_cache import trust

    return trust._MOST_LINKS


def through_a_module():
    return kernel_cache.trust_limit


def overloaded():
    raise NotImplementedError


@overload(overloaded)
def _overloaded():
    return lambda: CONSTANT


def calls_overloaded():
    return overloaded()


@intrinsic
def generated(typingctx):
    def codegen(context, builder, signature, args):
        return context.get_constant(numba.types.int64, CONSTANT)

    return numba.types.int64(), codegen


def calls_generated():
    return generated()


@pytest.mark.parametrize(
    "function",
    [plain, nested, calls_compiled, uses_an_object, calls_overloaded, calls_generated],
    ids=lambda f: f.__name__,
)
def test_the_digest_follows_a_constant_wherever_it_is_used(function, monkeypatch):
    before = digest(function)
    assert digest(function) == before
    monkeypatch.setattr(sys.modules[__name__], "CONSTANT", 2)
    changed = digest(function)
    monkeypatch.setattr(sys.modules[__name__], "CONSTANT", True)  # equal to 1, and another type
    assert len({before, changed, digest(function)}) == 3
    monkeypatch.undo()
    assert digest(function) == before


def test_the_digest_follows_arrays_objects_modules_and_defaults(monkeypatch):
    def changes(function, target, name, value):
        before = digest(function)
        with monkeypatch.context() as patch:
            patch.setattr(target, name, value, raising=False)
            assert digest(function) != before
        assert digest(function) == before

    here = sys.modules[__name__]
    changes(plain, here, "ARRAY", np.arange(3.0))
    changes(plain, here, "ARRAY", np.arange(1, 4))
    changes(plain, here, "LIST", [1, {"a": (2, 4)}])
    changes(with_default, with_default, "__defaults__", (2,))
    changes(with_default, with_default, "__kwdefaults__", {"y": (1, 3)})
    changes(uses_an_object, Settings, "width", 5)
    changes(uses_an_object, SETTINGS, "height", 6)
    changes(imports_inside, trust, "_MOST_LINKS", 41)
    changes(through_a_module, kernel_cache, "trust_limit", 3)


def test_the_digest_follows_what_a_closure_holds():
    def make(inner):
        def outer():
            return inner

        return outer

    assert digest(make(1)) != digest(make(2))
    assert digest(make(-0.0)) != digest(make(0.0))
    assert digest(make(make(1))) != digest(make(make(2)))
    assert digest(make(numba.njit(make(1)))) != digest(make(numba.njit(make(2))))
    assert digest(make(numba.njit(fastmath=True)(plain))) != digest(make(numba.njit(plain)))
    own = runtime.jit(key=1)(plain), runtime.jit(key=2)(plain)
    assert digest(make(own[0])) != digest(make(own[1]))
    endless: list[object] = []
    endless.append(endless)
    assert digest(make(endless)) == digest(make(endless))


def test_a_kernel_in_a_module_that_has_moved_is_another_one():
    def kernel(x):
        return x + 1

    before = kernel_cache.KernelCache(kernel, 0).identity
    kernel.__module__ = f"package.{kernel.__module__.rpartition('.')[2]}"
    assert kernel_cache.KernelCache(kernel, 0).identity != before


def test_the_digest_is_the_same_in_every_process():
    program = """
        from autograd.kernels.conv.direct import numba_kernels as direct_kernels
        from autograd.kernels.launch import numba_pool
        from autograd.kernels.norm import numba_kernels
        from autograd.kernels.code_cache.dependencies import digest
        for module in (direct_kernels, numba_kernels):
            for name, value in sorted(vars(module).items()):
                if hasattr(value, "py_func"):
                    print(name, digest(numba_pool.make_launcher(value, "x")))
    """
    said = {
        subprocess.run(
            [sys.executable, *options, "-c", textwrap.dedent(program)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=300,
        ).stdout
        for options, seed in ((["-B"], "1"), ([], "2"))
    }
    assert len(said) == 1 and said.pop().count(b"\n") > 10


# -- the format --------------------------------------------------------------------------------


def test_what_is_kept_is_plain_data(cache, monkeypatch):
    def no_pickle(*_args, **_kwargs):
        raise AssertionError("something is unpickled")

    for make in (returns_nothing, returns_numbers, returns_an_array):
        first = make(7)
        kernel = runtime.jit(make)
        kernel(7)
        with monkeypatch.context() as patch:
            for name in ("load", "loads", "Unpickler"):
                patch.setattr(f"pickle.{name}", no_pickle)
            patch.setattr(kernel_cache, "_announce_compilation", no_pickle)
            np.testing.assert_equal(runtime.jit(make)(7), first)
    assert len([*cache.iterdir()]) == 3


FACTORS, EIGHTH = (0.1, 0.2), np.float32(0.125)


def returns_nothing(n):
    pass


def returns_numbers(n):
    return n, 0.5, (True, n > 3), 1j, FACTORS[n % 2], EIGHTH


def returns_an_array(n):
    return np.zeros((2, n), np.float32)


def returns_a_list(n):
    return [n]


def test_what_does_not_fit_the_format_is_compiled_each_time(cache):
    kernel = runtime.jit(returns_a_list)
    assert kernel(3) == [3]
    assert not [*cache.iterdir()]
    with pytest.raises(file_format.NotKeptError, match="returns"):
        file_format.to_bytes(next(iter(kernel.overloads.values())))


# -- trust -------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache directory of its own, nothing announced or warned of yet."""
    old = os.umask(0o022)
    tmp_path.chmod(0o755)
    monkeypatch.setenv("AUTOGRAD_CACHE_DIR", str(tmp_path / "shared"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / "cache"))
    monkeypatch.setenv("AUTOGRAD_QUIET", "1")
    fresh(monkeypatch)
    yield tmp_path / "shared" / "glassgrad"
    os.umask(old)


def fresh(monkeypatch) -> None:
    """As a new process begins."""
    monkeypatch.setattr(kernel_cache, "_announced", False)
    monkeypatch.setattr(kernel_cache, "_warned", False)
    monkeypatch.setattr(kernel_cache, "_chosen", {})


def add_one(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = x[i] + 1


def compiles(key: object = ()) -> bool:
    """Whether `add_one` is compiled, rather than loaded, as a new process would."""
    kernel_cache._announced = False
    x = np.arange(5.0)
    out = np.empty_like(x)
    runtime.jit(add_one, key=key)(0, 5, x, out)
    np.testing.assert_array_equal(out, x + 1)
    return kernel_cache._announced


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o000])
def test_others_can_read_but_not_write_what_is_kept(cache, umask):
    os.umask(umask)
    assert compiles()
    (file,) = cache.iterdir()
    assert mode(file) == 0o644 and mode(cache) == mode(cache.parent) == 0o755
    assert not compiles()


@posix
def test_the_users_own_directory_is_private(cache, tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRAD_CACHE_DIR")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    package = tmp_path / "package"
    package.mkdir(mode=0o775)
    package.chmod(0o775)  # a checkout that a group may write to
    monkeypatch.setattr(kernel_cache, "_PACKAGE", package)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing to say: there is another place
        assert compiles()
        assert not compiles()
    own = tmp_path / "home" / "cache" / "glassgrad"
    assert len([*own.iterdir()]) == 1 and mode(own) == mode(own.parent) == 0o700
    assert kernel_cache.cache_directory() == own


@posix
@pytest.mark.parametrize("bits", [0o777, 0o775, 0o757, 0o1777])
@pytest.mark.parametrize("which", ["directory", "above"])
def test_a_directory_that_others_may_write_to_is_left_alone(cache, monkeypatch, bits, which):
    assert compiles()
    directory = cache if which == "directory" else cache.parent
    directory.chmod(bits)
    fresh(monkeypatch)
    if which == "above" and bits == 0o1777:  # as /tmp: nobody can touch what is ours
        assert not compiles()
        return
    with pytest.warns(RuntimeWarning, match=r"others may write to .*only you and root") as caught:
        assert compiles()
        assert compiles()
    assert len(caught) == 1
    assert len([*cache.iterdir()]) == 1


@root_only
@pytest.mark.parametrize("which", ["file", "directory", "above", "link"])
def test_what_belongs_to_somebody_else_is_left_alone(cache, tmp_path, monkeypatch, which):
    assert compiles()
    (file,) = cache.iterdir()
    path = {"file": file, "directory": cache, "above": cache.parent}.get(which, tmp_path / "link")
    if which == "link":
        path.symlink_to(cache.parent)
        monkeypatch.setenv("AUTOGRAD_CACHE_DIR", str(path))
        assert not compiles()
    os.chown(path, 12345, -1, follow_symlinks=False)
    fresh(monkeypatch)
    with pytest.warns(RuntimeWarning, match="belongs to user 12345") as caught:
        assert compiles()
    assert len(caught) == 1
    assert compiles() == (which != "file")  # that one is replaced by our own


@posix
@pytest.mark.parametrize("plant", ["writable", "link", "fifo", "directory"])
def test_a_planted_file_is_not_read(cache, tmp_path, monkeypatch, plant):
    assert compiles()
    (file,) = cache.iterdir()
    elsewhere = tmp_path / "elsewhere"
    if plant == "writable":
        file.chmod(0o666)
    else:
        file.rename(elsewhere)
        {
            "link": lambda: file.symlink_to(elsewhere),
            "fifo": lambda: os.mkfifo(file),
            "directory": file.mkdir,
        }[plant]()
    fresh(monkeypatch)
    with pytest.warns(RuntimeWarning, match="compiling again"):
        assert compiles()
    if plant != "directory":
        assert not compiles()
        assert stat.S_ISREG(file.lstat().st_mode) and mode(file) == 0o644
    assert plant == "writable" or elsewhere.exists()


def test_a_shared_directory_that_cannot_be_written_is_read(cache, tmp_path, monkeypatch):
    assert compiles("known")
    can_write = kernel_cache._can_write
    monkeypatch.setattr(kernel_cache, "_can_write", lambda d: d != cache and can_write(d))
    fresh(monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not compiles("known")
        assert compiles("new")
        assert not compiles("new")
    assert len([*cache.iterdir()]) == 1
    assert len([*(tmp_path / "home" / "cache" / "glassgrad").iterdir()]) == 1
    monkeypatch.setattr(kernel_cache, "_can_write", lambda d: False)
    fresh(monkeypatch)
    with pytest.warns(RuntimeWarning, match="no writable directory") as caught:
        assert not compiles("known")
        assert compiles("newer")
    assert len(caught) == 1


@root_only
def test_what_root_compiled_serves_everybody(cache, monkeypatch):
    with tempfile.TemporaryDirectory() as name:  # that of pytest may be entered by root alone
        top = Path(name)
        top.chmod(0o755)
        monkeypatch.setenv("AUTOGRAD_CACHE_DIR", name)
        check_sharing(top)


def check_sharing(top: Path) -> None:
    assert compiles()
    program = """
        import os
        from autograd.kernels.code_cache import kernel_cache
        from tests.test_kernels_cache import compiles
        compiles("so that all is imported which others may not be able to read")
        os.setegid(12345), os.seteuid(12345)
        kernel_cache._chosen.clear()
        print(compiles(), compiles("new"), compiles("new"))
    """
    home = top / "of 12345"
    home.mkdir()
    os.chown(home, 12345, 12345)
    done = subprocess.run(
        [sys.executable, "-B", "-c", textwrap.dedent(program)],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split() == ["False", "True", "False"], done.stderr
    assert len([*(home / "cache" / "glassgrad").iterdir()]) == 1


def test_without_owners_and_modes_nothing_is_refused(cache, monkeypatch):
    monkeypatch.delattr(os, "geteuid", raising=False)
    monkeypatch.delattr(os, "O_NOFOLLOW", raising=False)
    monkeypatch.delattr(os, "O_NONBLOCK", raising=False)
    assert compiles()
    cache.chmod(0o777)
    fresh(monkeypatch)
    assert not compiles()
