"""A side at a row on the disk: as cold as after switching the machine on, then timed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.disk import device
from bench.disk.device import ROOT, Disk
from bench.disk.rows import OFF, Row

FIEMAP = 0xC020660B
SECONDS = 600  # the longest that a side may take

Extent = tuple[int, str, int, int]


class Failed(Exception):
    """A side that did not do its work."""


def extents(path: Path) -> list[Extent]:
    """Where it lies: (place on the disk, path, offset, bytes) of each piece."""
    count = 512
    request = bytearray(32 + 56 * count)
    struct.pack_into("<QQIIII", request, 0, 0, (1 << 64) - 1, 0, 0, count, 0)
    with open(path, "rb") as file:
        fcntl.ioctl(file, FIEMAP, request)
    found = []
    for number in range(struct.unpack_from("<I", request, 20)[0]):
        offset, place, length = struct.unpack_from("<3Q", request, 32 + 56 * number)
        found.append((place, str(path), offset, length))
    return found


@dataclass(frozen=True)
class Subset:
    """What all sides of a round work on."""

    paths: list[str]
    extents: list[Extent]  # in the order of their places
    bytes: int
    files: int


def subset(disk: Disk, row: Row, full: bool, round_number: int) -> Subset:
    top = disk.top / row.source
    files = sorted(path for path in top.rglob("*") if path.is_file())
    if row.work in ("tree", "move"):
        return Subset([str(top)], [], 0, len(files))
    chance = random.Random(f"{row.name} {round_number}")
    chosen = chance.sample(files, row.count[full] if row.count else len(files))
    total = sum(path.stat().st_size for path in chosen)
    places = sorted(extent for path in chosen for extent in extents(path))
    return Subset([str(path) for path in chosen], places, total, len(chosen))


@contextlib.contextmanager
def memory_limit(megabytes: int | None) -> Iterator[Path | None]:
    """A cgroup's list of processes, or None: nothing is limited."""
    if megabytes is None:
        yield None
        return
    top = Path("/sys/fs/cgroup")
    old = top / "memory"
    parent, limit = (old, "memory.limit_in_bytes") if old.is_dir() else (top, "memory.max")
    group = parent / f"mhddq-disk-{os.getpid()}"
    group.mkdir()
    try:
        (group / limit).write_text(str(megabytes << 20))
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Caches are the machine's: two of these benchmarks on it take turns."""
    with open(Path(tempfile.gettempdir()) / "mhddq-bench-disk.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Worker:
    """A process of ``sides.py``, ready; it is killed where it takes too long."""

    def __init__(self, job: dict[str, Any], environment: dict[str, str]):
        self.process = subprocess.Popen(
            # Started as a file, so that ``mhddq`` is the installed package, not the checkout's.
            [sys.executable, str(ROOT / "bench" / "disk" / "sides.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self._deadline = threading.Timer(SECONDS, self.process.kill)
        self._deadline.start()
        try:
            self._put(json.dumps(job))
            self._get()
        except BaseException:
            self.end()
            raise

    def _put(self, line: str) -> None:
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):  # its end is noticed when it is to answer
            print(line, file=self.process.stdin, flush=True)

    def _get(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"ended with {self.process.wait()}")
        return line

    def go(self) -> dict[str, Any]:
        self._put("go")
        return json.loads(self._get())

    def end(self) -> None:
        self._deadline.cancel()
        self.process.kill()
        self.process.communicate()


def measure(disk: Disk, row: Row, side: str, work: Subset) -> dict[str, Any]:
    """{"seconds", "fiftieth", "log"}, the log of the arm's accesses."""
    disk.restore()
    disk.scheduler(row.scheduler)
    folders = {"memory": disk.memory, "disk": disk.top, "second": disk.base / "second"}
    target = folders[row.to] / "target"
    if row.to == "second":
        disk.mount_second()
    target.mkdir()
    job = {
        "work": row.work,
        "side": "queued" if side == OFF else side,
        "paths": work.paths,
        "extents": work.extents if side == "floor" else [],
        "bytes": work.bytes,
        "files": work.files,
        "target": str(target),
        "sync": row.to != "memory",
    }
    environment = {"MHDDQ_LOOKAHEAD": "0"} if side == OFF else {}
    try:
        with alone(), memory_limit(row.megabytes) as group:
            worker = Worker({**job, "group": group and str(group)}, environment)
            try:
                result = timed(disk, row, work, worker)
            finally:
                worker.end()
    finally:
        shutil.rmtree(target)
        disk.unmount_second()
    if "failed" in result:
        raise Failed(result["failed"])
    return result


def timed(disk: Disk, row: Row, work: Subset, worker: Worker) -> dict[str, Any]:
    device.drop_caches()
    if row.warm:
        for path in work.paths:
            Path(path).read_bytes()
    disk.profile(row.profile)
    disk.server.ask("log")
    try:
        result = worker.go()
        return {**result, "log": disk.server.ask("log")}
    finally:
        disk.profile("instant")
