"""The simulated disk as the system sees it: started, mounted, ended. Root, Linux.

FUSE file -> loop device (direct I/O, ``rotational`` = 1) -> ext4. All of it is in a mount namespace
of this process's own and the loop device detaches itself when it is closed for the last time, so
nothing is left behind however the process ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.disk.model import MIB

ROOT = Path(__file__).parent.parent.parent
BYTES = 4096 * MIB

CLONE_NEWNS = 0x20000
LOOP_CONFIGURE, LOOP_GET_FREE = 0x4C0A, 0x4C82
AUTOCLEAR, DIRECT_IO = 4, 16
BLKFLSBUF = 0x1261


def lacking() -> str:
    """Why there can be no simulated disk here; empty: there can."""
    if sys.platform != "linux":
        return "the simulated disk needs Linux"
    if os.geteuid() != 0:
        return "the simulated disk needs root"
    for path in ("/dev/fuse", "/dev/loop-control"):
        if not os.path.exists(path):
            return f"the simulated disk needs {path}"
    for program in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(program) is None:
            return f"the simulated disk needs {program}"
    return ""


def run(*command: str | os.PathLike[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


def own_mounts() -> None:
    """What this process mounts from here on is seen by it and its children only."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    run("mount", "--make-rprivate", "/")


class Server:
    """The process of ``fuse.py``."""

    def __init__(self, folder: Path):
        command = [sys.executable, "-m", "bench.disk.fuse", str(folder), str(BYTES)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the disk's server has ended")
        return json.loads(line)

    def ask(self, *words: str) -> Any:
        assert self.process.stdin
        print(*words, file=self.process.stdin, flush=True)
        return self._answer()

    def end(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def attach(file: Path) -> tuple[int, str]:
    """A loop device over `file`: (its descriptor, its name)."""
    control = os.open("/dev/loop-control", os.O_RDWR)
    backing = os.open(file, os.O_RDWR)
    try:
        while True:
            name = f"loop{fcntl.ioctl(control, LOOP_GET_FREE)}"
            device = os.open(f"/dev/{name}", os.O_RDWR)
            about = struct.pack(
                "<5Q4I64s64s32s2Q", *[0] * 8, AUTOCLEAR | DIRECT_IO, *[b""] * 3, 0, 0
            )
            try:
                fcntl.ioctl(
                    device, LOOP_CONFIGURE, struct.pack("<II", backing, 0) + about + bytes(64)
                )
                return device, name
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:  # another has taken it meanwhile
                    raise
    finally:
        os.close(backing)
        os.close(control)


class Disk:
    """``top``: the mounted file system's directory; ``memory``: one of a tmpfs."""

    def __init__(self, base: Path, server: Server, device: int, name: str):
        self.base, self.server, self.device, self.name = base, server, device, name
        self.top, self.memory = base / "disk", base / "memory"
        self.mounted = False

    def mount(self) -> None:
        run("mount", "-t", "ext4", "-o", "noatime", f"/dev/{self.name}", self.top)
        self.mounted = True

    def unmount(self) -> None:
        end = time.monotonic() + 10
        while True:
            try:
                run("umount", self.top)
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                self.mounted = False
                return

    def profile(self, name: str) -> None:
        while self.server.ask("profile", name) == "busy":
            time.sleep(0.01)

    def settle(self) -> None:
        """All that is written is on the disk."""
        descriptor = os.open(self.top, os.O_RDONLY)
        try:
            ctypes.CDLL(None).syncfs(descriptor)
        finally:
            os.close(descriptor)

    def mount_second(self) -> None:
        """The same file system at another place, to which nothing can be renamed."""
        run("mount", "--bind", self.top, self.base / "second")

    def unmount_second(self) -> None:
        end_mount(self.base / "second")

    def keep(self) -> None:
        """What is on the disk now is what `restore` brings back."""
        self.unmount()
        self.server.ask("keep")
        self.mount()

    def restore(self) -> None:
        """The disk as it was when it was kept, to the last block."""
        self.profile("instant")
        self.unmount()
        fcntl.ioctl(self.device, BLKFLSBUF)
        self.server.ask("restore")
        self.mount()

    def scheduler(self, name: str) -> None:
        Path(f"/sys/block/{self.name}/queue/scheduler").write_text(name)


def drop_caches() -> None:
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


@contextlib.contextmanager
def started() -> Iterator[Disk]:
    """An empty disk, mounted, which answers at once until it is given a profile."""
    own_mounts()
    # This process and the sides wait most of the time; then they are not to wait for others.
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    base = Path(tempfile.mkdtemp(prefix="mhddq-disk-"))
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, base, ignore_errors=True)
        for folder in ("fuse", "disk", "memory", "second"):
            (base / folder).mkdir()
        undo.callback(end_mount, base / "memory")
        run("mount", "-t", "tmpfs", "-o", "size=4g", "none", base / "memory")
        undo.callback(end_mount, base / "fuse")
        server = Server(base / "fuse")
        undo.callback(server.end)
        device, name = attach(base / "fuse" / "disk")
        undo.callback(os.close, device)
        Path(f"/sys/block/{name}/queue/rotational").write_text("1")
        run("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0", f"/dev/{name}")
        disk = Disk(base, server, device, name)
        undo.callback(end_mount, disk.top)
        disk.mount()
        yield disk


def end_mount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", folder], capture_output=True, check=False)


# ---- calibration ----


def random_reads(disk: Disk, count: int, threads: int) -> float:
    """4 KiB each, past all caches, over the whole device: how many a second."""
    chance = random.Random(count)
    places = iter([chance.randrange(BYTES // 4096) * 4096 for _ in range(count)])
    lock = threading.Lock()

    def work() -> None:
        buffer = mmap.mmap(-1, 4096)
        device = os.open(f"/dev/{disk.name}", os.O_RDONLY | os.O_DIRECT)
        try:
            while True:
                with lock:
                    place = next(places, None)
                if place is None:
                    return
                os.preadv(device, [buffer], place)
        finally:
            os.close(device)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return count / (time.monotonic() - began)


def stream_rate(file: Path) -> float:
    """Bytes a second of a file that is read from its beginning to its end."""
    drop_caches()
    began, total = time.monotonic(), 0
    with open(file, "rb", buffering=0) as stream:
        while piece := stream.read(MIB):
            total += len(piece)
    return total / (time.monotonic() - began)


EXPECTED = {
    "random reads a second": (90, 112),
    "times as many with 32 waiting": (2.0, 2.8),
    "most that were there at once": (32, 1000),
    "MB/s in a row": (145, 165),
}
TRIES = 5  # another program may have had the processors


def calibrate(disk: Disk, large: Path, anyway: bool = False) -> dict[str, float]:
    """What the disk does; a RuntimeError where that is not what a disk does, but for `anyway`."""
    for _ in range(TRIES):
        found = measured(disk, large)
        off = [
            f"{what}: {found[what]:.1f}, not {least} to {most}"
            for what, (least, most) in EXPECTED.items()
            if not least <= found[what] <= most
        ]
        if off:
            print(f"the disk is off: {'; '.join(off)}", file=sys.stderr, flush=True)
        if anyway or not off:
            return found
    raise RuntimeError(f"the disk is off: {'; '.join(off)}")


def measured(disk: Disk, large: Path) -> dict[str, float]:
    disk.profile("hdd")
    alone = random_reads(disk, 300, 1)
    disk.profile("hdd")
    queued = random_reads(disk, 1000, 36)
    deepest = disk.server.ask("deepest")
    rate = stream_rate(large) / 1e6
    disk.profile("instant")
    return dict(zip(EXPECTED, (alone, queued / alone, deepest, rate), strict=True))
