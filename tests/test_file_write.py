"""file_write: what it does, and the text of each failure."""

from __future__ import annotations

import array
import hashlib
import mmap
import os
import random
import stat
from pathlib import Path

import pytest
from helpers import Outcome, fails, settle, succeeds, text_of
from surroundings import NEWLINES, TOO_LONG, digest

import mhddq

pytestmark = pytest.mark.usefixtures("here")


# ---- file_write ----


@pytest.mark.parametrize("function", [mhddq.file_write, mhddq.file_replace])
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_write_makes_a_file_as_open_does(function, mask):
    before = os.umask(mask)
    try:
        succeeds(function, "text", "made")
        with open("opened", "w") as file:
            file.write("text")
    finally:
        os.umask(before)
    assert Path("made").read_bytes() == Path("opened").read_bytes()
    assert os.stat("made").st_mode == os.stat("opened").st_mode


@pytest.mark.parametrize("text", [*NEWLINES, "x" * 300_000, "名" * 300_000, "\0"])
def test_text_is_written_as_open_does(text):
    succeeds(mhddq.file_write, text, "file")
    with open("opened", "w", encoding="utf-8") as file:
        file.write(text)
    assert Path("file").read_bytes() == Path("opened").read_bytes()


@pytest.mark.parametrize("before", [b"", b"a longer text than the new one" * 10_000])
@pytest.mark.parametrize("data", [b"", b"new", b"n" * 100_000])
def test_write_replaces_the_content_and_keeps_the_file(before, data):
    Path("file").write_bytes(before)
    os.chmod("file", 0o750)
    os.link("file", "other name")
    inode = os.stat("file").st_ino
    succeeds(mhddq.file_write, data, "file", True)
    assert Path("other name").read_bytes() == data
    assert os.stat("file").st_ino == inode
    assert stat.S_IMODE(os.stat("file").st_mode) == 0o750


@pytest.mark.usefixtures("around")
def test_write_follows_links():
    succeeds(mhddq.file_write, "new", "link")
    succeeds(mhddq.file_write, "born", "dangling")
    assert Path("file").read_text() == "new"
    assert Path("nowhere").read_text() == "born"
    assert os.path.islink("link")
    assert os.path.islink("dangling")


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name",
    [
        "directory",
        "full",
        "link-to-directory",
        "missing/x",
        "file/x",
        "loop",
        TOO_LONG,
        "",
        "new/",
        ".",
    ],
)
@pytest.mark.parametrize("data", ["text", b"bytes"])
def test_write_fails_as_open_does(name, data):
    text = fails(mhddq.file_write, data, name, isinstance(data, bytes))
    assert text == text_of(open, name, "w")


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", ["file", "new"])
def test_text_that_cannot_be_encoded_leaves_the_file_alone(name):
    text = "well so far \ud800"
    assert fails(mhddq.file_write, text, name) == text_of(text.encode)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", ["file", "new"])
def test_text_in_binary_mode_and_bytes_in_text_mode_fail(name):
    assert "str" in fails(mhddq.file_write, "text", name, True)
    for data in (b"bytes", bytearray(b"x"), memoryview(b"x")):
        assert type(data).__name__ in fails(mhddq.file_write, data, name)


def mapped() -> mmap.mmap:
    memory = mmap.mmap(-1, 4096)
    memory[:4] = b"mmap"
    return memory


BUFFERS = {
    "bytes": lambda: b"data",
    "empty": bytearray,
    "bytearray": lambda: bytearray(b"data" * 100_000),
    "memoryview": lambda: memoryview(b"data")[1:3],
    "array": lambda: array.array("i", range(1000)),
    "array-of-double": lambda: array.array("d", [1.5, 2.5]),
    "cast": lambda: memoryview(bytes(range(24))).cast("B", (2, 3, 4)),
    "mmap": mapped,
}


@pytest.mark.parametrize("kind", BUFFERS)
def test_every_bytes_like_object_is_written(kind, outcome):
    data = BUFFERS[kind]()
    expected = memoryview(data).tobytes()
    assert mhddq.file_write(outcome, data, "file", True)
    args = outcome.wait(1)[0]
    assert args["result"] is True
    assert args["params"]["data"] is data
    assert Path("file").read_bytes() == expected


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("view", [memoryview(b"abcdef")[::2], memoryview(b"abcdef")[::-1]])
def test_memory_that_is_not_contiguous_is_a_failure(view):
    assert "contiguous" in fails(mhddq.file_write, view, "file", True)


@pytest.mark.usefixtures("intact")
def test_a_released_view_is_a_failure():
    view = memoryview(b"abc")
    view.release()
    assert "released" in fails(mhddq.file_write, view, "file", True)


def resize(data: bytearray) -> bool:
    try:
        data.append(1)
    except BufferError:
        return False
    return True


def test_a_bytearray_is_lent_until_its_callback_has_returned(outcome):
    data = bytearray(b"x" * 1000)
    resizable: list[bool] = []

    def callback(args):
        resizable.append(resize(data))
        outcome(args)

    assert mhddq.file_write(callback, data, "file", True)
    settle()
    assert outcome.wait(1)[0]["result"] is True
    assert resizable == [False]
    assert resize(data)


def test_a_bytearray_cannot_be_resized_while_it_is_queued(outcome):
    """A callback keeps the queue busy, so the buffer is held meanwhile."""
    data = bytearray(b"x" * 1000)
    held, free = Outcome(), Outcome()

    def hold(args):
        held(args)
        free.wait(1)

    mhddq.file_exists(hold, "x")
    held.wait(1)
    mhddq.file_write(outcome, data, "file", True)
    resized_early = resize(data)
    free({})
    outcome.wait(1)
    settle()
    assert not resized_early
    assert resize(data)
    assert Path("file").read_bytes() == b"x" * 1000


@pytest.mark.parametrize("data", [bytearray(b"x"), memoryview(bytearray(b"x"))])
def test_a_refused_write_gives_its_buffer_back(data):
    fails(mhddq.file_write, data, "a\0b", True)
    fails(mhddq.file_write, data, "missing/x", True)
    fails(mhddq.file_write, data, "x", False)
    with pytest.raises(TypeError):
        mhddq.file_write(1, data, "x", True)
    with pytest.raises(TypeError):
        mhddq.file_write(None, data, 1, True)
    settle()
    assert resize(data) if isinstance(data, bytearray) else data.release() is None


@pytest.mark.parametrize("size", [65536, 262144, (5 << 20) + 1])
def test_large_data_is_written_whole(size):
    data = random.Random(size).randbytes(size)
    succeeds(mhddq.file_write, data, "file", True)
    assert digest("file") == hashlib.sha256(data).hexdigest()


def test_after_a_failure_the_queue_goes_on():
    fails(mhddq.file_read, "missing")
    succeeds(mhddq.file_create, "file")
    assert Path("file").exists()
