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


def main() -> None:
    job: Job = json.loads(sys.stdin.readline())
    if job["group"]:
        Path(job["group"]).write_text(str(os.getpid()))
    whole = job["side"] == "floor"
    count = Count(len(job["extents"] if whole else job["paths"]))
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
    expected = job["bytes"] if job["work"] == "read" else job["files"]
    done = count.bytes if job["work"] == "read" else files_in(job["target"])
    if count.failures or done != expected:
        result = {"failed": f"{done} instead of {expected}: {count.failures[:1]}"}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
