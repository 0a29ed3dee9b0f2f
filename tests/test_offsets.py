"""Parts of files: file_read(offset, length) and file_write(offset), by path and by Handle."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from helpers import do, error_text, fails, succeeds
from hypothesis import given
from hypothesis import strategies as st

import mhddq

pytestmark = pytest.mark.usefixtures("here")

BEYOND = 2**63
offsets = st.integers(0, 40) | st.sampled_from([4095, 4096, 70_000, 10**9])
lengths = st.none() | st.integers(0, 40) | st.sampled_from([4096, 300_000, 2**40, 2**62])
sizes = st.integers(0, 40) | st.sampled_from([4096, 70_000, 300_001])


@pytest.fixture(params=["path", "handle"])
def reached(request):
    """A function that returns what an operation gets for a filename: the path, or a Handle."""
    handles = []

    def reach(filename):
        if request.param == "path":
            return filename
        mode = "r+" if os.path.exists(filename) else "w+"
        handles.append(succeeds(mhddq.file_open, filename, mode)["file"])
        return handles[-1]

    yield reach
    for handle in handles:
        succeeds(mhddq.file_close, handle)


@given(size=sizes, offset=offsets, length=lengths)
@pytest.mark.parametrize("by_handle", [False, True])
def test_a_part_is_what_a_slice_is(by_handle, size, offset, length):
    data = os.urandom(size)
    Path("file").write_bytes(data)
    where = succeeds(mhddq.file_open, "file")["file"] if by_handle else "file"
    end = None if length is None else offset + length
    read = succeeds(mhddq.file_read, where, True, offset=offset, length=length)
    assert read == {"data": data[offset:end]}
    if by_handle:
        succeeds(mhddq.file_close, where)


@given(before=st.binary(max_size=30), data=st.binary(max_size=30), offset=st.integers(0, 60))
@pytest.mark.parametrize("by_handle", [False, True])
def test_a_write_at_an_offset_leaves_the_rest(by_handle, before, data, offset):
    Path("file").write_bytes(before)
    where = succeeds(mhddq.file_open, "file", "r+")["file"] if by_handle else "file"
    succeeds(mhddq.file_write, data, where, True, offset=offset)
    wanted = bytearray(before)
    if data:
        wanted.extend(bytes(max(0, offset - len(wanted))))
        wanted[offset : offset + len(data)] = data
    assert Path("file").read_bytes() == wanted
    if by_handle:
        succeeds(mhddq.file_close, where)


def test_a_write_at_an_offset_creates_the_file():
    succeeds(mhddq.file_write, b"end", "file", True, offset=3)
    assert Path("file").read_bytes() == b"\0\0\0end"


def test_text_at_an_offset_is_its_utf8():
    Path("file").write_bytes(b"0123456789")
    succeeds(mhddq.file_write, "ä", "file", offset=2)
    assert Path("file").read_bytes() == "01ä456789".encode()


def test_keywords_are_in_params_where_they_were_passed(reached):
    Path("file").write_bytes(b"some")
    seen = []
    where = reached("file")
    seen.append(do(mhddq.file_read, where, True)["params"])
    seen.append(do(mhddq.file_read, where, True, offset=1)["params"])
    assert [set(params) - {"callback", "filename", "binary"} for params in seen] == [
        set(),
        {"offset"},
    ]


@pytest.mark.parametrize("keywords", [{"offset": -1}, {"length": -1}, {"offset": -(2**63) + 1}])
def test_negative_numbers_fail_as_pread_does(reached, keywords):
    Path("file").write_bytes(b"some")
    wanted = error_text(errno.EINVAL, "file")
    assert fails(mhddq.file_read, reached("file"), True, **keywords) == wanted


def test_a_negative_offset_fails_as_pwrite_does(reached):
    Path("file").write_bytes(b"some")
    where = reached("file")
    assert fails(mhddq.file_write, b"", where, True, offset=-1) == error_text(errno.EINVAL, "file")
    assert Path("file").read_bytes() == b"some"


def test_an_offset_beyond_all_files_fails(reached):
    Path("file").write_bytes(b"some")
    where = reached("file")
    text = fails(mhddq.file_write, b"12", where, True, offset=2**63 - 2)
    assert text == error_text(errno.EFBIG, "file")
    assert fails(mhddq.file_read, where, True, offset=BEYOND) == "offset is beyond 64 bits"


def test_a_part_of_text_is_refused(reached):
    Path("file").write_bytes(b"some")
    where = reached("file")
    for keywords in ({"offset": 1}, {"length": 1}):
        assert fails(mhddq.file_read, where, **keywords).endswith("they need binary=True")
    assert succeeds(mhddq.file_read, where, offset=0, length=None) == {"data": "some"}


def test_numbers_of_a_wrong_type_raise():
    with pytest.raises(TypeError, match="offset must be int, not 'str'"):
        mhddq.file_read(None, "file", True, offset="1")
    with pytest.raises(TypeError, match="length must be int or None, not 'float'"):
        mhddq.file_read(None, "file", True, length=1.0)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_what_has_no_size_has_parts_all_the_same():
    content = Path("/proc/version").read_bytes()
    read = succeeds(mhddq.file_read, "/proc/version", True, offset=3, length=7)["data"]
    assert read == content[3:10]
    assert succeeds(mhddq.file_read, "/proc/version", True, offset=5)["data"] == content[5:]
