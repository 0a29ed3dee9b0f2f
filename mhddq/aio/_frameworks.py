"""What differs between asyncio (uvloop too) and trio: giving the loop a turn, waiting to be called,
and a thread of the loop. Neither is imported here: the one that runs has been imported."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def in_trio() -> bool:
    """Whether the calling task is trio's; else it is asyncio's."""
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_task()


async def checkpoint() -> None:
    """Gives the loop a turn."""
    if in_trio():
        await sys.modules["trio"].lowlevel.checkpoint()
    else:
        await sys.modules["asyncio"].sleep(0)


class Waiter:
    """Waits, in one task, until it is called from another of the same loop."""

    __slots__ = ("_event", "_future", "called")

    def __init__(self) -> None:
        self.called = False
        self._event: Any = None
        self._future: Any = None
        if in_trio():
            self._event = sys.modules["trio"].Event()
        else:
            self._future = sys.modules["asyncio"].get_running_loop().create_future()

    def call(self) -> None:
        self.called = True
        if self._event is not None:
            self._event.set()
        elif not self._future.done():
            self._future.set_result(None)

    async def wait(self) -> None:
        if self._event is not None:
            await self._event.wait()
        else:
            await self._future


class _ThreadCall(Generic[T]):
    """A function on a thread, whose result is disposed of when no task waits for it any more."""

    def __init__(self, function: Callable[[], T], dispose: Callable[[T], object] | None) -> None:
        self._function = function
        self._dispose = dispose
        self._lock = threading.Lock()
        self._abandoned = False
        self._results: list[T] = []

    def run(self) -> None:
        result = self._function()
        with self._lock:
            self._results.append(result)
            abandoned = self._abandoned
        if abandoned:
            self._throw_away()

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            ended = bool(self._results)
        if ended:
            self._throw_away()

    def _throw_away(self) -> None:
        if self._dispose is not None:
            self._dispose(self._results[0])

    def result(self) -> T:
        return self._results[0]


async def on_thread(
    function: Callable[..., T], *args: Any, dispose: Callable[[T], object] | None = None, **kw: Any
) -> T:
    """Calls a function on a thread of the loop.

    dispose: called with the result, maybe on the thread, if the wait was cancelled meanwhile.
    """
    call = _ThreadCall(lambda: function(*args, **kw), dispose)
    try:
        if in_trio():
            await sys.modules["trio"].to_thread.run_sync(call.run)
        else:
            loop = sys.modules["asyncio"].get_running_loop()
            await loop.run_in_executor(None, call.run)
    except Exception:  # the function's own: there is no result
        raise
    except BaseException:
        call.abandon()
        raise
    return call.result()


async def surely_on_thread(function: Callable[[], object]) -> None:
    """The same of what ends something: it is called also where the wait is cancelled."""
    if in_trio():
        trio = sys.modules["trio"]
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(function)
    else:
        asyncio = sys.modules["asyncio"]
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, function))
