"""file_rename and file_move: what they do, and the text of each failure."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from helpers import error_text, fails, succeeds, text_of, tree_of
from surroundings import LONGEST, MISSING_FILES, TOO_LONG, assert_same_metadata, file_with_metadata

import mhddq

pytestmark = pytest.mark.usefixtures("here")


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


NO_SOURCES = [name for name in MISSING_FILES if name != "loop"]
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


@pytest.mark.parametrize("target", ["new", "existing", ".", LONGEST])
def test_move_across_file_systems_keeps_everything(two_disks, target):
    here, other = two_disks
    file_with_metadata(here / "file")
    data = (here / "file").read_bytes()
    before = file_with_metadata(here / "file")
    (other / "existing").write_text("x")
    succeeds(mhddq.file_move, str(here / "file"), os.path.join(other, target))
    arrived = other / ("file" if target == "." else target)
    assert_same_metadata(arrived, before)
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
    else:  # the failure comes before the operation knows that the volume is another
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
