"""What a path may be, and the operations on a name alone: file_exists, file_create, file_delete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import do, fails, succeeds, text_of, tree_of
from surroundings import LONGEST, MISSING_FILES, NUL, TOO_LONG

import mhddq

pytestmark = pytest.mark.usefixtures("here")


def exists(name) -> bool:
    return succeeds(mhddq.file_exists, name)["exists"]


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
        *MISSING_FILES,
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
    [n for n in MISSING_FILES if n != "loop"]
    + ["directory", "directory/", "file/", "link-to-directory/", ".", "..", "full/."],
)
def test_delete_fails_as_remove_does(name):
    assert fails(mhddq.file_delete, name) == text_of(os.remove, name)
