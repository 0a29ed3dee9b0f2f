"""Text files."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from mhddq.aio._binary import detached
from mhddq.aio._decoding import Cookie, Decoding, Text
from mhddq.aio._file import LAST, File, place_of, size_of
from mhddq.aio._stream import Stream

PIECE = 32 * 1024  # bytes decoded at once
SMALL_PIECE = 8192  # if that fails: as io does it, so that the text before the error is the same
_NO_TEXT = io.StringIO()


class _SplitAt(io.StringIO):
    r"""Text whose lines end with "\r" or "\r\n" alone. io.StringIO would change it."""

    def __init__(self, text: str, end: str) -> None:
        super().__init__(text, "")
        self._whole, self._line_end = text, end

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        start = self.tell()
        found = self._whole.find(self._line_end, start)
        stop = len(self._whole) if found < 0 else found + len(self._line_end)
        if size is not None and size >= 0:
            stop = min(stop, start + size)
        self.seek(stop)
        return self._whole[start:stop]

    def __next__(self) -> str:  # type: ignore[override]
        if line := self.readline():
            return line
        raise StopIteration


class TextFile(File[str]):
    """A text file, as open() gives one, with coroutines. See File.

    encoding, errors, newlines, line_buffering: as of io.TextIOWrapper.
    """

    # Invariants: `_text` holds whole lines. Unread are those from its position on, then `_rest`,
    # in which no line ends. The stream stands behind them, at what is decoded next.

    def __init__(  # noqa: PLR0913 - what opening has found out
        self,
        stream: Stream,
        queue: Any,
        name: Any,
        mode: str,
        how: Text,
        *,
        line_buffering: bool = False,
        atomic: bool = False,
        borrowed: int | None = None,
    ) -> None:
        self.encoding, self.errors, self._newline, self._is_stateless = how
        self.line_buffering = line_buffering
        self._decoder: Decoding | None = None
        self._has_lines = False  # which were decoded before there was a decoder
        self._encoder = self._make_encoder() if stream.writable else None
        self._text = _NO_TEXT
        self._length = 0  # of _text, read and unread: whole lines
        self._rest: list[str] = []  # what is behind them
        self._rest_length = 0
        self._resume: Cookie | None = None  # where reading goes on, if that is no byte
        super().__init__(stream, queue, name, mode, atomic=atomic, borrowed=borrowed)
        if stream.at != 0:
            self._set_encoder(False)

    def _make_encoder(self) -> Any:
        if self._is_stateless:
            return None
        return codecs.getincrementalencoder(self.encoding)(self.errors)

    def _set_encoder(self, at_start: bool) -> None:
        """At the start of a file a signature is written, and nowhere else."""
        if self._encoder is not None:
            if at_start:
                self._encoder.reset()
            else:
                self._encoder.setstate(0)

    @property
    def _decoding(self) -> Decoding:
        """Made when something is decoded piece by piece."""
        if self._decoder is None:
            self._decoder = Decoding(self.encoding, self.errors, self._newline)
            if self._has_lines:
                self._decoder.decoder.decode(b"\n")
        return self._decoder

    @property
    def newlines(self) -> str | tuple[str, ...] | None:
        return self._decoding.newlines

    async def readable(self) -> bool:
        self._check()
        return self._stream.readable

    # ---- what is decoded ---------------------------------------------------------------------

    def _unread(self) -> int:
        return self._length - self._text.tell() + self._rest_length

    def _replace(self, lines: str, rest: str = "") -> None:
        self._text.seek(0, 2)
        if not lines:
            self._text = _NO_TEXT
        elif self._newline in ("\r", "\r\n"):
            self._text = _SplitAt(lines, self._newline)
        else:
            self._text = io.StringIO(lines, "" if self._newline == "" else "\n")
        self._length = len(lines)
        self._rest = [rest] if rest else []
        self._rest_length = len(rest)

    def _add(self, text: str) -> None:
        """Behind what is unread."""
        newline = self._newline or "\n"
        if newline == "\r\n" and self._rest:  # which may end within an end
            text = self._rest.pop() + text
            self._rest_length = sum(map(len, self._rest))
        end = text.rfind(newline)
        end += len(newline) if end >= 0 else 1
        if self._newline == "":
            end = max(end, text.rfind("\r") + 1)
        if end:
            self._replace(self._text.read() + "".join(self._rest) + text[:end], text[end:])
        elif text:
            self._rest.append(text)
            self._rest_length += len(text)

    def _take(self, size: int) -> str:
        """So many characters, or all, of those that are there."""
        if size < 0:
            text = self._text.read() + "".join(self._rest)
            self._replace("")
            return text
        text = self._text.read(size)
        if missing := size - len(text):
            rest = "".join(self._rest)
            text += rest[:missing]
            self._replace("", rest[missing:])
        return text

    def _renew(self) -> None:
        self._replace(self._text.read(), "".join(self._rest))

    def _place(self) -> Cookie | None:
        """Of the first unread character. None: that of the stream."""
        return self._resume or self._decoding.locate(self._unread())

    def _forget(self) -> None:
        place = self._place()
        self._replace("")
        if place is not None and self._stream.seekable:
            self._return_to(place)
        self._stream.drop()

    def _return_to(self, place: Cookie) -> None:
        """Reading, and saying where it is, goes on there."""
        self._replace("")
        self._stream.seek(place.start)
        self._decoding.reset(place)
        self._resume = place if place.skip else None

    async def _feed(self) -> bool:
        """Decodes the next piece behind what is unread. Whether the file went on."""
        if not self._stream.unread():
            await self._stream.fill()
        return self._decode()

    def _decode(self) -> bool:
        """Of what the stream has, where an empty piece stands for the end of the file."""
        try:
            return self._decode_piece(PIECE)
        except UnicodeError:
            return self._decode_piece(SMALL_PIECE)

    def _decode_piece(self, size: int) -> bool:
        stream = self._stream
        assert stream.at is not None
        place = stream.at - stream.unread()
        data = stream.chunk.read(size)
        try:
            text = self._decoding.feed(data, place, self._unread(), at_end=not data)
        except UnicodeError:
            stream.chunk.seek(-len(data), 1)
            raise
        self._add(text)
        return bool(data or text)  # a decoder may need to be told of the end more than once

    # ---- reading -----------------------------------------------------------------------------

    async def _start_reading(self) -> None:
        self._check(reads=True)
        if self._stream.pending:
            await self._stream.drain()
        if self._resume is not None:
            await self._go(self._resume)

    async def read(self, size: int | None = -1) -> str:
        """So many characters, fewer at the end of the file. -1 or None: all that there are."""
        if type(size) is not int:
            size = size_of(size)
        if 0 < size <= self._length - self._text.tell() and not self._turns.taken:
            return self._text.read(size)
        self._check(reads=True)
        if not self._entered():
            await self._enter()
        try:
            if self._stream.pending or self._resume is not None:
                await self._start_reading()
            if size < 0:
                return await self._read_all()
            while self._unread() < size and await self._feed():
                pass
            return self._take(size)
        finally:
            self._turns.leave()

    async def _read_all(self) -> str:
        data = await self._stream.rest()
        # Without a "\r" there is nothing to be changed but bytes into text.
        if self._decoder is None and self._is_stateless and b"\r" not in data:
            try:
                text = data.decode(self.encoding, self.errors)
            except UnicodeError:
                self._stream.put_back(data)
                raise
            self._has_lines = self._has_lines or "\n" in text
            return text
        decoder = self._decoding.decoder
        state = decoder.getstate()
        try:
            text = str(decoder.decode(data, True))
        except UnicodeError:
            decoder.setstate(state)
            self._stream.put_back(data)
            raise
        self._decoding.pieces.clear()
        self._decoding.decoded = 0
        return self._take(-1) + text if self._unread() else text

    async def readline(self, size: int | None = -1) -> str:
        """A line with its end; at the end of the file what is left, then "". size: at most."""
        if type(size) is not int:
            size = size_of(size)
        if size < 0 and not self._turns.taken and (line := self._text.readline()):
            return line
        self._check(reads=True)
        await self._enter()
        try:
            await self._start_reading()
            return await self._take_line(size)
        finally:
            self._turns.leave()

    async def _take_line(self, size: int = -1) -> str:
        while self._text.tell() == self._length:
            if 0 <= size <= self._rest_length or not await self._feed():
                break
        if self._text.tell() == self._length:
            return self._take(size)
        return self._text.readline(size)

    async def _take_lines(self, hint: int) -> list[str]:
        await self._start_reading()
        lines, total = [], 0
        if hint <= 0:
            hint = sys.maxsize
            if self._is_stateless:  # else it matters that io reads lines piece by piece
                self._replace(await self._read_all())
                lines = list(self._text)
                self._replace("")
                return lines
        place = self._place() or Cookie(await self._stream.position())
        try:
            while total <= hint and (line := await self._take_line()):
                lines.append(line)
                total += len(line)
        except BaseException:  # none is taken
            self._return_to(place)
            raise
        return lines

    async def _lines(self) -> AsyncGenerator[str, None]:
        yield ""  # see _unhooked
        while True:
            while not self._turns.taken and self._resume is None:
                if self._text.tell() < self._length:
                    self._looping = True
                    for line in self._text:
                        yield line
                elif self._stream.unread():
                    self._decode()
                else:
                    break
            line = await self.readline()
            if not line:
                return
            yield line

    # ---- writing -----------------------------------------------------------------------------

    async def write(self, data: str) -> int:
        """Writes text. Nothing may be on the disk before a flush; what does not fit is written when
        it returns. Returns how many characters."""
        self._check(writes=True)
        if not isinstance(data, str):
            raise TypeError(f"write() argument must be str, not {type(data).__name__}")
        if (
            self._encoder is None
            and self._stream.pending
            and not self._turns.taken
            and not self.line_buffering
            and self._stream.put(self._encode(data))
        ):
            return len(data)
        await self._enter()
        try:
            self._check()
            return await self._put(data)
        finally:
            self._turns.leave()

    def _encode(self, data: str) -> bytes:
        end = os.linesep if self._newline is None else self._newline
        if end not in ("", "\n"):
            data = data.replace("\n", end)
        if self._encoder is None:
            return data.encode(self.encoding, self.errors)
        encoded: bytes = self._encoder.encode(data)
        return encoded

    async def _start_writing(self) -> None:
        if self._unread() or self._decoding.pieces:
            self._forget()
        self._resume = None
        self._decoding.reset()
        self._stream.drop()

    async def _put(self, data: str) -> int:
        stream = self._stream
        if not stream.pending:
            await self._start_writing()
        state = None if self._encoder is None else self._encoder.getstate()
        try:
            encoded = self._encode(data)
            if encoded and not stream.put(encoded):
                await stream.write(encoded)
        except BaseException:
            if self._encoder is not None:
                self._encoder.setstate(state)
            raise
        if self.line_buffering and ("\n" in data or "\r" in data):
            await stream.drain()
        return len(data)

    async def writelines(self, lines: Iterable[str]) -> None:
        """Writes each of them; as one call, which no other interrupts."""
        self._check(writes=True)
        await self._enter()
        try:
            self._check()
            for line in lines:
                if not isinstance(line, str):
                    raise TypeError(f"write() argument must be str, not {type(line).__name__}")
                await self._put(line)
        finally:
            self._turns.leave()

    # ---- position ----------------------------------------------------------------------------

    async def tell(self) -> int:
        """A number for seek(): of a byte, or with more in it where a byte does not say all."""
        self._check()
        if not self._stream.seekable:
            raise io.UnsupportedOperation("underlying stream is not seekable")
        await self._enter()
        try:
            self._check()
            await self._stream.drain()
            place = self._place()
            return await self._stream.position() if place is None else place.packed()
        finally:
            self._turns.leave()

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """To a number that tell() gave, to 0, or (0, 2) to the end. Returns the position."""
        self._check()
        offset = place_of(offset)
        if whence not in (0, 1, 2):
            raise ValueError(f"invalid whence ({whence}, should be 0, 1 or 2)")
        if not self._stream.seekable:
            raise io.UnsupportedOperation("underlying stream is not seekable")
        if whence and offset:
            kind = "cur" if whence == 1 else "end"
            raise io.UnsupportedOperation(f"can't do nonzero {kind}-relative seeks")
        if offset < 0:
            raise ValueError(f"negative seek position {offset}")
        await self._enter()
        try:
            self._check()
            await self._stream.drain()
            if whence == 1:
                place = self._place()
                return await self._stream.position() if place is None else place.packed()
            if whence == 2:
                offset = await self._stream.size()
            place = Cookie.unpacked(offset)
            if place.start > LAST:
                raise OverflowError("offset is beyond 64 bits")
            await self._go(place)
            return offset
        finally:
            self._turns.leave()

    async def _go(self, cookie: Cookie) -> None:
        """To a place. If it is cancelled meanwhile, the next to read goes there."""
        stream = self._stream
        self._return_to(cookie)
        self._set_encoder(cookie.start == 0 and cookie.flags == 0)
        if not cookie.skip:
            return
        while stream.unread() < cookie.feed and await stream.fill(cookie.feed - stream.unread()):
            pass
        data = stream.chunk.read(cookie.feed)
        text = self._decoding.feed(data, cookie.start, 0, at_end=bool(cookie.at_end))
        if len(text) < cookie.skip:
            raise OSError("can't restore logical file position")
        self._resume = None
        self._add(text)
        self._take(cookie.skip)

    def detach(self) -> io.BufferedIOBase:
        """Hands the descriptor to a plain binary file of io, at the same position; this one can
        not be used any more. Raises ValueError where something is still to be flushed, or is under
        way."""
        raw = detached(self)
        if "+" in raw.mode:
            return io.BufferedRandom(raw)
        return io.BufferedReader(raw) if raw.readable() else io.BufferedWriter(raw)
