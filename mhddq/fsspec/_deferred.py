"""Files of a transaction: written beside their targets, which they replace when it is committed.

Guarantee: until commit() nothing is seen under the name. After discard(), after a failed commit(),
and after the end of the process, whatever ends it, the old version is there as it was.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import Any

from fsspec.asyn import sync
from fsspec.implementations.local import LocalFileOpener
from fsspec.transaction import Transaction


def waited(fs: Any, name: str, *arguments: Any, **keywords: Any) -> Any:
    """The value of one operation of the file system's queue, for code that cannot await it.

    It runs in the file system's loop, so that a callback of the queue may wait for it, too; in the
    thread of that loop, and where there is none, it is a future.
    """
    loop, queue = fs.loop, fs.own_queue
    if loop is None or asyncio._get_running_loop() is loop:
        return getattr(queue.futures, name)(*arguments, **keywords).result()

    async def run() -> Any:
        return await getattr(queue.aio, name)(*arguments, **keywords)

    return sync(loop, run)


class Version:
    """A new version of a file that shows up when it is committed. It holds a descriptor.

    fs: the file system whose queue commits and discards it.
    handle: an open Handle, made with atomic=True.
    Threads: any.
    """

    def __init__(self, fs: Any, handle: Any) -> None:
        self._fs = fs
        self._handle = handle

    def commit(self) -> None:
        """Syncs it, and replaces the old version. Raises: OSError; the old version stays then."""
        waited(self._fs, "file_close", self._handle)

    def discard(self) -> None:
        """Leaves nothing of it."""
        waited(self._fs, "file_close", self._handle, discard=True)


class Together(Transaction):  # type: ignore[misc]
    """A transaction that ends when a commit fails, too: what was not committed is discarded."""

    def complete(self, commit: bool = True) -> None:
        fs = self.fs
        try:
            super().complete(commit)
        except BaseException:  # newer versions of fsspec do this themselves
            while self.files:
                self.files.popleft().discard()
            fs._intrans, fs._transaction = False, None
            raise


class Opener(LocalFileOpener):  # type: ignore[misc]
    """fsspec's opener of local files. With autocommit=False, which a transaction passes, what is
    written replaces the file on commit(); appending begins with a copy of the file."""

    def _open(self) -> None:
        if self.autocommit or self.mode[0] == "r":
            super()._open()
        elif self.f is None:
            self._open_version()

    def _open_version(self) -> None:
        kind, rest = self.mode[0], self.mode[1:]
        atomic = "x" if kind == "x" else "w"
        handle = waited(self.fs, "file_open", self.path, atomic + rest, atomic=True)
        self._version = Version(self.fs, handle)
        try:
            self.f = os.fdopen(os.dup(handle.fileno()), "w" + rest)
            if kind == "a" and os.path.exists(self.path):
                with open(self.path, "rb") as old:
                    shutil.copyfileobj(old, self.f)
        except BaseException:
            self.discard()
            raise

    def commit(self) -> None:
        if self.autocommit:
            raise RuntimeError("a file that is not of a transaction is committed by closing it")
        self.f.close()
        self._version.commit()

    def discard(self) -> None:
        if self.autocommit:
            raise RuntimeError("a file that is not of a transaction cannot be discarded")
        try:
            if self.f is not None:
                self.f.close()
        finally:
            self._version.discard()
