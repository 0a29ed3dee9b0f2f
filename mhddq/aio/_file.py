"""What binary and text files share: turns, their life, what needs no content."""

from __future__ import annotations

import atexit
import errno
import io
import operator
import os
import sys
import warnings
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, Generic, TypeVar

from mhddq.aio._stream import Stream
from mhddq.aio._turns import Turns

A = TypeVar("A", str, bytes)

LAST = 2**63 - 1  # the last place in a file that the system can name

_open_files: dict[int, weakref.ref[File[Any]]] = {}  # by their ids; they take themselves out


def _forget_parent() -> None:
    """In a forked child. What is to be written, committed or removed is the parent's to do."""
    for reference in _open_files.values():
        if (file := reference()) is not None:
            file._inherit()
    _open_files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)


class File(Generic[A]):
    """An open file whose methods are coroutines. Made by open().

    name, mode: as given to open(). closed: whether closing has begun.
    Threads: those of the loop that it is used in. Several tasks may use it: each call takes effect
        whole, in the order in which they were first awaited.
    Collected unclosed: what was written is flushed and closed by the queue, an atomic file is
        discarded; with a ResourceWarning.
    """

    def __init__(  # noqa: PLR0913 - what opening has found out
        self,
        stream: Stream,
        queue: Any,
        name: Any,
        mode: str,
        *,
        atomic: bool = False,
        borrowed: int | None = None,
    ) -> None:
        self._stream = stream
        self._queue = queue
        self._name = name
        self._mode = mode
        self._atomic = atomic
        self._borrowed = borrowed  # a descriptor that is the caller's: closefd=False
        self._inherited = False  # this process is a child, and the file is its parent's
        self._turns = Turns()
        self._looping = False  # a loop over lines may hold what is read ahead
        self._closed = self._detached = False
        self._afterwards: Callable[[], Awaitable[object]] | None = None  # called once it is closed
        _open_files[id(self)] = weakref.ref(self)

    def _inherit(self) -> None:
        """Leaves to the child a copy of the descriptor, and nothing else."""
        self._inherited = True
        self._afterwards = None
        self._turns = Turns()
        self._stream.inherit()

    # ---- what needs no wait ------------------------------------------------------------------

    @property
    def name(self) -> Any:
        return self._name

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def closed(self) -> bool:
        return self._closed

    def fileno(self) -> int:
        """The descriptor. It is the file's: do not close it. Raises ValueError once closed."""
        self._check()
        return self._stream.handle.fileno() if self._borrowed is None else self._borrowed

    def __repr__(self) -> str:
        state = " closed" if self._closed else ""
        return f"<mhddq.aio.{type(self).__name__} name={self._name!r} mode={self._mode!r}{state}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")

    def _check(self, *, reads: bool = False, writes: bool = False) -> None:
        if self._detached:
            raise ValueError("the file has been detached")
        if self._closed:
            raise ValueError("I/O operation on closed file.")
        if reads and not self._stream.readable:
            raise io.UnsupportedOperation("not readable")
        if writes and not self._stream.writable:
            raise io.UnsupportedOperation("not writable")

    def _lend(self) -> Any:
        """The handle, for an operation that is given the file: it sees what has been flushed, and
        what was read ahead may be old afterwards."""
        self._check()
        self._forget()
        return self._stream.handle

    # ---- turns -------------------------------------------------------------------------------

    def _entered(self) -> bool:
        """Takes the turn where that needs no wait, as it usually does."""
        return not self._looping and self._turns.take()

    def _enter(self) -> Awaitable[None]:
        """Every call that may suspend is a turn; a loop over lines ends before it."""
        if self._looping:
            self._looping = False
            self._renew()
        return self._turns.enter()

    def _renew(self) -> None:
        """Ends the loops that hold what is read ahead."""
        self._stream.renew()

    def _forget(self) -> None:
        """Drops what is read ahead; the position stays."""
        self._stream.drop()

    async def _start_writing(self) -> None:
        """Drops what is read ahead, where this is a change from reading to writing."""
        if self._stream.end or self._stream.ahead is not None:
            self._stream.drop()

    # ---- the file ----------------------------------------------------------------------------

    async def isatty(self) -> bool:
        self._check()
        return os.isatty(self.fileno())

    async def seekable(self) -> bool:
        self._check()
        return self._stream.seekable

    async def writable(self) -> bool:
        self._check()
        return self._stream.writable

    async def flush(self) -> None:
        """What was written is with the system when it returns. Raises OSError; what could not be
        written stays, to be tried again."""
        self._check()
        await self._enter()
        try:
            self._check()
            await self._stream.drain()
        finally:
            self._turns.leave()

    async def sync(self) -> None:
        """Flushes, and returns when the system has it on the disk: see file_sync."""
        self._check()
        await self._enter()
        try:
            self._check()
            await self._stream.drain()
            await self._stream.operations.file_sync(self._stream.handle)
        finally:
            self._turns.leave()

    async def truncate(self, size: int | None = None) -> int:
        """Cuts the file, or lets it grow by a hole. size: None is the position, which stays.
        Returns the size."""
        self._check()
        if not self._stream.writable:
            raise io.UnsupportedOperation("truncate")
        if size is not None and (size := size_of(size)) < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        await self._enter()
        try:
            self._check()
            stream = self._stream
            await stream.drain()
            self._forget()
            if size is None:
                size = await stream.position()
            await stream.operations.file_truncate(stream.handle, size)
            return size
        finally:
            self._turns.leave()

    # ---- lines -------------------------------------------------------------------------------

    async def readline(self, size: int | None = -1) -> A:
        raise NotImplementedError

    def _lines(self) -> AsyncGenerator[A, None]:
        raise NotImplementedError

    def __aiter__(self) -> AsyncIterator[A]:
        self._check(reads=True)
        return _unhooked(self._lines())

    async def __anext__(self) -> A:
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line

    async def readlines(self, hint: int | None = -1) -> list[A]:
        """All lines, or those that begin before `hint` bytes or characters have been read."""
        hint = size_of(hint, "hint")
        self._check(reads=True)
        await self._enter()
        try:
            self._check()
            return await self._take_lines(hint)
        finally:
            self._turns.leave()

    async def _take_lines(self, hint: int) -> list[A]:
        raise NotImplementedError

    # ---- ends --------------------------------------------------------------------------------

    async def close(self) -> None:
        """Flushes, closes, raises what failed. It closes whatever happens, also if it is cancelled.
        An atomic file shows up under its name. A second call does nothing."""
        await self._close(discard=False)

    async def aclose(self) -> None:
        """The same as close()."""
        await self.close()

    async def discard(self) -> None:
        """Closes an atomic file; nothing of it stays. Raises ValueError for other files."""
        if not self._atomic:
            raise ValueError("only a file that was opened with atomic=True can be discarded")
        await self._close(discard=True)

    async def _close(self, *, discard: bool) -> None:
        if self._detached:
            raise ValueError("the file has been detached")
        if self._closed:
            return
        try:
            if not self._entered():
                await self._enter()
        except BaseException:
            self._end(discard)  # behind what is under way
            raise
        try:
            if self._closed:
                return
            written, ended = self._end(discard)
            if not self._stream.writable:
                return
            await ended  # is never cancelled, and what was written has ended before it
            if written is not None:
                written.result()
        finally:
            self._turns.leave()
            if self._afterwards is not None:
                afterwards, self._afterwards = self._afterwards, None
                await afterwards()

    def _end(self, discard: bool) -> tuple[Any, Any]:
        """Enqueues what is pending, and the closing of the handle. Returns both operations."""
        if self._closed:
            return None, None
        self._stream.drop()
        self._closed = True
        _open_files.pop(id(self), None)
        stream = self._stream
        written = None
        try:
            if stream.pending and not discard:
                written = stream.start_writing()
        finally:
            stream.pending.clear()
            if self._borrowed is not None:
                self._leave_position()
            ended = stream.operations.file_close(stream.handle, discard=discard)
        return written, ended

    def _leave_position(self) -> None:
        """The caller's descriptor stands where the file stood, as if this had used it."""
        stream = self._stream
        if stream.seekable and stream.at is not None and self._borrowed is not None:
            os.lseek(self._borrowed, stream.at + stream.pending_size, os.SEEK_SET)

    def _abandon(self) -> None:
        """Flushes and closes, or discards, through the queue, which reports failures. For when no
        loop can be asked: at the exit, and from a finaliser."""
        if self._closed or self._detached or self._inherited:
            return
        self._closed = True
        _open_files.pop(id(self), None)
        stream = self._stream
        if stream.pending and not self._atomic:
            if stream.appends:
                self._queue.file_append(None, stream.joined(), stream.handle, True)
            else:
                data = stream.joined()
                self._queue.file_write(None, data, stream.handle, True, offset=stream.at)
        self._queue.file_close(None, stream.handle, discard=self._atomic)

    def __del__(self) -> None:
        if getattr(self, "_closed", True) or self._detached:
            return
        try:
            warnings.warn(f"unclosed file {self!r}", ResourceWarning, stacklevel=2, source=self)
        finally:
            self._abandon()


def size_of(given: int | None, name: str = "size") -> int:
    """A number that a method was given; -1 for None."""
    if given is None:
        return -1
    try:
        return operator.index(given)
    except TypeError:
        kind = type(given).__name__
        raise TypeError(f"{name} must be an integer or None, not {kind!r}") from None


def place_of(given: int) -> int:
    """What seek() was given."""
    try:
        return operator.index(given)
    except TypeError:
        raise TypeError(f"offset must be an integer, not {type(given).__name__!r}") from None


def _unhooked(generator: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """Starts a generator, up to its first `yield`, that has nothing to do in its end: so that the
    loop needs no task to end it where a loop over it is left."""
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        generator.__anext__().send(None)
    except StopIteration:
        pass
    finally:
        sys.set_asyncgen_hooks(*hooks)
    return generator


@atexit.register
def _abandon_all() -> None:
    """What was written by then is in its files when the program has ended; atomic ones are not."""
    for reference in list(_open_files.values()):
        if (file := reference()) is not None:
            file._abandon()
