"""open(): what it is given, and the file that comes of it."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from collections.abc import Callable, Coroutine, Generator
from functools import lru_cache
from types import TracebackType
from typing import Any, Generic, NamedTuple, TypeVar

from mhddq import _core
from mhddq.aio._binary import BinaryFile
from mhddq.aio._decoding import Text
from mhddq.aio._file import File
from mhddq.aio._frameworks import on_thread
from mhddq.aio._stream import BUFFER, Stream, succeeded
from mhddq.aio._text import TextFile

F = TypeVar("F", bound=File[Any])


class Mode(NamedTuple):
    """The letters of a mode."""

    text: str  # as it was given
    kind: str  # r, w, a or x
    updates: bool
    binary: bool
    raw: str  # of the handle, which has no text
    readable: bool
    writable: bool

    @classmethod
    def parsed(cls, mode: str) -> Mode:
        if not isinstance(mode, str):
            raise TypeError(f"open() argument 'mode' must be str, not {type(mode).__name__}")
        return _parsed(mode)

    @classmethod
    def of_letters(cls, mode: str) -> Mode:
        letters = set(mode)
        if letters - set("axrwb+t") or len(mode) > len(letters):
            raise ValueError(f"invalid mode: {mode!r}")
        if {"b", "t"} <= letters:
            raise ValueError("can't have text and binary mode at once")
        kinds = letters & set("axrw")
        if len(kinds) != 1:
            raise ValueError("must have exactly one of create/read/write/append mode")
        kind, updates = kinds.pop(), "+" in letters
        raw = kind + ("+" if updates else "") + "b"
        reads, writes = kind == "r" or updates, kind != "r" or updates
        return cls(mode, kind, updates, "b" in letters, raw, reads, writes)

    @property
    def flags(self) -> int:
        """What an opener is given."""
        kinds = {
            "r": 0,
            "w": os.O_CREAT | os.O_TRUNC,
            "a": os.O_CREAT | os.O_APPEND,
            "x": os.O_CREAT | os.O_EXCL,
        }
        access = os.O_RDWR if self.updates else os.O_RDONLY if self.kind == "r" else os.O_WRONLY
        extra = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
        return access | kinds[self.kind] | extra | getattr(os, "O_BINARY", 0)


_parsed = lru_cache(Mode.of_letters)


class Opening(Coroutine[Any, Any, F], Generic[F]):
    """What open() returns: awaited, or entered by `async with`, it opens the file. `async with`
    closes it; an atomic one is discarded if the block raises."""

    def __init__(self, start: Callable[[], Coroutine[Any, Any, F]], atomic: bool) -> None:
        self._start = start
        self._atomic = atomic
        self._coroutine: Coroutine[Any, Any, F] | None = None
        self._opened: F | None = None

    async def _open(self) -> F:
        self._opened = opened = await self._start()
        return opened

    def __await__(self) -> Generator[Any, None, F]:
        return self._open().__await__()

    def send(self, value: Any) -> Any:
        if self._coroutine is None:
            self._coroutine = self._open()
        return self._coroutine.send(value)

    def throw(self, *raised: Any) -> Any:
        if self._coroutine is None:
            self._coroutine = self._open()
        return self._coroutine.throw(*raised)

    def close(self) -> None:
        if self._coroutine is not None:
            self._coroutine.close()

    async def __aenter__(self) -> F:
        self._opened = opened = await self._start()
        return opened

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        assert self._opened is not None
        if exc_type is not None and self._atomic:
            await self._opened.discard()
        else:
            await self._opened.close()


_FILES = (int, _core.Handle)


class Plan(NamedTuple):
    """A file to be opened."""

    queue: Any
    file: Any  # a path, a descriptor or a Handle
    mode: Mode
    buffer_size: int
    line_buffering: bool
    text: Text | None
    closefd: bool
    opener: Callable[[Any, int], int] | None
    atomic: bool

    async def open(self) -> File[Any]:
        borrowed = None
        # Before it is taken over: on Windows the number of a descriptor is closed then.
        begins = _place_of(self.file) if isinstance(self.file, int) else None
        by_name = self.opener is None and not isinstance(self.file, _FILES)
        if by_name:
            keywords = {"atomic": True} if self.atomic else {}
            operation = self.queue.aio.file_open(self.file, self.mode.raw, **keywords)
            try:
                handle = await operation
            except BaseException:
                if succeeded(operation):  # cancelled, but it was opened all the same
                    self.queue.aio.file_close(operation.result(), discard=True)
                raise
        else:
            handle, borrowed = await self._handle()
        try:
            at, regular = 0, True
            looks = not by_name or self.mode.kind == "a"
            if looks or (os.name == "nt" and not self.mode.readable):
                at, regular = await self._look(handle, begins or 0)
            elif not self.mode.readable:
                regular = _place_of(handle.fileno()) is not None
            return self._made(handle, borrowed, at, regular)
        except BaseException:
            self.queue.aio.file_close(handle, discard=True)
            raise

    async def _handle(self) -> tuple[Any, int | None]:
        """That of a file that is not opened by name; the caller's descriptor where it stays the
        caller's."""
        if isinstance(self.file, _core.Handle):
            return self.file, None
        if isinstance(self.file, int):
            copy = self.file if self.closefd else os.dup(self.file)
            handle = _adopted(copy, self.mode.raw, self.file)
            return handle, None if self.closefd else self.file
        given = await on_thread(self._call_opener, dispose=os.close)
        return _adopted(given, self.mode.raw, self.file), None

    def _call_opener(self) -> int:
        assert self.opener is not None
        descriptor = self.opener(self.file, self.mode.flags)
        if not isinstance(descriptor, int):
            raise TypeError("expected integer from opener")
        if descriptor < 0:
            raise ValueError(f"opener returned {descriptor}")
        return descriptor

    async def _look(self, handle: Any, begins: int) -> tuple[int, bool]:
        """Where it begins, and whether it is a regular file."""
        mode = self.mode
        status = await self.queue.aio.path_stat(handle)
        if not stat.S_ISREG(status.st_mode):
            _refuse(status.st_mode, mode, self.file)
            return 0, False
        if mode.kind == "a":
            return status.st_size, True
        return begins, True

    def _made(self, handle: Any, borrowed: int | None, at: int, regular: bool) -> File[Any]:
        mode = self.mode
        stream = Stream(
            self.queue.aio,
            handle,
            readable=mode.readable,
            writable=mode.writable,
            appends=mode.kind == "a" or not regular,
            buffer_size=self.buffer_size,
            at=at,
            seekable=regular,
        )
        name = handle.name if isinstance(self.file, _core.Handle) else self.file
        if self.text is None:
            own = self.queue, name, mode.text
            return BinaryFile(stream, *own, atomic=self.atomic, borrowed=borrowed)
        return TextFile(
            stream,
            self.queue,
            name,
            mode.text,
            self.text,
            line_buffering=self.line_buffering,
            atomic=self.atomic,
            borrowed=borrowed,
        )


def _adopted(descriptor: int, mode: str, name: Any) -> Any:
    return _core.adopt(descriptor, mode, name)


def _place_of(descriptor: int) -> int | None:
    """None: it has none, as a device."""
    try:
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return None


def _refuse(mode: int, letters: Mode, name: Any) -> None:
    """What might wait for ever: it would hold the queue."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if letters.readable or not stat.S_ISCHR(mode):
        raise OSError(errno.ESPIPE, os.strerror(errno.ESPIPE), name)


def plan(  # noqa: PLR0913, PLR0917 - as Python's own open()
    queue: Any,
    file: Any,
    mode: str,
    buffering: int,
    encoding: str | None,
    errors: str | None,
    newline: str | None,
    closefd: bool,
    opener: Callable[[Any, int], int] | None,
    atomic: bool,
) -> Plan:
    """What open() was given, checked as Python's own open() checks it."""
    letters = Mode.parsed(mode)
    if not isinstance(buffering, int):
        kind = type(buffering).__name__
        raise TypeError(f"{kind!r} object cannot be interpreted as an integer")
    if not isinstance(file, _FILES):
        file = os.fspath(file)
        if not closefd:
            raise ValueError("Cannot use closefd=False with file name")
        if atomic and (opener is not None or letters.kind not in "wx"):
            raise ValueError("atomic=True is for files that are opened by name with w or x")
    elif atomic:
        raise ValueError("atomic=True is for files that are opened by name with w or x")
    elif isinstance(file, int) and file < 0:
        raise ValueError("negative file descriptor")
    if letters.binary:
        for what, value in (("encoding", encoding), ("errors", errors), ("newline", newline)):
            if value is not None:
                raise ValueError(f"binary mode doesn't take an {what} argument")
    text = None if letters.binary else Text.checked(encoding, errors, newline)
    if buffering == 0 and text is not None:
        raise ValueError("can't have unbuffered text I/O")
    if buffering == 1 and text is None:
        warnings.warn(
            "line buffering (buffering=1) isn't supported in binary mode, "
            "the default buffer size will be used",
            RuntimeWarning,
            stacklevel=3,
        )
    size = BUFFER if buffering in (1, -1) or buffering < 0 else buffering
    if buffering < -1:
        raise ValueError("invalid buffering size")
    return Plan(queue, file, letters, size, buffering == 1, text, closefd, opener, atomic)


def opening(  # noqa: PLR0913, PLR0917 - as Python's own open()
    queue: Any,
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Callable[[Any, int], int] | None = None,
    *,
    atomic: bool = False,
    loop: object = None,
    executor: object = None,
) -> Opening[Any]:
    """Opens a file of `queue`. See mhddq.aio.open."""
    planned = plan(queue, file, mode, buffering, encoding, errors, newline, closefd, opener, atomic)
    return Opening(planned.open, atomic)
