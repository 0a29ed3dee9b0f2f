"""Names that cannot be; directory_exists, directory_create, directory_contents."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from helpers import error_text, fails, succeeds, text_of, under_wine
from surroundings import LONGEST, MISSING, NO_DIRECTORY, NOT_UTF8, NUL, ODD

import mhddq

pytestmark = pytest.mark.usefixtures("here")


ONE = [mhddq.directory_create, mhddq.directory_delete, mhddq.directory_contents]
TWO = [mhddq.directory_rename, mhddq.directory_move, mhddq.directory_copy]


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize(("bad", "number"), [("tr\0ee", 0), (b"tr\0ee", 0), ("\ud800", 1)])
def test_names_that_cannot_be_fail_with_their_text(bad, number):
    text = [NUL, text_of(os.fsencode, "\ud800")][number]
    for function in ONE:
        assert fails(function, bad) == text
    for function in TWO:
        assert fails(function, bad, "new") == text
        assert fails(function, "tree", bad) == text


# ---- directory_exists ----


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize(
    "name", ["tree", "tree/", "tree/sub", "link", "link/", ".", "..", "/", b"tree", Path("tree")]
)
def test_directories_exist_and_links_are_followed(name):
    assert succeeds(mhddq.directory_exists, name)["exists"] is True


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("name", [*MISSING, *NO_DIRECTORY, "loop", "file/", "a\0b", "\ud800"])
def test_what_is_no_directory_does_not_exist(name):
    assert succeeds(mhddq.directory_exists, name)["exists"] is False


# ---- directory_create ----


@pytest.mark.parametrize("mask", [0o022, 0o077, 0])
@pytest.mark.parametrize("name", ["made", "made/", LONGEST, *ODD, Path("made")])
def test_create_makes_a_directory_as_mkdir_does(name, mask):
    before = os.umask(mask)
    try:
        succeeds(mhddq.directory_create, name)
        os.mkdir("twin")
    finally:
        os.umask(before)
    assert os.stat(name).st_mode == os.stat("twin").st_mode
    assert os.listdir(name) == []


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize(
    "name",
    [*MISSING[1:], *NO_DIRECTORY, "loop", "./directory", "tree", "link", "tree/", ".", "..", "/"],
)
def test_create_fails_as_mkdir_does(name):
    assert fails(mhddq.directory_create, name) == text_of(os.mkdir, name)


# ---- directory_contents ----


def scanned(name) -> list[dict[str, str]]:
    with os.scandir(name) as entries:
        return [
            {"name": os.fsdecode(e.name), "type": "directory" if os.path.isdir(e.path) else "file"}
            for e in entries
        ]


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("name", ["tree", "tree/", "link", ".", b"tree", "directory", Path("tree")])
def test_contents_are_those_of_scandir_in_its_order(name):
    assert succeeds(mhddq.directory_contents, name)["contents"] == scanned(name)


@pytest.mark.usefixtures("two_trees")
def test_contents_have_the_types_of_what_links_lead_to():
    entries = succeeds(mhddq.directory_contents, "tree")["contents"]
    types = {entry["name"]: entry["type"] for entry in entries}
    assert {name for name, kind in types.items() if kind == "directory"} == {
        "sub",
        "empty",
        "link-to-directory",
        "link-up",
    }
    assert types["link"] == types["dangling"] == types["fifo"] == types["socket"] == "file"
    assert types[NOT_UTF8] == "file"


@pytest.mark.parametrize("count", [0, 1, 1000, 5000])
def test_contents_of_a_directory_of_any_size_are_whole(count):
    os.mkdir("many")
    for i in range(count):
        Path("many", f"an-entry-with-a-longer-name-{i}").touch()
    assert succeeds(mhddq.directory_contents, "many")["contents"] == scanned("many")
    succeeds(mhddq.directory_delete, "many")
    assert not os.path.exists("many")


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("name", [*MISSING, *NO_DIRECTORY, "loop", "file/"])
def test_contents_fail_as_scandir_does(name):
    text = text_of(os.scandir, name)
    if under_wine() and name == "file":  # where the name is said to be the fault
        text = error_text(errno.ENOTDIR, name)
    assert fails(mhddq.directory_contents, name) == text
