"""The disk's file, ``disk`` in the mounted folder: a server of the FUSE protocol, on its own.

``python -m bench.disk.fuse FOLDER BYTES`` mounts and serves until its standard input ends. The
file lies in memory. Each read and write is answered when the model (``model.py``) has ended it.
It takes one command a line and answers each by a line of JSON:

- ``profile NAME``: another model, from now on;
- ``keep``: what is on the disk now is what ``restore`` brings back, as often as wanted;
- ``log``: the accesses since the last ``log``; the first one only starts it;
- ``deepest``: how many accesses were there at once since the last ``profile``.

Libraries for FUSE hand at most ten requests to a server at once. The drive's queue needs 32, so
this speaks the protocol itself: the kernel may have 128 requests in the background.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import json
import mmap
import os
import select
import signal
import stat
import struct
import sys
import time
from contextlib import suppress

from bench.disk.model import MIB, PROFILES, Access

FORGET, INTERRUPT, BATCH_FORGET, DESTROY = 2, 36, 42, 38  # which are not answered
LOOKUP, GETATTR, SETATTR, OPEN, READ, WRITE = 1, 3, 4, 14, 15, 16
RELEASE, FSYNC, FLUSH, INIT = 18, 20, 25, 26

ASYNC_READ, BIG_WRITES, ASYNC_DIO, MAX_PAGES = 1 << 0, 1 << 5, 1 << 15, 1 << 22
IN_HEADER = struct.Struct("<IIQQIIII")
OUT_HEADER = struct.Struct("<IiQ")
READ_IN = WRITE_IN = struct.Struct("<QQI")  # handle, offset, size; the rest is not needed
ATTRIBUTES = struct.Struct("<6Q10I")
WRITE_DATA = IN_HEADER.size + 40

MS_NOSUID, MS_NODEV = 2, 4
CLONE_NEWNS = 0x20000
PR_SET_PDEATHSIG = 1
IN_BACKGROUND = 128
FILE = 2  # its node; 1 is the folder's


def mount(folder: str, device: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,max_read={MIB}"
    flags = MS_NOSUID | MS_NODEV
    if libc.mount(b"disk", folder.encode(), b"fuse.disk", flags, options.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), folder)


def leave_mounts() -> None:
    """From here on this process has mounts of its own. Else its end could be the last one in its
    parent's: the kernel would unmount, in this process, what lies on the disk, and wait for answers
    of this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    # A child of the parent's may hold the other end of standard input.
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


class Server:
    def __init__(self, folder: str, size: int):
        self.size = size
        self.memory = os.memfd_create("disk")
        os.truncate(self.memory, size)
        self.bytes = memoryview(mmap.mmap(self.memory, size))
        self.disk = PROFILES["instant"]()
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        mount(folder, self.device)
        leave_mounts()
        self.request = bytearray(MIB + 64 * 1024)
        self.commands = b""

    def serve(self) -> None:
        """Until standard input ends or the file system is unmounted."""
        with suppress(PermissionError):  # else others on the machine delay what is due
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        gc.disable()
        while True:
            due = self.disk.due
            timeout = None if due is None else max(0.0, due - time.monotonic())
            ready, _, _ = select.select([self.device, 0], [], [], timeout)
            if self.device in ready and not self.take_requests():
                return
            for access in self.disk.finished(time.monotonic()):
                self.answer_access(access)
            if 0 in ready and not self.take_commands():
                return

    def take_requests(self) -> bool:
        """False: unmounted."""
        while True:
            try:
                os.readv(self.device, [self.request])
            except BlockingIOError:
                return True
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return False
                if error.errno not in (errno.EINTR, errno.ENOENT):
                    raise
                continue
            _, opcode, unique, node, *_ = IN_HEADER.unpack_from(self.request)
            if opcode in (READ, WRITE):
                _, offset, size = READ_IN.unpack_from(self.request, IN_HEADER.size)
                if opcode == WRITE:
                    data = memoryview(self.request)[WRITE_DATA : WRITE_DATA + size]
                    self.bytes[offset : offset + size] = data
                size = min(size, self.size - offset)
                access = Access(offset, size, opcode == WRITE, time.monotonic(), unique)
                self.disk.add(access)
            elif opcode not in (FORGET, INTERRUPT, BATCH_FORGET, DESTROY):
                error, body = self.answer_to(opcode, node)
                self.answer(unique, error, body)

    def answer_access(self, access: Access) -> None:
        size = access.end - access.offset
        if access.write:
            self.answer(access.tag, 0, struct.pack("<II", size, 0))
        else:
            self.answer(access.tag, 0, self.bytes[access.offset : access.end])

    def answer(self, unique: int, error: int, body: bytes | memoryview) -> None:
        header = OUT_HEADER.pack(OUT_HEADER.size + len(body), -error, unique)
        with suppress(FileNotFoundError):  # the request was given up meanwhile
            os.writev(self.device, [header, body])

    def answer_to(self, opcode: int, node: int) -> tuple[int, bytes]:
        if opcode == INIT:
            _, _, read_ahead = struct.unpack_from("<III", self.request, IN_HEADER.size)
            flags = ASYNC_READ | BIG_WRITES | ASYNC_DIO | MAX_PAGES
            pages = MIB // mmap.PAGESIZE
            fields = (7, 31, read_ahead, flags, IN_BACKGROUND, IN_BACKGROUND, MIB, 1, pages, 0)
            return 0, struct.pack("<4I2H2I2H32x", *fields)
        if opcode == LOOKUP:
            name = bytes(self.request[IN_HEADER.size :]).split(b"\0", 1)[0]
            if name != b"disk":
                return errno.ENOENT, b""
            return 0, struct.pack("<4Q2I", FILE, 0, 3600, 3600, 0, 0) + self.attributes(FILE)
        if opcode in (GETATTR, SETATTR):
            return 0, struct.pack("<QII", 3600, 0, 0) + self.attributes(node)
        if opcode == OPEN:
            return 0, struct.pack("<QII", 0, 0, 0)
        # What is answered is on the platter already.
        return (0 if opcode in (RELEASE, FLUSH, FSYNC) else errno.ENOSYS), b""

    def attributes(self, node: int) -> bytes:
        mode = stat.S_IFREG | 0o600 if node == FILE else stat.S_IFDIR | 0o700
        size = self.size if node == FILE else 0
        return ATTRIBUTES.pack(node, size, size // 512, *[0] * 6, mode, 1, 0, 0, 0, 4096, 0)

    def take_commands(self) -> bool:
        """False: there will be no more."""
        got = os.read(0, 4096)
        *lines, self.commands = (self.commands + got).split(b"\n")
        for line in lines:
            print(json.dumps(self.obey(*line.decode().split())), flush=True)
        return got != b""

    def obey(self, command: str, *names: str) -> object:
        if command == "profile":
            if self.disk.due is not None:
                return "busy"
            self.disk = PROFILES[names[0]]()
        elif command == "keep":
            # From here on, what is written is this mapping's own; the memory stays as it is.
            self.map_privately()
        elif command == "restore":
            self.map_privately()
        elif command == "log":
            log, self.disk.log = self.disk.log, []
            return log
        elif command == "deepest":
            return self.disk.deepest
        return None

    def map_privately(self) -> None:
        whole = self.bytes.obj
        self.bytes.release()
        whole.close()  # type: ignore[attr-defined]
        self.bytes = memoryview(mmap.mmap(self.memory, self.size, flags=mmap.MAP_PRIVATE))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what started it ends it by standard input
    server = Server(sys.argv[1], int(sys.argv[2]))
    print(json.dumps("mounted"), flush=True)
    server.serve()


if __name__ == "__main__":
    main()
