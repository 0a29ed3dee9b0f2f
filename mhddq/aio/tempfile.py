"""Temporary files and directories. As aiofiles.tempfile has them.

The stdlib's tempfile makes them, on a thread of the loop; then they are files as those of open(),
in the default queue or the one that is given. A spooled file stays the stdlib's, on a thread.
Parameters are those of tempfile; `loop` and `executor` are taken and ignored.
"""

from __future__ import annotations

import contextlib
import os as _os
import tempfile as _tempfile
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from mhddq.aio._default import queue_of
from mhddq.aio._file import File
from mhddq.aio._frameworks import on_thread, surely_on_thread
from mhddq.aio._opening import Mode, Opening, Plan, plan
from mhddq.aio._threaded import COMMON, Threaded, at_once, on_a_thread
from mhddq.aio._turns import Turns

__all__ = ["NamedTemporaryFile", "SpooledTemporaryFile", "TemporaryDirectory", "TemporaryFile"]


def TemporaryFile(  # noqa: PLR0913, PLR0917 - as tempfile's
    mode: str = "w+b",
    buffering: int = -1,
    encoding: str | None = None,
    newline: str | None = None,
    suffix: Any = None,
    prefix: Any = None,
    dir: Any = None,
    loop: object = None,
    executor: object = None,
    *,
    errors: str | None = None,
    queue: Any = None,
) -> Opening[File[Any]]:
    """A file without a name, gone once it is closed."""
    make = partial(
        _tempfile.TemporaryFile, Mode.parsed(mode).raw, 0, suffix=suffix, prefix=prefix, dir=dir
    )
    return _Temporary(make, (queue, mode, buffering, encoding, errors, newline))


def NamedTemporaryFile(  # noqa: PLR0913, PLR0917 - as tempfile's
    mode: str = "w+b",
    buffering: int = -1,
    encoding: str | None = None,
    newline: str | None = None,
    suffix: Any = None,
    prefix: Any = None,
    dir: Any = None,
    delete: bool = True,
    loop: object = None,
    executor: object = None,
    *,
    errors: str | None = None,
    queue: Any = None,
    **delete_on_close: bool,
) -> Opening[File[Any]]:
    """A file whose name is its attribute `name`, deleted when it is closed; or as `delete` says,
    from 3.12 on `delete_on_close`."""
    how = {"suffix": suffix, "prefix": prefix, "dir": dir, "delete": delete, **delete_on_close}
    make = partial(_tempfile.NamedTemporaryFile, Mode.parsed(mode).raw, 0, **how)
    return _Temporary(make, (queue, mode, buffering, encoding, errors, newline))


class _Temporary(Opening[File[Any]]):
    def __init__(self, make: Callable[[], Any], how: tuple[Any, ...]) -> None:
        super().__init__(self._start_it, False)
        self._make, self._how = make, how
        self._made: Any = None
        self._plan(0)  # what is wrong raises here

    def _plan(self, descriptor: int) -> Plan:
        queue, mode, buffering, *text = self._how
        encoding, errors, newline = text
        how = (mode, buffering, encoding, errors, newline, True, None, False)
        return plan(queue_of(queue), descriptor, *how)

    async def _start_it(self) -> File[Any]:
        made = await on_thread(self._make, dispose=lambda made: made.close())
        try:
            descriptor = _os.dup(made.fileno())
            file = await self._plan(descriptor).open()
        except BaseException:
            made.close()
            raise
        file._name = made.name
        if isinstance(made, _tempfile._TemporaryFileWrapper):
            if hasattr(made, "delete"):
                file.delete = made.delete  # type: ignore[attr-defined]
            self._made = made
            file._afterwards = partial(surely_on_thread, made.close)
        else:
            made.close()
        return file

    async def __aexit__(self, *raised: Any) -> None:
        try:
            await super().__aexit__(*raised)
        finally:
            if self._made is not None:
                await surely_on_thread(partial(self._made.__exit__, None, None, None))


@on_a_thread(*COMMON, "fileno", "readable", "rollover")
@at_once("closed", "encoding", "mode", "name", "newlines")
class SpooledFile(Threaded):
    """A file in memory, on the disk once it is larger than `max_size`."""

    def __init__(self, file: Any) -> None:
        super().__init__(lambda: self._file)
        self._file = file
        self._turns = Turns()

    async def _call(self, name: str, *args: Any, **keywords: Any) -> Any:
        async with self._turns:
            return await super()._call(name, *args, **keywords)


def SpooledTemporaryFile(  # noqa: PLR0913, PLR0917 - as tempfile's
    max_size: int = 0,
    mode: str = "w+b",
    buffering: int = -1,
    encoding: str | None = None,
    newline: str | None = None,
    suffix: Any = None,
    prefix: Any = None,
    dir: Any = None,
    loop: object = None,
    executor: object = None,
) -> Opening[Any]:
    """A file in memory, on the disk once it is larger than `max_size`: the stdlib's."""
    how = {"suffix": suffix, "prefix": prefix, "dir": dir, "newline": newline}
    make = partial(_tempfile.SpooledTemporaryFile, max_size, mode, buffering, encoding, **how)

    async def start() -> SpooledFile:
        return SpooledFile(await on_thread(make, dispose=lambda made: made.close()))

    return Opening(start, False)


class Directory:
    """A temporary directory. name: its path."""

    def __init__(self, made: _tempfile.TemporaryDirectory[Any]) -> None:
        self._made = made
        self.name = made.name

    async def cleanup(self) -> None:
        """Deletes it, with all that is in it."""
        await surely_on_thread(self._made.cleanup)

    close = cleanup


class TemporaryDirectory(contextlib.AbstractAsyncContextManager[Any]):
    """A directory that is deleted with all that is in it: `async with` gives its path, `await` an
    object with `name` and `cleanup()`."""

    def __init__(
        self,
        suffix: Any = None,
        prefix: Any = None,
        dir: Any = None,
        loop: object = None,
        executor: object = None,
    ) -> None:
        self._make = partial(_tempfile.TemporaryDirectory, suffix, prefix, dir)
        self._directory: Directory | None = None

    async def _start(self) -> Directory:
        made = await on_thread(self._make, dispose=lambda made: made.cleanup())
        self._directory = Directory(made)
        return self._directory

    def __await__(self) -> Generator[Any, None, Directory]:
        return self._start().__await__()

    async def __aenter__(self) -> Any:
        return (await self._start()).name

    async def __aexit__(self, *raised: object) -> None:
        if self._directory is not None:
            await self._directory.close()
