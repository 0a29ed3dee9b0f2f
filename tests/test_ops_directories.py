"""The seven directory operations: what they do, and what each failure says."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from helpers import (
    ends_well,
    error_text,
    fails,
    immutable,
    settle,
    succeeds,
    text_of,
    tree_of,
    under_wine,
)

import mhddq

pytestmark = pytest.mark.usefixtures("here")

LONGEST = "n" * 255
TOO_LONG = "n" * 256
NUL = "embedded null byte"
NOT_UTF8 = "not-utf-8-\udcff"
ODD = [
    pytest.param(NOT_UTF8, marks=pytest.mark.not_wine("keeps names as UTF-8")),
    pytest.param(b"bytes\xff", marks=pytest.mark.posix("names that are no text")),
]


def fill(top: Path) -> None:
    """A tree with something of everything."""
    (top / "sub" / "deeper").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "text").write_text("content")
    (top / "sub" / "data").write_bytes(bytes(range(256)) * 300)
    (top / "sub" / "deeper" / "näme").write_text("x")
    if not under_wine():  # which keeps names as UTF-8
        (top / NOT_UTF8).write_text("y")
    (top / LONGEST).write_text("z")
    if os.name != "posix":  # tests of what follows are skipped: conftest.py
        return
    (top / "link").symlink_to("text")
    (top / "link-up").symlink_to("..")
    (top / "link-to-directory").symlink_to("sub")
    (top / "dangling").symlink_to("nowhere")
    os.mkfifo(top / "fifo")
    listener = socket.socket(socket.AF_UNIX)
    where = os.getcwd()
    os.chdir(top)
    listener.bind("socket")
    os.chdir(where)
    listener.close()


def dress(top: Path) -> None:
    """Bits and times that differ from what a new tree would have, bottom up."""
    moment = 1_000_000_000_000_000_001
    for path, _, files in os.walk(top, topdown=False):
        for name in [*files, ""]:
            entry = os.path.join(path, name)
            if os.path.islink(entry.rstrip("/")):
                os.utime(entry, ns=(moment, moment), follow_symlinks=False)
            else:
                os.chmod(entry, 0o750 if name == "" else 0o640)
                os.utime(entry, ns=(moment, moment))
            moment += 1_111_111_111


def dress_of(top: Path) -> dict[str, tuple[int, int]]:
    """Mode and time of everything, the top included."""
    entries = [os.path.join(p, n) for p, folders, files in os.walk(top) for n in folders + files]
    found = {}
    for entry in [str(top), *entries]:
        status = os.lstat(entry)
        found[os.path.relpath(entry, top)] = (status.st_mode, status.st_mtime_ns)
    return found


@pytest.fixture
def around(here):
    """Two trees, an empty directory, a file, and links."""
    for name in ("tree", "full"):
        Path(name).mkdir()
        fill(Path(name))
    Path("directory").mkdir()
    Path("file").write_text("content")
    if os.name != "posix":
        return here
    Path("link").symlink_to("tree")
    Path("link-to-file").symlink_to("file")
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    os.mkfifo("fifo")
    return here


@pytest.fixture
def intact(around):
    """Which must be as it was at the end of the test."""
    before = tree_of(around)
    yield around
    settle()
    assert tree_of(around) == before


NOT_THERE = ["missing", "file/below", "missing/below", "loop/below", TOO_LONG, ""]
NO_DIRECTORY = ["file", "fifo", "dangling", "link-to-file"]


# ---- values that can be no name ----

ONE = [mhddq.directory_create, mhddq.directory_delete, mhddq.directory_contents]
TWO = [mhddq.directory_rename, mhddq.directory_move, mhddq.directory_copy]


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(("bad", "number"), [("tr\0ee", 0), (b"tr\0ee", 0), ("\ud800", 1)])
def test_names_that_cannot_be_fail_with_their_text(bad, number):
    text = [NUL, text_of(os.fsencode, "\ud800")][number]
    for function in ONE:
        assert fails(function, bad) == text
    for function in TWO:
        assert fails(function, bad, "new") == text
        assert fails(function, "tree", bad) == text


# ---- directory_exists ----


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name", ["tree", "tree/", "tree/sub", "link", "link/", ".", "..", "/", b"tree", Path("tree")]
)
def test_directories_exist_and_links_are_followed(name):
    assert succeeds(mhddq.directory_exists, name)["exists"] is True


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", [*NOT_THERE, *NO_DIRECTORY, "loop", "file/", "a\0b", "\ud800"])
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


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name",
    [*NOT_THERE[1:], *NO_DIRECTORY, "loop", "./directory", "tree", "link", "tree/", ".", "..", "/"],
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


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", ["tree", "tree/", "link", ".", b"tree", "directory", Path("tree")])
def test_contents_are_those_of_scandir_in_its_order(name):
    assert succeeds(mhddq.directory_contents, name)["contents"] == scanned(name)


@pytest.mark.usefixtures("around")
def test_contents_follow_links_to_tell_types():
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


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", [*NOT_THERE, *NO_DIRECTORY, "loop", "file/"])
def test_contents_fail_as_scandir_does(name):
    text = text_of(os.scandir, name)
    if under_wine() and name == "file":  # where the name is said to be the fault
        text = error_text(errno.ENOTDIR, name)
    assert fails(mhddq.directory_contents, name) == text


# ---- directory_delete ----


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize(
    "name",
    [
        "tree",
        "tree/",
        "./tree//",
        "full/../tree",
        b"tree",
        Path("tree"),
        "directory",
        "tree/sub",
        "link/sub",
    ],
)
def test_delete_removes_the_tree_and_nothing_else(name):
    before = tree_of(".")
    gone = os.path.relpath(os.path.realpath(os.fsdecode(name))).replace(os.sep, "/")
    succeeds(mhddq.directory_delete, name)
    left = {k: v for k, v in before.items() if k != gone and not k.startswith(gone + "/")}
    assert tree_of(".") == left


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", NOT_THERE)
def test_delete_of_nothing_fails_naming_it(name):
    assert fails(mhddq.directory_delete, name) == text_of(os.lstat, name)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("name", [*NO_DIRECTORY, "link", "loop", "link/", "link//", "file/"])
def test_delete_of_what_is_no_directory_fails(name):
    assert fails(mhddq.directory_delete, name) == error_text(errno.ENOTDIR, name)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "name",
    ["tree/.", "tree/..", "tree/./", "tree/../", "tree/sub/..", ".", "..", "./", "../"],
)
def test_delete_refuses_dots(name):
    text = fails(mhddq.directory_delete, name)
    assert text.startswith("[Errno ")
    assert text.endswith(f": {name!r}")


ROOT = """
import os, sys, threading
import mhddq

os.makedirs("root/kept")
os.chroot("root")
os.chdir("/")
for name in ("/", "//", "/.", "/..", "/kept/..", "kept/../.."):
    done = threading.Event()
    heard = []
    mhddq.directory_delete(lambda args: (heard.append(args), done.set()), name)
    assert done.wait(20)
    print(heard[0]["result"], heard[0]["output"]["exception"].endswith(f": {name!r}"))
print(os.listdir("/"))
"""


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can have a root to lose"
)
def test_delete_refuses_the_root():
    """In a root of its own, in case it does not."""
    assert ends_well(ROOT) == "False True\n" * 6 + "['kept']\n"


def try_mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")


@pytest.fixture
def mounted(around):
    """tree/sub/mount is a mount of another file system, with a file on it."""
    place = Path("tree/sub/mount")
    place.mkdir()
    try_mount("-t", "tmpfs", "none", str(place))
    (place / "canary").write_text("alive")
    yield place
    settle()
    alive = (place / "canary").exists()
    subprocess.run(["umount", str(place)], check=True)
    assert alive


@pytest.fixture
def bound(around):
    """tree/sub/mount is a bind mount of a directory beside: the same device."""
    place, beside = Path("tree/sub/mount"), Path("beside")
    place.mkdir()
    beside.mkdir()
    (beside / "canary").write_text("alive")
    try_mount("--bind", str(beside), str(place))
    yield place
    settle()
    subprocess.run(["umount", str(place)], check=True)
    assert (beside / "canary").exists()


@pytest.mark.parametrize("kind", ["mounted", "bound"])
@pytest.mark.parametrize("name", ["tree/sub/mount", "tree/sub/mount/"])
def test_delete_refuses_a_mount_point(request, kind, name):
    request.getfixturevalue(kind)
    assert fails(mhddq.directory_delete, name) == error_text(errno.EBUSY, name)


@pytest.mark.parametrize("kind", ["mounted", "bound"])
@pytest.mark.parametrize("top", ["tree", "./tree"])
def test_delete_does_not_enter_a_mount_below(request, kind, top):
    place = request.getfixturevalue(kind)
    text = error_text(errno.EBUSY, f"{top}/sub/mount")
    assert fails(mhddq.directory_delete, top) == text
    assert (place / "canary").exists()


@pytest.mark.usefixtures("mounted")
def test_files_move_off_a_mount():
    source = "tree/sub/mount/canary"
    succeeds(mhddq.file_copy, source, "kept")
    succeeds(mhddq.file_move, source, "moved")
    assert Path("moved").read_text() == "alive"
    succeeds(mhddq.file_move, "moved", source)
    assert not os.path.exists("moved")


@pytest.mark.usefixtures("bound")
def test_moves_cross_bind_mounts_by_the_systems_own_word():
    """The device is the same on both sides, and a rename fails with EXDEV all the same."""
    Path("d").mkdir()
    fill(Path("d"))
    before = tree_of("d")
    succeeds(mhddq.directory_move, "d", "tree/sub/mount/d")
    assert tree_of("beside/d") == before
    assert not os.path.exists("d")
    succeeds(mhddq.file_move, "file", "tree/sub/mount/file")
    assert Path("beside/file").read_text() == "content"
    assert not os.path.exists("file")


@pytest.mark.parametrize("top", ["tree", "./tree/", "full/../tree"])
def test_errors_inside_a_tree_name_the_full_path(around, top):
    inside = str(around / "tree" / "sub" / "deeper" / "näme")
    with immutable(inside):
        text = fails(mhddq.directory_delete, top)
    joined = os.path.join(top, "sub/deeper/näme")
    assert text == error_text(errno.EPERM, joined)


# ---- directory_rename ----


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize("source", ["tree", "tree/", "directory", b"tree", "link/sub"])
@pytest.mark.parametrize("target", ["new", "new/", "full/new", LONGEST, ODD[0]])
@pytest.mark.parametrize("function", [mhddq.directory_rename, mhddq.directory_move])
def test_renaming_a_directory_moves_it_whole(function, source, target):
    before, inode = tree_of(os.fsdecode(source)), os.stat(source).st_ino
    succeeds(function, source, target)
    assert tree_of(target) == before
    assert os.stat(target).st_ino == inode
    assert not os.path.lexists(source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "target", ["full", "directory", "file", "dangling", "link", "loop", "fifo", "tree/sub", "full/"]
)
def test_rename_fails_where_the_target_exists(target):
    text = fails(mhddq.directory_rename, "tree", target)
    assert text == error_text(errno.EEXIST, "tree", target)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", NOT_THERE)
def test_rename_of_nothing_fails_as_replace_does(source):
    assert fails(mhddq.directory_rename, source, "new") == text_of(os.replace, source, "new")


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", [*NO_DIRECTORY, "link", "loop"])
def test_rename_of_what_is_no_directory_fails(source):
    text = fails(mhddq.directory_rename, source, "new")
    assert text == error_text(errno.ENOTDIR, source, "new")


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "target", ["missing/new", "file/new", TOO_LONG, "", "tree/sub/new", "loop/new", "tree/new"]
)
@pytest.mark.parametrize("function", [mhddq.directory_rename, mhddq.directory_move])
def test_renaming_to_where_nothing_can_be_fails_as_replace_does(function, target):
    text = text_of(os.replace, "tree", target)
    if os.name != "posix" and function is mhddq.directory_move and target.startswith("tree/"):
        text = error_text(errno.EINVAL, "tree", target)  # as on POSIX
    assert fails(function, "tree", target) == text


def test_rename_does_not_cross_file_systems(two_disks):
    here, other = two_disks
    (here / "d").mkdir()
    source, target = str(here / "d"), str(other / "d")
    text = fails(mhddq.directory_rename, source, target)
    assert text == error_text(errno.EXDEV, source, target)
    assert os.listdir(other) == []


# ---- directory_move ----


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize("source", ["tree", "tree/", "./tree"])
@pytest.mark.parametrize("target", ["directory", "directory/", "full", "./full/empty"])
def test_move_onto_a_directory_goes_inside(source, target):
    before = tree_of(source)
    succeeds(mhddq.directory_move, source, target)
    assert tree_of(os.path.join(target, "tree")) == before
    assert not os.path.lexists("tree")


@pytest.mark.usefixtures("around")
def test_move_onto_a_link_to_a_directory_goes_inside():
    before = tree_of("full")
    succeeds(mhddq.directory_move, "full", "link")
    assert tree_of("tree/full") == before
    assert os.path.islink("link")


@pytest.mark.usefixtures("around")
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


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", NOT_THERE)
def test_move_of_nothing_fails_naming_it(source):
    assert fails(mhddq.directory_move, source, "new") == text_of(os.lstat, source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", [*NO_DIRECTORY, "link", "loop", "link/"])
def test_move_of_what_is_no_directory_fails(source):
    text = fails(mhddq.directory_move, source, "new")
    assert text in (
        error_text(errno.ENOTDIR, source),
        error_text(errno.ENOTDIR, source, "new"),
    )


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("target", ["file", "fifo", "dangling", "loop"])
def test_move_of_a_directory_never_replaces_anything(target):
    text = fails(mhddq.directory_move, "tree", target)
    assert text in [
        error_text(number, *paths)
        for number in (errno.EEXIST, errno.ENOTDIR)
        for paths in (("tree", target), (target,))
    ]


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("target", ["tree", "tree/sub", "tree/sub/deeper", "tree/new", "./tree/."])
@pytest.mark.parametrize("function", [mhddq.directory_move, mhddq.directory_copy])
def test_a_directory_goes_not_into_itself(function, target):
    fails(function, "tree", target)


def test_move_across_file_systems_keeps_everything(two_disks):
    here, other = two_disks
    (here / "tree").mkdir()
    fill(here / "tree")
    dress(here / "tree")
    (here / "sibling").write_text("stays")
    dressed, before = dress_of(here / "tree"), tree_of(here / "tree")
    dress(here / "tree")
    succeeds(mhddq.directory_move, str(here / "tree"), str(other / "moved"))
    assert dress_of(other / "moved") == dressed
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


@pytest.mark.parametrize("name", ["taken", "missing/new", "", "file"])
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


def test_move_across_file_systems_checks_for_mounts_before_it_copies(mounted):
    """The target is the other file system, the source holds a mount: nothing is touched."""
    Path("outer/holds").mkdir(parents=True)
    try_mount("--bind", "full", "outer/holds")
    try:
        text = fails(mhddq.directory_move, "outer", "tree/sub/mount/moved")
        left = os.listdir(mounted)
    finally:
        subprocess.run(["umount", "outer/holds"], check=True)
    assert text == error_text(errno.EBUSY, "outer/holds")
    assert left == ["canary"]


# ---- directory_copy ----


def assert_same_tree(source: str, copy: str) -> None:
    assert tree_of(copy) == tree_of(source)
    assert dress_of(Path(copy)) == dress_of(Path(source))


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize("source", ["tree", "tree/", b"tree", Path("tree"), "directory"])
@pytest.mark.parametrize("target", ["copy", "full/copy", "copy/"])
def test_copy_equals_its_source(source, target):
    dress(Path("tree"))
    before = sorted(os.listdir(os.path.dirname(target.rstrip("/")) or "."))
    succeeds(mhddq.directory_copy, source, target)
    assert_same_tree(os.fsdecode(source), target)
    after = sorted(os.listdir(os.path.dirname(target.rstrip("/")) or "."))
    assert set(after) - set(before) == {"copy"}


@pytest.mark.usefixtures("around")
def test_copy_does_not_keep_hard_links():
    os.link("tree/text", "tree/other")
    succeeds(mhddq.directory_copy, "tree", "copy")
    assert os.stat("copy/text").st_ino != os.stat("copy/other").st_ino
    assert Path("copy/other").read_text() == "content"


@pytest.mark.usefixtures("around")
def test_copy_keeps_fifos_and_sockets_as_nodes():
    succeeds(mhddq.directory_copy, "tree", "copy")
    assert stat.S_ISFIFO(os.lstat("copy/fifo").st_mode)
    assert stat.S_ISSOCK(os.lstat("copy/socket").st_mode)


@pytest.mark.usefixtures("around")
@pytest.mark.parametrize("mode", [0o700, 0o555, 0o500, 0o1777, 0o2755, 0o4711])
def test_copy_keeps_the_bits_of_directories(mode):
    os.chmod("tree/sub", mode)
    succeeds(mhddq.directory_copy, "tree", "copy")
    assert stat.S_IMODE(os.stat("copy/sub").st_mode) == mode


@pytest.mark.usefixtures("around")
def test_copy_keeps_user_attributes():
    for name in ("tree", "tree/sub", "tree/text"):
        try:
            os.setxattr(name, "user.mhddq", name.encode())
        except OSError as error:
            pytest.skip(f"no extended attributes here: {error}")
    succeeds(mhddq.directory_copy, "tree", "copy")
    for name in ("", "sub", "text"):
        assert os.getxattr(Path("copy", name), "user.mhddq") == str(Path("tree", name)).encode()


@pytest.mark.usefixtures("around")
def test_copy_makes_missing_parents():
    succeeds(mhddq.directory_copy, "tree", "a/b/c/copy")
    assert tree_of("a/b/c/copy") == tree_of("tree")
    assert os.listdir("a") == ["b"]
    assert os.listdir("a/b/c") == ["copy"]


@pytest.mark.usefixtures("around")
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


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    "target", ["full", "directory", "file", "link", "dangling", "loop", "fifo", "tree", "full/"]
)
def test_copy_never_touches_an_existing_target(target):
    assert fails(mhddq.directory_copy, "tree", target) == error_text(errno.EEXIST, target)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", NOT_THERE)
def test_copy_of_nothing_fails_naming_it(source):
    assert fails(mhddq.directory_copy, source, "new") == text_of(os.stat, source)
    assert fails(mhddq.directory_copy, source, "a/b/new") == text_of(os.stat, source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("source", ["file", "fifo", "link-to-file"])
def test_copy_of_what_is_no_directory_fails(source):
    assert fails(mhddq.directory_copy, source, "new") == error_text(errno.ENOTDIR, source)


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize("target", ["file/new", "loop/new", TOO_LONG, ""])
def test_copy_to_where_nothing_can_be_fails(target):
    text = fails(mhddq.directory_copy, "tree", target)
    assert text.startswith(("[Errno ", "[WinError "))


def test_copy_across_file_systems(two_disks):
    here, other = two_disks
    (here / "tree").mkdir()
    fill(here / "tree")
    dress(here / "tree")
    succeeds(mhddq.directory_copy, str(here / "tree"), str(other / "copy"))
    assert_same_tree(str(here / "tree"), str(other / "copy"))


# ---- depth ----

DEEP = """
import os, resource, sys, threading
import mhddq

LEVELS = 3000
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def do(function, *arguments):
    done = threading.Event()
    heard = []
    function(lambda args: (heard.append(args), done.set()), *arguments)
    assert done.wait(60), function
    if not heard[0]["result"]:
        print(function.__name__, heard[0]["output"]["exception"][-300:])


def descend(name, step):
    folder = os.open(name, os.O_RDONLY)
    for level in range(LEVELS):
        step(folder, level)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)


def make(folder, level):
    os.mkdir("d", dir_fd=folder)
    if level % 100 == 0:
        os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=folder))


def check(folder, level):
    there = sorted(os.listdir(folder))
    assert there == (["d", "f"] if level % 100 == 0 else ["d"]), (level, there)


os.mkdir("deep")
descend("deep", make)
before = len(os.listdir("/proc/self/fd"))
do(mhddq.directory_copy, "deep", "copy")
descend("copy", check)
do(mhddq.directory_move, "copy", sys.argv[1] + "/moved")
descend(sys.argv[1] + "/moved", check)
do(mhddq.directory_delete, "deep")
do(mhddq.directory_delete, sys.argv[1] + "/moved")
print(os.path.exists("deep"), os.path.exists("copy"), os.listdir(sys.argv[1]))
print(len(os.listdir("/proc/self/fd")) - before <= 8)
"""


def test_trees_of_3000_levels_are_copied_moved_and_deleted(two_disks):
    _, other = two_disks
    output = ends_well(DEEP, str(other), timeout=110)
    assert output == "False False []\nTrue\n"


# ---- without root's powers ----

UNPRIVILEGED = """
import json, os, sys, tempfile, threading
import mhddq

top = tempfile.mkdtemp()
os.chmod(top, 0o755)
os.chdir(top)
os.makedirs("own/closed/inner")
os.mkdir("own/shut")
open("own/file", "w").close()
open("own/shut/file", "w").close()
open("own/secret", "w").close()
if os.geteuid() == 0:
    for path, folders, files in os.walk(top):
        for name in [*folders, *files, "."]:
            os.chown(os.path.join(path, name), 65534, 65534)
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
os.chmod("own/closed", 0)
os.chmod("own/shut", 0o555)
os.chmod("own/secret", 0)


def do(function, *arguments):
    done = threading.Event()
    heard = []
    function(lambda args: (heard.append(args), done.set()), *arguments)
    assert done.wait(20), function
    return heard[0]["output"].get("exception", "")


found = {
    "file_exists": do(mhddq.file_exists, "own/closed/x"),
    "directory_exists": do(mhddq.directory_exists, "own/closed/inner"),
    "file_create": do(mhddq.file_create, "own/shut/x"),
    "file_delete": do(mhddq.file_delete, "own/shut/file"),
    "file_rename": do(mhddq.file_rename, "own/shut/file", "own/x"),
    "file_move": do(mhddq.file_move, "own/shut/file", "own/x"),
    "file_copy_from": do(mhddq.file_copy, "own/secret", "own/x"),
    "file_copy_to": do(mhddq.file_copy, "own/file", "own/shut/x"),
    "file_read": do(mhddq.file_read, "own/secret"),
    "file_write": do(mhddq.file_write, "x", "own/secret"),
    "directory_create": do(mhddq.directory_create, "own/shut/x"),
    "directory_contents": do(mhddq.directory_contents, "own/closed"),
    "directory_copy": do(mhddq.directory_copy, "own", "copy"),
    "directory_copy_left": sorted(os.listdir(".")),
    "file_copy_left": sorted(os.listdir("own")),
    "directory_move": do(mhddq.directory_move, "own/shut", "own/closed/x"),
}
os.chmod("own/closed", 0o755)
os.chmod("own/secret", 0o644)
found["directory_delete"] = do(mhddq.directory_delete, "own")
found["directory_delete_left"] = os.path.exists("own/shut/file")
os.chmod("own/shut", 0o755)
found["cleaned"] = do(mhddq.directory_delete, "own")
os.rmdir(top) if os.geteuid() == os.stat("..").st_uid else None
print(json.dumps(found))
"""

DENIED = "[Errno 13] Permission denied: "


def test_what_is_not_permitted_fails_exactly():
    found = json.loads(ends_well(UNPRIVILEGED))
    both = DENIED + "'own/shut/file' -> 'own/x'"
    assert found.pop("directory_copy_left") == ["own"]
    assert found.pop("file_copy_left") == ["closed", "file", "secret", "shut"]
    assert found.pop("directory_delete_left") is True
    assert found.pop("cleaned") == ""
    copied = found.pop("directory_copy")
    assert copied in (DENIED + "'own/closed'", DENIED + "'own/secret'")
    assert found == {
        "file_exists": DENIED + "'own/closed/x'",
        "directory_exists": DENIED + "'own/closed/inner'",
        "file_create": DENIED + "'own/shut/x'",
        "file_delete": DENIED + "'own/shut/file'",
        "file_rename": both,
        "file_move": both,
        "file_copy_from": DENIED + "'own/secret'",
        "file_copy_to": DENIED + "'own/shut/x'",
        "file_read": DENIED + "'own/secret'",
        "file_write": DENIED + "'own/secret'",
        "directory_create": DENIED + "'own/shut/x'",
        "directory_contents": DENIED + "'own/closed'",
        "directory_move": DENIED + "'own/shut' -> 'own/closed/x'",
        "directory_delete": DENIED + "'own/shut/file'",
    }


@pytest.mark.usefixtures("here")
def test_rename_of_a_file_with_a_slash_to_itself_is_no_rename_of_a_directory():
    with open("file", "w", encoding="utf-8") as file:
        file.write("text")
    expected = text_of(os.replace, "file/", "file")
    assert fails(mhddq.directory_rename, "file/", "file") == expected
