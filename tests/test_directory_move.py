"""directory_rename and directory_move: what they do, and the text of each failure."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from helpers import error_text, fails, succeeds, text_of, tree_of
from surroundings import (
    LONGEST,
    MISSING,
    NO_DIRECTORY,
    ODD,
    TOO_LONG,
    fill,
    metadata_of,
    set_metadata,
)

import mhddq

pytestmark = pytest.mark.usefixtures("here")


# ---- directory_rename ----


@pytest.mark.usefixtures("two_trees")
@pytest.mark.parametrize("source", ["tree", "tree/", "directory", b"tree", "link/sub"])
@pytest.mark.parametrize("target", ["new", "new/", "full/new", LONGEST, ODD[0]])
@pytest.mark.parametrize("function", [mhddq.directory_rename, mhddq.directory_move])
def test_renaming_a_directory_moves_it_whole(function, source, target):
    before, inode = tree_of(os.fsdecode(source)), os.stat(source).st_ino
    succeeds(function, source, target)
    assert tree_of(target) == before
    assert os.stat(target).st_ino == inode
    assert not os.path.lexists(source)


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize(
    "target", ["full", "directory", "file", "dangling", "link", "loop", "fifo", "tree/sub", "full/"]
)
def test_rename_fails_where_the_target_exists(target):
    text = fails(mhddq.directory_rename, "tree", target)
    assert text == error_text(errno.EEXIST, "tree", target)


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("source", MISSING)
def test_rename_of_nothing_fails_as_replace_does(source):
    assert fails(mhddq.directory_rename, source, "new") == text_of(os.replace, source, "new")


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("source", [*NO_DIRECTORY, "link", "loop"])
def test_rename_of_what_is_no_directory_fails(source):
    text = fails(mhddq.directory_rename, source, "new")
    assert text == error_text(errno.ENOTDIR, source, "new")


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize(
    "target", ["file/new", TOO_LONG, "", "tree/sub/new", "loop/new", "tree/new"]
)
@pytest.mark.parametrize("function", [mhddq.directory_rename, mhddq.directory_move])
def test_renaming_to_where_nothing_can_be_fails_as_replace_does(function, target):
    text = text_of(os.replace, "tree", target)
    if os.name != "posix" and function is mhddq.directory_move and target.startswith("tree/"):
        text = error_text(errno.EINVAL, "tree", target)  # as on POSIX
    assert fails(function, "tree", target) == text


def test_rename_makes_no_parents():
    assert fails(mhddq.directory_rename, "tree", "missing/new") == text_of(
        os.replace, "tree", "missing/new"
    )


def test_rename_does_not_cross_file_systems(two_disks):
    here, other = two_disks
    (here / "d").mkdir()
    source, target = str(here / "d"), str(other / "d")
    text = fails(mhddq.directory_rename, source, target)
    assert text == error_text(errno.EXDEV, source, target)
    assert os.listdir(other) == []


# ---- directory_move ----


@pytest.mark.usefixtures("two_trees")
@pytest.mark.parametrize("source", ["tree", "tree/", "./tree"])
@pytest.mark.parametrize("target", ["directory", "directory/", "full", "./full/empty"])
def test_move_onto_a_directory_goes_inside(source, target):
    before = tree_of(source)
    succeeds(mhddq.directory_move, source, target)
    assert tree_of(os.path.join(target, "tree")) == before
    assert not os.path.lexists("tree")


@pytest.mark.usefixtures("two_trees")
def test_move_onto_a_link_to_a_directory_goes_inside():
    before = tree_of("full")
    succeeds(mhddq.directory_move, "full", "link")
    assert tree_of("tree/full") == before
    assert os.path.islink("link")


@pytest.mark.usefixtures("two_trees")
@pytest.mark.parametrize("taken", ["directory", "file", "link"])
def test_move_into_a_directory_where_the_name_is_taken_fails(taken):
    where = Path("full/tree")
    if taken == "directory":
        where.mkdir()
    elif taken == "file":
        where.write_text("x")
    else:
        where.symlink_to("nowhere")
    before = tree_of(".")
    text = fails(mhddq.directory_move, "tree", "./full/")
    assert text == error_text(errno.EEXIST, "./full/tree")
    assert tree_of(".") == before


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("source", MISSING)
def test_move_of_nothing_fails_naming_it(source):
    assert fails(mhddq.directory_move, source, "new") == text_of(os.lstat, source)


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("source", [*NO_DIRECTORY, "link", "loop", "link/"])
def test_move_of_what_is_no_directory_fails(source):
    text = fails(mhddq.directory_move, source, "new")
    assert text in (
        error_text(errno.ENOTDIR, source),
        error_text(errno.ENOTDIR, source, "new"),
    )


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("target", ["file", "fifo", "dangling", "loop"])
def test_move_of_a_directory_never_replaces_anything(target):
    text = fails(mhddq.directory_move, "tree", target)
    assert text in [
        error_text(number, *paths)
        for number in (errno.EEXIST, errno.ENOTDIR)
        for paths in (("tree", target), (target,))
    ]


# Windows leaves out a dot at the end: it is the directory itself.
DOTTED = pytest.param("./tree/.", marks=pytest.mark.posix("a dot that is a name"))


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize(
    "target", ["tree/sub", "tree/sub/deeper", "tree/new", "tree/p/q/new", DOTTED]
)
@pytest.mark.parametrize("function", [mhddq.directory_move, mhddq.directory_copy])
def test_a_directory_goes_not_into_itself(function, target):
    fails(function, "tree", target)


def test_move_across_file_systems_keeps_everything(two_disks):
    here, other = two_disks
    (here / "tree").mkdir()
    fill(here / "tree")
    set_metadata(here / "tree")
    (here / "sibling").write_text("stays")
    metadata, before = metadata_of(here / "tree"), tree_of(here / "tree")
    set_metadata(here / "tree")
    succeeds(mhddq.directory_move, str(here / "tree"), str(other / "moved"))
    assert metadata_of(other / "moved") == metadata
    assert tree_of(other / "moved") == before
    assert tree_of(here) == {"sibling": ("file", b"stays")}
    assert os.listdir(other) == ["moved"]


def test_move_across_file_systems_goes_inside_a_directory(two_disks):
    here, other = two_disks
    (here / "tree").mkdir()
    fill(here / "tree")
    before = tree_of(here / "tree")
    succeeds(mhddq.directory_move, str(here / "tree"), str(other))
    assert tree_of(other / "tree") == before
    assert os.listdir(here) == []


@pytest.mark.parametrize("name", ["taken", "", "file"])
def test_move_across_file_systems_fails_whole(two_disks, name):
    here, other = two_disks
    (here / "tree").mkdir()
    fill(here / "tree")
    (other / "tree").mkdir()
    (other / "taken").mkdir()
    (other / "taken" / "tree").write_text("x")
    (other / "file").write_text("x")
    before = tree_of(here), tree_of(other)
    source, target = str(here / "tree"), os.path.join(other, name)
    text = fails(mhddq.directory_move, source, target)
    assert (tree_of(here), tree_of(other)) == before
    if name in ("taken", ""):
        assert text == error_text(errno.EEXIST, os.path.join(target, "tree"))


@pytest.mark.usefixtures("here")
def test_rename_of_a_file_with_a_slash_to_itself_is_no_rename_of_a_directory():
    with open("file", "w", encoding="utf-8") as file:
        file.write("text")
    expected = text_of(os.replace, "file/", "file")
    assert fails(mhddq.directory_rename, "file/", "file") == expected
