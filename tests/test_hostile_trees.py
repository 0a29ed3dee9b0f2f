"""Trees with difficult entries: set-user-ID files, entries that no user may change, files that
change while they are copied, more entries than fit into any buffer.

The tests in which directories and links are exchanged meanwhile are in
csrc/test/fs/posix/test_swaps.c. By default each race is tried for one round; ``MHDDQ_TEST_ROUNDS``
sets more (``nox -s trees``).
"""

from __future__ import annotations

import errno
import itertools
import os
import random
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import PATIENCE, do, error_text, fails, immutable, settle, succeeds, text_of, tree_of
from programs import ended

import mhddq

ROUNDS = int(os.environ.get("MHDDQ_TEST_ROUNDS", "1"))
pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.timeout((120 + 10 * ROUNDS) * PATIENCE),
    pytest.mark.posix("links, mounts, attributes and users of Linux"),
]
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can set this up"
)

NOBODY = 65534
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")

# ---- powers ----


@pytest.fixture
def powers(here):
    """A tree of files that run with the powers of their owner or group: (path, owner, mode)."""
    entries = [
        ("tree/foreign", NOBODY, 0o4755),
        ("tree/foreign-group", NOBODY, 0o2755),
        ("tree/both", NOBODY, 0o6711),
        ("tree/own", 0, 0o6755),
        ("tree/foreign-folder", NOBODY, 0o2775),
        ("tree/own-folder", 0, 0o2775),
    ]
    Path("tree").mkdir()
    for path, owner, mode in entries:
        Path(path).mkdir() if path.endswith("folder") else Path(path).write_text("#!")
        os.chown(path, owner, owner)
        os.chmod(path, mode)
    Path("tree/capable").write_text("#!")
    try:
        os.setxattr("tree/capable", "security.capability", CAPABILITY)
        os.setxattr("tree/capable", "trusted.mhddq", b"x")
    except OSError as error:
        pytest.skip(f"cannot give capabilities here: {error}")
    return entries


@as_root
def test_a_copied_tree_has_none_of_the_powers_of_others(powers):
    succeeds(mhddq.directory_copy, "tree", "copy")
    for path, owner, mode in powers:
        made = os.stat(path.replace("tree", "copy"))
        assert (made.st_uid, made.st_gid) == (0, 0)
        assert stat.S_IMODE(made.st_mode) == (mode if owner == 0 else mode & 0o777), path
    assert os.listxattr("copy/capable") == []


@as_root
def test_a_tree_moved_across_file_systems_keeps_owners_and_gains_nothing(powers, two_disks):
    _, other = two_disks
    succeeds(mhddq.directory_move, "tree", other / "moved")
    for path, owner, mode in powers:
        made = os.stat(path.replace("tree", str(other / "moved")))
        assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (owner, owner, mode), path
    assert os.listxattr(other / "moved/capable") == []
    assert not os.path.exists("tree")


@as_root
def test_devices_are_deleted_and_never_copied_or_moved_away(two_disks):
    _, other = two_disks
    for kind, name in [(stat.S_IFCHR, "null"), (stat.S_IFBLK, "loop")]:
        Path("tree/sub").mkdir(parents=True)
        try:
            os.mknod(
                f"tree/sub/{name}", kind | 0o600, os.makedev(1, 3) if name == "null" else 0x700
            )
        except OSError as error:
            pytest.skip(f"cannot make devices here: {error}")
        for function in (mhddq.directory_copy, mhddq.directory_move):
            assert fails(function, "tree", other / "new").endswith(f": 'tree/sub/{name}'")
        assert os.listdir(other) == []
        assert os.listdir("tree/sub") == [name]
        succeeds(mhddq.directory_delete, "tree")
        assert not os.path.exists("tree")
    assert os.stat("/dev/null").st_rdev == os.makedev(1, 3)


# ---- entries that no user may change ----


def opened(name: str, mode: str) -> None:
    with open(name, mode):
        pass


@as_root
def test_immutable_entries_fail_each_operation_exactly():
    """Not even root may change them. The errors are those of Python's own functions."""
    Path("tree").mkdir()
    for name in ("file", "tree/file", "other"):
        Path(name).write_text("content")
    before = tree_of(".")
    with immutable("file", "tree"):
        assert fails(mhddq.file_delete, "file") == text_of(os.remove, "file")
        assert fails(mhddq.file_write, "x", "file") == text_of(opened, "file", "w")
        for function in (mhddq.file_rename, mhddq.file_move):
            assert fails(function, "file", "new") == text_of(os.replace, "file", "new")
            assert fails(function, "other", "file") == text_of(os.replace, "other", "file")
            assert fails(function, "other", "tree/new") == text_of(os.replace, "other", "tree/new")
        for function in (mhddq.directory_rename, mhddq.directory_move):
            assert fails(function, "tree", "new") == text_of(os.replace, "tree", "new")
        assert fails(mhddq.file_create, "tree/new") == text_of(opened, "tree/new", "x")
        assert fails(mhddq.directory_create, "tree/new") == text_of(os.mkdir, "tree/new")
        assert fails(mhddq.file_copy, "other", "tree/new") == text_of(opened, "tree/new", "x")
        assert fails(mhddq.directory_copy, "tree", "tree/new").startswith("[Errno 22]")
        assert fails(mhddq.directory_delete, "tree") == error_text(errno.EPERM, "tree/file")
        assert tree_of(".") == before
        # They can be read, and their copies can be changed.
        assert succeeds(mhddq.file_read, "file")["data"] == "content"
        succeeds(mhddq.file_copy, "file", "copy")
        succeeds(mhddq.directory_copy, "tree", "twin")
    succeeds(mhddq.file_delete, "copy")
    succeeds(mhddq.directory_delete, "twin")
    assert tree_of(".") == before


@as_root
def test_a_move_across_file_systems_that_cannot_remove_its_source_leaves_the_target(two_disks):
    _, other = two_disks
    Path("tree/sub").mkdir(parents=True)
    for name in ("file", "tree/sub/file"):
        Path(name).write_text("content")
    before = tree_of("tree")
    with immutable("file", "tree/sub/file"):
        assert fails(mhddq.file_move, "file", other / "file") == error_text(errno.EPERM, "file")
        text = fails(mhddq.directory_move, "tree", other / "tree")
        assert text == error_text(errno.EPERM, "tree/sub/file")
    assert Path("file").read_text() == Path("tree/sub/file").read_text() == "content"
    assert (other / "file").read_text() == "content"
    assert tree_of(other / "tree") == before


AS_ORDINARY_USER = """
    import shutil
    away = sys.argv[1]
    os.chmod(away, 0o777)
    os.makedirs("tree/shut")
    for name in ("file", "tree/file", "tree/shut/file"):
        open(name, "w").close()
    for path, folders, files in os.walk("."):
        for name in ["", *folders, *files]:
            os.chown(os.path.join(path, name), 65534, 65534)
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)

    def do(function, *arguments):
        collected, done = [], threading.Event()
        must(function(lambda args: (collected.append(args), done.set()), *arguments), "acceptance")
        must(done.wait(DEADLINE), function.__name__)
        return collected[0]["output"].get("exception", "done")

    def there():
        return sorted(os.path.join(p, n) for p, d, f in os.walk(".") for n in d + f)

    before = there()
    os.chmod("file", 0)
    os.chmod("tree/file", 0)
    texts = [do(mhddq.file_move, "file", away + "/new"),
             do(mhddq.directory_move, "tree", away + "/new"),
             do(mhddq.directory_copy, "tree", "copy")]
    os.chmod("tree/file", 0o644)
    os.chmod("tree/shut", 0)
    texts += [do(mhddq.directory_move, "tree", away + "/new"),
              do(mhddq.directory_copy, "tree", "copy"),
              do(mhddq.directory_delete, "tree/shut")]
    os.chmod("tree/shut", 0o755)
    os.chmod("tree", 0o555)
    readable = do(mhddq.directory_move, "tree", away + "/new")     # its parent may be changed
    os.chmod("tree", 0o755)
    os.chmod(away + "/new", 0o755)
    report(texts=texts, same=there() == before, readable=readable, away=sorted(os.listdir(away)),
           moved=sorted(os.listdir(away + "/new")))
"""


@as_root
def test_what_an_ordinary_user_may_not_read_is_not_moved_and_not_lost(two_disks):
    _, other = two_disks
    end = ended(AS_ORDINARY_USER, str(other))
    denied = "[Errno 13] Permission denied: "
    assert end["texts"] == [
        denied + "'file'",
        denied + "'tree/file'",
        denied + "'tree/file'",
        denied + "'tree/shut'",
        denied + "'tree/shut'",
        denied + "'tree/shut'",
    ]
    assert end["same"] is True
    # The target is complete; only the source could not be removed.
    assert end["readable"].startswith(denied + "'tree/")
    assert (end["away"], end["moved"]) == (["new"], ["file", "shut"])


# ---- files that change while they are copied ----


def block(number: int) -> bytes:
    return number.to_bytes(4, "big") * 256


class Changer:
    """A thread that changes a tree until the ``with`` block ends."""

    def __init__(self, step: Callable[[], None]) -> None:
        self._step, self._enough = step, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.steps = 0

    def _run(self) -> None:
        while not self._enough.is_set():
            self._step()
            self.steps += 1

    def __enter__(self) -> Changer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()


def grow() -> None:
    for name in ("tree/a", "tree/sub/b"):
        if os.stat(name).st_size < 8 << 20:
            with open(name, "ab") as file:
                file.write(block(os.stat(name).st_size // 1024))


def shrink() -> None:
    """Shrinks the files to nothing; then another file takes the place of each."""
    for name in ("tree/a", "tree/sub/b"):
        size = os.stat(name).st_size
        if size:
            os.truncate(name, size - 1024)
        else:
            Path("spare").write_bytes(b"".join(map(block, range(300))))
            os.replace("spare", name)


numbers = itertools.cycle(range(1, 1 << 16))


def rewrite() -> None:
    """Writes the files anew, as `open` with 'w' does, with another size and other blocks each time.
    The size shows the change where the file system's clock is too coarse to show it."""
    number = next(numbers)
    for name in ("tree/a", "tree/sub/b"):
        blocks = b"".join(block((number << 16) + n) for n in range(200 + number % 100))
        with open(name, "wb", buffering=0) as file:
            file.write(blocks)
    time.sleep(random.uniform(0, 0.005))  # else no copy would ever find the tree unchanged


def vanish() -> None:
    for name in ("tree/a", "tree/sub/b"):
        if os.path.exists(name):
            os.rename(name, "aside" + name[-1])
        else:
            os.rename("aside" + name[-1], name)


def what_differs(path: Path) -> str:
    """Where a file differs from the first blocks of one write: its place and contents, or ""."""
    data = path.read_bytes()
    first = int.from_bytes(data[:2], "big") << 16
    right = b"".join(map(block, range(first, first + len(data) // 1024 + 1)))[: len(data)]
    at = (
        next((at for at in range(len(data)) if data[at] != right[at]), None)
        if data != right
        else None
    )
    return "" if at is None else f"{path}: at {at} of {len(data)}: {data[at : at + 16]!r}"


@pytest.mark.parametrize("step", [grow, shrink, rewrite, vanish], ids=lambda step: step.__name__)
def test_copies_of_a_changing_tree_are_complete_or_not_there(tally, step):
    Path("tree/sub").mkdir(parents=True)
    for name in ("tree/a", "tree/sub/b"):
        Path(name).write_bytes(b"".join(map(block, range(300))))
    complete, refused = 0, 0
    with Changer(step) as changer:
        for _ in range(20 * ROUNDS):
            args = do(mhddq.directory_copy, "tree", "copy")
            if args["result"]:
                complete += 1
                wrong = [what_differs(path) for path in Path("copy").rglob("[ab]*")]
                assert not any(wrong), wrong
                succeeds(mhddq.directory_delete, "copy")
            else:
                refused += 1
                number = {vanish: errno.ENOENT, rewrite: errno.EBUSY}[step]
                text = args["output"]["exception"]
                assert text.startswith(f"[Errno {number}] "), text
            assert not [name for name in os.listdir() if name.startswith((".mhddq-", "copy"))]
    assert changer.steps > 0
    assert complete > 0 or step in (rewrite, vanish)
    tally("copies of trees in change", "complete", complete)
    tally("copies of trees in change", "refused", refused)
    tally("copies of trees in change", "changes meanwhile", changer.steps)


# ---- more entries than fit into a buffer ----


@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_directory_of_many_entries_is_listed_copied_moved_and_deleted(two_disks, count):
    _, other = two_disks
    top = other / "many"
    top.mkdir()
    folder = os.open(top, os.O_RDONLY)
    for number in range(count):
        if number % 100:
            os.mknod(f"entry {number}", dir_fd=folder)
        else:
            os.mkdir(f"entry {number}", dir_fd=folder)
    os.close(folder)
    names = set(os.listdir(top))
    listed = succeeds(mhddq.directory_contents, top)["contents"]
    assert len(listed) == count
    assert {entry["name"] for entry in listed} == names
    assert sum(entry["type"] == "directory" for entry in listed) == count // 100
    succeeds(mhddq.directory_copy, top, other / "copy", timeout=100)
    assert set(os.listdir(other / "copy")) == names
    succeeds(mhddq.directory_move, top, Path("moved").resolve(), timeout=100)
    assert set(os.listdir("moved")) == names
    assert os.listdir(other) == ["copy"]
    for path in (other / "copy", "moved"):
        succeeds(mhddq.directory_delete, path, timeout=100)
    settle()
    assert os.listdir(other) == os.listdir() == []
