"""directory_move where shutil.move, of which it was made in 0.2 and 0.3, is more than a rename."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest
from helpers import error_text, fails, succeeds, tree_of
from surroundings import fill

import mhddq

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def tree() -> dict:
    os.mkdir("tree")
    fill(Path("tree"))
    return tree_of("tree")


@pytest.mark.parametrize("target", ["tree", "tree/", "./tree", os.path.join("tree", "..", "tree")])
def test_onto_itself_does_nothing(tree, target):
    inode = os.stat("tree").st_ino
    succeeds(mhddq.directory_move, "tree", target)
    assert tree_of("tree") == tree
    assert os.stat("tree").st_ino == inode
    assert os.listdir(".") == ["tree"]


@pytest.mark.posix("a link that every user may make")
@pytest.mark.parametrize("link", ["link", "tree/up"])
def test_to_a_link_to_itself_would_be_inside_of_itself(tree, link):
    os.symlink(os.path.abspath("tree"), link)
    before = tree_of(".")
    text = fails(mhddq.directory_move, "tree", link)
    assert text == error_text(errno.EINVAL, "tree", link)
    assert tree_of(".") == before


@pytest.mark.parametrize("target", ["p/new", "p/q/r/new", "p/q/new/"])
def test_makes_the_parents_of_its_target(tree, target):
    succeeds(mhddq.directory_move, "tree", target)
    assert tree_of(target) == tree
    assert os.listdir(".") == ["p"]


def test_makes_the_parents_of_its_target_on_another_file_system(two_disks):
    here, other = two_disks
    (here / "tree").mkdir()
    fill(here / "tree")
    before = tree_of(here / "tree")
    succeeds(mhddq.directory_move, str(here / "tree"), str(other / "p" / "q" / "new"))
    assert tree_of(other / "p" / "q" / "new") == before
    assert os.listdir(here) == []


@pytest.mark.parametrize("target", ["tree/new", "tree/p/q/new"])
def test_to_below_itself_touches_nothing(tree, target):
    os.utime("tree", (1_000_000_000, 1_000_000_000))
    text = fails(mhddq.directory_move, "tree", target)
    assert text == error_text(errno.EINVAL, "tree", target)
    assert os.stat("tree").st_mtime == 1_000_000_000
    assert tree_of("tree") == tree


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_leaves_no_parents_that_it_made_when_it_fails(two_disks):
    here, other = two_disks
    (here / "tree").mkdir()
    (here / "tree" / "file").write_text("x")
    if os.geteuid() == 0:
        os.mknod(here / "tree" / "device", 0o600 | 0o020000, os.makedev(1, 3))
    else:
        (here / "tree" / "file").chmod(0)
    fails(mhddq.directory_move, str(here / "tree"), str(other / "p" / "q" / "new"))
    assert os.listdir(other) == []
    assert (here / "tree" / "file").exists()
