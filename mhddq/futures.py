"""Operations of the default queue as futures: ``futures.file_read("a").result()``. The same are
methods of ``queue.futures`` and ``port.futures``.

Guarantees
  - A Future is one of concurrent.futures': wait(), as_completed() and asyncio.wrap_future() take
    it.
  - Its error is the OSError (or what else) that Python's own function would have raised.
"""

from __future__ import annotations

import concurrent.futures
import threading

from mhddq import _binding, _core
from mhddq._queues import default_queue

TYPE_CHECKING = False  # as typing has it, without importing typing
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from mhddq import Control, Oplist
    from mhddq.types import Path

FutureList = _core.FutureList
Futures = _core.Futures


class Future(_core.FutureBase, concurrent.futures.Future):  # type: ignore[misc]
    """The end of an operation: its value, or its error, or that it was cancelled.

    It is set by the callback thread, or by the port's deliver(), where its done-callbacks run.
    control: the Control that was passed, else one of its own.

    If a future is collected before its operation has started, an operation that only queries is not
    run; one that writes is. A failure that was never retrieved is reported on stderr when the
    future is collected.
    """


_core.use_future_class(Future, concurrent.futures.Future, threading.Condition)


def enqueue_oplist(oplist: Oplist, *, control: Control | None = None) -> Future:
    """As Queue.enqueue_oplist(). Returns: a Future of None, with the first failure as its error."""
    return default_queue().futures.enqueue_oplist(oplist, control=control)


def oplist(*, on_error: str = "continue", control: Control | None = None) -> FutureList:
    """As queue.futures.oplist()."""
    return default_queue().futures.oplist(on_error=on_error, control=control)


def directory_walk(
    dirname: Path,
    *,
    stat: bool = False,
    batch: int = 1024,
    on_error: str = "stop",
    control: Control | None = None,
) -> Iterator[list[Any]]:
    """As queue.futures.directory_walk()."""
    return default_queue().futures.directory_walk(
        dirname, stat=stat, batch=batch, on_error=on_error, control=control
    )


def flush() -> Future:
    """As queue.futures.flush()."""
    return default_queue().futures.flush()


_PUBLIC: dict[str, Any] = _binding.futures()
globals().update(_PUBLIC)
__all__ = ["Future", "FutureList", "Futures", "directory_walk", "enqueue_oplist", "flush", "oplist"]
__all__ += _PUBLIC  # noqa: PLE0605 - names
__all__.sort()
