"""directory_copy: what it does, and the text of each failure."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from helpers import error_text, fails, succeeds, text_of, tree_of
from surroundings import MISSING, TOO_LONG, fill, metadata_of, set_metadata

import mhddq

pytestmark = pytest.mark.usefixtures("here")


# ---- directory_copy ----


def assert_same_tree(source: str, copy: str) -> None:
    assert tree_of(copy) == tree_of(source)
    assert metadata_of(Path(copy)) == metadata_of(Path(source))


@pytest.mark.usefixtures("two_trees")
@pytest.mark.parametrize("source", ["tree", "tree/", b"tree", Path("tree"), "directory"])
@pytest.mark.parametrize("target", ["copy", "full/copy", "copy/"])
def test_copy_equals_its_source(source, target):
    set_metadata(Path("tree"))
    before = sorted(os.listdir(os.path.dirname(target.rstrip("/")) or "."))
    succeeds(mhddq.directory_copy, source, target)
    assert_same_tree(os.fsdecode(source), target)
    after = sorted(os.listdir(os.path.dirname(target.rstrip("/")) or "."))
    assert set(after) - set(before) == {"copy"}


@pytest.mark.usefixtures("two_trees")
def test_copy_does_not_keep_hard_links():
    os.link("tree/text", "tree/other")
    succeeds(mhddq.directory_copy, "tree", "copy")
    assert os.stat("copy/text").st_ino != os.stat("copy/other").st_ino
    assert Path("copy/other").read_text() == "content"


@pytest.mark.usefixtures("two_trees")
def test_copy_keeps_fifos_and_sockets_as_nodes():
    succeeds(mhddq.directory_copy, "tree", "copy")
    assert stat.S_ISFIFO(os.lstat("copy/fifo").st_mode)
    assert stat.S_ISSOCK(os.lstat("copy/socket").st_mode)


@pytest.mark.usefixtures("two_trees")
@pytest.mark.parametrize("mode", [0o700, 0o555, 0o500, 0o1777, 0o2755, 0o4711])
def test_copy_keeps_the_bits_of_directories(mode):
    os.chmod("tree/sub", mode)
    succeeds(mhddq.directory_copy, "tree", "copy")
    assert stat.S_IMODE(os.stat("copy/sub").st_mode) == mode


@pytest.mark.usefixtures("two_trees")
def test_copy_keeps_user_attributes():
    for name in ("tree", "tree/sub", "tree/text"):
        try:
            os.setxattr(name, "user.mhddq", name.encode())
        except OSError as error:
            pytest.skip(f"no extended attributes here: {error}")
    succeeds(mhddq.directory_copy, "tree", "copy")
    for name in ("", "sub", "text"):
        assert os.getxattr(Path("copy", name), "user.mhddq") == str(Path("tree", name)).encode()


@pytest.mark.usefixtures("two_trees")
def test_copy_makes_missing_parents():
    succeeds(mhddq.directory_copy, "tree", "a/b/c/copy")
    assert tree_of("a/b/c/copy") == tree_of("tree")
    assert os.listdir("a") == ["b"]
    assert os.listdir("a/b/c") == ["copy"]


@pytest.mark.usefixtures("two_trees")
@pytest.mark.parametrize("parents", ["", "a/b/"])
def test_copy_that_fails_leaves_nothing(parents):
    try:
        os.mknod("tree/sub/device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except OSError as error:
        pytest.skip(f"cannot make devices here: {error}")
    before = {**tree_of("."), "tree/sub/device": ()}
    text = fails(mhddq.directory_copy, "tree", f"{parents}copy")
    assert text.startswith("[Errno ")
    assert text.endswith(": 'tree/sub/device'")
    after = {**tree_of("."), "tree/sub/device": ()}
    assert after == before


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize(
    "target", ["full", "directory", "file", "link", "dangling", "loop", "fifo", "tree", "full/"]
)
def test_copy_never_touches_an_existing_target(target):
    assert fails(mhddq.directory_copy, "tree", target) == error_text(errno.EEXIST, target)


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("source", MISSING)
def test_copy_of_nothing_fails_naming_it(source):
    assert fails(mhddq.directory_copy, source, "new") == text_of(os.stat, source)
    assert fails(mhddq.directory_copy, source, "a/b/new") == text_of(os.stat, source)


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("source", ["file", "fifo", "link-to-file"])
def test_copy_of_what_is_no_directory_fails(source):
    assert fails(mhddq.directory_copy, source, "new") == error_text(errno.ENOTDIR, source)


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("target", ["file/new", "loop/new", TOO_LONG, ""])
def test_copy_to_where_nothing_can_be_fails(target):
    text = fails(mhddq.directory_copy, "tree", target)
    assert text.startswith(("[Errno ", "[WinError "))


def test_copy_across_file_systems(two_disks):
    here, other = two_disks
    (here / "tree").mkdir()
    fill(here / "tree")
    set_metadata(here / "tree")
    succeeds(mhddq.directory_copy, str(here / "tree"), str(other / "copy"))
    assert_same_tree(str(here / "tree"), str(other / "copy"))
