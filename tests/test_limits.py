"""A process at its limits of file size and of descriptors: operations fail, and the process goes
on."""

from __future__ import annotations

import errno
import os

import pytest
from helpers import error_text
from programs import ended

pytestmark = pytest.mark.posix("limits to resources")

DO = """
    import resource, shutil

    def do(function, *arguments):
        collected, done = [], threading.Event()
        must(function(lambda args: (collected.append(args), done.set()), *arguments), "acceptance")
        must(done.wait(DEADLINE), function.__name__)
        return collected[0]["output"].get("exception", "done")

    AWAY = sys.argv[1]
    with open("file", "wb") as file:
        file.write(os.urandom(300_000))
    os.makedirs("tree/sub")
    shutil.copy("file", "tree/sub/file")
    for name in ("file", "tree"):
        shutil.copytree(name, AWAY + "/" + name) if name == "tree" else shutil.copy(name, AWAY)
"""

FILE_SIZE = """
    if sys.argv[2] == "death":    # the default action of the signal
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    found = [
        do(mhddq.file_write, bytes(300_000), "written", True),
        do(mhddq.file_write, "x" * 300_000, "text"),
        do(mhddq.file_copy, "file", "copied"),
        do(mhddq.directory_copy, "tree", "copy"),
        do(mhddq.file_move, AWAY + "/file", "moved"),
        do(mhddq.directory_move, AWAY + "/tree", "move"),
    ]
    names = sorted(os.listdir())
    sizes = [os.stat(name).st_size for name in ("written", "text")]
    away = [os.stat(AWAY + name).st_size for name in ("/file", "/tree/sub/file")]
    small = do(mhddq.file_write, bytes(100_000), "written", True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    moves = [
        do(mhddq.file_move, AWAY + "/file", "moved"),
        do(mhddq.directory_move, AWAY + "/tree", "move"),
    ]
    report(found=found, names=names, sizes=sizes, away=away, small=small, moves=moves)
"""


@pytest.mark.parametrize("signal", ["ignored", "death"])
def test_files_beyond_the_limit_of_size_fail_and_the_process_lives(two_disks, signal):
    _, away = two_disks
    end = ended(DO + FILE_SIZE, str(away), signal)
    assert end["found"] == [
        error_text(errno.EFBIG, name)
        for name in ("written", "text", "copied", "copy/sub/file", "moved", "move/sub/file")
    ]
    assert set(end["names"]) == {"file", "tree", "text", "written"}
    assert end["sizes"] == [100_000, 100_000]  # the part that fitted, as with open(…, 'w')
    assert end["away"] == [300_000, 300_000]
    assert end["small"] == "done"
    assert end["moves"] == ["done", "done"]


DESCRIPTORS = """
    do(mhddq.file_exists, ".")
    before = set(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    held = []
    def hold():
        while True:
            try:
                held.append(os.open(".", os.O_RDONLY))
            except OSError:
                return
    hold()
    refused = {
        "file": [do(mhddq.file_create, "new"), do(mhddq.file_read, "file", True),
                 do(mhddq.file_write, "x", "file"), do(mhddq.file_copy, "file", "new"),
                 do(mhddq.file_move, AWAY + "/file", "new")],
        "tree": [do(mhddq.directory_contents, "tree"), do(mhddq.directory_copy, "tree", "new"),
                 do(mhddq.directory_delete, "tree"),
                 do(mhddq.directory_move, AWAY + "/tree", "new")],
    }
    granted = [
        do(mhddq.file_exists, "file"), do(mhddq.directory_exists, "tree"),
        do(mhddq.directory_create, "made"), do(mhddq.file_rename, "file", "renamed"),
        do(mhddq.file_move, "renamed", "file"), do(mhddq.directory_rename, "made", "kept"),
    ]
    some = []         # with a few descriptors most operations begin, and fail later
    for few in range(1, 8):
        for _ in range(few):
            os.close(held.pop())
        some += [do(mhddq.directory_copy, "tree", "new"), do(mhddq.file_copy, "file", "other"),
                 do(mhddq.directory_move, "tree", "moved")]
        for name in ("new", "moved"):
            if os.path.isdir(name):
                os.rename(name, "tree") if name == "moved" else shutil.rmtree(name)
        if os.path.exists("other"):
            os.unlink("other")
        hold()
    for fd in held:
        os.close(fd)
    left = sorted(os.listdir())
    size = os.stat("file").st_size, os.stat("tree/sub/file").st_size
    again = [do(mhddq.file_read, "file", True), do(mhddq.directory_copy, "tree", "new"),
             do(mhddq.directory_move, AWAY + "/tree", "moved"), do(mhddq.directory_delete, "tree")]
    more = len(set(os.listdir("/proc/self/fd")) - before)
    report(refused=refused, granted=granted, some=some, left=left, size=size, again=again,
           more=more)
"""


def test_a_process_without_descriptors_gets_errors_and_goes_on(two_disks):
    _, away = two_disks
    end = ended(DO + DESCRIPTORS, str(away))
    many = os.strerror(errno.EMFILE)
    for text in [t for texts in end["refused"].values() for t in texts]:
        assert text.startswith(f"[Errno {errno.EMFILE}] {many}: '"), end["refused"]
    assert end["granted"] == ["done"] * 6
    failed = [text for text in end["some"] if text != "done"]
    assert failed
    assert "done" in end["some"]
    assert all(text.startswith(f"[Errno {errno.EMFILE}] {many}: '") for text in failed)
    assert end["left"] == ["file", "kept", "tree"]
    assert end["size"] == [300_000, 300_000]
    assert end["again"] == ["done"] * 4
    assert end["more"] <= 1  # that of the listing itself
