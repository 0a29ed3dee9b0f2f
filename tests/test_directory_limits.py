"""Trees of 3,000 levels, and what an ordinary user may not do."""

from __future__ import annotations

import json

import pytest
from helpers import ends_well

pytestmark = pytest.mark.usefixtures("here")


# ---- depth ----

DEEP = """
import os, resource, sys, threading
import mhddq

LEVELS = 3000
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def do(function, *arguments):
    done = threading.Event()
    collected = []
    function(lambda args: (collected.append(args), done.set()), *arguments)
    assert done.wait(60), function
    if not collected[0]["result"]:
        print(function.__name__, collected[0]["output"]["exception"][-300:])


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


# ---- without the permissions of root ----

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
    collected = []
    function(lambda args: (collected.append(args), done.set()), *arguments)
    assert done.wait(20), function
    return collected[0]["output"].get("exception", "")


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
