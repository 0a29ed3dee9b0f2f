"""file_replace: a whole new version of a file, or the old one.

That each of its system calls fails once, and that it is stopped at each of its steps, is tested in
csrc/test/fs/posix/.
"""

from __future__ import annotations

import concurrent.futures
import errno
import gc
import os
import random
import stat
import threading
import warnings
from pathlib import Path

import pytest
from helpers import DEADLINE, Outcome, fails, run_script, settle, succeeds
from hypothesis import given, settings
from hypothesis import strategies as st
from surroundings import NEWLINES, TOO_LONG

import mhddq

pytestmark = pytest.mark.usefixtures("here")

posix = pytest.mark.posix("modes, links and loop devices")


# ---- what is there afterwards ----


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("before", [None, b"", b"a longer text than the new one" * 10_000])
@pytest.mark.parametrize("data", [b"", b"new", b"n" * 100_000])
def test_a_whole_new_version(before, data, durable):
    if before is not None:
        Path("file").write_bytes(before)
    succeeds(mhddq.file_replace, data, "file", True, durable=durable)
    assert Path("file").read_bytes() == data
    assert os.listdir() == ["file"]


@pytest.mark.parametrize("text", [*NEWLINES, "x" * 300_000, "名" * 300_000])
def test_text_is_written_as_file_write_does(text):
    succeeds(mhddq.file_replace, text, "replaced")
    succeeds(mhddq.file_write, text, "written")
    assert Path("replaced").read_bytes() == Path("written").read_bytes()


@posix
@pytest.mark.parametrize("mode", [0o644, 0o444, 0o600, 0o640, 0o777, 0o200])
def test_the_mode_is_taken_over(mode):
    Path("file").write_text("old")
    os.chmod("file", mode)
    os.utime("file", (1, 1))
    succeeds(mhddq.file_replace, "new", "file")
    assert stat.S_IMODE(os.stat("file").st_mode) == mode
    assert os.stat("file").st_mtime > 1
    os.chmod("file", 0o600)
    assert Path("file").read_text() == "new"


@posix
def test_hard_links_keep_the_old_version_and_links_are_followed():
    Path("d").mkdir()
    Path("d/file").write_text("old")
    os.link("d/file", "other name")
    os.symlink("d/link", "to link")
    os.symlink("file", "d/link")
    succeeds(mhddq.file_replace, "new", "to link")
    assert Path("other name").read_text() == "old"
    assert Path("d/file").read_text() == "new"
    assert os.readlink("to link") == "d/link"
    assert os.readlink("d/link") == "file"
    assert sorted(os.listdir("d")) == ["file", "link"]


# ---- failures ----


@posix
@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("directory", errno.EISDIR),
        ("new/", errno.EISDIR),
        ("file/", errno.EISDIR),
        ("link/", errno.EISDIR),
        ("no/file", errno.ENOENT),
        ("file/file", errno.ENOTDIR),
        ("", errno.ENOENT),
        ("loop", errno.ELOOP),
        (TOO_LONG, errno.ENAMETOOLONG),
    ],
)
def test_a_failure_has_the_text_of_open(path, number):
    Path("directory").mkdir()
    Path("file").write_text("old")
    os.symlink("loop", "loop")
    os.symlink("file", "link")
    with pytest.raises(OSError) as raised:  # noqa: PT011 - its text is compared
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    assert raised.value.errno == number
    before = sorted(os.listdir())
    assert fails(mhddq.file_replace, "new", path) == str(raised.value)
    assert sorted(os.listdir()) == before
    assert Path("file").read_text() == "old"


@posix
@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_only_a_regular_file_is_replaced(kind):
    path = "/dev/null"
    if kind == "fifo":
        path = "fifo"
        os.mkfifo(path)
    text = f"[Errno {errno.EINVAL}] Not a regular file: {path!r}"
    assert fails(mhddq.file_replace, "new", path) == text


def test_wrong_data_leaves_the_old_version():
    Path("file").write_text("old")
    text = fails(mhddq.file_replace, b"bytes", "file")
    assert text == "text mode needs str data, not 'bytes'"
    assert Path("file").read_text() == "old"
    with pytest.raises(TypeError):
        mhddq.file_replace(None, "new", "file", durable=None)


def test_a_buffer_is_lent_until_the_callback_has_returned():
    data = bytearray(b"text")
    succeeds(mhddq.file_replace, data, "file", True)
    settle()
    data.clear()
    assert Path("file").read_bytes() == b"text"


# ---- beside others ----


def test_two_in_a_row():
    Path("file").write_text("old")
    outcome = Outcome()
    for number in range(2):
        mhddq.file_replace(outcome, f"new {number}", "file")
    assert [args["result"] for args in outcome.wait(2)] == [True, True]
    assert Path("file").read_text() == "new 1"
    assert os.listdir() == ["file"]


@posix  # where open() does not forbid a replacement
def test_a_reader_meanwhile_sees_a_complete_version():
    sizes = [1, 70_000, 300_000]
    Path("file").write_bytes(b"\0" * sizes[0])
    seen: list[bytes] = []
    ended = threading.Event()

    def read():
        while not ended.is_set():
            seen.append(Path("file").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 100):
        succeeds(
            mhddq.file_replace, bytes([number]) * sizes[number % 3], "file", True, durable=False
        )
    ended.set()
    reader.join(DEADLINE)
    assert all(data == bytes([data[0]]) * sizes[data[0] % 3] for data in seen)
    assert len(seen) > 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=300), st.booleans())))
def test_it_is_as_a_dict(steps):
    wanted: dict[str, bytes] = {}
    for name in "abc":
        Path(name).unlink(missing_ok=True)
    for name, data, durable in steps:
        succeeds(mhddq.file_replace, data, name, True, durable=durable)
        wanted[name] = data
    assert {name: Path(name).read_bytes() for name in os.listdir()} == wanted


def test_one_that_is_cancelled_leaves_the_old_version():
    Path("file").write_text("old")
    control = mhddq.Control()
    with mhddq.Queue() as queue:
        queue.pause()
        future = queue.futures.file_replace("new", "file", control=control)
        control.cancel()
        queue.resume()
        assert future.cancelled()
    assert Path("file").read_text() == "old"
    assert os.listdir() == ["file"]


# ---- atomic files ----


def test_a_cancelled_write_is_not_committed():
    Path("file").write_text("old")
    control = mhddq.Control()
    with mhddq.Queue() as queue:
        file = queue.futures.file_open("file", "w", atomic=True).result()
        queue.pause()
        queue.futures.file_write("new", file, control=control)
        closing = queue.futures.file_close(file)
        control.cancel()
        queue.resume()
        with pytest.raises(concurrent.futures.CancelledError):
            closing.result()
    assert Path("file").read_text() == "old"
    assert os.listdir() == ["file"]


def test_a_list_that_stops_discards():
    Path("file").write_text("old")
    file = opened()
    outcome = Outcome()
    todo = mhddq.Oplist(on_error="stop")
    todo.file_write(outcome, "new", file)
    todo.file_read(outcome, "no such file")
    todo.file_close(outcome, file)
    mhddq.enqueue_oplist(todo)
    assert [args["result"] for args in outcome.wait(3)] == [True, False, False]
    assert file.closed
    assert Path("file").read_text() == "old"
    assert os.listdir() == ["file"]


def opened(mode="w", filename="file"):
    return succeeds(mhddq.file_open, filename, mode, atomic=True)["file"]


@pytest.mark.parametrize("mode", ["w", "wb", "w+", "x"])
def test_an_atomic_file_is_there_once_it_is_closed(mode):
    if mode != "x":
        Path("file").write_text("old")
    file = opened(mode)
    for number in range(3):
        succeeds(mhddq.file_write, f"{number}", file, offset=number)
    assert (Path("file").read_text() == "old") if mode != "x" else not Path("file").exists()
    succeeds(mhddq.file_close, file)
    succeeds(mhddq.file_close, file)
    assert Path("file").read_text() == "012"
    assert os.listdir() == ["file"]


def test_a_read_that_fails_does_not_spoil_an_atomic_file():
    file = opened("w")  # which cannot be read
    succeeds(mhddq.file_write, "new", file)
    assert fails(mhddq.file_read_into, bytearray(3), file).error.errno == errno.EBADF
    assert fails(mhddq.file_read, file).error.errno == errno.EBADF
    succeeds(mhddq.file_close, file)
    assert Path("file").read_text() == "new"


def test_an_atomic_file_that_is_new_does_not_replace():
    file = opened("x")
    Path("file").write_text("first")
    assert fails(mhddq.file_close, file).error.errno == errno.EEXIST
    assert Path("file").read_text() == "first"
    assert os.listdir() == ["file"]
    assert fails(mhddq.file_open, "file", "x", atomic=True).error.errno == errno.EEXIST


@pytest.mark.parametrize("mode", ["r", "r+", "a", "a+"])
def test_only_what_is_written_anew_is_atomic(mode):
    Path("file").write_text("old")
    text = fails(mhddq.file_open, "file", mode, atomic=True)
    assert str(text) == "atomic=True needs mode 'w' or 'x'"


@pytest.mark.parametrize("how", ["discarded", "collected"])
def test_of_what_is_not_committed_nothing_stays(how):
    Path("file").write_text("old")
    file = opened()
    succeeds(mhddq.file_write, "new", file)
    if how == "discarded":
        succeeds(mhddq.file_close, file, discard=True)
    else:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            del file
            gc.collect()
        assert [warning.category for warning in seen] == [ResourceWarning]
    assert Path("file").read_text() == "old"
    assert os.listdir() == ["file"]


@posix
def test_a_failed_write_is_not_committed(tmp_path):
    from disks import fill, small_memory  # noqa: PLC0415 - not on Windows

    with small_memory(tmp_path / "small", 1) as small:
        (small / "file").write_text("old")
        fill(small, leave=8192)
        file = opened(filename=small / "file")
        succeeds(mhddq.file_write, "n", file)
        assert fails(mhddq.file_write, b"n" * 100_000, file, True).error.errno == errno.ENOSPC
        succeeds(mhddq.file_write, "n", file, offset=0)
        assert fails(mhddq.file_close, file).error.errno == errno.ENOSPC
        assert file.closed
        assert (small / "file").read_text() == "old"
        assert sorted(os.listdir(small)) == ["ballast", "file"]


LEFT_OPEN = """
import os, sys, mhddq, queue
opened = queue.SimpleQueue()
mhddq.file_open(opened.put, "file", "w", atomic=True)
file = opened.get()["output"]["file"]
mhddq.file_write(None, "lost", file)
sys.modules["kept"] = file
"""

CHILD = (
    LEFT_OPEN
    + """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)   # fork, where there are threads
if os.fork() == 0:
    mhddq.file_close(opened.put, file)
    assert opened.get()["result"] is True
    os._exit(0)
os.wait()
assert open("file").read() == "old", "the child has committed"
mhddq.file_write(None, "new", file)
mhddq.file_close(None, file)
"""
)


@pytest.mark.parametrize(
    ("program", "left"),
    [(LEFT_OPEN, "old"), pytest.param(CHILD, "new", marks=pytest.mark.posix("fork"))],
)
def test_at_the_end_and_in_a_child(tmp_path, program, left):
    (tmp_path / "file").write_text("old")
    ended = run_script(program, cwd=tmp_path)
    assert ended.stderr == ""
    assert (tmp_path / "file").read_text() == left
    assert os.listdir(tmp_path) == ["file"]


# ---- disks ----


@posix
def test_a_full_disk_keeps_the_old_version(tmp_path):
    from disks import fill, small_memory  # noqa: PLC0415 - not on Windows

    with small_memory(tmp_path / "small", 1) as small:
        (small / "file").write_text("old")
        fill(small, leave=8192)
        for durable in (True, False):
            text = fails(mhddq.file_replace, "n" * 100_000, small / "file", durable=durable)
            assert text.error.errno == errno.ENOSPC
            assert (small / "file").read_text() == "old"
            assert sorted(os.listdir(small)) == ["ballast", "file"]
        succeeds(mhddq.file_replace, "new", small / "file")
        assert (small / "file").read_text() == "new"


def version(number: int) -> bytes:
    """The contents of a version, by which a test can see whether a file has all of it."""
    size = random.Random(number).randrange(1, 200_000)
    return number.to_bytes(4, "little") + bytes([number % 251]) * size


def check_version(top: Path, first: int, last: int) -> int:
    """Returns which version the file has. The temporary of a version that was being written may be
    there."""
    found = (top / "file").read_bytes()
    number = int.from_bytes(found[:4], "little")
    assert found == version(number)
    assert first <= number <= last
    leftovers = [name for name in os.listdir(top) if name.startswith(".mhddq-")]
    assert len(leftovers) <= 1
    for name in leftovers:
        (top / name).unlink()
    return number


@posix
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_what_was_called_back_outlives_a_disk_that_is_cut_off(tmp_path, kind):
    """The disk is cut off while one version after the other is written."""
    from disks import disk  # noqa: PLC0415 - not on Windows

    with disk(tmp_path, kind) as where:
        succeeds(mhddq.file_replace, version(0), where.top / "file", True)
        reached = 0
        for turn in range(8):
            outcome = Outcome()
            first = reached + 1
            for number in range(first, first + 40):
                mhddq.file_replace(outcome, version(number), where.top / "file", True)
            outcome.wait(random.Random(turn).randrange(1, 12))
            where.cut_off()
            results = [args["result"] for args in outcome.wait(40)]
            done = results.index(False) if False in results else 40
            assert not any(results[done:])
            where.mount_again()
            reached = check_version(where.top, first + done - 1, first + 39)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs"])
def test_what_was_called_back_is_on_the_disk(tmp_path, kind):
    """No later write can have brought the version to the disk."""
    from disks import disk  # noqa: PLC0415 - not on Windows

    with disk(tmp_path, kind) as where:
        for number in range(6):
            succeeds(mhddq.file_replace, version(number), where.top / "file", True)
            with where.power_loss():
                succeeds(mhddq.file_replace, b"lost", where.top / "file", True)
            assert check_version(where.top, number, number) == number
