"""Real file systems that are full, limited, cut off or broken: ext4, xfs and btrfs.

One round of each by default; ``MHDDQ_TEST_ROUNDS`` sets more (``nox -s disks``).
"""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import random
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from disks import (
    KINDS,
    MIB,
    REFLINKING,
    SHARED,
    Disk,
    data_of,
    disk,
    extents,
    fill,
    fill_with_names,
    must,
    small_memory,
)
from helpers import DEADLINE, PATIENCE, Args, error_text, fails, succeeds, tree_of

import mhddq

ROUNDS = int(os.environ.get("MHDDQ_TEST_ROUNDS", "1"))
pytestmark = [
    pytest.mark.timeout((120 + 30 * ROUNDS) * PATIENCE),
    pytest.mark.posix("loop devices"),
]

Call = tuple[Callable[..., bool], tuple[object, ...]]


def noise(seed: object, size: int) -> bytes:
    return random.Random(repr(seed)).randbytes(size)


def make_tree(top: Path, seed: object = 0, size: int = 300_000) -> None:
    """Three files and an empty directory."""
    (top / "sub" / "deep").mkdir(parents=True)
    (top / "empty").mkdir()
    for number, folder in enumerate([top, top / "sub", top / "sub" / "deep"]):
        (folder / "file").write_bytes(noise((seed, number), size))


# ---- full, and limited ----


SOME = MIB // 2  # so that a larger file fails only after some of it was written


@contextlib.contextmanager
def full_of_data(where: Disk) -> Iterator[tuple[int, Path]]:
    ballast = where.top / "ballast"
    fill(where.top, SOME)
    where.sync()
    yield errno.ENOSPC, where.top
    ballast.unlink()


@contextlib.contextmanager
def full_of_names(where: Disk) -> Iterator[tuple[int, Path]]:
    """ext4 has a fixed number of inodes; the others cannot make further ones once they are full."""
    ballast = where.top / "names"
    ballast.mkdir()
    if where.kind != "ext4":
        fill(where.top)
    fill_with_names(ballast)
    yield errno.ENOSPC, where.top
    succeeds(mhddq.directory_delete, ballast)
    (where.top / "ballast").unlink(missing_ok=True)


@contextlib.contextmanager
def over_quota(where: Disk) -> Iterator[tuple[int, Path]]:
    below = where.top / "limited"
    must("btrfs", "subvolume", "create", below)
    must("btrfs", "quota", "enable", where.top)
    must("btrfs", "qgroup", "limit", "2M", below)
    fill(below, SOME)
    where.sync()
    yield errno.EDQUOT, below
    must("btrfs", "qgroup", "limit", "none", below)
    (below / "ballast").unlink()


def larger_operations(top: Path, away: Path) -> list[tuple[Call, list[Path]]]:
    """Operations that write data from elsewhere to `top`: each call, and the paths that its error
    may name."""
    below = list(tree_of(away / "tree"))  # directories, too: one may need a block of its own
    return [
        ((mhddq.file_write, (noise(0, MIB), top / "written", True)), [top / "written"]),
        ((mhddq.file_copy, (away / "file", top / "copied")), [top / "copied"]),
        ((mhddq.directory_copy, (away / "tree", top / "copy")), [top / "copy" / b for b in below]),
        ((mhddq.file_move, (away / "file", top / "moved")), [top / "moved"]),
        ((mhddq.directory_move, (away / "tree", top / "move")), [top / "move" / b for b in below]),
    ]


def any_operations(top: Path, away: Path) -> list[tuple[Call, list[Path]]]:
    """Operations that make names in `top`. Of a tree the error may name the top, too."""
    return [
        ((mhddq.file_create, (top / "created",)), [top / "created"]),
        ((mhddq.directory_create, (top / "made",)), [top / "made"]),
        *((call, [*named, call[1][1]]) for call, named in larger_operations(top, away)),
    ]


def refuse(calls: list[tuple[Call, list[Path]]], number: int, top: Path, away: Path) -> None:
    """Each of the calls must fail with this error and change nothing."""
    before = names_in(top), tree_of(away)
    for (function, arguments), named in calls:
        text = fails(function, *arguments)
        assert text in [error_text(number, str(path)) for path in named]
        if function is mhddq.file_write:  # it leaves the file as open(…, 'w') would
            (top / "written").unlink(missing_ok=True)
        assert (names_in(top), tree_of(away)) == before, function


def names_in(top: Path) -> list[str]:
    return sorted(name for name in os.listdir(top) if name != "names")


FULL = [
    *((kind, full_of_data, larger_operations, ()) for kind in KINDS),
    ("ext4", full_of_names, any_operations, ("-N", "64")),
    ("xfs", full_of_names, any_operations, ()),
    ("btrfs", full_of_names, any_operations, ("--mixed",)),
    ("btrfs", over_quota, larger_operations, ()),
]


@pytest.mark.parametrize("case", FULL, ids=lambda case: f"{case[0]}-{case[1].__name__}")
def test_on_a_full_disk_every_operation_fails_and_changes_nothing(tmp_path, tally, case):
    kind, limit, operations, mkfs = case
    away = tmp_path / "away"
    make_tree(away / "tree")
    (away / "file").write_bytes(noise("file", MIB))
    (away / "small").write_bytes(b"small")
    before = tree_of(away)
    with disk(tmp_path / "disk", kind, *mkfs) as where:
        (where.top / "old").mkdir()
        (where.top / "old" / "name").write_bytes(b"old")
        with limit(where) as (number, top):
            calls = operations(top, away)
            refuse(calls, number, top, away)
            if kind == "ext4":  # what needs no space still succeeds
                succeeds(mhddq.file_rename, where.top / "old" / "name", where.top / "old" / "new")
                succeeds(mhddq.directory_rename, where.top / "old", where.top / "new")
            assert succeeds(mhddq.file_read, away / "small", True)["data"] == b"small"
        for function, arguments in (call for call, _ in calls):
            succeeds(function, *arguments)
        assert (top / "written").read_bytes() == noise(0, MIB)
        for name in ("copied", "moved"):
            assert ("file", (top / name).read_bytes()) == before["file"]
        moved = {f"tree/{name}": what for name, what in tree_of(top / "move").items()}
        assert moved == {name: w for name, w in before.items() if name.startswith("tree/")}
        assert tree_of(top / "copy") == tree_of(top / "move")
        assert os.listdir(away) == ["small"]
        succeeds(mhddq.directory_delete, top / "copy")
    tally("disks", f"refusals for want of space on {kind}", len(calls))


# ---- reflinks and holes ----


def make_sparse(path: Path) -> None:
    with open(path, "wb") as file:
        for at in (1, 5, 9):
            file.seek(at * MIB)
            file.write(noise(at, 65536))
        file.truncate(12 * MIB)


@pytest.mark.parametrize("kind", REFLINKING)
def test_copies_share_their_blocks_where_the_file_system_can(tmp_path, kind):
    with disk(tmp_path, kind) as where:
        source, copy = where.top / "file", where.top / "copy"
        source.write_bytes(noise("file", 3 * MIB))
        make_tree(where.top / "tree")
        succeeds(mhddq.file_copy, source, copy)
        succeeds(mhddq.directory_copy, where.top / "tree", where.top / "twin")
        assert copy.read_bytes() == source.read_bytes()
        for path, twin in [(source, copy), (where.top / "tree/file", where.top / "twin/file")]:
            assert extents(path)
            assert extents(path) == extents(twin)
            assert all(flags & SHARED for *_, flags in extents(twin))
        with open(copy, "r+b") as file:  # the copies share nothing once one is written to
            file.write(b"other")
        assert source.read_bytes() == noise("file", 3 * MIB)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", [mhddq.file_copy, mhddq.file_move], ids=["copy", "move"])
def test_holes_stay_holes(tmp_path, kind, function):
    """Copies and moves within the disk, to it and from it keep the holes of a file."""
    make_sparse(tmp_path / "sparse")
    content, parts = (tmp_path / "sparse").read_bytes(), data_of(tmp_path / "sparse")
    assert len(parts) == 3, "the tests' own file system has no holes"
    with disk(tmp_path / "disk", kind) as where:
        places = [tmp_path / "sparse", where.top / "a", where.top / "b", tmp_path / "back"]
        for source, target in itertools.pairwise(places):
            succeeds(function, source, target)
            assert target.read_bytes() == content
            assert data_of(target) == parts
            assert target.stat().st_blocks * 512 < MIB


# ---- in the middle of work ----


class Job(NamedTuple):
    """An operation that makes `target` from `source`; both have the same content."""

    function: Callable[..., bool]
    source: Path
    target: Path
    content: object

    @property
    def call(self) -> Call:
        if self.function is mhddq.file_write:
            return self.function, (self.content, self.target, True)
        return self.function, (self.source, self.target)


class Stream:
    """A stream of operations, some of them queued at any time. The callback number `at` runs the
    event, while the I/O threads go on with what is queued."""

    QUEUED = 32

    def __init__(self, jobs: Iterable[Job], at: int, event: Callable[[], None]) -> None:
        self._jobs, self._at, self._event = iter(jobs), at, event
        self._under_way = 0
        self._ended = threading.Event()
        self.collected: list[Args] = []

    def run(self) -> None:
        mhddq.file_exists(self._begin, os.curdir)
        assert self._ended.wait(4 * DEADLINE), f"{len(self.collected)} callbacks"

    def _begin(self, _: Args) -> None:
        for _ in range(self.QUEUED):
            self._go_on()

    def _go_on(self) -> None:
        for job in itertools.islice(self._jobs, 1):
            function, arguments = job.call
            self._under_way += function(self._callback, *arguments)

    def _callback(self, args: Args) -> None:
        self.collected.append(args)
        if len(self.collected) == self._at:
            self._event()
        self._go_on()
        self._under_way -= 1
        if self._under_way == 0:
            self._ended.set()


ERROR = re.compile(r"\[Errno (\d+)\] (.*?): '(.*?)'(?: -> '(.*)')?")


def error_of(job: Job, args: Args) -> int:
    """The errno of a failure; its text must be that of an OSError, with paths of its own."""
    text = args["output"]["exception"]
    number, message, *paths = ERROR.fullmatch(text).groups()
    assert message == os.strerror(int(number))
    assert all(p.startswith((str(job.source), str(job.target))) for p in paths if p), text
    return int(number)


def failures(jobs: list[Job], collected: list[Args], at_once: bool) -> set[int]:
    """The errors of a stream whose first operation succeeded and whose last one failed. If its disk
    broke at once, all operations after the first failure must have failed."""
    results = [args["result"] for args in collected]
    assert (len(collected), results[0], results[-1]) == (len(jobs), True, False)
    assert not (at_once and any(results[results.index(False) :]))
    return {
        error_of(job, args) for job, args in zip(jobs, collected, strict=True) if not args["result"]
    }


def content_of(path: Path) -> object:
    if path.is_dir():
        return tree_of(path)
    return path.read_bytes() if path.exists() else None


def prepare(top: Path, away: Path, seed: int) -> list[Job]:
    """Jobs of every kind that writes: within the disk, to it and from it."""
    files = [
        (mhddq.file_move, top, away),
        (mhddq.file_move, away, top),
        (mhddq.file_rename, top, top),
        (mhddq.file_copy, top, top),
        (mhddq.file_copy, away, top),
        (mhddq.file_write, away, top),
    ]
    trees = [
        (mhddq.directory_move, top, away),
        (mhddq.directory_move, away, top),
        (mhddq.directory_rename, top, top),
    ]
    jobs = []
    for number in range(40):
        for kind, (function, here, there) in enumerate(files + trees):
            name = f"{number}-{kind}-{function.__name__}"
            source, target = here / name, there / f"new-{name}"
            if function.__name__.startswith("file"):
                source.write_bytes(noise((seed, name), 9000))
            else:
                make_tree(source, (seed, name), 3000)
            jobs.append(Job(function, source, target, content_of(source)))
    return jobs


def removal_had_begun(job: Job) -> bool:
    """Of a file the source is then beside its name, where it is looked at before it goes; that it
    stays there has been reported."""
    if job.function is mhddq.directory_move:
        return True
    beside = job.source.parent.glob(".mhddq-*")
    return job.function is mhddq.file_move and any(content_of(p) == job.content for p in beside)


def check_survivors(jobs: list[Job], collected: list[Args], uncrashed: Path) -> None:
    """No content is lost. Below `uncrashed`, which no crash has changed, each target is as
    reported."""
    for job, args in zip(jobs, collected, strict=True):
        source, target = (content_of(path) == job.content for path in (job.source, job.target))
        if not args["result"]:
            # A move can fail while its source is removed; then the target is complete.
            assert source or (target and removal_had_begun(job)), job
        elif uncrashed in job.target.parents:
            assert target, job
        elif job.function in (mhddq.file_rename, mhddq.directory_rename):
            assert source or target, job


def temporaries(*tops: Path) -> list[str]:
    return [str(path) for top in tops for path in top.rglob(".mhddq-*")]


class Break(NamedTuple):
    """What happens to a disk in the middle of work, how it is repaired, and the errors that its
    operations may report meanwhile."""

    kind: str
    happen: Callable[[Disk], None]
    repair: Callable[[Disk], None]
    errors: set[int]
    crashes: bool
    options: str = ""
    at_once: bool = True


def starve(where: Disk) -> None:
    """Fills the file system that holds the disk's image: writes fail, and finally the disk does."""
    fill(where.on)
    for number in itertools.count():
        try:
            file = os.open(where.top / f"starved-{number}", os.O_CREAT | os.O_WRONLY)
        except OSError:
            return
        os.close(file)
        with contextlib.suppress(OSError):
            where.sync()


def feed(where: Disk) -> None:
    (where.on / "ballast").unlink()
    where.mount_again()


CUT = {"happen": Disk.cut_off, "repair": Disk.mount_again, "errors": {errno.EIO}, "crashes": True}
LOCKED = {
    "happen": Disk.remount_read_only,
    "repair": Disk.remount_writable,
    "errors": {errno.EROFS},
    "crashes": False,
}
BREAKS = {
    "ext4 remounted read-only": Break("ext4", **LOCKED),
    "xfs remounted read-only": Break("xfs", **LOCKED),
    "btrfs remounted read-only": Break("btrfs", **LOCKED),
    "ext4 after an error": Break(
        "ext4",
        Disk.find_an_error,
        Disk.mount_again,
        {errno.EROFS, errno.EIO},
        crashes=True,
        options="errors=remount-ro",
    ),
    "ext4 cut off": Break("ext4", **CUT),
    "xfs cut off": Break("xfs", **CUT),
    "btrfs on a full disk": Break(
        "btrfs", starve, feed, {errno.EROFS, errno.EIO}, crashes=True, at_once=False
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_a_disk_held_is_there_when_it_comes_back(tmp_path, capsys, tally, name):
    broken = BREAKS[name]
    for number in range(ROUNDS):
        folder, away = tmp_path / f"{number}", tmp_path / f"{number}-away"
        away.mkdir()
        with contextlib.ExitStack() as stack:
            on = None
            if broken.happen is starve:
                on = stack.enter_context(small_memory(tmp_path / "memory", 64))
            where = stack.enter_context(disk(folder, broken.kind, options=broken.options, on=on))
            if broken.happen is Disk.find_an_error and not where.error_switch.exists():
                pytest.skip("this kernel does not let ext4 find an error")
            jobs = prepare(where.top, away, number)
            where.sync()
            at = random.Random(number).randrange(20, len(jobs) - 2 * Stream.QUEUED)
            stream = Stream(jobs, at, functools.partial(broken.happen, where))
            stream.run()
            assert failures(jobs, stream.collected, broken.at_once) <= broken.errors
            stderr = capsys.readouterr().err
            assert all(path in stderr for path in temporaries(away))
            if not broken.crashes:
                assert all(path in stderr for path in temporaries(where.top))
            broken.repair(where)
            check_survivors(jobs, stream.collected, away if broken.crashes else tmp_path)
            succeeds(mhddq.file_write, b"again", where.top / "new", True)
            done = sum(args["result"] for args in stream.collected)
        shutil.rmtree(away)
        tally("disks", f"operations before {name}", done)
        tally("disks", f"operations after {name}", len(jobs) - done)
