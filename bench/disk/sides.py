"""One side at one piece of work, in a process of its own, which is started as a file.

It takes its job as a line of JSON, gets everything ready, prints ``ready``, waits for a line (the
caches are dropped meanwhile), works, and prints what it measured. Its own start is not measured.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

Job = dict[str, Any]
FIFTIETH = 50
A_SMALL_LIST = 20
TAR = 'mkdir "$2" && tar -C "$1" -cf - . | tar -C "$2" -xf -'


class Count:
    """Of results: when the 50th and the last one came, and what failed. Any thread."""

    def __init__(self, total: int):
        self.total = total
        self.seen = self.bytes = 0
        self.fiftieth = self.last = 0.0
        self.failures: list[str] = []
        self._lock = threading.Lock()
        self._all = threading.Event()

    def one(self, size: int = 0) -> None:
        with self._lock:
            self.seen += 1
            self.bytes += size
            if self.seen == min(FIFTIETH, self.total):
                self.fiftieth = time.monotonic()
            if self.seen == self.total:
                self.last = time.monotonic()
                self._all.set()

    def callback(self, args: Any) -> None:
        if not args["result"]:
            self.failures.append(args["output"]["exception"])
        self.one(len(args["output"].get("data", b"")))

    def wait(self) -> None:
        self._all.wait()


# ---- reads with writes between them ----

WRITTEN = bytes(20_000)


def mixed(job: Job) -> Iterable[tuple[str, str]]:
    """What is done, in this order, and to which file."""
    for number, path in enumerate(job["paths"]):
        yield "read", path
        if number % 2:
            target = os.path.join(job["target"], str(number))
            yield "write", target
            if number % 200 == 199:
                yield "sync", target


def one_of_mixed(step: tuple[str, str]) -> int:
    kind, path = step
    if kind == "read":
        return read(path)
    with open(path, "wb" if kind == "write" else "r+b") as file:
        if kind == "write":
            file.write(WRITTEN)
        else:
            os.fsync(file.fileno())
    return 0


# ---- ours ----


def ours(job: Job, count: Count) -> Callable[[], None]:
    import mhddq  # noqa: PLC0415 - the other sides do without it

    started = Count(1)
    mhddq.file_exists(started.callback, job["target"])  # starts its threads
    started.wait()
    operations = {
        "read": (mhddq.file_read, mhddq.oplist_file_read),
        "copy": (mhddq.file_copy, mhddq.oplist_file_copy),
        "tree": (mhddq.directory_copy, mhddq.oplist_directory_copy),
        "move": (mhddq.directory_move, mhddq.oplist_directory_move),
    }
    if job["work"] == "mixed":
        return lambda: queue_mixed(job, count)
    single, listed = operations[job["work"]]
    arguments = [(source, True) for source in job["paths"]]
    if job["work"] != "read":
        arguments = list(targets(job))

    def queued() -> None:
        for each in arguments:
            single(count.callback, *each)
        count.wait()

    def in_lists(size: int) -> None:
        for start in range(0, len(arguments), size):
            todo = mhddq.create_empty_oplist()
            for each in arguments[start : start + size]:
                listed(todo, count.callback, *each)
            mhddq.enqueue_oplist(todo)
        count.wait()

    sides = {
        "queued": queued,
        "oplist": lambda: in_lists(len(arguments)),
        "small lists": lambda: in_lists(A_SMALL_LIST),
    }
    return sides[job["side"]]


def queue_mixed(job: Job, count: Count) -> None:
    import mhddq  # noqa: PLC0415

    for kind, path in mixed(job):
        if kind == "read":
            mhddq.file_read(count.callback, path, True)
        elif kind == "write":
            mhddq.file_write(count.callback, WRITTEN, path, True)
        else:
            mhddq.file_sync(count.callback, path)
    count.wait()


def looked_ahead() -> dict[str, int]:
    import mhddq  # noqa: PLC0415

    return {name: value for name, value in mhddq.stats().items() if "lookahead" in name}


def targets(job: Job) -> Iterable[tuple[str, str]]:
    for number, path in enumerate(job["paths"]):
        yield path, os.path.join(job["target"], str(number))


# ---- what it is compared with ----


def read(path: str) -> int:
    with open(path, "rb") as file:
        return len(file.read())


def read_extent(extent: tuple[int, str, int, int]) -> int:
    _, path, offset, length = extent
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)  # no more than what is asked for
        return len(os.pread(descriptor, length, offset))
    finally:
        os.close(descriptor)


def copy(pair: tuple[str, str]) -> int:
    shutil.copy2(*pair)
    return 0


def others(job: Job, count: Count) -> Callable[[], None]:
    work, side, paths = job["work"], job["side"], job["paths"]
    if work == "mixed":
        return lambda: in_a_loop(one_of_mixed, list(mixed(job)), count)
    if work in ("read", "copy"):
        function: Callable[..., int] = read if work == "read" else copy
        items = paths if work == "read" else list(targets(job))
        if side == "floor":
            function, items = read_extent, job["extents"]
        if not side.startswith("pool"):
            return lambda: in_a_loop(function, items, count)
        pool = ThreadPoolExecutor(int(side.split()[1]))
        list(pool.map(time.sleep, [0.01] * 64))  # its threads run
        return lambda: in_a_pool(pool, function, items, count)
    (source, target) = next(iter(targets(job)))
    commands = {
        "cp -a": ["cp", "-a", source, target],
        "mv": ["mv", source, target],
        "tar": ["sh", "-c", TAR, "-", source, target],
    }
    if side in commands:
        return lambda: in_a_program(commands[side], count)
    function = {"copytree": shutil.copytree, "shutil.move": shutil.move}[side]
    return lambda: in_a_loop(lambda pair: function(*pair) and 0, [(source, target)], count)


def in_a_loop(function: Callable[..., int], items: list[Any], count: Count) -> None:
    for item in items:
        count.one(function(item))


def in_a_pool(
    pool: ThreadPoolExecutor, function: Callable[..., int], items: list[Any], count: Count
) -> None:
    for size in pool.map(function, items):
        count.one(size)


def in_a_program(command: list[str], count: Count) -> None:
    subprocess.run(command, check=True)
    count.one()


# ---- the process ----


def sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        ctypes.CDLL(None).syncfs(descriptor)
    finally:
        os.close(descriptor)


def files_in(folder: str) -> int:
    return sum(1 for path in Path(folder).rglob("*") if path.is_file())


def steps_of(job: Job) -> Iterable[Any]:
    return mixed(job) if job["work"] == "mixed" else job["paths"]


def main() -> None:
    job: Job = json.loads(sys.stdin.readline())
    if job["group"]:
        Path(job["group"]).write_text(str(os.getpid()))
    whole = job["side"] == "floor"
    count = Count(len(job["extents"] if whole else list(steps_of(job))))
    is_ours = job["side"] in ("queued", "oplist", "small lists")
    work = (ours if is_ours else others)(job, count)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    work()
    if job["sync"]:
        sync(job["target"])
        count.last = time.monotonic()
    result: dict[str, Any] = {"seconds": count.last - began, "fiftieth": count.fiftieth - began}
    if is_ours:
        result["stats"] = looked_ahead()
    by_bytes = job["work"] in ("read", "mixed")
    expected = job["bytes"] if by_bytes else job["files"]
    done = count.bytes if by_bytes else files_in(job["target"])
    if count.failures or done != expected:
        result = {"failed": f"{done} instead of {expected}: {count.failures[:1]}"}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
