"""Files are written whole or not at all, and only where a file is meant."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import autograd as ag
import nn
from autograd.support import files
from autograd.support.files import write_whole

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX files")
root_only = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may"
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    old = os.umask(0o022)
    yield
    os.umask(old)


@posix
@pytest.mark.parametrize("bits", [0o600, 0o640, 0o644, 0o664, 0o755, 0o200])
def test_the_mode_of_an_existing_file_stays(tmp_path, bits, umask):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(bits)
    write_whole(path, b"new")
    assert mode(path) == bits
    path.chmod(0o600)
    assert path.read_bytes() == b"new"


@posix
def test_the_umask_gives_the_mode_of_a_new_file(tmp_path, umask):
    write_whole(tmp_path / "usual", b"")
    os.umask(0o077)
    write_whole(tmp_path / "private", b"")
    assert mode(tmp_path / "usual") == 0o644
    assert mode(tmp_path / "private") == 0o600


@posix
@pytest.mark.parametrize("bits", [0o600, 0o640, 0o644])
def test_nothing_is_wider_than_the_target_while_it_is_written(tmp_path, bits, monkeypatch, umask):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(bits)
    seen = []
    take_over = files._take_over

    def looked_at(descriptor, old):
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        take_over(descriptor, old)

    monkeypatch.setattr(files, "_take_over", looked_at)
    write_whole(path, b"new")
    assert seen == [0o600]


@posix
@pytest.mark.parametrize("bits", [0o444, 0o400, 0o000])
def test_a_read_only_file_is_refused_for_root_too(tmp_path, bits):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(bits)
    with pytest.raises(ag.ReadOnlyFileError, match="read-only.*chmod"):
        write_whole(path, b"new")
    path.chmod(0o600)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@root_only
def test_the_owner_stays(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    path.chmod(0o640)
    write_whole(path, b"new")
    status = path.stat()
    assert (status.st_uid, status.st_gid, mode(path)) == (12345, 23456, 0o640)


@posix
def test_an_owner_that_cannot_be_kept_opens_the_file_to_nobody_else(tmp_path, monkeypatch, umask):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o664)
    real = os.stat(path)
    pretended = os.stat_result((*real[:4], real.st_uid + 1, real.st_gid + 1, *real[6:]))
    stats = {str(path): pretended}
    monkeypatch.setattr(files, "_existing", lambda name: stats[name])
    monkeypatch.setattr(files, "_is", lambda target, old: True)

    def refused(*_):
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "fchown", refused)
    write_whole(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o604)


@posix
def test_links_stay_and_their_targets_are_replaced_or_made(tmp_path):
    (tmp_path / "there").mkdir()
    target, link, dangling = tmp_path / "there" / "a", tmp_path / "link", tmp_path / "dangling"
    target.write_bytes(b"old")
    link.symlink_to(Path("there") / "a")
    dangling.symlink_to(tmp_path / "there" / "b")
    write_whole(link, b"new")
    write_whole(dangling, b"made")
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert dangling.is_symlink() and (tmp_path / "there" / "b").read_bytes() == b"made"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="loop"):
        write_whole(loop, b"")
    assert loop.is_symlink()


@posix
def test_another_hard_link_keeps_the_old_content(tmp_path):
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"old")
    os.link(path, other)
    write_whole(path, b"new")
    assert (path.read_bytes(), other.read_bytes()) == (b"new", b"old")


@posix
def test_a_fifo_is_written_to_if_somebody_reads_it(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(ag.FileKindError, match="nobody reads"):
        nn.save({"v": 1}, path)
    received = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    content = bytes(300_000)  # more than a pipe holds
    while reader.is_alive():
        try:
            write_whole(path, content)
        except ag.FileKindError:
            continue  # the reader is not there yet
        reader.join()
    assert received == [content]
    assert stat.S_ISFIFO(os.stat(path).st_mode)
    assert os.listdir(tmp_path) == ["fifo"]


@posix
def test_a_device_is_written_to_and_a_socket_is_not(tmp_path, monkeypatch):
    nn.save({"v": 1}, "/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        with pytest.raises(ag.FileKindError, match="socket"):
            write_whole("socket", b"new")
        assert stat.S_ISSOCK(os.stat("socket").st_mode)


@posix
def test_standard_output_can_be_a_pipe_or_a_file(tmp_path):
    program = (
        "from autograd.support.files import write_whole; write_whole('/dev/stdout', b'content')"
    )
    piped = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert piped.stdout == b"content", piped.stderr
    with open(tmp_path / "out", "wb") as file:
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=file, check=True)
    assert (tmp_path / "out").read_bytes() == b"content"


def test_names_of_all_kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "~", " ", "ä\n'\"", "x" * 255):
        write_whole(name, name.encode())
        assert Path(name).read_bytes() == name.encode()
    write_whole(os.fsencode(tmp_path / "bytes"), b"b")
    nn.save({"v": 1}, os.fsencode(tmp_path / "weights"))
    assert nn.load(os.fsencode(tmp_path / "weights")) == {"v": 1}
    if os.name == "posix":
        write_whole(os.fsdecode(b"\xff"), b"no UTF-8")
        assert Path(os.fsdecode(b"\xff")).read_bytes() == b"no UTF-8"
    before = sorted(os.listdir())
    with pytest.raises(OSError) as too_long:
        write_whole("x" * 256, b"")
    assert too_long.value.errno == errno.ENAMETOOLONG and "x" * 256 in str(too_long.value)
    for bad, error, says in (
        ("", ag.FileKindError, "empty"),
        ("a\0b", ag.FileKindError, "NUL"),
        (".", ag.FileKindError, "directory"),
        ("new/", ag.FileKindError, "directory"),
        (3, ag.DTypeError, "int"),
        (None, ag.DTypeError, "NoneType"),
        ("absent/file", FileNotFoundError, "absent/file"),
        ("a/file", OSError, "a/file"),
    ):
        with pytest.raises(error, match=says):
            write_whole(bad, b"")
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError(errno.ENOSPC, "full")])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error, moment):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fails(*_):
        raise error

    monkeypatch.setattr(os, moment, fails)
    with pytest.raises(error if isinstance(error, type) else OSError) as raised:
        write_whole(path, b"new", durable=True)
    if isinstance(error, OSError):
        assert str(path) in str(raised.value)
    monkeypatch.undo()
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def limited(limit: str, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program of which the middle is under a limit of the system."""
    before, after = textwrap.dedent(program).split("LIMIT\n")
    text = f"import resource\n{before}resource.setrlimit(resource.{limit})\n{after}"
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@posix
def test_a_full_disk_leaves_the_old_file(tmp_path):
    program = """
        import os, sys, numpy as np, nn
        path = sys.argv[1]
        nn.save({"v": 1}, path)
        LIMIT
        try:
            nn.save({"v": np.zeros(100_000)}, path)
        except OSError as error:
            print(error.filename == path, nn.load(path), os.listdir(os.path.dirname(path)))
    """
    done = limited("RLIMIT_FSIZE, (65536, 65536)", program, tmp_path / "file")
    assert done.stdout.strip() == "True {'v': 1} ['file']", done.stderr


@posix
def test_a_kill_in_the_midst_leaves_the_old_file_or_the_new(tmp_path):
    program = """
        import sys, numpy as np, nn
        x = np.zeros(1 << 20, np.float32)
        for i in range(1000):
            x[:] = i
            nn.save({"x": x}, sys.argv[1])
            print(i, flush=True)
    """
    path = tmp_path / "file"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        for moment in range(3):
            assert len({*nn.load(path)["x"].tolist()}) == 1, moment
        process.send_signal(signal.SIGKILL)
    assert len({*nn.load(path)["x"].tolist()}) == 1


@posix
def test_pictures_and_traces_are_written_the_same_way(tmp_path, monkeypatch):
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.profile() as measured:
        loss = (x * x).sum()
    for name, write in (
        ("graph.txt", ag.draw(loss).save),
        ("graph.html", ag.draw(loss).save),
        ("film.html", ag.replay(loss).save),
        ("trace.json", measured.save),
        ("numpy.py", ag.to_numpy(loss).save),
    ):
        path = tmp_path / name
        path.write_text("old")
        path.chmod(0o600)
        write(path)
        assert mode(path) == 0o600 and path.read_text() != "old"
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                write(path)
        assert path.read_bytes() == before
    assert len(os.listdir(tmp_path)) == 5
