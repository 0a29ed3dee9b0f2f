"""The eight file operations: what they do, and what each failure says."""

from __future__ import annotations

import array
import ctypes
import errno
import hashlib
import mmap
import os
import random
import socket
import stat
from pathlib import Path

import pytest
from helpers import (
    Outcome,
    do,
    error_text,
    fails,
    open_text,
    settle,
    succeeds,
    text_of,
    tree_of,
)

import mhddq

pytestmark = pytest.mark.usefixtures("here")

LONGEST = "n" * 255
TOO_LONG = "n" * 256
NUL = "embedded null byte"


def exists(name) -> bool:
    return succeeds(mhddq.file_exists, name)["exists"]


def read_text(name: str) -> str:
    with open(name, encoding="utf-8") as file:
        return file.read()


@pytest.fixture
def around(here):
    """One of everything."""
    Path("file").write_text("content")
    Path("directory").mkdir()
    Path("full").mkdir()
    Path("full/file").write_text("taken")
    if os.name != "posix":  # tests of what follows are skipped: conftest.py
        return here
    Path("link").symlink_to("file")
    Path("link-to-directory").symlink_to("directory")
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    os.mkfifo("fifo")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket")
    listener.close()
    return here


@pytest.fixture
def intact(around):
    """One of everything, which must be as it was at the end of the test."""
    before = tree_of(around)
    yield around
    settle()
    assert tree_of(around) == before


NOT_THERE = ["missing", "file/below", "missing/below", "loop", "loop/below", TOO_LONG, ""]

# ---- paths ----


class PathLike:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "with space",
        "non-äscii-名前-🙂",
        pytest.param("not-utf-8-\udcff\udcfe", marks=pytest.mark.not_wine("keeps names as UTF-8")),
        pytest.param("new\nline", marks=pytest.mark.posix("names with line ends")),
        pytest.param("quote'\"", marks=pytest.mark.posix("names with quotes")),
        LONGEST,
        "x" * 100 + "/../" + "y" * 100,
    ],
)
@pytest.mark.parametrize(
    "made",
    [str, os.fsencode, Path, PathLike, lambda n: PathLike(os.fsencode(n))],
    ids=["str", "bytes", "Path", "PathLike", "PathLike-bytes"],
)
def test_every_kind_of_path_names_the_same_file(name, made):
    if "/" in name:
        Path(name.partition("/")[0]).mkdir()
    path = made(name)
    assert exists(path) is False
    succeeds(mhddq.file_write, b"data", path, True)
    assert exists(path) is True
    assert Path(name).read_bytes() == b"data"
    assert succeeds(mhddq.file_read, path, True)["data"] == b"data"
    succeeds(mhddq.file_delete, path)
    assert not os.path.lexists(name)


class NamedStr(str):
    __slots__ = ()


def test_a_subclass_of_str_is_a_path():
    name = NamedStr("file-ä")
    args = do(mhddq.file_create, name)
    assert args["result"] is True
    assert args["params"]["filename"] is name


@pytest.mark.parametrize("path", ["missing", b"missing", Path("missing"), PathLike(b"missing")])
def test_errors_name_paths_as_fspath_returns_them(path):
    assert fails(mhddq.file_read, path) == text_of(open, path)
    assert fails(mhddq.file_rename, path, "x") == text_of(os.replace, path, "x")
    assert fails(mhddq.file_rename, "x", path) == text_of(os.replace, "x", path)


def test_paths_are_relative_to_the_working_directory_of_the_moment(here):
    (here / "below").mkdir()
    os.chdir("below")
    succeeds(mhddq.file_create, "made")
    os.chdir(here)
    assert (here / "below" / "made").exists()


FAILING_WITH_VALUES = [
    (mhddq.file_create, ()),
    (mhddq.file_delete, ()),
    (mhddq.file_rename, ("other",)),
    (mhddq.file_move, ("other",)),
    (mhddq.file_copy, ("other",)),
    (mhddq.file_read, ()),
]


def put_into(function, bad, rest):
    """The bad path at each of the places that take one."""
    yield function, (bad, *rest)
    if rest:
        yield function, ("file", bad)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(("function", "rest"), FAILING_WITH_VALUES)
@pytest.mark.parametrize("bad", ["fi\0le", b"fi\0le", "\0", "ä\0"])
def test_nul_is_an_embedded_null_byte(function, rest, bad):
    for call, arguments in put_into(function, bad, rest):
        assert fails(call, *arguments) == NUL


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(("function", "rest"), FAILING_WITH_VALUES)
def test_unencodable_names_fail_with_the_codecs_text(function, rest):
    for call, arguments in put_into(function, "\ud800", rest):
        assert fails(call, *arguments) == text_of(os.fsencode, "\ud800")


@pytest.mark.usefixtures("intact")
def test_writing_to_names_that_cannot_be_fails():
    assert fails(mhddq.file_write, "x", "a\0") == NUL
    assert fails(mhddq.file_write, "x", "\ud800") == text_of(os.fsencode, "\ud800")


# ---- file_exists ----


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", ["file", "link", "fifo", "socket", "full/file", "./file"])
def test_anything_but_a_directory_exists_as_a_file(name):
    assert exists(name) is True


@pytest.mark.usefixtures("intact")
def test_a_device_exists_as_a_file():
    assert exists(os.devnull) is True


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name",
    [
        *NOT_THERE,
        "directory",
        "link-to-directory",
        "dangling",
        "file/",
        ".",
        "a\0",
        "\ud800",
        b"\0",
    ],
)
def test_what_is_not_there_or_a_directory_does_not_exist_as_a_file(name):
    assert exists(name) is False


@pytest.mark.usefixtures("intact")
def test_a_path_that_is_too_long_does_not_exist():
    assert exists("d/" * 3000) is False


# ---- file_create ----


@pytest.mark.parametrize("mask", [0o022, 0o077, 0])
def test_create_makes_an_empty_file_as_open_does(mask):
    before = os.umask(mask)
    try:
        succeeds(mhddq.file_create, "made")
        with open("opened", "x"):
            pass
    finally:
        os.umask(before)
    assert os.stat("made").st_size == 0
    assert os.stat("made").st_mode == os.stat("opened").st_mode


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name",
    [
        "./file",
        "directory",
        "link",
        "dangling",
        "fifo",
        "missing/x",
        "file/x",
        "loop/x",
        TOO_LONG,
        "",
        "loop",
        "new/",
    ],
)
def test_create_fails_as_open_does(name):
    assert fails(mhddq.file_create, name) == text_of(open, name, "x")


@pytest.mark.usefixtures("intact")
def test_the_promised_text_of_a_file_that_exists():
    assert fails(mhddq.file_create, "./file") == "[Errno 17] File exists: './file'"


# ---- file_delete ----


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize(
    "name", ["file", "fifo", "socket", "link", "dangling", "loop", "link-to-directory"]
)
def test_delete_removes_the_name_and_nothing_else(name):
    before = tree_of(".")
    succeeds(mhddq.file_delete, name)
    del before[name]
    assert tree_of(".") == before


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name",
    [n for n in NOT_THERE if n != "loop"]
    + ["directory", "directory/", "file/", "link-to-directory/", ".", "..", "full/."],
)
def test_delete_fails_as_remove_does(name):
    assert fails(mhddq.file_delete, name) == text_of(os.remove, name)


# ---- file_rename ----


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize("source", ["file", "link", "dangling", "link-to-directory", "fifo"])
@pytest.mark.parametrize("target", ["new", "full/file", "full/new", "socket"])
@pytest.mark.parametrize("function", [mhddq.file_rename, mhddq.file_move])
def test_renaming_puts_the_name_itself_elsewhere_and_replaces(function, source, target):
    moved = os.lstat(source).st_ino
    before = tree_of(".")
    succeeds(function, source, target)
    before[target] = before.pop(source)
    assert tree_of(".") == before
    assert os.lstat(target).st_ino == moved


NO_SOURCES = [name for name in NOT_THERE if name != "loop"]
NO_TARGETS = ["missing/new", "file/new", TOO_LONG, "loop/x", ""]


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", NO_SOURCES)
def test_rename_of_nothing_fails_as_replace_does(source):
    assert fails(mhddq.file_rename, source, "new") == text_of(os.replace, source, "new")
    assert fails(mhddq.file_rename, source, source) == text_of(os.replace, source, source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("function", [mhddq.file_rename, mhddq.directory_rename])
@pytest.mark.parametrize("target", ["file/x", "loop/x", "missing/x", TOO_LONG])
def test_rename_where_both_paths_are_wrong_fails_as_replace_does(function, target):
    assert fails(function, "missing", target) == text_of(os.replace, "missing", target)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", NO_SOURCES)
def test_move_of_nothing_fails_naming_it(source):
    assert fails(mhddq.file_move, source, "new") == text_of(os.lstat, source)
    assert fails(mhddq.file_move, source, "directory") == text_of(os.lstat, source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("function", [mhddq.file_rename, mhddq.file_move])
@pytest.mark.parametrize("target", NO_TARGETS)
def test_renaming_to_where_nothing_can_be_fails_as_replace_does(function, target):
    assert fails(function, "file", target) == text_of(os.replace, "file", target)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("target", ["directory", "full"])
def test_rename_does_not_replace_a_directory(target):
    assert fails(mhddq.file_rename, "file", target) == text_of(os.replace, "file", target)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", ["directory", "full", "./directory", "full/../full"])
def test_rename_of_a_directory_is_a_failure(source):
    assert fails(mhddq.file_rename, source, "new") == error_text(errno.EISDIR, source, "new")


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", ["directory", "full"])
def test_move_of_a_directory_is_a_failure(source):
    text = fails(mhddq.file_move, source, "new")
    assert text in (
        error_text(errno.EISDIR, source, "new"),
        error_text(errno.EISDIR, source),
    )


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("function", [mhddq.file_rename, mhddq.file_move])
def test_renaming_to_itself_succeeds(function):
    succeeds(function, "file", "./file")


@pytest.mark.usefixtures("intact")
def test_renaming_one_name_of_a_file_to_another_of_its_names_does_as_replace():
    os.link("file", "hard")
    os.link("file", "hard2")
    os.replace("file", "hard2")
    succeeds(mhddq.file_rename, "file", "hard")
    assert os.path.exists("file") == os.path.exists("hard") == os.path.exists("hard2")
    for name in ("hard", "hard2"):
        os.unlink(name)


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize("length", [255])
def test_renaming_takes_the_longest_names(length):
    succeeds(mhddq.file_rename, "file", LONGEST)
    succeeds(mhddq.file_move, LONGEST, "o" * length)
    assert Path("o" * length).read_text() == "content"


def test_rename_does_not_cross_file_systems(two_disks):
    here, other = two_disks
    (here / "file").write_text("content")
    source, target = str(here / "file"), str(other / "file")
    assert fails(mhddq.file_rename, source, target) == text_of(os.replace, source, target)
    assert fails(mhddq.file_rename, source, target) == error_text(errno.EXDEV, source, target)
    assert (here / "file").read_text() == "content"
    assert os.listdir(other) == []


# ---- file_move ----


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize(
    "directory",
    [
        "directory",
        "directory/",
        "./directory",
        "full/..",
        "link-to-directory",
        "link-to-directory/",
    ],
)
@pytest.mark.parametrize("source", ["full/file", "./full/file"])
def test_move_onto_a_directory_goes_inside(directory, source):
    Path("file").unlink()
    succeeds(mhddq.file_move, source, directory)
    assert Path(directory, "file").read_text() == "taken"
    assert not os.path.exists(source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("directory", ["full", "./full", "full/"])
def test_move_into_a_directory_where_the_name_is_taken_fails(directory):
    path = os.path.join(directory, "file")
    assert fails(mhddq.file_move, "file", directory) == error_text(errno.EEXIST, path)


@pytest.mark.usefixtures("around")
def test_move_takes_the_place_of_a_link_and_not_of_its_target():
    succeeds(mhddq.file_move, "full/file", "link")
    assert not os.path.islink("link")
    assert Path("link").read_text() == "taken"
    assert Path("file").read_text() == "content"


@pytest.mark.usefixtures("around")
def test_move_takes_the_place_of_a_dangling_link():
    succeeds(mhddq.file_move, "file", "dangling")
    assert Path("dangling").read_text() == "content"
    assert not os.path.islink("dangling")


def dressed_file(path: Path) -> os.stat_result:
    """A file with everything that a copy keeps."""
    path.write_bytes(random.Random(1).randbytes(300_000))
    path.chmod(0o640)
    os.utime(path, ns=(1_000_000_000_123_456_789, 1_111_111_111_987_654_321))
    return path.stat()


def assert_same_dress(path: Path, before: os.stat_result):
    after = path.stat()
    for field in ("st_size", "st_mode", "st_mtime_ns", "st_atime_ns"):
        assert getattr(after, field) == getattr(before, field), field


@pytest.mark.parametrize("target", ["new", "existing", ".", LONGEST])
def test_move_across_file_systems_keeps_everything(two_disks, target):
    here, other = two_disks
    dressed_file(here / "file")
    data = (here / "file").read_bytes()
    before = dressed_file(here / "file")
    (other / "existing").write_text("x")
    succeeds(mhddq.file_move, str(here / "file"), os.path.join(other, target))
    arrived = other / ("file" if target == "." else target)
    assert_same_dress(arrived, before)
    assert arrived.read_bytes() == data
    assert not (here / "file").exists()
    assert sorted(os.listdir(other)) == sorted({"existing", arrived.name})


def test_move_across_file_systems_moves_a_link_itself(two_disks):
    here, other = two_disks
    (here / "file").write_text("content")
    (here / "link").symlink_to("file")
    succeeds(mhddq.file_move, str(here / "link"), str(other / "link"))
    assert os.readlink(other / "link") == "file"
    assert tree_of(here) == {"file": ("file", b"content")}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("missing/new", errno.ENOENT),
        ("file/new", errno.ENOTDIR),
        (TOO_LONG, errno.ENAMETOOLONG),
    ],
)
def test_move_across_file_systems_fails_whole(two_disks, name, number):
    here, other = two_disks
    (here / "source").write_text("content")
    (other / "file").write_text("x")
    source, target = str(here / "source"), str(other / name)
    if os.name == "posix":
        text = error_text(number, source, target)
    else:  # found out before it is known that the volume is another
        text = text_of(os.replace, source, target)
    assert fails(mhddq.file_move, source, target) == text
    assert tree_of(here) == {"source": ("file", b"content")}
    assert tree_of(other) == {"file": ("file", b"x")}


def test_move_across_file_systems_refuses_a_taken_name(two_disks):
    here, other = two_disks
    (here / "file").write_text("content")
    (other / "file").write_text("x")
    text = error_text(errno.EEXIST, str(other / "file"))
    assert fails(mhddq.file_move, str(here / "file"), str(other)) == text
    assert tree_of(here) == {"file": ("file", b"content")}
    assert tree_of(other) == {"file": ("file", b"x")}


# ---- file_copy ----


@pytest.mark.parametrize("size", [0, 1, 4095, 65536, 65537, 300_000, 5 << 20])
def test_copy_keeps_contents_bits_and_times(size):
    source = Path("file")
    before = dressed_file(source)
    os.truncate(source, 0)
    source.write_bytes(random.Random(size).randbytes(size))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    before = source.stat()
    succeeds(mhddq.file_copy, "file", "copy")
    assert_same_dress(Path("copy"), before)
    assert Path("copy").read_bytes() == source.read_bytes()
    assert sorted(os.listdir()) == ["copy", "file"]
    assert os.stat("copy").st_nlink == 1


@pytest.mark.parametrize("mode", [0o400, 0o000, 0o777, 0o4755, 0o2755, 0o1777])
def test_copy_keeps_permission_bits(mode):
    Path("file").write_text("x")
    os.chmod("file", mode)
    if not os.access("file", os.R_OK):
        pytest.skip("unreadable for this user")
    succeeds(mhddq.file_copy, "file", "copy")
    assert stat.S_IMODE(os.stat("copy").st_mode) == stat.S_IMODE(os.stat("file").st_mode)


def test_copy_does_not_hand_setuid_to_another_owner():
    if os.geteuid():
        pytest.skip("only root can own files of others")
    Path("file").write_text("x")
    os.chown("file", 12345, 12345)
    os.chmod("file", 0o6755)
    succeeds(mhddq.file_copy, "file", "copy")
    made = os.stat("copy")
    assert (made.st_uid, made.st_gid) == (os.geteuid(), os.getegid())
    assert stat.S_IMODE(made.st_mode) == 0o755


def make_sparse(name: str, size: int) -> None:
    with open(name, "wb") as file:
        for at in (0, size // 2, size - 70_000):
            file.seek(at)
            file.write(b"data" * 1024)
        file.truncate(size)


def test_copy_keeps_holes():
    make_sparse("file", 64 << 20)
    if os.stat("file").st_blocks * 512 > 32 << 20:
        pytest.skip("this file system has no holes")
    succeeds(mhddq.file_copy, "file", "copy")
    assert os.stat("copy").st_size == 64 << 20
    assert os.stat("copy").st_blocks <= os.stat("file").st_blocks + 256
    assert digest("copy") == digest("file")


def digest(name: str) -> str:
    with open(name, "rb") as file:
        hashed = hashlib.sha256()
        while block := file.read(1 << 20):
            hashed.update(block)
        return hashed.hexdigest()


def set_attribute(name: str) -> None:
    try:
        os.setxattr(name, "user.mhddq", b"value\0with nul")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")


def test_copy_keeps_user_attributes():
    Path("file").write_text("x")
    set_attribute("file")
    succeeds(mhddq.file_copy, "file", "copy")
    assert os.getxattr("copy", "user.mhddq") == b"value\0with nul"


def test_copy_drops_capabilities():
    Path("file").write_text("x")
    capability = bytes.fromhex("0100000200040000000000000000000000000000")
    try:
        os.setxattr("file", "security.capability", capability)
        os.setxattr("file", "trusted.mhddq", b"x")
    except OSError as error:
        pytest.skip(f"cannot give capabilities here: {error}")
    succeeds(mhddq.file_copy, "file", "copy")
    assert os.listxattr("copy") == []


@pytest.mark.usefixtures("around")
def test_copy_follows_a_link():
    succeeds(mhddq.file_copy, "link", "copy")
    assert not os.path.islink("copy")
    assert Path("copy").read_text() == "content"


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize("target", [LONGEST, "directory/x", "link-to-directory/x", "./full/../x"])
def test_copy_goes_where_it_is_told(target):
    succeeds(mhddq.file_copy, "file", target)
    assert Path(target).read_text() == "content"


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "target",
    [
        "full/file",
        "file",
        "./file",
        "directory",
        "full",
        "link",
        "dangling",
        "loop",
        "fifo",
        "socket",
        "link-to-directory",
    ],
)
def test_copy_never_touches_an_existing_target(target):
    assert fails(mhddq.file_copy, "file", target) == open_text(errno.EEXIST, target)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", [*NOT_THERE, "dangling", "file/"])
def test_copy_fails_naming_its_source(source):
    assert fails(mhddq.file_copy, source, "new") == text_of(open, source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", ["directory", "full", "link-to-directory"])
def test_copy_of_a_directory_is_a_failure(source):
    assert fails(mhddq.file_copy, source, "new") == text_of(open, source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("target", ["missing/new", "file/new", "loop/new", TOO_LONG, ""])
def test_copy_to_where_nothing_can_be_fails_as_open_does(target):
    assert fails(mhddq.file_copy, "file", target) == text_of(open, target, "x")


def test_copy_across_file_systems(two_disks):
    here, other = two_disks
    before = dressed_file(here / "file")
    succeeds(mhddq.file_copy, str(here / "file"), str(other / "copy"))
    assert_same_dress(other / "copy", before)
    assert (other / "copy").read_bytes() == (here / "file").read_bytes()


def test_copy_of_a_file_whose_size_is_not_told():
    succeeds(mhddq.file_copy, "/proc/version", "copy")
    assert Path("copy").read_bytes() == Path("/proc/version").read_bytes()


# ---- no regular file: a clear error, and never a hang ----


def assert_told_clearly(text: str, name: str):
    assert text.startswith("[Errno ")
    assert text.endswith(f": {name!r}")


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", ["fifo", "socket"])
def test_a_fifo_or_socket_is_a_clear_error_for_reads_and_writes(name):
    assert_told_clearly(fails(mhddq.file_read, name), name)
    assert_told_clearly(fails(mhddq.file_write, "x", name), name)


@pytest.mark.usefixtures("intact")
def test_a_fifo_with_a_reader_is_a_clear_error_too():
    reader = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert_told_clearly(fails(mhddq.file_write, "x", "fifo"), "fifo")
        assert_told_clearly(fails(mhddq.file_read, "fifo"), "fifo")
        assert os.read(reader, 10) == b""
    finally:
        os.close(reader)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", ["fifo", "socket", "/dev/zero", "/dev/null"])
def test_what_is_no_regular_file_is_not_copied(name):
    assert_told_clearly(fails(mhddq.file_copy, name, "new"), name)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_devices_are_not_read(name):
    assert_told_clearly(fails(mhddq.file_read, name, True), name)


def test_a_character_device_is_written_to():
    succeeds(mhddq.file_write, "text", os.devnull)
    succeeds(mhddq.file_write, b"bytes", os.devnull, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_device_is_a_failure():
    text = fails(mhddq.file_write, "x", "/dev/full")
    assert text.startswith("[Errno 28] No space left on device")


# ---- file_read ----

NEWLINES = ["", "\n", "\r", "\r\n", "a\nb\rc\r\nd", "\r\r\n\n\r", "a\r", "\r\na", "ä\r\nö\r名"]


@pytest.mark.parametrize("text", NEWLINES)
@pytest.mark.parametrize("padding", [0, 40_000, 300_000])
def test_text_is_read_as_open_does(text, padding):
    data = b"x" * padding + text.encode()
    Path("file").write_bytes(data)
    assert succeeds(mhddq.file_read, "file")["data"] == read_text("file")
    assert succeeds(mhddq.file_read, "file", True)["data"] == data


@pytest.mark.parametrize(
    "text", ["\ufeffafter a mark", "\0", "a\0b", "\x1a", "\u2028", "\x85", "\U0010ffff", "é" * 9]
)
def test_unusual_text_is_read_as_open_does(text):
    Path("file").write_bytes(text.encode())
    assert succeeds(mhddq.file_read, "file")["data"] == read_text("file") == text


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"ok\xc3",
        b"\xed\xa0\x80",
        b"a\r\nb\xff",
        b"\r\n\r\n\xe4\xb8",
        b"x" * 9999 + b"\x80",
    ],
)
def test_what_is_no_utf8_fails_as_open_does(data):
    Path("file").write_bytes(data)
    assert fails(mhddq.file_read, "file") == text_of(read_text, "file")
    assert succeeds(mhddq.file_read, "file", True)["data"] == data


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name", [*NOT_THERE, "dangling", "directory", "link-to-directory", "file/", "."]
)
@pytest.mark.parametrize("binary", [False, True])
def test_read_fails_as_open_does(name, binary):
    assert fails(mhddq.file_read, name, binary) == text_of(open, name)


@pytest.mark.parametrize("binary", [1, "yes", [0]])
def test_binary_is_any_true_value(binary):
    Path("file").write_bytes(b"\r\n")
    args = do(mhddq.file_read, "file", binary)
    assert args["output"]["data"] == b"\r\n"
    assert args["params"]["binary"] is binary


@pytest.mark.parametrize("binary", [0, "", None, []])
def test_text_is_any_false_value(binary):
    Path("file").write_bytes(b"\r\n")
    assert succeeds(mhddq.file_read, "file", binary)["data"] == "\n"


@pytest.mark.parametrize(
    "size", [0, 1, 4095, 4096, 32767, 32768, 65537, 262143, 262144, 262145, 1 << 20, 9 << 20]
)
def test_files_of_any_size_are_read_whole(size):
    data = random.Random(size).randbytes(size)
    Path("file").write_bytes(data)
    assert succeeds(mhddq.file_read, "file", True)["data"] == data


def test_bytes_read_are_as_good_as_any():
    data = random.Random(0).randbytes(1 << 20)
    Path("file").write_bytes(data)
    read = succeeds(mhddq.file_read, "file", True)["data"]
    assert hash(read) == hash(data)
    assert {data: 1}[read] == 1
    assert read + b"x" == data + b"x"
    assert len(read) == len(data)


@pytest.mark.parametrize(
    "name", ["/proc/version", "/proc/cpuinfo", "/proc/filesystems", "/proc/kallsyms"]
)
def test_files_of_size_0_that_have_content_are_read(name):
    if not os.path.exists(name):
        pytest.skip("not on this system")
    before = Path(name).read_bytes()
    read = succeeds(mhddq.file_read, name, True)["data"]
    assert read
    if name != "/proc/cpuinfo":  # the others change when the kernel loads something
        assert read in (before, Path(name).read_bytes())


def test_a_process_reads_its_own_maps():
    data = succeeds(mhddq.file_read, "/proc/self/maps")["data"]
    assert "[stack]" in data
    assert data.endswith("\n")


def test_files_shorter_than_their_size_are_read():
    names = ["/sys/kernel/mm/transparent_hugepage/enabled", "/sys/devices/system/cpu/online"]
    for name in (n for n in names if os.path.exists(n)):
        assert succeeds(mhddq.file_read, name)["data"] == read_text(name)


def flags_of_mapping(address: int) -> list[str]:
    inside = False
    with open("/proc/self/smaps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            if line.startswith("VmFlags:"):
                if inside:
                    return line.split()[1:]
            elif ":" not in line.split()[0]:  # "from-to rwxp ..."
                first, end = (int(n, 16) for n in line.split()[0].split("-"))
                inside = first <= address < end
    return []


def huge_pages_can_be_asked_for() -> bool:
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return False
    with mmap.mmap(-1, 4 << 20) as memory:
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError:
            return False
        return "hg" in flags_of_mapping(ctypes.addressof(ctypes.c_char.from_buffer(memory)))


def test_very_large_results_ask_for_huge_pages():
    if not huge_pages_can_be_asked_for():
        pytest.skip("this kernel gives no huge pages, or an emulator does not pass the wish on")
    uncopied = mhddq.stats()["large_reads_uncopied"]
    make_sparse("file", 64 << 20)
    data = succeeds(mhddq.file_read, "file", True)["data"]
    if mhddq.stats()["large_reads_uncopied"] == uncopied:
        pytest.skip("this interpreter's results are copies, in memory of its own")
    assert "hg" in flags_of_mapping(id(data) + len(data) // 2)


@pytest.mark.slow
def test_files_beyond_2_gib_are_read_and_copied_whole():
    size = 3 << 30  # one system call moves 2,147,479,552 bytes at most
    make_sparse("file", size)
    succeeds(mhddq.file_copy, "file", "copy", timeout=100)
    data = succeeds(mhddq.file_read, "copy", True, timeout=100)["data"]
    assert len(data) == os.stat("copy").st_size == size
    with open("file", "rb") as file:
        for at in range(0, size, 16 << 20):
            assert data[at : at + (16 << 20)] == file.read(16 << 20)


# ---- file_write ----


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_write_makes_a_file_as_open_does(mask):
    before = os.umask(mask)
    try:
        succeeds(mhddq.file_write, "text", "made")
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
    """The queue is held up by a callback, so nothing is given back meanwhile."""
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
