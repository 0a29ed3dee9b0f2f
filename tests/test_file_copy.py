"""file_copy: what it does, and the text of each failure."""

from __future__ import annotations

import errno
import os
import random
import stat
from pathlib import Path

import pytest
from helpers import fails, open_text, succeeds, text_of
from surroundings import (
    LONGEST,
    MISSING_FILES,
    TOO_LONG,
    assert_same_metadata,
    digest,
    file_with_metadata,
    make_sparse,
)

import mhddq

pytestmark = pytest.mark.usefixtures("here")


# ---- file_copy ----


@pytest.mark.parametrize("size", [0, 1, 4095, 65536, 65537, 300_000, 5 << 20])
def test_copy_keeps_contents_bits_and_times(size):
    source = Path("file")
    before = file_with_metadata(source)
    os.truncate(source, 0)
    source.write_bytes(random.Random(size).randbytes(size))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    before = source.stat()
    succeeds(mhddq.file_copy, "file", "copy")
    assert_same_metadata(Path("copy"), before)
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


def test_copy_keeps_holes():
    make_sparse("file", 64 << 20)
    if os.stat("file").st_blocks * 512 > 32 << 20:
        pytest.skip("this file system has no holes")
    succeeds(mhddq.file_copy, "file", "copy")
    assert os.stat("copy").st_size == 64 << 20
    assert os.stat("copy").st_blocks <= os.stat("file").st_blocks + 256
    assert digest("copy") == digest("file")


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
def test_copy_goes_to_the_path_that_it_is_given(target):
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
@pytest.mark.parametrize("source", [*MISSING_FILES, "dangling", "file/"])
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
    before = file_with_metadata(here / "file")
    succeeds(mhddq.file_copy, str(here / "file"), str(other / "copy"))
    assert_same_metadata(other / "copy", before)
    assert (other / "copy").read_bytes() == (here / "file").read_bytes()


def test_copy_of_a_file_whose_size_is_not_reported():
    succeeds(mhddq.file_copy, "/proc/version", "copy")
    assert Path("copy").read_bytes() == Path("/proc/version").read_bytes()
