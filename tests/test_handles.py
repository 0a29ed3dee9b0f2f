"""Open files: file_open, file_close, and the life of a Handle."""

from __future__ import annotations

import copy
import errno
import gc
import os
import pickle
import sys
import warnings
from pathlib import Path

import pytest
from helpers import Outcome, do, error_text, fails, open_text, settle, succeeds
from hypothesis import given
from hypothesis import strategies as st

import mhddq

pytestmark = pytest.mark.usefixtures("here")
on_posix = pytest.mark.skipif(os.name != "posix", reason="as POSIX has it")


def opened(filename="file", mode="r"):
    return succeeds(mhddq.file_open, filename, mode)["file"]


def closed(handle, **keywords):
    return succeeds(mhddq.file_close, handle, **keywords)


def refusal_of(filename, mode):
    """The text of the error of Python's own open(), or None."""
    try:
        with open(filename, mode):
            return None
    except (OSError, ValueError) as error:
        return str(error)


# ---- opening ----


@pytest.mark.parametrize("name", ["file", b"file", Path("file")])
def test_a_handle_knows_its_name_and_mode(name):
    Path("file").touch()
    handle = opened(name, "r+b")
    assert handle.name == os.fspath(name)
    assert type(handle.name) is type(os.fspath(name))
    assert handle.mode == "r+b"
    assert handle.closed is False
    assert repr(handle) == f"<mhddq.Handle name={os.fspath(name)!r} mode='r+b'>"
    assert os.fstat(handle.fileno()).st_ino == os.stat("file").st_ino
    closed(handle)
    assert handle.closed is True
    assert repr(handle).endswith(" closed>")
    with pytest.raises(ValueError, match="closed"):
        handle.fileno()


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("mode", ["r", "w", "x", "a", "r+", "w+", "x+", "a+", "rb", "w+t", "+br"])
def test_a_mode_opens_as_open_does(mode, exists):
    for name in ("ours", "theirs"):
        if exists:
            Path(name).write_bytes(b"before")
    refusal = refusal_of("theirs", mode)
    if refusal is not None:
        assert fails(mhddq.file_open, "ours", mode) == refusal.replace("theirs", "ours")
        return
    handle = opened("ours", mode)
    assert Path("ours").read_bytes() == Path("theirs").read_bytes()
    closed(handle)


# Before 3.11 open() takes U, and warns.
@given(st.text("rwxabt+U" if sys.version_info >= (3, 11) else "rwxabt+", max_size=4))
def test_any_mode_is_taken_or_refused_as_open_does(mode):
    Path("file").write_bytes(b"before")
    refusal = refusal_of("file", mode)
    if refusal is None:
        closed(opened("file", mode))
        return
    text = fails(mhddq.file_open, "file", mode)
    one_of_them = "must have exactly one of create/read/write/append mode"
    if text.lower() == one_of_them:  # open reports this at another place, in other words
        assert "exactly one" in refusal
    elif "U" not in mode:
        assert text == refusal


def test_a_mode_of_a_wrong_type_raises():
    with pytest.raises(TypeError, match="mode must be str, not 'int'"):
        mhddq.file_open(None, "file", 3)


@pytest.mark.parametrize(
    ("name", "mode", "number"),
    [("nothing", "r", errno.ENOENT), ("no/thing", "w", errno.ENOENT), ("file", "x", errno.EEXIST)],
)
def test_what_cannot_be_opened_fails_as_open_does(name, mode, number):
    Path("file").touch()
    assert fails(mhddq.file_open, name, mode) == open_text(number, name)


@on_posix
def test_a_directory_cannot_be_opened():
    Path("directory").mkdir()
    for mode in "rw":
        assert fails(mhddq.file_open, "directory", mode) == error_text(errno.EISDIR, "directory")


@on_posix
@pytest.mark.parametrize("mode", ["r", "w", "r+", "a"])
def test_a_fifo_is_an_error_at_once(mode):
    os.mkfifo("fifo")
    assert fails(mhddq.file_open, "fifo", mode) == "[Errno 22] Not a regular file: 'fifo'"
    end = os.open("fifo", os.O_RDWR)
    assert fails(mhddq.file_open, "fifo", mode) == "[Errno 22] Not a regular file: 'fifo'"
    os.close(end)


@on_posix
def test_a_device_may_be_opened_to_be_written_to():
    handle = opened("/dev/null", "w")
    assert succeeds(mhddq.file_write, "gone", handle) == {}
    closed(handle)
    assert fails(mhddq.file_open, "/dev/null") == "[Errno 22] Not a regular file: '/dev/null'"


# ---- what operations do with it ----


def test_reads_and_writes_go_to_the_open_file_whatever_its_name_is_now():
    handle = opened("file", "w+")
    os.rename("file", "renamed")
    Path("file").write_bytes(b"another")
    succeeds(mhddq.file_write, b"open", handle, True)
    assert succeeds(mhddq.file_read, handle, True) == {"data": b"open"}
    assert Path("renamed").read_bytes() == b"open"
    assert Path("file").read_bytes() == b"another"
    closed(handle)


def test_a_write_replaces_the_contents():
    Path("file").write_bytes(b"something long")
    handle = opened("file", "r+")
    succeeds(mhddq.file_write, "short", handle)
    assert succeeds(mhddq.file_read, handle) == {"data": "short"}
    closed(handle)


@on_posix
def test_what_the_mode_does_not_allow_fails_with_the_name():
    Path("file").write_bytes(b"some")
    handle = opened("file", "r")
    refused = error_text(errno.EBADF, "file")
    assert fails(mhddq.file_write, b"more", handle, True) == refused
    assert fails(mhddq.file_write, b"more", handle, True, offset=1) == refused
    assert fails(mhddq.file_append, b"more", handle, True) == refused
    closed(handle)
    assert Path("file").read_bytes() == b"some"
    handle = opened("file", "w")
    assert fails(mhddq.file_read, handle) == refused
    closed(handle)


def test_paths_alone_take_no_handle():
    handle = opened("file", "w")
    for function in (mhddq.file_delete, mhddq.file_exists, mhddq.directory_contents):
        with pytest.raises(TypeError, match="not 'Handle'"):
            function(None, handle)
    with pytest.raises(TypeError, match="file must be a Handle, not 'str'"):
        mhddq.file_close(None, "file")
    closed(handle)


def test_params_have_the_handle_itself():
    handle = opened("file", "w+")
    assert do(mhddq.file_read, handle)["params"]["filename"] is handle
    assert do(mhddq.file_close, handle)["params"]["file"] is handle


# ---- closing ----


def test_closing_is_in_order():
    """Operations after it fail with EBADF; a second close succeeds."""
    handle = opened("file", "w+b")
    outcome = Outcome()
    mhddq.file_write(outcome, b"before", handle, True)
    mhddq.file_read(outcome, handle, True)
    mhddq.file_close(outcome, handle)
    mhddq.file_read(outcome, handle, True)
    mhddq.file_write(outcome, b"after", handle, True)
    mhddq.file_close(outcome, handle)
    outputs = [args["output"] for args in outcome.wait(6)]
    error = {"exception": error_text(errno.EBADF, "file")}
    assert outputs == [{}, {"data": b"before"}, {}, error, error, {}]
    assert Path("file").read_bytes() == b"before"


@pytest.mark.parametrize("keywords", [{"sync": True}, {"discard": True}, {"sync": False}])
def test_a_close_leaves_what_was_written(keywords):
    handle = opened("file", "w")
    succeeds(mhddq.file_write, b"kept", handle, True)
    assert closed(handle, **keywords) == {}
    assert Path("file").read_bytes() == b"kept"


@on_posix
def test_closing_frees_the_descriptor():
    handle = opened("file", "w")
    descriptor = handle.fileno()
    os.fstat(descriptor)
    closed(handle)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


# ---- the life of the object ----


def test_one_that_is_collected_open_warns_and_is_closed(recwarn):
    handle = opened("file", "w")
    descriptor, shown = handle.fileno(), repr(handle)
    del handle
    gc.collect()
    assert str(recwarn.pop(ResourceWarning).message) == f"unclosed file {shown}"
    if os.name == "posix":
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_one_that_was_closed_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        handle = opened("file", "w")
        closed(handle)
        del handle
        gc.collect()


def test_an_operation_keeps_its_handle_open(recwarn):
    Path("file").write_bytes(b"kept")
    outputs: list[object] = []
    handle = opened()
    for _ in range(100):
        mhddq.file_read(lambda args: outputs.append(args["output"]), handle, True)
    del handle
    settle()
    gc.collect()
    assert outputs == [{"data": b"kept"}] * 100
    recwarn.pop(ResourceWarning)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_one_that_nothing_receives_is_closed(recwarn):
    """A file_open without a callback: the result is dropped."""
    before = len(os.listdir("/proc/self/fd"))
    mhddq.file_open(None, "file", "w")
    settle()
    recwarn.pop(ResourceWarning)
    assert len(os.listdir("/proc/self/fd")) == before


def test_it_cannot_be_made_pickled_or_copied():
    with pytest.raises(TypeError, match="file_open"):
        mhddq.Handle()
    with pytest.raises(TypeError, match="file_open"):
        mhddq.file_read(None, mhddq.Handle.__new__(mhddq.Handle))
    handle = opened("file", "w")
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            attempt(handle)
    closed(handle)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_has_a_copy_of_its_own():
    """The child closes only its own copy, and reads and writes through its own queue."""
    handle = opened("file", "w+")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            succeeds(mhddq.file_write, b"child's", handle, True)
            read = succeeds(mhddq.file_read, handle, True)
            closed(handle)
            status = 0 if read == {"data": b"child's"} and handle.closed else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert handle.closed is False
    assert succeeds(mhddq.file_read, handle, True) == {"data": b"child's"}
    closed(handle)
