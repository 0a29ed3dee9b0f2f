"""The bytes of one open file: reading ahead in chunks, collecting what is written.

A stream knows nothing of turns: one call at a time, which its file sees to. Offsets are bytes.

Invariants:
  S1  Either something is read ahead (`chunk`, `tail`, `ahead`) or something is to be written
      (`pending`), never both.
  S2  `at` is where the disk goes on: behind `chunk` and `tail`, or where `pending` belongs. None:
      behind what was appended last, which is to be looked up. The position of the file is `at`
      less what is unread, or plus what is pending.
  S3  What is read is taken only when all that was asked for is there, and without an await in
      between. So a call that is cancelled has taken nothing.
  S4  `chunk` is emptied where it is replaced, because a loop over lines may still hold the old one.
"""

from __future__ import annotations

import io
import stat
from typing import Any

from mhddq.aio._frameworks import checkpoint

CHUNK = 256 * 1024  # what is read at once, and ahead
BUFFER = 8192  # what is collected before it is written, and read where reading is not sequential


_NOTHING = io.BytesIO()


class Stream:
    __slots__ = (
        "ahead",
        "ahead_length",
        "appends",
        "at",
        "buffer_size",
        "chunk",
        "end",
        "handle",
        "operations",
        "pending",
        "pending_size",
        "readable",
        "seekable",
        "sequential",
        "tail",
        "writable",
    )

    def __init__(  # noqa: PLR0913 - what opening has found out
        self,
        operations: Any,
        handle: Any,
        *,
        readable: bool,
        writable: bool,
        appends: bool,
        buffer_size: int,
        at: int | None = 0,
        seekable: bool = True,
    ) -> None:
        self.operations = operations
        self.handle = handle
        self.readable = readable
        self.writable = writable
        self.appends = appends
        self.seekable = seekable
        self.buffer_size = buffer_size
        self.at = at
        self.chunk = _NOTHING
        self.end = 0  # bytes in the chunk, read and unread
        self.tail = b""  # behind the chunk, where that was cut after its last whole line
        self.ahead: Any = None  # the operation that reads the next chunk
        self.ahead_length = CHUNK
        self.sequential = True
        self.pending: list[bytes | memoryview] = []  # the latter during one call
        self.pending_size = 0

    # ---- position ----------------------------------------------------------------------------

    def unread(self) -> int:
        return self.end - self.chunk.tell() + len(self.tail)

    async def position(self) -> int:
        if self.at is None:
            self.at = await self.size()
        return self.at - self.unread() + self.pending_size

    async def size(self) -> int:
        """Of what is on the disk."""
        status = await self.operations.path_stat(self.handle)
        return int(status.st_size) if stat.S_ISREG(status.st_mode) else 0

    def drop(self) -> None:
        """Forgets what was read ahead; the position stays."""
        if not self.end and self.ahead is None and not self.tail:
            return
        if self.ahead is not None:
            self.ahead.cancel()
            self.ahead = None
        if self.at is not None:
            self.at -= self.unread()
        self._replace(b"")

    def seek(self, target: int) -> None:
        """To a place that is known, when nothing is pending."""
        self.join()
        if self.at is not None and self.at - self.end <= target <= self.at and self.end:
            self.chunk.seek(target - (self.at - self.end))
            return
        self.sequential = self.sequential and target == self.at
        self.drop()
        self.at = target

    # ---- reading -----------------------------------------------------------------------------

    def _replace(self, data: bytes) -> None:
        self.chunk.seek(0, 2)
        self.chunk = io.BytesIO(data) if data else _NOTHING
        self.end = len(data)
        self.tail = b""

    def join(self) -> None:
        """All that is unread is in the chunk again."""
        if self.tail:
            self._replace(self.chunk.read() + self.tail)

    def renew(self) -> None:
        """Ends the loops over lines that hold the chunk."""
        self._replace(self.chunk.read() + self.tail)

    def cut(self) -> bool:
        """Leaves only whole lines in the chunk. Whether there are any."""
        data = self.chunk.getvalue()
        whole = data.rfind(b"\n", self.chunk.tell()) + 1
        if not whole:
            return False
        if whole < self.end:
            start = self.chunk.tell()
            tail = data[whole:] + self.tail
            self._replace(data[start:whole])
            self.tail = tail
        return True

    def _read(self, length: int | None) -> Any:
        return self.operations.file_read(self.handle, True, offset=self.at, length=length)

    async def fill(self, wanted: int = 0, *, whole: bool = False, ahead: bool = True) -> bool:
        """Reads on behind what is there. Whether there was anything.

        wanted: bytes that the caller will ask for. whole: to the end of the file.
        ahead: False where nothing is to be kept: exactly `wanted` is read.
        """
        if self.at is None:
            self.at = await self.size()
        self.join()
        old = self.ahead
        if old is not None:
            data = await self._take_ahead(old)
            if data:  # where it is empty, the file may have grown since
                return self._append(data, self.ahead_length)
        length = None if whole else wanted
        if ahead and not whole:
            length = max(wanted, CHUNK if self.sequential else self.buffer_size)
        data = await self._read(length)
        return self._append(data, length if ahead else None)

    async def rest(self) -> bytes:
        """Takes all that there is to the end of the file."""
        if not self.end and self.ahead is None and self.at is not None:  # as of a file just opened
            data: bytes = await self._read(None)
            self.at += len(data)
            self.sequential = True
            return data
        while self.ahead is not None:
            if not await self.fill():
                break
        else:
            await self.fill(whole=True)
        return self.chunk.read()

    def put_back(self, data: bytes) -> None:
        """What rest() has given is unread again."""
        self._replace(data)

    async def _take_ahead(self, operation: Any) -> bytes:
        if operation.done():
            await checkpoint()
        try:
            data: bytes = await operation
            return data
        finally:
            self.ahead = None

    def _append(self, data: bytes, length: int | None) -> bool:
        assert self.at is not None
        self.at += len(data)
        rest = self.chunk.read()
        self._replace(rest + data if rest else data)
        if length is not None:
            if self.sequential and len(data) == length:  # else it ends here: each read looks anew
                # As much as is kept, where a long line is searched: so no byte is copied often.
                self.ahead_length = max(CHUNK, len(rest))
                self.ahead = self._read(self.ahead_length)
            self.sequential = True
        return bool(data)

    # ---- writing -----------------------------------------------------------------------------

    def put(self, data: bytes) -> bool:
        """Collects what fits. Whether it did."""
        if self.pending_size + len(data) > self.buffer_size:
            return False
        if self.end or self.ahead is not None:
            self.drop()
        self.pending.append(data)
        self.pending_size += len(data)
        return True

    async def write(self, data: bytes | memoryview) -> None:
        """Writes all that is pending and this. If it fails or is cancelled, this is not taken."""
        self.drop()
        pending = self.pending
        pending.append(data)
        self.pending_size += len(data)
        try:
            await self.drain()
        except BaseException:
            if pending:
                pending.pop()
                self.pending_size -= len(data)
            raise

    async def drain(self) -> None:
        """Writes what is pending. What fails, or is cancelled before it ran, stays pending."""
        if not self.pending:
            return
        operation = self.start_writing()
        try:
            await operation
        finally:
            if succeeded(operation):  # a wait that is cancelled may find that it ran all the same
                self.at = None if self.appends else (self.at or 0) + self.pending_size
                self.pending.clear()
                self.pending_size = 0

    def inherit(self) -> None:
        """In a forked child: what is under way, or to be written, is the parent's."""
        self.ahead = None
        self.pending.clear()
        self.pending_size = 0

    def joined(self) -> Any:
        return self.pending[0] if len(self.pending) == 1 else b"".join(self.pending)

    def start_writing(self) -> Any:
        if self.appends:
            return self.operations.file_append(self.joined(), self.handle, True)
        return self.operations.file_write(self.joined(), self.handle, True, offset=self.at)


def succeeded(operation: Any) -> bool:
    if not operation.done() or operation.cancelled():
        return False
    try:
        operation.result()
    except Exception:  # noqa: BLE001 - its await has raised it
        return False
    return True
