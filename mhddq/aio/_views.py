"""``queue.aio``: what it has beside the operations, which are entered from the table."""

from __future__ import annotations

import sys

from mhddq import _core
from mhddq.aio._opening import Opening, opening

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from mhddq import Control
    from mhddq.aio import Operation, OperationList
    from mhddq.types import Path


class Aio(_core.AioBase):
    """The operations of a queue, without callback: each returns an Operation, to be awaited. Made
    by queue.aio."""

    __slots__ = ()

    def oplist(self, *, on_error: str = "continue", control: Control | None = None) -> ListContext:
        """``async with aio.oplist() as todo: a = todo.file_read("a")`` gives an OperationList, and
        on leaving enqueues it, waits, and raises the first failure; then ``a.result()``. If the
        block raises nothing is enqueued, and the operations are cancelled.

        on_error: as of Oplist. control: a Control for the whole list, or None.
        Raises: RuntimeError if the queue is closed, or no event loop runs.
        """
        return ListContext(self._list(on_error, control))

    def directory_walk(
        self,
        dirname: Path,
        *,
        stat: bool = False,
        batch: int = 1024,
        on_error: str = "stop",
        control: Control | None = None,
    ) -> Walk:
        """Everything below a directory, as the operation directory_walk: goes through its batches,
        and has the next one read while this one is looked at.

        Returns: an asynchronous iterator of lists of {'path', 'type'}, with 'stat' where it is
            asked for. The first batch is enqueued by the call.
        Raises: as the operation's await, while it is iterated; at the call what is wrong with the
            arguments.
        """
        more: dict[str, Any] = {"stat": stat, "batch": batch, "on_error": on_error}
        if control is not None:
            more["control"] = control
        return Walk(self, dirname, more)

    def open(self, file: Any, *args: Any, atomic: bool = False, **keywords: Any) -> Opening[Any]:
        """As mhddq.aio.open(), in this queue."""
        return opening(self._queue, file, *args, atomic=atomic, **keywords)

    async def close(self, timeout: float | None = None) -> bool:
        """As Queue.close(), without holding up the loop. Cancelled, it does not wait on: the queue
        closes all the same."""
        trio = sys.modules.get("trio")
        close = self._queue.close
        if trio is not None and trio.lowlevel.in_trio_task():
            wait: Any = trio.to_thread.run_sync(close, timeout, abandon_on_cancel=True)
        else:
            loop = sys.modules["asyncio"].get_running_loop()
            wait = loop.run_in_executor(None, close, timeout)
        closed: bool = await wait
        return closed


class ListContext:
    """What oplist() returns."""

    def __init__(self, todo: Any) -> None:
        self._todo = todo

    async def __aenter__(self) -> OperationList:
        todo: OperationList = self._todo
        return todo

    async def __aexit__(self, exc_type: object, exc: object, tb: object) -> None:
        if exc_type is None:
            await self._todo._enqueue()
        else:
            self._todo._drop()


class Walk:
    """The batches of a walk, the next one of which is read ahead."""

    def __init__(self, place: Aio, dirname: Path, more: dict[str, Any]) -> None:
        self._place, self._dirname, self._more = place, dirname, more
        self._next: Operation[Any] | None = place._directory_walk(dirname, **more)

    def __aiter__(self) -> Walk:
        return self

    async def __anext__(self) -> list[Any]:
        operation, self._next = self._next, None
        if operation is None:
            raise StopAsyncIteration
        found, resume = await operation
        if resume is not None:
            self._next = self._place._directory_walk(self._dirname, resume=resume, **self._more)
        entries: list[Any] = found.entries()
        return entries


_core.use_aio_class(Aio)
