"""The default queue, where a file or an operation names no other."""

from __future__ import annotations

from typing import Any

from mhddq._core import Queue
from mhddq._queues import default_queue


def queue_of(given: Any = None) -> Any:
    """The queue that was given, else the default one."""
    if given is None:
        return default_queue()
    if not isinstance(given, Queue):
        raise TypeError(f"queue must be a Queue or None, not {type(given).__name__!r}")
    return given


def operations() -> Any:
    """The awaitable operations of the default queue."""
    return queue_of().aio
