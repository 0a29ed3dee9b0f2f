"""Scenes on a slow disk, each a program of its own: ``python hard_disk.py SCENE``, as root.

The disk is the benchmark's, with a profile on which each access takes 5 ms: it says that it
rotates, and is slow enough to be believed. A scene raises, or ends with 0; 77: it cannot be had
here.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))

from bench.disk import device  # noqa: E402 - from the checkout

FILES, SIZE = 400, 9000
WAIT = 60.0


class Results:
    """Of operations that are queued one after the other."""

    def __init__(self) -> None:
        self.all: list[object] = []
        self._changed = threading.Condition()

    def __call__(self, args) -> None:
        found = args["output"].get("data") if args["result"] else args["output"]["exception"]
        with self._changed:
            self.all.append(found)
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= count, WAIT), len(self.all)


def content(name: str, version: int = 0) -> bytes:
    return random.Random(f"{name} {version}").randbytes(SIZE)


def make_cold(disk: device.Disk) -> None:
    """Its own caches only: a wait for all file systems of the machine may be long."""
    disk.unmount()
    fcntl.ioctl(disk.device, device.BLKFLSBUF)
    disk.mount()


def fill(disk: device.Disk) -> list[str]:
    for number in range(FILES):
        (disk.top / f"f{number}").write_bytes(content(f"f{number}"))
    make_cold(disk)
    disk.profile("network")
    return [str(disk.top / f"f{number}") for number in range(FILES)]


def read_all(paths: list[str], each) -> None:
    import mhddq  # noqa: PLC0415 - not before the settings are made

    for path in paths:
        mhddq.file_read(each, path, True)


def check_contents(results: Results, paths: list[str]) -> None:
    expected = [content(os.path.basename(path)) for path in paths]
    assert results.all == expected, len(results.all)


# ---- order ----


def changes(paths: list[str], chance: random.Random):
    """Reads in random order, with operations between that rename, replace, write anew and delete
    the files that are read later, and some that fail: (name of the function, arguments, result)."""
    holds: dict[str, bytes] = {path: content(os.path.basename(path)) for path in paths}
    every = [*paths, *(f"{path}-other" for path in paths[::4])]

    def missing(path: str) -> str:
        return f"[Errno {errno.ENOENT}] {os.strerror(errno.ENOENT)}: '{path}'"

    order = chance.sample(paths, len(paths))
    for number, path in enumerate(order):
        later = chance.choice(order[number:])
        what = number % 8
        if what == 1:
            holds[later] = content(later, number)
            yield "file_write", (holds[later], later, True), None
        elif what == 3 and later in holds:
            target = chance.choice([p for p in every if p not in holds] or [later])
            if target != later:
                holds[target] = holds.pop(later)
                yield "file_rename", (later, target), None
        elif what == 5 and later in holds:
            del holds[later]
            yield "file_delete", (later,), None
        elif what == 6 and later != path and later in holds and path in holds:
            exists = f"[Errno {errno.EEXIST}] {os.strerror(errno.EEXIST)}: '{later}'"
            yield "file_copy", (path, later), exists
        yield "file_read", (path, True), holds.get(path, missing(path))
    for path in sorted(every):
        yield "file_read", (path, True), holds.get(path, missing(path))


def ordered(disk: device.Disk, ahead: str, in_list: bool) -> None:
    os.environ["MHDDQ_LOOKAHEAD"] = ahead
    import mhddq  # noqa: PLC0415

    jobs = list(changes(fill(disk), random.Random(7)))
    results, todo = Results(), mhddq.create_empty_oplist()
    for name, arguments, _ in jobs:
        if in_list:
            getattr(mhddq, f"oplist_{name}")(todo, results, *arguments)
        else:
            getattr(mhddq, name)(results, *arguments)
    if in_list:
        mhddq.enqueue_oplist(todo)
    results.wait(len(jobs))
    for (name, arguments, expected), found in zip(jobs, results.all, strict=True):
        assert found == expected, (name, arguments[:1], found if found is None else found[:80])
    scouted = mhddq.stats()["lookahead_files"]
    assert (scouted > 0) == (ahead != "0"), scouted


def queued_without(disk):
    ordered(disk, "0", False)


def queued_with(disk):
    ordered(disk, "2048", False)


def queued_small_window(disk):
    ordered(disk, "33", False)


def listed_with(disk):
    ordered(disk, "2048", True)


# ---- what the scout has open ----


def unmounted(disk: device.Disk) -> None:
    """In the last callback: of reads, and of a tree that is copied."""
    import mhddq  # noqa: PLC0415

    (disk.top / "tree").mkdir()
    for number in range(FILES):
        (disk.top / "tree" / f"t{number}").write_bytes(content("t"))
    paths = fill(disk)
    ends: list[object] = []
    ended = threading.Event()

    def at_the_end(args) -> None:
        done = subprocess.run(["umount", disk.top], capture_output=True, text=True, check=False)
        ends.append((args["result"], done.returncode, done.stderr))
        ended.set()

    results = Results()
    read_all(paths[:-1], results)
    mhddq.file_read(at_the_end, paths[-1], True)
    assert ended.wait(WAIT)
    check_contents(results, paths[:-1])
    assert mhddq.stats()["lookahead_files"] > 0
    fcntl.ioctl(disk.device, device.BLKFLSBUF)
    disk.mount()
    ended.clear()
    mhddq.directory_copy(at_the_end, disk.top / "tree", disk.memory / "copy")
    assert ended.wait(WAIT)
    disk.mounted = False
    assert ends == [(True, 0, "")] * 2, ends
    assert len(os.listdir(disk.memory / "copy")) == FILES


def leased(disk: device.Disk) -> None:
    """A file with a lease that is not given up, a FIFO with a writer that waits: both ahead, and
    both gone when their turn comes. Nothing waits for them, nor is the writer let through."""
    import mhddq  # noqa: PLC0415

    paths = fill(disk)
    lease, fifo = str(disk.top / "leased"), str(disk.top / "fifo")
    Path(lease).write_bytes(content("leased"))
    os.mkfifo(fifo)
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    let_through: list[int] = []

    def writer() -> None:
        let_through.append(os.open(fifo, os.O_WRONLY))

    held = os.open(lease, os.O_RDWR)
    fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    threading.Thread(target=writer, daemon=True).start()
    results = Results()
    began = time.monotonic()
    read_all(paths[:200], results)
    mhddq.file_delete(results, lease)
    mhddq.file_read(results, lease, True)
    mhddq.file_delete(results, fifo)
    mhddq.file_read(results, fifo, True)
    read_all(paths[200:], results)
    results.wait(FILES + 4)
    seconds = time.monotonic() - began
    os.close(held)
    gone = f"[Errno {errno.ENOENT}] {os.strerror(errno.ENOENT)}: "
    assert results.all[200:204] == [None, f"{gone}'{lease}'", None, f"{gone}'{fifo}'"]
    assert mhddq.stats()["lookahead_files"] > 0
    limit = int(Path("/proc/sys/fs/lease-break-time").read_text())
    assert seconds < limit / 2, seconds
    assert not let_through


def few_descriptors(disk: device.Disk) -> None:
    """Where there are few, none is taken."""
    import resource  # noqa: PLC0415

    import mhddq  # noqa: PLC0415

    paths = fill(disk)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    results = Results()
    read_all(paths, results)
    results.wait(FILES)
    check_contents(results, paths)
    assert mhddq.stats()["lookahead_files"] == 0


# ---- beside it ----


def thrown_out(disk: device.Disk) -> None:
    """What is in the cache is thrown out again and again."""
    paths = fill(disk)
    over = threading.Event()
    files = [os.open(path, os.O_RDONLY) for path in paths]

    def drop() -> None:
        while not over.wait(0.02):
            for file in files:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)

    thread = threading.Thread(target=drop)
    thread.start()
    results = Results()
    read_all(paths, results)
    results.wait(FILES)
    over.set()
    thread.join()
    for file in files:
        os.close(file)
    check_contents(results, paths)


def descriptors() -> list[str]:
    found = []
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the one that lists them
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return found


def forked(disk: device.Disk) -> None:
    """While openers work: a child has a queue of its own, and nothing of the parent's scout."""
    import mhddq  # noqa: PLC0415

    paths = fill(disk)
    results = Results()
    read_all(paths, results)
    for number in range(8):
        results.wait(number * 4 + 1)
        child = os.fork()
        if child == 0:
            status = 1
            try:  # what it raises is not to undo the parent's disk
                own = Results()
                read_all(paths[:40], own)
                own.wait(40)
                check_contents(own, paths[:40])
                held = [each for each in descriptors() if str(disk.top) in each]
                assert len(held) <= 1, held  # of the operation that was running, not of the scout
                status = 0
            except Exception:  # noqa: BLE001 - the child must end here, whatever it was
                traceback.print_exc()
            os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
    results.wait(FILES)
    check_contents(results, paths)
    assert mhddq.stats()["lookahead_files"] > 0


def finish_beside_a_hung_opener(paths: list[str], link: Path) -> None:
    import mhddq  # noqa: PLC0415

    results = Results()
    read_all(paths[:200], results)
    mhddq.file_delete(results, link)
    mhddq.file_read(results, link / "file", True)
    read_all(paths[200:], results)
    results.wait(FILES + 2)
    assert mhddq.stats()["lookahead_files"] > 0
    threads = [Path("/proc/self/task", task) for task in os.listdir("/proc/self/task")]
    hang = [
        thread
        for thread in threads
        if (thread / "comm").read_text() == "mhddq-opener\n"
        and "fuse" in (thread / "wchan").read_text()
    ]
    assert len(hang) == 1, len(hang)
    began = time.monotonic()
    mhddq.shutdown()
    assert time.monotonic() - began < 5


def hung(disk: device.Disk) -> None:
    """An opener hangs in a file system whose server never answers. Neither the operations nor the
    end of the program wait for it."""
    paths = fill(disk)
    dead, link = disk.base / "dead", disk.top / "link"
    dead.mkdir()
    link.symlink_to(dead)
    server = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"test", os.fsencode(dead), b"fuse", 0, options.encode()):
        sys.exit(77)
    child = os.fork()
    if child == 0:
        os.close(server)  # or its end would be that of the server
        status = 1
        try:
            finish_beside_a_hung_opener(paths, link)
            status = 0
        except Exception:  # noqa: BLE001 - the child must end here, whatever it was
            traceback.print_exc()
        os._exit(status)
    end = time.monotonic() + WAIT
    done = (0, 0)
    while done[0] == 0 and time.monotonic() < end:
        done = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    os.close(server)
    subprocess.run(["umount", "--lazy", dead], check=False)
    assert done == (child, 0), done


def written(disk: device.Disk) -> None:
    """Until it is killed: ``test_a_killed_disk_leaves_nothing_behind``."""
    disk.profile("hdd")
    (disk.top / "first").write_bytes(content("first"))
    print(disk.server.process.pid, flush=True)
    number = 0
    while True:
        number += 1
        (disk.top / f"w{number % 100}").write_bytes(bytes(300_000))


SCENES = {
    scene.__name__: scene
    for scene in (
        queued_without,
        queued_with,
        queued_small_window,
        listed_with,
        unmounted,
        leased,
        few_descriptors,
        thrown_out,
        forked,
        hung,
    )
}


OTHERS = {written.__name__: written}


def main() -> None:
    reason = device.lacking()
    if reason:
        print(reason)
        sys.exit(77)
    with device.started() as disk:
        (SCENES | OTHERS)[sys.argv[1]](disk)


if __name__ == "__main__":
    main()
