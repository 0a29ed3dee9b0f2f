"""Binary files, buffered and unbuffered."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from mhddq.aio._file import LAST, File, place_of, size_of
from mhddq.aio._stream import BUFFER, CHUNK


class BinaryFile(File[bytes]):
    """A binary file, as open(…, "rb", …) gives one, with coroutines. See File."""

    @property
    def _unbuffered(self) -> bool:
        return self._stream.buffer_size == 0

    def readable(self) -> bool:
        self._check()
        return self._stream.readable

    # ---- reading -----------------------------------------------------------------------------

    async def _fill(self, wanted: int, *, whole: bool = False) -> bool:
        """Asks for so many bytes beyond those that are there."""
        return await self._stream.fill(wanted, whole=whole, ahead=not self._unbuffered)

    async def _start_reading(self) -> None:
        self._check(reads=True)
        if self._stream.pending:
            await self._stream.drain()
        self._stream.join()

    def _leave(self) -> None:
        """The end of a turn of reading."""
        if self._unbuffered:
            self._stream.drop()
        self._turns.leave()

    async def read(self, size: int | None = -1) -> bytes:
        """So many bytes, fewer at the end of the file. -1 or None: all that there are."""
        stream = self._stream
        if type(size) is not int:
            size = size_of(size)
        if 0 < size <= stream.end - stream.chunk.tell() and not self._turns.taken:
            return stream.chunk.read(size)
        self._check(reads=True)
        await self._enter()
        try:
            await self._start_reading()
            if size < 0:
                return await self._read_all()
            while (missing := size - stream.unread()) > 0 and await self._fill(missing):
                pass
            return stream.chunk.read(size)
        finally:
            self._leave()

    async def readall(self) -> bytes:
        """All that there is from the position on."""
        return await self.read()

    async def _read_all(self) -> bytes:
        stream = self._stream
        while stream.ahead is not None:
            if not await self._fill(0):
                break
        else:
            await self._fill(0, whole=True)
        return stream.chunk.read()

    async def read1(self, size: int | None = -1) -> bytes:
        """What is there, at most `size` bytes; reads once where nothing is."""
        size = size_of(size)
        size = BUFFER if size < 0 else size
        self._check(reads=True)
        await self._enter()
        try:
            await self._start_reading()
            if size and not self._stream.unread():
                await self._fill(size)
            return self._stream.chunk.read(size)
        finally:
            self._leave()

    async def readinto(self, buffer: Any) -> int:
        """Fills a writable buffer, or as much of it as the file has. Returns how many bytes."""
        with memoryview(buffer) as view:
            if view.readonly or not view.c_contiguous:
                raise TypeError("readinto() argument must be a writable, C-contiguous buffer")
            return await self._read_into(view.cast("B"))

    async def _read_into(self, octets: memoryview) -> int:
        with octets:
            data = await self.read(len(octets))
            octets[: len(data)] = data
        return len(data)

    async def peek(self, size: int = 0) -> bytes:
        """Bytes from the position on, which stays: what is there, else what one read gives."""
        size = size_of(size)
        self._check(reads=True)
        await self._enter()
        try:
            await self._start_reading()
            stream = self._stream
            if not stream.unread():
                await self._fill(max(size, 1))
            return stream.chunk.getvalue()[stream.chunk.tell() :]
        finally:
            self._leave()

    async def readline(self, size: int | None = -1) -> bytes:
        """A line with its end; at the end of the file what is left, then b"". size: at most."""
        if type(size) is not int:
            size = size_of(size)
        stream = self._stream
        if size < 0 and not self._turns.taken and not self._unbuffered:
            line = stream.chunk.readline()
            if line.endswith(b"\n"):
                return line
            stream.chunk.seek(-len(line), 1)
        self._check(reads=True)
        await self._enter()
        try:
            await self._start_reading()
            return await self._take_line(size)
        finally:
            self._leave()

    async def _take_line(self, size: int = -1) -> bytes:
        stream = self._stream
        searched = 0
        while True:
            unread = stream.unread()
            if 0 <= size <= unread:
                break
            start = stream.chunk.tell()
            if stream.chunk.getvalue().find(b"\n", start + searched) >= 0:
                break
            searched = unread
            if not await self._fill(max(unread, BUFFER) if unread >= CHUNK else BUFFER):
                break
        return stream.chunk.readline(size)

    async def _take_lines(self, hint: int) -> list[bytes]:
        await self._start_reading()
        if hint <= 0:
            data = await self._read_all()
            lines = io.BytesIO(data).readlines()
            self._after_lines()
            return lines
        lines, total = [], 0
        start = await self._stream.position()
        try:
            while total <= hint and (line := await self._take_line()):
                lines.append(line)
                total += len(line)
        except BaseException:  # none is taken
            self._stream.seek(start)
            raise
        self._after_lines()
        return lines

    def _after_lines(self) -> None:
        if self._unbuffered:
            self._stream.drop()

    async def _lines(self) -> AsyncGenerator[bytes, None]:
        yield b""  # see _unhooked
        stream = self._stream
        while True:
            if not self._turns.taken and not self._unbuffered and stream.cut():
                self._looping = True
                for line in stream.chunk:
                    yield line
            line = await self.readline()
            if not line:
                return
            yield line

    # ---- writing -----------------------------------------------------------------------------

    async def write(self, data: Any) -> int:
        """Writes bytes, or anything bytes-like. Buffered: nothing may be on the disk before a
        flush. What does not fit is written when it returns. Returns how many bytes."""
        if type(data) is bytes and self._stream.pending and not self._turns.taken:
            if self._stream.put(data):
                return len(data)
        elif isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        self._check(writes=True)
        await self._enter()
        try:
            self._check()
            return await self._put(data)
        finally:
            self._turns.leave()

    async def _put(self, data: Any) -> int:
        with memoryview(data) as view:
            if not view.c_contiguous:
                raise BufferError("memoryview: underlying buffer is not C-contiguous")
            size = view.nbytes
            stream = self._stream
            await self._start_writing()
            if not size:
                return 0
            if size > stream.buffer_size - stream.pending_size:
                await stream.write(data if isinstance(data, bytes) else view.cast("B"))
            else:
                stream.put(bytes(view))
            return size

    async def writelines(self, lines: Iterable[Any]) -> None:
        """Writes each of them; as one call, which no other interrupts."""
        self._check(writes=True)
        await self._enter()
        try:
            self._check()
            for line in lines:
                if isinstance(line, str):
                    raise TypeError("a bytes-like object is required, not 'str'")
                await self._put(line)
        finally:
            self._turns.leave()

    # ---- position ----------------------------------------------------------------------------

    async def tell(self) -> int:
        stream = self._stream
        self._check()
        if stream.at is not None and not self._turns.taken:
            return await stream.position()
        await self._enter()
        try:
            self._check()
            return await stream.position()
        finally:
            self._turns.leave()

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves the position, from the start (0), the position (1) or the end (2). Returns it."""
        self._check()
        offset = place_of(offset)
        if whence not in (0, 1, 2):
            raise ValueError(f"whence value {whence} unsupported")
        if not self._stream.seekable:
            raise io.UnsupportedOperation("File or stream is not seekable.")
        await self._enter()
        try:
            self._check()
            stream = self._stream
            await stream.drain()
            if whence == 1:
                offset += await stream.position()
            elif whence == 2:
                offset += await stream.size()
            if offset < 0:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            if offset > LAST:
                raise OverflowError("offset is beyond 64 bits")
            stream.seek(offset)
            return offset
        finally:
            self._turns.leave()

    def detach(self) -> io.FileIO:
        """Hands the descriptor to a plain file of io, at the same position; this one can not be
        used any more. Raises ValueError where something is still to be flushed, or is under way."""
        return detached(self)


def detached(file: File[Any]) -> io.FileIO:
    file._check()
    if file._stream.pending or file._turns.taken or file._atomic:
        raise ValueError("a file with unflushed data, or an atomic one, cannot be detached")
    file._forget()
    stream = file._stream
    letters = "a" if stream.appends else "r" if stream.readable else "w"
    letters += "+" if stream.readable and stream.writable else ""
    raw = _duplicate(file.fileno(), letters)
    if stream.seekable and stream.at is not None:
        raw.seek(stream.at)
    file._end(False)
    file._detached = True
    return raw


def _duplicate(descriptor: int, letters: str) -> io.FileIO:
    copy = os.dup(descriptor)
    try:
        return io.FileIO(copy, letters)  # "w" of a descriptor empties nothing
    except BaseException:
        os.close(copy)
        raise
