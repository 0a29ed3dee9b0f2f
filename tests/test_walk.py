"""directory_walk: all entries below a directory, in batches, compared with os.walk and os.lstat."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import DEADLINE, Outcome, do, fails, run_script, succeeds
from hypothesis import given, settings
from hypothesis import strategies as st

import mhddq

pytestmark = pytest.mark.usefixtures("here")

posix = pytest.mark.posix("links, FIFOs and mounts")

Entry = dict[str, Any]


def batches(top: Any, **keywords: Any) -> Iterator[list[Entry]]:
    """The batches of a walk, to its end."""
    output = succeeds(mhddq.directory_walk, top, **keywords)
    yield output["entries"]
    while output["resume"] is not None:
        output = succeeds(mhddq.directory_walk, top, resume=output["resume"], **keywords)
        yield output["entries"]


def walked(top: Any, **keywords: Any) -> list[Entry]:
    return [entry for batch in batches(top, **keywords) for entry in batch]


def type_of(path: Any) -> str:
    mode = os.lstat(path).st_mode
    kinds = {stat.S_IFDIR: "directory", stat.S_IFREG: "file", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "other")


def expected(top: Any) -> dict[Any, str]:
    return {
        path: type_of(path)
        for folder, folders, files in os.walk(top)
        for path in (os.path.join(folder, name) for name in (*folders, *files))
    }


def is_parents_first(paths: list[Any]) -> bool:
    at = {path: number for number, path in enumerate(paths)}
    parents = ((number, at.get(os.path.dirname(path))) for path, number in at.items())
    return all(above is None or above < number for number, above in parents)


def make_tree(top: Path) -> None:
    (top / "sub" / "deep").mkdir(parents=True)
    (top / "empty").mkdir()
    for number in range(20):
        (top / f"file {number}").write_text("x" * number)
        (top / "sub" / "deep" / f"名 {number}").touch()


# ---- what comes ----


@posix
@pytest.mark.parametrize("batch", [1, 2, 7, 1024])
@pytest.mark.parametrize("kind", [str, os.fsencode, Path])
def test_it_is_as_os_walk_and_lstat(batch, kind):
    make_tree(Path("top"))
    os.symlink("sub", "top/to sub")
    os.symlink("nowhere", "top/dangling")
    os.mkfifo("top/sub/fifo")
    top = kind("top")
    found = list(batches(top, batch=batch, stat=True))
    assert all(len(entries) <= batch for entries in found)
    entries = [entry for some in found for entry in some]
    wanted = expected(os.fspath(top))
    assert {entry["path"]: entry["type"] for entry in entries} == wanted
    assert len(entries) == len(wanted)
    assert is_parents_first([entry["path"] for entry in entries])
    for entry in entries:
        seen = os.lstat(entry["path"])
        assert type(entry["stat"]) is os.stat_result
        assert entry["stat"][:7] == seen[:7]  # the time of access has changed since
        assert entry["stat"][8:] == seen[8:]
        for field in (
            "st_mtime",
            "st_mtime_ns",
            "st_ctime_ns",
            "st_blocks",
            "st_blksize",
            "st_rdev",
        ):
            assert getattr(entry["stat"], field) == getattr(seen, field), field
        assert list(entry) == ["path", "type", "stat"]


@pytest.mark.parametrize("top", ["top", "top/", "./top", "."])
def test_paths_are_joined_as_os_path_has_it(top):
    make_tree(Path("top"))
    assert {entry["path"] for entry in walked(top)} == set(expected(top))
    assert all(list(entry) == ["path", "type"] for entry in walked(top))


names = st.text("abc", min_size=1, max_size=2)
trees = st.recursive(
    st.one_of(st.none(), st.just("link")),
    lambda below: st.dictionaries(names, below, max_size=5),
    max_leaves=25,
)


def build(top: Path, tree: Any) -> None:
    if isinstance(tree, dict):
        top.mkdir()
        for name, below in tree.items():
            build(top / name, below)
    elif tree == "link":
        top.symlink_to("..")
    else:
        top.touch()


@posix
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, trees, max_size=5), st.integers(1, 9), st.booleans())
def test_any_tree_in_batches_of_any_size(tree, batch, stats):
    shutil.rmtree("top", ignore_errors=True)
    build(Path("top"), tree)
    found = walked("top", batch=batch, stat=stats)
    wanted = expected("top")
    assert {entry["path"]: entry["type"] for entry in found} == wanted
    assert len(found) == len(wanted)
    assert is_parents_first([entry["path"] for entry in found])


@posix
def test_names_that_cannot_be_decoded_come_as_fsdecode_has_them():
    Path("top").mkdir()
    os.close(os.open(b"top/\xff\n", os.O_CREAT | os.O_WRONLY))
    assert [entry["path"] for entry in walked("top")] == [os.fsdecode(b"top/\xff\n")]
    assert [entry["path"] for entry in walked(b"top")] == [b"top/\xff\n"]


# ---- resume ----


def first_resume(**keywords: Any) -> Any:
    make_tree(Path("top"))
    return succeeds(mhddq.directory_walk, "top", batch=2, **keywords)["resume"]


def test_a_resume_is_used_once():
    resume = first_resume()
    succeeds(mhddq.directory_walk, "top", resume=resume)
    text = fails(mhddq.directory_walk, "top", resume=resume)
    assert str(text) == "resume was passed on before: each batch has its own"
    assert type(text.error) is ValueError


def test_a_resume_belongs_to_its_directory():
    resume = first_resume()
    text = fails(mhddq.directory_walk, "./top", resume=resume)
    assert str(text) == "resume is of a walk through another directory"
    assert succeeds(mhddq.directory_walk, "top", resume=resume)["entries"]  # it is still good


def test_a_resume_whose_batch_never_ran_is_good_again():
    resume = first_resume()
    assert str(fails(mhddq.directory_walk, "top", batch=0, resume=resume)) == (
        "batch must be at least 1"
    )
    with pytest.raises(TypeError):
        mhddq.directory_walk(None, "top", resume=resume, stat=None)
    assert succeeds(mhddq.directory_walk, "top", resume=resume)["entries"]


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"resume": "x"}, "resume must be what a batch has given, or None, not 'str'"),
        ({"on_error": None}, "on_error must be 'stop' or 'continue', not 'NoneType'"),
        ({"batch": "x"}, "batch must be int, not 'str'"),
        ({"stat": 2}, "stat must be True or False, not 2"),
    ],
)
def test_wrong_types_are_a_type_error(keywords, text):
    with pytest.raises(TypeError) as raised:
        mhddq.directory_walk(None, ".", **keywords)
    assert str(raised.value) == text


def test_a_wrong_value_is_the_outcome():
    text = fails(mhddq.directory_walk, ".", on_error="ignore")
    assert str(text) == "on_error must be 'stop' or 'continue', not 'ignore'"
    assert type(text.error) is ValueError


def test_a_resume_belongs_to_its_queue():
    resume = first_resume()
    with mhddq.Queue() as other:
        text = fails(other.directory_walk, "top", resume=resume)
        assert str(text) == "resume is of a walk in another queue"
    assert succeeds(mhddq.directory_walk, "top", resume=resume)["entries"]


def test_a_future_of_each_batch():
    make_tree(Path("top"))
    with mhddq.Queue() as queue:
        found = list(queue.futures.directory_walk("top", batch=7))
        assert [len(entries) for entries in found[:-1]] == [7] * (len(found) - 1)
        paths = {entry["path"] for entries in found for entry in entries}
        assert paths == set(expected("top"))
        below = queue.futures.directory_walk("no")
        with pytest.raises(FileNotFoundError):
            next(below)
        began = queue.futures.directory_walk("top", batch=1)  # and is not gone through
        next(began)


def test_a_cancelled_walk_comes_to_its_end():
    make_tree(Path("top"))
    control = mhddq.Control()
    with mhddq.Queue() as queue:
        walk = queue.futures.directory_walk("top", batch=1, control=control)
        next(walk)
        control.cancel()
        with pytest.raises((mhddq.Cancelled, concurrent.futures.CancelledError)):
            list(walk)
        assert queue.futures.file_exists("top").result() is False


def test_a_resume_cannot_be_made_or_pickled():
    resume = first_resume()
    with pytest.raises(TypeError):
        type(resume)()
    with pytest.raises(TypeError):
        resume.__reduce_ex__(2)


@posix
def test_a_resume_belongs_to_its_process():
    resume = first_resume()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            text = str(fails(mhddq.directory_walk, "top", resume=resume))
            os.write(writing, text.encode())
        finally:
            os._exit(0)
    os.close(writing)
    shown = os.read(reading, 1000).decode()
    os.close(reading)
    os.waitpid(child, 0)
    assert shown == "resume is another process's"
    assert succeeds(mhddq.directory_walk, "top", resume=resume)["entries"]


def test_a_walk_holds_no_descriptor_between_its_batches():
    make_tree(Path("top"))
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    resume = None
    for _ in range(10):
        resume = succeeds(mhddq.directory_walk, "top", batch=1, resume=resume)["resume"]
        if before:
            assert len(os.listdir("/proc/self/fd")) == before
    assert resume is not None


def test_a_dropped_walk_leaves_nothing():
    make_tree(Path("top"))
    for _ in range(100):
        succeeds(mhddq.directory_walk, "top", batch=1)
    mhddq.directory_walk(None, "top", batch=1)


# ---- failures ----


@pytest.mark.not_wine("has an error of its own where a file is listed as a directory")
@pytest.mark.parametrize("on_error", ["stop", "continue"])
def test_a_top_that_is_none_is_a_failure(on_error):
    Path("file").touch()
    for top, number in (("no", errno.ENOENT), ("file", errno.ENOTDIR), ("", errno.ENOENT)):
        with pytest.raises(OSError) as raised:  # noqa: PT011 - its number is compared
            os.scandir(top)
        assert raised.value.errno == number
        text = fails(mhddq.directory_walk, top, on_error=on_error)
        assert (str(text), text.error.filename) == (str(raised.value), top)


UNREADABLE = """
import os, sys
from helpers import do
import mhddq
top = sys.argv[1]
os.setgid(65534); os.setuid(65534)
print(do(mhddq.directory_walk, top, on_error="continue")["output"]["resume"])
output = do(mhddq.directory_walk, top)["output"]
print(sorted(os.path.basename(entry["path"]) for entry in output["entries"]))
print(do(mhddq.directory_walk, top, resume=output["resume"])["output"]["exception"])
"""


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root only")
def test_a_directory_that_cannot_be_read():
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        Path(top, "closed/below").mkdir(parents=True)
        Path(top, "file").touch()
        os.chmod(f"{top}/closed", 0)
        surroundings = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
        shown = run_script(UNREADABLE, top, env=surroundings).stdout.splitlines()
    text = f"[Errno {errno.EACCES}] Permission denied: '{top}/closed'"
    assert shown == ["None", "['closed', 'file']", text]


# ---- beside others ----


@posix
def test_renames_and_removals_beside_it():
    """Entries that stay are reported once, whatever happens to the others."""
    for number in range(60):
        (Path("top") / f"stays {number}" / "a" / "b").mkdir(parents=True)
        (Path("top") / f"goes {number}" / "a" / "b").mkdir(parents=True)
    staying = {path for path in expected("top") if "goes" not in path}
    ended = threading.Event()

    def disturb():
        turn = 0
        while not ended.is_set():
            number = turn % 60
            turn += 1
            at = f"top/goes {number}"
            if turn % 3 == 0:
                shutil.rmtree(at, ignore_errors=True)
            elif turn % 3 == 1:
                os.makedirs(f"{at}/a/b", exist_ok=True)
            elif os.path.exists(at):
                shutil.rmtree(f"{at} again", ignore_errors=True)
                os.rename(at, f"{at} again")

    others = threading.Thread(target=disturb)
    others.start()
    try:
        found = [[entry["path"] for entry in walked("top", batch=7, stat=True)] for _ in range(20)]
    finally:
        ended.set()
        others.join(DEADLINE)
    for paths in found:
        assert staying <= set(paths)
        assert sum(path in staying for path in paths) == len(staying)


@posix
def test_a_tree_deeper_than_any_path():
    depth = 3000
    os.mkdir("top")
    above = os.open("top", os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=above)
        below = os.open("d", os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = below
    os.close(above)
    found = walked("top", batch=100)
    assert [len(entry["path"]) for entry in found] == [3 + 2 * n for n in range(1, depth + 1)]
    succeeds(mhddq.directory_delete, "top")


@posix
def test_mounts_are_entered(tmp_path):
    from disks import small_memory  # noqa: PLC0415 - not on Windows

    (tmp_path / "top" / "before").mkdir(parents=True)
    with small_memory(tmp_path / "top" / "mounted", 1) as mounted:
        (mounted / "d" / "e").mkdir(parents=True)
        found = walked(str(tmp_path / "top"), batch=1, stat=True)
        assert {entry["path"] for entry in found} == set(expected(str(tmp_path / "top")))
        assert len(found) == 4


def test_others_run_between_two_batches():
    make_tree(Path("top"))
    outcome = Outcome()

    def go_on(args):
        outcome(args)
        if args["output"]["resume"] is not None:
            mhddq.directory_walk(go_on, "top", batch=20, resume=args["output"]["resume"])
            mhddq.file_exists(outcome, "top")

    mhddq.directory_walk(go_on, "top", batch=20)
    actions = [args["action"] for args in outcome.wait(5)]
    assert actions == [
        "directory_walk",
        "directory_walk",
        "file_exists",
        "directory_walk",
        "file_exists",
    ]


# ---- how much it takes ----

MILLION = """
import os, resource, sys, threading
import mhddq
count, most, ended = 0, 0, threading.Event()

def go_on(args):
    global count
    count += len(args["output"]["entries"])
    resume = args["output"]["resume"]
    if resume is None:
        ended.set()
    else:
        mhddq.directory_walk(go_on, sys.argv[1], resume=resume)

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
mhddq.directory_walk(go_on, sys.argv[1])
ended.wait()
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@posix
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("wide", [True, False])
def test_a_million_entries_in_bounded_memory(tmp_path, wide):
    folder = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else tmp_path
    top = folder / f"mhddq-million-{os.getpid()}"
    top.mkdir()
    try:
        for number in range(1 if wide else 1000):
            below = top / f"{number:04}"
            below.mkdir()
            at = os.open(below, os.O_RDONLY)
            for name in range(1_000_000 if wide else 999):
                os.mknod(f"{name:06}", dir_fd=at)
            os.close(at)
        ended = subprocess.run(
            [sys.executable, "-c", MILLION, str(top)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        count, kibibytes = map(int, ended.stdout.split())
        assert count == (1_000_001 if wide else 1_000_000)
        assert kibibytes < (32 if wide else 8) * 1024
    finally:
        do(mhddq.directory_delete, top, timeout=300)
