"""Disks for the tests: file systems in memory, to be filled, cut off and broken.

They are mounted by loop devices, so they need root. An image has no name and goes with the process,
however that ends. A disk is unmounted when its ``with`` ends; that nothing holds it open by then
is part of every test that uses one.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

fcntl = pytest.importorskip("fcntl", reason="only Linux mounts these disks")

MIB = 1 << 20
# The smallest sizes that each mkfs accepts, so that the disks are small and quickly made.
MEBIBYTES = {"ext4": 16, "xfs": 300, "btrfs": 112}
KINDS = list(MEBIBYTES)
REFLINKING = ["xfs", "btrfs"]

MS_RDONLY, MS_REMOUNT = 1, 32
SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32): the file system is cut off from its device
NO_LOG_FLUSH = 2
FIEMAP = 0xC020660B
SHARED = 0x2000

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def run(*command: str | os.PathLike[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def must(*command: str | os.PathLike[str]) -> None:
    done = run(*command)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")


class Disk:
    """A mounted file system: ``top`` is its directory, ``image`` the open file that it lies in."""

    def __init__(self, kind: str, image: int, top: Path, options: str, on: Path | None) -> None:
        self.kind, self.top, self.on, self._options = kind, top, on, options
        self.image = f"/proc/{os.getpid()}/fd/{image}"

    def try_mount(self) -> subprocess.CompletedProcess[str]:
        options = f"loop,{self._options}" if self._options else "loop"
        return run("mount", "-t", self.kind, "-o", options, self.image, self.top)

    def mount_again(self) -> None:
        """Repairs a broken disk: when it is mounted again its journal is replayed."""
        self.unmount()
        done = self.try_mount()
        if done.returncode:
            raise AssertionError(done.stderr)

    def unmount(self, seconds: float = 10) -> None:
        """Fails where something is still open there. The scout gets time to close its files."""
        end = time.monotonic() + seconds
        while (done := run("umount", self.top)).returncode:
            if time.monotonic() > end:
                raise AssertionError(done.stderr)
            time.sleep(0.05)

    def remount_read_only(self) -> None:
        """Waits until no file is open for writing, and remounts the disk then."""
        while True:
            result = _libc.mount(b"none", bytes(self.top), None, MS_REMOUNT | MS_RDONLY, None)
            if result == 0 or ctypes.get_errno() != errno.EBUSY:
                return _check(result, "mount")

    def remount_writable(self) -> None:
        must("mount", "-o", "remount,rw", self.top)

    @property
    def error_switch(self) -> Path:
        """ext4: what is written to it makes the file system find an error in its structures."""
        number = self.top.stat().st_dev
        device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve().name
        return Path(f"/sys/fs/ext4/{device}/trigger_fs_error")

    def find_an_error(self) -> None:
        self.error_switch.write_text("1")

    def cut_off(self) -> None:
        """Does what a power failure does: data that has not reached the image never will."""
        with self.open_top() as top:
            fcntl.ioctl(top, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))

    @contextlib.contextmanager
    def power_loss(self) -> Iterator[None]:
        """Does the same for file systems that cannot be cut off: at the end of the block the image
        is as it was at the beginning, and mounted again. The disk must be at rest at the
        beginning."""
        kept = Path(self.image).read_bytes()
        yield
        self.unmount()
        Path(self.image).write_bytes(kept)
        done = self.try_mount()
        if done.returncode:
            raise AssertionError(done.stderr)

    def sync(self) -> None:
        with self.open_top() as top:
            _check(_libc.syncfs(top), "syncfs")

    @contextlib.contextmanager
    def open_top(self) -> Iterator[int]:
        top = os.open(self.top, os.O_RDONLY)
        try:
            yield top
        finally:
            os.close(top)


@contextlib.contextmanager
def disk(
    folder: Path, kind: str, *mkfs: str, options: str = "", on: Path | None = None
) -> Iterator[Disk]:
    """A fresh disk, mounted below `folder`; where that cannot be done the test is skipped with the
    reason. `on`: the directory whose file system holds the image; else it is in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount disks")
    if shutil.which(f"mkfs.{kind}") is None:
        pytest.skip(f"there is no mkfs.{kind}")
    image = os.open(on, os.O_TMPFILE | os.O_RDWR) if on else os.memfd_create("disk")
    made = Disk(kind, image, folder / kind, options, on)
    made.top.mkdir(parents=True)
    try:
        os.truncate(image, MEBIBYTES[kind] * MIB)
        must(f"mkfs.{kind}", "-q", *mkfs, made.image)
        done = made.try_mount()
        if done.returncode:
            pytest.skip(f"no loop devices here: {done.stderr.strip()}")
        yield made
        made.unmount()
    finally:
        run(
            "umount", "--lazy", made.top
        )  # where the test failed; of a broken disk errors do not count
        os.close(image)


@contextlib.contextmanager
def small_memory(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A tmpfs of that size, which is unmounted at the end with all that is in it."""
    folder.mkdir(exist_ok=True)
    done = run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "none", folder)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        must("umount", "--lazy", folder)


def fill(folder: Path, leave: int = 0) -> None:
    """Fills the file system until only `leave` bytes of data fit."""
    with open(folder / "ballast", "ab", buffering=0) as file:
        step, at = 64 * MIB, file.tell()
        while step >= 4096:
            try:
                os.posix_fallocate(file.fileno(), at, step)
                at += step
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                step //= 2
        file.truncate(max(at - leave, 0))


def fill_with_names(folder: Path) -> None:
    """Fills the file system until no further name fits."""
    for number in range(1_000_000):
        try:
            os.close(os.open(folder / f"{number:0200}", os.O_CREAT | os.O_WRONLY))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            return
    raise AssertionError("names fitted without end")


Extent = tuple[int, int, int, int]


def extents(path: Path) -> list[Extent]:
    """Where a file lies: (offset, offset on the disk, length, flags)."""
    count = 512
    request = bytearray(32 + 56 * count)
    struct.pack_into("QQIIII", request, 0, 0, (1 << 64) - 1, 1, 0, count, 0)  # 1: synced first
    with open(path, "rb") as file:
        fcntl.ioctl(file, FIEMAP, request)
    found = []
    for number in range(struct.unpack_from("I", request, 20)[0]):
        at, physical, length, _, _, flags = struct.unpack_from("QQQQQI", request, 32 + 56 * number)
        found.append((at, physical, length, flags))
    return found


def data_of(path: Path) -> list[tuple[int, int]]:
    """The parts of a file that are not holes: (offset, end)."""
    found = []
    with open(path, "rb") as file:
        at, size = 0, os.fstat(file.fileno()).st_size
        while at < size:
            try:
                start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                break
            at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            found.append((start, at))
    return found
