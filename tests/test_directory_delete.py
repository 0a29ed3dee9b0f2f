"""directory_delete: what it removes, what it refuses, and the text of each failure."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from helpers import ends_well, error_text, fails, immutable, succeeds, text_of, tree_of
from surroundings import MISSING, NO_DIRECTORY

import mhddq

pytestmark = pytest.mark.usefixtures("here")


# ---- directory_delete ----


@pytest.mark.usefixtures("two_trees")
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


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("name", MISSING)
def test_delete_of_nothing_fails_naming_it(name):
    assert fails(mhddq.directory_delete, name) == text_of(os.lstat, name)


@pytest.mark.usefixtures("intact_trees")
@pytest.mark.parametrize("name", [*NO_DIRECTORY, "link", "loop", "link/", "link//", "file/"])
def test_delete_of_what_is_no_directory_fails(name):
    assert fails(mhddq.directory_delete, name) == error_text(errno.ENOTDIR, name)


@pytest.mark.usefixtures("intact_trees")
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
    collected = []
    mhddq.directory_delete(lambda args: (collected.append(args), done.set()), name)
    assert done.wait(20)
    print(collected[0]["result"], collected[0]["output"]["exception"].endswith(f": {name!r}"))
print(os.listdir("/"))
"""


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can have a root to lose"
)
def test_delete_refuses_the_root():
    """In a root of its own, in case it does not."""
    assert ends_well(ROOT) == "False True\n" * 6 + "['kept']\n"


@pytest.mark.parametrize("top", ["tree", "./tree/", "full/../tree"])
def test_errors_inside_a_tree_name_the_full_path(two_trees, top):
    inside = str(two_trees / "tree" / "sub" / "deeper" / "näme")
    with immutable(inside):
        text = fails(mhddq.directory_delete, top)
    joined = os.path.join(top, "sub/deeper/näme")
    assert text == error_text(errno.EPERM, joined)
