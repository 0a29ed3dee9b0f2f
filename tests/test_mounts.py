"""Mounts below directories: deletes do not enter them, moves cross them."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
from helpers import error_text, fails, settle, succeeds, tree_of
from surroundings import fill

import mhddq

pytestmark = pytest.mark.usefixtures("here")


def try_mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")


@pytest.fixture
def mounted(two_trees):
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
def bound(two_trees):
    """tree/sub/mount is a bind mount of another directory on the same device."""
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
def test_moves_cross_bind_mounts_where_rename_fails_with_exdev():
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
