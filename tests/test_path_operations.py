"""What programs ask of paths, links, permissions, times and disks, as os, pathlib and shutil do it:
every operation in a directory of ours, Python's own function in its twin, by hypothesis too.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
from helpers import Outcome, do, error_text, fails, succeeds, tree_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mhddq

pytestmark = pytest.mark.usefixtures("here")
on_posix = pytest.mark.skipif(os.name != "posix", reason="as POSIX has it")

NAMES = ["file", "other", "directory", "directory/inner", "link", "dangling", "loop", "nothing"]
NAMES += ["file/below", "nothing/below", "link/x", "directory/", ".", "", "ä", "a\0b", "\ud800"]
names = st.sampled_from(NAMES)
times = st.none() | st.tuples(*[st.floats(-1e9, 1e11) | st.integers(-(10**9), 10**10)] * 2)
nanoseconds = st.none() | st.tuples(*[st.integers(-(10**18), 10**19)] * 2)


def build():
    Path("file").write_bytes(b"content")
    Path("other").write_bytes(b"another")
    Path("directory/inner").mkdir(parents=True)
    Path("directory/name").touch()
    if os.name == "posix":
        os.symlink("file", "link")
        os.symlink("nowhere", "dangling")
        os.symlink("loop", "loop")


def path_mkdir(path, mode=0o777, parents=False, exist_ok=False):
    """Path.mkdir, which takes no bytes, without pathlib's way to write paths."""
    try:
        os.mkdir(path, mode)
    except FileNotFoundError:
        above = os.path.dirname(path.rstrip("/")) if parents else ""
        if not above:
            raise
        path_mkdir(above, parents=True, exist_ok=True)
        path_mkdir(path, mode, exist_ok=exist_ok)
    except OSError:
        if not exist_ok or not os.path.isdir(path):
            raise


def append(data, path):
    with open(path, "ab") as file:
        file.write(data)


def rename_to_free_name(path, path2):
    if os.path.lexists(path) and os.path.lexists(path2):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path, None, path2)
    os.rename(path, path2)


def utime(path, **keywords):
    """Its errors do not name the path."""
    try:
        os.utime(path, (1, 2), **keywords)
    except OSError as error:
        error.filename = path
        raise


# Each: ours, its arguments, and what Python does.
PAIRS = {
    "path_exists": lambda path: {"exists": os.path.exists(path)},
    "path_exists_itself": lambda path: {"exists": os.path.lexists(path)},
    "path_stat": lambda path: {"stat": os.stat(path)},
    "path_stat_itself": lambda path: {"stat": os.lstat(path)},
    "path_chmod": lambda path: os.chmod(path, 0o640),
    "file_truncate": lambda path: os.truncate(path, 3),
    "link_read": lambda path: {"target": os.readlink(path)},
    "directory_remove": os.rmdir,
    "directory_create": path_mkdir,
    "directory_create_parents": lambda path: path_mkdir(path, parents=True),
    "directory_create_any": lambda path: path_mkdir(path, parents=True, exist_ok=True),
    "path_utime": utime,
    "path_utime_itself": lambda path: utime(path, follow_symlinks=False),
}
OURS = {
    "path_exists_itself": (mhddq.path_exists, {"follow_symlinks": False}, ()),
    "path_stat_itself": (mhddq.path_stat, {"follow_symlinks": False}, ()),
    "path_chmod": (mhddq.path_chmod, {}, (0o640,)),
    "file_truncate": (mhddq.file_truncate, {}, (3,)),
    "directory_remove": (mhddq.directory_delete, {"recursive": False}, ()),
    "directory_create_parents": (mhddq.directory_create, {"parents": True}, ()),
    "directory_create_any": (mhddq.directory_create, {"parents": True, "exist_ok": True}, ()),
    "path_utime": (mhddq.path_utime, {}, ((1, 2),)),
    "path_utime_itself": (mhddq.path_utime, {"follow_symlinks": False}, ((1, 2),)),
}


@contextlib.contextmanager
def worlds():
    """Two directories that are alike; the working directory is where we are called."""
    home = os.getcwd()
    for name in ("ours", "theirs"):
        shutil.rmtree(name, ignore_errors=True)
        os.mkdir(name)
        os.chdir(name)
        build()
        os.chdir(home)
    try:
        yield home
    finally:
        os.chdir(home)


def by_python(function, *arguments):
    """Result and output, as an operation has them."""
    try:
        output = function(*arguments)
    except (OSError, ValueError) as error:
        return False, {"exception": str(error)}
    return True, output if output is not None else {}


def without_identity(output):
    """Inodes and times of change differ between twins; of a NUL each of Python's functions has
    words of its own."""
    if "embedded null" in str(output.get("exception")):
        return {"exception": "embedded null"}
    if "stat" not in output:
        return output
    visible, more = output["stat"].__reduce__()[1]
    assert type(output["stat"]) is os.stat_result
    more = {k: v for k, v in more.items() if "time" not in k and k not in ("st_blocks",)}
    return {"stat": (visible[0], visible[2:7], more)}


def agree(theirs, function, arguments, keywords):
    with worlds() as home:
        os.chdir("theirs")
        wanted = by_python(theirs)
        os.chdir(os.path.join(home, "ours"))
        args = do(function, *arguments, **keywords)
        found = args["result"], args["output"]
        os.chdir(home)
        assert (found[0], without_identity(found[1])) == (wanted[0], without_identity(wanted[1]))
        assert modes("ours") == modes("theirs")
        assert tree_of("ours") == tree_of("theirs")


def modes(top):
    """Of all that is there, with modification times where they were set."""
    found = {}
    for folder, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(folder, name)
            seen = os.lstat(path)
            set_time = seen.st_mtime if seen.st_mtime < 10**9 else None
            found[os.path.relpath(path, top)] = (seen.st_mode, set_time)
    return found


@on_posix
@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pair", PAIRS)
def test_one_path_as_python_has_it(pair, name, as_bytes):
    if as_bytes:
        if name == "\ud800" or pair.startswith("directory_create_"):
            return
        name = os.fsencode(name)
    function, keywords, more = OURS.get(pair, (getattr(mhddq, pair, None), {}, ()))
    agree(lambda: PAIRS[pair](name), function, (name, *more), keywords)


TWO = {
    "path_rename": os.replace,
    "symbolic": os.symlink,
    "hard": os.link,
}


@on_posix
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names, names)
@pytest.mark.parametrize("kind", TWO)
def test_two_paths_as_python_has_it(kind, name, name2):
    function = mhddq.path_rename if kind == "path_rename" else mhddq.link_create
    keywords = {"hard": True} if kind == "hard" else {}
    agree(lambda: TWO[kind](name, name2), function, (name, name2), keywords)


@on_posix
@pytest.mark.parametrize("name2", ["nothing", "file", "directory", "dangling", "nothing/below"])
@pytest.mark.parametrize("name", ["file", "directory", "link", "dangling", "nothing"])
def test_a_rename_that_replaces_nothing(name, name2):
    agree(
        lambda: rename_to_free_name(name, name2),
        mhddq.path_rename,
        (name, name2),
        {"replace": False},
    )


# ---- contents ----


@settings(deadline=None)
@given(names, st.binary(max_size=20))
def test_append_as_open_does(name, data):
    if os.name != "posix" and "link" in name:
        return
    with worlds() as home:
        os.chdir("theirs")
        wanted = by_python(append, data, name)
        os.chdir(os.path.join(home, "ours"))
        args = do(mhddq.file_append, data, name, True)
        os.chdir(home)
        assert args["result"] == wanted[0]
        if "\0" not in name and "\ud800" not in name:
            assert args["output"] == wanted[1]
        assert tree_of("ours") == tree_of("theirs")


@pytest.mark.parametrize("mode", ["a", "r+", "w"])
def test_append_by_a_handle(mode):
    Path("file").write_bytes(b"before")
    handle = succeeds(mhddq.file_open, "file", mode)["file"]
    succeeds(mhddq.file_append, b"1", handle, True)
    with open("file", "ab") as other:
        other.write(b"2")
    succeeds(mhddq.file_append, "3", handle)
    succeeds(mhddq.file_close, handle)
    assert Path("file").read_bytes() == (b"" if mode == "w" else b"before") + b"123"


@given(st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_reads_into_memory_as_readinto_does(size, offset, by_handle):
    Path("file").write_bytes(bytes(range(20)))
    buffer = bytearray(b"\xff" * size)
    where = succeeds(mhddq.file_open, "file")["file"] if by_handle else "file"
    got = succeeds(mhddq.file_read_into, buffer, where, offset=offset)["length"]
    wanted = bytes(range(20))[offset : offset + size]
    assert got == len(wanted)
    assert buffer == wanted + b"\xff" * (size - len(wanted))
    if by_handle:
        succeeds(mhddq.file_close, where)


def test_a_buffer_is_lent_until_the_callback_has_returned():
    Path("file").write_bytes(b"x" * 100)
    buffer = bytearray(10)
    seen = []

    def filled(args):
        with pytest.raises(BufferError):
            buffer.append(0)
        seen.append(bytes(buffer))

    mhddq.file_read_into(filled, buffer, "file")
    do(mhddq.file_exists, "file")
    assert seen == [b"x" * 10]
    buffer.append(0)


def test_what_is_no_writable_buffer_raises():
    for wrong in (b"bytes", "text", memoryview(b"read-only"), None):
        with pytest.raises(TypeError, match="buffer must be a writable bytes-like object"):
            mhddq.file_read_into(None, wrong, "file")


@pytest.mark.parametrize(("size", "wanted"), [(0, b""), (3, b"con"), (9, b"content\0\0")])
def test_truncate_cuts_and_grows(size, wanted):
    for by_handle in (False, True):
        Path("file").write_bytes(b"content")
        where = succeeds(mhddq.file_open, "file", "r+")["file"] if by_handle else "file"
        succeeds(mhddq.file_truncate, where, size)
        assert Path("file").read_bytes() == wanted
        assert fails(mhddq.file_truncate, where, -1) == error_text(errno.EINVAL, "file")
        if by_handle:
            succeeds(mhddq.file_close, where)


def test_sync():
    build()
    handle = succeeds(mhddq.file_open, "file", "r+")["file"]
    for where in ("file", b"file", handle):
        assert succeeds(mhddq.file_sync, where) == {}
    succeeds(mhddq.file_close, handle)
    assert succeeds(mhddq.directory_sync, "directory") == {}
    assert fails(mhddq.file_sync, "nothing") == error_text(errno.ENOENT, "nothing")
    assert fails(mhddq.directory_sync, "file") == error_text(errno.ENOTDIR, "file")


# ---- what a handle knows ----


@on_posix
def test_a_handle_has_stat_mode_and_times_of_its_file():
    Path("file").write_bytes(b"content")
    handle = succeeds(mhddq.file_open, "file", "r+")["file"]
    os.rename("file", "renamed")
    succeeds(mhddq.path_chmod, handle, 0o600)
    succeeds(mhddq.path_utime, handle, ns=(1, 2))
    found = succeeds(mhddq.path_stat, handle)["stat"]
    assert found.__reduce__() == os.stat("renamed").__reduce__()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert (found.st_atime_ns, found.st_mtime_ns) == (1, 2)
    succeeds(mhddq.file_close, handle)
    wanted = error_text(errno.EBADF, "file")
    for function, more in (
        (mhddq.path_stat, ()),
        (mhddq.path_chmod, (0,)),
        (mhddq.path_utime, ()),
        (mhddq.file_truncate, ()),
        (mhddq.file_sync, ()),
    ):
        assert fails(function, handle, *more) == wanted


# ---- times ----


@on_posix
@given(times, nanoseconds)
def test_times_as_os_utime_has_them(seconds, ns):
    for name in ("ours", "theirs"):
        Path(name).touch()
    before = os.stat("ours").st_mtime_ns
    keywords = {} if ns is None else {"ns": ns}
    result, output = by_python(lambda: os.utime("theirs", seconds, **keywords))
    if not result:
        assert fails(mhddq.path_utime, "ours", seconds, ns=ns) == output["exception"]
        return
    succeeds(mhddq.path_utime, "ours", seconds, ns=ns)
    found = os.stat("ours")
    if seconds is None and ns is None:
        assert found.st_mtime_ns >= before
        return
    wanted = os.stat("theirs")
    assert (found.st_atime_ns, found.st_mtime_ns) == (wanted.st_atime_ns, wanted.st_mtime_ns)


def test_times_of_a_wrong_type_raise():
    for wrong in (3, [1, 2], (1,), (1, 2, 3), ("1", 2)):
        with pytest.raises(TypeError, match="times must be a tuple"):
            mhddq.path_utime(None, "file", wrong)
    with pytest.raises(TypeError):
        mhddq.path_utime(None, "file", ns=(1.0, 2))


@on_posix
def test_a_links_own_mode_is_refused_where_it_has_none():
    build()
    if sys.platform == "linux":
        said = fails(mhddq.path_chmod, "link", 0o600, follow_symlinks=False)
        assert said == error_text(errno.ENOTSUP, "link")
    succeeds(mhddq.path_chmod, "file", 0o604, follow_symlinks=False)
    assert stat.S_IMODE(os.stat("file").st_mode) == 0o604


# ---- links, disks ----


@on_posix
@pytest.mark.parametrize("text", ["x", "a/../b", "/root/no", "ä", b"\xff", "x" * 4000])
def test_a_links_text_is_kept_as_it_is(text):
    succeeds(mhddq.link_create, text, "link")
    assert os.readlink(os.fsencode("link")) == os.fsencode(text)
    assert succeeds(mhddq.link_read, "link") == {"target": os.readlink("link")}
    assert succeeds(mhddq.link_read, b"link") == {"target": os.fsencode(text)}


def test_disk_usage_as_shutil_has_it():
    output = succeeds(mhddq.disk_usage, ".")
    wanted = shutil.disk_usage(".")
    assert list(output) == ["total", "used", "free"]
    assert output["total"] == wanted.total
    assert abs(output["free"] - wanted.free) < 2**32
    assert fails(mhddq.disk_usage, "nothing") == error_text(errno.ENOENT, "nothing")


# ---- directories ----


@on_posix
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777, 0o1777])
def test_a_directory_has_the_mode_less_the_umask(mode):
    os.mkdir("theirs", mode)
    succeeds(mhddq.directory_create, "ours", mode=mode)
    assert os.stat("ours").st_mode == os.stat("theirs").st_mode


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a", "b", ".", "..", "file", ""]), min_size=1, max_size=6))
def test_parents_as_path_mkdir_makes_them(parts):
    if os.name != "posix":
        return
    path = "/".join(["b", *parts])
    if ".." in os.path.normpath(path):  # not out of the two worlds
        return
    for exist_ok in (False, True):
        agree(
            lambda exist_ok=exist_ok: path_mkdir(path, parents=True, exist_ok=exist_ok),
            mhddq.directory_create,
            (path,),
            {"parents": True, "exist_ok": exist_ok},
        )


# ---- file_copy(replace=True) ----


@pytest.mark.parametrize("size", [0, 7, 300_000])
def test_a_copy_replaces_a_file_when_it_is_complete(size):
    Path("source").write_bytes(b"n" * size)
    Path("target").write_bytes(b"old")
    if os.name == "posix":
        os.link("target", "old")
    succeeds(mhddq.file_copy, "source", "target", replace=True)
    assert Path("target").read_bytes() == b"n" * size
    if os.name == "posix":
        assert Path("old").read_bytes() == b"old"
        os.remove("old")
    succeeds(mhddq.file_copy, "source", "new", replace=True)
    assert sorted(os.listdir()) == ["new", "source", "target"]


@on_posix
def test_what_a_copy_does_not_replace():
    build()
    os.link("file", "same")
    for target in ("file", "same"):
        said = fails(mhddq.file_copy, "file", target, replace=True)
        assert said == error_text(errno.EINVAL, target)
    said = fails(mhddq.file_copy, "file", "directory", replace=True)
    assert said == error_text(errno.EISDIR, "directory")
    assert fails(mhddq.file_copy, "file", "other") == error_text(errno.EEXIST, "other")
    succeeds(mhddq.file_copy, "file", "dangling", replace=True)
    assert not os.path.islink("dangling")


# ---- params ----


def test_params_have_what_was_passed():
    Path("file").touch()
    outcome = Outcome()
    mhddq.path_chmod(outcome, "file", 0o600)
    mhddq.path_utime(outcome, "file", ns=(1, 2))
    params = [args["params"] for args in outcome.wait(2)]
    assert params[0] == {"callback": outcome, "path": "file", "mode": 0o600}
    assert params[1] == {"callback": outcome, "path": "file", "times": None, "ns": (1, 2)}
